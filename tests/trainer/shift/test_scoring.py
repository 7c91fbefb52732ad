"""Each film is read once and scored under every condition; a bad film is counted, an interrupt ends it soon."""

from __future__ import annotations

import numpy as np
import pytest
from builders.bundles import THRESHOLD, policies, tiny_bundle
from builders.dicom import dicom
from builders.shift import BrightnessJudge
from builders.training import labelled_folder

from models.bundle import read_bundle
from models.contract import VERSIONS
from models.population import Population
from models.radiograph import read_radiograph
from models.scorer import Scorer
from trainer.data.sources import Source, find_all
from trainer.shift.conditions import CLEAN, HEAVIEST, Condition, Corruption, Severity
from trainer.shift.judges import BundleJudge
from trainer.shift.scoring import score_suite


def quiet(done, total):
    """Nobody watches."""


def test_a_bundle_scores_as_the_daemons_scorer_does_and_a_condition_moves_it(tmp_path):
    bundle = read_bundle(tiny_bundle(tmp_path / "bundle"))
    films = find_all([Source(labelled_folder(tmp_path / "films", each=5))])
    dark = Condition(Corruption.GAMMA_DARK, Severity.STRONG)
    scores = score_suite(films, [CLEAN, dark], BundleJudge(bundle), quiet)
    scorer, preprocess = Scorer(bundle), VERSIONS[1]
    alone = [scorer.score(preprocess(read_radiograph(f.path.read_bytes()))).logit for f in films]
    assert scores.films == tuple(films)
    assert scores.logits["clean"] == pytest.approx(alone)
    assert (scores.logits["gamma-dark-3"] < scores.logits["clean"]).all()
    assert list(scores.labels) == [bool(f.label) for f in films]
    assert scores.patients == tuple(f.patient for f in films)


def test_scores_are_the_same_in_any_order_of_films(tmp_path):
    films = find_all([Source(labelled_folder(tmp_path / "films", each=4))])
    first = score_suite(films, HEAVIEST, BrightnessJudge(), quiet)
    second = score_suite(films[::-1], HEAVIEST, BrightnessJudge(), quiet)
    for name, logits in first.logits.items():
        assert (logits == second.logits[name][::-1]).all()
    turned = second.of(range(len(films))[::-1])
    assert turned.films == first.films
    assert (turned.logits["noise-3"] == first.logits["noise-3"]).all()


def test_population_and_view_are_the_files_own_and_bad_films_are_counted(tmp_path):
    folder = labelled_folder(tmp_path / "films", each=1)
    (folder / "NORMAL" / "old.dcm").write_bytes(dicom(age="060Y", view="AP"))
    (folder / "NORMAL" / "text.jpg").write_bytes(b"a text")
    films = find_all([Source(folder, population=Population.CHILDREN)])
    films[0].path.unlink()
    told = []
    scores = score_suite(films, [CLEAN], BrightnessJudge(), lambda done, total: told.append((done, total)))
    assert scores.failed == {"unknown-format": 1, "unreadable": 1}
    assert dict(zip((f.path.name for f in scores.films), scores.populations, strict=True)) == {
        "old.dcm": Population.ADULTS,
        "film000.jpg": Population.CHILDREN,
    }
    assert scores.views[[f.path.name for f in scores.films].index("old.dcm")] == "AP"
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_no_film_at_all_gives_empty_columns():
    scores = score_suite([], [CLEAN], BrightnessJudge(), quiet)
    assert scores.films == ()
    assert scores.logits["clean"].shape == (0,)


def test_an_interrupt_does_not_wait_for_the_films_that_are_left(tmp_path):
    films = find_all([Source(labelled_folder(tmp_path / "films", each=30))])
    judge = BrightnessJudge()

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_suite(films, HEAVIEST, judge, stop)
    assert judge.asked < len(films) / 2


def test_a_judge_that_fails_is_the_callers_error(tmp_path):
    films = find_all([Source(labelled_folder(tmp_path / "films", each=2))])

    class Broken(BrightnessJudge):
        def logits(self, tensors):
            raise FloatingPointError(str(np.nan))

    with pytest.raises(FloatingPointError):
        score_suite(films, [CLEAN], Broken(), quiet)


def test_a_population_that_is_only_ordered_has_no_threshold(tmp_path):
    """Its bands begin nowhere; minus infinity would be no figure, and no JSON."""
    stated = policies(children="banded", adults="ordered")
    judge = BundleJudge(read_bundle(tiny_bundle(tmp_path / "bundle", policies=stated)))
    assert judge.threshold(Population.CHILDREN) == THRESHOLD
    assert judge.threshold(Population.ADULTS) is None
    assert judge.threshold(None) is None  # it may be an adult
