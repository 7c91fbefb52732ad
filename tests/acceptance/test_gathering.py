"""From what became of films, and from rows of verdicts, to cases: each is judged by, or counted as left out."""

from __future__ import annotations

from typing import Any

import numpy as np

from daemon.acceptance.assay import Assay
from daemon.acceptance.gathered import Left
from daemon.acceptance.reviewed import sorted_out
from daemon.acceptance.sources import Label, Labelled
from daemon.acceptance.standing import Identity
from daemon.explain.insight import Surveyed
from daemon.intake.worker import Outcome
from daemon.intake.worker import Verdict as Kind
from daemon.triage.order import Band
from db.blind_cases import Judged
from db.records import FilmFacts
from db.states import Verdict
from models.population import Population

ADULTS, CHILDREN = Population.ADULTS, Population.CHILDREN


def surveyed(logit: float | None = 1.0, kind: Kind = Kind.SCORED, code: str | None = None, **facts: Any) -> Surveyed:
    film = FilmFacts(**{"population": "adults", "tier": "tagged", **facts})
    return Surveyed(Outcome(kind, film, 1.0, logit=logit if kind is Kind.SCORED else None, code=code), "none")


def assayed(
    *films: tuple[str, Surveyed, str], sick: frozenset[str] = frozenset(), hidden: str = ""
) -> tuple[Assay, Labelled]:
    assay = Assay(frozenset({hidden}))
    for path, found, content in films:
        assay.film(path, found, None, content)
    return assay, Labelled(labels={path: Label(path in sick) for path, *_ in films})


def test_a_film_is_judged_by_or_counted_as_left_out() -> None:
    assay, films = assayed(
        ("a", surveyed(2.0), "1"),
        ("b", surveyed(-1.0), "2"),
        ("refused", surveyed(kind=Kind.REFUSED, code="view"), "3"),
        ("failed", surveyed(kind=Kind.FAILED, code="truncated", population=None), "4"),
        ("marked", surveyed(marks="processed"), "5"),
        ("child", surveyed(population="children", age_years=3.0), "6"),
        ("boy", surveyed(population=None, age_years=9.0), "7"),
        ("nobody", surveyed(population=None), "8"),
        ("nan", surveyed(float("nan")), "9"),
        ("blind", surveyed(9.0), "10"),
        sick=frozenset({"a", "refused", "failed"}),
        hidden="10",
    )
    assay.vanished = 2
    found = assay.gathered("folder", films, ADULTS)
    assert list(found.cases) == [ADULTS]
    assert found.cases[ADULTS].logits.tolist() == [2.0, -1.0]
    assert found.cases[ADULTS].labels.tolist() == [True, False]
    assert found.left_out == {
        Left.REFUSED: 1, Left.FAILED: 2, Left.MARKED: 1, Left.OTHER: 1, Left.OTHER_AGE: 1, Left.UNKNOWN: 1,
        Left.BLIND: 1, Left.GONE: 2,
    }  # fmt: skip
    assert found.codes == {"view": 1, "truncated": 1, "unknown": 1}
    assert found.unscored[ADULTS].value == 2 / 3
    assert not found.reviewed
    both = assay.gathered("folder", films, None)
    assert set(both.cases) == {ADULTS, CHILDREN}


def test_one_content_counts_once_and_under_both_labels_not_at_all() -> None:
    """Also where NORMAL and PNEUMONIA are one folder under two names."""
    assay, films = assayed(("a", surveyed(), "1"), ("b", surveyed(), "2"), sick=frozenset({"a"}))
    for path, content, pneumonia in (("a2", "1", True), ("b2", "2", True)):
        assay.duplicate(path, content)
        films.labels[path] = Label(pneumonia)
    found = assay.gathered("folder", films, None)
    assert found.cases[ADULTS].n == 1
    assert found.left_out == {Left.DUPLICATE: 2, Left.BOTH_WAYS: 1}


def test_films_of_nobody_in_particular_are_patients_of_their_own() -> None:
    """And the order in which workers answer changes nothing."""
    films = [("a", surveyed(1.0), "1"), ("b", surveyed(2.0), "2"), ("c", surveyed(3.0), "3")]
    assay, labels = assayed(*films[::-1])
    labels.labels["a"], labels.labels["b"] = Label(True, "p"), Label(True, "p")
    cases = assay.gathered("folder", labels, None).cases[ADULTS]
    assert cases.logits.tolist() == [1.0, 2.0, 3.0]
    assert len(set(cases.patients)) == 2
    assert cases.clustered


HERE, OTHER = Identity("a", "b"), Identity("a", "c")


def judged(number: int, **values: Any) -> Judged:
    row = {
        "study": f"S-{number}", "band": "next", "share": 0.2, "every_band": True, "verdict": Verdict.PNEUMONIA,
        "revised": False, "root_path": "/in", "tier": None, "population": "adults", "age_years": None, "logit": 1.0,
        "bundle_id": 1,
    }  # fmt: skip
    return Judged(**{**row, **values})


def test_verdicts_count_by_the_chance_of_their_draw_and_only_of_this_bundle() -> None:
    rows = [
        judged(1),
        judged(2, verdict=Verdict.NOT, band="in_turn", share=0.05, logit=-2.0),
        judged(3, verdict=Verdict.UNSURE),
        judged(4, verdict=Verdict.UNUSABLE),
        judged(5, every_band=False),
        judged(6, bundle_id=2),
        judged(7, population=None),
        judged(8, population=None, age_years=9.0),
        judged(9, population="children"),
    ]
    found = sorted_out(rows, {1: HERE, 2: OTHER}, HERE, ADULTS)
    cases = found.cases[ADULTS]
    np.testing.assert_allclose(cases.weights, [5.0, 20.0])
    assert cases.strata == (Band.NEXT, Band.IN_TURN)
    assert cases.labels.tolist() == [True, False]
    assert found.left_out == {
        Left.UNSURE: 2, Left.NOT_EVERY_BAND: 1, Left.OTHER_BUNDLE: 1, Left.UNKNOWN: 1, Left.OTHER_AGE: 1, Left.OTHER: 1,
    }  # fmt: skip
    assert found.reviewed
    assert not found.unscored
