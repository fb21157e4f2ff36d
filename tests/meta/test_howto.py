"""The how-to pages show what the commands print now."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import howtopages
import pytest

from cmclient.cli import codes
from cmclient.cli.main import main

PAGE = """\
# A page

<!-- exit: 9 lines: 1 3- -->
```console
$ python -m cmclient doctor --lab
```

```text
1 warning
…
three
```
"""
PRINTED = howtopages.Printed(9, "1 warning\ntwo\nthree\n")


@pytest.mark.parametrize("page", howtopages.pages(), ids=lambda page: page.stem)
def test_howto_page__shows_what_its_commands_print(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    shown = len(howtopages.parse_shown(text))
    assert text.count("```console") == shown, "one command in each console block"
    assert text.count("```text") == shown, "output stands below its command, and nowhere else"
    made = howtopages.rewritten(text, howtopages.run_all(text, tmp_path))
    assert howtopages.mask(text) == howtopages.mask(made), "run: python tests/howtopages.py"


def test_lines_for_scripts__give_management_point_and_site_code(tmp_path: Path) -> None:
    command = tmp_path / "cmclient"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cmclient "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    page = (howtopages.FOLDER / "04-site-code-in-a-script.md").read_text(encoding="utf-8")
    shell, python = (re.findall(rf"```{language}\n(.*?)\n```", page, re.DOTALL)[0] for language in ("sh", "python"))
    for line in (["sh", "-c", shell], [sys.executable, "-c", f"{python}; print(site, mp)"]):
        done = subprocess.run(line, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - as shown
        assert done.stdout == "P01 mp2.corp.contoso.test\n"


def test_setup_lines_to_start_from__pass_the_check() -> None:
    page = (howtopages.FOLDER / "02-install-command-line.md").read_text(encoding="utf-8")
    table = page.partition("## Lines to start from")[2].partition("## ")[0]
    lines = re.findall(r"`cmclient (setup-line check [^`]+)`", table)
    assert len(lines) == 5
    assert [main(shlex.split(line)) for line in lines] == [codes.DONE] * 5


def test_rewritten__same_output__page_stays() -> None:
    assert howtopages.rewritten(PAGE, [PRINTED]) == PAGE


def test_rewritten__other_output__stands_in_the_page() -> None:
    assert howtopages.rewritten(PAGE, [PRINTED._replace(output="1 error\ntwo\nthree\n")]) == PAGE.replace(
        "1 warning", "1 error"
    )


def test_rewritten__no_block_yet__is_made() -> None:
    made = howtopages.rewritten(PAGE[: PAGE.index("\n```text")], [PRINTED])
    assert made == PAGE


def test_rewritten__only_what_differs_by_run__stays_as_it_was() -> None:
    page = PAGE.replace("three", "answered in 5 ms")
    assert howtopages.rewritten(page, [PRINTED._replace(output="1 warning\ntwo\nanswered in 17 ms\n")]) == page


@pytest.mark.parametrize("printed", [PRINTED._replace(code=0), PRINTED._replace(output="1 warning\ntwo\n")])
def test_rewritten__other_code_or_missing_line__is_refused(printed: howtopages.Printed) -> None:
    with pytest.raises(ValueError, match=r"exit code 0, not 9|there are 2 lines"):
        howtopages.rewritten(PAGE, [printed])


@pytest.mark.parametrize(
    ("lines", "short"),
    [
        ("", "a\nb\nc\nd\n"),
        ("1-2", "a\nb\n…\n"),
        ("2-", "…\nb\nc\nd\n"),
        ("1 3", "a\n…\nc\n…\n"),
        ("1-2 3-4", "a\nb\nc\nd\n"),
    ],
)
def test_shorten(lines: str, short: str) -> None:
    assert howtopages.shorten("a\nb\nc\nd\n", lines) == short


@pytest.mark.parametrize("lines", ["5", "1-5", "3 2", "0"])
def test_shorten__lines_that_are_not_there__is_refused(lines: str) -> None:
    with pytest.raises(ValueError, match="there are 4 lines"):
        howtopages.shorten("a\nb\nc\nd\n", lines)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://mp1.corp.contoso.test:21704/x", "http://mp1.corp.contoso.test:31999/x"),
        ("answered in 5 ms", "answered in 117 ms"),
        ("fine (0.6 s)", "fine (12.3 s)"),
        ("until 2027-11-21, and", "until 2028-01-02, and"),
        ("at 2026-11-21T10:00:00+00:00.", "at 2027-01-02T03:04:05.678+00:00."),
        ("lab /tmp/cmclient-lab-a1/lab.toml;", "lab /var/tmp/cmclient-lab-b_2/lab.toml;"),
        ("written, 68,813 MiB free", "written, 9 MiB free"),
        ("thumbprint 0123456789abcdef0123", "thumbprint ABCDEF0123456789ABCD"),
        ("the next try is in 1532 s", "the next try is in 900 s"),
        ("  next try in 25 min; x", "  next try in 2 min; x"),
        ("failed   1 s        once   http", "failed  12 s        once   http"),
        ("mp1   5 ms   local", "mp1   117 ms  local"),
        ("a  \nb", "a\nb"),
    ],
)
def test_mask__what_differs_by_run__is_equal(one: str, other: str) -> None:
    assert howtopages.mask(one) == howtopages.mask(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://mp1:80", "http://mp1:443"),
        ("in 5 ms", "in 5 s"),
        ("after 20 minutes", "after 60 minutes"),
        ("dp    20 min   dp1", "dp    60 min   dp1"),
        ("2 errors", "3 errors"),
        ("0x87d00215", "0x87d00454"),
        ("  indented", "    indented"),
        ("MP-003", "MP-005"),
        ("/etc/cmclient/a.toml", "/etc/cmclient/b.toml"),
    ],
)
def test_mask__what_says_something__is_not(one: str, other: str) -> None:
    assert howtopages.mask(one) != howtopages.mask(other)
