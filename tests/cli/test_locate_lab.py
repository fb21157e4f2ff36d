"""``locate --lab`` and its neighbours, as a person runs them: real sockets, a process of its own."""

import json
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from ourcommand import run_command, start_command

SCHEMA_KEYS = {"schema", "chosen", "ranked", "rejected", "facts", "sources", "attempts", "seed"}


def run(*arguments: str, code: int | None = 0, seconds: float = 60.0) -> str:
    done = run_command(*arguments, code=code, seconds=seconds)
    return done.stdout if done.returncode != 2 else done.stderr


def locate(*arguments: str, code: int = 0) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run("locate", "--lab", "--format", "json", *arguments, code=code))
    return document


def test_text__says_which_one_out_of_which_and_why_not_each_other_one() -> None:
    shown = run("locate", "--lab")
    assert shown.startswith("Management point: mp2.corp.contoso.test (https://mp2.corp.contoso.test:")
    for host in ("mp1.corp", "mp3.corp", "mp4.outside", "mp5.partner", "mp-s01.corp"):
        assert host in shown
    assert "MP-001" in shown
    assert "ruled out" not in shown


def test_text__nobody_on_the_intranet_answers__says_what_happened_to_each_that_was_asked_there() -> None:
    shown = run("locate", "--lab", "--lab-fault", "ad=refuse", "--lab-fault", "mp=refuse", code=5)
    ruled_out = shown.partition("Asked before they were ruled out")[2].partition("\n\n")[0]
    for host in ("mp1", "mp2", "mp3"):
        assert re.search(rf"{host}\.corp\.contoso\.test:\d+ +connect: no connection", ruled_out)


def test_explain__names_the_rule_of_every_verdict() -> None:
    shown = run("locate", "--lab", "--explain")
    for rule in ("MP-003", "ML-018", "MP-015", "CF-002", "MP-001"):
        assert rule in shown


def test_json__has_the_schema_and_a_rule_and_a_reason_for_each() -> None:
    document = locate()
    assert set(document) >= SCHEMA_KEYS
    assert document["schema"] == "cmclient.location/1"
    assert document["chosen"]["name"] == "mp2.corp.contoso.test"
    for one in (*document["ranked"], *document["rejected"]):
        assert one["rules"]
        assert one["reason"]
    assert [one["outcome"] for one in document["attempts"]] == ["answered", "answered", "answered"]


def test_plain__is_one_line_for_scripts() -> None:
    host, site, address = run("locate", "--lab", "--plain").split()
    assert (host, site) == ("mp2.corp.contoso.test", "P01")
    assert address.startswith("https://mp2.corp.contoso.test:")


def test_plain__nobody_answers__prints_nothing_and_says_so_elsewhere() -> None:
    done = run_command("locate", "--lab", "--plain", "--lab-fault", "mp=refuse", code=5)
    assert done.stdout == ""
    assert "no eligible management point answered" in done.stderr


@pytest.mark.parametrize(
    ("fault", "code", "told"), [("refuse", 5, "without --plain"), ("http-403", 6, "set client_certificate")]
)
def test_plain__says_the_next_step_and_speaks_of_no_table(fault: str, code: int, told: str) -> None:
    said = run_command("locate", "--lab", "--plain", "--lab-fault", f"mp={fault}", code=code).stderr
    assert told in said.partition("what next: ")[2]
    assert ("without --plain" in said) is (fault == "refuse")


@pytest.mark.parametrize("other", [["--explain"], ["--format", "json"], ["--role", "fsp"]])
def test_plain__goes_with_no_other_way_to_print(other: list[str]) -> None:
    assert "--plain goes with no" in run("locate", "--plain", *other, code=2)


def test_good_first_one__is_the_only_one_contacted() -> None:
    assert len({one["endpoint"] for one in locate()["attempts"]}) == 1


def test_replay__of_what_was_printed__is_the_same(tmp_path: Path) -> None:
    saved = tmp_path / "decision.json"
    saved.write_text(run("locate", "--lab", "--format", "json"))
    assert "the same decision" in run("replay", str(saved))


def test_replay__of_what_was_tampered_with__is_9_and_says_where(tmp_path: Path) -> None:
    document = locate()
    document["ranked"][0]["rank"] = 4
    saved = tmp_path / "decision.json"
    saved.write_text(json.dumps(document))
    assert "rank was 4, is 1" in run("replay", str(saved), code=9)


def test_workgroup_client__by_dns_alone() -> None:
    document = locate("--domain", "")
    sources = {one["source"]: one for one in document["sources"]}
    assert sources["directory"]["asked"] is False
    assert sources["directory"]["rule"] == "CF-004"
    assert sources["dns"]["found"] == 3


def test_without_a_certificate__https_only_ones_are_rejected_with_the_reason() -> None:
    document = locate("--set", "use-pki-cert=false")
    rejected = {one["name"]: one["rules"][-1] for one in document["rejected"]}
    assert rejected["mp2.corp.contoso.test"] == "ML-034"
    assert document["chosen"]["name"] == "mp1.corp.contoso.test"


