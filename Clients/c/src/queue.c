/* Calls that are started and complete on a queue, for event loops and for many calls from one thread. */

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "internal.h"

/* Its client's lock guards it. */
struct chat_queue {
    chat_client *client;
    waiter waiter;
    /* Calls that have something to give, each once. */
    call *first_ready, *last_ready;
    call *first_call;
    /* -1 until it is asked for. Can be read while something is ready. */
    int descriptor;
};

struct chat_completion {
    uint64_t tag;
    int32_t status;
    bool is_last;
    message *message;
    chat_error *error;
};

int32_t chat_queue_create(chat_client *client, chat_queue **queue, chat_error *error) {
    error_clear(error);
    chat_queue *made = calloc(1, sizeof *made);
    if (!made) return error_no_memory(error);
    made->client = client;
    made->descriptor = -1;
    waiter_init(&made->waiter);
    *queue = made;
    return CHAT_OK;
}

int32_t chat_queue_descriptor(chat_queue *queue) {
    client_lock(queue->client);
    if (queue->descriptor < 0) {
        queue->descriptor = eventfd(queue->first_ready ? 1 : 0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (queue->descriptor >= 0) queue->client->watched_queues++;
        client_wake_background(queue->client, 0);
    }
    client_unlock(queue->client);
    return queue->descriptor;
}

void queue_ready(call *call) {
    chat_queue *queue = call->queue;
    if (call->is_ready) return;
    bool was_empty = !queue->first_ready;
    call->is_ready = true;
    call->next_ready = NULL;
    if (was_empty) queue->first_ready = call;
    else queue->last_ready->next_ready = call;
    queue->last_ready = call;
    if (!was_empty) return;
    uint64_t one = 1;
    /* It fails only where it can be read already. */
    if (queue->descriptor >= 0 && write(queue->descriptor, &one, sizeof one) < 0) return;
    client_wake(queue->client, &queue->waiter);
}

/* The next call with something to give, out of the list. */
static call *take_ready(chat_queue *queue) {
    call *call = queue->first_ready;
    if (!call) return NULL;
    queue->first_ready = call->next_ready;
    call->is_ready = false;
    uint64_t count;
    if (!queue->first_ready && queue->descriptor >= 0 && read(queue->descriptor, &count, sizeof count) < 0) return call;
    return call;
}

static int32_t begin(
    chat_queue *queue, uint64_t tag, bool is_stream, const char *service, const char *method, const void *request,
    size_t length, const chat_call_options *options, chat_error *error) {
    call *call = malloc(sizeof *call);
    if (!call) return error_no_memory(error);
    int32_t status = call_prepare(call, queue->client, service, method, request, length, options, error);
    if (status != CHAT_OK) {
        free(call);
        return status;
    }
    call->error = NULL;
    call->is_stream = is_stream;
    call->queue = queue;
    call->tag = tag;
    chat_client *client = queue->client;
    client_lock(client);
    call->next_queued = queue->first_call;
    if (queue->first_call) queue->first_call->previous_queued = call;
    queue->first_call = call;
    /* Who has more to take will come back, and has then perhaps more to send. */
    call_submit(call, !queue->first_ready || client->leader_is_polling);
    if (call->state != CALL_DONE) client_wake_background(client, call->deadline);
    if (queue->descriptor >= 0 && !client->leader) client_wake_background(client, 0);
    client_unlock(client);
    if (!call_enlist(call)) {
        client_lock(client);
        call_abandon(call, CHAT_CANCELLED, "", "the caller cancelled the call");
        client_unlock(client);
    }
    return CHAT_OK;
}

int32_t chat_queue_call(
    chat_queue *queue, uint64_t tag, const char *service, const char *method, const void *request,
    size_t request_length, const chat_call_options *options, chat_error *error) {
    return begin(queue, tag, false, service, method, request, request_length, options, error);
}

int32_t chat_queue_stream(
    chat_queue *queue, uint64_t tag, const char *service, const char *method, const void *request,
    size_t request_length, const chat_call_options *options, chat_error *error) {
    return begin(queue, tag, true, service, method, request, request_length, options, error);
}

void chat_queue_cancel(chat_queue *queue, uint64_t tag) {
    client_lock(queue->client);
    for (call *call = queue->first_call; call; call = call->next_queued)
        if (call->tag == tag) call_abandon(call, CHAT_CANCELLED, "", "the caller cancelled the call");
    client_unlock(queue->client);
}

static void unlink_call(chat_queue *queue, call *call) {
    if (call->previous_queued) call->previous_queued->next_queued = call->next_queued;
    else queue->first_call = call->next_queued;
    if (call->next_queued) call->next_queued->previous_queued = call->previous_queued;
}

static bool is_ready(void *argument) { return ((chat_queue *)argument)->first_ready; }

int32_t chat_queue_next(chat_queue *queue, int64_t timeout, chat_completion **completion) {
    chat_client *client = queue->client;
    chat_completion *made = calloc(1, sizeof *made);
    if (!made) return CHAT_RESOURCE_EXHAUSTED;
    client_lock(client);
    if (!queue->first_ready) {
        client_flush(client);
        int64_t deadline = timeout < 0 || timeout > INT32_MAX ? NEVER : clock_now() + timeout * MILLISECOND;
        if (timeout != 0) client_wait(client, &queue->waiter, is_ready, queue, deadline);
    }
    call *call = take_ready(queue);
    if (!call) {
        client_unlock(client);
        free(made);
        return CHAT_TIMEOUT;
    }
    made->tag = call->tag;
    made->status = CHAT_OK;
    if (call->first_message) made->message = call_take(call);
    made->is_last = call->state == CALL_DONE && !call->first_message && (!call->is_stream || !made->message);
    if (made->is_last) {
        made->status = call->status;
        made->error = call->owns_error ? call->error : NULL;
        call->owns_error = false;
        unlink_call(queue, call);
    } else if (call->first_message || call->state == CALL_DONE) {
        queue_ready(call);
    }
    client_unlock(client);
    if (made->is_last) {
        call_dispose(call);
        free(call);
    }
    *completion = made;
    return CHAT_OK;
}

void chat_queue_destroy(chat_queue *queue) {
    if (!queue) return;
    chat_client *client = queue->client;
    client_lock(client);
    for (call *call = queue->first_call; call; call = call->next_queued)
        call_abandon(call, CHAT_CANCELLED, "", "the queue was destroyed");
    client_flush(client);
    if (queue->descriptor >= 0) {
        client->watched_queues--;
        close(queue->descriptor);
    }
    client_unlock(client);
    call *next;
    for (call *call = queue->first_call; call; call = next) {
        next = call->next_queued;
        call_dispose(call);
        free(call);
    }
    waiter_destroy(&queue->waiter);
    free(queue);
}

/* ---- Completions ------------------------------------------------------------------------------------------------- */

void chat_completion_destroy(chat_completion *completion) {
    if (!completion) return;
    message_free(completion->message);
    free(completion->error);
    free(completion);
}

uint64_t chat_completion_tag(const chat_completion *completion) { return completion->tag; }

bool chat_completion_is_last(const chat_completion *completion) { return completion->is_last; }

int32_t chat_completion_status(const chat_completion *completion) { return completion->status; }

const uint8_t *chat_completion_message(const chat_completion *completion, size_t *length) {
    *length = completion->message ? completion->message->length : 0;
    return completion->message ? completion->message->data : NULL;
}

const chat_error *chat_completion_error(const chat_completion *completion) { return completion->error; }
