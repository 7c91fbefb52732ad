"""`cxr-triage collect` through the real program: what leaves, what the trainer makes of it, and that no name does."""

from __future__ import annotations

import base64
import csv
import shutil
import signal
import sqlite3
import stat
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from builders.dicom import dicom
from builders.films import grey_film, jpeg, png
from builders.lettering import MARKER, legible, lettered
from builders.program import LIMIT, Program, wait_until
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset

from daemon.collect.manifest import COLUMNS, LABELS
from trainer.data.films import CLASSES
from trainer.data.manifest import COLUMNS as TRAINER_COLUMNS
from trainer.data.sources import find_films, parse_source

NAME: Final = "PLANTED^MARKER"
NEEDLES: Final = ("PLANTED", "D MARKER", "D^MARKER", "MARKER-7", "1.2.826.0.1.3680043.77", "19340215", "A7654321")
FOLDER: Final = "PLANTED MARKER ward"
WRITTEN: Final = {
    "PLANTED MARKER 2.dcm": lettered(grey_film(700, 620, seed=2), tall=18, at=(0.02, 0.02)),
    "PLANTED MARKER 3.dcm": lettered(grey_film(700, 620, seed=3), tall=18, at=(0.9, 0.97)),
    "PLANTED MARKER 4.dcm": lettered(grey_film(700, 620, seed=4), tall=18, at=(0.3, 0.5)),
    "PLANTED MARKER 7.jpg": lettered(grey_film(640, 560, seed=7), tall=16),
}
"""The films on which the marker is drawn, and where."""


def planted(path: Path, *, seed: int, **tags: object) -> None:
    """A DICOM file that says who it is wherever a file can."""
    film = WRITTEN[path.name][0] if path.name in WRITTEN else grey_film(700, 620, seed=seed)
    options = {"view": "PA", "age": None, "accession": "A7654321", **tags}
    item = Dataset()
    item.PatientName, item.PatientID = NAME, "PLANTED-MARKER-7"
    outer = Dataset()
    outer.OtherPatientIDsSequence = [item]
    icon = Dataset()
    icon.Rows = icon.Columns = icon.BitsAllocated = 8
    icon.PixelData = b"PLANTED MARKER".ljust(64)
    data = dicom(
        film,
        study_uid=f"1.2.826.0.1.3680043.77.{seed}",
        instance_uid=f"1.2.826.0.1.3680043.77.{seed}.1",
        PatientName=NAME,
        PatientID="PLANTED-MARKER-7",
        PatientBirthDate="19340215",
        OtherPatientNames=NAME,
        ReferringPhysicianName=NAME,
        InstitutionName=MARKER,
        StudyDescription=f"CHEST {MARKER}",
        ImageComments=MARKER,
        RequestAttributesSequence=[outer],
        **options,  # type: ignore[arg-type]
    )
    path.write_bytes(data)
    dataset = dcmread(path)
    block = dataset.private_block(0x0011, "PLANTED MARKER", create=True)
    block.add_new(1, "LO", NAME)
    block.add_new(2, "OB", NAME.encode("utf-16-le"))
    dataset.IconImageSequence = [icon]
    dataset.add_new(0x60000010, "US", 8)
    dataset.add_new(0x60000011, "US", 16)
    dataset.add_new(0x60000022, "LO", MARKER)
    dataset.add_new(0x60003000, "OW", b"PLANTED MARKER  ")
    dataset.add_new(0xFFFCFFFC, "OB", b"PLANTED MARKER")  # trailing padding
    dataset.file_meta.SourceApplicationEntityTitle = "PLANTED MARKER"
    dataset.file_meta.PrivateInformationCreatorUID = "1.2.826.0.1.3680043.77"
    dataset.file_meta.PrivateInformation = NAME.encode()
    dataset.preamble = b"PLANTED MARKER".ljust(128)
    dataset.save_as(path, enforce_file_format=True)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> Program:
    """Films whose every corner carries the marker; scanned, some reviewed."""
    program = Program(tmp_path_factory.mktemp("collect"), bundle, settings={"CXR_TRIAGE_STORE__URL": "t.db"})
    films = program.folder / "films" / FOLDER
    films.mkdir(parents=True)
    planted(films / "PLANTED MARKER 1.dcm", seed=1)
    planted(films / "PLANTED MARKER 2.dcm", seed=2)
    planted(films / "PLANTED MARKER 3.dcm", seed=3)
    planted(films / "PLANTED MARKER 4.dcm", seed=4)
    planted(films / "PLANTED MARKER 5.dcm", seed=5, view="LATERAL")  # in truth a frontal one
    planted(films / "PLANTED MARKER 6.dcm", seed=6, BurnedInAnnotation="YES")
    (films / "PLANTED MARKER 7.jpg").write_bytes(jpeg(WRITTEN["PLANTED MARKER 7.jpg"][0], comment=MARKER.encode()))
    (films / "plain.png").write_bytes(png(grey_film(300, 260, seed=8)))
    (films / "other.png").write_bytes(png(grey_film(300, 260, seed=9)))
    program.good("scan", "films", "--settle-seconds", "0.1")
    for name, verdict in (("PLANTED MARKER 1.dcm", "pneumonia"), ("PLANTED MARKER 2.dcm", "not")):
        program.good("review", films / name, verdict, "--note", MARKER, "--by", MARKER)
    program.good("review", films / "PLANTED MARKER 5.dcm", "pneumonia")
    program.good("review", films / "plain.png", "pneumonia")
    program.good("review", films / "plain.png", "not")  # the reader looked again
    return program


