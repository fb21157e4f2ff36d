"""Pools over time: current groups, neighbours, default groups; additive, direct, per role."""

import pytest

from cmclient.model.boundary import Boundary, BoundaryKind, NetworkPlace
from cmclient.model.facts import parse_address
from cmclient.model.groups import BoundaryGroup, FallbackTimes, Relationship, Role, SiteData, SiteServer
from cmclient.model.names import HostName, SiteCode
from cmclient.rules.boundaries import BoundaryIndex
from cmclient.rules.pools import build_pool, current_groups, pool_at

P01, XYZ = SiteCode("P01"), SiteCode("XYZ")
DP, SUP, SMP, MP = (
    Role.DISTRIBUTION_POINT,
    Role.SOFTWARE_UPDATE_POINT,
    Role.STATE_MIGRATION_POINT,
    Role.MANAGEMENT_POINT,
)


def server(name: str, *roles: Role, in_maintenance: bool = False) -> SiteServer:
    return SiteServer(HostName(name), frozenset(roles or (DP, SUP, SMP, MP)), in_maintenance)


def group(name: str, *servers: str, links: dict[str, FallbackTimes] | None = None, **more: object) -> BoundaryGroup:
    relationships = tuple(Relationship(other, times) for other, times in (links or {}).items())
    hosts = tuple(map(HostName, servers))
    return BoundaryGroup(name, name, servers=hosts, relationships=relationships, **more)  # type: ignore[arg-type]


def site(*groups: BoundaryGroup, servers: tuple[SiteServer, ...] = ()) -> SiteData:
    named = {host for one in groups for host in one.servers}
    known = {one.host for one in servers}
    return SiteData(groups=groups, servers=(*servers, *(server(host) for host in sorted(named - known))))


def joined(data: SiteData, *current: str, role: Role = DP, assigned: SiteCode | None = P01) -> dict[str, int]:
    here = [one for one in data.groups if one.id in current]
    return {entry.host: entry.minute for entry in build_pool(data, here, role, assigned_site=assigned)}


DEFAULT = group("default", "site-dp", default_of=P01)


@pytest.mark.rule("BG-033", "BG-030", "BG-031", "BG-041")
def test_worked_example__10_20_and_120_minutes() -> None:
    links = {"B": FallbackTimes(dp=10), "C": FallbackTimes(dp=20)}
    data = site(group("A", "a1", "a2", links=links), group("B", "b1", "b2"), group("C", "c1", "c2"), DEFAULT)
    pool = build_pool(data, data.groups[:1], DP, assigned_site=P01)
    seen = {minute: sorted(entry.host for entry in pool_at(pool, minute)) for minute in (0, 9, 10, 19, 20, 119, 120)}
    assert seen[0] == seen[9] == ["a1", "a2"]
    assert seen[10] == seen[19] == ["a1", "a2", "b1", "b2"]
    assert seen[20] == seen[119] == ["a1", "a2", "b1", "b2", "c1", "c2"]
    assert seen[120] == ["a1", "a2", "b1", "b2", "c1", "c2", "site-dp"]


@pytest.mark.rule("BG-006", "BG-026")
def test_fallback__to_direct_neighbours_only() -> None:
    data = site(
        group("A", "a", links={"B": FallbackTimes()}),
        group("B", "b", links={"C": FallbackTimes(dp=0)}),
        group("C", "c"),
    )
    assert joined(data, "A") == {"a": 0, "b": 120}


@pytest.mark.rule("BG-020")
def test_relationship__is_one_way() -> None:
    data = site(group("A", "a", links={"B": FallbackTimes(dp=5)}), group("B", "b"))
    assert joined(data, "A") == {"a": 0, "b": 5}
    assert joined(data, "B") == {"b": 0}


@pytest.mark.rule("BG-007", "BG-027", "BG-028")
def test_several_groups__union_of_servers_and_neighbours_with_the_shorter_time() -> None:
    data = site(
        group("A", "a", links={"N": FallbackTimes(dp=30)}),
        group("B", "b", links={"N": FallbackTimes(dp=15), "M": FallbackTimes(dp=40)}),
        group("N", "n"),
        group("M", "m"),
    )
    assert joined(data, "A", "B") == {"a": 0, "b": 0, "n": 15, "m": 40}


