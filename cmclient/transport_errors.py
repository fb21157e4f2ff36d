"""What can go wrong below HTTP, as ``errors`` names it."""

from typing import Any

from .disposition import Disposition
from .error_root import CmClientError

__all__ = [
    "AuthenticationError",
    "CancelledError",
    "ClientCertificateError",
    "ConnectError",
    "ConnectionLostError",
    "NameResolutionError",
    "NotAskedError",
    "ProxyError",
    "RedirectRefusedError",
    "ReplyTooLargeError",
    "ServerCertificateError",
    "TlsError",
    "TransportError",
    "TransportTimeoutError",
]


class TransportError(CmClientError):
    """One HTTP request to one endpoint failed below HTTP.

    Attributes:
        endpoint: ``scheme://host:port`` of the server.
        reason: What was refused, in kebab-case, where a class has several (``docs/security.md``); else empty.
    """

    code = "transport"
    disposition = Disposition.NEXT_ENDPOINT

    def __init__(self, message: str, *, endpoint: str = "", reason: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.endpoint = endpoint
        self.reason = reason


class NameResolutionError(TransportError):
    """The host name of the server has no address."""

    code = "name-resolution"


class ConnectError(TransportError):
    """No TCP connection: refused, no route, network down."""

    code = "connect"


class ProxyError(ConnectError):
    """A proxy in between cannot be used, or does not open the way to the server.

    ``reason`` is ``authentication`` (it wants to know who asks), ``refused`` (it answered with another status),
    ``unusable`` (it cannot be reached, or what it answers is no HTTP) or ``address`` (it cannot be one).
    """

    code = "proxy"


class TransportTimeoutError(TransportError):
    """The server took longer than its time.

    Attributes:
        phase: ``connect``, ``reply`` (headers or body) or ``whole`` (the attempt as such).
    """

    code = "timeout"

    def __init__(self, message: str, *, endpoint: str = "", phase: str = "whole", hint: str = "") -> None:
        super().__init__(message, endpoint=endpoint, hint=hint)
        self.phase = phase


class ConnectionLostError(TransportError):
    """The connection broke before the whole reply was there: reset, cut off, no HTTP."""

    code = "connection-lost"


class TlsError(TransportError):
    """No TLS session for a reason other than a certificate: versions, ciphers, not TLS at all."""

    code = "tls"


class ServerCertificateError(TransportError):
    """The certificate of the server was not accepted.

    Attributes:
        certificate: The ``model.certificates.ServerCertificate``; None when none was seen.
    """

    code = "server-certificate"

    def __init__(
        self,
        message: str,
        *,
        endpoint: str = "",
        reason: str = "",
        hint: str = "",
        certificate: Any = None,  # noqa: ANN401 - of the model, which this module may not import
    ) -> None:
        super().__init__(message, endpoint=endpoint, reason=reason, hint=hint)
        self.certificate = certificate


class ClientCertificateError(TransportError):
    """Our own certificate cannot be used, or the server did not accept it."""

    code = "client-certificate"


class AuthenticationError(TransportError):
    """The server asks who we are, and no way to tell it was accepted.

    Attributes:
        status: The HTTP status that asked.
    """

    code = "authentication"
    status = 401


class RedirectRefusedError(TransportError):
    """The server pointed elsewhere; redirects are never followed.

    Attributes:
        location: Where it pointed.
    """

    code = "redirect-refused"

    def __init__(self, message: str, *, endpoint: str = "", location: str = "", hint: str = "") -> None:
        super().__init__(message, endpoint=endpoint, hint=hint)
        self.location = location


class ReplyTooLargeError(TransportError):
    """The reply is larger than its cap; reading stopped there."""

    code = "reply-too-large"


class NotAskedError(TransportError):
    """The server was not asked: it failed a moment ago, and is left alone for a while."""

    code = "not-asked"


class CancelledError(TransportError):
    """The caller no longer wants the answer. No failure of the server."""

    code = "cancelled"
