"""The client for asyncio: the same calls, awaited. A client belongs to one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Generic, TypeVar

from . import _methods
from ._calls import EventCheck, milliseconds
from ._handle import Handle, HeldLock, Queue, message_of, new_cancellation
from ._library import lib
from .errors import ChatError
from .generated import messages as m
from .generated.messages import CALLS

_Item = TypeVar("_Item")


class AsyncStream(Generic[_Item]):
    """What a call streams. Iterate over it with `async for`; leaving `async with`, or `aclose`, cancels the call."""

    def __init__(
        self, handle: Handle, call: _methods.Call, timeout: float | None, metadata: Mapping[str, str] | None,
        check: EventCheck | None = None,
    ) -> None:
        # A queue of its own: what is not awaited stays in the library, which then stops the server.
        self._queue: Queue | None = Queue(handle)
        self._kind = CALLS[call[0]][3]
        self._check = check
        #: The turn's id, with which a failed answer may be asked for again; "" where there is none.
        self.turn_id: str = getattr(call[1], "turn_id", "")
        self._queue.begin(1, call[0], call[1], timeout, metadata)

    def __aiter__(self) -> AsyncIterator[_Item]:
        return self

    async def __anext__(self) -> _Item:
        while self._queue is not None:
            completion = self._queue.next(0)
            if completion is None:
                await _readable(self._queue.descriptor())
                continue
            try:
                message = message_of(completion, self._kind)
                if message is None and self._check is not None:
                    self._check.ended()
                elif message is not None and self._check is not None:
                    self._check.received(message)
            except ChatError:
                self._close()
                raise
            if message is None:
                self._close()
                break
            return message
        raise StopAsyncIteration

    def cancel(self) -> None:
        """Cancels the call; its reader gets CancelledError."""
        if self._queue is not None:
            self._queue.cancel(1)

    async def aclose(self) -> None:
        """Cancels the call unless it is over."""
        self._close()

    def _close(self) -> None:
        if self._queue is not None:
            self._queue.close()
            self._queue = None

    async def __aenter__(self) -> AsyncStream[_Item]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def __del__(self) -> None:
        self._close()


async def _readable(descriptor: int) -> None:
    """Until a descriptor can be read."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()

    def ready() -> None:
        if not future.done():
            future.set_result(None)

    loop.add_reader(descriptor, ready)
    try:
        await future
    finally:
        loop.remove_reader(descriptor)


class AsyncLock(HeldLock):
    """A lock for an `async with` block, as `Lock` for a `with` block."""

    def __init__(self, handle: Handle, key: str, ttl: float, wait: float, owner_label: str) -> None:
        super().__init__(handle, key, ttl, wait, owner_label)
        #: Set when the lock is lost; wait for it beside the work.
        self.lost = asyncio.Event()

    async def __aenter__(self) -> AsyncLock:
        loop, cancellation = asyncio.get_running_loop(), new_cancellation()
        acquiring = asyncio.ensure_future(asyncio.to_thread(self._acquire, cancellation))
        try:
            await asyncio.shield(acquiring)
        except asyncio.CancelledError:
            lib.chat_cancellation_trigger(cancellation)
            await asyncio.wait([acquiring])
            if acquiring.exception() is None:
                await asyncio.to_thread(self._release)
            raise
        self.on_loss(lambda: loop.call_soon_threadsafe(self.lost.set))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await asyncio.shield(asyncio.to_thread(self._release))
        except ChatError:
            if error is None:
                raise


