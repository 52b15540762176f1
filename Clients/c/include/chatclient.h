/* The C client of Chat Service: calls, streams and locks over one multiplexed connection.
 *
 * Status. Every function that can fail returns an int32_t: CHAT_OK, one of the codes below, CHAT_END or CHAT_TIMEOUT.
 * Details go to a chat_error of the caller's, which may be NULL.
 *
 * Memory. Handles are opaque; X_create gives one to the caller, X_destroy takes it back and accepts NULL. Bytes that a
 * function gives out are released with chat_bytes_free. What a function is given is copied or used before it returns.
 * Texts are UTF-8. A length is in bytes; a text with a length need not end with a zero.
 *
 * Threads. Any function may be called from any thread at the same time, except that a handle is destroyed when nobody
 * uses it any more, and that an error object belongs to one thread at a time. No callback runs after the destroy
 * function of its handle has returned.
 *
 * Time. Timeouts are in milliseconds. A call's timeout covers everything: waiting in line, connecting, sending, every
 * retry, and the answer.
 *
 * Process. The library starts one thread for each client, which takes no signals. It writes nothing to standard output
 * or standard error, sets no signal handlers, keeps no global state, and its descriptors are closed on exec. After
 * fork() a child must not use its parent's handles, nor destroy them; it makes its own.
 */
#ifndef CHATCLIENT_H
#define CHATCLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CHAT_API __attribute__((visibility("default")))
#else
#define CHAT_API
#endif

/* The version of this header. */
#define CHAT_VERSION "1.0.0"

/* Outcomes. The positive ones are gRPC's and come from the server as well as from this library. More may be added. */
enum {
    /* Nothing came within the timeout of chat_stream_next or chat_queue_next; ask again. */
    CHAT_TIMEOUT = -2,
    /* A stream is over, and it was whole. */
    CHAT_END = -1,
    CHAT_OK = 0,
    CHAT_CANCELLED = 1,
    CHAT_UNKNOWN = 2,
    CHAT_INVALID_ARGUMENT = 3,
    CHAT_DEADLINE_EXCEEDED = 4,
    CHAT_NOT_FOUND = 5,
    CHAT_ALREADY_EXISTS = 6,
    CHAT_PERMISSION_DENIED = 7,
    CHAT_RESOURCE_EXHAUSTED = 8,
    CHAT_FAILED_PRECONDITION = 9,
    CHAT_ABORTED = 10,
    CHAT_OUT_OF_RANGE = 11,
    CHAT_UNIMPLEMENTED = 12,
    CHAT_INTERNAL = 13,
    CHAT_UNAVAILABLE = 14,
    CHAT_DATA_LOSS = 15,
    CHAT_UNAUTHENTICATED = 16
};

/* Where an error comes from. */
enum {
    CHAT_ORIGIN_NONE = 0,
    /* This library. */
    CHAT_ORIGIN_LOCAL = 1,
    /* The server. */
    CHAT_ORIGIN_SERVER = 2
};

/* What went wrong. */
typedef struct chat_error chat_error;
/* How a client and its calls behave. */
typedef struct chat_options chat_options;
/* A connection to one of several servers, made anew when it is lost. */
typedef struct chat_client chat_client;
/* What one call has of its own. */
typedef struct chat_call_options chat_call_options;
/* Cancels calls from elsewhere. */
typedef struct chat_cancellation chat_cancellation;
/* A call whose answer comes in several messages. */
typedef struct chat_stream chat_stream;
/* Calls that complete without a thread that waits for each. */
typedef struct chat_queue chat_queue;
/* One message or the end of a call of a queue. */
typedef struct chat_completion chat_completion;

/* The library's version, such as "1.0.0". Static. */
CHAT_API const char *chat_version(void);
/* Grows when the library's binary interface grows; the same as long as it stays. */
CHAT_API int32_t chat_abi_version(void);
/* The name of a status, such as "UNAVAILABLE"; "UNKNOWN" for numbers that are none. Static. */
CHAT_API const char *chat_status_name(int32_t status);
/* Releases bytes that this library gave out. NULL is allowed. */
CHAT_API void chat_bytes_free(void *bytes);

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

