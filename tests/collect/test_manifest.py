"""The lists: one patient never parts, labels are the trainer's, and what has no label stands in the other list."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from daemon.collect.choosing import Reason
from daemon.collect.manifest import COLUMNS, Taken, lists, name_of, patients
from db.states import Verdict

FILM = Taken(1, "ab" * 32, frozenset(), 45, "PA", "adults", Verdict.NOT, 0.0, 1, (Reason.RANDOM,), 0.25)
TIES = st.frozensets(st.tuples(st.sampled_from(["study", "patient"]), st.sampled_from("abcdefgh")), max_size=3)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@given(st.lists(TIES, max_size=12))
def test_who_shares_anything_is_one_patient_and_nobody_else_is(ties: list[frozenset[tuple[str, str]]]) -> None:
    numbers = patients([replace(FILM, ties=each) for each in ties])
    groups = [({index}, set(each)) for index, each in enumerate(ties)]
    merged = True
    while merged:  # the slow way
        merged = False
        for first in groups:
            for second in groups:
                if first is not second and first[1] & second[1]:
                    first[0].update(second[0])
                    first[1].update(second[1])
                    groups.remove(second)
                    merged = True
                    break
            if merged:
                break
    for members, _ in groups:
        assert len({numbers[index] for index in members}) == 1
    assert len(set(numbers)) == len(groups)
    assert sorted(set(numbers)) == list(range(1, len(groups) + 1))


def test_films_with_a_label_and_without_one_stand_in_two_lists_and_share_patients() -> None:
    tie = frozenset({("patient", "PLANTED MARKER")})
    films = [
        replace(FILM, number=number, verdict=verdict, ties=tie)
        for number, verdict in enumerate([*Verdict, None], start=1)
    ]
    manifest, unlabelled = lists(films)
    assert [(row["file"], row["label"]) for row in rows(manifest)] == [
        (name_of(1), "PNEUMONIA"),
        (name_of(2), "NORMAL"),
    ]
    assert [row["label"] for row in rows(unlabelled)] == ["", "", ""]
    assert {row["patient"] for row in rows(manifest) + rows(unlabelled)} == {"000001"}
    assert "PLANTED" not in manifest + unlabelled


def test_a_row_says_what_is_known_and_no_more() -> None:
    (row,) = rows(lists([FILM])[0])
    assert tuple(row) == COLUMNS
    assert (row["age"], row["view"], row["population"]) == ("45", "PA", "")
    assert (row["case"], row["reason"], row["probability"]) == ("1", "random", "0.25")
    (row,) = rows(lists([replace(FILM, age=None, view="", reasons=(Reason.NAMED, Reason.MISSED), probability=None)])[0])
    assert (row["age"], row["view"], row["population"]) == ("", "", "adults")
    assert (row["reason"], row["probability"]) == ("named missed", "")
