"""Ask several equals, a few at a time, and take the first whole answer.

The schedule is ``rules.race``; this module is its threads. Which thread wins makes no difference to a decision: those
that race are equal by the rules.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from .errors import CmClientError, TransportTimeoutError
from .model.http import Deadline
from .ports import CancelAction, Cancellation, Clock
from .rules.race import begin_race, note_failure, note_tick

__all__ = ["CancelSignal", "Finish", "race_equals"]

_SLICE = 0.2  # seconds; Python misses a signal that comes while it lets go of its lock to wait: Ctrl-C is seen after it

_I = TypeVar("_I")
_T = TypeVar("_T")


class CancelSignal:
    """A ``Cancellation`` that can be set, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._actions: list[CancelAction] = []

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._cancelled

    def on_cancel(self, action: CancelAction) -> None:
        """Call the action when cancelled; at once if that has happened already."""
        with self._lock:
            if not self._cancelled:
                self._actions.append(action)
                return
        action()

    def cancel(self) -> None:
        """Cancel; the second call does nothing."""
        with self._lock:
            self._cancelled = True
            actions, self._actions = self._actions, []
        for action in actions:
            action()


class Finish(NamedTuple, Generic[_I, _T]):
    """How asking one of the equals ended.

    Attributes:
        item: Who was asked.
        started: When, on the monotonic clock.
        ended: When it ended.
        answer: The answer; None when there was none.
        error: Why there was none; None for an answer, and for one who was cancelled because another was quicker.
        won: Whether this is the answer that was taken.
    """

    item: _I
    started: float
    ended: float
    answer: _T | None = None
    error: CmClientError | None = None
    won: bool = False


class _Asked(NamedTuple, Generic[_I]):
    item: _I
    started: float
    signal: CancelSignal


class _Result(NamedTuple, Generic[_T]):
    number: int
    answer: _T | None = None
    error: BaseException | None = None


def race_equals(
    items: Sequence[_I],
    ask: Callable[[_I, Cancellation], _T],
    *,
    clock: Clock,
    deadline: Deadline,
    stagger: float,
    width: int,
) -> tuple[Finish[_I, _T], ...]:
    """Race equals until one answers, all have failed, or the deadline passes.

    Args:
        items: Whom to ask, in the order in which they start.
        ask: Asks one, in a thread of its own; raises CmClientError when that failed.
        clock: The time.
        deadline: The end; whoever is still being asked then counts as failed (TransportTimeoutError).
        stagger: Seconds after which more are asked at the same time.
        width: Most at the same time.

    Returns:
        One Finish for each that was asked, in order of start; at most one has won.
    """
    race = _Race(ask, clock, deadline)
    try:
        race.run(items, stagger, width)
    finally:
        race.cancel_rest()
    return tuple(race.finished[index] for index in sorted(race.finished))


class _Race(Generic[_I, _T]):
    def __init__(self, ask: Callable[[_I, Cancellation], _T], clock: Clock, deadline: Deadline) -> None:
        self.finished: dict[int, Finish[_I, _T]] = {}
        self._ask = ask
        self._clock = clock
        self._deadline = deadline
        self._asked: dict[int, _Asked[_I]] = {}
        self._results: queue.SimpleQueue[_Result[_T]] = queue.SimpleQueue()

    def run(self, items: Sequence[_I], stagger: float, width: int) -> None:
        now = self._clock.monotonic
        schedule, count = begin_race(len(items), now(), stagger=stagger, width=width)
        waiting = iter(enumerate(items))
        while True:
            for _, (index, item) in zip(range(count), waiting, strict=False):
                self._start(index, item)
            if not self._asked:
                return
            result = self._wait(schedule.next_at)
            if result is not None:
                if self._note(result):
                    return
                schedule, count = note_failure(schedule, now())
            elif self._deadline.expired:
                return
            else:
                schedule, count = note_tick(schedule, now())

    def cancel_rest(self) -> None:
        expired = self._deadline.expired and not any(finish.won for finish in self.finished.values())
        for index, asked in self._asked.items():
            asked.signal.cancel()
            late = TransportTimeoutError("no whole answer in the time that it had") if expired else None
            self.finished[index] = Finish(asked.item, asked.started, self._clock.monotonic(), error=late)
        self._asked.clear()

    def _start(self, index: int, item: _I) -> None:
        asked = _Asked(item, self._clock.monotonic(), CancelSignal())
        self._asked[index] = asked
        threading.Thread(target=self._work, args=(index, asked), name=f"ask {item}", daemon=True).start()

    def _work(self, index: int, asked: _Asked[_I]) -> None:
        try:
            self._results.put(_Result(index, answer=self._ask(asked.item, asked.signal)))
        except BaseException as error:  # noqa: BLE001 - carried to the waiting thread, which judges it
            self._results.put(_Result(index, error=error))

    def _wait(self, next_at: float | None) -> _Result[_T] | None:
        """The next result; None when there is none before the next start or the end."""
        while True:
            left = self._deadline.remaining()
            if next_at is not None:
                until_tick = max(0.0, next_at - self._clock.monotonic())
                left = until_tick if left is None else min(left, until_tick)
            slice_ = _SLICE if left is None else min(left, _SLICE)
            try:
                return self._results.get(timeout=slice_)
            except queue.Empty:
                if slice_ == left:
                    return None

    def _note(self, result: _Result[_T]) -> bool:
        """Record an end; whether it was an answer. What is no error of ours is a bug and goes on up."""
        asked = self._asked.pop(result.number)
        error = result.error
        if error is not None and not isinstance(error, CmClientError):
            raise error
        self.finished[result.number] = Finish(
            asked.item, asked.started, self._clock.monotonic(), result.answer, error, won=error is None
        )
        return error is None
