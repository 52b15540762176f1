// Every call of the service from Rust, with plain extern "C" declarations. Usage: every_call ADDRESS

use std::ffi::{CStr, CString};
use std::os::raw::{c_char, c_void};
use std::ptr::{null, null_mut};

type Handle = *mut c_void;
type Unary = unsafe extern "C" fn(Handle, Handle, *const c_void, *mut Handle, Handle) -> i32;
type Next = unsafe extern "C" fn(Handle, i64, *mut Handle, Handle) -> i32;
type Create = unsafe extern "C" fn(*mut Handle) -> i32;
type Destroy = unsafe extern "C" fn(Handle);
type Set = unsafe extern "C" fn(Handle, *const c_void, usize) -> i32;

// The handles' types differ in C and are all pointers; each group below has one shape.
macro_rules! declare {
    ($($group:ident: $type:ty = $($name:ident)*;)*) => {
        extern "C" { $($(fn $name(); )*)* }
        $($(
            #[allow(non_upper_case_globals)]
            mod $name { use super::*; pub fn get() -> $type {
                // The address of a function of that shape.
                unsafe { std::mem::transmute::<unsafe extern "C" fn(), $type>(super::$name) } } }
        )*)*
    };
}

#[link(name = "chatclient")]
extern "C" {
    fn chat_error_create(error: *mut Handle) -> i32;
    fn chat_error_destroy(error: Handle);
    fn chat_error_message(error: Handle) -> *const c_char;
    fn chat_status_name(status: i32) -> *const c_char;
    fn chat_client_create(addresses: *const c_char, options: *const c_void, client: *mut Handle, error: Handle) -> i32;
    fn chat_client_destroy(client: Handle);
    fn chat_stream_destroy(stream: Handle);
    fn chat_v1_chat_reply_text(reply: Handle, length: *mut usize) -> *const u8;
    fn chat_v1_acquire_lock_request_set_ttl_milliseconds(request: Handle, value: u32);
    fn chat_v1_renew_lock_request_set_ttl_milliseconds(request: Handle, value: u32);
    fn chat_v1_hold_lock_request_set_ttl_milliseconds(request: Handle, value: u32);
    fn chat_v1_force_release_lock_request_set_fence(request: Handle, value: u64);
    fn chat_v1_import_messages_request_set_first_position(request: Handle, value: u64);
    fn chat_v1_import_messages_request_add_messages(request: Handle, message: *mut Handle) -> i32;
    fn chat_v1_chat_message_set_role(message: Handle, role: i32);
}

