"""Intervals that overlap, without comparing each with each."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from heapq import heappop, heappush

__all__ = ["count_mixed_pairs", "find_mixed_pairs", "merge_intervals"]


def find_mixed_pairs(intervals: Sequence[tuple[int, int]], classes: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """Find pairs of overlapping intervals that are of different classes.

    A line is swept over the intervals; what it costs grows with their number and with the pairs that are taken, so a
    caller who takes a few of the many pairs of a nested table pays for those.

    Args:
        intervals: Lowest and highest number of each; both ends belong to it.
        classes: The class of each.

    Returns:
        Places of both in the sequence, the one that begins first coming first; by where the second one begins.
    """
    active: dict[Hashable, dict[int, None]] = defaultdict(dict)
    ends: list[tuple[int, int]] = []
    for place in sorted(range(len(intervals)), key=lambda one: (intervals[one], one)):
        low, high = intervals[place]
        while ends and ends[0][0] < low:
            _, gone = heappop(ends)
            del active[classes[gone]][gone]
            if not active[classes[gone]]:
                del active[classes[gone]]
        for kind, places in active.items():
            if kind != classes[place]:
                yield from ((other, place) for other in places)
        active[classes[place]][place] = None
        heappush(ends, (high, place))


def count_mixed_pairs(intervals: Sequence[tuple[int, int]], classes: Sequence[Hashable]) -> int:
    """How many pairs ``find_mixed_pairs`` would find, without finding them."""
    by_class: dict[Hashable, list[tuple[int, int]]] = defaultdict(list)
    for interval, kind in zip(intervals, classes, strict=True):
        by_class[kind].append(interval)
    return _count_pairs(intervals) - sum(map(_count_pairs, by_class.values()))


def _count_pairs(intervals: Sequence[tuple[int, int]]) -> int:
    """Overlapping pairs: all pairs without those of which one ends before the other begins."""
    ends = sorted(high for _, high in intervals)
    apart = sum(bisect_left(ends, low) for low, _ in intervals)
    return len(intervals) * (len(intervals) - 1) // 2 - apart


def merge_intervals(intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join intervals that overlap or touch.

    Returns:
        What they cover together, ascending; empty when there are none.
    """
    merged: list[tuple[int, int]] = []
    for low, high in sorted(intervals):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(high, merged[-1][1])
        else:
            merged.append((low, high))
    return merged
