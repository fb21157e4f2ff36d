"""Attempts on record, in the words of the lease."""

import inspect

import pytest

from cmclient import errors
from cmclient.model.endpoints import Endpoint, Scheme
from cmclient.model.http import Attempt, Outcome
from cmclient.model.names import HostName
from cmclient.model.served import Failed, FailureKind, Succeeded
from cmclient.rules.failures import find_failure, find_trust_hint, outcomes_of
from cmclient.rules.retry import classify_failure

A, B, C = (Endpoint(Scheme.HTTP, HostName(host), 80) for host in "abc")
FROM_A_SERVER = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.TransportError | errors.ProtocolError)
    and kind not in {errors.HttpStatusError, errors.NotAskedError}
]


def attempt(
    endpoint: Endpoint, outcome: Outcome = Outcome.FAILED, code: str = "", status: int | None = None
) -> Attempt:
    return Attempt(endpoint, "MPLIST", outcome, 0.0, 0.0, code=code, status=status)


def answered(endpoint: Endpoint) -> Attempt:
    return attempt(endpoint, Outcome.ANSWERED)


def failed(endpoint: Endpoint, code: str = "connect") -> Attempt:
    return attempt(endpoint, code=code)


@pytest.mark.parametrize("kind", FROM_A_SERVER, ids=lambda kind: kind.code)
def test_failure__is_of_the_same_kind_as_its_error(kind: type[errors.CmClientError]) -> None:
    assert find_failure(failed(A, kind.code)) is classify_failure(kind("what happened"))


@pytest.mark.parametrize("status", [302, 401, 403, 404, 429, 500, 599, 600])
def test_failure__by_status_likewise(status: int) -> None:
    on_record = attempt(A, code="http-status", status=status)
    assert find_failure(on_record) is classify_failure(errors.HttpStatusError("", status=status))


def test_who_was_not_asked_to_the_end__did_not_fail() -> None:
    assert find_failure(attempt(A, Outcome.CANCELLED)) is FailureKind.CANCELLED
    assert find_failure(failed(A, "cancelled")) is FailureKind.CANCELLED
    assert find_failure(failed(A, errors.NotAskedError.code)) is FailureKind.CANCELLED
    assert find_failure(answered(A)) is None


def test_outcomes__failures_first_then_the_chosen_one_then_who_else_answered() -> None:
    attempts = [answered(C), failed(A), answered(B)]
    expected = (Failed(A, FailureKind.CONNECTION, 7), Succeeded(B), Succeeded(C))
    assert outcomes_of(attempts, run=7, chosen=B) == expected


def test_outcomes__who_answered_one_question_works_although_another_failed() -> None:
    for attempts in ([answered(A), failed(A)], [failed(A), answered(A)]):
        assert outcomes_of(attempts, run=7, chosen=A) == (Succeeded(A),)


def test_outcomes__two_failures_of_one_are_one_attempt() -> None:
    attempts = [failed(A), failed(A, "malformed-reply")]
    assert outcomes_of(attempts, run=7) == (Failed(A, FailureKind.UNUSABLE, 7),)


def test_outcomes__what_was_broken_off_does_not_cover_up_a_failure() -> None:
    expected = (Failed(A, FailureKind.CONNECTION, 7),)
    assert outcomes_of([failed(A), attempt(A, Outcome.CANCELLED)], run=7) == expected
    assert outcomes_of([attempt(A, Outcome.CANCELLED), failed(A)], run=7) == expected


def test_outcomes__an_answer_that_was_of_no_use_is_neither() -> None:
    assert outcomes_of([answered(A), failed(B)], run=7) == (Failed(B, FailureKind.CONNECTION, 7),)


@pytest.mark.parametrize(
    ("hints", "hint"),
    [
        (("Renew it",), "Renew it"),
        (("Renew it", "Renew it"), "Renew it"),
        (("Renew it", "Add the name"), "compare the certificates with ca_file and client_certificate"),
        (("", ""), "compare the certificates with ca_file and client_certificate"),
    ],
)
def test_hint__is_that_of_the_fault_where_all_have_the_same(hints: tuple[str, ...], hint: str) -> None:
    refused = [failed(A, errors.ServerCertificateError.code)._replace(hint=one) for one in hints]
    assert find_trust_hint([*refused, answered(B)]) == hint
