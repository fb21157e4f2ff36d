"""Ask management points: one endpoint at a time, or groups of equals with failover to the next group."""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

from .errors import CmClientError, HttpStatusError, MalformedReplyError
from .model.decision import Discovered, Origin, SourceKind
from .model.endpoints import Audience, Endpoint, Scheme
from .model.http import Attempt, Deadline, HttpReply, HttpRequest, Outcome
from .model.names import SiteCode
from .model.rule import decides
from .ports import Cancellation, Clock, Transport
from .protocol.mplist import MpListQuery, mp_list_path, parse_mp_list
from .racing import Finish, race_equals

__all__ = ["AttemptLimits", "ContactResult", "ManagementPointClient"]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_OK = 200

_STATUS_MEANINGS = {
    401: "it asks for Windows authentication here",
    403: "it wants a client certificate, or did not accept ours",
    404: "there is no management point on this host",
    500: "it cannot reach its database, or does not serve the site asked for",
    503: "it is stopped or busy",
}


class AttemptLimits(NamedTuple):
    """How patient and how wide contacting is.

    Attributes:
        connect_timeout: Seconds to a TCP connection.
        attempt_timeout: Seconds to a whole answer.
        stagger: Seconds after which more equals are tried at the same time.
        width: Most at the same time; 1 for one after the other.
    """

    connect_timeout: float = 5.0
    attempt_timeout: float = 15.0
    stagger: float = 0.1
    width: int = 8


class ContactResult(NamedTuple, Generic[_T]):
    """What came of contacting groups of equals.

    Attributes:
        endpoint: The one that answered first; None when none did.
        answer: Its answer.
        attempts: Every attempt, in order of start.
    """

    endpoint: Endpoint | None
    answer: _T | None
    attempts: tuple[Attempt, ...]


class ManagementPointClient:
    """Sends what a client sends to management points, and records every attempt.

    Attributes:
        limits: How patient and how wide.
    """

    def __init__(self, transport: Transport, clock: Clock, limits: AttemptLimits | None = None) -> None:
        self._transport = transport
        self._clock = clock
        self._began = clock.monotonic()
        self.limits = limits or AttemptLimits()

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
        request = HttpRequest(endpoint, mp_list_path(query, site), connect_timeout=self.limits.connect_timeout)
        reply = self._transport.send(request, deadline.within(self.limits.attempt_timeout), cancellation)
        _require_ok(reply, endpoint)
        audience = Audience.INTERNET if query is MpListQuery.MPLIST2 else Audience.INTRANET
        way = "verified HTTPS" if reply.trusted else "HTTP"
        origin = Origin(SourceKind.MP_LIST, f"{query.value} of {endpoint.host} over {way}")
        found = parse_mp_list(reply.body, origin=origin, audience=audience)
        if not found.candidates:
            raise MalformedReplyError(f"{endpoint} answered with a list that names nobody usable", where="MPList")
        return found

    def attempt(self, endpoint: Endpoint, purpose: str, ask: Callable[[], _T]) -> ContactResult[_T]:
        """Ask one endpoint one thing; an error of ours becomes a failed attempt."""
        started = self._clock.monotonic()
        try:
            answer = ask()
        except CmClientError as error:
            finish: Finish[Endpoint, _T] = Finish(endpoint, started, self._clock.monotonic(), error=error)
            return ContactResult(None, None, (self._record(finish, purpose),))
        finish = Finish(endpoint, started, self._clock.monotonic(), answer, won=True)
        return ContactResult(endpoint, answer, (self._record(finish, purpose),))

    def contact(
        self,
        groups: Iterable[Sequence[Endpoint]],
        purpose: str,
        ask: Callable[[Endpoint, Cancellation], _T],
        deadline: Deadline,
    ) -> ContactResult[_T]:
        """Contact groups in order until one endpoint answers; those of one group race.

        Args:
            groups: Endpoints, best group first; a group starts when every earlier one has failed.
            purpose: What is asked, for the record.
            ask: Asks one endpoint, in a thread of its own; raises CmClientError when it failed.
            deadline: The end of it all; what is still under way then counts as failed. A group that others wait
                behind gets half of what is left, so that silent ones leave time for the next; but not where the next
                one is HTTP and this one HTTPS: delay never downgrades.

        Returns:
            The first answer and every attempt. Losers of a race that is won are cancelled, not failed.
        """
        attempts: list[Attempt] = []
        _ = self._transport.send  # one that loads at first use does so before the clock of the race starts
        waiting = list(groups)
        while waiting and not deadline.expired:
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
            attempts += [self._record(finish, purpose) for finish in finishes]
            for finish in finishes:
                if finish.won:
                    return ContactResult(finish.item, finish.answer, tuple(attempts))
        return ContactResult(None, None, tuple(attempts))

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
        )
        _log.debug("%s %s: %s %s", purpose, finish.item, outcome.value, attempt.detail, extra={"event": "mp.attempt"})
        return attempt


def _shares(group: Sequence[Endpoint], following: Sequence[Endpoint]) -> bool:
    """Whether a group leaves time for the next one."""
    return any(one.scheme is Scheme.HTTP for one in group) or all(one.scheme is Scheme.HTTPS for one in following)


def _require_ok(reply: HttpReply, endpoint: Endpoint) -> None:
    if reply.status != _OK:
        meaning = _STATUS_MEANINGS.get(reply.status, "")
        message = f"{endpoint} answered {reply.status}" + (f": {meaning}" if meaning else "")
        raise HttpStatusError(message, status=reply.status)
