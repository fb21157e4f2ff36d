"""The agent: what it does when, what it keeps, what it tells. Time passes only while it waits."""

import logging
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from agentworld import ABC, HOUR, MP1, MP2, AgentWorld, Manager
from world import CERTIFICATE, CORP, DC1, JOINED, config

from cmclient.adapters.memory_store import MemoryStore
from cmclient.agent_lease import AgentCallbacks
from cmclient.agent_running import Running
from cmclient.errands import agent_settings
from cmclient.errors import ConfigError, StoreError
from cmclient.model.agent import AgentStatus, Errand
from cmclient.model.decision import Candidate, Origin, SourceKind
from cmclient.model.directory import PublishedSite
from cmclient.model.endpoints import Audience, InternetAddress, Locality, Protocols
from cmclient.model.facts import DomainController, NetworkLocation
from cmclient.model.lease import LeasePhase
from cmclient.model.names import GatewayPath, HostName
from cmclient.model.stored import StoredLease
from cmclient.model.wake import Wake
from cmclient.protocol.capabilities import OperationalSettings, build_operational_settings
from cmclient.protocol.directory_entries import management_point_entry, site_entry
from cmclient.protocol.mplist import build_mp_list
from cmclient.racing import CancelSignal

DAY = 24 * HOUR
YEAR = timedelta(days=366)
QUIET = {"agent_probe_interval": 0}
QUERIES = ("MPLIST", "MPLIST1&ABC")
AT_HOME = DomainController(DC1, "127.0.0.1", CORP, CORP)


def quiet(world: AgentWorld, **settings: object) -> AgentWorld:
    """No checks between the cycles."""
    world.configured = world.settings(**QUIET, **settings)
    return world


# --- cycles ------------------------------------------------------------------------------------------------------


@pytest.mark.rule("ML-003")
def test_start__locates_at_once_and_says_so() -> None:
    world = AgentWorld(MP1, MP2)
    agent = world.run(hours=0.1)
    assert world.located_at() == [0.0]
    assert agent.lease.phase is LeasePhase.HELD
    status = world.store.load_agent_status()
    assert status is not None
    assert (status.pid, status.process_start, status.stopped) == (77, "boot/1", True)
    assert (status.endpoint, status.assigned_site) == (agent.lease.endpoint, ABC)
    assert status.network_location is NetworkLocation.INTRANET
    assert status.located_at == status.answered_at == status.started == "2026-11-21T12:16:40+00:00"


@pytest.mark.rule("ML-001", "ST-010")
def test_cycles__a_refresh_every_24_hours_and_a_location_request_every_25_exactly() -> None:
    world = quiet(AgentWorld(MP1, MP2))
    world.run(hours=101)
    assert [at / HOUR for at in world.located_at()] == [0, 24, 25, 48, 50, 72, 75, 96, 100]


@pytest.mark.rule("ML-001", "ST-010")
def test_cycles__begin_later_by_chance_and_never_earlier() -> None:
    seen = set()
    for seed in range(8):
        world = quiet(AgentWorld(MP1, MP2), agent_spread=600)
        world.run(hours=26, seed=seed)
        start, refresh, location = world.located_at()
        assert start == 0.0
        assert DAY <= refresh < DAY + 600
        assert 25 * HOUR <= location < 25 * HOUR + 600
        seen.add((refresh, location))
    assert len(seen) == 8, "agents that were started together do not ask together"


def test_wait__is_exactly_until_the_next_thing_and_there_are_no_others() -> None:
    world = quiet(AgentWorld(MP1, MP2))
    agent = world.run(hours=51)
    assert world.waiter.waits == [
        *((1000.0, DAY), (1000.0 + DAY, HOUR), (1000.0 + 25 * HOUR, 23 * HOUR)),
        *((1000.0 + 48 * HOUR, 2 * HOUR), (1000.0 + 50 * HOUR, 22 * HOUR)),
    ]
    assert agent.next_due() == 1000.0 + 72 * HOUR


