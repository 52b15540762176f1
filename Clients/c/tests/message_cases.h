/* One entry for every message that stands on its own, with its public functions behind common types. The entries are
 * generated (generated/message_cases.c) and walked by messages.c. */
#ifndef MESSAGE_CASES_H
#define MESSAGE_CASES_H

#include <protobuf-c/protobuf-c.h>

#include "chatclient.h"

/* A message that methods take. */
struct request_case {
    /* The full proto name. */
    const char *name;
    const ProtobufCMessageDescriptor *type;
    int32_t (*create)(void **out);
    /* Sets everything that the filled struct of protobuf-c has. */
    int32_t (*build)(const void *from, void *message);
    int32_t (*pack)(const void *message, uint8_t **bytes, size_t *length);
    void (*destroy)(void *message);
};

/* A message that methods return. */
struct reply_case {
    const char *name;
    const ProtobufCMessageDescriptor *type;
    int32_t (*unpack)(const uint8_t *bytes, size_t length, void **out);
    /* Whether the getters say what the struct of protobuf-c holds. */
    bool (*same)(const void *want, const void *have);
    void (*destroy)(void *message);
};

extern const struct request_case request_cases[];
extern const size_t request_cases_count;
extern const struct reply_case reply_cases[];
extern const size_t reply_cases_count;

/* Says which field differs, and is false. */
bool differs(const char *field);
/* Whether a text or bytes are what they should be, and end with the zero byte. */
bool same_data(const ProtobufCBinaryData *want, const void *data, size_t length);
/* Whether two numbers are the same, bit by bit. */
bool same_number(double want, double have);

#endif
