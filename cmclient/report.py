"""Reporting states to a fallback status point: kept first, sent then, in order, until they were taken."""

import logging
from collections.abc import Callable, Iterable, Sequence
from uuid import uuid4

from .model.decision import Decision, Location
from .model.http import Deadline
from .model.lease import Effect
from .model.reports import DropCause, DroppedMessage, Enqueued, FlushReport, QueueView, Reporting
from .model.state import (
    MODE_READINESS_TOPIC,
    MOST_PARAMETERS,
    ClientIdentity,
    Parameter,
    StateMessage,
    TopicId,
    TopicType,
)
from .ports import Cancellation, Chooser, Clock, ReportQueue, Transport
from .protocol.statexml import ReportStyle
from .report_sending import ReportSender, log_dropped
from .reporting import SendLimits
from .rules.reporting import (
    find_certificate,
    find_communication,
    find_state_of_effect,
    has_given_up,
    plan_deployment,
    plan_states,
)
from .rules.setup_states import SetupTrouble, leave_out_repeated, plan_setup_states
from .rules.states import State, require_state

__all__ = ["StatusReporter"]

_LOG = logging.getLogger(__name__)


class StatusReporter:
    """Reports states to a fallback status point.

    A message is on disk when ``enqueue`` returns, and leaves the queue when the fallback status point has taken it, or
    past a limit that is said. Several reporters, also of several processes, may share a queue; one of them sends.

    Args:
        reporting: Whether anything is reported, and to whom.
        queue: What waits.
        transport: HTTP. Should be one that has no credentials.
        clock: The time.
        chooser: Chance.
        identity: What the client says of itself.
        style: What is uncertain about reports; None for the best known.
        limits: How patient sending is; None for the usual.
        wants_certificate: Whether the client is set to use a certificate, so that one that cannot be used is reported.
    """

    def __init__(  # noqa: PLR0913 - one argument a part
        self,
        reporting: Reporting,
        *,
        queue: ReportQueue,
        transport: Transport,
        clock: Clock,
        chooser: Chooser,
        identity: ClientIdentity,
        style: ReportStyle | None = None,
        limits: SendLimits | None = None,
        wants_certificate: bool = False,
    ) -> None:
        self.reporting = reporting
        self._queue = queue
        self._clock = clock
        self._wants_certificate = wants_certificate
        run = str(uuid4())
        self._run = TopicId(run)
        self._sender = ReportSender(
            run,
            queue=queue,
            transport=transport,
            clock=clock,
            chooser=chooser,
            identity=identity,
            style=style or ReportStyle(),
            limits=limits or SendLimits(),
        )

    @property
    def monotonic(self) -> Callable[[], float]:
        """The clock for deadlines."""
        return self._clock.monotonic

    # --- putting into the queue ---

    def message(
        self, topic: int, state: int, parameters: Iterable[str] = (), topic_id: str | None = None
    ) -> StateMessage:
        """Make a message of now.

        Args:
            topic: A topic type that a fallback status point takes.
            state: A state id of it.
            parameters: What goes with it; cleaned and cut short (see ``Parameter``).
            topic_id: A GUID; None for the one of this run.

        Raises:
            InvalidValueError: There is no such state, or an id that is no GUID.
        """
        return self._message(require_state(topic, state), parameters, topic_id)

    def _message(self, state: State, parameters: Iterable[str] = (), topic_id: str | None = None) -> StateMessage:
        fixed = TopicId(MODE_READINESS_TOPIC) if state.topic is TopicType.MODE_READINESS else self._run
        return StateMessage(
            topic=state.topic,
            state=state.id,
            topic_id=fixed if topic_id is None else TopicId(topic_id),
            time=self._clock.now(),
            parameters=tuple(Parameter(text) for _, text in zip(range(MOST_PARAMETERS), parameters, strict=False)),
            priority=state.priority,
        )

    def enqueue(self, message: StateMessage) -> Enqueued:
        """Put a message into the queue; on disk when this returns. Does nothing where nothing is reported.

        Raises:
            StoreError: It cannot be written; the message is not in the queue.
        """
        if not self.reporting.is_on:
            return Enqueued(None, reason=self.reporting.reason)
        enqueued = self._queue.enqueue(message, self._clock.now())
        log_dropped(enqueued.dropped)
        _LOG.info("state %s waits", message, extra={"event": "report.queued"})
        return enqueued

    def _enqueue_states(self, states: Iterable[State]) -> tuple[Enqueued, ...]:
        return tuple(self.enqueue(self._message(state)) for state in states)

    def report_location(self, location: Location) -> tuple[Enqueued, ...]:
        """Put into the queue what is to be reported after looking for a management point.

        Returns:
            What came of each state, in order; nothing most of the time.

        Raises:
            StoreError: The queue cannot be read or written.
        """
        if not self.reporting.is_on:
            return ()
        last = self._queue.last_states()
        return self._enqueue_states(plan_states(location, last, wants_certificate=self._wants_certificate))

    def report_certificate(self, location: Location) -> Enqueued | None:
        """Put into the queue that the client certificate that is wanted cannot be used, or can be again.

        Returns:
            What came of it; None when there is nothing to report, or it was reported already.

        Raises:
            StoreError: The queue cannot be read or written.
        """
        last = self._queue.last_states().get(TopicType.LOCAL_CERTIFICATE) if self.reporting.is_on else None
        usable = location.decision.policy.can_use_https
        state = find_certificate(wanted=self._wants_certificate, usable=usable, last=last)
        return None if state is None else self.enqueue(self._message(state))

    def report_unreachable(self, what: Decision | Location) -> Enqueued | None:
        """Put into the queue that no management point can be reached, for a program that contacts them itself.

        Args:
            what: A location, which counts when each eligible management point was tried in vain; or a decision, all of
                whose management points the caller has tried in vain.

        Returns:
            What came of it; None when it is not to be reported: somebody answered or was not tried, or it was reported
            already.

        Raises:
            StoreError: The queue cannot be read or written.
        """
        if isinstance(what, Location) and not has_given_up(what):
            return None
        return self._enqueue_communication(works=False)

    def report_reachable(self) -> Enqueued | None:
        """Put into the queue that a management point answered again, if it was reported that none did.

        Returns:
            What came of it; None when there is nothing to report.

        Raises:
            StoreError: The queue cannot be read or written.
        """
        return self._enqueue_communication(works=True)

    def _enqueue_communication(self, *, works: bool) -> Enqueued | None:
        last = self._last_communication() if self.reporting.is_on else None
        state = find_communication(works=works, last=last)
        return None if state is None else self.enqueue(self._message(state))

    def _last_communication(self) -> int | None:
        return self._queue.last_states().get(TopicType.CLIENT_COMMUNICATION)

    def report_effects(self, effects: Iterable[Effect]) -> tuple[Enqueued, ...]:
        """Put into the queue what a step of a lease means for reporting: all were given up, or one answered again.

        Returns:
            What came of each state, in order; nothing where nothing is reported, or it was reported already.

        Raises:
            StoreError: The queue cannot be read or written.
        """
        if not self.reporting.is_on:
            return ()
        found = []
        for effect in effects:
            state = find_state_of_effect(effect.kind, self._last_communication())
            if state is not None:
                found.append(self.enqueue(self._message(state)))
        return tuple(found)

    def report_deployment(
        self, failures: Sequence[int] = (), *, installed: int | None = 400, assignments: Iterable[int | None] = (None,)
    ) -> tuple[Enqueued, ...]:
        """Put into the queue how an installation went; the arguments are those of ``plan_deployment``.

        Raises:
            StoreError: The queue cannot be written; what came before is in it.
        """
        return self._enqueue_states(plan_deployment(failures, installed=installed, assignments=assignments))

    def report_setup(self, troubles: Iterable[SetupTrouble]) -> tuple[Enqueued, ...]:
        """Put into the queue that client setup did not get its files, and why; once while nobody took it.

        Raises:
            StoreError: The queue cannot be read or written; what came before is in it.
        """
        if not self.reporting.is_on:
            return ()
        messages = [self._message(state, parameters) for state, parameters in plan_setup_states(troubles)]
        waiting = (one.message for one in self.view().messages)
        return tuple(map(self.enqueue, leave_out_repeated(messages, waiting)))

    # --- sending ---

    def view(self) -> QueueView:
        """What waits.

        Raises:
            StoreError: The queue cannot be read.
        """
        return self._queue.view(self._clock.now())

    def next_due(self) -> float | None:
        """Seconds until something is to be sent; None when nothing waits or nothing is reported.

        Raises:
            StoreError: The queue cannot be read.
        """
        view = self.view()
        return view.wait if view.messages and self.reporting.is_on else None

    def flush(
        self, *, deadline: Deadline | None = None, force: bool = False, cancellation: Cancellation | None = None
    ) -> FlushReport:
        """Send what waits, in order, until one is not taken.

        Args:
            deadline: The end of sending; None for none. One report has its own limit as well.
            force: Whether to send although the wait after a failure is not over.
            cancellation: Ends it soon; what was under way stays, and is due as before.

        Returns:
            What was sent and what is left. A failure is in it, also one of the queue; never raises CmClientError.
        """
        return self._sender.flush(self.reporting, deadline=deadline, force=force, cancellation=cancellation)

    def drop(self, serials: Sequence[int] | None = None) -> tuple[DroppedMessage, ...]:
        """Drop messages that wait; None for all of them.

        Raises:
            StoreError: The queue cannot be written.
        """
        return self._queue.drop(serials, DropCause.BY_HAND, self._clock.now())
