"""Which cases are chosen: by verdict and band, by refusal, by chance with a known probability, by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.collect.choosing import Case, Choice, Reason, Wish, cases_of, choose
from daemon.triage.order import Band
from daemon.triage.rules import Rules
from db.cases import CaseImage
from db.states import State, Verdict
from models.bundle import OperatingPoint
from models.operating_points import Calibration
from models.population import AgeGroup, Policy, Population

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def image(study: int, logit: float | None = 0.0, *, days: int = 0, arrival: int | None = None) -> CaseImage:
    state = State.REFUSED if logit is None else State.SCORED
    bundle = None if logit is None else 1
    code = "view" if logit is None else None
    path = f"{study}-{arrival or 1}.dcm"
    number = study * 10 + (arrival or 1)
    came = NOW - days * DAY
    return CaseImage(
        study, f"S-{study:06d}", number, "/films", path, "0" * 64, state, code, "adults", None, logit, bundle, came
    )


def case(study: int, verdict: Verdict | None = None, band: Band | None = Band.NEXT, **options: Any) -> Case:
    return Case(study, f"S-{study:06d}", (image(study, **options),), verdict, band)


def reasons(choice: Choice) -> dict[int, tuple[Reason, ...]]:
    return {chosen.case.study_id: chosen.reasons for chosen in choice.cases}


@pytest.mark.parametrize(
    ("verdict", "band", "reason"),
    [
        (Verdict.PNEUMONIA, Band.IN_TURN, Reason.MISSED),
        (Verdict.PNEUMONIA, Band.NEXT, None),
        (Verdict.PNEUMONIA, Band.FIRST, None),
        (Verdict.NOT, Band.FIRST, Reason.CALLED),
        (Verdict.NOT, Band.NEXT, Reason.CALLED),
        (Verdict.NOT, Band.IN_TURN, None),
        (Verdict.UNSURE, Band.FIRST, None),
        (Verdict.UNUSABLE, Band.FIRST, None),
        (None, Band.IN_TURN, None),
        (Verdict.NOT, None, None),  # a population that is only ordered has no band to disagree with
    ],
)
def test_a_disagreement_is_a_verdict_on_the_other_side_of_the_operating_point(
    verdict: Verdict | None, band: Band | None, reason: Reason | None
) -> None:
    found = reasons(choose([case(1, verdict, band)], Wish(disagreements=True)))
    assert found == ({} if reason is None else {1: (reason,)})


@pytest.mark.parametrize("verdict", [None, *Verdict])
def test_refused_in_error_is_what_a_reader_could_read(verdict: Verdict | None) -> None:
    found = reasons(choose([case(1, verdict, None, logit=None)], Wish(refused=True)))
    assert bool(found) is (verdict in (Verdict.PNEUMONIA, Verdict.NOT, Verdict.UNSURE))


def test_a_refused_film_beside_a_scored_one_was_rightly_refused_as_far_as_anybody_said() -> None:
    both = Case(1, "S-000001", (image(1), image(1, None, arrival=2)), Verdict.PNEUMONIA, Band.IN_TURN)
    assert choose([both], Wish(refused=True)).cases == ()
    (chosen,) = choose([both], Wish(disagreements=True)).cases
    assert [film.arrival_id for film in chosen.films] == [11]
    (named,) = choose([both], Wish(named=frozenset({1}))).cases
    assert [film.arrival_id for film in named.films] == [11, 12]


@given(st.integers(0, 30), st.integers(0, 40), st.integers(0, 2**31))
def test_a_random_sample_has_its_size_its_probability_and_no_refused_case(cases: int, wanted: int, seed: int) -> None:
    known = [case(n, logit=0.5 if n % 3 else None) for n in range(1, cases + 1)]
    scored = {each.study_id for each in known if each.scored}
    choice = choose(known, Wish(random=wanted, seed=seed))
    assert set(reasons(choice)) <= scored
    assert (len(choice.cases), choice.of) == (min(wanted, len(scored)), len(scored))
    assert choice.probability == (len(choice.cases) / len(scored) if scored else 0.0)
    again = choose(list(known), Wish(random=wanted, seed=seed))
    assert reasons(again) == reasons(choice)


def test_every_case_is_as_likely_as_any_other() -> None:
    known = [case(n) for n in range(1, 11)]
    counts = dict.fromkeys(range(1, 11), 0)
    for seed in range(2000):
        for chosen in choose(known, Wish(random=3, seed=seed)).cases:
            counts[chosen.case.study_id] += 1
    assert all(450 < count < 750 for count in counts.values())  # 600 expected, standard deviation 20


def test_a_span_holds_for_all_but_what_was_named() -> None:
    known = [case(n, Verdict.NOT, Band.FIRST, days=n) for n in range(1, 6)]
    wish = Wish(
        disagreements=True, random=9, named=frozenset({5, 99}), since=NOW - 3 * DAY, until=NOW - DAY
    )  # 99 is no case that is still there
    found = reasons(choose(known, wish))
    assert found == {
        2: (Reason.CALLED, Reason.RANDOM),
        3: (Reason.CALLED, Reason.RANDOM),
        5: (Reason.NAMED,),
    }


def test_a_cases_band_is_that_of_its_highest_film() -> None:
    curve = Calibration(1.0, 0.0, 0.5)
    point = OperatingPoint(Population.ADULTS, 0.0, 1.0, curve)
    rules = Rules(MappingProxyType(dict.fromkeys((None, *AgeGroup), point)), {})
    films = [image(1, -1.0), image(1, 0.5, arrival=2), image(1, None, arrival=3), image(2, -3.0), image(3, None)]
    bands = [each.band for each in cases_of(films, {1: Verdict.NOT}, lambda _: rules)]
    assert bands == [Band.NEXT, Band.IN_TURN, None]
    assert point.policy is Policy.BANDED
