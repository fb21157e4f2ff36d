"""Every failure of requests, urllib3, http.client, ssl and the sockets, as one of ours with words for a person.

The libraries wrap errors in errors. ``translate`` looks at all of them; the first row of ``_TABLE`` that knows one of
them decides, so the most telling rows come first.
"""

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import NamedTuple

import requests
from requests.cookies import CookieConflictError
from urllib3 import exceptions as urllib3_errors
from urllib3.util.ssl_match_hostname import CertificateError

from ..errors import (
    ClientCertificateError,
    ConnectError,
    ConnectionLostError,
    NameResolutionError,
    ServerCertificateError,
    TlsError,
    TransportError,
    TransportTimeoutError,
)
from ..model.endpoints import Endpoint
from .http_tls import AFTER_HELLO
from .http_watch import Phase

__all__ = ["FAILURES", "printable", "translate"]

FAILURES: tuple[type[Exception], ...] = (
    requests.RequestException,
    urllib3_errors.HTTPError,
    http.client.HTTPException,
    OSError,  # sockets and ssl
    ValueError,  # what parsers raise, and those of the libraries' own errors that have no better base
    CookieConflictError,
)
"""What to catch around a request."""

_CHAIN_CAP = 32  # errors wrapped in one; there are five or so
_SHOWN = 200  # characters of a text that the peer may have written

_ALERTS_ABOUT_US = (  # what a server says of a client's certificate (RFC 8446, 6.2)
    "CERTIFICATE_REQUIRED",
    "BAD_CERTIFICATE",
    "UNSUPPORTED_CERTIFICATE",
    "CERTIFICATE_REVOKED",
    "CERTIFICATE_EXPIRED",
    "CERTIFICATE_UNKNOWN",
    "UNKNOWN_CA",
    "ACCESS_DENIED",
)
_NOT_TLS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
    "UNKNOWN_PROTOCOL",
)
_NO_VERSION = ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL")
_NO_CIPHER = ("HANDSHAKE_FAILURE", "NO_SHARED_CIPHER", "NO_CIPHERS_AVAILABLE", "INSUFFICIENT_SECURITY")

_UNTRUSTED = (
    "was issued by an authority that is not trusted here",
    "Set ca_file to a PEM file with the certificates of your authorities.",
)
_WRONG_NAME = ("is for another name", "Use a name that is in the certificate, or have the name added to it.")
_CHECKS = {  # verification codes of OpenSSL (x509_vfy.h): which check failed, what to do
    2: _UNTRUSTED,
    9: ("is not valid yet", "Check the clock of this machine, then the certificate on the server."),
    10: ("has expired", "Renew it on the server; check the clock of this machine, too."),
    18: ("is self-signed and not trusted here", _UNTRUSTED[1]),
    19: _UNTRUSTED,
    20: _UNTRUSTED,
    21: _UNTRUSTED,
    23: ("was revoked", "Have a new one issued for the server."),
    26: ("is not meant for servers", "Have one issued for server authentication."),
    62: _WRONG_NAME,
    64: _WRONG_NAME,
}


class _Case(NamedTuple):
    """One failure: where, how far the request had come, whether we have a certificate, all errors, the telling one."""

    endpoint: Endpoint
    phase: Phase
    has_certificate: bool
    chain: tuple[BaseException, ...]
    error: BaseException

    @property
    def where(self) -> str:
        return str(self.endpoint)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(note for link in self.chain for note in getattr(link, "__notes__", ()))


def translate(error: Exception, endpoint: Endpoint, phase: Phase, *, has_certificate: bool) -> TransportError:
    """Say what happened.

    Args:
        error: One of ``FAILURES``.
        endpoint: Whom was asked.
        phase: How far the request had come.
        has_certificate: Whether a client certificate was offered.
    """
    chain = tuple(_unfold(error))
    for kinds, explain in _TABLE:
        for link in chain:
            if isinstance(link, kinds):
                return explain(_Case(endpoint, phase, has_certificate, chain, link))
    return _explain_other(_Case(endpoint, phase, has_certificate, chain, chain[-1]))


def printable(text: str) -> str:
    """Make a peer's text fit for a terminal: one line, no control characters, not long."""
    shown = "".join(c if c.isprintable() else "?" for c in text[: _SHOWN + 1])
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "..."


def _unfold(error: BaseException) -> Iterator[BaseException]:
    """List an error and all that it wraps or was raised from, the outermost first, each once.

    ``__context__`` is left out: it may be what the caller was handling when it asked us.
    """
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting and len(seen) < _CHAIN_CAP:
        link = waiting.pop(0)
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [getattr(link, "reason", None), *link.args, link.__cause__]


def _words(error: BaseException) -> str:
    if isinstance(error, urllib3_errors.InvalidChunkLength):
        return "its chunks are malformed"
    if isinstance(error, http.client.IncompleteRead) and error.expected is not None:
        return f"{error.expected} more bytes were announced"
    if isinstance(error, http.client.IncompleteRead):
        return "it ends early, or its framing is broken"
    if isinstance(error, OSError) and error.strerror and not isinstance(error, ssl.SSLError):
        return printable(error.strerror)
    return printable(str(error)) or type(error).__name__


def _explain_proxy(case: _Case) -> TransportError:
    return ConnectError(
        f"{case.where}: the proxy cannot be used: {_words(case.chain[-1])}",
        endpoint=case.where,
        hint="Check the proxy settings of the environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY), or turn trust_env off.",
    )