/* An empty error, to be filled by calls. Each call that takes it empties it first. CHAT_RESOURCE_EXHAUSTED when there
 * is no memory. */
CHAT_API int32_t chat_error_create(chat_error **error);
/* Releases it. NULL is allowed. */
CHAT_API void chat_error_destroy(chat_error *error);
/* CHAT_OK when there was none. */
CHAT_API int32_t chat_error_status(const chat_error *error);
/* The reason for programs, such as "NOT_CONNECTED"; empty when the status says it all. proto/PROTOCOL.md lists them.
 * Valid until the error is used again, as all that follow. */
CHAT_API const char *chat_error_reason(const chat_error *error);
/* What went wrong and what to do, for people. Holds neither secrets nor conversation. At most 511 bytes. */
CHAT_API const char *chat_error_message(const chat_error *error);
/* True when the same call may succeed later. This library has tried again already where that was safe. */
CHAT_API bool chat_error_is_retryable(const chat_error *error);
/* After so many milliseconds it is worth trying again; -1 when not known. */
CHAT_API int64_t chat_error_retry_after(const chat_error *error);
/* One of CHAT_ORIGIN_. */
CHAT_API int32_t chat_error_origin(const chat_error *error);
/* A number or name that belongs to the reason, such as that of "frame_bytes_max"; NULL when there is none of that key.
 */
CHAT_API const char *chat_error_info(const chat_error *error, const char *key);

/* ---- Options of a client ----------------------------------------------------------------------------------------- */

/* Options with their defaults, which each setter names. A setter answers CHAT_INVALID_ARGUMENT to a value out of its
 * range and changes nothing then. A client copies its options. TLS will be set here. */
CHAT_API int32_t chat_options_create(chat_options **options);
/* Releases them; a client made with them lives on. NULL is allowed. */
CHAT_API void chat_options_destroy(chat_options *options);
/* The longest wait for one address to accept: 5,000. 1 to 3,600,000. Name resolution is the system's and ends by its
 * rules; calls do not wait for it longer than their own timeouts. */
CHAT_API int32_t chat_options_set_connect_timeout(chat_options *options, int64_t milliseconds);
/* The timeout of calls that have none of their own: 15,000. 1 to 2,147,483,647. */
CHAT_API int32_t chat_options_set_call_timeout(chat_options *options, int64_t milliseconds);
/* The same for whole answers of a model, streamed or not: 600,000. */
CHAT_API int32_t chat_options_set_chat_timeout(chat_options *options, int64_t milliseconds);
/* How often a call is tried in all, where trying again is safe: 4. 1 to 100. */
CHAT_API int32_t chat_options_set_attempts_max(chat_options *options, int32_t attempts);
/* The pauses between attempts: 100, doubled each time up to 10,000; the actual ones vary. 1 to 3,600,000. */
CHAT_API int32_t chat_options_set_back_off(chat_options *options, int64_t minimum, int64_t maximum);
/* Calls in flight at a time; more wait in line: 1,024. 1 to 1,024. */
CHAT_API int32_t chat_options_set_calls_in_flight_max(chat_options *options, int32_t calls);
/* After so long a silence the server is asked for a sign of life: 20,000; and is taken for dead after so much more:
 * 10,000. 1 to 3,600,000. */
CHAT_API int32_t chat_options_set_ping(chat_options *options, int64_t interval, int64_t timeout);
/* A connection is replaced at this age, give or take a tenth: 1,800,000. 0 for never. */
CHAT_API int32_t chat_options_set_connection_age_max(chat_options *options, int64_t milliseconds);
/* How much of one stream may wait for its reader: 262,144 bytes. Above it the connection is read no further, unless
 * other calls of this client would wait too: then the stream may take four times as much, and fails with
 * CHAT_RESOURCE_EXHAUSTED, SLOW_READER when it holds up the others for more than five seconds. 1,024 to 67,108,864. */
