"""Completion and the manual page do in a real shell, and in a real roff, what they are there for."""

import shutil
import subprocess
from pathlib import Path

import docpages
import pytest

SHELL = docpages.DOCS / "shell"
PAGE = docpages.DOCS / "man" / "cmclient.1"

# What stands on the line; what is offered for the last word; what is not.
LINES = [
    ("cmclient lo", {"locate", "log"}, {"discover"}),
    ("cmclient boundaries ", {"match", "plan", "check", "show", "import"}, {"locate"}),
    ("cmclient boundaries match --d", {"--data"}, {"--deadline"}),
    ("cmclient locate --d", {"--data", "--deadline", "--dns-suffix", "--domain"}, {"--html"}),
    ("cmclient locate --client-kind m", {"mac", "mobile", "mdm"}, {"windows"}),
    ("cmclient --format json locate --off", {"--offline"}, set()),
    ("cmclient locate --facts fac", {"facts.json"}, {"facts"}),
    ("cmclient fetch --client-package fo", {"folder"}, {"forest.txt"}),
]


def required(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "facts.json").touch()
    (tmp_path / "forest.txt").touch()
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.parametrize(("line", "offered", "other"), LINES, ids=[line for line, _, _ in LINES])
def test_bash__offers(line: str, offered: set[str], other: set[str], folder: Path) -> None:
    words = line.split(" ")
    script = (
        f'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD={len(words) - 1}; '
        "$(complete -p cmclient | sed 's/.* -F \\([^ ]*\\) .*/\\1/') 2>&-; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    command = [required("bash"), "--norc", "-c", script, "-", str(SHELL / "cmclient.bash"), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)  # noqa: S603
    found = set(done.stdout.splitlines())
    assert offered <= found
    assert not other & found


@pytest.mark.parametrize(("line", "offered", "other"), LINES, ids=[line for line, _, _ in LINES])
def test_fish__offers(line: str, offered: set[str], other: set[str], folder: Path) -> None:
    script = f"source {SHELL / 'cmclient.fish'}; complete -C {line!r}"
    command = [required("fish"), "--no-config", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)  # noqa: S603
    found = {one.partition("\t")[0].rstrip("/") for one in done.stdout.splitlines()}
    assert offered <= found
    assert not other & found


def test_zsh__reads_its_completion() -> None:
    done = subprocess.run([required("zsh"), "-n", str(SHELL / "_cmclient")], capture_output=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, b"")
    assert (
        (SHELL / "_cmclient").read_text(encoding="utf-8").startswith("#compdef cmclient\n")
    )  # else zsh does not see it


def test_manual_page__groff_has_nothing_to_say_and_shows_what_can_be_copied() -> None:
    command = [required("groff"), "-ww", "-man", "-Tascii", "-P-c", "-P-b", "-P-u", str(PAGE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stderr == ""
    assert "       --client-kind windows|mac|mobile|mdm|exchange|legacy-mobile\n" in done.stdout
    assert "'facts --format json'" in done.stdout  # quotes and hyphens as they are typed


def test_manual_page__tells_of_each_command_and_no_option_that_is_shared_twice() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for words in docpages.commands():
        assert f'.SS "cmclient {" ".join(words).replace("-", chr(92) + "-")} ' in text
    assert text.count("\\fB\\-\\-setup\\-line\\fR") == 1
