"""Scans for software updates that somebody tells of: kept over restarts, and what follows for the next one."""

from datetime import timedelta
from pathlib import Path

import pytest
from agentworld import SimClock
from world import World

from cmclient.adapters.memory_store import MemoryStore
from cmclient.adapters.store import SqliteStore
from cmclient.model.facts import NetworkLocation
from cmclient.model.names import HostName
from cmclient.model.roles import RoleLocation, SiteRole
from cmclient.model.scans import ScanPlan
from cmclient.model.stored import StoredUpdatePoint
from cmclient.scans import UpdateScans

MINUTE = 60.0
SUP1, SUP2 = HostName("sup1.corp.test"), HostName("sup2.corp.test")
AT_NOON = "2026-11-21T12:00:00+00:00"


class Client:
    """A client with two software update points, whose scans somebody tells of."""

    def __init__(self) -> None:
        self.world = World()
        self.clock = SimClock()
        self.world.clock = self.clock
        self.scans = UpdateScans(self.world.store, self.clock)

    def locate(self) -> RoleLocation:
        both = f"https://{SUP1};https://{SUP2}"
        return self.world.role_locator(software_update_points=both).locate(SiteRole.SOFTWARE_UPDATE_POINT)

    def used(self) -> HostName:
        chosen = self.locate().chosen
        assert chosen is not None
        return chosen.name

    def fails(self, host: HostName, *minutes: float) -> ScanPlan:
        for minute in minutes:
            self.clock.seconds = minute * MINUTE
            plan = self.scans.note_failure(host, location=NetworkLocation.INTRANET)
        return plan


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.mark.rule("SU-001", "SU-002", "SU-009", "SU-010", "TM-011", "TM-012")
def test_one_that_fails__is_kept_for_two_hours_of_scans_every_thirty_minutes(client: Client) -> None:
    used = client.used()
    other = SUP2 if used == SUP1 else SUP1
    plan = client.fails(used, 0, 30, 60)
    assert plan == ScanPlan(used, 3, AT_NOON, "2026-11-21T13:30:00+00:00", "")
    plan = client.fails(used, 90)
    assert plan == ScanPlan(used, 4, AT_NOON, "2026-11-21T14:00:00+00:00", "2026-11-21T14:00:00+00:00")
    client.clock.seconds = 120 * MINUTE - 1
    kept = client.locate()
    assert kept.chosen is not None
    assert (kept.chosen.name, kept.scans) == (used, plan)
    assert kept.chosen.reasons[-1].text == "scans with it failed 4 times in 119 minutes, which is too early to leave it"
    client.clock.seconds = 120 * MINUTE
    left = client.locate()
    assert left.chosen is not None
    assert left.chosen.name == other
    assert [one.rules[-1] for one in left.decision.ranked] == ["SU-008", "SU-009"]
    assert client.used() == other, "it is not gone back to"
    kept_now = client.world.store.load_update_point()
    assert kept_now is not None
    assert (kept_now.host, kept_now.scans.tried) == (other, (used,))


@pytest.mark.rule("SU-006", "SU-009")
def test_each_further_one__is_left_after_a_shorter_cycle(client: Client) -> None:
    first = client.used()
    client.fails(first, 0, 30, 60, 90)
    client.clock.seconds = 121 * MINUTE
    second = client.used()
    plan = client.fails(second, 130)
    assert (plan.failures, plan.others_from) == (1, "2026-11-21T14:40:00+00:00")
    client.clock.seconds = 160 * MINUTE - 1
    assert client.used() == second
    client.clock.seconds = 160 * MINUTE
    assert client.used() == first, "everybody failed: from the beginning"


@pytest.mark.rule("SU-001")
def test_scan_that_succeeds__makes_its_server_the_last_good_one(client: Client) -> None:
    used = client.used()
    client.fails(used, 0, 30, 60, 90)
    assert client.scans.note_success(used) == ScanPlan(used)
    client.clock.seconds = 200 * MINUTE
    location = client.locate()
    assert (location.chosen and location.chosen.name, location.scans) == (used, ScanPlan(used))
    other = SUP2 if used == SUP1 else SUP1
    client.scans.note_success(other)
    assert client.used() == other


@pytest.mark.rule("SU-012")
@pytest.mark.parametrize(
    ("location", "faces_internet", "counts"),
    [
        (NetworkLocation.INTERNET, False, False),
        (NetworkLocation.INTERNET, True, True),
        (NetworkLocation.INTRANET, False, True),
    ],
)
def test_failure_away_from_the_intranet__says_nothing_of_one_that_is_there(
    client: Client,
    location: NetworkLocation,
    faces_internet: bool,  # noqa: FBT001
    counts: bool,  # noqa: FBT001
) -> None:
    plan = client.scans.note_failure(SUP1, location=location, faces_internet=faces_internet)
    assert bool(plan.failures) is counts