CHAT_API int32_t chat_options_set_stream_buffer_max(chat_options *options, size_t bytes);
/* The largest message that is sent or taken: 4,194,304 bytes. 1,024 to 16,777,215. Servers have limits of their own. */
CHAT_API int32_t chat_options_set_message_bytes_max(chat_options *options, size_t bytes);
/* Sent with every call, for example an authorization. The key in lower case; both without control characters, at most
 * 8,192 bytes together, at most 32 pairs. */
CHAT_API int32_t chat_options_add_metadata(chat_options *options, const char *key, const char *value);

/* ---- Clients ----------------------------------------------------------------------------------------------------- */

/* Makes a client that connects when it is first used.
 *
 * addresses: "host:port", "host", "[::1]:port" or "unix:/path", several separated by commas; tried in this order, after
 * a loss beginning with the next. Without a port 7420 is meant. options: NULL for the defaults.
 * CHAT_INVALID_ARGUMENT, BAD_ADDRESS for addresses that cannot be read; CHAT_RESOURCE_EXHAUSTED without memory or
 * descriptors. */
CHAT_API int32_t chat_client_create(
    const char *addresses, const chat_options *options, chat_client **client, chat_error *error);
/* Connects, to learn early whether a server can be reached. CHAT_UNAVAILABLE, NOT_CONNECTED with each address's failure
 * in words; CHAT_DEADLINE_EXCEEDED. */
CHAT_API int32_t chat_client_connect(chat_client *client, int64_t timeout, chat_error *error);
/* Ends the connection. Calls in flight and later ones fail with CHAT_CANCELLED, CLIENT_CLOSED. */
CHAT_API void chat_client_close(chat_client *client);
/* Closes and releases the client. Its streams, queues and locks must have been destroyed. */
CHAT_API void chat_client_destroy(chat_client *client);

/* ---- Options of a call ------------------------------------------------------------------------------------------- */

/* Options with their defaults. They may be used for several calls, at the same time, too, and be released once these
 * have begun. CHAT_RESOURCE_EXHAUSTED when there is no memory. */
CHAT_API int32_t chat_call_options_create(chat_call_options **options);
/* Releases them. NULL is allowed. */
CHAT_API void chat_call_options_destroy(chat_call_options *options);
/* The call's timeout; 0 for the client's. 0 to 2,147,483,647. */
CHAT_API int32_t chat_call_options_set_timeout(chat_call_options *options, int64_t milliseconds);
/* True when the call may be sent again though the server may have acted on it. False unless set; the typed calls set it
 * by themselves where it is so. */
CHAT_API int32_t chat_call_options_set_safe_to_retry(chat_call_options *options, bool is_safe);
/* Sent with the call beside the client's own; a key of the client's is replaced. Limits as of the client's. */
CHAT_API int32_t chat_call_options_add_metadata(chat_call_options *options, const char *key, const char *value);
/* Lets another thread cancel the call. The cancellation must outlive the call. NULL for none. */
CHAT_API int32_t chat_call_options_set_cancellation(chat_call_options *options, chat_cancellation *cancellation);

/* Cancels calls from another thread: those that have it in their options and run, and all that begin later. */
CHAT_API int32_t chat_cancellation_create(chat_cancellation **cancellation);
/* Releases it, when no call that has it runs any more. NULL is allowed. */
CHAT_API void chat_cancellation_destroy(chat_cancellation *cancellation);
/* The calls fail with CHAT_CANCELLED, and the server is told. Safe to repeat. Not from a signal handler. */
CHAT_API void chat_cancellation_trigger(chat_cancellation *cancellation);

/* ---- Raw calls --------------------------------------------------------------------------------------------------- */

/* Makes a unary call and waits for its answer.
 *
 * service: the full name, such as "chat.v1.ChatService"; method: "Chat". request: the packed message; NULL with length
 * 0 for an empty one. reply, reply_length: the packed reply, to be released with chat_bytes_free; not touched on
 * failure. */
CHAT_API int32_t chat_call(
    chat_client *client, const char *service, const char *method, const void *request, size_t request_length,
    const chat_call_options *options, uint8_t **reply, size_t *reply_length, chat_error *error);

