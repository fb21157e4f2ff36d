"""Records of boundary data put together: what refers to what, and what is not there."""

from collections.abc import Iterable

from ..model.boundary import Boundary
from ..model.endpoints import Access, Audience, Protocols
from ..model.groups import BoundaryGroup, FallbackTimes, Relationship, SiteData, SiteServer
from ..model.names import HostName
from .sitedata_records import Link, Member, Place, Records, Reference, quoted
from .tables import suggestion

__all__ = ["join_records"]


def join_records(records: Records) -> SiteData:
    """Put records together.

    A record that names something that is not there is left out and becomes a fault; one that names something that was
    left out before becomes a note, because that is told already.

    Returns:
        Boundaries, groups and sites in the order of their records; servers as well, with those at the end that groups
        reference and nobody described.
    """
    joined = _Join(records)
    for member in records.members:
        joined.add_member(member)
    for reference in records.references:
        joined.add_reference(reference)
    for link in records.links:
        joined.add_link(link)
    return SiteData(
        boundaries=tuple(records.boundaries.values()),
        groups=tuple(joined.group(one) for one in records.groups.values()),
        servers=tuple(_servers(records)),
        fallback_site=records.fallback_site,
        sites=tuple(records.sites.values()),
        prefers_group_mps=records.prefers_group_mps,
    )


class _Join:
    """What each group has; dicts keep the order and drop what is said twice."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._members: dict[str, dict[str, None]] = {one: {} for one in records.groups}
        self._hosts: dict[str, dict[HostName, None]] = {one: {} for one in records.groups}
        self._links: dict[str, dict[str, Relationship]] = {one: {} for one in records.groups}
        self._times: dict[str, FallbackTimes] = {}

    def group(self, group: BoundaryGroup) -> BoundaryGroup:
        """A group with what it has."""
        return group._replace(
            boundaries=tuple(self._members[group.id]),
            servers=tuple(self._hosts[group.id]),
            relationships=tuple(self._links[group.id].values()),
            default_times=self._times.get(group.id, group.default_times),
        )

    def add_member(self, member: Member) -> None:
        """Put a boundary in its group."""
        place, field, group, boundary = member
        left_out = f"boundary {quoted(boundary)} in boundary group {quoted(group)}"
        if self._is_there(place, field, "boundary", boundary, self._records.boundaries, left_out) and self._has_group(
            place, field, group, left_out
        ):
            self._members[group][boundary] = None

    def add_reference(self, reference: Reference) -> None:
        """Let a group reference a server."""
        place, field, group, host, _ = reference
        if self._has_group(place, field, group, f"server {host} in boundary group {quoted(group)}"):
            self._hosts[group][host] = None

    def add_link(self, link: Link) -> None:
        """Let a group lead to another one."""
        place, field, source, relationship = link
        target = relationship.neighbour
        left_out = f"the relationship of boundary group {quoted(source)} to {quoted(target)}"
        if not self._has_group(place, field, source, left_out) or not self._has_group(place, field, target, left_out):
            return
        if source == target and self._records.groups[source].default_of is not None:
            self._times[source] = relationship.times
        elif source == target:
            self._records.fault(place, field, f"boundary group {quoted(source)} is its own neighbour", left_out)
        elif target in self._links[source]:
            problem = f"is the second relationship of boundary group {quoted(source)} to {quoted(target)}"
            self._records.fault(place, field, problem, left_out.replace("the", "the second", 1))
        else:
            self._links[source][target] = relationship

    def _has_group(self, place: Place, field: str, group: str, left_out: str) -> bool:
        return self._is_there(place, field, "boundary group", group, self._records.groups, left_out)

    def _is_there(
        self,
        place: Place,
        field: str,
        what: str,
        identifier: str,
        known: dict[str, Boundary] | dict[str, BoundaryGroup],
        left_out: str,
    ) -> bool:
        if identifier in known:
            return True
        if (what, identifier) in self._records.lost:
            self._records.note(place, field, f"{left_out} is left out, as {what} {quoted(identifier)} is")
        else:
            hint = suggestion(identifier, known)
            self._records.fault(place, field, f"names the unknown {what} {quoted(identifier)}{hint}", left_out)
        return False


def _joined(one: Access, other: Access) -> Access:
    """What was said first of each; the rest from the other."""
    return Access(
        other.protocols if one.protocols is Protocols.UNKNOWN else one.protocols,
        other.audience if one.audience is Audience.UNKNOWN else one.audience,
        other.devices if one.devices is None else one.devices,
        other.replica if one.replica is None else one.replica,
    )


def _servers(records: Records) -> Iterable[SiteServer]:
    """Each server once, with all that was said of it."""
    servers: dict[HostName, SiteServer] = {}
    for server in records.servers:
        known = servers.get(server.host, server)
        servers[server.host] = SiteServer(
            server.host,
            known.roles | server.roles,
            in_maintenance=known.in_maintenance or server.in_maintenance,
            site=known.site or server.site,
            access=_joined(known.access, server.access),
        )
    for place, field, _, host, site in records.references:
        if host not in servers:
            records.note(place, field, f"the roles of {host} are not known, so it serves nobody")
        known = servers.setdefault(host, SiteServer(host))
        if known.site is None and site is not None:
            servers[host] = known._replace(site=site)
    return servers.values()
