"""A client certificate in its files: usable, or not and why."""

import base64
import copy
import logging
import os
import pickle
import ssl
import stat
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cmclient.adapters.certs import FoundCertificate, read_certificates
from cmclient.model.certificates import CertificateWish, ClientCertificate, KeyState
from cmclient.model.secret import Secret
from cmclient.rules.certificate_selection import describe_selection, select_certificate

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def read_client_certificate(certificate: str, key: str, now: datetime) -> ClientCertificate:
    """Read a certificate that was named by hand, and judge it."""
    held = [one.held for one in read_certificates(certificate, key)]
    return describe_selection(select_certificate(held, CertificateWish(chosen_by_hand=True), now))


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
    assert "is no file" in files._replace(certificate=Path("/dev/zero")).read().problem
    assert "is no file" in files._replace(key=tmp_path).read().problem
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
    assert "no private key that can be read" in files.read().problem


def test_neither_pem_nor_pkcs12(make: Make) -> None:
    files = make(CLIENT)
    files.certificate.write_bytes(b"\x30\x82\x00\xff" * 9)
    assert "neither PEM nor PKCS#12" in files.read().problem


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


# PKCS#12, folders and chains


class Authority(NamedTuple):
    """Who signs, and its certificate."""

    certificate: x509.Certificate
    private: Key


def authority(name: str, above: Authority | None = None) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(
        subject if above is None else above.certificate.subject, subject, key.public_key(), x509.random_serial_number()
    )
    builder = builder.not_valid_before(BEGIN).not_valid_after(END)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return Authority(builder.sign(key if above is None else above.private, hashes.SHA256()), key)


