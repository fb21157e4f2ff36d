"""CM 2007: the site that a client is assigned to, which of its boundaries are slow, and the mode of that site."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address

from ..model.assignment import AssignmentDecision, AssignmentHow, AssignmentOutcome, SiteCandidate, SiteSource
from ..model.decision import Candidate, Reason, SourceKind, Verdict
from ..model.directory import PublishedRange, PublishedSite
from ..model.endpoints import ManagementPoint, Protocols
from ..model.facts import NetworkFacts, NetworkLocation
from ..model.legacy import SiteMode
from ..model.names import HostName, SiteCode
from .deployment_states import NEWER_CLIENT, NO_SITE_VERSION, NOT_DISCOVERED, states_of
from .edition import CATALOGUE_VERSION
from .published import PublishedMatch, match_published

__all__ = ["LEGACY_BUILD", "assign_legacy_site", "find_mode", "find_remote_sites", "match_in_order", "site_builds"]

LEGACY_BUILD = 6487
"""Build number of CM 2007 SP2, the last one: what a client has when nobody says otherwise."""


def match_in_order(
    facts: NetworkFacts, sites: Iterable[PublishedSite], ranges: Iterable[PublishedRange]
) -> tuple[PublishedMatch, ...]:
    """Find the published boundaries that hold the client, sites before ranges, each in the order of the answer."""
    by_site = [match for site in sites for match in match_published(facts, (site,), ())]
    by_range = [match for span in ranges for match in match_published(facts, (), (span,))]
    return (*by_site, *by_range)


def find_remote_sites(
    facts: NetworkFacts, sites: Iterable[PublishedSite], ranges: Iterable[PublishedRange], slow: Iterable[str]
) -> tuple[SiteCode, ...]:
    """Find the sites that hold the client by slow boundaries only.

    Args:
        facts: Where the client is.
        sites: What sites publish; it does not tell fast boundaries from slow ones.
        ranges: Their ranges.
        slow: The slow boundaries: AD site names, network ids and ranges such as ``10.1.2.1-10.1.2.9``.

    Returns:
        Site codes, sorted.
    """
    sites, ranges = tuple(sites), tuple(ranges)
    named = {one.casefold() for one in slow}
    fast_sites = [
        site._replace(boundaries=tuple(b for b in site.boundaries if b.casefold() not in named)) for site in sites
    ]
    fast_ranges = [span for span in ranges if _range_text(span) not in named]
    fast = {match.site for match in match_published(facts, fast_sites, fast_ranges)}
    return tuple(sorted({match.site for match in match_published(facts, sites, ranges)} - fast))


def _range_text(span: PublishedRange) -> str:
    return f"{IPv4Address(span.low)}-{IPv4Address(span.high)}"


def site_builds(sites: Iterable[PublishedSite], points: Iterable[Candidate]) -> Mapping[SiteCode, int | None]:
    """The sites that the directory publishes, each with its build number; None for one that does not say it."""
    builds: dict[SiteCode, int | None] = {site.site_code: None for site in sites}
    for one in points:
        code = one.mp.site_code
        if code is not None and any(origin.source is SourceKind.DIRECTORY for origin in one.origins):
            builds[code] = builds.get(code) or one.mp.build
    return builds


def assign_legacy_site(
    *,
    given: SiteCode | None,
    kept: SiteCode | None,
    matches: Sequence[PublishedMatch],
    builds: Mapping[SiteCode, int | None],
    client_build: int,
    location: NetworkLocation,
    locator_point: HostName | None,
) -> AssignmentDecision:
    """Decide the assigned site: the one given, else the one kept, else the first whose boundaries hold the client.

    Args:
        given: ``SMSSITECODE`` or the setting; None for automatic assignment.
        kept: The site that the client is assigned to already.
        matches: Published boundaries that hold the client, in the order of the answer.
        builds: Sites that the directory publishes, with their build numbers.
        client_build: Build number of the client.
        location: Where the client is; on the internet nothing is looked up.
        locator_point: A server locator point that the client may use; None when there is none.

    Returns:
        The site and why; no site where its version cannot be compared with the client's, or is older. Nothing is drawn:
        of candidates that would do, the first counts.
    """
    if kept is not None and given in {None, kept}:
        reason = Reason("SA-012", f"assigned site {kept}: kept from before")
        decision = _assigned(kept, AssignmentHow.KEPT, reason)._replace(states=())
        return _with_single(decision, kept, SiteSource.STORE, "kept")
    if location is NetworkLocation.INTERNET:
        decision = _unchecked(given)
    elif given is not None:
        decision = _given(given, builds, client_build, locator_point)
    else:
        return _first_match(matches, builds, client_build)
    return decision if given is None else _with_single(decision, given, SiteSource.SETTINGS, "given")


def _with_single(decision: AssignmentDecision, site: SiteCode, source: SiteSource, by: str) -> AssignmentDecision:
    """The decision with the one site that it is about as its candidate."""
    if decision.site is not None:
        return decision._replace(candidates=(SiteCandidate(site, Verdict.RANKED, source, by, decision.reasons),))
    state = decision.states[-1].id if decision.states else None
    return decision._replace(
        candidates=(SiteCandidate(site, Verdict.REJECTED, source, by, decision.reasons, state=state),)
    )


def _unchecked(given: SiteCode | None) -> AssignmentDecision:
    if given is None:
        reason = Reason("L7-035", "no assigned site: an internet client is assigned by hand only; give site_code")
        return _failed(AssignmentOutcome.REFUSED, reason, NOT_DISCOVERED)
    reason = Reason("L7-035", f"assigned site {given}: given, and an internet client looks nothing up to compare")
    return _assigned(given, AssignmentHow.GIVEN, reason)


def _given(
    site: SiteCode, builds: Mapping[SiteCode, int | None], client_build: int, locator_point: HostName | None
) -> AssignmentDecision:
    if site in builds:
        if problem := _version_problem(builds[site], client_build):
            reason = Reason("L7-038", f"no assigned site: {site} was given, and {problem}")
            return _failed(AssignmentOutcome.REFUSED, reason, NEWER_CLIENT)
        reason = Reason("L7-038", f"assigned site {site}: given, and compared with what the directory has of it")
        return _assigned(site, AssignmentHow.GIVEN, reason)
    if locator_point is not None:
        text = f"given; the locator point {locator_point} would compare the versions, which is taken for done"
        return _assigned(site, AssignmentHow.GIVEN, Reason("L7-038", f"assigned site {site}: {text}"))
    need = "its version has to be compared by the directory or by a locator point (cm07_locator_point)"
    reason = Reason("L7-038", f"no assigned site: {site} was given, but {need}, and neither knows it so far")
    return _failed(AssignmentOutcome.NOT_ASKED, reason, NO_SITE_VERSION)


def _first_match(
    matches: Sequence[PublishedMatch], builds: Mapping[SiteCode, int | None], client_build: int
) -> AssignmentDecision:
    """The first one that will do; several that hold the client are told."""
    boundaries: dict[SiteCode, str] = {}
    for match in matches:
        boundaries.setdefault(match.assignment_site, match.boundary)
    problems = {site: _version_problem(builds.get(site), client_build) for site in boundaries}
    site = next((one for one, problem in problems.items() if not problem), None)
    decision = _of_match(site, boundaries, problems)
    judged = [_candidate(one, boundaries[one], problem, is_first=one == site) for one, problem in problems.items()]
    rejected = sorted((one for one in judged if one.verdict is Verdict.REJECTED), key=lambda one: one.site)
    return decision._replace(candidates=(*(one for one in judged if one.verdict is Verdict.RANKED), *rejected))


def _candidate(site: SiteCode, boundary: str, problem: str, *, is_first: bool) -> SiteCandidate:
    text = f"{boundary} is one of its published boundaries"
    if problem:
        reason = Reason("L7-038", f"{text}, and {problem}")
        return SiteCandidate(site, Verdict.REJECTED, SiteSource.DIRECTORY, boundary, (reason,), state=NEWER_CLIENT)
    which = "the first that will do" if is_first else "it would do, and another one comes before it"
    return SiteCandidate(site, Verdict.RANKED, SiteSource.DIRECTORY, boundary, (Reason("L7-038", f"{text}: {which}"),))


def _of_match(
    site: SiteCode | None, boundaries: Mapping[SiteCode, str], problems: Mapping[SiteCode, str]
) -> AssignmentDecision:
    if site is not None:
        text = f"assigned site {site}: {boundaries[site]} is one of its published boundaries"
        if len(boundaries) > 1:
            text += f"; those of {', '.join(boundaries)} hold the client, and the first that will do is taken"
        return _assigned(site, AssignmentHow.BOUNDARY, Reason("L7-038", text))
    if problems:
        reason = Reason("L7-038", f"no assigned site: {next(iter(problems.values()))}")
        return _failed(AssignmentOutcome.REFUSED, reason, NEWER_CLIENT)
    reason = Reason("L7-038", "no assigned site: none was given, and no published boundary holds the client")
    return _failed(AssignmentOutcome.NOT_FOUND, reason, NOT_DISCOVERED)


def _version_problem(build: int | None, client_build: int) -> str:
    """Why the versions do not fit, as half a sentence; a version that is not published counts as fitting."""
    if build is None or client_build <= build:
        return ""
    return f"the client's build {client_build} is newer than the site's {build}"


def _assigned(site: SiteCode, how: AssignmentHow, reason: Reason) -> AssignmentDecision:
    return AssignmentDecision(
        AssignmentOutcome.ASSIGNED, site, how, (reason,), states=states_of(None), catalogue=CATALOGUE_VERSION
    )


def _failed(outcome: AssignmentOutcome, reason: Reason, state: int) -> AssignmentDecision:
    return AssignmentDecision(
        outcome, None, AssignmentHow.NONE, (reason,), states=states_of(state), catalogue=CATALOGUE_VERSION
    )


def find_mode(
    given: SiteMode | None, points: Iterable[Candidate], site: SiteCode | None, *, can_use_https: bool
) -> tuple[SiteMode, str]:
    """Find out how a site talks to its clients.

    Args:
        given: What the settings say.
        points: What was found; the management points of the site tell.
        site: The assigned site.
        can_use_https: Whether the client is set for HTTPS. Then DNS cannot make it do without: only the directory,
            which proves who it is, or a person can.

    Returns:
        The mode, and who says so.
    """
    if given is not None:
        return given, "set by hand"
    own = [one for one in points if one.mp.site_code in {None, site}]
    published = [one for one in own if one.origins[0].source is SourceKind.DIRECTORY]
    if (said := _said_by(published)) is not None:
        return said
    if can_use_https:
        return SiteMode.NATIVE, "the client is set for HTTPS, and the directory says nothing else"
    return _said_by(own) or (SiteMode.MIXED, "nobody says it, and the client is not set for HTTPS")


def _said_by(points: Iterable[Candidate]) -> tuple[SiteMode, str] | None:
    for one in points:
        if (mode := _mode_of(one.mp)) is not None:
            return mode, f"{one.origins[0].source.value} says so of {one.mp.host}"
    return None


def _mode_of(mp: ManagementPoint) -> SiteMode | None:
    if mp.https_only_site or mp.protocols is Protocols.HTTPS:
        return SiteMode.NATIVE
    return SiteMode.MIXED if mp.protocols is Protocols.HTTP else None
