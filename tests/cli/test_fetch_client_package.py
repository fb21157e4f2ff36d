"""``cmclient fetch --client-package`` as a person runs it."""

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from ourcommand import run_command


def run(*arguments: str, code: int = 0) -> CompletedProcess[str]:
    return run_command("fetch", *arguments, code=code, seconds=120)


def lines(done: CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_json__the_plan_comes_first_and_the_result_last(tmp_path: Path) -> None:
    told = lines(run("--client-package", str(tmp_path / "setup"), "--lab", "--format", "json"))
    assert (told[0]["event"], told[-1]["event"]) == ("plan", "result")
    assert [one["kind"] for one in told[0]["ranked"]] == ["dp-in-group", "management-point"]
    assert told[-1]["complete"] is True
    assert {one["name"] for one in told[-1]["files"]} >= {"ccmsetup.cab", "ccmsetup.exe", "x64/client.msi"}
    assert (tmp_path / "setup" / "x64" / "client.msi").stat().st_size == 700_000


@pytest.mark.rule("FS-023")
@pytest.mark.parametrize(
    ("more", "code", "states"),
    [
        pytest.param(("--source", "nowhere"), 7, [(800, 100), (800, 322)], id="folder"),
        pytest.param(("--lab-fault", "mp=refuse"), 5, [(1000, 2), (800, 100), (800, 301)], id="management points"),
    ],
)
def test_failure__is_reported_before_the_result(
    tmp_path: Path, more: tuple[str, ...], code: int, states: list[tuple[int, int]]
) -> None:
    done = run("--client-package", str(tmp_path), "--lab", "--no-wait", "--format", "json", *more, code=code)
    reports, result = lines(done)[-2:]
    assert (reports["event"], result["event"], result["complete"]) == ("reports", "result", False)
    assert [(one["topic"], one["state"]) for one in reports["sent"]] == states


@pytest.mark.parametrize(
    "more", [("--source", "nowhere", "--no-report"), ("--source", "nowhere", "--domain", "a.test")]
)
def test_nothing_is_reported_when_told_so_or_in_a_what_if(tmp_path: Path, more: tuple[str, ...]) -> None:
    done = run("--client-package", str(tmp_path), "--lab", "--no-wait", "--format", "json", *more, code=7)
    assert [one for one in lines(done) if one.get("event") == "reports" and one["sent"]] == []


def test_text__says_where_it_came_from_and_why(tmp_path: Path) -> None:
    said = run("--client-package", str(tmp_path), "--lab", "--explain").stdout
    assert "dp1.corp.contoso.test" in said
    assert "CI-010" in said
    assert "6 files" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--client-package", "a", "ABC00001"), "takes no ID"),
        (("ABC00001",), "an ID and a DIR are needed"),
        (("ABC00001", "a", "--source", "b"), "--source is for the files of client setup"),
        (("--client-package", "a", "--client-kind", "mac", "--source", "b", "--lab"), "CI-026"),
    ],
)
def test_usage(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    del tmp_path
    assert said in run(*arguments, code=2).stderr


def test_processor_that_is_none__is_exit_code_2(tmp_path: Path) -> None:
    done = run("--client-package", str(tmp_path / "x"), "--lab", "--platform", "x65", code=2)
    assert "'x64', 'x86', 'arm64', 'all'" in done.stderr
    assert not (tmp_path / "x").exists()


def test_processor_that_the_site_has_no_files_for__is_exit_code_7(tmp_path: Path) -> None:
    done = run("--client-package", str(tmp_path), "--lab", "--platform", "ARM64", "--no-wait", code=7)
    assert "the manifest has no file for ARM64" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [("", "nobody was asked"), ("/mp:http://127.0.0.1:9", "no management point that has them was found")],
)
def test_folder__is_said_to_be_alone_or_the_last_resort(tmp_path: Path, line: str, words: str) -> None:
    given = ("--setup-line", line) if line else ()
    fault = ("--lab", "--lab-fault", "mp=refuse", "--no-wait", "--source", "nowhere")
    done = run("--client-package", str(tmp_path), *fault, *given, code=7)
    assert words in done.stdout
    assert "1 source, first nowhere" in done.stdout
    assert "what next: Look whether the path is right" in done.stderr
