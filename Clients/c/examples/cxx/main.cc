// Every call of the service from C++17, with handles that release themselves. Usage: every_call ADDRESS
#include <chatclient.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace {

chat_error *error = nullptr;
int calls = 0;

template <typename T> using handle = std::unique_ptr<T, void (*)(T *)>;

// A handle from the function that makes one.
template <typename T> handle<T> make(int32_t (*create)(T **), void (*destroy)(T *)) {
    T *made = nullptr;
    if (create(&made) != CHAT_OK) std::abort();
    return {made, destroy};
}

void must_be(int32_t status, int32_t expected, const char *what) {
    calls++;
    if (status == expected) return;
    std::fprintf(stderr, "%s: %s: %s\n", what, chat_status_name(status), chat_error_message(error));
    std::exit(1);
}

// Sets a text.
template <typename T>
void set(int32_t (*setter)(T *, const void *, size_t), const handle<T> &to, std::string_view text) {
    if (setter(to.get(), text.data(), text.size()) != CHAT_OK) std::abort();
}

// Makes a unary call and returns its reply, which is null where it should fail and did.
template <typename Request, typename Reply>
handle<Reply> call(
    chat_client *client,
    int32_t (*method)(chat_client *, const Request *, const chat_call_options *, Reply **, chat_error *),
    const handle<Request> &request, void (*destroy)(Reply *), const char *what, int32_t expected = CHAT_OK) {
    Reply *reply = nullptr;
    must_be(method(client, request.get(), nullptr, &reply, error), expected, what);
    return {reply, destroy};
}

// Opens a stream and reads its first event.
template <typename Request, typename Event>
void first(
    chat_client *client,
    int32_t (*method)(chat_client *, const Request *, const chat_call_options *, chat_stream **, chat_error *),
    const handle<Request> &request, int32_t (*next)(chat_stream *, int64_t, Event **, chat_error *),
    void (*destroy)(Event *), const char *what, int32_t expected = CHAT_OK) {
    chat_stream *stream = nullptr;
    must_be(method(client, request.get(), nullptr, &stream, error), CHAT_OK, what);
    Event *event = nullptr;
    must_be(next(stream, 5000, &event, error), expected, what);
    if (event) destroy(event);
    chat_stream_destroy(stream);
}

#define MAKE(name) make(chat_v1_##name##_create, chat_v1_##name##_destroy)

void turns(chat_client *client) {
    auto request = MAKE(chat_request);
    set(chat_v1_chat_request_set_message, request, "Hello from C++");
    set(chat_v1_chat_request_set_session_id, request, "cxx");
    set(chat_v1_chat_request_set_turn_id, request, "cxx-1");
    auto reply = call(client, chat_v1_chat_service_chat, request, chat_v1_chat_reply_destroy, "Chat");
    size_t length = 0;
    const char *text = chat_v1_chat_reply_text(reply.get(), &length);
    std::printf("%.*s\n", static_cast<int>(length), text);
    first(client, chat_v1_chat_service_stream_chat, request, chat_v1_chat_event_next, chat_v1_chat_event_destroy,
        "StreamChat");
    auto cancel = MAKE(cancel_turn_request);
    set(chat_v1_cancel_turn_request_set_turn_id, cancel, "cxx-1");
    call(client, chat_v1_chat_service_cancel_turn, cancel, chat_v1_cancel_turn_reply_destroy, "CancelTurn");
}

void sessions(chat_client *client) {
    auto list = MAKE(list_sessions_request);
    call(client, chat_v1_session_service_list_sessions, list, chat_v1_list_sessions_reply_destroy, "ListSessions");
    auto get = MAKE(get_session_request);
    set(chat_v1_get_session_request_set_session_id, get, "cxx");
    call(client, chat_v1_session_service_get_session, get, chat_v1_session_destroy, "GetSession");
    auto update = MAKE(update_session_request);
    set(chat_v1_update_session_request_set_session_id, update, "cxx");
    set(chat_v1_update_session_request_set_title, update, "C++");
    call(client, chat_v1_session_service_update_session, update, chat_v1_session_destroy, "UpdateSession");
    auto messages = MAKE(list_messages_request);
    set(chat_v1_list_messages_request_set_session_id, messages, "cxx");
    call(client, chat_v1_session_service_list_messages, messages, chat_v1_list_messages_reply_destroy, "ListMessages");
    auto gone = MAKE(delete_session_request);
    set(chat_v1_delete_session_request_set_session_id, gone, "cxx");
    call(client, chat_v1_session_service_delete_session, gone, chat_v1_delete_session_reply_destroy, "DeleteSession");
}

