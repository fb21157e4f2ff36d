"""Where a machine is by boundary data: what holds it, what may hold it, which site and which options it gets."""

from collections.abc import Iterable
from ipaddress import IPv4Address, ip_address
from typing import NamedTuple

from ..model.assignment import AssignmentWish, SiteCandidate
from ..model.boundary import Boundary, BoundaryKind, NetworkPlace
from ..model.decision import Reason, Verdict
from ..model.facts import NetworkLocation
from ..model.groups import BoundaryGroup, Role, SiteData
from ..model.names import SiteCode
from ..model.network import LocationJudgement
from ..model.rule import decides
from .assignment import find_automatic_bar
from .boundaries import BoundaryIndex, BoundaryMatch
from .candidate_sites import judge_sites
from .choose import SeededChooser
from .data_sites import ask_data, find_data_sites
from .group_options import ClientOptions, combine_options
from .mp_localities import ListedMp, list_management_points
from .pools import PoolEntry, build_pool, current_groups, find_links

__all__ = [
    "GroupSites",
    "Matched",
    "find_client_options",
    "find_group_bar",
    "find_group_sites",
    "find_mp_list",
    "find_pool",
    "find_possible_subnets",
    "match_machine",
]

_SHORTEST, _LONGEST = 8, 30  # prefixes of networks that a client is likely in


class GroupSites(NamedTuple):
    """The sites that a new client may be assigned to by boundary groups.

    Attributes:
        sites: The sites, sorted; empty for none.
        reason: Why these, or why none.
        by_address: The sites by the address that the client draws; empty where it has no choice.
        rejected: Sites that are named and cannot have clients, each once.
    """

    sites: tuple[SiteCode, ...]
    reason: Reason
    by_address: dict[str, tuple[SiteCode, ...]]
    rejected: tuple[SiteCandidate, ...]


class Matched(NamedTuple):
    """What is known of where a machine is.

    Attributes:
        data: The hierarchy.
        place: Where the machine is.
        location: On which side of the internet that is.
        bar: Why boundaries and groups have no say for it; empty when they have.
        matches: The boundaries that hold it.
        possible: Boundaries that may hold it besides, which is not known.
        groups: The boundary groups that hold it.
        assigned_site: The site that it is assigned to; None when that is not known.
    """

    data: SiteData
    place: NetworkPlace
    location: LocationJudgement
    bar: tuple[Reason, ...]
    matches: tuple[BoundaryMatch, ...]
    possible: tuple[Boundary, ...]
    groups: tuple[BoundaryGroup, ...]
    assigned_site: SiteCode | None


def match_machine(
    data: SiteData,
    index: BoundaryIndex,
    place: NetworkPlace,
    *,
    location: LocationJudgement,
    assigned_site: SiteCode | None,
) -> Matched:
    """Match a machine with boundary data.

    Args:
        data: The hierarchy.
        index: Its boundaries.
        place: Where the machine is.
        location: On which side of the internet that is.
        assigned_site: The site that it is assigned to; None when that is not known.
    """
    if bar := find_group_bar(location):
        return Matched(data, place, location, bar, (), (), (), assigned_site)
    matches = index.find(place)
    possible = find_possible_subnets(data.boundaries, place)
    return Matched(data, place, location, (), matches, possible, current_groups(data, matches), assigned_site)


@decides("NET-004", "NET-012")
def find_group_bar(location: LocationJudgement) -> tuple[Reason, ...]:
    """Why boundaries and boundary groups have no say for a client; empty when they have.

    Where it is not known on which side the client is, they have: the intranet is tried first.
    """
    if location.location is not NetworkLocation.INTERNET:
        return ()
    text = "clients on the internet, or set up for it alone, ignore boundaries and boundary groups"
    return (*location.reasons, Reason("NET-012", text))


