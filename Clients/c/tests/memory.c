/* Every allocation of a client's life fails in its turn: each call answers with a status, nothing crashes, and nothing
 * is left. Usage: memory ADDRESS, of a chatd --diagnostics with a scripted or offline model. Linked with --wrap. */

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "chatclient.h"
#include "check.h"

static atomic_long made, failing_at, held;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void __real_free(void *memory);

static int fails(void) { return atomic_fetch_add(&made, 1) + 1 == atomic_load(&failing_at); }

static void *counted(void *memory) {
    if (memory) atomic_fetch_add(&held, 1);
    return memory;
}

void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size) { return fails() ? NULL : counted(__real_malloc(size)); }
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size) { return fails() ? NULL : counted(__real_calloc(count, size)); }
char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text) { return fails() ? NULL : counted(__real_strdup(text)); }
char *__wrap_strndup(const char *text, size_t size);
char *__wrap_strndup(const char *text, size_t size) { return fails() ? NULL : counted(__real_strndup(text, size)); }

void *__wrap_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size) {
    if (fails()) return NULL;
    void *grown = __real_realloc(memory, size);
    return memory ? grown : counted(grown);
}

void __wrap_free(void *memory);
void __wrap_free(void *memory) {
    if (memory) atomic_fetch_sub(&held, 1);
    __real_free(memory);
}

/* ---- A client's life --------------------------------------------------------------------------------------------- */

static const char *address;

/* The statuses that a caller may see when memory is short, beside success. */
static int is_honest(int32_t status) {
    return status == CHAT_OK || status == CHAT_END || status == CHAT_RESOURCE_EXHAUSTED || status == CHAT_UNAVAILABLE ||
           status == CHAT_INTERNAL || status == CHAT_CANCELLED || status == CHAT_FAILED_PRECONDITION;
}

static void raw_call(chat_client *client, chat_error *error) {
    static const uint8_t request[] = {0x0A, 2, 'h', 'i'};
    uint8_t *reply;
    size_t length;
    int32_t status =
        chat_call(client, "chat.v1.DiagnosticsService", "Echo", request, 4, NULL, &reply, &length, error);
    CHECK(is_honest(status), "a call: %s %s", chat_status_name(status), error ? chat_error_message(error) : "");
    if (status == CHAT_OK) chat_bytes_free(reply);
}

static bool go_on(const chat_v1_chat_event *event, void *user) {
    (void)user;
    return event != NULL;
}

static void turns(chat_client *client, chat_error *error) {
    chat_v1_chat_reply *reply;
    chat_v1_chat_request *request;
    int32_t status = chat_ask(client, "s", "hello", NULL, &reply, error);
    CHECK(is_honest(status), "a turn: %s", chat_status_name(status));
    if (status == CHAT_OK) chat_v1_chat_reply_destroy(reply);
    if (chat_v1_chat_request_create(&request) != CHAT_OK) return;
    if (chat_v1_chat_request_set_message(request, "hello", 5) == CHAT_OK) {
        status = chat_ask_events(client, request, NULL, go_on, NULL, error);
        CHECK(is_honest(status), "a stream: %s", chat_status_name(status));
    }
    chat_v1_chat_request_destroy(request);
}

static void lock(chat_client *client, chat_error *error) {
    chat_lock *lock;
    int32_t status = chat_lock_acquire(client, "k", 300, 5000, "memory", NULL, &lock, error);
    CHECK(is_honest(status), "a lock: %s", chat_status_name(status));
    if (status != CHAT_OK) return;
    chat_lock_is_held(lock);
    chat_lock_destroy(lock);
}

static void queue(chat_client *client, chat_error *error) {
    static const uint8_t request[] = {0x0A, 2, 'h', 'i'};
    chat_queue *queue;
    int outstanding = 0;
    if (chat_queue_create(client, &queue, error) != CHAT_OK) return;
    chat_queue_descriptor(queue);
    for (uint64_t i = 0; i < 3; i++)
        outstanding += chat_queue_call(
                           queue, i, "chat.v1.DiagnosticsService", "Echo", request, 4, NULL, error) == CHAT_OK;
    while (outstanding > 0) {
        chat_completion *completion;
        int32_t status = chat_queue_next(queue, 20000, &completion);
        CHECK(status == CHAT_OK || status == CHAT_RESOURCE_EXHAUSTED, "a completion: %s", chat_status_name(status));
        if (status != CHAT_OK) continue;
        CHECK(is_honest(chat_completion_status(completion)), "it");
        outstanding -= chat_completion_is_last(completion);
        chat_completion_destroy(completion);
    }
    chat_queue_destroy(queue);
}

static void live(void) {
    chat_error *error = NULL;
    chat_options *options;
    chat_client *client;
    if (chat_error_create(&error) != CHAT_OK) error = NULL;
    if (chat_options_create(&options) == CHAT_OK) {
        chat_options_set_back_off(options, 1, 2);
        int32_t added = chat_options_add_metadata(options, "traceparent", "0");
        CHECK(is_honest(added), "an option");
        int32_t status = chat_client_create(address, options, &client, error);
        CHECK(is_honest(status), "a client: %s", chat_status_name(status));
        if (status == CHAT_OK) {
            raw_call(client, error);
            turns(client, error);
            lock(client, error);
            queue(client, error);
            chat_client_destroy(client);
        }
        chat_options_destroy(options);
    }
    chat_error_destroy(error);
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: memory ADDRESS");
    address = argv[1];
    long number = 0;
    do {
        number++;
        atomic_store(&made, 0);
        atomic_store(&failing_at, number);
        live();
        CHECK(atomic_load(&held) == 0, "%ld blocks are left when allocation %ld fails", atomic_load(&held), number);
    } while (atomic_load(&made) >= number);
    CHECK(number > 50, "only %ld allocations", number);
    printf("memory: %ld allocations failed in turn\n", number - 1);
    return 0;
}
