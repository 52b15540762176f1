/* Bytes: growing buffers, frame headers, and the two messages of the envelope, written and read by hand since every
 * call has them. */

#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* ---- Buffers ----------------------------------------------------------------------------------------------------- */

bool buffer_reserve(buffer *buffer, size_t bytes) {
    if (buffer->capacity - buffer->end >= bytes) return true;
    size_t size = buffer_size(buffer);
    if (buffer->start > 0 && buffer->capacity - size >= bytes && buffer->start >= size) {
        memcpy(buffer->data, buffer->data + buffer->start, size);
        buffer->start = 0;
        buffer->end = size;
        return true;
    }
    size_t capacity = buffer->capacity < 256 ? 256 : buffer->capacity;
    while (capacity - size < bytes) capacity *= 2;
    uint8_t *data = malloc(capacity);
    if (!data) return false;
    if (size) memcpy(data, buffer->data + buffer->start, size);
    free(buffer->data);
    buffer->data = data;
    buffer->start = 0;
    buffer->end = size;
    buffer->capacity = capacity;
    return true;
}

bool buffer_append(buffer *buffer, const void *bytes, size_t count) {
    if (!buffer_reserve(buffer, count)) return false;
    if (count) memcpy(buffer->data + buffer->end, bytes, count);
    buffer->end += count;
    return true;
}

void buffer_free(buffer *buffer) {
    free(buffer->data);
    memset(buffer, 0, sizeof *buffer);
}

message *message_create(const void *data, size_t length) {
    message *made = malloc(sizeof *made + length);
    if (!made) return NULL;
    made->next = NULL;
    made->length = length;
    if (length) memcpy(made->data, data, length);
    return made;
}

void message_free(message *message) { free(message); }

/* ---- Frames ------------------------------------------------------------------------------------------------------ */

static void put32(uint8_t *bytes, uint32_t number) {
    bytes[0] = (uint8_t)(number >> 24);
    bytes[1] = (uint8_t)(number >> 16);
    bytes[2] = (uint8_t)(number >> 8);
    bytes[3] = (uint8_t)number;
}

