"""Telling systemd, on a socket that plays it."""

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmclient.adapters.supervisor import Supervisor


class Manager:
    """A service manager that reads what it is told."""

    def __init__(self, address: str) -> None:
        self.channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.channel.bind("\0" + address[1:] if address.startswith("@") else address)
        self.channel.settimeout(0)
        self.environ = {"NOTIFY_SOCKET": address}

    def heard(self) -> list[bytes]:
        told = []
        while True:
            try:
                told.append(self.channel.recv(4096))
            except BlockingIOError:
                return told


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    address = str(tmp_path / "notify") if request.param == "path" else f"@cmclient-test-{tmp_path.name}"
    manager = Manager(address)
    with manager.channel:
        yield manager


def test_manager__is_told(manager: Manager) -> None:
    supervisor = Supervisor(manager.environ | {"WATCHDOG_USEC": "30000000"})
    supervisor.ready()
    supervisor.status("located mp1\nand more")
    supervisor.alive()
    supervisor.stopping()
    assert manager.heard() == [b"READY=1", b"STATUS=located mp1 and more", b"WATCHDOG=1", b"STOPPING=1"]


def test_manager__that_has_no_watchdog_is_not_told_that_all_is_well(manager: Manager) -> None:
    supervisor = Supervisor(manager.environ)
    supervisor.alive()
    assert supervisor.watchdog_seconds is None
    assert manager.heard() == []


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "77"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "78"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_watchdog__is_for_this_process_and_a_time(environ: dict[str, str], expected: float | None) -> None:
    assert Supervisor(environ, pid=77).watchdog_seconds == expected


@pytest.mark.parametrize("address", ["", "relative", "vsock:2:1234"])
def test_nobody__asked_to_be_told(address: str) -> None:
    Supervisor({"NOTIFY_SOCKET": address}).ready()


def test_manager__gone_is_said_and_nothing_fails(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Supervisor({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()
    assert "cannot be told" in caplog.text
