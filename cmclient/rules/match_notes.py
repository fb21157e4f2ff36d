"""What a person should know besides when a machine is matched with boundary data."""

from collections.abc import Collection, Iterator

from ..model.boundary import BoundaryKind
from ..model.decision import Reason
from ..model.groups import Role
from ..model.rule import decides
from .boundary_values import is_auto_detection
from .matching import GroupSites, Matched, find_pool
from .survey import name_some
from .timing import SCAN_STAY

__all__ = ["find_notes"]


def find_notes(matched: Matched, sites: GroupSites, roles: Collection[Role]) -> tuple[Reason, ...]:
    """Find what is unknown, what depends on chance, and what has no effect.

    Args:
        matched: Where the machine is.
        sites: The sites that it may be assigned to.
        roles: The roles that somebody wants to know about.

    Returns:
        A rule and a text for each, in a fixed order; where boundaries have no say, that alone and what of it concerns
        its site.
    """
    if matched.bar:
        return matched.bar
    return (*_unknown(matched), *_by_chance(sites), *_barred(sites), *_servers(matched, roles), *_scans(matched, roles))


@decides("BD-003", "BD-010")
def _unknown(matched: Matched) -> Iterator[Reason]:
    """What could not be told of boundaries."""
    place, boundaries = matched.place, matched.data.boundaries
    kinds = {boundary.kind for boundary in boundaries}
    bare = [address.address for address in place.addresses if address.prefix is None and ":" not in address.address]
    if bare and BoundaryKind.IP_SUBNET in kinds:
        text = "given without a prefix, so whether subnet boundaries hold it is unknown: only the client's own"
        yield Reason("BD-003", f"{', '.join(bare)}: {text} network id can match one")
    if BoundaryKind.VPN not in kinds:
        return
    detected = {one.is_pptp for one in place.connections}
    if not place.connections:
        yield Reason(
            "BD-011",
            "VPN boundaries were not looked at: they need the machine's connections (--vpn-name, --vpn-description,"
            " --vpn-pptp or --facts)",
        )
    elif None in detected and True not in detected and any(map(is_auto_detection, boundaries)):
        text = "whether a VPN boundary by auto-detection holds it is unknown: --vpn-pptp or --no-vpn-pptp says it"
        yield Reason("BD-010", text)


@decides("SA-010")
def _by_chance(sites: GroupSites) -> Iterator[Reason]:
    if len(set(sites.by_address.values())) > 1:
        told = "; ".join(f"{address}: {', '.join(codes) or 'none'}" for address, codes in sites.by_address.items())
        text = f"for assignment a client takes one of its addresses at random; sites by address: {told}"
        yield Reason("SA-010", text)


def _barred(sites: GroupSites) -> Iterator[Reason]:
    """Sites that are named here and have no clients, where that is not the whole answer."""
    if sites.sites or len(sites.rejected) > 1:
        yield from (one.reasons[-1] for one in sites.rejected)


@decides("BG-012", "ML-022")
def _servers(matched: Matched, roles: Collection[Role]) -> Iterator[Reason]:
    servers = matched.data.servers
    has_mp = any(Role.MANAGEMENT_POINT in server.roles for server in servers)
    if Role.MANAGEMENT_POINT in roles and has_mp and not matched.data.prefers_group_mps:
        text = "by this data clients do not prefer management points of their boundary groups: groups have no say there"
        yield Reason("ML-022", text)
    named = {host for group in matched.groups for host in group.servers}
    resting = [
        server.host
        for server in servers
        if server.in_maintenance and server.host in named and Role.DISTRIBUTION_POINT in server.roles
    ]
    if resting and Role.DISTRIBUTION_POINT in roles:
        yield Reason("BG-012", f"in maintenance, so not handed to clients: {', '.join(resting)}")


@decides("SU-003")
def _scans(matched: Matched, roles: Collection[Role]) -> Iterator[Reason]:
    """That a software update point which joins early is not used early."""
    stay = int(SCAN_STAY) // 60
    here = {host for group in matched.groups for host in group.servers}
    if Role.SOFTWARE_UPDATE_POINT in roles and matched.groups:
        pool = find_pool(matched, Role.SOFTWARE_UPDATE_POINT)
        early = [entry.host for entry in pool if entry.minute < stay and entry.host not in here]
        if early:
            text = f"a client leaves its software update point after {stay} minutes of failed scans at the earliest,"
            yield Reason("SU-003", f"{text} so {name_some(early)} counts from then on")
