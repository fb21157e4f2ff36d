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
    ProxyError,
    TlsError,
    TransportError,
    TransportTimeoutError,
)
from ..model.endpoints import Endpoint
from .http_rules import printable
from .http_tls import AFTER_HELLO, presented_chain
from .http_watch import Phase
from .tunnels import CHECK_PROXY

__all__ = ["FAILURES", "refuse_renegotiation", "translate"]

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
_MALFORMED = ("ASN1", "ASN.1", "X509", "DECODE", "CERT_LENGTH_MISMATCH")  # what OpenSSL says of what is no certificate
_TLS_FAILURES: tuple[tuple[tuple[str, ...], str, str, str], ...] = (  # endings, kind, what happened, what to do
    (
        (
            "WRONG_VERSION_NUMBER",
            "HTTP_REQUEST",
            "RECORD_LAYER_FAILURE",
            "PACKET_LENGTH_TOO_LONG",
            "UNKNOWN_PROTOCOL",
        ),
        "no-tls",
        "no TLS is spoken on this port",
        "Is this the port for HTTP? Check the HTTPS port of the site.",
    ),
    (
        ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL"),
        "old-version",
        "the server offers no TLS from version 1.2 on",
        "Enable TLS 1.2 on the server.",
    ),
    (
        ("HANDSHAKE_FAILURE", "NO_SHARED_CIPHER", "NO_CIPHERS_AVAILABLE", "INSUFFICIENT_SECURITY"),
        "no-cipher",
        "the server and this client have no cipher in common",
        "Check the cipher suites on the server.",
    ),
    (
        ("UNRECOGNIZED_NAME",),
        "unknown-name",
        "the server does not know itself by this name",
        "Check the host name.",
    ),
)


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
    return ProxyError(
        f"{case.where}: the proxy cannot be used: {_words(case.chain[-1])}",
        endpoint=case.where,
        reason="unusable",
        hint=CHECK_PROXY,
    )


def _explain_server_certificate(case: _Case) -> TransportError:
    code = getattr(case.error, "verify_code", 62)  # urllib3's own error is about the name
    detail = getattr(case.error, "verify_message", "") or str(case.error)
    from .server_refusals import refuse_as_openssl

    return refuse_as_openssl(case.endpoint, code, detail.rstrip("."), presented_chain(case.error))


def _explain_tls(case: _Case) -> TransportError:
    reason = (getattr(case.error, "reason", "") or "").upper().replace(" ", "_")
    if "ALERT" in reason and reason.endswith(_ALERTS_ABOUT_US):
        return _explain_client_certificate(case, reason)
    if reason.endswith("HANDSHAKE_FAILURE") and AFTER_HELLO in case.notes:
        return _explain_client_certificate(case, reason)
    if isinstance(case.error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return _explain_lost(case)
    words = (reason or str(case.error)).upper()  # some reasons have no name
    if case.phase is Phase.TLS and "ALERT" not in words and any(one in words for one in _MALFORMED):
        from .server_refusals import refuse

        return refuse(case.endpoint, "malformed", None, detail=_words(case.error))
    for endings, kind, what, hint in _TLS_FAILURES:
        if reason.endswith(endings):
            return TlsError(f"{case.where}: {what}", endpoint=case.where, reason=kind, hint=hint)
    return TlsError(f"{case.where}: TLS failed: {_words(case.error)}", endpoint=case.where)


def refuse_renegotiation(endpoint: Endpoint) -> TransportError:
    """Make the error for a server that wanted to negotiate anew in the middle of a connection."""
    return TlsError(
        f"{endpoint}: the server wanted to negotiate anew, as some do to ask for a client certificate; that is refused",
        endpoint=str(endpoint),
        reason="renegotiation",
        hint="Have it ask at once (IIS: negotiate the client certificate in the binding), or use TLS 1.3.",
    )


def _explain_client_certificate(case: _Case, reason: str) -> TransportError:
    if not case.has_certificate:
        return ClientCertificateError(
            f"{case.where}: the server demands a client certificate and none is set",
            endpoint=case.where,
            reason="none-set",
            hint="Set client_certificate and client_key.",
        )
    alert = reason.rpartition("ALERT_")[2].replace("_", " ").lower()
    return ClientCertificateError(
        f"{case.where}: the server did not accept our client certificate ({alert})",
        endpoint=case.where,
        reason="not-accepted",
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
        Phase.PROXY: "the proxy did not open the way within its time",
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
