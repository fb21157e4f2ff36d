"""Software update points: the last good one for long, then the pool. State migration points: no fallback at all."""

from collections import Counter

import pytest

from cmclient.errors import InvalidValueError
from cmclient.model.endpoints import Audience, Scheme
from cmclient.model.facts import NetworkLocation
from cmclient.model.groups import BoundaryGroup, FallbackTimes, Relationship, Role, SiteData, SiteServer
from cmclient.model.names import HostName, SiteCode
from cmclient.model.scans import ScanHistory
from cmclient.rules.choose import SeededChooser
from cmclient.rules.software_update_points import (
    UpdatePoint,
    change_place,
    choose_update_point,
    fallback_minute,
    may_switch,
    next_scan,
    note_scan,
    note_scan_failure,
    rank_update_points,
    scans_from_internet,
    update_point_pool,
    update_point_ports,
)
from cmclient.rules.state_migration_points import rank_state_migration_points, state_migration_ports

MINUTE = 60.0
P01 = SiteCode("P01")
SUP, SMP, CMG = Role.SOFTWARE_UPDATE_POINT, Role.STATE_MIGRATION_POINT, Role.CLOUD_MANAGEMENT_GATEWAY
INTRANET, INTERNET, UNKNOWN = NetworkLocation.INTRANET, NetworkLocation.INTERNET, NetworkLocation.UNKNOWN
V2002, V2006, V2111, V2203 = 8968, 9012, 9068, 9078


def group(name: str, *servers: str, links: dict[str, int | None] | None = None, **more: object) -> BoundaryGroup:
    relationships = tuple(Relationship(other, FallbackTimes(sup=minute)) for other, minute in (links or {}).items())
    hosts = tuple(map(HostName, servers))
    return BoundaryGroup(name, name, servers=hosts, relationships=relationships, **more)  # type: ignore[arg-type]


def site(*groups: BoundaryGroup, gateways: str = "") -> SiteData:
    hosts = sorted({host for one in groups for host in one.servers})
    roles = {host: {CMG} if host in gateways.split() else {SUP, SMP} for host in hosts}
    return SiteData(groups=groups, servers=tuple(SiteServer(host, frozenset(roles[host])) for host in hosts))


def pool_of(data: SiteData, *current: str, build: int = V2203) -> dict[str, int]:
    here = [one for one in data.groups if one.id in current]
    return {entry.host: entry.minute for entry in update_point_pool(data, here, assigned_site=P01, build=build)}


# The documented worked example: the client is in Z.
EXAMPLE = site(group("Z", "z", links={"A": 10, "B": 130}), group("A", "a"), group("B", "b"))
POINTS = tuple(UpdatePoint(HostName(host)) for host in "zab")


def ranked(
    minute: int = 0,
    *,
    data: SiteData = EXAMPLE,
    current: str = "Z",
    points: tuple[UpdatePoint, ...] = POINTS,
    location: NetworkLocation = INTRANET,
    prefer_cloud: bool = False,
    build: int = V2203,
    seed: int = 1,
) -> tuple[UpdatePoint, ...]:
    here = [one for one in data.groups if one.id == current]
    return rank_update_points(
        points,
        update_point_pool(data, here, assigned_site=P01, build=build),
        minute=minute,
        location=location,
        prefer_cloud=prefer_cloud,
        build=build,
        chooser=SeededChooser(seed),
    )


def names(points: tuple[UpdatePoint, ...]) -> list[str]:
    return [one.host for one in points]


def failed(history: ScanHistory, *minutes: float, location: NetworkLocation = INTRANET) -> ScanHistory:
    for minute in minutes:
        history = note_scan_failure(history, minute * MINUTE, location=location, point=UpdatePoint(HostName("z")))
    return history


def chosen(history: ScanHistory, minute: float) -> ScanHistory:
    now = minute * MINUTE
    return choose_update_point(history, ranked(fallback_minute(history, now)), POINTS, now)


GOOD = ScanHistory(HostName("z"))


# --- the pool -------------------------------------------------------------------------------------------------------


@pytest.mark.rule("SU-003", "SU-005")
def test_worked_example__neighbours_below_120_minutes_join_at_120_and_later_ones_in_their_time() -> None:
    assert pool_of(EXAMPLE, "Z") == {"z": 0, "a": 120, "b": 130}
    seen = {minute: sorted(names(ranked(minute))) for minute in (0, 10, 119, 120, 129, 130)}
    assert seen[0] == seen[10] == seen[119] == ["z"]
    assert seen[120] == seen[129] == ["a", "z"]
    assert seen[130] == ["a", "b", "z"]
    assert {tuple(names(ranked(130, seed=seed))) for seed in range(9)} == {("z", "a", "b")}, "earlier ones come first"


