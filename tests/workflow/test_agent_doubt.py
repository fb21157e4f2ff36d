"""An agent that is in doubt about its management point: checks that are off, one run for a timer, others' messages."""

from itertools import pairwise

import pytest
from agentworld import HOUR, MP1, MP2, MP3, AgentWorld

from cmclient.agent import Agent
from cmclient.cli.agent import _code_of_once
from cmclient.cli.codes import DONE, NONE_REACHABLE
from cmclient.errors import HttpStatusError
from cmclient.model.agent import PurposeServer
from cmclient.model.decision import Purpose
from cmclient.model.endpoints import Endpoint, ManagementPoint, Scheme
from cmclient.model.facts import NetworkLocation
from cmclient.model.http import Deadline
from cmclient.model.lease import Lease, LeasePhase
from cmclient.model.mplist import MpListQuery
from cmclient.model.served import Failed, FailureKind, Succeeded
from cmclient.model.stored import StoredLease
from cmclient.mpclient import ManagementPointClient

LIST = MpListQuery.MPLIST
OFF = {"agent_probe_interval": 0}


def at(point: ManagementPoint) -> Endpoint:
    return Endpoint(Scheme.HTTP, point.host, 80)


def held(world: AgentWorld, point: ManagementPoint) -> None:
    """The agent of before has this one, whatever chance said."""
    lease = world.run(hours=0.01).lease
    kept: Lease = lease._replace(endpoint=at(point))
    world.store.save_lease(StoredLease(kept, world.clock.now()))
    world.told.clear()
    world.requests.clear()
    world.began = world.clock.seconds


def checks_of(world: AgentWorld, point: ManagementPoint) -> list[float]:
    return [when for when, host, path in world.requests if host == point.host and path.endswith("?MPLIST")]


# --- checks that are off ------------------------------------------------------------------------------------------


@pytest.mark.rule("ST-002")
@pytest.mark.parametrize("seed", range(6))
def test_checks_off__one_that_others_answer_for_is_left_all_the_same(seed: int) -> None:
    """It dies between two cycles; the next location request may be answered without asking it."""
    world = AgentWorld(MP1, MP2)
    held(world, MP1)
    world.configured = world.settings(**OFF)
    world.run((2 * HOUR, lambda: world.goes_down(MP1)), hours=25, seed=seed)
    assert world.told_of("rotated") == [f"{MP1.host} {MP2.host} ST-002"]
    rotated = next(when for when, what, _ in world.told if what == "rotated")
    assert 24 * HOUR <= rotated <= 24 * HOUR + 600, "at the next cycle, and within the ten minutes of the rule"


def test_checks_off__one_that_works_is_asked_in_doubt_only() -> None:
    world = AgentWorld(MP1, MP2)
    held(world, MP1)
    world.configured = world.settings(**OFF)
    world.run(hours=60)
    cycles = set(world.located_at())
    assert {when for when, _, _ in world.requests} == cycles
    assert all(checks_of(world, MP1).count(when) <= 1 for when in cycles)
    assert world.told_of("rotated") == []


# --- one run for a timer ------------------------------------------------------------------------------------------


def run_once(world: AgentWorld, *, hours: float = 1.0) -> Agent:
    agent = world.agent(hours=hours)
    agent.run_once()
    return agent


@pytest.mark.rule("ST-002")
@pytest.mark.parametrize("settings", [OFF, {}], ids=["checks off", "checks on"])
def test_once__leaves_one_that_is_dead_and_ends_with_one_that_answered(settings: dict[str, object]) -> None:
    """Run every hour, five failures within ten minutes would never come together otherwise."""
    world = AgentWorld(MP1, MP2)
    held(world, MP1)
    world.goes_down(MP1)
    world.configured = world.settings(**settings)
    began = world.since()
    agent = run_once(world)
    assert (agent.lease.endpoint, agent.lease.phase, agent.lease.failures) == (at(MP2), LeasePhase.HELD, ())
    asked = [path for _, host, path in world.requests if host == MP1.host]
    assert len(asked) == 5, "once by a location request, for its key, and four times by checks"
    assert checks_of(world, MP2)[-1] == world.since(), "what it ends with answered it, just now"
    assert world.told_of("located") == [MP2.host], "what else there is, is found out once"
    assert 4.0 <= world.since() - began <= 30.0, "somebody waits; but not five times at once"
    assert world.told_of("rotated") == [f"{MP1.host} {MP2.host} ST-002"]


