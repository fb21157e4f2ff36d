"""Client logs: records out of blocks of bytes, in memory that does not grow with the file.

A record is ``<![LOG[message]LOG]!><time="..." date="..." component="..." ...>``; its message may have many lines, and
may hold what ends a record. Older logs have ``message  $$<component><time><thread=...>``, and people paste lines with
neither (``loglines``).

A block that is nothing but whole records, which is shown by counting marks, is searched for the records that are
wanted, and only those are taken apart. Any other block is read line by line; that is the reference for the quick way.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from ..model.logrecord import LogRecord, LogTime, ReadCounts, RecordForm, Severity
from .logdates import parse_log_time
from .loglines import LineReader
from .logsearch import START, Repeats, Wanted, count_whole, wanted_starts
from .logtext import decode_text, unpaste

__all__ = ["LogReader"]

_MOST_RECORD = 4 * 1024 * 1024  # bytes; the largest real message is a location reply of some 100 KiB
_MOST_ALIKE = 50  # warnings or errors that differ in numbers only and are given one by one
_MOST_LINE = 1024 * 1024  # bytes of a plain line; against a file that has none

_ATTRIBUTES = (
    rb'time="([^"\n]{0,64})"\s+date="([^"\n]{0,64})"\s+component="([^"\n]{0,256})"\s+context="([^"\n]{0,512})"'
    rb'\s+type="([^"\n]{0,16})"\s+thread="([^"\n]{0,64})"(?:\s+file="([^"\n]{0,512})")?\s*\\?>'
)
_TAIL = re.compile(rb"\]LOG\]!>\\?<" + _ATTRIBUTES)
_DECORATION = rb"[ \t>*]{0,32}\\?"  # what a page puts before a pasted line
_START_HERE = re.compile(_DECORATION + rb"<!\[LOG\[")
_NEXT_START = re.compile(rb"\n" + _DECORATION + rb"<!\[LOG\[")
_BROKEN_END = re.compile(rb"\]LOG\](?:!>?)?\\?<!\[LOG\[")
_BARE_END = b"]LOG]"
_END = b"]LOG]!>"
_SEVERITIES = {b"1": Severity.INFO, b"2": Severity.WARNING, b"3": Severity.ERROR}


class LogReader:
    """Reads one log, block by block.

    Args:
        starts: Beginnings of messages that are wanted besides warnings and errors; None for every record. Plain lines
            are always given.
        marks: Texts; a record whose message has one of them is wanted too.
        quick: Only warnings and errors are given, those that differ in numbers only once; whole records are not
            counted. Plain lines are given where a block does not begin with a record.
        code_page: Encoding of text that is not UTF-8.
    """

    def __init__(
        self,
        *,
        starts: Iterable[str] | None = None,
        marks: Iterable[str] = (),
        quick: bool = False,
        code_page: str = "cp1252",
    ) -> None:
        self._wanted = None if quick or starts is None else Wanted.of(starts, marks)
        self._quick = quick
        self._repeats = Repeats(1) if quick or self._wanted is None else Repeats(_MOST_ALIKE, self._wanted.raw_begins)
        self._code_page = code_page
        self._rest = b""
        self._line = 1
        self._lines = LineReader()
        self._size = self._records = self._damaged = self._too_long = 0
        self._back = self._first_back = 0
        self._last: LogTime | None = None

    def feed(self, block: bytes) -> Iterator[LogRecord]:
        """Take the next block of the file.

        Returns:
            The wanted records that are complete now, in the order of the file. To be used up before the next call.
        """
        self._size += len(block)
        cut = block.rfind(b"\n" + START) + 1
        if cut:  # what was left is put together with the first record; the other ones stay where they are
            first = block.find(b"\n" + START) + 1
            chunks = [self._chunk(self._rest + block[:first]), self._chunk(block, first, cut)]
            self._rest = block[cut:]
        else:
            data = self._rest + block
            cut = _cut(data)
            chunks = [self._chunk(data[:cut])]
            self._rest = data[cut:]
        if len(self._rest) > _MOST_RECORD:  # a record without an end would be kept for ever
            self._too_long += 1
            cut = self._rest.rfind(b"\n") + 1 or len(self._rest)
            chunks.append(self._chunk(self._rest[:cut]))
            self._rest = self._rest[cut:]
        return chain.from_iterable(chunks)

    def close(self) -> Iterator[LogRecord]:
        """Take what is left at the end of the file."""
        rest, self._rest = self._rest, b""
        yield from self._chunk(rest)
        yield from map(self._seen, self._lines.close())
        self._line += bool(rest) and not rest.endswith(b"\n")

    @property
    def counts(self) -> ReadCounts:
        """What was read up to now; in quick mode only of damage that was met by the way."""
        return ReadCounts(
            self._size, self._line - 1, self._records, self._damaged, self._too_long, self._back, self._first_back
        )

    def repeats(self) -> Iterator[tuple[str, int, int]]:
        """Warnings and errors that were only counted, because they differ from given ones in numbers only.

        Returns:
            For each the message of one of them, how often it was not given, and the line of the last.
        """
        for message, times, line in self._repeats.counted():
            yield _message(decode_text(message, self._code_page), is_pasted=False), times, line

    def _chunk(self, chunk: bytes, begin: int = 0, end: int | None = None) -> Iterator[LogRecord]:
        """The wanted records of a part of a chunk."""
        end = len(chunk) if end is None else end
        whole = 0 if self._wanted is None else count_whole(chunk, begin, end)
        self._records += whole
        is_plain = whole or (self._quick and chunk.startswith(START, begin, end))
        found = self._search(chunk, begin, end) if is_plain else self._read(chunk[begin:end])
        return map(self._seen, found)

    def _seen(self, record: LogRecord) -> LogRecord:
        """Look whether the clock went back; threads write a little out of order."""
        if record.when is not None:
            if self._last is not None and (self._last.utc - record.when.utc).total_seconds() > 1:
                self._back += 1
                self._first_back = self._first_back or record.line
            self._last = record.when
        return record

    # the quick way

    def _search(self, chunk: bytes, begin: int, stop: int) -> Iterator[LogRecord]:
        """The wanted records of a part of a chunk that is nothing but records."""
        place, first = begin, self._line
        for start in wanted_starts(chunk, begin, stop, self._wanted, self._repeats):
            self._line += chunk.count(b"\n", place, start)
            place = start
            end = chunk.find(b"\n" + START, start, stop) + 1 or stop
            tail = _TAIL.search(chunk, start + len(START), end)
            if tail is not None:
                yield self._record(chunk[start + len(START) : tail.start()], tail, self._line, is_pasted=False)
            else:  # its attributes are broken
                self._records -= not self._quick
                yield from self._read(chunk[start:end])
                place = end
        place, line = max((place, self._line), self._repeats.settle(chunk, begin, first))
        self._line = line + chunk.count(b"\n", place, stop)

    # the careful way

    def _read(self, chunk: bytes) -> Iterator[LogRecord]:
        """Every wanted record of a chunk, whatever else is in it."""
        place = 0
        marks = _Marks(chunk)
        while place < len(chunk):
            found = _START_HERE.match(chunk, place)
            if found is None:
                end = chunk.find(b"\n", place) + 1 or len(chunk)
                yield from self._plain(chunk[place:end], self._line)
            else:
                end, records = self._marked(chunk, found, marks, self._line)
                yield from records
            self._line += chunk.count(b"\n", place, end)
            place = end

    def _marked(
        self, chunk: bytes, found: re.Match[bytes], marks: "_Marks", line: int
    ) -> tuple[int, Iterable[LogRecord]]:
        """The record at a start mark, or what is left of it; and where the next one may begin."""
        begin = found.end()
        tail, limit = marks.tail_after(begin), marks.start_after(begin)
        before = tuple(self._lines.close())
        if tail is None or tail.start() > limit:
            return self._broken(chunk, begin, limit, line, before)
        broken = _BROKEN_END.search(chunk, begin, tail.start())
        if broken is not None:  # another record begins where this one should have ended
            self._damaged += 1
            record = self._damaged_record(chunk[begin : broken.start()], line)
            return broken.end() - len(START), (*before, record)
        cut = chunk.rfind(START, begin, tail.start())
        if cut >= 0 and chunk.find(_END, cut, tail.start()) < 0:  # cut off in its text; one that is quoted has its end
            self._damaged += 1
            return cut, (*before, self._damaged_record(chunk[begin:cut], line))
        end = tail.end()
        while chunk[end : end + 1] in {b" ", b"\r"}:
            end += 1
        end += chunk[end : end + 1] == b"\n"
        self._records += 1
        record = self._record(chunk[begin : tail.start()], tail, line, is_pasted=found[0] != START)
        return end, (*before, record) if self._is_wanted(record) else before

    def _broken(
        self, chunk: bytes, begin: int, limit: int, line: int, before: tuple[LogRecord, ...]
    ) -> tuple[int, Iterable[LogRecord]]:
        """A record without its end: the text up to its mark if that is there, else its first line."""
        self._damaged += 1
        end = chunk.find(_BARE_END, begin, limit)
        if end < 0:
            end = chunk.find(b"\n", begin, limit)
            end = limit if end < 0 else end
        after = chunk.find(b"\n", end) + 1 or len(chunk)
        return after, (*before, self._damaged_record(chunk[begin:end], line))

    def _damaged_record(self, message: bytes, line: int) -> LogRecord:
        text = _message(decode_text(message, self._code_page), is_pasted=True)
        return LogRecord(text, line, form=RecordForm.CMTRACE, is_damaged=True)

    def _plain(self, raw: bytes, line: int) -> Iterable[LogRecord]:
        if len(raw) > _MOST_LINE:
            self._too_long += 1
            raw = raw[:_MOST_LINE]
        return self._lines.feed(decode_text(raw, self._code_page), line)

    def _is_wanted(self, record: LogRecord) -> bool:
        if record.severity is not Severity.INFO:
            return True
        return not self._quick if self._wanted is None else self._wanted.holds(record.message)

    def _record(self, message: bytes, tail: re.Match[bytes], line: int, *, is_pasted: bool) -> LogRecord:
        time, date, component, _, kind, thread, source = tail.groups(b"")
        return LogRecord(
            _message(decode_text(message, self._code_page), is_pasted=is_pasted),
            line,
            decode_text(component, self._code_page),
            parse_log_time(date, time),
            _SEVERITIES.get(kind, Severity.UNKNOWN),
            thread.decode("ascii", "replace"),
            decode_text(source, self._code_page),
            RecordForm.CMTRACE,
        )


def _message(text: str, *, is_pasted: bool) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    return "\n".join(map(unpaste, text.split("\n"))).strip() if is_pasted else text.strip()


def _cut(data: bytes) -> int:
    """Where a block without another record at its end can be cut: after a whole line that is in no open record."""
    cut = data.rfind(b"\n" + START) + 1
    if not cut and data.startswith(START):
        tail = _TAIL.search(data)
        return 0 if tail is None else data.rfind(b"\n", tail.end()) + 1
    return cut or data.rfind(b"\n") + 1


class _Marks:
    """The next end of a record, and the next line that begins one; each place is looked at once."""

    def __init__(self, chunk: bytes) -> None:
        self._chunk = chunk
        self._tail = _TAIL.search(chunk)
        self._start = self._find_start(0)

    def _find_start(self, place: int) -> int:
        found = _NEXT_START.search(self._chunk, place)
        return len(self._chunk) if found is None else found.start() + 1

    def tail_after(self, place: int) -> re.Match[bytes] | None:
        if self._tail is not None and self._tail.start() < place:
            self._tail = _TAIL.search(self._chunk, place)
        return self._tail

    def start_after(self, place: int) -> int:
        if self._start < place:
            self._start = self._find_start(place)
        return self._start
