"""What came of asking a management point, as far as it counts for or against it."""

from enum import Enum
from typing import NamedTuple

from .endpoints import Endpoint

__all__ = ["Failed", "FailureKind", "Succeeded"]


class FailureKind(Enum):
    """What failed; decides whom it counts against."""

    CONNECTION = "connection"
    """No answer: no address, no connection, too slow, broken off."""
    TLS = "tls"
    """No TLS session, or a certificate was not accepted."""
    SERVER_ERROR = "server-error"
    """HTTP 500 to 599."""
    REFUSED = "refused"
    """HTTP 401 or 403: it is there and does not want this client."""
    UNUSABLE = "unusable"
    """It is there, and its answer is none: another status, a redirect, or bytes that cannot be read."""
    CONTENT = "content"
    """HTTP 4xx where content was asked for: that content is missing, not the server."""
    CANCELLED = "cancelled"
    """Nobody wanted the answer any more."""


class Succeeded(NamedTuple):
    """A management point answered."""

    endpoint: Endpoint


class Failed(NamedTuple):
    """An attempt failed; default and alternative port are one attempt.

    Attributes:
        endpoint: Whose.
        kind: What failed.
        run: The run of the attempt; attempts of one ``locate`` or one message share a number. None for a mere check
            of the one in use, which was never meant to try the others.
        retry_after: Seconds for which it asked to be left alone; None when it did not. The lease does not look at it;
            whoever plans the next check does.
    """

    endpoint: Endpoint
    kind: FailureKind
    run: int | None
    retry_after: float | None = None
