"""The how-to pages show what commands print; ``python tests/howtopages.py [PAGE ...]`` writes that into them.

A page has blocks such as this one; the comment is left out where it says nothing::

    <!-- exit: 9 lines: 1-4 12 20- -->
    ```console
    $ python -m cmclient doctor --lab
    ```

    ```text
    ```

The command ends with that code (else 0), and the text block holds those lines of what it prints, errors included
(else all of them), with ``…`` for each stretch that is left out. Nobody writes it by hand: a test runs the command and
compares, all but what differs by run. Commands of a page run in its order and in one folder, so a later one may use
what an earlier one wrote; the folder has what ``READ`` names.
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "howto"

# What the commands of a page may read: the examples, and the recorded logs.
READ = ("docs/example", "tests/vectors/logs")

_BLOCK = re.compile(
    r"(?P<head>(?:<!-- (?P<options>(?:exit|lines): [^>]*) -->\n)?```console\n\$ (?P<command>[^\n]*)\n```\n)"
    r"(?:\n*```text\n(?P<output>.*?)```\n)?",
    re.DOTALL,
)
_OPTIONS = re.compile(r"(?:exit: (\d+))? ?(?:lines: ((?:\d+(?:-\d*)? ?)+))?")

# What differs from run to run: ports of the lab, how long things took, dates, waits that are random, serial numbers,
# folders made for the run, room on a disk. Columns are as wide as what stands in them.
_MASKS = (
    (re.compile(r"/\S*/cmclient-(?:lab-)?\w+/"), "/FOLDER/"),
    (re.compile(r":(?:2\d|3[01])\d{3}\b"), ":PORT"),
    (re.compile(r"\b\d+ ms\b"), "N ms"),
    (re.compile(r"\b\d+\.\d s\b"), "N s"),
    (re.compile(r"\b20\d\d-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?"), "DATE"),
    (re.compile(r"\bnext try (?:is )?in \d+ (?:s|min)\b"), "next try in N"),
    (re.compile(r"\b\d+ s(?= +once\b)"), "N s"),
    (re.compile(r"\b[0-9a-fA-F]{16,}\b"), "SERIAL"),
    (re.compile(r"\b[\d,]+ MiB free"), "N MiB free"),
    (re.compile(r"(?<=\S) +"), " "),
    (re.compile(r" +$", re.MULTILINE), ""),
)


class Shown(NamedTuple):
    """A command that a page shows.

    Attributes:
        command: As people type it.
        code: The exit code that the page says it has.
        lines: Which lines of its output the page shows, such as ``1-4 20-``; empty for all.
        output: What stands below it; None when there is no block for it.
    """

    command: str
    code: int
    lines: str
    output: str | None


class Printed(NamedTuple):
    """What a command did."""

    code: int
    output: str


def pages() -> list[Path]:
    """Every how-to page, by name."""
    return sorted(FOLDER.glob("*.md"))


def parse_shown(text: str) -> list[Shown]:
    """The commands of a page, in its order."""
    return [_shown(found) for found in _BLOCK.finditer(text)]


def _shown(found: re.Match[str]) -> Shown:
    options = _OPTIONS.fullmatch(found["options"] or "")
    if options is None:
        raise ValueError(f"not 'exit: N' and 'lines: 1-4 20-', in this order: {found['options']}")
    return Shown(found["command"], int(options[1] or 0), options[2] or "", found["output"])


def mask(text: str) -> str:
    """The text without what differs by run; two runs of one command are equal by it."""
    for pattern, name in _MASKS:
        text = pattern.sub(name, text)
    return text


def shorten(output: str, lines: str) -> str:
    """These lines of an output, and ``…`` for each stretch that is left out; all of it when none are named.

    Raises:
        ValueError: The output has no such line, or a stretch goes back.
    """
    have = output.splitlines()
    kept, done = [], 0
    for stretch in lines.split() or ["1-"]:
        first, dash, last = stretch.partition("-")
        start, end = int(first) - 1, int(last) if last else len(have) if dash else int(first)
        if not done <= start < end <= len(have):
            raise ValueError(f"there are {len(have)} lines, and {stretch} is asked for")
        kept += ["…"] * (start > done) + have[start:end]
        done = end
    return "\n".join([*kept, *["…"] * (done < len(have))]) + "\n"


def run_all(text: str, folder: Path) -> list[Printed]:
    """Run the commands of a page one after the other, in this empty folder."""
    for name in READ:
        shutil.copytree(ROOT / name, folder / name, dirs_exist_ok=True)
    return [_run(shown.command, folder) for shown in parse_shown(text)]


def _run(command: str, folder: Path) -> Printed:
    words = shlex.split(command)
    if words[:3] != ["python", "-m", "cmclient"]:
        raise ValueError(f"show the command as people type it: python -m cmclient, not {command}")
    done = subprocess.run(  # noqa: S603 - a command of our own documentation
        [sys.executable, *words[1:]],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
        cwd=folder,
        env={**_environment(folder), "CMCLIENT_RACE_STAGGER": "1"},  # of equals the first, on a busy machine too
    )
    return Printed(done.returncode, done.stdout)


def _environment(folder: Path) -> dict[str, str]:
    """That of somebody who has set nothing."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CMCLIENT_", "XDG_"))}
    return {**kept, "HOME": str(folder), "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "COLUMNS": "120"}


def rewritten(text: str, printed: list[Printed]) -> str:
    """The page with what its commands printed now; where only what differs by run is different, it stays.

    Raises:
        ValueError: A command ended with another code than the page says, or its lines are not there.
    """
    left = iter(printed)

    def block(found: re.Match[str]) -> str:
        shown, now = _shown(found), next(left)
        if now.code != shown.code:
            raise ValueError(f"exit code {now.code}, not {shown.code}: {shown.command}\n{now.output}")
        short = shorten(now.output, shown.lines)
        same = shown.output is not None and mask(short) == mask(shown.output)
        return found["head"] + "\n```text\n" + (shown.output if same and shown.output else short) + "```\n"

    return _BLOCK.sub(block, text)


def write() -> None:
    """Write the pages that are named, or all."""
    parser = argparse.ArgumentParser(description="Write what commands print into the how-to pages.")
    parser.add_argument("page", nargs="*", type=Path)
    for page in parser.parse_args().page or pages():
        text = page.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            page.write_text(rewritten(text, run_all(text, Path(folder))), encoding="utf-8")


if __name__ == "__main__":
    write()
