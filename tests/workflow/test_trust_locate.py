"""Trust in the whole: ``locate`` against the lab with certificates in every form, and servers that are refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

import cmclient
from cmclient.assemble import Run, open_locator
from cmclient.cli import codes
from cmclient.cli.main import main
from cmclient.config import ClientConfig, load_config
from cmclient.lab import Lab

PASSWORD = b"open sesame"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


class Client:
    """A client of the lab, with settings of its own."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._lab = lab
        self.folder = folder
        pair = lab.running.client
        self.certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
        self.key: Any = load_pem_private_key(pair.key.read_bytes(), None)

    def config(self, **changes: object) -> ClientConfig:
        values = {**self._lab.settings(), "store": str(self.folder / "state" / "store.sqlite3"), **changes}
        return load_config(overrides={name: value for name, value in values.items() if value is not None})

    def locate(self, **changes: object) -> cmclient.Location:
        with open_locator(self.config(**changes), Run(facts=self._lab.client_facts())) as locator:
            return locator.locate()

    def bundle(self, name: str = "client.p12", password: bytes = PASSWORD) -> str:
        path = self.folder / name
        protection = BestAvailableEncryption(password) if password else NoEncryption()
        path.write_bytes(pkcs12.serialize_key_and_certificates(None, self.key, self.certificate, None, protection))
        path.chmod(0o600)
        return str(path)

    def password_file(self, password: bytes = PASSWORD) -> str:
        path = self.folder / "password"
        path.write_bytes(password + b"\n")
        return str(path)


@pytest.fixture
def client(lab: Lab, tmp_path: Path) -> Client:
    lab.journal.clear()
    return Client(lab, tmp_path)


def schemes(location: cmclient.Location) -> set[str]:
    return {attempt.endpoint.scheme.value for attempt in location.attempts}


def test_pkcs12_with_a_password__opens_https(client: Client) -> None:
    location = client.locate(
        client_certificate=client.bundle(), client_key=None, client_certificate_password_file=client.password_file()
    )
    assert schemes(location) == {"https"}


def test_encrypted_key__opens_https(client: Client) -> None:
    path = client.folder / "client.pem"
    key = client.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD))
    path.write_bytes(client.certificate.public_bytes(Encoding.PEM) + key)
    location = client.locate(
        client_certificate=str(path), client_key=None, client_certificate_password_file=client.password_file()
    )
    assert schemes(location) == {"https"}


def test_folder__the_one_that_fits_is_found_in_it(client: Client, lab: Lab) -> None:
    folder = client.folder / "certificates"
    folder.mkdir()
    (folder / "old.pem").write_bytes(
        lab.running.expired_client.certificate.read_bytes() + lab.running.expired_client.key.read_bytes()
    )
    client.bundle("certificates/good.p12", b"")
    assert schemes(client.locate(client_certificate=str(folder), client_key=None)) == {"https"}


@pytest.mark.parametrize("password", [None, b"wrong"])
def test_pkcs12_that_is_not_opened__leaves_http_and_says_why(client: Client, password: bytes | None) -> None:
    location = client.locate(
        client_certificate=client.bundle(),
        client_key=None,
        client_certificate_password_file=None if password is None else client.password_file(password),
    )
    assert schemes(location) == {"http"}
    assert "password" in location.decision.policy.https_reason


def test_criterion_that_nothing_meets__leaves_http_and_says_why(client: Client) -> None:
    location = client.locate(certificate_criterion="SubjectStr:somebody else")
    assert schemes(location) == {"http"}
    assert "somebody else" in location.decision.policy.https_reason


@pytest.mark.rule("TR-033")
@pytest.mark.parametrize(("changes", "secure"), [({}, set()), ({"crl_check": False}, {"https"})])
def test_revoked_server__is_refused_unless_the_check_is_off(
    client: Client, lab: Lab, changes: dict[str, object], secure: set[str]
) -> None:
    lab.set_fault("mp", None, None)
    for name in ("mp2", "mp5"):
        lab.set_fault("mp", name, "revoked-certificate")
    try:
        location = client.locate(**changes)
    finally:
        lab.set_fault("mp", None, None)
    answered = {one.endpoint.scheme.value for one in location.attempts if one.outcome.value == "answered"}
    assert answered & {"https"} == secure
    refused = [one for one in location.attempts if one.code == "server-certificate"]
    assert bool(refused) is not bool(secure)
    assert all("was revoked" in one.detail for one in refused)
    shown = [entry for entry in lab.journal.entries("GET") if entry.tls]
    assert bool(shown) is bool(secure)


@pytest.mark.rule("TR-034", "IP-012")
def test_no_crl_check_on_the_setup_line__turns_the_check_off(client: Client) -> None:
    assert load_config().crl_check
    config = load_config(setup_line="/NoCRLCheck")
    assert (config.crl_check, config.origins["crl_check"]) == (False, "setup line /NoCRLCheck")


def test_revocation_list__is_kept_beside_the_store(client: Client) -> None:
    client.locate()
    assert [file.suffix for file in (client.folder / "state" / "crls").iterdir()] == [".crl"]


