/* The C client's driver of Tests/ClientConformance: does one case and tells its verdict. */

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "chatclient.h"

#define SERVICE "chat.v1.DiagnosticsService"

static chat_client *client;
static chat_error *error;

/* ---- Telling ----------------------------------------------------------------------------------------------------- */

static void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void fail(const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    printf("fail %s\n", text);
    fflush(stdout);
    _exit(0);
}

static void order(const char *words) {
    char line[64];
    printf("do %s\n", words);
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin) || strcmp(line, "done\n")) fail("the runner is gone");
}

#define CHECK(condition, ...)                   \
    do {                                        \
        if (!(condition)) fail(__VA_ARGS__);    \
    } while (0)

/* The status that a call must have. */
static void must_be(int32_t status, int32_t expected, const char *what) {
    if (status != expected)
        fail("%s: %s instead of %s: %s %s", what, chat_status_name(status), chat_status_name(expected),
            chat_error_reason(error), chat_error_message(error));
}

static void must_fail(int32_t status, int32_t expected, const char *reason, const char *what) {
    must_be(status, expected, what);
    if (reason && strcmp(chat_error_reason(error), reason))
        fail("%s: reason %s instead of %s", what, chat_error_reason(error), reason);
    CHECK(chat_error_status(error) == expected, "%s: its error has another status", what);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void took(double begin, double least, double most) {
    double seconds = now() - begin;
    CHECK(seconds >= least && seconds <= most, "it took %.2f s", seconds);
}

static void pause_for(double seconds) { usleep((unsigned)(seconds * 1e6)); }

/* ---- Pieces of cases --------------------------------------------------------------------------------------------- */

static chat_call_options *with_timeout(int64_t milliseconds) {
    chat_call_options *options;
    must_be(chat_call_options_create(&options), CHAT_OK, "options");
    must_be(chat_call_options_set_timeout(options, milliseconds), CHAT_OK, "timeout");
    return options;
}

static chat_v1_chat_request *request_for(const char *session, const char *turn) {
    chat_v1_chat_request *request;
    must_be(chat_v1_chat_request_create(&request), CHAT_OK, "request");
    chat_v1_chat_request_set_message(request, "hello", 5);
    chat_v1_chat_request_set_session_id(request, session, strlen(session));
    if (turn) chat_v1_chat_request_set_turn_id(request, turn, strlen(turn));
    return request;
}

/* A whole answer; its text is compared where one is given. */
static int32_t ask(const char *session, int64_t timeout, const char *text) {
    chat_v1_chat_reply *reply;
    chat_call_options *options = with_timeout(timeout);
    int32_t status = chat_ask(client, session, "hello", options, &reply, error);
    chat_call_options_destroy(options);
    if (status != CHAT_OK) return status;
    size_t length;
    const char *answer = chat_v1_chat_reply_text(reply, &length);
    if (text) CHECK(!strcmp(answer, text) && length == strlen(text), "the answer is %s", answer);
    chat_v1_chat_reply_destroy(reply);
    return status;
}

/* A chat in s that does not wait for another turn. */
static int32_t ask_refusing(int64_t timeout) {
    chat_v1_chat_request *request = request_for("s", NULL);
    chat_v1_chat_request_set_when_busy(request, CHAT_V1_WHEN_BUSY_REFUSE);
    chat_call_options *options = with_timeout(timeout);
    chat_v1_chat_reply *reply;
    int32_t status = chat_ask_request(client, request, options, &reply, error);
    if (status == CHAT_OK) chat_v1_chat_reply_destroy(reply);
    chat_call_options_destroy(options);
    chat_v1_chat_request_destroy(request);
    return status;
}

static void until_refusal(int32_t expected) {
    double end = now() + 5;
    int32_t status;
    while ((status = ask_refusing(300)) != expected) {
        CHECK(status == CHAT_ABORTED || status == CHAT_DEADLINE_EXCEEDED, "a refusal is %s", chat_status_name(status));
        CHECK(now() < end, "it was not so within 5 s");
    }
}

static chat_answer *open_stream(const char *session, const char *turn, int64_t timeout) {
    chat_answer *answer;
    chat_v1_chat_request *request = request_for(session, turn);
    chat_call_options *options = with_timeout(timeout);
    must_be(chat_answer_open(client, request, options, &answer, error), CHAT_OK, "open");
    chat_call_options_destroy(options);
    chat_v1_chat_request_destroy(request);
    return answer;
}

/* Reads to the first text, or to the end where `text` takes all of it. */
static int32_t read_answer(chat_answer *answer, bool only_first, char *text, size_t size, int *finished) {
    chat_v1_chat_event *event;
    int32_t status;
    while ((status = chat_answer_next(answer, -1, &event, error)) == CHAT_OK) {
        int32_t kind = chat_v1_chat_event_event_case(event);
        if (kind == CHAT_V1_CHAT_EVENT_TEXT && text)
            snprintf(text + strlen(text), size - strlen(text), "%s", chat_v1_chat_event_text(event, NULL));
        if (kind == CHAT_V1_CHAT_EVENT_FINISHED && finished) ++*finished;
        chat_v1_chat_event_destroy(event);
        if (only_first && kind == CHAT_V1_CHAT_EVENT_TEXT) return CHAT_OK;
    }
    return status;
}

static void first_text(chat_answer *answer) {
    must_be(read_answer(answer, true, NULL, 0, NULL), CHAT_OK, "the first text");
}

static int32_t echo_telling(size_t count, chat_error *told) {
    chat_v1_echo_request *request;
    chat_v1_echo_reply *reply;
    uint8_t *bytes = malloc(count + 1);
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)(i * 31 + count);
    must_be(chat_v1_echo_request_create(&request), CHAT_OK, "request");
    must_be(chat_v1_echo_request_set_payload(request, bytes, count), CHAT_OK, "payload");
    int32_t status = chat_v1_diagnostics_service_echo(client, request, NULL, &reply, told);
    if (status == CHAT_OK) {
        size_t length;
        const uint8_t *back = chat_v1_echo_reply_payload(reply, &length);
        CHECK(length == count && !memcmp(back, bytes, count), "other bytes came back");
        chat_v1_echo_reply_destroy(reply);
    }
    chat_v1_echo_request_destroy(request);
    free(bytes);
    return status;
}

