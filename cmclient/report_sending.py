"""Sending what waits in a report queue: in order, by one of all who share it, until one is not taken."""

import logging
from collections.abc import Iterable

from .errors import CancelledError, CmClientError, StoreError
from .model.endpoints import Endpoint
from .model.http import Deadline
from .model.reports import DropCause, DroppedMessage, FlushReport, QueuedMessage, QueueView, Reporting
from .model.state import ClientIdentity, StateReport
from .ports import Cancellation, Chooser, Clock, ReportQueue, Transport
from .protocol.statexml import ReportStyle, report_request
from .protocol.webpage import is_web_page
from .reporting import SendLimits
from .rules.delivery import Fate, Verdict, judge_error, judge_reply, resend_delay

__all__ = ["ReportSender", "log_dropped"]

_LOG = logging.getLogger(__name__)
_CLAIM_PERIOD = 30.0  # seconds after which the right to send is prolonged; each time costs a write
_CLAIM_MARGIN = 15.0  # seconds that it outlasts the longest request
_LONGEST_ATTEMPT = 300.0  # seconds; one that outlasts the right to send would be sent by another process too

_CAUSES = {
    DropCause.FULL: "the queue is full",
    DropCause.AGE: "it has waited too long",
    DropCause.REFUSED: "it is refused for good",
    DropCause.BY_HAND: "somebody dropped it",
}


class _Sending:
    """One flush, while it is under way."""

    def __init__(self, cancellation: Cancellation | None) -> None:
        self.cancellation = cancellation
        self.sent: list[QueuedMessage] = []
        self.dropped: list[DroppedMessage] = []
        self.view = QueueView()
        self.is_over = False
        self._code = ""
        self._problem = ""

    def end(self, code: str, problem: str) -> None:
        """Note what went wrong; the last of it counts."""
        self._code, self._problem = code, problem

    def report(self) -> FlushReport:
        """What came of it. Where the queue could not be read after it, what is left is what was there and not sent."""
        gone = 0 if self.is_over else len(self.sent)
        left = max(0, len(self.view.messages) - gone)
        return FlushReport(
            sent=tuple(self.sent),
            left=left,
            dropped=tuple(self.dropped),
            code=self._code,
            problem=self._problem,
            wait=self.view.wait if left else None,
        )


class ReportSender:
    """Sends what waits in a queue.

    Args:
        owner: Who takes the right to send, of all who share the queue.
        queue: What waits.
        transport: HTTP.
        clock: The time.
        chooser: Chance.
        identity: What the client says of itself.
        style: What is uncertain about reports.
        limits: How patient sending is.
    """

    def __init__(
        self,
        owner: str,
        *,
        queue: ReportQueue,
        transport: Transport,
        clock: Clock,
        chooser: Chooser,
        identity: ClientIdentity,
        style: ReportStyle,
        limits: SendLimits,
    ) -> None:
        self._owner = owner
        self._queue = queue
        self._transport = transport
        self._clock = clock
        self._chooser = chooser
        self._identity = identity
        self._style = style
        self._limits = limits
        self._claimed_at = 0.0
        self._taken: set[int] = set()  # accepted, and still in a queue that could not be written

    def flush(
        self, reporting: Reporting, *, deadline: Deadline | None, force: bool, cancellation: Cancellation | None
    ) -> FlushReport:
        """Send what waits; see ``StatusReporter.flush``."""
        sending = _Sending(cancellation)
        try:
            self._flush(reporting, sending, deadline or Deadline(None, self._clock.monotonic), force=force)
        except StoreError as error:
            _LOG.warning("%s", error.message, extra={"event": "store.failed"})
            sending.end(error.code, f"{error.message}; {error.hint}" if error.hint else error.message)
        return sending.report()

    def _view(self) -> QueueView:
        return self._queue.view(self._clock.now())

    def _flush(self, reporting: Reporting, sending: _Sending, deadline: Deadline, *, force: bool) -> None:
        sending.view = self._view()
        if reporting.point is None:
            if sending.view.messages:
                sending.end("off", reporting.reason.text)
            return
        sending.dropped += self._queue.expire(self._clock.now())
        log_dropped(sending.dropped)
        sending.view = view = self._view()
        if not view.messages:
            return
        if view.wait > 0 and not force:
            sending.end("waiting", view.messages[0].problem)
        elif not self._claim():
            sending.end("busy", "another process is sending")
        else:
            try:
                self._send_all(reporting.point.endpoint, sending, deadline)
            except CancelledError as error:
                sending.end(error.code, error.message)
            finally:
                self._queue.release(self._owner)
            sending.view, sending.is_over = self._view(), True

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

    def _send_all(self, endpoint: Endpoint, sending: _Sending, deadline: Deadline) -> None:
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
                log_dropped(gone, verdict.text)
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

    def _settle(self, queued: QueuedMessage, sending: _Sending) -> None:
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


def log_dropped(dropped: Iterable[DroppedMessage], detail: str = "") -> None:
    """Log which messages left the queue without being sent; each with its own cause unless one is given for all."""
    for one in dropped:
        why = detail or _CAUSES[one.cause]
        _LOG.warning("state %s will not be reported: %s", one.queued.message, why, extra={"event": "report.dropped"})
