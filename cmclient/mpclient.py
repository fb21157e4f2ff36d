"""Ask management points: one endpoint at a time, or groups of equals with failover to the next group."""

import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Generic, NamedTuple, TypeVar

from .errors import CancelledError, CmClientError, Disposition, MalformedReplyError, NotAskedError
from .exchange import AlternativePorts, AttemptLimits, Exchange, Pause, pause
from .model.decision import Discovered, Origin, SourceKind
from .model.endpoints import Audience, Endpoint, Scheme
from .model.http import Attempt, Deadline, HttpReply, HttpRequest, Outcome
from .model.mplist import MpListQuery
from .model.names import SiteCode
from .model.rule import decides
from .model.served import Failed, FailureKind, Succeeded
from .ports import Cancellation, Clock, Transport
from .protocol.mplist import mp_list_path, parse_mp_list
from .racing import Finish, race_equals
from .rules.gateways import leave_out_gateways
from .rules.retry import classify_failure

__all__ = ["AlternativePorts", "AttemptLimits", "ContactListener", "ContactResult", "ManagementPointClient"]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_OK = 200

ContactListener = Callable[[Succeeded | Failed], None]
"""Is told what became of each attempt, in the order in which they ended, by the thread that contacts."""


class ContactResult(NamedTuple, Generic[_T]):
    """What came of contacting groups of equals.

    Attributes:
        endpoint: The one that answered first; None when none did.
        answer: Its answer.
        attempts: Every attempt, in order of start.
        is_final: Whether nobody else would answer differently: the question itself is at fault.
    """

    endpoint: Endpoint | None
    answer: _T | None
    attempts: tuple[Attempt, ...]
    is_final: bool = False


