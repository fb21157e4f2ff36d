"""Fixtures: the real servers, started once a session, and the command that is run against them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from integration import samba, servers
from integration.commandline import Command
from integration.daemons import find_missing
from integration.realsite import RealSite, start_real_site

_REQUIRED = os.environ.get("CMCLIENT_REQUIRE_INTEGRATION") == "1"


@pytest.fixture(scope="session")
def real_site() -> Iterator[RealSite]:
    """All servers, up."""
    _require_servers()
    with start_real_site() as site:
        yield site


@pytest.fixture
def trap(real_site: RealSite) -> Iterator[servers.Trap]:
    """A directory server that shows whether anybody came."""
    with servers.Trap(real_site.block.address(0, 99)) as trap:
        yield trap


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """The command, with an empty store."""
    return Command(tmp_path)


def _require_servers() -> None:
    require_programs(*samba.PROGRAMS, *servers.PROGRAMS)


def require_programs(*programs: str) -> None:
    """Skip unless this is Linux, root, and has the programs; where these tests are required, fail."""
    if sys.platform != "linux":
        _unavailable("it needs the namespaces of Linux")
    if os.geteuid() != 0:
        _unavailable("it needs root: ports below 1024, mounts or a network of its own")
    missing = find_missing(programs)
    if missing:
        _unavailable(f"not installed: {', '.join(missing)}; tests/integration/packages.txt names the packages")


def _unavailable(reason: str) -> NoReturn:
    if _REQUIRED:
        pytest.fail(f"these tests were required to run: {reason}", pytrace=False)
    pytest.skip(reason)
