"""What somebody types who does not know the commands yet: each gets the answer, or the words that give it."""

import argparse
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from cmclient import assemble
from cmclient.cli import codes
from cmclient.cli.commands import COMMANDS, HELP, INSTEAD, OPTION_INSTEAD
from cmclient.cli.main import main
from cmclient.cli.options import add_output, add_settings
from cmclient.cli.render import _broken


def run(*arguments: str) -> int:
    try:
        return main(list(arguments))
    except SystemExit as ended:  # which is how argparse ends
        return ended.code if isinstance(ended.code, int) else -1


def test_help_as_a_word__is_the_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("help") == codes.DONE
    assert capsys.readouterr().out == HELP
    assert run("help", "locate") == codes.DONE
    assert capsys.readouterr().out.startswith("usage: cmclient locate ")


@pytest.mark.parametrize("word", INSTEAD)
def test_word_that_is_no_command__the_one_that_answers_is_named(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(word) == codes.USAGE
    assert f"use 'cmclient {INSTEAD[word]}'" in capsys.readouterr().err


@pytest.mark.parametrize("line", sorted(set(INSTEAD.values()) - {"--version"}))
def test_command_that_is_named__is_one(line: str) -> None:
    name, *arguments = shlex.split(line)
    module = import_module(f"cmclient.cli.{COMMANDS[name][0]}")
    if actions := getattr(module, "ACTIONS", None):
        module = import_module(f"{module.__name__}.{actions[arguments.pop(0)][0]}")
    parser = argparse.ArgumentParser(exit_on_error=False)
    module.configure(parser)
    assert parser.parse_args(arguments) is not None


@pytest.mark.parametrize("option", OPTION_INSTEAD)
def test_option_that_other_programs_have__the_one_here_is_one(option: str) -> None:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_output(parser)
    add_settings(parser)
    name, *value = OPTION_INSTEAD[option].split()
    assert parser.parse_args([name, *(value or ["5"])])
    assert parser.parse_known_args([option])[1] == [option]


def test_a_decision_that_is_not_there__is_a_wrong_argument(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run("replay", str(tmp_path / "none.json")) == codes.USAGE
    assert "what next: 'cmclient locate --format json > FILE'" in capsys.readouterr().err


def test_something_is_missing__it_is_said_without_the_whole_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("content") == codes.USAGE
    assert capsys.readouterr().err.splitlines() == [
        "usage: see 'cmclient content --help'",
        "cmclient content: the following arguments are required: ID",
    ]


@pytest.mark.parametrize(
    ("short", "whole"),
    [
        (["config"], ["config", "show"]),
        (["cert"], ["cert", "list"]),
        (["setup-line", "SMSMP=mp1"], ["setup-line", "check", "SMSMP=mp1"]),
    ],
)
def test_only_action__need_not_be_named(short: list[str], whole: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for arguments in (short, whole):
        code = run(*arguments)
        told.append((code, capsys.readouterr().out))
    assert told[0] == told[1]
    assert told[0][1]


def test_code_in_place_of_a_log__is_told_apart_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("log", "0x87d00215") == codes.USAGE
    assert "--code 0x87d00215" in capsys.readouterr().err
    (tmp_path / "87d00215").touch()
    run("log", "87d00215")
    assert "--code" not in capsys.readouterr().err


def test_distribution_point_as_a_role__content_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("locate", "--role", "dp") == codes.USAGE
    assert "cmclient content ABC00001" in capsys.readouterr().err


def test_nothing_is_known__the_next_step_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("locate", "--domain", "", "--no-report") == codes.NONE_FOUND
    lines = capsys.readouterr().out.splitlines()
    (step,) = [line for line in lines if "what next" in line]
    assert step.strip().startswith("what next: name one with management_points (--mp), or set site_code and dns_suffix")
    assert any(line.startswith("  network location internet: neither") for line in lines)  # as everywhere else


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  what next: name one", ["  what next: name one"]),
        ("  what next: name one, or two of them", ["  what next: name one,", "    or two of them"]),
        ("no --option is broken at its hyphen", ["no --option is broken at", "  its hyphen"]),
        ("https://one-word.that.is.longer.than.the.terminal", ["https://one-word.that.is.longer.than.the.terminal"]),
    ],
)
def test_line_on_a_narrow_terminal__goes_on_further_in(line: str, shown: list[str]) -> None:
    assert _broken(line, 24).splitlines() == shown


@pytest.mark.skipif(not hasattr(assemble.os, "geteuid"), reason="this system has no root")
@pytest.mark.parametrize(("user", "is_of_the_machine"), [(0, True), (1000, False)])
def test_store__of_root_is_where_the_service_has_it(
    user: int, *, is_of_the_machine: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cmclient.assemble.sys.platform", "linux")
    monkeypatch.setattr("os.geteuid", lambda: user)
    unit = (Path(__file__).parent.parent.parent / "docs" / "cmclient-agent.service").read_text(encoding="utf-8")
    assert (f"--store {assemble.default_store()}\n" in unit) is is_of_the_machine