def _explain_server_certificate(case: _Case) -> TransportError:
    code = getattr(case.error, "verify_code", 62)  # urllib3's own error is about the name
    detail = getattr(case.error, "verify_message", "") or str(case.error)
    failed, hint = _CHECKS.get(code, ("was not accepted", "Look at the certificate on the server."))
    told = "; ".join((printable(detail).rstrip("."), *case.notes))
    return ServerCertificateError(
        f"{case.where}: the certificate of the server {failed} ({told})", endpoint=case.where, hint=hint
    )


def _explain_tls(case: _Case) -> TransportError:
    reason = (getattr(case.error, "reason", "") or "").upper().replace(" ", "_")
    if "ALERT" in reason and reason.endswith(_ALERTS_ABOUT_US):
        return _explain_client_certificate(case, reason)
    if reason.endswith("HANDSHAKE_FAILURE") and AFTER_HELLO in case.notes:
        return _explain_client_certificate(case, reason)
    if isinstance(case.error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return _explain_lost(case)
    if reason.endswith(_NOT_TLS):
        what, hint = "no TLS is spoken on this port", "Is this the port for HTTP? Check the HTTPS port of the site."
    elif reason.endswith(_NO_VERSION):
        what, hint = "the server offers no TLS from version 1.2 on", "Enable TLS 1.2 on the server."
    elif reason.endswith(_NO_CIPHER):
        what, hint = "the server and this client have no cipher in common", "Check the cipher suites on the server."
    elif reason.endswith("UNRECOGNIZED_NAME"):
        what, hint = "the server does not know itself by this name", "Check the host name."
    else:
        what, hint = f"TLS failed: {_words(case.error)}", ""
    return TlsError(f"{case.where}: {what}", endpoint=case.where, hint=hint)


def _explain_client_certificate(case: _Case, reason: str) -> TransportError:
    if not case.has_certificate:
        return ClientCertificateError(
            f"{case.where}: the server demands a client certificate and none is set",
            endpoint=case.where,
            hint="Set client_certificate and client_key.",
        )
    alert = reason.rpartition("ALERT_")[2].replace("_", " ").lower()
    return ClientCertificateError(
        f"{case.where}: the server did not accept our client certificate ({alert})",
        endpoint=case.where,
        hint="Check that it is valid, meant for client authentication, and issued by an authority of the site.",
    )


def _explain_name(case: _Case) -> TransportError:
    return NameResolutionError(
        f"{case.where}: the host name has no address ({_words(case.error)})",
        endpoint=case.where,
        hint="Check the name and the DNS servers of this machine.",
    )


def _explain_timeout(case: _Case) -> TransportError:
    what = {
        Phase.CONNECT: "no TCP connection within its time",
        Phase.TLS: "the TLS handshake was not done within its time",
        Phase.REPLY: "no whole reply within its time",
    }[case.phase]
    return TransportTimeoutError(
        f"{case.where}: {_with_notes(what, case)}",
        endpoint=case.where,
        phase="reply" if case.phase is Phase.REPLY else "connect",
    )


def _explain_no_http(case: _Case) -> TransportError:
    line = str(getattr(case.error, "line", ""))
    speaks_tls = line.startswith(("\x15\x03", "\x16\x03"))  # a TLS record: alert, handshake
    hint = "It seems to want TLS: is this the port for HTTPS?" if speaks_tls else "Is something else on this port?"
    return ConnectionLostError(
        f"{case.where}: what came back is no HTTP: {_words(case.error)}", endpoint=case.where, hint=hint
    )


def _explain_lost(case: _Case) -> TransportError:
    if case.phase is Phase.TLS:
        return TlsError(
            f"{case.where}: the connection was closed during the TLS handshake",
            endpoint=case.where,
            hint="Is TLS spoken on this port? A firewall in between may have cut it off.",
        )
    return ConnectionLostError(
        f"{case.where}: the connection broke before the reply was whole: {_words(case.chain[-1])}", endpoint=case.where
    )


def _explain_other(case: _Case) -> TransportError:
    """Explain an error of the operating system, or one that says little, by how far the request had come."""
    if any(str(link).startswith("Tunnel connection failed") for link in case.chain):  # http.client has no class for it
        return _explain_proxy(case)
    if case.phase is not Phase.CONNECT:
        return _explain_lost(case)
    return ConnectError(
        f"{case.where}: no connection: {_with_notes(_words(case.chain[-1]), case)}",
        endpoint=case.where,
        hint="Check that the server runs, the port, and firewalls in between.",
    )


def _with_notes(text: str, case: _Case) -> str:
    return "; ".join((text, *case.notes))


_TABLE: tuple[tuple[tuple[type[BaseException], ...], Callable[[_Case], TransportError]], ...] = (
    (
        (
            urllib3_errors.ProxyError,
            urllib3_errors.ProxySchemeUnknown,
            urllib3_errors.ProxySchemeUnsupported,
            requests.exceptions.ProxyError,
            requests.exceptions.InvalidProxyURL,
            http.client.InvalidURL,  # of a proxy: our own are checked before
        ),
        _explain_proxy,
    ),
    ((ssl.SSLCertVerificationError, CertificateError), _explain_server_certificate),
    ((ssl.SSLError,), _explain_tls),
    ((socket.gaierror, urllib3_errors.NameResolutionError), _explain_name),
    ((ConnectionError,), _explain_other),
    ((TimeoutError,), _explain_timeout),
    ((urllib3_errors.NewConnectionError,), _explain_other),  # is a TimeoutError for urllib3
    ((urllib3_errors.TimeoutError, requests.Timeout), _explain_timeout),
    ((http.client.IncompleteRead,), _explain_lost),
    ((http.client.HTTPException, urllib3_errors.InvalidHeader, requests.exceptions.InvalidHeader), _explain_no_http),
)
