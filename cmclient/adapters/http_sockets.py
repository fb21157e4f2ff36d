"""The connections of ``http``: dialled within their time, watched while they live, verified before they are used."""

import errno
import os
import socket
import ssl
from collections.abc import Mapping
from functools import partial
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidProxyURL
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.response import BaseHTTPResponse

from ..model.endpoints import Endpoint
from .dialling import Dialler
from .http_tls import verified_chain, watch_no_more
from .http_trust import Trust
from .http_watch import Phase, Watch
from .http_whole import WholeHead
from .readiness import can_read
from .tunnels import open_tunnel

__all__ = ["WatchedAdapter", "open_verified"]

_MOST_LOOKS = 3  # at a server that shows a new certificate each time; one name may stand for several servers


class WatchedAdapter(HTTPAdapter):
    """The adapter of one session, for one request at a time: its connections are watched.

    Attributes:
        watch: Who watches over the request that is under way.
        dialler: How its connections are opened.
        trust: Judges servers that speak TLS.
        secured: The socket with TLS to the server that was opened last.
        connections: How many connections were opened.
    """

    def __init__(self, dialler: Dialler, trust: Trust) -> None:
        self.watch: Watch | None = None
        self.dialler = dialler
        self.trust = trust
        self.secured: Any = None
        self.connections = 0
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def require_watch(self) -> Watch:
        """The watch of the request that is under way."""
        if self.watch is None:
            raise RuntimeError("a connection is used outside a request")  # our own mistake
        return self.watch

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:  # noqa: ANN401, FBT001, FBT002 - as in requests
        """Make the pools with watched connections."""
        super().init_poolmanager(connections, maxsize, block, **more)
        self._use_watched_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:  # noqa: ANN401 - as in requests
        """Make the pools of a proxy likewise; one that speaks TLS is verified, and is not shown our certificate."""
        if proxy.lower().startswith("socks"):
            raise InvalidProxyURL("SOCKS proxies are not supported")  # their sockets could not be watched
        if proxy.lower().startswith("https"):
            proxy_context = self.trust.contexts(self.require_watch().endpoint).proxy
            more.setdefault("proxy_ssl_context", proxy_context)
            more.setdefault("ssl_context", proxy_context)  # the same for plain HTTP by it, before urllib3 2.8
        manager = super().proxy_manager_for(proxy, **more)
        self._use_watched_pools(manager)
        return manager

    def build_connection_pool_key_attributes(
        self,
        request: PreparedRequest,
        verify: Any,  # noqa: ANN401, ARG002 - verification is not a choice
        cert: Any = None,  # noqa: ANN401, ARG002 - the certificate is in the context
    ) -> Any:  # noqa: ANN401 - two dictionaries, as in requests
        """Give every pool our TLS context, whatever the call says."""
        host, options = super().build_connection_pool_key_attributes(request, verify=True)
        options.pop("ssl_context", None)  # some versions of requests have one of their own
        if host["scheme"] == "https":
            options["ssl_context"] = self.trust.contexts(self.require_watch().endpoint).server
        return host, options

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:  # noqa: ANN401, ARG002 - as in requests
        """Leave the context alone: requests would add its own bundle to what we trust."""
        conn.cert_reqs = "CERT_REQUIRED"

    def build_response(self, req: PreparedRequest, resp: BaseHTTPResponse) -> Response:
        """Wrap a reply; its cookies and character set are not parsed, as nobody uses them."""
        response = Response()
        response.status_code = resp.status
        response.reason = resp.reason or ""
        response.headers.update(resp.headers)
        response.raw = resp
        response.url = req.url or ""
        response.request = req
        return response

    def _use_watched_pools(self, manager: PoolManager) -> None:
        pools: Any = {  # whatever makes a pool will do, the type says class
            "http": partial(_build_pool, HTTPConnectionPool, partial(_PlainConnection, self)),
            "https": partial(_build_pool, HTTPSConnectionPool, partial(_TlsConnection, self)),
        }
        manager.pool_classes_by_scheme = pools


def _build_pool(kind: type[HTTPConnectionPool], connect: Any, *args: Any, **options: Any) -> HTTPConnectionPool:  # noqa: ANN401 - passed on
    pool = kind(*args, **options)
    pool.ConnectionCls = connect
    return pool


