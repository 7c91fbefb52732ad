"""A planted name, accession and UIDs are found where a site's setting allows it, and nowhere else, in any byte."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from builders.dicom import dicom
from builders.films import grey_film, jpeg, truncated
from builders.notes import note
from builders.program import Program, wait_until
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

LEVELS = ("none", "accession", "identifiers")
NAME, ACCESSION, STUDY = "PLANTED^MARKER", "PLANTEDACC", "1.2.826.0.1.4711471147"
INSTANCE, FILE = f"{STUDY}.3", "FILETELLSALL"
TAGS = ("PLANTED", "^MARKER")


def nested() -> Sequence:
    """A request that names the patient, and says so in a private tag of an item of an item."""
    inner, item = Dataset(), Dataset()
    inner.PatientName = NAME
    inner.add_new((0x0009, 0x0010), "LO", "PLANTED CREATOR")
    inner.add_new((0x0009, 0x1001), "LT", NAME)
    item.ReferencedPatientSequence = Sequence([inner])
    item.RequestedProcedurePriority = "STAT"
    item.RequestedProcedureDescription = NAME
    return Sequence([item])


def planted(seed: int, instance: str = INSTANCE, **tags: Any) -> bytes:
    """A film that says who is on it wherever it can."""
    said = dict.fromkeys(
        (
            "PatientName",
            "PatientID",
            "OtherPatientNames",
            "StudyDescription",
            "SeriesDescription",
            "ProtocolName",
            "ImageComments",
            "InstitutionName",
            "ReferringPhysicianName",
            "StudyID",
        ),
        NAME,
    )
    said |= {"RequestAttributesSequence": nested(), "StudyPriorityID": NAME}
    film = {"accession": ACCESSION, "study_uid": STUDY, "instance_uid": instance}
    return dicom(grey_film(seed=seed), **film, **(said | tags))


def films() -> dict[str, bytes]:
    """Scored, refused, broken, sent again, taken back, and one whose name says it all."""
    return {
        "film.dcm": planted(1),
        "again.dcm": planted(2),
        "taken back.dcm": planted(3, f"{STUDY}.4"),
        "note.dcm": note(STUDY, [f"{STUDY}.4"], PatientName=NAME, AccessionNumber=ACCESSION),
        "part.dcm": planted(4, f"{STUDY}.5", body_part="PLANTED MARKER"),
        "words.dcm": planted(5, f"{STUDY}.6", view=NAME, modality="PLANTED"),
        "cut.dcm": truncated(planted(6, f"{STUDY}.7")),
        "broken.dcm": planted(7, f"{STUDY}.8", transfer_syntax="1.2.840.10008.1.2.4.90")[:-2000] + bytes(2000),
        f"{FILE}.jpg": jpeg(grey_film(seed=8)),
    }


class Site:
    """Its files, by what they are."""

    def __init__(self, program: Program, level: str, log: Path) -> None:
        self.program, self.level, self.log = program, level, log

    def run(self, *arguments: str) -> str:
        done = self.program.run("--config", "config.toml", *arguments)
        assert done.code in (0, 1), done
        return done.out + done.err

    def database(self) -> bytes:
        """With its write-ahead log, its lock and its key."""
        return b"".join(path.read_bytes() for path in sorted(self.program.folder.glob("t.db*")))

    def report(self) -> bytes:
        self.run("report", "--out", "reports")
        return b"".join(path.read_bytes() for path in self.program.folder.glob("reports/**/*") if path.is_file())


@pytest.fixture(scope="module", params=LEVELS)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> Iterator[Site]:
    """A site that watched its folder once, wrote its report and metrics, and still has its database open."""
    program = Program(tmp_path_factory.mktemp(request.param), bundle)
    (program.folder / "films").mkdir()
    (program.folder / "config.toml").write_text(
        f'[store]\nurl = "t.db"\nidentifiers = "{request.param}"\n[log]\nlevel = "debug"\n'
        '[metrics]\nfile = "watch.prom"\n[[root]]\npath = "films"\nsettle_seconds = 0.5\n'
    )
    with program.started("--config", "config.toml", "watch") as running:
        running.wait_for("event=watching")
        for name, data in films().items():
            (program.folder / "films" / name).write_bytes(data)

            def ended(name: str = name) -> bool:
                query = (
                    "SELECT 1 FROM arrival WHERE path = CAST(? AS BLOB) AND state IN ('scored', 'refused', 'failed')"
                )
                with closing(sqlite3.connect(program.folder / "t.db")) as connection:
                    return connection.execute(query, [name]).fetchone() is not None

            wait_until(ended, lambda name=name: f"{name} to end", running.alive)
        yield Site(program, request.param, running.log)
        assert running.terminate() == 0


def found(data: bytes | str, *markers: str) -> list[str]:
    """The markers that are in some bytes, in capitals or small letters."""
    raw = (data.encode() if isinstance(data, str) else data).lower()
    return [marker for marker in markers if marker.lower().encode() in raw]


def test_what_the_database_holds(site: Site) -> None:
    """A name never; an accession and UIDs as the setting says."""
    raw = site.database()
    assert found(raw, "CREATOR", NAME) == ([] if site.level == "none" else [NAME])  # where a code belongs: see below
    assert found(raw, ACCESSION) == ([] if site.level == "none" else [ACCESSION])
    assert found(raw, STUDY, INSTANCE) == ([STUDY, INSTANCE] if site.level == "identifiers" else [])
    if site.level == "none":
        assert found(raw, *TAGS) == []


def test_nothing_of_it_is_in_logs_metrics_and_status(site: Site) -> None:
    """At no level, and not at level debug either."""
    for text in (site.log.read_bytes(), (site.program.folder / "watch.prom").read_bytes()):
        assert text
        assert found(text, *TAGS, ACCESSION, STUDY, FILE) == []
    assert found(site.run("metrics"), *TAGS, ACCESSION, STUDY, FILE) == []
    assert found(site.run("status"), *TAGS, ACCESSION, STUDY) == []


def test_queue_and_report_show_the_accession_where_it_is_kept_and_never_a_hash(site: Site) -> None:
    """The name of a file they show at every level; `none` leaves nothing else."""
    shown = [ACCESSION] if site.level != "none" else []
    forms = [site.run("queue", "--format", form) for form in ("table", "json", "csv")]
    for text in (*forms[1:], site.report()):
        assert found(text, ACCESSION, STUDY, FILE) == [*shown, FILE]
        if site.level == "none":
            assert found(text, *TAGS) == []
    document = json.loads(forms[1])
    assert {entry["accession"] for entry in document["queue"]} == {None, *shown}
    assert document["queue"][0]["urgency"] == "stat"
    assert FILE in forms[0]


def test_a_name_in_a_files_name_is_in_columns_of_paths_alone(site: Site) -> None:
    columns = set()
    with closing(sqlite3.connect(site.program.folder / "t.db")) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for _, column, *_ in connection.execute(f"PRAGMA table_info({table})").fetchall():
                query = f"SELECT 1 FROM {table} WHERE instr(CAST({column} AS BLOB), CAST(? AS BLOB)) LIMIT 1"
                if connection.execute(query, [FILE]).fetchone():
                    columns.add((table, column))
    assert columns == {("arrival", "path")}


def test_films_are_found_by_accession_and_path_all_the_same(site: Site) -> None:
    """And what was sent again or taken back is told of."""
    assert "S-000001" in site.run("heatmap", ACCESSION)
    assert site.run("urgency", ACCESSION, "stat").startswith("1 study set")
    assert "withdrawn" in site.run("history", "films/taken back.dcm")
    assert "superseded" in site.run("history", "films/film.dcm")
    (site.program.folder / "ris.csv").write_text(f"accession\n{ACCESSION}\nPLANTEDNEVER\n")
    told = site.run("reconcile", "--expected", "ris.csv")
    assert "1 of 2 expected films arrived, 1 missing" in told
    assert "PLANTEDNEVER" in told, "who imports a list is told what is missing by the list's own words"
    kept = [] if site.level == "none" else ["PLANTEDNEVER"]
    assert found(site.report(), "PLANTEDNEVER") == kept
    assert found(site.database(), "PLANTEDNEVER") == kept
    assert site.run("account", "--verify").count("discrepan") <= 1


def test_a_site_that_changes_its_mind_loses_no_study(program: Program) -> None:
    """A stricter level takes effect on what is kept at the next start; late images join at every level."""
    (program.folder / "films").mkdir()

    def scan(level: str, name: str, data: bytes) -> bytes:
        (program.folder / "films" / name).write_bytes(data)
        program.good("scan", "films", "--settle-seconds", "0.1", "--db", "t.db", CXR_TRIAGE_STORE__IDENTIFIERS=level)
        [entry] = program.good("queue", "--format", "json", "--db", "t.db").document["queue"]
        assert len(entry["images"]) == len(list((program.folder / "films").iterdir()))
        assert f"study {entry['study']}" in program.good("heatmap", ACCESSION, "--db", "t.db").out
        return b"".join(path.read_bytes() for path in program.folder.glob("t.db*"))

    levels = ("identifiers", "accession", "none", "accession", "identifiers")
    kept = [
        found(scan(level, f"{number}.dcm", planted(number, f"{STUDY}.{number}")), ACCESSION, STUDY)
        for number, level in enumerate(levels)
    ]
    assert kept == [[ACCESSION, STUDY], [ACCESSION], [], [ACCESSION], [ACCESSION, STUDY]]
    assert program.good("read", ACCESSION, "--db", "t.db").out == "1 marked as read\n"
    program.good("account", "--verify", "--db", "t.db")


def test_without_its_key_a_database_takes_nothing_in_and_still_shows_its_queue(program: Program) -> None:
    (program.folder / "films").mkdir()
    (program.folder / "films" / "one.dcm").write_bytes(planted(1))
    scan = ("scan", "films", "--settle-seconds", "0.1", "--db", "t.db")
    program.good(*scan)
    (program.folder / "t.db.key").rename(program.folder / "away")
    done = program.run(*scan)
    assert done.code == 1
    assert "t.db.key: it is gone, and the database holds hashes that were made with it; put it back" in done.one_line()
    assert program.good("queue", "--format", "json", "--db", "t.db").document["waiting"] == 1
    program.good("read", "S-000001", "--db", "t.db")
    (program.folder / "away").rename(program.folder / "t.db.key")
    program.good(*scan)
