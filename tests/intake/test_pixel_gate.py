"""Workers and the trainer's scoring refuse what a bundle's gate sees, with its code, and give it no logit."""

from __future__ import annotations

from pathlib import Path

from builders.bundles import tiny_gate_bundle
from builders.dicom import dicom
from builders.films import grey_film, jpeg, png
from builders.training import film as film_on_paper

from daemon.intake.worker import Outcome, Verdict
from daemon.intake.workers import WorkerPool, outcome_of
from daemon.triage.gate_policy import GatePolicy
from models.bundle import read_bundle
from models.findings import FindingCode
from trainer.evidence.scoring import score_films

FILM = grey_film()


def test_a_worker_refuses_by_code_and_gives_no_logit(tmp_path: Path) -> None:
    """Inverted by the network, burnt-out by the plain picture; a film is scored as ever."""
    white = FILM.copy()
    white[: len(white) - 8] = 255
    with WorkerPool(read_bundle(tiny_gate_bundle(tmp_path / "gated")), 1) as pool:
        outcomes = [outcome_of(pool.submit(data, None)) for data in (jpeg(FILM), jpeg(255 - FILM), png(white))]
    found = []
    for outcome in outcomes:
        assert isinstance(outcome, Outcome)
        found.append((outcome.verdict, outcome.code, outcome.logit is None, outcome.map is None))
        assert (outcome.unlikeness is None) is (outcome.verdict is not Verdict.SCORED)
        if outcome.verdict is Verdict.REFUSED:
            assert outcome.message
    assert found == [
        (Verdict.SCORED, None, False, False),
        (Verdict.REFUSED, "inverted", True, True),
        (Verdict.REFUSED, "under-exposed", True, True),
    ]


def test_what_the_site_marks_is_scored_and_says_why(tmp_path: Path) -> None:
    """By tags and by pixels, each code once; what it does not mark refuses as ever."""
    policy = GatePolicy(mark=frozenset({FindingCode.VIEW, FindingCode.INVERTED, FindingCode.BURNED_IN}))
    films = {
        "both": dicom(255 - FILM, view="LL", BurnedInAnnotation="YES"),
        "tag": dicom(FILM, view="LL"),
        "none": dicom(FILM),
        "other": dicom(FILM, view="LL", body_part="HAND"),
    }
    outcomes = {}
    with WorkerPool(read_bundle(tiny_gate_bundle(tmp_path / "gated")), 1, policy) as pool:
        for name, data in films.items():
            outcome = outcome_of(pool.submit(data, None))
            assert isinstance(outcome, Outcome)
            outcomes[name] = (outcome.verdict, outcome.code, outcome.facts.marks)
    assert outcomes == {
        "both": (Verdict.SCORED, None, "view burned-in-annotation inverted"),
        "tag": (Verdict.SCORED, None, "view"),
        "none": (Verdict.SCORED, None, None),
        "other": (Verdict.REFUSED, "body-part", None),
    }


def test_evaluation_leaves_the_same_films_out(tmp_path: Path) -> None:
    """They are counted by code, and have no score."""
    films = []
    for number, picture in enumerate((FILM, 255 - FILM)):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(jpeg(picture))
        films.append(film_on_paper(number, path=path))
    scores = score_films(films, read_bundle(tiny_gate_bundle(tmp_path / "gated")), None, lambda *_: None)
    assert [scored.film for scored in scores.scored] == films[:1]
    assert scores.refused == {"inverted": 1}
