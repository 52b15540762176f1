// Every call of the service from Go, through cgo. Usage: every_call ADDRESS
package main

/*
#include <stdlib.h>
#include <chatclient.h>
*/
import "C"

import (
	"fmt"
	"os"
	"unsafe"
)

var (
	client *C.chat_client
	failed *C.chat_error
	calls  int
)

func mustBe(status, expected C.int32_t, what string) {
	calls++
	if status != expected {
		fmt.Fprintf(os.Stderr, "%s: %s: %s\n", what, C.GoString(C.chat_status_name(status)),
			C.GoString(C.chat_error_message(failed)))
		os.Exit(1)
	}
}

func check(status C.int32_t) {
	if status != C.CHAT_OK {
		panic(C.GoString(C.chat_status_name(status)))
	}
}

// bytes gives a string to a setter, which copies it.
func bytes(text string, set func(unsafe.Pointer, C.size_t) C.int32_t) {
	data := C.CBytes([]byte(text))
	defer C.free(data)
	check(set(data, C.size_t(len(text))))
}

func turns() {
	var request *C.chat_v1_chat_request
	check(C.chat_v1_chat_request_create(&request))
	defer C.chat_v1_chat_request_destroy(request)
	bytes("Hello from Go", func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_chat_request_set_message(request, p, n)
	})
	bytes("go", func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_chat_request_set_session_id(request, p, n)
	})
	bytes("go-1", func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_chat_request_set_turn_id(request, p, n)
	})
	var reply *C.chat_v1_chat_reply
	mustBe(C.chat_v1_chat_service_chat(client, request, nil, &reply, failed), C.CHAT_OK, "Chat")
	var length C.size_t
	text := C.chat_v1_chat_reply_text(reply, &length)
	fmt.Println(C.GoStringN(text, C.int(length)))
	C.chat_v1_chat_reply_destroy(reply)

	var answer *C.chat_answer
	mustBe(C.chat_answer_open(client, request, nil, &answer, failed), C.CHAT_OK, "StreamChat")
	for {
		var event *C.chat_v1_chat_event
		status := C.chat_answer_next(answer, 5000, &event, failed)
		if status == C.CHAT_END {
			break
		}
		check(status)
		C.chat_v1_chat_event_destroy(event)
	}
	C.chat_answer_destroy(answer)

	var cancel *C.chat_v1_cancel_turn_request
	check(C.chat_v1_cancel_turn_request_create(&cancel))
	defer C.chat_v1_cancel_turn_request_destroy(cancel)
	bytes("go-1", func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_cancel_turn_request_set_turn_id(cancel, p, n)
	})
	var cancelled *C.chat_v1_cancel_turn_reply
	mustBe(C.chat_v1_chat_service_cancel_turn(client, cancel, nil, &cancelled, failed), C.CHAT_OK, "CancelTurn")
	C.chat_v1_cancel_turn_reply_destroy(cancelled)
}

func sessions() {
	var list *C.chat_v1_list_sessions_request
	var page *C.chat_v1_list_sessions_reply
	check(C.chat_v1_list_sessions_request_create(&list))
	mustBe(C.chat_v1_session_service_list_sessions(client, list, nil, &page, failed), C.CHAT_OK, "ListSessions")
	C.chat_v1_list_sessions_reply_destroy(page)
	C.chat_v1_list_sessions_request_destroy(list)

	var get *C.chat_v1_get_session_request
	var session *C.chat_v1_session
	check(C.chat_v1_get_session_request_create(&get))
	bytes("go", func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_get_session_request_set_session_id(get, p, n)
	})
	mustBe(C.chat_v1_session_service_get_session(client, get, nil, &session, failed), C.CHAT_OK, "GetSession")
	C.chat_v1_session_destroy(session)
	C.chat_v1_get_session_request_destroy(get)

	var update *C.chat_v1_update_session_request
	check(C.chat_v1_update_session_request_create(&update))
	bytes("go", func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_update_session_request_set_session_id(update, p, n)
	})
	bytes("Go", func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_update_session_request_set_title(update, p, n)
	})
	mustBe(C.chat_v1_session_service_update_session(client, update, nil, &session, failed), C.CHAT_OK, "UpdateSession")
	C.chat_v1_session_destroy(session)
	C.chat_v1_update_session_request_destroy(update)

	var read *C.chat_v1_list_messages_request
	var messages *C.chat_v1_list_messages_reply
	check(C.chat_v1_list_messages_request_create(&read))
	bytes("go", func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_list_messages_request_set_session_id(read, p, n)
	})
	mustBe(C.chat_v1_session_service_list_messages(client, read, nil, &messages, failed), C.CHAT_OK, "ListMessages")
	C.chat_v1_list_messages_reply_destroy(messages)
	C.chat_v1_list_messages_request_destroy(read)

	var gone *C.chat_v1_delete_session_request
	var deleted *C.chat_v1_delete_session_reply
	check(C.chat_v1_delete_session_request_create(&gone))
	bytes("go", func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_delete_session_request_set_session_id(gone, p, n)
	})
	mustBe(C.chat_v1_session_service_delete_session(client, gone, nil, &deleted, failed), C.CHAT_OK, "DeleteSession")
	C.chat_v1_delete_session_reply_destroy(deleted)
	C.chat_v1_delete_session_request_destroy(gone)
}

