"""The site's films with their labels: class folders and manifests, also those that somebody means ill with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from daemon.acceptance.sources import CLASSES, MANIFEST, labelled
from daemon.errors import DaemonError
from models.population import Population

ADULTS = Population.ADULTS


def folder(tmp_path: Path, **classes: list[str]) -> Path:
    for name, films in classes.items():
        (tmp_path / name).mkdir()
        for film in films:
            (tmp_path / name / film).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / film).write_bytes(film.encode())
    return tmp_path


def manifest(tmp_path: Path, text: str) -> Path:
    (tmp_path / MANIFEST).write_text(text, encoding="utf-8")
    return tmp_path / MANIFEST


def test_class_folders_give_the_label_and_no_patient(tmp_path: Path) -> None:
    """Films may lie deeper; what is hidden or still being copied is no film."""
    found = labelled(folder(tmp_path, NORMAL=["a.dcm", "deep/b.dcm", ".hidden"], PNEUMONIA=["c.dcm"]), ADULTS)
    assert {Path(path).name: label.pneumonia for path, label in found.labels.items()} == {
        "a.dcm": False,
        "b.dcm": False,
        "c.dcm": True,
    }
    assert [each.declared for each in found.folders] == [ADULTS, ADULTS]
    assert not found.patients_known


def test_a_manifest_decides_over_class_folders_and_says_who_is_on_a_film(tmp_path: Path) -> None:
    """By age before the population of the row, and that before what the command declares."""
    text = "file,label,patient,age,population\na,NORMAL,p1,,\nb,1,p1,3,adults\nc,PNEUMONIA,p2,,children\nd,0,p3,9,\n"
    manifest(folder(tmp_path, NORMAL=["x"], PNEUMONIA=["y"]), text)
    found = labelled(tmp_path, ADULTS)
    who = {name: each.declared for each in found.folders for name in each.listing.files}
    assert who == {"a": ADULTS, "b": Population.CHILDREN, "c": Population.CHILDREN}
    assert found.labels[os.fspath(tmp_path / "b")].pneumonia
    assert found.labels[os.fspath(tmp_path / "b")].patient == "p1"
    assert (found.other_ages, found.patients_known) == (1, True)
    assert labelled(tmp_path / MANIFEST, None).labels == found.labels


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "no column file"),
        ("file\na\n", "no column label"),
        ("file,label\na,OTHER\n", "line 2 has no usable label"),
        ("file,label\n,NORMAL\n", "line 2 names no file"),
        ("file,label\na\0b,NORMAL\n", "line"),
        ("file,label\na,NORMAL\n./a,PNEUMONIA\n", "line 3 names a film that stands above"),
        ("file,label,age\na,NORMAL,old\n", "no usable age"),
        ("file,label,age\na,NORMAL,nan\n", "no usable age"),
        ("file,label,population\na,NORMAL,dogs\n", "no usable population"),
        ('file,label\n"a,NORMAL\n', "line 2"),
    ],
)
def test_a_row_that_makes_no_sense_stops_it_and_is_named(text: str, cause: str, tmp_path: Path) -> None:
    """A judgement on part of the films is none."""
    with pytest.raises(DaemonError, match=cause):
        labelled(manifest(tmp_path, text), None)


def test_what_is_no_such_folder_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", folder(tmp_path, NORMAL=["a"])):
        with pytest.raises(DaemonError, match="no such class folder"):
            labelled(path, None)


def test_a_class_folder_that_is_a_file_or_a_loop_is_refused(tmp_path: Path) -> None:
    (tmp_path / "NORMAL").symlink_to(tmp_path / "NORMAL")
    (tmp_path / "PNEUMONIA").write_text("")
    with pytest.raises(DaemonError, match="no such class folder"):
        labelled(tmp_path, None)


def test_names_that_no_text_can_hold_are_films_all_the_same(tmp_path: Path) -> None:
    folder(tmp_path, NORMAL=[], PNEUMONIA=[])
    Path(os.fsdecode(os.fsencode(tmp_path / "NORMAL") + b"/\xff\n\x1b[2J.dcm")).write_bytes(b"x")
    [path] = labelled(tmp_path, None).labels
    assert os.fsencode(path).endswith(b"/\xff\n\x1b[2J.dcm")


def test_the_trainer_calls_classes_and_columns_alike() -> None:
    """`daemon` may not import it; this holds the two together."""
    from trainer.data.films import CLASSES as THEIRS
    from trainer.data.manifest import COLUMNS, NAME

    assert {name: bool(label) for name, label in THEIRS.items()} == CLASSES
    assert NAME == MANIFEST
    assert {"file", "label", "patient", "age", "population"} <= set(COLUMNS)
