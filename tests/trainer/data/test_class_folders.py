"""Class folders: DICOM headers, films without an ending, kinds of pneumonia, and classes that are missing."""

from __future__ import annotations

import pytest
from builders.dicom import dicom
from builders.training import labelled_folder

from models.population import Population
from trainer.data.films import Source
from trainer.data.manifest import manifest_text
from trainer.data.sources import find_films, need_both_classes
from trainer.errors import TrainerError


def dicoms(folder, **files):
    """DICOM files in NORMAL/ by name."""
    (folder / "NORMAL").mkdir(parents=True)
    for name, data in files.items():
        (folder / "NORMAL" / name).write_bytes(data)
    return folder


def test_age_sex_view_and_patient_come_from_the_header(tmp_path):
    one = dicom(PatientID="4711", PatientSex="F", age="003Y", view="AP")
    other = dicom(PatientID="4711", PatientSex="F", age="004Y", view="PA")
    elsewhere = dicom(PatientID="4711", IssuerOfPatientID="B", PatientSex="F", age="004Y")
    folder = dicoms(tmp_path / "a", **{"1.dcm": one, "2.dcm": other, "3.dcm": elsewhere})
    first, second, third = find_films(Source(folder))
    assert (first.age, first.sex, first.view, first.population) == (3.0, "F", "AP", Population.CHILDREN)
    assert first.patient == second.patient != third.patient
    assert first.known_patient
    again = dicoms(tmp_path / "b", **{"x.dcm": one})
    assert find_films(Source(again))[0].patient == first.patient, "one patient is the same in every folder"


def test_no_identifier_of_a_header_goes_into_a_manifest(tmp_path):
    data = dicom(PatientID="4711-0815", PatientName="Made^Up", IssuerOfPatientID="Clinic", PatientSex="F")
    text = manifest_text(find_films(Source(dicoms(tmp_path, **{"1.dcm": data}))))
    assert not [word for word in ("4711", "0815", "Made", "Clinic") if word in text]


def test_labels_say_more_than_the_header(tmp_path):
    folder = dicoms(tmp_path, **{"1.dcm": dicom(age="050Y", PatientSex="F", view="AP")})
    (folder / "labels.csv").write_text("file,age,sex,patient\nNORMAL/1.dcm,2,,p9\n")
    (found,) = find_films(Source(folder))
    assert (found.age, found.sex, found.view, found.patient) == (2.0, "F", "AP", f"{folder.name}:p9")


def test_without_a_patient_in_the_header_age_and_sex_bound_it(tmp_path):
    (found,) = find_films(Source(dicoms(tmp_path, **{"1.dcm": dicom(age="050Y", PatientSex="F", PatientID="")})))
    assert (found.patient, found.known_patient) == (f"{tmp_path.name}:F:50", False)


def test_files_without_an_ending_are_films_where_they_begin_as_dicom_does(tmp_path):
    data = dicom()
    names = {"IM0001": data, "1.2.840.113.7": data, "x.DICOM": data, "README": b"text", "notes.txt": data, "4.5": b"4"}
    folder = dicoms(tmp_path, **names)
    (folder / "NORMAL" / "subfolder").mkdir()
    assert [film.path.name for film in find_films(Source(folder))] == ["1.2.840.113.7", "IM0001", "x.DICOM"]


def test_a_broken_header_says_nothing(tmp_path):
    (found,) = find_films(Source(dicoms(tmp_path, **{"1.dcm": dicom()[:200]})))
    assert (found.age, found.sex, found.view) == (None, "", "")


def test_names_of_the_kermany_set_and_labels_tell_the_kind_of_pneumonia(tmp_path):
    folder = labelled_folder(tmp_path / "s", each=1)
    film = folder / "PNEUMONIA" / "film000.jpg"
    for name in ("person1_virus_6.jpeg", "person1_bacteria_1.jpeg", "other.jpeg"):
        (folder / "PNEUMONIA" / name).write_bytes(film.read_bytes())
    (folder / "labels.csv").write_text("file,subtype\nPNEUMONIA/other.jpeg,fungus\n")
    found = {each.path.name: each.subtype for each in find_films(Source(folder)) if each.label}
    assert found == {
        "person1_virus_6.jpeg": "virus",
        "person1_bacteria_1.jpeg": "bacteria",
        "other.jpeg": "fungus",
        "film000.jpg": "",
    }


def test_a_class_that_is_missing_or_empty_is_named_where_training_needs_both(tmp_path):
    folder = labelled_folder(tmp_path / "s", each=1)
    source = Source(folder)
    need_both_classes(find_films(source), source)
    (folder / "NORMAL" / "film000.jpg").unlink()
    found = find_films(source)
    with pytest.raises(TrainerError, match=r"s/NORMAL: the class folder holds no film; training needs films of NORMAL"):
        need_both_classes(found, source)
    (folder / "NORMAL").rmdir()
    with pytest.raises(TrainerError, match=r"s/NORMAL: there is no such class folder"):
        need_both_classes(found, source)
    (tmp_path / "manifest.csv").write_text("file,label\ns/PNEUMONIA/film000.jpg,1\n")
    listed = Source(tmp_path)
    with pytest.raises(TrainerError, match=r"manifest\.csv: it names no film of NORMAL"):
        need_both_classes(find_films(listed), listed)
