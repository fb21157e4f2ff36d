"""The report queue in the store's file."""

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from ..errors import InvalidValueError, StoreDamagedError
from ..model.names import HostName, shown_name
from ..model.reports import (
    LONGEST_CLAIM,
    QUEUE_AGE,
    QUEUE_CAP,
    DropCause,
    DroppedMessage,
    Enqueued,
    QueuedMessage,
    QueueTime,
    QueueView,
)
from ..model.rule import decides
from ..model.state import Parameter, Priority, StateMessage, TopicId
from .memory_report_queue import MOST_PROBLEM
from .sqlite_file import SqliteFile

__all__ = ["SqliteReportQueue"]

_COLUMNS = "serial, topic, state, topic_id, time, parameters, priority, queued, attempts, problem, times"
_DUE_AT_ONCE = "UPDATE report_sending SET failures = 0, due = 0"


class _Sending(NamedTuple):
    """The one row about sending.

    Attributes:
        time: The queue's clock.
        failures: How many sends failed in a row.
        due: Ticks from which on the next send is due.
        owner: Who may send now; empty for nobody.
        claimed: Until when, in seconds since 1970.
        published: The fallback status point that the directory named last; empty for none.
    """

    time: QueueTime
    failures: int = 0
    due: float = 0.0
    owner: str = ""
    claimed: float = 0.0
    published: str = ""


