"""Whom ``http`` believes over TLS: everything is checked before anything is sent or shown.

OpenSSL checks chain, name and validity in the handshake; what it leaves out (purpose, strength, revocation) is checked
right after it. Our own certificate is offered only in a second handshake, and there only to a server that shows the
very certificate that passed in a first one without ours.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from .http_tls import build_offering_context, build_tls_contexts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from ssl import SSLContext

    from ..errors import ServerCertificateError
    from ..model.certificates import ServerCertificate
    from ..model.endpoints import Endpoint
    from .http_tls import Offered, TlsContexts
    from .http_watch import Watch
    from .revocation import Revocation

__all__ = ["Trust"]

_LOOKED_AT_AGAIN = timedelta(hours=1)
_MOST_OF_ONE = 8  # certificates of one endpoint that count at a time: a name may stand for several servers


class _Offering(NamedTuple):
    """A context that offers our certificate, and the certificates of servers that it does so to."""

    passed: frozenset[bytes]
    context: SSLContext


class Trust:
    """Judges servers, and remembers for a while which certificates passed. Safe to use from several threads.

    Args:
        find_trusted: Finds the path of the certificates to trust; None for those of the system.
        offered: Our own certificate; None when there is none.
        revocation: Checks for revocation; None to do without.
    """

    def __init__(
        self, find_trusted: Callable[[], str | None], offered: Offered | None, revocation: Revocation | None
    ) -> None:
        self._find_trusted = find_trusted
        self._offered = offered
        self._revocation = revocation
        self._lock = threading.Lock()
        self._contexts: TlsContexts | None = None
        self._passed: dict[Endpoint, dict[bytes, datetime]] = {}
        self._offering: dict[Endpoint, _Offering] = {}

    @property
    def offers(self) -> bool:
        """Whether we have a certificate to offer."""
        return self._offered is not None

    def contexts(self, endpoint: Endpoint) -> TlsContexts:
        """How to open TLS without our certificate; made once.

        Raises:
            ServerCertificateError: The trusted certificates cannot be read.
            ClientCertificateError: Our certificate cannot be used; found out before anybody is connected to.
        """
        with self._lock:
            if self._contexts is None:
                self._contexts = build_tls_contexts(endpoint, self._find_trusted(), self._offered)
            return self._contexts

    def find_offering(self, endpoint: Endpoint) -> SSLContext | None:
        """How to open TLS with our certificate; None while no certificate of the server has passed.

        Raises:
            ClientCertificateError: Our certificate cannot be used.
        """
        with self._lock:
            now = datetime.now(UTC)
            passed = frozenset(one for one, until in self._passed.get(endpoint, {}).items() if now < until)
            if not passed or self._offered is None:
                return None
            known = self._offering.get(endpoint)
            if known is None or known.passed != passed:
                known = _Offering(passed, build_offering_context(endpoint, passed, self._offered))
                self._offering[endpoint] = known
            return known.context

    def verify(self, watch: Watch, chain: Sequence[bytes]) -> None:
        """Check what OpenSSL does not.

        Args:
            watch: Of the request that waits for this.
            chain: What OpenSSL accepted, DER, the server's own first.

        Raises:
            ServerCertificateError: It is refused.
            CancelledError: The request was cancelled.
        """
        from .server_checks import require_good_chain
        from .server_refusals import refuse

        endpoint = watch.endpoint
        if not chain:
            raise refuse(endpoint, "not-accepted", None, detail="what was verified cannot be seen")
        now = datetime.now(UTC)
        with self._lock:
            if now < self._passed.get(endpoint, {}).get(chain[0], now):
                return
        unrevoked = require_good_chain(watch, chain, self._revocation)
        until = now + _LOOKED_AT_AGAIN if unrevoked is None else min(now + _LOOKED_AT_AGAIN, unrevoked)
        with self._lock:
            passed = self._passed.setdefault(endpoint, {})
            passed[chain[0]] = until
            while len(passed) > _MOST_OF_ONE:
                del passed[next(iter(passed))]

    def seen(self, endpoint: Endpoint) -> ServerCertificate | None:
        """What a server showed last that passed; None when none has."""
        with self._lock:
            passed = list(self._passed.get(endpoint, ()))
        if not passed:
            return None
        from .server_refusals import describe_der

        return describe_der(passed[-1], endpoint)

    def refuse_unsteady(self, endpoint: Endpoint) -> ServerCertificateError:
        """The error for a server that shows another certificate whenever it is about to be shown ours."""
        from .server_refusals import refuse

        return refuse(endpoint, "unsteady", None)
