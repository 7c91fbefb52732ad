"""`cxr-triage rehearse` as its user runs it: past nights under other rules, and a store that stays as it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from builders.films import grey_film, jpeg
from builders.program import Program

from models.bundle import shipped_bundle

OTHER = """
[queue]
longest_wait_minutes = { routine = 0.001 }
"""


def _rows(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as store:
        return list(store.iterdump())


def test_past_nights_under_other_rules_and_nothing_is_written(tmp_path: Path, bundle: Path) -> None:
    """Thresholds change bands, settings change who is overdue, a bundle scores what is there; the same each time."""
    program = Program(tmp_path, bundle, settings={"CXR_TRIAGE_STORE__URL": "t.db"})
    (tmp_path / "films").mkdir()
    for number, opacity in enumerate((1.0, 0.2, 0.0)):
        (tmp_path / "films" / f"{number}.jpg").write_bytes(jpeg(grey_film(seed=number, opacity=opacity)))
    (tmp_path / "other.toml").write_text(OTHER)
    program.good("scan", "films", "--settle-seconds", "0.1")
    with closing(sqlite3.connect(tmp_path / "t.db")) as store:
        store.execute("update arrival set backlog = 0")  # of which nobody knows when it came
        store.commit()
    keys = [entry["study"] for entry in program.good("queue", "--format", "json").document["queue"]]
    for key in reversed(keys):
        program.good("read", key)
    (tmp_path / "films" / "2.jpg").unlink()
    before = _rows(tmp_path / "t.db")
    asked = ("rehearse", "--since", "2026-01-01", "--format", "json")

    same = program.good(*asked).document
    assert (same["groups"]["all"]["studies"], same["moved"]["studies"], same["band_changes"]) == (3, 0, [])
    low = ("--threshold", "adults=-99", "--threshold", "children=-99")
    high = ("--first-threshold", "adults=-99", "--first-threshold", "children=-99")
    raised = program.good(*asked, *low, *high).document
    assert {change["to"] for change in raised["band_changes"]} == {"first"}
    waits = program.good(*asked, "--config", "other.toml").document
    assert waits["changed"]["config"] == "other.toml"
    rescored = program.good(*asked, "--bundle", shipped_bundle()).document
    assert (rescored["changed"]["bundle"]["films"], rescored["changed"]["bundle"]["missing"]) == (3, 1)
    assert {**program.good(*asked).document, "generated_at": "", "window_end": ""} == {
        **same,
        "generated_at": "",
        "window_end": "",
    }
    assert "by the rules as they are" in program.good(*asked[:3]).out
    assert program.run(*asked, "--threshold", "adults=9").code == 2  # `first` would begin below `next`
    assert _rows(tmp_path / "t.db") == before
