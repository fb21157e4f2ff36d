"""Records of a log, as they are written."""

from datetime import datetime, timedelta
from enum import Enum, IntEnum
from typing import NamedTuple

__all__ = ["LogRecord", "LogTime", "ReadCounts", "RecordForm", "Severity"]


class Severity(IntEnum):
    """How bad a log says that a record is; the value is its ``type``."""

    UNKNOWN = 0
    INFO = 1
    WARNING = 2
    ERROR = 3


class RecordForm(Enum):
    """How a record was written."""

    CMTRACE = "cmtrace"
    OLD = "old"
    """``text  $$<component><date time+bias><thread=...>``."""
    PLAIN = "plain"
    """A line as people paste it, with or without time, component and thread."""


class LogTime(NamedTuple):
    """When a record was written.

    Attributes:
        local: Date and time on the clock of the machine; naive.
        bias: Minutes to add to get UTC, as Windows counts a time zone; None when the log does not say.
    """

    local: datetime
    bias: int | None = None

    @property
    def utc(self) -> datetime:
        """In UTC, naive; the local time where the time zone is not known."""
        return self.local + timedelta(minutes=self.bias or 0)

    def __str__(self) -> str:
        """Local time to the millisecond, with its distance from UTC where that is known."""
        text = self.local.isoformat(sep=" ", timespec="milliseconds")
        if self.bias is None:
            return text
        sign, minutes = "-" if self.bias > 0 else "+", abs(self.bias)
        return f"{text}{sign}{minutes // 60:02}:{minutes % 60:02}"


class LogRecord(NamedTuple):
    """One record of a log.

    Attributes:
        message: Its text; may have several lines, separated by line feeds.
        line: Number of its first line in the file, from 1 on.
        component: Who wrote it; empty when it does not say.
        when: None when it does not say, or not readably.
        severity: How bad it says that it is.
        thread: As written; empty when it does not say.
        source_file: Place in the source code, as written; likewise.
        form: How it was written.
        is_damaged: Whether a part of it is missing or broken.
    """

    message: str
    line: int
    component: str = ""
    when: LogTime | None = None
    severity: Severity = Severity.UNKNOWN
    thread: str = ""
    source_file: str = ""
    form: RecordForm = RecordForm.PLAIN
    is_damaged: bool = False


class ReadCounts(NamedTuple):
    """What was read of a log, and what could not be.

    Attributes:
        size: Bytes.
        lines: Lines.
        records: Whole records; plain lines are not counted. 0 in quick mode, which looks at errors only.
        damaged: Records that are cut off or broken; their text is kept.
        too_long: Records and lines that are longer than any real one; they were cut.
        clock_went_back: How often the time of a record is before that of the one read before it.
        first_back: Line of the first of these; 0 when there is none.
    """

    size: int = 0
    lines: int = 0
    records: int = 0
    damaged: int = 0
    too_long: int = 0
    clock_went_back: int = 0
    first_back: int = 0