void locks(chat_client *client) {
    constexpr std::string_view token = "0123456789abcdef0123456789abcdef";
    auto acquire = MAKE(acquire_lock_request);
    set(chat_v1_acquire_lock_request_set_key, acquire, "cxx");
    set(chat_v1_acquire_lock_request_set_token, acquire, token);
    chat_v1_acquire_lock_request_set_ttl_milliseconds(acquire.get(), 10000);
    call(client, chat_v1_lock_service_acquire, acquire, chat_v1_acquire_lock_reply_destroy, "Acquire");
    auto renew = MAKE(renew_lock_request);
    set(chat_v1_renew_lock_request_set_key, renew, "cxx");
    set(chat_v1_renew_lock_request_set_token, renew, token);
    chat_v1_renew_lock_request_set_ttl_milliseconds(renew.get(), 10000);
    call(client, chat_v1_lock_service_renew, renew, chat_v1_renew_lock_reply_destroy, "Renew");
    auto inspect = MAKE(inspect_lock_request);
    set(chat_v1_inspect_lock_request_set_key, inspect, "cxx");
    call(client, chat_v1_lock_service_inspect, inspect, chat_v1_inspect_lock_reply_destroy, "Inspect");
    auto release = MAKE(release_lock_request);
    set(chat_v1_release_lock_request_set_key, release, "cxx");
    set(chat_v1_release_lock_request_set_token, release, token);
    call(client, chat_v1_lock_service_release, release, chat_v1_release_lock_reply_destroy, "Release");
    auto force = MAKE(force_release_lock_request);
    set(chat_v1_force_release_lock_request_set_key, force, "cxx");
    chat_v1_force_release_lock_request_set_fence(force.get(), 1);
    call(client, chat_v1_lock_service_force_release, force, chat_v1_force_release_lock_reply_destroy, "ForceRelease",
        CHAT_FAILED_PRECONDITION);
    auto hold = MAKE(hold_lock_request);
    set(chat_v1_hold_lock_request_set_key, hold, "cxx");
    set(chat_v1_hold_lock_request_set_token, hold, token);
    chat_v1_hold_lock_request_set_ttl_milliseconds(hold.get(), 10000);
    first(client, chat_v1_lock_service_hold, hold, chat_v1_hold_lock_event_next, chat_v1_hold_lock_event_destroy,
        "Hold");
}

void others(chat_client *client) {
    auto info = MAKE(get_server_info_request);
    call(client, chat_v1_server_service_get_server_info, info, chat_v1_server_info_destroy, "GetServerInfo");
    auto authenticate = MAKE(authenticate_request);
    call(client, chat_v1_server_service_authenticate, authenticate, chat_v1_authenticate_reply_destroy, "Authenticate",
        CHAT_UNIMPLEMENTED);
    auto import = MAKE(import_messages_request);
    chat_v1_chat_message *message = nullptr;
    set(chat_v1_import_messages_request_set_session_id, import, "cxx-import");
    chat_v1_import_messages_request_set_first_position(import.get(), 1);
    if (chat_v1_import_messages_request_add_messages(import.get(), &message) != CHAT_OK) std::abort();
    chat_v1_chat_message_set_role(message, CHAT_V1_MESSAGE_ROLE_USER);
    call(client, chat_v1_maintenance_service_import_messages, import, chat_v1_import_messages_reply_destroy,
        "ImportMessages");
    auto backup = MAKE(backup_request);
    first(client, chat_v1_maintenance_service_backup, backup, chat_v1_backup_event_next, chat_v1_backup_event_destroy,
        "Backup", CHAT_FAILED_PRECONDITION);
    auto echo = MAKE(echo_request);
    call(client, chat_v1_diagnostics_service_echo, echo, chat_v1_echo_reply_destroy, "Echo");
    auto health = make(chat_health_v1_health_check_request_create, chat_health_v1_health_check_request_destroy);
    call(client, chat_health_v1_health_check, health, chat_health_v1_health_check_response_destroy, "Check");
    first(client, chat_health_v1_health_watch, health, chat_health_v1_health_check_response_next,
        chat_health_v1_health_check_response_destroy, "Watch");
}

} // namespace

int main(int argc, char **argv) {
    chat_client *client = nullptr;
    if (argc != 2 || chat_error_create(&error) != CHAT_OK) return 64;
    must_be(chat_client_create(argv[1], nullptr, &client, error), CHAT_OK, "client");
    turns(client);
    sessions(client);
    locks(client);
    others(client);
    chat_client_destroy(client);
    chat_error_destroy(error);
    std::printf("C++: %d calls\n", calls);
}