@pytest.mark.rule("ML-002")
def test_network_change__locates_at_once() -> None:
    world = quiet(AgentWorld(MP1, MP2))
    world.run((3 * HOUR, Wake.NETWORK), hours=27)
    assert [at / HOUR for at in world.located_at()] == [0, 3, 24]


@pytest.mark.rule("ML-002")
def test_network_that_comes_and_goes__makes_no_flood() -> None:
    world = quiet(AgentWorld(MP1, MP2))
    world.run(*((10.0 * number, Wake.NETWORK) for number in range(1, 361)), hours=1)
    assert 10 <= len(world.located_at()) <= 18


@pytest.mark.rule("ML-004")
def test_service_that_is_needed__locates_at_once_and_makes_no_flood() -> None:
    world = quiet(AgentWorld(MP1, MP2))
    world.run(*((7200.0 + number, world.needs_service) for number in range(1000)), hours=3)
    assert world.located_at()[:2] == [0.0, 7200.0]
    assert len(world.located_at()) <= 1 + 18


def test_service_that_nobody_needs__is_not_located() -> None:
    world = quiet(AgentWorld(MP1, MP2))
    world.run(hours=3)
    assert world.located_at() == [0.0]


def test_suspend__one_late_cycle_and_no_more() -> None:
    world = quiet(AgentWorld(MP1, MP2))

    def sleep() -> None:
        world.clock.seconds += 3 * DAY

    world.run((HOUR, sleep), hours=3 * 24 + 2)
    assert [at / HOUR for at in world.located_at()] == [0, 73]


@pytest.mark.parametrize("step", [YEAR, -YEAR])
def test_wall_clock_that_is_set__changes_records_and_nothing_else(step: timedelta) -> None:
    world, untouched = AgentWorld(MP1, MP2), AgentWorld(MP1, MP2)
    world.run((HOUR / 2, lambda: setattr(world.clock, "set_by", step)), hours=60)
    untouched.run(hours=60)
    assert world.requests == untouched.requests
    assert world.told == untouched.told
    changed, usual = world.store.load_agent_status(), untouched.store.load_agent_status()
    assert changed is not None
    assert usual is not None
    assert datetime.fromisoformat(changed.located_at) - datetime.fromisoformat(usual.located_at) == step
    assert changed.started == usual.started


# --- a lease that was kept ----------------------------------------------------------------------------------------


@pytest.mark.rule("ML-003", "ST-010")
def test_restart__keeps_the_management_point_and_begins_both_cycles() -> None:
    world = quiet(AgentWorld(MP1, MP2))
    before = world.run(hours=3).lease
    since = world.store.load_agent_status().held_since
    world.told.clear()
    world.clock.seconds += 600
    other = next(point for point in (MP1, MP2) if point.host != before.endpoint.host)
    world.configured = world.settings(**QUIET, management_points=other.host)
    world.store.replace_mp_list(())
    after = world.run(hours=30, seed=5)
    assert world.told_of("rotated") == []
    assert after.lease.endpoint == before.endpoint
    assert [at / HOUR for at in world.located_at()] == pytest.approx([3 + 1 / 6, 27 + 1 / 6, 28 + 1 / 6])
    assert world.store.load_agent_status().held_since == since


@pytest.mark.parametrize("step", [YEAR, -YEAR])
def test_restart__after_the_wall_clock_was_set__keeps_the_management_point(step: timedelta) -> None:
    world = quiet(AgentWorld(MP1, MP2))
    before = world.run(hours=3).lease
    world.clock.seconds, world.clock.set_by = 5.0, step
    after = world.run(hours=1, seed=5)
    assert after.lease.endpoint == before.endpoint
    assert len(world.located_at()) == 2


def test_lease__is_stored_after_each_change() -> None:
    world = AgentWorld(MP1, MP2)
    seen = []
    world.run((HOUR / 2, lambda: seen.append(world.store.load_lease())), hours=1)
    assert seen[0].lease.phase is LeasePhase.HELD
    assert seen[0].saved_at == datetime.fromisoformat("2026-11-21T12:16:40+00:00")


