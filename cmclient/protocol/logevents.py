"""From records to events: which lines mean something, and what they say."""

import re
from collections.abc import Callable, Iterator, Mapping

from ..errors import InvalidValueError
from ..model.facts import Adapter, NetworkFacts, parse_address
from ..model.logrecord import LogRecord, RecordForm, Severity
from ..model.names import shown_name
from ..model.rule import decides
from ..model.story import EventKind, LogEvent, LoggedSource, Mood, Quote
from . import logbodies as bodies
from .logcodes import find_codes
from .logtable import FREE, LinePattern, PatternTable
from .logtable_location import CLIENT_LOCATION, LOCATION_SERVICES, REGISTRATION
from .logtable_messaging import MESSAGING, REPORTING
from .logtable_setup import CCMSETUP, TASK_SEQUENCE
from .logtable_tools import TOOLS, WEB_SERVERS
from .logtable_transfer import LISTS, LOOKUPS, TRANSFER

__all__ = ["MARKS", "STARTS", "EventReader", "quoted"]

_TABLES = (LOCATION_SERVICES, CLIENT_LOCATION, REGISTRATION, MESSAGING, REPORTING, CCMSETUP, TASK_SEQUENCE, TRANSFER)
_PATTERNS = PatternTable(*_TABLES)
_PLAIN_PATTERNS = PatternTable(LISTS, LOOKUPS, WEB_SERVERS, TOOLS)
_BEGINS_BY_FIRST: dict[str, list[str]] = {}
for _begins in sorted(_PATTERNS.begins | _PLAIN_PATTERNS.begins, key=len, reverse=True):
    _BEGINS_BY_FIRST.setdefault(_begins[0], []).append(_begins)

STARTS = tuple(sorted(_PATTERNS.begins))
"""Beginnings of every message that means something, for a reader that looks for these only."""
MARKS = ("Locality",)
"""What else makes a message worth reading."""

_MOST_LOOKED_AT = 8 * 1024  # characters of a message in which a pattern is looked for; a document is taken whole
_MOST_QUOTED = 300  # characters
_MOST_VALUE = 400  # characters of a detail
_JOINED = "CcmSetup failed with error code "  # pages have this line at the end of the one before it (case 013)
_TRUST = re.compile(
    r"80072f8f|CERT_REV_FAILED|INVALID_CA|CERT_CN_INVALID|client_?certificate_?required|\b12175\b", re.IGNORECASE
)
_LOCALITY = re.compile(r"\bLocality\b[\s:='\"]{1,6}([0-3])\b")
_HOST = re.compile(r"https?://[^\s'\",<>]+|\b[A-Za-z0-9][\w-]*(?:\.[A-Za-z0-9][\w-]*)+\b")
_LOCATION_QUERY = re.compile(r"MPLOCATION&ir=([\d.]+)&ip=([\d.]+)")
_MP_ADDRESS = re.compile(
    r"https?://[^/]+(?:/(?:sms_mp|ccm_system|ccm_system_windowsauth|ccm_incoming|ccm_client)\b.*)?/?$", re.IGNORECASE
)
_SUCCESS = range(100, 400)


class EventReader:
    """Turns the records of one log, and of what was rolled over of it, into events.

    Args:
        log: What to call the log in quotes.
    """

    def __init__(self, log: str) -> None:
        self.log = log
        self._held: LogEvent | None = None

    def feed(self, record: LogRecord) -> Iterator[LogEvent]:
        """Take a record.

        Returns:
            The events that are complete now. One may wait for the record that completes it.
        """
        for part in _parts(record):
            event, held = self._event(part), self._held
            if held is not None and event is not None and (joined := _join(held, event)) is not None:
                self._held = joined
                continue
            if held is not None and (event is not None or held.kind is not EventKind.SOURCES_KEPT):
                self._held = None
                yield held
            if event is None:
                continue
            if event.kind in {EventKind.HTTP_ERROR, EventKind.SOURCES_KEPT}:
                self._held = event
            else:
                yield event

    def close(self) -> Iterator[LogEvent]:
        """The event that still waits, if there is one."""
        held, self._held = self._held, None
        if held is not None:
            yield held

    def _event(self, record: LogRecord) -> LogEvent | None:
        quote = Quote(self.log, record.line, quoted(record.message))
        found = _match(record)
        if found is not None:
            pattern, said = found
            event = LogEvent(pattern.kind, quote, record.when, record.component, pattern.mood, severity=record.severity)
            named = [said["code"]] if "code" in said else []
            others = () if pattern.takes_all else find_codes(record.message)  # a document may hold any number
            return _completed(event, tuple(dict.fromkeys((*named, *others))), said)
        if (located := _locality_event(record, quote)) is not None:
            return located
        codes = find_codes(record.message)
        if codes or record.severity >= Severity.WARNING:
            kind = EventKind.TRUST_ERROR if _TRUST.search(record.message[:_MOST_LOOKED_AT]) else EventKind.ERROR
            return LogEvent(kind, quote, record.when, record.component, Mood.BAD, codes=codes, severity=record.severity)
        return None


