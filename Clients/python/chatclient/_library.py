"""The shared library, its declarations, and the few helpers that messages are made and read with."""

from __future__ import annotations

import os
import re
from enum import IntEnum
from pathlib import Path
from typing import Any, TypeVar

from cffi import FFI

from .errors import ChatError

_HERE = Path(__file__).resolve().parent
#: Where the headers lie: in the package once it is built, beside it in the source tree.
_HEADERS = ("chatclient.h", "chatclient_messages.h", "chatclient_turns.h")


def _declarations() -> str:
    """The C declarations, without what only a compiler needs."""
    text = ""
    for name in ("chatclient.h", "chatclient_messages.h", "chatclient_turns.h"):
        text += (_HERE / "include" / name).read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r'extern "C" \{', "", text)
    text = re.sub(r"^\}\s*$", "", text, flags=re.MULTILINE)
    return text.replace("CHAT_API ", "")


def _path() -> str:
    """CHATCLIENT_LIBRARY where it is set, the library in the package, or the system's."""
    chosen = os.environ.get("CHATCLIENT_LIBRARY")
    if chosen:
        return chosen
    own = _HERE / "libchatclient.so.1"
    return str(own) if own.exists() else "libchatclient.so.1"


ffi = FFI()
ffi.cdef(_declarations())
lib: Any = ffi.dlopen(_path())

_Enum = TypeVar("_Enum", bound=IntEnum)


def check(status: int) -> None:
    """Raises for what is no success where no details are to be had."""
    if status != 0:
        raise ChatError.of_status(status)


def text_bytes(text: str | bytes) -> bytes:
    """A text as the wire has it."""
    return text.encode("utf-8") if isinstance(text, str) else text


def read_text(getter: Any, *arguments: Any) -> str:
    return read_bytes(getter, *arguments).decode("utf-8")


def read_bytes(getter: Any, *arguments: Any) -> bytes:
    length = ffi.new("size_t *")
    data = getter(*arguments, length)
    return bytes(ffi.buffer(data, length[0]))


def enum_value(kind: type[_Enum], value: int) -> _Enum | int:
    """The named value, or the number where a newer server has one that is not known here."""
    try:
        return kind(value)
    except ValueError:
        return int(value)


def set_bytes(setter: Any, handle: Any, value: str | bytes) -> None:
    data = text_bytes(value)
    check(setter(handle, data, len(data)))


add_bytes = set_bytes


def mutable(maker: Any, handle: Any, kind: str) -> Any:
    child = ffi.new(kind + " **")
    check(maker(handle, child))
    return child[0]


add = mutable
