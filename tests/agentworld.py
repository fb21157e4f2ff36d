"""An agent in a world in memory: time passes only while it waits, or where a test lets it pass."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from world import World, config

from cmclient.agent import Agent
from cmclient.agent_lease import AgentCallbacks
from cmclient.config import ClientConfig
from cmclient.errands import SiteErrands
from cmclient.model.agent import AgentProcess
from cmclient.model.certificates import ClientCertificate
from cmclient.model.decision import Location, Reason
from cmclient.model.endpoints import Endpoint, ManagementPoint, Protocols
from cmclient.model.http import Deadline, HttpReply, HttpRequest
from cmclient.model.names import HostName, SiteCode
from cmclient.model.wake import Wake
from cmclient.ports import Cancellation
from cmclient.rules.choose import SeededChooser

HOUR = 3600.0
ABC = SiteCode("ABC")
MP1 = ManagementPoint(HostName("mp1.corp.test"), ABC, protocols=Protocols.HTTP, build=9106)
MP2 = MP1._replace(host=HostName("mp2.corp.test"))
MP3 = MP1._replace(host=HostName("mp3.corp.test"))

Happening = tuple[float, Wake | Callable[[], object]]
"""When, in seconds since the start, and what: why a wait ends, or what a test does meanwhile."""


class SimClock:
    """A clock that stands still until it is moved. The wall clock can be set apart from it."""

    def __init__(self, start: float = 0.0) -> None:
        self.seconds = start
        self.set_by = timedelta()

    def now(self) -> datetime:
        return datetime(2026, 11, 21, 12, 0, tzinfo=UTC) + timedelta(seconds=self.seconds) + self.set_by

    def monotonic(self) -> float:
        return self.seconds


class ScriptedWaiter:
    """A wait that takes no time: it moves the clock to whatever comes first.

    Attributes:
        waits: How long every wait was to be, and when it began.
    """

    def __init__(self, clock: SimClock, happenings: Iterable[Happening] = (), *, until: float) -> None:
        self.clock = clock
        self.until = clock.seconds + until
        self.happenings = sorted(((clock.seconds + at, what) for at, what in happenings), key=lambda one: one[0])
        self.waits: list[tuple[float, float | None]] = []
        self.late = 0.0
        self._nudged = False
        self._stopped = False

    def wait(self, seconds: float | None) -> Wake:
        if self._stopped:
            return Wake.STOP
        if self._nudged:
            self._nudged = False
            return Wake.NUDGE
        self.waits.append((self.clock.seconds, seconds))
        end = self.until if seconds is None else self.clock.seconds + seconds
        while self.happenings and self.happenings[0][0] <= min(end, self.until):
            at, what = self.happenings.pop(0)
            self.clock.seconds = max(self.clock.seconds, at)
            if isinstance(what, Wake):
                return what
            what()
            if self._nudged or self._stopped:
                return self.wait(0)
        self.clock.seconds = max(self.clock.seconds, min(end, self.until))
        return Wake.STOP if end >= self.until else Wake.TIME

    def nudge(self) -> None:
        self._nudged = True

    def stop(self) -> None:
        self._stopped = True


class Manager:
    """A service manager that notes what it is told."""

    def __init__(self, watchdog_seconds: float | None = None) -> None:
        self.watchdog_seconds = watchdog_seconds
        self.told: list[str] = []

    def ready(self) -> None:
        self.told.append("ready")

    def alive(self) -> None:
        self.told.append("alive")

    def status(self, text: str) -> None:
        self.told.append(text)

    def stopping(self) -> None:
        self.told.append("stopping")


class AgentWorld(World):
    """A world with management points of a site, and an agent in it.

    Attributes:
        points: The management points that work.
        told: What the agent told its embedder, and when.
        requests: When which path of which host was asked for.
        began: When the world began, by its clock.
        slowness: Seconds that every request takes that is not answered.
        running: The agent that was made last.
    """

    def __init__(self, *points: ManagementPoint, **options: Any) -> None:
        super().__init__(**options)
        self.clock = SimClock(1000.0)
        self.began = 1000.0
        self.points: list[ManagementPoint] = list(points)
        self.told: list[tuple[float, str, str]] = []
        self.requests: list[tuple[float, str, str]] = []
        self.slowness = 0.0
        self.manager = Manager()
        self.certificate: ClientCertificate | None = None
        self.configured = self.settings()
        self.running: Agent
        for point in points:
            self.serve(point, points, {"ABC": points})

    @staticmethod
    def settings(**settings: object) -> ClientConfig:
        """Settings in which nothing is by chance, unless they say otherwise."""
        usual = {"site_code": "ABC", "management_points": "mp1.corp.test;mp2.corp.test", "agent_spread": 0}
        return config(**{**usual, "contact": "sequential", **settings})

    def send(self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None = None) -> HttpReply:
        self.requests.append((self.since(), request.endpoint.host, request.path))
        if request.endpoint.host not in {point.host for point in self.points}:
            self.answers = {url: one for url, one in self.answers.items() if f"//{request.endpoint.host}/" not in url}
            self.clock.seconds += self.slowness
        return super().send(request, deadline, cancellation)

    def since(self) -> float:
        """Seconds since the world began."""
        return self.clock.seconds - self.began

    def goes_down(self, *points: ManagementPoint) -> None:
        self.points = [point for point in self.points if point not in points]
        gone = tuple(f"//{point.host}/" for point in points)
        self.answers = {url: one for url, one in self.answers.items() if not any(host in url for host in gone)}

    def comes_back(self, *points: ManagementPoint, listed: Sequence[ManagementPoint] = ()) -> None:
        self.points += points
        for point in points:
            self.serve(point, listed or self.points, {"ABC": listed or self.points})

    def errands(self, settings: ClientConfig, seed: int = 1) -> SiteErrands:
        return SiteErrands(settings, self.ports(seed=seed, certificate=self.certificate))

    def callbacks(self) -> AgentCallbacks:
        def tell(what: str, detail: object) -> None:
            self.told.append((self.since(), what, str(detail)))

        def located(location: Location) -> None:
            tell("located", location.endpoint and location.endpoint.host)

        def rotated(left: Endpoint, now: Endpoint, reason: Reason) -> None:
            tell("rotated", f"{left.host} {now.host} {reason.rule}")

        return AgentCallbacks(located, rotated, lambda reason: tell("unmanaged", reason.text))

    def agent(
        self, *happenings: Happening, hours: float, seed: int = 1, settings: ClientConfig | None = None, **parts: Any
    ) -> Agent:
        """An agent that is told to stop after so many hours; its errands are done at once, by the loop itself."""
        self.configured = settings or self.configured
        self.waiter = ScriptedWaiter(self.clock, happenings, until=hours * HOUR)
        usual: dict[str, Any] = {
            "store": self.store,
            "clock": self.clock,
            "chooser": SeededChooser(seed),
            "waiter": self.waiter,
            "process": AgentProcess(77, "boot/1"),
            "manager": self.manager,
            "callbacks": self.callbacks(),
            "start": lambda work: work(),
        }
        self.running = Agent(self.errands(self.configured, seed), **{**usual, **parts})
        return self.running

    def run(self, *happenings: Happening, hours: float, **options: Any) -> Agent:
        """Let an agent run."""
        agent = self.agent(*happenings, hours=hours, **options)
        agent.run()
        return agent

    def reload(self) -> None:
        self.running.reload()

    def needs_service(self) -> None:
        self.running.request_location()

    def located_at(self) -> list[float]:
        """When the agent told that it had located one."""
        return [at for at, what, _ in self.told if what == "located"]

    def told_of(self, what: str) -> list[str]:
        return [detail for _, one, detail in self.told if one == what]