@pytest.mark.parametrize(
    ("line", "setting", "value"),
    [
        pytest.param(
            "CCMCERTSEL=SubjectStr:x", "certificate_criterion", "SubjectStr:x", marks=pytest.mark.rule("IP-032")
        ),
        pytest.param("CCMCERTISSUERS=CN=A|CN=B", "certificate_issuers", "CN=A|CN=B", marks=pytest.mark.rule("IP-030")),
        pytest.param("CCMCERTSTORE=CCM", "certificate_store", "CCM", marks=pytest.mark.rule("TR-002", "IP-033")),
        pytest.param("CCMCERTNAMECHECK=0", "certificate_name_check", False, marks=pytest.mark.rule("TR-025")),
        pytest.param("CCMFIRSTCERT=1", "select_first_certificate", True, marks=pytest.mark.rule("IP-038")),
    ],
)
def test_setup_line__sets_how_a_certificate_is_selected(line: str, setting: str, value: object) -> None:
    config = load_config(setup_line=line)
    assert getattr(config, setting) == value
    assert config.origins[setting] == f"setup line {line.partition('=')[0]}"


# cmclient cert list


def listed(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = main(["cert", "list", "--format", "json", *arguments])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, document


def test_cert_list__of_a_folder(client: Client, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    folder = client.folder / "certificates"
    folder.mkdir()
    client.bundle("certificates/good.p12", b"")
    (folder / "old.pem").write_bytes(lab.running.expired_client.certificate.read_bytes())
    exposed = folder / "key.pem"
    exposed.write_bytes(lab.running.client.certificate.read_bytes() + lab.running.client.key.read_bytes())
    exposed.chmod(0o644)
    line = ["--setup-line", f"/UsePKICert CCMCERTSEL=SubjectStr:{client.certificate.subject.rfc4514_string()[3:6]}"]
    code, document = listed("--certificate", str(folder), *line, capsys=capsys)
    assert (code, document["schema"], document["use_pki_cert"]) == (codes.DONE, "cmclient.certificates/1", True)
    assert {one["verdict"] for one in document["certificates"]} == {"chosen", "fits", "rejected"}
    assert document["certificates"][0]["where"] == document["chosen"]
    assert all(one["reasons"] for one in document["certificates"])
    assert main(["cert", "list", "--explain", "--certificate", str(folder), *line]) == codes.DONE
    text = capsys.readouterr().out
    for words in ("TR-003", "TR-010", "chmod 600", "rejected: ", "valid from"):
        assert words in text
    assert "PRIVATE KEY" not in text
    assert main(["cert", "list", "--certificate", str(folder), *line]) == codes.DONE
    assert "Client certificates, best first" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("password", "code"), [(None, codes.NONE_ELIGIBLE), (b"no", codes.NONE_ELIGIBLE), (PASSWORD, 0)]
)
def test_cert_list__of_a_protected_file(
    client: Client, capsys: pytest.CaptureFixture[str], password: bytes | None, code: int
) -> None:
    given = [] if password is None else ["--set", f"client_certificate_password_file={client.password_file(password)}"]
    assert main(["cert", "list", "--certificate", client.bundle(), *given]) == code
    text = capsys.readouterr().out
    assert ("client_certificate_password_file" in text) is (code != 0)
    assert ("put the password into a file" in text) is (password is None), "not to somebody who has done so"
    assert PASSWORD.decode() not in text


@pytest.mark.rule("TR-023")
@pytest.mark.parametrize(
    ("issuer", "code"), [("cmclient lab authority", codes.DONE), ("somebody else", codes.NONE_ELIGIBLE)]
)
def test_cert_list__goes_by_the_issuers_list_of_the_file_of_the_site(
    client: Client, lab: Lab, capsys: pytest.CaptureFixture[str], issuer: str, code: int
) -> None:
    file = client.folder / "mobileclient.tcf"
    file.write_text(f"[SITE]\nCertificateIssuers=CN={issuer}\n", encoding="utf-8")
    given = ["--certificate", str(lab.running.client.certificate), "--set", f"trusted_root_key_file={file}"]
    given += ["--set", f"client_key={lab.running.client.key}", "--set", f"ca_file={lab.running.ca_file}"]
    assert main(["cert", "list", "--explain", *given]) == code
    assert f"the certificate issuers list (file {file})" in capsys.readouterr().out


def test_cert_list__of_nothing(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cert", "list"]) == codes.NONE_FOUND
    text = capsys.readouterr().out
    assert "names none" in text
    assert "--certificate" in text
    (client.folder / "empty").mkdir()
    assert main(["cert", "list", "--certificate", str(client.folder / "empty")]) == codes.NONE_FOUND
    assert "there is no certificate" in capsys.readouterr().out


def test_password_file_that_is_missing__is_a_fault_of_the_settings(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = f"client_certificate_password_file={client.folder / 'none'}"
    assert main(["cert", "list", "--certificate", client.bundle(), "--set", missing]) == codes.USAGE
    assert "client_certificate_password_file" in capsys.readouterr().err
