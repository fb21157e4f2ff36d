"""The clock and the chance of the operating system."""

import os
import sys
import time
from datetime import UTC, datetime

__all__ = ["SystemClock", "fresh_seed", "monotonic"]

_SEED_BITS = 63  # fits a signed 64-bit number, which every reader of a saved decision can hold


class SystemClock:
    """The time, as this machine has it."""

    def now(self) -> datetime:
        """The wall clock: aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back; on Linux those in which the machine slept count."""
        return monotonic()


def monotonic() -> float:
    """Seconds that never go back; on Linux those in which the machine slept count."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    else:  # noqa: RET505 - a type checker looks at one branch only
        return time.monotonic()


def fresh_seed() -> int:
    """Draw a seed that nobody can foretell.

    Returns:
        A whole number from 0 to 2**63 - 1.
    """
    return int.from_bytes(os.urandom(8)) >> (64 - _SEED_BITS)