@pytest.mark.rule("BG-021", "BG-022", "BG-024", "BG-025", "ML-025")
@pytest.mark.parametrize(
    ("times", "role", "minute"),
    [
        (FallbackTimes(), DP, 120),
        (FallbackTimes(), SUP, 120),
        (FallbackTimes(), MP, 0),
        (FallbackTimes(dp=5, sup=7), DP, 5),
        (FallbackTimes(dp=5, sup=7), SUP, 7),
        (FallbackTimes(mp=90), MP, 0),
        (FallbackTimes(), SMP, None),
    ],
)
def test_times__each_role_has_its_own_and_state_migration_points_none(
    times: FallbackTimes, role: Role, minute: int | None
) -> None:
    data = site(group("A", "a", links={"B": times}), group("B", "b"))
    assert joined(data, "A", role=role).get(HostName("b")) == minute


@pytest.mark.rule("BG-021")
def test_relationships__are_all_read_and_each_has_its_own_times() -> None:
    links = {"N": FallbackTimes(dp=5, sup=50), "M": FallbackTimes(dp=7, sup=None), "O": FallbackTimes()}
    data = site(group("A", "a", links=links), group("N", "n"), group("M", "m"), group("O", "o"))
    assert joined(data, "A") == {"a": 0, "n": 5, "m": 7, "o": 120}
    assert joined(data, "A", role=SUP) == {"a": 0, "n": 50, "o": 120}


@pytest.mark.rule("BG-041")
def test_implied_link__is_that_of_groups_that_an_administrator_made() -> None:
    data = site(group("A", "a"), DEFAULT, group("default2", "site2", default_of=XYZ))
    assert joined(data, "A") == {"a": 0, "site-dp": 120, "site2": 120}
    assert joined(data, "default") == {"site-dp": 0}, "a default group has none, not even to another one"


@pytest.mark.rule("BG-031")
def test_new_place__has_its_own_groups_and_counts_from_their_start() -> None:
    """A move is a search of its own: nothing of the pool before it, nor of its minutes, is an argument."""
    later, soon = {"N": FallbackTimes(dp=60)}, {"N": FallbackTimes(dp=30)}
    data = site(group("A", "a", links=later), group("B", "b", links=soon), group("N", "n"))

    def there(place: str, minute: int) -> list[str]:
        here = [one for one in data.groups if one.id == place]
        return [entry.host for entry in pool_at(build_pool(data, here, DP, assigned_site=P01), minute)]

    assert (there("A", 0), there("A", 59), there("A", 60)) == (["a"], ["a"], ["a", "n"])
    assert (there("B", 0), there("B", 29), there("B", 30)) == (["b"], ["b"], ["b", "n"]), "moved: zero again"


@pytest.mark.rule("BG-029")
@pytest.mark.parametrize(("role", "never"), [(DP, True), (SUP, False), (MP, False)])
def test_never_fallback__blocks_that_role_and_no_other(role: Role, never: bool) -> None:  # noqa: FBT001
    data = site(group("A", "a", links={"B": FallbackTimes(dp=None)}), group("B", "b"))
    assert ("b" not in joined(data, "A", role=role)) is never


@pytest.mark.rule("BG-029", "BG-041", "BG-043")
@pytest.mark.parametrize(
    ("links", "default_times", "minute"),
    [
        pytest.param({}, FallbackTimes(), 120, id="implied link"),
        pytest.param({}, FallbackTimes(dp=60), 60, id="default behaviour changed"),
        pytest.param({}, FallbackTimes(dp=None), None, id="never by default"),
        pytest.param({"default": FallbackTimes(dp=5)}, FallbackTimes(dp=60), 5, id="explicit link overrides"),
        pytest.param({"default": FallbackTimes(dp=None)}, FallbackTimes(), None, id="explicit never overrides"),
    ],
)
def test_default_group__by_implied_or_explicit_link(
    links: dict[str, FallbackTimes], default_times: FallbackTimes, minute: int | None
) -> None:
    data = site(group("A", "a", links=links), group("B", "b"), DEFAULT._replace(default_times=default_times))
    assert joined(data, "A").get(HostName("site-dp")) == minute
    assert joined(data, "B").get(HostName("site-dp")) == default_times.dp, "an explicit link is for its own group only"


