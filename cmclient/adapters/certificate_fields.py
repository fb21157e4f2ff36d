"""What a certificate says, field by field, read with cryptography; what it says is text that somebody else wrote."""

from collections.abc import Iterator
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.hashes import MD5, SHA1

from ..model.certificates import Attributes
from ..model.names import printable

__all__ = ["UNREADABLE", "alternatives_of", "attributes_of", "purposes_of", "show", "stamp", "text_of", "weakness_of"]

UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography raises for the many ways in which a certificate can be malformed."""

_SHOWN = 200  # characters of a text of a certificate in a message; it may hold anything
_MIN_RSA, _MIN_EC = 2048, 256  # bits
_BROKEN_HASHES = (MD5, SHA1)  # two texts with the same one can be made


def show(text: str, most: int = _SHOWN) -> str:
    """Make a text of a certificate fit for a terminal: one line, no control characters, not long."""
    shown = printable(text[: most + 1])
    return shown if len(shown) <= most else shown[:most] + "..."


def text_of(name: x509.Name) -> str:
    """A name as one line (RFC 4514)."""
    return name.rfc4514_string()


def attributes_of(name: x509.Name) -> Attributes:
    """The attributes of a name, in its order."""
    return tuple(
        (attribute.oid.dotted_string, value if isinstance(value := attribute.value, str) else value.hex())
        for attribute in name
    )


def alternatives_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """The subject alternative names as texts, in their order; empty when it has none.

    Raises:
        UNREADABLE: It is malformed there.
    """
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(_texts_of(names))


def _texts_of(names: x509.SubjectAlternativeName) -> Iterator[str]:
    for name in names:
        if isinstance(name, x509.DirectoryName):
            yield text_of(name.value)
        elif isinstance(name, x509.OtherName):
            yield _other_name(name)
        elif isinstance(name, x509.RegisteredID):
            yield name.value.dotted_string
        else:
            yield str(name.value)


def _other_name(name: x509.OtherName) -> str:
    """The text of a user principal name and its like: a DER string with its tag and its length."""
    value = name.value
    is_short = len(value) > 2 and value[0] in {0x0C, 0x13, 0x16} and value[1] == len(value) - 2  # noqa: PLR2004 - of DER
    return value[2:].decode("utf-8", "replace") if is_short else value.hex()


def purposes_of(certificate: x509.Certificate) -> frozenset[str] | None:
    """Object identifiers of what a certificate is meant for; None when it does not say.

    Raises:
        UNREADABLE: It is malformed there.
    """
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return None
    return frozenset(one.dotted_string for one in usage)


def weakness_of(certificate: x509.Certificate, *, is_anchor: bool = False) -> tuple[str, str] | None:
    """Say what makes a certificate too weak to prove anything.

    Args:
        certificate: The certificate.
        is_anchor: Whether it is trusted for itself, so that its signature proves nothing anyway.

    Returns:
        ``weak-key`` or ``weak-signature``, and what it has in a few words; None when it is strong enough.

    Raises:
        UNREADABLE: Its key cannot be read.
    """
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _MIN_RSA:
        return "weak-key", f"an RSA key of {key.key_size} bits; {_MIN_RSA} are the least"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _MIN_EC:
        return "weak-key", f"a key on a curve of {key.key_size} bits; {_MIN_EC} are the least"
    if isinstance(key, dsa.DSAPublicKey) or not isinstance(
        key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
    ):
        return "weak-key", "a key of a kind that is not used here"
    algorithm = certificate.signature_hash_algorithm
    if not is_anchor and isinstance(algorithm, _BROKEN_HASHES):
        return "weak-signature", f"a signature with {algorithm.name.upper()}"
    return None


def stamp(moment: datetime) -> str:
    """A moment for a person."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
