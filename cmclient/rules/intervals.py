"""All intervals that hold a number, from an index built once.

The line is cut at every end of an interval; between two cuts the answer is the same. It stands ready for each piece,
in flat arrays, where that takes a moderate number of entries. Nested intervals would take a number that grows with
their square; those go into a segment tree over the same pieces, where each stands at most twice a level.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

__all__ = ["IntervalIndex"]

_FEW = 50_000  # cuts that are kept as a list
_MOST_ENTRIES = 24  # entries an interval before the tree is taken: bounds the memory of a hostile or clumsy table


class IntervalIndex:
    """Finds the intervals that contain a number; both ends belong to an interval."""

    __slots__ = ("_cuts", "_entries", "_leaves", "_starts")

    def __init__(self, intervals: Sequence[tuple[int, int]]) -> None:
        """Build the index.

        Args:
            intervals: Lowest and highest number of each, the lowest not above the highest; in any order, overlapping
                or equal as they may be.
        """
        self._cuts = _packed(sorted({end for low, high in intervals for end in (low, high + 1)}))
        # Numbers lie flat from here on, and nothing is kept for an interval but its place: an object for each end would
        # take ten times the memory of the result.
        starts = array("I", (bisect_left(self._cuts, low) for low, _ in intervals))
        ends = array("I", (bisect_right(self._cuts, high) for _, high in intervals))
        pieces = max(len(self._cuts) - 1, 0)
        flat = sum(ends) - sum(starts) <= _MOST_ENTRIES * len(intervals)
        self._leaves = 0 if flat else pieces
        nodes = pieces if flat else 2 * pieces
        # Counted first, then filled in place: the memory while building is that of the result.
        self._starts = _packed(list(accumulate(self._counts(starts, ends, nodes))))
        self._entries = entries = array("I", bytes(4 * self._starts[-1]))
        free = array("Q", self._starts)
        nodes_of = _climb if self._leaves else range
        for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
            for node in nodes_of(start + self._leaves, end + self._leaves):
                at = free[node]
                entries[at] = number
                free[node] = at + 1

    def _counts(self, starts: Sequence[int], ends: Sequence[int], nodes: int) -> Iterable[int]:
        """How many intervals each node holds, after a nought."""
        counts = array("i", bytes(4 * (nodes + 1)))
        if self._leaves:
            for start, end in zip(starts, ends, strict=True):
                for node in _climb(start + self._leaves, end + self._leaves):
                    counts[node + 1] += 1
            return counts
        for start in starts:  # as many more from here on
            counts[start + 1] += 1
        for end in ends:  # as many fewer from there on; after the last piece nobody looks
            if end < nodes:
                counts[end + 1] -= 1
        return accumulate(counts)

    def __len__(self) -> int:
        """How many entries the index keeps; bounded by a multiple of the number of intervals."""
        return len(self._entries)

    def find(self, number: int) -> list[int]:
        """Find the intervals that contain a number.

        Returns:
            Their places in the sequence that the index was built from, in ascending order; empty when there are none.
        """
        piece = bisect_right(self._cuts, number)
        if self._leaves or not 0 < piece < len(self._cuts):
            return self.at(piece)
        starts = self._starts
        return self._entries[starts[piece - 1] : starts[piece]].tolist()

    @property
    def cuts(self) -> Sequence[int]:
        """Where the answer changes, ascending: from each of these numbers on it is another one."""
        return self._cuts

    @property
    def flat(self) -> tuple[Sequence[int], Sequence[int]] | None:
        """The answer for every piece: where that of each begins, and all of them one after another.

        Piece ``n``, the numbers with ``n`` cuts at or below them, has what stands from ``starts[n - 1]`` to before
        ``starts[n]``; before the first cut and after the last one there is nothing. None for nested intervals, which
        are kept in another way.
        """
        return None if self._leaves else (self._starts, self._entries)

    def at(self, piece: int) -> list[int]:
        """Find the intervals that contain the numbers with so many cuts at or below them; see ``find``."""
        if not 0 < piece < len(self._cuts):
            return []
        piece -= 1
        if not self._leaves:
            return self._entries[self._starts[piece] : self._starts[piece + 1]].tolist()
        found: list[int] = []
        node = piece + self._leaves
        while node:
            found += self._entries[self._starts[node] : self._starts[node + 1]]
            node >>= 1
        return sorted(found)


def _packed(numbers: Sequence[int]) -> Sequence[int]:
    """Ascending numbers, as small as they fit; a list of a few is quicker to search, and IPv6 fits no array."""
    if len(numbers) < _FEW or numbers[-1] >> 64:
        return numbers
    return array("Q" if numbers[-1] >> 32 else "I", numbers)


def _climb(start: int, end: int) -> Iterator[int]:
    """The nodes of the tree over the leaves from start to before end."""
    while start < end:
        if start & 1:
            yield start
            start += 1
        if end & 1:
            end -= 1
            yield end
        start, end = start >> 1, end >> 1
