"""What an agent reports: how its lease stands is put into the queue, and what waits there is sent when it is due.

Sending is done beside the agent's errands as well as beside its loop: a fallback status point that is slow must not
hold up the search for a management point.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack

from .agent_record import AgentRecord
from .agent_worker import Done, Worker
from .config import ClientConfig
from .errors import CmClientError, StoreError
from .model.decision import Location
from .model.http import Deadline
from .model.lease import Effect, EffectKind
from .model.reports import QueueView
from .ports import Clock
from .racing import CancelSignal
from .report import StatusReporter
from .rules.timing import STATE_MESSAGE_CYCLE

__all__ = ["AgentReports", "OpenReporter"]

OpenReporter = Callable[[ClientConfig, Location | None], AbstractContextManager[StatusReporter]]
"""Opens a reporter for settings, and for what was located with them; None before anything was."""

_TOLD = frozenset({EffectKind.GAVE_UP, EffectKind.RECOVERED})
_MOST_UNTOLD = 10  # they alternate, and a reporter that hears the last two knows all
_AGAIN = 60.0  # seconds after a send that neither failed nor sent everything: another process sends, the time was up


class AgentReports:
    """The reports of an agent. Called by its loop only. Whatever fails is noted, and ends nothing.

    Args:
        opening: Opens a reporter; None where nothing is ever reported.
        record: Where faults are noted.
        clock: The time.
        worker: Sends, and has the loop call ``work`` then.

    Attributes:
        due_at: When ``work`` is to be called, on the monotonic clock; None while there is no such time.
        view: What waited at the last look; nothing where nothing is reported.
    """

    def __init__(self, opening: OpenReporter | None, record: AgentRecord, clock: Clock, worker: Worker) -> None:
        self.due_at: float | None = None
        self.view = QueueView()
        self._opening = opening
        self._record = record
        self._clock = clock
        self._worker = worker
        self._config: ClientConfig | None = None
        self._location: Location | None = None
        self._opened_for: object = None
        self._stack = ExitStack()
        self._reporter: StatusReporter | None = None
        self._untold: tuple[Effect, ...] = ()
        self._unjudged: Location | None = None  # whose certificate was not looked at yet
        self._sending: CancelSignal | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a reporter, be reporting on or off."""
        return self._reporter is not None

    @property
    def is_sending(self) -> bool:
        """Whether sending is under way."""
        return self._sending is not None

    @property
    def has_news(self) -> bool:
        """Whether ``work`` has something to do already."""
        return self._worker.has_news

    def follow(self, config: ClientConfig, location: Location | None = None) -> None:
        """Report with these settings from now on, and as the client that was located; a new reporter if they differ.

        Args:
            config: The settings.
            location: What was located, or that nothing was; None for what was said last.
        """
        self._config, self._location = config, location or self._location
        self._unjudged = location or self._unjudged
        if self._is_outdated:
            self.interrupt()
            self._open()
        if self._unjudged is not None:
            self._tell(answers=False)

    def tell(self, effects: Iterable[Effect], *, answers: bool) -> None:
        """Put into the queue what a step of the lease means.

        Args:
            effects: Of the step.
            answers: Whether the management point in use has answered; another process may have reported that none does.
        """
        self._untold = (*self._untold, *(one for one in effects if one.kind in _TOLD))[-_MOST_UNTOLD:]
        if self._untold or answers:
            self._tell(answers=answers)

    def work(self) -> None:
        """Take what came of sending, and begin to send if that is due."""
        while self._worker.has_news:
            self._conclude(self._worker.take())
        is_due = self.due_at is not None and self.due_at <= self._clock.monotonic()
        if self._is_outdated or (is_due and self._reporter is None):
            self._open()
        if self._untold or self._unjudged is not None:
            self._tell(answers=False)
        if self.due_at is not None and self.due_at <= self._clock.monotonic():
            self._look(may_send=True)

    def interrupt(self) -> None:
        """Break off what is under way. What was not taken stays in the queue."""
        if self._sending is not None:
            self._sending.cancel()

    def await_idle(self, seconds: float) -> None:
        """Wait until sending has ended, but not for longer."""
        self._worker.await_idle(seconds)

    def close(self, seconds: float) -> None:
        """Break off what is under way, and let go of the queue.

        Args:
            seconds: How long to wait for what is under way.
        """
        self.interrupt()
        self.await_idle(seconds)
        self._reporter, self._opened_for, self.due_at = None, None, None
        self._stack.close()

    # --- the reporter ---

    @property
    def _wanted(self) -> object:
        """What a reporter is made of: as long as that is the same, so is the reporter."""
        location = self._location
        if location is None:
            return self._config, None
        facts = location.facts._replace(origins={})  # how something was found out may differ from one time to the next
        return self._config, (facts, location.decision.policy.assigned_site, location.fsp)

    @property
    def _is_outdated(self) -> bool:
        return self._opening is not None and self._config is not None and self._wanted != self._opened_for

    def _open(self) -> None:
        """A new reporter in place of the old one, unless that is at work: then once it has ended."""
        if self._sending is not None or self._opening is None or self._config is None:
            return
        self._reporter, self.view, self.due_at = None, QueueView(), None
        self._opened_for = self._wanted
        self._stack.close()
        try:
            self._reporter = self._stack.enter_context(self._opening(self._config, self._location))
        except StoreError as error:
            self._record.note_store_error(error, "nothing is reported")
            self.due_at = self._clock.monotonic() + STATE_MESSAGE_CYCLE
            return
        except CmClientError as error:
            self._record.note_error(f"nothing is reported: {error.message}")
            self.due_at = self._clock.monotonic() + STATE_MESSAGE_CYCLE
            return
        if self._reporter.reporting.is_on:
            self.due_at = self._clock.monotonic()

    def _tell(self, *, answers: bool) -> None:
        if self._reporter is None or self._is_outdated:
            if self._opening is None:
                self._untold, self._unjudged = (), None
            return
        try:
            found = [] if self._unjudged is None else [self._reporter.report_certificate(self._unjudged)]
            self._unjudged = None
            found += self._reporter.report_effects(self._untold)
            self._untold = ()
            if answers:
                found.append(self._reporter.report_reachable())
        except StoreError as error:
            self._record.note_store_error(error, "nothing is reported")
            return
        if any(found) and self._sending is None:
            self.due_at = self._clock.monotonic()

    # --- sending ---

    def _look(self, *, may_send: bool) -> None:
        """See what waits, and begin to send it or plan the next look: other processes put messages there too."""
        reporter, now = self._reporter, self._clock.monotonic()
        if reporter is None:
            self.due_at = None
            return
        self.due_at = now + STATE_MESSAGE_CYCLE
        try:
            self.view = reporter.view()
        except StoreError as error:
            self._record.note_store_error(error, "nothing is reported")
            return
        if not self.view.messages:
            return
        if self.view.wait > 0:
            self.due_at = now + min(self.view.wait, STATE_MESSAGE_CYCLE)
        elif may_send:
            self._send(reporter)
        else:
            self.due_at = now + _AGAIN

    def _send(self, reporter: StatusReporter) -> None:
        assert self._config is not None  # noqa: S101 - a reporter was opened with it
        signal, self.due_at = CancelSignal(), None
        deadline = Deadline.after(self._config.deadline, self._clock.monotonic)
        self._sending = signal
        self._worker.begin(lambda: reporter.flush(deadline=deadline, cancellation=signal))

    def _conclude(self, done: Done) -> None:
        self._sending = None
        if done.error is not None:
            raise done.error
        self._look(may_send=done.answer.left == 0)
