"""The training loop, to be read top to bottom: draw, step, average, judge, save; nothing of the test part is looked at.

What it leaves behind, and how a killed run goes on, is in `trainer.runs`. Averaged weights: Polyak and Juditsky 1992.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from trainer.data.batches import Drawer
from trainer.data.manifest import manifest_text
from trainer.data.splits import split_text
from trainer.errors import TrainerError
from trainer.networks.assign import assign
from trainer.recipes.recipe import Recipe
from trainer.recipes.registry import keep_recipe
from trainer.runs import (
    CHECKPOINT,
    MANIFEST,
    ORIGINAL,
    VALIDATION,
    WEIGHTS,
    claim,
    load_arrays,
    save_arrays,
    write_text,
)
from trainer.training.curves import draw_curves
from trainer.training.drawing import batches, drawer_of
from trainer.training.judging import Judge, Judgement
from trainer.training.log import Log
from trainer.training.norms import renew_norms
from trainer.training.progress import Standing, load, save
from trainer.training.run import Run, Say, document, gather
from trainer.training.steps import Steps

Report = Callable[[int, int, float], None]  # step, steps, loss
Looked = Callable[[int, int, Judgement], None]  # number of the phase, steps of it that were taken, what was seen


@dataclass(frozen=True, slots=True)
class _Bench:
    """What every phase of a run works with."""

    run: Run
    model: keras.Model
    drawer: Drawer
    judge: Judge
    log: Log
    report: Report
    looked: Looked | None


def fit(run: Run, report: Report, say: Say, looked: Looked | None = None) -> dict[str, float]:
    """Train one network, or go on with a run that was stopped.

    Args:
        run: what to train on what.
        report: told of each step.
        say: told, in words, of films that are left out and of a phase that stopped early.
        looked: told of each look at the validation part; what it raises ends the run, whose last checkpoint stays.

    Returns:
        The validation AUC of each source.

    Raises:
        TrainerError: data, weights or disk are at fault, the folder holds another run, or the loss is no number any
            more; the last checkpoint stays.
    """
    recipe = run.recipe
    films = gather(run, say)
    _settle_chance(run.seed)
    model = recipe.network(None)
    asked = document(run, recipe.start(model, run.weights), films, keras.backend.backend())
    claim(run.folder, asked, split_text(films.films, films.parts))
    keep_recipe(run.folder, recipe.name)
    write_text(run.folder / MANIFEST, manifest_text(films.films, films.parts))
    if (run.folder / VALIDATION).exists() and (run.folder / WEIGHTS).exists():
        return _ended(run)

    drawer, judge = drawer_of(run, films), Judge(films, recipe.preprocessing)
    checkpoint = run.folder / CHECKPOINT
    state: list[Any] = []  # of network and optimiser, where the run goes on
    if checkpoint.exists():
        state, standing = load(checkpoint, model.get_weights())
    else:
        side = recipe.stages[0].side
        renew_norms(model, lambda n: drawer.batch(recipe.steps + n, recipe.batch, side).inputs, recipe.norm_batches)
        standing = Standing(averaged=[np.array(w) for w in model.get_weights()])
    with Log(run.folder, standing.step) as log:
        bench = _Bench(run, model, drawer, judge, log, report, looked)
        for number in range(standing.phase, len(recipe.phases)):
            standing = _train_phase(bench, standing, state)
            phase = recipe.phases[number]
            if not standing.taken >= phase.steps:
                say(f"{phase.name}: no better for {standing.stale} looks, stopped after {standing.taken} steps")
            if number + 1 < len(recipe.phases):
                save_arrays(run.folder / ORIGINAL, standing.kept)
                standing, state = standing.next_phase(), []

    model.set_weights(standing.kept)
    if recipe.ema and not standing.best:
        first = 2 * recipe.steps
        renew_norms(model, lambda n: drawer.batch(first + n, recipe.batch, recipe.side).inputs, recipe.norm_batches)
    save_arrays(run.folder / WEIGHTS, model.get_weights())
    scores = judge.by_source(model)
    draw_curves(run.folder)
    write_text(run.folder / VALIDATION, json.dumps(scores, indent=2) + "\n")
    return scores


def _train_phase(bench: _Bench, standing: Standing, before: Sequence[Any]) -> Standing:
    """The steps of one phase, from where it stands to its end.

    Args:
        bench: what it works with.
        standing: where it stands.
        before: the variables of network and optimiser, where it goes on; else empty.

    Returns:
        Where it then stands.
    """
    run, model, log = bench.run, bench.model, bench.log
    recipe, phase = run.recipe, run.recipe.phases[standing.phase]
    if not standing.taken:
        model.set_weights(standing.averaged)
    steps = Steps(model, recipe, phase)
    checkpoint = run.folder / CHECKPOINT
    if before:
        assign(steps.state, before, checkpoint)
    if standing.ended(recipe):
        return standing

    def keep() -> None:
        if not all(np.isfinite(weights).all() for weights in standing.averaged):
            raise _diverged(run, f"weights are no numbers any more after step {standing.step}")
        log.flush()
        save(checkpoint, [np.asarray(keras.ops.convert_to_numpy(v)) for v in steps.state], standing)

    began = time.monotonic()
    for batch in batches(bench.drawer, recipe, phase, standing):
        value, accuracy = steps.take(batch)
        if not math.isfinite(value):
            raise _diverged(run, f"the loss is {value} at step {standing.step}")
        standing.averaged = _average(recipe, standing, model)
        side = phase.side_at(standing.taken)
        standing.step, standing.taken = standing.step + 1, standing.taken + 1
        log.step(standing.step, value, accuracy, side, time.monotonic() - began)
        last = standing.taken == phase.steps
        if recipe.judge_every is not None and (standing.taken % recipe.judge_every == 0 or last):
            _look(bench, side, standing)
        if standing.taken % run.checkpoint_every == 0 or standing.ended(recipe):
            keep()
        bench.report(standing.step, recipe.steps, value)
        if standing.ended(recipe):
            break
        began = time.monotonic()
    return standing


def _diverged(run: Run, cause: str) -> TrainerError:
    return TrainerError("train", run.folder, cause, "lower the learning rate; the last checkpoint stands")


def _look(bench: _Bench, side: int, standing: Standing) -> None:
    """Judge the averaged weights on the validation part, and leave the network as it was."""
    model, recipe = bench.model, bench.run.recipe
    began, current = time.monotonic(), model.get_weights()
    model.set_weights(standing.averaged)
    judgement = bench.judge.judge(model, side)
    model.set_weights(current)
    if judgement is None:
        return
    better = standing.look(judgement, recipe)
    seconds = time.monotonic() - began
    bench.log.look(standing.step, recipe.phases[standing.phase].name, judgement, better, seconds)
    if bench.looked is not None:
        bench.looked(standing.phase, standing.taken, judgement)


def _average(recipe: Recipe, standing: Standing, model: keras.Model) -> list[Any]:
    """The running average with the weights after one more step; young averages forget faster."""
    weights = model.get_weights()
    if not recipe.ema:
        return weights
    decay = min(recipe.ema, (1 + standing.taken) / (10 + standing.taken))
    return [a + (1 - decay) * (w - a) for a, w in zip(standing.averaged, weights, strict=True)]


def _settle_chance(seed: int) -> None:
    """Let one seed decide everything, to the bit; on a GPU at the price of some speed."""
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        if tf.config.list_physical_devices("GPU"):
            tf.config.experimental.enable_op_determinism()
    elif keras.backend.backend() == "torch":
        import torch

        if torch.cuda.is_available():
            torch.use_deterministic_algorithms(mode=True, warn_only=True)


def _ended(run: Run) -> dict[str, float]:
    """The result of a run that had already ended."""
    path = run.folder / VALIDATION
    try:
        scores = {str(name): float(value) for name, value in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise TrainerError(
            "read", path, str(error), "delete it and fit again: only the validation is repeated"
        ) from error
    load_arrays(run.folder / WEIGHTS)  # an error here, not in the next command
    return scores
