"""Studies are found by what a person types, and by nothing that could mean another one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from db import arrivals, roots, studies
from db.errors import StoreError
from db.records import FileStamp
from db.states import ReadSource, State, Verdict

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
STAMP = FileStamp(1, 2, 3, 4, 5)


def test_a_grouping_key_has_one_study_with_an_opaque_key(tx: Connection):
    """Which says nothing of the patient."""
    one = studies.ensure(tx, "1.2.3", NOON, accession="A1")
    two = studies.ensure(tx, "1.2.4", NOON, accession=None)
    assert (one.key, two.key) == ("S-000001", "S-000002")
    assert (one.accession, one.created_at, one.requested_urgency) == ("A1", NOON, "routine")
    assert studies.ensure(tx, "1.2.3", LATER, accession="A1") == one


def test_an_accession_that_comes_later_is_taken_and_then_stays(tx: Connection):
    """The first one counts."""
    studies.ensure(tx, "g", NOON, accession=None)
    assert studies.ensure(tx, "g", LATER, accession="A1").accession == "A1"
    assert studies.ensure(tx, "g", LATER, accession="A2").accession == "A1"
    assert studies.ensure(tx, "g", LATER, accession=None).accession == "A1"


def test_a_key_never_comes_to_mean_another_study(tx: Connection):
    """Somebody may have written it down."""
    studies.ensure(tx, "g", NOON, accession=None)
    tx.exec_driver_sql("DELETE FROM study")
    assert studies.ensure(tx, "h", NOON, accession=None).key == "S-000002"


def test_a_study_is_found_by_key_accession_and_image(films):
    """And by nothing else."""
    arrival = films.scored("sub/a\udcff.dcm", group="g", accession="A1")
    films.scored("b.dcm", accession="A2")
    found = [studies.resolve(films.tx, text) for text in ("S-000001", "s-000001", "A1", "/in/sub/a\udcff.dcm")]
    assert [study.id for study in found if study] == [arrival.study_id] * 4
    for text in ("S-000009", "1", "A", "a1", "sub/a\udcff.dcm", "/in/sub", "/in", "/other/b.dcm", "g", ""):
        assert studies.resolve(films.tx, text) is None, text


def test_an_accession_of_several_studies_is_refused(films):
    """One of them would be marked as read unseen; the keys to choose from are named."""
    films.scored("a", accession="A1")
    films.scored("b", accession="A1")
    with pytest.raises(StoreError, match=r"2 studies have this accession; give one of: S-000001, S-000002"):
        studies.resolve(films.tx, "A1")
    assert [study.key for study in studies.with_accession(films.tx, "A1")] == ["S-000001", "S-000002"]
    assert studies.with_accession(films.tx, "A2") == []


def test_of_a_path_only_the_newest_content_counts(films):
    """Before it was looked at, the path means no study: the old film was read, the new one was not seen."""
    old = films.scored("a", "one", group="one")
    new = films.seen("a", generation=2)
    arrivals.move(films.tx, old.id, State.SUPERSEDED, NOON, "replaced", superseded_by=new.id)
    assert studies.resolve(films.tx, "/in/a") is None
    study = films.study("two")
    arrivals.move(films.tx, new.id, State.REFUSED, NOON, "refused", study_id=study.id)
    assert studies.resolve(films.tx, "/in/a") == study


def test_the_path_of_a_duplicate_means_the_study_of_the_original(films):
    """Which is where its content waits."""
    original = films.scored("a")
    films.duplicate("b", original)
    found = studies.resolve(films.tx, "/in/b")
    assert found is not None
    assert found.id == original.study_id


def test_of_nested_roots_the_one_that_knows_the_file_counts(films):
    """The innermost first; a root whose name only begins alike is not meant."""
    arrival = films.scored("ward/a")
    for path in ("/in/ward", "/i", "/"):
        roots.ensure_root(films.tx, path, NOON)
    found = studies.resolve(films.tx, "/in/ward/a")
    assert found is not None
    assert found.id == arrival.study_id


def test_a_root_that_is_the_whole_disk_finds_its_films(tx: Connection):
    """Its path already ends with the separator."""
    root = roots.ensure_root(tx, "/", NOON)
    study = studies.ensure(tx, "g", NOON, accession=None)
    arrival = arrivals.add(tx, root.id, "a/b", 1, STAMP, NOON, backlog=False, reason="found")
    arrivals.move(tx, arrival.id, State.FAILED, NOON, "failed", study_id=study.id)
    assert studies.resolve(tx, "/a/b") == study


def test_reads_and_verdicts_are_kept_with_who_and_when(tx: Connection):
    """A verdict adds a read of its own."""
    study = studies.ensure(tx, "g", NOON, accession=None)
    read = studies.add_read(tx, study.id, read_at=NOON, now=LATER, source=ReadSource.CSV)
    assert (read.read_at, read.recorded_at, read.source, read.by) == (NOON, LATER, ReadSource.CSV, None)
    first = studies.add_review(tx, study.id, Verdict.PNEUMONIA, NOON, by="reader", note="left base")
    second = studies.add_review(tx, study.id, Verdict.NOT, LATER)
    assert (first.verdict, first.by, first.note, first.at) == (Verdict.PNEUMONIA, "reader", "left base", NOON)
    assert studies.reviews(tx, study.id) == [first, second]
    sources = tx.exec_driver_sql("SELECT source FROM read_event ORDER BY id").scalars().all()
    assert sources == ["csv", "verdict", "verdict"]


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (["routine", "urgent", "stat"], "stat"),
        (["stat", "urgent", "routine", None], "stat"),
        ([None, "routine"], "routine"),
        (["urgent", None], "urgent"),
        (["urgent", "at once"], "urgent"),
    ],
)
def test_an_image_raises_its_studys_urgency_and_never_lowers_it(tx, asked: list[str | None], kept: str):
    """A late one too; a word that nobody knows changes nothing."""
    for urgency in asked:
        study = studies.ensure(tx, "g", NOON, accession=None, urgency=urgency)
    assert study.requested_urgency == kept
    assert studies.ensure(tx, "g", NOON, accession=None) == study
