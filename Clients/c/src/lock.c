/* A lock in the hand: a thread renews it while it is held, and tells when it is lost. */

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "chatclient_turns.h"
#include "internal.h"

enum { RETRIES_PER_TTL = 10, RELEASE_ATTEMPTS_MAX = 3, RELEASE_TIMEOUT = 5000, GIVE_UP_TIMEOUT = 1000 };

struct chat_lock {
    chat_client *client;
    char *key;
    char token[33];
    int64_t ttl;
    uint64_t fence;
    pthread_t thread;
    /* Cuts a renewal short when the lock is given back. */
    chat_cancellation *stop;
    int descriptor;
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    /* All below is guarded by the mutex. */
    int64_t expires_at;
    bool is_released, is_lost, is_calling;
    void (*callback)(void *user);
    void *user;
};

static int32_t make_token(char token[33], chat_error *error) {
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return error_set(error, CHAT_INTERNAL, "RANDOM", "this system gives no random numbers");
    for (size_t i = 0; i < sizeof bytes; i++) {
        token[2 * i] = digits[bytes[i] >> 4];
        token[2 * i + 1] = digits[bytes[i] & 15];
    }
    token[32] = 0;
    return CHAT_OK;
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

static int32_t release_once(
    chat_client *client, const char *key, const char *token, int64_t timeout, chat_error *error) {
    chat_v1_release_lock_request *request;
    chat_v1_release_lock_reply *reply;
    chat_call_options *options = NULL;
    if (chat_v1_release_lock_request_create(&request) != CHAT_OK) return error_no_memory(error);
    int32_t status = chat_call_options_create(&options);
    if (status == CHAT_OK) status = chat_call_options_set_timeout(options, timeout);
    if (status == CHAT_OK) status = chat_v1_release_lock_request_set_key(request, key, strlen(key));
    if (status == CHAT_OK) status = chat_v1_release_lock_request_set_token(request, token, strlen(token));
    if (status != CHAT_OK) {
        error_no_memory(error);
    } else {
        status = chat_v1_lock_service_release(client, request, options, &reply, error);
        if (status == CHAT_OK) chat_v1_release_lock_reply_destroy(reply);
    }
    chat_call_options_destroy(options);
    chat_v1_release_lock_request_destroy(request);
    return status;
}

/* Repeated here and not below: the answer of a repeated release means something else. */
static int32_t release(chat_client *client, const char *key, const char *token, int64_t timeout, chat_error *error) {
    chat_error own;
    int32_t status = CHAT_OK;
    bool may_be_released = false;
    error_clear(&own);
    for (int attempt = 0; attempt < RELEASE_ATTEMPTS_MAX; attempt++) {
        status = release_once(client, key, token, timeout, &own);
        if (may_be_released && !strcmp(own.reason, "LOST")) status = CHAT_OK;
        if (status != CHAT_UNAVAILABLE) break;
        may_be_released = true;
    }
    if (error) *error = own;
    if (status == CHAT_OK) error_clear(error);
    return status;
}

/* Renews once; false with an error, which says LOST or that no answer came. */
static bool renew(chat_lock *lock, chat_call_options *options, int64_t left, chat_error *error) {
    chat_v1_renew_lock_request *request;
    chat_v1_renew_lock_reply *reply;
    int64_t asked_at = clock_now();
    if (chat_v1_renew_lock_request_create(&request) != CHAT_OK) {
        error_no_memory(error);
        return false;
    }
    int32_t status = chat_v1_renew_lock_request_set_key(request, lock->key, strlen(lock->key));
    if (status == CHAT_OK) status = chat_v1_renew_lock_request_set_token(request, lock->token, 32);
    chat_v1_renew_lock_request_set_ttl_milliseconds(request, (uint32_t)lock->ttl);
    chat_call_options_set_timeout(options, left / MILLISECOND + 1);
    if (status == CHAT_OK) status = chat_v1_lock_service_renew(lock->client, request, options, &reply, error);
    else error_no_memory(error);
    if (status == CHAT_OK) {
        int64_t lease = (int64_t)chat_v1_renew_lock_reply_expires_in_milliseconds(reply);
        pthread_mutex_lock(&lock->mutex);
        if (asked_at + lease * MILLISECOND > lock->expires_at) lock->expires_at = asked_at + lease * MILLISECOND;
        pthread_mutex_unlock(&lock->mutex);
        chat_v1_renew_lock_reply_destroy(reply);
    }
    chat_v1_renew_lock_request_destroy(request);
    return status == CHAT_OK;
}

/* ---- Renewing ---------------------------------------------------------------------------------------------------- */

/* Calls the callback once, without the mutex. The mutex is locked. */
static void tell_loss(chat_lock *lock) {
    void (*callback)(void *) = lock->callback;
    if (!callback) return;
    lock->callback = NULL;
    lock->is_calling = true;
    pthread_mutex_unlock(&lock->mutex);
    callback(lock->user);
    pthread_mutex_lock(&lock->mutex);
    lock->is_calling = false;
    pthread_cond_broadcast(&lock->condition);
}

static void become_lost(chat_lock *lock) {
    uint64_t one = 1;
    lock->is_lost = true;
    lock->expires_at = 0;
    /* A new descriptor takes it. */
    if (write(lock->descriptor, &one, sizeof one) < 0) return;
    tell_loss(lock);
}

static void wait_until(chat_lock *lock, int64_t instant) {
    struct timespec until = {.tv_sec = instant / 1000000000, .tv_nsec = instant % 1000000000};
    while (!lock->is_released && clock_now() < instant)
        if (pthread_cond_timedwait(&lock->condition, &lock->mutex, &until) != 0) return;
}

static void *keep_renewing(void *argument) {
    chat_lock *lock = argument;
    chat_call_options *options = NULL;
    int64_t third = lock->ttl * MILLISECOND / 3;
    pthread_mutex_lock(&lock->mutex);
    int64_t next = lock->expires_at - 2 * third;
    while (!lock->is_released) {
        wait_until(lock, next);
        int64_t asked_at = clock_now(), left = lock->expires_at - asked_at;
        if (lock->is_released) break;
        if (left <= 0) {
            become_lost(lock);
            break;
        }
        pthread_mutex_unlock(&lock->mutex);
        chat_error error;
        error_clear(&error);
        bool can_ask = options || chat_call_options_create(&options) == CHAT_OK;
        if (can_ask) chat_call_options_set_cancellation(options, lock->stop);
        bool is_renewed = can_ask && renew(lock, options, left, &error);
        pthread_mutex_lock(&lock->mutex);
        if (lock->is_released) break;
        if (!is_renewed && !strcmp(error.reason, "LOST")) {
            become_lost(lock);
            break;
        }
        /* No answer: as long as the lease lives, it may still be renewed. */
        next = is_renewed ? asked_at + third : clock_now() + lock->ttl * MILLISECOND / RETRIES_PER_TTL;
        if (next > lock->expires_at) next = lock->expires_at;
    }
    pthread_mutex_unlock(&lock->mutex);
    chat_call_options_destroy(options);
    return NULL;
}

/* ---- Taking and giving back -------------------------------------------------------------------------------------- */

static void free_lock(chat_lock *lock) {
    if (lock->descriptor >= 0) close(lock->descriptor);
    chat_cancellation_destroy(lock->stop);
    pthread_cond_destroy(&lock->condition);
    pthread_mutex_destroy(&lock->mutex);
    free(lock->key);
    free(lock);
}

static chat_lock *make(chat_client *client, const char *key, int64_t ttl) {
    chat_lock *made = calloc(1, sizeof *made);
    pthread_condattr_t attributes;
    if (!made) return NULL;
    made->client = client;
    made->ttl = ttl;
    made->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    made->key = strdup(key);
    pthread_mutex_init(&made->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&made->condition, &attributes);
    pthread_condattr_destroy(&attributes);
    if (chat_cancellation_create(&made->stop) == CHAT_OK && made->key && made->descriptor >= 0) return made;
    free_lock(made);
    return NULL;
}

static int32_t acquire(
    chat_lock *lock, int64_t wait, const char *label, const chat_call_options *options, chat_error *error) {
    chat_v1_acquire_lock_request *request;
    chat_v1_acquire_lock_reply *reply;
    chat_call_options own = {0};
    if (options) own = *options;
    if (own.timeout == 0) own.timeout = lock->client->options.call_timeout + wait;
    if (chat_v1_acquire_lock_request_create(&request) != CHAT_OK) return error_no_memory(error);
    int32_t status = chat_v1_acquire_lock_request_set_key(request, lock->key, strlen(lock->key));
    if (status == CHAT_OK) status = chat_v1_acquire_lock_request_set_token(request, lock->token, 32);
    if (status == CHAT_OK && label)
        status = chat_v1_acquire_lock_request_set_owner_label(request, label, strlen(label));
    chat_v1_acquire_lock_request_set_ttl_milliseconds(request, (uint32_t)lock->ttl);
    chat_v1_acquire_lock_request_set_wait_milliseconds(request, (uint32_t)wait);
    int64_t asked_at = clock_now();
    if (status == CHAT_OK) status = chat_v1_lock_service_acquire(lock->client, request, &own, &reply, error);
    else error_no_memory(error);
    if (status == CHAT_OK) {
        /* The lease began when the reply was sent, no earlier than the request unless there was a wait. */
        int64_t began_at = wait > 0 ? clock_now() : asked_at;
        lock->fence = chat_v1_acquire_lock_reply_fence(reply);
        lock->expires_at =
            began_at + (int64_t)chat_v1_acquire_lock_reply_expires_in_milliseconds(reply) * MILLISECOND;
        chat_v1_acquire_lock_reply_destroy(reply);
    }
    chat_v1_acquire_lock_request_destroy(request);
    return status;
}

int32_t chat_lock_acquire(
    chat_client *client, const char *key, int64_t ttl, int64_t wait, const char *owner_label,
    const chat_call_options *options, chat_lock **lock, chat_error *error) {
    error_clear(error);
    if (ttl < 1 || ttl > INT32_MAX || wait < 0 || wait > INT32_MAX)
        return error_set(error, CHAT_INVALID_ARGUMENT, "LOCK_TTL",
            "a lock lives for 100 to 3,600,000 milliseconds and is waited for at most 60,000");
    chat_lock *made = make(client, key, ttl);
    if (!made) return error_no_memory(error);
    int32_t status = make_token(made->token, error);
    if (status == CHAT_OK) status = acquire(made, wait, owner_label, options, error);
    if (status == CHAT_OK) {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        int problem = pthread_create(&made->thread, NULL, keep_renewing, made);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (problem == 0) {
            *lock = made;
            return CHAT_OK;
        }
        release(client, key, made->token, GIVE_UP_TIMEOUT, NULL);
        status = error_set(error, CHAT_RESOURCE_EXHAUSTED, "THREADS", "no thread can be started");
    } else if (status == CHAT_CANCELLED || status == CHAT_DEADLINE_EXCEEDED || status == CHAT_UNAVAILABLE) {
        /* Without an answer the lease may exist, and would keep others out until it ends. */
        release_once(client, key, made->token, GIVE_UP_TIMEOUT, NULL);
    }
    free_lock(made);
    return status;
}

uint64_t chat_lock_fence(const chat_lock *lock) { return lock->fence; }

int64_t chat_lock_time_left(chat_lock *lock) {
    pthread_mutex_lock(&lock->mutex);
    int64_t left = lock->is_released ? 0 : lock->expires_at - clock_now();
    pthread_mutex_unlock(&lock->mutex);
    return left > 0 ? (left + MILLISECOND - 1) / MILLISECOND : 0;
}

bool chat_lock_is_held(chat_lock *lock) { return chat_lock_time_left(lock) > 0; }

int32_t chat_lock_descriptor(chat_lock *lock) { return lock->descriptor; }

void chat_lock_on_loss(chat_lock *lock, void (*callback)(void *user), void *user) {
    pthread_mutex_lock(&lock->mutex);
    lock->callback = callback;
    lock->user = user;
    if (lock->is_lost) tell_loss(lock);
    pthread_mutex_unlock(&lock->mutex);
}

int32_t chat_lock_release(chat_lock *lock, chat_error *error) {
    pthread_mutex_lock(&lock->mutex);
    bool was_released = lock->is_released, was_lost = lock->is_lost;
    lock->is_released = true;
    pthread_cond_broadcast(&lock->condition);
    pthread_mutex_unlock(&lock->mutex);
    error_clear(error);
    if (!was_released) chat_cancellation_trigger(lock->stop);
    if (was_lost) return error_set(error, CHAT_FAILED_PRECONDITION, "LOST", "the lock was lost before");
    if (was_released) return CHAT_OK;
    /* Without an answer it is settled by the lease's end. */
    return release(lock->client, lock->key, lock->token, RELEASE_TIMEOUT, error);
}

void chat_lock_destroy(chat_lock *lock) {
    if (!lock) return;
    chat_lock_release(lock, NULL);
    pthread_join(lock->thread, NULL);
    pthread_mutex_lock(&lock->mutex);
    while (lock->is_calling) pthread_cond_wait(&lock->condition, &lock->mutex);
    pthread_mutex_unlock(&lock->mutex);
    free_lock(lock);
}
