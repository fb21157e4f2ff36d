"""The queue of state messages beside sqlite3 inserting one row a transaction, as durably (WAL, FULL)."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness import Goal, Measured, Race, call, finish, folder, options_of, race

from cmclient.adapters.report_queue import SqliteReportQueue
from cmclient.adapters.sqlite_file import SqliteFile
from cmclient.adapters.store import SCHEMA
from cmclient.model.state import Parameter, Priority, StateMessage, TopicId

QUEUE, BARE = "enqueue", "sqlite3: one insert a transaction"
MESSAGES = 200
NOON = datetime(2024, 1, 2, 12, tzinfo=UTC)
TOPIC = TopicId("{6A1FF3C1-5C6B-4C2A-9C5B-9C0F3C5C2A11}")
TABLE = (
    "CREATE TABLE report_queue (serial INTEGER PRIMARY KEY AUTOINCREMENT, topic INTEGER, state INTEGER, topic_id TEXT,"
    " time TEXT, parameters TEXT, priority INTEGER, queued REAL, attempts INTEGER, problem TEXT, times INTEGER)"
)


def message(number: int) -> StateMessage:
    """A message that no other one says."""
    return StateMessage(800, 308, TOPIC, NOON, (Parameter(f"http://mp1.corp.test/file{number}"),), Priority.HIGH)


def measure(rounds: int) -> list[Race]:
    """Both fill a new file in each round."""
    with folder() as place:
        number = 0

        def fresh() -> Path:
            nonlocal number
            number += 1
            return place / f"{number}.sqlite3"

        def ours() -> Measured:
            with closing(SqliteReportQueue(SqliteFile(fresh(), SCHEMA))) as queue:
                queue.enqueue(message(-1), NOON)  # the file is made
                messages = [(message(turn), NOON + timedelta(seconds=turn)) for turn in range(MESSAGES)]
                at = iter(messages)

                def one() -> None:
                    queue.enqueue(*next(at))

                return call(one, MESSAGES)

        def bare() -> Measured:
            with closing(sqlite3.connect(fresh(), isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute(TABLE)
                insert = "INSERT INTO report_queue VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, 0, '', 1)"
                rest = (str(TOPIC), NOON.isoformat())
                rows = [
                    (800, 308, *rest, f'["http://mp1.corp.test/file{turn}"]', 1, float(turn))
                    for turn in range(MESSAGES)
                ]
                at = iter(rows)

                def one() -> None:
                    connection.execute("BEGIN IMMEDIATE")
                    connection.execute(insert, next(at))
                    connection.execute("COMMIT")

                return call(one, MESSAGES)

        goals = [Goal(QUEUE, BARE, 1.3)]
        note = "ours also lets old ones go, joins what waits already, and keeps a clock of its own"
        contestants = {BARE: bare, QUEUE: ours}
        return [race("A state message made durable", contestants, rounds=rounds, goals=goals, notes=[note])]


def main() -> None:
    """Measure and print."""
    options = options_of(__doc__)
    finish(measure(options.rounds or 9), options.json)


if __name__ == "__main__":
    main()
