"""Late images join their study and may raise, never lower, the place that a score gave it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from builders.studies import NOW, RULES, queue_study, refused_image, waiting_image
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.triage.document import queue_document, queue_rows
from daemon.triage.order import Band, order
from daemon.triage.studies import gather, parted
from db.records import WaitingImage
from db.states import State

KINDS = ("scored", "scored", "scored", "refused", "failed", "no number")
BEGAN = NOW - timedelta(hours=9)


@st.composite
def images(draw: st.DrawFn, study: int, number: int, *, withdrawn: bool | None = None) -> WaitingImage:
    """Any image of a study; `number` says when it came, and is its own."""
    kind = draw(st.sampled_from(KINDS))
    gone = draw(st.sampled_from([False, False, False, True])) if withdrawn is None else withdrawn
    told = {
        "arrived_at": BEGAN + timedelta(minutes=number),
        "population": draw(st.sampled_from(["adults", "children", None])),
        "withdrawn_at": NOW if gone else None,
        "urgency": ("routine", "stat")[study % 2],
    }
    if kind in ("refused", "failed"):
        return refused_image(study, number, **told, **({"state": State.FAILED} if kind == "failed" else {}))
    logit = float("nan") if kind == "no number" else draw(st.sampled_from([-4.0, -1.0, 0.0, 1.0, 2.0, 3.0, 5.0]))
    return waiting_image(study, number, logit=logit, age_years=None, **told)


@st.composite
def departments(draw: st.DrawFn) -> list[WaitingImage]:
    """A few studies of a few images each, which came in any order."""
    owners = draw(st.lists(st.sampled_from([2, 4, 6, 7]), min_size=1, max_size=10))
    return [draw(images(study, number)) for number, study in enumerate(owners, 1)]


def places(rows: Sequence[WaitingImage]) -> list[str]:
    """The studies in the order in which they are to be read."""
    ranked, _ = parted(gather(rows, lambda _: RULES))
    return [study.study for study in order(ranked)]


def has_score(rows: Sequence[WaitingImage], study: int) -> bool:
    """Whether a score gave the study its place."""
    live = [row.logit for row in rows if row.study_id == study and row.withdrawn_at is None]
    return any(logit is not None and math.isfinite(logit) for logit in live)


@settings(max_examples=400)
@given(rows=departments(), data=st.data())
def test_a_late_image_never_lowers_a_place_that_a_score_gave(rows: list[WaitingImage], data: st.DataObject) -> None:
    """Be it scored, refused, failed, without a number, or withdrawn."""
    study = data.draw(st.sampled_from([row.study_id for row in rows]))
    late = data.draw(images(study, len(rows) + 1))
    before, after = places(rows), places([*rows, late])
    name = f"S-{study:06d}"
    if name not in before:
        return  # all of it was taken back: it had no place
    new = replace(late, study_id=study)
    if not has_score(rows, study) and has_score([new], study):
        return  # nothing was known of it, so it stood in the middle by its arrival: the first score places it
    assert after.index(name) <= before.index(name)
    assert set(before) <= set(after)


@given(rows=departments(), data=st.data())
def test_an_image_that_was_taken_back_counts_for_nothing(rows: list[WaitingImage], data: st.DataObject) -> None:
    """Places are what they would be without it; a study that has nothing else is listed apart, and no study is lost."""
    study = data.draw(st.sampled_from([row.study_id for row in rows]))
    gone = data.draw(images(study, len(rows) + 1, withdrawn=True))
    assert places([*rows, gone]) == places(rows)
    ranked, withdrawn = parted(gather([*rows, gone], lambda _: RULES))
    assert {each.study for each in (*ranked, *withdrawn)} == {row.study_key for row in rows}
    for each in ranked:
        assert each.images[0].withdrawn_at is None
    assert all(image.withdrawn_at for each in withdrawn for image in each.images)


def test_a_withdrawn_image_is_shown_last_without_a_score_and_without_a_wish_to_be_read() -> None:
    late = NOW - timedelta(minutes=1)
    rows = [
        waiting_image(1, 1, logit=9.0, withdrawn_at=NOW, arrived_at=NOW - timedelta(days=2), acquired_at="2026-11-20"),
        waiting_image(1, 2, logit=-3.0, arrived_at=late),
        refused_image(1, 3, withdrawn_at=NOW),
    ]
    [study] = gather(rows, lambda _: RULES)
    assert [(image.arrival_id, image.logit) for image in study.images] == [(2, -3.0), (1, None), (3, None)]
    assert (study.band, study.arrived_at, study.acquired_at, study.withdrawn) == (Band.IN_TURN, late, None, False)
    document = queue_document([study], generated_at=NOW, bundle=None, account={})
    assert document["not_scored"] == []
    assert [image["withdrawn_at"] is None for image in document["queue"][0]["images"]] == [True, False, False]


@pytest.mark.parametrize("count", [1, 2])
def test_a_study_that_was_taken_back_is_in_the_document_and_its_rows_without_a_rank(count: int) -> None:
    gone = [replace(image, withdrawn_at=NOW) for image in queue_study(7).images * count]
    study = queue_study(7, accession="A7", images=tuple(gone))
    document = queue_document([queue_study(1)], generated_at=NOW, bundle=None, account={}, withdrawn=[study])
    assert (document["waiting"], [entry["study"] for entry in document["withdrawn"]]) == (1, ["S-000007"])
    first, last = queue_rows(document)
    assert (first["rank"], first["band"]) == ("1", "next")
    assert (last["rank"], last["band"], last["study"], last["accession"]) == ("", "withdrawn", "S-000007", "A7")
    assert last["images"] == str(count)
