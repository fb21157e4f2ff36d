"""A look at the store: what it says, and that it leaves nothing behind."""

import os
import sqlite3
from pathlib import Path

import pytest

from cmclient.adapters.store import SCHEMA, SqliteStore
from cmclient.adapters.store_health import look_at_store


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "store.sqlite3"
    with SqliteStore(path) as made:
        made.replace_mp_list([])
    return path


def test_store__that_is_fine(store: Path) -> None:
    made = store.parent.stat().st_mtime_ns
    before = sorted((one.name, one.read_bytes()) for one in store.parent.iterdir())
    seen = look_at_store(store)
    assert (seen.exists, seen.writable, seen.version, seen.problem) == (True, True, len(SCHEMA.migrations), "")
    assert seen.free is not None
    assert seen.free > 0
    assert sorted((one.name, one.read_bytes()) for one in store.parent.iterdir()) == before
    assert store.parent.stat().st_mtime_ns == made  # nothing came and went either


def test_store__that_is_not_there__is_not_made(tmp_path: Path) -> None:
    seen = look_at_store(tmp_path / "a" / "b" / "store.sqlite3")
    assert (seen.exists, seen.writable, seen.version, seen.problem) == (False, True, None, "")
    assert list(tmp_path.iterdir()) == []


def test_store__below_a_file__cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    seen = look_at_store(tmp_path / "a" / "store.sqlite3")
    assert (seen.exists, seen.writable) == (False, False)


@pytest.mark.parametrize("damage", [b"no database" * 500, None])
def test_store__that_is_damaged(store: Path, damage: bytes | None) -> None:
    whole = store.read_bytes()
    broken = whole[:100] + b"\xff" * (len(whole) - 100) if damage is None else damage
    store.write_bytes(broken)
    seen = look_at_store(store)
    assert seen.damaged
    assert seen.problem
    assert store.read_bytes() == broken
    assert [one.name for one in store.parent.iterdir()] == [store.name]


def test_store__of_a_newer_version_and_of_another_program(store: Path) -> None:
    with sqlite3.connect(store) as connection:
        connection.execute(f"PRAGMA user_version={len(SCHEMA.migrations) + 1}")
    connection.close()
    assert look_at_store(store).version == len(SCHEMA.migrations) + 1
    with sqlite3.connect(store) as connection:
        connection.execute("PRAGMA application_id=1")
    connection.close()
    seen = look_at_store(store)
    assert "another program" in seen.problem
    assert not seen.damaged


def test_store__that_lacks_a_table(store: Path) -> None:
    with sqlite3.connect(store) as connection:
        connection.execute("DROP TABLE kept")
    connection.close()
    assert look_at_store(store).damaged


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_store__that_may_not_be_written(store: Path) -> None:
    store.chmod(0o400)
    assert not look_at_store(store).writable
