"""Whatever is deleted or changed behind the daemon's back is named."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db import arrivals, verify
from db.records import Discrepancy
from db.states import State
from db.store import Store, open_store

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

LONGER = (
    "INSERT INTO history (arrival_id, sequence, at, from_state, to_state, reason) "
    "VALUES (8, 2, '2026-11-22 12:00:00.000000+00:00', 'seen', 'seen', '')"
)


@pytest.fixture
def filled(store: Store, films, file: Path) -> Path:
    """A sound store: 1 scored, 2 refused, 3 failed, 4 duplicate, 5 replaced by 6, 7 gone, 8 seen."""
    first = films.scored("a.dcm", "a", group="one")
    films.ended("b.dcm", State.REFUSED)
    films.ended("c.dcm", State.FAILED)
    films.duplicate("d.dcm", first)
    old = films.scored("e.dcm", "e1", group="two")
    new = films.scored("e.dcm", "e2", group="two", generation=2)
    arrivals.move(films.tx, old.id, State.SUPERSEDED, NOON, "replaced", superseded_by=new.id)
    gone = films.seen("f.dcm")
    arrivals.move(films.tx, gone.id, State.VANISHED, NOON, "gone")
    films.seen("g\udcff.dcm")
    films.tx.commit()
    store.close()
    return file


def behind(file: Path, statement: str) -> list[Discrepancy]:
    """Run a statement as a person with sqlite3 would, and say what the store finds."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        assert connection.execute(statement).rowcount > 0
    with open_store(str(file), create=False) as store, store.read() as tx:
        return verify.consistency(tx)


def test_a_store_that_holds_together_has_no_discrepancy(filled: Path):
    """Also with films of every end."""
    assert behind(filled, "UPDATE arrival SET message = 'x'") == []


@pytest.mark.parametrize(
    ("statement", "kind", "subject", "says"),
    [
        ("DELETE FROM arrival WHERE id = 1", "arrival-missing", "arrival 1", "5 lines of its history"),
        ("DELETE FROM arrival WHERE id = 8", "arrival-missing", "arrival 8", "1 lines of its history"),
        ("DELETE FROM arrival WHERE id = 5", "generation-gap", "/in/e.dcm", "content 2 of this path follows nothing"),
        ("DELETE FROM arrival WHERE id = 1", "duplicate-of-nothing", "/in/d.dcm", "arrival 1, which is gone"),
        ("DELETE FROM arrival WHERE id = 6", "superseded-by-nothing", "/in/e.dcm", "arrival 6"),
        ("DELETE FROM history WHERE arrival_id = 1 AND sequence = 1", "history-gap", "/in/a.dcm", "line 1 of"),
        ("DELETE FROM history WHERE arrival_id = 1 AND sequence = 3", "history-gap", "/in/a.dcm", "line 3 of"),
        ("DELETE FROM history WHERE arrival_id = 1 AND sequence = 5", "history-gap", "/in/a.dcm", "line 4 of 5"),
        ("DELETE FROM history WHERE arrival_id = 1 AND sequence IN (2, 3)", "history-gap", "/in/a.dcm", "lines 2 to 3"),
        ("DELETE FROM history WHERE arrival_id = 8", "history-missing", "/in/g\udcff.dcm", "arrival 8 has no history"),
        ("UPDATE history SET to_state = 'ready' WHERE arrival_id = 8", "history-broken", "/in/g\udcff.dcm", "begins"),
        (
            "UPDATE history SET to_state = 'failed' WHERE arrival_id = 1 AND sequence = 3",
            "history-broken",
            "/in/a.dcm",
            "line 4 of arrival 1 leaves ready, not failed",
        ),
        (
            "UPDATE history SET from_state = NULL WHERE arrival_id = 1 AND sequence = 4",
            "history-broken",
            "/in/a.dcm",
            "line 4",
        ),
        (
            LONGER,
            "history-broken",
            "/in/g\udcff.dcm",
            "2 lines, 1 were written",
        ),
        ("UPDATE arrival SET state = 'scored' WHERE id = 2", "state-differs", "/in/b.dcm", "is scored, but"),
        ("UPDATE arrival SET state = 'scored' WHERE id = 2", "result-missing", "/in/b.dcm", "has no result"),
        ("DELETE FROM result WHERE content_sha256 = 'a'", "result-missing", "/in/a.dcm", "is gone"),
        ("DELETE FROM result WHERE content_sha256 = 'e1'", "result-missing", "/in/e.dcm", "of arrival 5 is gone"),
        ("UPDATE result SET content_sha256 = 'x' WHERE id = 1", "result-differs", "/in/a.dcm", "of other content"),
        ("UPDATE arrival SET result_id = NULL WHERE id = 1", "result-unused", "result 1", "no arrival"),
        ("UPDATE arrival SET duplicate_of = NULL WHERE id = 4", "duplicate-of-nothing", "/in/d.dcm", "no original"),
        ("UPDATE arrival SET sha256 = 'x' WHERE id = 4", "duplicate-differs", "/in/d.dcm", "the content differs"),
        ("UPDATE arrival SET duplicate_of = 4 WHERE id = 4", "duplicate-differs", "/in/d.dcm", "arrival 4"),
        ("UPDATE arrival SET superseded_by = 1 WHERE id = 5", "superseded-by-nothing", "/in/e.dcm", "arrival 1"),
        ("UPDATE arrival SET superseded_by = NULL WHERE id = 5", "superseded-by-nothing", "/in/e.dcm", "nothing"),
        ("UPDATE arrival SET generation = 3 WHERE id = 6", "generation-gap", "/in/e.dcm", "content 3"),
        ("UPDATE arrival SET study_id = NULL WHERE id = 2", "study-missing", "/in/b.dcm", "no queue shows it"),
        ("DELETE FROM study", "study-missing", "/in/a.dcm", "belongs to no study"),
        ("DELETE FROM root", "root-missing", "a.dcm", "a root that is gone"),
    ],
)
def test_it_is_named(filled: Path, statement: str, kind: str, subject: str, says: str):
    """By its kind, by the file where that is known, and in a sentence."""
    found = [found for found in behind(filled, statement) if found.kind == kind and found.subject == subject]
    assert len(found) == 1
    assert says in found[0].text


