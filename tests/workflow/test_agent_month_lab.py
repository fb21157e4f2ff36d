"""An agent for thirty days on the real sockets of the lab, on a clock that it only waits for, among random faults."""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from agentworld import HOUR, Happening, ScriptedWaiter, SimClock

from cmclient.adapters.store import SqliteStore
from cmclient.agent import Agent
from cmclient.agent_lease import AgentCallbacks
from cmclient.assemble import Run, open_ports
from cmclient.config import load_config
from cmclient.errands import SiteErrands, agent_settings
from cmclient.lab import Lab
from cmclient.lab.faults import Role
from cmclient.model.agent import AgentProcess
from cmclient.model.lease import LeasePhase, find_lease_fault
from cmclient.model.wake import Wake
from cmclient.rules.choose import SeededChooser

DAYS = 30
LOOK = HOUR / 2  # between two looks at the agent
CHECKS = 2 * HOUR
SETTLED = 1.1 * CHECKS + 2 * HOUR  # a check shows it; then candidate after candidate is given up within ten minutes
MOST_IN_A_LOOK = 150  # requests of all kinds; a search of every source makes some thirty
POINTS = ("mp1", "mp2", "mp3", "mp4", "mp5")
# None that lasts: the clock stands still while a request is made, so nothing would ever be too late.
FAULTS = ("refuse", "http-401", "http-403", "http-404", "http-500", "http-503", "reset:40", "truncated", "html")
FAULTS = (*FAULTS, "malformed", "redirect")


class LabMonth:
    """Thirty days, and what must hold all the time."""

    def __init__(self, lab: Lab, store: Path, seed: int) -> None:
        self.lab = lab
        self.random = random.Random(seed)  # noqa: S311 - faults, not secrets
        self.clock = SimClock(1000.0)
        self.store = store
        self.settings = agent_settings(
            load_config(
                overrides={
                    **lab.settings(),
                    "store": str(store),
                    "contact": "sequential",
                    "agent_probe_interval": CHECKS,
                    "crl_check": False,
                    "dns_timeout": 0.1,
                    "directory_timeout": 0.5,
                }
            )
        )
        self.broken: dict[str, str] = {}
        self.has_names = True
        self.quiet_since = self.clock.seconds
        self.seen = 0
        self.most = 0
        self.looks = 0
        self.kinds: set[str] = set()
        self.told: list[str] = []
        self.agent: Agent
        for name in POINTS:
            self.mend(name)

    def spoil(self, name: str) -> None:
        kind = self.random.choice(FAULTS)
        self.kinds.add(kind)
        self.broken[name] = kind
        self.lab.set_fault("mp", name, kind)

    def mend(self, name: str) -> None:
        self.broken.pop(name, None)
        self.lab.set_fault("mp", name, None)

    def happen(self, kind: str) -> None:
        """Something breaks, or is mended."""
        self.quiet_since = self.clock.seconds
        match kind:
            case "break":
                self.spoil(self.random.choice(POINTS))
            case "mend":
                self.mend(self.random.choice(POINTS))
            case "break all":
                for name in POINTS:
                    self.spoil(name)
            case "mend all":
                for name in POINTS:
                    self.mend(name)
                self.set_service(Role.AD, None)
                self.set_service(Role.DNS, None)
            case "ad" | "dns":
                self.set_service(Role(kind), self.random.choice(["refuse", "malformed"]))

    def set_service(self, role: Role, fault: str | None) -> None:
        self.lab.set_fault(role.value, None, fault)
        if fault is not None:
            self.kinds.add(role.value)
        if role is Role.DNS:
            self.has_names = fault is None

    def look(self) -> None:
        lease = self.agent.lease
        assert find_lease_fault(lease) is None
        count = len(self.lab.journal.entries())
        self.most, self.seen = max(self.most, count - self.seen), count
        with SqliteStore(self.store, read_only=True) as store:
            stored, status = store.load_lease(), store.load_agent_status()
        assert stored is not None
        assert status is not None
        assert stored.lease == lease
        assert (status.endpoint, status.phase) == (lease.endpoint, lease.phase)
        works = self.has_names and len(self.broken) < len(POINTS)
        if works and self.clock.seconds - self.quiet_since > SETTLED:
            self.looks += 1
            assert lease.phase is LeasePhase.HELD
            assert lease.endpoint is not None
            # A lab that refuses connections still answers on those that are open, and nothing ages them here.
            assert self.broken.get(lease.endpoint.host.partition(".")[0], "refuse") == "refuse"

    def happenings(self) -> Iterator[Happening]:
        end = DAYS * 24 * HOUR
        yield from ((number * LOOK, self.look) for number in range(1, int(end / LOOK)))
        at = 0.0
        while (at := at + self.random.choice([900.0, 6 * HOUR, 12 * HOUR, 30 * HOUR])) < end:
            kind = self.random.choice([*["break"] * 5, "mend", "mend", "break all", "mend all", "ad", "dns"])
            yield at, partial(self.happen, kind)
            if kind in {"break all", "ad", "dns"}:
                yield at + 3 * HOUR, partial(self.happen, "mend all")
        at = 0.0
        while (at := at + self.random.uniform(0, 80 * HOUR)) < end:
            yield at, Wake.NETWORK

    def run(self) -> None:
        """Several agents one after the other: each but the last is ended hard, and the next goes on."""
        happenings = sorted(self.happenings(), key=lambda one: one[0])
        began = 0.0
        while began < DAYS * 24:
            hours = min(self.random.uniform(20, 300), DAYS * 24 - began)
            now = began * HOUR
            part = [(at - now, what) for at, what in happenings if now < at <= now + hours * HOUR]
            self.run_agent(part, hours)
            began += hours

    def run_agent(self, happenings: list[Happening], hours: float) -> None:
        callbacks = AgentCallbacks(
            lambda _location: self.told.append("located"),
            lambda _left, _now, _reason: self.told.append("rotated"),
            lambda _reason: self.told.append("unmanaged"),
        )
        with ExitStack() as stack:
            opened = stack.enter_context(open_ports(self.settings, Run(facts=self.lab.client_facts())))
            world = opened._replace(clock=self.clock, chooser=SeededChooser(int(self.clock.seconds)))
            self.agent = Agent(
                SiteErrands(self.settings, world),
                store=world.store,
                clock=self.clock,
                chooser=world.chooser,
                waiter=ScriptedWaiter(self.clock, happenings, until=hours * HOUR),
                process=AgentProcess(77),
                callbacks=callbacks,
                start=lambda work: work(),
            )
            self.agent._end = lambda: None  # ended hard: it does not come to this
            self.agent.run()


@pytest.mark.slow
@pytest.mark.rule("ST-001", "ST-002", "ML-001", "ML-002", "ML-003")
def test_month_in_the_lab(tmp_path: Path) -> None:
    with Lab() as lab:
        month = LabMonth(lab, tmp_path / "store.sqlite3", seed=7)
        month.run()
        hosts = {entry.server.partition(".")[0] for entry in lab.journal.entries(role=Role.MP)}
    assert hosts >= set(POINTS), "real requests, to all of them"
    assert month.looks > 100, "else little was shown"
    assert month.most <= MOST_IN_A_LOOK
    assert month.told.count("rotated") > 5
    assert month.told.count("unmanaged") > 1
    assert month.kinds >= {"ad", "dns"}
    assert len(month.kinds) >= len(FAULTS)
