"""What a client keeps between runs, in one SQLite file that several processes may share."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ..errors import MalformedReplyError, StoreDamagedError
from ..model.decision import Candidate, StoredAssignment
from ..model.rule import decides
from ..protocol.document import from_json, to_json
from ..protocol.rootkeytext import stored_root_key_as_dict, stored_root_key_from_dict
from .memory_store import ANSWERED_KEPT
from .report_tables import REPORT_TABLES, create_report_tables
from .sqlite_file import Schema, SqliteFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from ..model.agent import AgentStatus
    from ..model.rootkey import StoredRootKey
    from ..model.stored import StoredBoundaryGroups, StoredLease, StoredUpdatePoint

__all__ = ["SCHEMA", "SqliteStore"]

_T = TypeVar("_T")
# What a document other than the list of management points is made of is loaded when that document is.
_APPLICATION_ID = 0x636D636C  # "cmcl" in the file's header: never write into another program's database
# Names of documents that are kept.
_LEASE, _AGENT, _GROUPS, _SUP, _ROOT_KEY = "lease", "agent", "boundary-groups", "update-point", "root-key"


def _create_tables(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA application_id={_APPLICATION_ID}")
    connection.execute("CREATE TABLE mp_list (position INTEGER PRIMARY KEY, candidate TEXT NOT NULL)")
    connection.execute(
        "CREATE TABLE answered (host TEXT PRIMARY KEY, answered_at TEXT NOT NULL, candidate TEXT NOT NULL)"
    )
    connection.execute(
        "CREATE TABLE assignment (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), value TEXT NOT NULL)"
    )


def _add_documents(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL)")


def _know_gateways(connection: sqlite3.Connection) -> None:
    """Management points have the path of a gateway; the tables stay as they are."""


def _widen_documents(_connection: sqlite3.Connection) -> None:
    """How scans went, and which server is for what: new fields of documents that are there."""


def _know_wishes(_connection: sqlite3.Connection) -> None:
    """That the site wants another update point: a new field of a document that is there."""


SCHEMA = Schema(
    application=_APPLICATION_ID,
    tables=frozenset({b"mp_list", b"answered", b"assignment", b"kept"}) | REPORT_TABLES,
    migrations=(_create_tables, _add_documents, create_report_tables, _know_gateways, _widen_documents, _know_wishes),
)
"""Add a step, even one that does nothing, when the stored values get a new field: an older cmclient cannot read that
field, and the version is how it learns so."""


@decides("CF-010")
class SqliteStore:
    """The ``Store`` in a file. Safe to use from several threads and processes.

    The file is opened at the first use. Reading a store that does not exist creates nothing. After ``close`` the
    next use opens it again.

    Args:
        path: The file. Its folder is created when something is written, for its owner alone, as is the file.
        read_only: Change nothing on disk, for a what-if: the file is read once, into memory; a damaged one counts
            as empty, with a warning; writing is refused.
        busy_seconds: How long to wait for another process.
    """

    def __init__(self, path: Path, *, read_only: bool = False, busy_seconds: float | None = None) -> None:
        self._file = SqliteFile(path, SCHEMA, read_only=read_only, busy_seconds=busy_seconds)

    def __enter__(self) -> Self:
        """The store itself; it is closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()

    def close(self) -> None:
        """Let go of the file. What was written is on disk already."""
        self._file.close()

    def load_mp_list(self) -> tuple[Candidate, ...]:
        """The stored MP list, as last replaced; empty when there is none.

        Raises:
            StoreError: It cannot be read: permissions, the disk, another process, a newer version.
        """
        return self._file.read(_select_mp_list) or ()

    def replace_mp_list(self, candidates: Iterable[Candidate]) -> None:
        """Replace the stored MP list as a whole; durable when it returns.

        Raises:
            StoreError: It cannot be written; the old list is still there.
        """
        rows = [(position, _encode(candidate)) for position, candidate in enumerate(candidates)]

        def replace(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM mp_list")
            connection.executemany("INSERT INTO mp_list VALUES (?, ?)", rows)

        self._file.write(replace)

    def load_answered(self) -> tuple[Candidate, ...]:
        """Management points that have answered, the latest first; the last ``ANSWERED_KEPT`` of them.

        Raises:
            StoreError: It cannot be read.
        """
        return self._file.read(_select_answered) or ()

    def record_answer(self, candidate: Candidate, when: datetime) -> None:
        """Remember that a management point answered; what was remembered of the same host is replaced.

        Raises:
            StoreError: It cannot be written.
        """
        # always the same length and zone, so that texts sort as times do
        row = (candidate.mp.host, when.astimezone(UTC).isoformat(timespec="microseconds"), _encode(candidate))

        def record(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO answered VALUES (?, ?, ?)", row)
            connection.execute(
                "DELETE FROM answered WHERE rowid NOT IN "
                "(SELECT rowid FROM answered ORDER BY answered_at DESC, rowid DESC LIMIT ?)",
                (ANSWERED_KEPT,),
            )

        self._file.write(record)

    def load_assignment(self) -> StoredAssignment | None:
        """The site that the client is assigned to, and what was learned with it; None when there is none.

        Raises:
            StoreError: It cannot be read.
        """
        return self._file.read(_select_assignment)

    def save_assignment(self, assignment: StoredAssignment) -> None:
        """Keep the assignment in place of any other.

        Raises:
            StoreError: It cannot be written.
        """
        text = _encode(assignment)
        self._file.write(
            lambda connection: connection.execute("INSERT OR REPLACE INTO assignment VALUES (1, ?)", (text,))
        )

    def load_lease(self) -> StoredLease | None:
        """The lease as last kept; None when there is none.

        Raises:
            StoreError: It cannot be read.
        """
        from ..protocol.storedtext import stored_lease_from_dict

        return self._load_kept(_LEASE, stored_lease_from_dict)

    def save_lease(self, stored: StoredLease) -> None:
        """Keep the lease in place of any other; durable when it returns.

        Raises:
            StoreError: It cannot be written; the old one is still there.
        """
        from ..protocol.storedtext import stored_lease_as_dict

        self._save_kept(_LEASE, stored_lease_as_dict(stored))

    def load_agent_status(self) -> AgentStatus | None:
        """What the last agent said of itself; None when none did.

        Raises:
            StoreError: It cannot be read.
        """
        from ..model.agent import AgentStatus

        return self._load_kept(_AGENT, lambda document: from_json(AgentStatus, document, where=_AGENT))

    def save_agent_status(self, status: AgentStatus) -> None:
        """Keep what an agent says of itself.

        Raises:
            StoreError: It cannot be written.
        """
        self._save_kept(_AGENT, to_json(status))

    def load_boundary_groups(self) -> StoredBoundaryGroups | None:
        """What the last location reply said of the client's boundary groups; None when none did.

        Raises:
            StoreError: It cannot be read.
        """
        from ..protocol.storedtext import stored_groups_from_dict

        return self._load_kept(_GROUPS, stored_groups_from_dict)

    def save_boundary_groups(self, stored: StoredBoundaryGroups) -> None:
        """Keep what a location reply said of the client's boundary groups.

        Raises:
            StoreError: It cannot be written.
        """
        from ..protocol.storedtext import stored_groups_as_dict

        self._save_kept(_GROUPS, stored_groups_as_dict(stored))

    def load_update_point(self) -> StoredUpdatePoint | None:
        """The software update point that the client scans with; None when there is none.

        Raises:
            StoreError: It cannot be read.
        """
        from ..model.stored import StoredUpdatePoint

        return self._load_kept(_SUP, lambda document: from_json(StoredUpdatePoint, document, where=_SUP))

    def save_update_point(self, stored: StoredUpdatePoint) -> None:
        """Keep the software update point that the client scans with.

        Raises:
            StoreError: It cannot be written.
        """
        self._save_kept(_SUP, to_json(stored))

    def load_root_key(self) -> StoredRootKey | None:
        """The trusted root key that is kept; None when none is.

        Raises:
            StoreError: It cannot be read.
        """
        return self._load_kept(_ROOT_KEY, stored_root_key_from_dict)

    def keep_root_key(self, stored: StoredRootKey, *, replaces: bool) -> None:
        """Keep a trusted root key; one that is kept already stays, unless this one replaces it.

        Raises:
            StoreError: It cannot be written; the old one is still there.
        """
        row = (_ROOT_KEY, json.dumps(stored_root_key_as_dict(stored), separators=(",", ":")))
        insert = "INSERT OR REPLACE INTO kept VALUES (?, ?)" if replaces else "INSERT OR IGNORE INTO kept VALUES (?, ?)"
        self._file.write(lambda connection: connection.execute(insert, row))

    def drop_root_key(self) -> None:
        """Forget the trusted root key that is kept.

        Raises:
            StoreError: It cannot be written.
        """
        self._file.write(lambda connection: connection.execute("DELETE FROM kept WHERE name = ?", (_ROOT_KEY,)))

    def _load_kept(self, name: str, parse: Callable[[Mapping[str, Any]], _T]) -> _T | None:
        def select(connection: sqlite3.Connection) -> _T | None:
            rows = connection.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchall()
            return _parse_kept(name, rows[0][0], parse) if rows else None

        return self._file.read(select)

    def _save_kept(self, name: str, document: Mapping[str, Any]) -> None:
        row = (name, json.dumps(document, separators=(",", ":")))
        self._file.write(lambda connection: connection.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", row))


def _select_mp_list(connection: sqlite3.Connection) -> tuple[Candidate, ...]:
    return _decode_column(Candidate, connection.execute("SELECT candidate FROM mp_list ORDER BY position"))


def _select_answered(connection: sqlite3.Connection) -> tuple[Candidate, ...]:
    select = "SELECT candidate FROM answered ORDER BY answered_at DESC, rowid DESC"
    return _decode_column(Candidate, connection.execute(select))


def _select_assignment(connection: sqlite3.Connection) -> StoredAssignment | None:
    return next(iter(_decode_column(StoredAssignment, connection.execute("SELECT value FROM assignment"))), None)


def _decode_column(type_: type[_T], rows: sqlite3.Cursor) -> tuple[_T, ...]:
    # all rows first: an error must not leave a statement open, which would keep the file open after close
    return tuple(_decode(type_, text) for (text,) in rows.fetchall())


def _encode(value: Candidate | StoredAssignment) -> str:
    return json.dumps(to_json(value), separators=(",", ":"))


def _decode(type_: type[_T], text: object) -> _T:
    return _parse(type_.__name__, text, lambda data: from_json(type_, data, where=type_.__name__))


def _parse_kept(name: str, text: object, parse: Callable[[Mapping[str, Any]], _T]) -> _T:
    def parse_object(data: object) -> _T:
        if not isinstance(data, dict):
            raise MalformedReplyError(f"the document {name} is no object", where=name)
        return parse(data)

    return _parse(name, text, parse_object)


def _parse(what: str, text: object, parse: Callable[[object], _T]) -> _T:
    """Parse what is stored; whatever cannot have been written by us is damage."""
    if not isinstance(text, bytes):
        raise StoreDamagedError(f"a {what} is no text")
    try:
        return parse(json.loads(text))
    except (ValueError, RecursionError, MalformedReplyError) as error:
        raise StoreDamagedError(str(error)) from error
