"""The root under which a site with enhanced HTTP issues certificates for its own servers."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..model.rule import decides

__all__ = ["IssuingRoot"]

_DAY = timedelta(days=1)
_TWO_YEARS = timedelta(days=730)
_ISSUER = "SMS Issuing"


class IssuingRoot:
    """The site's issuing root, made for one run of the lab.

    Args:
        folder: Takes its files, readable by their owner only.

    Attributes:
        certificate: The PEM file of the root, for clients that are to trust it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _ISSUER)])
        ca = x509.BasicConstraints(ca=True, path_length=0)
        certificate = self._certificate(_ISSUER, self._key, (ca, True))
        self.certificate = self._write("issuing.pem", certificate.public_bytes(serialization.Encoding.PEM))

    @decides("TR-070")
    def context_for(self, host: str, *, clients: Path) -> ssl.SSLContext:
        """What a server shows that has no PKI certificate.

        Args:
            host: The server.
            clients: PEM file of the authority whose client certificates it takes.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        certificate = self._certificate(host, key, (purpose, False), (names, False))
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        pair = self._write(f"{host}-role.pem", certificate.public_bytes(serialization.Encoding.PEM) + secret)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(pair)
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def _certificate(
        self, subject: str, key: ec.EllipticCurvePrivateKey, *extensions: tuple[x509.ExtensionType, bool]
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject[:64])])
        builder = x509.CertificateBuilder(self._name, name, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - _DAY).not_valid_after(now + _TWO_YEARS)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self._key, hashes.SHA256())

    def _write(self, name: str, content: bytes) -> Path:
        path = self._folder / name
        path.touch(mode=0o600)
        path.write_bytes(content)
        return path
