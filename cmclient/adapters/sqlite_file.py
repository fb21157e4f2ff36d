"""One SQLite file that several processes may share.

Each change is one transaction, durable when the call returns; wherever a process ends, the file holds the state
before or after a change. A damaged file is set aside, never deleted, and a new one is begun.
"""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISDIR
from threading import Lock
from time import monotonic
from typing import NamedTuple, TypeVar

from ..errors import StoreDamagedError, StoreError

__all__ = ["Schema", "SqliteFile"]

_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)
_BUSY_SECONDS = 5.0  # a change takes milliseconds: who holds the file longer than this is stuck
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PERMISSION_HINT = "check the owner and the permissions of the file and of its folder"
_BUSY_HINT = "another process holds it; try again, or end that process"
_HINTS: Mapping[int, str] = {
    sqlite3.SQLITE_BUSY: _BUSY_HINT,
    sqlite3.SQLITE_LOCKED: _BUSY_HINT,
    sqlite3.SQLITE_READONLY: _PERMISSION_HINT,
    sqlite3.SQLITE_PERM: _PERMISSION_HINT,
    sqlite3.SQLITE_AUTH: _PERMISSION_HINT,
    sqlite3.SQLITE_CANTOPEN: _PERMISSION_HINT,
    sqlite3.SQLITE_FULL: "free some space on the disk",
    sqlite3.SQLITE_IOERR: "check the disk that it lies on",
}


class Schema(NamedTuple):
    """What a file holds.

    Attributes:
        application: The number in the file's header that says whose it is.
        tables: Names of the tables that it must have.
        migrations: The step at index n takes a file from version n to n + 1.
    """

    application: int
    tables: frozenset[bytes]
    migrations: tuple[Callable[[sqlite3.Connection], None], ...]


class SqliteFile:
    """A file of tables. Safe to use from several threads and processes.

    The file is opened at the first use. Reading a file that does not exist creates nothing. After ``close`` the next
    use opens it again.

    Args:
        path: The file. Its folder is created when something is written, for its owner alone, as is the file.
        schema: What it holds.
        read_only: Change nothing on disk, for a what-if: the file is read once, into memory; a damaged one counts
            as empty, with a warning; writing is refused.
        busy_seconds: How long to wait for another process.
    """

    def __init__(
        self, path: Path, schema: Schema, *, read_only: bool = False, busy_seconds: float | None = None
    ) -> None:
        self._path = path
        self._schema = schema
        self._read_only = read_only
        self._busy_seconds = _BUSY_SECONDS if busy_seconds is None else busy_seconds
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    def close(self) -> None:
        """Let go of the file. What was written is on disk already."""
        with self._lock:
            self._disconnect()

    def read(self, select: Callable[[sqlite3.Connection], _T]) -> _T | None:
        """Read.

        Args:
            select: Reads; raises StoreDamagedError when what it finds cannot be what was written.

        Returns:
            What was selected; None when there is no file.

        Raises:
            StoreError: It cannot be read: permissions, the disk, another process, a newer version.
        """
        return self._run(select, "read", create=False)

    def write(self, change: Callable[[sqlite3.Connection], _T]) -> _T:
        """Change something, in one transaction that is durable when this returns.

        Args:
            change: Changes; what it did is undone when it raises. Called again, on a new file, when this one turns
                out to be damaged.

        Returns:
            What the change returned.

        Raises:
            StoreError: It cannot be written; it holds what it held before.
        """
        if self._read_only:
            raise StoreError(f"the store {self._path} was opened for reading only")

        def change_at_once(connection: sqlite3.Connection) -> tuple[_T]:
            with _transaction(connection):
                return (change(connection),)

        done = self._run(change_at_once, "written", create=True)
        if done is None:  # pragma: no cover - a file that is created where there is none is there
            raise StoreError(f"the store {self._path} cannot be written")
        return done[0]

    def _run(self, work: Callable[[sqlite3.Connection], _T], verb: str, *, create: bool) -> _T | None:
        """Work on the open file; once more on a new one when it turns out to be damaged."""
        with self._lock:
            for last_time in (False, True):
                try:
                    connection = self._find_connection(create=create)
                    return None if connection is None else work(connection)
                except (StoreDamagedError, sqlite3.Error) as error:
                    if not _is_damage(error):
                        self._disconnect()
                        raise _mapped(error, f"the store {self._path} cannot be {verb}") from error
                    self._leave_damaged(error, last_time=last_time)
            return None

    def _find_connection(self, *, create: bool) -> sqlite3.Connection | None:
        """The open file; None when there is none and none is to be created."""
        identity = self._find_identity()
        if self._connection is not None and identity == self._identity:
            return self._connection
        self._disconnect()  # another process set the file aside, or a person deleted it
        if identity is None:
            if not create:
                return None
            self._create_file()
            identity = self._find_identity()
        self._identity = identity
        connection = self._open_copy() if self._read_only else self._open()
        try:
            _prepare(connection, self._schema, self._path)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _find_identity(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refused("read", error) from error
        if S_ISDIR(status.st_mode):  # else SQLite would blame the disk
            raise StoreError(f"the store {self._path} is a folder", hint="name a file for the store")
        return status.st_dev, status.st_ino

    def _create_file(self) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError):  # another process was quicker
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise self._refused("created", error) from error

    def _open(self) -> sqlite3.Connection:
        return self._connect("mode=rw")  # never creates: that would be with permissions of its own

    def _open_copy(self) -> sqlite3.Connection:
        """A copy in memory. Without a log there is nothing to lock, and reading leaves no file behind."""
        has_log = self._beside("-wal").exists()
        give_up = monotonic() + self._busy_seconds

        def check_time(_status: int, _remaining: int, _total: int) -> None:
            if monotonic() > give_up:  # else a locked file would be waited for without end
                raise StoreError(f"the store {self._path} cannot be read: it is locked", hint=_BUSY_HINT)

        copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        try:
            with closing(self._connect("mode=ro" if has_log else "mode=ro&immutable=1")) as source:
                source.backup(copy, progress=check_time)
        except BaseException:
            copy.close()
            raise
        return copy

    def _connect(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"{self._path.absolute().as_uri()}?{mode}",
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,  # transactions begin and end where this module says
            check_same_thread=False,  # the lock of this class sees to it
        )

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):  # all that was committed is on disk
                connection.close()

    def _leave_damaged(self, damage: Exception, *, last_time: bool) -> None:
        """Make way for a new file; when only reading, let it count as empty."""
        self._disconnect()
        if self._read_only:
            if last_time:  # the first time, another process may have been writing
                text = "the store %s is damaged (%s) and counts as empty"
                _LOG.warning(text, self._path, damage, extra={"event": "store.damaged"})
            return
        if last_time:
            raise StoreDamagedError(
                f"the store {self._path} is damaged, and so is the new one: {damage}",
                hint="check the disk that it lies on",
            ) from damage
        if self._find_identity() == self._identity:  # else another process has set it aside already
            self._set_aside(damage)

    def _set_aside(self, damage: Exception) -> None:
        name = f".damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        number = 1
        while self._beside(name).exists():  # two in one second: neither is overwritten
            number += 1
            name = f"{name.partition('Z')[0]}Z-{number}"
        try:
            # the log first: beside a new file it would be taken for that file's own
            for suffix in ("-wal", "-shm", ""):
                with suppress(FileNotFoundError):
                    self._beside(suffix).rename(self._beside(name + suffix))
        except OSError as error:
            raise StoreDamagedError(
                f"the store {self._path} is damaged ({damage}) and cannot be set aside: {error.strerror}",
                hint="move it away by hand; a new one is begun without it",
            ) from error
        text = "the store %s is damaged (%s); it was set aside as %s and a new one is begun"
        _LOG.warning(text, self._path, damage, self._beside(name), extra={"event": "store.set-aside"})

    def _beside(self, suffix: str) -> Path:
        return self._path.with_name(self._path.name + suffix)

    def _refused(self, verb: str, error: OSError) -> StoreError:
        return StoreError(f"the store {self._path} cannot be {verb}: {error.strerror}", hint=_PERMISSION_HINT)


