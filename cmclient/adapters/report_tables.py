"""The tables of the report queue, apart from it: whoever makes the store's file for something else makes them too."""

import sqlite3

__all__ = ["REPORT_TABLES", "create_report_tables"]

REPORT_TABLES = frozenset({b"report_queue", b"report_sending", b"report_last"})


def create_report_tables(connection: sqlite3.Connection) -> None:
    """Add the tables of the queue to a file that does not have them."""
    connection.execute(
        # AUTOINCREMENT: a serial number is never used again, not even that of the last message
        "CREATE TABLE report_queue (serial INTEGER PRIMARY KEY AUTOINCREMENT, topic INTEGER NOT NULL,"
        " state INTEGER NOT NULL, topic_id TEXT NOT NULL, time TEXT NOT NULL, parameters TEXT NOT NULL,"
        " priority INTEGER NOT NULL, queued REAL NOT NULL, attempts INTEGER NOT NULL, problem TEXT NOT NULL,"
        " times INTEGER NOT NULL)"
    )
    connection.execute(
        "CREATE TABLE report_sending (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), ticks REAL NOT NULL,"
        " seen REAL NOT NULL, failures INTEGER NOT NULL, due REAL NOT NULL, owner TEXT NOT NULL, claimed REAL NOT NULL,"
        " published TEXT NOT NULL)"
    )
    connection.execute("CREATE TABLE report_last (topic INTEGER PRIMARY KEY, state INTEGER NOT NULL)")
