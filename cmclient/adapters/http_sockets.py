"""The connections of ``http``: dialled within their time, watched while they live, verified before they are used."""

import errno
import http.client
import ipaddress
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidProxyURL
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.response import BaseHTTPResponse
from urllib3.util import wait_for_write

from ..model.endpoints import Endpoint, Scheme
from ..model.http import Deadline
from ..model.names import HostName
from .http_tls import verified_chain
from .http_trust import Trust
from .http_watch import Phase, Watch
from .tunnels import open_tunnel

__all__ = ["Dialler", "Resolve", "WatchedAdapter", "WatchedConnection", "build_connection"]

Resolve = Callable[[HostName, Deadline], Sequence[str]]

_SLICE = 0.05  # seconds: how soon a cancellation is seen while connecting, where a shutdown does not end the wait
_MOST_ADDRESSES = 8  # of one name; more would leave each too little time
_MOST_LOOKS = 3  # at a server that shows a new certificate each time; one name may stand for several servers
_UNDER_WAY = {0, errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK)}


class Dialler(NamedTuple):
    """Opens TCP connections.

    Attributes:
        resolve: Finds the addresses of a name; None for the operating system's resolver.
        source_address: The own address to connect from; None for any.
    """

    resolve: Resolve | None = None
    source_address: str | None = None

    def dial(self, host: str, port: int, watch: Watch) -> socket.socket:
        """Connect to the first address of a host that accepts, each in its share of the time.

        Raises:
            OSError: Nobody accepted; the last reason. TimeoutError when time is up or the watch broke off.
            socket.gaierror: The name has no address.
            NameServiceError: From ``resolve``.
            InvalidValueError: A proxy's host is no host name.
        """
        addresses = self._find_addresses(host, port, watch)[:_MOST_ADDRESSES]
        failure: OSError = socket.gaierror(socket.EAI_NONAME, "no record was found")
        for tried, address in enumerate(addresses):
            remaining = watch.connect_by.remaining()
            share = watch.patience() if remaining is None else remaining / (len(addresses) - tried)
            try:
                return self._connect(address, port, watch, share)
            except OSError as error:
                failure = error
            if watch.verdict is not None:
                break
        if len(addresses) > 1:
            failure.add_note(f"tried {', '.join(addresses)}")
        raise failure

    def _find_addresses(self, host: str, port: int, watch: Watch) -> Sequence[str]:
        if _is_address(host):
            return (host,)
        find = partial(_ask_system, host, port) if self.resolve is None else partial(self._resolve, host, watch)
        return _wait_for(find, watch)

    def _resolve(self, host: str, watch: Watch) -> Sequence[str]:
        return self.resolve(HostName(host), watch.connect_by) if self.resolve is not None else ()

    def _connect(self, address: str, port: int, watch: Watch, seconds: float) -> socket.socket:
        if not _is_address(address):
            raise socket.gaierror(socket.EAI_NONAME, f"{address} is no address")
        numeric = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        family, kind, protocol, _, target = numeric[0]
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.source_address is not None:
                sock.bind((self.source_address, 0))
            sock.settimeout(0)  # waited for below, in slices
            watch.hold(sock)
            _require_no_error(sock.connect_ex(target), _UNDER_WAY)
            _await_connection(sock, watch, time.monotonic() + seconds)
            _require_no_error(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), {0})
            _require_wanted(watch)  # it may have been broken off before there was anything to shut down
            sock.settimeout(watch.patience())
        except BaseException:
            sock.close()
            raise
        return sock


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _ask_system(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(target[0]) for _, _, _, _, target in found))


def _wait_for(find: Callable[[], Sequence[str]], watch: Watch) -> Sequence[str]:
    """Look up in a thread of its own: the system's resolver knows no deadline, so it is left behind when time is up."""
    answer: Future[Sequence[str]] = Future()
    done = threading.Event()

    def look_up() -> None:
        try:
            answer.set_result(find())
        except BaseException as error:  # noqa: BLE001 - not swallowed: raised below, where somebody waits
            answer.set_exception(error)
        done.set()

    watch.wake(done)
    threading.Thread(target=look_up, name="cmclient-lookup", daemon=True).start()
    done.wait(watch.connect_by.remaining())
    if not answer.done():
        raise TimeoutError(errno.ETIMEDOUT, "the name was not resolved in time")
    return answer.result()


def _await_connection(sock: socket.socket, watch: Watch, end: float) -> None:
    while not wait_for_write(sock, max(0.0, min(_SLICE, end - time.monotonic()))):
        _require_wanted(watch)
        if time.monotonic() >= end:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))


def _require_wanted(watch: Watch) -> None:
    if watch.verdict is not None:
        raise TimeoutError(errno.ETIMEDOUT, "broken off")


def _require_no_error(code: int, fine: set[int]) -> None:
    if code not in fine:
        raise OSError(code, os.strerror(code))  # becomes ConnectionRefusedError and so on


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


class _LineReader:
    """Remembers the last line that was read."""

    def __init__(self, file: Any) -> None:  # noqa: ANN401 - a buffered reader
        self.last = b""
        self._file = file

    def readline(self, limit: int) -> bytes:
        """Read a line."""
        line: bytes = self._file.readline(limit)
        self.last = line
        return line

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class _WholeHead(http.client.HTTPResponse):
    """A reply whose head ends with an empty line; http.client takes one that is cut off for a whole one."""

    def begin(self) -> None:
        """Read the head."""
        file, lines = self.fp, _LineReader(self.fp)
        self.fp = lines  # type: ignore[assignment] # as much of a file as reading a head takes
        try:
            super().begin()
        except (AttributeError, LookupError, TypeError) as error:  # the header parser trips over some parameters
            raise http.client.HTTPException("headers that cannot be parsed") from error
        finally:
            if self.fp is not None:  # else it was closed, being no HTTP
                self.fp = file
        if lines.last not in {b"\r\n", b"\n"}:
            raise http.client.IncompleteRead(lines.last)


class _PlainConnection(HTTPConnection):
    """A connection that keeps the time of the request under way."""

    response_class = _WholeHead

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

    def request(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - passed on
        """Send a request, once the server is known to be the right one."""
        verified = self.proxy_is_verified if self.proxy_is_forwarding else self.is_verified
        if not verified:
            raise ssl.SSLError("the certificate of the server was not verified")  # cannot happen; nothing is sent then
        try:
            super().request(*args, **options)
        except ssl.SSLEOFError as error:
            # The server hung up. It may have said why: in TLS 1.3 it judges our certificate after the handshake. As
            # with plain TCP, urllib3 takes this error for "read what there is".
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error


WatchedConnection = _PlainConnection


def build_connection(adapter: WatchedAdapter, endpoint: Endpoint) -> WatchedConnection:
    """A connection to a server, without a proxy; not open yet, and for one request at a time."""
    if endpoint.scheme is Scheme.HTTP:
        return _PlainConnection(adapter, endpoint.host, endpoint.port)
    context = adapter.trust.contexts(endpoint).server
    return _TlsConnection(adapter, endpoint.host, endpoint.port, ssl_context=context, cert_reqs="CERT_REQUIRED")