const token = "0123456789abcdef0123456789abcdef"

func locks() {
	var acquire *C.chat_v1_acquire_lock_request
	var acquired *C.chat_v1_acquire_lock_reply
	check(C.chat_v1_acquire_lock_request_create(&acquire))
	bytes("go", func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_acquire_lock_request_set_key(acquire, p, n)
	})
	bytes(token, func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_acquire_lock_request_set_token(acquire, p, n)
	})
	C.chat_v1_acquire_lock_request_set_ttl_milliseconds(acquire, 10000)
	mustBe(C.chat_v1_lock_service_acquire(client, acquire, nil, &acquired, failed), C.CHAT_OK, "Acquire")
	C.chat_v1_acquire_lock_reply_destroy(acquired)
	C.chat_v1_acquire_lock_request_destroy(acquire)

	var renew *C.chat_v1_renew_lock_request
	var renewed *C.chat_v1_renew_lock_reply
	check(C.chat_v1_renew_lock_request_create(&renew))
	bytes("go", func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_renew_lock_request_set_key(renew, p, n)
	})
	bytes(token, func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_renew_lock_request_set_token(renew, p, n)
	})
	C.chat_v1_renew_lock_request_set_ttl_milliseconds(renew, 10000)
	mustBe(C.chat_v1_lock_service_renew(client, renew, nil, &renewed, failed), C.CHAT_OK, "Renew")
	C.chat_v1_renew_lock_reply_destroy(renewed)
	C.chat_v1_renew_lock_request_destroy(renew)

	var inspect *C.chat_v1_inspect_lock_request
	var inspected *C.chat_v1_inspect_lock_reply
	check(C.chat_v1_inspect_lock_request_create(&inspect))
	bytes("go", func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_inspect_lock_request_set_key(inspect, p, n)
	})
	mustBe(C.chat_v1_lock_service_inspect(client, inspect, nil, &inspected, failed), C.CHAT_OK, "Inspect")
	C.chat_v1_inspect_lock_reply_destroy(inspected)
	C.chat_v1_inspect_lock_request_destroy(inspect)

	var release *C.chat_v1_release_lock_request
	var released *C.chat_v1_release_lock_reply
	check(C.chat_v1_release_lock_request_create(&release))
	bytes("go", func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_release_lock_request_set_key(release, p, n)
	})
	bytes(token, func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_release_lock_request_set_token(release, p, n)
	})
	mustBe(C.chat_v1_lock_service_release(client, release, nil, &released, failed), C.CHAT_OK, "Release")
	C.chat_v1_release_lock_reply_destroy(released)
	C.chat_v1_release_lock_request_destroy(release)

	var force *C.chat_v1_force_release_lock_request
	var forced *C.chat_v1_force_release_lock_reply
	check(C.chat_v1_force_release_lock_request_create(&force))
	bytes("go", func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_force_release_lock_request_set_key(force, p, n)
	})
	C.chat_v1_force_release_lock_request_set_fence(force, 1)
	mustBe(C.chat_v1_lock_service_force_release(client, force, nil, &forced, failed), C.CHAT_FAILED_PRECONDITION,
		"ForceRelease")
	C.chat_v1_force_release_lock_request_destroy(force)

	var hold *C.chat_v1_hold_lock_request
	var stream *C.chat_stream
	var event *C.chat_v1_hold_lock_event
	check(C.chat_v1_hold_lock_request_create(&hold))
	bytes("go", func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_hold_lock_request_set_key(hold, p, n)
	})
	bytes(token, func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_hold_lock_request_set_token(hold, p, n)
	})
	C.chat_v1_hold_lock_request_set_ttl_milliseconds(hold, 10000)
	mustBe(C.chat_v1_lock_service_hold(client, hold, nil, &stream, failed), C.CHAT_OK, "Hold")
	check(C.chat_v1_hold_lock_event_next(stream, 5000, &event, failed))
	C.chat_v1_hold_lock_event_destroy(event)
	C.chat_stream_destroy(stream)
	C.chat_v1_hold_lock_request_destroy(hold)
}

