"""What an answer of a fallback status point means for a report, and when it is sent again.

answer                                   the report
2xx, and no web page                     was accepted
2xx with a web page                      stays: something in between has answered
413, 414, 431                            leaves: it will never be taken
401, 403                                 stays: a fallback status point asks nobody to log in
404, 405                                 stays: there is no fallback status point
400, 415, 422                            stays: what we send is not what it takes, which a setting may mend
429, 503                                 stays, at least as long as Retry-After says
any other status, a redirect             stays
no answer, or one without end            stays: nobody knows whether it was taken

As long as one stays nothing after it is sent: reports arrive in order.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from ..errors import CmClientError
from ..model.rule import decides
from .retry import backoff_delay, find_retry_after
from .timing import STATE_MESSAGE_CYCLE

__all__ = ["LONGEST_WAIT", "Fate", "Verdict", "judge_error", "judge_reply", "resend_delay"]

_SPREAD = 4 * 3600.0  # seconds that resends of many clients are spread over at most
_RETRY_AFTER_CAP = 3600.0  # seconds; the period over which the product counts what it lets through
LONGEST_WAIT = max(STATE_MESSAGE_CYCLE, _RETRY_AFTER_CAP) + _SPREAD
"""Seconds that no wait for the next send is longer than."""

_GOOD = range(200, 300)
_NEVER = frozenset({413, 414, 431})
_SAID: Mapping[int, str] = {
    400: "it does not take what is sent: compare report_format, report_declaration and report_content_type",
    401: "it wants a log-on, which a fallback status point never does: another server may stand there",
    403: "it refuses, which a fallback status point never does: another server may stand there",
    404: "there is no fallback status point at this address",
    405: "there is no fallback status point at this address",
    413: "the report is too large for it",
    415: "it does not take what is sent: compare report_content_type",
    422: "it does not take what is sent: compare report_format, report_declaration and report_content_type",
    429: "it takes no more for a while",
    503: "it takes no more for a while",
}


class Fate(Enum):
    """What becomes of a report."""

    ACCEPTED = "accepted"
    STAYS = "stays"
    LEAVES = "leaves"


class Verdict(NamedTuple):
    """What an answer means.

    Attributes:
        fate: What becomes of the report.
        code: A word for a program, as the errors have; empty when it was accepted.
        text: What happened, for a person; likewise.
        retry_after: Seconds that the server asked to be left alone; 0 when it did not.
    """

    fate: Fate
    code: str = ""
    text: str = ""
    retry_after: float = 0.0


def judge_reply(status: int, *, is_web_page: bool, retry_after: str = "", now: datetime) -> Verdict:
    """Judge a whole reply.

    Args:
        status: The HTTP status.
        is_web_page: Whether its body is a web page.
        retry_after: The header of that name; empty when there is none.
        now: The wall clock.
    """
    if status in _GOOD:
        if not is_web_page:
            return Verdict(Fate.ACCEPTED)
        text = f"answered {status} with a web page, so something in between has answered"
        return Verdict(Fate.STAYS, "malformed-reply", text)
    said = _SAID.get(status, "")
    text = f"answered {status}" + (f": {said}" if said else "")
    if status in _NEVER:
        return Verdict(Fate.LEAVES, "http-status", text)
    seconds = find_retry_after(retry_after, now, cap=_RETRY_AFTER_CAP) if retry_after else None
    return Verdict(Fate.STAYS, "http-status", text, seconds or 0.0)


def judge_error(error: CmClientError) -> Verdict:
    """Judge a request without a whole reply: whatever happened, nobody said that the report was taken."""
    return Verdict(Fate.STAYS, error.code, error.message)


@decides("FS-050")
def resend_delay(failures: int, draw: float, *, retry_after: float = 0.0) -> float:
    """How long to wait before what waits is sent again.

    A cycle of state messages, or as long as the server asked if that is longer; and by chance up to one more cycle
    after the first failure, doubled with each further one up to four hours: clients that failed together must not come
    back together.

    Args:
        failures: How many sends failed in a row, at least 1.
        draw: Chance, in [0, 1).
        retry_after: What the server asked for.
    """
    spread = backoff_delay(failures, draw, base=STATE_MESSAGE_CYCLE, cap=_SPREAD)
    return max(STATE_MESSAGE_CYCLE, retry_after) + spread
