"""What may be wrong with boundary groups: purpose, servers, assigned sites."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from ..model.finding import Finding, Severity, Where
from ..model.groups import BoundaryGroup, Role, SiteServer
from ..model.names import HostName, SiteCode
from ..model.rule import decides
from .candidate_sites import find_site_fault
from .data_sites import find_data_sites
from .default_findings import check_defaults
from .pools import NO_FALLBACK, PoolEntry, build_pool, fallback_minutes
from .survey import Survey, name_some

__all__ = ["CALLED", "check_groups", "has_purpose"]

CALLED = {
    Role.DISTRIBUTION_POINT: "distribution point",
    Role.SOFTWARE_UPDATE_POINT: "software update point",
    Role.STATE_MIGRATION_POINT: "state migration point",
    Role.MANAGEMENT_POINT: "management point",
    Role.CLOUD_MANAGEMENT_GATEWAY: "cloud management gateway",
}


def check_groups(survey: Survey) -> Iterator[Finding]:
    """Check each group and each server; links between groups are left to ``LinkCheck``.

    Returns:
        Findings by kind, within it in the order of the data.
    """
    yield from _assigned_sites(survey)
    yield from _without_purpose(survey)
    yield from _unused(survey)
    for role in (Role.DISTRIBUTION_POINT, Role.SOFTWARE_UPDATE_POINT, Role.STATE_MIGRATION_POINT):
        yield from _without_role(survey, role)
    yield from _without_management_point(survey)
    yield from check_defaults(survey)
    yield from _servers(survey)


@decides("BG-003")
def has_purpose(group: BoundaryGroup) -> bool:
    """Whether a group is for site assignment, or for finding servers: its own or those of neighbours."""
    return group.assigned_site is not None or bool(group.servers or group.relationships)


def _without_purpose(survey: Survey) -> Iterator[Finding]:
    for group in survey.data.groups:
        if group.default_of is None and not has_purpose(group):
            yield Finding(
                "group-without-purpose",
                Severity.WARNING,
                f"group {group.name} assigns no site, references no server and leads to no neighbour",
                Where(groups=(group.id,)),
                "give it an assigned site, servers or a neighbour, or delete it: clients in it wait for the default"
                " group, clients in no group use that at once",
                "BG-003",
            )


def _unused(survey: Survey) -> Iterator[Finding]:
    """Groups that no client is in and that no group leads to."""
    links = ((group.id, link.neighbour) for group in survey.data.groups for link in group.relationships)
    led_to = {neighbour for group, neighbour in links if neighbour != group}
    for group in survey.data.groups:
        if group.default_of is None and not group.boundaries and group.id not in led_to:
            yield Finding(
                "group-unused",
                Severity.NOTICE,
                f"group {group.name} has no boundary, and no other group leads to it",
                Where(groups=(group.id,)),
                "add a boundary to it or make it a neighbour, or delete it",
            )


def _assigned_sites(survey: Survey) -> Iterator[Finding]:
    sites = {site.code: site for site in survey.data.sites}
    if not sites:
        return
    used: dict[SiteCode, list[BoundaryGroup]] = defaultdict(list)
    for group in survey.data.groups:
        if group.assigned_site is not None:
            used[group.assigned_site].append(group)
    if survey.data.fallback_site is not None:
        used[survey.data.fallback_site] += ()
    known = find_data_sites(survey.data, used)
    for code, groups in used.items():
        by = [f"group {group.name}" for group in groups]
        by += ["the fallback site of the hierarchy"] if code == survey.data.fallback_site else []
        where = Where(groups=tuple(group.id for group in groups), sites=(code,))
        fault = find_site_fault(known[code])
        if fault is None:
            continue
        if code not in sites:
            what = f"site {code}, assigned by {name_some(by)}, is not among the sites"
            do = "correct the site code, or add the site to the data"
            yield Finding("assigned-site-unknown", Severity.ERROR, what, where, do, fault.rule)
        else:
            what = f"site {code}, assigned by {name_some(by)}, is a {sites[code].kind.value} site"
            parent = sites[code].parent
            do = f"assign a primary site{f', such as its parent {parent}' if parent else ''}"
            yield Finding("assigned-site-not-primary", Severity.ERROR, what, where, do, fault.rule)


def _without_role(survey: Survey, role: Role) -> Iterator[Finding]:
    """Groups some of whose clients find no server of a role at once."""
    if not any(role in server.roles for server in survey.data.servers):
        return
    served = {name for group in survey.data.groups if survey.usable(group, role) for name in group.boundaries}
    sampled = _sampled(survey, role)
    defaults = _by_minute(survey, role)
    for group in survey.data.groups:
        if not has_purpose(group) or group.default_of is not None or served.issuperset(group.boundaries):
            continue
        first = None if role in NO_FALLBACK else _first_to_join(survey, group, role, sampled, defaults)
        if first is None or first.minute > 0:
            yield _lacking(survey, group, role, first)


def _lacking(survey: Survey, group: BoundaryGroup, role: Role, first: PoolEntry | None) -> Finding:
    called = CALLED[role]
    resting = [host for host in group.servers if survey.has_role(host, role)]
    if resting:
        what, do = f"{name_some(resting)} of group {group.name} is in maintenance", "end the maintenance"
    else:
        what = f"group {group.name} has boundaries and no {called}"
        do = f"add a {called} to it, or a neighbour that has one"
    where = Where(groups=(group.id,), servers=tuple(resting))
    if first is not None:
        what += f"; its clients get the first after {first.minute} minutes, from {survey.groups[first.group].name}"
        return Finding(f"group-waits-for-{role.value}", Severity.NOTICE, what, where, f"{do}, if that is too long")
    if not group.servers and not group.relationships:
        what = f"group {group.name} is for assignment only, and its clients find no {called} through it"
        do = f"nothing, if its clients are in other groups too; else {do}"
        return Finding(f"group-for-assignment-without-{role.value}", Severity.NOTICE, what, where, do)
    if role in NO_FALLBACK:
        what += ", for which there is no fallback: its clients find none"
        return Finding(
            f"group-without-{role.value}", Severity.NOTICE, what, where, f"add a {called} to it if they need one"
        )
    what += ", and no fallback leads to one"
    return Finding(f"group-without-{role.value}", Severity.WARNING, what, where, do)


def _sampled(survey: Survey, role: Role) -> Mapping[str, BoundaryGroup]:
    """Every group with one usable server in the place of all: enough to tell when the first joins."""
    return {
        group.id: group._replace(servers=tuple(sorted(survey.usable(group, role))[:1])) for group in survey.data.groups
    }


def _by_minute(survey: Survey, role: Role) -> list[str]:
    """The default groups that have a server of a role and lead to it, the earliest first."""
    if role in NO_FALLBACK:
        return []
    minutes = {group.id: fallback_minutes(group.default_times, role) for group in survey.defaults}
    usable = [group.id for group in survey.defaults if survey.usable(group, role)]
    return sorted((name for name in usable if minutes[name] is not None), key=lambda name: (minutes[name] or 0, name))


def _first_to_join(
    survey: Survey, group: BoundaryGroup, role: Role, sampled: Mapping[str, BoundaryGroup], defaults: Iterable[str]
) -> PoolEntry | None:
    """The first server of a role that a client in the group gets."""
    linked = {link.neighbour for link in group.relationships}
    default = next((name for name in defaults if name not in linked), group.id)
    groups = tuple(sampled[name] for name in sorted((linked | {default, group.id}) & sampled.keys()))
    servers = tuple(survey.servers[host] for one in groups for host in one.servers)
    few = survey.data._replace(groups=groups, servers=servers)
    return next(iter(build_pool(few, (sampled[group.id],), role, assigned_site=None)), None)


@decides("ML-023")
def _without_management_point(survey: Survey) -> Iterator[Finding]:
    """Groups whose clients get the complete list of management points, where the groups have a say at all."""
    if not survey.data.prefers_group_mps:
        return
    role = Role.MANAGEMENT_POINT
    served = {name for group in survey.data.groups if survey.usable(group, role) for name in group.boundaries}
    for group in survey.data.groups:
        if has_purpose(group) and group.default_of is None and not served.issuperset(group.boundaries):
            yield Finding(
                "group-without-mp",
                Severity.NOTICE,
                f"group {group.name} has boundaries and no management point; its clients get the complete list",
                Where(groups=(group.id,)),
                "add a management point to it if its clients should prefer one",
                "ML-023",
            )


def _servers(survey: Survey) -> Iterator[Finding]:
    named: dict[HostName, list[str]] = defaultdict(list)
    for group in survey.data.groups:
        for host in dict.fromkeys(group.servers):
            named[host].append(group.id)
    for host, groups in named.items():
        if host not in survey.servers or not survey.servers[host].roles:
            yield Finding(
                "server-without-role",
                Severity.WARNING,
                f"{host} is referenced by {name_some(survey.groups[one].name for one in groups)}, and no role of it is"
                " known: no client gets it",
                Where(groups=tuple(groups), servers=(host,)),
                "add its roles to the data, or take it out of the group",
            )
    for server in survey.data.servers:
        if server.host not in named and server.roles:
            yield _unreferenced(server)


def _unreferenced(server: SiteServer) -> Finding:
    roles = name_some(sorted(CALLED[role] for role in server.roles), most=len(Role))
    is_mp = server.roles == {Role.MANAGEMENT_POINT}  # clients find those in other ways as well
    return Finding(
        "mp-in-no-group" if is_mp else "server-in-no-group",
        Severity.NOTICE if is_mp else Severity.WARNING,
        f"{server.host} ({roles}) is in no group; no client {'prefers' if is_mp else 'gets'} it",
        Where(servers=(server.host,)),
        "reference it in the groups whose clients should use it",
    )