func others() {
	var get *C.chat_v1_get_server_info_request
	var info *C.chat_v1_server_info
	check(C.chat_v1_get_server_info_request_create(&get))
	mustBe(C.chat_v1_server_service_get_server_info(client, get, nil, &info, failed), C.CHAT_OK, "GetServerInfo")
	C.chat_v1_server_info_destroy(info)
	C.chat_v1_get_server_info_request_destroy(get)

	var authenticate *C.chat_v1_authenticate_request
	var authenticated *C.chat_v1_authenticate_reply
	check(C.chat_v1_authenticate_request_create(&authenticate))
	mustBe(C.chat_v1_server_service_authenticate(client, authenticate, nil, &authenticated, failed),
		C.CHAT_UNIMPLEMENTED, "Authenticate")
	C.chat_v1_authenticate_request_destroy(authenticate)

	var imports *C.chat_v1_import_messages_request
	var imported *C.chat_v1_import_messages_reply
	var message *C.chat_v1_chat_message
	check(C.chat_v1_import_messages_request_create(&imports))
	bytes("go-import", func(p unsafe.Pointer, n C.size_t) C.int32_t {
		return C.chat_v1_import_messages_request_set_session_id(imports, p, n)
	})
	C.chat_v1_import_messages_request_set_first_position(imports, 1)
	check(C.chat_v1_import_messages_request_add_messages(imports, &message))
	C.chat_v1_chat_message_set_role(message, C.CHAT_V1_MESSAGE_ROLE_USER)
	mustBe(C.chat_v1_maintenance_service_import_messages(client, imports, nil, &imported, failed), C.CHAT_OK,
		"ImportMessages")
	C.chat_v1_import_messages_reply_destroy(imported)
	C.chat_v1_import_messages_request_destroy(imports)

	var backup *C.chat_v1_backup_request
	var stream *C.chat_stream
	var piece *C.chat_v1_backup_event
	check(C.chat_v1_backup_request_create(&backup))
	mustBe(C.chat_v1_maintenance_service_backup(client, backup, nil, &stream, failed), C.CHAT_OK, "Backup")
	// This server's store is no file.
	mustBe(C.chat_v1_backup_event_next(stream, 5000, &piece, failed), C.CHAT_FAILED_PRECONDITION, "its first event")
	C.chat_stream_destroy(stream)
	C.chat_v1_backup_request_destroy(backup)

	var echo *C.chat_v1_echo_request
	var echoed *C.chat_v1_echo_reply
	check(C.chat_v1_echo_request_create(&echo))
	mustBe(C.chat_v1_diagnostics_service_echo(client, echo, nil, &echoed, failed), C.CHAT_OK, "Echo")
	C.chat_v1_echo_reply_destroy(echoed)
	C.chat_v1_echo_request_destroy(echo)

	var health *C.chat_health_v1_health_check_request
	var state *C.chat_health_v1_health_check_response
	check(C.chat_health_v1_health_check_request_create(&health))
	mustBe(C.chat_health_v1_health_check(client, health, nil, &state, failed), C.CHAT_OK, "Check")
	C.chat_health_v1_health_check_response_destroy(state)
	mustBe(C.chat_health_v1_health_watch(client, health, nil, &stream, failed), C.CHAT_OK, "Watch")
	check(C.chat_health_v1_health_check_response_next(stream, 5000, &state, failed))
	C.chat_health_v1_health_check_response_destroy(state)
	C.chat_stream_destroy(stream)
	C.chat_health_v1_health_check_request_destroy(health)
}

func main() {
	if len(os.Args) != 2 {
		os.Exit(64)
	}
	address := C.CString(os.Args[1])
	defer C.free(unsafe.Pointer(address))
	check(C.chat_error_create(&failed))
	mustBe(C.chat_client_create(address, nil, &client, failed), C.CHAT_OK, "client")
	turns()
	sessions()
	locks()
	others()
	C.chat_client_destroy(client)
	C.chat_error_destroy(failed)
	fmt.Printf("Go: %d calls\n", calls)
}
