"""The lab's site behaves as the catalogue says that a site does (tier L), and as groups decide (MP-011 to MP-014)."""

import pytest

from cmclient.lab import Hierarchy, LabDescription, Role, built_in_description
from cmclient.lab.description import Site
from cmclient.model.boundary import Boundary, BoundaryKind, Connection, NetworkPlace
from cmclient.model.endpoints import Audience, Locality, ManagementPoint, SiteKind
from cmclient.model.facts import parse_address
from cmclient.model.groups import BoundaryGroup, FallbackTimes, GroupOptions, Relationship, SiteServer
from cmclient.model.groups import Role as GroupRole
from cmclient.model.names import AdSiteName, HostName, SiteCode

P01 = SiteCode("P01")
GATEWAY = HostName("gw1.contoso-cloud.test")
MP1, MP2, MP3 = (HostName(f"mp{n}.corp.contoso.test") for n in (1, 2, 3))
OUTSIDE, PARTNER = HostName("mp4.outside.test"), HostName("mp5.partner.test")
PROXY = HostName("mp-s01.corp.contoso.test")
EVERYONE = {MP1, MP2, MP3, OUTSIDE, PARTNER, PROXY}

HEADQUARTERS = NetworkPlace((parse_address("127.45.10.42/24"),), AdSiteName("headquarters"))
BRANCH = NetworkPlace((parse_address("127.45.20.42/24"),))
NOWHERE = NetworkPlace((parse_address("127.99.0.1/8"),))


@pytest.fixture
def described() -> LabDescription:
    return built_in_description()


@pytest.fixture
def hierarchy(described: LabDescription) -> Hierarchy:
    return Hierarchy(described)


def with_system(described: LabDescription, host: HostName, **changes: object) -> Hierarchy:
    systems = tuple(s._replace(**changes) if s.host == host else s for s in described.systems)
    return Hierarchy(described._replace(systems=systems))


def with_groups(described: LabDescription, **changes: BoundaryGroup) -> LabDescription:
    """The same with the groups replaced whose names begin with a key."""
    groups = (next((new for key, new in changes.items() if g.name.startswith(key)), g) for g in described.groups)
    return described._replace(groups=tuple(groups))


def group(described: LabDescription, beginning: str) -> BoundaryGroup:
    return next(one for one in described.groups if one.name.startswith(beginning))


def hosts(mps: tuple[ManagementPoint, ...] | None) -> list[HostName]:
    assert mps is not None
    return [mp.host for mp in mps]


# Where a client is


@pytest.mark.parametrize(
    ("location", "groups"),
    [
        pytest.param(HEADQUARTERS, ["Headquarters"], id="range and AD site"),
        pytest.param(NetworkPlace((), AdSiteName("Headquarters")), ["Headquarters"], id="AD site alone"),
        pytest.param(NetworkPlace((parse_address("127.45.10.1"),)), ["Headquarters"], id="first of the range"),
        pytest.param(NetworkPlace((parse_address("127.45.10.254"),)), ["Headquarters"], id="last of the range"),
        pytest.param(NetworkPlace((parse_address("127.45.10.255"),)), [], id="past the range"),
        pytest.param(NetworkPlace((parse_address("127.45.10.0"),)), [], id="before the range"),
        pytest.param(BRANCH, ["Branch office"], id="subnet by its id"),
        pytest.param(NetworkPlace((parse_address("127.45.20.42/25"),)), ["Branch office"], id="same id, other mask"),
        pytest.param(NetworkPlace((parse_address("127.45.20.42"),)), [], id="no mask, no subnet"),
        pytest.param(NetworkPlace((parse_address("127.45.20.42/16"),)), [], id="other subnet id"),
        pytest.param(
            HEADQUARTERS._replace(addresses=BRANCH.addresses), ["Headquarters", "Branch office"], id="in both"
        ),
        pytest.param(NetworkPlace((parse_address("2001:db8::1/64"),)), [], id="IPv6"),
    ],
)
def test_the_groups_that_hold_a_client(hierarchy: Hierarchy, location: NetworkPlace, groups: list[str]) -> None:
    assert [one.name for one in hierarchy.current_groups(location)] == groups


def test_a_source_address_becomes_a_location(hierarchy: Hierarchy) -> None:
    own = HEADQUARTERS._replace(
        ad_site=AdSiteName("Headquarters"), connections=(Connection("lab0", "network of the lab"),)
    )
    assert hierarchy.locate("127.45.10.42") == own
    assert hierarchy.locate("127.45.20.42") == NetworkPlace((parse_address("127.45.20.42"),), AdSiteName("Branch"))
    assert hierarchy.locate("127.99.0.1") == NetworkPlace((parse_address("127.99.0.1"),))


