"""Plain lines of logs: the older form, and what people paste, with or without time, component and thread."""

import re
from collections.abc import Iterator

from ..model.logrecord import LogRecord, LogTime, RecordForm, Severity
from .logdates import find_time_in_text
from .logtext import unpaste

__all__ = ["LineReader"]

_MOST_JOINED = 256 * 1024  # characters of a document that was broken into lines; a real one has some 100,000
_OLD = re.compile(r"^(.*?)\s*\$\$<([^<>]*)><([^<>]*)><thread=([^<>]*)>\s*$")
_WHEN = r"(\d{1,2}[-/]\d{1,2}[-/]\d{4} \d{1,2}:\d{2}:\d{2}(?:\.\d+)?(?:[+-]\d+)?)"
_THREAD = r"(\d+ \(0x[0-9A-Fa-f]+\))"
_TIME_FIRST = re.compile(rf"^{_WHEN}\s+(\w+)\s+{_THREAD}\s+(.*)$")  # case 009
_COPIED = re.compile(rf"^(.*?)\t(\w+)\t{_WHEN}\t{_THREAD}$")
_THREAD_FIRST = re.compile(rf"^(\w+)\s+{_THREAD}\s+(.*)$")  # case 001
_COMPONENT_FIRST = re.compile(r"^(TSMBootstrap|TSManager|TSPxe|OSDDownloadContent|InstallApplication)\s{2,}(\S.*)$")
_TOOL = re.compile(r"^(DEBUG|VERBOSE|INFO|WARNING|ERROR|CRITICAL)\s+time=(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d), msg=(.*)$")
_HEADING = re.compile(r"^\[?([\w-]+)\.log\]?$", re.IGNORECASE)  # cases 001, 083
_OPENED = re.compile(r"<(ContentLocationRe(?:quest|ply)|WSUSLocationRe(?:quest|ply)|SiteInfoReply)[ >]")
_TOOL_LEVELS = {"WARNING": Severity.WARNING, "ERROR": Severity.ERROR, "CRITICAL": Severity.ERROR}


class LineReader:
    """Turns plain lines into records; a document that was broken into lines is put together again."""

    def __init__(self) -> None:
        self._component = ""
        self._open: LogRecord | None = None
        self._ending = ""
        self._kept: list[str] = []
        self._size = 0

    def feed(self, text: str, line: int) -> Iterator[LogRecord]:
        """Take a line; blank ones, and those that name the log of what follows, are no records."""
        plain = unpaste(text.replace("\0", ""))
        if self._open is not None and plain and self._size < _MOST_JOINED:
            self._kept.append(plain)
            self._size += len(plain)
            if self._ending in plain:
                yield from self.close()
            return
        yield from self.close()
        heading = _HEADING.match(plain)
        if heading is not None:
            self._component = "" if heading[1].lower() == "smsts" else heading[1]
        elif plain:
            record = self._record(text, plain, line)
            if self._begins_document(record):
                return
            yield record

    def close(self) -> Iterator[LogRecord]:
        """What was still to be put together, as far as it came."""
        record, self._open = self._open, None
        if record is not None:
            yield record._replace(message=" ".join((record.message, *self._kept)))

    def _begins_document(self, record: LogRecord) -> bool:
        opened = _OPENED.search(record.message)
        if opened is None or f"</{opened[1]}>" in record.message or record.message.endswith(("'", "...", "/>")):
            return False
        self._open, self._ending = record, f"</{opened[1]}>"
        self._kept, self._size = [], len(record.message)
        return True

    def _record(self, text: str, plain: str, line: int) -> LogRecord:
        if (found := _OLD.match(plain)) is not None:
            message, component, when, thread = found.groups()
            time = find_time_in_text(when)
            return LogRecord(message, line, component, time, thread=thread, form=RecordForm.OLD)
        if (found := _COPIED.match(text.strip())) is not None:
            return _made(line, found[1], found[2], find_time_in_text(found[3]), found[4])
        if (found := _TIME_FIRST.match(plain)) is not None:
            return _made(line, found[4], found[2], find_time_in_text(found[1]), found[3])
        if (found := _TOOL.match(plain)) is not None:
            level = _TOOL_LEVELS.get(found[1], Severity.INFO)
            return _made(line, found[3], "", find_time_in_text(found[2]))._replace(severity=level)
        if (found := _THREAD_FIRST.match(plain)) is not None:
            return _made(line, found[3], found[1], None, found[2])
        if (found := _COMPONENT_FIRST.match(plain)) is not None:
            return _made(line, found[2], found[1], None)
        return _made(line, plain, self._component, None)


def _made(line: int, message: str, component: str, when: LogTime | None, thread: str = "") -> LogRecord:
    return LogRecord(message.strip(), line, component, when, thread=thread)
