"""Certificates that this machine holds in files: PEM, PKCS#12, and folders of them, read with cryptography.

Nothing is raised for a file that is missing or bad: it is listed with what is wrong with it. Nothing of a key is kept
but in the ``ClientIdentity`` that TLS needs.
"""

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key, pkcs12

from ..model.certificates import HeldCertificate, KeyState
from ..model.secret import Secret
from .certificate_chains import describe_certificate, find_chain, readable
from .certificate_fields import UNREADABLE
from .identity import ClientIdentity, ClientKey

__all__ = ["FoundCertificate", "read_authorities", "read_certificates"]

_FILE_CAP = 1024 * 1024  # bytes: against a path that names something else than a certificate
_MOST_FILES = 200  # of a folder: against one that is no folder of certificates
_PEM, _CERTIFICATE, _KEY = b"-----BEGIN ", b"-----BEGIN CERTIFICATE-----", b"PRIVATE KEY-----"
_SEQUENCE = b"\x30"  # first byte of everything in DER
_ENDINGS = frozenset({".pem", ".crt", ".cer", ".key", ".p12", ".pfx"})


class FoundCertificate(NamedTuple):
    """A certificate as it was found.

    Attributes:
        held: What it says, and what is wrong with it.
        identity: What TLS needs to offer it; None when its key is not at hand.
    """

    held: HeldCertificate
    identity: ClientIdentity | None = None


class _Part(NamedTuple):
    """A file that was read: its certificates, and the key in it or what is wrong with that.

    ``is_key_file`` is set for one that is not even meant to hold a certificate.
    """

    where: str
    certificates: tuple[x509.Certificate, ...] = ()
    key: ClientKey | None = None
    state: KeyState = KeyState.MISSING
    problem: str = ""
    warning: str = ""
    is_key_file: bool = False


def read_certificates(
    path: str, key: str | None = None, *, password: Secret | None = None, authorities: Sequence[x509.Certificate] = ()
) -> tuple[FoundCertificate, ...]:
    """Read the certificates of a file or of a folder.

    Args:
        path: A file, PEM or PKCS#12: its first certificate is the client's, the others are its chain. Or a folder: of
            every file in it likewise; authorities count for chains only, keys may be in files of their own.
        key: A PEM file with the key of a PEM file; None when it is in the same file, or in the folder.
        password: Opens what is protected; None for none. Nobody is asked for one.
        authorities: Further certificates for chains.

    Returns:
        What was found: one for a file, for a folder in the order of the names of its files; empty when it has none.
    """
    if not _is_folder(path):
        part = _read_part(path, password)
        other = part if key is None or key == path else _read_part(key, password, only_key=True)
        return (_found(part, other, (*part.certificates[1:], *authorities)),)
    parts = [_read_part(str(file), password) for file in _files_of(path)]
    pool = [one for part in parts for one in part.certificates] + list(authorities)
    return tuple(
        _found(part, _key_for(part, parts), pool)
        for part in parts
        if not (_is_authority(part) if part.certificates else part.is_key_file)
    )


def read_authorities(path: str | None) -> tuple[x509.Certificate, ...]:
    """The certificates in a PEM file; empty when it is none, or cannot be read."""
    blob, _ = (None, "") if path is None or _is_folder(path) else _read_file(path)
    try:
        return tuple(x509.load_pem_x509_certificates(blob)) if blob else ()
    except UNREADABLE:
        return ()


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):  # a NUL character in it
        return False


def _files_of(folder: str) -> list[Path]:
    try:
        files = sorted(file for file in Path(folder).iterdir() if file.suffix.lower() in _ENDINGS and file.is_file())
    except OSError:
        return []
    return files[:_MOST_FILES]


def _is_authority(part: _Part) -> bool:
    """Whether a file is there for chains: its first certificate is an authority's, and it has no key."""
    try:
        constraints = part.certificates[0].extensions.get_extension_for_class(x509.BasicConstraints)
    except (*UNREADABLE, x509.ExtensionNotFound):
        return False
    return constraints.value.ca and part.key is None


# Files


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


def _read_part(path: str, password: Secret | None, *, only_key: bool = False) -> _Part:
    blob, problem = _read_file(path)
    if blob is None:
        return _Part(path, state=KeyState.UNREADABLE if only_key else KeyState.MISSING, problem=problem)
    part = _Part(path)
    if blob.startswith(_SEQUENCE) and _PEM not in blob and not only_key:
        part = _read_pkcs12(part, blob, password)
    else:
        if not only_key:
            part = _read_pem_certificates(part, blob)
        part = _read_pem_key(part, blob, password)
        part = part._replace(is_key_file=_KEY in blob and _CERTIFICATE not in blob)
    return part._replace(warning=_find_exposure(path)) if part.state is KeyState.THERE else part


