"""What an embedder's own messages met, until the agent's loop takes it to the lease."""

import threading
from collections import deque
from collections.abc import Callable, Iterator

from .model.served import Failed, Succeeded
from .mpclient import ContactListener

__all__ = ["Hearing"]

_MOST = 1_000  # that wait; of a client that fails faster than the loop runs the latest say enough
_RUNS_KEPT = 32  # runs of one client at a time; more threads than that do not send at once


class Hearing:
    """Listens for an agent. Safe to use from several threads.

    Args:
        nudge: Has the agent's loop come and take what was heard.
        numbers: Numbers of runs that nobody else of this agent has.
    """

    def __init__(self, nudge: Callable[[], None], numbers: Iterator[int]) -> None:
        self._nudge = nudge
        self._numbers = numbers
        self._lock = threading.Lock()
        self._heard: deque[Succeeded | Failed] = deque(maxlen=_MOST)

    @property
    def has_news(self) -> bool:
        """Whether something was heard and not taken yet."""
        return bool(self._heard)

    def take(self) -> tuple[Succeeded | Failed, ...]:
        """What was heard since the last time, in order; it is gone then."""
        with self._lock:
            heard = tuple(self._heard)
            self._heard.clear()
        return heard

    def listener(self) -> ContactListener:
        """A listener for one client, whose runs are told from those of others by numbers of their own."""
        runs: dict[int, int] = {}

        def listen(event: Succeeded | Failed) -> None:
            with self._lock:
                if isinstance(event, Failed) and event.run is not None:
                    event = event._replace(run=self._number_of(event.run, runs))
                self._heard.append(event)
            self._nudge()

        return listen

    def _number_of(self, run: int, runs: dict[int, int]) -> int:
        if run not in runs:
            runs[run] = next(self._numbers)
            while len(runs) > _RUNS_KEPT:
                del runs[next(iter(runs))]
        return runs[run]