@pytest.mark.parametrize(
    ("faults", "chosen", "code"),
    [
        pytest.param(["mp:mp2=refuse"], "mp5.partner.test", 0, id="the chosen one refuses: an equal one"),
        pytest.param(["mp:mp2=http-500"], "mp5.partner.test", 0, id="500"),
        pytest.param(["mp:mp2=html"], "mp5.partner.test", 0, id="a captive portal"),
        pytest.param(["mp:mp2=truncated"], "mp5.partner.test", 0, id="cut off"),
        pytest.param(["mp:mp2=oversized"], "mp5.partner.test", 0, id="too large"),
        pytest.param(["mp:mp2=malformed"], "mp5.partner.test", 0, id="no XML"),
        pytest.param(["mp:mp2=reset"], "mp5.partner.test", 0, id="reset"),
        pytest.param(["mp:mp2=redirect"], "mp5.partner.test", 0, id="points elsewhere"),
        pytest.param(["mp:mp2=expired-certificate"], "mp5.partner.test", 0, id="expired certificate"),
        pytest.param(["mp:mp2=wrong-certificate"], "mp5.partner.test", 0, id="certificate of another"),
        pytest.param(["mp:mp2=silent", "mp:mp5=silent"], None, 0, id="silent", marks=pytest.mark.slow),
        pytest.param(["mp:mp2=blackhole"], "mp5.partner.test", 0, id="blackholed", marks=pytest.mark.slow),
        pytest.param(["mp:mp2=refuse", "mp:mp5=refuse"], "mp1.corp.contoso.test", 0, id="all HTTPS down: HTTP"),
        pytest.param(["ad=refuse"], None, 0, id="no directory"),
        pytest.param(["ad=hang-after-bind"], None, 0, id="a directory that hangs", marks=pytest.mark.slow),
        pytest.param(["mp=refuse"], None, 5, id="every one refuses"),
        pytest.param(["mp=http-403"], None, 6, id="every one refuses us"),
        pytest.param(["dns=refuse"], None, 5, id="no DNS: not even the gateway", marks=pytest.mark.slow),
        pytest.param(["dns=servfail"], None, 5, id="DNS fails"),
    ],
)
def test_faults__are_survived_or_said(faults: list[str], chosen: str | None, code: int) -> None:
    options = [word for fault in faults for word in ("--lab-fault", fault)]
    limits = ["--set", "attempt-timeout=1", "--set", "directory-timeout=1", "--set", "dns-timeout=0.5"]
    document = locate(*options, *limits, "--seed", "4", code=code)
    if chosen is not None:
        assert document["chosen"]["name"] == chosen
    if code:
        assert document["error"]["hint"]
        assert document["chosen"] is None


@pytest.mark.slow
def test_deadline__holds_whatever_is_broken() -> None:
    began = time.monotonic()
    document = locate("--lab-fault", "mp=silent", "--lab-fault", "ad=silent", "--deadline", "2", code=5)
    assert time.monotonic() - began < 8.0
    assert {one["code"] for one in document["attempts"]} == {"timeout"}


@pytest.mark.slow
def test_silent_first_group__leaves_time_for_the_others_and_what_was_not_asked_is_said() -> None:
    http = ["--set", "use-pki-cert=false", "--deadline", "6"]
    document = locate("--lab-fault", "mp:mp1=silent", *http)
    assert document["chosen"]["name"] == "mp4.outside.test", "a group of lower rank"
    # But silence of HTTPS is no way down to HTTP.
    failed = locate("--lab-fault", "mp:mp2=silent", "--lab-fault", "mp:mp5=silent", "--deadline", "3", code=5)
    assert {one["endpoint"].partition(":")[0] for one in failed["attempts"]} == {"https"}
    assert failed["error"]["hint"] == "raise --deadline"


def test_wrong_password__says_so_and_what_to_do() -> None:
    shown = run("locate", "--lab", "--set", "directory-password=wrong")
    assert "directory-refused" in shown
    assert "(" in shown[shown.index("directory-refused") :].splitlines()[0]


@pytest.mark.parametrize("fault", ["mp=nonsense", "nonsense=refuse", "mp:nobody=refuse", "mp"])
def test_unknown_fault__is_a_usage_error_that_lists_the_known(fault: str) -> None:
    assert "cmclient: " in run("locate", "--lab", "--lab-fault", fault, code=2)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted__ends_at_once_and_leaves_nothing(number: signal.Signals, code: int, tmp_path: Path) -> None:
    arguments = ("--log-level", "info", "locate", "--lab", "--lab-fault", "mp=silent")
    with start_command(*arguments, TMPDIR=str(tmp_path)) as process:
        assert process.stderr is not None
        while "asking http" not in process.stderr.readline():
            assert process.poll() is None
        assert list(tmp_path.iterdir()), "the lab keeps its keys there while it runs"
        process.send_signal(number)
        _, told = process.communicate(timeout=10)
    assert process.returncode == code
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


def test_facts__of_the_lab_come_from_its_domain_controller() -> None:
    facts = json.loads(run("facts", "--lab", "--format", "json"))
    assert facts["forest"] == "corp.contoso.test"
    assert facts["ad_site"]
    assert facts["origins"]["forest"].startswith("domain controller")


def test_facts__saved_and_given_back__decide_the_same(tmp_path: Path) -> None:
    saved = tmp_path / "facts.json"
    saved.write_text(run("facts", "--lab", "--format", "json"))
    document = locate("--facts", str(saved))
    assert document["facts"]["ad_site"] == json.loads(saved.read_text())["ad_site"]
    assert document["facts"]["origins"]["ad_site"].startswith("given")


def test_discover__names_every_source() -> None:
    document = json.loads(run("discover", "--lab", "--format", "json"))
    named = {origin["source"] for one in document["candidates"] for origin in one["origins"]}
    assert named == {"directory", "dns", "mp-list"}


def test_own_lab_file__is_read_and_its_faults_told(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text("nonsense = 1\n")
    assert "nonsense" in run("locate", "--lab-file", str(path), code=2)
    assert "cannot be read" in run("locate", "--lab-file", str(tmp_path / "missing"), code=2)