def _prepare(connection: sqlite3.Connection, schema: Schema, path: Path) -> None:
    """Check whose file it is, bring it to the present version, and set how it is written."""
    connection.text_factory = bytes  # text that is no UTF-8 is damage, found where it is decoded
    if _require_version(connection, schema, path) < len(schema.migrations):
        with _transaction(connection):
            for version in range(_require_version(connection, schema, path), len(schema.migrations)):
                schema.migrations[version](connection)
                connection.execute(f"PRAGMA user_version={version + 1}")
    connection.execute("PRAGMA journal_mode=WAL").fetchall()
    connection.execute("PRAGMA synchronous=FULL")


def _require_version(connection: sqlite3.Connection, schema: Schema, path: Path) -> int:
    newest = len(schema.migrations)
    if connection.in_transaction:
        application, version, tables = _read_identity(connection)
    else:  # in one transaction: another process may be creating the tables between two questions
        with _transaction(connection, "BEGIN"):
            application, version, tables = _read_identity(connection)
    if application != schema.application and (application or version or tables):
        raise StoreError(f"{path} is the database of another program", hint="name another file for the store")
    if version > newest:
        raise StoreError(
            f"the store {path} was written by a newer cmclient (version {version}, this one knows {newest})",
            hint="update cmclient, or name another file for the store",
        )
    if version == newest and not tables >= schema.tables:
        raise StoreDamagedError("a table is missing")
    return int(version)


def _read_identity(connection: sqlite3.Connection) -> tuple[int, int, set[bytes]]:
    """Whose file it is, its version, and the names of its tables."""
    ((application,),) = connection.execute("PRAGMA application_id").fetchall()
    ((version,),) = connection.execute("PRAGMA user_version").fetchall()
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()}
    return application, version, tables


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # some failures have rolled back by themselves
            connection.execute("ROLLBACK")
        raise


def _is_damage(error: Exception) -> bool:
    return isinstance(error, StoreDamagedError) or _primary_code(error) in _DAMAGE


def _primary_code(error: Exception) -> int:
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF  # above it: details


def _mapped(error: Exception, what: str) -> StoreError:
    return StoreError(f"{what}: {error}", hint=_HINTS.get(_primary_code(error), ""))
