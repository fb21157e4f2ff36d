"""What reporting needs from the world: its queue. It is part of ``ports``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from .model.names import HostName
    from .model.reports import DropCause, DroppedMessage, Enqueued, QueuedMessage, QueueView
    from .model.state import StateMessage

__all__ = ["ReportQueue"]


class ReportQueue(Protocol):
    """State messages that wait for a fallback status point. Several processes may share one.

    Times of waiting are by the queue's own clock, which a jump of the wall clock moves by a day at most.
    """

    def enqueue(self, message: StateMessage, now: datetime) -> Enqueued:
        """Put a message at the end; durable when it returns.

        One that says the same as the latest of its topic that waits is joined with it, and its topic id counts. Past
        its cap the queue drops the oldest of the lowest priority, and past their age whatever waits.

        Raises:
            StoreError: It cannot be written; nothing was put into the queue.
        """

    def view(self, now: datetime) -> QueueView:
        """The queue as it stands; changes nothing.

        Raises:
            StoreError: It cannot be read.
        """

    def find_next(self, after: int) -> QueuedMessage | None:
        """Find the first message whose serial number is higher; its age is not told.

        Raises:
            StoreError: It cannot be read.
        """

    def keep_published(self, host: HostName, now: datetime) -> None:
        """Keep which fallback status point the directory named, for a run that does not ask it.

        Raises:
            StoreError: It cannot be written.
        """

    def last_states(self) -> Mapping[int, int]:
        """The state last reported, by topic: of the latest message that waits, else of the last that was accepted.

        Raises:
            StoreError: It cannot be read.
        """

    def claim(self, owner: str, now: datetime, *, seconds: float) -> bool:
        """Take, or prolong, the right to send, so that no two processes send the same.

        Returns:
            Whether the owner has it for so many seconds; False while another one does.

        Raises:
            StoreError: It cannot be written.
        """

    def release(self, owner: str) -> None:
        """Give the right to send back; does nothing when another one has it.

        Raises:
            StoreError: It cannot be written.
        """

    def expire(self, now: datetime) -> tuple[DroppedMessage, ...]:
        """Drop what has waited too long.

        Raises:
            StoreError: It cannot be written.
        """

    def accept(self, serial: int) -> None:
        """Take out a message that was accepted; durable when it returns. The next send is due at once.

        Raises:
            StoreError: It cannot be written; the message still waits.
        """

    def postpone(self, serial: int, problem: str, now: datetime, *, seconds: float) -> None:
        """Note a send that came to nothing; the next one is due after so many seconds.

        Raises:
            StoreError: It cannot be written.
        """

    def drop(self, serials: Collection[int] | None, cause: DropCause, now: datetime) -> tuple[DroppedMessage, ...]:
        """Drop messages that wait; None for all of them, and then the next send is due at once.

        Raises:
            StoreError: It cannot be written.
        """