@pytest.mark.rule("SU-003")
@pytest.mark.parametrize(("configured", "effective"), [(0, 120), (119, 120), (120, 120), (121, 121)])
def test_fallback_time__takes_effect_at_120_at_the_earliest(configured: int, effective: int) -> None:
    data = site(group("Z", "z", links={"A": configured}), group("A", "a"))
    assert pool_of(data, "Z") == {"z": 0, "a": effective}


@pytest.mark.rule("SU-007")
@pytest.mark.parametrize(("configured", "joins"), [(None, False), (500, True)])
def test_never_fallback__keeps_a_neighbour_out(configured: int | None, joins: bool) -> None:  # noqa: FBT001
    data = site(group("Z", "z", links={"A": configured}), group("A", "a"))
    assert ("a" in pool_of(data, "Z")) is joins


def test_server_of_the_current_group_and_of_a_neighbour__is_there_from_the_start() -> None:
    data = site(group("Z", "both", links={"A": 0}), group("A", "both", "a"))
    assert pool_of(data, "Z") == {"both": 0, "a": 120}


def test_client_in_no_group__has_the_default_group_from_the_start() -> None:
    assert pool_of(site(group("Z", "z"), group("D", "d", default_of=P01))) == {"d": 0}


@pytest.mark.rule("SU-015")
@pytest.mark.parametrize(
    ("build", "allows", "in_own_group", "may"),
    [
        (V2006, True, True, True),
        (V2006 - 1, True, True, False),
        (V2006, False, True, False),
        (V2006, True, False, False),
    ],
)
def test_gateway__of_the_own_group_since_2006_and_when_its_update_point_allows_it(
    build: int,
    allows: bool,  # noqa: FBT001
    in_own_group: bool,  # noqa: FBT001
    may: bool,  # noqa: FBT001
) -> None:
    near, far = ("gw", "x") if in_own_group else ("x", "gw")
    data = site(group("Z", "z", near, links={"A": 0}), group("A", "a", far), gateways="gw x")
    points = (*POINTS, UpdatePoint(HostName("gw"), is_gateway=True, allows_gateway=allows))
    assert ("gw" in names(ranked(500, data=data, points=points, build=build))) is may


# --- order ----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("SU-008")
def test_new_client__takes_one_of_its_own_group_at_random() -> None:
    data = site(group("Z", "z", "y", links={"A": 0}), group("A", "a"))
    points = tuple(UpdatePoint(HostName(host)) for host in "zya")
    taken = Counter(
        choose_update_point(ScanHistory(), ranked(data=data, points=points, seed=seed), points, 0.0).host
        for seed in range(40)
    )
    assert set(taken) == {"z", "y"}
    assert min(taken.values()) > 8


@pytest.mark.rule("SU-014")
@pytest.mark.parametrize(
    ("prefer", "build", "first"), [(True, V2203, "gw"), (True, V2203 - 1, "z"), (False, V2203, "z"), (True, V2111, "z")]
)
def test_cloud_preferred__covers_scanning_since_2203(prefer: bool, build: int, first: str) -> None:  # noqa: FBT001
    data = site(group("Z", "z", "gw"), gateways="gw")
    points = (*POINTS, UpdatePoint(HostName("gw"), is_gateway=True, allows_gateway=True))
    firsts = {
        names(ranked(data=data, points=points, prefer_cloud=prefer, build=build, seed=seed))[0] for seed in range(20)
    }
    assert firsts == ({"gw"} if first == "gw" else {"gw", "z"})


@pytest.mark.rule("SU-014", "SU-001")
def test_cloud_preferred__does_not_move_a_client_that_has_one() -> None:
    points = (*POINTS, UpdatePoint(HostName("gw"), is_gateway=True, allows_gateway=True))
    assert choose_update_point(GOOD, points[::-1], points, 0.0) == GOOD


@pytest.mark.rule("NET-024")
@pytest.mark.parametrize(
    ("location", "facing", "expected"),
    [
        (INTERNET, Audience.INTERNET, ["a"]),
        (INTERNET, Audience.BOTH, ["a"]),
        (INTERNET, Audience.INTRANET, ["z"]),
        (INTERNET, Audience.UNKNOWN, ["z"]),
        (INTRANET, Audience.INTERNET, ["z"]),
        (UNKNOWN, Audience.INTERNET, ["z"]),
    ],
)
def test_internet_client__scans_with_an_internet_facing_one_only_when_there_is_one(
    location: NetworkLocation, facing: Audience, expected: list[str]
) -> None:
    points = (UpdatePoint(HostName("z"), Audience.INTRANET), UpdatePoint(HostName("a"), facing))
    assert names(ranked(points=points, location=location)) == expected
    assert scans_from_internet(points, location) is (expected == ["a"])


