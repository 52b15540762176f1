/* What the generated messages and calls stand on. */
#ifndef CHATCLIENT_TYPED_H
#define CHATCLIENT_TYPED_H

#include <protobuf-c/protobuf-c.h>

#include "internal.h"

enum {
    /* Repeating it does no harm. */
    CALL_REPEATABLE = 1,
    /* A model answers: the timeout of answers, and repeatable with a turn id only. */
    CALL_ANSWERING = 2,
    /* As long as it is read. */
    CALL_LASTING = 4
};

int32_t typed_create(const ProtobufCMessageDescriptor *type, void **message);
void typed_destroy(void *message);
int32_t typed_pack(const void *message, uint8_t **bytes, size_t *length);
int32_t typed_unpack(
    const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t length, void **message, chat_error *error);
int32_t typed_next(
    const ProtobufCMessageDescriptor *type, chat_stream *stream, int64_t timeout, void **message, chat_error *error);

/* Setters of fields that own memory, by the field's number. */
int32_t typed_set_bytes(
    const ProtobufCMessageDescriptor *type, void *message, unsigned number, const void *bytes, size_t length);
int32_t typed_add_bytes(
    const ProtobufCMessageDescriptor *type, void *message, unsigned number, const void *bytes, size_t length);
int32_t typed_mutable(const ProtobufCMessageDescriptor *type, void *message, unsigned number, void **child);
int32_t typed_add(const ProtobufCMessageDescriptor *type, void *message, unsigned number, void **child);
/* A zero follows the bytes. Never NULL. */
const void *typed_bytes(const ProtobufCBinaryData *data, size_t *length);

int32_t typed_call(
    chat_client *client, const char *service, const char *method, int flags, const void *request,
    const chat_call_options *options, const ProtobufCMessageDescriptor *reply_type, void **reply, chat_error *error);
int32_t typed_open(
    chat_client *client, const char *service, const char *method, int flags, const void *request,
    const chat_call_options *options, chat_stream **stream, chat_error *error);

#endif
