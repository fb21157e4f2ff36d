"""Whom ``http`` believes over TLS: everything is checked before anything is sent or shown.

OpenSSL checks chain, name and validity in the handshake; what it leaves out (purpose, strength, revocation) is checked
right after it. Our own certificate is offered only in a second handshake, and there only to a server that shows the
very certificate that passed in a first one without ours.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from ssl import SSLContext
from typing import NamedTuple

from cryptography import x509

from ..errors import ServerCertificateError
from ..model.certificates import ServerCertificate
from ..model.endpoints import Endpoint
from ..model.rule import decides
from .certificate_fields import UNREADABLE, purposes_of, show, weakness_of
from .http_tls import Offered, TlsContexts, build_offering_context, build_tls_contexts
from .http_watch import Watch
from .revocation import Revocation, RevocationProblem
from .server_refusals import describe, refuse

__all__ = ["Trust"]

_SERVER_PURPOSE = "1.3.6.1.5.5.7.3.1"
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
        endpoint = watch.endpoint
        if not chain:
            raise refuse(endpoint, "not-accepted", None, detail="what was verified cannot be seen")
        now = datetime.now(UTC)
        with self._lock:
            if now < self._passed.get(endpoint, {}).get(chain[0], now):
                return
        try:
            certificates = tuple(map(x509.load_der_x509_certificate, chain))
            _require_strong(endpoint, certificates)
            _require_server_purpose(endpoint, certificates[0])
        except UNREADABLE as error:
            raise refuse(endpoint, "malformed", None, detail=show(str(error))) from error
        until = now + _LOOKED_AT_AGAIN
        if self._revocation is not None:
            until = min(until, _require_unrevoked(self._revocation, watch, certificates))
        with self._lock:
            passed = self._passed.setdefault(endpoint, {})
            passed[chain[0]] = until
            while len(passed) > _MOST_OF_ONE:
                del passed[next(iter(passed))]

    def seen(self, endpoint: Endpoint) -> ServerCertificate | None:
        """What a server showed last that passed; None when none has."""
        with self._lock:
            passed = list(self._passed.get(endpoint, ()))
        return describe(x509.load_der_x509_certificate(passed[-1]), endpoint) if passed else None

    def refuse_unsteady(self, endpoint: Endpoint) -> ServerCertificateError:
        """The error for a server that shows another certificate whenever it is about to be shown ours."""
        return refuse(endpoint, "unsteady", None)


def _require_strong(endpoint: Endpoint, chain: Sequence[x509.Certificate]) -> None:
    for place, certificate in enumerate(chain):
        weakness = weakness_of(certificate, is_anchor=place == len(chain) - 1)
        if weakness is not None:
            raise refuse(endpoint, weakness[0], certificate, detail=weakness[1], is_issuer=place > 0)


@decides("TR-030")
def _require_server_purpose(endpoint: Endpoint, certificate: x509.Certificate) -> None:
    purposes = purposes_of(certificate)
    if purposes is None or _SERVER_PURPOSE not in purposes:
        detail = f"server authentication ({_SERVER_PURPOSE}) is not among its extended key usages"
        raise refuse(endpoint, "wrong-purpose", certificate, detail=detail)


def _require_unrevoked(revocation: Revocation, watch: Watch, chain: Sequence[x509.Certificate]) -> datetime:
    found = revocation.check(chain, watch.deadline, watch.cancellation)
    if isinstance(found, RevocationProblem):
        raise refuse(watch.endpoint, found.reason, chain[found.place], detail=found.detail, is_issuer=found.place > 0)
    return found