class ManagementPointClient:
    """Sends what a client sends to management points, and records every attempt.

    Attributes:
        limits: How patient and how wide.
        pause: Waits, until it is cancelled at most.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        limits: AttemptLimits | None = None,
        *,
        alternatives: AlternativePorts = AlternativePorts(),  # noqa: B008 - a value that nobody can change
        listener: ContactListener | None = None,
        pause: Pause = pause,
    ) -> None:
        """Put a client together from its ports.

        Args:
            transport: HTTP.
            clock: The time.
            limits: How patient and how wide; None for the usual.
            alternatives: The site's second port for each protocol.
            listener: Is told each success and failure that ``attempt`` and ``contact`` record, so that a lease can
                follow. Of those who were not asked, or not to the end because another was quicker, it hears nothing.
            pause: Waits, for a server that is busy and between rounds.
        """
        self.limits = limits or AttemptLimits()
        self.pause = pause
        self._transport = transport
        self._clock = clock
        self._began = clock.monotonic()
        self._exchange = Exchange(transport, clock, self.limits, alternatives=alternatives, pause=pause)
        self._listener = listener
        self._runs = count(1)

    def begin_run(self) -> int:
        """A number for attempts that belong together, such as those of one message; each call gives another one."""
        return next(self._runs)

    def exchange(self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None = None) -> HttpReply:
        """Send a request to a management point as one attempt: on its second port too, and again if it is busy.

        Args:
            request: What to ask, on the default port.
            deadline: The end of waiting; the limit of an attempt applies as well.
            cancellation: Gives up when cancelled.

        Returns:
            A reply with status 200.

        Raises:
            TransportError: No whole reply on any port; see ``ports.Transport``.
            HttpStatusError: A reply other than 200.
        """
        return self._exchange.ask(request, deadline, cancellation)

    @decides("CF-012", "ML-041")
    def fetch_list(
        self,
        endpoint: Endpoint,
        query: MpListQuery,
        deadline: Deadline,
        *,
        site: SiteCode | None = None,
        cancellation: Cancellation | None = None,
    ) -> Discovered:
        """Ask a management point for its list. Anonymous at the level of the message.

        Args:
            endpoint: The management point.
            query: Which list.
            deadline: The end of waiting; the limit of an attempt applies as well.
            site: The site, for those lists that take one.
            cancellation: Gives up when cancelled.

        Returns:
            What the list names; at least one candidate.

        Raises:
            TransportError: No whole reply; see ``ports.Transport``.
            HttpStatusError: A reply other than 200.
            MalformedReplyError: No list, an empty one, or one in which no entry can be used.
            UnsafeXmlError: The reply was refused for what it could do.
        """
        _log.info("asking %s for %s", endpoint, query.value, extra={"event": "mp.asked"})
        reply = self.exchange(HttpRequest(endpoint, mp_list_path(query, site)), deadline, cancellation)
        audience = Audience.INTERNET if query is MpListQuery.MPLIST2 else Audience.INTRANET
        way = "verified HTTPS" if reply.trusted else "HTTP"
        origin = Origin(SourceKind.MP_LIST, f"{query.value} of {endpoint.host} over {way}")
        found = parse_mp_list(reply.body, origin=origin, audience=audience)
        if not reply.trusted:
            found = leave_out_gateways(found)
        if not found.candidates:
            raise MalformedReplyError(f"{endpoint} answered with a list that names nobody usable", where="MPList")
        return found

    def attempt(
        self, endpoint: Endpoint, purpose: str, ask: Callable[[], _T], *, run: int | None = None
    ) -> ContactResult[_T]:
        """Ask one endpoint one thing; an error of ours becomes a failed attempt.

        Args:
            endpoint: The endpoint.
            purpose: What is asked, for the record.
            ask: Asks it; raises CmClientError when that failed.
            run: The attempts that this one belongs to (``begin_run``); None for none.
        """
        started = self._clock.monotonic()
        try:
            answer = ask()
        except CmClientError as error:
            finish: Finish[Endpoint, _T] = Finish(endpoint, started, self._clock.monotonic(), error=error)
        else:
            finish = Finish(endpoint, started, self._clock.monotonic(), answer, won=True)
        return self._result([finish], purpose, self.begin_run() if run is None else run)

    def contact(
        self,
        groups: Iterable[Sequence[Endpoint]],
        purpose: str,
        ask: Callable[[Endpoint, Cancellation], _T],
        deadline: Deadline,
        *,
        run: int | None = None,
    ) -> ContactResult[_T]:
        """Contact groups in order until one endpoint answers; those of one group race.

        Args:
            groups: Endpoints, best group first; a group starts when every earlier one has failed.
            purpose: What is asked, for the record.
            ask: Asks one endpoint, in a thread of its own; raises CmClientError when it failed.
            deadline: The end of it all; what is still under way then counts as failed. A group that others wait
                behind gets half of what is left, so that silent ones leave time for the next; but not where the next
                one is HTTP and this one HTTPS: delay never downgrades.
            run: The attempts that these belong to (``begin_run``); None for none.

        Returns:
            The first answer and every attempt. Losers of a race that is won are cancelled, not failed.
        """
        run = self.begin_run() if run is None else run
        result: ContactResult[_T] = ContactResult(None, None, ())
        _ = self._transport.send  # one that loads at first use does so before the clock of the race starts
        waiting = list(groups)
        while waiting and not deadline.expired and result.endpoint is None and not result.is_final:
            group = waiting.pop(0)
            share = deadline.half() if waiting and _shares(group, waiting[0]) else deadline
            finishes = race_equals(
                group,
                ask,
                clock=self._clock,
                deadline=share,
                stagger=self.limits.stagger,
                width=self.limits.width,
            )
            following = self._result(finishes, purpose, run)
            result = following._replace(attempts=result.attempts + following.attempts)
        return result

    def _result(self, finishes: Sequence[Finish[Endpoint, _T]], purpose: str, run: int) -> ContactResult[_T]:
        for finish in sorted(finishes, key=lambda finish: finish.ended):
            self._tell(finish, run)
        attempts = tuple(self._record(finish, purpose) for finish in finishes)
        won = next((finish for finish in finishes if finish.won), None)
        errors = [finish.error for finish in finishes if finish.error is not None]
        is_final = won is None and any(error.disposition is Disposition.GIVE_UP for error in errors)
        return ContactResult(won and won.item, won and won.answer, attempts, is_final)

    def _tell(self, finish: Finish[Endpoint, _T], run: int) -> None:
        kind = _find_failure(finish.error)
        if self._listener is not None and (finish.won or kind is not None):
            wait = getattr(finish.error, "retry_after", None)
            self._listener(Succeeded(finish.item) if kind is None else Failed(finish.item, kind, run, wait))

    def _record(self, finish: Finish[Endpoint, _T], purpose: str) -> Attempt:
        error = finish.error
        outcome = Outcome.ANSWERED if finish.won else Outcome.CANCELLED if error is None else Outcome.FAILED
        attempt = Attempt(
            endpoint=finish.item,
            purpose=purpose,
            outcome=outcome,
            started=round(finish.started - self._began, 6),
            seconds=round(finish.ended - finish.started, 6),
            code="" if error is None else error.code,
            detail="another was quicker" if outcome is Outcome.CANCELLED else error.message if error else "",
            status=_OK if finish.won else getattr(error, "status", None),
            hint="" if error is None else error.hint,
            retry_after=getattr(error, "retry_after", None),
        )
        _log.debug("%s %s: %s %s", purpose, finish.item, outcome.value, attempt.detail, extra={"event": "mp.attempt"})
        return attempt


def _shares(group: Sequence[Endpoint], following: Sequence[Endpoint]) -> bool:
    """Whether a group leaves time for the next one."""
    return any(one.scheme is Scheme.HTTP for one in group) or all(one.scheme is Scheme.HTTPS for one in following)


def _find_failure(error: CmClientError | None) -> FailureKind | None:
    """What failed, as far as it says something about the server."""
    if error is None or isinstance(error, CancelledError | NotAskedError) or error.disposition is Disposition.GIVE_UP:
        return None
    return classify_failure(error)
