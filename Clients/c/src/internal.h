/* What the files of this library share. Nothing here is part of its interface. */
#ifndef CHATCLIENT_INTERNAL_H
#define CHATCLIENT_INTERNAL_H

#include <pthread.h>
#include <stdarg.h>
#include <sys/socket.h>

#include "chatclient.h"

/* ---- Limits ------------------------------------------------------------------------------------------------------ */

enum {
    CALLS_MAX = 1024,
    /* Calls in line beside those in flight; more fail with TOO_MANY_CALLS. */
    WAITING_MAX = 16384,
    METADATA_PAIRS_MAX = 32,
    METADATA_BYTES_MAX = 8192,
    ENDPOINTS_MAX = 64,
    ADDRESSES_PER_NAME_MAX = 16,
    /* Connections that end with their last call while another one takes the new calls. */
    RETIRED_MAX = 8,
    /* Output that waits for the socket; above it calls wait in line. */
    OUTPUT_WAITING_MAX = 1 << 20,
    /* Output of a queue's calls that may wait for more of them. */
    OUTPUT_BATCH_BYTES = 16 * 1024,
    INPUT_BYTES = 64 * 1024,
    /* A stream above its buffer may take so many times as much where others wait for the same socket. */
    HARD_BUFFER_FACTOR = 4,
    SERVICE_NAME_MAX = 256,
    /* What may stand around a message in its frame: a status with its details. */
    CHAT_ENVELOPE_BYTES = 64 * 1024
};

#define MILLISECOND INT64_C(1000000)
/* So long after a caller has read the socket itself, the client's thread leaves it to callers. */
#define LINGER (20 * MILLISECOND)
/* A stream that holds up others for longer fails. */
#define HOLD_UP_MAX (5000 * MILLISECOND)
#define RETRY_AFTER_MAX (10000 * MILLISECOND)
#define NEVER INT64_MAX

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

struct chat_error {
    int32_t status;
    int32_t origin;
    /* Milliseconds; -1 when not known. */
    int64_t retry_after;
    char reason[64];
    char message[512];
    int info_count;
    struct {
        char key[32];
        char value[96];
    } info[4];
};

