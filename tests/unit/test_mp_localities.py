"""The MP list of a registered client, seen from the site: who is in it, how near, in which order."""

from typing import Any

import pytest

from cmclient.model.endpoints import Locality
from cmclient.model.groups import BoundaryGroup, FallbackTimes, GroupOptions, Relationship, Role, SiteData, SiteServer
from cmclient.model.names import HostName, SiteCode
from cmclient.rules.mp_localities import ListedMp, list_management_points

P01, XYZ = SiteCode("P01"), SiteCode("XYZ")
MP, DP, CMG = Role.MANAGEMENT_POINT, Role.DISTRIBUTION_POINT, Role.CLOUD_MANAGEMENT_GATEWAY
NEVER = FallbackTimes(mp=None)
CLOUD = GroupOptions(include_cloud_mps=True)
CLOUD_FIRST = GroupOptions(include_cloud_mps=True, prefer_cloud_mps=True)


def group(name: str, *servers: str, links: dict[str, FallbackTimes] | None = None, **more: Any) -> BoundaryGroup:
    relationships = tuple(Relationship(other, times) for other, times in (links or {}).items())
    return BoundaryGroup(name, name, servers=tuple(map(HostName, servers)), relationships=relationships, **more)


def server(name: str, *roles: Role) -> SiteServer:
    return SiteServer(HostName(name), frozenset(roles))


A = group("A", "a", links={"N": FallbackTimes()})
N = group("N", "n")
DEFAULT = group("default", "d", default_of=P01)
SERVERS = (server("x", MP), server("d", MP), server("n", MP), server("a", MP), server("cloud", CMG))


def site(*groups: BoundaryGroup, **more: Any) -> SiteData:
    return SiteData(groups=groups, **{"servers": SERVERS, "prefers_group_mps": True, **more})


def listed(data: SiteData, *current: str, assigned: SiteCode | None = P01) -> tuple[ListedMp, ...]:
    here = [one for one in data.groups if one.id in current]
    return list_management_points(data, here, assigned_site=assigned)


def localities(data: SiteData, *current: str, assigned: SiteCode | None = P01) -> dict[str, int]:
    return {one.host: int(one.locality) for one in listed(data, *current, assigned=assigned)}


@pytest.mark.rule("MP-011", "ML-043")
def test_list__has_everyone_and_the_nearest_first() -> None:
    told = listed(site(A, N, DEFAULT), "A")
    assert [(one.host, int(one.locality)) for one in told] == [("a", 3), ("n", 2), ("d", 1), ("x", 0)]
    assert [one.in_current_group for one in told] == [True, False, False, False]


@pytest.mark.rule("MP-027")
@pytest.mark.parametrize(
    ("group_of_gateway", "locality"),
    [
        pytest.param("A", 3, id="of the client's group"),
        pytest.param("N", 2, id="of a neighbour, fallen back to"),
        pytest.param("far", None, id="of a group that leads nowhere"),
        pytest.param("default", None, id="of a default group, which has an option for that"),
    ],
)
def test_a_gateway_in_a_group__is_listed_as_near_as_the_group(group_of_gateway: str, locality: int | None) -> None:
    groups = [A, N, DEFAULT, group("far")]
    with_gateway = [
        one._replace(servers=(*one.servers, HostName("cloud"))) if one.id == group_of_gateway else one for one in groups
    ]
    told = {one.host: one for one in listed(site(*with_gateway), "A")}
    assert ("cloud" in told) is (locality is not None)
    if locality is not None:
        gateway = told[HostName("cloud")]
        assert (int(gateway.locality), gateway.is_cloud, gateway.in_current_group) == (locality, True, locality == 3)


@pytest.mark.rule("MP-012", "MP-013")
@pytest.mark.parametrize(
    ("also", "locality"),
    [
        pytest.param({"default"}, 1, id="default"),
        pytest.param({"N"}, 2, id="neighbour"),
        pytest.param({"N", "default"}, 2, id="neighbour and default"),
        pytest.param({"A", "N", "default"}, 3, id="current and both"),
        pytest.param({"A", "default"}, 3, id="current and default"),
        pytest.param(set(), 0, id="none"),
    ],
)
def test_locality__is_that_of_the_nearest_group(also: set[str], locality: int) -> None:
    groups = [one._replace(servers=(*one.servers, *([HostName("x")] * (one.id in also)))) for one in (A, N, DEFAULT)]
    for order in (groups, groups[::-1]):
        assert localities(site(*order), "A")["x"] == locality


