"""One exception for each way in which a call fails."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """Outcomes, with gRPC's names and numbers."""

    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class ChatError(Exception):
    """A call that failed. Catch the class of an outcome, or this one and look at `status` and `reason`."""

    #: The outcome.
    status: Status = Status.UNKNOWN
    #: What exactly, for programs, such as "NOT_ACQUIRED"; empty when the status says it all.
    reason: str
    #: What went wrong and what to do, for people. Holds neither secrets nor conversation.
    message: str
    #: True when the same call may succeed later. It was tried again already where that was safe.
    retryable: bool
    #: When it is worth trying again, in seconds; None when not known.
    retry_after: float | None
    #: True when the server answered so, False when nothing came from one.
    from_server: bool

    def __init__(
        self,
        message: str,
        reason: str = "",
        *,
        status: Status | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        from_server: bool = False,
    ) -> None:
        if status is not None:
            self.status = status
        self.reason = reason
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after
        self.from_server = from_server
        shown = f"{self.status.name} ({reason})" if reason else self.status.name
        super().__init__(f"{shown}: {message}")

    @staticmethod
    def of_status(status: int, message: str = "", reason: str = "", **details: object) -> ChatError:
        """The exception of an outcome."""
        known = Status(status) if status in Status._value2member_map_ else Status.UNKNOWN
        return _CLASSES.get(known, ChatError)(message, reason, status=known, **details)  # type: ignore[arg-type]


class CancelledError(ChatError):
    """The call was cancelled, or the client was closed."""

    status = Status.CANCELLED


class InvalidArgumentError(ChatError):
    """The request breaks a rule, which the message says."""

    status = Status.INVALID_ARGUMENT


class DeadlineExceededError(ChatError):
    """The call's time was over."""

    status = Status.DEADLINE_EXCEEDED


class NotFoundError(ChatError):
    """There is no such session, or it is another caller's."""

    status = Status.NOT_FOUND


class AlreadyExistsError(ChatError):
    """It is there already."""

    status = Status.ALREADY_EXISTS


class PermissionDeniedError(ChatError):
    """This caller may not."""

    status = Status.PERMISSION_DENIED


class ResourceExhaustedError(ChatError):
    """A limit was passed: of the service, of the model's provider, or of this client."""

    status = Status.RESOURCE_EXHAUSTED


class FailedPreconditionError(ChatError):
    """It cannot be done as things stand; reason LOST for a lock that is not held any more."""

    status = Status.FAILED_PRECONDITION


class AbortedError(ChatError):
    """Somebody else was before: reasons SESSION_BUSY and NOT_ACQUIRED."""

    status = Status.ABORTED


class OutOfRangeError(ChatError):
    """A value beyond its range."""

    status = Status.OUT_OF_RANGE


class UnimplementedError(ChatError):
    """The server has no such method, or it is switched off."""

    status = Status.UNIMPLEMENTED


class InternalError(ChatError):
    """A defect; the server's log has more."""

    status = Status.INTERNAL


class UnavailableError(ChatError):
    """No server can be reached, or a part of the service cannot."""

    status = Status.UNAVAILABLE


class DataLossError(ChatError):
    """A piece of an answer is missing; ask again with the same turn id."""

    status = Status.DATA_LOSS


class UnauthenticatedError(ChatError):
    """The caller is not known."""

    status = Status.UNAUTHENTICATED


_CLASSES: dict[Status, type[ChatError]] = {
    kind.status: kind for kind in ChatError.__subclasses__() if kind.status is not Status.UNKNOWN
}