static int32_t echo(size_t count) { return echo_telling(count, error); }

static uint64_t message_count(const char *session) {
    chat_v1_get_session_request *request;
    chat_v1_session *found;
    must_be(chat_v1_get_session_request_create(&request), CHAT_OK, "request");
    chat_v1_get_session_request_set_session_id(request, session, strlen(session));
    must_be(chat_v1_session_service_get_session(client, request, NULL, &found, error), CHAT_OK, "the session");
    uint64_t count = chat_v1_session_message_count(found);
    chat_v1_session_destroy(found);
    chat_v1_get_session_request_destroy(request);
    return count;
}

/* ---- Happy paths ------------------------------------------------------------------------------------------------- */

static void run_echo(void) {
    static const size_t counts[] = {0, 1000, 900000};
    for (size_t i = 0; i < 3; i++) must_be(echo(counts[i]), CHAT_OK, "echo");
}

static void *echo_in_thread(void *number) {
    CHECK(echo_telling(10 + (size_t)(uintptr_t)number, NULL) == CHAT_OK, "an echo of a thread");
    return NULL;
}

static void run_many_at_once(void) {
    enum { COUNT = 200 };
    pthread_t threads[COUNT / 2];
    uint64_t seen = 0;
    chat_queue *queue;
    /* Half of them on threads that wait, half on a queue. The error object is one thread's: it is not looked at. */
    must_be(chat_queue_create(client, &queue, error), CHAT_OK, "queue");
    for (uintptr_t i = 0; i < COUNT / 2; i++)
        CHECK(!pthread_create(&threads[i], NULL, echo_in_thread, (void *)i), "a thread");
    for (uint64_t i = 0; i < COUNT / 2; i++) {
        uint8_t packed[] = {0x0A, 1, (uint8_t)i};
        CHECK(chat_queue_call(queue, i, SERVICE, "Echo", packed, 3, NULL, NULL) == CHAT_OK, "a call of the queue");
    }
    for (int i = 0; i < COUNT / 2; i++) {
        chat_completion *completion;
        size_t length;
        CHECK(chat_queue_next(queue, 10000, &completion) == CHAT_OK, "a completion");
        uint64_t tag = chat_completion_tag(completion);
        const uint8_t *bytes = chat_completion_message(completion, &length);
        CHECK(chat_completion_status(completion) == CHAT_OK && chat_completion_is_last(completion), "it failed");
        CHECK(length == 3 && bytes[2] == tag && tag < 100, "another's bytes came back");
        seen += tag;
        chat_completion_destroy(completion);
    }
    CHECK(seen == 4950, "one came twice");
    for (int i = 0; i < COUNT / 2; i++) pthread_join(threads[i], NULL);
    chat_queue_destroy(queue);
}