class AsyncClient:
    """As `Client`, for the tasks of one event loop. Cancelling a task cancels its call."""

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
        self._queue: Queue | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[int, tuple[asyncio.Future[Any], str]] = {}
        self._next_tag = 1

    async def aclose(self) -> None:
        """Ends the connection; calls in flight and later ones raise CancelledError with reason CLIENT_CLOSED."""
        self._handle.close()
        self._drain()
        if self._queue is not None and self._loop is not None:
            self._loop.remove_reader(self._queue.descriptor())
            self._queue.close()
            self._queue = None

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _shared_queue(self) -> Queue:
        loop = asyncio.get_running_loop()
        if self._queue is None:
            self._queue, self._loop = Queue(self._handle), loop
            loop.add_reader(self._queue.descriptor(), self._drain)
        if loop is not self._loop:
            raise RuntimeError("an AsyncClient belongs to the event loop that used it first")
        return self._queue

    def _drain(self) -> None:
        """Gives each completion to the task that waits for it."""
        while self._queue is not None and (completion := self._queue.next(0)) is not None:
            future, kind = self._waiting.pop(int(lib.chat_completion_tag(completion)), (None, ""))
            if future is None or future.done():
                continue
            try:
                future.set_result(message_of(completion, kind))
            except ChatError as error:
                future.set_exception(error)

    async def _call(self, call: _methods.Call, timeout: float | None, metadata: Mapping[str, str] | None = None) -> Any:
        queue, tag = self._shared_queue(), self._next_tag
        self._next_tag += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        queue.begin(tag, call[0], call[1], timeout, metadata)
        self._waiting[tag] = (future, CALLS[call[0]][3])
        try:
            return await future
        except asyncio.CancelledError:
            queue.cancel(tag)
            raise

    # Turns

    async def chat(
        self, message: str | m.ChatRequest, session_id: str = "", *, timeout: float | None = None,
        metadata: Mapping[str, str] | None = None, **fields: Any,
    ) -> m.ChatReply:
        """As Client.chat."""
        request = _methods.chat_request(message, session_id, fields)
        return await self._call(("chat_v1_chat_service_chat", request), timeout, metadata)

    def stream_chat(
        self, message: str | m.ChatRequest, session_id: str = "", *, timeout: float | None = None,
        metadata: Mapping[str, str] | None = None, **fields: Any,
    ) -> AsyncStream[m.ChatEvent]:
        """As Client.stream_chat, for `async for`."""
        request = _methods.chat_request(message, session_id, fields)
        call = ("chat_v1_chat_service_stream_chat", request)
        return AsyncStream(self._handle, call, timeout, metadata, EventCheck())

    async def cancel_turn(
        self, turn_id: str, session_id: str = "", *, timeout: float | None = None
    ) -> m.CancelOutcome | int:
        """As Client.cancel_turn."""
        return (await self._call(_methods.cancel_turn(turn_id, session_id), timeout)).outcome

    # Sessions

    async def list_sessions(
        self, *, page_size: int = 0, page_token: str = "", all_owners: bool = False, timeout: float | None = None
    ) -> m.ListSessionsReply:
        """As Client.list_sessions."""
        return await self._call(_methods.list_sessions(page_size, page_token, all_owners), timeout)

    async def sessions(self, *, all_owners: bool = False) -> AsyncIterator[m.Session]:
        """All sessions, page by page."""
        token = ""
        while True:
            page = await self.list_sessions(page_token=token, all_owners=all_owners)
            for session in page.sessions:
                yield session
            token = page.next_page_token
            if not token:
                return

    async def session(self, session_id: str, *, timeout: float | None = None) -> m.Session:
        """As Client.session."""
        return await self._call(_methods.get_session(session_id), timeout)

    async def update_session(
        self, session_id: str, *, title: str | None = None, labels: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> m.Session:
        """As Client.update_session."""
        return await self._call(_methods.update_session(session_id, title, labels), timeout)

    async def delete_session(self, session_id: str, *, timeout: float | None = None) -> bool:
        """As Client.delete_session."""
        return (await self._call(_methods.delete_session(session_id), timeout)).existed

    async def list_messages(
        self, session_id: str, *, page_size: int = 0, page_token: str = "", newest_first: bool = False,
        timeout: float | None = None,
    ) -> m.ListMessagesReply:
        """As Client.list_messages."""
        return await self._call(_methods.list_messages(session_id, page_size, page_token, newest_first), timeout)

    async def messages(self, session_id: str, *, newest_first: bool = False) -> AsyncIterator[m.ChatMessage]:
        """All messages of a session, page by page."""
        token = ""
        while True:
            page = await self.list_messages(session_id, page_token=token, newest_first=newest_first)
            for message in page.messages:
                yield message
            token = page.next_page_token
            if not token:
                return

    # Locks

    def lock(self, key: str, *, ttl: float = 10.0, wait: float = 0.0, owner_label: str = "") -> AsyncLock:
        """A lock for an `async with` block."""
        return AsyncLock(self._handle, key, ttl, wait, owner_label)

    async def acquire_lock(
        self, key: str, token: str, *, ttl: float = 10.0, wait: float = 0.0, owner_label: str = "",
        timeout: float | None = None,
    ) -> m.AcquireLockReply:
        """As Client.acquire_lock."""
        call = _methods.acquire_lock(key, token, milliseconds(ttl), milliseconds(wait), owner_label)
        return await self._call(call, timeout if timeout is not None or not wait else wait + 15)

    async def renew_lock(
        self, key: str, token: str, *, ttl: float = 10.0, timeout: float | None = None
    ) -> m.RenewLockReply:
        """As Client.renew_lock."""
        return await self._call(_methods.renew_lock(key, token, milliseconds(ttl)), timeout)

    async def release_lock(self, key: str, token: str, *, timeout: float | None = None) -> None:
        """As Client.release_lock."""
        await self._call(_methods.release_lock(key, token), timeout)

    async def inspect_lock(self, key: str, *, timeout: float | None = None) -> m.InspectLockReply:
        """As Client.inspect_lock."""
        return await self._call(_methods.inspect_lock(key), timeout)

    def hold_lock(
        self, key: str, token: str | None = None, *, ttl: float = 10.0, wait: float = 0.0, owner_label: str = "",
        timeout: float | None = None,
    ) -> AsyncStream[m.HoldLockEvent]:
        """As Client.hold_lock."""
        call = _methods.hold_lock(
            key, token or _methods.new_id(), milliseconds(ttl), milliseconds(wait), owner_label)
        return AsyncStream(self._handle, call, timeout, None)

    async def force_release_lock(self, key: str, fence: int, *, timeout: float | None = None) -> str:
        """As Client.force_release_lock."""
        return (await self._call(_methods.force_release_lock(key, fence), timeout)).owner_label

    # The server

    async def server_info(self, *, timeout: float | None = None) -> m.ServerInfo:
        """As Client.server_info."""
        return await self._call(_methods.server_info(), timeout)

    async def authenticate(self, token: str, *, timeout: float | None = None) -> m.AuthenticateReply:
        """As Client.authenticate."""
        return await self._call(_methods.authenticate(token), timeout)

    async def health(self, service: str = "", *, timeout: float | None = None) -> m.ServingStatus | int:
        """As Client.health."""
        return (await self._call(_methods.health(service), timeout)).status

    async def echo(self, payload: bytes, *, timeout: float | None = None) -> bytes:
        """As Client.echo."""
        return (await self._call(_methods.echo(payload), timeout)).payload

    async def import_messages(
        self, session_id: str, messages: Iterable[m.ChatMessage], *, first_position: int = 1,
        timeout: float | None = None,
    ) -> m.ImportMessagesReply:
        """As Client.import_messages."""
        return await self._call(_methods.import_messages(session_id, messages, first_position), timeout)

    def backup(self) -> AsyncStream[m.BackupEvent]:
        """As Client.backup."""
        return AsyncStream(self._handle, _methods.backup(), None, None)