@pytest.mark.rule("BG-042")
def test_in_no_group__the_default_group_of_the_assigned_site_and_no_other() -> None:
    data = site(group("A", "a"), DEFAULT, group("other", "other-dp", default_of=XYZ))
    assert joined(data) == {"site-dp": 0}
    assert joined(data, assigned=None) == {}


@pytest.mark.rule("BG-035")
def test_fallback_time_of_zero__joins_at_once() -> None:
    data = site(group("A", "a", links={"B": FallbackTimes(dp=0)}), group("B", "b"))
    assert joined(data, "A") == {"a": 0, "b": 0}


@pytest.mark.rule("BG-012")
@pytest.mark.parametrize(("role", "given"), [(DP, False), (MP, True)])
def test_maintenance__withholds_the_distribution_point_only(role: Role, given: bool) -> None:  # noqa: FBT001
    data = site(group("A", "a"), servers=(server("a", DP, MP, in_maintenance=True),))
    assert ("a" in joined(data, "A", role=role)) is given


@pytest.mark.rule("BG-004", "BG-009")
def test_only_servers_of_the_wanted_role__are_listed() -> None:
    data = site(group("A", "dp", "sup"), servers=(server("dp", DP), server("sup", SUP)))
    assert joined(data, "A") == {"dp": 0}
    assert joined(data, "A", role=SUP) == {"sup": 0}


# Links of A: to N (dp 10, sup 20), to the default group (dp 30, sup 40); of B: to N (dp 5, sup 25), never for MPs.
TIMELINE = (
    group("A", "a", links={"N": FallbackTimes(dp=10, sup=20), "default": FallbackTimes(dp=30, sup=40)}),
    group("B", "b", links={"N": FallbackTimes(dp=5, sup=25, mp=None), "default": FallbackTimes(dp=None, mp=None)}),
    group("N", "n", links={"far": FallbackTimes(dp=0, sup=0)}),
    group("far", "far"),
    DEFAULT._replace(default_times=FallbackTimes(dp=60, sup=None)),
    group("default2", "site2", default_of=XYZ, default_times=FallbackTimes(dp=90, sup=90)),
)
ALL_MP = [(0, "a n site-dp site2")]


@pytest.mark.rule("BG-027", "BG-028", "BG-029", "BG-030", "BG-041", "BG-043", "ML-025")
@pytest.mark.parametrize(
    ("current", "role", "joining"),
    [
        pytest.param("A", DP, [(0, "a"), (10, "n"), (30, "site-dp"), (90, "site2")], id="A: DP"),
        pytest.param("A", SUP, [(0, "a"), (20, "n"), (40, "site-dp"), (90, "site2")], id="A: SUP"),
        pytest.param("A", MP, ALL_MP, id="A: MP, all at once"),
        pytest.param("A", SMP, [(0, "a")], id="A: SMP, no fallback"),
        pytest.param("B", DP, [(0, "b"), (5, "n"), (90, "site2")], id="B: DP, never to the default group"),
        pytest.param("B", SUP, [(0, "b"), (25, "n"), (90, "site2"), (120, "site-dp")], id="B: SUP"),
        pytest.param("B", MP, [(0, "b site2")], id="B: MP, never"),
        pytest.param("AB", DP, [(0, "a b"), (5, "n"), (30, "site-dp"), (90, "site2")], id="both: the shorter of two"),
        pytest.param("AB", SUP, [(0, "a b"), (20, "n"), (40, "site-dp"), (90, "site2")], id="both: SUP"),
        pytest.param("AB", MP, [(0, "a b n site-dp site2")], id="both: never on one of two links"),
        pytest.param("", DP, [(0, "site-dp")], id="in no group: DP"),
        pytest.param("", SUP, [(0, "site-dp")], id="in no group: whatever its times"),
        pytest.param("", SMP, [(0, "site-dp")], id="in no group: SMP"),
        pytest.param("", MP, [(0, "site-dp")], id="in no group: MP"),
    ],
)
def test_timeline__at_each_border(current: str, role: Role, joining: list[tuple[int, str]]) -> None:
    data = site(*TIMELINE)
    pool = build_pool(data, [one for one in TIMELINE if one.id in tuple(current)], role, assigned_site=P01)
    seen: set[str] = set()
    for minute, hosts in joining:
        assert {entry.host for entry in pool_at(pool, minute - 1)} == seen
        seen |= set(hosts.split())
        assert {entry.host for entry in pool_at(pool, minute)} == seen
        assert {entry.host for entry in pool_at(pool, minute + 1)} == seen
    assert {entry.host for entry in pool} == seen


