"""When to ask again: what counts, which port comes next, how long to wait, and whom to leave alone."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmclient import errors
from cmclient.errors import CmClientError, HttpStatusError
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.names import HostName
from cmclient.model.served import FailureKind
from cmclient.rules.retry import (
    RETRY_AFTER_CAP,
    Circuit,
    CircuitState,
    abandon_request,
    admit_request,
    backoff_delay,
    circuit_state,
    classify_failure,
    count_attempt,
    counts_against_network,
    counts_against_server,
    find_retry_after,
    note_no_answer,
    plan_ports,
    tries_next_port,
)
from cmclient.rules.timing import FAILURE_LIMIT, FAILURE_WINDOW

NOW = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC)
MOST = 1 - 2**-53  # the largest draw


def status(code: int) -> HttpStatusError:
    return HttpStatusError("x", status=code)


@pytest.mark.rule("ST-002")
@pytest.mark.parametrize(
    ("error", "kind", "server", "network"),
    [
        (errors.NameResolutionError("x"), FailureKind.CONNECTION, True, True),
        (errors.ConnectError("x"), FailureKind.CONNECTION, True, True),
        (errors.TransportTimeoutError("x"), FailureKind.CONNECTION, True, True),
        (errors.ConnectionLostError("x"), FailureKind.CONNECTION, True, True),
        (errors.TlsError("x"), FailureKind.TLS, True, True),
        (errors.ServerCertificateError("x"), FailureKind.TLS, True, True),
        (errors.ClientCertificateError("x"), FailureKind.TLS, True, True),
        (status(500), FailureKind.SERVER_ERROR, True, True),
        (status(599), FailureKind.SERVER_ERROR, True, True),
        (status(401), FailureKind.REFUSED, True, False),
        (status(403), FailureKind.REFUSED, True, False),
        (status(400), FailureKind.UNUSABLE, True, True),
        (status(404), FailureKind.UNUSABLE, True, True),
        (status(204), FailureKind.UNUSABLE, True, True),
        (errors.MalformedReplyError("x"), FailureKind.UNUSABLE, True, True),
        (errors.UnsafeXmlError("x"), FailureKind.UNUSABLE, True, True),
        (errors.ReplyTooLargeError("x"), FailureKind.UNUSABLE, True, True),
        (errors.RedirectRefusedError("x"), FailureKind.UNUSABLE, True, True),
        (errors.CancelledError("x"), FailureKind.CANCELLED, False, False),
    ],
)
def test_failure__is_told_by_its_error(
    error: CmClientError,
    kind: FailureKind,
    server: bool,  # noqa: FBT001
    network: bool,  # noqa: FBT001
) -> None:
    found = classify_failure(error)
    assert (found, counts_against_server(found), counts_against_network(found)) == (kind, server, network)


@pytest.mark.rule("ST-002")
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (399, FailureKind.UNUSABLE),
        (400, FailureKind.CONTENT),
        (403, FailureKind.CONTENT),
        (404, FailureKind.CONTENT),
        (499, FailureKind.CONTENT),
        (500, FailureKind.SERVER_ERROR),
        (600, FailureKind.UNUSABLE),
    ],
)
def test_4xx_about_content__does_not_count(code: int, kind: FailureKind) -> None:
    assert classify_failure(status(code), about_content=True) is kind
    assert counts_against_server(kind) is (kind is not FailureKind.CONTENT)


@pytest.mark.rule("CF-018")
@pytest.mark.parametrize(("alternative", "ports"), [(8080, [80, 8080]), (None, [80]), (80, [80])])
def test_ports__default_first_then_the_alternative(alternative: int | None, ports: list[int]) -> None:
    planned = plan_ports(Endpoint(Scheme.HTTP, HostName("mp"), 80), alternative)
    assert [endpoint.port for endpoint in planned] == ports
    assert {(endpoint.scheme, endpoint.host) for endpoint in planned} == {(Scheme.HTTP, "mp")}


@pytest.mark.rule("CF-018")
@pytest.mark.parametrize("kind", FailureKind)
def test_alternative_port__only_when_nobody_answered_on_the_default_one(kind: FailureKind) -> None:
    assert tries_next_port(kind) is (kind in {FailureKind.CONNECTION, FailureKind.TLS})


@pytest.mark.rule("CF-018")
@pytest.mark.parametrize(
    ("failures", "counted"),
    [
        ([FailureKind.TLS], FailureKind.TLS),
        ([FailureKind.TLS, FailureKind.CONNECTION], FailureKind.TLS),
        ([FailureKind.CONNECTION, FailureKind.REFUSED], FailureKind.REFUSED),
        ([FailureKind.CONNECTION, FailureKind.CANCELLED], FailureKind.CANCELLED),
    ],
)
def test_two_ports__are_one_attempt(failures: list[FailureKind], counted: FailureKind) -> None:
    assert count_attempt(failures) is counted


@pytest.mark.parametrize(
    ("attempt", "most"), [(1, 1.0), (2, 2.0), (3, 4.0), (6, 32.0), (7, 60.0), (8, 60.0), (10**9, 60.0)]
)
def test_back_off__doubles_to_its_cap_with_full_jitter(attempt: int, most: float) -> None:
    assert backoff_delay(attempt, 0.0) == 0.0
    assert backoff_delay(attempt, 0.5) == most / 2
    assert most * 0.999 < backoff_delay(attempt, MOST) < most


def test_back_off__base_and_cap_are_the_callers() -> None:
    assert [backoff_delay(attempt, 0.5, base=10, cap=30) for attempt in (1, 2, 3)] == [5.0, 10.0, 15.0]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("119", 119.0),
        ("121", RETRY_AFTER_CAP),
        ("9" * 5000, RETRY_AFTER_CAP),
        ("-1", None),
        ("+7", None),
        ("7.5", None),
        ("7s", None),
        ("", None),
        ("soon", None),
        ("\u0667", None),
        ("Sat, 21 Nov 2026 10:00:07 GMT", 7.0),
        ("sat, 21 nov 2026 10:00:07 gmt", 7.0),
        ("Sat, 21 Nov 2026 10:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2026 09:59:59 GMT", None),
        ("Sun, 22 Nov 2026 10:00:00 GMT", RETRY_AFTER_CAP),
        ("Saturday, 21-Nov-26 10:00:07 GMT", 7.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
        ("Thursday, 21-Nov-75 10:00:07 GMT", RETRY_AFTER_CAP),
        ("Monday, 21-Nov-77 10:00:07 GMT", None),
        ("Sat Nov 21 10:00:07 2026", 7.0),
        ("Tue Nov  1 10:00:07 2027", RETRY_AFTER_CAP),
        ("Sat, 31 Feb 2027 10:00:07 GMT", None),
        ("Sat, 21 Non 2026 10:00:07 GMT", None),
        ("Sat, 21 Nov 2026 25:00:07 GMT", None),
        ("Sat, 21 Nov 2026 10:00:07 CET", None),
        ("Sat, 21 Nov 0000 10:00:07 GMT", None),
    ],
)
def test_retry_after__seconds_or_a_date_within_reason(value: str, seconds: float | None) -> None:
    assert find_retry_after(value, NOW) == seconds


@given(st.text() | st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT")))
def test_retry_after__anything_at_all_is_a_short_wait_or_none(value: str) -> None:
    seconds = find_retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= RETRY_AFTER_CAP


def test_retry_after__another_zone_of_the_clock_makes_no_difference() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=9)))
    assert find_retry_after("Sat, 21 Nov 2026 10:00:07 GMT", there) == 7.0


def test_circuit__is_open_until_its_time_and_then_lets_one_find_out() -> None:
    circuit, sent = admit_request(Circuit(), 100.0)
    assert (circuit, sent, circuit_state(circuit, 100.0)) == (Circuit(), True, CircuitState.CLOSED)
    circuit = note_no_answer(circuit, 100.0, 0.5)
    assert circuit_state(circuit, 100.499) is CircuitState.OPEN
    assert admit_request(circuit, 100.499) == (circuit, False)
    assert circuit_state(circuit, 100.5) is CircuitState.HALF_OPEN
    probing, sent = admit_request(circuit, 100.5)
    assert sent
    assert admit_request(probing, 101.0) == (probing, False), "one is enough"
    assert admit_request(abandon_request(probing), 101.0) == (probing, True), "a cancelled one finds out nothing"
    again = note_no_answer(probing, 101.0, 0.5)
    assert (again.failures, again.open_until, again.probing) == (2, 102.0, False)


@pytest.mark.parametrize(("retry_after", "until"), [(None, 0.5), (0.2, 0.5), (30.0, 30.0)])
def test_circuit__waits_as_long_as_the_server_asks_for(retry_after: float | None, until: float) -> None:
    assert note_no_answer(Circuit(), 0.0, 0.5, retry_after=retry_after).open_until == until


@pytest.mark.rule("ST-002")
@pytest.mark.parametrize("retry_after", [None, RETRY_AFTER_CAP])
def test_circuit__leaves_room_for_five_failures_within_ten_minutes(retry_after: float | None) -> None:
    circuit, now = Circuit(), 0.0
    for _ in range(FAILURE_LIMIT - 1):
        circuit = note_no_answer(circuit, now, MOST, retry_after=retry_after)
        now = circuit.open_until or 0.0
    assert now + FAILURE_LIMIT * 15.0 < FAILURE_WINDOW, "with 15 seconds for each attempt, or nobody is ever given up"