@pytest.mark.rule("ML-022", "MP-014")
@pytest.mark.parametrize(("prefers", "near", "preferred"), [(True, {0, 1, 2, 3}, {"a"}), (False, {3}, set())])
def test_hierarchy_setting__decides_whether_groups_have_a_say(
    prefers: bool,  # noqa: FBT001
    near: set[int],
    preferred: set[str],
) -> None:
    told = listed(site(A, N, DEFAULT._replace(options=CLOUD_FIRST), prefers_group_mps=prefers), "A")
    assert {int(one.locality) for one in told if not one.is_cloud} == near
    assert {one.host for one in told if one.in_current_group} == preferred
    assert any(one.is_cloud for one in told) is prefers
    assert prefers or [one.host for one in told] == ["x", "d", "n", "a"]


@pytest.mark.rule("ML-023", "ML-044")
@pytest.mark.parametrize(
    ("servers", "current", "told"),
    [
        pytest.param(("a",), ("A",), {"a": 3, "n": 0, "d": 0, "x": 0}, id="has one: what nothing leads to is unknown"),
        pytest.param(("dp",), ("A",), {"a": 1, "n": 1, "d": 1, "x": 1}, id="has none: the complete list"),
        pytest.param((), ("A",), {"a": 1, "n": 1, "d": 1, "x": 1}, id="has no server at all"),
        pytest.param((), ("A", "B"), {"a": 0, "n": 0, "d": 0, "x": 3}, id="another group of the client has one"),
        pytest.param((), (), {"a": 0, "n": 0, "d": 1, "x": 0}, id="in no group: the default group"),
    ],
)
def test_group_without_a_management_point__gives_the_complete_list(
    servers: tuple[str, ...], current: tuple[str, ...], told: dict[str, int]
) -> None:
    closed = {"N": NEVER, "default": FallbackTimes(dp=None, mp=None)}
    data = site(
        group("A", *servers, links=closed),
        group("B", "x", links=closed),
        N,
        DEFAULT,
        servers=(*SERVERS, server("dp", DP)),
    )
    assert localities(data, *current) == told


@pytest.mark.rule("ML-024")
def test_never_fallback__takes_the_neighbour_out_of_the_order_and_not_out_of_the_list() -> None:
    for times, locality in ((FallbackTimes(), 2), (FallbackTimes(dp=None, sup=None), 2), (NEVER, 0)):
        assert localities(site(A._replace(relationships=(Relationship("N", times),)), N, DEFAULT), "A")["n"] == locality


@pytest.mark.rule("ML-026")
@pytest.mark.parametrize(
    ("times", "roles", "locality"),
    [
        pytest.param(FallbackTimes(), {MP}, 1, id="management points may be fallen back to"),
        pytest.param(NEVER, {MP}, 0, id="they may not"),
        pytest.param(NEVER, {MP, DP}, 1, id="not they, but the DP on the same server"),
        pytest.param(FallbackTimes(dp=None, mp=None), {MP, DP}, 0, id="neither"),
    ],
)
def test_default_group__brings_in_a_management_point_with_its_distribution_point(
    times: FallbackTimes, roles: set[Role], locality: int
) -> None:
    servers = (server("d", *roles), *(one for one in SERVERS if one.host != "d"))
    data = site(A, N, DEFAULT._replace(default_times=times), servers=servers)
    assert localities(data, "A")["d"] == locality
    explicit = site(A._replace(relationships=(Relationship("default", times),)), N, DEFAULT, servers=servers)
    assert localities(explicit, "A")["d"] == locality, "an explicit link says the same for its own group"


@pytest.mark.rule("ML-026")
def test_neighbour__brings_in_no_management_point_with_its_distribution_point() -> None:
    servers = (server("n", MP, DP), *(one for one in SERVERS if one.host != "n"))
    data = site(A._replace(relationships=(Relationship("N", NEVER),)), N, servers=servers)
    assert localities(data, "A")["n"] == 0


