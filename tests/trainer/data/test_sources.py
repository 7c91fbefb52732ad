"""What the trainer makes of folders, names and labels.csv."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders.training import labelled_folder

from models.population import Population
from trainer.data.sources import Source, find_all, find_films, parse_source, patient_of
from trainer.data.terms import UNSTATED, all_terms, terms_of
from trainer.errors import TrainerError


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("a/b", Source(Path("a/b"))),
        ("a,weight=0.3", Source(Path("a"), 0.3)),
        ("a,population=children,weight=1", Source(Path("a"), 1.0, Population.CHILDREN)),
        ("films, 2024,weight=0.5", Source(Path("films, 2024"), 0.5)),
    ],
)
def test_a_data_argument_is_a_folder_and_options(text, source):
    assert parse_source(text) == source


@pytest.mark.parametrize(
    "text", ["a,weight=0", "a,weight=2", "a,weight=nan", "a,colour=red", "a,population=cats", "", ",weight=1"]
)
def test_a_wrong_data_argument_says_how_to_write_it(text):
    with pytest.raises(TrainerError, match="write DIR"):
        parse_source(text)


@pytest.mark.parametrize(
    ("name", "row", "expected"),
    [
        ("person12_bacteria_3.jpeg", {}, ("kermany:person12", True)),
        ("person12_virus_4.jpeg", {}, ("kermany:person12", True)),
        ("IM-0115-0001.jpeg", {}, ("kermany:IM115", True)),
        ("NORMAL2-IM-0115-0001.jpeg", {}, ("kermany:IM115", True)),
        ("x.jpg", {"patient": "7"}, ("s:7", True)),
        ("x.jpg", {"age": "40", "sex": "F"}, ("s:F:40", False)),
        ("x.jpg", {}, ("s:NORMAL/x.jpg", True)),
    ],
)
def test_whose_a_film_is(name, row, expected):
    assert patient_of("s", Path("NORMAL") / name, row) == expected


def test_ages_give_populations_and_the_source_those_of_the_rest(tmp_path):
    folder = labelled_folder(tmp_path / "s", each=3)
    (folder / "labels.csv").write_text(
        "file,age,view\nNORMAL/film000.jpg,3,AP\nNORMAL/film001.jpg,10,\nNORMAL/film002.jpg,70,PA\n"
    )
    films = find_films(Source(folder, population=Population.ADULTS))
    assert [f.population for f in films] == [Population.CHILDREN, None, Population.ADULTS, *[Population.ADULTS] * 3]
    assert [f.view for f in films] == ["AP", "", "PA", "", "", ""]
    assert [f.label for f in films] == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    "labels", ["name\nx\n", "file,age\nNORMAL/film000.jpg,old\n", "file,age\nNORMAL/film000.jpg,-4\n"]
)
def test_a_wrong_labels_file_is_one_error(tmp_path, labels):
    folder = labelled_folder(tmp_path / "s", each=1)
    (folder / "labels.csv").write_text(labels)
    with pytest.raises(TrainerError, match=r"cannot read labels .*labels\.csv"):
        find_films(Source(folder))


def test_a_folder_without_films_a_missing_one_and_two_of_one_name_are_errors(tmp_path):
    (tmp_path / "empty" / "NORMAL").mkdir(parents=True)
    with pytest.raises(TrainerError, match="holds no film"):
        find_films(Source(tmp_path / "empty"))
    with pytest.raises(TrainerError, match="no such folder"):
        find_films(Source(tmp_path / "missing"))
    one, two = labelled_folder(tmp_path / "1" / "s", each=1), labelled_folder(tmp_path / "2" / "s", each=1)
    with pytest.raises(TrainerError, match="two data folders"):
        find_all([Source(one), Source(two)])


def test_an_unreadable_film_is_an_error_unless_somebody_counts_them(tmp_path):
    folder = labelled_folder(tmp_path / "s", each=2)
    (folder / "NORMAL" / "folder.jpg").mkdir()  # root reads everything, so a mode of 0 would not do
    (folder / "NORMAL" / ".hidden.jpg").write_bytes(b"")
    with pytest.raises(TrainerError, match=r"cannot read film .*folder\.jpg"):
        find_films(Source(folder))
    told = []
    assert len(find_films(Source(folder), lambda path, error: told.append(path.name))) == 4
    assert told == ["folder.jpg"]


def test_a_model_carries_the_terms_of_its_data(tmp_path):
    own = labelled_folder(tmp_path / "ours", each=1)
    assert terms_of(Source(own)) == UNSTATED
    (own / "TERMS.txt").write_text("for the use of this hospital\n")
    lines = all_terms([Source(own), Source(Path("rsna-adult-dev"))])
    assert lines[0] == "ours: for the use of this hospital"
    assert lines[1].startswith("rsna-adult-dev: non-commercial research and education, with attribution")