@pytest.mark.rule("BG-026")
def test_circle_of_groups__leads_one_step_and_no_further() -> None:
    data = site(
        group("A", "a", links={"B": FallbackTimes(dp=10)}),
        group("B", "b", links={"C": FallbackTimes(dp=0)}),
        group("C", "c", links={"A": FallbackTimes(dp=0)}),
    )
    assert joined(data, "A") == {"a": 0, "b": 10}
    two = site(group("A", "a", links={"B": FallbackTimes(dp=10)}), group("B", "b", links={"A": FallbackTimes(dp=20)}))
    assert (joined(two, "A"), joined(two, "B")) == ({"a": 0, "b": 10}, {"b": 0, "a": 20})
    assert joined(two, "A", "B") == {"a": 0, "b": 0}, "in both: what is there from the start does not join again"


@pytest.mark.rule("BG-042")
def test_group_without_servers__is_a_group_all_the_same() -> None:
    data = site(group("A"), group("N", "n"), DEFAULT)
    assert joined(data, "A") == {"site-dp": 120}, "not at once, as for a client in no group"
    assert joined(data, "A", role=SMP) == {}
    assert joined(data) == {"site-dp": 0}


def test_reason__is_that_of_the_nearest_way_to_a_server() -> None:
    now = FallbackTimes(dp=0)
    data = site(group("Z", "z", links={"A": now}), group("A", "z", "a"), DEFAULT._replace(default_times=now))
    told = {e.host: (e.group, e.reason.rule) for e in build_pool(data, data.groups[:1], DP, assigned_site=P01)}
    assert told == {"z": ("Z", "BG-007"), "a": ("A", "BG-020"), "site-dp": ("default", "BG-041")}


def test_server_in_a_current_group_and_a_neighbour__is_there_from_the_start() -> None:
    data = site(group("A", "both", links={"B": FallbackTimes()}), group("B", "both", "b"))
    assert joined(data, "A") == {"both": 0, "b": 120}


def test_link_to_itself_or_to_nobody__changes_nothing() -> None:
    data = site(group("A", "a", links={"A": FallbackTimes(), "gone": FallbackTimes(dp=0)}))
    assert joined(data, "A") == {"a": 0}


@pytest.mark.rule("CF-042", "BD-017")
def test_current_group__is_the_union_of_all_that_hold_the_client() -> None:
    boundaries = (
        Boundary("r1", BoundaryKind.IP_RANGE, "10.0.0.1-10.0.0.9"),
        Boundary("r2", BoundaryKind.IP_RANGE, "10.0.0.5-10.0.0.20"),
        Boundary("r3", BoundaryKind.IP_RANGE, "10.0.0.5-10.0.0.5"),
    )
    groups = (BoundaryGroup("A", "A", ("r1",)), BoundaryGroup("B", "B", ("r2",)), BoundaryGroup("C", "C", ()))
    data = SiteData(boundaries, groups)
    index = BoundaryIndex(boundaries)

    def of(address: str) -> list[str]:
        matches = index.find(NetworkPlace((parse_address(address),)))
        return [one.id for one in current_groups(data, matches)]

    assert (of("10.0.0.1"), of("10.0.0.5"), of("10.0.0.20"), of("10.0.0.21")) == (["A"], ["A", "B"], ["B"], [])
