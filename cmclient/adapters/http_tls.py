"""TLS as ``http`` speaks it: always verified, 1.2 at least, never negotiated anew, and telling when it fails."""

import errno
import os
import socket
import ssl
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from ..errors import ClientCertificateError, ServerCertificateError
from ..model.endpoints import Endpoint
from ..model.rule import decides

if TYPE_CHECKING:
    from .identity import ClientIdentity

__all__ = [
    "AFTER_HELLO",
    "Offered",
    "TlsContexts",
    "build_offering_context",
    "build_tls_contexts",
    "presented_chain",
    "verified_chain",
    "wanted_renegotiation",
    "watch_no_more",
]

AFTER_HELLO = "the server had agreed on a cipher before it refused"
"""Note on a TLS error: what the server refuses is not our versions and ciphers, so it is our certificate."""

Offered = Union[tuple[str, str], "ClientIdentity"]
"""Our own certificate: paths of PEM files with certificate and key, or what was read before."""

_DER = 2  # what the ssl module calls this form inside
_LEVEL = 2  # of OpenSSL: no keys below 112 bits of security, no SHA-1 in signatures


class TlsContexts(NamedTuple):
    """How to open TLS without our certificate.

    Attributes:
        server: To the server.
        proxy: To a proxy.
    """

    server: ssl.SSLContext
    proxy: ssl.SSLContext


class _TellingSocket(ssl.SSLSocket):
    """Notes on a failed handshake what the bare error does not say."""

    def getpeername(self) -> Any:  # noqa: ANN401 - the signature of ssl
        """Name the peer; one that has gone ends it here, before ssl would go on with a socket that speaks no TLS."""
        try:
            return super().getpeername()
        except OSError as error:
            self.close()
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)) from error

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - the signature of ssl
        """Shake hands."""
        try:
            super().do_handshake(block)
        except OSError as error:
            _note_what_was_seen(self, error)
            raise


class _TellingObject(ssl.SSLObject):
    """The same for TLS inside TLS."""

    def do_handshake(self) -> None:
        """Shake hands, or a part of it."""
        try:
            super().do_handshake()
        except ssl.SSLWantReadError:
            raise
        except OSError as error:
            _note_what_was_seen(self, error)
            raise


def _note_what_was_seen(session: ssl.SSLSocket | ssl.SSLObject, error: OSError) -> None:
    if isinstance(error, ssl.SSLCertVerificationError):
        error.presented = _chain(session, "get_unverified_chain")  # type: ignore[attr-defined] # a note for later
        return
    with suppress(AttributeError, ValueError):  # the connection may be gone by now
        if session.cipher() is not None:
            error.add_note(AFTER_HELLO)
            error.verified = _chain(session, "get_verified_chain")  # type: ignore[attr-defined] # likewise


def presented_chain(error: BaseException) -> tuple[bytes, ...]:
    """What a server presented that was refused in the handshake: DER, its own first; empty when not known."""
    return getattr(error, "presented", ())


def verified_chain(session: object) -> tuple[bytes, ...]:
    """The chain that OpenSSL accepted: DER, the server's own first; empty when there is none.

    Args:
        session: A socket with TLS; or the error of a handshake that the server broke off after that.
    """
    if isinstance(session, BaseException):
        return getattr(session, "verified", ())
    return _chain(getattr(session, "sslobj", session), "get_verified_chain")  # sslobj: TLS inside TLS


def _chain(session: Any, which: str) -> tuple[bytes, ...]:  # noqa: ANN401 - two unrelated classes of ssl
    """Ask a session for a chain. Public since Python 3.13; before, only its inner object has it."""
    with suppress(AttributeError, TypeError, ValueError, ssl.SSLError):
        public = getattr(session, which, None)
        if public is not None:
            return tuple(public())
        inner = getattr(session, "_sslobj", None)
        return tuple(one.public_bytes(_DER) for one in getattr(inner, which)() or ())
    return ()


def build_tls_contexts(endpoint: Endpoint, trusted: str | None, offered: Offered | None = None) -> TlsContexts:
    """Build the contexts that do not offer our certificate.

    Args:
        endpoint: For whom, for the errors.
        trusted: Path of a PEM file, or of a folder, with the certificates to trust; None for those of the system.
        offered: Our certificate, only to see that it can be used.

    Raises:
        ServerCertificateError: The trusted certificates cannot be read.
        ClientCertificateError: Our certificate cannot be used.
    """
    if offered is not None:
        _load_certificate(endpoint, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), offered)
    server, proxy = _build_context(), _build_context()
    for context in (server, proxy):
        if trusted is None:
            _load_system(endpoint, context)
        else:
            _load_trusted(endpoint, context, trusted)
    return TlsContexts(server, proxy)


