"""``locate --role``, as a person runs it."""

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from ourcommand import run_command

import cmclient
from cmclient.lab import built_in_text


def run(*arguments: str, code: int = 0) -> CompletedProcess[str]:
    return run_command("locate", *arguments, code=code)


def document(*arguments: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("--format", "json", *arguments, code=code).stdout)
    return found


@pytest.fixture
def data(tmp_path: Path) -> str:
    """Boundary data: a lab's description is that too."""
    file = tmp_path / "site.toml"
    file.write_text(built_in_text(), encoding="utf-8")
    return str(file)


def test_sup__in_the_lab__is_asked_for_and_shown_with_why() -> None:
    shown = run("--role", "sup", "--lab", "--explain").stdout
    assert shown.startswith("Software update point: sup1.corp.contoso.test (http://sup1.corp.contoso.test:8530)\n")
    for text in ("SU-008", "Rejected: none", "WSUSLocationRequest", "decision, seed"):
        assert text in shown


@pytest.mark.rule("SU-005")
def test_sup__by_data__each_is_ranked_or_rejected_with_its_rule(data: str) -> None:
    found = document("--role", "sup", "--data", data, "--address", "127.45.20.42/24")
    assert found["chosen"]["name"] == "sup2.corp.contoso.test"
    assert [(one["name"], one["rules"]) for one in found["rejected"]] == [("sup1.corp.contoso.test", ["SU-005"])]
    assert found["attempts"] == []


def test_json__has_the_keys_that_a_management_point_has(data: str) -> None:
    found = document("--role", "smp", "--data", data, "--address", "127.45.10.42/24")
    expected = {
        *("schema", "time", "chosen", "assigned_site", "ranked", "rejected", "attempts", "sources", "facts", "seed"),
        *("catalogue", "notes", "error"),
    }
    assert set(found) == {*expected, "role", "answered", "try_again_after", "reports", "scans"}
    assert found["reports"] is None, "nobody was asked, so nobody failed"
    assert (found["schema"], found["role"]) == ("cmclient.role-location/1", "smp")
    (one,) = found["ranked"]
    assert set(one) >= {"name", "verdict", "reasons", "origins", "endpoints", "rules", "reason", "endpoint"}
    assert {"source", "asked", "found", "rule", "detail"} <= set(found["sources"][0])


@pytest.mark.rule("BG-023")
def test_smp__of_another_group__is_4_and_says_that_there_is_no_fallback(data: str) -> None:
    shown = run("--role", "smp", "--data", data, "--address", "127.45.20.42/24", code=4).stdout
    assert shown.startswith("No state migration point: the rules reject every one")
    assert "BG-023" in shown
    assert "State migration point: dp1.corp.contoso.test" in run("--role", "smp", "--lab").stdout


def test_smp__without_data__is_3_and_says_what_next() -> None:
    shown = run("--role", "smp", code=3).stdout
    assert "nobody names one" in shown
    assert "--data" in shown


def test_sup__offline__is_3_and_says_what_next() -> None:
    shown = run("--role", "sup", "--offline", code=3).stdout
    assert "  what next: leave --offline out, or say where they are: --set software_update_points=" in shown
    given = ("--set", "software_update_points=https://sup1.corp.test:8531")
    assert "what next" not in run("--role", "sup", "--offline", *given).stdout
    assert "what next" not in run("--role", "sup", "--lab").stdout


def test_fsp__that_nobody_names__says_what_next() -> None:
    assert (
        "  what next: name it: --set fsp=HOST, or FSP=HOST in the setup line\n"
        in run("--role", "fsp", "--offline", code=3).stdout
    )


def test_sup__nobody_can_be_asked__is_5() -> None:
    found = document("--role", "sup", "--lab", "--lab-fault", "mp=500", code=5)
    assert found["error"]["code"] == "not-reachable"
    assert {one["outcome"] for one in found["attempts"]} == {"failed"}


@pytest.mark.parametrize("fault", ["mp=http-401", "mp=http-403"])
def test_sup__trust_refused__is_6_as_it_is_for_the_management_point(fault: str) -> None:
    sup = document("--role", "sup", "--lab", "--lab-fault", fault, code=6)
    mp = document("--lab", "--lab-fault", fault, code=6)
    assert sup["error"]["code"] == mp["error"]["code"] == "trust-refused"
    assert sup["error"]["hint"] == mp["error"]["hint"]
    assert ("certificate" in mp["error"]["hint"]) is ("403" in fault), "a 401 is about no certificate"
    assert mp["error"]["hint"]


def test_sup__whose_scans_fail__says_when_the_next_one_comes(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite3"
    given = ("--role", "sup", "--set", "software_update_points=http://sup1.corp.test:8530", "--set", f"store={store}")
    assert "scans fail" not in run(*given).stdout
    with cmclient.open_update_scans(cmclient.load_config(overrides={"store": str(store)})) as scans:
        plan = [scans.note_failure(cmclient.HostName("sup1.corp.test")) for _ in range(4)][-1]
    shown = run(*given).stdout
    assert f"  scans fail since {plan.failing_since} (4 of 4); the next one is due at {plan.next_scan}\n" in shown
    assert f"  another one may be used from {plan.others_from}\n" in shown
    assert document(*given)["scans"] == plan._asdict()


def test_sup__the_one_in_use_is_kept(data: str) -> None:
    in_use = ("--set", "software_update_point=sup1.corp.contoso.test")
    found = document("--role", "sup", "--data", data, "--address", "127.45.20.42/24", *in_use)
    assert (found["chosen"]["name"], found["chosen"]["rules"]) == ("sup1.corp.contoso.test", ["SU-001"])


@pytest.mark.rule("FS-007")
def test_fsp__by_the_setup_line() -> None:
    shown = run("--role", "fsp", "--offline", "--setup-line", "FSP=fsp1.contoso.test").stdout
    assert shown.startswith("Fallback status point: fsp1.contoso.test (http://fsp1.contoso.test)\n")
    assert "nobody names one" in run("--role", "fsp", "--offline", code=3).stdout


@pytest.mark.rule("RP-001", "RP-008", "RP-009")
@pytest.mark.parametrize("role", ["rsp", "enrollment-point", "cmg-connection-point"])
def test_role_that_no_client_contacts__is_explained_and_nothing_is_sent(role: str) -> None:
    done = run("--role", role, "--lab", code=2)
    assert done.stdout == ""
    assert "RP-00" in done.stderr
    assert "nothing was sent" in done.stderr


@pytest.mark.parametrize("arguments", [("--role", "dp"), ("--data", "x"), ("--role", "fsp", "--data", "x")])
def test_what_makes_no_sense__is_2(arguments: tuple[str, ...]) -> None:
    assert run(*arguments, code=2).stdout == ""