@decides("BD-003")
def find_possible_subnets(boundaries: Iterable[Boundary], place: NetworkPlace) -> tuple[Boundary, ...]:
    """Find the subnet boundaries that may hold an address that was given without a prefix.

    Returns:
        Those whose network id is that of the address with some mask of 8 to 30 bits, in their order; which one it is
        only the client's own mask can tell. Empty when each IPv4 address has a prefix.
    """
    if place.ranges_only:
        return ()
    bare = [ip_address(one.address) for one in place.addresses if one.prefix is None]
    ids = {
        str(IPv4Address(int(address) >> (32 - prefix) << (32 - prefix)))
        for address in bare
        if isinstance(address, IPv4Address)
        for prefix in range(_SHORTEST, _LONGEST + 1)
    }
    return tuple(one for one in boundaries if one.kind is BoundaryKind.IP_SUBNET and one.value.strip() in ids)


@decides("SA-008", "SA-009", "SA-010")
def find_group_sites(matched: Matched, index: BoundaryIndex) -> GroupSites:
    """Find the sites that a new client may be assigned to, as ``candidate_sites`` judges each.

    Args:
        matched: Where the client is.
        index: The boundaries of its data.
    """
    if (bar := find_automatic_bar(AssignmentWish(), matched.location.location)) is not None:
        return GroupSites((), bar._replace(text=f"none: {bar.text}"), {}, ())
    answer = ask_data(matched.data, matched.place, index)
    known = find_data_sites(matched.data, (match.site for match in answer.matches))
    judged = {
        address: judge_sites(answer, AssignmentWish(), known, SeededChooser(0), address)  # the order is of no matter
        for address in answer.addresses or ("",)
    }
    ranked = {
        address: {one.site: one for one in sites if one.verdict is Verdict.RANKED} for address, sites in judged.items()
    }
    reached = {site: one for sites in ranked.values() for site, one in sites.items()}
    refused = {
        one.site: one
        for sites in judged.values()
        for one in sites
        if one.verdict is Verdict.REJECTED and not one.is_elsewhere and one.site not in reached
    }
    by_address = {address: tuple(sorted(sites)) for address, sites in ranked.items()} if len(ranked) > 1 else {}
    reason = _site_reason(reached, tuple(refused.values()), depends=len(set(by_address.values())) > 1)
    return GroupSites(tuple(sorted(reached)), reason, by_address, tuple(refused.values()))


def _site_reason(
    reached: dict[SiteCode, SiteCandidate], refused: tuple[SiteCandidate, ...], *, depends: bool
) -> Reason:
    told = ", ".join(sorted(reached))
    if reached and depends:
        which = f"one of {told}" if len(reached) > 1 else f"{told} or none"
        return Reason("SA-010", f"{which}, by which of its addresses the client draws")
    if len(reached) > 1:
        return Reason("SA-009", f"one of {told}, at random")
    if reached:
        reason = next(iter(reached.values())).reasons[0]
        return reason._replace(text=reason.text.removeprefix("assigned site "))
    if refused:
        reason = refused[0].reasons[-1]
        return reason._replace(text=f"none: {reason.text}")
    return Reason("SA-008", "none: no group that holds it assigns a site, and the data names no fallback site")


def find_mp_list(matched: Matched) -> tuple[ListedMp, ...]:
    """The list of management points that a registered client there gets; empty where groups have no say."""
    if matched.bar:
        return ()
    return list_management_points(matched.data, matched.groups, assigned_site=matched.assigned_site)


def find_pool(matched: Matched, role: Role) -> tuple[PoolEntry, ...]:
    """The servers of a role that a client there gets, and when; empty where groups have no say.

    Returns:
        As ``build_pool``; for management points those of the client's list, all at once and in its order.
    """
    if matched.bar:
        return ()
    if role is Role.MANAGEMENT_POINT:
        return tuple(PoolEntry(0, one.host, one.group, one.reason) for one in find_mp_list(matched))
    return build_pool(matched.data, matched.groups, role, assigned_site=matched.assigned_site)


def find_client_options(matched: Matched) -> ClientOptions:
    """Combine the options of the groups that hold a client; of the default group of its site when none does."""
    if matched.bar or matched.groups:
        return combine_options(matched.groups)
    links = find_links(matched.data, (), Role.DISTRIBUTION_POINT, assigned_site=matched.assigned_site)
    return combine_options(link.group for link in links)
