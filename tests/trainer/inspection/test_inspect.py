"""`cxr-trainer inspect` on films with planted traps: each is found, with its figures, and nothing is fatal."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from builders.dicom import dicom
from builders.films import jpeg, jpeg_rgb, png16, truncated
from builders.training import labelled_folder
from builders.unlike import unlike_film
from click.testing import CliRunner

from models.radiograph import read_radiograph
from trainer.cli.main import cli
from trainer.data.films import Part, Source
from trainer.data.sources import find_all
from trainer.data.splits import split_text


def run(*arguments):
    return CliRunner().invoke(cli, ["inspect", *map(str, arguments)])


def inspect(*arguments):
    """The document, with the findings by code."""
    result = run(*arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    by_code = {}
    for finding in document["findings"]:
        by_code.setdefault(finding["code"], []).append(finding)
    return document, by_code


@pytest.fixture(scope="module")
def trapped(tmp_path_factory):
    """Two sources with every trap; `a` has 24 films a class, `b` three."""
    root = tmp_path_factory.mktemp("trapped")
    a = root / "a"
    rows = ["file,patient,age,sex,view,panel_opacity"]
    for label, name in enumerate(("NORMAL", "PNEUMONIA")):
        (a / name).mkdir(parents=True)
        for number in range(24):
            view = "PA" if (number < 21) is (label == 0) else "AP"
            picture = unlike_film(160 + 40 * label, 160, seed=2 * number + label)
            data = jpeg_rgb(picture, 60) if label and number < 3 else jpeg(picture, 90 - 15 * label)
            (a / name / f"{number:02d}.jpg").write_bytes(data)
            panel = {0: "YES", 1: "NO"}.get(number, "")
            rows.append(f"{name}/{number:02d}.jpg,{number // 2 + 100 * label},{10 + 2 * number},F,{view},{panel}")
    (a / "labels.csv").write_text("\n".join(rows) + "\n")
    (a / "NORMAL" / "23.jpg").write_bytes((a / "NORMAL" / "22.jpg").read_bytes())
    (a / "PNEUMONIA" / "cut.jpg").write_bytes(truncated(jpeg(unlike_film())))
    (a / "PNEUMONIA" / "folder.png").mkdir()
    (a / "OTHER").mkdir()
    (a / "OTHER" / "x.jpg").write_bytes(jpeg(unlike_film(seed=90)))
    b = root / "b"
    for label, name in enumerate(("NORMAL", "PNEUMONIA")):
        (b / name).mkdir(parents=True)
        for number in range(3):
            (b / name / f"film{number}.jpg").write_bytes(jpeg(unlike_film(96, 96, seed=60 + 2 * number + label)))
    (b / "NORMAL" / "copy.jpg").write_bytes(jpeg(unlike_film(160, 160, seed=0), 40))
    (b / "normal").mkdir()
    (b / "normal" / "x.jpg").write_bytes(jpeg(unlike_film(seed=91)))
    (root / "c" / "COVID").mkdir(parents=True)
    (root / "c" / "COVID" / "x.jpg").write_bytes(jpeg(unlike_film(seed=92)))
    return root


@pytest.fixture(scope="module")
def found(trapped):
    return inspect(*(item for name in "abc" for item in ("--data", trapped / name)))


def test_films_classes_and_other_folders_are_counted(found):
    document, codes = found
    a, b, c = (document["sources"][name] for name in "abc")
    assert {name: each["films"] for name, each in a["classes"].items()} == {"NORMAL": 24, "PNEUMONIA": 24, "OTHER": 1}
    assert (a["unreadable"], b["unreadable"]) == (2, 0)
    assert {Path(each["file"]).name for each in document["unreadable"]} == {"cut.jpg", "folder.png"}
    assert c["missing_classes"] == ["NORMAL", "PNEUMONIA"]
    assert codes["no-class"][0]["text"].startswith("c has neither NORMAL nor PNEUMONIA, only COVID (1 films)")
    assert "call it NORMAL" in codes["class-misspelt"][0]["text"]
    assert "OTHER (1 films)" in codes["other-classes"][0]["text"]


def test_shape_quality_and_view_that_follow_the_class_are_found_with_their_figures(found):
    document, codes = found
    for code, words in {
        "confound-aspect": "NORMAL 160 x 160, aspect 1.00; PNEUMONIA 200 x 160, aspect 1.25",
        "confound-JPEG-quality": "medians: NORMAL 90, PNEUMONIA 75",
        "confound-view": "view follows class in a: PA 88 % of NORMAL, 12 % of PNEUMONIA; view alone has AUC 0.",
    }.items():
        (finding,) = [each for each in codes[code] if each["source"] == "a"]
        assert words in finding["text"]
        assert finding["weight"] == ("caution" if code == "confound-view" else "serious")  # 48 films: a wide interval
    assert "modes" in codes
    told = document["sources"]["a"]["confounds"]
    assert told["height"]["auc"] == 0.5
    assert told["aspect"]["auc"] > 0.95


def test_duplicates_patients_ages_and_panels_are_found(found):
    document, codes = found
    assert document["exact_duplicates"]["groups"] == 1
    assert [(each["sources"], each["pairs"]) for each in document["near_duplicates"]["between"]] == [(["a", "b"], 1)]
    patients = document["sources"]["a"]["patients"]
    assert (patients["named"], patients["with_several"], patients["most_films"]) == (24, 24, 2)
    assert document["sources"]["b"]["patients"]["unnamed_films"] == 7
    assert document["sources"]["a"]["ages"]["under_18"] == 8
    assert codes["under-18"][0]["text"].startswith("8 films of a")
    panel = document["sources"]["a"]["panel"]["panel_opacity"]
    assert panel == {"NORMAL": {"read": 2, "yes": 1}, "PNEUMONIA": {"read": 2, "yes": 1}}
    assert "2 of 4 labels disagree" in codes["labels-disagree"][0]["text"]


def test_the_weightiest_findings_come_first(found):
    order = [finding["weight"] for finding in found[0]["findings"]]
    assert order == sorted(order, key=["serious", "caution", "note"].index)


def test_a_split_that_leaks_is_found(trapped, tmp_path):
    document, _ = inspect("--data", trapped / "a")
    assert "leaks" not in document
    films = find_all([Source(trapped / "a"), Source(trapped / "b")], lambda *_: None)
    parts = {each.sha256: Part.TRAIN if each.path.name != "01.jpg" else Part.TEST for each in films}
    parts |= {each.sha256: Part.VALIDATION for each in films if each.source == "b"}
    (tmp_path / "split.csv").write_text(split_text(films, parts))
    document, _ = inspect("--data", trapped / "a", "--data", trapped / "b", "--split", tmp_path / "split.csv")
    assert (document["leaks"]["patients"], document["leaks"]["films"]) == (2, 4)
    assert document["near_duplicates"]["across_parts"] == 1
    assert document["sources"]["a"]["parts"]["test"] == {"NORMAL": 1, "PNEUMONIA": 1}
    assert [each["code"] for each in document["findings"][:2]] == ["near-duplicates-in-two-parts", "split-leaks"]


def test_every_format_and_depth_is_looked_at(tmp_path):
    folder = labelled_folder(tmp_path / "films", each=1)
    (folder / "NORMAL" / "deep.png").write_bytes(png16(unlike_film(seed=3)))
    (folder / "NORMAL" / "cr").write_bytes(dicom(unlike_film(seed=4), bits=12, age="007Y"))
    document, codes = inspect("--data", folder)
    normal = document["sources"]["films"]["classes"]["NORMAL"]
    assert normal["formats"] == {"dicom": 1, "jpeg": 1, "png": 1}
    assert sorted(normal["bits"]) == ["12", "16", "8"]
    assert normal["modes"]["MONOCHROME2"] == 1
    assert normal["ages"]["median"] == 7.0
    assert document["sources"]["films"]["confounds"] == {}
    assert "confound-aspect" not in codes


def test_the_page_shows_hostile_names_as_text(tmp_path):
    folder = labelled_folder(tmp_path / "films", each=2)
    hostile = folder / "<img src=x onerror=alert(1)>\u202e"
    hostile.mkdir()
    (hostile / "<script>\n.jpg").write_bytes(b"no film")
    (hostile / "x.jpg").write_bytes(jpeg(unlike_film(seed=8)))
    result = run("--data", folder, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "\u202e" not in result.stdout
    page = (tmp_path / "out" / "index.html").read_text()
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
    assert "\u202e" not in page
    assert json.loads((tmp_path / "out" / "inspect.json").read_text())["findings"]
    sheet = (tmp_path / "out" / "sheet-1-films.jpg").read_bytes()
    assert np.ptp(read_radiograph(sheet).pixels) > 0.3
    assert 'src="sheet-1-films.jpg"' in page


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda root: root / "missing", "there is no such folder"),
        (lambda root: root, "there is no film in"),
    ],
)
def test_what_cannot_be_inspected_is_one_line(tmp_path, make, words):
    result = run("--data", make(tmp_path))
    assert result.exit_code == 1
    assert words in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    folder = labelled_folder(tmp_path / "films", each=1)
    result = run("--data", folder, "--out", folder / "NORMAL" / "film000.jpg" / "x")
    assert result.exit_code == 1
    assert "cannot write the inspection" in result.stderr


def test_looking_again_gives_the_same_figures(trapped):
    assert inspect("--data", trapped / "a")[0] == inspect("--data", trapped / "a")[0]
