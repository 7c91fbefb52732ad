"""The looks of a trial: those of before a kill count again, phases are told apart, the kept one is the value."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders.training import TINY, need_keras

from trainer.errors import TrainerError
from trainer.recipes.recipe import Monitor, Stage

need_keras()

import optuna  # noqa: E402 - of the trainer's extra

from trainer.training.judging import Judgement  # noqa: E402
from trainer.tuning.trial import Watch, looks_of  # noqa: E402

TWO = replace(TINY, stages=(Stage(4, 32, frozen=True), Stage(4, 32)), judge_every=2, patience=None)
LOG = (
    "step,phase,loss,accuracy,precision,recall,auc,best,seconds\n"
    "2,original,0.5,0.5,0.5,0.5,0.900000,1,0.1\n"
    "3,original,0.5,0.5,0.5,0.5,0.600000,0,0.1\n"
    "5,finetune,0.5,0.5,0.5,0.4,0.800000,1,0.1\n"
    "7,finetune,0.5,0.5,0.5,0.6,0.700000,0,0.1\n"
    "9,finetune,0.5,0"
)


@pytest.fixture
def looks(tmp_path):
    (tmp_path / "judged.csv").write_text(LOG, encoding="utf-8")
    return list(looks_of(tmp_path / "judged.csv", ["original", "finetune"]))


def a_trial():
    return optuna.create_study(direction="maximize").ask()


def test_the_logged_looks_are_read_by_phase_but_for_a_line_that_was_cut(looks):
    assert [(phase, taken, seen.auc) for phase, taken, seen in looks] == [
        (0, 2, 0.9),
        (0, 3, 0.6),
        (1, 2, 0.8),
        (1, 4, 0.7),
    ]


def test_without_a_log_there_are_no_looks(tmp_path):
    assert list(looks_of(tmp_path / "judged.csv", ["whole"])) == []


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ({}, 0.7),
        ({"patience": 5}, 0.8),
        ({"monitor": Monitor.RECALL}, 0.6),
        ({"patience": 5, "monitor": Monitor.RECALL}, 0.6),
    ],
)
def test_the_value_is_that_of_the_weights_that_a_run_keeps(looks, changes, value):
    """With early stopping the best of the last phase, else its last; never one of the frozen phase."""
    watch = Watch(a_trial(), replace(TWO, **changes))
    for look in looks:
        watch(*look)
    assert watch.value == value


def test_a_phase_that_stopped_early_leaves_the_places_of_the_next_where_they_are(looks):
    trial = a_trial()
    watch = Watch(trial, TWO)
    for look in looks:
        watch(*look)
    assert trial.study.get_trials()[0].intermediate_values == {2: 0.9, 3: 0.6, 6: 0.8, 8: 0.7}


def test_a_look_that_the_study_knows_is_not_reported_twice(looks, recwarn):
    trial = a_trial()
    for _ in range(2):
        watch = Watch(trial, TWO)
        for look in looks:
            watch(*look)
    assert not recwarn.list


def test_a_look_counts_with_the_digits_that_are_logged():
    watch = Watch(a_trial(), TWO)
    watch(1, 4, Judgement(0.5, 0.5, 0.5, 0.5, 0.1234567891))
    assert watch.value == 0.123457


def test_a_network_that_gives_no_numbers_fails_and_has_no_value():
    trial = a_trial()
    with pytest.raises(TrainerError, match="the loss on the validation part is nan after 4 steps"):
        Watch(trial, TWO)(1, 4, Judgement(float("nan"), 0.5, 0.5, 0.5, 0.5))
    assert not trial.study.get_trials()[0].intermediate_values
