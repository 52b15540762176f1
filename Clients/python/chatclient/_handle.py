"""The C client behind both faces, and what waits on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ._calls import milliseconds, new_error, packed, raise_for, call_options
from ._library import check, ffi, lib, text_bytes
from .generated.messages import CALLS


class Handle:
    """A chat_client. Closed, and released with its last user."""

    def __init__(
        self,
        addresses: str | Sequence[str],
        *,
        connect_timeout: float,
        call_timeout: float,
        chat_timeout: float,
        attempts: int,
        metadata: Mapping[str, str] | None,
    ) -> None:
        self.chat_timeout = chat_timeout
        text = addresses if isinstance(addresses, str) else ",".join(addresses)
        options = ffi.new("chat_options **")
        check(lib.chat_options_create(options))
        try:
            self._set(lib.chat_options_set_connect_timeout, options, milliseconds(connect_timeout), "connect_timeout")
            self._set(lib.chat_options_set_call_timeout, options, milliseconds(call_timeout), "call_timeout")
            self._set(lib.chat_options_set_chat_timeout, options, milliseconds(chat_timeout), "chat_timeout")
            self._set(lib.chat_options_set_attempts_max, options, attempts, "attempts")
            for key, value in (metadata or {}).items():
                if lib.chat_options_add_metadata(options[0], text_bytes(key), text_bytes(value)) != 0:
                    raise ValueError(f"metadata {key!r} cannot be sent: keys in lower case, no control characters")
            client, error = ffi.new("chat_client **"), new_error()
            if lib.chat_client_create(text_bytes(text), options[0], client, error) != 0:
                raise_for(error)
        finally:
            lib.chat_options_destroy(options[0])
        # Queues and locks hold on to this object, so they are released before it.
        self.client = ffi.gc(client[0], lib.chat_client_destroy)

    @staticmethod
    def _set(setter: Any, options: Any, value: int, name: str) -> None:
        if setter(options[0], value) != 0:
            raise ValueError(f"{name} is out of its range")

    def close(self) -> None:
        lib.chat_client_close(self.client)


class Queue:
    """A chat_queue with the calls of one waiter."""

    def __init__(self, handle: Handle) -> None:
        self.handle = handle
        queue, error = ffi.new("chat_queue **"), new_error()
        if lib.chat_queue_create(handle.client, queue, error) != 0:
            raise_for(error)
        self._queue = queue[0]

    def begin(
        self, tag: int, name: str, request: Any, timeout: float | None, metadata: Mapping[str, str] | None
    ) -> None:
        service, method, kind, _, streams, _ = CALLS[name]
        data, error = packed(kind, request), new_error()
        start = lib.chat_queue_stream if streams else lib.chat_queue_call
        with call_options(name, request, timeout, metadata, self.handle.chat_timeout) as options:
            status = start(
                self._queue, tag, service.encode(), method.encode(), data, len(data), options, error)
        if status != 0:
            raise_for(error)

    def next(self, milliseconds: int) -> Any | None:
        """The next completion, or None when nothing came in time."""
        completion = ffi.new("chat_completion **")
        status = lib.chat_queue_next(self._queue, milliseconds, completion)
        if status == lib.CHAT_TIMEOUT:
            return None
        check(status)
        return ffi.gc(completion[0], lib.chat_completion_destroy)

    def descriptor(self) -> int:
        descriptor = int(lib.chat_queue_descriptor(self._queue))
        if descriptor < 0:
            raise OSError("this process has no descriptors left")
        return descriptor

    def cancel(self, tag: int) -> None:
        if self._queue is not None:
            lib.chat_queue_cancel(self._queue, tag)

    def close(self) -> None:
        """Cancels what still runs."""
        if self._queue is not None:
            lib.chat_queue_destroy(self._queue)
            self._queue = None


def message_of(completion: Any, kind: str) -> Any:
    """A completion's message; raises for a failure; None at a stream's end."""
    from ._calls import unpacked

    status = lib.chat_completion_status(completion)
    if status == lib.CHAT_END:
        return None
    if status != 0:
        raise_for(lib.chat_completion_error(completion))
        check(status)
    length = ffi.new("size_t *")
    data = lib.chat_completion_message(completion, length)
    return unpacked(kind, data, length[0])


@ffi.callback("void(void *)")  # type: ignore[misc]
def _on_loss(user: Any) -> None:
    ffi.from_handle(user)._tell_loss()


class HeldLock:
    """A lock that is renewed in the background until it is released or lost."""

    def __init__(self, handle: Handle, key: str, ttl: float, wait: float, owner_label: str) -> None:
        self._handle = handle
        self._arguments = (text_bytes(key), milliseconds(ttl), milliseconds(wait), text_bytes(owner_label))
        self._lock: Any = None
        self._self = ffi.new_handle(self)
        self._callbacks: list[Callable[[], object]] = []
        self._mutex = threading.Lock()
        self._is_lost = False
        #: What is locked.
        self.key = key
        #: Greater than that of every lease on this key before; 0 until it is held.
        self.fence = 0

    def _acquire(self, cancellation: Any) -> None:
        key, ttl, wait, label = self._arguments
        lock, error = ffi.new("chat_lock **"), new_error()
        options = ffi.new("chat_call_options **")
        check(lib.chat_call_options_create(options))
        try:
            check(lib.chat_call_options_set_cancellation(options[0], cancellation))
            if lib.chat_lock_acquire(self._handle.client, key, ttl, wait, label, options[0], lock, error) != 0:
                raise_for(error)
        finally:
            lib.chat_call_options_destroy(options[0])
        self._lock = lock[0]
        self.fence = int(lib.chat_lock_fence(self._lock))
        lib.chat_lock_on_loss(self._lock, _on_loss, self._self)

    def _release(self) -> None:
        """Gives it back; raises FailedPreconditionError with reason LOST when it was lost."""
        if self._lock is None:
            return
        lock, self._lock = self._lock, None
        error = new_error()
        try:
            if lib.chat_lock_release(lock, error) != 0:
                raise_for(error)
        finally:
            lib.chat_lock_destroy(lock)

    def _tell_loss(self) -> None:
        with self._mutex:
            self._is_lost = True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    @property
    def is_held(self) -> bool:
        """False once the lease has ended by this machine's clock, was lost or given back."""
        return self._lock is not None and bool(lib.chat_lock_is_held(self._lock))

    @property
    def time_left(self) -> float:
        """Seconds until the lease ends unless it is renewed."""
        return 0.0 if self._lock is None else lib.chat_lock_time_left(self._lock) / 1000

    def on_loss(self, callback: Callable[[], object]) -> None:
        """Has a function called when the lock is lost, on a thread of the library's; at once if it is lost already."""
        with self._mutex:
            is_lost = self._is_lost
            if not is_lost:
                self._callbacks.append(callback)
        if is_lost:
            callback()


def new_cancellation() -> Any:
    cancellation = ffi.new("chat_cancellation **")
    check(lib.chat_cancellation_create(cancellation))
    return ffi.gc(cancellation[0], lib.chat_cancellation_destroy)
