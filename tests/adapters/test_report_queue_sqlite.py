"""The report queue's file: versions, damage, a full disk, two processes, kill -9."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cmclient.adapters.report_queue import SqliteReportQueue
from cmclient.adapters.report_tables import REPORT_TABLES
from cmclient.adapters.sqlite_file import Schema, SqliteFile
from cmclient.adapters.store import SCHEMA, SqliteStore
from cmclient.errors import StoreDamagedError, StoreError
from cmclient.model.decision import StoredAssignment
from cmclient.model.names import SiteCode
from cmclient.model.reports import DropCause
from cmclient.model.state import Parameter, Priority, StateMessage, TopicId
from cmclient.protocol.statexml import parse_report

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TOPIC = TopicId("{0D94311F-CB7B-4E73-94B1-75878081111C}")
POSIX = pytest.mark.skipif(os.name != "posix", reason="there is no kill -9")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "store.sqlite3"


@contextmanager
def opened(path: Path, *, read_only: bool = False, busy_seconds: float | None = None) -> Iterator[SqliteReportQueue]:
    with closing(SqliteReportQueue(SqliteFile(path, SCHEMA, read_only=read_only, busy_seconds=busy_seconds))) as queue:
        yield queue


def message(number: int = 1, text: str = "") -> StateMessage:
    return StateMessage(800, 308, TOPIC, NOON, (Parameter(f"{number}{text}"),), Priority.HIGH)


def numbers(path: Path) -> list[int]:
    with opened(path) as queue:
        return [int(one.message.parameters[0]) for one in queue.view(NOON).messages]


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


# --- the file -------------------------------------------------------------------------------------------------------


@pytest.mark.rule("FS-050")
def test_a_message_is_on_disk_when_enqueue_returns(path: Path) -> None:
    with opened(path) as queue:
        queue.enqueue(message(7), NOON)
        assert numbers(path) == [7], "another connection sees it while this one is open"


@pytest.mark.rule("FS-052")
def test_serial_numbers_rise_over_restarts(path: Path) -> None:
    serials = []
    for number in range(3):
        with opened(path) as queue:
            queue.enqueue(message(number), NOON)
            serials.append(queue.view(NOON).messages[0].serial)
            queue.accept(serials[-1])
    assert serials == [1, 2, 3]


def test_looking_at_a_queue_that_does_not_exist_creates_nothing(path: Path) -> None:
    with opened(path) as queue:
        assert queue.view(NOON).messages == ()
        assert queue.find_next(0) is None
        assert queue.last_states() == {}
        assert queue.expire(NOON) == ()
        assert queue.drop(None, DropCause.BY_HAND, NOON) == ()
    assert not path.parent.exists()


def test_store_and_queue_share_a_file(path: Path) -> None:
    with SqliteStore(path) as store, opened(path) as queue:
        store.save_assignment(StoredAssignment(SiteCode("P01")))
        queue.enqueue(message(1), NOON)
        store.replace_mp_list(())
        assert store.load_assignment() == StoredAssignment(SiteCode("P01"))
        assert len(queue.view(NOON).messages) == 1


def test_a_file_without_a_queue_gets_one(path: Path) -> None:
    older = SCHEMA._replace(tables=SCHEMA.tables - REPORT_TABLES, migrations=SCHEMA.migrations[:2])
    with closing(SqliteFile(path, older)) as file:
        file.write(lambda _: None)
    assert numbers(path) == []
    with opened(path) as queue:
        queue.enqueue(message(1), NOON)
    assert numbers(path) == [1]


def test_the_first_version_of_the_queue_can_still_be_read(path: Path) -> None:
    """Written by hand: fails when stored values change without a migration."""
    path.parent.mkdir()
    with opened(path) as queue:
        queue.enqueue(message(9), NOON)
        queue.accept(1)
    change(
        path,
        "INSERT INTO report_queue"
        " (topic, state, topic_id, time, parameters, priority, queued, attempts, problem, times)"
        " VALUES (1000, 2, '{0D94311F-CB7B-4E73-94B1-75878081111C}', '2026-11-21T12:00:00.000000+00:00',"
        " '[\"http://mp1\"]', 1, 0.0, 3, 'refused', 2)",
    )
    with opened(path) as queue:
        (one,) = queue.view(NOON).messages
    expected = StateMessage(1000, 2, TOPIC, NOON, (Parameter("http://mp1"),), Priority.HIGH)
    assert (one.serial, one.message, one.attempts, one.problem, one.times) == (2, expected, 3, "refused", 2)


def test_a_newer_file_is_refused_and_left_alone(path: Path) -> None:
    with opened(path) as queue:
        queue.enqueue(message(1), NOON)
    change(path, f"PRAGMA user_version = {len(SCHEMA.migrations) + 1}")
    with opened(path) as queue, pytest.raises(StoreError, match="newer cmclient"):
        queue.enqueue(message(2), NOON)
    change(path, f"PRAGMA user_version = {len(SCHEMA.migrations)}")
    assert numbers(path) == [1]


def test_a_queue_for_reading_only_is_read_and_not_written(path: Path) -> None:
    with opened(path) as queue:
        queue.enqueue(message(1), NOON)
    before = {one.name: one.read_bytes() for one in path.parent.iterdir()}
    with opened(path, read_only=True) as queue:
        assert len(queue.view(NOON).messages) == 1
        with pytest.raises(StoreError, match="for reading only"):
            queue.enqueue(message(2), NOON)
    assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == before


DAMAGES = [
    "UPDATE report_queue SET topic_id = 'password=x'",
    "UPDATE report_queue SET time = 'yesterday'",
    "UPDATE report_queue SET parameters = '{'",
    "UPDATE report_queue SET parameters = '{\"a\": 1}'",
    "UPDATE report_queue SET parameters = '[1]'",
    "UPDATE report_queue SET parameters = CAST(X'22ff22' AS TEXT)",
    "UPDATE report_queue SET priority = 3",
    "UPDATE report_queue SET topic = 'x'",
    "UPDATE report_queue SET queued = X'00'",
    "UPDATE report_sending SET ticks = 'x'",
    "UPDATE report_sending SET published = 'no name!'",
    "DROP TABLE report_last",
]


@pytest.mark.parametrize("statement", DAMAGES)
def test_a_damaged_queue_is_set_aside_and_a_new_one_begun(statement: str, path: Path) -> None:
    with opened(path) as queue:
        queue.enqueue(message(1), NOON)
    change(path, statement)
    with opened(path) as queue:
        assert queue.view(NOON).messages == ()
        queue.enqueue(message(2), NOON)
    assert numbers(path) == [2]
    assert len(list(path.parent.glob("store.sqlite3.damaged-*"))) == 1


def test_a_damaged_queue_for_reading_only_stays(path: Path) -> None:
    with opened(path) as queue:
        queue.enqueue(message(1), NOON)
    change(path, DAMAGES[0])
    with opened(path, read_only=True) as queue:
        assert queue.view(NOON).messages == ()
    assert [one.name for one in path.parent.iterdir()] == [path.name]


# --- refusals -------------------------------------------------------------------------------------------------------


def test_a_full_disk_keeps_what_waits_and_says_so(path: Path) -> None:
    with opened(path) as queue:
        queue.enqueue(message(1), NOON)
        assert queue._file._connection is not None
        queue._file._connection.execute("PRAGMA max_page_count = 1").fetchall()
        taken = iter(range(2, 500))
        with pytest.raises(StoreError, match="full") as caught:
            fill(queue, taken)
    assert "free some space" in caught.value.hint
    assert not isinstance(caught.value, StoreDamagedError)
    with opened(path) as queue:
        assert len(queue.view(NOON).messages) == next(taken) - 2, "all but the one that was refused"
        queue.enqueue(message(9), NOON)


def fill(queue: SqliteReportQueue, numbers: Iterable[int]) -> None:
    for number in numbers:
        queue.enqueue(message(number, " " + "x" * 250), NOON)


def test_a_queue_that_another_process_holds_is_busy(path: Path) -> None:
    with opened(path) as queue:
        queue.enqueue(message(1), NOON)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with opened(path, busy_seconds=0.05) as queue, pytest.raises(StoreError, match="locked") as caught:
            queue.enqueue(message(2), NOON)
        other.execute("ROLLBACK")
    assert "another process" in caught.value.hint
    assert numbers(path) == [1]


def test_schema__has_the_tables_of_the_queue() -> None:
    assert SCHEMA.tables >= REPORT_TABLES
    assert isinstance(SCHEMA, Schema)


# --- processes ------------------------------------------------------------------------------------------------------

CHILD = """
    import sys, json
    from datetime import UTC, datetime, timedelta
    from pathlib import Path
    from cmclient.adapters.clock import monotonic
    from cmclient.adapters.http import RequestsTransport
    from cmclient.adapters.report_queue import SqliteReportQueue
    from cmclient.adapters.sqlite_file import SqliteFile
    from cmclient.adapters.store import SCHEMA
    from cmclient.model.decision import Reason
    from cmclient.model.endpoints import Endpoint, Scheme
    from cmclient.model.names import HostName
    from cmclient.model.reports import FallbackStatusPoint, FspSource, Reporting
    from cmclient.model.state import ClientIdentity, ClientVersion
    from cmclient.report import StatusReporter
    from cmclient.rules.choose import SeededChooser

    work, path, port, shift, numbers = json.loads(sys.argv[1])

    class Clock:
        def now(self):
            return datetime.now(UTC) + timedelta(seconds=shift)
        def monotonic(self):
            return monotonic()

    point = FallbackStatusPoint(Endpoint(Scheme.HTTP, HostName("127.0.0.1"), port), FspSource.SETTINGS)
    queue = SqliteReportQueue(SqliteFile(Path(path), SCHEMA))
    reporter = StatusReporter(
        Reporting(point, Reason("", "")), queue=queue, transport=RequestsTransport(), clock=Clock(),
        chooser=SeededChooser(1), identity=ClientIdentity(HostName("pc1"), ClientVersion("5.0")),
    )
    for number in numbers:
        reporter.enqueue(reporter.message(800, 308, [str(number)]))
        print(number, flush=True)
    if work == "send":
        report = reporter.flush(force=True)
        print(report.code or "done", flush=True)
