"""HTTP with requests.

One session for each endpoint and thread at a time: endpoints share neither connections nor state, and a session is
used by one thread alone. Nothing is followed, retried, decompressed or remembered, and nothing is believed that a
verified certificate does not stand for.
"""

import logging
import os
import re
import threading
import time
from contextlib import closing
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any, Self

import requests
from requests.utils import select_proxy

from .._version import __version__
from ..errors import (
    CancelledError,
    ConnectionLostError,
    InvalidValueError,
    NameResolutionError,
    NameServiceError,
    ProxyError,
    RedirectRefusedError,
    ReplyTooLargeError,
    TransportError,
    TransportTimeoutError,
)
from ..model.endpoints import Endpoint, Scheme
from ..model.http import Deadline, HttpReply, HttpRequest
from ..model.proxies import ProxyAddress
from ..ports import Cancellation
from ..protocol.proxies import parse_proxy
from .crl_cache import CrlCache
from .http_errors import FAILURES, printable, refuse_renegotiation, translate
from .http_sockets import Dialler, Resolve, WatchedAdapter
from .http_tls import Offered, wanted_renegotiation
from .http_trust import Trust
from .http_watch import Watch
from .revocation import Revocation

__all__ = ["RequestsTransport"]

_LOG = logging.getLogger(__name__)
_CHUNK = 64 * 1024  # bytes asked of a socket at once
_IDLE_LIMIT = 60.0  # seconds after which a kept connection is not used again: firewalls forget it without a word
_IDLE_KEPT = 8  # connections kept for one endpoint
_LOCATION_CAP = 2000  # characters kept of where a redirect points
_TRUST_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token (RFC 9110, 5.6.2)
_PATH = re.compile(r"/[!\"$-~]*")  # printable ASCII without a blank, and without a fragment
_VALUE = re.compile(r"[\t -~\x80-\xff]*")  # a field value (RFC 9110, 5.5): against headers smuggled in