def test_groups_for_assignment_say_the_site(hierarchy: Hierarchy) -> None:
    assert hierarchy.assigned_sites(HEADQUARTERS) == ("P01",)
    assert hierarchy.assigned_sites(NOWHERE) == ()


# How near management points are


@pytest.mark.rule("MP-011", "MP-013")
@pytest.mark.parametrize(
    ("location", "near", "beside"),
    [(HEADQUARTERS, {MP1, MP2}, {MP3, PROXY}), (BRANCH, {MP3, PROXY}, {MP1, MP2}), (NOWHERE, set(), set())],
    ids=["headquarters", "branch", "in no group"],
)
def test_locality_is_by_the_nearest_group(
    described: LabDescription, location: NetworkPlace, near: set[HostName], beside: set[HostName]
) -> None:
    without = Hierarchy(with_groups(described, Default=group(described, "Default")._replace(servers=(OUTSIDE,))))
    localities = without.localities(location)
    assert {host for host, locality in localities.items() if locality is Locality.CURRENT_GROUP} == near
    assert {host for host, locality in localities.items() if locality is Locality.NEIGHBOUR_GROUP} == beside
    assert localities[OUTSIDE] is Locality.DEFAULT_GROUP
    assert localities[PARTNER] is Locality.UNKNOWN


@pytest.mark.rule("MP-012", "MP-013")
def test_the_nearest_of_several_groups_counts(described: LabDescription) -> None:
    default = group(described, "Default")._replace(servers=(MP1, MP3, OUTSIDE))
    localities = Hierarchy(with_groups(described, Default=default)).localities(HEADQUARTERS)
    assert localities[MP1] is Locality.CURRENT_GROUP
    assert localities[MP3] is Locality.NEIGHBOUR_GROUP
    assert localities[OUTSIDE] is Locality.DEFAULT_GROUP


@pytest.mark.rule("ML-022", "MP-014")
def test_without_the_hierarchy_setting_everything_is_near_and_nothing_preferred(described: LabDescription) -> None:
    for preferred, localities in ((False, {Locality.CURRENT_GROUP}), (True, {Locality(n) for n in (1, 2, 3)})):
        hierarchy = Hierarchy(described._replace(preferred_mps=preferred))
        assert set(hierarchy.localities(HEADQUARTERS).values()) == localities
        mps = hierarchy.mp_list_for(HEADQUARTERS, registered=True)
        assert any(mp.in_current_group for mp in mps) is preferred


@pytest.mark.rule("ML-024")
def test_a_relationship_that_says_never_leads_nowhere(described: LabDescription) -> None:
    own = group(described, "Headquarters")
    for times, locality in ((FallbackTimes(), 2), (FallbackTimes(dp=None), 2), (FallbackTimes(mp=None), 0)):
        changed = own._replace(relationships=(Relationship("Branch office", times),))
        assert Hierarchy(with_groups(described, Headquarters=changed)).localities(HEADQUARTERS)[PROXY] == locality


def test_a_relationship_is_one_way_and_goes_one_step(described: LabDescription) -> None:
    one_way = with_groups(described, Branch=group(described, "Branch")._replace(relationships=()))
    assert Hierarchy(one_way).localities(HEADQUARTERS)[PROXY] is Locality.NEIGHBOUR_GROUP
    assert Hierarchy(one_way).localities(BRANCH)[MP1] is Locality.UNKNOWN
    chained = with_groups(
        described,
        Branch=group(described, "Branch")._replace(relationships=(Relationship("Far"),)),
    )
    chained = chained._replace(groups=(*chained.groups, BoundaryGroup("Far", "Far", servers=(OUTSIDE,))))
    chained = with_groups(chained, Default=group(described, "Default")._replace(servers=()))
    assert Hierarchy(chained).localities(BRANCH)[OUTSIDE] is Locality.NEIGHBOUR_GROUP
    assert Hierarchy(chained).localities(HEADQUARTERS)[OUTSIDE] is Locality.UNKNOWN


