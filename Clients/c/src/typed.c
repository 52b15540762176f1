/* Messages by their descriptions: made, filled, packed, and unpacked within a budget; calls with them. */

#include "typed.h"

#include <stdlib.h>
#include <string.h>

#include "chat/v1/chat.pb-c.h"

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* Unpacking may take so many times the message's bytes and so much more: an honest message of many tiny parts. */
enum { UNPACK_FACTOR = 16, UNPACK_FLOOR = 256 * 1024 };

typedef struct {
    size_t left;
    bool is_out_of_memory;
} budget;

static void *budget_alloc(void *context, size_t size) {
    budget *budget = context;
    /* Room for a zero behind bytes, so that they can be used as texts of C. */
    if (size >= budget->left) return NULL;
    budget->left -= size + 1;
    char *memory = malloc(size + 1);
    if (memory) memory[size] = 0;
    else budget->is_out_of_memory = true;
    return memory;
}

static void budget_free(void *context, void *memory) {
    (void)context;
    free(memory);
}

/* Without a budget. Messages are released by the library that made them, and not by the system's one of protobuf-c. */
static void *plain_alloc(void *context, size_t size) {
    (void)context;
    return malloc(size);
}

static ProtobufCAllocator plain = {plain_alloc, budget_free, NULL};

/* ---- Messages ---------------------------------------------------------------------------------------------------- */

int32_t typed_create(const ProtobufCMessageDescriptor *type, void **message) {
    void *made = malloc(type->sizeof_message);
    if (!made) return CHAT_RESOURCE_EXHAUSTED;
    type->message_init(made);
    *message = made;
    return CHAT_OK;
}

void typed_destroy(void *message) {
    if (message) protobuf_c_message_free_unpacked(message, &plain);
}

int32_t typed_pack(const void *message, uint8_t **bytes, size_t *length) {
    size_t size = protobuf_c_message_get_packed_size(message);
    struct message *packed = malloc(sizeof *packed + size);
    if (!packed) return CHAT_RESOURCE_EXHAUSTED;
    packed->next = NULL;
    packed->length = protobuf_c_message_pack(message, packed->data);
    *bytes = packed->data;
    *length = packed->length;
    return CHAT_OK;
}

int32_t typed_unpack(
    const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t length, void **message, chat_error *error) {
    budget budget = {.left = UNPACK_FACTOR * length + UNPACK_FLOOR};
    ProtobufCAllocator allocator = {budget_alloc, budget_free, &budget};
    static const uint8_t none[1];
    error_clear(error);
    *message = NULL;
    if (!bytes && length > 0) return error_set(error, CHAT_INVALID_ARGUMENT, "", "a length without bytes");
    *message = protobuf_c_message_unpack(type, &allocator, length, bytes ? bytes : none);
    if (*message) return CHAT_OK;
    if (budget.is_out_of_memory) return error_no_memory(error);
    return error_set(error, CHAT_INTERNAL, "BAD_MESSAGE", "the server's message cannot be read");
}

int32_t typed_next(
    const ProtobufCMessageDescriptor *type, chat_stream *stream, int64_t timeout, void **message, chat_error *error) {
    uint8_t *bytes;
    size_t length;
    int32_t status = chat_stream_next(stream, timeout, &bytes, &length, error);
    if (status != CHAT_OK) return status;
    status = typed_unpack(type, bytes, length, message, error);
    chat_bytes_free(bytes);
    if (status != CHAT_OK) chat_stream_cancel(stream);
    return status;
}

/* ---- Fields ------------------------------------------------------------------------------------------------------ */

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessageDescriptor *type, unsigned number) {
    return protobuf_c_message_descriptor_get_field(type, number);
}

static void *at(void *message, unsigned offset) { return (char *)message + offset; }

static void release_value(const ProtobufCFieldDescriptor *field, void *value) {
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData *data = value;
        free(data->data);
        *data = (ProtobufCBinaryData){0};
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        typed_destroy(*(void **)value);
        *(void **)value = NULL;
    }
}

/* Makes a member its oneof's, and what it was before is gone. */
static void choose(const ProtobufCMessageDescriptor *type, void *message, const ProtobufCFieldDescriptor *field) {
    if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)) return;
    uint32_t *number = at(message, field->quantifier_offset);
    const ProtobufCFieldDescriptor *before = *number ? field_of(type, *number) : NULL;
    if (before) release_value(before, at(message, before->offset));
    *number = field->id;
}

/* CHAT_INVALID_ARGUMENT for a length without bytes. A zero follows the copy, as it does what is unpacked. */
static int32_t copy_bytes(ProtobufCBinaryData *data, const void *bytes, size_t length) {
    uint8_t *copy = NULL;
    if (!bytes && length > 0) return CHAT_INVALID_ARGUMENT;
    if (length == SIZE_MAX) return CHAT_RESOURCE_EXHAUSTED;
    if (length > 0) {
        copy = malloc(length + 1);
        if (!copy) return CHAT_RESOURCE_EXHAUSTED;
        memcpy(copy, bytes, length);
        copy[length] = 0;
    }
    *data = (ProtobufCBinaryData){length, copy};
    return CHAT_OK;
}