class _Session(requests.Session):
    """A session without memory.

    Attributes:
        watched: Its one adapter.
        used: When it was last used, on the monotonic clock.
        given_proxy: The proxy for every request; None for that of the environment, if it counts.
    """

    def __init__(self, adapter: WatchedAdapter, *, trust_env: bool, proxy: ProxyAddress | None) -> None:
        super().__init__()
        self.given_proxy = proxy
        self.trust_env = trust_env
        self.watched = adapter
        self.used = 0.0
        self.headers.clear()
        self.headers.update({"User-Agent": f"cmclient/{__version__}", "Accept": "*/*"})
        self.mount("http://", adapter)
        self.mount("https://", adapter)
        self.cookies.set_policy(DefaultCookiePolicy(netscape=False, rfc2965=False))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow nothing: even with redirects off, requests would read all of the body to prepare the next request."""


class RequestsTransport:
    """``ports.Transport`` with requests.

    HTTPS is always verified. A body that was compressed although nobody asked is refused as ConnectionLostError: only
    what was asked for is unpacked, and nothing is asked for. The deadline holds against every slow peer; only the
    lookup of a name by the operating system goes on in the background when time is up.

    A request that cannot be written as HTTP (a blank in the path, a line break in a header) is InvalidValueError.

    Args:
        ca_file: PEM file, or folder, with the certificates to trust for HTTPS; None for those of the system. Read once,
            when it is first needed.
        client_certificate: Paths of certificate and key, or both as read before; offered to HTTPS servers that ask,
            once they have passed every check.
        crls: Revocation lists that were fetched before; with it, servers are checked for revocation.
        trust_env: Whether proxies, ``.netrc``, ``REQUESTS_CA_BUNDLE`` and ``SSL_CERT_FILE`` and their like of the
            environment count.
        resolve: Finds the addresses of host names; None for the operating system's resolver. Proxies likewise.
        source_address: The own address to connect from; None for any.
        proxy: The proxy for every request, in place of those of the environment; None for no such proxy.
    """

    def __init__(
        self,
        *,
        ca_file: str | None = None,
        client_certificate: Offered | None = None,
        crls: CrlCache | None = None,
        trust_env: bool = False,
        resolve: Resolve | None = None,
        source_address: str | None = None,
        proxy: ProxyAddress | None = None,
    ) -> None:
        self._proxy = proxy
        self._ca_file = ca_file
        self._trust_env = trust_env
        self._dialler = Dialler(resolve, source_address)
        revocation = None if crls is None else Revocation(self.send, crls)
        self._trust = Trust(self._find_trusted, client_certificate, revocation)
        self._lock = threading.Lock()
        self._idle: dict[Endpoint, list[_Session]] = {}
        self._closed = False

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the connections that are kept; requests under way go on to their end, later ones are cancelled."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, {}
        for sessions in idle.values():
            for session in sessions:
                session.close()

    def send(self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None = None) -> HttpReply:
        """Send one request and read the whole reply; see ``ports.Transport``."""
        endpoint = request.endpoint
        _require_sendable(request)
        if self._closed or (cancellation is not None and cancellation.cancelled):
            raise CancelledError(f"{endpoint}: cancelled before it was asked", endpoint=str(endpoint))
        if deadline.expired:
            raise TransportTimeoutError(f"{endpoint}: no time was left to ask", endpoint=str(endpoint))
        session = self._take(endpoint)
        whole = False
        try:
            with Watch(endpoint, deadline, request.connect_timeout, cancellation) as watch:
                session.watched.watch = watch
                reply = self._ask(session, request, watch)
            whole = watch.verdict is None
        finally:
            session.watched.watch = None
            self._give_back(endpoint, session, whole=whole)
        _LOG.debug(
            "%s %s: %d, %d bytes",
            request.method,
            endpoint,
            reply.status,
            len(reply.body),
            extra={"event": "http.reply"},
        )
        return reply

    def _ask(self, session: _Session, request: HttpRequest, watch: Watch) -> HttpReply:
        where = str(request.endpoint)
        try:
            reply = _exchange(session, request, watch)
        except FAILURES as error:
            if wanted_renegotiation(session.watched.secured):
                raise refuse_renegotiation(request.endpoint) from error
            told = translate(error, request.endpoint, watch.phase, has_certificate=self._trust.offers)
            raise watch.verdict or told from error
        except ProxyError as error:  # it may have ended because the watch did
            raise (watch.verdict or error) from None
        except (NameServiceError, InvalidValueError) as error:  # from ``resolve``; a proxy's name may be no host name
            unresolved = NameResolutionError(f"{where}: {error}", endpoint=where, hint=error.hint)
            raise watch.verdict or unresolved from error
        if watch.verdict is not None:  # a body without a length ends with the connection, however that ended
            raise watch.verdict
        return reply

    def _take(self, endpoint: Endpoint) -> _Session:
        oldest = time.monotonic() - _IDLE_LIMIT
        with self._lock:
            kept = self._idle.pop(endpoint, [])
            fresh = [session for session in kept if session.used >= oldest]
            session = fresh.pop() if fresh else None
            self._idle[endpoint] = fresh
        for stale in kept:
            if stale.used < oldest:
                stale.close()
        return session or self._open()

    def _open(self) -> _Session:
        return _Session(WatchedAdapter(self._dialler, self._trust), trust_env=self._trust_env, proxy=self._proxy)

    def _find_trusted(self) -> str | None:
        if self._ca_file is not None or not self._trust_env:
            return self._ca_file
        return next((path for name in _TRUST_VARIABLES if (path := os.environ.get(name))), None)

    def _give_back(self, endpoint: Endpoint, session: _Session, *, whole: bool) -> None:
        session.used = time.monotonic()
        with self._lock:
            kept = self._idle.setdefault(endpoint, []) if whole and not self._closed else None
            if kept is not None and len(kept) < _IDLE_KEPT:
                kept.append(session)
                return
        session.close()


def _require_sendable(request: HttpRequest) -> None:
    if not _METHOD.fullmatch(request.method):
        raise InvalidValueError("HTTP method", request.method, "it is no token")
    if not _PATH.fullmatch(request.path) or not _PATH.fullmatch(f"{request.endpoint.gateway or ''}{request.path}"):
        reason = "it begins with a slash and has printable ASCII characters other than blank and #"
        raise InvalidValueError("path of a request", request.path, reason)
    for name, value in request.headers.items():
        if not _METHOD.fullmatch(name):
            raise InvalidValueError("header name", name, "it is no token")
        if not _VALUE.fullmatch(value):
            raise InvalidValueError(f"value of the header {name}", value, "it has control characters or is not Latin-1")


def _prepare(session: _Session, request: HttpRequest) -> requests.PreparedRequest:
    bare = requests.Request(request.method, request.endpoint.url("/"), headers=dict(request.headers), data=request.body)
    prepared = session.prepare_request(bare)
    prepared.headers["Accept-Encoding"] = "identity"  # against bodies that unpack to gigabytes
    prepared.method = request.method  # requests would write it in capitals,
    prepared.url = request.endpoint.url(request.path)  # and quote the path anew
    return prepared


def _exchange(session: _Session, request: HttpRequest, watch: Watch) -> HttpReply:
    prepared = _prepare(session, request)
    limits = (min(request.connect_timeout, watch.patience()), watch.patience())
    response = session.send(
        prepared,
        timeout=limits,
        allow_redirects=False,
        stream=True,
        verify=True,
        proxies=_find_proxies(session, prepared, request),
    )
    with closing(response):
        headers = {name.lower(): value for name, value in response.headers.items()}
        _require_final(response.status_code, headers, request.endpoint)
        body = _read_body(response.raw, request)
    coding = headers.get("content-encoding", "").strip().lower()
    if body and coding not in {"", "identity"}:
        raise ConnectionLostError(
            f"{request.endpoint}: a body compressed with {printable(coding)}, which nobody asked for"
            f" (status {response.status_code})",
            endpoint=str(request.endpoint),
            hint="A proxy in between may compress; have it leave this server alone.",
        )
    is_trusted = request.endpoint.scheme is Scheme.HTTPS
    return HttpReply(response.status_code, body, headers, trusted=is_trusted, phrase=printable(response.reason or ""))


def _find_proxies(session: _Session, prepared: requests.PreparedRequest, request: HttpRequest) -> dict[str, str]:
    """The proxy for a request, by scheme as requests wants it; empty for none."""
    proxy = session.given_proxy
    if proxy is None:
        ambient = session.merge_environment_settings(prepared.url, {}, stream=True, verify=True, cert=None)
        named = select_proxy(prepared.url or "", ambient["proxies"])
        if not named:
            return {}
        proxy = _read_proxy(named, request.endpoint)
    return dict.fromkeys((Scheme.HTTP.value, Scheme.HTTPS.value), proxy.reveal())


def _read_proxy(text: str, endpoint: Endpoint) -> ProxyAddress:
    try:
        return parse_proxy(text)
    except InvalidValueError as error:
        raise ProxyError(
            f"{endpoint}: the proxy of the environment cannot be used: {error.message}",
            endpoint=str(endpoint),
            reason="address",
            hint="Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY, set proxy, or turn trust_env off.",
        ) from error


def _require_final(status: int, headers: dict[str, str], endpoint: Endpoint) -> None:
    """Refuse what is not the end of the matter: redirects, interim answers, framing that was not understood."""
    where = str(endpoint)
    location = headers.get("location")
    if status // 100 == 3 and location is not None:  # noqa: PLR2004 - 3xx
        shown = "".join(c if c.isprintable() else "?" for c in location[:_LOCATION_CAP])
        raise RedirectRefusedError(
            f"{where}: the server points to {printable(location)} (status {status}); redirects are not followed",
            endpoint=where,
            location=shown,
            hint="A captive portal or a proxy may have answered in its place: log on there, or go around it.",
        )
    if status < 200:  # noqa: PLR2004 - 1xx
        raise ConnectionLostError(f"{where}: an interim answer ({status}) and no final one", endpoint=where)
    transfer = headers.get("transfer-encoding", "").strip().lower()
    if transfer not in {"", "identity", "chunked"}:
        raise ConnectionLostError(f"{where}: unknown transfer encoding {printable(transfer)}", endpoint=where)


def _read_body(raw: Any, request: HttpRequest) -> bytes:  # noqa: ANN401 - urllib3's reply, or its stand-in in tests
    """Read what there is as it comes, and one byte more than the cap at most.

    Raises:
        ReplyTooLargeError: There is more, or more was announced.
        OSError: And the others of ``FAILURES``, when it ends early.
    """
    cap = request.read_cap
    if (raw.length_remaining or 0) > cap:
        raise _too_large(request, f"{raw.length_remaining} bytes")
    body = bytearray()
    while True:
        part = raw.read1(min(_CHUNK, cap + 1 - len(body)))  # what is there, without waiting for more
        if not part:
            return bytes(body)
        body += part
        if len(body) > cap:
            raise _too_large(request, "more")


def _too_large(request: HttpRequest, size: str) -> TransportError:
    return ReplyTooLargeError(
        f"{request.endpoint}: the reply has {size}, and {request.read_cap} bytes are the most that is read",
        endpoint=str(request.endpoint),
    )
