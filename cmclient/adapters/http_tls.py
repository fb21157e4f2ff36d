"""TLS as ``http`` speaks it: always verified, 1.2 at least, and telling when it fails."""

import errno
import os
import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from ..errors import ClientCertificateError, ServerCertificateError
from ..model.endpoints import Endpoint

__all__ = ["AFTER_HELLO", "TlsContexts", "build_tls_contexts"]

AFTER_HELLO = "the server had agreed on a cipher before it refused"
"""Note on a TLS error: what the server refuses is not our versions and ciphers, so it is our certificate."""

_WRONG_NAME = {62, 64}  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_NAMES_SHOWN = 8  # a certificate may hold thousands
_NAME_SHOWN = 100  # characters of one name; a certificate may hold anything


class TlsContexts(NamedTuple):
    """How to open TLS.

    Attributes:
        server: To the server; offers the client certificate, if there is one.
        proxy: To a proxy; offers none.
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
        except ssl.SSLCertVerificationError as error:
            names = ", ".join(self._names()) if error.verify_code in _WRONG_NAME else ""
            if names:
                error.add_note(f"its names are {names}")
            raise
        except ssl.SSLError as error:
            if self.cipher() is not None:
                error.add_note(AFTER_HELLO)
            raise

    def _names(self) -> Iterator[str]:
        # Before 3.13 no public way leads to a certificate that was refused; without names the error still stands.
        with suppress(AttributeError, LookupError, TypeError, ValueError, ssl.SSLError):
            session: Any = getattr(self, "_sslobj", None)
            info = session.get_unverified_chain()[0].get_info()
            for _, name in info["subjectAltName"][:_NAMES_SHOWN]:
                yield "".join(c if c.isprintable() else "?" for c in name[:_NAME_SHOWN])


def build_tls_contexts(
    endpoint: Endpoint, trusted: str, client_certificate: tuple[str, str] | None = None
) -> TlsContexts:
    """Build the contexts, from files.

    Args:
        endpoint: For whom, for the errors.
        trusted: Path of a PEM file, or of a folder, with the certificates to trust.
        client_certificate: Paths of certificate and key.

    Raises:
        ServerCertificateError: The trusted certificates cannot be read.
        ClientCertificateError: The client certificate cannot be used.
    """
    server = _build_context(endpoint, trusted)
    if client_certificate is not None:
        _load_certificate(endpoint, server, *client_certificate)
    return TlsContexts(server=server, proxy=_build_context(endpoint, trusted))


def _build_context(endpoint: Endpoint, trusted: str) -> ssl.SSLContext:
    # PROTOCOL_TLS_CLIENT verifies chain and name. Built here, not by a library: its helpers read the environment.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # an issuing CA in the file is enough, its root is not needed
    context.sslsocket_class = _TellingSocket
    try:
        if os.path.isdir(trusted):  # noqa: PTH112 - a path as the settings gave it
            context.load_verify_locations(capath=trusted)
        else:
            context.load_verify_locations(cafile=trusted)
    except OSError as error:
        raise ServerCertificateError(
            f"{endpoint}: the trusted certificates in {trusted} cannot be read: {_reason(error)}",
            endpoint=str(endpoint),
            hint="Set ca_file to a PEM file with the certificates of your authorities.",
        ) from error
    return context


def _load_certificate(endpoint: Endpoint, context: ssl.SSLContext, certificate: str, key: str) -> None:
    asked = False

    def refuse() -> str:  # without this, OpenSSL would ask for the password on the terminal
        nonlocal asked
        asked = True
        return ""

    try:
        context.load_cert_chain(certificate, key, password=refuse)
    except OSError as error:
        reason = "the key is protected by a password" if asked else _reason(error)
        raise ClientCertificateError(
            f"{endpoint}: the client certificate {certificate} with the key {key} cannot be used: {reason}",
            endpoint=str(endpoint),
            hint="Set client_certificate and client_key to PEM files that belong together; the key has no password.",
        ) from error
    # A server may ask for the certificate only once it has seen the path (TLS 1.3).
    context.post_handshake_auth = True


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (
            "not a certificate or key in PEM form"
            if error.reason != "KEY_VALUES_MISMATCH"
            else ("the key does not belong to the certificate")
        )
    return os.strerror(error.errno) if error.errno else str(error)