declare! {
    creates: Create = chat_v1_chat_request_create chat_v1_cancel_turn_request_create
        chat_v1_list_sessions_request_create chat_v1_get_session_request_create chat_v1_update_session_request_create
        chat_v1_list_messages_request_create chat_v1_delete_session_request_create chat_v1_acquire_lock_request_create
        chat_v1_renew_lock_request_create chat_v1_inspect_lock_request_create chat_v1_release_lock_request_create
        chat_v1_force_release_lock_request_create chat_v1_hold_lock_request_create
        chat_v1_get_server_info_request_create chat_v1_authenticate_request_create
        chat_v1_import_messages_request_create chat_v1_backup_request_create chat_v1_echo_request_create
        chat_health_v1_health_check_request_create;
    destroys: Destroy = chat_v1_chat_request_destroy chat_v1_cancel_turn_request_destroy
        chat_v1_list_sessions_request_destroy chat_v1_get_session_request_destroy
        chat_v1_update_session_request_destroy chat_v1_list_messages_request_destroy
        chat_v1_delete_session_request_destroy chat_v1_acquire_lock_request_destroy chat_v1_renew_lock_request_destroy
        chat_v1_inspect_lock_request_destroy chat_v1_release_lock_request_destroy
        chat_v1_force_release_lock_request_destroy chat_v1_hold_lock_request_destroy
        chat_v1_get_server_info_request_destroy chat_v1_authenticate_request_destroy
        chat_v1_import_messages_request_destroy chat_v1_backup_request_destroy chat_v1_echo_request_destroy
        chat_health_v1_health_check_request_destroy chat_v1_chat_reply_destroy chat_v1_chat_event_destroy
        chat_v1_cancel_turn_reply_destroy chat_v1_list_sessions_reply_destroy chat_v1_session_destroy
        chat_v1_list_messages_reply_destroy chat_v1_delete_session_reply_destroy chat_v1_acquire_lock_reply_destroy
        chat_v1_renew_lock_reply_destroy chat_v1_inspect_lock_reply_destroy chat_v1_release_lock_reply_destroy
        chat_v1_force_release_lock_reply_destroy chat_v1_hold_lock_event_destroy chat_v1_server_info_destroy
        chat_v1_authenticate_reply_destroy chat_v1_import_messages_reply_destroy chat_v1_backup_event_destroy
        chat_v1_echo_reply_destroy chat_health_v1_health_check_response_destroy;
    setters: Set = chat_v1_chat_request_set_message chat_v1_chat_request_set_session_id
        chat_v1_chat_request_set_turn_id chat_v1_cancel_turn_request_set_turn_id
        chat_v1_get_session_request_set_session_id chat_v1_update_session_request_set_session_id
        chat_v1_update_session_request_set_title chat_v1_list_messages_request_set_session_id
        chat_v1_delete_session_request_set_session_id chat_v1_acquire_lock_request_set_key
        chat_v1_acquire_lock_request_set_token chat_v1_renew_lock_request_set_key chat_v1_renew_lock_request_set_token
        chat_v1_inspect_lock_request_set_key chat_v1_release_lock_request_set_key
        chat_v1_release_lock_request_set_token chat_v1_force_release_lock_request_set_key
        chat_v1_hold_lock_request_set_key chat_v1_hold_lock_request_set_token
        chat_v1_import_messages_request_set_session_id;
    calls: Unary = chat_v1_chat_service_chat chat_v1_chat_service_stream_chat chat_v1_chat_service_cancel_turn
        chat_v1_session_service_list_sessions chat_v1_session_service_get_session
        chat_v1_session_service_update_session chat_v1_session_service_list_messages
        chat_v1_session_service_delete_session chat_v1_lock_service_acquire chat_v1_lock_service_renew
        chat_v1_lock_service_inspect chat_v1_lock_service_release chat_v1_lock_service_force_release
        chat_v1_lock_service_hold chat_v1_server_service_get_server_info chat_v1_server_service_authenticate
        chat_v1_maintenance_service_import_messages chat_v1_maintenance_service_backup
        chat_v1_diagnostics_service_echo chat_health_v1_health_check chat_health_v1_health_watch;
    nexts: Next = chat_v1_chat_event_next chat_v1_hold_lock_event_next chat_v1_backup_event_next
        chat_health_v1_health_check_response_next;
}

const OK: i32 = 0;
const FAILED_PRECONDITION: i32 = 9;
const UNIMPLEMENTED: i32 = 12;

struct Caller {
    client: Handle,
    error: Handle,
    calls: u32,
}

impl Caller {
    fn must_be(&mut self, status: i32, expected: i32, what: &str) {
        self.calls += 1;
        if status != expected {
            let name = unsafe { CStr::from_ptr(chat_status_name(status)) };
            let words = unsafe { CStr::from_ptr(chat_error_message(self.error)) };
            panic!("{}: {:?}: {:?}", what, name, words);
        }
    }

    fn unary(&mut self, call: Unary, request: &Request, destroy: Destroy, expected: i32, what: &str) {
        let mut reply = null_mut();
        let status = unsafe { call(self.client, request.handle, null(), &mut reply, self.error) };
        self.must_be(status, expected, what);
        if status == OK {
            unsafe { destroy(reply) };
        }
    }

    fn stream(&mut self, call: Unary, request: &Request, next: Next, destroy: Destroy, expected: i32, what: &str) {
        let (mut stream, mut event) = (null_mut(), null_mut());
        let status = unsafe { call(self.client, request.handle, null(), &mut stream, self.error) };
        self.must_be(status, OK, what);
        let status = unsafe { next(stream, 5000, &mut event, self.error) };
        self.must_be(status, expected, what);
        unsafe {
            if status == OK {
                destroy(event);
            }
            chat_stream_destroy(stream);
        }
    }
}

struct Request {
    handle: Handle,
    destroy: Destroy,
}

impl Request {
    fn new(create: Create, destroy: Destroy) -> Request {
        let mut handle = null_mut();
        assert_eq!(unsafe { create(&mut handle) }, OK);
        Request { handle, destroy }
    }

    fn set(self, setter: Set, text: &str) -> Request {
        assert_eq!(unsafe { setter(self.handle, text.as_ptr().cast(), text.len()) }, OK);
        self
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        unsafe { (self.destroy)(self.handle) }
    }
}