def build_offering_context(endpoint: Endpoint, passed: Iterable[bytes], offered: Offered) -> ssl.SSLContext:
    """Build a context that offers our certificate, to servers with one of these certificates and to nobody else.

    Args:
        endpoint: For whom, for the errors.
        passed: Certificates of the server, DER, that passed every check.
        offered: Our certificate.

    Raises:
        ClientCertificateError: It cannot be used.
    """
    context = _build_context()
    for certificate in passed:
        context.load_verify_locations(cadata=certificate)
    _load_certificate(endpoint, context, offered)
    # A server may ask for the certificate only once it has seen the path (TLS 1.3).
    context.post_handshake_auth = True
    return context


@decides("TR-031")
def _build_context() -> ssl.SSLContext:
    # PROTOCOL_TLS_CLIENT verifies chain and name. Built here, not by a library: its helpers read the environment.
    context: Any = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if context.security_level < _LEVEL:
        context.set_ciphers(f"DEFAULT:@SECLEVEL={_LEVEL}")
    context.hostname_checks_common_name = False
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # an issuing CA in the file is enough, its root is not needed
    context.sslsocket_class = _TellingSocket
    context.sslobject_class = _TellingObject
    if hasattr(ssl.SSLContext, "_msg_callback"):
        context._msg_callback = _break_off_renegotiation  # noqa: SLF001 - no public way tells why a server hangs up
    return context  # type: ignore[no-any-return] # Any: not every version has each attribute


def _break_off_renegotiation(session: Any, direction: str, _version: Any, _content: Any, kind: Any, _data: Any) -> None:  # noqa: ANN401 - ssl
    """End a connection whose server wants to negotiate anew: it would wait, or hang up without a word."""
    if direction == "read" and getattr(kind, "name", "") == "HELLO_REQUEST":
        session.renegotiation = True
        if isinstance(session, socket.socket):
            with suppress(OSError):
                socket.socket.shutdown(session, socket.SHUT_RDWR)  # of TCP alone: TLS is in the middle of a read


def wanted_renegotiation(session: object) -> bool:
    """Whether the server on the other side of a socket with TLS wanted to negotiate anew."""
    return getattr(getattr(session, "sslobj", session), "renegotiation", False) is True


def watch_no_more(session: object) -> None:
    """Look at the records of a connection no more, where nothing can come that would have to be broken off.

    TLS 1.3 cannot negotiate anew, and looking costs calls of Python for every 16 KiB: a quarter of the time of a large
    body.

    Args:
        session: A socket with TLS, after the handshake, to a server that is not shown our certificate.
    """
    if isinstance(session, ssl.SSLSocket) and session.version() == "TLSv1.3":
        session.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # only says what is done with records from now on


def _load_system(endpoint: Endpoint, context: ssl.SSLContext) -> None:
    """Trust what the system trusts; where variables of the environment would lead elsewhere, they have no say."""
    if sys.platform == "win32":
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        _load_files_of_system(endpoint, context)


def _load_files_of_system(endpoint: Endpoint, context: ssl.SSLContext) -> None:
    paths = ssl.get_default_verify_paths()
    file, folder = Path(paths.openssl_cafile), Path(paths.openssl_capath)
    loaded = False
    with suppress(OSError):
        if folder.is_dir():
            context.load_verify_locations(capath=str(folder))
            loaded = True
    with suppress(OSError):
        if file.is_file():
            context.load_verify_locations(cafile=str(file))
            loaded = True
    if not loaded:
        raise ServerCertificateError(
            f"{endpoint}: the system has no certificates to trust, neither in {file} nor in {folder}",
            endpoint=str(endpoint),
            reason="no-authorities",
            hint="Install the system's package of authorities, or set ca_file to a PEM file with yours.",
        )


def _load_trusted(endpoint: Endpoint, context: ssl.SSLContext, trusted: str) -> None:
    try:
        if os.path.isdir(trusted):  # noqa: PTH112 - a path as the settings gave it
            context.load_verify_locations(capath=trusted)
        else:
            context.load_verify_locations(cafile=trusted)
    except OSError as error:
        raise ServerCertificateError(
            f"{endpoint}: the trusted certificates in {trusted} cannot be read: {_reason(error)}",
            endpoint=str(endpoint),
            reason="no-authorities",
            hint="Set ca_file to a PEM file with the certificates of your authorities.",
        ) from error


def _load_certificate(endpoint: Endpoint, context: ssl.SSLContext, offered: Offered) -> None:
    asked = False

    def refuse() -> str:  # without this, OpenSSL would ask for the password on the terminal
        nonlocal asked
        asked = True
        return ""

    try:
        if isinstance(offered, tuple):
            context.load_cert_chain(*offered, password=refuse)
        else:
            offered.load_into(context)
    except OSError as error:
        reason = "the key is protected by a password" if asked else _reason(error)
        where = f"{offered[0]} with the key {offered[1]}" if isinstance(offered, tuple) else offered.where
        raise ClientCertificateError(
            f"{endpoint}: the client certificate {where} cannot be used: {reason}",
            endpoint=str(endpoint),
            hint="'cmclient cert list' says what is wrong with certificates and keys.",
        ) from error


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (
            "not a certificate or key in PEM form"
            if error.reason != "KEY_VALUES_MISMATCH"
            else ("the key does not belong to the certificate")
        )
    return os.strerror(error.errno) if error.errno else str(error)
