"""The entry point: finding the command, help, exit codes, errors in words."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from docpages import commands

from cmclient import errors
from cmclient.cli import codes
from cmclient.cli.commands import COMMANDS, HELP
from cmclient.cli.main import main


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """The real command, in a process of its own."""
    command = [sys.executable, "-m", "cmclient", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **options)  # type: ignore[call-overload,no-any-return]  # noqa: S603


def test_no_arguments__prints_help_and_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == codes.USAGE
    assert capsys.readouterr().out == HELP


def test_help__names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == codes.DONE
    shown = capsys.readouterr().out
    for name, (_, text) in COMMANDS.items():
        assert f"  {name} " in shown
        assert text in shown


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_help_of_a_command__works(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main([*words, "--help"])
    except SystemExit as ended:  # which is how argparse ends
        code = ended.code if isinstance(ended.code, int) else -1
    assert code == 0
    assert f"usage: cmclient {' '.join(words)}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "'boundaries' needs an action"),
        (["--format", "json"], "'boundaries' needs an action"),
        (["mach"], "'boundaries' has no action 'mach'; did you mean 'match'?"),
    ],
)
def test_action__missing_or_unknown(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boundaries", *arguments]) == codes.USAGE
    told = capsys.readouterr().err
    assert said in told
    assert "'cmclient boundaries --help' lists them" in told


@pytest.mark.parametrize(("command", "near", "meant"), [("cert", "lst", "list"), ("setup-line", "chek", "check")])
def test_action__misspelt_where_there_is_but_one(
    command: str, near: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, near]) == codes.USAGE
    assert f"has no action '{near}'; did you mean '{meant}'?" in capsys.readouterr().err


def test_unknown_command__suggests_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["locat"]) == codes.USAGE
    assert "did you mean 'locate'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--format", "json", "config", "show"],
        ["config", "show", "--format", "json"],
        ["--format=json", "config", "show"],
        ["--site-code", "ABC", "--format", "json", "config", "show"],
    ],
)
def test_options__before_or_after_the_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == codes.DONE
    assert json.loads(capsys.readouterr().out)["deadline"]["value"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("rules", "MP-003", "--format", "json", "DN-004"),
        ("rules", "--format", "json", "MP-003", "DN-004"),
        ("rules", "MP-003", "DN-004", "--format", "json"),
    ],
)
def test_options_between_words__as_before_or_after_them(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == codes.DONE
    assert {one["id"] for one in json.loads(capsys.readouterr().out)} == {"MP-003", "DN-004"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fetch", "ABC00001", "--verson", "3", "there"), "there is no option '--verson'; did you mean '--version'?\n"),
        (("fetch", "ABC00001", "--verson=3", "there"), "there is no option '--verson'; did you mean '--version'?\n"),
        (("agent", "--qqqq", "x"), "there is no option '--qqqq'\n"),
        (("agent", "--nosuch", "x"), "there is no option '--nosuch'\n"),
        (("locate", "--verbose"), "there is no option '--verbose'; use '--log-level debug'\n"),
        (("locate", "-v"), "there is no option '-v'; use '--log-level debug'\n"),
        (("locate", "--json"), "there is no option '--json'; use '--format json'\n"),
        (
            ("fetch", "ABC00001", "--version", "3", "there", "too much"),
            "not understood: too much; a value stands behind its option, words with blanks in quotes\n",
        ),
        (("content", "--version", "3"), "the following arguments are required: ID\n"),
    ],
)
def test_option_or_word_that_there_is_not__is_named(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == codes.USAGE
    assert capsys.readouterr().err.endswith(said)


def test_word_that_looks_like_an_option__may_follow_two_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--", "--qqqq"]) == codes.USAGE
    assert "there is no rule '--QQQQ'" in capsys.readouterr().err


def test_options_without_a_command__is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--format", "json"]) == codes.USAGE
    assert "no command" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NoManagementPointFoundError("x", location=None), 3),
        (errors.NoEligibleManagementPointError("x", location=None), 4),
        (errors.NoReachableManagementPointError("x", location=None), 5),
        (errors.TrustRefusedError("x", location=None), 6),
        (errors.ConfigError(("x",)), 2),
        (errors.InvalidValueError("x", "y", "z"), 2),
        (errors.ReplayError("x"), 2),
        (errors.StoreError("x"), 1),
    ],
)
def test_exit_codes(error: errors.CmClientError, code: int) -> None:
    assert codes.code_of(error) == code


def test_wrong_settings__are_all_told_at_once_without_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('site_code = "TOOLONG"\nsite_cod = "ABC"\nhttp_port = 0\n')
    done = run("config", "show", "--config", str(path))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert all(word in done.stderr for word in ("TOOLONG", "site_cod", "http_port"))


def test_set__takes_any_setting_and_refuses_what_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show", "--set", "dns-suffix=corp.test", "--changed"]) == 0
    assert "dns_suffix = corp.test" in capsys.readouterr().out
    assert main(["config", "show", "--changed"]) == 0
    assert capsys.readouterr().out == "every setting is at its default\n"
    assert main(["config", "show", "--set", "nonsense"]) == codes.USAGE
    assert main(["config", "show", "--set", "dns_sufix=corp.test"]) == codes.USAGE
    assert "dns_suffix" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--address", "300.1.2.3"),
        ("--address", "10.1.2.3/99"),
        ("--ad-site", "a\nb"),
        ("--forest", "ümlaut.test"),
        ("--site-code", "ABCD"),
        ("--facts", "/nonexistent"),
        ("--deadline", "soon"),
        ("--lab-fault", "mp=refuse"),
        ("--mp", "http://"),
    ],
)
def test_bad_input__a_clear_error_and_no_traceback(
    arguments: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["locate", "--offline", *arguments]) == codes.USAGE
    told = capsys.readouterr().err
    assert told.startswith("cmclient: ")
    assert "\n  what next: " in told or arguments[0] != "--lab-fault"


def test_nothing_stored__exit_code_3_and_what_to_do(tmp_path: Path) -> None:
    done = run("locate", "--offline", "--store", str(tmp_path / "store"))
    assert done.returncode == 3
    assert "No management point" in done.stdout


def test_output_that_nobody_reads__ends_quietly() -> None:
    command = f"{sys.executable} -m cmclient --help | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)  # noqa: S603, S607
    assert "Traceback" not in done.stderr


def test_help__with_options_before_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--format", "json", "--help"]) == codes.DONE
    assert capsys.readouterr().out == HELP


@pytest.mark.parametrize("name", ["ca_file", "directory_ca_file"])
def test_certificates_to_trust_that_cannot_be_read__are_our_fault_and_nobody_elses(name: str, tmp_path: Path) -> None:
    garbage = tmp_path / "ca.pem"
    garbage.write_text("garbage")
    for path in (tmp_path / "missing.pem", garbage):
        done = run("locate", "--lab", "--set", f"{name}={path}")
        assert done.returncode == 2
        assert f"{name} (option --set): no certificates can be read from {path}" in done.stderr


def test_config_with_lab__is_refused_instead_of_ignored() -> None:
    assert "no say in a lab" in run("locate", "--lab", "--config", "x.toml").stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written__is_said() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cmclient", "rules"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith("cmclient: the output, or a temporary file, cannot be written: No space left")


def test_output_that_is_closed__does_not_matter() -> None:
    command = f"{sys.executable} -m cmclient config show >&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)  # noqa: S603, S607
    assert (done.returncode, done.stderr) == (0, "")


def test_output_in_ascii__shows_other_characters_escaped() -> None:
    done = run("rules", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "arguments", [("lab", "serve", "--write-config", "/nonexistent/x"), ("lab", "describe", "--lab-file", "/dev/zero")]
)
def test_lab__files_that_cannot_be__are_usage_errors(arguments: tuple[str, ...]) -> None:
    done = run("lab", *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("arguments", "code", "handler"),
    [
        (["assign", "--wait", "--lab", "--site-code", "AUTO", "--domain", ""], codes.INTERRUPTED, "SIG_IGN"),
        (["--version"], codes.DONE, "default_int_handler"),
    ],
)
def test_interrupted__once_more_while_it_ends_does_not_count(arguments: list[str], code: int, handler: str) -> None:
    script = (
        "import signal, sys\n"
        "from cmclient.__main__ import run\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # as in the foreground
        "signal.signal(signal.SIGALRM, signal.default_int_handler)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.3)\n"
        "code = run()\n"
        "signal.setitimer(signal.ITIMER_REAL, 0)\n"
        "found = signal.getsignal(signal.SIGINT)\n"
        "print(getattr(found, 'name', found.__class__.__name__), getattr(found, '__name__', ''), file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    assert done.returncode == code, done.stderr
    assert handler in done.stderr.splitlines()[-1]