class _PlainConnection(HTTPConnection):
    """A connection that keeps the time of the request under way."""

    response_class = WholeHead

    def __init__(self, adapter: WatchedAdapter, *args: Any, **options: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(*args, **options)
        self._adapter = adapter

    def _new_conn(self) -> socket.socket:
        watch = self._adapter.require_watch()
        watch.phase = Phase.CONNECT
        self._adapter.secured = None
        self._adapter.connections += 1
        try:
            sock = self._adapter.dialler.dial(self.host, self.port, watch)
        except OSError as error:  # wrapped: urllib3 passes over a bare reset, which is for it one of a connection
            raise NewConnectionError(self, str(error)) from error
        watch.phase = Phase.TLS
        return sock

    @property
    def is_connected(self) -> bool:
        """Whether it can be used again: it is open, and nothing has come that nobody asked for; urllib3 looks at it."""
        return self.sock is not None and not can_read(self.sock, 0.0)

    def connect(self) -> None:
        """Connect."""
        super().connect()
        self._adapter.require_watch().phase = Phase.REPLY

    def request(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - passed on
        """Send a request, on a new connection or on one that was kept."""
        watch = self._adapter.require_watch()
        self.timeout = watch.patience()
        if self.sock is not None:
            watch.phase = Phase.REPLY
            watch.hold(self.sock)
        super().request(*args, **options)


class _TlsConnection(_PlainConnection, HTTPSConnection):
    """The same over TLS: to a server that passed every check, which comes before our certificate and the request."""

    def connect(self) -> None:
        """Connect."""
        if self.proxy_is_forwarding:
            super().connect()  # to a proxy, which gets no more than what goes over plain HTTP anyway
        elif self._adapter.trust.offers:
            self._connect_offering()
        else:
            super().connect()
            self._adapter.secured = self.sock
            self._verify(verified_chain(self.sock))

    def _tunnel(self) -> None:
        """Ask the proxy for the way to the server; http.client would read as much as the proxy cares to send."""
        watch = self._adapter.require_watch()
        watch.phase = Phase.PROXY
        tunnel: Any = self  # private names of http.client, kept since 2.6
        open_tunnel(tunnel.sock, watch.endpoint, tunnel._tunnel_headers)  # noqa: SLF001 - no public way
        watch.phase = Phase.TLS

    def _connect_offering(self) -> None:
        """Look at the server without our certificate first, unless its certificate has passed before."""
        watch, trust = self._adapter.require_watch(), self._adapter.trust
        tunnel = (self._tunnel_host, self._tunnel_port, getattr(self, "_tunnel_headers", None), self._tunnel_scheme)
        context = trust.find_offering(watch.endpoint)
        for _ in range(_MOST_LOOKS):
            if context is None:
                self._look_at_server()
                self._begin_anew(*tunnel)
                context = trust.find_offering(watch.endpoint)
            if context is None:
                break  # what was looked at holds no longer: a revocation list that ended this very moment
            self.ssl_context = context
            try:
                super().connect()
            except ssl.SSLCertVerificationError:  # it shows another certificate than those that have passed
                self._begin_anew(*tunnel)
                context = None
            else:
                self._adapter.secured = self.sock
                return
        raise trust.refuse_unsteady(watch.endpoint)

    def _look_at_server(self) -> None:
        self.ssl_context = self._adapter.trust.contexts(self._adapter.require_watch().endpoint).server
        chain: tuple[bytes, ...] = ()
        try:
            super().connect()
            chain = verified_chain(self.sock)
        except OSError as error:
            chain = verified_chain(error)  # it may break off because we show no certificate: that comes after its own
            if not chain:
                raise
        self.close()
        self._verify(chain)

    def _verify(self, chain: tuple[bytes, ...]) -> None:
        watch = self._adapter.require_watch()
        watch.phase = Phase.TLS
        self._adapter.trust.verify(watch, chain)
        watch.phase = Phase.REPLY

    def _begin_anew(
        self, host: str | None, port: int | None, headers: Mapping[str, str] | None, scheme: str | None
    ) -> None:
        self.close()  # forgets the tunnel, too
        if host is not None:
            self.set_tunnel(host, port, headers, scheme or "http")
        self._adapter.require_watch().allow_another_connection()

    def require_verified(self) -> None:
        """Refuse to send anything to a server, or a proxy, that has not passed; this cannot happen.

        Raises:
            ssl.SSLError: It has not.
        """
        verified = self.proxy_is_verified if self.proxy_is_forwarding else self.is_verified
        if not verified:
            raise ssl.SSLError("the certificate of the server was not verified")

    def request(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - passed on
        """Send a request, once the server is known to be the right one."""
        self.require_verified()
        try:
            super().request(*args, **options)
        except ssl.SSLEOFError as error:
            # The server hung up. It may have said why: in TLS 1.3 it judges our certificate after the handshake. As
            # with plain TCP, urllib3 takes this error for "read what there is".
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error


def open_verified(
    dialler: Dialler, trust: Trust, endpoint: Endpoint, watch: Watch
) -> tuple[socket.socket, WatchedAdapter]:
    """Connect to a server over TLS, without a proxy, for whoever speaks HTTP on it in another way than requests.

    Returns:
        The socket, of a server that passed every check; and what to judge a failure on it by.

    Raises:
        TransportError: The server is not the right one.
        OSError: Nobody accepted, or TLS failed; likewise errors of urllib3.
    """
    adapter = WatchedAdapter(dialler, trust)
    adapter.watch = watch
    context = trust.contexts(endpoint).server
    connection = _TlsConnection(adapter, endpoint.host, endpoint.port, ssl_context=context, cert_reqs="CERT_REQUIRED")
    connection.timeout = watch.patience()
    try:
        connection.connect()
        connection.require_verified()
    except BaseException:
        connection.close()
        raise
    adapter.watch = None
    if not trust.offers:
        watch_no_more(connection.sock)
    return connection.sock, adapter
