"""The manifest: what is written is what is read, and what is wrong is one line."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import pytest
from builders.training import film, labelled_folder
from hypothesis import given, settings
from hypothesis import strategies as st

from models.population import Population, population_of_age
from trainer.data.films import Part, Source
from trainer.data.manifest import COLUMNS, manifest_text
from trainer.data.rows import number_text
from trainer.data.sources import find_all, find_films
from trainer.data.splits import read_split
from trainer.data.terms import terms_of
from trainer.errors import TrainerError

WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8).map(str.strip)
NAMES = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="/\0"), max_size=20)


@st.composite
def films(draw):
    """Films of every kind, with names as hostile as a file system allows."""
    found = []
    for number, name in enumerate(draw(st.lists(NAMES, min_size=1, max_size=5))):
        source = draw(WORDS.filter(bool))
        age = draw(st.none() | st.floats(0, 150) | st.integers(0, 150).map(float))
        sex = draw(st.sampled_from(["", "F", "M"]))
        known = age is None or not sex or draw(st.booleans())
        default = draw(st.none() | st.sampled_from(list(Population)))
        found.append(
            film(
                number,
                path=Path(f"{number}{name}.jpg"),
                sha256=hashlib.sha256(str(number).encode()).hexdigest(),
                source=source,
                population=default if age is None else population_of_age(age),
                patient=f"p:{draw(WORDS.filter(bool))}" if known else f"{source}:{sex}:{number_text(age)}",
                age=age,
                sex=sex,
                view=draw(st.sampled_from(["", "PA", "AP"])),
                weight=draw(st.floats(1e-6, 1)),
                known_patient=known,
                subtype=draw(st.sampled_from(["", "virus", "bacteria"])),
            )
        )
    return found


@settings(max_examples=60, deadline=None)
@given(films(), st.booleans(), st.booleans())
def test_what_was_written_is_read_as_the_same_films(found, relative, with_parts):
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        placed = [film(**{**_fields(each), "path": base / each.path}) for each in found]
        for number, each in enumerate(placed):
            each.path.write_bytes(str(number).encode())
        parts = {each.sha256: Part.TEST for each in placed} if with_parts else None
        text = manifest_text(placed, parts, base if relative else None)
        (base / "manifest.csv").write_bytes(text.encode())
        assert find_films(Source(base)) == placed
        assert (str(base) in text) is not relative
        if parts:
            assert read_split(base / "manifest.csv") == parts


def _fields(each):
    return {name: getattr(each, name) for name in each.__slots__}


@pytest.mark.parametrize("name", ["a\rb.jpg", "a\nb.jpg", 'a,"b".jpg', " a .jpg", "\u2028.jpg"])
def test_a_name_with_a_line_break_or_a_quote_comes_back(tmp_path, name):
    (tmp_path / name).write_bytes(b"0")
    placed = film(0, path=tmp_path / name, sha256=hashlib.sha256(b"0").hexdigest())
    (tmp_path / "manifest.csv").write_bytes(manifest_text([placed]).encode())
    assert find_films(Source(tmp_path)) == [placed]


def test_class_folders_and_their_manifest_give_the_same_films(tmp_path):
    folder = labelled_folder(tmp_path / "films", each=3)
    (folder / "labels.csv").write_text("file,age,sex\nNORMAL/film000.jpg,44,F\n")
    found = find_films(Source(folder, population=Population.ADULTS))
    (tmp_path / "own.csv").write_bytes(manifest_text(found, base=tmp_path).encode())
    assert find_all([Source(tmp_path / "own.csv")]) == found


def test_a_folder_with_a_manifest_is_what_the_manifest_says(tmp_path):
    folder = labelled_folder(tmp_path / "films", each=2)
    (folder / "TERMS.txt").write_text("ours\n")
    (folder / "manifest.csv").write_text(
        "\ufefffile,label,patient,weight,note\nNORMAL/film000.jpg,1,7,0.5,x\nPNEUMONIA/film001.jpg, NORMAL ,lab:7,,\n"
    )
    for source in (Source(folder, 0.5), Source(folder / "manifest.csv", 0.5)):
        one, two = find_films(source)
        assert (one.label, one.patient, one.weight, one.source) == (1, "films:7", 0.25, "films")
        assert (two.label, two.patient, two.weight) == (0, "lab:7", 0.5)
        assert terms_of(source) == "ours"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file\na.jpg\n", "there is no column `label`"),
        ("label\n1\n", "there is no column `file`"),
        ("file;label\na.jpg;1\n", "there is no column `file`"),
        ("", "there is no column `file`"),
        ("file,label\n", "names no film"),
        ("file,label\na.jpg,COVID\n", "line 2: the label 'COVID' is neither NORMAL nor PNEUMONIA"),
        ("file,label\na.jpg,\n", "line 2: the label ''"),
        ("file,label\n,1\n", "line 2 names no file"),
        ("file,label\na.jpg,1\nb.jpg,0\n./a.jpg,1\n", "lines 2 and 4 name one file"),
        ("file,label,age\na.jpg,1,old\n", "line 2: could not convert"),
        ("file,label,age\na.jpg,1,nan\n", "line 2: nan is no age"),
        ("file,label,weight\na.jpg,1,2\n", "line 2: 2 is no weight"),
        ("file,label,population\na.jpg,1,cats\n", "line 2: 'cats' is no population: children or adults"),
        ("file,label\n\xff,1\n", "decode"),
    ],
)
def test_a_wrong_manifest_is_one_line_that_names_the_line(tmp_path, text, words):
    path = tmp_path / "manifest.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(TrainerError, match="cannot read manifest") as caught:
        find_films(Source(tmp_path))
    assert words in str(caught.value)
    assert "comma-separated" in caught.value.remedy
    assert len(str(caught.value).splitlines()) == 1


def test_a_film_that_is_not_the_one_that_the_manifest_names_is_an_error(tmp_path):
    folder = labelled_folder(tmp_path / "films", each=1)
    text = manifest_text(find_films(Source(folder)), base=tmp_path)
    (tmp_path / "manifest.csv").write_text(text)
    (folder / "NORMAL" / "film000.jpg").write_bytes(b"another")
    with pytest.raises(TrainerError, match=r"film000\.jpg: its content is not what the manifest names .*; bring"):
        find_films(Source(tmp_path))


def test_a_file_that_is_missing_is_told_to_whoever_counts_them(tmp_path):
    (tmp_path / "manifest.csv").write_text("file,label\ngone.jpg,1\n")
    with pytest.raises(TrainerError, match=r"cannot read film .*gone\.jpg"):
        find_films(Source(tmp_path))
    told = []
    assert find_films(Source(tmp_path), lambda path, error: told.append(path.name)) == []
    assert told == ["gone.jpg"]
    with pytest.raises(TrainerError, match="no such manifest"):
        find_films(Source(tmp_path / "other.csv"))


def test_a_name_that_is_not_utf_8_cannot_be_written(tmp_path):
    with pytest.raises(TrainerError, match="not UTF-8; rename"):
        manifest_text([film(0, path=Path("/films/\udcff.jpg"))])


def test_the_documented_columns_are_those_that_are_written():
    assert manifest_text([]).strip().split(",") == list(COLUMNS)
