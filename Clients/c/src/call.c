/* Calls: from what the caller says to the place in the client, attempts and their failures, cancelling, and unary calls
 * that a caller waits for. */

#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct chat_cancellation {
    pthread_mutex_t mutex;
    bool is_triggered;
    call *first;
};

/* ---- Making ------------------------------------------------------------------------------------------------------ */

int32_t call_prepare(
    call *call, chat_client *client, const char *service, const char *method, const void *request, size_t length,
    const chat_call_options *options, chat_error *error) {
    memset(call, 0, sizeof *call);
    error_clear(error);
    call->client = client;
    if (!service || !method || strlen(service) > SERVICE_NAME_MAX || strlen(method) > SERVICE_NAME_MAX ||
        (!request && length > 0))
        return error_set(error, CHAT_INVALID_ARGUMENT, "ARGUMENT", "a call needs a service, a method and its request");
    if (length > client->options.message_bytes_max)
        return error_set(error, CHAT_RESOURCE_EXHAUSTED, "FRAME_TOO_LARGE",
            "the request has %zu bytes, at most %zu are sent", length, client->options.message_bytes_max);
    const metadata *pairs = options ? &options->metadata : NULL;
    if (!wire_append_request(
            &call->request, service, method, request, length, &client->options.metadata, pairs)) {
        buffer_free(&call->request);
        return error_no_memory(error);
    }
    call->timeout = options && options->timeout ? options->timeout : client->options.call_timeout;
    call->deadline = clock_now() + call->timeout * MILLISECOND;
    call->is_safe_to_retry = options && options->is_safe_to_retry;
    call->cancellation = options ? options->cancellation : NULL;
    call->error = error;
    waiter_init(&call->waiter);
    return CHAT_OK;
}

void call_submit(call *call, bool flushes) {
    chat_client *client = call->client;
    if (call->queue || call->is_stream) client->unwatched_calls++;
    if (client->is_closed) {
        client_enqueue(client, call);
        return call_abandon(call, CHAT_CANCELLED, "CLIENT_CLOSED", "this client was closed");
    }
    if (client->waiting_count >= WAITING_MAX) {
        client_enqueue(client, call);
        return call_abandon(
            call, CHAT_RESOURCE_EXHAUSTED, "TOO_MANY_CALLS", "too many calls of this client wait; it was not sent");
    }
    client_enqueue(client, call);
    client_pump(client, flushes);
    connection *connection = call->connection;
    if (connection && buffer_size(&connection->output) >= OUTPUT_BATCH_BYTES && !connection->is_output_blocked)
        connection_flush(connection);
}

/* ---- Ending ------------------------------------------------------------------------------------------------------ */

static void keep_error(call *call, const chat_error *error) {
    if (!call->error && (call->queue || call->is_stream)) {
        call->error = malloc(sizeof *call->error);
        call->owns_error = true;
    }
    if (call->error) *call->error = *error;
}

void call_done(call *call, int32_t status) {
    chat_client *client = call->client;
    call->state = CALL_DONE;
    call->status = status;
    if (call->queue || call->is_stream) client->unwatched_calls--;
    if (call->queue) queue_ready(call);
    else client_wake(client, &call->waiter);
}

/* The pause before the next attempt; negative when the error is the caller's. */
static int64_t pause_after(call *call, const chat_error *error, bool was_written) {
    chat_client *client = call->client;
    if (call->has_answer || call->attempts >= client->options.attempts_max || client->is_closed) return -1;
    int64_t wanted = error->retry_after < 0 ? 0 : error->retry_after * MILLISECOND;
    if (wanted > RETRY_AFTER_MAX) return -1;
    if (error->status == CHAT_UNAVAILABLE) {
        if (was_written && !call->is_safe_to_retry && strcmp(error->reason, "NOT_PROCESSED") != 0) return -1;
    } else if (error->status != CHAT_RESOURCE_EXHAUSTED || !call->is_safe_to_retry || !was_written ||
               error->retry_after < 0) {
        return -1;
    }
    /* Without a connection the next attempt waits for one anyway. */
    bool had_connection = call->frame_start != UINT64_MAX;
    int64_t pause = had_connection ? client_back_off(client, call->attempts) : 0;
    return pause > wanted ? pause : wanted;
}

void call_failed(call *call, const chat_error *error, bool was_written) {
    chat_client *client = call->client;
    int64_t pause = pause_after(call, error, was_written), now = clock_now();
    if (pause >= 0 && now + pause < call->deadline) {
        call->not_before = pause ? now + pause : 0;
        client_enqueue(client, call);
        int64_t wakes_at = client->active && client->active->takes_calls ? call->not_before : client->next_round_at;
        client_wake_background(client, wakes_at > call->not_before ? wakes_at : call->not_before);
        return;
    }
    keep_error(call, error);
    call_done(call, error->status);
}

void call_abandon(call *call, int32_t status, const char *reason, const char *words) {
    if (call->state == CALL_DONE) return;
    if (call->state == CALL_WAITING) client_dequeue(call->client, call);
    else if (call->connection) connection_forget(call->connection, call, true);
    chat_error error;
    error_set(&error, status, reason, "%s", words);
    keep_error(call, &error);
    call_done(call, status);
}