# --- the management point in use ----------------------------------------------------------------------------------


def held_first(world: AgentWorld) -> tuple[object, object]:
    """The one in use, and the other one."""
    used = world.run(hours=0.01).lease.endpoint
    world.told.clear()
    return (MP1, MP2) if used.host == MP1.host else (MP2, MP1)


def test_check__once_an_hour_a_little_later_by_chance() -> None:
    world = AgentWorld(MP1, MP2)
    world.run(hours=12)
    times = [at for at, _, path in world.requests if path.endswith("?MPLIST")]
    gaps = [after - before for before, after in pairwise(times)]
    assert all(HOUR <= gap < 1.1 * HOUR for gap in gaps)
    assert len(set(gaps)) > 5


def test_check__at_once_when_another_one_answered_the_location_request() -> None:
    world = AgentWorld(MP1, MP2)
    world.configured = world.settings(agent_probe_interval=DAY)
    agent = world.run(*((at * HOUR, world.needs_service) for at in range(1, 13)), hours=13)
    used = agent.lease.endpoint.host
    asked = {at: [host for when, host, _ in world.requests if when == at] for at in range(3600, 12 * 3600 + 1, 3600)}
    assert {hosts[0] for hosts in asked.values()} == {MP1.host, MP2.host}, "each run draws anew who is asked first"
    assert all(hosts[-1] == used for hosts in asked.values())
    assert world.told_of("rotated") == [], "it is kept, whoever answers first"


def test_check__is_off_when_the_setting_says_so() -> None:
    world = quiet(AgentWorld(MP1, MP2))
    world.run(hours=12)
    assert {at for at, _, _ in world.requests} == {0.0}


@pytest.mark.rule("ST-002")
@pytest.mark.parametrize("seed", range(5))
def test_rotation__after_five_failures_within_ten_minutes(seed: int) -> None:
    world = AgentWorld(MP1, MP2)
    used, other = held_first(world)
    world.slowness = 60.0  # as long as a request may take
    world.run((2 * HOUR, lambda: world.goes_down(used)), hours=6, seed=seed)
    failed = [at for at, host, _ in world.requests if host == used.host and at > 2 * HOUR]
    assert len(failed) == 5
    assert failed[-1] - failed[0] <= 600
    assert world.told_of("rotated") == [f"{used.host} {other.host} ST-002"]
    assert world.told_of("unmanaged") == []
    rotated = next(at for at, what, _ in world.told if what == "rotated")
    assert (rotated, other.host, "/SMS_MP/.sms_aut?MPLIST") in world.requests, "the new one is asked at once"


@pytest.mark.rule("ST-006")
def test_rotation__not_after_five_failures_in_eleven_minutes() -> None:
    world = AgentWorld(MP1, MP2)
    used, _ = held_first(world)
    world.slowness = 165.0  # no five failures within ten minutes, although they never end
    agent = world.run((2 * HOUR, lambda: world.goes_down(used)), hours=6)
    failed = [at for at, host, _ in world.requests if host == used.host and at > 2 * HOUR]
    assert len(failed) > 20
    assert agent.lease.endpoint.host == used.host
    assert world.told_of("rotated") == []


@pytest.mark.rule("ST-007")
def test_failures__are_forgotten_after_an_answer() -> None:
    world = AgentWorld(MP1, MP2)
    used, _ = held_first(world)
    world.slowness = 60.0
    happenings = [
        (at * HOUR + part, act)
        for at in range(2, 8)
        for part, act in ((0.0, lambda: world.goes_down(used)), (HOUR / 30, lambda: world.comes_back(used)))
    ]
    world.run(*happenings, hours=9)
    assert world.told_of("rotated") == []


