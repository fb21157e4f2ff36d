"""Which source of content is asked now, when one is left, and when it is asked again.

Nothing here waits or counts time: moments are seconds of one clock.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import NamedTuple

from ..errors import (
    CmClientError,
    ConnectionLostError,
    ContentChangedError,
    HashMismatchError,
    SizeMismatchError,
    SourceRefusedError,
    TransportError,
    TransportTimeoutError,
)
from ..model.endpoints import Endpoint
from ..model.rule import decides
from ..model.sources import PlannedSource, SourceAddress, SourcePlan

__all__ = [
    "LITTLE",
    "Moment",
    "Next",
    "Standing",
    "choose_address",
    "counts_against_server",
    "ends_job",
    "find_wait",
    "has_stalled",
    "judge_failure",
    "note_left",
]

MOST_INTERRUPTIONS = 3  # in a row with little in between; a source that breaks off each time is of no use
LITTLE = 1024 * 1024  # bytes; after more than that a source counts as one that works
_SLOWEST = 4096  # bytes that have to come within the time of a stall; a byte now and then is no progress
_FIRST_PAUSE = 60.0  # seconds before a source that was left is asked again
_LONGEST_PAUSE = 3600.0  # seconds; a client asks for content every hour

_NOT_FOUND = range(400, 500)


class Next(Enum):
    """What follows from a failure at an address."""

    AGAIN = "again"
    """Ask it again at once, from where it broke off."""
    LEAVE = "leave"
    """Go on with the next address, then the next source; come back later."""
    NEVER = "never"
    """Go on, and never ask this one for this content again."""


class Standing(NamedTuple):
    """What is remembered of an address, or of a server.

    Attributes:
        left: How often it was left.
        until: When it may be asked again.
        is_banned: Whether it is never asked again.
    """

    left: int = 0
    until: float = 0.0
    is_banned: bool = False


class Moment(NamedTuple):
    """When a choice is made.

    Attributes:
        now: The time.
        elapsed: Seconds since the begin of the job.
        waits: Whether sources that open later are waited for; else every one is open from the begin on.
    """

    now: float
    elapsed: float
    waits: bool = True


@decides("CL-030", "CL-049")
def judge_failure(
    error: CmClientError, *, works: bool, interruptions: int, is_mixed: bool, is_list_doubted: bool
) -> Next:
    """Say what follows from a failure.

    Args:
        error: What went wrong.
        works: Whether this address gave bytes before, in this try or an earlier one.
        interruptions: How often this address broke off in a row before, with little in between.
        is_mixed: Whether the file has bytes of another try, so that a wrong hash may not be this source's doing.
        is_list_doubted: Whether the sizes that are expected came from another source, which was left.
    """
    may_be_asked_again = interruptions < MOST_INTERRUPTIONS
    match error:
        case HashMismatchError():
            return Next.AGAIN if is_mixed else Next.NEVER
        case SizeMismatchError():
            return Next.AGAIN if is_list_doubted and may_be_asked_again else Next.LEAVE
        case ContentChangedError():
            return Next.AGAIN if may_be_asked_again else Next.LEAVE
        case ConnectionLostError() | TransportTimeoutError():
            return Next.AGAIN if works and may_be_asked_again else Next.LEAVE
        case _:
            return Next.LEAVE


@decides("CI-037")
def ends_job(error: CmClientError, *, is_strict: bool, is_mixed: bool) -> bool:
    """Whether a failure ends all of it, and no other source is asked.

    Args:
        error: What went wrong.
        is_strict: Whether the job wants each file to be what it should be from wherever it comes, as client setup does.
        is_mixed: Whether the file has bytes of another try; see ``judge_failure``.
    """
    return is_strict and isinstance(error, HashMismatchError) and not is_mixed


@decides("CL-072")
def counts_against_server(error: CmClientError) -> bool:
    """Whether a failure says something of the server, for other content too.

    Who refuses, or does not have, this content may well give the next one.
    """
    return isinstance(error, TransportError) or (
        isinstance(error, SourceRefusedError) and error.status is not None and error.status not in _NOT_FOUND
    )


@decides("CI-015")
def note_left(standing: Standing, now: float, *, follows: Next, retry: float | None = None) -> Standing:
    """Leave an address or a server: the job goes on with the next, and comes back after a pause.

    Args:
        standing: What is remembered of it.
        now: The time.
        follows: What follows from the failure.
        retry: Seconds of the pause; None for one that grows.
    """
    pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(standing.left, 16)) if retry is None else retry
    return Standing(standing.left + 1, now + pause, standing.is_banned or follows is Next.NEVER)


def choose_address(
    plan: SourcePlan,
    standings: Mapping[SourceAddress, Standing],
    servers: Mapping[Endpoint, Standing],
    moment: Moment,
    *,
    busy: Mapping[Endpoint | None, int],
    per_host: int,
    hosts: int = 1,
) -> SourceAddress | None:
    """The address that is asked now.

    The first source of the plan that is open and not left; of it the first address. A server that failed for other
    content is taken only when there is no other. Further hosts are used besides only when they are equal to the
    first by the plan.

    Args:
        plan: The sources in order.
        standings: What is remembered of addresses, for this content.
        servers: What is remembered of servers, whatever was asked of them.
        moment: When.
        busy: How many connections each server has now.
        per_host: Most connections to one.
        hosts: Most servers at the same time.

    Returns:
        None when every source that is open was left, or is busy.
    """
    for is_desperate in (False, True):
        usable = list(_find_usable(plan, standings, {} if is_desperate else servers, moment))
        if usable:
            lead = usable[0][0]
            equal = [one for one in usable if _rank(one[0]) == _rank(lead)][:hosts]
            free = (address for _, address in equal if busy.get(address.endpoint, 0) < per_host)
            return next(free, None)
    return None


@decides("CL-036")
def find_wait(plan: SourcePlan, standings: Mapping[SourceAddress, Standing], moment: Moment) -> float | None:
    """How long to wait when no source can be asked now.

    As long as a source of the plan opens later, or the site may name more, those that are open are asked again after
    their pauses. When none opens any more and each was asked, it is over.

    Returns:
        Seconds; None when there is nothing to wait for.
    """
    later = [
        one.opens_after - moment.elapsed for one in plan.ranked if one.source.addresses and not _is_open(one, moment)
    ]
    if moment.waits and plan.ask_again is not None:
        later.append(plan.ask_again - moment.elapsed)
    if not later:
        return None
    pauses = [
        standing.until - moment.now
        for one in plan.ranked
        if _is_open(one, moment)
        for address in one.source.addresses
        if not (standing := standings.get(address, Standing())).is_banned
    ]
    return max(0.0, min(later + pauses)) if later or pauses else None


def has_stalled(since: float, came: int, now: float, *, limit: float) -> bool | None:
    """Whether a transfer makes no progress.

    Args:
        since: When its present stretch began.
        came: Bytes that came in it.
        now: The time.
        limit: Seconds of a stretch.

    Returns:
        True when next to nothing came in a whole stretch; None when enough has come and a new stretch begins.
    """
    if came >= _SLOWEST:
        return None
    return now - since >= limit


def _find_usable(
    plan: SourcePlan,
    standings: Mapping[SourceAddress, Standing],
    servers: Mapping[Endpoint, Standing],
    moment: Moment,
) -> Iterator[tuple[PlannedSource, SourceAddress]]:
    for planned in plan.ranked:
        if not _is_open(planned, moment):
            continue
        for address in planned.source.addresses:
            own = standings.get(address, Standing())
            server = Standing() if address.endpoint is None else servers.get(address.endpoint, Standing())
            once_only = own.left and not moment.waits
            if not own.is_banned and not once_only and max(own.until, server.until) <= moment.now:
                yield planned, address
                break


def _is_open(planned: PlannedSource, moment: Moment) -> bool:
    return not moment.waits or planned.opens_after <= moment.elapsed


def _rank(planned: PlannedSource) -> tuple[int, float]:
    return planned.source.tier, planned.opens_after
