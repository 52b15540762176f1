/* Options of clients and of calls: values in their ranges. */

#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define HOUR INT64_C(3600000)

int32_t chat_options_create(chat_options **options) {
    chat_options *made = calloc(1, sizeof *made);
    if (!made) return CHAT_RESOURCE_EXHAUSTED;
    made->connect_timeout = 5000;
    made->call_timeout = 15000;
    made->chat_timeout = 600000;
    made->back_off_minimum = 100;
    made->back_off_maximum = 10000;
    made->ping_interval = 20000;
    made->ping_timeout = 10000;
    made->connection_age_max = 1800000;
    made->attempts_max = 4;
    made->calls_in_flight_max = CALLS_MAX;
    made->stream_buffer_max = 256 * 1024;
    made->message_bytes_max = 4 << 20;
    *options = made;
    return CHAT_OK;
}

void chat_options_destroy(chat_options *options) {
    if (!options) return;
    metadata_free(&options->metadata);
    free(options);
}

static int32_t set(int64_t *value, int64_t to, int64_t least, int64_t most) {
    if (to < least || to > most) return CHAT_INVALID_ARGUMENT;
    *value = to;
    return CHAT_OK;
}

int32_t chat_options_set_connect_timeout(chat_options *options, int64_t milliseconds) {
    return set(&options->connect_timeout, milliseconds, 1, HOUR);
}

int32_t chat_options_set_call_timeout(chat_options *options, int64_t milliseconds) {
    return set(&options->call_timeout, milliseconds, 1, INT32_MAX);
}

int32_t chat_options_set_chat_timeout(chat_options *options, int64_t milliseconds) {
    return set(&options->chat_timeout, milliseconds, 1, INT32_MAX);
}

int32_t chat_options_set_connection_age_max(chat_options *options, int64_t milliseconds) {
    return set(&options->connection_age_max, milliseconds, 0, INT32_MAX);
}

int32_t chat_options_set_attempts_max(chat_options *options, int32_t attempts) {
    if (attempts < 1 || attempts > 100) return CHAT_INVALID_ARGUMENT;
    options->attempts_max = attempts;
    return CHAT_OK;
}

int32_t chat_options_set_calls_in_flight_max(chat_options *options, int32_t calls) {
    if (calls < 1 || calls > CALLS_MAX) return CHAT_INVALID_ARGUMENT;
    options->calls_in_flight_max = calls;
    return CHAT_OK;
}

int32_t chat_options_set_back_off(chat_options *options, int64_t minimum, int64_t maximum) {
    if (minimum < 1 || maximum < minimum || maximum > HOUR) return CHAT_INVALID_ARGUMENT;
    options->back_off_minimum = minimum;
    options->back_off_maximum = maximum;
    return CHAT_OK;
}

int32_t chat_options_set_ping(chat_options *options, int64_t interval, int64_t timeout) {
    if (interval < 1 || interval > HOUR || timeout < 1 || timeout > HOUR) return CHAT_INVALID_ARGUMENT;
    options->ping_interval = interval;
    options->ping_timeout = timeout;
    return CHAT_OK;
}

int32_t chat_options_set_stream_buffer_max(chat_options *options, size_t bytes) {
    if (bytes < 1024 || bytes > 64 << 20) return CHAT_INVALID_ARGUMENT;
    options->stream_buffer_max = bytes;
    return CHAT_OK;
}

int32_t chat_options_set_message_bytes_max(chat_options *options, size_t bytes) {
    if (bytes < 1024 || bytes > 0xFFFFFF) return CHAT_INVALID_ARGUMENT;
    options->message_bytes_max = bytes;
    return CHAT_OK;
}

int32_t chat_options_add_metadata(chat_options *options, const char *key, const char *value) {
    return metadata_add(&options->metadata, key, value);
}

int32_t chat_call_options_create(chat_call_options **options) {
    *options = calloc(1, sizeof **options);
    return *options ? CHAT_OK : CHAT_RESOURCE_EXHAUSTED;
}

void chat_call_options_destroy(chat_call_options *options) {
    if (!options) return;
    metadata_free(&options->metadata);
    free(options);
}

int32_t chat_call_options_set_timeout(chat_call_options *options, int64_t milliseconds) {
    return set(&options->timeout, milliseconds, 0, INT32_MAX);
}

int32_t chat_call_options_set_safe_to_retry(chat_call_options *options, bool is_safe) {
    options->is_safe_to_retry = is_safe;
    return CHAT_OK;
}

int32_t chat_call_options_add_metadata(chat_call_options *options, const char *key, const char *value) {
    return metadata_add(&options->metadata, key, value);
}

int32_t chat_call_options_set_cancellation(chat_call_options *options, chat_cancellation *cancellation) {
    options->cancellation = cancellation;
    return CHAT_OK;
}

/* ---- Metadata ---------------------------------------------------------------------------------------------------- */

static bool is_text(const char *text, bool is_key) {
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < 0x20 || *c == 0x7F || (is_key && *c >= 'A' && *c <= 'Z')) return false;
    return true;
}

int32_t metadata_add(metadata *metadata, const char *key, const char *value) {
    size_t bytes = strlen(key) + strlen(value);
    if (!*key || !is_text(key, true) || !is_text(value, false) || metadata->count == METADATA_PAIRS_MAX ||
        metadata->bytes + bytes > METADATA_BYTES_MAX)
        return CHAT_INVALID_ARGUMENT;
    metadata_pair pair = {strdup(key), strdup(value)};
    if (!pair.key || !pair.value) {
        free(pair.key);
        free(pair.value);
        return CHAT_RESOURCE_EXHAUSTED;
    }
    metadata->pairs[metadata->count++] = pair;
    metadata->bytes += bytes;
    return CHAT_OK;
}

bool metadata_copy(metadata *target, const metadata *source) {
    target->count = 0;
    target->bytes = 0;
    for (int i = 0; i < source->count; i++) {
        if (metadata_add(target, source->pairs[i].key, source->pairs[i].value) != CHAT_OK) {
            metadata_free(target);
            return false;
        }
    }
    return true;
}

void metadata_free(metadata *metadata) {
    for (int i = 0; i < metadata->count; i++) {
        free(metadata->pairs[i].key);
        free(metadata->pairs[i].value);
    }
    metadata->count = 0;
    metadata->bytes = 0;
}
