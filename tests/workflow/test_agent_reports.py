"""What an agent reports to a fallback status point, and when it sends what waits. Time passes only while it waits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import getclosurevars
from itertools import pairwise

import pytest
from agentworld import HOUR, MP1, MP2, AgentWorld
from world import CERTIFICATE

from cmclient.adapters.memory_report_queue import MemoryReportQueue
from cmclient.adapters.memory_store import MemoryStore
from cmclient.agent_reports import AgentReports
from cmclient.config import ClientConfig
from cmclient.errors import CancelledError, ConnectError, StoreError
from cmclient.model.decision import Location, Reason
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.http import Deadline, HttpReply, HttpRequest
from cmclient.model.lease import LeasePhase
from cmclient.model.names import HostName
from cmclient.model.reports import Enqueued, FallbackStatusPoint, FspSource, Reporting
from cmclient.model.state import StateMessage
from cmclient.model.stored import StoredLease
from cmclient.ports import Cancellation
from cmclient.protocol.statexml import parse_report
from cmclient.report import StatusReporter
from cmclient.reporting import identity_of
from cmclient.rules.choose import SeededChooser

DAY = 24 * HOUR
CYCLE = 900.0


class Reported(AgentWorld):
    """An agent's world with a fallback status point, and one queue for all who report there.

    Attributes:
        is_up: Whether the fallback status point answers.
        tries: When it was asked.
        took: When it took which state.
        opened: The settings and the location of every reporter that was opened.
        open_now: How many of them are open.
    """

    def __init__(self) -> None:
        super().__init__(MP1, MP2)
        self.is_up = True
        self.tries: list[float] = []
        self.took: list[tuple[float, str]] = []
        self.opened: list[tuple[ClientConfig, Location | None]] = []
        self.open_now = 0
        self.queue = MemoryReportQueue()
        self.fsp = FallbackStatusPoint(Endpoint(Scheme.HTTP, HostName("fsp1.corp.test"), 80), FspSource.SETTINGS)

    @contextmanager
    def open_reporter(self, settings: ClientConfig, location: Location | None) -> Iterator[StatusReporter]:
        self.opened.append((settings, location))
        self.open_now += 1
        yield self.reporter(settings, location)
        self.open_now -= 1

    def reporter(self, settings: ClientConfig, location: Location | None = None) -> StatusReporter:
        is_on = settings.report is not False
        return StatusReporter(
            Reporting(self.fsp if is_on else None, Reason("FS-007", "it is set")),
            queue=self.queue,
            transport=_Road(self),
            clock=self.clock,
            chooser=SeededChooser(1),
            identity=identity_of(settings, self.read() if location is None else location.facts),
            wants_certificate=settings.use_pki_cert,
        )

    def states(self) -> list[str]:
        return [state for _, state in self.took]

    def waiting(self) -> list[str]:
        return [str(one.message) for one in self.queue.view(self.clock.now()).messages]

    def all_down(self) -> None:
        self.goes_down(MP1, MP2)

    def all_up(self) -> None:
        self.comes_back(MP1, MP2)

    def set_fsp(self, *, up: bool) -> Callable[[], None]:
        return lambda: setattr(self, "is_up", up)


class _Road:
    """The way to the fallback status point."""

    def __init__(self, world: Reported) -> None:
        self.world = world

    def send(self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None = None) -> HttpReply:
        assert not deadline.expired
        if cancellation is not None and cancellation.cancelled:
            raise CancelledError("cancelled", endpoint=str(request.endpoint))
        self.world.tries.append(self.world.since())
        if not self.world.is_up:
            raise ConnectError("nobody listens", endpoint=str(request.endpoint))
        self.world.took += [(self.world.since(), str(one)) for one in parse_report(request.body).messages]
        return HttpReply(200, b"")


@pytest.fixture
def world() -> Reported:
    return Reported()


@pytest.mark.rule("FS-001", "ST-017")
def test_all_given_up__is_reported_once_and_so_is_the_return(world: Reported) -> None:
    happenings = [(2 * HOUR, world.all_down), (10 * HOUR, world.all_up)]
    world.run(*happenings, hours=12, reports=world.open_reporter)
    assert world.states() == ["1000/2", "1000/1"]
    (gone, _), (back, _) = world.took
    assert gone == next(at for at, what, _ in world.told if what == "unmanaged")
    assert 10 * HOUR <= back <= 10.6 * HOUR
    assert world.waiting() == []


@pytest.mark.rule("ST-017")
def test_one_that_fails_while_another_is_there__is_never_reported(world: Reported) -> None:
    world.slowness = 60.0
    world.run((2 * HOUR, lambda: world.goes_down(MP1)), (4 * HOUR, lambda: world.comes_back(MP1)), hours=30,
              reports=world.open_reporter)  # fmt: skip
    world.run((2 * HOUR, lambda: world.goes_down(MP2)), hours=30, reports=world.open_reporter)
    assert world.told_of("rotated"), "one of the two was in use and was left"
    assert world.states() == world.waiting() == []


@pytest.mark.rule("FS-050")
def test_fsp_down_too__waits_is_tried_less_and_less_and_arrives_in_order_and_once(world: Reported) -> None:
    world.is_up = False
    happenings = [(2 * HOUR, world.all_down), (30 * HOUR, world.all_up), (60 * HOUR, world.set_fsp(up=True))]
    seen = []
    happenings += [(20 * HOUR, lambda: seen.append(world.waiting())), (50 * HOUR, lambda: seen.append(world.waiting()))]
    agent = world.run(*happenings, hours=72, reports=world.open_reporter)
    assert seen == [["1000/2"], ["1000/2", "1000/1"]]
    assert world.states() == ["1000/2", "1000/1"]
    assert {at for at, _ in world.took} == {world.took[0][0]}, "the second at once after the first"
    failed = [at for at in world.tries if at < 60 * HOUR]
    assert all(after - before >= CYCLE for before, after in pairwise(failed))
    assert 60 * HOUR <= world.took[0][0] <= 60 * HOUR + CYCLE + 4 * HOUR
    assert len(failed) > 10
    assert agent.waiting_reports.messages == ()


def test_what_another_process_queued__is_sent_within_a_cycle(world: Reported) -> None:
    world.configured = world.settings(agent_probe_interval=0)
    other = world.reporter(world.configured)
    world.run((HOUR, lambda: other.enqueue(other.message(800, 400))), hours=2, reports=world.open_reporter)
    ((at, state),) = world.took
    assert state == "800/400"
    assert HOUR <= at <= HOUR + CYCLE


def test_another_process_got_through__what_comes_next_is_sent_within_a_cycle(world: Reported) -> None:
    world.is_up = False
    world.configured = world.settings(agent_probe_interval=0)
    other = world.reporter(world.configured)
    other.enqueue(other.message(800, 100))
    for _ in range(10):
        other.flush(force=True)
    assert other.next_due() > 2 * CYCLE

    def get_through() -> None:
        world.is_up = True
        other.flush(force=True)
        other.enqueue(other.message(800, 400))

    world.run((60.0, get_through), hours=1, reports=world.open_reporter)
    assert world.states() == ["800/100", "800/400"]
    assert world.took[-1][0] <= 60.0 + CYCLE


def test_another_process_reported_that_none_answers__the_agent_reports_that_one_does(world: Reported) -> None:
    other = world.reporter(world.configured)
    put = (1.5 * HOUR, lambda: other.enqueue(other.message(1000, 2)))
    world.run(put, hours=4, reports=world.open_reporter)
    assert world.states() == ["1000/2", "1000/1"]


def test_another_process_is_sending__it_is_left_alone_for_a_minute_at_a_time(world: Reported) -> None:
    other = world.reporter(world.configured)
    other.enqueue(other.message(800, 400))
    world.queue.claim("another process", world.clock.now(), seconds=300.0)
    world.run(hours=1, reports=world.open_reporter)
    ((at, state),) = world.took
    assert (at, state) == (300.0, "800/400")
    assert len(world.waiter.waits) < 20


@pytest.mark.parametrize("wish", [None, False])
def test_reporting__is_switched_off_and_on_by_settings_read_again(world: Reported, wish: bool | None) -> None:  # noqa: FBT001
    given = world.settings(report=wish, client_build=9106)
    happenings = [(HOUR, world.reload), (2 * HOUR, world.all_down)]
    world.run(*happenings, hours=5, reports=world.open_reporter, reopen=lambda: world.errands(given))
    assert world.states() == ([] if wish is False else ["1000/2"])
    assert world.waiting() == []


def test_settings_read_again__count_before_anything_was_located_with_them(world: Reported) -> None:
    held: list[Callable[[], None]] = []
    other, given = world.reporter(world.configured), world.settings(report=False)
    happenings = [(HOUR, world.reload), (1.5 * HOUR, lambda: other.enqueue(other.message(800, 400)))]
    world.run(
        *happenings,
        hours=3,
        start=lambda work: held.append(work) if world.since() >= HOUR else work(),
        reports=world.open_reporter,
        reopen=lambda: world.errands(given),
    )
    assert len(held) == 1, "the location request, and no sending"
    assert world.waiting() == ["800/400"]


def test_reporter__is_opened_for_what_was_located_and_again_only_when_that_changed(world: Reported) -> None:
    agent = world.run(hours=60, reports=world.open_reporter)
    assert len(world.located_at()) > 4
    ((_, location),) = world.opened
    assert location is not None
    world.in_site("Paris")
    world.run(hours=30, reports=world.open_reporter)
    assert len(world.opened) == 2
    assert world.open_now == 2
    agent.close()
    world.running.close()
    assert world.open_now == 0


def test_queue_that_cannot_be_written__is_told_and_the_report_follows_when_it_can(world: Reported) -> None:
    class Full(MemoryReportQueue):
        is_full = True

        def enqueue(self, message: StateMessage, now: object) -> Enqueued:
            if self.is_full:
                raise StoreError("the disk is full")
            return super().enqueue(message, now)  # type: ignore[arg-type]

    world.queue = full = Full()
    happenings = [(HOUR, world.all_down), (6 * HOUR, lambda: setattr(full, "is_full", False))]
    agent = world.run(*happenings, hours=8, reports=world.open_reporter)
    assert agent.lease.phase is LeasePhase.GIVEN_UP
    ((at, state),) = world.took
    assert state == "1000/2"
    assert at >= 6 * HOUR


def test_reporter_that_cannot_be_opened__is_told_and_tried_again(world: Reported) -> None:
    works = []

    @contextmanager
    def opening(settings: ClientConfig, location: Location | None) -> Iterator[StatusReporter]:
        works.append(world.since())
        if len(works) < 3:
            raise StoreError("the store is of a newer version")
        yield world.reporter(settings, location)

    world.all_down()
    agent = world.run(hours=1, reports=opening)
    assert works[:3] == [0.0, CYCLE, 2 * CYCLE]
    assert world.states() == ["1000/2"]
    assert agent.lease.phase is LeasePhase.GIVEN_UP


class Later:
    """Does errands at once, and sends when the test says so."""

    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []

    def __call__(self, work: Callable[[], None]) -> None:
        if AgentReports.__name__ in getclosurevars(work).nonlocals["work"].__qualname__:
            self.work.append(work)
        else:
            work()

    def go_on(self) -> None:
        self.work.pop(0)()


def test_sending_that_takes_long__holds_up_nothing(world: Reported) -> None:
    later = Later()
    happenings = [
        (2 * HOUR, world.all_down),
        (10 * HOUR, world.all_up),
        (11 * HOUR, later.go_on),
        (11 * HOUR + 100.0, later.go_on),
    ]
    agent = world.run(*happenings, hours=13, start=later, reports=world.open_reporter)
    assert agent.lease.phase is LeasePhase.HELD
    assert [at for at in world.located_at() if at > HOUR], "it was located again meanwhile"
    assert [state for _, state in world.took] == ["1000/2", "1000/1"]
    assert world.tries == [11 * HOUR + 100.0] * 2, "its time was up at first"
    assert later.work == []


def test_stop__breaks_off_sending_and_what_waits_stays(world: Reported) -> None:
    later = Later()
    world.configured = world.settings(deadline=DAY)
    world.run((2 * HOUR, world.all_down), hours=5, start=later, reports=world.open_reporter)
    later.go_on()
    assert world.states() == []
    (waiting,) = world.queue.view(world.clock.now()).messages
    assert (str(waiting.message), waiting.attempts) == ("1000/2", 0), "no failure of the fallback status point"
    assert world.queue.claim("the next one", world.clock.now(), seconds=1.0), "nobody has the right to send any more"


def test_once__sends_what_is_due_whether_it_locates_or_not(world: Reported) -> None:
    other = world.reporter(world.configured)
    for state, hours in ((100, 0.0), (400, 0.1)):
        other.enqueue(other.message(800, state))
        world.clock.seconds += hours * HOUR
        agent = world.agent(hours=1, reports=world.open_reporter)
        agent.run_once()
        assert agent.waiting_reports.messages == ()
    assert world.located_at() == [0.0]
    assert world.states() == ["800/100", "800/400"]


def test_once__with_everybody_down_leaves_a_report_and_does_not_wait_to_try_again(world: Reported) -> None:
    world.is_up = False
    world.all_down()
    agent = world.agent(hours=1, reports=world.open_reporter)
    agent.run_once()
    assert [str(one.message) for one in agent.waiting_reports.messages] == ["1000/2"]
    assert len(world.tries) == 1
    assert world.waiter.waits == []
    again = world.agent(hours=1, reports=world.open_reporter)
    again.run_once()
    assert len(world.tries) == 1, "the wait after a failure is not over"
    assert len(again.waiting_reports.messages) == 1


# --- the client certificate ---------------------------------------------------------------------------------------


@pytest.mark.rule("FS-017")
def test_certificate_that_cannot_be_used__is_reported_once_and_so_is_its_return(world: Reported) -> None:
    """The states are known again after every location request; they are told when they change."""
    world.configured = world.settings(use_pki_cert=True)
    world.run(hours=60, reports=world.open_reporter)
    assert len(world.located_at()) > 3
    assert world.states() == ["1001/2"]
    world.certificate = CERTIFICATE
    world.run(hours=60, reports=world.open_reporter)
    assert world.states() == ["1001/2", "1001/1"]


@pytest.mark.rule("FS-017")
def test_certificate_that_nobody_wants__is_not_reported(world: Reported) -> None:
    world.run(hours=30, reports=world.open_reporter)
    assert world.states() == []


# --- a store that fails -------------------------------------------------------------------------------------------


class _NewerStore(MemoryStore):
    """A store that a newer version wrote, until it is mended."""

    is_broken = True

    def _fail(self) -> None:
        if self.is_broken:
            raise StoreError("written by a newer cmclient")

    def load_lease(self) -> StoredLease | None:
        self._fail()
        return super().load_lease()

    def save_lease(self, stored: StoredLease) -> None:
        self._fail()
        super().save_lease(stored)


def test_store_that_fails__is_logged_once_until_it_works_again(
    world: Reported, caplog: pytest.LogCaptureFixture
) -> None:
    world.store = _NewerStore()
    world.run(hours=60)
    said = [one for one in caplog.messages if "newer" in one]
    assert len(said) == 1
    status = world.store.load_agent_status()
    assert status is not None
    assert "newer" in status.last_error
    caplog.clear()

    def mend(*, broken: bool) -> Callable[[], None]:
        return lambda: setattr(world.store, "is_broken", broken)

    world.run((HOUR, mend(broken=False)), (3 * HOUR, mend(broken=True)), hours=60)
    assert len([one for one in caplog.messages if "newer" in one]) == 2, "at the start, and after it had worked"
