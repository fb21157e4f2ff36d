"""Work beside a loop: one piece at a time, whose end the loop is told of."""

import queue
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Done", "Start", "Worker", "start_thread"]

Start = Callable[[Callable[[], None]], None]
"""Starts work beside whoever calls it."""


class Done(NamedTuple):
    """How a piece of work ended: with what it returned, or with what it raised."""

    answer: Any = None
    error: BaseException | None = None


def start_thread(work: Callable[[], None]) -> None:
    """Start work in a thread that no process waits for when it ends."""
    threading.Thread(target=work, name="errand", daemon=True).start()


class Worker:
    """Has work done beside a loop.

    Args:
        start: Starts it.
        nudge: Called from where the work was done, once ``take`` has how it ended.
    """

    def __init__(self, start: Start, nudge: Callable[[], None]) -> None:
        self._start = start
        self._nudge = nudge
        self._done: queue.SimpleQueue[Done] = queue.SimpleQueue()
        self._idle = threading.Event()
        self._idle.set()

    @property
    def has_news(self) -> bool:
        """Whether work has ended and was not taken."""
        return not self._done.empty()

    def begin(self, work: Callable[[], object]) -> None:
        """Begin a piece of work; the one before has ended."""
        self._idle.clear()
        self._start(lambda: self._carry_out(work))

    def take(self) -> Done:
        """How a piece of work ended; there is news."""
        return self._done.get()

    def await_idle(self, seconds: float) -> None:
        """Wait until nothing is under way, but not for longer."""
        self._idle.wait(seconds)

    def _carry_out(self, work: Callable[[], object]) -> None:
        try:
            done = Done(work())
        except BaseException as error:  # noqa: BLE001 - carried to the loop, which judges it
            done = Done(error=error)
        self._done.put(done)
        self._idle.set()
        self._nudge()
