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
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any, Self

import requests

from .._version import __version__
from ..errors import (
    CancelledError,
    ConnectionLostError,
    InvalidValueError,
    NameResolutionError,
    NameServiceError,
    RedirectRefusedError,
    ReplyTooLargeError,
    TransportError,
    TransportTimeoutError,
)
from ..model.endpoints import Endpoint, Scheme
from ..model.http import Deadline, HttpReply, HttpRequest
from ..ports import Cancellation
from .crl_cache import CrlCache
from .http_errors import FAILURES, printable, refuse_renegotiation, translate
from .http_sockets import Dialler, Resolve, WatchedAdapter
from .http_stream import StreamedReply, require_not_encoded
from .http_tls import Offered, wanted_renegotiation
from .http_trust import Trust
from .http_watch import SILENCE_LIMIT, Watch
from .revocation import Revocation

__all__ = ["RequestsTransport", "require_final", "require_sendable"]

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
    """

    def __init__(self, adapter: WatchedAdapter, *, trust_env: bool) -> None:
        super().__init__()
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
    """``ports.Transport`` and ``ports.BulkTransport`` with requests.

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

    Attributes:
        trust_env: As above.
        dialler: Opens its connections.
        trust: Judges the servers that it talks to.
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
    ) -> None:
        self._ca_file = ca_file
        self.trust_env = trust_env
        self.dialler = Dialler(resolve, source_address)
        revocation = None if crls is None else Revocation(self.send, crls)
        self.trust = Trust(self._find_trusted, client_certificate, revocation)
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
        session = self._require_session(request, deadline, cancellation)
        whole = False
        try:
            with (
                Watch(endpoint, deadline, request.connect_timeout, cancellation) as watch,
                self._failures_told(session, request, watch),
            ):
                reply = _exchange(session, request, watch)
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

    def open(
        self,
        request: HttpRequest,
        deadline: Deadline,
        cancellation: Cancellation | None = None,
        *,
        patience: float = SILENCE_LIMIT,
    ) -> "StreamedReply":
        """Send one request and read the head of the reply; see ``ports.BulkTransport``."""
        session = self._require_session(request, deadline, cancellation)
        watch = Watch(request.endpoint, deadline, request.connect_timeout, cancellation, silence=patience)
        watch.__enter__()
        try:
            with self._failures_told(session, request, watch):
                response, headers = _begin(session, request, watch)
                try:
                    require_not_encoded(response.status_code, headers, request.endpoint)
                except ConnectionLostError:
                    response.close()
                    raise
        except BaseException:
            self._let_go(session, watch, whole=False)
            raise
        return StreamedReply(
            response,
            headers,
            trusted=request.endpoint.scheme is Scheme.HTTPS,
            told=lambda: self._failures_told(session, request, watch),
            let_go=lambda whole: self._let_go(session, watch, whole=whole),
        )

    def _let_go(self, session: _Session, watch: Watch, *, whole: bool) -> None:
        watch.__exit__(None, None, None)
        session.watched.watch = None
        self._give_back(watch.endpoint, session, whole=whole and watch.verdict is None)

    def _require_session(self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None) -> _Session:
        endpoint = request.endpoint
        require_sendable(request)
        if self._closed or (cancellation is not None and cancellation.cancelled):
            raise CancelledError(f"{endpoint}: cancelled before it was asked", endpoint=str(endpoint))
        if deadline.expired:
            raise TransportTimeoutError(f"{endpoint}: no time was left to ask", endpoint=str(endpoint))
        return self._take(endpoint)

    @contextmanager
    def _failures_told(self, session: _Session, request: HttpRequest, watch: Watch) -> Iterator[None]:
        """Raise errors of ours in place of those of the libraries."""
        where = str(request.endpoint)
        session.watched.watch = watch
        try:
            yield
        except FAILURES as error:
            if wanted_renegotiation(session.watched.secured):
                raise refuse_renegotiation(request.endpoint) from error
            told = translate(error, request.endpoint, watch.phase, has_certificate=self.trust.offers)
            raise watch.verdict or told from error
        except (NameServiceError, InvalidValueError) as error:  # from ``resolve``; a proxy's name may be no host name
            unresolved = NameResolutionError(f"{where}: {error}", endpoint=where, hint=error.hint)
            raise watch.verdict or unresolved from error
        if watch.verdict is not None:  # a body without a length ends with the connection, however that ended
            raise watch.verdict

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
        return _Session(WatchedAdapter(self.dialler, self.trust), trust_env=self.trust_env)

    def _find_trusted(self) -> str | None:
        if self._ca_file is not None or not self.trust_env:
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


def require_sendable(request: HttpRequest) -> None:
    """Refuse a request that cannot be written as HTTP.

    Raises:
        InvalidValueError: It cannot.
    """
    if not _METHOD.fullmatch(request.method):
        raise InvalidValueError("HTTP method", request.method, "it is no token")
    if not _PATH.fullmatch(request.path):
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
    response, headers = _begin(session, request, watch)
    with closing(response):
        body = _read_body(response.raw, request)
    if body:
        require_not_encoded(response.status_code, headers, request.endpoint)
    return HttpReply(response.status_code, body, headers, trusted=request.endpoint.scheme is Scheme.HTTPS)


def _begin(session: _Session, request: HttpRequest, watch: Watch) -> tuple[requests.Response, dict[str, str]]:
    """Send a request and read the head of its reply."""
    prepared = _prepare(session, request)
    ambient = session.merge_environment_settings(prepared.url, {}, stream=True, verify=True, cert=None)
    limits = (min(request.connect_timeout, watch.patience()), watch.patience())
    response = session.send(
        prepared, timeout=limits, allow_redirects=False, stream=True, verify=True, proxies=ambient["proxies"]
    )
    try:
        headers = {name.lower(): value for name, value in response.headers.items()}
        require_final(response.status_code, headers, request.endpoint)
    except BaseException:
        response.close()
        raise
    return response, headers


def require_final(status: int, headers: dict[str, str], endpoint: Endpoint) -> None:
    """Refuse what is not the end of the matter: redirects, interim answers, framing that was not understood.

    Raises:
        RedirectRefusedError: It points elsewhere.
        ConnectionLostError: It is no final answer, or cannot be read.
    """
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
