"""The quick way through a log: find the records that are wanted without taking the others apart."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from .logcodes import find_raw_codes

__all__ = ["START", "Repeat", "Repeats", "Wanted", "count_whole", "wanted_starts"]

START = b"<![LOG["
_LINE_START = b"\n" + START
_TAIL_MARK = b']LOG]!><time="'
_LINE_FEED = 0x0A
_START_SIZE = len(START)
_CODE_SIZE = len("0x87d00215")
_MAY_BE_CODED = re.compile(rb"error|code|hr|failed|x|-|CCM_E_|CERT_|INVALID_CA", re.IGNORECASE)
"""Without digits: of messages that differ in these only, all match or none."""
_SEVERE = re.compile(rb'" type="[23]"')
_MOST_ATTRIBUTES = 1024  # bytes between the end of a message and its type
_MOST_ENDING = 16  # bytes at the end of a chunk: the end of its last line, and perhaps a blank one
_MOST_SHAPES = 5_000  # different messages that are remembered; real logs have some hundred
_DIGITS = b"0123456789"


def count_whole(chunk: bytes, begin: int, end: int) -> int:
    """Count the records of a part of a chunk that is nothing but whole records.

    Args:
        chunk: The chunk.
        begin: Where the part begins, in its first line or after a line feed.
        end: Where it ends.

    Returns:
        0 when that is not certain: every record but the first has to follow the end of one, and as many have to end as
        begin.
    """
    ending = chunk[max(begin, end - _MOST_ENDING) : end]
    if not chunk.startswith(START, begin, end) or not ending.rstrip(b"\r\n").endswith(b">"):
        return 0
    starts = chunk.count(START, begin, end)
    if chunk.count(_TAIL_MARK, begin, end) != starts:
        return 0
    joints = chunk.count(b">\r\n" + START, begin, end)
    if joints != starts - 1 and joints + chunk.count(b">\n" + START, begin, end) != starts - 1:
        return 0
    return starts


class Repeat(NamedTuple):
    """A warning or error that was met again, without being given each time.

    Attributes:
        message: One of them; the others differ in numbers only.
        times: How often it was not given.
        line: Line of the last of them.
    """

    message: bytes
    times: int
    line: int


class _Entry:
    """What is remembered of one message."""

    __slots__ = ("last", "line", "message", "seen")

    def __init__(self, message: bytes) -> None:
        self.message = message
        self.seen = 0
        self.last = -1  # place in the chunk that is being read
        self.line = 0


class _Shape:
    """Messages that differ in numbers only, by the codes in them."""

    __slots__ = ("entries", "is_coded")

    def __init__(self, message: bytes) -> None:
        self.entries: dict[bytes, _Entry] = {}
        self.is_coded = _MAY_BE_CODED.search(message) is not None


class Repeats:
    """Remembers warnings and errors that differ in numbers only, so that each need not be taken apart.

    Args:
        most: How often such a record is given before it is only counted.
        begins: Beginnings of messages that always are given.
    """

    def __init__(self, most: int, begins: tuple[bytes, ...] = ()) -> None:
        self._most = most
        self._begins = begins
        self._shapes: dict[bytes, _Shape | None] = {}  # None: always given
        self._touched: list[_Entry] = []

    def starts_in(self, chunk: bytes, begin: int, stop: int) -> Iterator[int]:
        """Where the records begin that say they are warnings or errors, without those that are only counted.

        Written out in one loop, since a log may have nothing but errors.
        """
        end, rfind, shapes, most = begin, chunk.rfind, self._shapes, self._most
        for found in _SEVERE.finditer(chunk, begin, stop):
            place = found.start()
            least = place - _MOST_ATTRIBUTES
            tail = rfind(_TAIL_MARK, least if least > end else end, place)  # noqa: FURB136 - a call costs more
            if tail < 0 or chunk.find(b"\n", tail, place) >= 0:  # within a message, whatever it looks like
                continue
            start = rfind(START, end, tail)
            if start > 0 and chunk[start - 1] != _LINE_FEED:  # a mark within the message
                start = _start_before(chunk, start, end)
            end = place
            if start < 0:
                continue
            message = chunk[start + _START_SIZE : tail]
            shape = shapes.get(message.translate(None, _DIGITS))
            if shape is None:
                self._meet(message)
                yield start
                continue
            code = _codes_in(message) if shape.is_coded else b""
            entry = shape.entries.get(code)
            if entry is None:
                self._enter(shape, code, message)
                yield start
                continue
            entry.seen += 1
            if entry.seen <= most:
                yield start
                continue
            if entry.last < 0:
                self._touched.append(entry)
            entry.last = start

    def _meet(self, message: bytes) -> None:
        """Remember a message of a new shape, unless there are too many."""
        key = message.translate(None, _DIGITS)
        if key in self._shapes or len(self._shapes) >= _MOST_SHAPES:
            return
        if self._begins and message.lstrip().startswith(self._begins):
            self._shapes[key] = None
            return
        shape = self._shapes[key] = _Shape(message)
        self._enter(shape, _codes_in(message) if shape.is_coded else b"", message)

    def _enter(self, shape: _Shape, code: bytes, message: bytes) -> None:
        if len(shape.entries) < _MOST_SHAPES:
            entry = shape.entries[code] = _Entry(message)
            entry.seen = 1

    def settle(self, chunk: bytes, begin: int, line: int) -> tuple[int, int]:
        """Work out the lines of what was counted in a part of a chunk.

        Args:
            chunk: The chunk.
            begin: Where the part begins.
            line: The number of its first line.

        Returns:
            A place in the chunk, and its line, from which to count on.
        """
        place = begin
        for entry in sorted(self._touched, key=lambda entry: entry.last):
            line += chunk.count(b"\n", place, entry.last)
            place = entry.last
            entry.line, entry.last = line, -1
        self._touched.clear()
        return place, line

    def counted(self) -> Iterator[Repeat]:
        """What was counted and not given, in the order in which it was first met."""
        for shape in self._shapes.values():
            for entry in () if shape is None else shape.entries.values():
                if entry.seen > self._most:
                    yield Repeat(entry.message, entry.seen - self._most, entry.line)


def _codes_in(message: bytes) -> bytes:
    """What tells messages of one shape apart; at once where it is one code, as in most of them."""
    at = message.find(b"0x8")
    code = message[at : at + _CODE_SIZE]
    if at >= 0 and code.isalnum() and message.find(b"0x", at + _CODE_SIZE) < 0:
        return code
    return b" ".join(find_raw_codes(message))


class Wanted(NamedTuple):
    """Which records are wanted besides warnings and errors: by the beginning of their message, or by a text in it."""

    pattern: re.Pattern[bytes]
    raw_marks: tuple[bytes, ...]
    raw_begins: tuple[bytes, ...]
    begins: tuple[str, ...]
    marks: tuple[str, ...]

    @classmethod
    def of(cls, starts: Iterable[str], marks: Iterable[str]) -> "Wanted":
        """Prepare the search."""
        begins, texts = tuple(sorted(set(starts))), tuple(marks)
        by_first: dict[str, list[str]] = {}
        for text in begins:
            by_first.setdefault(text[0], []).append(re.escape(text[1:]))
        # by their first characters: at each record most are ruled out at once
        choices = "|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in by_first.items()) or "(?!)"
        return cls(
            re.compile(re.escape(START) + rb"\s*(?:" + choices.encode() + b")"),
            tuple(text.encode() for text in texts),
            tuple(text.encode() for text in begins),
            begins,
            texts,
        )

    def holds(self, message: str) -> bool:
        """Whether a message is wanted."""
        return message.startswith(self.begins) or any(text in message for text in self.marks)

    def starts_in(self, chunk: bytes, begin: int, stop: int) -> Iterator[int]:
        """Where wanted records begin in a part of a chunk that is nothing but records."""
        for found in self.pattern.finditer(chunk, begin, stop):
            if _begins_line(chunk, found.start()):
                yield found.start()
        for mark in self.raw_marks:
            place = chunk.find(mark, begin, stop)
            while place >= 0:
                start = _start_before(chunk, place, begin)
                if start >= 0 and chunk.find(_TAIL_MARK, start, place) < 0:
                    yield start
                following = chunk.find(_LINE_START, place, stop)  # once for each record, however often it has the mark
                place = chunk.find(mark, following, stop) if following >= 0 else -1


def _start_before(chunk: bytes, place: int, least: int) -> int:
    """The last start mark before a place that begins a line; -1 when there is none."""
    start = chunk.rfind(START, least, place)
    while start >= 0 and not _begins_line(chunk, start):  # a mark within a message
        start = chunk.rfind(START, least, start)
    return start


def _begins_line(chunk: bytes, start: int) -> bool:
    return start == 0 or chunk[start - 1] == _LINE_FEED


def wanted_starts(chunk: bytes, begin: int, end: int, wanted: Wanted | None, repeats: Repeats) -> Sequence[int]:
    """Where the records of a part of a chunk begin that are given, in their order.

    Without ``wanted`` warnings and errors only.
    """
    severe = repeats.starts_in(chunk, begin, end)
    return list(severe) if wanted is None else sorted({*severe, *wanted.starts_in(chunk, begin, end)})
