"""The client for threads."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Callable, Generic, TypeVar

from . import _methods
from ._calls import EventCheck, milliseconds
from ._handle import Handle, HeldLock, Queue, message_of, new_cancellation
from ._library import lib
from .errors import ChatError
from .generated import messages as m
from .generated.messages import CALLS

#: So long a thread waits in C before it looks whether Python wants something, such as a KeyboardInterrupt.
_SLICE_MILLISECONDS = 100

_Item = TypeVar("_Item")


class Stream(Generic[_Item]):
    """What a call streams. Iterate over it; leaving the `with` block, or `close`, cancels the call."""

    def __init__(
        self, handle: Handle, call: _methods.Call, timeout: float | None, metadata: Mapping[str, str] | None,
        check: EventCheck | None = None,
    ) -> None:
        self._queue: Queue | None = Queue(handle)
        self._kind = CALLS[call[0]][3]
        self._check = check
        #: The turn's id, with which a failed answer may be asked for again; "" where there is none.
        self.turn_id: str = getattr(call[1], "turn_id", "")
        self._queue.begin(1, call[0], call[1], timeout, metadata)

    def __iter__(self) -> Iterator[_Item]:
        return self

    def __next__(self) -> _Item:
        while self._queue is not None:
            completion = self._queue.next(_SLICE_MILLISECONDS)
            if completion is None:
                continue
            try:
                message = message_of(completion, self._kind)
                if message is None and self._check is not None:
                    self._check.ended()
                elif message is not None and self._check is not None:
                    self._check.received(message)
            except ChatError:
                self.close()
                raise
            if message is None:
                self.close()
                break
            return message
        raise StopIteration

    def close(self) -> None:
        """Cancels the call unless it is over. From the thread that reads."""
        if self._queue is not None:
            self._queue.close()
            self._queue = None

    def cancel(self) -> None:
        """Cancels the call; its reader gets CancelledError. From any thread."""
        queue = self._queue
        if queue is not None:
            queue.cancel(1)

    def __enter__(self) -> Stream[_Item]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


class Lock(HeldLock):
    """A lock for a `with` block: taken before it, renewed beside it, given back after it.

    When it was lost meanwhile, leaving the block raises FailedPreconditionError with reason LOST.
    """

    def __enter__(self) -> Lock:
        # In a thread of its own, so that Ctrl-C is heard while it waits in line.
        cancellation, failures = new_cancellation(), []

        def acquire() -> None:
            try:
                self._acquire(cancellation)
            except BaseException as error:  # Raised where the lock is asked for.
                failures.append(error)

        thread = threading.Thread(target=acquire, daemon=True)
        thread.start()
        try:
            thread.join()
        except BaseException:
            lib.chat_cancellation_trigger(cancellation)
            thread.join()
            if not failures:
                self._release()
            raise
        if failures:
            raise failures[0]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._release()
        except ChatError:
            if error is None:
                raise


class Client:
    """Talks to a Chat Service server, from any thread.

    `addresses` is "host:port", "host" or "unix:/path", several with commas between them or as a sequence. It connects
    when it is first used. Times are in seconds. Every failure is a ChatError.
    """

    def __init__(
        self,
        addresses: str | Sequence[str] = "127.0.0.1:7420",
        *,
        connect_timeout: float = 5.0,
        call_timeout: float = 15.0,
        chat_timeout: float = 600.0,
        attempts: int = 4,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self._handle = Handle(
            addresses, connect_timeout=connect_timeout, call_timeout=call_timeout, chat_timeout=chat_timeout,
            attempts=attempts, metadata=metadata)

    def close(self) -> None:
        """Ends the connection; calls in flight and later ones raise CancelledError with reason CLIENT_CLOSED."""
        self._handle.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _call(self, call: _methods.Call, timeout: float | None, metadata: Mapping[str, str] | None = None) -> Any:
        queue = Queue(self._handle)
        try:
            queue.begin(1, call[0], call[1], timeout, metadata)
            while (completion := queue.next(_SLICE_MILLISECONDS)) is None:
                pass
            return message_of(completion, CALLS[call[0]][3])
        finally:
            queue.close()

    # Turns

    def chat(
        self, message: str | m.ChatRequest, session_id: str = "", *, timeout: float | None = None,
        metadata: Mapping[str, str] | None = None, **fields: Any,
    ) -> m.ChatReply:
        """Asks and returns the whole answer. `fields` are those of ChatRequest."""
        request = _methods.chat_request(message, session_id, fields)
        return self._call(("chat_v1_chat_service_chat", request), timeout, metadata)

    def stream_chat(
        self, message: str | m.ChatRequest, session_id: str = "", *, timeout: float | None = None,
        metadata: Mapping[str, str] | None = None, **fields: Any,
    ) -> Stream[m.ChatEvent]:
        """Asks and gives the answer piece by piece. It is whole and stored when the iteration ends by itself."""
        request = _methods.chat_request(message, session_id, fields)
        call = ("chat_v1_chat_service_stream_chat", request)
        return Stream(self._handle, call, timeout, metadata, EventCheck())

    def cancel_turn(self, turn_id: str, session_id: str = "", *, timeout: float | None = None) -> m.CancelOutcome | int:
        """Cancels a turn, whichever client began it."""
        return self._call(_methods.cancel_turn(turn_id, session_id), timeout).outcome

    # Sessions

    def list_sessions(
        self, *, page_size: int = 0, page_token: str = "", all_owners: bool = False, timeout: float | None = None
    ) -> m.ListSessionsReply:
        """One page of sessions, newest activity first."""
        return self._call(_methods.list_sessions(page_size, page_token, all_owners), timeout)

    def sessions(self, *, all_owners: bool = False) -> Iterator[m.Session]:
        """All sessions, page by page."""
        return _pages(lambda token: self.list_sessions(page_token=token, all_owners=all_owners), "sessions")

    def session(self, session_id: str, *, timeout: float | None = None) -> m.Session:
        """One session without its messages."""
        return self._call(_methods.get_session(session_id), timeout)

    def update_session(
        self, session_id: str, *, title: str | None = None, labels: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> m.Session:
        """Changes the title or all labels."""
        return self._call(_methods.update_session(session_id, title, labels), timeout)

    def delete_session(self, session_id: str, *, timeout: float | None = None) -> bool:
        """Deletes a session; False when there was none."""
        return self._call(_methods.delete_session(session_id), timeout).existed

    def list_messages(
        self, session_id: str, *, page_size: int = 0, page_token: str = "", newest_first: bool = False,
        timeout: float | None = None,
    ) -> m.ListMessagesReply:
        """One page of a session's messages."""
        return self._call(_methods.list_messages(session_id, page_size, page_token, newest_first), timeout)

    def messages(self, session_id: str, *, newest_first: bool = False) -> Iterator[m.ChatMessage]:
        """All messages of a session, page by page."""
        return _pages(
            lambda token: self.list_messages(session_id, page_token=token, newest_first=newest_first), "messages")

    # Locks

    def lock(self, key: str, *, ttl: float = 10.0, wait: float = 0.0, owner_label: str = "") -> Lock:
        """A lock for a `with` block. AbortedError with reason NOT_ACQUIRED when someone else holds it."""
        return Lock(self._handle, key, ttl, wait, owner_label)

    def acquire_lock(
        self, key: str, token: str, *, ttl: float = 10.0, wait: float = 0.0, owner_label: str = "",
        timeout: float | None = None,
    ) -> m.AcquireLockReply:
        """Takes a lease that the caller renews."""
        call = _methods.acquire_lock(key, token, milliseconds(ttl), milliseconds(wait), owner_label)
        return self._call(call, timeout if timeout is not None or not wait else wait + 15)

    def renew_lock(self, key: str, token: str, *, ttl: float = 10.0, timeout: float | None = None) -> m.RenewLockReply:
        """Begins a lease's time to live anew."""
        return self._call(_methods.renew_lock(key, token, milliseconds(ttl)), timeout)

    def release_lock(self, key: str, token: str, *, timeout: float | None = None) -> None:
        """Gives a lease back."""
        self._call(_methods.release_lock(key, token), timeout)

    def inspect_lock(self, key: str, *, timeout: float | None = None) -> m.InspectLockReply:
        """Tells who holds a lock."""
        return self._call(_methods.inspect_lock(key), timeout)

    def hold_lock(
        self, key: str, token: str | None = None, *, ttl: float = 10.0, wait: float = 0.0, owner_label: str = "",
        timeout: float | None = None,
    ) -> Stream[m.HoldLockEvent]:
        """A lease that the server renews while the stream is open."""
        call = _methods.hold_lock(
            key, token or _methods.new_id(), milliseconds(ttl), milliseconds(wait), owner_label)
        return Stream(self._handle, call, timeout, None)

    def force_release_lock(self, key: str, fence: int, *, timeout: float | None = None) -> str:
        """Takes a lease away, for operators; returns its owner's label."""
        return self._call(_methods.force_release_lock(key, fence), timeout).owner_label

    # The server

    def server_info(self, *, timeout: float | None = None) -> m.ServerInfo:
        """What the server is and which limits it has."""
        return self._call(_methods.server_info(), timeout)

    def authenticate(self, token: str, *, timeout: float | None = None) -> m.AuthenticateReply:
        """Authenticates this connection. UnimplementedError where the server takes no tokens."""
        return self._call(_methods.authenticate(token), timeout)

    def health(self, service: str = "", *, timeout: float | None = None) -> m.ServingStatus | int:
        """Whether the server, or one of its services, is ready."""
        return self._call(_methods.health(service), timeout).status

    def echo(self, payload: bytes, *, timeout: float | None = None) -> bytes:
        """Gives bytes back, where the server has diagnostics."""
        return self._call(_methods.echo(payload), timeout).payload

    def import_messages(
        self, session_id: str, messages: Iterable[m.ChatMessage], *, first_position: int = 1,
        timeout: float | None = None,
    ) -> m.ImportMessagesReply:
        """Adds messages to a session; repeating it is safe."""
        return self._call(_methods.import_messages(session_id, messages, first_position), timeout)

    def backup(self) -> Stream[m.BackupEvent]:
        """The store as one file, in pieces."""
        return Stream(self._handle, _methods.backup(), None, None)


def _pages(page: Callable[[str], Any], field: str) -> Iterator[Any]:
    token = ""
    while True:
        reply = page(token)
        yield from getattr(reply, field)
        token = reply.next_page_token
        if not token:
            return