@pytest.mark.rule("ML-026")
@pytest.mark.parametrize(
    ("times", "has_dp", "locality"),
    [
        pytest.param(FallbackTimes(), False, 1, id="management points may be fallen back to"),
        pytest.param(FallbackTimes(mp=None), False, 0, id="they may not"),
        pytest.param(FallbackTimes(mp=None), True, 1, id="not they, but the DP on the same server"),
        pytest.param(FallbackTimes(dp=None, mp=None), True, 0, id="neither"),
    ],
)
def test_a_default_group_brings_in_a_management_point_with_its_dp(
    described: LabDescription, times: FallbackTimes, *, has_dp: bool, locality: int
) -> None:
    default = group(described, "Default")._replace(servers=(OUTSIDE,), default_times=times)
    changed = with_groups(described, Default=default)
    if has_dp:
        dp = described.systems_of(Role.DP)[0]._replace(host=OUTSIDE)
        changed = changed._replace(systems=(*changed.systems, dp))
    assert Hierarchy(changed).localities(HEADQUARTERS)[OUTSIDE] == locality


def test_a_groups_own_relationship_overrides_its_default_group(described: LabDescription) -> None:
    default = group(described, "Default")
    closed = with_groups(described, Default=default._replace(default_times=FallbackTimes(dp=None, mp=None)))
    assert Hierarchy(closed).localities(HEADQUARTERS)[OUTSIDE] is Locality.UNKNOWN
    own = group(described, "Headquarters")._replace(relationships=(Relationship(default.id),))
    opened = with_groups(closed, Headquarters=own)
    assert Hierarchy(opened).localities(HEADQUARTERS)[OUTSIDE] is Locality.DEFAULT_GROUP
    assert Hierarchy(opened).localities(BRANCH)[OUTSIDE] is Locality.UNKNOWN


@pytest.mark.rule("ML-023", "ML-044")
def test_a_group_without_a_management_point_gives_the_complete_list(described: LabDescription) -> None:
    never = (Relationship("Branch office", FallbackTimes(mp=None)),)
    with_one = group(described, "Headquarters")._replace(relationships=never)
    without = with_one._replace(servers=(HostName("dp1.corp.contoso.test"),))
    for own, locality in ((with_one, Locality.UNKNOWN), (without, Locality.DEFAULT_GROUP)):
        hierarchy = Hierarchy(with_groups(described, Headquarters=own))
        mps = hierarchy.mp_list_for(HEADQUARTERS, registered=True)
        assert set(hosts(mps)) == EVERYONE
        assert next(mp.locality for mp in mps if mp.host == PROXY) is locality


@pytest.mark.rule("BG-042")
def test_in_no_group_the_default_group_of_the_clients_own_site_counts(described: LabDescription) -> None:
    second = described.sites[0]._replace(code=SiteCode("P02"))
    other = group(described, "Default")._replace(id="other", default_of=second.code, servers=(MP1,))
    two = described._replace(sites=(*described.sites, second), groups=(*described.groups, other))
    localities = Hierarchy(two).localities(NOWHERE)
    assert (localities[OUTSIDE], localities[MP1]) == (Locality.DEFAULT_GROUP, Locality.UNKNOWN)
    there = Hierarchy(two._replace(client=two.client._replace(site_code=second.code))).localities(NOWHERE)
    assert (there[OUTSIDE], there[MP1]) == (Locality.UNKNOWN, Locality.DEFAULT_GROUP)


@pytest.mark.rule("ML-018")
def test_the_union_of_all_groups_that_hold_a_client_is_near(described: LabDescription) -> None:
    both = HEADQUARTERS._replace(addresses=BRANCH.addresses)
    mps = Hierarchy(described).mp_list_for(both, registered=True)
    assert {mp.host for mp in mps if mp.in_current_group} == {MP1, MP2, MP3, PROXY}


# Lists


@pytest.mark.rule("ML-028")
@pytest.mark.parametrize(
    ("options", "first"),
    [
        pytest.param(GroupOptions(), None, id="not included"),
        pytest.param(GroupOptions(include_cloud_mps=True), False, id="included"),
        pytest.param(GroupOptions(include_cloud_mps=True, prefer_cloud_mps=True), True, id="preferred"),
    ],
)
def test_a_default_group_can_let_gateways_into_the_list(
    described: LabDescription, options: GroupOptions, *, first: bool | None
) -> None:
    gateway = SiteServer(HostName("cmg.contoso.test"), frozenset({GroupRole.CLOUD_MANAGEMENT_GATEWAY}))
    cloudy = with_groups(described, Default=group(described, "Default")._replace(options=options))
    systems = tuple(one for one in described.systems if one.host != GATEWAY)
    hierarchy = Hierarchy(cloudy._replace(servers=(gateway,), systems=systems))
    told = hosts(hierarchy.mp_list_for(NOWHERE, registered=True))
    assert set(told) == EVERYONE | ({gateway.host} if first is not None else set())
    assert first is None or (told[0] == gateway.host) is first
    assert gateway.host not in hosts(hierarchy.mp_list_for(NOWHERE, registered=False))
    assert gateway.host not in hosts(hierarchy.answer_mplist(MP1, NOWHERE, registered=True))