void call_dispose(call *call) {
    chat_cancellation *cancellation = call->cancellation;
    if (cancellation) {
        pthread_mutex_lock(&cancellation->mutex);
        if (call->previous_cancelled) call->previous_cancelled->next_cancelled = call->next_cancelled;
        else if (cancellation->first == call) cancellation->first = call->next_cancelled;
        if (call->next_cancelled) call->next_cancelled->previous_cancelled = call->previous_cancelled;
        pthread_mutex_unlock(&cancellation->mutex);
    }
    while (call->first_message) message_free(call_take(call));
    buffer_free(&call->request);
    if (call->owns_error) free(call->error);
    waiter_destroy(&call->waiter);
}

/* ---- Messages ---------------------------------------------------------------------------------------------------- */

bool call_received(call *call, const uint8_t *bytes, size_t length) {
    message *message = message_create(bytes, length);
    if (!message) return false;
    if (call->last_message) call->last_message->next = message;
    else call->first_message = message;
    call->last_message = message;
    /* What keeping it takes beside its bytes. */
    call->buffered += length + sizeof *message;
    call->has_answer = true;
    if (!call->is_stream) return true;
    connection_level_changed(call->connection, call);
    if (call->queue) queue_ready(call);
    else client_wake(call->client, &call->waiter);
    return true;
}

message *call_take(call *call) {
    message *message = call->first_message;
    call->first_message = message->next;
    if (!call->first_message) call->last_message = NULL;
    call->buffered -= message->length + sizeof *message;
    if (call->connection) connection_level_changed(call->connection, call);
    return message;
}

/* ---- Cancelling -------------------------------------------------------------------------------------------------- */

int32_t chat_cancellation_create(chat_cancellation **cancellation) {
    chat_cancellation *made = calloc(1, sizeof *made);
    if (!made) return CHAT_RESOURCE_EXHAUSTED;
    pthread_mutex_init(&made->mutex, NULL);
    *cancellation = made;
    return CHAT_OK;
}

void chat_cancellation_destroy(chat_cancellation *cancellation) {
    if (!cancellation) return;
    pthread_mutex_destroy(&cancellation->mutex);
    free(cancellation);
}

static const char cancelled_words[] = "the caller cancelled the call";

void chat_cancellation_trigger(chat_cancellation *cancellation) {
    /* A call leaves the list under this lock before it is gone. */
    pthread_mutex_lock(&cancellation->mutex);
    cancellation->is_triggered = true;
    for (call *call = cancellation->first; call; call = call->next_cancelled) {
        client_lock(call->client);
        call_abandon(call, CHAT_CANCELLED, "", cancelled_words);
        client_unlock(call->client);
    }
    pthread_mutex_unlock(&cancellation->mutex);
}

bool call_enlist(call *call) {
    chat_cancellation *cancellation = call->cancellation;
    if (!cancellation) return true;
    pthread_mutex_lock(&cancellation->mutex);
    bool is_triggered = cancellation->is_triggered;
    if (!is_triggered) {
        call->next_cancelled = cancellation->first;
        if (cancellation->first) cancellation->first->previous_cancelled = call;
        cancellation->first = call;
    }
    pthread_mutex_unlock(&cancellation->mutex);
    if (is_triggered) error_set(call->error, CHAT_CANCELLED, "", "%s", cancelled_words);
    return !is_triggered;
}

/* ---- Unary calls ------------------------------------------------------------------------------------------------- */

static bool is_done(void *argument) { return ((call *)argument)->state == CALL_DONE; }

static const char *overdue_words(const call *call) {
    if (call->state == CALL_SENT) return "no answer from the server in time";
    return call->client->active ? "too many calls of this client were before this one; it was not sent in time"
                                : "no connection could be made in time; the call was not sent";
}

int32_t chat_call(
    chat_client *client, const char *service, const char *method, const void *request, size_t request_length,
    const chat_call_options *options, uint8_t **reply, size_t *reply_length, chat_error *error) {
    call call;
    int32_t status = call_prepare(&call, client, service, method, request, request_length, options, error);
    if (status != CHAT_OK) return status;
    client_lock(client);
    call_submit(&call, true);
    client_unlock(client);
    /* After it is in the client, which a trigger locks; before the wait. */
    if (!call_enlist(&call)) {
        client_lock(client);
        call_abandon(&call, CHAT_CANCELLED, "", cancelled_words);
    } else {
        client_lock(client);
        client_wait(client, &call.waiter, is_done, &call, call.deadline);
        if (call.state != CALL_DONE) call_abandon(&call, CHAT_DEADLINE_EXCEEDED, "", overdue_words(&call));
    }
    status = call.status;
    if (status == CHAT_OK) {
        message *message = call_take(&call);
        *reply = message->data;
        *reply_length = message->length;
    }
    client_unlock(client);
    call_dispose(&call);
    return status;
}
