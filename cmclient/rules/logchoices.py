"""Which management point our own selection would take of those that a log names.

What a log does not say counts as unknown, as everywhere: a forest that nobody named ranks like every other such one, so
that those of which a log says the same are equal. Where something unknown could turn the choice, it is named as
missing instead.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from ..model.decision import Candidate, Decision, Evaluation, Origin, Phase, Policy, Purpose, SourceKind
from ..model.endpoints import Audience, Locality, ManagementPoint, Protocols, Scheme, SiteKind
from ..model.facts import NetworkFacts, NetworkLocation
from ..model.logchecks import Agreement, Finding
from ..model.names import HostName
from ..model.story import EventKind as Kind
from ..model.story import LogEvent
from .choose import SeededChooser
from .logaddresses import find_host_name, find_scheme, host_of, is_gateway, is_source
from .select import select_management_point

__all__ = ["LoggedPoints"]

_MOST_POINTS = 500  # a site has fifteen; more come of a log that is none
_NONE_NAMED = "which management points there were to choose from: the log names only the one that was taken"
_GIVEN_UP = timedelta(hours=24)  # after the next refresh a client turns to what it had given up again (ST-010)
_STAYING = {"client store", "client"}  # lines of these say what is in use, not when it was taken
_PHASES = {"setup": Phase.INSTALLING, "boot media": Phase.TASK_SEQUENCE}


class LoggedPoints:
    """The management points that a log has named so far, and what it said of each."""

    def __init__(self) -> None:
        self._points: dict[HostName, ManagementPoint] = {}
        self._failed: dict[HostName, datetime | None] = {}
        self._has_masked = False
        self._current: HostName | None = None

    def take(self, event: LogEvent) -> None:
        """Note what an event says of a management point."""
        said = event.details
        if event.kind in _FAILURES:
            self._fail(event)
        elif event.kind in _NAMING or "checked" in said:
            self._name(event)

    def judge_choice(self, event: LogEvent, facts: NetworkFacts) -> Finding:
        """Hold the choice of a management point against our own.

        Args:
            event: The choice; the line of it is no evidence that the choice was there to be made.
            facts: What the log says of the client.
        """
        said = event.details
        address = said["mp"]
        chosen = find_host_name(address)
        taken = (host_of(address),)
        if chosen is None:
            return _not_enough("the name of the management point, which is masked or none", client=taken)
        if event.kind is Kind.MP_ROTATED and self._current is not None:  # it rotates away from what it gives up
            self._failed[self._current] = event.when and event.when.utc
        finding = self._judge(chosen, event, facts)
        self._failed.pop(chosen, None)
        self._current = chosen
        self._name(event)
        return finding

    def judge_none(self, event: LogEvent, facts: NetworkFacts) -> Finding:
        """Hold the finding that no management point could be used against our own."""
        if self._has_masked:
            return _not_enough("the names of the management points, which are masked or none")
        if not self._points:
            return _not_enough("which management points there were to choose from")
        left = self._left(event)
        decision = self._decide(facts, Phase.REGISTERED, left, https=False)
        if decision.ranked:
            first = decision.ranked[0]
            why = f"the log names {first.name}, and shows no failure of it"
            return Finding(Agreement.DIFFERS, why, ours=_best(decision), rules=first.rules)
        if self._decide(facts, Phase.REGISTERED, left, https=True).ranked:
            return _not_enough("whether the client could use HTTPS, which is all that those left would take")
        return Finding(Agreement.AGREES, "no management point that the log names was left to use")

    def _judge(self, chosen: HostName, event: LogEvent, facts: NetworkFacts) -> Finding:
        taken = (str(chosen),)
        if chosen not in self._points:
            about = f"anything about {chosen} before this line"
            return _not_enough(about if self._points else _NONE_NAMED, client=taken)
        if _is_internet_rotation(event):
            facts = facts._replace(network_location=NetworkLocation.INTERNET)
        phase = _PHASES.get(event.details.get("by", ""), Phase.REGISTERED)
        left = [point for point in self._left(event) if point != chosen]
        points = [point for host, point in self._points.items() if host not in left]
        if missing := _missing(points, phase, facts):
            return _not_enough(*missing, client=taken)
        is_https = self._points[chosen].protocols is Protocols.HTTPS or event.details["mp"].startswith("https:")
        decision = self._decide(facts, phase, left, https=is_https)
        return _compared(chosen, decision, stays=event.details.get("by") in _STAYING)

    def _name(self, event: LogEvent) -> None:
        said = event.details
        address = said.get("mp") or said.get("url", "")
        host = find_host_name(address)
        if host is None:
            self._has_masked = self._has_masked or bool(address)
        elif host in self._points or len(self._points) < _MOST_POINTS:
            self._points[host] = _described(self._points.get(host) or ManagementPoint(host), address, event)
            if event.kind is Kind.MP_REFUSED:
                self._failed[host] = event.when and event.when.utc

    def _fail(self, event: LogEvent) -> None:
        said = event.details
        if "by" in said or is_source(said.get("url", "")):  # a probe, the log of a server, or a download
            return
        for name in ("url", "server", "host_name", "mp"):
            host = find_host_name(said.get(name, ""))
            if host is not None and (host in self._failed or len(self._failed) < _MOST_POINTS):
                self._failed[host] = event.when and event.when.utc

    def _left(self, event: LogEvent) -> list[HostName]:
        """Those that failed so lately that the client has given them up."""
        if event.when is None:
            return list(self._failed)
        now = event.when.utc
        return [host for host, at in self._failed.items() if at is None or now - at <= _GIVEN_UP]

    def _decide(self, facts: NetworkFacts, phase: Phase, left: Collection[HostName], *, https: bool) -> Decision:
        origin = (Origin(SourceKind.STORED_LIST, "as logged"),)
        policy = Policy(
            assigned_site=facts.assigned_site,
            purpose=Purpose.LOCATION,
            phase=phase,
            can_use_https=https,
            https_reason="the log shows it" if https else "the log does not show it",
        )
        candidates = [Candidate(point, origin) for host, point in self._points.items() if host not in left]
        return select_management_point(candidates, facts, policy, chooser=SeededChooser(0))


def _is_internet_rotation(event: LogEvent) -> bool:
    return event.kind is Kind.MP_ROTATED and event.details.get("which") == "internet"


def _missing(points: Sequence[ManagementPoint], phase: Phase, facts: NetworkFacts) -> list[str]:
    """What is not known of management points and could turn the choice between them."""
    where = facts.network_location
    if where is NetworkLocation.UNKNOWN and any(point.audience is Audience.INTERNET for point in points):
        return ["whether the client was on the internet"]
    if where is NetworkLocation.INTERNET:
        unknown = [point.host for point in points if point.audience is Audience.UNKNOWN]
        return [f"whether {host} takes clients from the internet" for host in unknown]
    if phase is not Phase.REGISTERED or not points[1:]:
        return []
    return [f"the locality of {point.host}" for point in points if not _is_placed(point)]


def _is_placed(point: ManagementPoint) -> bool:
    return point.locality is not Locality.UNKNOWN or point.in_current_group is not None or point.is_default is not None


def _described(point: ManagementPoint, address: str, event: LogEvent) -> ManagementPoint:
    """A management point with what a line says of it besides."""
    said = event.details
    scheme = find_scheme(address)
    if scheme is not None:
        point = point._replace(protocols=Protocols.HTTPS if scheme is Scheme.HTTPS else Protocols.HTTP)
    if is_gateway(address) or _is_internet_rotation(event):
        point = point._replace(audience=Audience.INTERNET)
    if "locality" in said:
        point = point._replace(locality=Locality(int(said["locality"])))
    match said.get("role", "").lower():
        case "proxy":
            point = point._replace(site_kind=SiteKind.SECONDARY, in_current_group=True)
        case "local":
            point = point._replace(in_current_group=True)
        case "default":
            point = point._replace(is_default=True)
    return point


def _compared(chosen: HostName, decision: Decision, *, stays: bool) -> Finding:
    taken, best = (str(chosen),), _best(decision)
    judged = next(one for one in (*decision.ranked, *decision.rejected) if one.name == chosen)
    if judged.tie is None:
        why = f"our rules reject {chosen}: {judged.reasons[-1].text}"
        return Finding(Agreement.DIFFERS, why, taken, best, rules=judged.rules)
    first = decision.ranked[0]
    if judged.tie == first.tie:
        among = f"among the best of {len(decision.ranked)} that the log names and shows no failure of"
        why = among if decision.ranked[1:] else "the only one that the log names and shows no failure of"
        return Finding(Agreement.AGREES, why, taken, best, rules=judged.rules)
    if stays:
        return _not_enough("when it was taken: a client stays with one that works", client=taken)
    why = f"our rules put {first.name} before it: {_difference(first, judged)}"
    return Finding(Agreement.DIFFERS, why, taken, best, rules=first.rules)


def _best(decision: Decision) -> tuple[str, ...]:
    if not decision.ranked:
        return ()
    return (" = ".join(one.name for one in decision.ranked if one.tie == decision.ranked[0].tie),)


def _difference(best: Evaluation, other: Evaluation) -> str:
    """The first thing in which two evaluations differ, in words."""
    told = [
        f"{one.text}, against {two.text}"
        for one, two in zip(best.reasons, other.reasons, strict=False)
        if one.text != two.text
    ]
    return told[0] if told else "by its place"


def _not_enough(*missing: str, client: tuple[str, ...] = ()) -> Finding:
    return Finding(Agreement.NOT_ENOUGH, "", client, missing=missing)


_FAILURES = {Kind.HTTP_ERROR, Kind.TRANSPORT_ERROR, Kind.TRUST_ERROR}
_NAMING = {Kind.MP_CANDIDATE, Kind.MP_LOCALITY, Kind.MP_REFUSED}
