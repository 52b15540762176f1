/* Turns and locks with little code. Included by chatclient.h. */
#include "chatclient.h"

#ifndef CHATCLIENT_TURNS_H
#define CHATCLIENT_TURNS_H

#ifdef __cplusplus
extern "C" {
#endif

/* A streamed answer that is checked: no piece of it is missing when it ends. */
typedef struct chat_answer chat_answer;
/* A lock that is renewed in the background. */
typedef struct chat_lock chat_lock;

/* ---- Turns ------------------------------------------------------------------------------------------------------- */

/* Asks and returns the whole answer.
 *
 * session_id: the conversation; NULL or "" to begin a new one, whose id the reply tells. message: UTF-8, ends with a
 * zero. The turn gets an id, so a call that is tried again asks the model once and is stored once. */
CHAT_API int32_t chat_ask(
    chat_client *client, const char *session_id, const char *message, const chat_call_options *options,
    chat_v1_chat_reply **reply, chat_error *error);
/* The same with a request of the caller's, which gets a turn id if it has none. */
CHAT_API int32_t chat_ask_request(
    chat_client *client, chat_v1_chat_request *request, const chat_call_options *options, chat_v1_chat_reply **reply,
    chat_error *error);
/* Asks and returns the answer piece by piece. The request, which is not used after that, gets a turn id if it has none.
 */
CHAT_API int32_t chat_answer_open(
    chat_client *client, chat_v1_chat_request *request, const chat_call_options *options, chat_answer **answer,
    chat_error *error);
/* The next event, as chat_stream_next. CHAT_END comes after the event that the turn is finished and stored, and only
 * if nothing of it was lost; else CHAT_DATA_LOSS, EVENTS_LOST: ask again with the same turn id. */
CHAT_API int32_t chat_answer_next(
    chat_answer *answer, int64_t timeout, chat_v1_chat_event **event, chat_error *error);
/* Cancels the turn, which then stores nothing. From any thread. */
CHAT_API void chat_answer_cancel(chat_answer *answer);
/* Cancels the turn unless it is over, and releases the answer. */
CHAT_API void chat_answer_destroy(chat_answer *answer);

/* Called for each event on the thread that asked; the event lives until it returns. False cancels the turn. */
typedef bool (*chat_event_callback)(const chat_v1_chat_event *event, void *user);
/* Asks and gives each event to the callback; returns when the answer is over: CHAT_OK when it is whole. */
CHAT_API int32_t chat_ask_events(
    chat_client *client, chat_v1_chat_request *request, const chat_call_options *options, chat_event_callback callback,
    void *user, chat_error *error);

/* ---- Locks ------------------------------------------------------------------------------------------------------- */

/* Takes the lock on `key` and renews it in the background, every third of `ttl`, until it is released or lost.
 *
 * key: 1 to 256 bytes without control characters, spaces or braces. ttl: how long it stays taken when this process
 * dies, 100 to 3,600,000 milliseconds. wait: how long to wait in line, 0 to 60,000. owner_label: tells others who
 * holds it; NULL for none. CHAT_ABORTED, NOT_ACQUIRED when someone else holds it.
 *
 * A lease is no guarantee on its own: a process may be paused past its end. Give chat_lock_fence to what you write to,
 * and let it refuse a smaller one. */
CHAT_API int32_t chat_lock_acquire(
    chat_client *client, const char *key, int64_t ttl, int64_t wait, const char *owner_label,
    const chat_call_options *options, chat_lock **lock, chat_error *error);
/* Greater than that of every lease on this key before. */
CHAT_API uint64_t chat_lock_fence(const chat_lock *lock);
/* False once the lease has ended by this machine's clock, was lost or given back. */
CHAT_API bool chat_lock_is_held(chat_lock *lock);
/* Milliseconds until the lease ends unless it is renewed; 0 when it has. */
CHAT_API int64_t chat_lock_time_left(chat_lock *lock);
/* A descriptor that can be read once the lock is lost. Never read from it. Lives as long as the lock. */
CHAT_API int32_t chat_lock_descriptor(chat_lock *lock);
/* Has a function called, on a thread of the library's, when the lock is lost; at once if it is lost already. Set once.
 * It must not destroy the lock. */
CHAT_API void chat_lock_on_loss(chat_lock *lock, void (*callback)(void *user), void *user);
/* Gives the lock back. CHAT_FAILED_PRECONDITION, LOST when it was lost before. The handle lives on. */
CHAT_API int32_t chat_lock_release(chat_lock *lock, chat_error *error);
/* Gives the lock back unless that was done, and releases the handle. */
CHAT_API void chat_lock_destroy(chat_lock *lock);

#ifdef __cplusplus
}
#endif

#endif
