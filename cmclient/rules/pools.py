"""Which servers of a role a client gets now, and which join after each fallback time.

Minutes count from the start of the search (BG-031). A server that is in the pool stays in it (BG-030).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ..model.decision import Reason
from ..model.groups import BoundaryGroup, FallbackTimes, Role, SiteData
from ..model.names import HostName, SiteCode
from ..model.rule import decides
from .boundaries import BoundaryMatch

__all__ = [
    "NO_FALLBACK",
    "GroupLink",
    "PoolEntry",
    "build_pool",
    "current_groups",
    "fallback_minutes",
    "find_links",
    "pool_at",
]

NO_FALLBACK = frozenset({Role.STATE_MIGRATION_POINT, Role.CLOUD_MANAGEMENT_GATEWAY})
"""Roles that a client gets from its own groups alone."""


class PoolEntry(NamedTuple):
    """A server of the pool.

    Attributes:
        minute: When it joins.
        host: The server.
        group: Identifier of the boundary group through which it does.
        reason: The rule that lets it.
    """

    minute: int
    host: HostName
    group: str
    reason: Reason


class GroupLink(NamedTuple):
    """A group whose servers a client gets.

    Attributes:
        minute: When they join.
        group: The group: one that holds the client, a neighbour, or a default group.
        reason: The rule that lets them.
    """

    minute: int
    group: BoundaryGroup
    reason: Reason


@decides("CF-042", "BD-017")
def current_groups(data: SiteData, matches: Iterable[BoundaryMatch]) -> tuple[BoundaryGroup, ...]:
    """The client's current boundary group: the union of all groups that have a boundary that holds it.

    Returns:
        The groups, in the order of the data; empty when no boundary of any group holds the client.
    """
    held = {match.boundary.id for match in matches}
    return tuple(group for group in data.groups if held.intersection(group.boundaries))


def build_pool(
    data: SiteData, current: Iterable[BoundaryGroup], role: Role, *, assigned_site: SiteCode | None
) -> tuple[PoolEntry, ...]:
    """Work out which servers of a role join the pool, and when.

    Args:
        data: The hierarchy.
        current: The groups that the client is in.
        role: The role.
        assigned_site: The client's assigned site; its default group serves a client that is in no group.

    Returns:
        One entry a server, with the earliest minute at which it joins; sorted by minute, then host. Servers of the
        same minute may be used in any order (BG-008, BG-027).
    """
    having = (server for server in data.servers if role in server.roles)
    usable = {server.host for server in having if not _is_withheld(server.in_maintenance, role)}
    earliest: dict[HostName, PoolEntry] = {}
    # Of links with the same minute a current group is told, else a neighbour, else a default group: as the ids sort.
    links = find_links(data, current, role, assigned_site=assigned_site)
    for link in sorted(links, key=lambda link: (link.minute, link.reason, link.group.id)):
        for host in link.group.servers:
            if host in usable:
                earliest.setdefault(host, PoolEntry(link.minute, host, link.group.id, link.reason))
    return tuple(sorted(earliest.values(), key=lambda entry: (entry.minute, entry.host)))


@decides("BG-030", "BG-031")
def pool_at(pool: Iterable[PoolEntry], minute: int) -> tuple[PoolEntry, ...]:
    """The pool at a minute from the start of the search: everything that has joined by then.

    A client that moves searches anew: with the pool of its new groups, from minute 0.
    """
    return tuple(entry for entry in pool if entry.minute <= minute)


@decides("BG-012")
def _is_withheld(in_maintenance: bool, role: Role) -> bool:  # noqa: FBT001 - one fact
    return in_maintenance and role is Role.DISTRIBUTION_POINT


def find_links(
    data: SiteData, current: Iterable[BoundaryGroup], role: Role, *, assigned_site: SiteCode | None
) -> Iterator[GroupLink]:
    """Find the groups whose servers of a role a client gets, at once or later.

    Args:
        data: The hierarchy.
        current: The groups that the client is in.
        role: The role.
        assigned_site: The client's assigned site; its default group serves a client that is in no group.

    Yields:
        The groups that hold the client, then those that they lead to; the same group again where several links lead
        to it.
    """
    held = tuple(current)
    if not held:
        for group in data.groups:
            if group.default_of is not None and group.default_of == assigned_site:
                reason = Reason("BG-042", f"in no group: the default group of the assigned site {assigned_site}")
                yield GroupLink(0, group, reason)
        return
    for group in held:
        yield GroupLink(0, group, Reason("BG-007", f"current group {group.name}"))
    if role in NO_FALLBACK:
        return
    by_id = {group.id: group for group in data.groups}
    for group in held:
        yield from _explicit(group, by_id, role)
        yield from _implied(group, data.groups, role)


@decides("BG-026", "BG-029", "ML-024")
def _explicit(group: BoundaryGroup, by_id: Mapping[str, BoundaryGroup], role: Role) -> Iterator[GroupLink]:
    """Direct neighbours only; those with "never fallback" for the role are left out."""
    for relationship in group.relationships:
        neighbour, minute = by_id.get(relationship.neighbour), fallback_minutes(relationship.times, role)
        if neighbour is not None and minute is not None:
            reason = Reason("BG-020", f"neighbour of {group.name} after {minute} minutes")
            yield GroupLink(minute, neighbour, reason)


@decides("BG-041", "BG-043")
def _implied(group: BoundaryGroup, groups: Iterable[BoundaryGroup], role: Role) -> Iterator[GroupLink]:
    """Every default group, for a group that an administrator made and that has no link of its own to it."""
    linked = {relationship.neighbour for relationship in group.relationships}
    for default in groups:
        minute = fallback_minutes(default.default_times, role)
        if default.default_of is None or group.default_of is not None or default.id in linked or minute is None:
            continue
        reason = Reason("BG-041", f"implied link of {group.name} to {default.name} after {minute} minutes")
        yield GroupLink(minute, default, reason)


@decides("BG-022", "BG-025", "ML-025")
def fallback_minutes(times: FallbackTimes, role: Role) -> int | None:
    """When servers of a role join by a link; None for never. For management points at once or never.

    The role is one that has a fallback.
    """
    if role is Role.MANAGEMENT_POINT:
        return None if times.mp is None else 0
    return times.dp if role is Role.DISTRIBUTION_POINT else times.sup
