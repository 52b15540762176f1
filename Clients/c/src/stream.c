/* Streams that a caller pulls. */

#include <stdlib.h>

#include "internal.h"

struct chat_stream {
    call call;
    /* What was told at the end. */
    chat_error error;
};

int32_t chat_stream_open(
    chat_client *client, const char *service, const char *method, const void *request, size_t request_length,
    const chat_call_options *options, chat_stream **stream, chat_error *error) {
    chat_stream *made = malloc(sizeof *made);
    if (!made) return error_no_memory(error);
    call *call = &made->call;
    int32_t status = call_prepare(call, client, service, method, request, request_length, options, error);
    if (status != CHAT_OK) {
        free(made);
        return status;
    }
    call->is_stream = true;
    call->error = &made->error;
    error_clear(&made->error);
    client_lock(client);
    call_submit(call, true);
    client_unlock(client);
    if (!call_enlist(call)) chat_stream_cancel(made);
    *stream = made;
    return CHAT_OK;
}

static bool has_something(void *argument) {
    const call *call = argument;
    return call->first_message || call->state == CALL_DONE;
}

int32_t chat_stream_next(
    chat_stream *stream, int64_t timeout, uint8_t **bytes, size_t *length, chat_error *error) {
    call *call = &stream->call;
    chat_client *client = call->client;
    error_clear(error);
    if (timeout < -1) return error_set(error, CHAT_INVALID_ARGUMENT, "TIMEOUT", "a timeout is -1 or more milliseconds");
    client_lock(client);
    if (!has_something(call)) {
        int64_t deadline = call->deadline;
        if (timeout >= 0 && timeout < INT32_MAX && clock_now() + timeout * MILLISECOND < deadline)
            deadline = clock_now() + timeout * MILLISECOND;
        client_wait(client, &call->waiter, has_something, call, deadline);
        if (!has_something(call) && clock_now() >= call->deadline)
            call_abandon(call, CHAT_DEADLINE_EXCEEDED, "", "the stream's time is over");
    }
    int32_t status = CHAT_TIMEOUT;
    if (call->first_message) {
        message *message = call_take(call);
        *bytes = message->data;
        *length = message->length;
        status = CHAT_OK;
    } else if (call->state == CALL_DONE) {
        status = call->status;
        if (error && status != CHAT_END) *error = stream->error;
    }
    client_unlock(client);
    return status;
}

void chat_stream_cancel(chat_stream *stream) {
    client_lock(stream->call.client);
    call_abandon(&stream->call, CHAT_CANCELLED, "", "the caller cancelled the call");
    client_unlock(stream->call.client);
}

void chat_stream_destroy(chat_stream *stream) {
    if (!stream) return;
    chat_stream_cancel(stream);
    call_dispose(&stream->call);
    free(stream);
}
