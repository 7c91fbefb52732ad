"""The report of many waiting studies: seconds and memory of each step, from a real store (`report.py [STUDIES]`).

100,000 unless told otherwise; seconds of the processor. Each study has one film, every twentieth is refused, half are
overdue.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from builders.bundles import tiny_document
from sqlalchemy import insert

from db import results, roots, schema
from db.store import open_store
from models.film_statistics import NAMES, FilmStatistics, written

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
STEP = 5000


def fill(url: str, studies: int) -> None:
    """Enter the studies by plain inserts: the way of each film does not matter here."""
    with open_store(url, create=True) as store:
        with store.write() as tx:
            root = roots.ensure_root(tx, "/srv/in", NOW - timedelta(days=9))
            bundle = results.ensure_bundle(
                tx,
                model_sha256="m" * 64,
                name="b",
                preprocessing=1,
                document=json.dumps(tiny_document()),
                now=NOW - timedelta(days=9),
            )
        for start in range(0, studies, STEP):
            numbers = range(start + 1, min(start + STEP, studies) + 1)
            with store.write() as tx:
                tx.execute(insert(schema.study), [_study(n) for n in numbers])
                tx.execute(insert(schema.result), [_result(n, bundle) for n in numbers])
                tx.execute(insert(schema.arrival), [_arrival(n, root.id) for n in numbers])
                tx.execute(insert(schema.history), [line for n in numbers for line in _lines(n)])


def _came(n: int) -> datetime:
    return NOW - timedelta(seconds=n % 57_600)


def _study(n: int) -> dict[str, Any]:
    return {"id": n, "key": f"S-{n:06d}", "group_key": f"g{n}", "accession": f"A{n}", "created_at": _came(n)}


def _result(n: int, bundle: int) -> dict[str, Any]:
    return {
        "id": n,
        "content_sha256": f"{n:064x}",
        "model_sha256": "m" * 64,
        "preprocessing": 1,
        "logit": n * 7919 % 1000 / 100 - 5,
        "bundle_id": bundle,
        "scored_at": _came(n) + timedelta(seconds=3),
        "milliseconds": 5.0,
    }


def _arrival(n: int, root: int) -> dict[str, Any]:
    refused = n % 20 == 0
    return {
        "id": n,
        "root_id": root,
        "path": f"ward/{n:06d}.dcm",
        "generation": 1,
        "state": "refused" if refused else "scored",
        "code": "view" if refused else None,
        "message": "the view is LL; send a frontal view" if refused else None,
        "sha256": f"{n:064x}",
        "study_id": n,
        "result_id": None if refused else n,
        "population": "adults",
        "tier": "tagged",
        "age_years": 55.0,
        "view": "PA",
        "arrived_at": _came(n),
        "size": 1,
        "mtime_ns": 1,
        "ctime_ns": 1,
        "inode": n,
        "device": 1,
        "backlog": False,
        "steps": 4,
        "changed_at": _came(n),
        "measures": None
        if refused
        else written(FilmStatistics(*(n * (2 * k + 3) % 97 / 97 for k in range(len(NAMES))))),
    }


def _measures(n: int) -> str:
    return written(FilmStatistics(*(n * (2 * k + 3) % 97 / 97 for k in range(len(NAMES)))))


def _lines(n: int) -> list[dict[str, Any]]:
    """The way of each film is whole, so that `verify` has nothing to tell of it."""
    way = ("seen", "ready", "running", "refused" if n % 20 == 0 else "scored")
    return [
        {
            "arrival_id": n,
            "sequence": step,
            "from_state": way[step - 2] if step > 1 else None,
            "to_state": state,
            "at": _came(n),
            "reason": "found",
        }
        for step, state in enumerate(way, 1)
    ]


def measure(folder: Path) -> None:
    """In a process of its own: what the fill took is not counted."""
    from daemon.report.build import build_report
    from daemon.report.collector import collector_off
    from daemon.report.gather import gather
    from daemon.report.times import window_of
    from daemon.report.write import write_report
    from daemon.settings import ReportSettings, Settings, StoreSettings
    from db.identity import Identifiers, Identity

    settings = Settings(store=StoreSettings(url=str(folder / "t.db")), report=ReportSettings(folder=folder / "out"))
    began = time.process_time()
    before = began

    def told(step: str) -> None:
        nonlocal before
        now = time.process_time()
        print(f"  {step:<28} {now - before:5.1f} s   peak {_peak():4.0f} MiB", flush=True)
        before = now

    told("started")
    with collector_off():
        with open_store(settings.store.url, create=False) as store, store.read() as tx:
            day = NOW.date()
            identity = Identity(Identifiers.ACCESSION, None)
            inputs = gather(tx, settings, day, window_of(day, settings.report), NOW, NOW, identity)
        told("gathered")
        report = build_report(inputs)
        told("built")
        for name in ("html", "csv", "json"):
            path = write_report(report, settings.report.folder, (name,))[name]
            told(f"{name}, {path.stat().st_size / 2**20:.1f} MiB")
    print(f"  from start to end, {time.process_time() - began:.1f} s")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Fill, then measure in another process."""
    if sys.argv[1:2] == ["measure"]:
        measure(Path(sys.argv[2]))
        return
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        fill(f"{folder}/t.db", studies)
        print(f"{studies:,} waiting studies")
        subprocess.run([sys.executable, __file__, "measure", folder], check=True)


if __name__ == "__main__":
    main()