/* Begins a call whose answer is a stream. Fails at once only for what can be seen at once. */
CHAT_API int32_t chat_stream_open(
    chat_client *client, const char *service, const char *method, const void *request, size_t request_length,
    const chat_call_options *options, chat_stream **stream, chat_error *error);
/* Waits for the next message, at most `timeout` milliseconds; -1 for as long as the call lasts, 0 not at all.
 *
 * CHAT_OK: message, message_length is the packed message, to be released with chat_bytes_free. CHAT_END: the stream is
 * over. CHAT_TIMEOUT: nothing yet. Else the call has failed, and fails in the same way when asked again. One thread
 * reads a stream at a time. */
CHAT_API int32_t chat_stream_next(
    chat_stream *stream, int64_t timeout, uint8_t **message, size_t *message_length, chat_error *error);
/* Cancels the call; what has come may still be read, then CHAT_CANCELLED. From any thread. */
CHAT_API void chat_stream_cancel(chat_stream *stream);
/* Cancels the call, unless it is over, and releases the stream. */
CHAT_API void chat_stream_destroy(chat_stream *stream);

/* ---- Calls for event loops --------------------------------------------------------------------------------------- */

/* A queue of what has come for the calls that were started on it. */
CHAT_API int32_t chat_queue_create(chat_client *client, chat_queue **queue, chat_error *error);
/* Cancels the queue's calls and releases it with what has come. */
CHAT_API void chat_queue_destroy(chat_queue *queue);
/* A descriptor that can be read (poll, epoll, select) whenever chat_queue_next would give something at once. Never read
 * from it. Lives as long as the queue. -1 when there are no more descriptors. */
CHAT_API int32_t chat_queue_descriptor(chat_queue *queue);
/* Begins a unary call, or one whose answer is a stream, and returns. `tag` is the caller's and comes with each
 * completion; calls of one queue should differ in it. Fails at once only for what can be seen at once; then there is no
 * completion. */
CHAT_API int32_t chat_queue_call(
    chat_queue *queue, uint64_t tag, const char *service, const char *method, const void *request,
    size_t request_length, const chat_call_options *options, chat_error *error);
CHAT_API int32_t chat_queue_stream(
    chat_queue *queue, uint64_t tag, const char *service, const char *method, const void *request,
    size_t request_length, const chat_call_options *options, chat_error *error);
/* Cancels the calls with this tag; each still completes. */
CHAT_API void chat_queue_cancel(chat_queue *queue, uint64_t tag);
/* Waits for what comes next, at most `timeout` milliseconds; -1 for ever, 0 not at all. CHAT_OK and a completion, to be
 * destroyed; CHAT_TIMEOUT; CHAT_RESOURCE_EXHAUSTED without memory, and then nothing is lost. A queue is read by one
 * thread at a time, until it has nothing more to give: what was called meanwhile is sent then, or after 20
 * milliseconds. */
CHAT_API int32_t chat_queue_next(chat_queue *queue, int64_t timeout, chat_completion **completion);

/* Releases it with its message and error. NULL is allowed. */
CHAT_API void chat_completion_destroy(chat_completion *completion);
/* The tag that its call was started with. */
CHAT_API uint64_t chat_completion_tag(const chat_completion *completion);
/* True for the last completion of its call. Of a stream, messages come before it, each with CHAT_OK. */
CHAT_API bool chat_completion_is_last(const chat_completion *completion);
/* CHAT_OK with a message; CHAT_END for a stream that is over; else the failure. */
CHAT_API int32_t chat_completion_status(const chat_completion *completion);
/* The packed message, which lives as long as the completion; NULL without one. */
CHAT_API const uint8_t *chat_completion_message(const chat_completion *completion, size_t *length);
/* The failure's details, which live as long as the completion; NULL without a failure. */
CHAT_API const chat_error *chat_completion_error(const chat_completion *completion);

#ifdef __cplusplus
}
#endif

#include "chatclient_messages.h"
#include "chatclient_turns.h"

#endif