@pytest.mark.rule("ST-009", "ST-010")
def test_return__to_the_current_boundary_group_at_the_next_refresh_and_not_before() -> None:
    near, far = MP1._replace(locality=Locality.CURRENT_GROUP), MP2._replace(locality=Locality.NEIGHBOUR_GROUP)
    world = AgentWorld(near, far)
    world.store.replace_mp_list(Candidate(one, (Origin(SourceKind.STORED_LIST, "before"),)) for one in (near, far))
    down, up = (2 * HOUR, lambda: world.goes_down(near)), (6 * HOUR, lambda: world.comes_back(near, listed=[near, far]))
    world.run(down, up, hours=30)
    rotated = [(at, detail) for at, what, detail in world.told if what == "rotated"]
    assert [detail for _, detail in rotated] == [
        f"{near.host} {far.host} ST-002",
        f"{far.host} {near.host} ST-009",
    ]
    assert rotated[0][0] < 5 * HOUR, "it left, and the other one was back an hour later"
    assert rotated[1][0] == DAY


def test_all_of_them_down__is_told_once_and_so_is_the_return() -> None:
    world = AgentWorld(MP1, MP2)
    happenings = [(2 * HOUR, lambda: world.goes_down(MP1, MP2)), (10 * HOUR, lambda: world.comes_back(MP1, MP2))]
    agent = world.run(*happenings, hours=12)
    assert len(world.told_of("unmanaged")) == 1
    told = next(at for at, what, _ in world.told if what == "unmanaged")
    assert 2 * HOUR < told < 3.5 * HOUR
    back = [at for at in world.located_at() if at > told]
    assert 10 * HOUR <= back[0] <= 10.6 * HOUR
    assert agent.lease.phase is LeasePhase.HELD


@pytest.mark.parametrize("seed", range(5))
def test_nobody_there__is_asked_again_less_and_less_and_at_least_every_half_hour(seed: int) -> None:
    world = AgentWorld()
    agent = world.run(hours=24, seed=seed)
    assert agent.error is not None
    tries = sorted({at for at, host, _ in world.requests if host == MP1.host})
    gaps = [after - before for before, after in pairwise(tries)]
    assert all(600 <= gap <= 1800 for gap in gaps)
    assert gaps[0] <= 660
    assert max(gaps) > 900
    assert world.told_of("unmanaged") == ["no eligible management point answered (of 2)"], "they are known, and silent"
    assert agent.status.phase is LeasePhase.GIVEN_UP


# --- where it is --------------------------------------------------------------------------------------------------

CMG = MP1._replace(host=HostName("cmg.example.test"), protocols=Protocols.HTTPS, audience=Audience.INTERNET)


def abroad() -> AgentWorld:
    """A client on the internet that knows a management point for it."""
    world = quiet(AgentWorld(CMG, MP1), management_points="", internet_mp=CMG.host, use_pki_cert=True)
    world.certificate = CERTIFICATE
    world.controller = None
    world.answers["https://cmg.example.test/SMS_MP/.sms_aut?MPLIST2&ABC"] = build_mp_list([CMG])
    world.entries["mssmsmanagementpoint"] = [management_point_entry(MP1, domain=CORP)]
    return world


@pytest.mark.rule("NET-005")
@pytest.mark.parametrize("comes_home", [True, False])
@pytest.mark.parametrize("cycle", [24, 25])
def test_running_out_of_candidates__the_network_is_looked_at_again(cycle: int, comes_home: bool) -> None:  # noqa: FBT001
    """It comes home in the middle of a cycle, and nothing tells it that the network changed."""
    world = abroad()

    def fails() -> int:
        if comes_home:
            world.controller = AT_HOME
        return 500

    url = "https://cmg.example.test/SMS_MP/.sms_aut?MPLIST2&ABC"
    happening = ((cycle - 0.5) * HOUR, lambda: world.answers.update({url: fails}))
    agent = world.run(happening, hours=cycle + 0.05)
    at = cycle * HOUR
    told = [one for one in world.told if one[0] >= at]
    assert world.told[0] == (0.0, "located", CMG.host)
    assert told[0][:2] == (at, "unmanaged")
    if comes_home:
        assert told[1:] == [(at, "rotated", f"{CMG.host} {MP1.host} ST-005"), (at, "located", MP1.host)]
        assert agent.status.network_location is NetworkLocation.INTRANET
    else:
        assert told[1:] == []
        assert agent.status.network_location is not NetworkLocation.INTRANET


