"""The bar of ``cmclient fetch``: what a person at a terminal sees, and that nobody else does."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")

CONTENT = ("P0100003", "target", "--lab", "--set", "content_rate=700000")
SETUP = ("--client-package", "target", "--lab", "--set", "content_rate=900000")


def on_a_terminal(folder: Path, *arguments: str) -> str:
    """Run it with a terminal as its standard error; what was written there, without colours."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "cmclient", "fetch", *arguments]
    environment = os.environ | {"COLUMNS": "140", "TERM": "xterm"}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=theirs) as child:  # noqa: S603
        os.close(theirs)
        said = b"".join(iter(lambda: _read(ours), b""))
        assert child.stdout is not None
        child.stdout.read()
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode("utf-8", "replace"))


def _read(number: int) -> bytes:
    try:
        return os.read(number, 65_536)
    except OSError:  # how a terminal ends
        return b""


@pytest.mark.parametrize(
    ("arguments", "file"),
    [(CONTENT, r"data1\.cab"), (SETUP, r"(client\.msi|\w+\.exe)")],  # a busy machine shows a speed at the second first
    ids=["sizes known", "sizes not known"],
)
def test_bar__shows_file_source_and_speed_as_they_change(tmp_path: Path, arguments: tuple[str, ...], file: str) -> None:
    said = on_a_terminal(tmp_path, *arguments)
    assert re.search(rf"[1-9]\d*\.\d [kM]B/s .*{file} from dp1\.corp", said)
    assert len(set(re.findall(r"(\d+\.\d)/(?:1\.0|\?) [kM]B", said))) > 1


def test_bar__shows_the_time_that_is_left_and_why_a_source_was_left(tmp_path: Path) -> None:
    said = on_a_terminal(tmp_path, *CONTENT)
    assert re.search(r"0:00:0[1-9] data1\.cab", said)
    assert "left: https://pc043.corp.contoso.test" in said


def test_wait__says_what_for(tmp_path: Path) -> None:
    where = ("--version", "3", "--lab", "--address", "127.99.0.1/24")
    said = on_a_terminal(tmp_path, "P0100001", "target", *where, "--deadline", "4")
    assert "no source now: the client is in no boundary group" in said
    assert "no source for 1 s" in said


def test_nobody_looks__nothing_but_the_result_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cmclient", "fetch", *SETUP]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603
    assert done.stderr == ""
