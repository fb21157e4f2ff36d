"""A report queue without a file."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from threading import Lock

from ..model.names import HostName, shown_name
from ..model.reports import (
    LONGEST_CLAIM,
    QUEUE_AGE,
    QUEUE_CAP,
    DropCause,
    DroppedMessage,
    Enqueued,
    QueuedMessage,
    QueueTime,
    QueueView,
)
from ..model.state import StateMessage

__all__ = ["MOST_PROBLEM", "MemoryReportQueue"]

MOST_PROBLEM = 200  # characters kept of what went wrong


class MemoryReportQueue:
    """A queue that lasts as long as its object. Safe to use from several threads.

    Args:
        most: How many messages wait at most.
        max_age: Seconds that one waits at most, by the queue's own clock.
    """

    def __init__(self, *, most: int = QUEUE_CAP, max_age: float = QUEUE_AGE) -> None:
        self._lock = Lock()
        self._most = most
        self._max_age = max_age
        self._waiting: dict[int, QueuedMessage] = {}  # ``age`` holds the ticks at which it was queued
        self._delivered: dict[int, int] = {}  # the state last accepted, by topic
        self._serial = 0
        self._time: QueueTime | None = None
        self._failures = 0
        self._due = 0.0
        self._claim = ("", 0.0)
        self._published: HostName | None = None

    def enqueue(self, message: StateMessage, now: datetime) -> Enqueued:
        """Put a message at the end; see ``ports.ReportQueue``."""
        with self._lock:
            ticks = self._advance(now)
            dropped = self._expire(ticks)
            latest = next((one for one in reversed(self._waiting.values()) if one.message.topic == message.topic), None)
            if latest is not None and latest.message.says_the_same_as(message):
                kept = latest.message._replace(topic_id=message.topic_id)
                self._waiting[latest.serial] = latest._replace(message=kept, times=latest.times + 1)
                return Enqueued(self._aged(self._waiting[latest.serial], ticks), joined=True, dropped=dropped)
            self._serial += 1
            self._waiting[self._serial] = QueuedMessage(self._serial, message, age=ticks)
            surplus = len(self._waiting) - self._most
            leaving = sorted(self._waiting.values(), key=lambda one: (-one.message.priority, one.serial))
            full = self._leave(leaving[: max(0, surplus)], DropCause.FULL, ticks)
            queued = self._waiting.get(self._serial)
            return Enqueued(queued and self._aged(queued, ticks), dropped=(*dropped, *full))

    def view(self, now: datetime) -> QueueView:
        """The queue as it stands; see ``ports.ReportQueue``."""
        with self._lock:
            time = (self._time or QueueTime(seen=now.timestamp())).at(now)
            waiting = tuple(self._aged(one, time.ticks) for one in self._waiting.values())
            wait = time.until(self._due) if waiting else 0.0
            return QueueView(waiting, self._failures, wait, self._published)

    def find_next(self, after: int) -> QueuedMessage | None:
        """Find the first message after a serial number; see ``ports.ReportQueue``."""
        with self._lock:
            found = next((one for serial, one in self._waiting.items() if serial > after), None)
            return found and found._replace(age=0.0)

    def keep_published(self, host: HostName, now: datetime) -> None:
        """Keep which fallback status point the directory named; see ``ports.ReportQueue``."""
        with self._lock:
            self._advance(now)
            self._published = host

    def last_states(self) -> Mapping[int, int]:
        """The state last reported, by topic; see ``ports.ReportQueue``."""
        with self._lock:
            return self._delivered | {one.message.topic: one.message.state for one in self._waiting.values()}

    def claim(self, owner: str, now: datetime, *, seconds: float) -> bool:
        """Take, or prolong, the right to send; see ``ports.ReportQueue``."""
        with self._lock:
            holder, until = self._claim
            wall = now.timestamp()
            if holder not in {"", owner} and wall < until <= wall + LONGEST_CLAIM:
                return False
            self._claim = (owner, wall + min(seconds, LONGEST_CLAIM))
            return True

    def release(self, owner: str) -> None:
        """Give the right to send back; see ``ports.ReportQueue``."""
        with self._lock:
            if self._claim[0] == owner:
                self._claim = ("", 0.0)

    def expire(self, now: datetime) -> tuple[DroppedMessage, ...]:
        """Drop what has waited too long; see ``ports.ReportQueue``."""
        with self._lock:
            return self._expire(self._advance(now))

    def accept(self, serial: int) -> None:
        """Take out what was accepted; see ``ports.ReportQueue``."""
        with self._lock:
            accepted = self._waiting.pop(serial, None)
            if accepted is not None:
                self._delivered[accepted.message.topic] = accepted.message.state
            self._failures, self._due = 0, 0.0

    def postpone(self, serial: int, problem: str, now: datetime, *, seconds: float) -> None:
        """Note a send that came to nothing; see ``ports.ReportQueue``."""
        with self._lock:
            self._failures += 1
            self._due = self._advance(now) + seconds
            one = self._waiting.get(serial)
            if one is not None:
                problem = shown_name(problem, most=MOST_PROBLEM)
                self._waiting[serial] = one._replace(attempts=one.attempts + 1, problem=problem)

    def drop(self, serials: Collection[int] | None, cause: DropCause, now: datetime) -> tuple[DroppedMessage, ...]:
        """Drop messages; see ``ports.ReportQueue``."""
        with self._lock:
            chosen = [one for one in self._waiting.values() if serials is None or one.serial in serials]
            if serials is None:
                self._failures, self._due = 0, 0.0
            return self._leave(chosen, cause, self._advance(now))

    def _advance(self, now: datetime) -> float:
        self._time = (self._time or QueueTime(seen=now.timestamp())).at(now)
        return self._time.ticks

    @staticmethod
    def _aged(one: QueuedMessage, ticks: float) -> QueuedMessage:
        return one._replace(age=ticks - one.age)

    def _expire(self, ticks: float) -> tuple[DroppedMessage, ...]:
        old = [one for one in self._waiting.values() if ticks - one.age > self._max_age]
        return self._leave(old, DropCause.AGE, ticks)

    def _leave(self, leaving: Iterable[QueuedMessage], cause: DropCause, ticks: float) -> tuple[DroppedMessage, ...]:
        dropped = []
        for one in leaving:
            del self._waiting[one.serial]
            dropped.append(DroppedMessage(self._aged(one, ticks), cause))
        return tuple(dropped)
