"""An agent in a process of its own and two real management points, of which one dies under load and comes back."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest
import trustme
from integration.conftest import require_programs
from integration.daemons import AddressBlock, Daemon, claim_addresses
from integration.hierarchy import ManagementPoint, require
from integration.servers import PROGRAMS, Hit, NameServer, WebServer

pytestmark = pytest.mark.integration

PATIENCE = 30.0  # seconds that anything may take
INTERVAL = 1.0  # seconds between two checks
LOAD = 4  # others who ask all the time


class Point:
    """A management point with an nginx of its own."""

    def __init__(self, mp: ManagementPoint, folder: Path, block: AddressBlock, authority: trustme.CA) -> None:
        folder.mkdir()
        self.url = mp.url
        self.address, self.port = mp.address_in(block), mp.port
        self.server = WebServer(folder, block=block, authority=authority, points=[mp])
        self.daemon: Daemon = self.server.start()

    def dies(self) -> None:
        self.daemon.stop()

    def returns(self) -> None:
        self.daemon = self.server.start()

    def answers(self, client: str) -> list[Hit]:
        """What the client was answered."""
        return [hit for hit in self.server.hits() if hit.client == client]


class Running:
    """An agent that runs, and the lines that it prints."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "cmclient", "agent", *arguments, "--format", "json"],
            stdout=subprocess.PIPE,
            text=True,
        )

    def await_event(self, name: str) -> dict[str, Any]:
        """The next event, which is of that name."""
        timer = threading.Timer(PATIENCE, self.process.kill)
        timer.start()
        try:
            assert self.process.stdout is not None
            line = self.process.stdout.readline()
        finally:
            timer.cancel()
        event: dict[str, Any] = json.loads(line or "{}")
        assert event.get("event") == name, event
        return event

    def end(self) -> list[dict[str, Any]]:
        """What it printed since the last event, the status last."""
        self.process.terminate()
        told, _ = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0
        return [json.loads(line) for line in told.splitlines()]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def agent(*arguments: str) -> Iterator[Running]:
    running = Running(*arguments)
    try:
        yield running
    finally:
        running.kill()


@contextmanager
def load(point: Point, client: str) -> Iterator[None]:
    """Others ask all the time, whether they are answered or not."""
    over = threading.Event()

    def ask() -> None:
        while not over.wait(0.01):
            connection = HTTPConnection(point.address, point.port, timeout=5.0, source_address=(client, 0))
            try:
                connection.request("GET", "/SMS_MP/.sms_aut?MPLIST")
                connection.getresponse().read()
            except (OSError, HTTPException):
                pass
            finally:
                connection.close()

    threads = [threading.Thread(target=ask) for _ in range(LOAD)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def await_answers(point: Point, client: str, more: int) -> None:
    """Wait until a management point has answered a client so many times more."""
    wanted, end = len(point.answers(client)) + more, time.monotonic() + PATIENCE
    pause = threading.Event()
    while len(point.answers(client)) < wanted:
        assert time.monotonic() < end, "it is asked no more"
        pause.wait(0.1)


@pytest.mark.rule("ST-001", "ST-002", "ST-010")
def test_one_dies_under_load_and_returns(tmp_path: Path) -> None:
    require_programs(*PROGRAMS)
    with ExitStack() as stack:
        block = stack.enter_context(claim_addresses())
        authority = trustme.CA()
        (tmp_path / "dns").mkdir()
        names = NameServer(tmp_path / "dns", block=block, services={})
        stack.enter_context(names.start())
        points = [Point(require(short), tmp_path / short, block, authority) for short in ("par1", "par2")]
        for point in points:
            stack.callback(lambda point=point: point.daemon.stop())
        client, others = block.address(3, 50), block.address(3, 60)
        settings = {
            "management_points": ";".join(point.url.removeprefix("http://") for point in points),
            "site_code": "PAR",
            "http_port": points[0].port,
            "dns_servers": names.server,
            "bind_address": client,
            "agent_probe_interval": INTERVAL,
            "connect_timeout": 2,
            "attempt_timeout": 3,
        }
        arguments = [f"--set={name}={value}" for name, value in settings.items()]
        arguments += ["--store", str(tmp_path / "store.sqlite3")]

        with agent(*arguments) as running:
            running.await_event("located")
            used, other = _find_used(points, client)
            with load(used, others):
                await_answers(used, others, 50)
                began, before = time.monotonic(), (len(used.answers(client)), len(other.answers(client)))
                used.dies()
                left = running.await_event("rotated")
                assert (left["left"], left["endpoint"], left["rule"]) == (used.url, other.url, "ST-002")
                await_answers(other, client, 4)
                used.returns()
                await_answers(used, others, 50)
                await_answers(other, client, 4)
            more = len(used.answers(client)) - before[0]
            assert more <= 1, "what was left is asked no more although it is back; one check may just have been made"
            seconds = time.monotonic() - began
            asked = len(other.answers(client)) - before[1]
            assert 8 <= asked <= seconds / INTERVAL + 1, "checks, and nothing besides"
            (status,) = running.end()
            assert (status["phase"], status["endpoint"]["host"] in other.url) == ("held", True)

        with agent(*arguments) as running:  # a service that starts refreshes
            running.await_event("located")
            await_answers(other, client, 3)
            with load(other, others):
                await_answers(other, others, 50)
                other.dies()
                left = running.await_event("rotated")
            assert (left["left"], left["endpoint"], left["rule"]) == (other.url, used.url, "ST-002")
            await_answers(used, client, 3)
            (status,) = running.end()
            assert (status["phase"], status["failures"]) == ("held", 0)


def _find_used(points: list[Point], client: str) -> tuple[Point, Point]:
    """The one that is checked, and the other one."""
    before = [len(point.answers(client)) for point in points]
    end, pause = time.monotonic() + PATIENCE, threading.Event()
    while time.monotonic() < end:
        more = [len(point.answers(client)) - count for point, count in zip(points, before, strict=True)]
        if max(more) >= 3 > min(more) == 0:
            return (points[0], points[1]) if more[0] else (points[1], points[0])
        pause.wait(0.1)
    raise AssertionError("none of them is checked")