@pytest.mark.rule("ML-029")
@pytest.mark.parametrize("location", [HEADQUARTERS, BRANCH, NOWHERE])
def test_a_client_that_is_not_registered_gets_everyone_in_no_order(
    described: LabDescription, location: NetworkPlace
) -> None:
    described_order = list(described.servers_of(Role.MP))
    mps = Hierarchy(described).mp_list_for(location, registered=False)
    assert hosts(mps) == described_order
    assert {mp.locality for mp in mps} == {Locality.UNKNOWN}


@pytest.mark.rule("ML-031", "ML-043")
@pytest.mark.parametrize(
    ("location", "order"),
    [
        (HEADQUARTERS, [MP1, MP2, MP3, PROXY, OUTSIDE, PARTNER]),
        (BRANCH, [MP3, PROXY, MP1, MP2, OUTSIDE, PARTNER]),
    ],
    ids=["headquarters", "branch"],
)
def test_a_registered_client_gets_everyone_sorted_by_boundary_group(
    hierarchy: Hierarchy, location: NetworkPlace, order: list[HostName]
) -> None:
    mps = hierarchy.mp_list_for(location, registered=True)
    assert hosts(mps) == order
    assert [mp.locality for mp in mps] == [3, 3, 2, 2, 1, 1]
    assert [mp.in_current_group for mp in mps] == [True, True, False, False, False, False]


@pytest.mark.rule("ML-014")
def test_every_management_point_tells_of_everyone(described: LabDescription, hierarchy: Hierarchy) -> None:
    asked = described.servers_of(Role.MP)
    assert {
        asked_mp: set(hosts(hierarchy.answer_mplist(asked_mp, NOWHERE, registered=False))) for asked_mp in asked
    } == (dict.fromkeys(asked, EVERYONE))


@pytest.mark.rule("NET-014")
@pytest.mark.parametrize(
    ("audience", "in_intranet", "in_internet"),
    [(Audience.INTRANET, True, False), (Audience.INTERNET, False, True), (Audience.BOTH, True, True)],
)
def test_each_side_gets_its_own_management_points(
    described: LabDescription, audience: Audience, *, in_intranet: bool, in_internet: bool
) -> None:
    hierarchy = with_system(described, MP2, audience=audience)
    assert (MP2 in hosts(hierarchy.answer_mplist(MP1, HEADQUARTERS, registered=False))) is in_intranet
    internet = hosts(hierarchy.answer_mplist(MP1, HEADQUARTERS, registered=False, internet=True))
    assert internet == ([MP2] if in_internet else []) + [GATEWAY]


def test_the_list_of_a_site_code_has_its_own_management_points_only(hierarchy: Hierarchy) -> None:
    own = hierarchy.answer_mplist1(MP1, P01, NOWHERE, registered=False)
    assert set(hosts(own)) == EVERYONE - {PROXY}


@pytest.mark.parametrize(
    ("asked", "code", "served"),
    [(MP1, "P01", True), (PROXY, "P01", True), (PROXY, "S01", True), (MP1, "S01", False), (MP1, "CAS", False)],
)
def test_a_site_that_is_not_served_has_no_list(
    hierarchy: Hierarchy, asked: HostName, code: str, *, served: bool
) -> None:
    told = hierarchy.answer_mplist1(asked, SiteCode(code), NOWHERE, registered=False)
    assert (told is not None) is served


# Publishing


@pytest.mark.rule("ML-042")
@pytest.mark.parametrize("published", [True, False])
def test_what_is_not_selected_is_neither_in_the_directory_nor_in_dns(
    described: LabDescription, *, published: bool
) -> None:
    hierarchy = with_system(described, MP2, published=published)
    forest = described.forests[0]
    assert (MP2 in hosts(hierarchy.published_mps(described.site(P01)))) is published
    assert (MP2 in {mp.host for mp in hierarchy.published_in_dns(forest)}) is published