def _read_pem_certificates(part: _Part, blob: bytes) -> _Part:
    try:
        certificates = readable(x509.load_pem_x509_certificates(blob))
    except UNREADABLE:
        return part._replace(problem=f"{part.where} holds no certificate in PEM form that can be read")
    return part._replace(certificates=certificates)


def _read_pem_key(part: _Part, blob: bytes, password: Secret | None) -> _Part:
    try:
        return _with_key(part, load_pem_private_key(blob, password=None))
    except TypeError:
        pass  # it is protected
    except (ValueError, UnsupportedAlgorithm):  # its text is left out: it may quote the file
        is_there = _KEY in blob
        return part._replace(state=KeyState.UNREADABLE if is_there else KeyState.MISSING)
    if password is None:
        return part._replace(state=KeyState.PROTECTED)
    try:
        return _with_key(part, load_pem_private_key(blob, password=password.reveal().encode()))
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return part._replace(state=KeyState.PROTECTED)


def _read_pkcs12(part: _Part, blob: bytes, password: Secret | None) -> _Part:
    try:
        opened = pkcs12.load_pkcs12(blob, None if password is None else password.reveal().encode())
        chain = [one.certificate for one in opened.additional_certs]
        if opened.cert is not None:
            chain.insert(0, opened.cert.certificate)
        certificates = readable(chain)
    except UNREADABLE as error:
        if "password" not in str(error).lower():
            return part._replace(problem=f"{part.where} holds neither PEM nor PKCS#12 that can be read")
        said = "is protected by a password" if password is None else "is not opened by the password"
        return part._replace(state=KeyState.PROTECTED, problem=f"{part.where} {said}, or is damaged")
    if not certificates:
        return part._replace(problem=f"{part.where} holds no certificate")
    part = part._replace(certificates=certificates)
    return part if opened.key is None else _with_key(part, opened.key)


def _with_key(part: _Part, key: object) -> _Part:
    if not isinstance(key, ClientKey):
        return part._replace(state=KeyState.UNREADABLE)
    return part._replace(key=key, state=KeyState.THERE)


def _find_exposure(path: str) -> str:
    """Warn of a file with a key that everybody can read; Windows has other rights, which are not looked at."""
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return ""
    exposed = os.name == "posix" and mode & (stat.S_IROTH | stat.S_IWOTH)
    return f"{path} holds a private key that everyone on this machine can read: chmod 600 {path}" if exposed else ""


# Certificates with their keys and chains


def _key_for(part: _Part, parts: Iterable[_Part]) -> _Part:
    """The file of a folder that has the key of a certificate; its own when none has."""
    for one in (part, *parts):
        if one.key is not None and part.certificates and _belongs(one.key, part.certificates[0]):
            return one
    return part


def _found(part: _Part, holder: _Part, pool: Sequence[x509.Certificate]) -> FoundCertificate:
    if not part.certificates:
        return FoundCertificate(HeldCertificate(part.where, key=part.state, problem=part.problem))
    leaf = part.certificates[0]
    state = holder.state
    if holder.key is not None and not _belongs(holder.key, leaf):
        state = KeyState.OF_ANOTHER
    chain = tuple(find_chain(leaf, pool))
    try:
        held = describe_certificate(part.where, leaf, chain)
    except UNREADABLE:
        problem = f"the certificate in {part.where} is malformed"
        return FoundCertificate(HeldCertificate(part.where, key=state, problem=problem))
    held = held._replace(
        key=state,
        problem=_problem_of_key(state, holder, part.where),
        warnings=(holder.warning,) if holder.warning else (),
    )
    if state is not KeyState.THERE or holder.key is None:
        return FoundCertificate(held)
    sent = tuple(one for one in chain if one.subject != one.issuer)  # a root convinces nobody by being sent
    return FoundCertificate(held, ClientIdentity(part.where, (leaf, *sent), holder.key))


def _problem_of_key(state: KeyState, holder: _Part, where: str) -> str:
    if state is KeyState.THERE:
        return ""
    if state is KeyState.PROTECTED:
        return f"the key in {holder.where} is protected by a password"
    if state is KeyState.OF_ANOTHER:
        return f"the key in {holder.where} does not belong to the certificate in {where}"
    return holder.problem or f"{holder.where} holds no private key that can be read"


def _belongs(key: ClientKey, certificate: x509.Certificate) -> bool:
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return key.public_key().public_bytes(*form) == certificate.public_key().public_bytes(*form)