macro_rules! request {
    ($create:ident, $destroy:ident $(, $setter:ident = $text:expr)*) => {
        Request::new($create::get(), $destroy::get())$(.set($setter::get(), $text))*
    };
}

fn turns(c: &mut Caller) {
    let request = request!(chat_v1_chat_request_create, chat_v1_chat_request_destroy,
        chat_v1_chat_request_set_message = "Hello from Rust", chat_v1_chat_request_set_session_id = "rust",
        chat_v1_chat_request_set_turn_id = "rust-1");
    let (mut reply, mut length) = (null_mut(), 0usize);
    let chat = chat_v1_chat_service_chat::get();
    let status = unsafe { chat(c.client, request.handle, null(), &mut reply, c.error) };
    c.must_be(status, OK, "Chat");
    let text = unsafe {
        let bytes = chat_v1_chat_reply_text(reply, &mut length);
        String::from_utf8_lossy(std::slice::from_raw_parts(bytes, length)).into_owned()
    };
    println!("{}", text);
    unsafe { (chat_v1_chat_reply_destroy::get())(reply) };
    c.stream(chat_v1_chat_service_stream_chat::get(), &request, chat_v1_chat_event_next::get(),
        chat_v1_chat_event_destroy::get(), OK, "StreamChat");
    let cancel = request!(chat_v1_cancel_turn_request_create, chat_v1_cancel_turn_request_destroy,
        chat_v1_cancel_turn_request_set_turn_id = "rust-1");
    c.unary(chat_v1_chat_service_cancel_turn::get(), &cancel, chat_v1_cancel_turn_reply_destroy::get(), OK,
        "CancelTurn");
}

fn sessions(c: &mut Caller) {
    let list = request!(chat_v1_list_sessions_request_create, chat_v1_list_sessions_request_destroy);
    c.unary(chat_v1_session_service_list_sessions::get(), &list, chat_v1_list_sessions_reply_destroy::get(), OK,
        "ListSessions");
    let get = request!(chat_v1_get_session_request_create, chat_v1_get_session_request_destroy,
        chat_v1_get_session_request_set_session_id = "rust");
    c.unary(chat_v1_session_service_get_session::get(), &get, chat_v1_session_destroy::get(), OK, "GetSession");
    let update = request!(chat_v1_update_session_request_create, chat_v1_update_session_request_destroy,
        chat_v1_update_session_request_set_session_id = "rust", chat_v1_update_session_request_set_title = "Rust");
    c.unary(chat_v1_session_service_update_session::get(), &update, chat_v1_session_destroy::get(), OK,
        "UpdateSession");
    let messages = request!(chat_v1_list_messages_request_create, chat_v1_list_messages_request_destroy,
        chat_v1_list_messages_request_set_session_id = "rust");
    c.unary(chat_v1_session_service_list_messages::get(), &messages, chat_v1_list_messages_reply_destroy::get(), OK,
        "ListMessages");
    let delete = request!(chat_v1_delete_session_request_create, chat_v1_delete_session_request_destroy,
        chat_v1_delete_session_request_set_session_id = "rust");
    c.unary(chat_v1_session_service_delete_session::get(), &delete, chat_v1_delete_session_reply_destroy::get(), OK,
        "DeleteSession");
}

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn locks(c: &mut Caller) {
    let acquire = request!(chat_v1_acquire_lock_request_create, chat_v1_acquire_lock_request_destroy,
        chat_v1_acquire_lock_request_set_key = "rust", chat_v1_acquire_lock_request_set_token = TOKEN);
    unsafe { chat_v1_acquire_lock_request_set_ttl_milliseconds(acquire.handle, 10000) };
    c.unary(chat_v1_lock_service_acquire::get(), &acquire, chat_v1_acquire_lock_reply_destroy::get(), OK, "Acquire");
    let renew = request!(chat_v1_renew_lock_request_create, chat_v1_renew_lock_request_destroy,
        chat_v1_renew_lock_request_set_key = "rust", chat_v1_renew_lock_request_set_token = TOKEN);
    unsafe { chat_v1_renew_lock_request_set_ttl_milliseconds(renew.handle, 10000) };
    c.unary(chat_v1_lock_service_renew::get(), &renew, chat_v1_renew_lock_reply_destroy::get(), OK, "Renew");
    let inspect = request!(chat_v1_inspect_lock_request_create, chat_v1_inspect_lock_request_destroy,
        chat_v1_inspect_lock_request_set_key = "rust");
    c.unary(chat_v1_lock_service_inspect::get(), &inspect, chat_v1_inspect_lock_reply_destroy::get(), OK, "Inspect");
    let release = request!(chat_v1_release_lock_request_create, chat_v1_release_lock_request_destroy,
        chat_v1_release_lock_request_set_key = "rust", chat_v1_release_lock_request_set_token = TOKEN);
    c.unary(chat_v1_lock_service_release::get(), &release, chat_v1_release_lock_reply_destroy::get(), OK, "Release");
    let force = request!(chat_v1_force_release_lock_request_create, chat_v1_force_release_lock_request_destroy,
        chat_v1_force_release_lock_request_set_key = "rust");
    unsafe { chat_v1_force_release_lock_request_set_fence(force.handle, 1) };
    c.unary(chat_v1_lock_service_force_release::get(), &force, chat_v1_force_release_lock_reply_destroy::get(),
        FAILED_PRECONDITION, "ForceRelease");
    let hold = request!(chat_v1_hold_lock_request_create, chat_v1_hold_lock_request_destroy,
        chat_v1_hold_lock_request_set_key = "rust", chat_v1_hold_lock_request_set_token = TOKEN);
    unsafe { chat_v1_hold_lock_request_set_ttl_milliseconds(hold.handle, 10000) };
    c.stream(chat_v1_lock_service_hold::get(), &hold, chat_v1_hold_lock_event_next::get(),
        chat_v1_hold_lock_event_destroy::get(), OK, "Hold");
}