@pytest.mark.rule("ML-026", "MP-012", "MP-013")
def test_default_group__takes_no_management_point_from_a_nearer_group() -> None:
    servers = (server("n", MP, DP), server("a", MP, DP))
    data = site(A, N, DEFAULT._replace(servers=(HostName("n"), HostName("a"))), servers=servers)
    assert localities(data, "A") == {"a": 3, "n": 2}


@pytest.mark.rule("ML-027")
def test_references_of_a_default_group__change_nobody_in_the_list() -> None:
    lists = [listed(site(A, N, DEFAULT._replace(servers=tuple(map(HostName, some)))), "A") for some in ((), "d", "dx")]
    assert [{one.host for one in told} for told in lists] == [{"a", "n", "d", "x"}] * 3
    with_cloud = listed(site(A, N, DEFAULT._replace(servers=(), options=CLOUD)), "A")
    assert {one.host for one in with_cloud} == {"a", "n", "d", "x", "cloud"}, "its options do"


@pytest.mark.rule("ML-028")
@pytest.mark.parametrize(
    ("options", "current", "order"),
    [
        pytest.param(GroupOptions(), (), ["d", "x", "n", "a"], id="not included"),
        pytest.param(CLOUD, (), ["d", "cloud", "x", "n", "a"], id="included: last of the default group's"),
        pytest.param(CLOUD_FIRST, (), ["cloud", "d", "x", "n", "a"], id="preferred: first of them"),
        pytest.param(GroupOptions(prefer_cloud_mps=True), (), ["d", "x", "n", "a"], id="prefer needs include"),
        pytest.param(GroupOptions(prefer_cloud=True), (), ["d", "x", "n", "a"], id="the option for content is another"),
        pytest.param(CLOUD_FIRST, ("A",), ["a", "n", "cloud", "d", "x"], id="after nearer groups"),
    ],
)
def test_cloud__is_in_the_list_where_a_default_group_includes_it(
    options: GroupOptions, current: tuple[str, ...], order: list[str]
) -> None:
    told = listed(site(A, N, DEFAULT._replace(options=options)), *current)
    assert [one.host for one in told] == order
    assert [one.reason.rule for one in told if one.is_cloud] == ["ML-028"] * ("cloud" in order)


@pytest.mark.rule("ML-028")
def test_cloud__is_an_option_of_default_groups_that_the_client_may_fall_back_to() -> None:
    closed = DEFAULT._replace(options=CLOUD, default_times=NEVER)
    own = A._replace(options=CLOUD)
    for data in (
        site(A, N, closed),
        site(own, N, DEFAULT),
        site(A, N, DEFAULT._replace(default_of=XYZ, options=CLOUD)),
    ):
        current = () if data.groups[2].default_of == XYZ else ("A",)
        assert not any(one.is_cloud for one in listed(data, *current))


@pytest.mark.rule("BG-042")
def test_in_no_group__the_default_group_of_the_assigned_site_alone_counts() -> None:
    data = site(A, N, DEFAULT, group("other", "x", default_of=XYZ))
    assert localities(data) == {"d": 1, "x": 0, "n": 0, "a": 0}
    assert localities(data, assigned=XYZ) == {"d": 0, "x": 1, "n": 0, "a": 0}
    assert localities(data, assigned=None) == {"d": 0, "x": 0, "n": 0, "a": 0}
    assert localities(data, "A") == {"a": 3, "n": 2, "d": 1, "x": 1}, "from a group an implied link leads to each"


def test_place_in_the_list__is_told_with_the_rule() -> None:
    told = {one.host: one.reason.rule for one in listed(site(A, N, DEFAULT._replace(options=CLOUD)), "A")}
    assert told == {"a": "BG-007", "n": "BG-020", "d": "BG-041", "x": "MP-011", "cloud": "ML-028"}
    assert {one.reason.rule for one in listed(site(A, prefers_group_mps=False), "A")} == {"MP-014"}


def test_server_that_is_told_twice__is_listed_once() -> None:
    (one,) = listed(site(A, servers=(server("a", MP), server("a", MP, DP))), "A")
    assert one.locality is Locality.CURRENT_GROUP
