"""A client certificate in its files: usable, or not and why."""

import base64
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cmclient.adapters.certs import read_client_certificate
from cmclient.model.certificates import ClientCertificate

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Files(NamedTuple):
    """Where certificate and key are, and what they are made of."""

    certificate: Path
    key: Path
    private: Key

    def read(self, now: datetime = NOW) -> ClientCertificate:
        return read_client_certificate(str(self.certificate), str(self.key), now)


Make = Callable[..., Files]


def private_pem(key: Key, password: bytes = b"", form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    protection = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, protection)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make(*purposes: x509.ObjectIdentifier, key: Key | None = None) -> Files:
        private = key or ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder(
                x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")]),
                x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client.contoso.test")]),
                private.public_key(),
                x509.random_serial_number(),
            )
            .not_valid_before(BEGIN)
            .not_valid_after(END)
        )
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        files = Files(tmp_path / "client.pem", tmp_path / "client.key", private)
        files.certificate.write_bytes(builder.sign(private, hashes.SHA256()).public_bytes(Encoding.PEM))
        files.key.write_bytes(private_pem(private))
        return files

    return make


def test_a_usable_certificate(make: Make) -> None:
    assert make(CLIENT).read() == ClientCertificate(
        subject="CN=client.contoso.test",
        issuer="CN=authority",
        not_before="2026-01-01T00:00:00+00:00",
        not_after="2027-01-01T00:00:00+00:00",
    )


def test_an_rsa_key_in_the_old_form(make: Make) -> None:
    files = make(CLIENT, key=rsa.generate_private_key(65537, 2048))
    files.key.write_bytes(private_pem(files.private, form=PrivateFormat.TraditionalOpenSSL))
    assert files.read().problem == ""


@pytest.mark.parametrize("key_first", [False, True])
def test_certificate_and_key_in_one_file(make: Make, key_first: bool) -> None:  # noqa: FBT001
    files = make(CLIENT)
    parts = [files.certificate.read_bytes(), files.key.read_bytes()]
    files.certificate.write_bytes(b"".join(reversed(parts) if key_first else parts))
    assert read_client_certificate(str(files.certificate), str(files.certificate), NOW).problem == ""


def test_the_first_certificate_of_a_chain_is_the_clients(make: Make) -> None:
    chain = make(SERVER).certificate.read_bytes()
    files = make(CLIENT)
    files.certificate.write_bytes(files.certificate.read_bytes() + chain)
    assert files.read().problem == ""
    files.certificate.write_bytes(chain + files.certificate.read_bytes())
    assert "does not belong" in files.read().problem


@pytest.mark.parametrize("purposes", [(), (CLIENT,), (SERVER, CLIENT), (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)])
def test_meant_for_client_authentication(make: Make, purposes: tuple[x509.ObjectIdentifier, ...]) -> None:
    assert make(*purposes).read().problem == ""


def test_not_meant_for_client_authentication(make: Make) -> None:
    got = make(SERVER, ExtendedKeyUsageOID.CODE_SIGNING).read()
    assert "client authentication" in got.problem
    assert got.subject == "CN=client.contoso.test", "what is known is told all the same"


@pytest.mark.parametrize(
    ("now", "problem"),
    [
        (BEGIN - timedelta(seconds=1), "not valid before 2026-01-01 00:00 UTC"),
        (BEGIN, ""),
        (END, ""),
        (END + timedelta(seconds=1), "expired on 2027-01-01 00:00 UTC"),
    ],
)
def test_validity(make: Make, now: datetime, problem: str) -> None:
    got = make(CLIENT).read(now).problem
    assert (problem in got) if problem else (got == "")


def test_files_that_are_not_there(make: Make, tmp_path: Path) -> None:
    files = make(CLIENT)
    assert (
        files._replace(certificate=tmp_path / "none.pem")
        .read()
        .problem.endswith("none.pem cannot be read: No such file or directory")
    )
    got = files._replace(key=tmp_path / "none.key").read()
    assert "none.key cannot be read" in got.problem
    assert got.subject


def test_paths_that_are_no_files(make: Make, tmp_path: Path) -> None:
    files = make(CLIENT)
    assert "is no file" in files._replace(certificate=tmp_path).read().problem
    assert "is no file" in files._replace(key=Path("/dev/zero")).read().problem
    assert read_client_certificate("nul\0byte", str(files.key), NOW).problem


def test_a_file_that_is_much_too_large(make: Make) -> None:
    files = make(CLIENT)
    files.certificate.write_bytes(files.certificate.read_bytes() + b"\n" * 1024 * 1024)
    assert "larger than" in files.read().problem


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x30\x82\x00\xff" * 9,
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ],
)
def test_no_pem(make: Make, content: bytes) -> None:
    files = make(CLIENT)
    good = files.certificate.read_bytes()
    files.certificate.write_bytes(content)
    assert "no certificate in PEM form" in files.read().problem
    files.certificate.write_bytes(good)
    files.key.write_bytes(content)
    assert "no private key in PEM form" in files.read().problem


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        pytest.param(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x27", id="version"),
        pytest.param(b"\x0c\x09authority", b"\x03\x09\0uthority", id="type of a name"),
        pytest.param(
            b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01", b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x7f", id="kind of key"
        ),
    ],
)
def test_a_malformed_certificate(make: Make, part: bytes, instead: bytes) -> None:
    files = make(CLIENT)
    encoded = x509.load_pem_x509_certificate(files.certificate.read_bytes()).public_bytes(Encoding.DER)
    assert part in encoded
    pem = base64.encodebytes(encoded.replace(part, instead))
    files.certificate.write_bytes(b"-----BEGIN CERTIFICATE-----\n" + pem + b"-----END CERTIFICATE-----\n")
    assert "no certificate in PEM form that can be read" in files.read().problem


def test_a_key_of_another_certificate(make: Make) -> None:
    other = make(CLIENT).key.read_bytes()
    files = make(CLIENT)
    files.key.write_bytes(other)
    assert "does not belong" in files.read().problem


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_key_with_a_password(make: Make, form: PrivateFormat) -> None:
    files = make(CLIENT)
    files.key.write_bytes(private_pem(files.private, b"open sesame", form))
    assert "protected by a password" in files.read().problem


def test_nothing_of_the_key_is_told(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    files = make(CLIENT)
    body = b"".join(files.key.read_bytes().splitlines()[1:-1])
    files.key.write_bytes(files.key.read_bytes().replace(b"-----END", b"-----DNE"))
    told = repr(files.read()) + caplog.text
    assert "no private key" in told
    assert not any(body[i : i + 8].decode() in told for i in range(0, len(body) - 8, 4))