@decides("FS-050", "FS-052")
class SqliteReportQueue:
    """The ``ReportQueue`` in a file. Safe to use from several threads and processes.

    Args:
        file: The store's file, with the tables of ``report_tables``. The queue closes it.
        most: How many messages wait at most.
        max_age: Seconds that one waits at most, by the queue's own clock.
    """

    def __init__(self, file: SqliteFile, *, most: int = QUEUE_CAP, max_age: float = QUEUE_AGE) -> None:
        self._file = file
        self._most = most
        self._max_age = max_age

    def close(self) -> None:
        """Let go of the file. What was written is on disk already."""
        self._file.close()

    def enqueue(self, message: StateMessage, now: datetime) -> Enqueued:
        """Put a message at the end; see ``ports.ReportQueue``."""

        def enqueue(connection: sqlite3.Connection) -> Enqueued:
            ticks = _advance(connection, now).time.ticks
            dropped = self._drop_old(connection, ticks)
            joined = _join(connection, message, ticks)
            if joined is not None:
                return Enqueued(joined, joined=True, dropped=dropped)
            queued = _insert(connection, message, ticks)
            full = self._drop_surplus(connection, ticks)
            stays = all(one.queued.serial != queued.serial for one in full)
            return Enqueued(queued if stays else None, dropped=(*dropped, *full))

        return self._file.write(enqueue)

    def view(self, now: datetime) -> QueueView:
        """The queue as it stands; see ``ports.ReportQueue``."""

        def view(connection: sqlite3.Connection) -> QueueView:
            sending = _read_sending(connection, now)
            time = sending.time.at(now)
            waiting = _select(connection, time.ticks, "ORDER BY serial")
            wait = time.until(sending.due) if waiting else 0.0
            return QueueView(waiting, sending.failures, wait, _host(sending.published))

        return self._file.read(view) or QueueView()

    def find_next(self, after: int) -> QueuedMessage | None:
        """Find the first message after a serial number; see ``ports.ReportQueue``."""

        def find(connection: sqlite3.Connection) -> QueuedMessage | None:
            found = next(iter(_select(connection, 0.0, "WHERE serial > ? ORDER BY serial LIMIT 1", (after,))), None)
            return found and found._replace(age=0.0)

        return self._file.read(find)

    def keep_published(self, host: HostName, now: datetime) -> None:
        """Keep which fallback status point the directory named; see ``ports.ReportQueue``."""

        def keep(connection: sqlite3.Connection) -> None:
            _write_sending(connection, _advance(connection, now)._replace(published=host))

        self._file.write(keep)

    def last_states(self) -> Mapping[int, int]:
        """The state last reported, by topic; see ``ports.ReportQueue``."""
        return self._file.read(_select_last) or {}

    def claim(self, owner: str, now: datetime, *, seconds: float) -> bool:
        """Take, or prolong, the right to send; see ``ports.ReportQueue``."""

        def claim(connection: sqlite3.Connection) -> bool:
            sending = _advance(connection, now)
            wall = now.timestamp()
            if sending.owner not in {"", owner} and wall < sending.claimed <= wall + LONGEST_CLAIM:
                return False
            _write_sending(connection, sending._replace(owner=owner, claimed=wall + min(seconds, LONGEST_CLAIM)))
            return True

        return self._file.write(claim)

    def release(self, owner: str) -> None:
        """Give the right to send back; see ``ports.ReportQueue``."""
        self._file.write(
            lambda connection: connection.execute(
                "UPDATE report_sending SET owner = '', claimed = 0 WHERE owner = ?", (owner,)
            )
        )

    def expire(self, now: datetime) -> tuple[DroppedMessage, ...]:
        """Drop what has waited too long; see ``ports.ReportQueue``."""
        if not self.view(now).messages:
            return ()  # nothing is written, and no file made, for nothing
        return self._file.write(lambda connection: self._drop_old(connection, _advance(connection, now).time.ticks))

    def accept(self, serial: int) -> None:
        """Take out what was accepted; see ``ports.ReportQueue``."""

        def accept(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO report_last SELECT topic, state FROM report_queue WHERE serial = ?", (serial,)
            )
            connection.execute("DELETE FROM report_queue WHERE serial = ?", (serial,))
            connection.execute(_DUE_AT_ONCE)

        self._file.write(accept)

    def postpone(self, serial: int, problem: str, now: datetime, *, seconds: float) -> None:
        """Note a send that came to nothing; see ``ports.ReportQueue``."""

        def postpone(connection: sqlite3.Connection) -> None:
            sending = _advance(connection, now)
            due = sending.time.ticks + seconds
            _write_sending(connection, sending._replace(failures=sending.failures + 1, due=due))
            connection.execute(
                "UPDATE report_queue SET attempts = attempts + 1, problem = ? WHERE serial = ?",
                (shown_name(problem, most=MOST_PROBLEM), serial),
            )

        self._file.write(postpone)

    def drop(self, serials: Collection[int] | None, cause: DropCause, now: datetime) -> tuple[DroppedMessage, ...]:
        """Drop messages; see ``ports.ReportQueue``."""
        if not self.view(now).messages:
            return ()

        def drop(connection: sqlite3.Connection) -> tuple[DroppedMessage, ...]:
            ticks = _advance(connection, now).time.ticks
            waiting = _select(connection, ticks, "ORDER BY serial")
            if serials is None:
                connection.execute(_DUE_AT_ONCE)
            return _leave(connection, [one for one in waiting if serials is None or one.serial in serials], cause)

        return self._file.write(drop)

    def _drop_old(self, connection: sqlite3.Connection, ticks: float) -> tuple[DroppedMessage, ...]:
        old = _select(connection, ticks, "WHERE queued < ? ORDER BY serial", (ticks - self._max_age,))
        return _leave(connection, old, DropCause.AGE)

    def _drop_surplus(self, connection: sqlite3.Connection, ticks: float) -> tuple[DroppedMessage, ...]:
        ((count,),) = connection.execute("SELECT count(*) FROM report_queue").fetchall()
        surplus = max(0, count - self._most)
        leaving = _select(connection, ticks, "ORDER BY priority DESC, serial LIMIT ?", (surplus,)) if surplus else ()
        return _leave(connection, leaving, DropCause.FULL)


# --- the clock, and who sends ---------------------------------------------------------------------------------------


def _read_sending(connection: sqlite3.Connection, now: datetime) -> _Sending:
    rows = connection.execute(
        "SELECT ticks, seen, failures, due, owner, claimed, published FROM report_sending"
    ).fetchall()
    if not rows:
        return _Sending(QueueTime(seen=now.timestamp()))
    ((ticks, seen, failures, due, owner, claimed, published),) = rows
    return _Sending(
        QueueTime(_number(ticks), _number(seen)),
        int(_number(failures)),
        _number(due),
        _text(owner),
        _number(claimed),
        _text(published),
    )


def _advance(connection: sqlite3.Connection, now: datetime) -> _Sending:
    """Let the clock follow; every change begins with it."""
    sending = _read_sending(connection, now)
    sending = sending._replace(time=sending.time.at(now))
    _write_sending(connection, sending)
    return sending


