"""When to ask again: what counts as an attempt, how long to wait, and which endpoint is left alone for a while.

Time and chance are handed in.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import NamedTuple

from ..errors import (
    AuthenticationError,
    CancelledError,
    ClientCertificateError,
    CmClientError,
    HttpStatusError,
    ProtocolError,
    RedirectRefusedError,
    ReplyTooLargeError,
    RootKeyError,
    ServerCertificateError,
    TlsError,
)
from ..model.endpoints import Endpoint
from ..model.rule import decides
from ..model.served import FailureKind

__all__ = [
    "RETRY_AFTER_CAP",
    "Circuit",
    "CircuitState",
    "abandon_request",
    "admit_request",
    "backoff_delay",
    "circuit_state",
    "classify_failure",
    "count_attempt",
    "counts_against_network",
    "counts_against_server",
    "find_retry_after",
    "note_no_answer",
    "plan_ports",
    "tries_next_port",
]

RETRY_AFTER_CAP = 120.0  # seconds; five failures must fit into ten minutes, or nobody would ever be given up
_BASE = 1.0
_CAP = 60.0
_MOST_DOUBLINGS = 62  # beyond it a cap is long reached, and a float would overflow
_SECONDS_DIGITS = 9  # more are years; the cap decides

_UNAUTHORIZED = 401
_FORBIDDEN = 403
_CLIENT_ERRORS = range(400, 500)
_SERVER_ERRORS = range(500, 600)


# --- what counts ----------------------------------------------------------------------------------------------------


def classify_failure(error: CmClientError, *, about_content: bool = False) -> FailureKind:
    """Say what kind of failure an error is.

    Args:
        error: What sending, or reading the reply, raised.
        about_content: Whether content was asked for, not the server's own business.
    """
    match error:
        case HttpStatusError():
            return _classify_status(error.status, about_content=about_content)
        case AuthenticationError():
            return _classify_status(error.status, about_content=about_content)
        case CancelledError():
            return FailureKind.CANCELLED
        case TlsError() | ServerCertificateError() | ClientCertificateError() | RootKeyError():
            return FailureKind.TLS
        case ProtocolError() | RedirectRefusedError() | ReplyTooLargeError():
            return FailureKind.UNUSABLE
        case _:
            return FailureKind.CONNECTION


def _classify_status(status: int, *, about_content: bool) -> FailureKind:
    if status in _SERVER_ERRORS:
        return FailureKind.SERVER_ERROR
    if about_content and status in _CLIENT_ERRORS:
        return FailureKind.CONTENT
    return FailureKind.REFUSED if status in {_UNAUTHORIZED, _FORBIDDEN} else FailureKind.UNUSABLE


@decides("ST-002")
def counts_against_server(kind: FailureKind) -> bool:
    """Whether a failure is one of the five that give a management point up."""
    return kind not in {FailureKind.CONTENT, FailureKind.CANCELLED}


@decides("ST-002")
def counts_against_network(kind: FailureKind) -> bool:
    """Whether a failure may be one of the network: who answers 401 or 403 was reached.

    Nonsense and redirects may come from something in between, such as the sign-in page of a guest network.
    """
    return counts_against_server(kind) and kind is not FailureKind.REFUSED


# --- ports ----------------------------------------------------------------------------------------------------------


@decides("CF-018")
def plan_ports(endpoint: Endpoint, alternative: int | None) -> tuple[Endpoint, ...]:
    """The endpoints of one attempt: the default port, then the alternative one.

    Args:
        endpoint: The server on the default port of its protocol.
        alternative: The site's alternative port for that protocol; None when it has none.

    Returns:
        One or two endpoints, to be tried in this order.
    """
    if alternative is None or alternative == endpoint.port:
        return (endpoint,)
    return endpoint, endpoint._replace(port=alternative)


@decides("CF-018")
def tries_next_port(kind: FailureKind) -> bool:
    """Whether another port is worth trying: whoever gave an HTTP answer was found on this one."""
    return kind in {FailureKind.CONNECTION, FailureKind.TLS}


@decides("CF-018")
def count_attempt(failures: Sequence[FailureKind]) -> FailureKind:
    """The one failure that an attempt over several ports was.

    Args:
        failures: What failed on each port, in the order of trying; at least one.

    Returns:
        What the server answered, if it did on any port; else the first failure.
    """
    return next((kind for kind in failures if not tries_next_port(kind)), failures[0])


# --- how long -------------------------------------------------------------------------------------------------------


def backoff_delay(attempt: int, draw: float, *, base: float = _BASE, cap: float = _CAP) -> float:
    """How long to wait before the next attempt, with full jitter: many clients must not come back together.

    Args:
        attempt: How many failed in a row, at least 1.
        draw: Chance, in [0, 1).
        base: Seconds that the wait after the first failure stays below; doubled with each further one.
        cap: Seconds that no wait is longer than.

    Returns:
        Seconds, at least 0.
    """
    return draw * min(cap, base * 2.0 ** min(attempt - 1, _MOST_DOUBLINGS))


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_DATES = (
    re.compile(rf"[a-z]{{3}}, (?P<day>\d\d) (?P<month>[a-z]{{3}}) (?P<year>\d{{4}}) {_CLOCK} gmt"),
    re.compile(rf"[a-z]{{6,9}}, (?P<day>\d\d)-(?P<month>[a-z]{{3}})-(?P<year>\d\d) {_CLOCK} gmt"),
    re.compile(rf"[a-z]{{3}} (?P<month>[a-z]{{3}}) (?P<day>[ \d]\d) {_CLOCK} (?P<year>\d{{4}})"),
)
_CENTURY = 100
_FUTURE_YEARS = 50  # RFC 9110: a two-digit year further ahead than this means the century before


def find_retry_after(value: str, now: datetime, *, cap: float = RETRY_AFTER_CAP) -> float | None:
    """Read a ``Retry-After`` header: seconds, or a date in any of the three forms of RFC 9110.

    Args:
        value: The header as it came.
        now: The wall clock, aware.
        cap: Seconds that nobody can make the client wait longer than.

    Returns:
        Seconds to wait; None for a date that has passed and for anything that is neither form.
    """
    text = value.strip()
    if not text.isascii():  # there are digits and letters elsewhere that look like ours to Python
        return None
    if text.isdigit():
        return cap if len(text) > _SECONDS_DIGITS else min(cap, float(text))
    moment = _find_date(text.lower(), now)
    if moment is None:
        return None
    seconds = (moment - now).total_seconds()
    return min(cap, seconds) if seconds >= 0 else None


def _find_date(text: str, now: datetime) -> datetime | None:
    match = next((found for form in _DATES if (found := form.fullmatch(text))), None)
    if match is None or match["month"] not in _MONTHS:
        return None
    year = int(match["year"])
    if len(match["year"]) == 2:  # noqa: PLR2004 - digits
        year += now.year - now.year % _CENTURY
        year -= _CENTURY if year > now.year + _FUTURE_YEARS else 0
    clock = (int(match["hour"]), int(match["minute"]), int(match["second"]))
    try:
        return datetime(year, _MONTHS.index(match["month"]) + 1, int(match["day"]), *clock, tzinfo=UTC)
    except ValueError:  # such as 31 February
        return None


# --- circuits -------------------------------------------------------------------------------------------------------


class CircuitState(Enum):
    """Whether an endpoint is asked."""

    CLOSED = "closed"
    """It is asked."""
    OPEN = "open"
    """It failed, and is not asked before its time."""
    HALF_OPEN = "half-open"
    """Its time has come: one request finds out."""


class Circuit(NamedTuple):
    """What is remembered of an endpoint so that a dead one is not asked again at once.

    Attributes:
        failures: How many attempts failed in a row.
        open_until: When it may be asked again, in seconds of a monotonic clock; None when nothing failed.
        probing: Whether the one request that finds out is under way.
    """

    failures: int = 0
    open_until: float | None = None
    probing: bool = False


def circuit_state(circuit: Circuit, now: float) -> CircuitState:
    """Whether an endpoint is asked now."""
    if circuit.open_until is None:
        return CircuitState.CLOSED
    return CircuitState.OPEN if now < circuit.open_until else CircuitState.HALF_OPEN


def admit_request(circuit: Circuit, now: float) -> tuple[Circuit, bool]:
    """Ask for leave to send.

    Returns:
        The circuit, and whether to send. Whoever got leave says how it ended: a new ``Circuit()`` after an answer,
        ``note_no_answer``, or ``abandon_request``.
    """
    state = circuit_state(circuit, now)
    if state is CircuitState.CLOSED:
        return circuit, True
    if state is CircuitState.OPEN or circuit.probing:
        return circuit, False
    return circuit._replace(probing=True), True


def note_no_answer(circuit: Circuit, now: float, draw: float, *, retry_after: float | None = None) -> Circuit:
    """An attempt failed in a way that counts against the server.

    Args:
        circuit: As it was when leave was given.
        now: The time.
        draw: Chance, in [0, 1).
        retry_after: What the server asked for, from ``find_retry_after``; never shortens the wait.

    Returns:
        The circuit, open for a while.
    """
    failures = circuit.failures + 1
    wait = max(backoff_delay(failures, draw), retry_after or 0.0)
    return Circuit(failures, now + wait)


def abandon_request(circuit: Circuit) -> Circuit:
    """The request was cancelled and says nothing; the next one finds out."""
    return circuit._replace(probing=False)
