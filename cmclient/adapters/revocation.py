"""Whether a certificate was revoked, by the list of its issuer (CRL); whatever is not known for sure is a refusal.

Lists come from the addresses in the certificate itself, over plain HTTP: what vouches for a list is its signature, and
HTTPS would need another list first. Delta lists, indirect lists, LDAP addresses and OCSP are left out: a certificate
that offers nothing else cannot be checked, which is a refusal, too.
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.hashes import MD5, SHA1
from cryptography.x509.oid import ExtensionOID

from ..errors import CancelledError, InvalidValueError, ReplyTooLargeError, TransportError
from ..model.endpoints import HTTP_PORT, Endpoint, Scheme
from ..model.http import Deadline, HttpReply, HttpRequest
from ..model.names import HostName
from ..model.rule import decides
from ..ports import Cancellation
from .certificate_fields import UNREADABLE, show, stamp
from .crl_cache import CRL_CAP, CrlCache

__all__ = ["Fetch", "Revocation", "RevocationProblem"]

_LOG = logging.getLogger(__name__)
_MOST_PLACES = 4  # addresses tried for one certificate
_FETCH_LIMIT = 10.0  # seconds for one list
_LEFT_ALONE = 30.0  # seconds for which an address that failed is not asked again: several servers share an authority
_MOST_FAILED = 64  # addresses remembered for that
_OK = 200
_UNDERSTOOD = {
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.CRL_NUMBER,
    ExtensionOID.ISSUING_DISTRIBUTION_POINT,
    ExtensionOID.FRESHEST_CRL,
}
_SIGNERS = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey

Fetch = Callable[[HttpRequest, Deadline, Cancellation | None], HttpReply]
"""Sends one request over plain HTTP; raises what ``ports.Transport.send`` does."""


class RevocationProblem(NamedTuple):
    """Why a chain is refused.

    Attributes:
        reason: ``revoked``, or a word for why nothing is known: ``crl-...``.
        detail: What more there is to say.
        place: Which certificate of the chain; 0 is the server's own.
    """

    reason: str
    detail: str
    place: int = 0


class _Refused(Exception):  # noqa: N818 - no error yet: another address may know more
    """The certificate is listed, or this address does not tell for sure that it is not."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Revocation:
    """Checks chains against the revocation lists of their issuers. Safe to use from several threads.

    Args:
        fetch: Fetches a list.
        cache: Lists that were fetched before.
        now: The wall clock, aware; lists are judged by it.
    """

    def __init__(self, fetch: Fetch, cache: CrlCache, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._fetch = fetch
        self._cache = cache
        self._now = now
        self._lock = threading.Lock()
        self._failed: dict[str, tuple[float, tuple[str, str]]] = {}

    @decides("TR-035")
    def check(
        self, chain: Sequence[x509.Certificate], deadline: Deadline, cancellation: Cancellation | None = None
    ) -> RevocationProblem | datetime:
        """Check every certificate of a verified chain but the last, which is trusted for itself.

        Returns:
            Until when that holds, aware; or why the chain is refused: one certificate is revoked, or about one nothing
            is known for sure.

        Raises:
            CancelledError: The cancellation came first.
        """
        until = self._now().max.replace(tzinfo=UTC)
        for place, (certificate, issuer) in enumerate(itertools.pairwise(chain)):
            try:
                until = min(until, self._check_one(certificate, issuer, deadline, cancellation))
            except _Refused as problem:
                return RevocationProblem(problem.reason, problem.detail, place)
            except UNREADABLE as error:
                return RevocationProblem("malformed", show(str(error)), place)
        return until

    def _check_one(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        deadline: Deadline,
        cancellation: Cancellation | None,
    ) -> datetime:
        places = tuple(_places_of(certificate))
        if not places:
            raise _Refused("crl-unnamed", "")
        problem = None
        for url in places[:_MOST_PLACES]:
            try:
                found = self._obtain(url, certificate, issuer, deadline, cancellation)
            except _Refused as unknown:
                problem = problem or unknown
                continue
            _require_not_listed(found, certificate)
            return _end_of(found)
        raise problem or _Refused("crl-unreachable", "")

    def _obtain(
        self,
        url: str,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        deadline: Deadline,
        cancellation: Cancellation | None,
    ) -> x509.CertificateRevocationList:
        """The list at an address: a kept one while it is good, else a new one, which then is kept."""
        kept = self._cache.find(url)
        if kept is not None:
            try:
                return _read(kept, url, certificate, issuer, self._now())
            except _Refused as problem:
                _LOG.debug("%s: a kept list is of no use: %s", url, problem.detail, extra={"event": "crl.useless"})
        encoded = self._download(url, deadline, cancellation)
        found = _read(encoded, url, certificate, issuer, self._now())
        self._cache.keep(url, encoded)
        return found

    def _download(self, url: str, deadline: Deadline, cancellation: Cancellation | None) -> bytes:
        with self._lock:
            ends, failure = self._failed.get(url, (0.0, ("", "")))
        if time.monotonic() < ends:
            raise _Refused(*failure)
        _LOG.debug("fetching the revocation list %s", url, extra={"event": "crl.fetch"})
        # Half of the time: the connection that waits for this is to get its share, and the failure its own words.
        share = deadline.half().within(_FETCH_LIMIT)
        try:
            reply = self._fetch(_request_for(url), share, cancellation)
        except CancelledError:
            raise
        except ReplyTooLargeError as error:
            raise self._remembered(url, "crl-too-large", error.message) from error
        except (TransportError, InvalidValueError) as error:
            raise self._remembered(url, "crl-unreachable", error.message) from error
        if reply.status != _OK:
            raise self._remembered(url, "crl-unreachable", f"status {reply.status}")
        return reply.body

    def _remembered(self, url: str, reason: str, detail: str) -> _Refused:
        failure = (reason, f"{url}: {detail}")
        with self._lock:
            if len(self._failed) >= _MOST_FAILED:
                self._failed.clear()
            self._failed[url] = (time.monotonic() + _LEFT_ALONE, failure)
        return _Refused(*failure)


def _places_of(certificate: x509.Certificate) -> Iterator[str]:
    """Addresses of complete lists of the issuer itself, over plain HTTP, in the order of the certificate."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return
    for point in points:
        if point.reasons is not None or point.crl_issuer is not None:
            continue  # a part of a list, or the list of somebody else
        for name in point.full_name or ():
            if isinstance(name, x509.UniformResourceIdentifier) and name.value.lower().startswith("http://"):
                yield show(name.value, 1000)


def _request_for(url: str) -> HttpRequest:
    try:
        parts = urlsplit(url)
        host, port = HostName(parts.hostname or ""), parts.port or HTTP_PORT
    except (ValueError, InvalidValueError) as error:
        raise _Refused("crl-unreachable", f"{url} is no address: {error}") from error
    query = f"?{parts.query}" if parts.query else ""
    path = quote(f"{parts.path or '/'}{query}", safe="/?%!$&'()*+,;=:@~-._")
    return HttpRequest(Endpoint(Scheme.HTTP, host, port), path, read_cap=CRL_CAP)


def _read(
    encoded: bytes, url: str, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
) -> x509.CertificateRevocationList:
    """Read a list and make sure that it speaks about a certificate, today."""
    is_pem = encoded.lstrip().startswith(b"-----BEGIN")
    try:
        found = (x509.load_pem_x509_crl if is_pem else x509.load_der_x509_crl)(encoded)
        _require_signed(found, url, issuer)
        _require_complete(found, url, certificate)
        begin, end = found.last_update_utc, found.next_update_utc
    except UNREADABLE as error:
        raise _Refused("crl-malformed", f"{url}: {show(str(error)) or 'it cannot be read'}") from error
    if now < begin:
        raise _Refused("crl-stale", f"{url}: it is not valid before {stamp(begin)}")
    if end is None:
        raise _Refused("crl-stale", f"{url}: it does not say until when it holds")
    if now >= end:
        raise _Refused("crl-stale", f"{url}: it was to be replaced by {stamp(end)}")
    return found


def _require_signed(found: x509.CertificateRevocationList, url: str, issuer: x509.Certificate) -> None:
    if found.issuer != issuer.subject:
        raise _Refused("crl-foreign", f"{url}: it is of {show(found.issuer.rfc4514_string())}")
    algorithm = found.signature_hash_algorithm
    if isinstance(algorithm, MD5 | SHA1):
        raise _Refused("crl-foreign", f"{url}: its signature uses {algorithm.name.upper()}, which proves nothing")
    key = issuer.public_key()
    if not isinstance(key, _SIGNERS) or not found.is_signature_valid(key):
        raise _Refused("crl-foreign", f"{url}: its signature is not that of the issuer")
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not usage.crl_sign:
        raise _Refused("crl-foreign", f"{url}: the issuer is not meant to sign revocation lists")


def _require_complete(found: x509.CertificateRevocationList, url: str, certificate: x509.Certificate) -> None:
    """Refuse lists that leave something out; nobody knows whether that would have been this certificate."""
    for extension in found.extensions:
        if extension.oid == ExtensionOID.DELTA_CRL_INDICATOR:
            raise _Refused("crl-unsupported", f"{url}: it is a delta list")
        if extension.critical and extension.oid not in _UNDERSTOOD:
            raise _Refused("crl-unsupported", f"{url}: it has an unknown part {extension.oid.dotted_string}")
    try:
        scope = found.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return
    if scope.indirect_crl or scope.only_some_reasons or scope.only_contains_attribute_certs or scope.relative_name:
        raise _Refused("crl-unsupported", f"{url}: it is indirect, or for some reasons only")
    is_authority = _is_authority(certificate)
    if (scope.only_contains_user_certs and is_authority) or (scope.only_contains_ca_certs and not is_authority):
        raise _Refused("crl-unsupported", f"{url}: it is for certificates of another kind")
    if scope.full_name and not {one.value for one in scope.full_name} & _named_by(certificate):
        raise _Refused("crl-unsupported", f"{url}: it is for other certificates of this issuer")


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _named_by(certificate: x509.Certificate) -> set[object]:
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    return {name.value for point in points for name in point.full_name or ()}


def _require_not_listed(found: x509.CertificateRevocationList, certificate: x509.Certificate) -> None:
    entry = found.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is not None:
        raise _Refused("revoked", f"on {stamp(entry.revocation_date_utc)}")


def _end_of(found: x509.CertificateRevocationList) -> datetime:
    end = found.next_update_utc
    return end if end is not None else found.last_update_utc
