"""Which of its certificates a client uses: filters in the order of the rules, then the one that is valid longest."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from ..model.certificates import (
    Attributes,
    CertificateCriterion,
    CertificateEvaluation,
    CertificateSelection,
    CertificateWish,
    ClientCertificate,
    CriterionKind,
    HeldCertificate,
    KeyState,
)
from ..model.decision import Reason
from ..model.rule import decides

__all__ = ["describe_selection", "select_certificate"]

_CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2"
_ANY_PURPOSE = "2.5.29.37.0"
_COMMON_NAME = "2.5.4.3"
_ALTERNATIVE_NAME = "2.5.29.17"

_Filter = Callable[[HeldCertificate, CertificateWish, datetime], tuple[bool, Reason] | None]


def select_certificate(held: Iterable[HeldCertificate], wish: CertificateWish, now: datetime) -> CertificateSelection:
    """Judge every certificate, and choose.

    Args:
        held: The certificates, in the order in which they were read.
        wish: What is asked of one.
        now: The time for which validity is judged; aware.

    Returns:
        Every certificate with the rules that decided; those that fit best first.
    """
    judged = [_judge(one, wish, now) for one in held]
    fitting = [one for one in judged if one.fits]
    rejected = tuple(one for one in judged if not one.fits)
    if not fitting:
        return CertificateSelection(None, (), rejected, _why_none(rejected, wish))
    ranked, why = _rank(fitting, wish)
    none = len(ranked) > 1 and not wish.takes_longest and not wish.takes_first
    return CertificateSelection(None if none else ranked[0].certificate, ranked, rejected, why)


def _judge(certificate: HeldCertificate, wish: CertificateWish, now: datetime) -> CertificateEvaluation:
    reasons = []
    seen = certificate._replace(alternatives=()) if wish.subject_only else certificate
    for passes in _FILTERS:
        found = passes(seen, wish, now)
        if found is None:
            continue
        fits, reason = found
        reasons.append(reason)
        if not fits:
            return CertificateEvaluation(certificate, fits=False, reasons=tuple(reasons))
    return CertificateEvaluation(certificate, fits=True, reasons=tuple(reasons))


def _is_readable(certificate: HeldCertificate, _: CertificateWish, __: datetime) -> tuple[bool, Reason] | None:
    if certificate.not_after is not None:
        return None
    return False, Reason("TR-003", certificate.problem or "it cannot be read")


def _chains_to_issuer(certificate: HeldCertificate, wish: CertificateWish, _: datetime) -> tuple[bool, Reason] | None:
    """Filter 1."""
    if wish.issuers is None:
        return True, Reason("TR-007", "there is no certificate issuers list, so any issuer will do")
    root = certificate.issuers[-1] if certificate.issuers else ()
    shown = _in_words(root) or "nobody"
    listed = "the certificate issuers list" + (f" ({wish.issuers_origin})" if wish.issuers_origin else "")
    if any(_has_all(root, wanted) for wanted in wish.issuers):
        return True, Reason("TR-001", f"its chain ends in {shown}, which is in {listed}")
    text = f"its chain, as far as it is known here, ends in {shown}, which is not in {listed}"
    return False, Reason("TR-001", text)


def _has_all(root: Attributes, wanted: Attributes) -> bool:
    return all(attribute in root for attribute in wanted)


def _is_in_store(certificate: HeldCertificate, wish: CertificateWish, _: datetime) -> tuple[bool, Reason] | None:
    """Filter 2."""
    fits = certificate.store.casefold() == wish.store.casefold()
    return fits, Reason("TR-002", f"it is in the store {certificate.store}" + ("" if fits else f", not {wish.store}"))


def _is_valid(certificate: HeldCertificate, _: CertificateWish, now: datetime) -> tuple[bool, Reason] | None:
    """Filter 3. Whether it was revoked is the server's to say: it is the server that has to believe it."""
    begin, end = certificate.not_before, certificate.not_after
    if certificate.key is not KeyState.THERE or certificate.problem:
        return False, Reason("TR-003", certificate.problem or f"its private key is {certificate.key.value}")
    if begin is not None and now < begin:
        return False, Reason("TR-003", f"it is not valid before {_stamp(begin)}")
    if end is not None and now > end:
        return False, Reason("TR-003", f"it expired on {_stamp(end)}")
    return True, Reason("TR-003", f"it is valid until {_stamp(end) if end else '?'}, and its key is at hand")


