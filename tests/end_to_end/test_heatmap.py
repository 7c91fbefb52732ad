"""`cxr-triage heatmap` through the real program: numbers, pictures, and every reason not to give them."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from builders.bundles import tiny_bundle
from builders.dicom import dicom
from builders.films import grey_film, jpeg
from builders.program import Program
from PIL import Image


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> Program:
    """A study of two images, one plain film of 1200 x 900, and a hand; scanned."""
    program = Program(tmp_path_factory.mktemp("heat"), bundle, settings={"CXR_TRIAGE_STORE__URL": "t.db"})
    films = program.folder / "films"
    films.mkdir()
    (films / "plain.jpg").write_bytes(jpeg(grey_film(1200, 900, seed=1, opacity=1.0)))
    for number in (1, 2):
        film = dicom(grey_film(seed=number), accession="A1", study_uid="1.2.3", instance_uid=f"1.2.3.{number}")
        (films / f"{number}.dcm").write_bytes(film)
    (films / "hand.dcm").write_bytes(dicom(body_part="HAND", accession="H1", study_uid="1.2.9"))
    program.good("scan", "films", "--settle-seconds", "0.1")
    return program


@pytest.fixture
def program(once: Program, tmp_path: Path) -> Program:
    """A copy of it that a test may spoil."""
    shutil.copytree(once.folder / "films", tmp_path / "films", copy_function=shutil.copy2)
    shutil.copy(once.folder / "t.db", tmp_path / "t.db")
    with closing(sqlite3.connect(tmp_path / "t.db")) as store:
        store.execute("update root set path = ?", (bytes(tmp_path / "films"),))
        store.commit()
    return Program(tmp_path, once.bundle, settings=once.settings)


def test_numbers_are_those_of_the_queue_and_the_map_means_the_logit(program: Program) -> None:
    (entry,) = program.good("heatmap", "films/plain.jpg", "--format", "json").document["images"]
    (image,) = [
        image
        for study in program.good("queue", "--format", "json").document["queue"]
        for image in study["images"]
        if image["path"].endswith("plain.jpg")
    ]
    assert (entry["logit"], entry["probability"]) == (image["logit"], image["probability"])
    assert np.mean(entry["map"]) == pytest.approx(entry["logit"], abs=1e-3)
    assert np.shape(entry["map"]) == (7, 7)
    assert entry["hot"][0]["value"] == pytest.approx(np.max(entry["map"]), abs=1e-3)
    assert not entry["again"]
    assert "overlay" not in entry


def test_a_picture_has_the_size_of_the_film_and_a_legend_and_is_for_the_group(program: Program) -> None:
    (entry,) = program.good("heatmap", "films/plain.jpg", "--out", "o.png", "--format", "json").document["images"]
    picture = np.asarray(Image.open(program.folder / "o.png"))
    assert (entry["height"], entry["width"]) == (900, 1200)
    assert picture.shape[0] > 900
    assert picture.shape[1:] == (1200, 3)
    assert stat.S_IMODE((program.folder / "o.png").stat().st_mode) == 0o640
    assert not list(program.folder.glob(".*.png*"))


def test_a_study_shows_all_of_its_images_by_its_id_and_its_accession(program: Program) -> None:
    by_accession = program.good("heatmap", "A1", "--out", "o.png", "--format", "json").document
    assert len(by_accession["images"]) == 2
    assert by_accession["accession"] == "A1"
    assert {Path(image["overlay"]).name for image in by_accession["images"]} == {"o-1.png", "o-2.png"}
    assert (program.folder / "o-1.png").exists()
    by_id = program.good("heatmap", by_accession["study"].lower())
    assert by_id.out.count("the mean of the map") == 2


def test_a_map_that_was_not_kept_is_made_again_and_not_stored(program: Program) -> None:
    kept = program.good("heatmap", "films/plain.jpg", "--format", "json").document["images"][0]
    with closing(sqlite3.connect(program.folder / "t.db")) as store:
        store.execute("update result set map = null")
        store.commit()
        again = program.good("heatmap", "films/plain.jpg", "--format", "json").document["images"][0]
        assert again == {**kept, "again": True}
        assert store.execute("select count(map) from result").fetchone() == (0,)
    other = tiny_bundle(program.folder / "other", name="other", preprocessing=2)
    line = program.run("heatmap", "films/plain.jpg", "--bundle", other).one_line()
    assert "other is not the model that scored it" in line


def test_what_cannot_be_shown_is_one_line(program: Program) -> None:
    def line(*arguments: str) -> str:
        done = program.run("heatmap", *arguments)
        assert done.code in (1, 2)
        assert not done.out
        return done.one_line()

    assert "nothing of that name was seen" in line("S-999999")
    assert "refused (body-part)" in line("films/hand.dcm")
    assert "refused (body-part)" in line("H1")
    assert "in a watched folder" in line("A1", "--out", "films/o.png")
    assert "no such folder" in line("A1", "--out", "nowhere/o.png")
    assert ".png" in line("A1", "--out", "o.jpg")
    (program.folder / "films" / "plain.jpg").write_bytes(jpeg(grey_film(seed=7)))
    assert "not the content that was scored" in line("films/plain.jpg", "--out", "o.png")
    (program.folder / "films" / "plain.jpg").unlink()
    assert "not there any more" in line("films/plain.jpg", "--out", "o.png")
    assert not list(program.folder.glob("**/o*.png"))
    assert program.good("heatmap", "films/plain.jpg").out.count("hottest cells") == 1  # numbers need no file
