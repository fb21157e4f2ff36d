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

__all__ = ["PoolEntry", "build_pool", "current_groups", "pool_at"]

_NO_FALLBACK = {Role.STATE_MIGRATION_POINT, Role.CLOUD_MANAGEMENT_GATEWAY}


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


class _Link(NamedTuple):
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
    usable = {server.host: server for server in data.servers if role in server.roles}
    earliest: dict[HostName, PoolEntry] = {}
    for link in sorted(
        _links(data, tuple(current), role, assigned_site), key=lambda link: (link.minute, link.group.id)
    ):
        for host in link.group.servers:
            if host in usable and not _is_withheld(usable[host].in_maintenance, role):
                earliest.setdefault(host, PoolEntry(link.minute, host, link.group.id, link.reason))
    return tuple(sorted(earliest.values(), key=lambda entry: (entry.minute, entry.host)))


@decides("BG-030")
def pool_at(pool: Iterable[PoolEntry], minute: int) -> tuple[PoolEntry, ...]:
    """The pool at a minute: everything that has joined by then."""
    return tuple(entry for entry in pool if entry.minute <= minute)


@decides("BG-012")
def _is_withheld(in_maintenance: bool, role: Role) -> bool:  # noqa: FBT001 - one fact
    return in_maintenance and role is Role.DISTRIBUTION_POINT


def _links(data: SiteData, current: tuple[BoundaryGroup, ...], role: Role, site: SiteCode | None) -> Iterator[_Link]:
    if not current:
        for group in data.groups:
            if group.default_of is not None and group.default_of == site:
                yield _Link(0, group, Reason("BG-042", f"in no group: the default group of the assigned site {site}"))
        return
    for group in current:
        yield _Link(0, group, Reason("BG-007", f"current group {group.name}"))
    if role in _NO_FALLBACK:
        return
    by_id = {group.id: group for group in data.groups}
    for group in current:
        yield from _explicit(group, by_id, role)
        yield from _implied(group, data.groups, role)


@decides("BG-026", "BG-029")
def _explicit(group: BoundaryGroup, by_id: Mapping[str, BoundaryGroup], role: Role) -> Iterator[_Link]:
    """Direct neighbours only; those with "never fallback" for the role are left out."""
    for relationship in group.relationships:
        neighbour, minute = by_id.get(relationship.neighbour), _minutes(relationship.times, role)
        if neighbour is not None and minute is not None:
            reason = Reason("BG-020", f"neighbour of {group.name} after {minute} minutes")
            yield _Link(minute, neighbour, reason)


@decides("BG-041", "BG-043")
def _implied(group: BoundaryGroup, groups: Iterable[BoundaryGroup], role: Role) -> Iterator[_Link]:
    """Every default group, for a group that an administrator made and that has no link of its own to it."""
    linked = {relationship.neighbour for relationship in group.relationships}
    for default in groups:
        minute = _minutes(default.default_times, role)
        if default.default_of is None or group.default_of is not None or default.id in linked or minute is None:
            continue
        reason = Reason("BG-041", f"implied link of {group.name} to {default.name} after {minute} minutes")
        yield _Link(minute, default, reason)


@decides("BG-022", "BG-025")
def _minutes(times: FallbackTimes, role: Role) -> int | None:
    """When servers of a role join; for management points at once or never."""
    if role is Role.MANAGEMENT_POINT:
        return None if times.mp is None else 0
    return times.dp if role is Role.DISTRIBUTION_POINT else times.sup
