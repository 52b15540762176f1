/* Turns: ids for those that have none, and streamed answers that are whole or fail. */

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "chat/v1/chat.pb-c.h"
#include "chatclient_turns.h"
#include "typed.h"

struct chat_answer {
    chat_stream *stream;
    uint64_t next_sequence, text_bytes;
    uint32_t crc;
    bool is_finished;
};

static int32_t set_turn_id(chat_v1_chat_request *request, chat_error *error) {
    static const char digits[] = "0123456789abcdef";
    const Chat__V1__ChatRequest *turn = (const Chat__V1__ChatRequest *)(const void *)request;
    uint8_t bytes[16];
    char text[32];
    error_clear(error);
    if (turn->turn_id.len > 0) return CHAT_OK;
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return error_set(error, CHAT_INTERNAL, "RANDOM", "this system gives no random numbers");
    for (size_t i = 0; i < sizeof bytes; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    int32_t status = chat_v1_chat_request_set_turn_id(request, text, sizeof text);
    return status == CHAT_OK ? status : error_no_memory(error);
}

int32_t chat_ask_request(
    chat_client *client, chat_v1_chat_request *request, const chat_call_options *options, chat_v1_chat_reply **reply,
    chat_error *error) {
    int32_t status = set_turn_id(request, error);
    return status == CHAT_OK ? chat_v1_chat_service_chat(client, request, options, reply, error) : status;
}

int32_t chat_ask(
    chat_client *client, const char *session_id, const char *message, const chat_call_options *options,
    chat_v1_chat_reply **reply, chat_error *error) {
    chat_v1_chat_request *request;
    if (chat_v1_chat_request_create(&request) != CHAT_OK) return error_no_memory(error);
    int32_t status = chat_v1_chat_request_set_message(request, message, strlen(message));
    if (status == CHAT_OK && session_id)
        status = chat_v1_chat_request_set_session_id(request, session_id, strlen(session_id));
    status = status == CHAT_OK ? chat_ask_request(client, request, options, reply, error) : error_no_memory(error);
    chat_v1_chat_request_destroy(request);
    return status;
}

/* ---- Streamed ---------------------------------------------------------------------------------------------------- */

/* The CRC-32 of zlib, gzip and PNG, four bits at a time. */
static uint32_t crc_add(uint32_t crc, const uint8_t *bytes, size_t count) {
    static const uint32_t table[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
        0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
    for (size_t i = 0; i < count; i++) {
        crc = table[(crc ^ bytes[i]) & 15] ^ crc >> 4;
        crc = table[(crc ^ bytes[i] >> 4) & 15] ^ crc >> 4;
    }
    return crc;
}

int32_t chat_answer_open(
    chat_client *client, chat_v1_chat_request *request, const chat_call_options *options, chat_answer **answer,
    chat_error *error) {
    int32_t status = set_turn_id(request, error);
    if (status != CHAT_OK) return status;
    chat_answer *made = calloc(1, sizeof *made);
    if (!made) return error_no_memory(error);
    made->next_sequence = 1;
    made->crc = UINT32_MAX;
    status = chat_v1_chat_service_stream_chat(client, request, options, &made->stream, error);
    if (status == CHAT_OK) *answer = made;
    else free(made);
    return status;
}

/* What is wrong with an event; NULL for nothing. */
static const char *check(chat_answer *answer, const Chat__V1__ChatEvent *event) {
    if (answer->is_finished) return "events came after the end";
    if (event->sequence != answer->next_sequence++) return "an event did not come";
    if (event->event_case == CHAT__V1__CHAT_EVENT__EVENT_TEXT) {
        answer->text_bytes += event->text.len;
        answer->crc = crc_add(answer->crc, event->text.data, event->text.len);
    } else if (event->event_case == CHAT__V1__CHAT_EVENT__EVENT_FINISHED) {
        answer->is_finished = true;
        if (event->finished->text_bytes != answer->text_bytes) return "the text has another length";
        if (event->finished->text_crc32 != ~answer->crc) return "the text has another checksum";
    }
    return NULL;
}

static int32_t lost(chat_answer *answer, const char *words, chat_error *error) {
    chat_stream_cancel(answer->stream);
    return error_set(error, CHAT_DATA_LOSS, "EVENTS_LOST",
        "a piece of the answer is missing: %s; repeat the call with the same turn id", words);
}

int32_t chat_answer_next(chat_answer *answer, int64_t timeout, chat_v1_chat_event **event, chat_error *error) {
    chat_v1_chat_event *next = NULL;
    int32_t status = chat_v1_chat_event_next(answer->stream, timeout, &next, error);
    if (status == CHAT_END && !answer->is_finished)
        return lost(answer, "the stream ended without its last event", error);
    if (status != CHAT_OK) return status;
    const char *problem = check(answer, (const Chat__V1__ChatEvent *)(const void *)next);
    if (problem) {
        chat_v1_chat_event_destroy(next);
        return lost(answer, problem, error);
    }
    *event = next;
    return CHAT_OK;
}

void chat_answer_cancel(chat_answer *answer) { chat_stream_cancel(answer->stream); }

void chat_answer_destroy(chat_answer *answer) {
    if (!answer) return;
    chat_stream_destroy(answer->stream);
    free(answer);
}

int32_t chat_ask_events(
    chat_client *client, chat_v1_chat_request *request, const chat_call_options *options, chat_event_callback callback,
    void *user, chat_error *error) {
    chat_answer *answer;
    chat_v1_chat_event *event;
    int32_t status = chat_answer_open(client, request, options, &answer, error);
    if (status != CHAT_OK) return status;
    while ((status = chat_answer_next(answer, -1, &event, error)) == CHAT_OK) {
        bool goes_on = callback(event, user);
        chat_v1_chat_event_destroy(event);
        if (goes_on) continue;
        status = error_set(error, CHAT_CANCELLED, "", "the callback cancelled the turn");
        break;
    }
    chat_answer_destroy(answer);
    return status == CHAT_END ? CHAT_OK : status;
}