def signed(issuer: Authority, name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(
        issuer.certificate.subject, subject, key.public_key(), x509.random_serial_number()
    )
    builder = builder.not_valid_before(BEGIN).not_valid_after(END)
    builder = builder.add_extension(x509.ExtendedKeyUsage([CLIENT]), critical=False)
    names = x509.SubjectAlternativeName([x509.DNSName(name), x509.RFC822Name("a@contoso.test")])
    return builder.add_extension(names, critical=False).sign(issuer.private, hashes.SHA256()), key


ROOT = authority("Root CA")
ISSUING = authority("Issuing CA", ROOT)
PASSWORD = Secret("open sesame")


def bundle(password: str = "", *, with_key: bool = True) -> bytes:
    certificate, key = signed(ISSUING, "pc1.contoso.test")
    chain = [ISSUING.certificate, ROOT.certificate]
    protection = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return pkcs12.serialize_key_and_certificates(None, key if with_key else None, certificate, chain, protection)


def only(path: Path, password: Secret | None = None) -> FoundCertificate:
    (found,) = read_certificates(str(path), password=password)
    return found


@pytest.mark.parametrize("password", ["", "open sesame"])
def test_pkcs12(tmp_path: Path, password: str) -> None:
    path = tmp_path / "client.p12"
    path.write_bytes(bundle(password))
    held, identity = only(path, PASSWORD if password else None)
    assert (held.subject, held.key, held.problem) == ("CN=pc1.contoso.test", KeyState.THERE, "")
    assert held.alternatives == ("pc1.contoso.test", "a@contoso.test")
    assert held.issuers == ((("2.5.4.3", "Issuing CA"),), (("2.5.4.3", "Root CA"),))
    assert identity is not None


@pytest.mark.parametrize(
    ("content", "password", "problem"),
    [
        pytest.param(bundle("open sesame"), None, "is protected by a password", id="no password"),
        pytest.param(bundle("open sesame"), Secret("no"), "is not opened by the password", id="wrong password"),
        pytest.param(bundle("open sesame")[:700], PASSWORD, "neither PEM nor PKCS#12", id="cut off"),
        pytest.param(bundle(with_key=False), None, "holds no private key that can be read", id="no key"),
    ],
)
def test_pkcs12_that_is_of_no_use(tmp_path: Path, content: bytes, password: Secret | None, problem: str) -> None:
    path = tmp_path / "client.p12"
    path.write_bytes(content)
    held, identity = only(path, password)
    assert problem in held.problem
    assert str(path) in held.problem
    assert identity is None


def test_a_protected_key_is_opened_by_the_password(make: Make) -> None:
    files = make(CLIENT)
    files.key.write_bytes(private_pem(files.private, b"open sesame"))
    for password, state in ((PASSWORD, KeyState.THERE), (Secret("no"), KeyState.PROTECTED), (None, KeyState.PROTECTED)):
        (found,) = read_certificates(str(files.certificate), str(files.key), password=password)
        assert (found.held.key, found.identity is None) == (state, state is not KeyState.THERE)


def test_a_password_for_a_key_that_has_none_is_no_fault(make: Make) -> None:
    files = make(CLIENT)
    (found,) = read_certificates(str(files.certificate), str(files.key), password=PASSWORD)
    assert found.held.key is KeyState.THERE


def test_a_folder(tmp_path: Path) -> None:
    first, key = signed(ISSUING, "a.contoso.test")
    (tmp_path / "a.crt").write_bytes(first.public_bytes(Encoding.PEM))
    (tmp_path / "keys.key").write_bytes(private_pem(key))
    (tmp_path / "b.p12").write_bytes(bundle())
    (tmp_path / "c.pem").write_bytes(signed(ISSUING, "c.contoso.test")[0].public_bytes(Encoding.PEM))
    (tmp_path / "d.pem").write_bytes(b"junk")
    (tmp_path / "issuing.pem").write_bytes(ISSUING.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "notes.txt").write_bytes(first.public_bytes(Encoding.PEM))
    found = read_certificates(str(tmp_path), authorities=[ROOT.certificate])
    told = [(Path(one.held.where).name, one.held.key, one.identity is not None) for one in found]
    assert told == [
        ("a.crt", KeyState.THERE, True),
        ("b.p12", KeyState.THERE, True),
        ("c.pem", KeyState.MISSING, False),
        ("d.pem", KeyState.MISSING, False),
    ]
    assert [one[0][1] for one in found[0].held.issuers] == ["Issuing CA", "Root CA"]
    assert "no certificate in PEM form" in found[3].held.problem
    assert read_certificates(str(tmp_path / "none")) != ()
    (tmp_path / "empty").mkdir()
    assert read_certificates(str(tmp_path / "empty")) == ()


def test_a_chain_ends_where_it_is_not_signed(tmp_path: Path) -> None:
    """An authority of the right name with another key is not the one that signed."""
    forged = authority("Issuing CA", authority("Forged Root"))
    certificate, key = signed(ISSUING, "pc1.contoso.test")
    path = tmp_path / "client.pem"
    path.write_bytes(
        certificate.public_bytes(Encoding.PEM) + private_pem(key) + forged.certificate.public_bytes(Encoding.PEM)
    )
    assert only(path).held.issuers == ((("2.5.4.3", "Issuing CA"),),)


@pytest.mark.skipif(os.name != "posix", reason="rights of files are otherwise elsewhere")
@pytest.mark.parametrize(("mode", "warns"), [(0o600, False), (0o640, False), (0o644, True), (0o602, True)])
def test_a_key_that_everyone_can_read_is_warned_of(make: Make, mode: int, warns: bool) -> None:  # noqa: FBT001
    files = make(CLIENT)
    files.key.chmod(mode)
    (found,) = read_certificates(str(files.certificate), str(files.key))
    assert found.held.key is KeyState.THERE
    assert [f"chmod 600 {files.key}" in warning for warning in found.held.warnings] == [True] * warns


@pytest.mark.parametrize("has_memory_files", [True, False])
def test_an_identity_leaves_no_file_and_tells_no_key(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    has_memory_files: bool,  # noqa: FBT001
) -> None:
    if not has_memory_files:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    path = tmp_path / "client.p12"
    path.write_bytes(bundle())
    identity = only(path).identity
    assert identity is not None
    seen: list[bytes] = []

    class Spy(ssl.SSLContext):
        def load_cert_chain(self, certfile: Any, keyfile: Any = None, password: Any = None) -> None:
            assert stat.S_IMODE(Path(certfile).stat().st_mode) & 0o077 == 0 or certfile.startswith("/proc/self/fd/")
            seen.append(Path(certfile).read_bytes())
            super().load_cert_chain(certfile, keyfile, password)

    identity.load_into(Spy(ssl.PROTOCOL_TLS_CLIENT))
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in seen[0]
    assert seen[0].count(b"BEGIN CERTIFICATE") == 2, "the certificate and its issuer; a root is not sent"
    assert list((tmp_path / "temporary").iterdir()) == []
    assert repr(identity) == f"ClientIdentity({str(path)!r})"
    with pytest.raises(TypeError, match="not copied"):
        pickle.dumps(identity)
    with pytest.raises(TypeError, match="not copied"):
        copy.copy(identity)
