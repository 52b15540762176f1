/* What needs no server: bytes, addresses, options, messages. Usage: unit FOLDER-OF-GOLDEN-FRAMES */

#include <string.h>

#include "chatclient.h"
#include "check.h"
#include "internal.h"

/* ---- Frames ------------------------------------------------------------------------------------------------------ */

static const char *folder;

static size_t golden(const char *name, uint8_t *bytes, size_t size) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s.bin", folder, name);
    FILE *file = fopen(path, "rb");
    CHECK(file, "%s cannot be opened", path);
    size_t count = fread(bytes, 1, size, file);
    fclose(file);
    return count;
}

static frame_header header_of(const uint8_t *bytes, size_t count) {
    CHECK(count >= FRAME_HEADER_BYTES, "%zu bytes are no frame", count);
    frame_header header = frame_read_header(bytes);
    CHECK(header.length == count - FRAME_HEADER_BYTES, "a length of %u", (unsigned)header.length);
    uint8_t again[FRAME_HEADER_BYTES];
    frame_write_header(again, header);
    CHECK(!memcmp(again, bytes, sizeof again), "a header is written otherwise");
    return header;
}

static void headers(void) {
    static const struct {
        const char *name;
        uint8_t type, flags;
        uint32_t id;
    } frames[] = {
        {"cancel", FRAME_CANCEL, 0, 5}, {"drain", FRAME_DRAIN, 0, CONNECTION_STREAM},
        {"ping", FRAME_PING, 0, CONNECTION_STREAM}, {"pong", FRAME_PONG, 0, CONNECTION_STREAM},
        {"stream-end", FRAME_DATA, FLAG_REMOTE_CLOSED | FLAG_NO_DATA, 1},
        {"unary-response", FRAME_RESPONSE, 0, 1}, {"stream-request", FRAME_REQUEST, FLAG_REMOTE_CLOSED, 1},
    };
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        uint8_t bytes[512];
        frame_header header = header_of(bytes, golden(frames[i].name, bytes, sizeof bytes));
        CHECK(header.type == frames[i].type && header.flags == frames[i].flags && header.id == frames[i].id, "%s",
            frames[i].name);
    }
}

static void requests(void) {
    static const uint8_t payload[] = {0x0A, 2, 'h', 'i'};
    metadata none = {0}, own = {0}, call = {0};
    uint8_t bytes[512];
    buffer buffer = {0};
    size_t count = golden("unary-request", bytes, sizeof bytes);
    CHECK(wire_append_request(&buffer, "chat.v1.DiagnosticsService", "Echo", payload, 4, &none, NULL), "memory");
    CHECK(buffer_size(&buffer) == count - 10 && !memcmp(buffer.data, bytes + 10, count - 10), "another request");
    buffer_free(&buffer);

    /* The golden one's fields with the timeout at the end, and the call's metadata instead of the client's. */
    CHECK(metadata_add(&own, "traceparent", "of the client") == CHAT_OK, "add");
    CHECK(metadata_add(&own, "k", "1") == CHAT_OK && metadata_add(&own, "k", "2") == CHAT_OK, "add");
    CHECK(metadata_add(&call, "traceparent", "0") == CHAT_OK, "add");
    count = golden("unary-request-full", bytes, sizeof bytes);
    CHECK(wire_append_request(&buffer, "chat.v1.DiagnosticsService", "Echo", payload, 4, &own, &call), "memory");
    CHECK(wire_append_timeout(&buffer, 1000000000), "memory");
    enum { TIMEOUT_AT = 40, TIMEOUT = 6 };
    CHECK(buffer_size(&buffer) == count - 10, "%zu bytes", buffer_size(&buffer));
    CHECK(!memcmp(buffer.data, bytes + 10, TIMEOUT_AT), "another head");
    CHECK(!memcmp(buffer.data + TIMEOUT_AT, bytes + 10 + TIMEOUT_AT + TIMEOUT, count - 10 - TIMEOUT_AT - TIMEOUT),
        "other metadata");
    CHECK(!memcmp(buffer.data + count - 10 - TIMEOUT, bytes + 10 + TIMEOUT_AT, TIMEOUT), "another timeout");
    buffer_free(&buffer);
    metadata_free(&own);
    metadata_free(&call);
}