@pytest.mark.rule("DN-007")
@pytest.mark.parametrize(
    ("audience", "published"), [(Audience.INTRANET, True), (Audience.BOTH, True), (Audience.INTERNET, False)]
)
def test_dns_has_management_points_for_the_intranet_only(
    described: LabDescription, audience: Audience, *, published: bool
) -> None:
    hierarchy = with_system(described, MP2, audience=audience)
    found = {mp.host: mp.https for mp in hierarchy.published_in_dns(described.forests[0])}
    assert found.get(MP2) == (True if published else None)
    assert found[MP1] is False


def test_a_management_point_publishes_in_the_domain_of_its_own_name(
    described: LabDescription, hierarchy: Hierarchy
) -> None:
    _, partner, outside = described.forests
    assert [mp.host for mp in hierarchy.published_in_dns(outside)] == [OUTSIDE]
    assert hierarchy.published_in_dns(partner) == ()  # mp5 is not selected


def test_only_primary_sites_that_publish_are_published(described: LabDescription, hierarchy: Hierarchy) -> None:
    own, partner, _ = described.forests
    assert [site.code for site in hierarchy.publishing_sites(own)] == ["P01"]
    assert hierarchy.publishing_sites(partner) == ()
    silent = described._replace(sites=tuple(site._replace(publish=False) for site in described.sites))
    assert Hierarchy(silent).publishing_sites(own) == ()
    assert Hierarchy(silent).published_in_dns(own) == ()


CENTRAL = SiteCode("CAS")


@pytest.fixture
def with_central(described: LabDescription) -> Hierarchy:
    central = Site(CENTRAL, SiteKind.CENTRAL, described.forests[0].name)
    return Hierarchy(described._replace(sites=(central, *described.sites)))


def test_a_central_site_publishes_itself_and_no_management_point(
    with_central: Hierarchy, described: LabDescription
) -> None:
    central, primary = with_central.publishing_sites(described.forests[0])
    assert (central.code, primary.code) == ("CAS", "P01")
    assert with_central.published_mps(central) == ()
    published = with_central.published_site(central)
    assert (published.assignment_site, published.boundaries) == (None, ())
    assert with_central.published_ranges(central) == ()
    assert {with_central.root_of(site) for site in (central, primary)} == {"CAS"}
    assert Hierarchy(described).root_of(primary) == "P01"


def test_a_central_site_has_no_list_and_nobody_is_assigned_to_it(with_central: Hierarchy) -> None:
    assert with_central.answer_mplist1(MP1, CENTRAL, HEADQUARTERS, registered=True) is None
    assert with_central.answer_mplist1(MP1, P01, HEADQUARTERS, registered=True) is not None
    assert set(hosts(with_central.mp_list_for(HEADQUARTERS, registered=True))) == EVERYONE
    assert with_central.assigned_sites(HEADQUARTERS) == ("P01",)


def test_what_has_no_form_in_the_directory_is_not_published(described: LabDescription) -> None:
    more = (
        Boundary("v6 range", BoundaryKind.IP_RANGE, "2001:db8::1-2001:db8::9"),
        Boundary("prefix", BoundaryKind.IPV6_PREFIX, "2001:db8:1:2"),
        Boundary("vpn", BoundaryKind.VPN, "Auto:On"),
    )
    own = group(described, "Headquarters")
    wider = own._replace(boundaries=(*own.boundaries, *(one.id for one in more)))
    changed = with_groups(described, Headquarters=wider)._replace(boundaries=(*described.boundaries, *more))
    site = described.site(P01)
    assert Hierarchy(changed).published_site(site) == Hierarchy(described).published_site(site)
    assert Hierarchy(changed).published_ranges(site) == Hierarchy(described).published_ranges(site)


def test_boundaries_of_groups_for_assignment_are_published(described: LabDescription, hierarchy: Hierarchy) -> None:
    site = described.site(P01)
    assert hierarchy.published_site(site).boundaries == ("Headquarters", "127.45.20.0")
    (span,) = hierarchy.published_ranges(site)
    assert (span.low, span.high) == (0x7F2D0A01, 0x7F2D0AFE)
    lookup_only = with_groups(described, Headquarters=group(described, "Headquarters")._replace(assigned_site=None))
    assert Hierarchy(lookup_only).published_site(site).boundaries == ("127.45.20.0",)
    assert Hierarchy(lookup_only).published_ranges(site) == ()
