"""What both faces of a client share: options, errors and packed messages."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from contextlib import contextmanager
from typing import Any, Iterator

from ._library import check, ffi, lib, text_bytes
from .errors import ChatError, DataLossError
from .generated import messages
from .generated.messages import CALLS, FILLERS, READERS, ChatEvent

_REPEATABLE, _ANSWERING, _LASTING = 1, 2, 4
_LONGEST_MILLISECONDS = 2**31 - 1


def raise_for(error: Any) -> None:
    """Raises what a chat_error tells."""
    status = lib.chat_error_status(error)
    if status == 0:
        return
    wait = lib.chat_error_retry_after(error)
    raise ChatError.of_status(
        status,
        ffi.string(lib.chat_error_message(error)).decode("utf-8", "replace"),
        ffi.string(lib.chat_error_reason(error)).decode("utf-8", "replace"),
        retryable=bool(lib.chat_error_is_retryable(error)),
        retry_after=None if wait < 0 else wait / 1000,
        from_server=lib.chat_error_origin(error) == 2,
    )


def new_error() -> Any:
    """An error object of its own for one call."""
    error = ffi.new("chat_error **")
    check(lib.chat_error_create(error))
    return ffi.gc(error[0], lib.chat_error_destroy)


def milliseconds(seconds: float) -> int:
    """Whole milliseconds, rounded up."""
    if seconds != seconds or seconds < 0:
        raise ValueError("a time is 0 seconds or more")
    return min(-int(-seconds * 1000 // 1), _LONGEST_MILLISECONDS)


@contextmanager
def made(kind: str, message: Any) -> Iterator[Any]:
    """A request in C, for the time of the block."""
    handle = ffi.new(kind + " **")
    check(getattr(lib, kind + "_create")(handle))
    try:
        FILLERS[kind](handle[0], message)
        yield handle[0]
    finally:
        getattr(lib, kind + "_destroy")(handle[0])


def packed(kind: str, message: Any) -> bytes:
    with made(kind, message) as handle:
        data, length = ffi.new("uint8_t **"), ffi.new("size_t *")
        check(getattr(lib, kind + "_pack")(handle, data, length))
        try:
            return bytes(ffi.buffer(data[0], length[0]))
        finally:
            lib.chat_bytes_free(data[0])


def unpacked(kind: str, data: Any, length: int) -> Any:
    handle, error = ffi.new(kind + " **"), new_error()
    if getattr(lib, kind + "_unpack")(data, length, handle, error) != 0:
        raise_for(error)
    try:
        return READERS[kind](handle[0])
    finally:
        getattr(lib, kind + "_destroy")(handle[0])


@contextmanager
def call_options(
    name: str, request: Any, timeout: float | None, metadata: Mapping[str, str] | None, chat_timeout: float
) -> Iterator[Any]:
    """The options of a call as the C client's typed calls would set them."""
    flags = CALLS[name][5]
    repeatable = bool(flags & _REPEATABLE)
    if flags & _ANSWERING:
        repeatable = bool(request.turn_id)
        timeout = chat_timeout if timeout is None else timeout
    options = ffi.new("chat_call_options **")
    check(lib.chat_call_options_create(options))
    try:
        if timeout is not None:
            check(lib.chat_call_options_set_timeout(options[0], max(milliseconds(timeout), 1)))
        elif flags & _LASTING:
            check(lib.chat_call_options_set_timeout(options[0], _LONGEST_MILLISECONDS))
        check(lib.chat_call_options_set_safe_to_retry(options[0], repeatable))
        for key, value in (metadata or {}).items():
            if lib.chat_call_options_add_metadata(options[0], text_bytes(key), text_bytes(value)) != 0:
                raise ValueError(f"metadata {key!r} cannot be sent: keys in lower case, no control characters")
        yield options[0]
    finally:
        lib.chat_call_options_destroy(options[0])


class EventCheck:
    """Proves that a streamed answer is whole: numbers without gaps, then the text's length and CRC."""

    def __init__(self) -> None:
        self._next, self._bytes, self._crc, self._is_finished = 1, 0, 0, False

    def received(self, event: ChatEvent) -> ChatEvent:
        if self._is_finished:
            raise self._loss("events came after the end")
        if event.sequence != self._next:
            raise self._loss("an event did not come")
        self._next += 1
        if event.text is not None:
            data = event.text.encode("utf-8")
            self._bytes += len(data)
            self._crc = zlib.crc32(data, self._crc)
        if event.finished is not None:
            self._is_finished = True
            if (event.finished.text_bytes, event.finished.text_crc32) != (self._bytes, self._crc):
                raise self._loss("the text is another one")
        return event

    def ended(self) -> None:
        if not self._is_finished:
            raise self._loss("the stream ended without its last event")

    @staticmethod
    def _loss(words: str) -> DataLossError:
        text = f"a piece of the answer is missing: {words}; repeat the call with the same turn id"
        return DataLossError(text, "EVENTS_LOST", retryable=True)


__all__ = [
    "EventCheck", "call_options", "made", "messages", "milliseconds", "new_error", "packed", "raise_for", "unpacked",
]