void error_clear(chat_error *error);
/* Fills an error of this library's own and returns the status. The error may be NULL. */
int32_t error_set(chat_error *error, int32_t status, const char *reason, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
int32_t error_no_memory(chat_error *error);

/* ---- Bytes ------------------------------------------------------------------------------------------------------- */

/* Bytes between start and end; grows at its end. */
typedef struct {
    uint8_t *data;
    size_t start, end, capacity;
} buffer;

/* Room for so many bytes after the end; false without memory. */
bool buffer_reserve(buffer *buffer, size_t bytes);
bool buffer_append(buffer *buffer, const void *bytes, size_t count);
void buffer_free(buffer *buffer);
static inline size_t buffer_size(const buffer *buffer) { return buffer->end - buffer->start; }

/* A message on its way to the caller, who frees it by the address of its data. */
typedef struct message {
    struct message *next;
    size_t length;
    uint8_t data[];
} message;

message *message_create(const void *data, size_t length);
void message_free(message *message);

/* ---- The wire ---------------------------------------------------------------------------------------------------- */

enum { FRAME_HEADER_BYTES = 10 };
enum { FRAME_REQUEST = 1, FRAME_RESPONSE = 2, FRAME_DATA = 3, FRAME_PING = 4, FRAME_PONG = 5, FRAME_CANCEL = 0x80,
       FRAME_DRAIN = 0x81 };
enum { FLAG_REMOTE_CLOSED = 1, FLAG_REMOTE_OPEN = 2, FLAG_NO_DATA = 4 };
#define CONNECTION_STREAM UINT32_C(0xFFFFFFFF)

typedef struct {
    uint32_t length, id;
    uint8_t type, flags;
} frame_header;

void frame_write_header(uint8_t bytes[FRAME_HEADER_BYTES], frame_header header);
frame_header frame_read_header(const uint8_t bytes[FRAME_HEADER_BYTES]);

/* One name and value that travels beside a request. */
typedef struct {
    char *key, *value;
} metadata_pair;

typedef struct {
    metadata_pair pairs[METADATA_PAIRS_MAX];
    int count;
    size_t bytes;
} metadata;

int32_t metadata_add(metadata *metadata, const char *key, const char *value);
bool metadata_copy(metadata *target, const metadata *source);
void metadata_free(metadata *metadata);

/* Appends a ttrpc.Request without its timeout. */
bool wire_append_request(
    buffer *buffer, const char *service, const char *method, const void *payload, size_t length,
    const metadata *client_metadata, const metadata *call_metadata);
/* Appends the timeout; a field's place in a message does not matter. At most 11 bytes. */
bool wire_append_timeout(buffer *buffer, int64_t nanoseconds);

/* Reads a ttrpc.Response. Returns false for bytes that are none. `payload` points into `bytes`. */
bool wire_read_response(
    const uint8_t *bytes, size_t length, chat_error *error, const uint8_t **payload, size_t *payload_length);

/* ---- Addresses --------------------------------------------------------------------------------------------------- */

typedef struct {
    /* A host with a port, or a path with none. */
    char *host, *port, *path;
} endpoint;

typedef struct {
    struct sockaddr_storage storage;
    socklen_t length;
    char shown[128];
} address;

/* Reads addresses separated by commas; returns how many, or a negative number: -1 for none that can be read, -2 without
 * memory. */
int endpoints_parse(const char *text, endpoint *endpoints, int max);
void endpoint_free(endpoint *endpoint);
/* Finds an endpoint's addresses; may wait for a name server. Returns how many, or -1 with words. */
int endpoint_resolve(const endpoint *endpoint, address *addresses, int max, char *words, size_t words_size);
/* Begins to connect; returns a non-blocking descriptor, or -1 with errno. */
int address_connect(const address *address);

/* ---- Transports -------------------------------------------------------------------------------------------------- */

/* A socket that is connected. */
typedef struct {
    int descriptor;
} transport;

typedef enum { TRANSFER_DONE, TRANSFER_BLOCKED, TRANSFER_OVER } transfer;

/* Sends some of the bytes, as many as can be sent at once. */
transfer transport_send(const transport *transport, const void *bytes, size_t count, size_t *done);
/* Receives some bytes, at most `count`. */
transfer transport_receive(const transport *transport, void *bytes, size_t count, size_t *done);
/* Ends it in both directions: whoever polls the descriptor sees that. From any thread. */
void transport_end(const transport *transport);
void transport_close(transport *transport);

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

typedef struct connection connection;
typedef struct call call;

/* A thread that waits for something of a client. */
typedef struct waiter {
    pthread_cond_t condition;
    bool is_waiting;
    struct waiter *next;
} waiter;

typedef enum { CALL_WAITING, CALL_SENT, CALL_DONE } call_state;

struct call {
    chat_client *client;
    call_state state;
    bool is_stream, is_safe_to_retry;
    /* Messages have come: the call is not begun anew. */
    bool has_answer;
    int attempts;
    int64_t timeout, deadline, not_before;
    /* The ttrpc.Request without its timeout. */
    buffer request;
    /* In the client's line. */
    call *previous, *next;
    /* On the wire. */
    connection *connection;
    uint32_t id;
    uint64_t frame_start;
    /* What came: one message of a unary call. */
    message *first_message, *last_message;
    size_t buffered;
    int level;
    int32_t status;
    /* Where details go: a caller's, or made when they are needed. */
    chat_error *error;
    bool owns_error;
    waiter waiter;
    /* Of calls that were started on a queue. */
    chat_queue *queue;
    uint64_t tag;
    bool is_ready;
    call *next_ready, *previous_queued, *next_queued;
    chat_cancellation *cancellation;
    call *previous_cancelled, *next_cancelled;
};

struct chat_options {
    int64_t connect_timeout, call_timeout, chat_timeout, back_off_minimum, back_off_maximum, ping_interval,
        ping_timeout, connection_age_max;
    int32_t attempts_max, calls_in_flight_max;
    size_t stream_buffer_max, message_bytes_max;
    metadata metadata;
};

struct chat_call_options {
    int64_t timeout;
    bool is_safe_to_retry;
    metadata metadata;
    chat_cancellation *cancellation;
};

/* Prepares a call: everything but its place in the client. */
int32_t call_prepare(
    call *call, chat_client *client, const char *service, const char *method, const void *request, size_t length,
    const chat_call_options *options, chat_error *error);
/* Makes its cancellation know it; false when that was triggered already. */
bool call_enlist(call *call);
/* Puts a call into the client's line and sends what can be sent. The client is locked. */
void call_submit(call *call, bool flushes);
/* An attempt has failed: the call is tried again or done. The client is locked. */
void call_failed(call *call, const chat_error *error, bool was_written);
void call_done(call *call, int32_t status);
/* Ends a call for the caller's reasons. The client is locked. */
void call_abandon(call *call, int32_t status, const char *reason, const char *words);
/* A message has come. False without memory. */
bool call_received(call *call, const uint8_t *bytes, size_t length);
message *call_take(call *call);
/* Has the cancellation forget it, and releases all that it has. The client is not locked. */
void call_dispose(call *call);

/* ---- Connections ------------------------------------------------------------------------------------------------- */

typedef struct {
    call *call;
    uint32_t id, generation;
} slot;

struct connection {
    chat_client *client;
    transport transport;
    int endpoint_index;
    char shown[128];
    bool takes_calls, has_extensions, was_heard, is_broken, is_output_blocked;
    slot slots[CALLS_MAX];
    uint16_t free_slots[CALLS_MAX];
    int free_count;
    /* Calls that somebody waits for; slots of abandoned ones are free only after the answer. */
    int live_calls, unary_calls, hungry_streams, full_streams, overfull_streams;
    buffer input, output;
    size_t skipped;
    uint64_t queued_bytes, sent_bytes;
    int64_t asked_at, next_ping, retire_at, held_up_since;
};

connection *connection_create(chat_client *client, int descriptor, int endpoint_index, const char *shown);
void connection_destroy(connection *connection);
bool connection_has_room(const connection *connection);
/* Sends a call's request; false without memory. */
bool connection_send(connection *connection, call *call);
/* Sends what waits, as far as the socket takes it. */
void connection_flush(connection *connection);
void connection_append(connection *connection, frame_header header, const void *payload);
/* Takes a call off the wire: what still comes for it is dropped. Tells the server where `cancels`. */
void connection_forget(connection *connection, call *call, bool cancels);
void connection_level_changed(connection *connection, call *call);
bool connection_is_reading_paused(const connection *connection);
/* Reads once; the caller leads and the client is not locked. False when the connection has ended. */
bool connection_receive(connection *connection);
/* Takes apart what was read. The client is locked. False when the server broke the rules. */
bool connection_process(connection *connection);
/* What is due: PINGs, streams that hold up others. Returns when to look again; NEVER-like when dead and marked. */
int64_t connection_tend(connection *connection, int64_t now);
/* Fails all calls. */
void connection_lost(connection *connection, const char *words);

/* ---- Clients ----------------------------------------------------------------------------------------------------- */

struct chat_client {
    chat_options options;
    endpoint endpoints[ENDPOINTS_MAX];
    int endpoint_count, first_endpoint;
    /* Guards everything below. */
    pthread_mutex_t mutex;
    pthread_t thread;
    waiter background;
    int64_t background_wakes_at;
    bool is_closed, is_stopping;
    connection *active, *retired[RETIRED_MAX];
    int retired_count;
    call *first_waiting, *last_waiting;
    int waiting_count;
    /* The thread that reads the sockets; NULL when none does. */
    waiter *leader;
    bool leader_is_polling;
    int wake_descriptor;
    waiter *first_waiter;
    int64_t last_lead;
    /* Calls whose deadlines nobody watches by waiting: those of queues, and streams. */
    int unwatched_calls;
    /* Queues whose descriptor is watched. */
    int watched_queues;
    bool is_connection_wanted;
    int failed_rounds, connect_waiters;
    uint64_t round_number;
    int64_t next_round_at;
    char round_words[400];
    uint64_t random;
};

int64_t clock_now(void);
void client_lock(chat_client *client);
void client_unlock(chat_client *client);
void waiter_init(waiter *waiter);
void waiter_destroy(waiter *waiter);
/* Waits, and reads the sockets meanwhile if nobody else does, until `is_done` or the deadline. The client is locked. */
void client_wait(chat_client *client, waiter *waiter, bool (*is_done)(void *), void *argument, int64_t deadline);
/* Has a waiter look again, from another thread. */
void client_wake(chat_client *client, waiter *waiter);
/* Has the leading thread look at the connections again. */
void client_kick(chat_client *client);
/* Has the client's thread look again, if it would not by then. */
void client_wake_background(chat_client *client, int64_t by);
/* Sends what can be sent of the line; without `flushes` it may stay in the output for a while. */
void client_pump(chat_client *client, bool flushes);
void client_flush(chat_client *client);
void client_enqueue(chat_client *client, call *call);
void client_dequeue(chat_client *client, call *call);
/* A pause that grows with the failures in a row, and varies. */
int64_t client_back_off(chat_client *client, int failures);
/* The call's queue has something. */
void queue_ready(call *call);

#endif
