"""One request over a session of requests, and its reply: what may be sent, how it is read, what is refused."""

from collections.abc import Callable, Mapping
from contextlib import closing
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Generic, TypeVar

import requests
from requests.utils import select_proxy

from .._version import __version__
from ..errors import (
    InvalidValueError,
    ProxyError,
    ReplyTooLargeError,
    TransportError,
)
from ..model.endpoints import Endpoint, Scheme
from ..model.http import HttpReply, HttpRequest
from ..model.proxies import ProxyAddress
from ..protocol.proxies import parse_proxy
from .http_asked import UNAUTHORIZED, Answered
from .http_rules import printable, require_final, require_not_encoded
from .http_sockets import WatchedAdapter
from .http_stream import HeldReply
from .http_tls import verified_chain
from .http_watch import Watch

__all__ = ["Exchange", "Session", "SessionLeg", "open_reply", "read_reply"]

_R = TypeVar("_R", bound=Answered)
_CHUNK = 64 * 1024  # bytes asked of a socket at once
_PAGE_CAP = 64 * 1024  # bytes of the page with which a server asks who we are, if less is to be read of the answer


class Session(requests.Session):
    """A session without memory.

    Attributes:
        watched: Its one adapter.
        used: When it was last used, on the monotonic clock.
        given_proxy: The proxy for every request; None for that of the environment, if it counts.
        is_known: Whether its connection may be one that the server knows us on.
    """

    def __init__(self, adapter: WatchedAdapter, *, trust_env: bool, proxy: ProxyAddress | None) -> None:
        super().__init__()
        self.given_proxy = proxy
        self.trust_env = trust_env
        self.watched = adapter
        self.used = 0.0
        self.is_known = False
        self.headers.clear()
        self.headers.update({"User-Agent": f"cmclient/{__version__}", "Accept": "*/*"})
        self.mount("http://", adapter)
        self.mount("https://", adapter)
        self.cookies.set_policy(DefaultCookiePolicy(netscape=False, rfc2965=False))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow nothing: even with redirects off, requests would read all of the body to prepare the next request."""


Exchange = Callable[[Session, HttpRequest, Watch], _R]
"""Sends a request over a session and gives its reply, read or not."""


def _prepare(session: Session, request: HttpRequest) -> requests.PreparedRequest:
    bare = requests.Request(request.method, request.endpoint.url("/"), headers=dict(request.headers), data=request.body)
    prepared = session.prepare_request(bare)
    prepared.headers["Accept-Encoding"] = "identity"  # against bodies that unpack to gigabytes
    if "Authorization" in request.headers:
        prepared.headers["Authorization"] = request.headers["Authorization"]  # not what a .netrc says
    prepared.method = request.method  # requests would write it in capitals,
    prepared.url = request.endpoint.url(request.path)  # and quote the path anew
    return prepared


class SessionLeg(Generic[_R]):
    """The connection of a request, as a login sees it; see ``http_login.Leg``."""

    def __init__(
        self,
        session: Session,
        request: HttpRequest,
        watch: Watch,
        exchange: Exchange[_R],
    ) -> None:
        self._session = session
        self._request = request
        self._watch = watch
        self._exchange = exchange

    @property
    def connections(self) -> int:
        """How many were opened so far."""
        return self._session.watched.connections

    @property
    def certificate(self) -> bytes | None:
        """The server's certificate; None without TLS."""
        chain = verified_chain(self._session.watched.secured)
        return chain[0] if chain else None

    @property
    def is_shared(self) -> bool:
        """Whether a proxy in between sends our requests on."""
        proxies = _find_proxies(self._session, self._request)
        return self._request.endpoint.scheme is Scheme.HTTP and bool(proxies)

    def send(self, headers: Mapping[str, str]) -> _R:
        """Send the request with these headers."""
        self._watch.allow_another_connection()
        more = {**self._request.headers, **headers}
        return self._exchange(self._session, self._request._replace(headers=more), self._watch)

    def disconnect(self) -> None:
        """Close the connection."""
        self._session.close()


def read_reply(session: Session, request: HttpRequest, watch: Watch) -> HttpReply:
    """Send a request and read the whole reply."""
    response, headers = _begin(session, request, watch)
    asks = request.may_log_in and response.status_code == UNAUTHORIZED
    with closing(response):
        body = _read_body(response.raw, request, max(request.read_cap, _PAGE_CAP) if asks else request.read_cap)
    if body:
        require_not_encoded(response.status_code, headers, request.endpoint)
    is_trusted = request.endpoint.scheme is Scheme.HTTPS
    return HttpReply(response.status_code, body, headers, trusted=is_trusted, phrase=printable(response.reason or ""))


def open_reply(session: Session, request: HttpRequest, watch: Watch) -> HeldReply:
    """Send a request and leave the body unread; but for a server that asks who we are, which may go on from there."""
    response, headers = _begin(session, request, watch)
    held = HeldReply(response, headers, trusted=request.endpoint.scheme is Scheme.HTTPS)
    try:
        if request.may_log_in and held.status == UNAUTHORIZED:
            held.keep(_read_body(response.raw, request, _PAGE_CAP))
        else:
            require_not_encoded(held.status, headers, request.endpoint)
    except BaseException:
        response.close()
        raise
    return held


def _begin(session: Session, request: HttpRequest, watch: Watch) -> tuple[requests.Response, dict[str, str]]:
    """Send a request and read the head of its reply."""
    prepared = _prepare(session, request)
    limits = (min(request.connect_timeout, watch.patience()), watch.patience())
    response = session.send(
        prepared,
        timeout=limits,
        allow_redirects=False,
        stream=True,
        verify=True,
        proxies=_find_proxies(session, request),
    )
    try:
        headers = {name.lower(): value for name, value in response.headers.items()}
        require_final(response.status_code, headers, request.endpoint)
    except BaseException:
        response.close()
        raise
    return response, headers


def _find_proxies(session: Session, request: HttpRequest) -> dict[str, str]:
    """The proxy for a request, by scheme as requests wants it; empty for none."""
    proxy = session.given_proxy
    if proxy is None:
        url = request.endpoint.url(request.path)
        ambient = session.merge_environment_settings(url, {}, stream=True, verify=True, cert=None)
        named = select_proxy(url, ambient["proxies"])
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


def _read_body(raw: Any, request: HttpRequest, cap: int) -> bytes:  # noqa: ANN401 - urllib3's reply, or its stand-in in tests
    """Read what there is as it comes, and one byte more than the cap at most.

    Raises:
        ReplyTooLargeError: There is more, or more was announced.
        OSError: And the others of ``FAILURES``, when it ends early.
    """
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