static void run_chat(void) {
    chat_v1_chat_reply *reply;
    must_be(chat_ask(client, "s", "hello", NULL, &reply, error), CHAT_OK, "chat");
    size_t length;
    CHECK(!strcmp(chat_v1_chat_reply_text(reply, &length), "alpha beta gamma") && length == 16, "another answer");
    CHECK(!strcmp(chat_v1_chat_reply_session_id(reply, NULL), "s"), "another session");
    CHECK(*chat_v1_chat_reply_turn_id(reply, NULL) && !chat_v1_chat_reply_replayed(reply), "its turn");
    chat_v1_chat_reply_destroy(reply);
}

static void run_chat_again(void) {
    for (int i = 0; i < 2; i++) {
        chat_v1_chat_request *request = request_for("s", "t");
        chat_v1_chat_reply *reply;
        must_be(chat_ask_request(client, request, NULL, &reply, error), CHAT_OK, "chat");
        CHECK(chat_v1_chat_reply_replayed(reply) == (i == 1), "replayed is wrong in call %d", i);
        chat_v1_chat_reply_destroy(reply);
        chat_v1_chat_request_destroy(request);
    }
    CHECK(message_count("s") == 2, "it is not stored once");
}

typedef struct {
    int started, finished;
    char text[64];
} seen_events;

static bool see(const chat_v1_chat_event *event, void *user) {
    seen_events *seen = user;
    int32_t kind = chat_v1_chat_event_event_case(event);
    seen->started += kind == CHAT_V1_CHAT_EVENT_STARTED;
    seen->finished += kind == CHAT_V1_CHAT_EVENT_FINISHED;
    if (kind == CHAT_V1_CHAT_EVENT_TEXT) strcat(seen->text, chat_v1_chat_event_text(event, NULL));
    return true;
}

static void run_stream(void) {
    seen_events seen = {0};
    chat_v1_chat_request *request = request_for("s", NULL);
    must_be(chat_ask_events(client, request, NULL, see, &seen, error), CHAT_OK, "stream");
    chat_v1_chat_request_destroy(request);
    CHECK(seen.started == 1 && seen.finished == 1 && !strcmp(seen.text, "alpha beta gamma"), "other events");
}

static bool delete_session(const char *id) {
    chat_v1_delete_session_request *request;
    chat_v1_delete_session_reply *reply;
    must_be(chat_v1_delete_session_request_create(&request), CHAT_OK, "request");
    chat_v1_delete_session_request_set_session_id(request, id, strlen(id));
    must_be(chat_v1_session_service_delete_session(client, request, NULL, &reply, error), CHAT_OK, "delete");
    bool existed = chat_v1_delete_session_reply_existed(reply);
    chat_v1_delete_session_reply_destroy(reply);
    chat_v1_delete_session_request_destroy(request);
    return existed;
}

static chat_v1_list_sessions_reply *list(uint32_t page_size, const char *token) {
    chat_v1_list_sessions_request *request;
    chat_v1_list_sessions_reply *reply;
    must_be(chat_v1_list_sessions_request_create(&request), CHAT_OK, "request");
    chat_v1_list_sessions_request_set_page_size(request, page_size);
    chat_v1_list_sessions_request_set_page_token(request, token, strlen(token));
    must_be(chat_v1_session_service_list_sessions(client, request, NULL, &reply, error), CHAT_OK, "list");
    chat_v1_list_sessions_request_destroy(request);
    return reply;
}

