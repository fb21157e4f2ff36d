"""Reporting states to a fallback status point: kept first, sent then, in order, until they were taken."""

import logging
from collections.abc import Callable, Iterable, Sequence
from uuid import uuid4

from .errors import CancelledError, CmClientError, StoreError
from .model.decision import Decision, Location
from .model.endpoints import Endpoint
from .model.http import Deadline
from .model.lease import Effect
from .model.reports import DropCause, DroppedMessage, Enqueued, FlushReport, QueuedMessage, QueueView, Reporting
from .model.state import (
    MODE_READINESS_TOPIC,
    MOST_PARAMETERS,
    ClientIdentity,
    Parameter,
    StateMessage,
    StateReport,
    TopicId,
    TopicType,
)
from .ports import Cancellation, Chooser, Clock, ReportQueue, Transport
from .protocol.statexml import ReportStyle, report_request
from .protocol.webpage import is_web_page
from .report_sending import Sending
from .reporting import SendLimits
from .rules.delivery import Fate, Verdict, judge_error, judge_reply, resend_delay
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
_CLAIM_PERIOD = 30.0  # seconds after which the right to send is prolonged; each time costs a write
_CLAIM_MARGIN = 15.0  # seconds that it outlasts the longest request
_LONGEST_ATTEMPT = 300.0  # seconds; one that outlasts the right to send would be sent by another process too


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
        self._transport = transport
        self._clock = clock
        self._chooser = chooser
        self._identity = identity
        self._style = style or ReportStyle()
        self._limits = limits or SendLimits()
        self._wants_certificate = wants_certificate
        self._owner = str(uuid4())
        self._run = TopicId(self._owner)
        self._claimed_at = 0.0
        self._taken: set[int] = set()  # accepted, and still in a queue that could not be written

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
        _log_dropped(enqueued.dropped)
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
        sending = Sending(cancellation)
        try:
            self._flush(sending, deadline or Deadline(None, self._clock.monotonic), force=force)
        except StoreError as error:
            _LOG.warning("%s", error.message, extra={"event": "store.failed"})
            sending.end(error.code, f"{error.message}; {error.hint}" if error.hint else error.message)
        return sending.report()

    def drop(self, serials: Sequence[int] | None = None) -> tuple[DroppedMessage, ...]:
        """Drop messages that wait; None for all of them.

        Raises:
            StoreError: The queue cannot be written.
        """
        return self._queue.drop(serials, DropCause.BY_HAND, self._clock.now())

    def _flush(self, sending: Sending, deadline: Deadline, *, force: bool) -> None:
        sending.view = self.view()
        if self.reporting.point is None:
            if sending.view.messages:
                sending.end("off", self.reporting.reason.text)
            return
        sending.dropped += self._queue.expire(self._clock.now())
        _log_dropped(sending.dropped)
        sending.view = view = self.view()
        if not view.messages:
            return
        if view.wait > 0 and not force:
            sending.end("waiting", view.messages[0].problem)
        elif not self._claim():
            sending.end("busy", "another process is sending")
        else:
            try:
                self._send_all(self.reporting.point.endpoint, sending, deadline)
            except CancelledError as error:
                sending.end(error.code, error.message)
            finally:
                self._queue.release(self._owner)
            sending.view, sending.is_over = self.view(), True

    @property
    def _patience(self) -> float:
        return min(self._limits.attempt_timeout, _LONGEST_ATTEMPT)

    def _claim(self) -> bool:
        """Take or prolong the right to send; it outlasts one period and one request after it."""
        self._claimed_at = self._clock.monotonic()
        seconds = _CLAIM_PERIOD + self._patience + _CLAIM_MARGIN
        return self._queue.claim(self._owner, self._clock.now(), seconds=seconds)

    def _may_go_on(self) -> bool:
        return self._clock.monotonic() - self._claimed_at < _CLAIM_PERIOD or self._claim()

    def _send_all(self, endpoint: Endpoint, sending: Sending, deadline: Deadline) -> None:
        after, failures = 0, sending.view.failures
        while (queued := self._queue.find_next(after)) is not None:
            after = queued.serial
            if deadline.expired:
                sending.end("timeout", "the time was up before all were sent")
                return
            if not self._may_go_on():
                sending.end("busy", "another process is sending")
                return
            verdict = self._send(endpoint, queued, deadline, sending.cancellation)
            if verdict.fate is Fate.ACCEPTED:
                self._settle(queued, sending)
                failures = 0
            elif verdict.fate is Fate.LEAVES:
                gone = self._queue.drop([queued.serial], DropCause.REFUSED, self._clock.now())
                _log_dropped(gone, verdict.text)
                sending.dropped += gone
                sending.end(verdict.code, verdict.text)
            else:
                self._postpone(queued, verdict, failures + 1)
                sending.end(verdict.code, verdict.text)
                return

    def _send(
        self, endpoint: Endpoint, queued: QueuedMessage, deadline: Deadline, cancellation: Cancellation | None
    ) -> Verdict:
        """Send one report; not again one that was taken when it could not be taken out of the queue."""
        if queued.serial in self._taken:
            return Verdict(Fate.ACCEPTED)
        now = self._clock.now()
        report = StateReport(self._identity, (queued.message,), now, self._style.format)
        request = report_request(endpoint, report, self._style, connect_timeout=self._limits.connect_timeout)
        _LOG.info("reporting state %s to %s", queued.message, endpoint, extra={"event": "report.sending"})
        try:
            reply = self._transport.send(request, deadline.within(self._patience), cancellation)
        except CancelledError:
            raise  # no failure of the fallback status point
        except CmClientError as error:
            return judge_error(error)
        verdict = judge_reply(
            reply.status,
            is_web_page=is_web_page(reply.body),
            retry_after=reply.headers.get("retry-after", ""),
            now=now,
        )
        return verdict if verdict.fate is Fate.ACCEPTED else verdict._replace(text=f"{endpoint} {verdict.text}")

    def _settle(self, queued: QueuedMessage, sending: Sending) -> None:
        self._taken.add(queued.serial)
        self._queue.accept(queued.serial)
        self._taken.discard(queued.serial)
        sending.sent.append(queued)
        _LOG.info("state %s was reported", queued.message, extra={"event": "report.sent"})

    def _postpone(self, queued: QueuedMessage, verdict: Verdict, failures: int) -> None:
        draw = self._chooser.draw(f"report {queued.serial} {queued.attempts} {failures}")
        seconds = resend_delay(failures, draw, retry_after=verdict.retry_after)
        self._queue.postpone(queued.serial, verdict.text, self._clock.now(), seconds=seconds)
        text = "state %s was not reported: %s; the next try is in %.0f s"
        _LOG.warning(text, queued.message, verdict.text, seconds, extra={"event": "report.failed"})


_CAUSES = {
    DropCause.FULL: "the queue is full",
    DropCause.AGE: "it has waited too long",
    DropCause.REFUSED: "it is refused for good",
    DropCause.BY_HAND: "somebody dropped it",
}


def _log_dropped(dropped: Iterable[DroppedMessage], detail: str = "") -> None:
    for one in dropped:
        why = detail or _CAUSES[one.cause]
        _LOG.warning("state %s will not be reported: %s", one.queued.message, why, extra={"event": "report.dropped"})
