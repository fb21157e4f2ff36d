"""Where the boxes of a picture of boundary groups stand: columns by distance from the best connected group.

The same groups give the same places. Groups that lead to each other stand in columns side by side, so arrows run
between columns; each arrow has a place of its own at the side of a box.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

__all__ = ["GUTTER", "MARGIN", "WIDTH", "Arrow", "Box", "Layout", "arrange", "rank_connected"]

MARGIN = 24
WIDTH = 280
GUTTER = 190  # between columns: room for the text at the beginning of an arrow
_GAP = 22  # between boxes of a column
_SHELF = 2860  # width at which another row of connected groups begins
_TALLEST = 24  # boxes in a column
_OUT, _IN = 17, 5  # height that an arrow takes at the side of a box; one that begins there has a text


class Box(NamedTuple):
    """A box: what it stands for, its left upper corner, and its height."""

    name: str
    x: float
    y: float
    height: float


class Arrow(NamedTuple):
    """An arrow: the boxes that it leads from and to, where it begins and ends, and whether on the right side there."""

    start: str
    end: str
    x1: float
    y1: float
    from_right: bool
    x2: float
    y2: float
    to_right: bool


class Layout(NamedTuple):
    """Boxes, arrows between them, and the room that they take."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    width: float
    height: float


class _End(NamedTuple):
    """An end of an arrow at a box: which arrow, whether it begins here, and the box at the other end."""

    arrow: int
    begins: bool
    other: str


_Sides = dict[tuple[str, bool], list[_End]]


def rank_connected(names: Sequence[str], links: Iterable[tuple[str, str]]) -> list[str]:
    """Order names by how many links they have, most first; equals stay in their order."""
    count = dict.fromkeys(names, 0)
    for ends in links:
        for end in ends:
            if end in count:
                count[end] += 1
    return sorted(names, key=lambda name: -count[name])


def arrange(heights: Mapping[str, float], links: Sequence[tuple[str, str]], top: float) -> Layout:
    """Place boxes, and arrows between them.

    Args:
        heights: The least height of each box, by name.
        links: Arrows from one box to another.
        top: Where the picture begins.
    """
    near: dict[str, dict[str, None]] = defaultdict(dict)
    for start, end in links:
        near[start][end] = near[end][start] = None
    parts = list(_columns(rank_connected(tuple(heights), links), near))
    column = {name: place for part in parts for place, names in enumerate(part) for name in names}
    sides = _sides(links, column)
    tall = {name: max(least, _room(sides[name, False]), _room(sides[name, True])) for name, least in heights.items()}
    boxes, width, bottom = _stack(parts, tall, top)
    return Layout(tuple(boxes.values()), tuple(_arrows(links, sides, boxes)), width, bottom - top)


def _columns(names: Iterable[str], near: Mapping[str, Iterable[str]]) -> Iterator[list[list[str]]]:
    """Connected groups as columns, by distance from the first of them; those without links together at the end."""
    seen: set[str] = set()
    loose: list[str] = []
    for root in names:
        if root in seen:
            continue
        if root not in near:
            loose.append(root)
            continue
        seen.add(root)
        columns, layer = [], [root]
        while layer:
            columns += [layer[place : place + _TALLEST] for place in range(0, len(layer), _TALLEST)]
            following = [one for name in layer for one in near[name]]
            layer = [one for one in dict.fromkeys(following) if one not in seen]
            seen.update(layer)
        yield columns
    rows = max(1, min(_TALLEST, -(-len(loose) // 5)))  # a block wider than high, as a screen is
    for place in range(0, len(loose), rows):
        yield [loose[place : place + rows]]


def _sides(links: Sequence[tuple[str, str]], column: Mapping[str, int]) -> _Sides:
    """The arrows at each side of each box; those within a column go out on the right."""
    sides: _Sides = defaultdict(list)
    for number, (start, end) in enumerate(links):
        sides[start, column[start] <= column[end]].append(_End(number, begins=True, other=end))
        sides[end, column[start] >= column[end]].append(_End(number, begins=False, other=start))
    return sides


def _room(ends: Iterable[_End]) -> int:
    return _OUT + sum(_OUT if end.begins else _IN for end in ends)


def _stack(
    parts: Iterable[list[list[str]]], tall: Mapping[str, float], top: float
) -> tuple[dict[str, Box], float, float]:
    """Place columns left to right in rows; each column stands in the middle of its part."""
    boxes: dict[str, Box] = {}
    x, y, row_height, width = float(MARGIN), top, 0.0, 0.0
    for columns in parts:
        if x > MARGIN and x + len(columns) * (WIDTH + GUTTER) > _SHELF:
            x, y, row_height = float(MARGIN), y + row_height + 2 * _GAP, 0.0
        heights = [sum(tall[name] + _GAP for name in names) - _GAP for names in columns]
        for names, height in zip(columns, heights, strict=True):
            below = y + (max(heights) - height) / 2
            for name in names:
                boxes[name] = Box(name, x, below, tall[name])
                below += tall[name] + _GAP
            x += WIDTH + GUTTER
        row_height, width = max(row_height, *heights), max(width, x)
    return boxes, width, y + row_height


def _arrows(links: Sequence[tuple[str, str]], sides: _Sides, boxes: Mapping[str, Box]) -> Iterator[Arrow]:
    places: dict[tuple[int, bool], tuple[float, float, bool]] = {}
    for (name, right), ends in sides.items():
        box = boxes[name]
        free = box.height - _room(ends)
        y = box.y + free / 2 + _OUT / 2
        for end in sorted(ends, key=lambda one: (boxes[one.other].y, one.arrow, one.begins)):
            room = _OUT if end.begins else _IN
            places[end.arrow, end.begins] = (box.x + WIDTH if right else box.x, y + room / 2, right)
            y += room
    for number, (start, end_name) in enumerate(links):
        yield Arrow(start, end_name, *places[number, True], *places[number, False])