static void run_sessions(void) {
    must_be(ask("s1", 0, NULL), CHAT_OK, "chat");
    must_be(ask("s2", 0, NULL), CHAT_OK, "chat");
    must_be(ask("s1", 0, NULL), CHAT_OK, "chat");
    chat_v1_list_sessions_reply *page = list(0, "");
    CHECK(chat_v1_list_sessions_reply_sessions_count(page) == 2, "not two sessions");
    CHECK(!strcmp(chat_v1_session_id(chat_v1_list_sessions_reply_sessions_at(page, 0), NULL), "s1"), "the first");
    CHECK(!strcmp(chat_v1_session_id(chat_v1_list_sessions_reply_sessions_at(page, 1), NULL), "s2"), "the second");
    CHECK(!chat_v1_list_sessions_reply_sessions_at(page, 2), "a third");
    chat_v1_list_sessions_reply_destroy(page);
    chat_v1_update_session_request *update;
    chat_v1_session *session;
    must_be(chat_v1_update_session_request_create(&update), CHAT_OK, "request");
    chat_v1_update_session_request_set_session_id(update, "s2", 2);
    chat_v1_update_session_request_set_title(update, "new", 3);
    must_be(chat_v1_session_service_update_session(client, update, NULL, &session, error), CHAT_OK, "rename");
    CHECK(!strcmp(chat_v1_session_title(session, NULL), "new"), "not renamed");
    chat_v1_session_destroy(session);
    chat_v1_update_session_request_destroy(update);
    CHECK(delete_session("s2"), "it was not there");
    CHECK(!delete_session("s2"), "it is still there");
    chat_v1_list_messages_request *read;
    chat_v1_list_messages_reply *messages;
    must_be(chat_v1_list_messages_request_create(&read), CHAT_OK, "request");
    chat_v1_list_messages_request_set_session_id(read, "s1", 2);
    must_be(chat_v1_session_service_list_messages(client, read, NULL, &messages, error), CHAT_OK, "messages");
    const chat_v1_chat_message *first = chat_v1_list_messages_reply_messages_at(messages, 0);
    CHECK(chat_v1_list_messages_reply_messages_count(messages) == 4, "not four messages");
    CHECK(chat_v1_chat_message_role(first) == CHAT_V1_MESSAGE_ROLE_USER, "its role");
    CHECK(!strcmp(chat_v1_chat_message_text(first, NULL), "hello"), "its text");
    chat_v1_list_messages_reply_destroy(messages);
    chat_v1_list_messages_request_destroy(read);
}

static void run_pages(void) {
    static const char *const ids[] = {"s0", "s1", "s2", "s3", "s4"};
    for (int i = 0; i < 5; i++) must_be(ask(ids[i], 0, NULL), CHAT_OK, "chat");
    char token[256] = "";
    int pages = 0, seen = 0;
    do {
        chat_v1_list_sessions_reply *page = list(2, token);
        for (size_t i = 0; i < chat_v1_list_sessions_reply_sessions_count(page); i++)
            seen |= 1 << (chat_v1_session_id(chat_v1_list_sessions_reply_sessions_at(page, i), NULL)[1] - '0');
        snprintf(token, sizeof token, "%s", chat_v1_list_sessions_reply_next_page_token(page, NULL));
        chat_v1_list_sessions_reply_destroy(page);
        pages++;
    } while (*token && pages < 10);
    CHECK(pages == 3 && seen == 31, "%d pages", pages);
}

/* ---- Locks ------------------------------------------------------------------------------------------------------- */

static const char first_token[] = "00000000000000000000000000000001";
static const char second_token[] = "00000000000000000000000000000002";

