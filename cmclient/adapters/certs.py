"""The client certificate in its files, read with cryptography."""

import os
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from ..model.certificates import ClientCertificate

__all__ = ["read_client_certificate"]

_FILE_CAP = 1024 * 1024  # bytes: against a path that names something else than a certificate
_CLIENT_PURPOSES = {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
_UNREADABLE = (  # what cryptography raises for the many ways in which a certificate can be malformed
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


def read_client_certificate(certificate: str, key: str, now: datetime) -> ClientCertificate:
    """Read a client certificate and say whether it can be used.

    Nothing is raised for one that is missing or bad, and nothing of the key is kept.

    Args:
        certificate: Path of a PEM file. The first certificate in it is the client's; others are its chain.
        key: Path of a PEM file with the key, without a password; may be the same file.
        now: The time for which validity is judged; aware.

    Returns:
        What the certificate says, and in ``problem`` the first reason why it cannot be used: a file that is missing,
        unreadable or not PEM, a key with a password or of another certificate, expired, not valid yet, not meant
        for client authentication.
    """
    blob, problem = _read_file(certificate)
    if blob is None:
        return ClientCertificate(problem=problem)
    try:
        leaf = x509.load_pem_x509_certificates(blob)[0]
        described = _describe(leaf)
        public = leaf.public_key()
        purposes = _find_purposes(leaf)
    except _UNREADABLE:
        return ClientCertificate(problem=f"{certificate} holds no certificate in PEM form that can be read")
    problem = _judge_key(public, certificate, key) or _judge_validity(leaf, now) or _judge_purposes(purposes)
    return described._replace(problem=problem)


def _read_file(path: str) -> tuple[bytes | None, str]:
    try:
        if Path(path).exists() and not Path(path).is_file():
            return None, f"{path} is no file"
        with Path(path).open("rb") as file:
            blob = file.read(_FILE_CAP + 1)
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        return None, f"{path} cannot be read: {reason}"
    if len(blob) > _FILE_CAP:
        return None, f"{path} is larger than {_FILE_CAP} bytes"
    return blob, ""


def _describe(leaf: x509.Certificate) -> ClientCertificate:
    return ClientCertificate(
        subject=leaf.subject.rfc4514_string(),
        issuer=leaf.issuer.rfc4514_string(),
        not_before=leaf.not_valid_before_utc.isoformat(timespec="seconds"),
        not_after=leaf.not_valid_after_utc.isoformat(timespec="seconds"),
    )


def _find_purposes(leaf: x509.Certificate) -> frozenset[x509.ObjectIdentifier] | None:
    """Return what the certificate is meant for; None when it does not say, which means anything."""
    try:
        return frozenset(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return None


def _judge_key(public: CertificatePublicKeyTypes, certificate: str, key: str) -> str:
    blob, problem = _read_file(key)
    if blob is None:
        return problem
    try:
        private = load_pem_private_key(blob, password=None)
    except TypeError:
        return f"the key in {key} is protected by a password"
    except (ValueError, UnsupportedAlgorithm):  # its text is left out: it may quote the file
        return f"{key} holds no private key in PEM form that can be read"
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*form) != public.public_bytes(*form):
        return f"the key in {key} does not belong to the certificate in {certificate}"
    return ""


def _judge_validity(leaf: x509.Certificate, now: datetime) -> str:
    if now < leaf.not_valid_before_utc:
        return f"it is not valid before {_stamp(leaf.not_valid_before_utc)}"
    if now > leaf.not_valid_after_utc:
        return f"it expired on {_stamp(leaf.not_valid_after_utc)}"
    return ""


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _judge_purposes(purposes: frozenset[x509.ObjectIdentifier] | None) -> str:
    if purposes is None or purposes & _CLIENT_PURPOSES:
        return ""
    return "it is not meant for client authentication (extended key usage 1.3.6.1.5.5.7.3.2 is missing)"