def _write_sending(connection: sqlite3.Connection, sending: _Sending) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO report_sending VALUES (1, ?, ?, ?, ?, ?, ?, ?)", (*sending.time, *sending[1:])
    )


# --- messages -------------------------------------------------------------------------------------------------------


def _join(connection: sqlite3.Connection, message: StateMessage, ticks: float) -> QueuedMessage | None:
    """Join a message with the latest of its topic that waits, if that says the same."""
    same = _select(
        connection,
        ticks,
        "WHERE serial = (SELECT max(serial) FROM report_queue WHERE topic = ?) AND state = ? AND parameters = ?",
        (message.topic, message.state, json.dumps(message.parameters)),
    )
    if not same:
        return None
    one = same[0]
    connection.execute(
        "UPDATE report_queue SET topic_id = ?, times = times + 1 WHERE serial = ?", (message.topic_id, one.serial)
    )
    return one._replace(message=one.message._replace(topic_id=message.topic_id), times=one.times + 1)


def _insert(connection: sqlite3.Connection, message: StateMessage, ticks: float) -> QueuedMessage:
    message = message._replace(time=message.time.astimezone(UTC))
    inserted = connection.execute(
        "INSERT INTO report_queue"
        " (topic, state, topic_id, time, parameters, priority, queued, attempts, problem, times)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 0, '', 1)",
        (
            message.topic,
            message.state,
            message.topic_id,
            message.time.isoformat(timespec="microseconds"),
            json.dumps(message.parameters),
            int(message.priority),
            ticks,
        ),
    )
    return QueuedMessage(inserted.lastrowid or 0, message)


def _leave(
    connection: sqlite3.Connection, leaving: Sequence[QueuedMessage], cause: DropCause
) -> tuple[DroppedMessage, ...]:
    if not leaving:
        return ()
    connection.executemany("DELETE FROM report_queue WHERE serial = ?", [(one.serial,) for one in leaving])
    return tuple(DroppedMessage(one, cause) for one in leaving)


def _select_last(connection: sqlite3.Connection) -> dict[int, int]:
    """The state last accepted, by topic; one that waits is later than that, the latest of them the last."""
    rows = connection.execute("SELECT topic, state FROM report_last").fetchall()
    rows += connection.execute("SELECT topic, state FROM report_queue ORDER BY serial").fetchall()
    return {int(_number(topic)): int(_number(state)) for topic, state in rows}


def _select(
    connection: sqlite3.Connection, ticks: float, which: str, values: Sequence[object] = ()
) -> tuple[QueuedMessage, ...]:
    # all rows first: an error must not leave a statement open
    rows = connection.execute(f"SELECT {_COLUMNS} FROM report_queue {which}", values).fetchall()  # noqa: S608 - ours
    return tuple(_parse_row(row, ticks) for row in rows)


def _parse_row(row: Sequence[object], ticks: float) -> QueuedMessage:
    """A message; whatever cannot have been written by us is damage."""
    serial, topic, state, topic_id, time, parameters, priority, queued, attempts, problem, times = row
    try:
        message = StateMessage(
            topic=int(_number(topic)),
            state=int(_number(state)),
            topic_id=TopicId(_text(topic_id)),
            time=datetime.fromisoformat(_text(time)).astimezone(UTC),
            parameters=_parse_parameters(_text(parameters)),
            priority=Priority(int(_number(priority))),
        )
    except (ValueError, OverflowError, InvalidValueError) as error:
        raise StoreDamagedError(f"a report that waits cannot be read: {error}") from error
    return QueuedMessage(
        int(_number(serial)),
        message,
        ticks - _number(queued),
        int(_number(attempts)),
        _text(problem),
        int(_number(times)),
    )


def _parse_parameters(text: str) -> tuple[Parameter, ...]:
    parts = json.loads(text)
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError("its parameters are no list of texts")
    return tuple(map(Parameter, parts))


def _host(text: str) -> HostName | None:
    try:
        return HostName(text) if text else None
    except InvalidValueError as error:
        raise StoreDamagedError(f"a fallback status point cannot be read: {error}") from error


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise StoreDamagedError("a number in the report queue is none")
    return value


def _text(value: object) -> str:
    try:
        if isinstance(value, bytes):
            return value.decode()
    except UnicodeDecodeError as error:
        raise StoreDamagedError("a text in the report queue is no UTF-8") from error
    raise StoreDamagedError("a text in the report queue is none")
