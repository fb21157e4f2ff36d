"""Published boundaries and the assigned site."""

import pytest

from cmclient.model.directory import PublishedRange, PublishedSite
from cmclient.model.facts import Adapter, NetworkFacts, parse_address
from cmclient.model.names import AdSiteName, SiteCode
from cmclient.rules.assignment import PublishedMatch, assign_site, match_published
from cmclient.rules.choose import SeededChooser

ABC, XYZ = SiteCode("ABC"), SiteCode("XYZ")
CHOOSER = SeededChooser(1)


def at(*addresses: str, ad_site: str | None = None) -> NetworkFacts:
    adapter = Adapter("eth0", addresses=tuple(map(parse_address, addresses)))
    return NetworkFacts(adapters=(adapter,), ad_site=AdSiteName(ad_site) if ad_site else None)


@pytest.mark.parametrize(
    ("address", "inside"),
    [("10.0.0.9", False), ("10.0.0.10", True), ("10.0.0.20", True), ("10.0.0.21", False)],
)
def test_range__both_ends_are_inside(address: str, inside: bool) -> None:  # noqa: FBT001
    low, high = 0x0A00000A, 0x0A000014
    assert bool(match_published(at(address), (), [PublishedRange(ABC, low, high)])) is inside


def test_range__across_the_sign_of_32_bits__holds_both_sides() -> None:
    one = PublishedRange(ABC, 0x7FFFFFFF, 0x80000001)
    assert all(match_published(at(address), (), [one]) for address in ("127.255.255.255", "128.0.0.0", "128.0.0.1"))
    assert not match_published(at("128.0.0.2"), (), [one])


def test_subnet__only_the_clients_own_network_id_matches() -> None:
    site = PublishedSite(ABC, boundaries=("10.1.2.0",))
    assert match_published(at("10.1.2.3/24"), [site], ())
    assert match_published(at("10.1.2.3/25"), [site], ()), "the stored id has no mask: equality of ids is all"
    assert not match_published(at("10.1.2.129/25"), [site], ())
    assert not match_published(at("10.1.2.3"), [site], ()), "without a prefix the network id is not known"


def test_ad_site__matches_without_regard_to_case() -> None:
    site = PublishedSite(ABC, boundaries=("Berlin",))
    assert [match.site for match in match_published(at(ad_site="BERLIN"), [site], ())] == [ABC]
    assert not match_published(at(ad_site="Bern"), [site], ())


def _match(site: SiteCode, boundary: str = "AD site Berlin") -> PublishedMatch:
    return PublishedMatch(site, site, boundary)


@pytest.mark.parametrize(
    ("given", "kept", "matches", "site", "rule"),
    [
        pytest.param(ABC, XYZ, [_match(XYZ)], ABC, "SA-002", id="given"),
        pytest.param(None, XYZ, [_match(ABC)], XYZ, "SA-012", id="kept although the location changed"),
        pytest.param(None, None, [_match(ABC)], ABC, "SA-006", id="by a boundary"),
        pytest.param(None, None, [], None, "CF-009", id="unmanaged"),
    ],
)
def test_assigned_site__given_then_kept_then_by_boundary(
    given: SiteCode | None, kept: SiteCode | None, matches: list[PublishedMatch], site: SiteCode | None, rule: str
) -> None:
    assignment = assign_site(given=given, kept=kept, matches=matches, chooser=CHOOSER)
    assert (assignment.site, assignment.reason.rule) == (site, rule)


@pytest.mark.rule("CF-009")
def test_unmanaged__without_a_site__and_managed_with_one() -> None:
    assert assign_site(given=None, kept=None, matches=[], chooser=CHOOSER).reason.rule == "CF-009"
    assert assign_site(given=ABC, kept=None, matches=[], chooser=CHOOSER).site == ABC


def test_overlap__drawn_among_the_sites() -> None:
    matches = [_match(ABC), _match(XYZ)]
    drawn = {assign_site(given=None, kept=None, matches=matches, chooser=SeededChooser(n)).site for n in range(40)}
    assert drawn == {ABC, XYZ}


def test_subnet__is_no_matter_of_ipv6() -> None:
    site = PublishedSite(ABC, boundaries=("2001:db8::", "10.1.2.0"))
    assert not match_published(at("2001:db8::5/64"), [site], ())
    assert match_published(at("2001:db8::5/64", "10.1.2.3/24"), [site], ())


def test_boundary_for_assignment_elsewhere__assigns_there_and_is_local_here() -> None:
    sites = [PublishedSite(ABC, assignment_site=XYZ, boundaries=("10.1.2.0",))]
    ranges = [PublishedRange(ABC, 0x0A010200, 0x0A0102FF, assignment_site=XYZ)]
    found = match_published(at("10.1.2.3/24"), sites, ranges)
    assert {(match.site, match.assignment_site) for match in found} == {(ABC, XYZ)}
    assert len(found) == 2
