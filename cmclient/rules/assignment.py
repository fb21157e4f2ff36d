"""Which site a client belongs to, and which sites' published boundaries hold it."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, ip_address
from typing import NamedTuple, Protocol

from ..model.decision import Reason
from ..model.directory import PublishedRange, PublishedSite
from ..model.facts import NetworkFacts
from ..model.names import SiteCode

__all__ = ["Assignment", "PublishedMatch", "assign_site", "match_published"]


class _Chooser(Protocol):
    def draw(self, label: str) -> float: ...


class PublishedMatch(NamedTuple):
    """A site one of whose published boundaries holds the client.

    Attributes:
        site: The site that publishes the boundary.
        assignment_site: The site that clients in it are assigned to; the site itself when it names no other.
        boundary: The boundary, for a person.
    """

    site: SiteCode
    assignment_site: SiteCode
    boundary: str


class Assignment(NamedTuple):
    """The assigned site (None when there is none) and why."""

    site: SiteCode | None
    reason: Reason


def match_published(
    facts: NetworkFacts, sites: Iterable[PublishedSite], ranges: Iterable[PublishedRange]
) -> tuple[PublishedMatch, ...]:
    """Find the published boundaries that hold the client.

    AD sites match by name, subnets by the network id of each IPv4 address (BD-003: the id alone, so an address without
    a prefix matches none), ranges by each IPv4 address, both ends included.

    Returns:
        Matches sorted by site and boundary; empty when the client is in none.
    """
    ipv4 = [address for address in facts.addresses if isinstance(ip_address(address.address), IPv4Address)]
    networks = {network for address in ipv4 if (network := address.network) is not None}
    numbers = sorted({int(IPv4Address(address.address)) for address in ipv4})
    found = []
    for site in sites:
        target = site.assignment_site or site.site_code
        if facts.ad_site is not None and site.holds_ad_site(facts.ad_site):
            found.append(PublishedMatch(site.site_code, target, f"AD site {facts.ad_site}"))
        found += [PublishedMatch(site.site_code, target, f"subnet {n}") for n in networks & set(site.boundaries)]
    for one in ranges:
        if any(one.low <= number <= one.high for number in numbers):
            target = one.assignment_site or one.site_code
            text = f"range {IPv4Address(one.low)}-{IPv4Address(one.high)}"
            found.append(PublishedMatch(one.site_code, target, text))
    return tuple(sorted(set(found)))


def assign_site(
    *, given: SiteCode | None, kept: SiteCode | None, matches: Sequence[PublishedMatch], chooser: _Chooser
) -> Assignment:
    """Decide the assigned site.

    Args:
        given: ``SMSSITECODE`` or the setting; None for automatic assignment.
        kept: The site that the client is assigned to already.
        matches: Published boundaries that hold the client.
        chooser: Decides between several sites.

    Returns:
        The site given, else the one kept, else one whose boundaries hold the client, at random among several.
    """
    if given is not None:
        return Assignment(given, Reason("SA-002", f"assigned site {given}: given"))
    if kept is not None:
        return Assignment(kept, Reason("SA-012", f"assigned site {kept}: kept from before"))
    by_site = {match.assignment_site: match.boundary for match in reversed(matches)}
    if not by_site:
        return Assignment(
            None, Reason("CF-009", "no assigned site: none was given and no published boundary holds the client")
        )
    if len(by_site) == 1:
        ((site, boundary),) = by_site.items()
        return Assignment(
            site, Reason("SA-006", f"assigned site {site}: {boundary} is one of its published boundaries")
        )
    site = min(by_site, key=lambda code: chooser.draw(f"assign {code}"))
    text = f"assigned site {site}: drawn among {', '.join(sorted(by_site))}, whose published boundaries hold the client"
    return Assignment(site, Reason("SA-009", text))
