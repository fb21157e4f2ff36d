"""Locate the management point of a device: who may be one, which of them answers, and when it is too early to say."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from .config import ClientConfig
from .discover import Sources
from .errors import ConfigError
from .model.certificates import ClientCertificate
from .model.decision import (
    Candidate,
    Decision,
    Discovered,
    Evaluation,
    Origin,
    Policy,
    SourceKind,
    StoredAssignment,
    Verdict,
)
from .model.endpoints import Endpoint, ManagementPoint, SiteKind
from .model.facts import ClientKind, NetworkFacts, NetworkLocation
from .model.groups import Role, SiteData
from .model.http import Attempt, Deadline, Outcome
from .model.mplist import MpListQuery
from .model.names import HostName
from .model.roles import RoleDecision, RoleEvaluation, RoleLocation, RoleOrigin, RoleSource, SiteRole
from .model.rule import decides
from .mpclient import ManagementPointClient
from .ports import Cancellation, Clock
from .rules.choose import SeededChooser
from .rules.deprecations import find_kind_deprecation
from .rules.device_kinds import (
    DEVICE_KINDS,
    ENROLLED_KINDS,
    REPLICA_ROUNDS,
    find_device_fitness,
    find_replica_bar,
    find_replica_wait,
    name_of_kind,
)
from .rules.failures import all_refuse_trust
from .rules.select import plan_contact, select_management_point
from .standing import Clues, find_standing

__all__ = ["DeviceTools", "locate_device_point"]

_ORIGINS = {
    SourceKind.INSTALLATION: RoleOrigin.SETTINGS,
    SourceKind.DIRECTORY: RoleOrigin.DIRECTORY,
}
_NAME_ONE = "name one in management_points (internet_mp for the internet), or give boundary data with --data"
_OF_DATA = Origin(SourceKind.INSTALLATION, "boundary data")


class DeviceTools(NamedTuple):
    """What looking for a device's management point works with.

    Attributes:
        config: The settings.
        sources: The settings' own management points, and the directory.
        client: Asks management points.
        clock: The time.
        chooser: Chance.
        kept: What was kept of the client's assignment.
        data: What the site knows of its servers; None where nobody says it.
    """

    config: ClientConfig
    sources: Sources
    client: ManagementPointClient
    clock: Clock
    chooser: SeededChooser
    kept: StoredAssignment | None
    data: SiteData | None


def locate_device_point(
    tools: DeviceTools,
    facts: NetworkFacts,
    deadline: Deadline,
    *,
    certificate: ClientCertificate | None = None,
    offline: bool = False,
) -> RoleLocation:
    """Locate the management point of a device.

    Args:
        tools: What to work with.
        facts: What is known of the device.
        deadline: The end of waiting.
        certificate: The client certificate, if there is one.
        offline: Ask nobody.

    Returns:
        Every management point that was named, judged, and what came of asking the eligible ones.

    Raises:
        ConfigError: The client is of no kind that such a management point serves.
    """
    if facts.client_kind not in DEVICE_KINDS:
        what = f"{name_of_kind(facts.client_kind)} uses no device management point"
        raise ConfigError((what,), hint="say which device it is: --client-kind mac, mobile, mdm or legacy-mobile")
    candidates, sources = _name_candidates(tools, facts, deadline, offline=offline)
    policy = _policy(tools, facts, candidates, certificate)
    decision = select_management_point(candidates, facts, policy, chooser=tools.chooser)
    decision = _bar_replicas(decision, tools.data)
    asked = _Asked() if offline or not decision.ranked else _contact(tools, decision, facts, deadline)
    return RoleLocation(
        _role_decision(decision),
        facts,
        policy.assigned_site,
        sources,
        asked.attempts,
        notes=tuple(_notes(decision, policy, asked, facts)),
        was_contacted=bool(asked.attempts),
        answered=asked.answered,
        refused_trust=asked.answered is None and all_refuse_trust(asked.attempts),
        wait=asked.wait,
    )


# --- who is named ---------------------------------------------------------------------------------------------------


def _name_candidates(
    tools: DeviceTools, facts: NetworkFacts, deadline: Deadline, *, offline: bool
) -> tuple[tuple[Candidate, ...], tuple[RoleSource, ...]]:
    """Boundary data, settings, and the directory for those kinds that read it."""
    known = tuple(_of_data(tools.data)) if tools.data is not None else ()
    sources = []
    if tools.data is not None:
        sources.append(RoleSource(RoleOrigin.SITE_DATA, len(known), "MD-002", "management points of the data"))
    candidates = [*known]
    policy = Policy(assigned_site=tools.config.enrollment_site or tools.config.site_code)
    for kind in _ORIGINS if not offline else (SourceKind.INSTALLATION,):
        found = tools.sources.ask(kind, "MD-002", facts, policy, deadline)
        said = found.report
        count = said.found if said.asked else None
        hint = _NAME_ONE if kind is SourceKind.INSTALLATION and not count else said.hint
        sources.append(RoleSource(_ORIGINS[kind], count, said.rule, said.detail, said.code, hint))
        candidates += found.discovered.candidates
    return tuple(candidates), tuple(sources)


def _of_data(data: SiteData) -> Iterator[Candidate]:
    sites = {site.code: site for site in data.sites}
    for server in data.servers:
        if Role.MANAGEMENT_POINT in server.roles:
            site = sites.get(server.site) if server.site is not None else None
            mp = ManagementPoint(
                server.host,
                site_code=server.site,
                site_kind=SiteKind.UNKNOWN if site is None else site.kind,
                parent_site=None if site is None else site.parent,
                protocols=server.access.protocols,
                audience=server.access.audience,
                supports_devices=server.access.devices,
            )
            yield Candidate(mp, (_OF_DATA,))


def _bar_replicas(decision: Decision, data: SiteData | None) -> Decision:
    """Reject those that work from a database replica, for a kind that cannot use one."""
    bar = find_replica_bar(decision.facts.client_kind)
    replicas = {server.host for server in data.servers if server.access.replica} if data is not None else set()
    if bar is None or not replicas:
        return decision
    barred = (
        Evaluation(one.name, Verdict.REJECTED, (bar,), one.origins, one.mp)
        for one in decision.ranked
        if one.name in replicas
    )
    return decision._replace(
        ranked=tuple(one for one in decision.ranked if one.name not in replicas),
        rejected=tuple(sorted((*decision.rejected, *barred), key=lambda one: one.name)),
    )


@decides("MD-003")
def _policy(
    tools: DeviceTools, facts: NetworkFacts, candidates: Sequence[Candidate], certificate: ClientCertificate | None
) -> Policy:
    """Where the device stands. One that is enrolled has a client certificate, whether it is at hand here or not."""
    standing = find_standing(Clues(tools.config, facts, tools.chooser, certificate, tools.kept, candidates=candidates))
    if facts.client_kind not in ENROLLED_KINDS or standing.policy.can_use_https:
        return standing.policy
    return standing.policy._replace(can_use_https=True, https_reason="an enrolled device has a client certificate")


# --- asking them ----------------------------------------------------------------------------------------------------


class _Asked(NamedTuple):
    """What came of asking management points."""

    attempts: tuple[Attempt, ...] = ()
    answered: Endpoint | None = None
    wait: float | None = None


def _contact(tools: DeviceTools, decision: Decision, facts: NetworkFacts, deadline: Deadline) -> _Asked:
    """Ask the eligible ones for a list, best first: which of them is there.

    A device that was enrolled just now asks once more where the rules say that it is too early, as long as there is
    time.
    """
    query, site = MpListQuery.MPLIST, None
    if facts.network_location is NetworkLocation.INTERNET:
        query, site = MpListQuery.MPLIST2, decision.policy.assigned_site

    def ask(endpoint: Endpoint, cancellation: Cancellation) -> Discovered:
        return tools.client.fetch_list(endpoint, query, deadline, site=site, cancellation=cancellation)

    groups = plan_contact(decision.ranked)
    attempts: tuple[Attempt, ...] = ()
    wait: float | None = None
    for _ in range(REPLICA_ROUNDS):
        result = tools.client.contact(groups, query.value, ask, deadline)
        attempts += result.attempts
        if result.endpoint is not None:
            return _Asked(attempts, result.endpoint)
        wait = find_replica_wait(
            facts.client_kind,
            since_enrollment=_since(tools.config.enrolled_at, tools.clock.now()),
            was_refused=any(one.outcome is Outcome.FAILED and one.status is not None for one in result.attempts),
        )
        left = deadline.remaining()
        if wait is None or (left is not None and wait >= left):
            break
        tools.client.pause(wait, None)
    return _Asked(attempts, wait=wait)


def _since(enrolled: datetime | None, now: datetime) -> float | None:
    return None if enrolled is None else (now - enrolled).total_seconds()


# --- what a person is told ------------------------------------------------------------------------------------------


@decides("MD-021", "MD-022")
def _notes(decision: Decision, policy: Policy, asked: _Asked, facts: NetworkFacts) -> Iterator[str]:
    judged = (*decision.ranked, *decision.rejected)
    site, kind = policy.assigned_site, name_of_kind(facts.client_kind)
    if site is None:
        yield f"the site of {kind} is not known: its enrollment profile names it (enrollment_site)"
    elif judged and not any(_may_serve(one, policy) for one in judged):
        yield f"MD-021 site {site} has no device management point that anybody names, and {kind} needs one there"
    if (deprecated := find_kind_deprecation(facts.client_kind)) is not None:
        yield f"{deprecated.rule} {deprecated.text}"
    if asked.wait is not None:
        yield (
            f"MD-022 it was enrolled just now, and a management point that works from a database replica does not know"
            f" it yet: no failure, try again in {asked.wait:.0f} seconds"
        )


def _may_serve(one: Evaluation, policy: Policy) -> bool:
    return (
        one.mp is not None and one.mp.site_code in {None, policy.assigned_site} and one.mp.supports_devices is not False
    )


def _role_decision(decision: Decision) -> RoleDecision:
    return RoleDecision(
        SiteRole.DEVICE_MANAGEMENT_POINT,
        tuple(_evaluation(one, decision.facts.client_kind) for one in decision.ranked),
        tuple(_evaluation(one, decision.facts.client_kind) for one in decision.rejected),
        decision.seed,
        decision.catalogue,
    )


def _evaluation(one: Evaluation, kind: ClientKind) -> RoleEvaluation:
    is_ranked = one.verdict is Verdict.RANKED
    fitness = (find_device_fitness(one.mp, kind),) if is_ranked and one.mp is not None else ()
    origins = tuple(
        dict.fromkeys(RoleOrigin.SITE_DATA if said == _OF_DATA else _ORIGINS[said.source] for said in one.origins)
    )
    return RoleEvaluation(HostName(one.name), one.verdict, (*fitness, *one.reasons), origins, one.endpoints)
