"""Reporting: where reports go, which of them wait, and what came of sending them."""

from datetime import datetime
from enum import Enum
from typing import NamedTuple, Self

from .decision import Reason
from .endpoints import Endpoint
from .names import HostName
from .state import StateMessage

__all__ = [
    "LONGEST_CLAIM",
    "QUEUE_AGE",
    "QUEUE_CAP",
    "DropCause",
    "DroppedMessage",
    "Enqueued",
    "FallbackStatusPoint",
    "FlushReport",
    "FspSource",
    "QueueTime",
    "QueueView",
    "QueuedMessage",
    "Reporting",
]

QUEUE_CAP = 1000  # messages; a client has four of a good installation, and a disk must not fill
QUEUE_AGE = 30 * 86400.0  # seconds; a report that old tells nobody how the client is
LONGEST_CLAIM = 600.0  # seconds; a claim that ends later than this from now was made by a clock that has jumped
_ABOUT = 0.1  # seconds; clocks are rounded, each in its own way
_LONGEST_STEP = 86400.0  # seconds; a clock that jumps by years must not make everything old at once


class FspSource(Enum):
    """Who named a fallback status point, the strongest first."""

    SETTINGS = "settings"
    """A setting, or ``FSP`` of the setup line."""
    REGISTRY = "registry"
    """An installed client."""
    DIRECTORY = "directory"
    """What the site publishes."""


class FallbackStatusPoint(NamedTuple):
    """A fallback status point.

    Attributes:
        endpoint: Where it is reached: always over HTTP.
        source: Who named it.
        detail: Where it stood, for a person.
    """

    endpoint: Endpoint
    source: FspSource
    detail: str = ""


class Reporting(NamedTuple):
    """Whether states are reported, to whom, and why.

    Attributes:
        point: The fallback status point; None when nothing is reported.
        reason: The rule that says so.
    """

    point: FallbackStatusPoint | None
    reason: Reason

    @property
    def is_on(self) -> bool:
        """Whether states are reported."""
        return self.point is not None


class QueuedMessage(NamedTuple):
    """A message that waits to be sent.

    Attributes:
        serial: Its number; rises, and is never used twice in one queue.
        message: The message.
        age: Seconds that it has waited, by the queue's own clock.
        attempts: How often it was sent without being accepted.
        problem: What came of the last of those, for a person; empty before.
        times: How often the same state was reported while it waited.
    """

    serial: int
    message: StateMessage
    age: float = 0.0
    attempts: int = 0
    problem: str = ""
    times: int = 1


class DropCause(Enum):
    """Why a message left the queue without being accepted."""

    FULL = "full"
    """Others are more urgent, or newer, and the queue is full."""
    AGE = "age"
    """It waited longer than anyone cares."""
    REFUSED = "refused"
    """The fallback status point will never take it."""
    BY_HAND = "by-hand"
    """A person dropped it."""


class DroppedMessage(NamedTuple):
    """A message that left the queue without being accepted."""

    queued: QueuedMessage
    cause: DropCause


class Enqueued(NamedTuple):
    """What came of putting a message into the queue.

    Attributes:
        queued: The message as it waits; None when it does not: reporting is off, or it was itself the one to leave.
        joined: Whether one that says the same waited already.
        dropped: Messages that had to leave for it.
        reason: Why nothing is reported; None when it is.
    """

    queued: QueuedMessage | None
    joined: bool = False
    dropped: tuple[DroppedMessage, ...] = ()
    reason: Reason | None = None


class QueueTime(NamedTuple):
    """The clock of a queue: it follows the wall clock, never goes back, and never jumps by more than a day.

    Attributes:
        ticks: Seconds that it has counted.
        seen: The wall clock when it was last looked at, in seconds since 1970.
    """

    ticks: float = 0.0
    seen: float = 0.0

    def at(self, now: datetime) -> Self:
        """The same clock at a later look; a machine that was off for long has aged by a day."""
        wall = now.timestamp()
        return self._replace(ticks=self.ticks + min(max(wall - self.seen, 0.0), _LONGEST_STEP), seen=wall)

    def until(self, due: float) -> float:
        """Seconds until so many ticks; 0 when they are over, or about to be: who waited so long must find it so."""
        left = due - self.ticks
        return left if left > _ABOUT else 0.0


class QueueView(NamedTuple):
    """A queue as it stands.

    Attributes:
        messages: What waits, in the order in which it is sent.
        failures: How many sends failed in a row.
        wait: Seconds until the next send is due; 0 for now.
        published: The fallback status point that the directory named last; None when none was kept.
    """

    messages: tuple[QueuedMessage, ...] = ()
    failures: int = 0
    wait: float = 0.0
    published: HostName | None = None


class FlushReport(NamedTuple):
    """What came of sending what waits.

    Attributes:
        sent: What was accepted, in order.
        left: How many still wait.
        dropped: What left without being accepted.
        code: The ``code`` of the error that ended it, or a word of ours; empty when nothing is wrong.
        problem: What ended it, for a person; likewise.
        wait: Seconds until the next send is due; None when nothing waits.
    """

    sent: tuple[QueuedMessage, ...] = ()
    left: int = 0
    dropped: tuple[DroppedMessage, ...] = ()
    code: str = ""
    problem: str = ""
    wait: float | None = None
