"""Certificates, chains and revocation lists of every bad kind, made with cryptography."""

import hashlib
import ssl
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
HOST = "mp.contoso.test"
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
SHA256 = hashes.SHA256()
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Held(NamedTuple):
    """A certificate with its key, and the certificates that a server sends along."""

    certificate: x509.Certificate
    key: Key
    chain: tuple[x509.Certificate, ...] = ()

    def pem(self, *, with_key: bool = True) -> bytes:
        parts = [one.public_bytes(Encoding.PEM) for one in (self.certificate, *self.chain)]
        if with_key:
            parts.append(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return b"".join(parts)


def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def name_of(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate_of(
    subject: x509.Name,
    issuer: x509.Name,
    public: Any,
    signer: Key,
    *extensions: x509.ExtensionType,
    begins: float = -10,
    ends: float = 10,
    algorithm: Any = SHA256,
) -> x509.Certificate:
    """Make a certificate that is valid for some days."""
    builder = x509.CertificateBuilder(issuer, subject, public, x509.random_serial_number())
    builder = builder.not_valid_before(NOW + begins * DAY).not_valid_after(NOW + ends * DAY)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(signer, algorithm)


def points(*urls: str) -> x509.CRLDistributionPoints:
    return x509.CRLDistributionPoints(
        [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None) for url in urls]
    )


class ZooAuthority:
    """An authority with a revocation list."""

    def __init__(self, name: str = "Zoo Root CA", *, key: Key | None = None, **options: Any) -> None:
        self.key = key or ec_key()
        self.name = name_of(name)
        self.certificate = certificate_of(
            self.name,
            self.name,
            self.key.public_key(),
            self.key,
            x509.BasicConstraints(ca=True, path_length=None),
            **options,
        )

    def issue(
        self,
        *names: str,
        subject: str = "",
        purposes: Sequence[x509.ObjectIdentifier] | None = (SERVER,),
        lists: Sequence[str] = (),
        key: Key | None = None,
        more: Sequence[x509.ExtensionType] = (),
        **options: Any,
    ) -> Held:
        own = key or ec_key()
        extensions: list[x509.ExtensionType] = [*more]
        if names:
            extensions.append(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]))
        if purposes is not None:
            extensions.append(x509.ExtendedKeyUsage(purposes))
        if lists:
            extensions.append(points(*lists))
        certificate = certificate_of(
            name_of(subject or next(iter(names), HOST)),
            self.name,
            own.public_key(),
            self.key,
            *extensions,
            **options,
        )
        return Held(certificate, own)

    def below(self, name: str, **options: Any) -> "ZooAuthority":
        """Make an authority under this one."""
        lower = ZooAuthority(name)
        lower.certificate = certificate_of(
            lower.name,
            self.name,
            lower.key.public_key(),
            self.key,
            x509.BasicConstraints(ca=True, path_length=None),
            *([points(*options.pop("lists"))] if "lists" in options else []),
            **options,
        )
        return lower

    def revocation_list(
        self,
        *revoked: x509.Certificate,
        begins: float = -1,
        ends: float = 1,
        signer: Key | None = None,
        issuer: x509.Name | None = None,
        algorithm: Any = SHA256,
        more: Sequence[tuple[x509.ExtensionType, bool]] = (),
    ) -> bytes:
        builder = x509.CertificateRevocationListBuilder().issuer_name(issuer or self.name)
        builder = builder.last_update(NOW + begins * DAY).next_update(NOW + ends * DAY)
        for one in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(NOW - DAY)
            builder = builder.add_revoked_certificate(entry.build())
        for extension, critical in more:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(signer or self.key, algorithm).public_bytes(Encoding.DER)


def looping_chain() -> Held:
    """A server's certificate below two authorities that vouch for each other, and for nobody else."""
    left, right = ZooAuthority("Left CA"), ZooAuthority("Right CA")
    is_authority = x509.BasicConstraints(ca=True, path_length=None)
    upper = certificate_of(left.name, right.name, left.key.public_key(), right.key, is_authority)
    lower = certificate_of(right.name, left.name, right.key.public_key(), left.key, is_authority)
    return left.issue(HOST)._replace(chain=(upper, lower))


def self_signed() -> Held:
    key = ec_key()
    name = x509.SubjectAlternativeName([x509.DNSName(HOST)])
    return Held(certificate_of(name_of(HOST), name_of(HOST), key.public_key(), key, name), key)


def server_context(held: Held, *, trusts: x509.Certificate | None = None, demands: bool = False) -> ssl.SSLContext:
    """Make the context of a server that has it; as weak as needed, and asking for a client certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "server.pem")
        path.write_bytes(held.pem())
        context.load_cert_chain(path)
    if trusts is not None:
        context.load_verify_locations(cadata=trusts.public_bytes(Encoding.DER))
        context.verify_mode = ssl.CERT_REQUIRED if demands else ssl.CERT_OPTIONAL
    return context


def signed_with_sha1(authority: ZooAuthority) -> Held:
    """A certificate with a signature that no library makes any more, so it is made by hand (RFC 8017, 9.2)."""
    assert isinstance(authority.key, rsa.RSAPrivateKey)
    held = authority.issue(HOST)
    sha256, sha1 = (bytes.fromhex(f"2a864886f70d0101{last}") for last in ("0b", "05"))
    body = held.certificate.tbs_certificate_bytes.replace(sha256, sha1)
    numbers, size = authority.key.private_numbers(), authority.key.key_size // 8
    digest = bytes.fromhex("3021300906052b0e03021a05000414") + hashlib.sha1(body).digest()  # noqa: S324 - the point
    padded = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
    number = pow(int.from_bytes(padded), numbers.d, numbers.public_numbers.n)
    algorithm = b"\x30\x0d\x06\x09" + sha1 + b"\x05\x00"
    inner = body + algorithm + b"\x03\x82" + (size + 1).to_bytes(2) + b"\x00" + number.to_bytes(size)
    encoded = b"\x30\x82" + len(inner).to_bytes(2) + inner
    return held._replace(certificate=x509.load_der_x509_certificate(encoded))


def records_with_certificate(encoded: bytes) -> bytes:
    """What a server of TLS 1.2 says up to its certificate, which need not be one."""

    def message(kind: int, body: bytes) -> bytes:
        return bytes([kind]) + len(body).to_bytes(3) + body

    secure_renegotiation = b"\xff\x01\x00\x01\x00"
    hello = b"\x03\x03" + bytes(32) + b"\x00" + b"\xc0\x2b" + b"\x00"
    hello += len(secure_renegotiation).to_bytes(2) + secure_renegotiation
    certificates = len(encoded).to_bytes(3) + encoded
    messages = message(2, hello) + message(11, len(certificates).to_bytes(3) + certificates)
    return b"\x16\x03\x03" + len(messages).to_bytes(2) + messages
