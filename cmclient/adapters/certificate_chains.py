"""A certificate of ours and the authorities above it, read with cryptography."""

from collections.abc import Iterable, Iterator, Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from ..model.certificates import Attributes, HeldCertificate
from .certificate_fields import UNREADABLE, alternatives_of, attributes_of, purposes_of, text_of

__all__ = ["describe_certificate", "find_chain", "readable"]

_MOST_ISSUERS = 10  # above a certificate: against a chain that loops


def readable(certificates: Iterable[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """The certificates, once what everything here needs of them has been read: cryptography reads late."""
    found = tuple(certificates)
    for one in found:
        text_of(one.subject), text_of(one.issuer), one.public_key()
    return found


def describe_certificate(where: str, leaf: x509.Certificate, chain: Sequence[x509.Certificate]) -> HeldCertificate:
    """What a certificate says.

    Args:
        where: Where it is.
        leaf: The certificate.
        chain: The authorities above it, as far as they are at hand.

    Raises:
        UNREADABLE: It is malformed.
    """
    return HeldCertificate(
        where=where,
        subject=text_of(leaf.subject),
        issuer=text_of(leaf.issuer),
        attributes=attributes_of(leaf.subject),
        alternatives=alternatives_of(leaf),
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        purposes=purposes_of(leaf),
        issuers=tuple(_issuers_of(leaf, chain)),
    )


def find_chain(leaf: x509.Certificate, pool: Sequence[x509.Certificate]) -> Iterator[x509.Certificate]:
    """The authorities above a certificate, as far as they are at hand, from its issuer upwards."""
    below = leaf
    for _ in range(_MOST_ISSUERS):
        if below.subject == below.issuer:
            return
        issuer = next((one for one in pool if one.subject == below.issuer and _signed(one, below)), None)
        if issuer is None:
            return
        yield issuer
        below = issuer


def _signed(issuer: x509.Certificate, below: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(issuer)
    except (*UNREADABLE, InvalidSignature):
        return False
    return True


def _issuers_of(leaf: x509.Certificate, chain: Sequence[x509.Certificate]) -> Iterator[Attributes]:
    """The names of all authorities above; of the topmost that is at hand, its issuer's name at least is known."""
    for one in chain:
        yield attributes_of(one.subject)
    last = chain[-1] if chain else leaf
    if last.subject != last.issuer or last is leaf:
        yield attributes_of(last.issuer)