def test_intranet_client__never_scans_with_one_for_the_internet_only() -> None:
    assert names(ranked(points=(UpdatePoint(HostName("z"), Audience.INTERNET),))) == []
    assert names(ranked(points=(UpdatePoint(HostName("z"), Audience.BOTH),))) == ["z"]


# --- affinity -------------------------------------------------------------------------------------------------------


@pytest.mark.rule("SU-001")
def test_last_good_one__is_kept_although_it_is_in_no_pool() -> None:
    outside = ScanHistory(HostName("b"))
    assert choose_update_point(outside, ranked(), POINTS, 0.0) == outside


def test_one_that_is_known_no_more__is_left_at_once() -> None:
    gone = ScanHistory(HostName("gone"))
    assert choose_update_point(gone, ranked(), POINTS, 0.0) == ScanHistory(HostName("z"))
    assert choose_update_point(gone, (), (), 0.0) == ScanHistory()


@pytest.mark.rule("SU-002", "SU-004", "SU-009", "SU-010", "TM-011", "TM-012")
@pytest.mark.parametrize(
    ("minutes", "leaves_at"),
    [
        pytest.param((0, 30, 60, 90), 120, id="as planned"),
        pytest.param((7, 37, 67, 97), 127, id="from the first failure"),
        pytest.param((0, 30, 60, 119), 121, id="two minutes after a late fourth failure"),
        pytest.param((0, 30, 60, 119, 120.5), 121, id="a fifth failure delays nothing"),
        pytest.param((0, 1, 2, 3), 120, id="not before two hours"),
    ],
)
def test_last_good_one__is_left_after_two_hours_and_four_failures(minutes: tuple[float, ...], leaves_at: float) -> None:
    history = failed(GOOD, *minutes)
    assert not may_switch(history, leaves_at * MINUTE - 0.001)
    assert chosen(history, leaves_at - 0.001) == history
    assert may_switch(history, leaves_at * MINUTE)
    assert chosen(history, leaves_at).host == "a"


@pytest.mark.rule("SU-009")
def test_three_failures__never_switch() -> None:
    assert not may_switch(failed(GOOD, 0, 30, 60), 1000 * MINUTE)
    assert next_scan(failed(GOOD, 0, 30, 60)) == 90 * MINUTE


@pytest.mark.rule("SU-009")
@pytest.mark.parametrize(
    ("minutes", "scan_at"),
    [((0,), 30), ((0, 30), 60), ((0, 30, 60, 90), 120), ((0, 30, 60, 119), 121), ((0, 30, 60, 90, 200), 230)],
)
def test_after_a_failure__the_next_scan_is_30_minutes_later_or_when_it_may_switch(
    minutes: tuple[float, ...], scan_at: float
) -> None:
    assert next_scan(failed(GOOD, *minutes)) == scan_at * MINUTE


def test_no_failure__no_retry_is_due() -> None:
    assert next_scan(GOOD) is None


@pytest.mark.rule("SU-001", "SU-004")
def test_success__makes_it_the_last_good_one_and_ends_the_search() -> None:
    history = note_scan(failed(GOOD, 0, 30, 60, 90), HostName("z"))
    assert history == GOOD
    assert failed(history, 500).first_failure == 500 * MINUTE


@pytest.mark.rule("SU-004")
@pytest.mark.parametrize(("minute", "told"), [(0, 0), (0.99, 0), (1, 1), (130, 130)])
def test_fallback_times__run_from_the_first_failure(minute: float, told: int) -> None:
    history = failed(GOOD, 10, 40)
    assert fallback_minute(history, (10 + minute) * MINUTE) == told
    assert fallback_minute(GOOD, 999 * MINUTE) == 0


@pytest.mark.rule("SU-006", "SU-004")
def test_after_the_switch__each_further_one_has_a_shorter_cycle_and_the_clock_runs_on() -> None:
    history = chosen(failed(GOOD, 0, 30, 60, 90), 120)
    assert (history.host, history.tried) == ("a", ("z",))
    history = failed(history, 121)
    assert next_scan(history) == 151 * MINUTE
    history = failed(history, 140)
    assert chosen(history, 150.99).host == "a"
    assert chosen(history, 151).host == "b", "it joined at 130, counted from the failure of the last good one"


