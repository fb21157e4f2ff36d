"""What an answer of a fallback status point means, and when a report is sent again."""

from datetime import UTC, datetime

import pytest

from cmclient.errors import (
    CmClientError,
    ConnectError,
    ConnectionLostError,
    NameResolutionError,
    RedirectRefusedError,
    ReplyTooLargeError,
    TransportTimeoutError,
)
from cmclient.rules.delivery import LONGEST_WAIT, Fate, judge_error, judge_reply, resend_delay

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NEARLY_ONE = 1.0 - 2.0**-53


@pytest.mark.parametrize(
    ("status", "page", "fate"),
    [
        (200, False, Fate.ACCEPTED),
        (202, False, Fate.ACCEPTED),
        (204, False, Fate.ACCEPTED),
        (200, True, Fate.STAYS),
        (300, False, Fate.STAYS),
        (304, False, Fate.STAYS),
        (400, True, Fate.STAYS),
        (401, True, Fate.STAYS),
        (403, True, Fate.STAYS),
        (404, True, Fate.STAYS),
        (413, True, Fate.LEAVES),
        (414, False, Fate.LEAVES),
        (429, False, Fate.STAYS),
        (431, False, Fate.LEAVES),
        (500, True, Fate.STAYS),
        (503, False, Fate.STAYS),
        (599, False, Fate.STAYS),
    ],
)
def test_status__says_what_becomes_of_the_report(status: int, page: bool, fate: Fate) -> None:  # noqa: FBT001
    verdict = judge_reply(status, is_web_page=page, now=NOON)
    assert verdict.fate is fate
    assert bool(verdict.code) is bool(verdict.text) is (fate is not Fate.ACCEPTED)
    assert fate is Fate.ACCEPTED or str(status) in verdict.text


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 0.0),
        ("120", 120.0),
        ("999999999999", 3600.0),
        ("Sat, 21 Nov 2026 12:10:00 GMT", 600.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", 0.0),
    ],
)
def test_retry_after__is_heeded_up_to_an_hour(header: str, seconds: float) -> None:
    assert judge_reply(503, is_web_page=False, retry_after=header, now=NOON).retry_after == seconds


@pytest.mark.parametrize(
    "error",
    [
        ConnectError("refused"),
        NameResolutionError("no address"),
        TransportTimeoutError("no answer"),
        ConnectionLostError("cut off"),
        ReplyTooLargeError("without end"),
        RedirectRefusedError("elsewhere", location="http://elsewhere"),
    ],
)
def test_no_answer__leaves_the_report_where_it_is(error: CmClientError) -> None:
    verdict = judge_error(error)
    assert (verdict.fate, verdict.code, verdict.text) == (Fate.STAYS, error.code, error.message)


@pytest.mark.rule("FS-050")
@pytest.mark.parametrize(
    ("failures", "retry_after", "least", "most"),
    [
        (1, 0.0, 900, 1800),
        (2, 0.0, 900, 2700),
        (5, 0.0, 900, 900 + 14_400),
        (10_000, 0.0, 900, 900 + 14_400),
        (1, 60.0, 900, 1800),
        (1, 3600.0, 3600, 4500),
    ],
)
def test_resend__a_cycle_later_and_spread_the_wider_the_more_failed(
    failures: int, retry_after: float, least: float, most: float
) -> None:
    assert resend_delay(failures, 0.0, retry_after=retry_after) == least
    assert resend_delay(failures, NEARLY_ONE, retry_after=retry_after) == pytest.approx(most)
    assert most <= LONGEST_WAIT