def test_check__on_the_internet_asks_for_the_list_of_the_internet() -> None:
    world = abroad()
    world.configured = world.settings(management_points="", internet_mp=CMG.host, use_pki_cert=True)
    world.answers["https://cmg.example.test/SMS_MP/.sms_aut?MPLIST2"] = build_mp_list([CMG])
    agent = world.run(hours=3)
    assert {path for at, _, path in world.requests if at > 0} == {"/SMS_MP/.sms_aut?MPLIST2"}
    assert agent.lease.phase is LeasePhase.HELD


GATEWAY = InternetAddress(HostName("gw.example.net"), GatewayPath("/CCM_Proxy_MutualAuth/72057594037937937"))


@pytest.mark.rule("CG-010", "CG-009")
@pytest.mark.parametrize(
    ("hour", "why"),
    [
        pytest.param(0, None, id="at start"),
        pytest.param(2, Wake.NETWORK, id="network change"),
        pytest.param(25, None, id="refresh"),
    ],
)
def test_list_of_gateways__is_read_anew_by_each_search(hour: int, why: Wake | None) -> None:
    """The client leaves, and only just before did somebody fill its list, which was empty when it started."""
    world = quiet(AgentWorld(MP1), management_points="https://mp1.corp.test", use_pki_cert=True)
    world.certificate, world.controller = CERTIFICATE, None

    def leave() -> None:
        world.facts = JOINED._replace(fallback_gateways=(GATEWAY,), origins={"fallback_gateways": "registry"})
        listed = CMG._replace(host=GATEWAY.host, gateway=GATEWAY.gateway)
        world.answers.clear()
        world.points = [listed]
        world.answers[f"https://{GATEWAY}/SMS_MP/.sms_aut?MPLIST2&ABC"] = build_mp_list([listed])

    at = hour * HOUR
    if hour == 0:
        leave()
    happenings: list[tuple[float, Any]] = [(at - 1.0, leave)] if hour else []
    happenings += [] if why is None else [(at, why)]
    agent = world.run(*happenings, hours=hour + 0.1)
    first = next((when for when, host, _ in world.requests if host == GATEWAY.host), None)
    assert first is not None
    assert at <= first <= at + 60
    assert agent.lease.endpoint is not None
    assert agent.lease.endpoint.gateway == GATEWAY.gateway
    assert agent.status.network_location is NetworkLocation.INTERNET


@pytest.mark.rule("AD-022")
@pytest.mark.parametrize("reads_directory", [True, False])
def test_request_ports_that_changed__are_picked_up_from_the_directory(reads_directory: bool) -> None:  # noqa: FBT001
    world = quiet(AgentWorld(MP1))

    def change() -> None:
        settings = build_operational_settings(OperationalSettings(http_port=8080))
        if reads_directory:
            entry = management_point_entry(MP1, domain=CORP, capabilities=settings)
            world.entries["mssmsmanagementpoint"] = [entry]
        old = world.answers["http://mp1.corp.test/SMS_MP/.sms_aut?MPLIST"]
        world.answers = {f"http://mp1.corp.test:8080/SMS_MP/.sms_aut?{query}": old for query in QUERIES}

    agent = world.run((HOUR, change), (2 * HOUR, Wake.NETWORK), hours=2.1)
    if reads_directory:
        assert world.located_at() == [0.0, 2 * HOUR]
        assert str(agent.lease.endpoint) == "http://mp1.corp.test:8080"
    else:
        assert world.located_at() == [0.0]


# --- the site -----------------------------------------------------------------------------------------------------


def unassigned() -> AgentWorld:
    world = quiet(AgentWorld(MP1), site_code="AUTO")
    world.entries["mssmsmanagementpoint"] = [management_point_entry(MP1, domain=CORP)]
    return world


