"""Which sites hold a client, by the boundary groups of a hierarchy."""

from collections.abc import Iterator

from ..model.assignment import SiteMatch
from ..model.boundary import NetworkPlace
from ..model.facts import InterfaceAddress, NetworkFacts
from ..model.groups import SiteData
from ..model.rule import decides
from .boundaries import BoundaryIndex
from .places import find_place
from .pools import current_groups

__all__ = ["match_groups", "match_place"]


def match_groups(data: SiteData, facts: NetworkFacts) -> tuple[SiteMatch, ...]:
    """Find the sites that the boundary groups of a hierarchy assign a client to where it is.

    Args:
        data: The hierarchy.
        facts: Where the client is.

    Returns:
        One match for each group for assignment and each address, AD site or connection by which the client is in it;
        then the fallback site, if the hierarchy has one. Groups that are not for assignment name no site.

    Raises:
        InvalidValueError: The value of a boundary cannot be of its kind.
    """
    return match_place(data, find_place(facts), BoundaryIndex(data.boundaries))


@decides("SA-006", "SA-007", "BG-003")
def match_place(data: SiteData, place: NetworkPlace, index: BoundaryIndex) -> tuple[SiteMatch, ...]:
    """``match_groups`` of a place, with the index of the boundaries of the data."""
    found = []
    for part, address in _parts(place):
        for group in current_groups(data, index.find(part)):
            if group.assigned_site is not None:
                where = f"boundary group {group.name}"
                found.append(SiteMatch(group.assigned_site, where, "" if address is None else address.address))
    if data.fallback_site is not None:
        found.append(SiteMatch(data.fallback_site, "fallback site of the hierarchy", is_fallback=True))
    return tuple(dict.fromkeys(found))


def _parts(place: NetworkPlace) -> Iterator[tuple[NetworkPlace, InterfaceAddress | None]]:
    """A place without its addresses, then each of them alone."""
    yield place._replace(addresses=()), None
    for address in place.addresses:
        yield NetworkPlace(addresses=(address,)), address
