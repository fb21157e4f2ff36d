"""The long-running form: keeps its management point by the rules, for months, and always knows which it is.

One thread, the loop, has the lease. It waits for the next thing to do, has it done beside itself, tells the lease what
came of it, stores the lease, and does what the lease asks for. Intervals are measured on the monotonic clock; the wall
clock is for records only, so that setting it changes nothing else.
"""

import logging
from collections.abc import Callable
from itertools import count
from typing import Any

from .agent_hearing import Hearing
from .agent_lease import AgentCallbacks, LeaseKeeper, location_events
from .agent_record import AgentRecord
from .agent_reports import AgentReports, OpenReporter
from .agent_running import Running
from .agent_site import SitePlan
from .agent_worker import Start, Worker, start_thread
from .errands import SiteErrands
from .errors import CmClientError, LocateError
from .model.agent import AgentProcess, AgentStatus, Errand
from .model.decision import Location, Purpose
from .model.lease import EffectKind, Lease, NetworkChanged, ServiceStarted, SettingsChanged, Ticked
from .model.names import HostName
from .model.reports import QueueView
from .model.rule import decides
from .model.wake import Wake
from .mpclient import ContactListener
from .ports import Clock, ServiceManager, Store, Waiter
from .racing import CancelSignal
from .rules.agenda import Due, Pace, earliest_locate, has_nobody, is_in_doubt, is_other_network, plan_cycles
from .rules.choose import SeededChooser
from .rules.lease import server_for
from .rules.timing import FAILURE_WINDOW

__all__ = ["Agent", "AgentCallbacks"]

_log = logging.getLogger(__name__)
_SHORTEST_WAIT = 1.0  # seconds; whatever is planned, the loop never spins
_STOP_PATIENCE = 0.4  # seconds that an errand has to end when the agent stops, which it does within one
_OVERDUE = 60.0  # seconds that an errand may be late before the agent counts as stuck
_STARTS_KEPT = 20  # times of location requests; more are not made in an hour