@settings(max_examples=15)
@given(data=st.data())
def test_no_single_deletion_goes_unnamed(shared_store: Store, filler: type, data: st.DataObject):
    """Any one row of arrivals, history or results, whatever else is in the store."""
    with shared_store.read() as tx:  # a transaction that is never committed
        tx.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        films = filler(tx)
        kinds = data.draw(st.lists(st.sampled_from(["scored", "refused", "duplicate", "seen"]), min_size=1, max_size=6))
        first = films.scored("first", "first")
        for number, kind in enumerate(kinds):
            match kind:
                case "scored":
                    films.scored(f"{number}")
                case "refused":
                    films.ended(f"{number}", State.REFUSED)
                case "duplicate":
                    films.duplicate(f"{number}", first)
                case _:
                    films.seen(f"{number}")
        assert verify.consistency(tx) == []
        table = data.draw(st.sampled_from(["arrival", "history", "result"]))
        ids = tx.exec_driver_sql(f"SELECT id FROM {table}").scalars().all()
        tx.exec_driver_sql(f"DELETE FROM {table} WHERE id = {data.draw(st.sampled_from(ids))}")
        assert verify.consistency(tx) != []


VERSIONS = """
UPDATE arrival SET state = 'superseded', superseded_by = 3, study_id = 1, instance_uid = '{}' WHERE id = 1;
UPDATE history SET to_state = 'superseded' WHERE arrival_id = 1 AND sequence = 5;
UPDATE arrival SET study_id = {}, instance_uid = '{}', state = 'failed' WHERE id = 3;
UPDATE arrival SET state = 'failed', duplicate_of = NULL, study_id = 1 WHERE id = 4;
UPDATE history SET to_state = 'failed' WHERE arrival_id = 4 AND sequence = 5;
"""


@pytest.mark.parametrize(
    ("older", "study", "newer", "sound"),
    [
        ("1.2.3", 1, "1.2.3", True),
        ("#" + "a" * 32, 1, "1.2.3", True),  # kept at another level: whether they are one, only the key could tell
        ("1.2.3", 1, "1.2.4", False),
        ("1.2.3", 2, "1.2.3", False),
    ],
)
def test_a_newer_version_of_an_image_is_of_its_study_and_has_its_uid(
    filled: Path, older: str, study: int, newer: str, sound: bool
):
    """Else it took the place of another film."""
    with closing(sqlite3.connect(filled)) as connection, connection:
        connection.executescript("PRAGMA foreign_keys = OFF;" + VERSIONS.format(older, study, newer))
    found = [each.kind for each in behind(filled, "UPDATE arrival SET message = 'x'")]
    assert found == ([] if sound else ["superseded-by-nothing"])


NOTE = "INSERT INTO withdrawal (note_id, instance_uid, reason, at) VALUES (2, '#', 'rejected', '2026-11-22')"


@pytest.mark.parametrize(
    ("statement", "sound"),
    [
        ("UPDATE arrival SET withdrawn_at = '2026-11-22', withdrawn_by = 2, study_id = 1 WHERE id IN (1, 2)", True),
        ("UPDATE arrival SET withdrawn_at = '2026-11-22', withdrawn_by = 2 WHERE id = 1", False),
        ("UPDATE arrival SET withdrawn_at = '2026-11-22', withdrawn_by = 3, study_id = 1 WHERE id IN (1, 3)", False),
        ("UPDATE arrival SET withdrawn_at = '2026-11-22' WHERE id = 1", False),
        ("UPDATE arrival SET withdrawn_by = 2, study_id = 1 WHERE id IN (1, 2)", False),
    ],
)
def test_what_was_taken_back_names_a_note_of_its_study(filled: Path, statement: str, sound: bool):
    """And the time."""
    behind(filled, NOTE)
    assert {each.kind for each in behind(filled, statement)} == (set() if sound else {"withdrawn-by-nothing"})
