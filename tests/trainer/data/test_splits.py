"""No film of the training part may tell anything of the validation part."""

from __future__ import annotations

from itertools import combinations

import pytest
from builders.parts import shared_data
from builders.training import film
from hypothesis import given
from hypothesis import strategies as st

from trainer.data.sources import Part, Source, find_all
from trainer.data.splits import Shares, Unit, read_split, split, split_text
from trainer.errors import TrainerError


@st.composite
def films(draw):
    """Films that share patients, contents, ages and sources in every way that a messy collection could."""
    found = []
    for number in range(draw(st.integers(1, 30))):
        source = draw(st.sampled_from(["a", "b"]))
        age = draw(st.one_of(st.none(), st.integers(0, 40).map(float)))
        sex = draw(st.sampled_from(["", "F", "M"]))
        known = age is None or not sex or draw(st.booleans())
        patient = f"{source}:{draw(st.integers(0, 8))}" if known else f"{source}:{sex}:{age}"
        content = f"{draw(st.integers(0, 20)):064d}"
        found.append(
            film(number, sha256=content, source=source, patient=patient, age=age, sex=sex, known_patient=known)
        )
    return found


@given(films(), st.floats(0, 1), st.integers(0, 5))
def test_no_patient_content_or_neighbouring_age_is_on_both_sides(found, fraction, seed):
    parts = split(found, Shares(fraction), seed=seed)
    train = [f for f in found if parts[f.sha256] is Part.TRAIN]
    held = [f for f in found if parts[f.sha256] is Part.VALIDATION]
    assert not {f.sha256 for f in train} & {f.sha256 for f in held}
    assert not {f.patient for f in train} & {f.patient for f in held}
    ages = {(f.sex, int(f.age)) for f in held if f.sex and f.age is not None}
    for f in train:
        if f.sex and f.age is not None:
            assert not {(f.sex, int(f.age) + step) for step in (-1, 0, 1)} & ages


@given(films(), st.floats(0, 0.5), st.floats(0, 0.5), st.integers(0, 5))
def test_no_two_parts_that_are_looked_at_share_a_patient_or_a_neighbouring_age(found, validation, test, seed):
    parts = split(found, Shares(validation, test), seed=seed)
    sets = {part: [f for f in found if parts[f.sha256] is part] for part in Part}
    for one, other in combinations((Part.TRAIN, Part.VALIDATION, Part.TEST), 2):
        assert not {f.patient for f in sets[one] if f.known_patient} & {
            f.patient for f in sets[other] if f.known_patient
        }
        ages = {(f.sex, int(f.age)) for f in sets[other] if f.sex and f.age is not None}
        near = {(f.sex, int(f.age) + s) for f in sets[one] if f.sex and f.age is not None for s in (-1, 0, 1)}
        assert not near & ages


def test_a_split_by_file_leaks_patients_and_excludes_nobody():
    found = [film(n, patient=f"p:{n // 4}") for n in range(80)]
    parts = split(found, Shares(0.3, 0.2), seed=1, unit=Unit.FILE)
    train, held = ({f.patient for f in found if parts[f.sha256] is part} for part in (Part.TRAIN, Part.TEST))
    assert train & held
    assert Part.EXCLUDED not in parts.values()


@given(films(), st.integers(0, 5))
def test_the_order_of_the_films_does_not_matter(found, seed):
    assert split(found, Shares(0.3), seed=seed) == split(found[::-1], Shares(0.3), seed=seed)


def test_a_second_patient_of_a_held_out_content_is_guarded_too():
    same = "f" * 64
    found = [
        film(0, patient="p:1", sha256=same),
        film(1, patient="p:2", sha256=same),
        film(2, patient="p:2"),
        film(3, patient="p:3"),
    ]
    parts = split(found, Shares(0.0), seed=1, hold_out=["p:1"])
    assert [parts[f.sha256] for f in found] == [Part.VALIDATION, Part.VALIDATION, Part.EXCLUDED, Part.TRAIN]


@pytest.mark.parametrize(("age", "part"), [(23, "excluded"), (24, "excluded"), (25, "excluded"), (26, "train")])
def test_the_year_on_either_side_of_a_held_out_age_is_left_out(age, part):
    held = film(0, source="rsna", patient="rsna:F:24", age=24.0, sex="F", known_patient=False)
    other = film(1, source="nih", patient="nih:1", age=float(age), sex="F")
    man = film(2, source="nih", patient="nih:2", age=float(age), sex="M")
    parts = split([held, other, man], Shares(0.0), seed=1, hold_out=[held.sha256])
    assert (parts[other.sha256], parts[man.sha256]) == (Part(part), Part.TRAIN)


def test_the_manifest_is_read_back(tmp_path):
    found = [film(number) for number in range(40)]
    parts = split(found, Shares(0.5), seed=1)
    (tmp_path / "split.csv").write_text(split_text(found, parts))
    assert read_split(tmp_path / "split.csv") == parts
    assert set(parts.values()) == {Part.TRAIN, Part.VALIDATION}


@pytest.mark.parametrize(
    "content", [b"", b"sha256\n1\n", b"sha256,part\n1,somewhere\n", b"sha256,part\n1,train\n1,test\n", b"\xff\xfe\x00"]
)
def test_what_is_no_manifest_is_one_error_with_the_path(tmp_path, content):
    (tmp_path / "split.csv").write_bytes(content)
    with pytest.raises(TrainerError, match=r"cannot read split .*split\.csv: .+; give"):
        read_split(tmp_path / "split.csv")


@pytest.mark.shared
def test_all_patients_of_the_full_size_films_stay_in_validation():
    data = shared_data()
    outside = find_all([Source(data / "kermany-fullsize")])
    patients = {f.patient for f in outside}
    found = find_all([Source(data / "kermany-224"), Source(data / "rsna-adult-dev")])
    parts = split(found, Shares(0.15), seed=1, hold_out=patients)
    held = [f for f in found if f.patient in patients]
    assert len(held) >= len(outside)
    assert {parts[f.sha256] for f in held} == {Part.VALIDATION}
