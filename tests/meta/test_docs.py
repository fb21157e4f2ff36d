"""The documentation says what the code does: made pages are current, and every command in it runs."""

import argparse
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import docpages
import howtopages
import pytest

from cmclient.cli.commands import COMMANDS
from cmclient.cli.options import add_output

# Commands that take something; in the text they may be named alone.
NEEDS_MORE = {
    "replay": ["FILE"],
    "setup-line": ["check", "LINE"],
    "config": ["show"],
    "lab": ["describe"],
    "boundaries": ["match", "--data", "FILE"],
}

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

# A console block shows a command and what it prints; <!-- exit: N --> before it says which code it ends with.
BLOCK = re.compile(r"(?:<!-- exit: (\d+) -->\n\n?)?```console\n(.*?)```", re.DOTALL)


def commands() -> list[tuple[Path, str, int]]:
    return [
        (page.relative_to(ROOT), line[2:], int(code or 0))
        for page in PAGES
        if page not in howtopages.pages()  # test_howto.py runs those, and looks at what they print
        for code, block in BLOCK.findall(page.read_text(encoding="utf-8"))
        for line in block.splitlines()
        if line.startswith("$ ")
    ]


@pytest.mark.parametrize("name", docpages.PAGES)
def test_made_page__is_current(name: str) -> None:
    if name == "cli.md" and sys.version_info[:2] != (3, 11):
        pytest.skip("each Python lays help out in its own way; the page is made with 3.11")
    made = docpages.PAGES[name]()
    assert (docpages.DOCS / name).read_text(encoding="utf-8") == made, "run: python tests/docpages.py"


@pytest.mark.parametrize(("page", "line", "code"), commands(), ids=lambda value: str(value)[:60])
def test_command_in_the_docs__runs(page: Path, line: str, code: int, tmp_path: Path) -> None:
    words = shlex.split(line.replace(".venv/bin/python", "python"))
    redirected = words[words.index(">") + 1] if ">" in words else None
    words = words[: words.index(">")] if redirected else words
    assert words[:3] == ["python", "-m", "cmclient"], f"{page}: show the command as people type it"
    folder = tmp_path_factory_folder(tmp_path)
    done = subprocess.run(  # noqa: S603 - a command of our own documentation
        [sys.executable, *words[1:]], capture_output=True, text=True, check=False, timeout=60, cwd=folder
    )
    assert done.returncode == code, done.stderr
    if redirected:
        (folder / redirected).write_text(done.stdout, encoding="utf-8")


def tmp_path_factory_folder(tmp_path: Path) -> Path:
    """One folder for all commands of a run: a later one may use what an earlier one wrote."""
    folder = tmp_path.parent / "docs-commands"
    if not folder.exists():
        shutil.copytree(ROOT / "docs" / "example", folder / "docs" / "example")
    return folder


# What needs a real site cannot be run here; that the command understands it can be shown.
INLINE = re.compile(r"`(cmclient [^`]+)`")


def inline_commands() -> list[tuple[Path, str]]:
    return [
        (page.relative_to(ROOT), line)
        for page in PAGES
        for line in INLINE.findall(page.read_text(encoding="utf-8"))
        if line.split()[1] in COMMANDS
    ]


@pytest.mark.parametrize(("page", "line"), inline_commands(), ids=lambda value: str(value)[:60])
def test_command_in_the_text__is_understood(page: Path, line: str) -> None:
    name, *arguments = shlex.split(line)[1:]
    module = import_module(f"cmclient.cli.{COMMANDS[name][0]}")
    if actions := getattr(module, "ACTIONS", None):
        module = import_module(f"{module.__name__}.{actions[arguments.pop(0)][0]}")
    parser = argparse.ArgumentParser(exit_on_error=False)
    module.configure(parser)
    add_output(parser)
    complete = arguments if arguments or name not in NEEDS_MORE else NEEDS_MORE[name]
    assert parser.parse_args(complete) is not None, page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page__is_no_half_merge(page: Path) -> None:
    assert not re.search(r"^(<{7}|={7}|>{7})( |$)", page.read_text(encoding="utf-8"), re.MULTILINE)


# Pages that stand inside another one, and are none by themselves.
INSIDE = {ROOT / "docs" / name for name in runpy.run_path(str(ROOT / "docs" / "conf.py"))["exclude_patterns"]}
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page__its_links_lead_to_what_is_there(page: Path) -> None:
    linked = {(page.parent / link).resolve() for link in LINK.findall(page.read_text(encoding="utf-8"))}
    assert [target for target in linked if not target.exists() or target in INSIDE] == []


def test_readme__has_two_commands_for_a_fresh_machine_and_ci_calls_the_second() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    setup, test = (block.strip() for block in blocks[:2])
    assert "locate --lab" in setup
    assert test in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
