"""An agent for thirty days among random faults: it never hammers, always ends on one that works, always says so."""

import json
import random
from collections.abc import Iterator
from datetime import timedelta

import pytest
from agentworld import HOUR, MP1, MP2, MP3, AgentWorld, Happening

from cmclient.errors import ConnectionLostError, DirectoryTimeoutError, ServerCertificateError, TransportTimeoutError
from cmclient.model.agent import AgentStatus
from cmclient.model.endpoints import ManagementPoint
from cmclient.model.lease import LeasePhase, find_lease_fault
from cmclient.model.names import HostName
from cmclient.model.wake import Wake
from cmclient.protocol.document import from_json, to_json
from cmclient.protocol.leasetext import lease_as_dict, lease_from_dict
from cmclient.protocol.mplist import build_mp_list
from cmclient.protocol.trustkeys import MP_KEY_INFORMATION_PATH

DAYS = 30
POINTS = (MP1, MP2, MP3, MP1._replace(host=HostName("mp4.corp.test")))
MOST_IN_AN_HOUR = 100
MOST_KEYS_IN_AN_HOUR = 60  # each that is contacted over HTTP is asked for the root key first
LOOK = 1200.0  # seconds between two looks at the agent
PORTAL = b"<!DOCTYPE html><html><body>sign in</body></html>"


class Month:
    """Thirty days in a world in which things go wrong, and what must hold all the time."""

    def __init__(self, seed: int, *, checks: float, settled: float) -> None:
        self.random = random.Random(seed)  # noqa: S311 - faults, not secrets
        self.world = AgentWorld(*POINTS)
        self.world.configured = self.world.settings(
            management_points=";".join(point.host for point in POINTS), agent_probe_interval=checks, agent_spread=600
        )
        self.settled = settled
        self.quiet_since = 0.0
        self.settled_looks = 0
        self.kinds: set[str] = set()
        self.cut = 0

    # --- what goes wrong ---

    def fault(self) -> None:
        self.quiet_since = self.world.since()
        kind = self.random.choice(
            ["break", "break", "mend", "mend", "mend all", "break all", "directory", "wall clock"]
        )
        self.kinds.add(kind)
        point = self.random.choice(POINTS)
        match kind:
            case "break":
                self.spoil(point)
            case "mend":
                self.mend(point)
            case "break all":
                for one in POINTS:
                    self.spoil(one)
            case "mend all":
                for one in POINTS:
                    self.mend(one)
            case "directory":
                error = DirectoryTimeoutError("slow")
                self.world.directory_error = None if self.world.directory_error else error
            case "wall clock":
                self.world.clock.set_by += timedelta(days=self.random.randint(-400, 400))

    def spoil(self, point: ManagementPoint) -> None:
        answer = self.random.choice(
            [
                None,
                500,
                403,
                404,
                PORTAL,
                ConnectionLostError("reset"),
                ServerCertificateError("expired"),
                TransportTimeoutError("silent"),
            ]
        )
        self.world.slowness = self.random.choice([0.0, 20.0])
        self.mend(point)
        if answer is None:
            self.world.goes_down(point)
        for url in [url for url in self.world.answers if f"//{point.host}/" in url]:
            self.world.answers[url] = answer or 500

    def mend(self, point: ManagementPoint) -> None:
        self.world.goes_down(point)
        self.world.comes_back(point, listed=POINTS)

    def works(self, host: str) -> bool:
        is_up = host in {point.host for point in self.world.points}
        lists = build_mp_list(POINTS)
        return is_up and self.world.answers.get(f"http://{host}/SMS_MP/.sms_aut?MPLIST") == lists

    # --- what must hold ---

    def look(self) -> None:
        lease, stored = self.world.running.lease, self.world.store.load_lease()
        assert find_lease_fault(lease) is None
        assert stored is not None
        assert stored.lease == lease == lease_from_dict(json.loads(json.dumps(lease_as_dict(lease))))
        status = self.world.store.load_agent_status()
        assert status is not None
        assert from_json(AgentStatus, json.loads(json.dumps(to_json(status)))) == status
        assert (status.endpoint, status.phase, status.failures) == (lease.endpoint, lease.phase, len(lease.failures))
        assert status.upcoming is not None
        working = [point for point in POINTS if self.works(point.host)]
        if working and self.world.since() - self.quiet_since > self.settled:
            self.settled_looks += 1
            assert lease.phase is LeasePhase.HELD
            assert lease.endpoint is not None
            assert self.works(lease.endpoint.host)

    def happenings(self) -> Iterator[Happening]:
        end = DAYS * 24 * HOUR
        yield from ((number * LOOK, self.look) for number in range(1, int(end / LOOK)))
        at = 0.0
        while (at := at + self.random.choice([60.0, 900.0, 4 * HOUR, 9 * HOUR])) < end:
            yield at, self.fault
        at = 0.0
        while (at := at + self.random.uniform(0, 40 * HOUR)) < end:
            yield at, self.change_network
            if self.random.random() < 0.3:
                yield from ((at + number * 20.0, Wake.NETWORK) for number in range(1, 200))

    def change_network(self) -> None:
        self.kinds.add("network")

    def run(self) -> None:
        """Several agents one after the other: each but the last is ended hard, and the next goes on."""
        happenings = sorted(self.happenings(), key=lambda one: one[0])
        began = 0.0
        while began < DAYS * 24:
            hours = min(self.random.uniform(1, 300), DAYS * 24 - began)
            now = began * HOUR
            part = [(at - now, what) for at, what in happenings if now < at <= now + hours * HOUR]
            agent = self.world.agent(*part, hours=hours, seed=int(now))
            agent._end = lambda: None  # ended hard: it does not come to this
            agent.run()
            began += hours
            self.cut += 1


def most_in_an_hour(world: AgentWorld, *, keys: bool) -> int:
    times = [at for at, _, path in world.requests if (path == MP_KEY_INFORMATION_PATH) == keys]
    first, most = 0, 0
    for place, at in enumerate(times):
        while at - times[first] >= HOUR:
            first += 1
        most = max(most, place - first + 1)
    return most


def assert_taken_turns(world: AgentWorld) -> None:
    """Giving up is told once until one was located."""
    given_up = False
    for _, what, _ in world.told:
        assert not (given_up and what == "unmanaged")
        given_up = what == "unmanaged" or (given_up and what != "located")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("checks", "settled"), [(600.0, HOUR), (3600.0, 2.5 * HOUR)])
def test_month_of_faults(seed: int, checks: float, settled: float) -> None:
    month = Month(seed, checks=checks, settled=settled)
    month.run()
    assert_taken_turns(month.world)
    assert most_in_an_hour(month.world, keys=False) <= MOST_IN_AN_HOUR
    assert most_in_an_hour(month.world, keys=True) <= MOST_KEYS_IN_AN_HOUR
    assert month.settled_looks > 100, "else little was shown"
    assert len(month.world.told_of("rotated")) > 10
    assert len(month.world.told_of("unmanaged")) > 3
    assert month.kinds >= {"break", "mend", "break all", "mend all", "directory", "wall clock", "network"}
