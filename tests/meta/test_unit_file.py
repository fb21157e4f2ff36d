"""The unit of systemd: systemd understands it, and little is open to it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parent.parent.parent / "docs" / "cmclient-agent.service"


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a command that is there, for systemd looks."""
    copied = tmp_path / UNIT.name
    copied.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text("utf-8")), "utf-8")
    return copied


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run([found, *arguments], capture_output=True, text=True, check=False)  # noqa: S603


@pytest.mark.slow
def test_unit__systemd_has_nothing_to_say(unit: Path) -> None:
    done = analyze("verify", str(unit))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_unit__is_closed_but_for_what_it_needs(unit: Path) -> None:
    done = analyze("security", "--offline=true", "--threshold=20", str(unit))  # of 100; without any option it is 96
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze judges running units only")
    assert done.returncode == 0, done.stdout
