"""A lab shown to a person."""

from collections.abc import Callable, Iterable, Iterator

from ..model.endpoints import Locality
from ..model.names import HostName
from .description import LabDescription, SiteSystem
from .faults import Fault, FaultBoard, Role
from .site import Hierarchy

__all__ = ["describe_lab"]

_NEARNESS = {
    Locality.CURRENT_GROUP: "in the client's boundary group",
    Locality.NEIGHBOUR_GROUP: "in a neighbour group",
    Locality.DEFAULT_GROUP: "in the default group",
    Locality.UNKNOWN: "in no group that counts for the client",
}


def describe_lab(description: LabDescription, board: FaultBoard, where: Callable[[HostName, Role], str]) -> str:
    """Say in some lines of text what a lab has, what is wrong in it, and how near everything is to its client.

    Args:
        description: The lab.
        board: The faults that are on.
        where: Says where a server in a role listens.
    """
    return "\n".join(_lines(description, board, where))


def _lines(description: LabDescription, board: FaultBoard, where: Callable[[HostName, Role], str]) -> Iterator[str]:
    client, hierarchy = description.client, Hierarchy(description)
    location = hierarchy.locate(client.address.address)
    groups = ", ".join(group.name for group in hierarchy.current_groups(location)) or "none"
    yield f"client    {client.host} at {client.address}, {client.membership.value} {client.domain or ''}".rstrip()
    yield f"          AD site {location.ad_site or 'none'}, boundary groups: {groups}"
    yield f"          meant for site {client.site_code or '(automatic assignment)'}"
    for forest in description.forests:
        trusts = f", trusts {', '.join(forest.trusts)}" if forest.trusts else ""
        yield f"forest    {forest.name}{trusts}"
        yield _server(forest.controller, Role.AD, "domain controller", board, where)
    yield _server(description.dns, Role.DNS, "DNS", board, where)
    localities = hierarchy.localities(location)
    for site in description.sites:
        below = f" below {site.parent}" if site.parent else ""
        published = {mp.host for mp in hierarchy.published_mps(site)} if site.publish and not site.parent else set()
        yield f"site      {site.code}, {site.kind.value}{below}, build {site.build}, in {site.forest}"
        for system in (one for one in description.systems if one.site == site.code):
            near = _NEARNESS[localities[system.host]] if system.role is Role.MP else ""
            shown = "" if system.role is not Role.MP or system.host in published else "not published"
            parts = _joined((_kind(system), near, shown), ", ")
            yield _server(system.host, system.role, parts, board, where)
    for content in description.contents:
        setup = "the client package" if content.is_client_package else ""
        size = "" if content.size is None else f"{content.size} bytes"
        held = f"on {', '.join(content.servers) or 'no server'}"
        yield f"content   {_joined((f'{content.id} version {content.version}', setup, size, held), ', ')}"
    for peer in description.peers:
        state = "" if peer.online else "offline"
        held = f"has {', '.join(peer.contents) or 'no content'}"
        yield f"peer      {_joined((f'{peer.host} at {peer.address}', held, state, 'not run'), ', ')}"
    run = {system.host for system in description.systems}
    for server in (one for one in description.servers if one.roles):
        what = "also     " if server.host in run else "not run  "
        yield f"{what} {server.host}, {_joined(sorted(role.value for role in server.roles), ', ')}"


def _server(host: HostName, role: Role, parts: str, board: FaultBoard, where: Callable[[HostName, Role], str]) -> str:
    fault = board.find(host, role)
    return f"  {host}  {where(host, role)}  {parts}" + ("" if fault is None else f"  [{_kind_of(fault)}]")


def _kind_of(fault: Fault) -> str:
    return str(fault).partition("=")[2]


def _kind(system: SiteSystem) -> str:
    names = {
        Role.MP: "management point",
        Role.DP: "distribution point",
        Role.FSP: "fallback status point",
        Role.ENROLLMENT: "enrollment proxy point",
        Role.CMG: "cloud management gateway",
    }
    scheme = "HTTP and HTTPS" if system.protocols.may_be_http and system.protocols.may_be_https else ""
    return f"{names[system.role]}, {scheme or system.protocols.value.upper()}"


def _joined(parts: Iterable[str], mark: str) -> str:
    return mark.join(part for part in parts if part)