def test_once__of_whose_candidates_nobody_is_left_asks_the_other_sources() -> None:
    world = AgentWorld(MP1, MP2)
    held(world, MP1)
    world.goes_down(MP1, MP2)
    world.comes_back(MP3, listed=[MP3])
    world.configured = world.settings(management_points=MP3.host)
    began = world.since()
    agent = run_once(world)
    assert (agent.lease.endpoint, agent.lease.phase) == (at(MP3), LeasePhase.HELD)
    assert world.since() - began < 60.0


@pytest.mark.parametrize("seed", range(4))
def test_once__follows_what_its_own_location_request_saw(seed: int) -> None:
    world = AgentWorld(MP1, MP2)
    held(world, MP1)
    world.goes_down(MP1)
    world.clock.seconds += 26 * HOUR
    agent = world.agent(hours=1, seed=seed)
    agent.run_once()
    assert (agent.lease.endpoint, agent.lease.phase) == (at(MP2), LeasePhase.HELD)
    assert world.told_of("located") == [MP2.host]


def test_once__stays_with_one_that_stumbled() -> None:
    world = AgentWorld(MP1, MP2)
    held(world, MP1)
    world.goes_down(MP1)
    agent = world.agent((3.0, lambda: world.comes_back(MP1, listed=[MP1, MP2])), hours=1)
    agent.run_once()
    assert (agent.lease.endpoint, agent.lease.phase, agent.lease.failures) == (at(MP1), LeasePhase.HELD, ())
    assert world.told_of("rotated") == []


def test_once__ends_when_all_were_given_up() -> None:
    world = AgentWorld(MP1, MP2, MP3)
    held(world, MP1)
    world.goes_down(MP1, MP2, MP3)
    agent = run_once(world)
    assert agent.lease.phase is LeasePhase.GIVEN_UP
    assert len(world.told_of("unmanaged")) == 1
    assert len(world.requests) < 30


def test_once__ends_after_ten_minutes_whatever_is_still_in_doubt() -> None:
    world = AgentWorld(MP1, MP2)
    held(world, MP1)
    world.goes_down(MP1)
    world.slowness = 165.0  # five failures never fall within ten minutes
    began = world.since()
    agent = run_once(world)
    assert (agent.lease.endpoint, agent.lease.phase) == (at(MP1), LeasePhase.HELD)
    assert len(agent.lease.failures) > 0
    assert 600 <= world.since() - began <= 600 + 165 + 10


def test_once__knows_from_the_run_before_where_the_client_is() -> None:
    """On the internet another list is asked for."""
    world = AgentWorld(MP1, MP2)
    held(world, MP1)
    assert run_once(world).status.network_location is NetworkLocation.INTRANET
    assert len(world.requests) == 1, "nothing was located anew"


# --- a server that is busy ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [OFF, {}], ids=["checks off", "checks on"])
def test_check__waits_as_long_as_a_busy_server_wants(settings: dict[str, object]) -> None:
    world = AgentWorld(MP1, MP2)
    held(world, MP1)
    world.configured = world.settings(**settings)
    busy = HttpStatusError("busy", status=503, retry_after=110.0)
    world.answers.update({url: busy for url in world.answers if MP1.host in url})
    world.run(hours=0.15)
    checks = checks_of(world, MP1)
    assert len(checks) >= 3
    assert all(after - before >= 110.0 for before, after in pairwise(checks))
    assert checks[2] - checks[1] < 130.0


# --- what others meet ---------------------------------------------------------------------------------------------


def failed(point: ManagementPoint, run: int) -> Failed:
    return Failed(at(point), FailureKind.CONNECTION, run)


@pytest.mark.rule("ST-002")
def test_messages_of_an_embedder__that_fail_five_times_give_it_up() -> None:
    world = AgentWorld(MP1, MP2)
    held(world, MP1)
    world.configured = world.settings(**OFF)
    agent = world.agent(*((HOUR + number, lambda: hear(failed(MP1, 3))) for number in range(5)), hours=2)
    hear = agent.listener()
    agent.run()
    assert [(when, detail) for when, what, detail in world.told if what == "rotated"] == [
        (HOUR + 4, f"{MP1.host} {MP2.host} ST-002")
    ]