fn others(c: &mut Caller) {
    let info = request!(chat_v1_get_server_info_request_create, chat_v1_get_server_info_request_destroy);
    c.unary(chat_v1_server_service_get_server_info::get(), &info, chat_v1_server_info_destroy::get(), OK,
        "GetServerInfo");
    let authenticate = request!(chat_v1_authenticate_request_create, chat_v1_authenticate_request_destroy);
    c.unary(chat_v1_server_service_authenticate::get(), &authenticate, chat_v1_authenticate_reply_destroy::get(),
        UNIMPLEMENTED, "Authenticate");
    let import = request!(chat_v1_import_messages_request_create, chat_v1_import_messages_request_destroy,
        chat_v1_import_messages_request_set_session_id = "rust-import");
    let mut message = null_mut();
    unsafe {
        chat_v1_import_messages_request_set_first_position(import.handle, 1);
        assert_eq!(chat_v1_import_messages_request_add_messages(import.handle, &mut message), OK);
        chat_v1_chat_message_set_role(message, 2);
    }
    c.unary(chat_v1_maintenance_service_import_messages::get(), &import, chat_v1_import_messages_reply_destroy::get(),
        OK, "ImportMessages");
    let backup = request!(chat_v1_backup_request_create, chat_v1_backup_request_destroy);
    // This server's store is no file.
    c.stream(chat_v1_maintenance_service_backup::get(), &backup, chat_v1_backup_event_next::get(),
        chat_v1_backup_event_destroy::get(), FAILED_PRECONDITION, "Backup");
    let echo = request!(chat_v1_echo_request_create, chat_v1_echo_request_destroy);
    c.unary(chat_v1_diagnostics_service_echo::get(), &echo, chat_v1_echo_reply_destroy::get(), OK, "Echo");
    let health = request!(chat_health_v1_health_check_request_create, chat_health_v1_health_check_request_destroy);
    c.unary(chat_health_v1_health_check::get(), &health, chat_health_v1_health_check_response_destroy::get(), OK,
        "Check");
    c.stream(chat_health_v1_health_watch::get(), &health, chat_health_v1_health_check_response_next::get(),
        chat_health_v1_health_check_response_destroy::get(), OK, "Watch");
}

fn main() {
    let address = CString::new(std::env::args().nth(1).expect("usage: every_call ADDRESS")).unwrap();
    let mut caller = Caller { client: null_mut(), error: null_mut(), calls: 0 };
    assert_eq!(unsafe { chat_error_create(&mut caller.error) }, OK);
    let status = unsafe { chat_client_create(address.as_ptr(), null(), &mut caller.client, caller.error) };
    caller.must_be(status, OK, "client");
    turns(&mut caller);
    sessions(&mut caller);
    locks(&mut caller);
    others(&mut caller);
    unsafe {
        chat_client_destroy(caller.client);
        chat_error_destroy(caller.error);
    }
    println!("Rust: {} calls", caller.calls);
}