def publish_boundary(world: AgentWorld, ad_site: str) -> None:
    world.entries["mssmssite"] = [site_entry(PublishedSite(ABC, boundaries=(ad_site,)), domain=CORP)]


@pytest.mark.rule("SA-008")
def test_unassigned__looks_for_its_site_every_ten_minutes_until_it_has_one() -> None:
    world = unassigned()
    world.in_site("Berlin")
    publish_boundary(world, "Paris")
    tries = []
    world.manager.status = lambda text: tries.append(world.since()) if "now: assign" in text else None
    agent = world.run((3 * HOUR + 1, lambda: publish_boundary(world, "Berlin")), hours=6)
    assert tries == [600.0 * number for number in range(20)], "and no more once it has one"
    assert agent.status.assigned_site == ABC
    assert world.located_at()[-1] == 600.0 * 19, "located anew, as a client of that site"


@pytest.mark.rule("SA-008")
def test_assigned__looks_for_no_site() -> None:
    world = unassigned()
    world.in_site("Berlin")
    publish_boundary(world, "Berlin")
    world.run(hours=6)
    assert world.located_at() == [0.0]
    assert not [line for line in world.manager.told if "now: assign" in line]


# --- what is asked of it ------------------------------------------------------------------------------------------


def test_settings__that_changed_locate_anew_and_those_that_did_not_do_nothing() -> None:
    world = quiet(AgentWorld(MP1, MP2))
    other = world.settings(**QUIET, site_code="ABC", management_points="mp2.corp.test", client_build=9106)
    given = [world.configured, other]
    happenings = [(at * HOUR, world.reload) for at in (1, 2)]
    world.run(*happenings, hours=3, reopen=lambda: world.errands(given.pop(0)))
    assert world.located_at() == [0.0, 2 * HOUR]
    assert world.running.status.last_error == ""


def test_settings__that_are_wrong_change_nothing_and_are_told() -> None:
    world = quiet(AgentWorld(MP1, MP2))

    def refuse() -> None:
        raise ConfigError(("site_code (file): 'ABCD' is none",))

    world.run((HOUR, world.reload), hours=3, reopen=refuse)
    assert world.located_at() == [0.0]
    assert "ABCD" in world.running.status.last_error
    assert world.running.status.last_error_at == "2026-11-21T13:16:40+00:00"


def test_settings__that_cannot_be_read_again_are_said_to_be() -> None:
    world = quiet(AgentWorld(MP1))
    world.run((HOUR, world.reload), hours=2)
    assert "cannot be read again" in world.running.status.last_error


@pytest.mark.rule("ML-011")
def test_patience__is_the_longer_one_of_the_catalogue_unless_it_was_set() -> None:
    usual, given = agent_settings(config()), agent_settings(config(connect_timeout=5, deadline=20))
    names = ("connect_timeout", "attempt_timeout", "directory_timeout", "deadline")
    assert [getattr(usual, name) for name in names] == [30.0, 60.0, 30.0, 300.0]
    assert [getattr(given, name) for name in names] == [5.0, 60.0, 30.0, 20.0]
    assert usual.origins["deadline"] == "default of the agent"
    assert given.origins["deadline"] == "program"


def test_callback__that_raises_is_logged_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    world = AgentWorld(MP1, MP2)

    def breaks(*_: object) -> None:
        raise KeyError("an embedder's mistake")

    agent = world.run((2 * HOUR, lambda: world.goes_down(MP1, MP2)), hours=30, callbacks=AgentCallbacks(*[breaks] * 3))
    assert agent.lease.phase is LeasePhase.GIVEN_UP
    failed = [record for record in caplog.records if record.__dict__.get("event") == "agent.callback"]
    assert len(failed) >= 3
    assert all(record.levelno == logging.ERROR and record.exc_info for record in failed)


class Deferred:
    """Starts work when the test says so."""

    def __init__(self) -> None:
        self.work = []

    def __call__(self, work: object) -> None:
        self.work.append(work)

    def go_on(self) -> None:
        self.work.pop(0)()