static int32_t acquire_telling(const char *token, uint32_t wait, uint64_t *fence, chat_error *told) {
    chat_v1_acquire_lock_request *request;
    chat_v1_acquire_lock_reply *reply;
    must_be(chat_v1_acquire_lock_request_create(&request), CHAT_OK, "request");
    chat_v1_acquire_lock_request_set_key(request, "k", 1);
    chat_v1_acquire_lock_request_set_token(request, token, 32);
    chat_v1_acquire_lock_request_set_ttl_milliseconds(request, 10000);
    chat_v1_acquire_lock_request_set_wait_milliseconds(request, wait);
    int32_t status = chat_v1_lock_service_acquire(client, request, NULL, &reply, told);
    if (status == CHAT_OK) {
        if (fence) *fence = chat_v1_acquire_lock_reply_fence(reply);
        chat_v1_acquire_lock_reply_destroy(reply);
    }
    chat_v1_acquire_lock_request_destroy(request);
    return status;
}

static int32_t acquire(const char *token, uint32_t wait, uint64_t *fence) {
    return acquire_telling(token, wait, fence, error);
}

static int32_t release(const char *token) {
    chat_v1_release_lock_request *request;
    chat_v1_release_lock_reply *reply;
    must_be(chat_v1_release_lock_request_create(&request), CHAT_OK, "request");
    chat_v1_release_lock_request_set_key(request, "k", 1);
    chat_v1_release_lock_request_set_token(request, token, 32);
    int32_t status = chat_v1_lock_service_release(client, request, NULL, &reply, error);
    if (status == CHAT_OK) chat_v1_release_lock_reply_destroy(reply);
    chat_v1_release_lock_request_destroy(request);
    return status;
}

static void run_lock(void) {
    uint64_t first, second;
    chat_v1_renew_lock_request *renewal;
    chat_v1_renew_lock_reply *renewed;
    must_be(acquire(first_token, 0, &first), CHAT_OK, "acquire");
    must_be(chat_v1_renew_lock_request_create(&renewal), CHAT_OK, "request");
    chat_v1_renew_lock_request_set_key(renewal, "k", 1);
    chat_v1_renew_lock_request_set_token(renewal, first_token, 32);
    chat_v1_renew_lock_request_set_ttl_milliseconds(renewal, 10000);
    must_be(chat_v1_lock_service_renew(client, renewal, NULL, &renewed, error), CHAT_OK, "renew");
    CHECK(chat_v1_renew_lock_reply_fence(renewed) == first, "another fence");
    chat_v1_renew_lock_reply_destroy(renewed);
    chat_v1_renew_lock_request_destroy(renewal);
    must_be(release(first_token), CHAT_OK, "release");
    must_be(acquire(second_token, 0, &second), CHAT_OK, "acquire");
    CHECK(second > first, "the fence did not grow");
    must_be(release(second_token), CHAT_OK, "release");
    must_fail(release(second_token), CHAT_FAILED_PRECONDITION, "LOST", "a second release");
}

static void *acquire_in_line(void *fence) {
    CHECK(acquire_telling(second_token, 10000, fence, NULL) == CHAT_OK, "acquire in line");
    return NULL;
}

static void run_lock_taken(void) {
    uint64_t first, second = 0;
    pthread_t thread;
    must_be(acquire(first_token, 0, &first), CHAT_OK, "acquire");
    must_fail(acquire(second_token, 0, NULL), CHAT_ABORTED, "NOT_ACQUIRED", "a taken lock");
    CHECK(!pthread_create(&thread, NULL, acquire_in_line, &second), "a thread");
    CHECK(release(first_token) == CHAT_OK, "release");
    pthread_join(thread, NULL);
    CHECK(second > first, "the fence did not grow");
}

static void run_lock_kept(void) {
    chat_lock *lock;
    must_be(chat_lock_acquire(client, "k", 300, 0, "conformance", NULL, &lock, error), CHAT_OK, "acquire");
    pause_for(1);
    CHECK(chat_lock_is_held(lock) && chat_lock_fence(lock) > 0, "it was not kept");
    must_be(chat_lock_release(lock, error), CHAT_OK, "release");
    CHECK(!chat_lock_is_held(lock), "it is still held");
    chat_lock_destroy(lock);
    must_be(acquire(first_token, 0, NULL), CHAT_OK, "acquire");
}

static void told(void *user) { atomic_store((atomic_int *)user, 1); }

