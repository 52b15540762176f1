/* One connection: the calls on it, what it sends and what it takes apart. Its client's lock guards it, except that the
 * input belongs to the thread that leads. */

#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Generations of a slot, so that an answer to a call that was abandoned is not taken for another's. Ids are odd and
 * below the one that stands for the connection. */
enum { GENERATION_MAX = (1 << 21) - 2 };

static uint32_t id_of(uint32_t generation, uint32_t slot) { return (generation << 10 | slot) << 1 | 1; }

connection *connection_create(chat_client *client, int descriptor, int endpoint_index, const char *shown) {
    connection *made = calloc(1, sizeof *made);
    if (!made) return NULL;
    if (!buffer_reserve(&made->input, INPUT_BYTES)) {
        free(made);
        return NULL;
    }
    made->client = client;
    made->transport.descriptor = descriptor;
    made->endpoint_index = endpoint_index;
    strncpy(made->shown, shown, sizeof made->shown - 1);
    made->takes_calls = true;
    made->free_count = CALLS_MAX;
    /* Low slots first, so that few are touched. */
    for (int i = 0; i < CALLS_MAX; i++) made->free_slots[i] = (uint16_t)(CALLS_MAX - 1 - i);
    int64_t now = clock_now(), age = client->options.connection_age_max * MILLISECOND;
    made->next_ping = now + client->options.ping_interval * MILLISECOND;
    client->random = client->random * 6364136223846793005u + 1442695040888963407u;
    made->retire_at = age ? now + age / 10 * 9 + (int64_t)((client->random >> 33) % (uint64_t)(age / 5 + 1)) : NEVER;
    made->held_up_since = NEVER;
    made->asked_at = NEVER;
    /* Says that this client knows the extensions, and asks whether the server does. */
    connection_append(made, (frame_header){.id = CONNECTION_STREAM, .type = FRAME_PING}, NULL);
    return made;
}

void connection_destroy(connection *connection) {
    if (!connection) return;
    transport_close(&connection->transport);
    buffer_free(&connection->input);
    buffer_free(&connection->output);
    free(connection);
}

/* ---- Sending ----------------------------------------------------------------------------------------------------- */

bool connection_has_room(const connection *connection) {
    const chat_options *options = &connection->client->options;
    return connection->takes_calls && !connection->is_broken && connection->free_count > 0 &&
           CALLS_MAX - connection->free_count < options->calls_in_flight_max &&
           buffer_size(&connection->output) < OUTPUT_WAITING_MAX;
}

/* The socket is of no use any more; whoever reads it finds out. */
static void break_off(connection *connection) {
    connection->is_broken = true;
    connection->takes_calls = false;
    transport_end(&connection->transport);
}

void connection_append(connection *connection, frame_header header, const void *payload) {
    uint8_t bytes[FRAME_HEADER_BYTES];
    frame_write_header(bytes, header);
    if (!buffer_reserve(&connection->output, FRAME_HEADER_BYTES + header.length)) return break_off(connection);
    buffer_append(&connection->output, bytes, FRAME_HEADER_BYTES);
    buffer_append(&connection->output, payload, header.length);
    connection->queued_bytes += FRAME_HEADER_BYTES + header.length;
}

bool connection_send(connection *connection, call *call) {
    enum { TIMEOUT_BYTES_MAX = 11 };
    size_t request = buffer_size(&call->request);
    buffer *output = &connection->output;
    if (!buffer_reserve(output, FRAME_HEADER_BYTES + request + TIMEOUT_BYTES_MAX)) return false;
    uint16_t index = connection->free_slots[--connection->free_count];
    slot *slot = &connection->slots[index];
    slot->generation = slot->generation < GENERATION_MAX ? slot->generation + 1 : 0;
    slot->id = id_of(slot->generation, index);
    slot->call = call;
    size_t start = output->end;
    output->end += FRAME_HEADER_BYTES;
    buffer_append(output, call->request.data + call->request.start, request);
    int64_t left = call->deadline - clock_now();
    wire_append_timeout(output, left > 0 ? left : 1);
    size_t length = output->end - start - FRAME_HEADER_BYTES;
    frame_write_header(
        output->data + start,
        (frame_header){.length = (uint32_t)length, .id = slot->id, .type = FRAME_REQUEST,
            .flags = call->is_stream ? FLAG_REMOTE_CLOSED : 0});
    call->frame_start = connection->queued_bytes;
    connection->queued_bytes += FRAME_HEADER_BYTES + length;
    call->connection = connection;
    call->id = slot->id;
    call->state = CALL_SENT;
    call->attempts++;
    connection->live_calls++;
    if (call->is_stream) connection->hungry_streams++;
    else connection->unary_calls++;
    return true;
}

