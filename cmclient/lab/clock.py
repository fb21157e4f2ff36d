"""The time of a lab, in minutes as boundary groups count them, which may pass quicker than real ones."""

from collections.abc import Hashable
from threading import Lock
from time import monotonic

__all__ = ["LabClock"]

_DAY = 24 * 60.0
_MOST_BEGUN = 10_000  # things that are remembered: a client that asks for ever new ones must not fill the memory


class LabClock:
    """Minutes since the lab began, and since this or that began in it. Safe to use from several threads."""

    def __init__(self, minute: float) -> None:
        """Begin.

        Args:
            minute: Seconds that a minute takes; 0 for one that takes no time, so that all time has passed already.
        """
        self._minute = minute
        self._began = monotonic()
        self._skipped = 0.0
        self._begun: dict[Hashable, tuple[float, float]] = {}  # when it began, when it was last asked for
        self._lock = Lock()

    def skip(self, minutes: float) -> None:
        """Let minutes pass at once."""
        with self._lock:
            self._skipped += minutes

    def since(self, what: Hashable) -> float:
        """Minutes since this was asked for the first time; what nobody asked for within a day begins anew."""
        if not self._minute:
            return float("inf")
        with self._lock:
            now = (monotonic() - self._began) / self._minute + self._skipped
            began, last = self._begun.pop(what, (now, now))
            began = now if now - last > _DAY else began
            self._begun[what] = began, now
            if len(self._begun) > _MOST_BEGUN:
                self._begun.pop(next(iter(self._begun)))
            return now - began