def _is_capable(certificate: HeldCertificate, wish: CertificateWish, _: datetime) -> tuple[bool, Reason] | None:
    """Filter 4; a criterion takes its place."""
    purposes = certificate.purposes
    capable = purposes is None or bool(purposes & {_CLIENT_AUTHENTICATION, _ANY_PURPOSE})
    if wish.criterion is None:
        text = "it is meant for client authentication" if capable else "it is not meant for client authentication"
        return capable, Reason("TR-004", text if capable else f"{text} (extended key usage {_CLIENT_AUTHENTICATION})")
    fits, reason = _meets(certificate, wish.criterion, subject_only=wish.subject_only)
    if fits and not capable:
        text = f"{reason.text}; it is not meant for client authentication, so servers may refuse it"
        return True, Reason("TR-009", text)
    return fits, reason


def _meets(certificate: HeldCertificate, criterion: CertificateCriterion, *, subject_only: bool) -> tuple[bool, Reason]:
    if criterion.kind is CriterionKind.ATTRIBUTE:
        return _has_attribute(certificate, criterion)
    if criterion.kind is CriterionKind.SUBJECT:
        return (_is_named if subject_only else _is_exactly)(certificate, criterion.text)
    return _holds_part(certificate, criterion.text)


@decides("TR-010", "TR-011")
def _is_exactly(certificate: HeldCertificate, wanted: str) -> tuple[bool, Reason]:
    """The subject name in the ways in which people write it, with its case; or the alternative name, without."""
    common = tuple(value for oid, value in certificate.attributes if oid == _COMMON_NAME)
    in_order = ", ".join(_pairs(certificate.attributes))
    fits = wanted in {certificate.subject, in_order, *common}
    fits = fits or any(wanted.casefold() == name.casefold() for name in _first_alternative(certificate))
    return fits, Reason("TR-010", f"its subject or alternative name is {'' if fits else 'not '}{wanted!r}")


@decides("MC-009")
def _is_named(certificate: HeldCertificate, wanted: str) -> tuple[bool, Reason]:
    """The subject name alone, with its case; no alternative name is there to be seen."""
    fits, _ = _is_exactly(certificate, wanted)
    also = "" if fits else "; upper and lower case count, alternative names do not"
    return fits, Reason("MC-009", f"its subject is {'' if fits else 'not '}{wanted!r}{also}")


@decides("TR-010", "TR-011")
def _holds_part(certificate: HeldCertificate, wanted: str) -> tuple[bool, Reason]:
    names = (certificate.subject, *(value for _, value in certificate.attributes), *_first_alternative(certificate))
    fits = any(wanted.casefold() in name.casefold() for name in names)
    return fits, Reason("TR-010", f"its subject or alternative name {'holds' if fits else 'does not hold'} {wanted!r}")


def _has_attribute(certificate: HeldCertificate, criterion: CertificateCriterion) -> tuple[bool, Reason]:
    values = tuple(value for oid, value in certificate.attributes if oid == criterion.attribute)
    if criterion.attribute == _ALTERNATIVE_NAME:
        values = _first_alternative(certificate)
    fits = criterion.text in values
    verb = "is" if fits else "is not"
    return fits, Reason("TR-012", f"attribute {criterion.attribute} of its subject {verb} {criterion.text!r}")


@decides("TR-021")
def _first_alternative(certificate: HeldCertificate) -> tuple[str, ...]:
    return certificate.alternatives[:1]


