"""The calls that both faces have: from arguments to requests. Each gives the call's name in C and its request."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from .generated import messages as m

Call = tuple[str, Any]


def new_id() -> str:
    """128 random bits: a turn id, or a lock's token."""
    return secrets.token_hex(16)


def chat_request(message: str | m.ChatRequest, session_id: str, fields: Mapping[str, Any]) -> m.ChatRequest:
    """A request with a turn id, so that it may be repeated."""
    if isinstance(message, m.ChatRequest):
        request = message
    else:
        request = m.ChatRequest(message=message, session_id=session_id, **fields)
    if not request.turn_id:
        request.turn_id = new_id()
    return request


def cancel_turn(turn_id: str, session_id: str) -> Call:
    return "chat_v1_chat_service_cancel_turn", m.CancelTurnRequest(session_id=session_id, turn_id=turn_id)


def list_sessions(page_size: int, page_token: str, all_owners: bool) -> Call:
    request = m.ListSessionsRequest(all_owners=all_owners, page_size=page_size, page_token=page_token)
    return "chat_v1_session_service_list_sessions", request


def get_session(session_id: str) -> Call:
    return "chat_v1_session_service_get_session", m.GetSessionRequest(session_id=session_id)


def update_session(session_id: str, title: str | None, labels: Mapping[str, str] | None) -> Call:
    request = m.UpdateSessionRequest(session_id=session_id, title=title)
    if labels is not None:
        request.replace_labels = True
        request.labels = [m.Label(key=key, value=value) for key, value in sorted(labels.items())]
    return "chat_v1_session_service_update_session", request


def delete_session(session_id: str) -> Call:
    return "chat_v1_session_service_delete_session", m.DeleteSessionRequest(session_id=session_id)


def list_messages(session_id: str, page_size: int, page_token: str, newest_first: bool) -> Call:
    request = m.ListMessagesRequest(
        session_id=session_id, page_size=page_size, page_token=page_token, newest_first=newest_first)
    return "chat_v1_session_service_list_messages", request


def acquire_lock(key: str, token: str, ttl_ms: int, wait_ms: int, owner_label: str) -> Call:
    request = m.AcquireLockRequest(
        key=key, token=token, ttl_milliseconds=ttl_ms, wait_milliseconds=wait_ms, owner_label=owner_label)
    return "chat_v1_lock_service_acquire", request


def renew_lock(key: str, token: str, ttl_ms: int) -> Call:
    return "chat_v1_lock_service_renew", m.RenewLockRequest(key=key, token=token, ttl_milliseconds=ttl_ms)


def release_lock(key: str, token: str) -> Call:
    return "chat_v1_lock_service_release", m.ReleaseLockRequest(key=key, token=token)


def inspect_lock(key: str) -> Call:
    return "chat_v1_lock_service_inspect", m.InspectLockRequest(key=key)


def hold_lock(key: str, token: str, ttl_ms: int, wait_ms: int, owner_label: str) -> Call:
    request = m.HoldLockRequest(
        key=key, token=token, ttl_milliseconds=ttl_ms, wait_milliseconds=wait_ms, owner_label=owner_label)
    return "chat_v1_lock_service_hold", request


def force_release_lock(key: str, fence: int) -> Call:
    return "chat_v1_lock_service_force_release", m.ForceReleaseLockRequest(key=key, fence=fence)


def server_info() -> Call:
    return "chat_v1_server_service_get_server_info", m.GetServerInfoRequest()


def authenticate(token: str) -> Call:
    return "chat_v1_server_service_authenticate", m.AuthenticateRequest(token=token)


def import_messages(session_id: str, messages: Iterable[m.ChatMessage], first_position: int) -> Call:
    request = m.ImportMessagesRequest(
        session_id=session_id, first_position=first_position, messages=list(messages))
    return "chat_v1_maintenance_service_import_messages", request


def backup() -> Call:
    return "chat_v1_maintenance_service_backup", m.BackupRequest()


def echo(payload: bytes) -> Call:
    return "chat_v1_diagnostics_service_echo", m.EchoRequest(payload=payload)


def health(service: str) -> Call:
    return "chat_health_v1_health_check", m.HealthCheckRequest(service=service)