def test_network_change__in_the_middle_of_a_location_request_begins_a_new_one() -> None:
    world, later = quiet(AgentWorld(MP1, MP2)), Deferred()
    happenings = [(10.0, Wake.NETWORK), (20.0, later.go_on), (30.0, later.go_on)]
    agent = world.run(*happenings, hours=1, start=later)
    assert world.located_at() == [30.0], "what was under way is not looked at"
    assert [at for at, _, _ in world.requests if at < 30.0] == [], "and was broken off"
    assert agent.lease.phase is LeasePhase.HELD


def test_settings_read_again__in_the_middle_of_a_location_request_does_not_lose_it() -> None:
    world, later = quiet(AgentWorld(MP1, MP2)), Deferred()
    happenings = [(10.0, world.reload), (20.0, later.go_on), (30.0, later.go_on)]
    agent = world.run(*happenings, hours=1, start=later, reopen=lambda: world.errands(world.configured))
    assert world.located_at() == [30.0]
    assert agent.lease.location.pending is False


@pytest.mark.parametrize("errand", Errand)
def test_errand_that_is_broken_off__is_wanted_again(errand: Errand) -> None:
    """Settings that are read again in the middle of it must not lose it; a check comes by itself."""
    agent = AgentWorld(MP1).agent(hours=1)
    agent._want_again(Running(errand, 1, CancelSignal(), 5.0, frozenset()))
    wanted = {Errand.LOCATE: agent._wants_location, Errand.GATHER: agent._keeper.wants_network}
    wanted[Errand.ASSIGN] = agent._site.at == 5.0
    assert wanted == {one: one is errand for one in wanted}


def test_errand_under_way__is_said_and_nothing_else_begins() -> None:
    world, later = quiet(AgentWorld(MP1, MP2)), Deferred()
    seen = []
    agent = world.agent((10.0, lambda: seen.append(world.store.load_agent_status())), hours=30, start=later)
    agent.run()
    assert seen[0].doing is Errand.LOCATE
    assert seen[0].upcoming is None
    assert len(later.work) == 1
    assert agent.next_due() is None
    assert world.store.load_agent_status().stopped


def test_stop__in_the_middle_of_a_location_request_breaks_it_off() -> None:
    world, later = quiet(AgentWorld(MP1, MP2)), Deferred()
    agent = world.agent((10.0, lambda: world.running.stop()), hours=1, start=later)  # noqa: PLW0108 - made just now
    agent.run()
    later.go_on()
    assert world.requests == []


# --- what it says of itself ---------------------------------------------------------------------------------------


def test_status__says_what_comes_next_and_when() -> None:
    world = quiet(AgentWorld(MP1, MP2))
    seen: list[AgentStatus] = []
    world.run((HOUR, lambda: seen.append(world.store.load_agent_status())), hours=2)
    (status,) = seen
    assert status.upcoming is not None
    assert (status.upcoming.errand, status.upcoming.at) == (Errand.LOCATE, "2026-11-22T12:16:40+00:00")
    assert "24 hours" in status.upcoming.why
    assert (status.doing, status.stopped) == (None, False)


def test_service_manager__is_told_when_it_is_ready_what_it_does_and_that_it_stops() -> None:
    world = AgentWorld(MP1)
    world.run(hours=0.5)
    assert world.manager.told[0] == "no management point; now: locate"
    assert world.manager.told.index("ready") < len(world.manager.told) - 2
    assert "http://mp1.corp.test (held); next: probe at 2026-11-21T13:" in world.manager.told[2]
    assert world.manager.told[-2:] == ["stopping", "http://mp1.corp.test (held); stopped"]
    assert "alive" not in world.manager.told


def test_service_manager__is_told_that_it_is_ready_when_nobody_was_found_too() -> None:
    world = AgentWorld()
    world.run(hours=0.1)
    assert "ready" in world.manager.told


