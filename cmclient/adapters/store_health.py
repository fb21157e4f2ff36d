"""A look at the store's file that changes nothing on disk: not the file, not its log, not its folder."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from ..model.checkup import StoreState
from .store import SCHEMA

__all__ = ["look_at_store"]

_BUSY_SECONDS = 2.0
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def look_at_store(path: Path) -> StoreState:
    """Look at a store.

    Args:
        path: Its file, which need not be there.

    Returns:
        What is to be seen; nothing is raised for what is wrong with it.
    """
    newest = len(SCHEMA.migrations)
    state = StoreState(str(path), exists=False, writable=False, free=_free(path), version=None, newest=newest)
    try:
        exists = path.exists()
    except OSError as error:
        return state._replace(problem=f"{path} cannot be looked at: {error.strerror or error}")
    state = state._replace(exists=exists, writable=_is_writable(path) if exists else _can_create(path))
    return _read(path, state) if exists else state


def _read(path: Path, state: StoreState) -> StoreState:
    has_log = path.with_name(f"{path.name}-wal").exists()
    mode = "mode=ro" if has_log else "mode=ro&immutable=1"  # without a log, reading leaves no file behind
    try:
        if not path.stat().st_size:
            return state._replace(version=0)
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=_BUSY_SECONDS)) as file:
            ((application,),) = file.execute("PRAGMA application_id").fetchall()
            ((version,),) = file.execute("PRAGMA user_version").fetchall()
            if application != SCHEMA.application:
                return state._replace(problem=f"{path} is the database of another program")
            ((said, *_), *_) = file.execute("PRAGMA quick_check(1)").fetchall()
            tables = {name.encode() for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        is_damage = getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE
        return state._replace(problem=str(error), damaged=is_damage)
    except OSError as error:
        return state._replace(problem=f"{path} cannot be read: {error.strerror or error}")
    state = state._replace(version=version)
    if said != "ok":
        return state._replace(problem=str(said), damaged=True)
    if version == state.newest and not tables >= SCHEMA.tables:
        return state._replace(problem="a table is missing", damaged=True)
    return state


def _is_writable(path: Path) -> bool:
    """SQLite writes its log beside the file."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)


def _can_create(path: Path) -> bool:
    parent = _nearest(path)
    return parent.is_dir() and os.access(parent, os.W_OK | os.X_OK)


def _nearest(path: Path) -> Path:
    """The nearest folder above that is there."""
    return next((one for one in path.absolute().parents if os.path.lexists(one)), Path("/"))


def _free(path: Path) -> int | None:
    try:
        return shutil.disk_usage(_nearest(path)).free
    except OSError:
        return None