static void run_lock_lost(void) {
    chat_lock *lock;
    atomic_int is_told = 0;
    must_be(chat_lock_acquire(client, "k", 1000, 0, NULL, NULL, &lock, error), CHAT_OK, "acquire");
    chat_lock_on_loss(lock, told, &is_told);
    order("kill 1");
    order("start 1");
    double end = now() + 5;
    while (chat_lock_is_held(lock) && now() < end) pause_for(0.01);
    CHECK(!chat_lock_is_held(lock), "it is still held");
    while (!atomic_load(&is_told) && now() < end) pause_for(0.01);
    CHECK(atomic_load(&is_told), "nobody was told");
    must_fail(chat_lock_release(lock, error), CHAT_FAILED_PRECONDITION, "LOST", "its release");
    chat_lock_destroy(lock);
}

/* ---- Deadlines and cancellation ---------------------------------------------------------------------------------- */

static void run_deadline(void) {
    double begin = now();
    must_fail(ask("s", 300, NULL), CHAT_DEADLINE_EXCEEDED, NULL, "chat");
    took(begin, 0.25, 2);
}

static void run_deadline_stream(void) {
    char text[64] = "";
    double begin = now();
    chat_answer *answer = open_stream("s", NULL, 500);
    must_fail(read_answer(answer, false, text, sizeof text, NULL), CHAT_DEADLINE_EXCEEDED, NULL, "stream");
    took(begin, 0.45, 2);
    CHECK(!strcmp(text, "one two"), "the text is %s", text);
    chat_answer_destroy(answer);
}

static void run_deadline_silence(void) {
    order("pause 1");
    double begin = now();
    must_fail(ask("s", 500, NULL), CHAT_DEADLINE_EXCEEDED, NULL, "chat");
    took(begin, 0.45, 2);
    order("continue 1");
    must_be(ask("s", 10000, NULL), CHAT_OK, "chat");
}

static chat_cancellation *cancellation;

static void *ask_cancellable(void *own_error) {
    chat_call_options *options = with_timeout(20000);
    chat_v1_chat_reply *reply;
    chat_call_options_set_cancellation(options, cancellation);
    int32_t status = chat_ask(client, "s", "hello", options, &reply, own_error);
    chat_call_options_destroy(options);
    return (void *)(intptr_t)status;
}

static void run_cancel(void) {
    pthread_t thread;
    void *status;
    chat_error *own;
    must_be(chat_error_create(&own), CHAT_OK, "error");
    must_be(chat_cancellation_create(&cancellation), CHAT_OK, "cancellation");
    CHECK(!pthread_create(&thread, NULL, ask_cancellable, own), "a thread");
    until_refusal(CHAT_ABORTED);
    chat_cancellation_trigger(cancellation);
    pthread_join(thread, &status);
    CHECK((intptr_t)status == CHAT_CANCELLED && chat_error_status(own) == CHAT_CANCELLED, "it was not cancelled");
    until_refusal(CHAT_DEADLINE_EXCEEDED);
    chat_cancellation_destroy(cancellation);
    chat_error_destroy(own);
}

static void run_cancel_stream(void) {
    chat_answer *answer = open_stream("s", NULL, 20000);
    first_text(answer);
    chat_answer_cancel(answer);
    must_fail(read_answer(answer, false, NULL, 0, NULL), CHAT_CANCELLED, NULL, "stream");
    chat_answer_destroy(answer);
    until_refusal(CHAT_DEADLINE_EXCEEDED);
}

static void run_cancel_turn(void) {
    chat_v1_cancel_turn_request *request;
    chat_v1_cancel_turn_reply *reply;
    chat_answer *answer = open_stream("s", "t", 20000);
    first_text(answer);
    must_be(chat_v1_cancel_turn_request_create(&request), CHAT_OK, "request");
    chat_v1_cancel_turn_request_set_turn_id(request, "t", 1);
    chat_v1_cancel_turn_request_set_session_id(request, "s", 1);
    must_be(chat_v1_chat_service_cancel_turn(client, request, NULL, &reply, error), CHAT_OK, "CancelTurn");
    CHECK(chat_v1_cancel_turn_reply_outcome(reply) == CHAT_V1_CANCEL_OUTCOME_CANCELLED, "another outcome");
    chat_v1_cancel_turn_reply_destroy(reply);
    chat_v1_cancel_turn_request_destroy(request);
    must_fail(read_answer(answer, false, NULL, 0, NULL), CHAT_CANCELLED, "TURN_CANCELLED", "stream");
    chat_answer_destroy(answer);
}