@pytest.mark.rule("SU-006")
def test_shorter_cycle__is_as_long_as_it_is_set() -> None:
    history = failed(chosen(failed(GOOD, 0, 30, 60, 90), 120), 121)
    assert next_scan(history, short_cycle=5 * MINUTE) == 126 * MINUTE
    moved = choose_update_point(history, ranked(130), POINTS, 126 * MINUTE, short_cycle=5 * MINUTE)
    assert (moved.host, choose_update_point(history, ranked(130), POINTS, 126 * MINUTE).host) == ("b", "a")


def test_all_have_failed__they_are_tried_anew_but_not_the_one_just_left() -> None:
    history = chosen(failed(GOOD, 0, 30, 60, 90), 120)
    for minute in (121, 160, 200, 240, 280):
        history, before = chosen(failed(history, minute), minute + 30), history
        assert history.host != before.host
    assert set(history.tried) < {"z", "a", "b"}


def test_nobody_else__the_only_one_is_kept_and_asked_every_30_minutes() -> None:
    history = failed(GOOD, 0, 30, 60, 90, 300)
    only = POINTS[:1]
    assert choose_update_point(history, only, only, 400 * MINUTE) == history
    assert next_scan(history) == 330 * MINUTE


@pytest.mark.rule("SU-012")
@pytest.mark.parametrize(("location", "counts"), [(INTRANET, True), (UNKNOWN, True), (INTERNET, False)])
def test_failure_away_from_the_intranet__says_nothing_of_one_that_is_there(
    location: NetworkLocation,
    counts: bool,  # noqa: FBT001
) -> None:
    assert (failed(GOOD, 0, 30, 60, 90, location=location) != GOOD) is counts


@pytest.mark.rule("SU-012")
def test_failure_on_the_internet__counts_for_one_that_is_there() -> None:
    for point in (UpdatePoint(HostName("z"), Audience.BOTH), UpdatePoint(HostName("z"), Audience.UNKNOWN, True, True)):  # noqa: FBT003
        assert note_scan_failure(GOOD, 0.0, location=INTERNET, point=point).failures == (0.0,)


@pytest.mark.rule("SU-004")
def test_other_place__fallback_times_start_anew() -> None:
    history = failed(change_place(failed(GOOD, 0, 30, 60, 90)), 119)
    assert (history.host, history.first_failure, may_switch(history, 130 * MINUTE)) == ("z", 119 * MINUTE, False)


# --- ports ----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("SU-018", "PT-009")
@pytest.mark.parametrize(("http", "https"), [(80, 443), (8530, 8531), (79, 80), (81, 82), (8080, 8081), (65534, 65535)])
def test_update_point_ports__443_for_80_and_else_one_more(http: int, https: int) -> None:
    assert update_point_ports(http) == (http, https)


@pytest.mark.parametrize("http", [0, 65535, -1])
def test_update_point_ports__that_cannot_be_are_refused(http: int) -> None:
    with pytest.raises(InvalidValueError):
        update_point_ports(http)


# --- state migration points -----------------------------------------------------------------------------------------


@pytest.mark.rule("SU-020", "BG-023")
def test_state_migration_points__of_the_current_group_and_no_other() -> None:
    data = site(
        group("Z", "z", "y", links={"A": 0}),
        group("A", "a"),
        group("N", links={"A": 0}),
        group("D", "d", default_of=P01),
    )

    def found(*current: str, seed: int = 1) -> list[str]:
        here = [one for one in data.groups if one.id in current]
        return list(rank_state_migration_points(data, here, assigned_site=P01, chooser=SeededChooser(seed)))

    assert sorted(found("Z")) == ["y", "z"]
    assert sorted(found("Z", "A")) == ["a", "y", "z"]
    assert found("N") == [], "no fallback, neither to a neighbour nor to the default group"
    assert found() == ["d"], "in no group, the default group is the current one"
    assert {found("Z", seed=seed)[0] for seed in range(20)} == {"y", "z"}


@pytest.mark.rule("SU-021", "PT-010")
@pytest.mark.parametrize(("scheme", "ports"), [(Scheme.HTTP, (80, 445)), (Scheme.HTTPS, (443, 445))])
def test_state_migration_ports__that_of_the_protocol_and_that_of_smb(scheme: Scheme, ports: tuple[int, ...]) -> None:
    assert state_migration_ports(scheme) == ports
