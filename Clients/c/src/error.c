/* Errors as callers see them, the names of outcomes, and the library's version. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

const char *chat_version(void) { return CHAT_VERSION; }

int32_t chat_abi_version(void) { return 1; }

const char *chat_status_name(int32_t status) {
    static const char *const names[] = {
        "OK",          "CANCELLED",         "UNKNOWN",            "INVALID_ARGUMENT",    "DEADLINE_EXCEEDED",
        "NOT_FOUND",   "ALREADY_EXISTS",    "PERMISSION_DENIED",  "RESOURCE_EXHAUSTED",  "FAILED_PRECONDITION",
        "ABORTED",     "OUT_OF_RANGE",      "UNIMPLEMENTED",      "INTERNAL",            "UNAVAILABLE",
        "DATA_LOSS",   "UNAUTHENTICATED",
    };
    if (status == CHAT_END) return "END";
    if (status == CHAT_TIMEOUT) return "TIMEOUT";
    if (status < 0 || (size_t)status >= sizeof names / sizeof *names) return "UNKNOWN";
    return names[status];
}

void chat_bytes_free(void *bytes) {
    if (bytes) message_free((message *)(void *)((char *)bytes - offsetof(message, data)));
}

int32_t chat_error_create(chat_error **error) {
    *error = malloc(sizeof **error);
    if (!*error) return CHAT_RESOURCE_EXHAUSTED;
    error_clear(*error);
    return CHAT_OK;
}

void chat_error_destroy(chat_error *error) { free(error); }

void error_clear(chat_error *error) {
    if (!error) return;
    error->status = CHAT_OK;
    error->origin = CHAT_ORIGIN_NONE;
    error->retry_after = -1;
    error->reason[0] = error->message[0] = 0;
    error->info_count = 0;
}

int32_t error_set(chat_error *error, int32_t status, const char *reason, const char *format, ...) {
    if (!error) return status;
    error_clear(error);
    error->status = status;
    error->origin = CHAT_ORIGIN_LOCAL;
    snprintf(error->reason, sizeof error->reason, "%s", reason);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return status;
}

int32_t error_no_memory(chat_error *error) {
    return error_set(error, CHAT_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "this process has no memory left");
}

int32_t chat_error_status(const chat_error *error) { return error->status; }

const char *chat_error_reason(const chat_error *error) { return error->reason; }

const char *chat_error_message(const chat_error *error) { return error->message; }

int64_t chat_error_retry_after(const chat_error *error) { return error->retry_after; }

int32_t chat_error_origin(const chat_error *error) { return error->origin; }

bool chat_error_is_retryable(const chat_error *error) {
    switch (error->status) {
    case CHAT_UNAVAILABLE:
    case CHAT_DEADLINE_EXCEEDED: return true;
    case CHAT_RESOURCE_EXHAUSTED: return error->retry_after >= 0;
    case CHAT_ABORTED: return !strcmp(error->reason, "SESSION_BUSY") || !strcmp(error->reason, "NOT_ACQUIRED");
    case CHAT_DATA_LOSS: return !strcmp(error->reason, "EVENTS_LOST");
    default: return false;
    }
}

const char *chat_error_info(const chat_error *error, const char *key) {
    for (int i = 0; i < error->info_count; i++)
        if (!strcmp(error->info[i].key, key)) return error->info[i].value;
    return NULL;
}
