"""From what happened to what was decided: the decisions that the events of a log show, each with its rules."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..errors import InvalidValueError
from ..model.story import EventKind as Kind
from ..model.story import LogDecision, LogEvent, LoggedSource, Mood, Quote, Topic
from .codes import CodeTable
from .logaddresses import host_of, is_gateway, is_same, is_source

__all__ = ["Explanation", "Explanations", "find_decisions", "parse_explanations", "source_reason"]

_COLUMNS = ("key", "topic", "rules", "why")
_MOST_QUOTES = 12  # lines that are quoted for one decision
_MOST_NAMED = 3  # servers that one sentence names


class Explanation(NamedTuple):
    """Why a kind of decision is as it is.

    Attributes:
        topic: What such a decision is about.
        rules: The rules that explain it, the deciding one first.
        why: What they say here.
    """

    topic: Topic
    rules: tuple[str, ...]
    why: str


Explanations = Mapping[str, Explanation]
"""By the key of the decision."""


def parse_explanations(text: str) -> Explanations:
    """Read the table of explanations.

    Raises:
        InvalidValueError: It is no CSV with the right columns.
    """
    import csv  # noqa: PLC0415 - start-up: only this needs it

    header, *rows = list(csv.reader(text.splitlines(keepends=True))) or [[]]
    if tuple(header) != _COLUMNS or any(len(row) != len(_COLUMNS) for row in rows):
        raise InvalidValueError("table of explanations", ",".join(header), f"its columns are {', '.join(_COLUMNS)}")
    return {key: Explanation(Topic(topic), tuple(rules.split()), why) for key, topic, rules, why in rows}


def source_reason(source: LoggedSource, explanations: Explanations) -> Explanation | None:
    """Why a source stands where it does, by the word of the site for its nearness; None for a word not seen before."""
    return explanations.get(f"locality:{source.locality.upper()}")


def find_decisions(events: Iterable[LogEvent], explanations: Explanations, codes: CodeTable) -> tuple[LogDecision, ...]:
    """Find the decisions that the events of one log show.

    Args:
        events: In the order of the log.
        explanations: What explains each kind of decision.
        codes: Meanings of the codes that decisions name.

    Returns:
        In the order of the lines that show them; failed requests of each server once, at the end.
    """
    finder = _Finder(explanations, codes)
    found = [decision for event in events for decision in finder.feed(event)]
    return (*found, *finder.close())


class _Finder:
    """Goes through the events of a log, with what has to be remembered between them."""

    def __init__(self, explanations: Explanations, codes: CodeTable) -> None:
        self._explanations = explanations
        self._codes = codes
        self._listed: list[LogEvent] = []
        self._order: tuple[LoggedSource, ...] = ()
        self._ambiguous: LogEvent | None = None
        self._fsp: LogEvent | None = None
        self._seen: dict[str, LogEvent] = {}
        self._details: dict[str, str] = {}
        self._failed: dict[tuple[str, str], list[LogEvent]] = {}
        self._refused: list[LogEvent] = []
        self._asked = ""
        self._stored: LogEvent | None = None
        self._groups = ""
        self._current: str | None = None
        self._others: dict[Kind, Callable[[LogEvent], Iterator[LogDecision]]] = {
            Kind.SITE_AMBIGUOUS: self._ambiguity,
            Kind.SITE_VERIFIED: self._verified,
            Kind.SITE_ASSIGNED: self._assigned,
            Kind.MP_CHOSEN: self._chosen,
            Kind.MP_DETAIL: self._detail,
            Kind.MP_CANDIDATE: self._candidate,
            Kind.MP_REFUSED: self._refusal,
            Kind.MP_NONE: self._none_left,
            Kind.CONTENT_REQUEST: self._request,
            Kind.CONTENT_REPLY: self._reply,
            Kind.SOURCES_KEPT: self._kept,
            Kind.SOURCE_STARTED: self._started,
            Kind.FSP_SENDING: self._sending,
            Kind.FSP_SENT: self._reported,
            Kind.MESSAGE_DELIVERED: self._delivered,
        }

    def feed(self, event: LogEvent) -> Iterator[LogDecision]:
        if event.kind is Kind.SOURCE_LISTED:
            self._listed.append(event)
            return
        yield from self._list()
        if event.kind is Kind.HTTP_REQUEST:
            said = event.details
            self._asked = said.get("url") or said.get("server") or said.get("host") or self._asked
        if event.kind in _SIMPLE:
            yield from self._simple(event)
        elif event.kind in _FAILURES:
            self._fail(event)
        elif event.kind in self._others:
            yield from self._others[event.kind](event)

    def close(self) -> Iterator[LogDecision]:
        yield from self._list()
        if self._stored is not None:
            said = self._stored.details
            yield self._made("mp-stored", f"management point {said['mp']}", {**self._details, **said}, self._stored)
        if self._seen:
            hosts = tuple(self._seen)
            what = f"management point in use: {_some(hosts)}"
            yield self._made("mp-seen", what, {"mps_seen": ", ".join(hosts)}, *self._seen.values())
        for (key, host), events in self._failed.items():
            yield self._failure(key, host, events)

    # one kind each

    def _simple(self, event: LogEvent) -> Iterator[LogDecision]:
        """A decision that one line shows."""
        if event.kind is Kind.SERVER_LOOKUP and "Content" not in event.details["procedure"]:
            return
        key, sentence = _SIMPLE[event.kind]
        said = event.details
        key = {"0": "network-intranet"}.get(said.get("internet", ""), key)
        if event.kind is Kind.MP_ROTATED and said["which"] != "internet":
            key = "mp-rotated-inside"
        where = "intranet" if key == "network-intranet" else "internet"
        text = sentence.format_map(_Missing({**said, "location": where}))
        values = {**said, "location": where} if event.kind is Kind.NETWORK_LOCATION else dict(said)
        yield self._made(key, text, values, event)

    def _ambiguity(self, event: LogEvent) -> Iterator[LogDecision]:
        self._ambiguous = self._ambiguous or event
        yield from ()

    def _verified(self, event: LogEvent) -> Iterator[LogDecision]:
        before, self._ambiguous = self._ambiguous, None
        key = "site-verified" if before is None else "site-first-of-several"
        events = (event,) if before is None else (before, event)
        yield self._made(key, f"assigned to site {event.details['site']}", dict(event.details), *events)

    def _assigned(self, event: LogEvent) -> Iterator[LogDecision]:
        key = "site-stored" if event.details.get("by") == "client store" else "site-notified"
        yield self._made(key, f"assigned to site {event.details['site']}", dict(event.details), event)

    def _detail(self, event: LogEvent) -> Iterator[LogDecision]:
        self._details |= event.details
        yield from ()

    def _refusal(self, event: LogEvent) -> Iterator[LogDecision]:
        self._refused.append(event)
        yield from ()

    def _none_left(self, event: LogEvent) -> Iterator[LogDecision]:
        if event.details.get("by") == "client":
            if self._current != "":
                yield self._made("mp-empty", "the client has no management point", {}, event)
            self._current = ""
            return
        refused, self._refused = self._refused[-_MOST_NAMED:], []
        yield self._made("mp-none", "no management point could be used", {}, *refused, event)

    def _sending(self, event: LogEvent) -> Iterator[LogDecision]:
        self._fsp = event
        yield from ()

    def _chosen(self, event: LogEvent) -> Iterator[LogDecision]:
        said = event.details
        if said.get("by") == "client store":  # what else is stored of it may follow
            self._stored = event
            return
        if said.get("by") == "client":  # the line comes again and again
            if host_of(said["mp"]) != self._current:
                yield self._made("mp-in-use", f"management point {said['mp']}", dict(said), event)
            self._current = host_of(said["mp"])
            return
        key = "mp-setup" if said.get("by") == "setup" else "mp-media"
        yield self._made(key, f"management point {said['mp']}", dict(said), event)
        if "site" in said:
            yield self._made("site-stored", f"site {said['site']}", {"site": said["site"]}, event)

    def _candidate(self, event: LogEvent) -> Iterator[LogDecision]:
        said = event.details
        if said.get("by") == "dns":
            text = f"DNS names management point {said['mp']}:{said['port']} of site {said['site']}"
            yield self._made("mp-from-dns", text, dict(said), event)
        elif "role" in said:
            yield self._made("mp-from-ad", f"{said['role']} management point {said.get('mp', '?')}", dict(said), event)
        else:
            self._seen.setdefault(host_of(said["mp"]), event)

    def _list(self) -> Iterator[LogDecision]:
        """The sources that were listed up to here."""
        events, self._listed = self._listed, []
        sources = tuple(dict.fromkeys(source for event in events for source in event.sources))
        if sources:
            self._order = sources
            key = "sources-listed" if any(one.locality.strip("-") for one in sources) else "source-setup"
            text = f"{_count(sources)} listed, {host_of(sources[0].url)} first"
            yield self._made(key, text, {}, *events, sources=sources)

    def _request(self, event: LogEvent) -> Iterator[LogDecision]:
        """The boundary groups that a request repeats, when they are others than those of the one before."""
        said = event.details
        if "boundary_groups" in said:
            text = f"boundary groups {said['boundary_groups']}, as told at {said.get('boundary_groups_told', '?')}"
            if text != self._groups:
                yield self._made("groups-repeated", text, dict(said), event)
            self._groups = text

    def _reply(self, event: LogEvent) -> Iterator[LogDecision]:
        if event.sources:
            self._order = event.sources
            text = f"{_count(event.sources)} in the answer, {host_of(event.sources[0].url)} first"
            yield self._made("sources-listed", text, dict(event.details), event, sources=event.sources)
        elif event.reply is not None:
            yield self._made("sources-empty", "the answer names no source", dict(event.details), event, mood=Mood.BAD)

    def _kept(self, event: LogEvent) -> Iterator[LogDecision]:
        if event.sources:
            self._order = event.sources
            text = f"{_count(event.sources)} kept for the transfer, {host_of(event.sources[0].url)} first"
            yield self._made("sources-kept", text, dict(event.details), event, sources=event.sources)

    def _started(self, event: LogEvent) -> Iterator[LogDecision]:
        url = event.details["url"]
        places = [place for place, source in enumerate(self._order) if is_same(source.url, url)]
        text, said = f"downloads from {host_of(url)}", dict(event.details)
        if places:
            said["place"] = f"number {places[0] + 1} of {len(self._order)}"
            text += f", {said['place']}"
        key = "source-unplaced" if not places else "source-later" if places[0] else "source-first"
        yield self._made(key, text, said, event)

    def _reported(self, event: LogEvent) -> Iterator[LogDecision]:
        before, self._fsp = self._fsp, None
        said = {**(before.details if before else {}), **event.details, "sent_to_fsp": "true"}
        state = said.get("state_id", "")
        known = self._codes.find(f"state {state}") if state else ()
        meaning = f": {known[0].meaning}" if known else ""
        text = f"state {state}{meaning}, reported to the fallback status point" if state else "a report was sent"
        mood = Mood.BAD if state[:1] in _FAILURE_STATES else Mood.PLAIN
        yield self._made("fsp-sent", text, said, *([before] if before else []), event, mood=mood)

    def _delivered(self, event: LogEvent) -> Iterator[LogDecision]:
        said = event.details
        if "receiver" in said or "relay" in said.get("queue", ""):
            to = said.get("receiver") or f"queue {said['queue']}"
            yield self._made("state-to-mp", f"state messages delivered to {to}", dict(said), event)

    def _fail(self, event: LogEvent) -> None:
        said = event.details
        place = said.get("url") or said.get("server") or said.get("host_name") or said.get("mp") or self._asked
        if event.mood is not Mood.BAD or "by" in said:  # a probe, or the log of a server, is no failure of the client
            return
        key = "http-mp"
        if event.kind is Kind.TRUST_ERROR:
            key = "trust"
        elif is_gateway(place) or said.get("status_text", "").startswith("CMG"):
            key = "http-gateway"
        elif is_source(f"{place} {said.get('path', '')}"):
            key = "http-source"
        self._failed.setdefault((key, host_of(place)), []).append(event)

    def _failure(self, key: str, host: str, events: Sequence[LogEvent]) -> LogDecision:
        codes = tuple(dict.fromkeys(code for event in events for code in event.codes))
        times = sum(event.times for event in events)
        values = {"host": host, "codes": ", ".join(codes)}
        for event in events:
            values |= {name: value for name, value in event.details.items() if name in _FAILURE_VALUES}
        what = f"{times} failed request{'s' if times > 1 else ''}{f' to {host}' if host else ''}"
        text = what + (f": {', '.join(codes)}" if codes else "")
        return self._made(key, text, values, *events, mood=Mood.BAD)

    def _made(
        self,
        key: str,
        what: str,
        values: Mapping[str, str],
        *events: LogEvent,
        mood: Mood | None = None,
        sources: tuple[LoggedSource, ...] = (),
    ) -> LogDecision:
        explanation = self._explanations[key]
        quotes: tuple[Quote, ...] = tuple(event.quote for event in events[:_MOST_QUOTES])
        shown = mood or events[-1].mood
        rules = tuple(dict.fromkeys((*explanation.rules, *self._source_rules(sources))))
        return LogDecision(explanation.topic, what, shown, values, rules, explanation.why, quotes, sources)

    def _source_rules(self, sources: Iterable[LoggedSource]) -> Iterator[str]:
        for source in sources:
            reason = source_reason(source, self._explanations)
            yield from () if reason is None else reason.rules


_FAILURES = {Kind.HTTP_ERROR, Kind.TRANSPORT_ERROR, Kind.TRUST_ERROR, Kind.HTTP_STATUS}
_FAILURE_STATES = {"3", "6"}  # setup failures are 301 to 329, failures of assignment 601 to 609
_FAILURE_VALUES = {"url", "status", "status_code", "status_text", "port", "options", "hresult", "client_id"}

# Kinds that decide by themselves: the key of the explanation, and the sentence.
_SIMPLE = {
    Kind.AD_SITE: ("ad-site", "the machine is in AD site {ad_site}"),
    Kind.NETWORK_LOCATION: ("network-internet", "the client takes itself to be on the {location}"),
    Kind.MP_ROTATED: ("mp-rotated", "{which} management point {mp} (number {index})"),
    Kind.MP_LOCALITY: ("mp-locality", "management point {mp} has locality {locality}"),
    Kind.SOURCE_REFUSED: ("source-refused-http", "a source over HTTP was refused: the client may use HTTPS only"),
    Kind.SOURCE_LEFT: ("source-left", "the download of {content} failed"),
    Kind.DOWNLOAD_STATISTICS: ("statistics", "bytes by source were reported"),
    Kind.SERVER_LOOKUP: ("server-lookup", "the management point looked up with {procedure}"),
    Kind.UPDATE_POINT_LISTED: ("update-points", "software update point {url}"),
    Kind.REGISTERED: ("registered", "registered as {client_id}, approval status {approval_status}"),
    Kind.TOKEN_KEPT: ("token", "a token for {account} until {expires}"),
    Kind.REVOCATION_CHECK: ("revocation", "server certificates are checked for revocation"),
}


class _Missing(dict[str, str]):
    """Values for a sentence; what is not said is a question mark."""

    def __missing__(self, key: str) -> str:
        return "?"


def _count(sources: Sequence[LoggedSource]) -> str:
    return f"{len(sources)} source{'s' if sources[1:] else ''}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
