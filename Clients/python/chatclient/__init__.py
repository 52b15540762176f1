"""The Python client of Chat Service, on libchatclient.

    with Client("127.0.0.1:7420") as client:
        print(client.chat("What is a fencing token?", "support-17").text)
        for event in client.stream_chat("And a lease?", "support-17"):
            print(event.text or "", end="")
        with client.lock("nightly-report") as lock:
            write_report(fence=lock.fence)

`AsyncClient` has the same calls for asyncio. Every failure is a ChatError.
"""

from .aio import AsyncClient, AsyncLock, AsyncStream
from .client import Client, Lock, Stream
from .errors import (
    AbortedError, AlreadyExistsError, CancelledError, ChatError, DataLossError, DeadlineExceededError,
    FailedPreconditionError, InternalError, InvalidArgumentError, NotFoundError, OutOfRangeError,
    PermissionDeniedError, ResourceExhaustedError, Status, UnauthenticatedError, UnavailableError, UnimplementedError,
)
from .generated.messages import *  # noqa: F403

__version__ = "1.0.0"

__all__ = [  # noqa: F405
    "AbortedError", "AlreadyExistsError", "AsyncClient", "AsyncLock", "AsyncStream", "CancelledError", "ChatError",
    "ChatEvent", "ChatMessage", "ChatReply", "ChatRequest", "Client", "DataLossError", "DeadlineExceededError",
    "FailedPreconditionError", "InternalError", "InvalidArgumentError", "Lock", "NotFoundError", "OutOfRangeError",
    "PermissionDeniedError", "ResourceExhaustedError", "Session", "Status", "Stream", "UnauthenticatedError",
    "UnavailableError", "UnimplementedError", "WhenBusy",
]