void connection_flush(connection *connection) {
    buffer *output = &connection->output;
    while (buffer_size(output) > 0 && !connection->is_broken) {
        size_t sent;
        transfer transfer =
            transport_send(&connection->transport, output->data + output->start, buffer_size(output), &sent);
        if (transfer == TRANSFER_OVER) return break_off(connection);
        if (transfer == TRANSFER_BLOCKED) {
            if (!connection->is_output_blocked) {
                connection->is_output_blocked = true;
                client_kick(connection->client);
            }
            return;
        }
        output->start += sent;
        connection->sent_bytes += sent;
    }
    connection->is_output_blocked = false;
    output->start = output->end = 0;
    if (output->capacity > OUTPUT_WAITING_MAX) buffer_free(output);
}

/* ---- The calls on it --------------------------------------------------------------------------------------------- */

static slot *find(connection *connection, uint32_t id) {
    slot *slot = &connection->slots[id >> 1 & (CALLS_MAX - 1)];
    return id != 0 && slot->id == id ? slot : NULL;
}

static void free_slot(connection *connection, slot *slot) {
    slot->id = 0;
    slot->call = NULL;
    connection->free_slots[connection->free_count++] = (uint16_t)(slot - connection->slots);
}

/* What a stream that is read slowly does to the socket. */
enum { LEVEL_HUNGRY, LEVEL_FED, LEVEL_FULL, LEVEL_OVERFULL };

static int *level_count(connection *connection, int level) {
    static int none;
    if (level == LEVEL_HUNGRY) return &connection->hungry_streams;
    if (level == LEVEL_FULL) return &connection->full_streams;
    return level == LEVEL_OVERFULL ? &connection->overfull_streams : &none;
}

static void set_level(connection *connection, call *call, int level) {
    if (level == call->level) return;
    if (call->level != LEVEL_FED) --*level_count(connection, call->level);
    if (level != LEVEL_FED) ++*level_count(connection, level);
    call->level = level;
}

/* Takes a call from its slot. */
static void detach(connection *connection, call *call) {
    connection->live_calls--;
    if (call->is_stream) {
        set_level(connection, call, LEVEL_HUNGRY);
        connection->hungry_streams--;
    } else {
        connection->unary_calls--;
    }
    call->connection = NULL;
    call->id = 0;
}

static call *take(connection *connection, slot *slot) {
    call *call = slot->call;
    free_slot(connection, slot);
    if (call) detach(connection, call);
    return call;
}

void connection_forget(connection *connection, call *call, bool cancels) {
    slot *slot = find(connection, call->id);
    uint32_t id = call->id;
    detach(connection, call);
    if (!slot) return;
    /* The id is free when the server has answered it. */
    slot->call = NULL;
    if (!cancels || !connection->has_extensions || connection->is_broken) return;
    connection_append(connection, (frame_header){.id = id, .type = FRAME_CANCEL}, NULL);
    connection_flush(connection);
}

static int waiting_calls(const connection *connection) { return connection->unary_calls + connection->hungry_streams; }

bool connection_is_reading_paused(const connection *connection) {
    return connection->full_streams + connection->overfull_streams > 0 &&
           (waiting_calls(connection) == 0 || connection->overfull_streams > 0);
}

void connection_level_changed(connection *connection, call *call) {
    size_t limit = connection->client->options.stream_buffer_max;
    bool was_paused = connection_is_reading_paused(connection);
    int level = call->buffered == 0                          ? LEVEL_HUNGRY
                : call->buffered > HARD_BUFFER_FACTOR * limit ? LEVEL_OVERFULL
                : call->buffered > limit                      ? LEVEL_FULL
                                                              : LEVEL_FED;
    set_level(connection, call, level);
    bool is_held_up = connection->overfull_streams > 0 && waiting_calls(connection) > 0;
    if (!is_held_up) {
        connection->held_up_since = NEVER;
    } else if (connection->held_up_since == NEVER) {
        connection->held_up_since = clock_now();
        client_wake_background(connection->client, connection->held_up_since + HOLD_UP_MAX);
    }
    if (was_paused && !connection_is_reading_paused(connection)) {
        if (connection->asked_at != NEVER) connection->asked_at = clock_now();
        client_kick(connection->client);
    }
}

