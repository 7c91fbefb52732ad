"""Keeps reading a store as any other program would, and says what it saw committed, and how long the log was by then.

Run under the recorder: `python snapshots.py DATABASE LOG`; one line of JSON for each look that saw something new. What
it saw was readable, and so acknowledged, before the log grew beyond `position`. It writes nothing to the database, but
asks now and then for a checkpoint, as a backup program does, so that the write-ahead log begins again.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

KEPT: Final = {  # what is written once and never changed, by table; a later release may add columns
    "root": "id, hex(path)",
    "arrival": "id, root_id, hex(path), generation, arrived_at",
    "history": "id, arrival_id, sequence, at, from_state, to_state, reason",
    "result": "id, content_sha256, model_sha256, preprocessing, logit, scored_at",
    "study": "id, key, group_key",
    "daemon_run": "id, kind, pid, started_at",
}
PAUSE: Final = 0.004  # seconds between two looks
LOOK_ANYWAY: Final = 100  # pauses
CHECKPOINT_EVERY: Final = 20  # looks


def rows(connection: sqlite3.Connection, table: str, after: int = 0) -> list[list[Any]]:
    """What a table holds beyond an id, as JSON would give it back."""
    query = f"SELECT {KEPT[table]} FROM {table} WHERE id > ? ORDER BY id"
    return [list(row) for row in connection.execute(query, [after])]


def look(file: Path, log: Path, seen: dict[str, int], checkpoint: str | None) -> dict[str, Any] | None:
    """Everything that is new in one consistent view; None while there is no store to read, or nothing is new."""
    address = f"file:{quote(str(file))}?mode=rw"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=5, isolation_level=None)) as connection:
            connection.execute("BEGIN")
            new = {table: found for table in KEPT if (found := rows(connection, table, seen.get(table, 0)))}
            states = dict(connection.execute("SELECT state, count(*) FROM arrival GROUP BY state").fetchall())
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            connection.execute("COMMIT")
            position = log.stat().st_size
            if checkpoint:
                connection.execute(f"PRAGMA wal_checkpoint({checkpoint})").fetchall()
    except sqlite3.OperationalError:  # no file yet, no table yet, or locked for longer than we care to wait
        return None
    seen.update({table: found[-1][0] for table, found in new.items()})
    return {"position": position, "revision": revision, "states": states, "new": new}


def changed(file: Path) -> tuple[int, ...]:
    """What differs after most commits; opening an idle store would only make and remove its log again and again."""
    found = []
    for path in (file, file.with_name(f"{file.name}-wal")):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        found += [status.st_mtime_ns, status.st_size] if status.st_size else []
    return tuple(found)


def main() -> None:
    """Look until the other end of the pipe is gone."""
    file, log = Path(sys.argv[1]), Path(sys.argv[2])
    seen: dict[str, int] = {}
    last: dict[str, Any] = {}
    known: tuple[int, ...] = ()
    turn = number = 0
    while True:
        time.sleep(PAUSE)
        turn += 1
        if (now := changed(file)) == known and turn % LOOK_ANYWAY:  # clocks of files are coarse
            continue
        known = now
        number += 1
        mode = ("RESTART", "TRUNCATE", "PASSIVE")[number // CHECKPOINT_EVERY % 3]
        found = look(file, log, seen, mode if number % CHECKPOINT_EVERY == CHECKPOINT_EVERY - 1 else None)
        if found and (found["new"] or found["states"] != last.get("states") or found["revision"] != last["revision"]):
            last = found
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(0)
