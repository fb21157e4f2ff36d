"""One HTTP request and what came of it."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import NamedTuple

from .endpoints import Endpoint

__all__ = ["MESSAGE_CAP", "Attempt", "Deadline", "HttpReply", "HttpRequest", "Outcome"]

MESSAGE_CAP = 8 * 1024 * 1024  # bytes of a message body; a larger one is an attack or a mistake


class Deadline:
    """A moment after which nobody waits any more, on a monotonic clock."""

    __slots__ = ("_monotonic", "at")

    def __init__(self, at: float | None, monotonic: Callable[[], float]) -> None:
        self.at = at
        self._monotonic = monotonic

    @classmethod
    def after(cls, seconds: float | None, monotonic: Callable[[], float]) -> "Deadline":
        """A deadline that many seconds from now; None for none at all."""
        return cls(None if seconds is None else monotonic() + seconds, monotonic)

    def within(self, seconds: float | None) -> "Deadline":
        """This deadline, or one that many seconds from now if that is sooner."""
        if seconds is None:
            return self
        sooner = self._monotonic() + seconds
        return Deadline(sooner if self.at is None else min(self.at, sooner), self._monotonic)

    def half(self) -> "Deadline":
        """Half of the time that is left: what one of several that are asked in turn may take."""
        left = self.remaining()
        return self if left is None else self.within(left / 2)

    def remaining(self) -> float | None:
        """Seconds left, never below zero; None when there is no end."""
        return None if self.at is None else max(0.0, self.at - self._monotonic())

    @property
    def expired(self) -> bool:
        """Whether it has passed."""
        return self.at is not None and self._monotonic() >= self.at


class HttpRequest(NamedTuple):
    """What to ask of one endpoint.

    Attributes:
        endpoint: The server.
        path: Path and query, beginning with a slash.
        method: The HTTP verb, sent literally.
        headers: Extra headers.
        body: The body; empty for none.
        connect_timeout: Seconds to a TCP connection.
        read_cap: Most bytes of body that are read.
        may_log_in: Whether the server may be told who we are if it asks: one that the site named, and nobody else.
    """

    endpoint: Endpoint
    path: str
    method: str = "GET"
    headers: Mapping[str, str] = {}
    body: bytes = b""
    connect_timeout: float = 5.0
    read_cap: int = MESSAGE_CAP
    may_log_in: bool = False


class HttpReply(NamedTuple):
    """A whole reply. Not a truth value: ask for its status.

    Attributes:
        status: The HTTP status.
        body: The body, at most the request's cap.
        headers: Names in lower case.
        trusted: Whether it came over TLS from a server whose certificate was verified.
        phrase: What the status line says besides the number, printable and cut short; gateways give reasons in it.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = {}
    trusted: bool = False
    phrase: str = ""


class Outcome(Enum):
    """How an attempt ended."""

    ANSWERED = "answered"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Attempt(NamedTuple):
    """One conversation with one endpoint.

    Attributes:
        endpoint: The server.
        purpose: What was asked, such as ``MPLIST``.
        outcome: How it ended. CANCELLED is no failure: another server was quicker.
        started: Seconds since the workflow began.
        seconds: How long it took.
        code: The ``code`` of the error; empty when there was none.
        detail: What happened, for a person.
        status: The HTTP status, if there was a whole reply.
        hint: What a person can do about it; empty when there is nothing sensible to say.
        retry_after: Seconds for which the server asked to be left alone; None when it did not.
    """

    endpoint: Endpoint
    purpose: str
    outcome: Outcome
    started: float
    seconds: float
    code: str = ""
    detail: str = ""
    status: int | None = None
    hint: str = ""
    retry_after: float | None = None
