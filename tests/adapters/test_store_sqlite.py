"""The store's file: who may read it, several processes, hard ends, damage, newer versions."""

import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

import cmclient.errors
from cmclient.adapters.store import SCHEMA, SqliteStore
from cmclient.errors import StoreDamagedError, StoreError
from cmclient.model.agent import AgentStatus, NextErrand, PurposeServer
from cmclient.model.content import BoundaryGroupReference, ClientBoundaryGroups
from cmclient.model.decision import Candidate, Origin, SourceKind, StoredAssignment
from cmclient.model.endpoints import Endpoint, ManagementPoint, Scheme
from cmclient.model.lease import Cycle, Lease, LeaseCandidate, LeasePhase, Period, Run
from cmclient.model.names import HostName, SiteCode
from cmclient.model.scans import ScanHistory
from cmclient.model.stored import StoredBoundaryGroups, StoredLease, StoredUpdatePoint

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NEWEST = len(SCHEMA.migrations)
POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
POSIX_FILES = pytest.mark.skipif(os.name != "posix", reason="an open file cannot be renamed there")


def candidate(host: str) -> Candidate:
    return Candidate(ManagementPoint(HostName(host)), (Origin(SourceKind.MP_LIST),))


OLD = (candidate("old1"), candidate("old2"))
NEW = (candidate("new1"), candidate("new2"), candidate("new3"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "store.sqlite3"


def write_old(path: Path) -> None:
    with SqliteStore(path) as store:
        store.replace_mp_list(OLD)


def read_list(path: Path) -> tuple[Candidate, ...]:
    with SqliteStore(path) as store:
        return store.load_mp_list()


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# --- the file --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("CF-010")
def test_what_was_stored_is_there_after_a_restart(path: Path) -> None:
    assert read_list(path) == ()
    with SqliteStore(path) as store:
        store.replace_mp_list(OLD)
        store.record_answer(OLD[0], NOON)
        store.save_assignment(StoredAssignment(SiteCode("ABC")))
    with SqliteStore(path) as store:
        assert store.load_mp_list() == OLD
        assert store.load_answered() == OLD[:1]
        assert store.load_assignment() == StoredAssignment(SiteCode("ABC"))


def test_reading_a_store_that_does_not_exist_creates_nothing(path: Path) -> None:
    with SqliteStore(path) as store:
        assert store.load_mp_list() == ()
        assert store.load_answered() == ()
        assert store.load_assignment() is None
    assert not path.parent.exists()


@POSIX
def test_only_the_owner_may_look(path: Path) -> None:
    before = os.umask(0)
    try:
        with SqliteStore(path) as store:
            store.replace_mp_list(OLD)
            modes = {one.name: one.stat().st_mode & 0o777 for one in (path.parent, *path.parent.iterdir())}
    finally:
        os.umask(before)
    assert modes == {
        "state": 0o700,
        "store.sqlite3": 0o600,
        "store.sqlite3-wal": 0o600,
        "store.sqlite3-shm": 0o600,
    }


def test_a_closed_store_leaves_one_file_and_opens_again(path: Path) -> None:
    store = SqliteStore(path)
    store.replace_mp_list(OLD)
    store.close()
    store.close()
    assert [one.name for one in path.parent.iterdir()] == ["store.sqlite3"]
    assert store.load_mp_list() == OLD
    store.close()


def test_writes_are_logged_ahead_and_reach_the_disk(path: Path) -> None:
    with SqliteStore(path) as store:
        store.replace_mp_list(OLD)
        assert store._file._connection is not None
        assert store._file._connection.execute("PRAGMA journal_mode").fetchone() == (b"wal",)
        assert store._file._connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_threads_share_a_store(path: Path) -> None:
    with SqliteStore(path) as store:
        hosts = [f"mp{number}" for number in range(20)]
        threads = [Thread(target=store.record_answer, args=(candidate(host), NOON)) for host in hosts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(one.mp.host for one in store.load_answered()) == sorted(hosts)


@POSIX_FILES
def test_a_file_deleted_while_open_is_begun_anew(path: Path) -> None:
    with SqliteStore(path) as store:
        store.replace_mp_list(OLD)
        path.rename(path.with_name("gone"))
        assert store.load_mp_list() == ()
        store.replace_mp_list(NEW)
        assert read_list(path) == NEW


# --- versions --------------------------------------------------------------------------------------------------------


def test_the_first_version_can_still_be_read(path: Path) -> None:
    """Written by hand: fails when stored values change without a migration."""
    path.parent.mkdir()
    mp = {
        "host": "mp.corp.example",
        "site_code": "ABC",
        "site_kind": "primary",
        "parent_site": None,
        "protocols": "https",
        "http_port": None,
        "https_port": 443,
        "audience": "both",
        "locality": 3,
        "in_current_group": True,
        "forest": "corp.example",
        "build": 9106,
        "is_default": None,
        "supports_devices": None,
        "ssl_state": 63,
        "https_only_site": False,
    }
    listed = json.dumps({"mp": mp, "origins": [{"source": "mp-list", "detail": "mp1"}]})
    assigned = json.dumps(
        {
            "site": "ABC",
            "assigned_mp": "mp.corp.example",
            "trusted_forests": ["b.example"],
            "http_port": 8080,
            "https_port": None,
            "https_only": True,
        }
    )
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("""
            CREATE TABLE mp_list (position INTEGER PRIMARY KEY, candidate TEXT NOT NULL);
            CREATE TABLE answered (host TEXT PRIMARY KEY, answered_at TEXT NOT NULL, candidate TEXT NOT NULL);
            CREATE TABLE assignment (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), value TEXT NOT NULL);
            PRAGMA application_id = 1668113260;
            PRAGMA user_version = 1;
        """)
        connection.execute("INSERT INTO mp_list VALUES (0, ?)", (listed,))
        connection.execute(
            "INSERT INTO answered VALUES ('mp.corp.example', '2026-11-21T12:00:00.000000+00:00', ?)", (listed,)
        )
        connection.execute("INSERT INTO assignment VALUES (1, ?)", (assigned,))
        connection.commit()
    with SqliteStore(path) as store:
        (one,) = store.load_mp_list()
        assert store.load_answered() == (one,)
        assert one.mp.build == 9106
        assert one.origins == (Origin(SourceKind.MP_LIST, "mp1"),)
        assignment = store.load_assignment()
    assert assignment == StoredAssignment(
        SiteCode("ABC"), HostName("mp.corp.example"), ("b.example",), http_port=8080, https_only=True
    )
    # A new field cannot be read by an older cmclient: add a migration to adapters/store.py, then name it here.
    assert {*mp, "gateway"} == set(ManagementPoint._fields)
    assert Candidate._fields == ("mp", "origins")
    assert StoredAssignment._fields == (
        "site",
        "assigned_mp",
        "trusted_forests",
        "http_port",
        "https_port",
        "https_only",
    )


FIRST_VERSION = (
    "CREATE TABLE mp_list (position INTEGER PRIMARY KEY, candidate TEXT NOT NULL)",
    "CREATE TABLE answered (host TEXT PRIMARY KEY, answered_at TEXT NOT NULL, candidate TEXT NOT NULL)",
    "CREATE TABLE assignment (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), value TEXT NOT NULL)",
    "PRAGMA application_id = 1668113260",
    "PRAGMA user_version = 1",
)


def write_first_version(path: Path) -> None:
    """The old list in a file of version 1."""
    path.parent.mkdir()
    change(path, *FIRST_VERSION)
    for place, one in enumerate(OLD):
        text = json.dumps({"mp": {"host": one.mp.host}, "origins": [{"source": "mp-list"}]})
        change(path, f"INSERT INTO mp_list VALUES ({place}, '{text}')")  # noqa: S608 - our own names


def read_version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        ((version,),) = connection.execute("PRAGMA user_version").fetchall()
    return int(version)


def test_the_first_version_becomes_the_second_and_loses_nothing(path: Path) -> None:
    write_first_version(path)
    with SqliteStore(path) as store:
        assert store.load_lease() is None
        store.save_lease(KEPT_LEASE)
        assert store.load_mp_list() == OLD
    assert read_version(path) == NEWEST > 1
    with SqliteStore(path) as store:
        assert (store.load_lease(), store.load_mp_list()) == (KEPT_LEASE, OLD)


def test_reading_only_the_first_version_leaves_it_as_it_is(path: Path) -> None:
    write_first_version(path)
    before = snapshot(path.parent)
    with SqliteStore(path, read_only=True) as store:
        assert (store.load_lease(), store.load_mp_list()) == (None, OLD)
    assert snapshot(path.parent) == before


AT_MP = Endpoint(Scheme.HTTP, HostName("mp.corp.example"), 80)
KEPT_LEASE = StoredLease(
    Lease(5.0, LeasePhase.HELD, (LeaseCandidate(AT_MP, 0),), AT_MP, location=Period(1.0, 1.0)), NOON
)
KEPT_STATUS = AgentStatus(pid=77, endpoint=AT_MP)
KEPT_GROUPS = StoredBoundaryGroups(ClientBoundaryGroups(groups=(BoundaryGroupReference("7"),)), NOON)


def test_the_second_version_can_still_be_read(path: Path) -> None:
    """Written by hand: fails when stored values change without a migration."""
    write_old(path)
    at = {"scheme": "http", "host": "mp.corp.example", "port": 80}
    lease = {
        "saved_at": "2026-11-21T12:00:00+00:00",
        "lease": {
            "schema": "cmclient.lease/1",
            "as_of": 5.0,
            "phase": "held",
            "candidates": [{"endpoint": at, "group": 0, "in_current_group": True}],
            "endpoint": at,
            "location": {"since": 1.0, "asked": 1.0, "pending": False},
            "refresh": None,
        },
    }
    groups = {"saved_at": "2026-11-21T12:00:00+00:00", "groups": {"groups": [{"id": "7", "guid": "", "flag": ""}]}}
    with closing(sqlite3.connect(path)) as connection:
        for name, document in (("lease", lease), ("agent", {"pid": 77, "endpoint": at}), ("boundary-groups", groups)):
            connection.execute("INSERT INTO kept VALUES (?, ?)", (name, json.dumps(document)))
        connection.commit()
    with SqliteStore(path) as store:
        assert store.load_lease() == KEPT_LEASE
        assert store.load_agent_status() == KEPT_STATUS
        assert store.load_boundary_groups() == KEPT_GROUPS
    # A new field cannot be read by an older cmclient: add a migration to adapters/store.py, then name it here.
    assert Lease._fields == (
        *("as_of", "phase", "candidates", "endpoint", "assigned", "failures", "spent", "network_failed", "rotations"),
        *("relocating", "location", "refresh", "cycle", "run"),
    )
    assert LeaseCandidate._fields == ("endpoint", "group", "in_current_group")
    assert Period._fields == ("since", "asked", "pending")
    assert Cycle._fields == ("left", "widened", "errors")
    assert Run._fields == ("number", "tried")
    assert ClientBoundaryGroups._fields == ("retrieved", "groups", "on_vpn", "connected_caches")
    assert BoundaryGroupReference._fields == ("id", "guid", "flag")
    assert AgentStatus._fields == (
        *("pid", "process_start", "started", "updated", "doing", "stopped", "phase", "endpoint", "held_since"),
        *("failures", "left", "assigned_site", "network_location", "located_at", "answered_at", "last_error"),
        *("last_error_at", "upcoming", "servers"),
    )
    assert StoredUpdatePoint._fields == ("host", "scans", "as_of", "saved_at")
    assert ScanHistory._fields == ("host", "first_failure", "failures", "last_failure", "tried", "switch_wanted")
    assert PurposeServer._fields == ("purpose", "host")
    assert NextErrand._fields == ("errand", "at", "why")


def test_a_newer_store_is_refused_and_left_alone(path: Path) -> None:
    known = len(SCHEMA.migrations)
    write_old(path)
    change(path, f"PRAGMA user_version = {known + 1}")
    before = snapshot(path.parent)
    said = rf"newer cmclient \(version {known + 1}, this one knows {known}\)"
    with SqliteStore(path) as store:
        with pytest.raises(StoreError, match=said) as caught:
            store.load_mp_list()
        with pytest.raises(StoreError, match="newer cmclient"):
            store.replace_mp_list(NEW)
    assert "update cmclient" in caught.value.hint
    assert str(path) in caught.value.message
    assert snapshot(path.parent) == before


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE invoices (id)", "PRAGMA application_id = 7", "PRAGMA user_version = 1"]
)
def test_the_database_of_another_program_is_refused_and_left_alone(statement: str, path: Path) -> None:
    path.parent.mkdir()
    change(path, statement)
    before = snapshot(path.parent)
    with SqliteStore(path) as store, pytest.raises(StoreError, match="database of another program"):
        store.replace_mp_list(NEW)
    assert snapshot(path.parent) == before


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert read_list(path) == ()
    write_old(path)
    assert read_list(path) == OLD


# --- damage ----------------------------------------------------------------------------------------------------------


def overwrite_header(path: Path) -> None:
    path.write_bytes(b"no database at all, long enough to have a header" * 100)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def overwrite_pages(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))


def drop_table(path: Path) -> None:
    change(path, "DROP TABLE mp_list")


def spoil_json(path: Path) -> None:
    change(path, "UPDATE mp_list SET candidate = '{' || candidate")


def spoil_value(path: Path) -> None:
    change(path, "UPDATE mp_list SET candidate = replace(candidate, 'old1', 'old 1')")


def spoil_type(path: Path) -> None:
    change(path, "UPDATE mp_list SET candidate = X'00'")


def spoil_text(path: Path) -> None:
    change(path, "UPDATE mp_list SET candidate = CAST(X'22ff22' AS TEXT)")


def nest_deeply(path: Path) -> None:
    change(path, "UPDATE mp_list SET candidate = replace(hex(zeroblob(100000)), '0', '[')")


DAMAGES = [
    overwrite_header,
    cut_off,
    overwrite_pages,
    drop_table,
    spoil_json,
    spoil_value,
    spoil_type,
    spoil_text,
    nest_deeply,
]
damaged = pytest.mark.parametrize("damage", DAMAGES)


def set_aside(path: Path) -> list[Path]:
    return sorted(path.parent.glob("store.sqlite3.damaged-*"))


@damaged
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(
    damage: Callable[[Path], None], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_old(path)
    damage(path)
    content = path.read_bytes()
    with SqliteStore(path) as store:
        assert store.load_mp_list() == ()
        (kept,) = set_aside(path)
        assert kept.read_bytes() == content
        store.replace_mp_list(NEW)
    assert read_list(path) == NEW
    assert set_aside(path) == [kept]
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.__dict__["event"] == "store.set-aside"
    assert str(kept) in record.getMessage()


@pytest.mark.parametrize("damage", [overwrite_header, cut_off, overwrite_pages, drop_table])
def test_damage_met_while_writing_loses_nothing_of_what_is_written(damage: Callable[[Path], None], path: Path) -> None:
    write_old(path)
    damage(path)
    with SqliteStore(path) as store:
        store.replace_mp_list(NEW)
    assert read_list(path) == NEW
    assert len(set_aside(path)) == 1


@pytest.mark.parametrize(
    "text",
    ["{", "7", "{}", '{"saved_at": "yesterday", "lease": {}}', '{"saved_at": "2026-11-21T12:00:00", "lease": {}}'],
)
@pytest.mark.parametrize("name", ["lease", "agent", "boundary-groups"])
def test_a_damaged_document_is_set_aside_with_its_file(name: str, text: str, path: Path) -> None:
    write_old(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO kept VALUES (?, ?)", (name, text))
        connection.commit()
    content = path.read_bytes()
    with SqliteStore(path) as store:
        load = {
            "lease": store.load_lease,
            "agent": store.load_agent_status,
            "boundary-groups": store.load_boundary_groups,
        }
        assert load[name]() is None
        store.save_lease(KEPT_LEASE)
        assert store.load_lease() == KEPT_LEASE
    (kept,) = set_aside(path)
    assert kept.read_bytes() == content


def test_files_set_aside_in_the_same_second_are_all_kept(path: Path) -> None:
    for number in range(3):
        write_old(path)
        path.write_bytes(f"not a database, number {number}".encode() * 100)
        assert read_list(path) == ()
    assert len({one.read_bytes() for one in set_aside(path)}) == 3


@POSIX_FILES
def test_the_log_of_a_damaged_file_in_use_goes_with_it(path: Path) -> None:
    """Beside the new file it would be taken for the new file's own, and be deleted when the other process closes."""
    with leave_running(path) as process:
        overwrite_header(path)
        with SqliteStore(path) as store:
            store.replace_mp_list(NEW)
            assert [one.name.partition("Z")[2] for one in set_aside(path)] == ["", "-shm", "-wal"]
            process.communicate()
            assert path.with_name(path.name + "-wal").exists()
            assert read_list(path) == NEW
    assert read_list(path) == NEW


@POSIX_FILES
def test_a_file_that_another_process_has_just_replaced_is_not_set_aside(path: Path) -> None:
    write_old(path)
    with SqliteStore(path) as store:
        store.load_mp_list()
        good = path.read_bytes()
        overwrite_header(path)

        def replaced() -> tuple[Candidate, ...]:
            path.rename(path.with_name("set-aside-by-another"))
            path.write_bytes(good)
            raise sqlite3_error(sqlite3.SQLITE_NOTADB)

        attempts: list[Callable[..., tuple[Candidate, ...]]] = [lambda: OLD, replaced]
        assert store._file._run(lambda _: attempts.pop()(), "read", create=False) == OLD
    assert set_aside(path) == []
    assert read_list(path) == OLD


def sqlite3_error(code: int) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError("made up")
    error.sqlite_errorcode = code
    return error


def test_a_new_file_that_is_damaged_at_once_is_no_endless_loop(path: Path) -> None:
    write_old(path)

    def damaged_always(_: object) -> None:
        raise sqlite3_error(sqlite3.SQLITE_CORRUPT)

    with SqliteStore(path) as store, pytest.raises(StoreDamagedError, match="so is the new one") as caught:
        store._file._run(damaged_always, "written", create=True)
    assert "disk" in caught.value.hint


def test_a_damaged_file_that_cannot_be_set_aside_is_said_to_be(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_old(path)
    overwrite_header(path)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    before = snapshot(path.parent)
    with SqliteStore(path) as store, pytest.raises(StoreDamagedError, match="cannot be set aside") as caught:
        store.load_mp_list()
    assert "by hand" in caught.value.hint
    assert snapshot(path.parent) == before


# --- refusals --------------------------------------------------------------------------------------------------------


def refused_by(path: Path, hint: str, *, writing: bool) -> None:
    with SqliteStore(path, busy_seconds=0.05) as store, pytest.raises(StoreError) as caught:
        store.replace_mp_list(NEW) if writing else store.load_mp_list()
    assert not isinstance(caught.value, StoreDamagedError)
    assert str(path) in caught.value.message
    assert hint in caught.value.hint


def test_a_store_that_another_process_holds_is_busy(path: Path) -> None:
    write_old(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused_by(path, "another process", writing=True)
        assert read_list(path) == OLD
        other.execute("ROLLBACK")


def test_a_full_disk_leaves_the_old_list(path: Path) -> None:
    write_old(path)
    with SqliteStore(path) as store:
        store.load_mp_list()
        assert store._file._connection is not None
        store._file._connection.execute("PRAGMA max_page_count = 1").fetchall()
        with pytest.raises(StoreError, match="full") as caught:
            store.replace_mp_list([candidate(f"mp{number}") for number in range(1000)])
    assert "free some space" in caught.value.hint
    assert read_list(path) == OLD


def test_a_folder_in_its_place_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    refused_by(path, "name a file", writing=False)
    refused_by(path, "name a file", writing=True)
    with SqliteStore(path, read_only=True) as store, pytest.raises(StoreError, match="is a folder"):
        store.load_mp_list()
    assert list(path.iterdir()) == []


def test_a_file_where_its_folder_should_be_is_refused(path: Path) -> None:
    path.parent.write_text("a file")
    refused_by(path, "permissions", writing=False)
    refused_by(path, "permissions", writing=True)
    assert path.parent.read_text() == "a file"


def test_a_file_that_may_not_be_written_keeps_its_list(path: Path) -> None:
    write_old(path)
    with SqliteStore(path) as store:
        store.load_mp_list()
        assert store._file._connection is not None
        store._file._connection.execute("PRAGMA query_only = 1")
        with pytest.raises(StoreError, match="cannot be written") as caught:
            store.replace_mp_list(NEW)
        assert store.load_mp_list() == OLD
    assert "permissions" in caught.value.hint


@contextmanager
def ordinary_user() -> Iterator[Path]:
    """A store's path in a folder of the user who runs the block; root may do everything, so it is another one then."""
    folder = Path(tempfile.mkdtemp())
    path = folder / "state" / "store.sqlite3"
    write_old(path)
    root = os.geteuid() == 0
    try:
        if root:
            for one in (folder, path.parent, path):
                os.chown(one, 65534, 65534)
            os.seteuid(65534)
        yield path
    finally:
        if root:
            os.seteuid(0)
        for one in (path.parent, path):
            one.chmod(0o700)
        shutil.rmtree(folder)


@POSIX
@pytest.mark.parametrize(("folder_mode", "file_mode"), [(0o500, 0o400), (0o700, 0o000), (0o000, 0o600)])
def test_a_store_without_permission_is_refused_and_left_alone(folder_mode: int, file_mode: int) -> None:
    with ordinary_user() as path:
        before = snapshot(path.parent)
        path.chmod(file_mode)
        path.parent.chmod(folder_mode)
        refused_by(path, "permissions", writing=True)
        path.parent.chmod(0o700)
        path.chmod(0o600)
        assert snapshot(path.parent) == before


@POSIX
def test_a_folder_that_may_not_be_created_is_refused() -> None:
    with ordinary_user() as path:
        path.parent.chmod(0o500)
        refused_by(path.parent / "new" / "store.sqlite3", "permissions", writing=True)
        refused_by(path.parent / "new.sqlite3", "permissions", writing=True)
        assert [one.name for one in path.parent.iterdir()] == [path.name]


# --- reading only ----------------------------------------------------------------------------------------------------


def test_reading_only_changes_nothing_and_leaves_nothing(path: Path) -> None:
    write_old(path)
    before = snapshot(path.parent)
    with SqliteStore(path, read_only=True) as store:
        assert store.load_mp_list() == OLD
        with pytest.raises(StoreError, match="reading only"):
            store.replace_mp_list(NEW)
        assert snapshot(path.parent) == before
    assert snapshot(path.parent) == before


def test_reading_only_creates_nothing(path: Path) -> None:
    with SqliteStore(path, read_only=True) as store:
        assert store.load_mp_list() == ()
    assert not path.parent.exists()


def test_reading_only_sees_what_a_process_that_ended_hard_had_written(path: Path) -> None:
    with leave_running(path) as process:
        process.kill()
    before = snapshot(path.parent)
    assert set(before) == {path.name, f"{path.name}-wal", f"{path.name}-shm"}
    with SqliteStore(path, read_only=True) as store:
        assert store.load_mp_list() == OLD
    after = snapshot(path.parent)
    assert set(after) == set(before)
    assert [name for name in before if after[name] != before[name] and not name.endswith("-shm")] == []


def test_reading_only_works_beside_a_process_that_writes(path: Path) -> None:
    with leave_running(path), SqliteStore(path, read_only=True) as store:
        assert store.load_mp_list() == OLD


@damaged
def test_reading_only_a_damaged_file_finds_nothing_and_leaves_it(
    damage: Callable[[Path], None], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_old(path)
    damage(path)
    before = snapshot(path.parent)
    with SqliteStore(path, read_only=True) as store:
        assert store.load_mp_list() == ()
    assert snapshot(path.parent) == before
    assert [record.__dict__["event"] for record in caplog.records] == ["store.damaged"]


# --- other processes -------------------------------------------------------------------------------------------------

CHILD = """
    import sys
    from datetime import UTC, datetime
    from pathlib import Path

    from cmclient.adapters.store import SCHEMA, SqliteStore
    from cmclient.model.decision import Candidate, Origin, SourceKind
    from cmclient.model.endpoints import ManagementPoint
    from cmclient.model.names import HostName

    def candidate(host):
        return Candidate(ManagementPoint(HostName(host)), (Origin(SourceKind.MP_LIST),))

    store = SqliteStore(Path(sys.argv[1]))
"""


@contextmanager
def start(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603 - this interpreter, our script
        [sys.executable, "-c", textwrap.dedent(CHILD) + textwrap.dedent(script), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(Path(cmclient.errors.__file__).parents[1])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def say(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@contextmanager
def leave_running(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has written the old list and holds the file open."""
    script = """
        store.replace_mp_list([candidate("old1"), candidate("old2")])
        print("written", flush=True)
        sys.stdin.read()
        store.close()
    """
    with start(script, path) as process:
        assert say(process) == "written"
        yield process


@pytest.mark.parametrize("statement", ["BEGIN", "DELETE", "INSERT 1", "INSERT 2", "INSERT 3", "COMMIT"])
def test_a_process_killed_before_a_statement_leaves_the_old_list(statement: str, path: Path) -> None:
    script = """
        verb, _, number = sys.argv[2].partition(" ")
        left = int(number or 1)

        def stop(statement):
            global left
            left -= statement.startswith(verb)
            if not left:
                print(statement, flush=True)
                sys.stdin.read()  # until killed

        store.load_mp_list()
        store._file._connection.set_trace_callback(stop)
        store.replace_mp_list([candidate("new1"), candidate("new2"), candidate("new3")])
        print("it was not stopped", flush=True)
    """
    write_old(path)
    with start(script, path, statement) as process:
        assert say(process).startswith(statement.partition(" ")[0])
        process.kill()
        process.wait()
    assert read_list(path) == OLD
    write_old(path)  # no lock was left either


WRITES = {
    "replace_mp_list": "[candidate('new1')]",
    "record_answer": "candidate('new1'), NOON",
    "save_assignment": "StoredAssignment(SiteCode('NEW'))",
    "save_lease": "StoredLease(Lease(9.0), NOON)",
    "save_agent_status": "AgentStatus(pid=99)",
    "save_boundary_groups": "StoredBoundaryGroups(ClientBoundaryGroups('new'), NOON)",
    "save_update_point": "StoredUpdatePoint(HostName('new.corp.example'))",
}


def everything(path: Path) -> tuple[object, ...]:
    with SqliteStore(path) as store:
        return (
            store.load_mp_list(),
            store.load_answered(),
            store.load_assignment(),
            store.load_lease(),
            store.load_agent_status(),
            store.load_boundary_groups(),
            store.load_update_point(),
        )


def write_everything(path: Path) -> None:
    with SqliteStore(path) as store:
        store.replace_mp_list(OLD)
        store.record_answer(OLD[0], NOON)
        store.save_assignment(StoredAssignment(SiteCode("OLD")))
        store.save_lease(KEPT_LEASE)
        store.save_agent_status(KEPT_STATUS)
        store.save_boundary_groups(KEPT_GROUPS)
        store.save_update_point(StoredUpdatePoint(HostName("old.corp.example")))


KILLED = """
    from cmclient.model.agent import AgentStatus
    from cmclient.model.content import ClientBoundaryGroups
    from cmclient.model.decision import StoredAssignment
    from cmclient.model.lease import Lease
    from cmclient.model.names import HostName, SiteCode
    from cmclient.model.stored import StoredBoundaryGroups, StoredLease, StoredUpdatePoint
    import os, signal

    NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
    wanted, seen = int(sys.argv[2]), 0

    def stop(statement):
        global seen
        seen += 1
        if seen == wanted:
            os.kill(os.getpid(), signal.SIGKILL)
"""


@POSIX
@pytest.mark.parametrize("write", WRITES)
def test_a_process_killed_at_any_statement_of_a_write_loses_nothing(write: str, path: Path) -> None:
    script = f"""
        store.load_mp_list()
        store._file._connection.set_trace_callback(stop)
        store.{write}({WRITES[write]})
        print(seen, flush=True)
    """
    number, done = 0, ""
    while not done:
        number += 1
        path.unlink(missing_ok=True)
        write_everything(path)
        before = everything(path)
        with start(textwrap.dedent(KILLED) + textwrap.dedent(script), path, number) as process:
            done = say(process)
            process.wait()
        after = everything(path)
        assert (after == before) is not bool(done), "all of it or nothing"
        assert set_aside(path) == []
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
    assert int(done) >= 3, "it began, wrote and committed"


@POSIX
@pytest.mark.slow
def test_a_process_killed_at_any_statement_of_a_migration_loses_nothing(path: Path) -> None:
    script = """
        import sqlite3

        connect = sqlite3.connect

        def traced(*arguments, **options):
            connection = connect(*arguments, **options)
            connection.set_trace_callback(stop)
            return connection

        sqlite3.connect = traced
        store.load_mp_list()
        print(seen, flush=True)
    """
    number, done, versions = 0, "", set()
    while not done:
        number += 1
        shutil.rmtree(path.parent, ignore_errors=True)
        write_first_version(path)
        with start(textwrap.dedent(KILLED) + textwrap.dedent(script), path, number) as process:
            done = say(process)
            process.wait()
        versions.add(read_version(path))
        assert read_list(path) == OLD
        assert set_aside(path) == []
    assert versions == {1, NEWEST}


def test_a_process_killed_after_the_call_leaves_the_new_list(path: Path) -> None:
    script = """
        store.replace_mp_list([candidate("new1"), candidate("new2"), candidate("new3")])
        print("done", flush=True)
        sys.stdin.read()
    """
    write_old(path)
    with start(script, path) as process:
        assert say(process) == "done"
        process.kill()
        process.wait()
    assert read_list(path) == NEW


def test_processes_share_a_store_from_its_first_moment(path: Path) -> None:
    script = """
        name = sys.argv[2]
        print("ready", flush=True)
        sys.stdin.readline()
        for turn in range(20):
            store.replace_mp_list([candidate(f"{name}-{turn}-{place}") for place in range(10)])
            listed = [one.mp.host.rpartition("-")[0] for one in store.load_mp_list()]
            assert len(listed) == 10 and len(set(listed)) == 1, listed
            store.record_answer(candidate(f"{name}-{turn}"), datetime.now(UTC))
        store.close()
        print("done", flush=True)
    """
    names = ("a", "b", "c", "d")
    with ExitStack() as stack:
        processes = [stack.enter_context(start(script, path, name)) for name in names]
        assert [say(process) for process in processes] == ["ready"] * 4
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [say(process) for process in processes]
        errors = [process.stderr.read() for process in processes if process.stderr and process.wait()]
    assert said == ["done"] * 4, errors
    assert set_aside(path) == []
    with SqliteStore(path) as store:
        assert {one.mp.host for one in store.load_answered()} == {
            f"{name}-{turn}" for name in names for turn in range(20)
        }
        assert len({one.mp.host.rpartition("-")[0] for one in store.load_mp_list()}) == 1
