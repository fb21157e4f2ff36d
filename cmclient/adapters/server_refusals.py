"""Why the certificate of a server was refused: what to call it, what to say, what to do."""

from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509

from ..errors import ServerCertificateError
from ..model.certificates import ServerCertificate
from ..model.endpoints import Endpoint
from .certificate_fields import UNREADABLE, alternatives_of, show, stamp, text_of, weakness_of

__all__ = ["REASONS", "describe", "describe_der", "refuse", "refuse_as_openssl"]

_UNTRUSTED = "Set ca_file to a PEM file with the certificates of your authorities."
_ENHANCED = (
    "This is a certificate that the site issued for enhanced HTTP; clients that use PKI need one of their own"
    " authorities on the server, or the site's issuing root in ca_file."
)
_ISSUING = "CN=SMS Issuing"
_NEW_ONE = "Have a new one issued for the server."
_CRL = (
    "Check that this machine reaches the revocation list over plain HTTP; /NoCRLCheck or crl_check = false go without."
)

REASONS: dict[str, tuple[str, str]] = {
    "expired": ("has expired", "Renew it on the server; check the clock of this machine, too."),
    "not-yet-valid": ("is not valid yet", "Check the clock of this machine, then the certificate on the server."),
    "self-signed": ("is self-signed and not trusted here", _UNTRUSTED),
    "untrusted-issuer": ("was issued by an authority that is not trusted here", _UNTRUSTED),
    "looping-chain": ("comes with a chain that leads back into itself", "Put the right chain onto the server."),
    "chain-too-long": ("comes with a chain that is too long", "Put the right chain onto the server."),
    "wrong-name": (
        "is for another name",
        "Use a name that is among its alternative names, or have the name added; its subject does not count.",
    ),
    "wrong-purpose": ("is not meant for servers", "Have one issued for server authentication."),
    "weak-key": ("proves too little", _NEW_ONE),
    "weak-signature": ("proves too little", _NEW_ONE),
    "bad-signature": ("was altered: its signature is not that of its issuer", _NEW_ONE),
    "malformed": ("cannot be read", _NEW_ONE),
    "revoked": ("was revoked", _NEW_ONE),
    "crl-unnamed": (
        "cannot be checked for revocation: it names no revocation list that can be had over plain HTTP",
        "Have one issued that names such a list; /NoCRLCheck or crl_check = false go without.",
    ),
    "crl-unreachable": ("cannot be checked for revocation: its revocation list was not to be had", _CRL),
    "crl-too-large": ("cannot be checked for revocation: its revocation list is too large", _CRL),
    "crl-stale": (
        "cannot be checked for revocation: its revocation list is out of date",
        "Have the authority publish a new one; check the clock of this machine, too.",
    ),
    "crl-foreign": (
        "cannot be checked for revocation: its revocation list is not signed by its issuer",
        "Have the authority publish its own list there; something in between may have replaced it.",
    ),
    "crl-malformed": ("cannot be checked for revocation: what is in place of its revocation list is none", _CRL),
    "crl-unsupported": (
        "cannot be checked for revocation: its revocation list does not answer for it in a way that is understood",
        "Have the authority publish a complete list (no delta, not indirect, for all reasons).",
    ),
    "unsteady": ("is another one each time", "Something in between may answer in its place."),
    "not-accepted": ("was not accepted", "Look at the certificate on the server."),
}
"""By reason: what is said of the certificate, and the hint."""

_BY_CODE = {  # verification codes of OpenSSL (x509_vfy.h)
    2: "untrusted-issuer",
    7: "bad-signature",
    9: "not-yet-valid",
    10: "expired",
    13: "malformed",
    14: "malformed",
    18: "self-signed",
    19: "untrusted-issuer",
    20: "untrusted-issuer",
    21: "untrusted-issuer",
    22: "chain-too-long",
    25: "chain-too-long",
    26: "wrong-purpose",
    41: "malformed",
    55: "looping-chain",
    62: "wrong-name",
    64: "wrong-name",
    66: "weak-key",
    67: "weak-key",
    68: "weak-signature",
}
_NAMES_SHOWN = 8  # a certificate may hold thousands
_NAME_SHOWN = 100  # characters of one name


