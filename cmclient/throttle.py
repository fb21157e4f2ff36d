"""Bytes a second, of all connections of a download together: a limit on them, and how many there are of late."""

from collections import deque
from threading import Lock

from .ports import Clock

__all__ = ["SpeedMeter", "Throttle"]

_OF_LATE = 5.0  # seconds over which a speed is told
_BURST = 0.5  # seconds of the rate that may come at once


class Throttle:
    """Says how long to wait so that a rate is kept. Safe to use from several threads.

    Args:
        rate: Bytes a second.
        clock: The time.
    """

    def __init__(self, rate: float, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._lock = Lock()
        self._free_at = 0.0

    def take(self, size: int) -> float:
        """Count bytes that came.

        Returns:
            Seconds to wait before more are read; 0 for not at all.
        """
        with self._lock:
            now = self._clock.monotonic()
            self._free_at = max(self._free_at, now - _BURST) + size / self._rate
            return max(0.0, self._free_at - now)


class SpeedMeter:
    """Tells a speed from totals. Used by one thread."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()

    def note(self, now: float, total: int) -> float | None:
        """Note how many bytes have come in all.

        Returns:
            Bytes a second of late; None as long as that cannot be told.
        """
        self._marks.append((now, total))
        while now - self._marks[0][0] > _OF_LATE:
            self._marks.popleft()
        then, before = self._marks[0]
        return (total - before) / (now - then) if now > then else None