@pytest.fixture
def program(once: Program, tmp_path: Path) -> Program:
    """A copy of it that a test may spoil."""
    shutil.copytree(once.folder / "films", tmp_path / "films", copy_function=shutil.copy2)
    for name in ("t.db", "t.db.key"):
        shutil.copy(once.folder / name, tmp_path / name)
    with closing(sqlite3.connect(tmp_path / "t.db")) as store:
        store.execute("update root set path = ?", (bytes(tmp_path / "films"),))
        store.commit()
    return Program(tmp_path, once.bundle, settings=once.settings)


def everything(program: Program) -> list[str]:
    """The options that ask for every film."""
    films = sorted((program.folder / "films" / FOLDER).iterdir())
    return [word for film in films for word in ("--study", str(film))]


@pytest.fixture(scope="module")
def whole(once: Program) -> tuple[Program, dict[str, Any]]:
    """Everything collected once, at full size and with a key, for tests that only look at it; and what was said."""
    options = ("--side", "1400", "--key", "key.csv", "--format", "json")
    return once, once.good("collect", "out", *options, *everything(once)).document


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of each chunk of a PNG."""
    at = 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += length + 12


def spelled(text: str) -> Iterator[bytes]:
    """A text as a file may hold it."""
    for case in {text, text.lower(), text.title()}:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le"):
            plain = case.encode(encoding)
            yield plain
            yield plain.hex().encode()
            for shift in range(3):  # of base64 the letters in the middle, whatever stands before
                yield base64.b64encode(bytes(shift) + plain)[4:-4] or plain


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_no_byte_of_a_collection_holds_what_was_planted(whole: tuple[Program, dict[str, Any]]) -> None:
    """Of tags, sequences, overlays, icon, padding, preamble, file meta, comments and names of files: nothing."""
    program, _ = whole
    out = program.folder / "out"
    needles = {spelling for needle in (*NEEDLES, str(program.folder)) for spelling in spelled(needle)}
    before = b"".join(path.read_bytes() for path in (program.folder / "films" / FOLDER).iterdir())
    assert sum(needle in before for needle in needles) >= 8  # what is looked for can be found
    files = [path for path in out.rglob("*") if path.is_file()]
    assert len(files) == 3 + 7  # lists, page, films
    for path in [out, *out.rglob("*")]:
        assert "PLANTED" not in str(path.relative_to(program.folder)).upper()
    for path in files:
        data = path.read_bytes()
        if path.suffix == ".png":
            kinds = dict(chunks(data))
            assert set(kinds) == {b"IHDR", b"IDAT", b"IEND"}
            packed = b"".join(content for kind, content in chunks(data) if kind == b"IDAT")
            unpacker = zlib.decompressobj()
            data += unpacker.decompress(packed)
            assert unpacker.unused_data == b""
        assert not [needle for needle in needles if needle in data], path


@pytest.mark.system("tesseract-ocr tesseract-ocr-eng")
def test_no_picture_of_a_collection_can_be_read(whole: tuple[Program, dict[str, Any]]) -> None:
    """Tesseract looks at each picture whole, and closely at where it read the marker before."""
    program, _ = whole
    films = program.folder / "films" / FOLDER
    originals = {path.name: dcmread(path).pixel_array for path in films.glob("*.dcm")}
    originals |= {path.name: np.asarray(Image.open(path)) for path in films.glob("*.jpg")}
    assert all(legible(originals[name], area) for name, (_, area) in WRITTEN.items())
    taken = {Path(row["path"]).name: program.folder / "out" / row["file"] for row in rows(program.folder / "key.csv")}
    assert WRITTEN.keys() - taken.keys() == {"PLANTED MARKER 4.dcm"}  # over the lungs: left out
    for name, path in taken.items():
        picture = np.asarray(Image.open(path))
        assert not legible(picture), name
        if name in WRITTEN:
            assert picture.shape == originals[name].shape
            assert not legible(picture, WRITTEN[name][1]), name


def test_what_is_left_out_is_counted_by_reason_and_named_to_who_asked(whole: tuple[Program, dict[str, Any]]) -> None:
    program, document = whole
    assert document["left_out"] == {"annotated": 1, "writing": 1}
    films = {Path(film["path"]).name: film for case in document["cases"] for film in case["films"]}
    assert films["PLANTED MARKER 4.dcm"]["left_out"] == "writing"
    assert films["PLANTED MARKER 6.dcm"]["left_out"] == "annotated"
    assert films["plain.png"]["file"].startswith("films/")
    assert document["films"] == 7 == len(list((program.folder / "out" / "films").iterdir()))
    page = (program.folder / "out" / "README.txt").read_text(encoding="utf-8")
    assert "A PERSON MUST LOOK AT EVERY PICTURE" in page
    assert "1 writing" in page
    assert "1 annotated" in page


def test_the_trainer_reads_what_was_collected(whole: tuple[Program, dict[str, Any]]) -> None:
    """The contract between two programs that never meet: columns, labels, patients, ages, populations, hashes."""
    program, _ = whole
    films = {film.path.name: film for film in find_films(parse_source(str(program.folder / "out")))}
    listed = {Path(row["file"]).name: row for row in rows(program.folder / "out" / "manifest.csv")}
    assert films.keys() == listed.keys()
    assert set(LABELS.values()) == set(CLASSES)
    assert set(TRAINER_COLUMNS) >= set(COLUMNS) - {"case", "reason", "probability"}
    assert sorted(film.label for film in films.values()) == sorted(CLASSES[row["label"]] for row in listed.values())
    assert len(films) == 4  # 1, 2, the refused one and the plain one
    # 92 years by the dates, which is 90; whose films share a PatientID are of one patient
    aged = [film for film in films.values() if film.age is not None]
    assert {film.age for film in aged} == {90.0}
    assert len({film.patient for film in aged}) == 1
    assert len({film.patient for film in films.values()}) == 2
    assert all(film.known_patient for film in films.values())
    others = rows(program.folder / "out" / "unlabelled.csv")
    assert {row["label"] for row in others} == {""}
    assert not {row["file"] for row in others} & {row["file"] for row in listed.values()}
    assert {row["patient"] for row in others} & {row["patient"] for row in listed.values()}


def test_the_last_verdict_counts(program: Program) -> None:
    document = program.good("collect", "out", "--study", f"films/{FOLDER}/plain.png", "--format", "json").document
    assert (document["labels"], document["cases"][0]["verdict"]) == ({"NORMAL": 1}, "not")


def test_refused_in_error_and_disagreements_are_found_by_verdicts(program: Program) -> None:
    document = program.good("collect", "out", "--refused", "--format", "json").document
    (case,) = document["cases"]
    assert (case["reasons"], case["verdict"], case["band"]) == (["refused"], "pneumonia", None)
    assert Path(case["films"][0]["path"]).name == "PLANTED MARKER 5.dcm"
    queue = program.good("collect", "out2", "--disagreements", "--format", "json").document
    assert {(case["verdict"], *case["reasons"]) for case in queue["cases"]} <= {
        ("pneumonia", "missed"),
        ("not", "called"),
    }
    assert queue["cases"]


def test_a_random_sample_comes_again_with_its_seed_and_says_its_probability(program: Program) -> None:
    first = program.good("collect", "a", "--random", "3", "--seed", "7", "--format", "json").document
    again = program.good("collect", "b", "--random", "3", "--seed", "7", "--format", "json").document
    assert [case["study"] for case in first["cases"]] == [case["study"] for case in again["cases"]]
    assert first["random"] == {
        "drawn": 3,
        "of": first["random"]["of"],
        "probability": 3 / first["random"]["of"],
        "seed": 7,
    }
    assert "seed 7" in (program.folder / "a" / "README.txt").read_text(encoding="utf-8")
    drawn = rows(program.folder / "a" / "manifest.csv") + rows(program.folder / "a" / "unlabelled.csv")
    assert {row["probability"] for row in drawn} == {f"{3 / first['random']['of']:.6g}"}


def test_nothing_is_changed_where_the_films_lie_or_in_the_database(program: Program) -> None:
    films = program.folder / "films"
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in films.rglob("*") if path.is_file()}
    with closing(sqlite3.connect(program.folder / "t.db")) as store:
        dump = list(store.iterdump())
        program.good("collect", "out", *everything(program))
        assert list(store.iterdump()) == dump
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in films.rglob("*") if path.is_file()} == before
    assert "watched folder" in program.run("collect", "films/out", "--random", "1").one_line()
    assert not (films / "out").exists()


def test_a_key_is_written_only_where_it_was_asked_for_and_apart(program: Program) -> None:
    program.good("collect", "out", "--random", "9", "--key", "key.csv")
    key = program.folder / "key.csv"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    listed = rows(key)
    assert {Path(row["file"]).name for row in listed} == {
        path.name for path in (program.folder / "out" / "films").iterdir()
    }
    for row in listed:
        assert Path(row["path"]).is_file()
        assert row["study"].startswith("S-")
    done = program.run("collect", "out2", "--random", "9", "--key", "out2/key.csv")
    assert done.code == 1
    assert "in the collection" in done.one_line()


def test_films_that_are_gone_or_changed_are_left_out_and_none_at_all_is_an_error(program: Program) -> None:
    films = program.folder / "films" / FOLDER
    (films / "plain.png").unlink()
    (films / "other.png").write_bytes(png(grey_film(300, 260, seed=99)))
    document = program.good("collect", "out", "--random", "9", "--format", "json").document
    assert (document["left_out"]["gone"], document["left_out"]["changed"]) == (1, 1)
    done = program.run("collect", "none", "--study", str(films / "other.png"))
    assert (done.code, done.out) == (1, "")
    assert "no film may be taken (1 changed)" in done.one_line()
    done = program.run("collect", "none", "--random", "3", "--since", "2000-01-01", "--until", "2000-01-02")
    assert done.code == 1
    assert "no case fits" in done.one_line()
    assert not (program.folder / "none").exists()
    assert not list(program.folder.glob(".none*"))


def test_a_film_that_its_sender_took_back_is_no_case(program: Program) -> None:
    with closing(sqlite3.connect(program.folder / "t.db")) as store:
        store.execute("update arrival set withdrawn_at = changed_at where cast(path as text) like '%/other.png'")
        store.execute("update arrival set removed_at = changed_at where cast(path as text) like '%/plain.png'")
        store.commit()
    document = program.good("collect", "out", "--random", "99", "--format", "json").document
    names = {Path(film["path"]).name for case in document["cases"] for film in case["films"]}
    assert {"other.png", "plain.png"} & names == set()
    assert names


def test_ctrl_c_leaves_nothing_behind(program: Program) -> None:
    for number in range(40):
        (program.folder / "films" / f"{number}.png").write_bytes(png(grey_film(900, 800, seed=100 + number)))
    program.good("scan", "films", "--settle-seconds", "0.1")

    def writes() -> bool:
        return any(program.folder.glob(".out.*/films/*.png"))

    with program.started("collect", "out", "--random", "99") as running:
        wait_until(writes, running.said, running.alive)
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(LIMIT) == 130
        assert "interrupted" in running.said()
    assert not (program.folder / "out").exists()
    assert not list(program.folder.glob(".out.*"))


def test_the_document_is_one_that_a_program_reads(whole: tuple[Program, dict[str, Any]]) -> None:
    assert set(whole[1]) == {
        "schema",
        "out",
        "films",
        "labels",
        "unlabelled",
        "patients",
        "left_out",
        "random",
        "cases",
        "acceptance",
    }