static void responses(void) {
    uint8_t bytes[512];
    const uint8_t *payload;
    size_t length, count = golden("unary-response", bytes, sizeof bytes);
    chat_error error;
    CHECK(wire_read_response(bytes + 10, count - 10, &error, &payload, &length), "it is read");
    CHECK(error.status == CHAT_OK && length == 4 && !memcmp(payload, "\x0A\x02hi", 4), "its payload");
    count = golden("error-response-details", bytes, sizeof bytes);
    CHECK(wire_read_response(bytes + 10, count - 10, &error, &payload, &length), "it is read");
    CHECK(chat_error_status(&error) == CHAT_UNAVAILABLE && !strcmp(chat_error_message(&error), "later"), "status");
    CHECK(!strcmp(chat_error_reason(&error), "NOT_PROCESSED") && chat_error_retry_after(&error) == 1500, "details");
    CHECK(!strcmp(chat_error_info(&error, "k"), "v") && !chat_error_info(&error, "other"), "info");
    CHECK(chat_error_origin(&error) == CHAT_ORIGIN_SERVER && chat_error_is_retryable(&error), "origin");
    /* Cut anywhere it is an error, or a shorter message, and nothing is read behind its end. */
    for (size_t cut = 0; cut < count - 10; cut++) {
        uint8_t *copy = malloc(cut + 1);
        memcpy(copy, bytes + 10, cut);
        (void)wire_read_response(copy, cut, &error, &payload, &length);
        free(copy);
    }
    /* A status beyond gRPC's, and text that is cut between characters. */
    uint8_t odd[800] = {0x0A, 0x97, 6, 8, 99, 0x12, 0x92, 6};
    for (size_t i = 8; i < 794 + 4; i += 2) odd[i] = 0xC3, odd[i + 1] = 0xA4;
    odd[0 + 1] = 0x98;
    CHECK(!wire_read_response(odd, 700, &error, &payload, &length), "a length behind the end");
    odd[1] = 0x97;
    CHECK(wire_read_response(odd, 3 + 0x317, &error, &payload, &length), "a long text");
    CHECK(error.status == CHAT_UNKNOWN, "status %d", error.status);
    size_t kept = strlen(error.message);
    CHECK(kept == 510 && (uint8_t)error.message[kept - 1] == 0xA4, "%zu bytes are kept", kept);
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

static void addresses(void) {
    endpoint all[ENDPOINTS_MAX];
    int count = endpoints_parse("127.0.0.1:80, [::1]:7420,host,unix:/tmp/a.sock , [fe80::1]", all, ENDPOINTS_MAX);
    CHECK(count == 5, "%d", count);
    CHECK(!strcmp(all[0].host, "127.0.0.1") && !strcmp(all[0].port, "80"), "the first");
    CHECK(!strcmp(all[1].host, "::1") && !strcmp(all[1].port, "7420"), "the second");
    CHECK(!strcmp(all[2].host, "host") && !strcmp(all[2].port, "7420"), "the third");
    CHECK(!strcmp(all[3].path, "/tmp/a.sock"), "the fourth");
    CHECK(!strcmp(all[4].host, "fe80::1") && !strcmp(all[4].port, "7420"), "the fifth");
    for (int i = 0; i < count; i++) endpoint_free(&all[i]);
    static const char *const bad[] = {
        "", ",", "a,", "::1:80", ":80", "host:", "host:65536", "host:+8", "[::1", "[[::1]]:8", "a b\n", "unix:", "[]:1",
        "[a]b:80",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(endpoints_parse(bad[i], all, ENDPOINTS_MAX) == -1, "\"%s\" is read", bad[i]);
    chat_client *client;
    chat_error *error;
    CHECK(chat_error_create(&error) == CHAT_OK, "memory");
    CHECK(chat_client_create("::1:80", NULL, &client, error) == CHAT_INVALID_ARGUMENT, "a client");
    CHECK(!strcmp(chat_error_reason(error), "BAD_ADDRESS"), "%s", chat_error_reason(error));
    chat_error_destroy(error);
}

static void options(void) {
    chat_options *options;
    CHECK(chat_options_create(&options) == CHAT_OK, "memory");
    CHECK(chat_options_set_attempts_max(options, 0) == CHAT_INVALID_ARGUMENT, "no attempts");
    CHECK(chat_options_set_back_off(options, 10, 9) == CHAT_INVALID_ARGUMENT, "a back-off");
    CHECK(chat_options_set_calls_in_flight_max(options, 1025) == CHAT_INVALID_ARGUMENT, "calls");
    CHECK(chat_options_set_message_bytes_max(options, 1 << 24) == CHAT_INVALID_ARGUMENT, "bytes");
    CHECK(chat_options_add_metadata(options, "Upper", "v") == CHAT_INVALID_ARGUMENT, "an upper case key");
    CHECK(chat_options_add_metadata(options, "k", "a\nb") == CHAT_INVALID_ARGUMENT, "a line feed");
    for (int i = 0; i < METADATA_PAIRS_MAX; i++)
        CHECK(chat_options_add_metadata(options, "k", "v") == CHAT_OK, "%d", i);
    CHECK(chat_options_add_metadata(options, "k", "v") == CHAT_INVALID_ARGUMENT, "too many pairs");
    chat_options_destroy(options);
    chat_options_destroy(NULL);
}

static void names(void) {
    CHECK(!strcmp(chat_status_name(CHAT_UNAUTHENTICATED), "UNAUTHENTICATED"), "16");
    CHECK(!strcmp(chat_status_name(99), "UNKNOWN") && !strcmp(chat_status_name(CHAT_END), "END"), "others");
    CHECK(!strcmp(chat_version(), CHAT_VERSION) && chat_abi_version() == 1, "the version");
}

/* ---- Messages ---------------------------------------------------------------------------------------------------- */

static void messages(void) {
    chat_v1_import_messages_request *request;
    CHECK(chat_v1_import_messages_request_create(&request) == CHAT_OK, "memory");
    CHECK(chat_v1_import_messages_request_set_session_id(request, "first", 5) == CHAT_OK, "set");
    CHECK(chat_v1_import_messages_request_set_session_id(request, "s", 1) == CHAT_OK, "set again");
    for (int i = 0; i < 5; i++) {
        chat_v1_chat_message *message;
        chat_v1_message_tool_call *call;
        CHECK(chat_v1_import_messages_request_add_messages(request, &message) == CHAT_OK, "add");
        CHECK(chat_v1_chat_message_set_text(message, "t\0t", 3) == CHAT_OK, "set");
        chat_v1_chat_message_set_role(message, CHAT_V1_MESSAGE_ROLE_USER);
        CHECK(chat_v1_chat_message_add_tool_calls(message, &call) == CHAT_OK, "add");
        CHECK(chat_v1_message_tool_call_set_name(call, "tool", 4) == CHAT_OK, "set");
    }
    uint8_t *bytes;
    size_t length;
    CHECK(chat_v1_import_messages_request_pack(request, &bytes, &length) == CHAT_OK, "pack");
    chat_v1_import_messages_request_destroy(request);
    /* The same field numbers as a reply's: messages = 3 there is 1 here, so it is read by hand. */
    CHECK(length > 5 * 10 && bytes[0] == 0x0A && bytes[1] == 1 && bytes[2] == 's', "%zu bytes", length);
    chat_bytes_free(bytes);

    /* A oneof's members displace each other. */
    chat_v1_chat_request *turn;
    CHECK(chat_v1_chat_request_create(&turn) == CHAT_OK, "memory");
    CHECK(chat_v1_chat_request_set_system_prompt(turn, "one", 3) == CHAT_OK, "set");
    CHECK(chat_v1_chat_request_set_system_prompt(turn, "", 0) == CHAT_OK, "set to nothing");
    chat_v1_chat_request_set_temperature(turn, 0.5);
    CHECK(chat_v1_chat_request_pack(turn, &bytes, &length) == CHAT_OK, "pack");
    CHECK(length == 2 + 9 && bytes[0] == 0x2A && bytes[1] == 0 && bytes[2] == 0x39, "%zu bytes", length);
    chat_bytes_free(bytes);
    chat_v1_chat_request_destroy(turn);
}

static void unpacking(void) {
    static const uint8_t reply[] = {0x0A, 3, 'a', 'b', 'c', 0x12, 0, 0x28, 77, 0x3A, 4, 0x12, 2, 'n', 'm', 0x48, 1};
    chat_v1_chat_reply *read;
    size_t length;
    CHECK(chat_v1_chat_reply_unpack(reply, sizeof reply, &read, NULL) == CHAT_OK, "unpack");
    const char *text = chat_v1_chat_reply_text(read, &length);
    CHECK(length == 3 && !strcmp(text, "abc"), "a zero follows");
    CHECK(!strcmp(chat_v1_chat_reply_session_id(read, &length), "") && length == 0, "empty");
    CHECK(!strcmp(chat_v1_chat_reply_model(read, NULL), ""), "absent");
    CHECK(chat_v1_chat_reply_finish_reason(read) == 77, "an unknown value");
    CHECK(chat_v1_chat_reply_tool_runs_count(read) == 1 && !chat_v1_chat_reply_tool_runs_at(read, 1), "one run");
    CHECK(!strcmp(chat_v1_tool_run_name(chat_v1_chat_reply_tool_runs_at(read, 0), NULL), "nm"), "its name");
    CHECK(!chat_v1_chat_reply_usage(read) && chat_v1_chat_reply_replayed(read), "others");
    chat_v1_chat_reply_destroy(read);
    chat_error error;
    CHECK(chat_v1_chat_reply_unpack(reply, 3, &read, &error) == CHAT_INTERNAL, "cut");
    CHECK(!strcmp(error.reason, "BAD_MESSAGE"), "%s", error.reason);
    /* Many empty parts take far more memory than bytes: there is a budget. */
    enum { PARTS = 100000 };
    uint8_t *parts = malloc(2 * PARTS);
    for (int i = 0; i < PARTS; i++) parts[2 * i] = 0x3A, parts[2 * i + 1] = 0;
    CHECK(chat_v1_chat_reply_unpack(parts, 2 * PARTS, &read, &error) == CHAT_INTERNAL, "a costly message");
    free(parts);
    static const uint8_t event[] = {8, 1, 0x1A, 2, 'h', 'i'};
    chat_v1_chat_event *text_event;
    CHECK(chat_v1_chat_event_unpack(event, sizeof event, &text_event, NULL) == CHAT_OK, "unpack");
    CHECK(chat_v1_chat_event_event_case(text_event) == CHAT_V1_CHAT_EVENT_TEXT, "its kind");
    CHECK(!chat_v1_chat_event_finished(text_event), "another kind is not there");
    CHECK(!strcmp(chat_v1_chat_event_reasoning(text_event, &length), "") && length == 0, "nor this one");
    chat_v1_chat_event_destroy(text_event);
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: unit FOLDER");
    folder = argv[1];
    headers();
    requests();
    responses();
    addresses();
    options();
    names();
    messages();
    unpacking();
    printf("unit: 8 groups passed\n");
    return 0;
}
