"""HTTP with requests.

One session for each endpoint and thread at a time: endpoints share neither connections nor state, and a session is
used by one thread alone. Nothing is followed, retried, decompressed or remembered, and nothing is believed that a
verified certificate does not stand for.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, cast

from ..deferred import Deferred
from ..errors import (
    CancelledError,
    InvalidValueError,
    NameResolutionError,
    NameServiceError,
    ProxyError,
    TransportTimeoutError,
)
from ..model.certificates import ServerCertificate
from ..model.endpoints import Endpoint
from ..model.http import Deadline, HttpReply, HttpRequest
from ..model.proxies import ProxyAddress
from ..ports import Cancellation
from .dialling import Dialler, Resolve
from .http_asked import UNAUTHORIZED, Answered, FindLogins
from .http_errors import FAILURES, refuse_renegotiation, translate
from .http_exchange import Exchange, Session, SessionLeg, open_reply, read_reply
from .http_rules import require_sendable
from .http_sockets import WatchedAdapter
from .http_stream import StreamedReply
from .http_tls import Offered, wanted_renegotiation
from .http_trust import Trust
from .http_watch import SILENCE_LIMIT, Watch

if TYPE_CHECKING:
    from .crl_cache import CrlCache
    from .http_login import HttpLogin
    from .revocation import Revocation

__all__ = ["RequestsTransport"]

_LOG = logging.getLogger(__name__)
_R = TypeVar("_R", bound=Answered)
_IDLE_LIMIT = 60.0  # seconds after which a kept connection is not used again: firewalls forget it without a word
_IDLE_KEPT = 8  # connections kept for one endpoint
_TRUST_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


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
        proxy: The proxy for every request, in place of those of the environment; None for no such proxy.
        find_logins: Finds the logins for a server that asks who we are, where the request allows it; None to tell
            nobody.

    Attributes:
        is_direct: Whether nothing stands in between, as far as the settings say it: no proxy.
        logs_in: Whether it tells a server who we are that asks for it.
        dialler: Opens its connections.
        trust: Judges the servers that it talks to.
    """

    def __init__(
        self,
        *,
        ca_file: str | None = None,
        client_certificate: Offered | None = None,
        crls: "CrlCache | None" = None,
        trust_env: bool = False,
        resolve: Resolve | None = None,
        source_address: str | None = None,
        proxy: ProxyAddress | None = None,
        find_logins: FindLogins | None = None,
    ) -> None:
        self._proxy = proxy
        self._ca_file = ca_file
        self._trust_env = trust_env
        self.dialler = Dialler(resolve, source_address)
        revocation = None if crls is None else self._revocation(crls)
        self.trust = Trust(self._find_trusted, client_certificate, revocation)
        self._lock = threading.Lock()
        self._login = None if find_logins is None else _login(find_logins)
        self.is_direct = proxy is None and not trust_env
        self.logs_in = find_logins is not None
        self._idle: dict[tuple[Endpoint, bool], list[Session]] = {}
        self._closed = False

    def _revocation(self, crls: "CrlCache") -> "Revocation":
        """Loaded when a server shows a certificate."""

        def make() -> "Revocation":
            from .revocation import Revocation

            return Revocation(self.send, crls)

        return cast("Revocation", Deferred(make))

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

    def seen(self, endpoint: Endpoint) -> ServerCertificate | None:
        """The certificate that a server showed last and that was accepted; None when none was."""
        return self.trust.seen(endpoint)

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
                reply = self._ask(session, request, watch, read_reply)
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
                reply = self._ask(session, request, watch, open_reply)
        except BaseException:
            self._let_go(session, watch, whole=False)
            raise
        return StreamedReply(
            reply,
            told=lambda: self._failures_told(session, request, watch),
            let_go=lambda whole: self._let_go(session, watch, whole=whole),
        )

    def _ask(
        self,
        session: Session,
        request: HttpRequest,
        watch: Watch,
        exchange: Exchange[_R],
    ) -> _R:
        """Send a request, and once more with proof of who we are where the server asks for it and may be told."""
        reply = exchange(session, request, watch)
        if reply.status != UNAUTHORIZED or not request.may_log_in or self._login is None:
            return reply
        session.is_known = True
        leg = SessionLeg(session, request, watch, exchange)
        return self._login.answer(request.endpoint, reply, leg, watch.deadline, watch.wake)

    def _let_go(self, session: Session, watch: Watch, *, whole: bool) -> None:
        watch.__exit__(None, None, None)
        session.watched.watch = None
        self._give_back(watch.endpoint, session, whole=whole and watch.verdict is None)

    def _require_session(self, request: HttpRequest, deadline: Deadline, cancellation: Cancellation | None) -> Session:
        endpoint = request.endpoint
        require_sendable(request)
        if self._closed or (cancellation is not None and cancellation.cancelled):
            raise CancelledError(f"{endpoint}: cancelled before it was asked", endpoint=str(endpoint))
        if deadline.expired:
            raise TransportTimeoutError(f"{endpoint}: no time was left to ask", endpoint=str(endpoint))
        return self._take(endpoint, may_be_known=request.may_log_in)

    @contextmanager
    def _failures_told(self, session: Session, request: HttpRequest, watch: Watch) -> Iterator[None]:
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
        except ProxyError as error:  # it may have ended because the watch did
            raise (watch.verdict or error) from None
        except (NameServiceError, InvalidValueError) as error:  # from ``resolve``; a proxy's name may be no host name
            unresolved = NameResolutionError(f"{where}: {error}", endpoint=where, hint=error.hint)
            raise watch.verdict or unresolved from error
        if watch.verdict is not None:  # a body without a length ends with the connection, however that ended
            raise watch.verdict

    def _take(self, endpoint: Endpoint, *, may_be_known: bool) -> Session:
        """A session that was kept, or a new one; whoever may not be told who we are gets none that was told."""
        oldest = time.monotonic() - _IDLE_LIMIT
        with self._lock:
            key = (endpoint, may_be_known and bool(self._idle.get((endpoint, True))))
            kept = self._idle.pop(key, [])
            fresh = [session for session in kept if session.used >= oldest]
            session = fresh.pop() if fresh else None
            self._idle[key] = fresh
        for stale in kept:
            if stale.used < oldest:
                stale.close()
        return session or self._open()

    def _open(self) -> Session:
        return Session(WatchedAdapter(self.dialler, self.trust), trust_env=self._trust_env, proxy=self._proxy)

    def _find_trusted(self) -> str | None:
        if self._ca_file is not None or not self._trust_env:
            return self._ca_file
        return next((path for name in _TRUST_VARIABLES if (path := os.environ.get(name))), None)

    def _give_back(self, endpoint: Endpoint, session: Session, *, whole: bool) -> None:
        session.used = time.monotonic()
        with self._lock:
            kept = self._idle.setdefault((endpoint, session.is_known), []) if whole and not self._closed else None
            if kept is not None and len(kept) < _IDLE_KEPT:
                kept.append(session)
                return
        session.close()


def _login(find_logins: FindLogins) -> "HttpLogin":
    """Loaded when a server asks who we are."""

    def make() -> "HttpLogin":
        from .http_login import HttpLogin

        return HttpLogin(find_logins)

    return cast("HttpLogin", Deferred(make))
