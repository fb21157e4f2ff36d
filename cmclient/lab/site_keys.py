"""The keys that a lab's management points hand out; made when somebody asks for the first time: that takes a while.

Which bytes a real site signs is not documented. A lab signs the certificate and the hexadecimal text of the root key,
so that a client has something to verify; that is no evidence of what a real site does.
"""

from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from ..model.names import HostName, SiteCode
from ..model.rootkey import TrustedRootKey
from ..model.trust import MpKeyInformation, SignedRootKey
from ..protocol.rootkeyblob import build_root_key
from ..protocol.trustanswers import build_mp_key_information

__all__ = ["SiteKeys"]

_YEAR = timedelta(days=365)
_BARE = [
    pkcs7.PKCS7Options.DetachedSignature,
    pkcs7.PKCS7Options.NoAttributes,
    pkcs7.PKCS7Options.NoCerts,
    pkcs7.PKCS7Options.Binary,
]


class _Keys(NamedTuple):
    """Private keys: of the site, of its management points, and of somebody else's site."""

    site: rsa.RSAPrivateKey
    mp: rsa.RSAPrivateKey
    other: rsa.RSAPrivateKey


class SiteKeys:
    """Keys of one lab. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: _Keys | None = None

    @property
    def root_key(self) -> TrustedRootKey:
        """The trusted root key of the lab's hierarchy."""
        return _public(self._keys().site)

    def information(self, host: HostName, site: SiteCode, *, lies: bool) -> bytes:
        """The answer of a management point to MPKEYINFORMATION.

        Args:
            host: The management point.
            site: Its site.
            lies: Whether it shows the root key of another hierarchy.
        """
        keys = self._keys()
        root = keys.other if lies else keys.site
        certificate = _certificate(host, keys.mp)
        der = certificate.public_bytes(Encoding.DER)
        text = _public(root).text.encode("ascii")
        signed = pkcs7.PKCS7SignatureBuilder().set_data(text).add_signer(certificate, keys.mp, hashes.SHA256())
        endorsed = root.sign(der, padding.PKCS1v15(), hashes.SHA256())[::-1]  # reversed, as CryptoAPI writes it
        told = MpKeyInformation(
            root_key=SignedRootKey(_public(root), signed.sign(Encoding.DER, _BARE)),
            certificate=der,
            certificate_signature=endorsed,
            site_code=site,
            machine_name=host.partition(".")[0].upper(),
            fqdn=host,
        )
        return build_mp_key_information(told)

    def _keys(self) -> _Keys:
        with self._lock:
            if self._made is None:
                self._made = _Keys(*(rsa.generate_private_key(65537, 2048) for _ in _Keys._fields))
            return self._made


def _public(key: rsa.RSAPrivateKey) -> TrustedRootKey:
    numbers = key.public_key().public_numbers()
    return build_root_key(numbers.n, numbers.e)


def _certificate(host: HostName, key: rsa.RSAPrivateKey) -> x509.Certificate:
    """The certificate that a management point signs with, made by itself."""
    common = x509.NameAttribute(NameOID.COMMON_NAME, host.partition(".")[0].upper()[:64])
    name = x509.Name([common, x509.NameAttribute(NameOID.COMMON_NAME, "SMS")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    return builder.not_valid_before(now - _YEAR).not_valid_after(now + _YEAR).sign(key, hashes.SHA256())