@pytest.mark.rule("ST-007")
def test_messages_of_an_embedder__one_that_is_answered_clears_the_failures() -> None:
    world = AgentWorld(MP1, MP2)
    held(world, MP1)
    world.configured = world.settings(agent_probe_interval=24 * HOUR)
    seen: list[int] = []
    agent = world.agent(
        *((HOUR + number, lambda: hear(failed(MP1, 3))) for number in range(4)),
        (HOUR + 4, lambda: seen.append(len(agent.lease.failures))),
        (HOUR + 4.5, lambda: hear(Succeeded(at(MP1)))),
        (HOUR + 5, lambda: seen.append(len(agent.lease.failures))),
        (HOUR + 6, lambda: hear(failed(MP1, 4))),
        hours=1.1,
    )
    hear = agent.listener()
    agent.run()
    assert seen == [4, 0]
    assert world.told_of("rotated") == []


def test_runs_of_two_clients__are_not_taken_for_one() -> None:
    """One run that tried all of them in vain gives all up; two runs of the same number do not."""
    world = AgentWorld(MP1, MP2)
    held(world, MP1)
    world.configured = world.settings(agent_probe_interval=24 * HOUR)
    agent = world.agent(
        (HOUR / 2, lambda: world.goes_down(MP1, MP2)),
        (HOUR, lambda: first(failed(MP1, 1))),
        (HOUR + 1, lambda: second(failed(MP2, 1))),
        (HOUR + 2, lambda: phases.append(agent.lease.phase)),
        (HOUR + 3, lambda: second(failed(MP1, 1))),
        (HOUR + 4, lambda: phases.append(agent.lease.phase)),
        hours=1.01,
    )
    first, second = agent.listener(), agent.listener()
    phases: list[LeasePhase] = []
    agent.run()
    assert phases == [LeasePhase.HELD, LeasePhase.GIVEN_UP]


def test_client_of_an_embedder__speaks_to_the_lease_of_the_agent() -> None:
    world = AgentWorld(MP1, MP2)
    held(world, MP1)
    world.configured = world.settings(**OFF)

    def ask() -> None:
        world.goes_down(MP1)
        deadline = Deadline.after(30.0, world.clock.monotonic)
        client.contact([[at(MP1)]], "policy", lambda endpoint, _: client.fetch_list(endpoint, LIST, deadline), deadline)

    agent = world.agent(*((HOUR + number, ask) for number in range(5)), hours=2)
    client = ManagementPointClient(world, world.clock, listener=agent.listener(), pause=lambda _seconds, _signal: None)
    agent.run()
    assert world.told_of("rotated") == [f"{MP1.host} {MP2.host} ST-002"]


# --- who is for what ----------------------------------------------------------------------------------------------


@pytest.mark.rule("MP-002")
def test_servers__the_assigned_one_is_for_registration_and_the_one_in_use_for_the_rest() -> None:
    world = AgentWorld(MP1, MP2)
    held(world, MP1)
    before = world.store.load_lease()
    assert before is not None
    assigned = before.lease.assigned
    assert assigned is not None
    used = next(point for point in (MP1, MP2) if point.host != assigned)
    world.store.save_lease(before._replace(lease=before.lease._replace(endpoint=at(used))))
    agent = world.run(hours=0.1)
    expected = {Purpose.POLICY: used.host, Purpose.LOCATION: used.host, Purpose.REGISTRATION: assigned}
    assert {purpose: agent.server_for(purpose) for purpose in Purpose} == expected
    status = world.store.load_agent_status()
    assert status is not None
    assert status.servers == tuple(PurposeServer(*one) for one in expected.items())


# --- what a timer is told -----------------------------------------------------------------------------------------


def test_exit_code__is_0_only_when_the_one_in_use_answers() -> None:
    world = AgentWorld(MP1, MP2)
    held(world, MP1)
    assert _code_of_once(run_once(world)) == DONE
    world.goes_down(MP1)
    world.slowness = 165.0
    agent = run_once(world)
    assert agent.lease.phase is LeasePhase.HELD
    assert agent.error is None
    assert _code_of_once(agent) == NONE_REACHABLE, "it is kept by the rules, and did not answer"