"""


def start(
    work: str, path: Path, port: int = 9, *, shift: float = 0.0, numbers: Iterable[int] = ()
) -> subprocess.Popen[str]:
    given = json.dumps([work, str(path), port, shift, list(numbers)])
    return subprocess.Popen(  # noqa: S603 - this interpreter, our arguments
        [sys.executable, "-c", textwrap.dedent(CHILD), given], stdout=subprocess.PIPE, text=True
    )


def test_two_processes_share_a_queue(path: Path) -> None:
    both = [start("queue", path, numbers=range(first, first + 20)) for first in (0, 100)]
    for one in both:
        one.communicate(timeout=60)
        assert one.returncode == 0
    found = numbers(path)
    assert sorted(found) == [*range(20), *range(100, 120)]
    assert [one for one in found if one < 100] == list(range(20)), "each process's own come in their order"


class Receiver(ThreadingHTTPServer):
    """Takes reports; keeps the number in each, in order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Take)
        self.numbers: list[int] = []
        self.changed = threading.Condition()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no error."""

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.numbers) >= count, 60.0)


class _Take(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        (message,) = parse_report(body).messages
        server = self.server
        assert isinstance(server, Receiver)
        with server.changed:
            server.numbers.append(int(message.parameters[0]))
            server.changed.notify_all()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_two_processes_that_send_at_once_send_each_message_once(path: Path, receiver: Receiver) -> None:
    with opened(path) as queue:
        for number in range(40):
            queue.enqueue(message(number), NOON)
    both = [start("send", path, receiver.server_port) for _ in range(2)]
    told = {one.communicate(timeout=60)[0].strip() for one in both}
    assert told <= {"done", "busy"}
    assert receiver.numbers == list(range(40))


@POSIX
@pytest.mark.slow
def test_kill_9_while_messages_are_put_in_loses_none(path: Path) -> None:
    chance, told, kills = random.Random(7), -1, 0  # noqa: S311 - no secret
    while told < 999:
        with start("queue", path, numbers=range(told + 1, 1000)) as process:
            assert process.stdout is not None
            stop = told + chance.randint(20, 250)
            for line in process.stdout:
                told = int(line)
                if told >= stop and told < 999:
                    process.send_signal(signal.SIGKILL)
                    kills += 1
                    break
            for line in process.stdout:  # what it told before it died
                told = int(line)
    assert kills > 3
    found = numbers(path)
    # The one that was on disk and not told yet was put in again, and joined.
    assert found == list(range(1000))


@POSIX
@pytest.mark.slow
def test_kill_9_while_messages_are_sent_loses_none_and_doubles_only_the_one_without_an_answer(
    path: Path, receiver: Receiver
) -> None:
    with opened(path) as queue:
        for number in range(1000):
            queue.enqueue(message(number), NOON)
    chance, kills = random.Random(11), 0  # noqa: S311 - no secret
    at_kill = []
    while True:
        # Each process sees a later clock, so that the claim of the killed one is over.
        with start("send", path, receiver.server_port, shift=60.0 * kills) as process:
            stop = len(receiver.numbers) + chance.randint(20, 150)
            if stop < 1000:
                receiver.wait_for(stop)
                process.send_signal(signal.SIGKILL)
                kills += 1
                process.wait(timeout=60)
                at_kill.append(receiver.numbers[-1])
                continue
            process.communicate(timeout=120)
            assert process.returncode == 0
            break
    assert kills > 5
    assert numbers(path) == []
    seen = receiver.numbers
    assert list(dict.fromkeys(seen)) == list(range(1000)), "none is lost, and they came in order"
    doubled = [number for number in set(seen) if seen.count(number) > 1]
    assert all(seen.count(number) == 2 for number in doubled)
    assert set(doubled) <= set(at_kill), "only one that was under way when its process was killed"
