"""Whose turn it is in a search that gets nowhere: one source after the other, without end."""

from collections import deque
from collections.abc import Iterable
from itertools import groupby
from typing import Protocol

from ..model.rule import decides
from .pools import PoolEntry

__all__ = ["next_source_at", "shuffle_pool"]

_TURN = 120  # seconds without progress after which a source is left (BG-032)
_MINUTE = 60


class _Chooser(Protocol):
    def draw(self, label: str) -> float: ...


@decides("BG-008", "BG-027")
def shuffle_pool(pool: Iterable[PoolEntry], chooser: _Chooser) -> tuple[PoolEntry, ...]:
    """Put servers that join at the same minute into random order, whichever groups they come from."""
    return tuple(sorted(pool, key=lambda entry: (entry.minute, chooser.draw(entry.host), entry.host)))


@decides("BG-032", "BG-034")
def next_source_at(pool: Iterable[PoolEntry], second: int) -> PoolEntry | None:
    """Say which source is tried at a moment of a search in which none makes any progress.

    Each is tried for two minutes, then it is the turn of the next one: of the first that was not tried yet, else of the
    one that was tried longest ago. There is no end.

    Args:
        pool: The sources, by the minute at which they join; those of one minute in the order in which they are to be
            tried.
        second: Seconds since the search began; not negative.

    Returns:
        The source; None before the first one joins, and for an empty pool.
    """
    waiting: deque[PoolEntry] = deque()
    untried = 0  # how many at the head of the queue were not tried yet
    turn = 0  # second at which the turn of the first in the queue begins
    for minute, joining in groupby(pool, key=lambda entry: entry.minute):
        joined = minute * _MINUTE
        if second < joined:
            break
        if waiting:
            # Who is being tried when others join keeps the turn to its end.
            turns = max(0, -(-(joined - turn) // _TURN))
            if second < turn + turns * _TURN:
                break
            waiting.rotate(-turns)
            untried = max(0, untried - turns)
            turn += turns * _TURN
        else:
            turn = joined
        new = tuple(joining)
        waiting.rotate(-untried)
        waiting.extendleft(reversed(new))
        waiting.rotate(untried)
        untried += len(new)
    return waiting[(second - turn) // _TURN % len(waiting)] if waiting else None
