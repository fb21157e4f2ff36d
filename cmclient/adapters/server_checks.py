"""What is checked of a server's certificates after OpenSSL: strength, purpose, revocation.

Apart from ``http_trust``, so that a program which speaks plain HTTP alone does not load cryptography.
"""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509

from ..model.endpoints import Endpoint
from ..model.rule import decides
from .certificate_fields import UNREADABLE, purposes_of, show, weakness_of
from .http_watch import Watch
from .revocation import Revocation, RevocationProblem
from .server_refusals import refuse

__all__ = ["require_good_chain"]

_SERVER_PURPOSE = "1.3.6.1.5.5.7.3.1"


def require_good_chain(watch: Watch, chain: Sequence[bytes], revocation: Revocation | None) -> datetime | None:
    """Check the certificates of a server.

    Args:
        watch: Of the request that waits for this.
        chain: What OpenSSL accepted, DER, the server's own first; not empty.
        revocation: Checks for revocation; None to do without.

    Returns:
        Until when they are known not to be revoked; None when that was not checked.

    Raises:
        ServerCertificateError: They are refused.
        CancelledError: The request was cancelled.
    """
    endpoint = watch.endpoint
    try:
        certificates = tuple(map(x509.load_der_x509_certificate, chain))
        _require_strong(endpoint, certificates)
        _require_server_purpose(endpoint, certificates[0])
    except UNREADABLE as error:
        raise refuse(endpoint, "malformed", None, detail=show(str(error))) from error
    return None if revocation is None else _require_unrevoked(revocation, watch, certificates)


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
