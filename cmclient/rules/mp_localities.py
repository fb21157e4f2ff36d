"""Which management points a site tells a client of first, by boundary groups: the site's side of the MP list.

Groups decide in which order management points are tried, never which of the site's own ones are in the list.
"""

from collections.abc import Iterable
from typing import NamedTuple

from ..model.decision import Reason
from ..model.endpoints import Locality
from ..model.groups import BoundaryGroup, Role, SiteData
from ..model.names import HostName, SiteCode
from ..model.rule import decides
from .pools import GroupLink, find_links

__all__ = ["ListedMp", "list_management_points"]

_MP, _DP, _CLOUD = Role.MANAGEMENT_POINT, Role.DISTRIBUTION_POINT, Role.CLOUD_MANAGEMENT_GATEWAY


class _Place(NamedTuple):
    locality: Locality
    reason: Reason
    group: str = ""


_Placed = dict[HostName, _Place]


class ListedMp(NamedTuple):
    """A management point in the list of a client.

    Attributes:
        host: The server.
        locality: How near it is by the boundary groups that reference it.
        reason: The rule that puts it there.
        in_current_group: Whether a group that holds the client references it; None where groups have no say.
        is_cloud: It is a cloud management gateway: in a group, or let in by an option of a default group.
        group: Identifier of the boundary group through which it is there; empty where that is no matter of groups.
    """

    host: HostName
    locality: Locality
    reason: Reason
    in_current_group: bool | None = None
    is_cloud: bool = False
    group: str = ""


@decides("ML-027", "ML-043")
def list_management_points(
    data: SiteData, current: Iterable[BoundaryGroup], *, assigned_site: SiteCode | None
) -> tuple[ListedMp, ...]:
    """List the management points of a hierarchy for a registered client, the nearest first.

    Args:
        data: The hierarchy.
        current: The groups that the client is in.
        assigned_site: The client's assigned site; its default group serves a client that is in no group.

    Returns:
        Every management point of the data, whatever its locality, and the gateways that the groups lead to or that a
        default group lets in: by locality, then preferred gateways, then in the order of the data, then other gateways.
    """
    hosts = tuple(dict.fromkeys(server.host for server in data.servers if _MP in server.roles))
    if not data.prefers_group_mps:
        return tuple(_without_groups(host) for host in hosts)
    held = tuple(current)
    links = tuple(find_links(data, held, _MP, assigned_site=assigned_site))
    placed = _beside_distribution_points(data, held, assigned_site) | _nearest(links, held)
    referenced = {host for group in held for host in group.servers}
    unplaced = _unplaced(lacks_any=bool(held) and referenced.isdisjoint(hosts))
    listed = [_listed(host, placed.get(host, unplaced), is_here=host in referenced) for host in hosts]
    members = _members(data, _nearest((link for link in links if link.group.default_of is None), held), referenced)
    first, last = _cloud(data, links, {one.host for one in members})
    return tuple(sorted((*first, *listed, *members, *last), key=lambda one: -one.locality))


def _listed(host: HostName, place: _Place, *, is_here: bool) -> ListedMp:
    return ListedMp(host, place.locality, place.reason, in_current_group=is_here, group=place.group)


@decides("ML-022", "MP-014")
def _without_groups(host: HostName) -> ListedMp:
    """Without the hierarchy setting groups have no say: everything is near and nothing is preferred."""
    reason = Reason("MP-014", "clients are not set to prefer the management points of their boundary groups")
    return ListedMp(host, Locality.CURRENT_GROUP, reason)


@decides("MP-011", "MP-012", "MP-013")
def _nearest(links: Iterable[GroupLink], current: tuple[BoundaryGroup, ...]) -> _Placed:
    """The servers that the client's groups lead to, each by the nearest group that references it."""
    ids = {group.id for group in current}
    placed: _Placed = {}
    for locality, link in sorted(
        ((_locality(link, ids), link) for link in links), key=lambda one: (-one[0], one[1].reason)
    ):
        for host in link.group.servers:
            placed.setdefault(host, _Place(locality, link.reason, link.group.id))
    return placed


def _locality(link: GroupLink, current: set[str]) -> Locality:
    if link.group.id in current:
        return Locality.CURRENT_GROUP
    return Locality.NEIGHBOUR_GROUP if link.group.default_of is None else Locality.DEFAULT_GROUP


@decides("ML-026")
def _beside_distribution_points(
    data: SiteData, current: tuple[BoundaryGroup, ...], assigned_site: SiteCode | None
) -> _Placed:
    """Servers of a default group that have a distribution point, where that group is fallen back to for content."""
    points = {server.host for server in data.servers if _DP in server.roles}
    reason = Reason("ML-026", "on a server with a distribution point of a default group that is fallen back to")
    return {
        host: _Place(Locality.DEFAULT_GROUP, reason, link.group.id)
        for link in find_links(data, current, _DP, assigned_site=assigned_site)
        for host in link.group.servers
        if link.group.default_of is not None and host in points
    }


@decides("ML-023", "ML-044")
def _unplaced(*, lacks_any: bool) -> _Place:
    """What nothing leads to comes last; where the client's groups have no management point, the list is complete."""
    if lacks_any:
        reason = Reason("ML-044", "the client's boundary groups have no management point: the complete list")
        return _Place(Locality.DEFAULT_GROUP, reason)
    return _Place(Locality.UNKNOWN, Reason("MP-011", "in no boundary group that counts for the client"))


@decides("MP-027")
def _members(data: SiteData, placed: _Placed, referenced: set[HostName]) -> list[ListedMp]:
    """The gateways that the client's groups lead to as they lead to management points; default groups have options."""
    hosts = dict.fromkeys(server.host for server in data.servers if _CLOUD in server.roles)
    found = (_listed(host, placed[host], is_here=host in referenced) for host in hosts if host in placed)
    return [one._replace(is_cloud=True) for one in found]


@decides("ML-028")
def _cloud(data: SiteData, links: Iterable[GroupLink], members: set[HostName]) -> tuple[list[ListedMp], list[ListedMp]]:
    """The gateways that the default groups let in: those that come first in their locality, and those that come last.

    A default group that prefers them without letting them in does nothing.
    """
    open_ones = [
        link.group for link in links if link.group.default_of is not None and link.group.options.include_cloud_mps
    ]
    if not open_ones:
        return [], []
    group = next((one for one in open_ones if one.options.prefer_cloud_mps), open_ones[0])
    is_first = group.options.prefer_cloud_mps
    reason = Reason("ML-028", f"{group.name} {'prefers' if is_first else 'includes'} cloud sources")
    hosts = dict.fromkeys(server.host for server in data.servers if _CLOUD in server.roles)
    far = Locality.DEFAULT_GROUP
    others = [host for host in hosts if host not in members]
    gateways = [ListedMp(h, far, reason, in_current_group=False, is_cloud=True, group=group.id) for h in others]
    return (gateways, []) if is_first else ([], gateways)
