"""``locate`` for devices, as a person runs it."""

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from ourcommand import run_command

from cmclient.lab import Lab, built_in_text

SITE = """
[[sites]]
code = "P01"
kind = "primary"

[[servers]]
host = "mp1.contoso.test"
roles = ["mp", "dp"]
site = "P01"
protocols = "https"
audience = "both"
devices = true

[[servers]]
host = "mp2.contoso.test"
roles = ["mp"]
site = "P01"
protocols = "https"
audience = "both"
devices = true
replica = true
"""


def run(*arguments: str, code: int = 0) -> CompletedProcess[str]:
    return run_command("locate", *arguments, code=code)


@pytest.fixture
def data(tmp_path: Path) -> str:
    file = tmp_path / "site.toml"
    file.write_text(SITE, encoding="utf-8")
    return str(file)


@pytest.mark.rule("MD-010")
def test_enrollment_proxy__in_the_lab__is_found_by_discovery() -> None:
    shown = run("--role", "enrollment-proxy", "--lab", "--client-kind", "mdm").stdout
    assert shown.startswith("Enrollment proxy point: enroll1.corp.contoso.test (https://enroll1.corp.contoso.test:")
    assert "users prove who they are by OnPremise" in shown
    assert "\n  answered\n" in shown


def test_enrollment_proxy__is_shown_no_client_certificate(tmp_path: Path) -> None:
    settings = tmp_path / "lab.toml"
    with Lab() as lab:
        assert "client_certificate" in lab.settings()
        settings.write_text(lab.settings_text(), encoding="utf-8")
        run("--config", str(settings), "--role", "enrollment-proxy", "--client-kind", "mdm", "--domain", "")
        assert lab.journal.entries("POST /EnrollmentServer/Discovery.svc")
        assert not lab.journal.entries("a client certificate")


@pytest.mark.parametrize("kind", ["mac", "mobile", "mdm"])
def test_device_mp__in_the_lab(kind: str) -> None:
    found = json.loads(run("--format", "json", "--role", "device-mp", "--lab", "--client-kind", kind).stdout)
    assert found["chosen"]["name"] == "mp2.corp.contoso.test"
    assert found["answered"] == found["chosen"]["endpoint"]
    assert [one["outcome"] for one in found["attempts"]] == ["answered"]
    assert found["try_again_after"] is None


@pytest.mark.rule("MC-005")
def test_device_mp__by_data__without_asking_anybody(data: str) -> None:
    ask = ("--role", "device-mp", "--data", data, "--set", "enrollment_site=P01")
    found: dict[str, Any] = json.loads(run("--format", "json", *ask, "--client-kind", "mac").stdout)
    assert [one["name"] for one in found["ranked"]] == ["mp1.contoso.test"]
    assert [(one["name"], one["rules"]) for one in found["rejected"]] == [("mp2.contoso.test", ["MC-005"])]
    assert found["attempts"] == []
    assert "not contacted" in run(*ask, "--client-kind", "mdm").stdout


@pytest.mark.rule("ST-016", "MD-022")
def test_device_mp__just_enrolled__is_5_and_says_when_to_try_again(tmp_path: Path) -> None:
    file = tmp_path / "lab.toml"
    file.write_text(built_in_text().replace("# replica_lag = 300", "replica_lag = 300"), encoding="utf-8")
    shown = run("--role", "device-mp", "--lab-file", str(file), "--client-kind", "mdm", code=5).stdout
    assert shown.startswith("No device management point: it is too early to say, and no failure\n")
    assert "try again in 150 seconds" in shown


def test_device_mp__that_is_not_trusted__is_6_and_marked_as_nobodys_choice() -> None:
    fault = ("--lab", "--lab-fault", "mp=expired-certificate")
    shown = run("--role", "device-mp", "--client-kind", "mdm", *fault, code=6).stdout
    assert shown.startswith("No device management point: trust was refused by, or of, every one that was asked\n")
    assert "what next: Renew it on the server" in shown
    assert "1 *" not in shown, "there is none, so no row is it"


def test_device_mp__that_nobody_names__says_how_to_name_one() -> None:
    shown = run("--role", "device-mp", "--client-kind", "mac", "--offline", "--domain", "", code=3).stdout
    assert "what next: name one in management_points" in shown


def test_enrollment_proxy__with_a_certificate_that_has_expired__hears_of_that_and_not_of_its_name() -> None:
    fault = ("--lab", "--lab-fault", "enrollment=expired-certificate")
    shown = run("--role", "enrollment-proxy", "--client-kind", "mdm", *fault, code=6).stdout
    assert "what next: Renew it on the server" in shown
    assert "for another name" not in shown


@pytest.mark.rule("FS-002")
@pytest.mark.parametrize(("kind", "code"), [("mac", 4), ("mdm", 4), ("mobile", 4), ("legacy-mobile", 0)])
def test_fallback_status_point__is_for_no_enrolled_device(kind: str, code: int) -> None:
    shown = run("--role", "fsp", "--offline", "--set", "fsp=fsp1.test", "--client-kind", kind, code=code).stdout
    assert ("FS-002" in shown) is (code == 4)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--role", "device-mp"),
        ("--role", "enrollment-proxy"),
        ("--role", "enrollment-proxy", "--client-kind", "mdm", "--data", "x"),
        ("--role", "device-mp", "--set", "enrolled_at=yesterday"),
        ("--role", "device-mp", "--set", "enrollment_user=me"),
        ("--role", "service-connection-point", "--lab"),
        ("--role", "asset-intelligence-point"),
    ],
)
def test_what_makes_no_sense_or_is_contacted_by_nobody__is_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments, code=2)
    assert done.stdout == ""
    assert done.stderr.startswith("cmclient: ")