static uint32_t get32(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

void frame_write_header(uint8_t bytes[FRAME_HEADER_BYTES], frame_header header) {
    put32(bytes, header.length);
    put32(bytes + 4, header.id);
    bytes[8] = header.type;
    bytes[9] = header.flags;
}

frame_header frame_read_header(const uint8_t bytes[FRAME_HEADER_BYTES]) {
    return (frame_header){.length = get32(bytes), .id = get32(bytes + 4), .type = bytes[8], .flags = bytes[9]};
}

/* ---- Protobuf, as little of it as the envelope needs ------------------------------------------------------------- */

enum { VARINT_BYTES_MAX = 10, LENGTH_DELIMITED = 2 };

static size_t put_varint(uint8_t *bytes, uint64_t number) {
    size_t count = 0;
    while (number >= 0x80) {
        bytes[count++] = (uint8_t)(number | 0x80);
        number >>= 7;
    }
    bytes[count++] = (uint8_t)number;
    return count;
}

static size_t varint_size(uint64_t number) {
    size_t count = 1;
    for (; number >= 0x80; number >>= 7) count++;
    return count;
}

static uint8_t *put_bytes(uint8_t *out, uint8_t field, const void *bytes, size_t length) {
    *out++ = (uint8_t)(field << 3 | LENGTH_DELIMITED);
    out += put_varint(out, length);
    if (length) memcpy(out, bytes, length);
    return out + length;
}

static size_t field_size(size_t length) { return 1 + varint_size(length) + length; }

static bool append_pairs(buffer *buffer, const metadata *pairs, const metadata *replaced_by) {
    for (int i = 0; i < pairs->count; i++) {
        const metadata_pair *pair = &pairs->pairs[i];
        bool is_replaced = false;
        for (int j = 0; replaced_by && j < replaced_by->count; j++)
            is_replaced |= !strcmp(replaced_by->pairs[j].key, pair->key);
        if (is_replaced) continue;
        size_t key = strlen(pair->key), value = strlen(pair->value);
        size_t inner = field_size(key) + field_size(value);
        if (!buffer_reserve(buffer, field_size(inner))) return false;
        uint8_t *out = buffer->data + buffer->end;
        *out++ = 5 << 3 | LENGTH_DELIMITED;
        out += put_varint(out, inner);
        out = put_bytes(out, 1, pair->key, key);
        out = put_bytes(out, 2, pair->value, value);
        buffer->end = (size_t)(out - buffer->data);
    }
    return true;
}

bool wire_append_request(
    buffer *buffer, const char *service, const char *method, const void *payload, size_t length,
    const metadata *client_metadata, const metadata *call_metadata) {
    size_t service_length = strlen(service), method_length = strlen(method);
    size_t bytes = field_size(service_length) + field_size(method_length) + field_size(length);
    if (!buffer_reserve(buffer, bytes)) return false;
    uint8_t *out = buffer->data + buffer->end;
    out = put_bytes(out, 1, service, service_length);
    out = put_bytes(out, 2, method, method_length);
    if (length) out = put_bytes(out, 3, payload, length);
    buffer->end = (size_t)(out - buffer->data);
    return append_pairs(buffer, client_metadata, call_metadata) &&
           (!call_metadata || append_pairs(buffer, call_metadata, NULL));
}

bool wire_append_timeout(buffer *buffer, int64_t nanoseconds) {
    uint8_t bytes[1 + VARINT_BYTES_MAX] = {4 << 3};
    size_t count = 1 + put_varint(bytes + 1, (uint64_t)nanoseconds);
    return buffer_append(buffer, bytes, count);
}

/* One field that is read. */
typedef struct {
    uint32_t number;
    int type;
    uint64_t value;
    const uint8_t *bytes;
    size_t length;
} field;

static bool get_varint(const uint8_t **at, const uint8_t *end, uint64_t *number) {
    *number = 0;
    for (int shift = 0; shift < 64 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        *number |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

/* The next field; 1, 0 at the end, -1 for bytes that are no message. */
static int next_field(const uint8_t **at, const uint8_t *end, field *field) {
    if (*at == end) return 0;
    uint64_t key;
    if (!get_varint(at, end, &key) || key >> 3 == 0 || key >> 3 > 0x1FFFFFFF) return -1;
    field->number = (uint32_t)(key >> 3);
    field->type = (int)(key & 7);
    size_t fixed = 0;
    switch (field->type) {
    case 0: return get_varint(at, end, &field->value) ? 1 : -1;
    case 1: fixed = 8; break;
    case 5: fixed = 4; break;
    case LENGTH_DELIMITED:
        if (!get_varint(at, end, &field->value) || field->value > (uint64_t)(end - *at)) return -1;
        field->bytes = *at;
        field->length = (size_t)field->value;
        *at += field->length;
        return 1;
    default: return -1;
    }
    if ((size_t)(end - *at) < fixed) return -1;
    *at += fixed;
    return 1;
}

/* Copies text as far as it fits, without control characters and with no character cut. */
static void copy_text(char *target, size_t size, const field *field) {
    size_t count = field->length < size - 1 ? field->length : size - 1;
    if (count < field->length)
        while (count > 0 && (field->bytes[count] & 0xC0) == 0x80) count--;
    for (size_t i = 0; i < count; i++) {
        uint8_t byte = field->bytes[i];
        target[i] = byte < 0x20 || byte == 0x7F ? ' ' : (char)byte;
    }
    target[count] = 0;
}

static bool read_entry(const uint8_t *at, size_t length, chat_error *error) {
    const uint8_t *end = at + length;
    field field;
    int found, index = error->info_count;
    if (index == (int)(sizeof error->info / sizeof *error->info)) return true;
    error->info[index].key[0] = error->info[index].value[0] = 0;
    while ((found = next_field(&at, end, &field)) > 0) {
        if (field.type != LENGTH_DELIMITED) continue;
        if (field.number == 1) copy_text(error->info[index].key, sizeof error->info[index].key, &field);
        if (field.number == 2) copy_text(error->info[index].value, sizeof error->info[index].value, &field);
    }
    error->info_count = index + 1;
    return found == 0;
}

static bool read_error_info(const uint8_t *at, size_t length, chat_error *error) {
    const uint8_t *end = at + length;
    field field;
    int found;
    while ((found = next_field(&at, end, &field)) > 0) {
        if (field.type != LENGTH_DELIMITED) continue;
        if (field.number == 1) copy_text(error->reason, sizeof error->reason, &field);
        if (field.number == 3 && !read_entry(field.bytes, field.length, error)) return false;
    }
    return found == 0;
}

static bool read_retry_info(const uint8_t *at, size_t length, chat_error *error) {
    const uint8_t *end = at + length;
    field field, part;
    int found, inner = 0;
    while ((found = next_field(&at, end, &field)) > 0) {
        if (field.number != 1 || field.type != LENGTH_DELIMITED) continue;
        const uint8_t *duration = field.bytes, *duration_end = field.bytes + field.length;
        int64_t seconds = 0, nanoseconds = 0;
        while ((inner = next_field(&duration, duration_end, &part)) > 0) {
            if (part.type == 0 && part.number == 1) seconds = (int64_t)part.value;
            if (part.type == 0 && part.number == 2) nanoseconds = (int64_t)part.value;
        }
        bool is_time = seconds >= 0 && seconds <= INT32_MAX && nanoseconds >= 0 && nanoseconds < 1000000000;
        if (inner == 0 && is_time) error->retry_after = seconds * 1000 + (nanoseconds + 999999) / 1000000;
    }
    return found == 0 && inner == 0;
}

static bool read_detail(const uint8_t *at, size_t length, chat_error *error) {
    static const char info[] = "google.rpc.ErrorInfo", retry[] = "google.rpc.RetryInfo";
    const uint8_t *end = at + length;
    field field, type = {0}, value = {0};
    int found;
    while ((found = next_field(&at, end, &field)) > 0) {
        if (field.type != LENGTH_DELIMITED) continue;
        if (field.number == 1) type = field;
        if (field.number == 2) value = field;
    }
    if (found < 0) return false;
    /* What stands before the slash is a host, and nobody's business. */
    for (size_t i = type.length; i > 0; i--) {
        if (type.bytes[i - 1] != '/') continue;
        type.bytes += i;
        type.length -= i;
        break;
    }
    if (type.length == sizeof info - 1 && !memcmp(type.bytes, info, type.length))
        return read_error_info(value.bytes, value.length, error);
    if (type.length == sizeof retry - 1 && !memcmp(type.bytes, retry, type.length))
        return read_retry_info(value.bytes, value.length, error);
    return true;
}

static bool read_status(const uint8_t *at, size_t length, chat_error *error) {
    const uint8_t *end = at + length;
    field field;
    int found;
    while ((found = next_field(&at, end, &field)) > 0) {
        if (field.type == 0 && field.number == 1)
            error->status = field.value <= CHAT_UNAUTHENTICATED ? (int32_t)field.value : CHAT_UNKNOWN;
        if (field.type != LENGTH_DELIMITED) continue;
        if (field.number == 2) copy_text(error->message, sizeof error->message, &field);
        if (field.number == 3 && !read_detail(field.bytes, field.length, error)) return false;
    }
    return found == 0;
}

bool wire_read_response(
    const uint8_t *bytes, size_t length, chat_error *error, const uint8_t **payload, size_t *payload_length) {
    const uint8_t *at = bytes, *end = bytes + length;
    field field;
    int found;
    error_clear(error);
    *payload = NULL;
    *payload_length = 0;
    while ((found = next_field(&at, end, &field)) > 0) {
        if (field.type != LENGTH_DELIMITED) continue;
        if (field.number == 1 && !read_status(field.bytes, field.length, error)) return false;
        if (field.number == 2) {
            *payload = field.bytes;
            *payload_length = field.length;
        }
    }
    if (error->status != CHAT_OK) error->origin = CHAT_ORIGIN_SERVER;
    return found == 0;
}