class Agent:
    """Keeps a client's management point. ``assemble_agent.open_agent`` makes one from settings alone.

    Attributes:
        error: Why the last location request came to nothing; None when it was answered, or there was none.
    """

    def __init__(  # noqa: PLR0913 - one argument a part
        self,
        errands: SiteErrands,
        *,
        store: Store,
        clock: Clock,
        chooser: SeededChooser,
        waiter: Waiter,
        process: AgentProcess,
        manager: ServiceManager | None = None,
        callbacks: AgentCallbacks | None = None,
        reports: OpenReporter | None = None,
        reopen: Callable[[], SiteErrands] | None = None,
        start: Start = start_thread,
    ) -> None:
        """Put an agent together.

        Args:
            errands: What it goes and does.
            store: Where lease and status are kept.
            clock: The time.
            chooser: Chance.
            waiter: What it waits with.
            process: The process that it runs in.
            manager: Whoever started it and wants to know how it is.
            callbacks: What an embedder is told.
            reports: Opens what reports to a fallback status point; None where nothing is reported.
            reopen: Reads the settings again; raises CmClientError when they are wrong. None where they cannot be.
            start: Starts work beside the loop.
        """
        self.error: CmClientError | None = None
        self._errands = errands
        self._clock = clock
        self._chooser = chooser
        self._waiter = waiter
        self._manager = manager
        self._reopen = reopen
        self._record = AgentRecord(store, clock, AgentStatus(process.pid, process.start), manager)
        self._reports = AgentReports(reports, self._record, clock, Worker(start, waiter.nudge))
        self._keeper = LeaseKeeper(self._record, clock, chooser, callbacks or AgentCallbacks(), self._reports)
        self._worker = Worker(start, waiter.nudge)
        self._running: Running | None = None
        self._wants_location = False
        self._wants_settings = False
        self._site = SitePlan(clock)
        self._runs = count(1)
        self._hearing = Hearing(waiter.nudge, self._runs)
        self._hurried_until: float | None = None
        self._failed_locates = 0
        self._locates: tuple[float, ...] = ()
        self._is_ready = False

    # --- from any thread ---

    def stop(self) -> None:
        """End ``run`` within a second. May be called by a signal handler."""
        self._waiter.stop()

    def reload(self) -> None:
        """Read the settings again, and locate anew if they are others. May be called by a signal handler."""
        self._wants_settings = True
        self._waiter.nudge()

    @decides("ML-004")
    def request_location(self) -> None:
        """Locate anew, because a service is needed. Many calls make few requests."""
        self._wants_location = True
        self._waiter.nudge()

    def listener(self) -> ContactListener:
        """A listener for one ``ManagementPointClient`` of the embedder: what its messages meet counts for the lease.

        Five messages that fail within ten minutes give a management point up as five checks do, and one that is
        answered clears its failures. It returns at once; the agent's loop looks at what it heard. Management points
        that are no candidates of the lease are not looked at. Any thread may call it, and each client takes one of
        its own.
        """
        return self._hearing.listener()

    def server_for(self, purpose: Purpose) -> HostName | None:
        """The one for a purpose; None if unknown. Registration has the assigned one, whichever is in use."""
        return server_for(self.lease, purpose)

    def close(self) -> None:
        """Break off what is under way, and let go of what errands need."""
        self._interrupt()
        self._errands.close()
        self._reports.close(_STOP_PATIENCE)

    @property
    def lease(self) -> Lease:
        """The lease as it is."""
        return self._keeper.lease

    @property
    def status(self) -> AgentStatus:
        """What it does."""
        return self._record.status

    @property
    def waiting_reports(self) -> QueueView:
        """What waited to be reported when it last looked; nothing where nothing is reported."""
        return self._reports.view

    def next_due(self) -> float | None:
        """When it does the next thing, in seconds of its monotonic clock; None while it does something."""
        due, reports = self._next(), self._reports.due_at
        if due is None or reports is None:
            return reports if due is None else due.at
        return min(due.at, reports)

    # --- the loop ---

    @decides("ML-003")
    def run(self) -> None:
        """Keep the management point until told to stop."""
        self._keeper.resume()
        self._keeper.apply(ServiceStarted())
        while self._turn():
            pass
        self._end()

    def run_once(self) -> None:
        """Do what is due now, check the management point in use, send what is to be reported, and end.

        Somebody waits, and the next run may be a day away. So when it does not answer a location is requested, and it
        is asked again after seconds until it answers, or five failures give it up and another one answers; for ten
        minutes at most, in which five failures count.
        """
        self._hurried_until = self._clock.monotonic() + FAILURE_WINDOW
        self._keeper.resume()
        self._keeper.apply(Ticked())
        self._wants_location |= has_nobody(self.lease)  # that was so when it ran last, and somebody waits
        if self._work_off() and not self._reports.is_open:
            self._reports.follow(self._errands.config)  # nothing was located anew
            self._work_off()
        self._end()

    def _work_off(self) -> bool:
        """Work until nothing is under way and nothing is in doubt; whether it came to that."""
        self._work()
        while self._running is not None or self._reports.is_sending or self._is_in_doubt():
            is_waiting = self._running is None and self._is_in_doubt()
            if self._waiter.wait(self._pause() if is_waiting else None) is Wake.STOP:
                return False
            self._work()
        return True

    def _is_in_doubt(self) -> bool:
        """Whether it is not known yet if the management point in use answers, and there is time to find out."""
        return is_in_doubt(self.lease) and self._clock.monotonic() < (self._hurried_until or 0.0)

    @decides("ML-002")
    def _turn(self) -> bool:
        """Work, and wait for more; whether to go on."""
        self._work()
        wake = self._waiter.wait(self._pause())
        if wake is Wake.NETWORK:
            _log.info("the network changed", extra={"event": "agent.network"})
            self._interrupt()  # what is under way began in another network
            self._keeper.apply(NetworkChanged())
        return wake is not Wake.STOP

    def _work(self) -> None:
        """Take what has come and begin what is due, until that takes longer."""
        while True:
            self._take_results()
            if heard := self._hearing.take():
                self._keeper.apply(*heard)
            if self._wants_settings and self._running is not None:
                self._interrupt()
            elif self._running is None:
                self._read_settings()
                self._begin_due()
            self._reports.work()
            self._publish()
            if not (self._worker.has_news or self._reports.has_news or self._hearing.has_news):
                return

    def _pause(self) -> float | None:
        """Seconds until there is something to do; None for as long as nobody says anything."""
        now, due = self._clock.monotonic(), self.next_due()
        seconds = None if due is None else max(_SHORTEST_WAIT, due - now)
        watchdog = None if self._manager is None else self._manager.watchdog_seconds
        if self._manager is None or watchdog is None:
            return seconds
        if self._running is None or now - self._running.since < self._errands.patience + _OVERDUE:
            self._manager.alive()
        return watchdog / 2 if seconds is None else min(seconds, watchdog / 2)

    def _end(self) -> None:
        if self._manager is not None:
            self._manager.stopping()
        self._interrupt()
        self._reports.interrupt()
        self._worker.await_idle(_STOP_PATIENCE)
        self._reports.await_idle(_STOP_PATIENCE / 2)
        self._record.publish(self.lease, None, None, stopped=True)

    def _publish(self) -> None:
        doing = None if self._running is None else self._running.errand
        self._record.publish(self.lease, doing, self._next())

    # --- what is to be done ---

    def _next(self) -> Due | None:
        agenda = [] if self._running is not None else self._agenda(self._clock.monotonic())
        return min(agenda, key=lambda due: due.at, default=None)

    def _agenda(self, now: float) -> list[Due]:
        config = self._errands.config
        is_hurried = self._hurried_until is not None
        pace = Pace(config.agent_spread, config.agent_probe_interval, is_hurried=is_hurried)
        dues = []
        if self._keeper.asks or self._wants_location:
            dues.append(Due(earliest_locate(self._locates, now), Errand.LOCATE, "location, as soon as may be"))
        else:
            dues += plan_cycles(self.lease, pace, failed=self._failed_locates, chooser=self._chooser)
        if self._site.at is not None:
            dues.append(Due(self._site.at, Errand.ASSIGN, "the assigned site"))
        if self._keeper.wants_network:
            dues.append(Due(now, Errand.GATHER, "intranet or internet"))
        probe = self._keeper.plan_probe(pace, now)
        return dues if probe is None else [*dues, probe]

    def _find_due(self) -> frozenset[Errand]:
        now = self._clock.monotonic()
        return frozenset(due.errand for due in self._agenda(now) if due.at <= now)

    def _begin_due(self) -> None:
        due = self._find_due()
        if Errand.LOCATE in due and not (self._keeper.asks or self._wants_location):
            self._keeper.apply(Ticked())  # a cycle: the lease says what it is that is due
            due = self._find_due() if self._keeper.asks else due - {Errand.LOCATE}
        for errand in Errand:  # what comes first there goes first
            if errand in due:
                self._begin(errand)
                return

    def _begin(self, errand: Errand) -> None:
        asks: frozenset[EffectKind] = frozenset()
        if errand is Errand.LOCATE:
            wanted = {EffectKind.REQUEST_LOCATION} if self._wants_location else set()
            asks = self._keeper.asks | wanted
            self._keeper.asks, self._wants_location = frozenset(), False
            self._keeper.wants_network = False  # locating tells that as well
            self._locates = (*self._locates, self._clock.monotonic())[-_STARTS_KEPT:]
        elif errand is Errand.ASSIGN:
            self._site.at = None
        elif errand is Errand.GATHER:
            self._keeper.wants_network = False
        _log.info("%s begins", errand.value, extra={"event": "agent.errand"})
        self._running = Running(errand, next(self._runs), CancelSignal(), self._clock.monotonic(), asks)
        work = self._running.work(self._errands, self.lease.endpoint, self.status.network_location)
        self._publish()
        self._worker.begin(work)

    def _interrupt(self) -> None:
        if self._running is not None:
            self._running.signal.cancel()

    # --- what came of it ---

    def _take_results(self) -> None:
        while self._worker.has_news:
            done, running = self._worker.take(), self._running
            self._running = None
            if done.error is not None and not isinstance(done.error, CmClientError):
                raise done.error
            if running is not None and running.signal.cancelled:
                self._want_again(running)
            elif running is not None:
                self._conclude(running, done.answer, done.error)

    def _want_again(self, running: Running) -> None:
        """An errand was broken off: whatever it found, it is not looked at."""
        self._keeper.asks |= running.asks
        if running.errand is Errand.ASSIGN:
            self._site.at = running.since
        elif running.errand is Errand.LOCATE:
            self._wants_location = True
        elif running.errand is Errand.GATHER:
            self._keeper.wants_network = True

    def _conclude(self, running: Running, answer: Any, error: CmClientError | None) -> None:  # noqa: ANN401 - whatever the errand finds
        if error is not None:
            self._record.note_error(f"{running.errand.value}: {error.message}")
        match running.errand:
            case Errand.LOCATE:
                self._conclude_location(running, answer, error)
            case Errand.ASSIGN:
                if self._site.conclude(answer):
                    self._keeper.apply(SettingsChanged())
            case Errand.GATHER if error is None:
                moved = is_other_network(self.status.network_location, answer)
                self._record.note_network(answer)
                if moved:
                    self._keeper.apply(NetworkChanged())
            case Errand.PROBE:
                self._keeper.note_probe(answer)
                # Somebody waits: what else there is, is found out at once, and once.
                self._wants_location |= self._is_in_doubt() and not self._locates
            case _:
                pass  # where the client is could not be told; what was known stays

    def _conclude_location(self, running: Running, location: Location | None, error: CmClientError | None) -> None:
        self.error = error
        if isinstance(error, LocateError):
            location = error.location
        found = location is not None and error is None
        self._failed_locates = 0 if found else self._failed_locates + 1
        if location is not None:
            self._record.note_location(location, found=found)
            self._reports.follow(self._errands.config, location)
        problem = "" if error is None else error.message
        self._keeper.apply(*location_events(location, run=running.run, asks=running.asks, found=found, problem=problem))
        if location is not None and found:
            self._keeper.tell_located(location)
        if location is not None:
            self._site.follow(location, finds_site=self._errands.finds_site)
        if not self._is_ready and self._manager is not None:
            self._manager.ready()
        self._is_ready = True

    def _read_settings(self) -> None:
        """Read the settings again if somebody wants that; wrong ones change nothing."""
        if not self._wants_settings:
            return
        self._wants_settings = False
        if self._reopen is None:
            self._record.note_error("the settings cannot be read again; end the agent and start it")
            return
        try:
            errands = self._reopen()
        except CmClientError as error:
            self._record.note_error(f"the settings stay as they are: {error.message}")
            return
        before, self._errands = self._errands, errands
        before.close()
        changed = errands.config != before.config
        _log.info("settings read, %s", "changed" if changed else "the same", extra={"event": "agent.settings"})
        if changed:
            self._reports.follow(errands.config)
            self._keeper.apply(SettingsChanged())