/* ---- Servers that go --------------------------------------------------------------------------------------------- */

static void run_killed(void) {
    chat_answer *answer = open_stream("s", NULL, 20000);
    first_text(answer);
    order("kill 1");
    double begin = now();
    must_fail(read_answer(answer, false, NULL, 0, NULL), CHAT_UNAVAILABLE, NULL, "stream");
    took(begin, 0, 5);
    chat_answer_destroy(answer);
    begin = now();
    int32_t status = ask("s", 2000, NULL);
    CHECK(status == CHAT_UNAVAILABLE || status == CHAT_DEADLINE_EXCEEDED, "chat: %s", chat_status_name(status));
    took(begin, 0, 5);
}

static void run_reconnect(void) {
    must_be(ask("s", 10000, NULL), CHAT_OK, "chat");
    order("kill 1");
    order("start 1");
    must_be(ask("s", 10000, NULL), CHAT_OK, "chat");
}

static void *restart(void *unused) {
    pause_for(0.5);
    order("kill 1");
    order("start 1");
    return unused;
}

static void run_retry(void) {
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, restart, NULL), "a thread");
    must_be(ask("s", 30000, "one two three four five"), CHAT_OK, "chat");
    pthread_join(thread, NULL);
    CHECK(message_count("s") == 2, "it is not stored once");
}

static void run_nobody_there(void) {
    order("kill 1");
    double begin = now();
    int32_t status = ask("s", 2000, NULL);
    CHECK(status == CHAT_DEADLINE_EXCEEDED ||
              (status == CHAT_UNAVAILABLE && !strcmp(chat_error_reason(error), "NOT_CONNECTED")),
        "chat: %s %s", chat_status_name(status), chat_error_message(error));
    CHECK(chat_error_origin(error) == CHAT_ORIGIN_LOCAL && chat_error_is_retryable(error), "its details");
    took(begin, 0, 4);
}

static void run_several_addresses(void) {
    order("kill 1");
    must_be(ask("s", 10000, NULL), CHAT_OK, "chat");
    order("start 1");
    order("kill 2");
    must_be(ask("s", 10000, NULL), CHAT_OK, "chat");
}

static void *ask_in_thread(void *number) {
    char session[16];
    chat_v1_chat_reply *reply;
    snprintf(session, sizeof session, "s%d", (int)(intptr_t)number);
    CHECK(chat_ask(client, session, "hello", NULL, &reply, NULL) == CHAT_OK, "a chat while the server drains");
    chat_v1_chat_reply_destroy(reply);
    return NULL;
}

static void run_drain(void) {
    pthread_t threads[20];
    int finished = 0;
    chat_answer *answer = open_stream("streamed", NULL, 20000);
    first_text(answer);
    order("drain 1");
    for (intptr_t i = 0; i < 20; i++)
        CHECK(!pthread_create(&threads[i], NULL, ask_in_thread, (void *)i), "a thread");
    must_be(read_answer(answer, false, NULL, 0, &finished), CHAT_END, "stream");
    CHECK(finished == 1, "the stream did not finish");
    for (int i = 0; i < 20; i++) pthread_join(threads[i], NULL);
    chat_answer_destroy(answer);
    order("ended 1");
}

/* ---- What is refused --------------------------------------------------------------------------------------------- */

static void run_oversize(void) {
    must_fail(echo(100000), CHAT_RESOURCE_EXHAUSTED, "FRAME_TOO_LARGE", "a large echo");
    CHECK(chat_error_info(error, "frame_bytes_max"), "the limit is not told");
    must_be(echo(1000), CHAT_OK, "echo");
}

