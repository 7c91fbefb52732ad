"""Plain images that belong together by a pattern of their names."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace

import pytest
from builders.intake import House, failed, scored
from hypothesis import given
from hypothesis import strategies as st

from daemon.intake.names import LONGEST, Named, StudyPattern
from daemon.intake.worker import Outcome
from db import queue, studies
from db.states import State
from models.radiograph import FilmFormat

PATTERN = r"(?:.*/)?(?P<study>(?P<accession>[A-Z]\d+)-\d+)_.*\.png"


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("A17-1_pa.png", Named("A17-1", "A17")),
        ("ward 3/today/A17-1_ll.png", Named("A17-1", "A17")),
        ("A17-1_pa.png.bak", None),  # the whole path has to fit
        ("xA17-1_pa.png", None),
        ("A17-1_pa\n.png", None),
        (os.fsdecode(b"A17-1_\xff.png"), Named("A17-1", "A17")),
        ("A17-1_" + "x" * LONGEST + ".png", None),
    ],
)
def test_the_whole_path_below_the_root_has_to_fit(path: str, named: Named | None) -> None:
    """What fits only in part would join films that do not belong together."""
    assert StudyPattern.of(PATTERN).named(path) == named


def test_a_group_that_is_empty_names_no_study() -> None:
    assert StudyPattern.of(r"(?P<study>\d*)(?P<accession>A\d+)?.*").named("x.png") is None
    assert StudyPattern.of(r"(?P<study>\d*)(?P<accession>A\d+)?.*").named("7x.png") == Named("7", None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("(", "not a regular expression"),
        (".*", "name a group study"),
        ("(?P<accession>.*)", "name a group study"),
        ("(?P<study>.*)(?P<acession>x)", "and no other"),
        ("(?P<study>(a+)+)b", "a part that is repeated varies itself"),
        ("(?P<study>(?:a|ab)*)c", "a part that is repeated varies itself"),
        ("(?P<study>(?:a?){40})", "a part that is repeated varies itself"),
        ("(?P<study>(?:(?:[^/]+)/)*)x", "a part that is repeated varies itself"),
        ("(?P<study>a*)a*a*a*a*b", "it has 5 repeats, over 4"),
        (r"(?P<study>a)(?P=study)", "looks ahead, behind or back"),
        ("(?P<study>a)(?=.*b)", "looks ahead, behind or back"),
        ("(?P<study>a{4000000000000})", "not a regular expression"),
    ],
)
def test_a_pattern_that_cannot_be_used_says_why(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        StudyPattern.of(text)


@given(st.text())
def test_any_text_is_a_pattern_or_a_reason(text: str) -> None:
    """No text of a configuration ends the program."""
    with contextlib.suppress(ValueError):
        StudyPattern.of(text).named("a/b.png")


@pytest.fixture
def grouped(house: House) -> House:
    house.watched = {"pattern": StudyPattern.of(PATTERN)}
    return house


def arrive(house: House, *names: str) -> None:
    for name in names:
        house.write(name, name.encode())
    house.pass_(house.intake())


def studied(house: House) -> dict[str, int]:
    """The study of each film that waits."""
    with house.store.read() as tx:
        return {image.path: image.study_id for image in queue.waiting(tx)}


def test_images_join_by_name_also_late_ones_and_broken_ones(grouped: House) -> None:
    grouped.judge.answers[b"A17-1_broken.png"] = failed()
    arrive(grouped, "A17-1_pa.png", "ward/A17-1_ll.png", "A18-1_pa.png", "alone.png", "lonely.png")
    arrive(grouped, "A17-1_late.png", "A17-1_broken.png")
    found = studied(grouped)
    first = found["A17-1_pa.png"]
    assert {path for path, study in found.items() if study == first} == {
        "A17-1_pa.png",
        "ward/A17-1_ll.png",
        "A17-1_late.png",
        "A17-1_broken.png",
    }
    assert len(set(found.values())) == 4
    with grouped.store.read() as tx:
        [study] = studies.with_accession(tx, "A17")
        assert study.id == first
        assert study.group_key.startswith("name:1:#")
        assert "A17" not in study.group_key


def test_what_dicom_says_wins(grouped: House) -> None:
    """A name says nothing where the file does."""
    facts = {"format": FilmFormat.DICOM.value, "study_uid": "1.2", "accession": "B1"}
    for name in ("A17-1_one.png", "A18-1_two.png"):
        grouped.judge.answers[name.encode()] = told(facts)
    arrive(grouped, "A17-1_one.png", "A18-1_two.png", "A17-1_plain.png")
    found = studied(grouped)
    assert found["A17-1_one.png"] == found["A18-1_two.png"] != found["A17-1_plain.png"]
    assert grouped.at("A17-1_one.png").facts.accession == "B1"


def told(facts: dict[str, str]) -> Outcome:
    outcome = scored()
    return replace(outcome, facts=replace(outcome.facts, **facts))


def test_content_that_came_before_under_another_name_takes_nothing_from_that_name(grouped: House) -> None:
    """Neither its study nor its accession."""
    grouped.write("A17-1_pa.png", b"one")
    grouped.pass_(grouped.intake())
    grouped.write("A17-1_pa.png", b"two")
    grouped.pass_(grouped.intake())
    grouped.write("A18-1_pa.png", b"one")
    grouped.write("alone.png", b"three")
    grouped.pass_(grouped.intake())
    grouped.write("alone.png", b"one more")
    grouped.pass_(grouped.intake())
    assert grouped.at("A18-1_pa.png").state is State.SCORED
    assert (grouped.at("A17-1_pa.png").facts.accession, grouped.at("A18-1_pa.png").facts.accession) == ("A17", "A18")
    assert len(set(studied(grouped).values())) == 3
    grouped.check()


def test_the_same_name_in_another_root_is_another_study(grouped: House) -> None:
    (grouped.folder / "other").mkdir()
    for root in ("incoming", "other"):
        grouped.write("A17-1_pa.png", root.encode(), root)
    grouped.pass_(grouped.intake("incoming", "other"))
    with grouped.store.read() as tx:
        assert len(studies.with_accession(tx, "A17")) == 2
