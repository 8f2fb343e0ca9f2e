"""Effects of schedulers on one resource, a database that all replicas share: python3 effects.py make|dump FILE

A plain effect is accepted whoever sends it. A fenced one carries the sender's epoch, and is accepted only where no higher
one has been seen: one transaction raises the fence and inserts. What it refuses is told too. A database that is busy is not
waited for. "dump" writes one line each, in the order of acceptance: KIND REPLICA EPOCH MONO, KIND being plain, fenced
or refused, MONO the instant of the attempt, seconds of CLOCK_MONOTONIC.
"""

import sqlite3
import sys
import time

# How often, s.
PERIOD = 0.01


def connect(path):
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    # The machine does not crash; processes do.
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def make(path):
    connection = connect(path)
    connection.executescript(
        "CREATE TABLE fence (epoch INTEGER NOT NULL);"
        "INSERT INTO fence VALUES (0);"
        "CREATE TABLE effect (number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,"
        " replica TEXT NOT NULL, epoch INTEGER NOT NULL, mono REAL NOT NULL)"
    )


def insert(connection, kind, replica, epoch, mono):
    connection.execute(
        "INSERT INTO effect (kind, replica, epoch, mono) VALUES (?, ?, ?, ?)", (kind, replica, epoch, mono)
    )


def attempt(connection, replica, epoch):
    mono = time.monotonic()
    try:
        insert(connection, "plain", replica, epoch, mono)
        connection.execute("BEGIN IMMEDIATE")
        try:
            raised = connection.execute("UPDATE fence SET epoch = ? WHERE epoch <= ?", (epoch, epoch)).rowcount
            insert(connection, "fenced" if raised else "refused", replica, epoch, mono)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        # Busy.
        pass


def send(path, replica, epoch):
    """Never returns."""
    connection = connect(path)
    while True:
        attempt(connection, replica, epoch)
        time.sleep(PERIOD)


def dump(path):
    for row in connect(path).execute("SELECT kind, replica, epoch, mono FROM effect ORDER BY number"):
        print(*row)


if __name__ == "__main__":
    {"make": make, "dump": dump}[sys.argv[1]](sys.argv[2])