def refuse(
    endpoint: Endpoint, reason: str, certificate: x509.Certificate | None, *, detail: str = "", is_issuer: bool = False
) -> ServerCertificateError:
    """Make the error for a refusal.

    Args:
        endpoint: Who was asked for, by which name.
        reason: A key of ``REASONS``.
        certificate: The one that is at fault; None when it was not seen.
        detail: What more there is to say.
        is_issuer: Whether it is that of an authority above the server.
    """
    words, hint = REASONS[reason]
    shown = ServerCertificate(expected=endpoint.host) if certificate is None else describe(certificate, endpoint)
    whose = "the certificate of an authority above the server" if is_issuer else "the certificate of the server"
    if reason in {"untrusted-issuer", "crl-unnamed"} and shown.issuer == _ISSUING:
        hint = _ENHANCED if reason == "untrusted-issuer" else f"{hint} {_ENHANCED}"
    told = "; ".join(filter(None, (detail, _in_words(shown, is_issuer=is_issuer))))
    return ServerCertificateError(
        f"{endpoint}: {whose} {words} ({told})", endpoint=str(endpoint), reason=reason, hint=hint, certificate=shown
    )


def describe(certificate: x509.Certificate, endpoint: Endpoint) -> ServerCertificate:
    """What a certificate says of itself, as far as it can be read, and what it was looked at for."""
    found = ServerCertificate(expected=endpoint.host)
    try:
        found = found._replace(
            subject=show(text_of(certificate.subject)),
            issuer=show(text_of(certificate.issuer)),
            not_before=certificate.not_valid_before_utc.isoformat(timespec="seconds"),
            not_after=certificate.not_valid_after_utc.isoformat(timespec="seconds"),
        )
        names = alternatives_of(certificate)[:_NAMES_SHOWN]
        return found._replace(names=tuple(show(name, _NAME_SHOWN) for name in names))
    except UNREADABLE:
        return found


def describe_der(certificate: bytes, endpoint: Endpoint) -> ServerCertificate:
    """What a certificate that was read before says of itself, and what it was looked at for."""
    return describe(x509.load_der_x509_certificate(certificate), endpoint)


def _in_words(shown: ServerCertificate, *, is_issuer: bool) -> str:
    parts = []
    if shown.not_before:
        begin, end = (stamp(datetime.fromisoformat(one)) for one in (shown.not_before, shown.not_after))
        parts.append(f"subject {shown.subject or '-'}; issuer {shown.issuer or '-'}; valid from {begin} to {end}")
        if not is_issuer:
            parts.append(f"its names are {', '.join(shown.names)}" if shown.names else "it has no alternative names")
    return "; ".join((*parts, f"expected {shown.expected}"))


def refuse_as_openssl(endpoint: Endpoint, code: int, detail: str, chain: Sequence[bytes]) -> ServerCertificateError:
    """Make the error for a chain that OpenSSL did not accept.

    Args:
        endpoint: Who was asked for.
        code: Its verification code.
        detail: Its words; shown when the code says little.
        chain: What the server presented, DER, its own first; empty when that is not known.
    """
    reason = _BY_CODE.get(code, "not-accepted")
    certificates = _read(chain)
    if not certificates:
        return refuse(endpoint, "malformed" if chain else reason, None, detail=show(detail))
    if reason == "untrusted-issuer" and _loops(certificates):
        reason = "looping-chain"
    guilty, more = _find_guilty(reason, certificates)
    if reason in {"not-accepted", "weak-key", "weak-signature"}:
        more = more or show(detail)
    return refuse(endpoint, reason, guilty, detail=more, is_issuer=guilty is not certificates[0])


def _read(chain: Sequence[bytes]) -> list[x509.Certificate]:
    found = []
    for encoded in chain:
        try:
            certificate = x509.load_der_x509_certificate(encoded)
            _ = certificate.subject, certificate.issuer, certificate.public_key(), certificate.extensions
        except UNREADABLE:
            break
        found.append(certificate)
    return found


def _find_guilty(reason: str, chain: Sequence[x509.Certificate]) -> tuple[x509.Certificate, str]:
    """The certificate that a refusal is about, and a detail; OpenSSL keeps that to itself, so it is looked for."""
    now = datetime.now(UTC)
    for certificate in chain:
        if reason == "expired" and certificate.not_valid_after_utc < now:
            return certificate, ""
        if reason == "not-yet-valid" and certificate.not_valid_before_utc > now:
            return certificate, ""
        weakness = weakness_of(certificate)
        if weakness is not None and weakness[0] == reason:
            return certificate, weakness[1]
    return chain[0], ""


def _loops(chain: Sequence[x509.Certificate]) -> bool:
    """Whether one goes from issuer to issuer and comes by the same authority again, and it is not a root."""
    issuer_of = {one.subject: one.issuer for one in chain if one.subject != one.issuer}
    seen = set()
    name = chain[0].subject
    while name in issuer_of and name not in seen:
        seen.add(name)
        name = issuer_of[name]
    return name in seen
