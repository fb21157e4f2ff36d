"""What a client did, held against what our own rules make of the facts that its logs show.

A decision is checked where the logs show what there was to choose from. Sources: their order against ours, and the one
that is downloaded from against those before it. A management point: against the best of those that were named. A site:
against the first whose version fits. For everything else it is said what the logs would have to show.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from ..errors import InvalidValueError
from ..model.assignment import AssignmentWish, CompatibilityVerdict, KnownSite, SiteSource
from ..model.facts import NetworkFacts, NetworkLocation
from ..model.logchecks import Agreement, Finding, LogCheck, RankedSources, RequestSaid, SourceView
from ..model.names import SiteCode
from ..model.story import EventKind as Kind
from ..model.story import LogDecision, LogEvent, LoggedSource, Topic
from .compatibility import judge_compatibility
from .logaddresses import host_of, is_same, is_source
from .logchoices import LoggedPoints
from .logfacts import facts_from_log

__all__ = ["SourceRanking", "check_decisions"]

SourceRanking = Callable[[Sequence[LoggedSource], RequestSaid], SourceView]
"""Orders the sources that a log lists, by what it shows of the request."""

_MOST_LISTS = 50  # latest lists of sources in which one that is downloaded from is looked for
_MOST_SITES = 100  # that a client tried one after the other


def check_decisions(
    decisions: Sequence[LogDecision], events: Iterable[LogEvent], facts: NetworkFacts, *, rank_sources: SourceRanking
) -> tuple[LogCheck, ...]:
    """Check decisions in the order of time, each by what the logs had said up to then.

    Args:
        decisions: Of all logs.
        events: Of all logs, by time; quotes of decisions are quotes of events.
        facts: What the logs say of the client as a whole; counts for what nothing had said up to then.
        rank_sources: Orders the sources that are listed.

    Returns:
        One for each decision in which something was chosen; in the order of time, what the client had stored last.
    """
    shown: dict[int, list[int]] = {}  # a line may be in two files of the same name: the value itself is looked for
    for place, one in enumerate(decisions):
        shown.setdefault(id(one.quotes[0 if one.sources else -1]), []).append(place)
    checker = _Checker(facts, rank_sources)
    found: list[tuple[int, LogEvent, Finding | None]] = []
    kept: list[tuple[int, LogEvent]] = []
    for event in events:
        checker.note(event)
        for place in shown.get(id(event.quote), ()):
            if event.details.get("by") == "client store":  # was chosen before the log began: all that it says counts
                kept.append((place, event))
            else:
                found.append((place, event, checker.check(decisions[place], event)))
        checker.close(event)
    found += [(place, event, checker.check(decisions[place], event)) for place, event in kept]
    return tuple(
        LogCheck(decisions[place].topic, finding, event.quote, place)
        for place, event, finding in found
        if finding is not None
    )


class _Checker:
    """Goes through events, with what has been said so far."""

    def __init__(self, facts: NetworkFacts, rank_sources: SourceRanking) -> None:
        self._all = facts
        self._rank = rank_sources
        self._points = LoggedPoints()
        self._lists: list[_List] = []
        self._failed: dict[str, None] = {}
        self._location: NetworkLocation | None = None
        self._assigned: SiteCode | None = None
        self._allows_http: bool | None = None
        self._tried: dict[str, str] = {}
        self._checks: Mapping[Kind, Callable[[LogDecision, LogEvent], Finding | None]] = {
            Kind.SOURCE_LISTED: self._order,
            Kind.SOURCES_KEPT: self._order,
            Kind.SOURCE_STARTED: self._start,
            Kind.SOURCE_REFUSED: self._refusal,
            Kind.MP_CHOSEN: self._choice,
            Kind.MP_ROTATED: self._choice,
            Kind.MP_NONE: self._none,
            Kind.SITE_VERIFIED: self._site,
        }

    def note(self, event: LogEvent) -> None:
        """Take what an event says that counts for the decision it may be."""
        said = event.details
        self._points.take(event)
        if event.kind is Kind.CONTENT_REQUEST:
            self._allows_http = {"0": False, "1": True}.get(said.get("allow_http", ""), self._allows_http)
        elif event.kind is Kind.SITE_TRIED and len(self._tried) < _MOST_SITES:
            self._tried.setdefault(said["site"], "")
        elif event.kind is Kind.SITE_VERSION and said["site"] in self._tried:
            self._tried[said["site"]] = said["site_version"]
        elif event.kind in _FAILURES and is_source(said.get("url", "")):
            self._failed[host_of(said["url"])] = None
        self._learn(event)

    def close(self, event: LogEvent) -> None:
        """Forget what counted for this decision alone."""
        if event.kind is Kind.SITE_VERIFIED:
            self._tried = {}

    def check(self, decision: LogDecision, event: LogEvent) -> Finding | None:
        """Check a decision; None where nothing was chosen."""
        kind = Kind.SITE_ASSIGNED if event.kind is Kind.MP_CHOSEN and decision.topic is Topic.SITE else event.kind
        if kind in self._checks:
            return self._checks[kind](decision, event)
        missing = _MISSING.get(kind)
        return None if missing is None else Finding(Agreement.NOT_ENOUGH, "", missing=(missing,))

    def _learn(self, event: LogEvent) -> None:
        known = facts_from_log((event,))
        if known.network_location is not NetworkLocation.UNKNOWN:
            self._location = known.network_location
        self._assigned = known.assigned_site or self._assigned

    @property
    def _facts(self) -> NetworkFacts:
        location = self._location or self._all.network_location
        return self._all._replace(
            network_location=location, assigned_site=self._assigned or self._all.assigned_site, origins={}
        )

    @property
    def _request(self) -> RequestSaid:
        where = self._facts.network_location
        on_internet = None if where is NetworkLocation.UNKNOWN else where is NetworkLocation.INTERNET
        return RequestSaid(self._allows_http, on_internet)

    # one kind each

    def _order(self, decision: LogDecision, event: LogEvent) -> Finding | None:
        del event
        sources = decision.sources
        view = self._rank(sources, self._request)
        self._lists = [*self._lists, _List(sources, view)][-_MOST_LISTS:]
        client = tuple(source.url for source in sources)
        if view.missing:
            return Finding(Agreement.NOT_ENOUGH, "", client, missing=view.missing)
        ranked = view.ranked
        ours = _shown(ranked)
        if not ranked.groups:
            missing = "whether one of them was used: our rules would use none"
            return Finding(Agreement.NOT_ENOUGH, "", client, missing=(missing,))
        if (odd := _out_of_order(sources, ranked)) is None:
            many = f"the order of {len(sources)} sources is one that our rules allow"
            why = many if sources[1:] else "the only source, and our rules would use it"
            return Finding(Agreement.AGREES, why, client, ours, rules=ranked.rules)
        for what, other in view.others:
            if _out_of_order(sources, other) is None:
                return Finding(Agreement.NOT_ENOUGH, "", client, ours, (what,), ranked.rules)
        before, after = odd
        why = f"our rules put {after.url} before {before.url}"
        return Finding(Agreement.DIFFERS, why, client, ours, rules=ranked.rules)

    def _start(self, decision: LogDecision, event: LogEvent) -> Finding | None:
        del decision
        url = event.details["url"]
        listed = next((one for one in reversed(self._lists) if one.holds(url)), None)
        if listed is None:
            return Finding(Agreement.NOT_ENOUGH, "", (url,), missing=("the list of sources that it was taken from",))
        listed.started.append(url)
        if listed.view.missing:
            return Finding(Agreement.NOT_ENOUGH, "", (url,), missing=listed.view.missing)
        finding = listed.judge(url, listed.view.ranked, self._failed)
        if finding.outcome is not Agreement.DIFFERS:
            return finding
        for what, other in listed.view.others:
            if listed.judge(url, other, self._failed).outcome is Agreement.AGREES:
                return finding._replace(outcome=Agreement.NOT_ENOUGH, why="", missing=(what,))
        return finding

    def _refusal(self, decision: LogDecision, event: LogEvent) -> Finding | None:
        del decision
        said = event.details
        source = LoggedSource(f"{said['location_scheme']}://source")
        allows_http = said["client_transport"] != "https-only"
        refused = bool(self._rank((source,), RequestSaid(allows_http)).ranked.rejected)
        if refused:
            return Finding(Agreement.AGREES, "our rules refuse it too")
        return Finding(Agreement.DIFFERS, "our rules would use it", ours=(source.url,))

    def _choice(self, decision: LogDecision, event: LogEvent) -> Finding | None:
        del decision
        return self._points.judge_choice(event, self._facts)

    def _none(self, decision: LogDecision, event: LogEvent) -> Finding | None:
        del decision
        if event.details.get("by") == "client":
            return Finding(Agreement.NOT_ENOUGH, "", missing=("where the client had looked for one",))
        return self._points.judge_none(event, self._facts)

    def _site(self, decision: LogDecision, event: LogEvent) -> Finding | None:
        """The first site that was tried and whose version fits, against the one that was taken."""
        del decision
        said = event.details
        site, client = said["site"], _build(said.get("client_version", ""))
        tried = {**self._tried, site: self._tried.get(site) or said.get("site_version", "")}
        unknown = [f"the version of site {one}" for one, version in tried.items() if _build(version) is None]
        if client is None or unknown:
            missing = unknown or ["the version of the client"]
            return Finding(Agreement.NOT_ENOUGH, "", (site,), missing=tuple(missing))
        judged = {one: _fits(one, version, client) for one, version in tried.items()}
        first = next((one for one, (fits, _, _) in judged.items() if fits), None)
        rules = tuple(dict.fromkeys(rule for _, rule, _ in judged.values() if rule))
        ours = () if first is None else (first,)
        if first == site:
            return Finding(Agreement.AGREES, f"the first that fits: {judged[site][2]}", (site,), ours, rules=rules)
        why = judged[site][2] if first is None else f"site {first} was tried before it and fits: {judged[first][2]}"
        return Finding(Agreement.DIFFERS, why, (site,), ours, rules=rules)


class _List:
    """A list of sources, and what was done with it."""

    def __init__(self, sources: Sequence[LoggedSource], view: SourceView) -> None:
        self.view = view
        self.started: list[str] = []
        self._urls = {source.url.rstrip("/").lower() for source in sources}

    def holds(self, url: str) -> bool:
        return url.rstrip("/").lower() in self._urls

    def judge(self, url: str, ranked: RankedSources, failed: Mapping[str, None]) -> Finding:
        """Hold the source that is downloaded from against those that come before it."""
        ours = _shown(ranked)
        if any(is_same(source.url, url) for source in ranked.rejected):
            return Finding(Agreement.DIFFERS, "our rules would not use it", (url,), ours, rules=ranked.rules)
        before: list[LoggedSource] = []
        for group in ranked.groups:
            if any(is_same(source.url, url) for source in group):
                break
            before += group
        skipped = [source for source in before if not self._was_left(source, failed)]
        if skipped:
            why = f"our rules try {skipped[0].url} first, and nothing shows that it was left"
            return Finding(Agreement.DIFFERS, why, (url,), ours, rules=ranked.rules)
        why = "every source that comes before it was left" if before else "among those that our rules try first"
        return Finding(Agreement.AGREES, why, (url,), ours, rules=ranked.rules)

    def _was_left(self, source: LoggedSource, failed: Mapping[str, None]) -> bool:
        return host_of(source.url) in failed or any(is_same(source.url, url) for url in self.started)


def _out_of_order(sources: Sequence[LoggedSource], ranked: RankedSources) -> tuple[LoggedSource, LoggedSource] | None:
    """Two sources that stand in the other order by our rules; None when there are none."""
    place = {source: number for number, group in enumerate(ranked.groups) for source in group}
    usable = [source for source in sources if source in place]
    return next((pair for pair in pairwise(usable) if place[pair[0]] > place[pair[1]]), None)


def _shown(ranked: RankedSources) -> tuple[str, ...]:
    return tuple(" = ".join(source.url for source in group) for group in ranked.groups)


def _build(version: str) -> int | None:
    """The build number in a version as a log writes it: the third number, as in 4.00.6221.1000."""
    parts = version.split(".")
    return int(parts[2]) if parts[3:] and parts[2].isdecimal() else None


def _fits(site: str, version: str, client: int) -> tuple[bool, str, str]:
    """Whether the client may be assigned to a site by its version; the rule, and why."""
    try:
        known = KnownSite(SiteCode(site), build=_build(version), source=SiteSource.DIRECTORY)
    except InvalidValueError:
        return False, "", f"{site} is no site code"
    judged = judge_compatibility(AssignmentWish(client_build=client), known, was_asked=True)
    return judged.verdict is CompatibilityVerdict.PASSED, judged.reason.rule, judged.reason.text


_FAILURES = {Kind.HTTP_ERROR, Kind.TRANSPORT_ERROR, Kind.TRUST_ERROR}

# Where something is chosen that no log shows the choice of.
_MISSING = {
    Kind.SITE_ASSIGNED: "what the client was given, and which boundaries hold it",
    Kind.NETWORK_LOCATION: "whether a domain controller or a management point of the intranet answered",
    Kind.MP_CANDIDATE: "which management point was taken, and of which",
    Kind.UPDATE_POINT_LISTED: "which update point was in use, and which one was taken",
}
