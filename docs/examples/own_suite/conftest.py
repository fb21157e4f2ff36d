"""The lab as a fixture: one site for all tests, mended after each."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cmclient.lab import Lab

Tool = Callable[[], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def site() -> Iterator[Lab]:
    """A small site on loopback sockets; it starts in less than a second."""
    with Lab() as lab:
        yield lab


@pytest.fixture
def lab(site: Lab) -> Iterator[Lab]:
    """The site without a fault and without a memory of other tests."""
    site.journal.clear()
    yield site
    for role in ("mp", "ad", "dns"):
        site.set_fault(role, None, None)


@pytest.fixture
def tool(lab: Lab, tmp_path: Path) -> Tool:
    """Runs the tool as its users do, on a machine whose settings are those of the lab."""
    settings = tmp_path / "lab.toml"
    settings.write_text(lab.settings_text(), encoding="utf-8")
    told = {"CMCLIENT_CONFIG": str(settings), "CMCLIENT_STORE": str(tmp_path / "store.sqlite3")}
    command = [sys.executable, str(Path(__file__).parent / "whichsite.py")]
    return lambda: subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | told)