int32_t typed_set_bytes(
    const ProtobufCMessageDescriptor *type, void *message, unsigned number, const void *bytes, size_t length) {
    const ProtobufCFieldDescriptor *field = field_of(type, number);
    ProtobufCBinaryData copy;
    int32_t status = copy_bytes(&copy, bytes, length);
    if (status != CHAT_OK) return status;
    bool is_oneof = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
    if (is_oneof) choose(type, message, field);
    else release_value(field, at(message, field->offset));
    *(ProtobufCBinaryData *)at(message, field->offset) = copy;
    return CHAT_OK;
}

/* One more element of a repeated field, not yet counted. */
static void *grow(const ProtobufCFieldDescriptor *field, void *message, size_t element) {
    size_t *count = at(message, field->quantifier_offset);
    void **list = at(message, field->offset);
    /* Grows at powers of two. */
    if ((*count & (*count - 1)) == 0) {
        void *grown = realloc(*list, (*count ? *count * 2 : 1) * element);
        if (!grown) return NULL;
        *list = grown;
    }
    return (char *)*list + *count * element;
}

int32_t typed_add_bytes(
    const ProtobufCMessageDescriptor *type, void *message, unsigned number, const void *bytes, size_t length) {
    const ProtobufCFieldDescriptor *field = field_of(type, number);
    ProtobufCBinaryData *place = grow(field, message, sizeof *place);
    if (!place) return CHAT_RESOURCE_EXHAUSTED;
    int32_t status = copy_bytes(place, bytes, length);
    if (status != CHAT_OK) return status;
    ++*(size_t *)at(message, field->quantifier_offset);
    return CHAT_OK;
}

int32_t typed_mutable(const ProtobufCMessageDescriptor *type, void *message, unsigned number, void **child) {
    const ProtobufCFieldDescriptor *field = field_of(type, number);
    void **place = at(message, field->offset), *made;
    bool is_oneof = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
    bool is_there = is_oneof ? *(uint32_t *)at(message, field->quantifier_offset) == field->id : *place != NULL;
    if (!is_there) {
        int32_t status = typed_create(field->descriptor, &made);
        if (status != CHAT_OK) return status;
        choose(type, message, field);
        *place = made;
    }
    *child = *place;
    return CHAT_OK;
}

int32_t typed_add(const ProtobufCMessageDescriptor *type, void *message, unsigned number, void **child) {
    const ProtobufCFieldDescriptor *field = field_of(type, number);
    void **place = grow(field, message, sizeof *place);
    if (!place) return CHAT_RESOURCE_EXHAUSTED;
    int32_t status = typed_create(field->descriptor, place);
    if (status != CHAT_OK) return status;
    *child = *place;
    ++*(size_t *)at(message, field->quantifier_offset);
    return CHAT_OK;
}

const void *typed_bytes(const ProtobufCBinaryData *data, size_t *length) {
    if (length) *length = data ? data->len : 0;
    return data && data->data ? (const void *)data->data : (const void *)"";
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

static chat_call_options options_for(
    chat_client *client, int flags, const void *request, const chat_call_options *options) {
    /* Borrows what the caller's own have. */
    chat_call_options own = {0};
    if (options) own = *options;
    bool is_repeatable = flags & CALL_REPEATABLE;
    if (flags & CALL_ANSWERING) {
        const Chat__V1__ChatRequest *turn = request;
        if (turn->turn_id.len == 0) is_repeatable = false;
        if (own.timeout == 0) own.timeout = client->options.chat_timeout;
    }
    if (flags & CALL_LASTING && own.timeout == 0) own.timeout = INT32_MAX;
    own.is_safe_to_retry |= is_repeatable;
    return own;
}

int32_t typed_call(
    chat_client *client, const char *service, const char *method, int flags, const void *request,
    const chat_call_options *options, const ProtobufCMessageDescriptor *reply_type, void **reply, chat_error *error) {
    uint8_t *packed, *answer;
    size_t packed_length, answer_length;
    chat_call_options own = options_for(client, flags, request, options);
    if (typed_pack(request, &packed, &packed_length) != CHAT_OK) return error_no_memory(error);
    int32_t status =
        chat_call(client, service, method, packed, packed_length, &own, &answer, &answer_length, error);
    chat_bytes_free(packed);
    if (status != CHAT_OK) return status;
    status = typed_unpack(reply_type, answer, answer_length, reply, error);
    chat_bytes_free(answer);
    return status;
}

int32_t typed_open(
    chat_client *client, const char *service, const char *method, int flags, const void *request,
    const chat_call_options *options, chat_stream **stream, chat_error *error) {
    uint8_t *packed;
    size_t length;
    chat_call_options own = options_for(client, flags, request, options);
    if (typed_pack(request, &packed, &length) != CHAT_OK) return error_no_memory(error);
    int32_t status = chat_stream_open(client, service, method, packed, length, &own, stream, error);
    chat_bytes_free(packed);
    return status;
}