static void run_bad_utf8(void) {
    chat_v1_chat_reply *reply;
    must_fail(chat_ask(client, "s", "\xFF", NULL, &reply, error), CHAT_INVALID_ARGUMENT, NULL, "chat");
}

static void run_bad_session_id(void) { must_fail(ask("a b", 0, NULL), CHAT_INVALID_ARGUMENT, "SESSION_ID", "chat"); }

static void run_not_found(void) {
    chat_v1_get_session_request *request;
    chat_v1_session *found;
    must_be(chat_v1_get_session_request_create(&request), CHAT_OK, "request");
    chat_v1_get_session_request_set_session_id(request, "none", 4);
    must_fail(chat_v1_session_service_get_session(client, request, NULL, &found, error), CHAT_NOT_FOUND, NULL, "it");
    CHECK(chat_error_origin(error) == CHAT_ORIGIN_SERVER, "its origin");
    chat_v1_get_session_request_destroy(request);
}

static void run_switched_off(void) { must_fail(echo(1), CHAT_UNIMPLEMENTED, NULL, "echo"); }

static void run_session_busy(void) {
    chat_answer *answer = open_stream("s", NULL, 20000);
    first_text(answer);
    must_fail(ask_refusing(5000), CHAT_ABORTED, "SESSION_BUSY", "chat");
    chat_answer_destroy(answer);
}

static void run_model_refuses(void) {
    must_fail(ask("s", 5000, NULL), CHAT_RESOURCE_EXHAUSTED, "MODEL_RATE_LIMITED", "chat");
    int64_t wait = chat_error_retry_after(error);
    CHECK(wait > 50000 && wait <= 60000 && chat_error_is_retryable(error), "again after %lld ms", (long long)wait);
}

static void run_slow_reader(void) {
    int finished = 0;
    chat_answer *answer = open_stream("s", NULL, 30000);
    first_text(answer);
    for (int i = 0; i < 100; i++) must_be(echo(10), CHAT_OK, "echo");
    must_be(read_answer(answer, false, NULL, 0, &finished), CHAT_END, "stream");
    CHECK(finished == 1, "the stream did not finish");
    chat_answer_destroy(answer);
}

static void run_closed(void) {
    must_be(ask("s", 0, NULL), CHAT_OK, "chat");
    chat_client_close(client);
    must_fail(ask("s", 0, NULL), CHAT_CANCELLED, "CLIENT_CLOSED", "chat");
}

/* ------------------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"echo", run_echo}, {"many-at-once", run_many_at_once}, {"chat", run_chat}, {"chat-again", run_chat_again},
    {"stream", run_stream}, {"sessions", run_sessions}, {"pages", run_pages}, {"lock", run_lock},
    {"lock-taken", run_lock_taken}, {"lock-kept", run_lock_kept}, {"lock-lost", run_lock_lost},
    {"deadline", run_deadline}, {"deadline-stream", run_deadline_stream}, {"deadline-silence", run_deadline_silence},
    {"cancel", run_cancel}, {"cancel-stream", run_cancel_stream}, {"cancel-turn", run_cancel_turn},
    {"killed", run_killed}, {"reconnect", run_reconnect}, {"retry", run_retry}, {"nobody-there", run_nobody_there},
    {"several-addresses", run_several_addresses}, {"drain", run_drain}, {"unix-socket", run_chat},
    {"oversize", run_oversize}, {"bad-utf8", run_bad_utf8}, {"bad-session-id", run_bad_session_id},
    {"not-found", run_not_found}, {"switched-off", run_switched_off}, {"session-busy", run_session_busy},
    {"model-refuses", run_model_refuses}, {"slow-reader", run_slow_reader}, {"closed", run_closed},
};

int main(int argc, char **argv) {
    if (argc != 3) fail("usage: conformance CASE ADDRESS[,ADDRESS]");
    if (chat_error_create(&error) != CHAT_OK) fail("no memory");
    must_be(chat_client_create(argv[2], NULL, &client, error), CHAT_OK, "client");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(cases[i].name, argv[1])) continue;
        cases[i].run();
        chat_client_destroy(client);
        chat_error_destroy(error);
        puts("pass");
        return 0;
    }
    fail("no such case");
}
