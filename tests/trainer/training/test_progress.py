"""When a phase ends, which weights it keeps, and that a checkpoint says all of it again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders.training import TINY

from trainer.errors import TrainerError
from trainer.recipes.recipe import Monitor, Stage
from trainer.training.judging import Judgement, judged
from trainer.training.progress import Standing, load, save

PATIENT = replace(TINY, judge_every=1, patience=2)


def judgement(auc: float, **changes: float) -> Judgement:
    return Judgement(**{"loss": 0.5, "accuracy": 0.5, "precision": 0.9, "recall": 0.5, "auc": auc, **changes})


def after(*aucs: float) -> Standing:
    standing = Standing()
    for step, auc in enumerate(aucs, 1):
        standing.taken, standing.averaged = step, [np.full(2, float(step))]
        standing.look(judgement(auc), PATIENT)
    return standing


def test_a_phase_ends_after_looks_without_improvement_and_keeps_the_best_weights():
    standing = after(0.7, 0.8, 0.75)
    assert not standing.ended(PATIENT)
    standing = after(0.7, 0.8, 0.75, 0.8)
    assert standing.ended(PATIENT)
    assert standing.kept[0].tolist() == [2.0, 2.0]


def test_without_patience_the_last_average_is_kept():
    standing = Standing(averaged=[np.ones(2)])
    standing.look(judgement(0.9), replace(PATIENT, patience=None))
    standing.averaged = [np.zeros(2)]
    assert standing.kept[0].tolist() == [0.0, 0.0]
    assert not standing.ended(replace(PATIENT, patience=None))


def test_the_next_phase_goes_on_from_the_kept_weights():
    following = replace(after(0.9, 0.8, 0.8), step=3).next_phase()
    assert (following.phase, following.step, following.taken, following.stale) == (1, 3, 0, 0)
    assert following.averaged[0].tolist() == [1.0, 1.0]


def test_a_checkpoint_says_where_the_run_stood(tmp_path):
    standing, state = after(0.7, 0.8, 0.75), [np.arange(3.0)]
    save(tmp_path / "c.npz", state, standing)
    variables, again = load(tmp_path / "c.npz", [np.zeros(2)])
    assert [v.tolist() for v in variables] == [[0.0, 1.0, 2.0]]
    assert (again.phase, again.step, again.taken, again.stale, again.value) == (0, 0, 3, 1, standing.value)
    assert [a.tolist() for a in again.kept] == [[2.0, 2.0]]


def test_a_checkpoint_of_another_network_is_one_error(tmp_path):
    save(tmp_path / "c.npz", [np.zeros(1)], after(0.7))
    with pytest.raises(TrainerError, match="of another recipe"):
        load(tmp_path / "c.npz", [np.zeros(3)])


def test_recall_alone_is_not_improved_by_calling_everything_pneumonia():
    everything = judgement(0.5, recall=1.0, precision=0.3)
    assert everything.value(Monitor.RECALL) < judgement(0.9, recall=0.6).value(Monitor.RECALL)
    assert judgement(0.8, recall=0.7).value(Monitor.RECALL) > judgement(0.9, recall=0.6).value(Monitor.RECALL)
    assert judgement(0.8, recall=0.7).value(Monitor.AUC) < judgement(0.9, recall=0.6).value(Monitor.AUC)


def test_figures_of_a_look():
    figures = judged([1, 1, 0, 0], np.asarray([2.0, -1.0, -3.0, 0.5]))
    assert (figures.accuracy, figures.precision, figures.recall, figures.auc) == (0.5, 0.5, 0.5, 0.75)
    assert np.isclose(figures.loss, np.mean(np.log1p(np.exp([-2.0, 1.0, -3.0, 0.5]))))
    assert judged([1, 1], np.zeros(2)).auc == 0.5


def test_phases_are_what_learns():
    stages = (Stage(2, 32, frozen=True), Stage(3, 32), Stage(1, 64))
    recipe = replace(TINY, stages=stages)
    assert [(p.name, p.steps, p.frozen) for p in recipe.phases] == [("original", 2, True), ("finetune", 4, False)]
    assert [p.name for p in TINY.phases] == ["whole"]
    assert [recipe.phases[1].side_at(step) for step in range(5)] == [32, 32, 32, 64, 64]