def quoted(message: str) -> str:
    """A message as it is quoted: in one line, cut to what a person reads, and printable."""
    return shown_name(" ".join(message[: 2 * _MOST_LOOKED_AT].split()), most=_MOST_QUOTED)


def _parts(record: LogRecord) -> Iterator[LogRecord]:
    """The record; two where a page has joined two lines."""
    place = record.message.find(_JOINED, 1) if record.form is RecordForm.PLAIN else -1
    if place < 0:
        yield record
    else:
        yield record._replace(message=record.message[:place])
        yield record._replace(message=record.message[place:])


def _match(record: LogRecord) -> tuple[LinePattern, dict[str, str]] | None:
    message = record.message
    head = message[:_MOST_LOOKED_AT]
    is_plain = record.form is not RecordForm.CMTRACE
    for begins in _BEGINS_BY_FIRST.get(message[:1], ()):
        if not message.startswith(begins):
            continue
        known = _PATTERNS.find(begins) + (_PLAIN_PATTERNS.find(begins) if is_plain else ())
        for form, pattern in known:
            found = form.match(message if pattern.takes_all else head, len(begins))
            if found is not None:
                return pattern, _said(found, pattern)
    if is_plain:
        for form, pattern in _PLAIN_PATTERNS.find(FREE):
            found = form.search(head)
            if found is not None:
                return pattern, _said(found, pattern)
    return None


def _said(found: re.Match[str], pattern: LinePattern) -> dict[str, str]:
    return {**{name: value for name, value in found.groupdict().items() if value is not None}, **dict(pattern.said)}


def _join(held: LogEvent, event: LogEvent) -> LogEvent | None:
    """An event and the one after it, where they are two halves."""
    if held.kind is EventKind.HTTP_ERROR and event.kind is EventKind.HTTP_STATUS and "url" not in event.details:
        if "status" in held.details or "by" in event.details or "class" in event.details:
            return None
        codes = tuple(dict.fromkeys((*held.codes, *event.codes)))
        return held._replace(details={**held.details, **event.details}, codes=codes, kind=_http_kind(held, event))
    if held.kind is EventKind.SOURCES_KEPT and event.kind is EventKind.SOURCES_KEPT and "job" not in event.details:
        return held._replace(sources=held.sources + event.sources)
    return None


def _http_kind(held: LogEvent, event: LogEvent) -> EventKind:
    return EventKind.TRUST_ERROR if event.kind is EventKind.TRUST_ERROR else held.kind


def _completed(event: LogEvent, codes: tuple[str, ...], said: dict[str, str]) -> LogEvent:
    """An event with what its documents and lists say."""
    read = _READERS.get(event.kind)
    body = bodies.Body() if read is None else read(said, f"{event.quote.file}, line {event.quote.line}")
    details = {name: shown_name(value.strip(" *"), most=_MOST_VALUE) for name, value in said.items()}
    details |= body.details
    event = event._replace(details=details, facts=body.facts, sources=body.sources, reply=body.reply)
    return _judged(event, codes, details)


