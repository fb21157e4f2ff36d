"""What kind of failure an attempt on record was; ``rules.retry`` says the same of an error."""

from collections.abc import Iterable, Mapping

from ..errors import (
    AuthenticationError,
    CancelledError,
    ClientCertificateError,
    CmClientError,
    HttpStatusError,
    MalformedReplyError,
    NoAnswerError,
    NotAskedError,
    ProtocolError,
    RedirectRefusedError,
    ReplyTooLargeError,
    RootKeyError,
    ServerCertificateError,
    TlsError,
    UnsafeXmlError,
)
from ..model.endpoints import Endpoint
from ..model.http import Attempt, Outcome
from ..model.served import Failed, FailureKind, Succeeded
from .retry import classify_failure

__all__ = ["all_refuse_trust", "find_failure", "find_trust_hint", "outcomes_of"]

_CERTIFICATES = {ServerCertificateError.code, ClientCertificateError.code}
_TRUST = {*_CERTIFICATES, RootKeyError.code}
_REFUSALS = {401, 403}

_TLS = (ServerCertificateError, ClientCertificateError, TlsError)
_UNUSABLE = (
    ProtocolError,
    MalformedReplyError,
    NoAnswerError,
    UnsafeXmlError,
    RedirectRefusedError,
    ReplyTooLargeError,
)


def _each(kinds: Iterable[type[CmClientError]], kind: FailureKind) -> dict[str, FailureKind]:
    return {one.code: kind for one in kinds}


# Codes that are not here are failures to connect.
_KINDS: Mapping[str, FailureKind] = {
    **_each(_TLS, FailureKind.TLS),
    **_each(_UNUSABLE, FailureKind.UNUSABLE),
    **_each((AuthenticationError,), FailureKind.REFUSED),
    **_each((CancelledError, NotAskedError), FailureKind.CANCELLED),  # nobody failed
}


def find_failure(attempt: Attempt) -> FailureKind | None:
    """Say what kind of failure an attempt was.

    Args:
        attempt: As recorded; of a question that is the server's own business, not of content.

    Returns:
        The kind; None when it was answered.
    """
    if attempt.outcome is Outcome.ANSWERED:
        return None
    if attempt.outcome is Outcome.CANCELLED:
        return FailureKind.CANCELLED
    if attempt.code == HttpStatusError.code and attempt.status is not None:
        return classify_failure(HttpStatusError("", status=attempt.status))
    return _KINDS.get(attempt.code, FailureKind.CONNECTION)


def all_refuse_trust(attempts: Iterable[Attempt]) -> bool:
    """Whether everybody who failed was there, and refused trust or was refused it; False when nobody failed."""
    failed = [attempt for attempt in attempts if attempt.outcome is Outcome.FAILED]
    return bool(failed) and all(one.code in _TRUST or one.status in _REFUSALS for one in failed)


def find_trust_hint(attempts: Iterable[Attempt]) -> str:
    """What a person can do about attempts that ``all_refuse_trust``; empty when there is nothing sensible to say.

    Where all have the same fault it is what that one says; else what helps with certificates of whatever fault.
    """
    failed = [attempt for attempt in attempts if attempt.outcome is Outcome.FAILED]
    if failed and failed[0].hint and len({one.hint for one in failed}) == 1:
        return failed[0].hint
    if any(one.code in _CERTIFICATES for one in failed):
        return "compare the certificates with ca_file and client_certificate"
    return next((one.hint for one in failed if one.hint), "")


def outcomes_of(
    attempts: Iterable[Attempt], *, run: int | None, chosen: Endpoint | None = None
) -> tuple[Failed | Succeeded, ...]:
    """What the attempts of one run say of each endpoint, for the lease.

    Whoever answered anything works, whatever else it was asked in vain.

    Args:
        attempts: In order of start.
        run: Number of the run; None for a mere check.
        chosen: The endpoint that was chosen in the end; None counts no answer, because none was of use.

    Returns:
        Failures in the order of the first attempt, the last failure of each endpoint; then answers, the chosen one
        first.
    """
    failed: dict[Endpoint, Failed] = {}
    answered: dict[Endpoint, None] = {} if chosen is None else {chosen: None}
    works: set[Endpoint] = set()
    for attempt in attempts:
        kind = find_failure(attempt)
        if kind is None:
            works.add(attempt.endpoint)
            if chosen is not None:
                answered[attempt.endpoint] = None
        elif kind is not FailureKind.CANCELLED or attempt.endpoint not in failed:
            failed[attempt.endpoint] = Failed(
                attempt.endpoint, kind, run, attempt.retry_after
            )  # one that was broken off says nothing against what was seen before
    failures = (one for one in failed.values() if one.endpoint not in works)
    return (*failures, *map(Succeeded, answered))
