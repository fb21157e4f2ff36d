"""Which sites hold a client: published boundaries, and the boundary groups of a hierarchy."""

import pytest

from cmclient.model.assignment import AssignmentWish, SiteAnswer, SiteMatch, SiteSource
from cmclient.model.boundary import Boundary, BoundaryKind
from cmclient.model.decision import Reason
from cmclient.model.directory import PublishedRange, PublishedSite
from cmclient.model.facts import Adapter, Membership, NetworkFacts, NetworkLocation, parse_address
from cmclient.model.groups import BoundaryGroup, SiteData
from cmclient.model.names import AdSiteName, SiteCode
from cmclient.rules.assignment import decide_assignment
from cmclient.rules.choose import SeededChooser
from cmclient.rules.group_sites import match_groups
from cmclient.rules.groups import find_assigned_sites
from cmclient.rules.published import addresses_for, match_published

ABC, XYZ = SiteCode("ABC"), SiteCode("XYZ")


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


@pytest.mark.rule("CF-031")
def test_ad_site__holds_no_machine_that_is_joined_to_azure_ad_alone() -> None:
    site = PublishedSite(ABC, boundaries=("Berlin",))
    facts = at(ad_site="Berlin")
    assert match_published(facts._replace(membership=Membership.DOMAIN), [site], ())
    assert not match_published(facts._replace(membership=Membership.AZURE_AD), [site], ())


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


# --- boundary groups ---------------------------------------------------------------------------------------------

DESKS = Boundary("desks", BoundaryKind.IP_RANGE, "10.1.2.1-10.1.2.9")
BERLIN = Boundary("berlin", BoundaryKind.AD_SITE, "Berlin")
V6 = Boundary("v6", BoundaryKind.IPV6_PREFIX, "2001:db8:1:2")


def hierarchy(assigned: SiteCode | None = ABC, fallback: SiteCode | None = None) -> SiteData:
    group = BoundaryGroup("A", "A", boundaries=("desks", "berlin"), assigned_site=assigned)
    return SiteData((DESKS, BERLIN), (group,), fallback_site=fallback)


@pytest.mark.rule("SA-006")
@pytest.mark.parametrize(
    ("facts", "found"),
    [
        pytest.param(at("10.1.2.9"), [SiteMatch(ABC, "boundary group A", "10.1.2.9")], id="by an address"),
        pytest.param(at("10.1.2.10"), [], id="one past it"),
        pytest.param(at(ad_site="berlin"), [SiteMatch(ABC, "boundary group A")], id="by its AD site"),
        pytest.param(at("10.1.2.9", ad_site="Bern"), [SiteMatch(ABC, "boundary group A", "10.1.2.9")], id="by one"),
    ],
)
def test_group_for_assignment__names_its_site(facts: NetworkFacts, found: list[SiteMatch]) -> None:
    assert list(match_groups(hierarchy(), facts)) == found


@pytest.mark.rule("BG-003")
def test_group__that_is_not_for_assignment__names_no_site() -> None:
    assert match_groups(hierarchy(assigned=None), at("10.1.2.9")) == ()
    assert match_groups(hierarchy(assigned=ABC), at("10.1.2.9")) != ()


@pytest.mark.rule("SA-013")
def test_group_that_is_assigned_to_another_site__is_so_for_those_who_come_after() -> None:
    for assigned in (ABC, XYZ):
        matches = match_groups(hierarchy(assigned=assigned), at(ad_site="Berlin"))
        said = SiteAnswer(SiteSource.SITE_DATA, answered=True, reason=Reason("SA-006", "the data"), matches=matches)
        sites = [
            decide_assignment(wish, NetworkLocation.INTRANET, [said], chooser=SeededChooser(1)).site
            for wish in (AssignmentWish(), AssignmentWish(kept=ABC))
        ]
        assert sites == [assigned, ABC]
        assert find_assigned_sites(hierarchy(assigned=assigned).groups) == (assigned,)


def test_fallback_site__is_named_as_such() -> None:
    assert [(one.site, one.is_fallback) for one in match_groups(hierarchy(fallback=XYZ), at("10.9.9.9"))] == [
        (XYZ, True)
    ]


def test_addresses__that_no_boundary_is_about__are_not_drawn() -> None:
    facts = at("10.1.2.3/24", "169.254.3.4/16", "2001:db8::5/64", "fe80::1/64")
    assert addresses_for(facts) == ("10.1.2.3",)
    assert addresses_for(facts, SiteData((DESKS,))) == ("10.1.2.3",)
    assert addresses_for(facts, SiteData((V6,))) == ("2001:db8::5",)
    assert addresses_for(facts, SiteData((DESKS, V6))) == ("10.1.2.3", "2001:db8::5")
    assert addresses_for(facts, SiteData((BERLIN,))) == ()