@pytest.mark.rule("SU-011", "SU-013")
@pytest.mark.parametrize(
    ("code", "cut_off", "counts"),
    [
        (2149842970, False, True),
        ("0x80072EE2", False, False),
        (2149842970, True, False),
        (None, True, False),
        (None, False, True),
    ],
)
def test_what_says_nothing_of_the_server__changes_nothing(
    client: Client,
    code: int | str | None,
    cut_off: bool,  # noqa: FBT001
    counts: bool,  # noqa: FBT001
) -> None:
    client.scans.note_success(SUP1)
    plan = client.scans.note_failure(SUP1, code=code, cut_off=cut_off)
    assert plan.failures == counts
    assert client.scans.plan() == plan


@pytest.mark.rule("SU-016")
def test_another_one_is_wanted__locating_names_it_and_says_why() -> None:
    with_one, with_two = Client(), Client()
    used = with_two.used()
    plan = with_two.scans.note_switch_wanted()
    assert plan == ScanPlan(used, others_from=AT_NOON)
    left = with_two.locate()
    assert left.chosen is not None
    assert left.chosen.name == (SUP2 if used == SUP1 else SUP1)
    assert [one.rules[-1] for one in left.decision.ranked] == ["SU-008", "SU-016"]
    only = with_one.world.role_locator(software_update_points=f"https://{SUP1}")
    with_one.scans.note_success(SUP1)
    with_one.scans.note_switch_wanted()
    kept = only.locate(SiteRole.SOFTWARE_UPDATE_POINT)
    assert kept.chosen is not None
    assert (kept.chosen.name, kept.chosen.rules[-1]) == (SUP1, "SU-016")


def test_another_one_is_wanted__and_none_is_in_use() -> None:
    assert UpdateScans(MemoryStore(), SimClock()).note_switch_wanted() is None


def test_failure_of_one_that_is_not_in_use__changes_nothing(client: Client) -> None:
    client.scans.note_success(SUP1)
    assert client.scans.note_failure(SUP2) == ScanPlan(SUP1)
    assert client.scans.plan() == ScanPlan(SUP1)


def test_nothing_told__nothing_planned() -> None:
    assert UpdateScans(MemoryStore(), SimClock()).plan() is None


@pytest.mark.rule("SU-004")
def test_another_place__the_times_run_anew(client: Client) -> None:
    used = client.used()
    client.fails(used, 0, 30, 60, 90)
    client.scans.note_place_changed()
    assert client.scans.plan() == ScanPlan(used)
    client.clock.seconds = 200 * MINUTE
    assert client.used() == used


def test_restart__the_two_hours_go_on_by_the_wall_clock(tmp_path: Path) -> None:
    before, after = SimClock(5000.0), SimClock(3.0)
    with SqliteStore(tmp_path / "store.sqlite3") as store:
        plan = UpdateScans(store, before).note_failure(SUP1)
    after.set_by = timedelta(seconds=5000 + 45 * MINUTE - 3)
    with SqliteStore(tmp_path / "store.sqlite3") as store:
        history = UpdateScans(store, after).history()
        again = UpdateScans(store, after).plan()
    assert history.first_failure == pytest.approx(3.0 - 45 * MINUTE)
    assert again == plan


def test_restart__another_one_is_wanted_still(tmp_path: Path) -> None:
    for tell in (lambda scans: scans.note_success(SUP1), lambda scans: scans.note_switch_wanted()):
        with SqliteStore(tmp_path / "store.sqlite3") as store:
            tell(UpdateScans(store, SimClock()))
    with SqliteStore(tmp_path / "store.sqlite3") as store:
        assert UpdateScans(store, SimClock()).plan() == ScanPlan(SUP1, others_from=AT_NOON)


@pytest.mark.parametrize("step", [timedelta(days=-400), timedelta(days=40_000)])
def test_wall_clock_that_was_set__loses_the_server_never(step: timedelta) -> None:
    clock, store = SimClock(5000.0), MemoryStore()
    UpdateScans(store, clock).note_failure(SUP1)
    clock.set_by = step
    plan = UpdateScans(store, clock).plan()
    assert plan is not None
    assert (plan.host, plan.failures) == (SUP1, 1)


@pytest.mark.parametrize("time", [float("nan"), float("inf"), 9e99])
@pytest.mark.parametrize("saved_at", ["", "no time", "2026-11-21T12:00:00", AT_NOON])
def test_history_that_no_scan_led_to__is_forgotten_and_the_server_is_kept(time: float, saved_at: str) -> None:
    store = MemoryStore()
    kept = UpdateScans(store, SimClock())
    kept.note_failure(SUP1)
    stored = store.load_update_point()
    assert stored is not None
    store.save_update_point(
        StoredUpdatePoint(SUP1, stored.scans._replace(first_failure=time), as_of=7.0, saved_at=saved_at)
    )
    assert kept.plan() == ScanPlan(SUP1)
