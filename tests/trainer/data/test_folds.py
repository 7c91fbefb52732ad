"""Schemes of splits: every film once, no patient twice; and what a split that somebody gave would leak."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from builders.training import film, labelled_folder
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from trainer.cli.main import cli
from trainer.cli.split import SCHEMES
from trainer.data.films import Part
from trainer.data.folds import Leaks, Plan, Scheme, check_split, divided, leaks
from trainer.data.splits import Shares, Unit, read_split
from trainer.errors import TrainerError

HELD = (Part.VALIDATION, Part.TEST)


@st.composite
def films(draw):
    """At least five patients, of two sources, who share films, ages and contents."""
    found = [film(number, source="ab"[number % 2]) for number in range(10)]
    for number in range(10, draw(st.integers(10, 40))):
        source = draw(st.sampled_from(["a", "b"]))
        age = draw(st.none() | st.integers(0, 60).map(float))
        sex = draw(st.sampled_from(["", "F", "M"]))
        known = age is None or not sex or draw(st.booleans())
        patient = f"{source}:{draw(st.integers(0, 8))}" if known else f"{source}:{sex}:{int(age)}"
        content = f"{draw(st.integers(0, 30)):064d}"
        found.append(
            film(number, sha256=content, source=source, patient=patient, age=age, sex=sex, known_patient=known)
        )
    return found


@given(films(), st.integers(2, 5), st.integers(0, 3), st.sampled_from(Unit))
def test_each_content_is_validated_on_in_exactly_one_fold(found, folds, seed, unit):
    splits = divided(found, Plan(Scheme.K_FOLD, folds=folds, seed=seed, unit=unit))
    assert list(splits) == [f"fold-{number}" for number in range(1, folds + 1)]
    held = Counter(sha for parts in splits.values() for sha, part in parts.items() if part is Part.VALIDATION)
    assert held == Counter({each.sha256 for each in found})


@given(films(), st.sampled_from(Scheme), st.integers(0, 3))
def test_no_scheme_by_patient_leaks(found, scheme, seed):
    for parts in divided(found, Plan(scheme, Shares(0.2, 0.2), folds=3, seed=seed)).values():
        assert not leaks(found, parts)
        check_split(found, parts)
        assert set(parts) == {each.sha256 for each in found}


@given(films(), st.integers(0, 3))
def test_a_source_that_is_left_out_is_the_whole_test_part(found, seed):
    splits = divided(found, Plan(Scheme.SOURCE_OUT, seed=seed))
    for name in ("a", "b"):
        parts = splits[f"without-{name}"]
        assert {sha for sha, part in parts.items() if part is Part.TEST} == {
            each.sha256 for each in found if each.source == name
        }


def test_folds_are_even_by_class():
    found = [film(number, label=int(number < 90), patient=f"p:{number // 3}") for number in range(150)]
    for parts in divided(found, Plan(Scheme.K_FOLD, folds=5)).values():
        held = [each.label for each in found if parts[each.sha256] is Part.VALIDATION]
        assert (len(held), sum(held)) == (30, 18)


def test_too_few_patients_and_a_single_source_are_errors():
    found = [film(number, patient=f"p:{number % 2}") for number in range(9)]
    with pytest.raises(TrainerError, match=r"2 units .* cannot make 3 folds; give fewer --folds"):
        divided(found, Plan(Scheme.K_FOLD, folds=3))
    with pytest.raises(TrainerError, match="one source only, paper"):
        divided(found, Plan(Scheme.SOURCE_OUT))


def test_patients_and_ages_in_two_parts_are_counted_and_refused():
    found = [
        film(0, patient="p:1"),
        film(1, patient="p:1"),
        film(2, patient="p:2"),
        film(3, age=40.0, sex="F", patient="r:F:40", known_patient=False),
        film(4, age=41.0, sex="F", patient="p:3"),
        film(5, patient="p:2"),
        film(6),
    ]
    part = [Part.TRAIN, Part.TEST, Part.TRAIN, Part.VALIDATION, Part.TRAIN, Part.EXCLUDED]
    parts = {each.sha256: given_ for each, given_ in zip(found, part, strict=False)}
    assert leaks(found, parts) == Leaks(("p:1",), 2, (("F", 40),), 1)
    with pytest.raises(
        TrainerError, match=r"1 patients with 2 films lie in two parts and films of one sex .*; make the"
    ):
        check_split(found, parts)
    check_split(found, parts, Unit.FILE)


def test_named_patients_of_one_age_are_no_leak():
    found = [film(number, age=40.0, sex="F") for number in range(2)]
    assert not leaks(found, {found[0].sha256: Part.TRAIN, found[1].sha256: Part.TEST})


def test_the_schemes_of_the_command_are_those_that_there_are():
    assert list(Scheme) == list(SCHEMES)


def run(*arguments):
    return CliRunner().invoke(cli, ["split", *map(str, arguments)])


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("--scheme", "70/15/15"), ["split.csv"]),
        (("--scheme", "k-fold", "--folds", 3), ["fold-1.csv", "fold-2.csv", "fold-3.csv"]),
        (("--scheme", "leave-one-source-out"), ["without-a.csv", "without-b.csv"]),
    ],
)
def test_the_command_writes_manifests_that_are_read_back(tmp_path, options, names):
    data = [item for name in "ab" for item in ("--data", labelled_folder(tmp_path / name, each=6, seed=ord(name)))]
    result = run(*data, "--out", tmp_path / "out", *options, "--format", "json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    for each in document["splits"]:
        counted = Counter(part.value for part in read_split(tmp_path / "out" / each["file"]).values())
        assert counted == {part: figures["films"] for part, figures in each["parts"].items()}
        assert not any(each["leaks"].values())


def test_by_file_the_command_says_that_it_leaks(tmp_path):
    folder = labelled_folder(tmp_path / "films", each=20)
    names = [f"{name}/film{n:03d}.jpg" for name in ("NORMAL", "PNEUMONIA") for n in range(20)]
    (folder / "labels.csv").write_text("file,patient\n" + "".join(f"{name},{name[:1]}\n" for name in names))
    result = run("--data", folder, "--out", tmp_path / "out", "--by", "file")
    assert result.exit_code == 0
    assert "only for showing" in result.stderr
    assert "leaks: 2 patients with 40 films" in result.stdout


def test_a_name_of_a_source_cannot_leave_the_folder(tmp_path):
    folder = labelled_folder(tmp_path / "films", each=2)
    (folder / "manifest.csv").write_text(
        "file,label,source\nNORMAL/film000.jpg,0,../../x\nPNEUMONIA/film000.jpg,1,../../x\nNORMAL/film001.jpg,0,.._.._x\n"
    )
    result = run("--data", folder, "--out", tmp_path / "out", "--scheme", "leave-one-source-out")
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["without-.._.._x-1.csv", "without-.._.._x-2.csv"]


def test_one_class_only_is_one_line(tmp_path):
    folder = labelled_folder(tmp_path / "films", each=1)
    (folder / "NORMAL" / "film000.jpg").unlink()
    result = run("--data", folder, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "films/NORMAL: the class folder holds no film" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
