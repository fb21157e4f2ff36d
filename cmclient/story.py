"""The story of a client's logs: what it saw and decided, why, what went wrong, and whether our rules agree."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from .model.logrecord import LogRecord, ReadCounts, Severity
from .model.story import EventKind, LogDecision, LogError, LogEvent, LogStory, Mood, Quote, UnreadFile
from .protocol.cmtrace import LogReader
from .protocol.logcodes import find_codes
from .protocol.logevents import MARKS, STARTS, EventReader, quoted
from .protocol.logtext import HEAD, TextKind, Transcoder, sniff_log
from .rules.codes import CodeTable, narrow_code
from .rules.logcheck import check_decisions
from .rules.logdecisions import Explanations, find_decisions
from .rules.logfacts import facts_from_log
from .rules.logsources import view_sources

__all__ = ["LogFile", "tell_story"]

_MOST_EVENTS = 20_000  # kept of all logs; a folder of real logs has some thousand
_MOST_ERRORS = 2_000  # different ones that are kept
_MOST_DECISIONS = 10_000
_DIGITS = b"0123456789"
_PROBLEMS = {
    TextKind.EMPTY: "it is empty",
    TextKind.WEB_PAGE: "it is a web page, not a log; paste the text of the log itself",
    TextKind.BINARY: "it is no text",
}
_SILENT = (
    "nothing in these logs tells of locating: give LocationServices.log, ClientLocation.log, CcmMessaging.log, "
    "ccmsetup.log or DataTransferService.log, or the folder that they are in; --errors shows the errors of any log"
)
_EARLIEST = datetime.min  # noqa: DTZ901 - sorts before every other


class LogFile(NamedTuple):
    """A file of a log.

    Attributes:
        name: What to call it.
        blocks: Its bytes, in blocks of any size.
    """

    name: str
    blocks: Iterable[bytes]


def tell_story(
    logs: Iterable[Sequence[LogFile]],
    *,
    codes: CodeTable,
    explanations: Explanations,
    code_page: str = "cp1252",
    errors_only: bool = False,
) -> LogStory:
    """Read logs and tell what happened.

    Args:
        logs: For each log its files, the oldest first; each is read once, in blocks.
        codes: What error codes mean.
        explanations: Which rules explain which decision.
        code_page: Encoding of text that is neither UTF-8 nor UTF-16.
        errors_only: Look at warnings and errors alone, which is quicker; there are no events and no decisions then.

    Returns:
        The story. Of more events or errors than a person can read the first are kept, and the rest counted.

    Raises:
        CmClientError: Whatever reading a file raises.
    """
    teller = _Teller(codes, explanations, code_page, errors_only=errors_only)
    for files in logs:
        teller.read(files)
    return teller.story()


class _Teller:
    """Collects what is read, under bounds."""

    def __init__(self, codes: CodeTable, explanations: Explanations, code_page: str, *, errors_only: bool) -> None:
        self._codes = codes
        self._explanations = explanations
        self._code_page = code_page
        self._errors_only = errors_only
        self._events: list[LogEvent] = []
        self._decisions: list[LogDecision] = []
        self._errors: dict[tuple[bytes, tuple[str, ...]], LogError] = {}
        self._files: list[UnreadFile] = []
        self._dropped = 0
        self._logs = 0

    def read(self, files: Sequence[LogFile]) -> None:
        """Read the files of one log."""
        if not files:
            return
        self._logs += 1
        reader = EventReader(files[0].name)
        begun = len(self._events)
        for file in files:
            reader.log = file.name
            counts, problem = ReadCounts(), ""
            for done in self._records(file):
                if isinstance(done, LogRecord):
                    self._take(reader, done, file.name)
                else:
                    counts, problem = done
            self._files.append(UnreadFile(file.name, counts, problem))
        self._keep(reader.close())
        found = find_decisions(self._events[begun:], self._explanations, self._codes)
        self._decisions += found[: _MOST_DECISIONS - len(self._decisions)]

    def _records(self, file: LogFile) -> Iterator[LogRecord | tuple[ReadCounts, str]]:
        """The records of a file; at the end what was read of it, and what is the matter with it as a whole."""
        blocks = iter(file.blocks)
        head = b""
        for block in blocks:
            head += block
            if len(head) >= HEAD:
                break
        text = sniff_log(head[:HEAD])
        if text.kind is not TextKind.LOG:
            yield ReadCounts(size=len(head) + sum(map(len, blocks))), _PROBLEMS[text.kind]
            return
        transcoder = Transcoder(text.encoding)
        reader = LogReader(starts=STARTS, marks=MARKS, quick=self._errors_only, code_page=self._code_page)
        for block in _chain(head, blocks):
            yield from reader.feed(transcoder.feed(block))
        yield from reader.feed(transcoder.feed(b"", final=True))
        yield from reader.close()
        for message, times, line in reader.repeats():
            self._blame(Quote(file.name, line, quoted(message)), find_codes(message), Severity.UNKNOWN, "", times)
        yield reader.counts, ""

    def _take(self, reader: EventReader, record: LogRecord, name: str) -> None:
        if not self._errors_only:
            self._keep(reader.feed(record))
            return
        codes = find_codes(record.message)
        if codes or record.severity >= Severity.WARNING:
            self._blame(Quote(name, record.line, quoted(record.message)), codes, record.severity, record.component)

    def _keep(self, events: Iterable[LogEvent]) -> None:
        for event in events:
            if event.mood is Mood.BAD and event.kind is not EventKind.SITE_AMBIGUOUS:
                self._blame(event.quote, event.codes, event.severity, event.component)
            last = self._events[-1] if self._events else None
            if last is not None and _says_the_same(last, event):
                self._events[-1] = last._replace(times=last.times + 1)
            elif len(self._events) < _MOST_EVENTS:
                self._events.append(event)
            else:
                self._dropped += 1

    def _blame(self, quote: Quote, codes: tuple[str, ...], severity: Severity, component: str, times: int = 1) -> None:
        """Count an error; those that differ in numbers only are one."""
        key = (quote.text.encode().translate(None, _DIGITS), codes)
        known = self._errors.get(key)
        if known is not None:
            self._errors[key] = known._replace(
                times=known.times + times, last=quote, severity=max(known.severity, severity)
            )
        elif len(self._errors) < _MOST_ERRORS:
            found = tuple(narrow_code(code, f"{component} {quote.text}") for code in self._codes.find_all(codes))
            self._errors[key] = LogError(quote.text, codes, found, times, quote, quote, severity, component)
        else:
            self._dropped += times

    def story(self) -> LogStory:
        """Everything, in the order of time."""
        events = tuple(_by_time(self._events))
        errors = sorted(self._errors.values(), key=lambda error: (-error.severity, -error.times))
        facts = facts_from_log(events)
        decisions = self._decisions if self._logs == 1 else _told_in_order(self._decisions, events)
        return LogStory(
            events=events,
            decisions=tuple(decisions),
            errors=tuple(errors),
            files=tuple(self._files),
            notes=(*_notes(events, self._files, self._dropped), *self._silence()),
            facts=facts,
            dropped=self._dropped,
            checks=check_decisions(decisions, events, facts, rank_sources=view_sources),
        )

    def _silence(self) -> Iterator[str]:
        """That nothing was known of what could be read, which may be the wrong file."""
        if not (self._events or self._errors or self._errors_only) and any(file.counts.lines for file in self._files):
            yield _SILENT


def _chain(head: bytes, blocks: Iterable[bytes]) -> Iterator[bytes]:
    yield head
    yield from blocks


def _says_the_same(one: LogEvent, other: LogEvent) -> bool:
    return (one.kind, one.quote.file, one.quote.text) == (other.kind, other.quote.file, other.quote.text)


def _by_time(events: Sequence[LogEvent]) -> list[LogEvent]:
    """Events by time; one without a time stays behind the one before it in its file."""
    at, file = _EARLIEST, ""
    placed: list[tuple[datetime, int, LogEvent]] = []
    for event in events:
        if event.quote.file != file:
            at, file = _EARLIEST, event.quote.file
        at = at if event.when is None else event.when.utc
        placed.append((at, len(placed), event))
    return [event for *_, event in sorted(placed, key=lambda one: one[:2])]


def _told_in_order(decisions: Iterable[LogDecision], events: Iterable[LogEvent]) -> list[LogDecision]:
    """Decisions of several logs as one story: in the order of the first line of each, each once."""
    places = {id(event.quote): place for place, event in enumerate(events)}  # lines of two files may be equal
    told = sorted(decisions, key=lambda decision: places.get(id(decision.quotes[0]), 0))
    placed = {_transfer(one) for one in told if "place" in one.values} - {None}
    return [one for one in told if "place" in one.values or _transfer(one) not in placed]


def _transfer(decision: LogDecision) -> tuple[str, str] | None:
    """The transfer that a decision is the begin of, which two components log; None for other decisions."""
    values = decision.values
    return (values["dts_job"], values["url"]) if {"dts_job", "url"} <= values.keys() else None


def _notes(events: Sequence[LogEvent], files: Sequence[UnreadFile], dropped: int) -> Iterator[str]:
    for what, values in _identities(events).items():
        if len(values) > 1:
            named = ", ".join(sorted(values)[:4])
            yield f"logs of two clients may be mixed: {len(values)} different {what} ({named})"
    for file in files:
        counts = file.counts
        if counts.clock_went_back:
            times = "once" if counts.clock_went_back == 1 else f"{counts.clock_went_back} times"
            yield f"{file.name}: the time goes back {times}, first at line {counts.first_back}"
        if counts.damaged:
            yield f"{file.name}: {counts.damaged} damaged record{'s' * (counts.damaged > 1)}; the text was kept"
        if counts.too_long:
            yield f"{file.name}: {counts.too_long} records or lines are longer than any real one and were cut"
        if file.problem:
            yield f"{file.name}: {file.problem}"
    if dropped:
        yield f"{dropped} more events and errors were counted and not kept"


def _identities(events: Iterable[LogEvent]) -> Mapping[str, set[str]]:
    """What only one client has, with the different values that the logs name."""
    found: dict[str, set[str]] = {"client ids": set(), "domains": set()}
    for event in events:
        if "client_id" in event.details:
            found["client ids"].add(event.details["client_id"].upper())
        if event.facts is not None and event.facts.domain is not None and event.kind is EventKind.CONTENT_REQUEST:
            found["domains"].add(event.facts.domain)
    return found