def _names_computer(certificate: HeldCertificate, wish: CertificateWish, _: datetime) -> tuple[bool, Reason] | None:
    """Filter 5."""
    if wish.criterion is not None:
        return True, Reason("TR-009", "there is a criterion, so it need not name this computer")
    if not wish.checks_name:
        return True, Reason("TR-025", "CCMCERTNAMECHECK=0: it need not name this computer")
    if wish.chosen_by_hand:
        return True, Reason("TR-005", "it was named by hand, so it need not name this computer")
    computer = (wish.computer or "").partition(".")[0]
    if not computer:
        return True, Reason("TR-005", "the name of this computer is not known, so it need not be in the subject")
    # A subject may be empty; then the alternative name says whose it is.
    names = tuple(value for _, value in certificate.attributes) or _first_alternative(certificate)
    fits = any(computer.casefold() in name.casefold() for name in names)
    return fits, Reason("TR-005", f"its subject {'names' if fits else 'does not name'} this computer, {computer}")


_FILTERS: tuple[_Filter, ...] = (
    _is_readable,
    _chains_to_issuer,
    _is_in_store,
    _is_valid,
    _is_capable,
    _names_computer,
)


def _rank(
    fitting: Sequence[CertificateEvaluation], wish: CertificateWish
) -> tuple[tuple[CertificateEvaluation, ...], Reason]:
    if wish.takes_first:
        return tuple(fitting), Reason("CF-019", "a client of this kind takes the first that fits")
    ranked = tuple(sorted(fitting, key=lambda one: _validity(one.certificate), reverse=True))
    if len(ranked) == 1:
        return ranked, Reason("TR-006", "it is the only one that fits")
    if not wish.takes_longest:
        text = f"{len(ranked)} certificates fit, and of several none is to be taken (select_first_certificate)"
        return ranked, Reason("TR-018", text)
    days = _validity(ranked[0].certificate)[0].days
    return ranked, Reason("TR-017", f"of {len(ranked)} that fit it is valid for the longest time, {days} days")


@decides("TR-006")
def _validity(certificate: HeldCertificate) -> tuple[timedelta, datetime]:
    begin, end = certificate.not_before, certificate.not_after
    if begin is None or end is None:
        raise ValueError("a certificate without dates cannot fit")  # our own mistake: filter 3
    return end - begin, end


def _why_none(rejected: Sequence[CertificateEvaluation], wish: CertificateWish) -> Reason:
    if not rejected:
        return Reason("TR-002", "there is no certificate")
    if wish.issuers is not None and all(one.reasons[-1].rule == "TR-001" for one in rejected):
        return Reason("TR-008", "no certificate is of an authority in the certificate issuers list")
    if len(rejected) == 1:
        return rejected[0].reasons[-1]
    return Reason("TR-003", f"none of {len(rejected)} certificates fits")


def describe_selection(selection: CertificateSelection) -> ClientCertificate:
    """The client certificate that a selection comes to; with a problem when none was chosen."""
    chosen = selection.chosen
    shown = chosen
    if shown is None and len(selection.rejected) == 1 and not selection.ranked:
        shown = selection.rejected[0].certificate
    problem = "" if chosen is not None else selection.why.text
    if shown is None:
        return ClientCertificate(problem=problem)
    return ClientCertificate(
        subject=shown.subject,
        issuer=shown.issuer,
        not_before=shown.not_before.isoformat(timespec="seconds") if shown.not_before else "",
        not_after=shown.not_after.isoformat(timespec="seconds") if shown.not_after else "",
        problem=problem,
    )


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _pairs(attributes: Attributes) -> tuple[str, ...]:
    return tuple(f"{_SHORT.get(oid, oid)}={value}" for oid, value in attributes)


def _in_words(attributes: Attributes) -> str:
    return ", ".join(_pairs(attributes))


_SHORT = {
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "E",
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "S",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
}