def test_watchdog__is_told_in_time_that_it_lives() -> None:
    world = quiet(AgentWorld(MP1))
    world.manager = Manager(watchdog_seconds=60.0)
    world.run(hours=1)
    assert all(seconds is not None and seconds <= 30.0 for _, seconds in world.waiter.waits)
    assert world.manager.told.count("alive") >= len(world.waiter.waits) >= 120


def test_watchdog__is_not_told_so_once_an_errand_never_ends() -> None:
    world = quiet(AgentWorld(MP1))
    world.manager = Manager(watchdog_seconds=60.0)
    world.run(hours=1, start=Deferred())
    alive = world.manager.told.count("alive")
    assert 300 <= alive * 30.0 <= 400, "as long as an errand may take, and a little"


class BrokenStore(MemoryStore):
    """Takes no lease and no status."""

    def save_lease(self, stored: StoredLease) -> None:
        raise StoreError("the disk is full")

    def save_agent_status(self, status: AgentStatus) -> None:
        raise StoreError("the disk is full")


def test_store_that_fails__does_not_end_it() -> None:
    world = AgentWorld(MP1, MP2)
    world.store = BrokenStore()
    agent = world.run(hours=30)
    assert agent.lease.phase is LeasePhase.HELD
    assert agent.status.last_error == "the disk is full"
    assert len(world.located_at()) == 3


# --- once ---------------------------------------------------------------------------------------------------------


def run_once(world: AgentWorld) -> tuple[LeasePhase, int]:
    """How the lease stands, and how many requests were made."""
    before = len(world.requests)
    agent = world.agent(hours=1)
    agent.run_once()
    return agent.lease.phase, len(world.requests) - before


def test_once__does_what_is_due_checks_and_ends() -> None:
    world = AgentWorld(MP1, MP2)
    assert run_once(world) == (LeasePhase.HELD, 3), "a list, the root key, the list of the site"
    world.clock.seconds += HOUR
    assert run_once(world) == (LeasePhase.HELD, 1), "nothing is due: one check"
    world.clock.seconds += 23 * HOUR
    phase, count = run_once(world)
    assert phase is LeasePhase.HELD
    assert count >= 2, "a refresh"
    assert [at / HOUR for at in world.located_at()] == [0, 24]


def test_once__without_anybody_there_says_why() -> None:
    world = AgentWorld()
    agent = world.agent(hours=1)
    agent.run_once()
    assert agent.error is not None
    assert agent.error.code == "no-reachable-management-point"
    assert world.waiter.waits == [], "it does not wait to try again"


def test_once__after_one_that_found_nobody__locates_at_once_and_says_what_came_of_it() -> None:
    """Somebody mended what was wrong, or a timer started it again: no ten minutes of silence between."""
    world = quiet(AgentWorld(), management_points="", site_code="ABC")
    first = world.agent(hours=1)
    first.run_once()
    assert first.error is not None
    world.clock.seconds += 1.0
    second = world.agent(hours=1)
    second.run_once()
    assert second.error is not None, "a code other than 0 has its reason"
    world.comes_back(MP1)
    world.entries["mssmsmanagementpoint"] = [management_point_entry(MP1, domain=CORP)]
    world.clock.seconds += 1.0
    third = world.agent(hours=1)
    third.run_once()
    assert (third.error, third.lease.phase) == (None, LeasePhase.HELD)


def test_once__after_one_that_gave_all_of_them_up__asks_again_at_once() -> None:
    world = AgentWorld(MP1, MP2)
    run_once(world)
    world.goes_down(MP1, MP2)
    world.clock.seconds += 25 * HOUR
    assert run_once(world)[0] is LeasePhase.GIVEN_UP
    world.clock.seconds += 1.0
    phase, count = run_once(world)
    assert phase is LeasePhase.GIVEN_UP
    assert count > 0, "nobody is called dead who was not asked"
    world.comes_back(MP1, MP2)
    world.clock.seconds += 1.0
    assert run_once(world)[0] is LeasePhase.HELD