void connection_lost(connection *connection, const char *words) {
    chat_error error;
    connection->takes_calls = false;
    connection->is_broken = true;
    for (int i = 0; i < CALLS_MAX; i++) {
        slot *slot = &connection->slots[i];
        if (slot->id == 0) continue;
        call *call = take(connection, slot);
        if (!call) continue;
        bool was_written = call->frame_start < connection->sent_bytes;
        if (was_written) {
            error_set(&error, CHAT_UNAVAILABLE, "CONNECTION_LOST",
                "%s: %s; whether the call was carried out is not known", connection->shown, words);
        } else {
            error_set(&error, CHAT_UNAVAILABLE, "NOT_CONNECTED", "%s: %s; the call was not sent", connection->shown,
                words);
        }
        call_failed(call, &error, was_written);
    }
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

bool connection_receive(connection *connection) {
    buffer *input = &connection->input;
    if (buffer_size(input) == 0) {
        input->start = input->end = 0;
        if (input->capacity > 4 * INPUT_BYTES) buffer_free(input);
    }
    size_t wanted = INPUT_BYTES / 2;
    if (buffer_size(input) >= FRAME_HEADER_BYTES && connection->skipped == 0) {
        size_t frame = FRAME_HEADER_BYTES + frame_read_header(input->data + input->start).length;
        /* Grows with what comes, not with what is claimed. */
        if (frame > buffer_size(input)) wanted = frame - buffer_size(input);
        if (wanted > buffer_size(input) + INPUT_BYTES) wanted = buffer_size(input) + INPUT_BYTES;
    }
    if (!buffer_reserve(input, wanted)) return false;
    size_t received;
    transfer transfer =
        transport_receive(&connection->transport, input->data + input->end, input->capacity - input->end, &received);
    input->end += received;
    return transfer != TRANSFER_OVER;
}

static void fail(call *call, int32_t status, const char *reason, const char *words) {
    chat_error error;
    error_set(&error, status, reason, "%s", words);
    call_failed(call, &error, true);
}

static void broke_rules(connection *connection, slot *slot, const char *words) {
    call *call = slot->call;
    if (!call) return free_slot(connection, slot);
    connection_forget(connection, call, true);
    fail(call, CHAT_INTERNAL, "", words);
}

static void received_response(connection *connection, frame_header header, const uint8_t *bytes) {
    slot *slot = find(connection, header.id);
    if (!slot) return;
    call *call = take(connection, slot);
    if (!call) return;
    chat_error error;
    const uint8_t *payload;
    size_t length;
    if (!wire_read_response(bytes, header.length, &error, &payload, &length))
        return fail(call, CHAT_INTERNAL, "", "the server's answer cannot be read");
    if (error.status != CHAT_OK) return call_failed(call, &error, true);
    if (call->is_stream) return fail(call, CHAT_INTERNAL, "", "the server answered a stream with a single message");
    call_done(call, call_received(call, payload, length) ? CHAT_OK : error_no_memory(call->error));
}

static void received_data(connection *connection, frame_header header, const uint8_t *bytes) {
    slot *slot = find(connection, header.id);
    if (!slot) return;
    bool is_last = header.flags & FLAG_REMOTE_CLOSED, has_message = !(header.flags & FLAG_NO_DATA);
    call *call = slot->call;
    if (!call) {
        if (is_last) free_slot(connection, slot);
        return;
    }
    if (!call->is_stream)
        return broke_rules(connection, slot, "the server streamed an answer to a call that has a single one");
    if (!has_message && header.length > 0)
        return broke_rules(connection, slot, "the server sent bytes in a frame that claims to have none");
    if (has_message && !call_received(call, bytes, header.length)) {
        connection_forget(connection, call, !is_last);
        if (is_last) free_slot(connection, slot);
        return call_done(call, error_no_memory(call->error));
    }
    if (!is_last) return;
    take(connection, slot);
    call_done(call, CHAT_END);
}

static void received_oversized(connection *connection, frame_header header) {
    slot *slot = find(connection, header.id);
    if (!slot || (header.type != FRAME_RESPONSE && header.type != FRAME_DATA)) return;
    bool is_last = header.type == FRAME_RESPONSE || header.flags & FLAG_REMOTE_CLOSED;
    call *call = slot->call;
    if (call) connection_forget(connection, call, !is_last);
    if (is_last) free_slot(connection, slot);
    if (!call) return;
    chat_error error;
    error_set(&error, CHAT_RESOURCE_EXHAUSTED, "FRAME_TOO_LARGE",
        "the server sent a message of %u bytes, at most %zu are taken; ask for less, or set message_bytes_max",
        (unsigned)header.length, connection->client->options.message_bytes_max);
    call_failed(call, &error, true);
}

static void received_drain(connection *connection) {
    connection->takes_calls = false;
    client_wake_background(connection->client, 0);
}

static void received(connection *connection, frame_header header, const uint8_t *bytes) {
    switch (header.type) {
    case FRAME_RESPONSE: return received_response(connection, header, bytes);
    case FRAME_DATA: return received_data(connection, header, bytes);
    default: break;
    }
    if (header.id != CONNECTION_STREAM) return;
    switch (header.type) {
    case FRAME_PING:
        if (header.length > 64) return;
        connection_append(
            connection, (frame_header){.length = header.length, .id = CONNECTION_STREAM, .type = FRAME_PONG}, bytes);
        return connection_flush(connection);
    case FRAME_PONG: connection->has_extensions = true; return;
    case FRAME_DRAIN: return received_drain(connection);
    default: return;
    }
}

bool connection_process(connection *connection) {
    buffer *input = &connection->input;
    connection->asked_at = NEVER;
    if (!connection->was_heard) {
        connection->was_heard = true;
        connection->client->failed_rounds = 0;
    }
    while (buffer_size(input) > 0) {
        if (connection->skipped > 0) {
            size_t count = connection->skipped < buffer_size(input) ? connection->skipped : buffer_size(input);
            connection->skipped -= count;
            input->start += count;
            continue;
        }
        if (buffer_size(input) < FRAME_HEADER_BYTES) return true;
        frame_header header = frame_read_header(input->data + input->start);
        if (header.length >> 24) return false;
        if (header.length > connection->client->options.message_bytes_max + CHAT_ENVELOPE_BYTES) {
            input->start += FRAME_HEADER_BYTES;
            connection->skipped = header.length;
            received_oversized(connection, header);
            continue;
        }
        if (buffer_size(input) < FRAME_HEADER_BYTES + header.length) return true;
        received(connection, header, input->data + input->start + FRAME_HEADER_BYTES);
        input->start += FRAME_HEADER_BYTES + header.length;
    }
    return true;
}

/* ---- Time -------------------------------------------------------------------------------------------------------- */

static void fail_slow_readers(connection *connection) {
    for (int i = 0; i < CALLS_MAX; i++) {
        call *call = connection->slots[i].call;
        if (!call || call->level != LEVEL_OVERFULL) continue;
        connection_forget(connection, call, true);
        fail(call, CHAT_RESOURCE_EXHAUSTED, "SLOW_READER",
            "its reader held up other calls for 5 seconds; read faster, or with a client of its own");
    }
    connection->held_up_since = NEVER;
    client_kick(connection->client);
}

int64_t connection_tend(connection *connection, int64_t now) {
    const chat_options *options = &connection->client->options;
    int64_t timeout = options->ping_timeout * MILLISECOND;
    if (connection->is_broken) return NEVER;
    if (connection->held_up_since != NEVER && now >= connection->held_up_since + HOLD_UP_MAX)
        fail_slow_readers(connection);
    if (now >= connection->retire_at) connection->takes_calls = false;
    if (connection->asked_at != NEVER) {
        if (connection_is_reading_paused(connection)) connection->asked_at = now;
        if (now >= connection->asked_at + timeout) {
            break_off(connection);
            client_kick(connection->client);
            return NEVER;
        }
    }
    if (now >= connection->next_ping) {
        connection->next_ping = now + options->ping_interval * MILLISECOND;
        if (connection->has_extensions && connection->asked_at == NEVER) {
            connection->asked_at = now;
            connection_append(connection, (frame_header){.id = CONNECTION_STREAM, .type = FRAME_PING}, NULL);
        }
    }
    connection_flush(connection);
    int64_t next = connection->next_ping < connection->retire_at ? connection->next_ping : connection->retire_at;
    if (connection->takes_calls == false) next = connection->next_ping;
    if (connection->asked_at != NEVER && connection->asked_at + timeout < next) next = connection->asked_at + timeout;
    if (connection->held_up_since != NEVER && connection->held_up_since + HOLD_UP_MAX < next)
        next = connection->held_up_since + HOLD_UP_MAX;
    return next;
}
