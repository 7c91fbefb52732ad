"""Blind studies in the queue: by arrival among `next`, with nothing of their scores."""

from __future__ import annotations

import json
from datetime import timedelta

from builders.studies import BUNDLE, NOW, RULES, report_inputs, waiting_image
from hypothesis import given
from hypothesis import strategies as st

from daemon.report.build import build_report
from daemon.report.data import render_csv, render_json
from daemon.report.pages import render_html
from daemon.triage.document import account_document, queue_document, queue_rows
from daemon.triage.order import QueueStudy, order
from daemon.triage.studies import gather
from db.records import WaitingImage

LOGITS = st.floats(-6, 6, allow_nan=False)


def ordered(*images: WaitingImage) -> list[QueueStudy]:
    return list(order(gather(images, lambda _: RULES)))


@given(LOGITS, LOGITS, st.lists(LOGITS, max_size=5))
def test_a_blind_score_changes_nothing_in_any_output(one: float, other: float, rest: list[float]) -> None:
    """Whatever it is, queue and report are the same to the last letter: also which of its images stands first."""
    others = [
        waiting_image(n, logit=logit, arrived_at=NOW - timedelta(minutes=7 * n)) for n, logit in enumerate(rest, 2)
    ]
    said = []
    for first, second in ((one, other), (other, one)):
        blind = [waiting_image(1, 101, logit=first, blind=True), waiting_image(1, 102, logit=second, blind=True)]
        studies = ordered(*blind, *others)
        document = queue_document(studies, generated_at=NOW, bundle=BUNDLE, account=account_document({}))
        report = build_report(report_inputs(studies=studies))
        rows = list(queue_rows(document))
        said.append(
            (json.dumps(document), rows, render_html(report), "".join(render_csv(report)), "".join(render_json(report)))
        )
    assert said[0] == said[1]


def test_a_blind_study_stands_among_next_by_its_arrival() -> None:
    """After as many of them as came before it, as one without a score does."""
    hours = [5, 4, 3, 2]
    scored = [waiting_image(n, logit=0.5, arrived_at=NOW - timedelta(hours=h)) for n, h in enumerate(hours, 1)]
    first = waiting_image(8, logit=5.0, arrived_at=NOW)
    last = waiting_image(9, logit=-5.0, arrived_at=NOW - timedelta(hours=9))
    for logit in (-5.0, 0.0, 5.0):
        blind = waiting_image(7, logit=logit, blind=True, arrived_at=NOW - timedelta(hours=3.5))
        keys = [study.study[-1] for study in ordered(*scored, first, last, blind)]
        assert keys == ["8", "1", "2", "7", "3", "4", "9"]


def test_a_blind_study_says_so_and_nothing_else() -> None:
    """In the document, its images and the row of a CSV."""
    [study] = ordered(waiting_image(1, logit=2.5, blind=True))
    document = queue_document([study], generated_at=NOW, bundle=BUNDLE, account=account_document({}))
    [entry] = document["queue"]
    hidden = ("band", "policy", "probability", "prevalence", "logit")
    assert [entry[name] for name in hidden] == [None] * 5
    assert [entry["images"][0][name] for name in hidden[1:]] == [None] * 4
    assert entry["blind"] is entry["images"][0]["blind"] is True
    [row] = queue_rows(document)
    assert (row["blind"], *(row[name] for name in hidden)) == ("true", "", "", "", "", "")
    report = build_report(report_inputs(studies=[study]))
    assert (sum(report.bands.values()), report.blind, report.waiting) == (0, 1, 1)
