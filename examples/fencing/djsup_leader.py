"""Leadership inside a service that djsup runs in one replica only. Copy this file into your project; it needs nothing else.

    require()           raises StaleLeader unless this process leads, and will for two seconds more
    fence(connection)   within a transaction: makes it fail if a newer leader has already done anything

djsup ends the old leader's processes before a new one starts. The fence is for what no supervisor can see: a virtual machine
that was paused and goes on, or bytes that were sent before the end and arrive after it. It is exact, because the database
decides it together with the effect. See README.md for the table it needs.
"""

import json
import os
import time


class StaleLeader(Exception):
    """This process does not lead any more, so what it was about to do is not its business."""


def epoch():
    """The number of this leadership; each leader has a higher one than all before it."""
    try:
        return int(os.environ["DJSUP_LEADER_EPOCH"])
    except (KeyError, ValueError):
        raise StaleLeader(
            "cannot lead: DJSUP_LEADER_EPOCH is not set, so this is no process of a singleton that djsup runs"
        ) from None


def group():
    epoch()
    return os.environ["DJSUP_LEADER_GROUP"]


def valid_for():
    """Seconds that this leadership is valid yet; 0 where it has ended. Each renewal makes it longer."""
    try:
        with open(os.environ["DJSUP_LEADER_FILE"], encoding="utf-8") as file:
            lease = json.load(file)
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            is_ours = lease["epoch"] == epoch() and lease["group"] == group() and lease["boot_id"] == file.read().strip()
        return max(0.0, lease["valid_until"] - time.monotonic()) if is_ours else 0.0
    except (KeyError, TypeError, ValueError, OSError):
        # What cannot be read is no leadership.
        return 0.0


def require(min_valid=2.0):
    """Returns how long this leadership is valid yet, in seconds; raises StaleLeader where that is less than `min_valid`."""
    left = valid_for()
    if left < min_valid or left == 0:
        raise StaleLeader(f'cannot lead "{group()}" in epoch {epoch()}: valid for {left:.1f} s, {min_valid:.1f} s are needed')
    return left


def fence(connection):
    """Call it first in a transaction: the transaction's effects are kept only if no newer leader has come to its own fence.

    `connection` is Django's (django.db.connection, within transaction.atomic()), or one of a driver that writes parameters
    as %s and has autocommit off (psycopg). Raises StaleLeader; the caller lets it go through, so that all is rolled back.
    """
    if not getattr(connection, "in_atomic_block", not getattr(connection, "autocommit", False)):
        raise RuntimeError("cannot fence outside of a transaction: use it within transaction.atomic()")
    mine = epoch()
    with connection.cursor() as cursor:
        # The row's lock orders old and new leader, and is held until the effects are committed or gone.
        cursor.execute(
            "UPDATE djsup_fence SET epoch = %s WHERE grp = %s AND epoch <= %s",
            [mine, group(), mine],
        )
        if cursor.rowcount == 1:
            return
        cursor.execute("SELECT epoch FROM djsup_fence WHERE grp = %s", [group()])
        row = cursor.fetchone()
    if row is None:
        raise RuntimeError(f"cannot fence: table djsup_fence has no row for group \"{group()}\"; insert ('{group()}', 0)")
    raise StaleLeader(f'cannot act for "{group()}" in epoch {mine}: epoch {row[0]} has acted already')