def _judged(event: LogEvent, codes: tuple[str, ...], details: Mapping[str, str]) -> LogEvent:
    """An event with its codes, and the kind and mood that follow from them."""
    kind, mood = event.kind, event.mood
    status = details.get("status") or details.get("status_code", "")
    text = details.get("status_text", "")
    codes = (*codes, *([details["hresult"]] if "hresult" in details else []))
    if status.isdigit() and int(status) not in _SUCCESS:
        codes = (*codes, f"HTTP {status}", *([text] if text.startswith("CMG") else []))
        mood = Mood.BAD
    elif status:
        mood = Mood.GOOD
    if kind is EventKind.TRANSPORT_ERROR and any(_TRUST.search(code) for code in codes):
        kind = EventKind.TRUST_ERROR
    if kind is EventKind.MP_CANDIDATE and not _is_mp(details):
        kind, mood = EventKind.HTTP_REQUEST, Mood.PLAIN
    return event._replace(kind=kind, mood=mood, codes=tuple(dict.fromkeys(codes)))


def _is_mp(details: Mapping[str, str]) -> bool:
    """Whether an address that a log names alone is one of a management point."""
    mp = details.get("mp", "")
    return "://" not in mp or _MP_ADDRESS.match(mp) is not None


# What takes its documents out of what a line said, and reads them.


def _request(said: dict[str, str], origin: str) -> bodies.Body:
    return bodies.read_request(said.pop("body"), origin)


def _reply(said: dict[str, str], _: str) -> bodies.Body:
    return bodies.read_reply(said.pop("body"))


def _source(said: dict[str, str], _: str) -> bodies.Body:
    if "source" not in said:
        return bodies.Body(sources=(LoggedSource(shown_name(said["url"], most=_MOST_VALUE)),))
    source = bodies.read_source(said.pop("source"))
    return bodies.Body(sources=() if source is None else (source,))


def _kept(said: dict[str, str], _: str) -> bodies.Body:
    return bodies.Body(sources=bodies.read_kept(said.pop("kept", "")))


def _report(said: dict[str, str], _: str) -> bodies.Body:
    return bodies.Body(bodies.read_report(said.pop("report")))


def _statistics(said: dict[str, str], _: str) -> bodies.Body:
    return bodies.read_statistics(f"<DownloadStatsList>{said.pop('statistics')}")


def _instance(said: dict[str, str], _: str) -> bodies.Body:
    return bodies.Body(bodies.read_instance(said.pop("instance", "")))


def _lookup(said: dict[str, str], origin: str) -> bodies.Body:
    arguments = said.pop("arguments")
    place = arguments.find("<ClientLocationInfo")
    body = bodies.read_request(arguments[place:], origin) if place >= 0 else bodies.Body()
    said["procedure"] = f"MP_Get{said['procedure']}"
    return body._replace(details={})


def _address(said: dict[str, str], origin: str) -> bodies.Body:
    found = _LOCATION_QUERY.search(said.get("path", ""))
    text = found[1] if found else said.get("address", "")
    try:
        adapter = Adapter(shown_name(said.get("adapter", "as logged")), addresses=(parse_address(text),))
    except InvalidValueError:
        return bodies.Body()
    return bodies.Body(facts=NetworkFacts(adapters=(adapter,), origins={"adapters": origin}))


_READERS: dict[EventKind, Callable[[dict[str, str], str], bodies.Body]] = {
    EventKind.CONTENT_REQUEST: _request,
    EventKind.CONTENT_REPLY: _reply,
    EventKind.REPLY_RECEIVED: lambda said, origin: _reply(said, origin) if "body" in said else bodies.Body(),
    EventKind.SOURCE_LISTED: _source,
    EventKind.SOURCES_KEPT: _kept,
    EventKind.SERVER_LOOKUP: _lookup,
    EventKind.STATE_MESSAGE: _report,
    EventKind.DOWNLOAD_STATISTICS: _statistics,
    EventKind.HTTP_STATUS: _instance,
    EventKind.CLIENT_ADDRESS: _address,
    EventKind.HTTP_REQUEST: _address,
}


@decides("LG-025")
def _locality_event(record: LogRecord, quote: Quote) -> LogEvent | None:
    """A management point with the figure of its locality; nobody has shown the line, so any with both counts."""
    head = record.message[:_MOST_LOOKED_AT]
    figure = _LOCALITY.search(head)
    host = _HOST.search(head) if figure is not None else None
    if figure is None or host is None:
        return None
    details = {"mp": shown_name(host[0], most=_MOST_VALUE), "locality": figure[1]}
    return LogEvent(EventKind.MP_LOCALITY, quote, record.when, record.component, details=details)
