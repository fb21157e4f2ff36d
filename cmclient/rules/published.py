"""Which sites hold a client, by what they publish in the directory; and which of its addresses count for that."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, ip_address
from typing import TYPE_CHECKING, NamedTuple

from ..model.assignment import SiteMatch
from ..model.boundary import Boundary, BoundaryKind
from ..model.directory import PublishedRange, PublishedSite
from ..model.facts import InterfaceAddress, NetworkFacts
from ..model.names import SiteCode
from .places import find_place

if TYPE_CHECKING:
    from ..model.groups import SiteData

__all__ = [
    "PublishedMatch",
    "addresses_for",
    "compared_addresses",
    "match_published",
    "matches_of",
]

_IPV4, _IPV6 = 4, 6


class PublishedMatch(NamedTuple):
    """A site one of whose published boundaries holds the client.

    Attributes:
        site: The site that publishes the boundary.
        assignment_site: The site that clients in it are assigned to; the site itself when it names no other.
        boundary: The boundary, for a person.
        address: The address of the client that it holds; empty for an AD site.
    """

    site: SiteCode
    assignment_site: SiteCode
    boundary: str
    address: str = ""


def match_published(
    facts: NetworkFacts, sites: Iterable[PublishedSite], ranges: Iterable[PublishedRange]
) -> tuple[PublishedMatch, ...]:
    """Find the published boundaries that hold the client.

    AD sites match by name, subnets by the network id of each IPv4 address (BD-003: the id alone, so an address without
    a prefix matches none), ranges by each IPv4 address, both ends included.

    Returns:
        Matches sorted by site and boundary; empty when the client is in none.
    """
    place = find_place(facts)
    ipv4 = [one for one in place.addresses if isinstance(ip_address(one.address), IPv4Address)]
    found = []
    for site in sites:
        target = site.assignment_site or site.site_code
        if place.ad_site is not None and site.holds_ad_site(place.ad_site):
            found.append(PublishedMatch(site.site_code, target, f"AD site {place.ad_site}"))
        held = set(site.boundaries)
        found += [
            PublishedMatch(site.site_code, target, f"subnet {one.network}", one.address)
            for one in ipv4
            if one.network in held
        ]
    for span in ranges:
        target = span.assignment_site or span.site_code
        text = f"range {IPv4Address(span.low)}-{IPv4Address(span.high)}"
        found += [
            PublishedMatch(span.site_code, target, text, one.address)
            for one in ipv4
            if span.low <= int(IPv4Address(one.address)) <= span.high
        ]
    return tuple(sorted(set(found)))


def matches_of(published: Iterable[PublishedMatch]) -> tuple[SiteMatch, ...]:
    """Published boundaries as sites that clients are assigned to."""
    return tuple(SiteMatch(one.assignment_site, one.boundary, one.address) for one in published)


def addresses_for(facts: NetworkFacts, data: "SiteData | None" = None) -> tuple[str, ...]:
    """The addresses that can be in a boundary at all, in their order.

    Args:
        facts: With the addresses; those of one link alone are left out.
        data: A hierarchy, in which IPv6 addresses count if a boundary is about them, and IPv4 ones likewise. None for
            what is published in the directory, which is about IPv4.
    """
    return compared_addresses(facts.addresses, data)


def compared_addresses(addresses: Iterable[InterfaceAddress], data: "SiteData | None" = None) -> tuple[str, ...]:
    """``addresses_for`` of addresses alone."""
    versions = {_IPV4} if data is None else {version for one in data.boundaries for version in _versions(one)}
    parsed = [(one.address, ip_address(one.address)) for one in addresses]
    return tuple(text for text, address in parsed if address.version in versions and not address.is_link_local)


def _versions(boundary: Boundary) -> Iterator[int]:
    if boundary.kind is BoundaryKind.IP_SUBNET:
        yield _IPV4
    elif boundary.kind is BoundaryKind.IPV6_PREFIX:
        yield _IPV6
    elif boundary.kind is BoundaryKind.IP_RANGE:
        yield _IPV6 if ":" in boundary.value else _IPV4
