"""The lab's own certification authority: certificates as files in a folder that goes away with the lab."""

import ssl
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..model.rule import decides
from .faults import Fault, FaultKind

__all__ = ["Authority", "KeyPair", "ServerContexts"]

_YEAR = timedelta(days=365)
_DAY = timedelta(days=1)
_WRONG_NAME = "somebody-else.invalid"


class KeyPair(NamedTuple):
    """A certificate and its private key, as PEM files; the key's is readable by its owner only."""

    certificate: Path
    key: Path


class ServerContexts(NamedTuple):
    """How a server can show itself in TLS."""

    good: ssl.SSLContext
    expired: ssl.SSLContext
    wrong: ssl.SSLContext
    revoked: ssl.SSLContext

    def shown(self, fault: Fault | None) -> ssl.SSLContext:
        """The one that a fault asks for; the good one when it asks for none."""
        by_fault = {
            FaultKind.WRONG_CERTIFICATE: self.wrong,
            FaultKind.EXPIRED_CERTIFICATE: self.expired,
            FaultKind.REVOKED_CERTIFICATE: self.revoked,
        }
        return self.good if fault is None else by_fault.get(fault.kind, self.good)


class Authority:
    """A certification authority made for one run of the lab, with ECDSA on P-256, which is quick to make.

    Args:
        list_url: Where its revocation list is had; every certificate that it issues names that.

    Attributes:
        certificate: The PEM file of the authority itself, for clients to trust.
    """

    def __init__(self, list_url: str) -> None:
        self._list_url = list_url
        self._revoked: list[int] = [x509.random_serial_number()]  # the first one is for clients
        self._folder = tempfile.TemporaryDirectory(prefix="cmclient-lab-")  # readable by its owner only
        self._now = datetime.now(UTC)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("cmclient lab authority")
        self._identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        self.certificate = self._write("authority.pem", _pem(self._own_certificate()))
        # TLS takes a list from a file; the serial number of the revoked client is in it before there is one.
        self._list_of_clients = self._write("authority.crl", self._list().public_bytes(serialization.Encoding.PEM))
        self._wrong: KeyPair | None = None

    @property
    def folder(self) -> Path:
        """Where its files are; readable by its owner only, and gone after ``close``."""
        return Path(self._folder.name)

    def close(self) -> None:
        """Remove every file. The second call does nothing."""
        self._folder.cleanup()

    def build_list(self) -> bytes:
        """The revocation list as it is now, DER; good for a day."""
        return self._list().public_bytes(serialization.Encoding.DER)

    def issue_client(self, host: str, *, expired: bool = False, revoked: bool = False) -> KeyPair:
        """Issue a certificate for client authentication, valid for a year or, expired, until yesterday."""
        stem = "client-expired" if expired else "client-revoked" if revoked else "client"
        serial = self._revoked[0] if revoked else x509.random_serial_number()
        return self._issue(stem, host, ExtendedKeyUsageOID.CLIENT_AUTH, expired=expired, serial=serial)

    def contexts_for(self, host: str, *, others: Sequence[str] = ()) -> ServerContexts:
        """Make what a server shows: a certificate for its names, an expired, a revoked, and one for another name.

        All ask for a client certificate, accept none, and refuse one that is not of this authority or was revoked.
        """
        if self._wrong is None:
            self._wrong = self._issue("wrong-name", _WRONG_NAME, ExtendedKeyUsageOID.SERVER_AUTH)
        return ServerContexts(
            good=self._context(self._issue(host, host, ExtendedKeyUsageOID.SERVER_AUTH, others=others)),
            expired=self._context(
                self._issue(f"{host}-expired", host, ExtendedKeyUsageOID.SERVER_AUTH, expired=True, others=others)
            ),
            wrong=self._context(self._wrong),
            revoked=self._context(self._issue_revoked(host, others)),
        )

    def _issue_revoked(self, host: str, others: Sequence[str]) -> KeyPair:
        serial = x509.random_serial_number()
        self._revoked.append(serial)
        return self._issue(f"{host}-revoked", host, ExtendedKeyUsageOID.SERVER_AUTH, serial=serial, others=others)

    @decides("TR-024", "TR-036")
    def _context(self, pair: KeyPair) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(pair.certificate, pair.key)
        context.load_verify_locations(self.certificate)
        context.load_verify_locations(self._list_of_clients)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def _list(self) -> x509.CertificateRevocationList:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(self._now - _DAY)
            .next_update(self._now + _DAY)
        )
        for serial in self._revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(self._now - _DAY).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self._key, hashes.SHA256())

    def _own_certificate(self) -> x509.Certificate:
        builder = self._builder(self._name, self._key.public_key(), self._now - _DAY, self._now + _YEAR)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_key_usage(signs_certificates=True), critical=True)
        builder = builder.add_extension(self._identifier, critical=False)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.sign(self._key, hashes.SHA256())

    def _issue(
        self,
        stem: str,
        host: str,
        usage: x509.ObjectIdentifier,
        *,
        expired: bool = False,
        serial: int | None = None,
        others: Sequence[str] = (),
    ) -> KeyPair:
        key = ec.generate_private_key(ec.SECP256R1())
        begin, end = (self._now - _YEAR, self._now - _DAY) if expired else (self._now - _DAY, self._now + _YEAR)
        alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in (host, *others)])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self._identifier)
        builder = self._builder(_name(host), key.public_key(), begin, end)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        builder = builder.add_extension(alternative, critical=False)
        builder = builder.add_extension(issuer, critical=False)
        builder = builder.add_extension(x509.CRLDistributionPoints([self._list_place()]), critical=False)
        builder = builder.serial_number(x509.random_serial_number() if serial is None else serial)
        certificate = builder.sign(self._key, hashes.SHA256())
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return KeyPair(self._write(f"{stem}.pem", _pem(certificate)), self._write(f"{stem}.key", secret))

    def _list_place(self) -> x509.DistributionPoint:
        name = x509.UniformResourceIdentifier(self._list_url)
        return x509.DistributionPoint(full_name=[name], relative_name=None, reasons=None, crl_issuer=None)

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, begin: datetime, end: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .not_valid_before(begin)
            .not_valid_after(end)
        )

    def _write(self, name: str, content: bytes) -> Path:
        path = Path(self._folder.name, name)
        path.touch(mode=0o600)
        path.write_bytes(content)
        return path


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
