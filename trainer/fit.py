"""The training loop, to be read top to bottom: draw, step, average, save; it judges only its own validation part.

What it leaves behind, and how a killed run goes on, is in `trainer.runs`.
"""

from __future__ import annotations

import csv
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import keras
import numpy as np

from models.contract import SIDE
from trainer.data.augment import plain
from trainer.data.batches import Batch, Drawer, load_film
from trainer.data.sources import Film, Part, Source, find_all
from trainer.data.splits import split, split_text
from trainer.errors import TrainerError
from trainer.metrics import auc
from trainer.runs import CHECKPOINT, LOG, VALIDATION, WEIGHTS, claim, load_arrays, save_arrays, write_text

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trainer.recipes.recipe import Recipe

CHECKPOINT_EVERY: Final = 50  # steps; about a minute of work to lose
AHEAD: Final = 3  # batches drawn while one is trained on
Report = Callable[[int, int, float], None]  # step, steps, loss


@dataclass(frozen=True, slots=True)
class Run:
    """What was asked of a run."""

    folder: Path
    recipe: Recipe
    sources: tuple[Source, ...]
    hold_out: tuple[Source, ...] = ()
    fraction: float = 0.15
    seed: int = 1
    checkpoint_every: int = CHECKPOINT_EVERY


def fit(run: Run, report: Report) -> dict[str, float]:
    """Train one network, or go on with a run that was stopped.

    Args:
        run: what to train on what.
        report: told of each step.

    Returns:
        The validation AUC of each source.

    Raises:
        TrainerError: data, weights or disk are at fault, the folder holds another run, or the loss is no number any
            more; the last checkpoint stays.
    """
    recipe = run.recipe
    films, parts = _divide(run)
    keras.utils.set_random_seed(run.seed)
    model = recipe.build(None)
    claim(run.folder, _document(run, recipe.start(model)), split_text(films, parts))
    if (run.folder / VALIDATION).exists() and (run.folder / WEIGHTS).exists():
        return _ended(run.folder / VALIDATION)

    pixels = {film.sha256: load_film(film) for film in films if parts[film.sha256] is not Part.EXCLUDED}
    chosen = [film for film in films if parts[film.sha256] is Part.TRAIN]
    drawer = Drawer(chosen, [pixels[film.sha256] for film in chosen], seed=run.seed)

    trained = keras.Model(model.input, model.output["logit"])
    optimizer = _optimizer(recipe)
    loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing)
    trained.compile(optimizer=optimizer, loss=loss)
    optimizer.build(trained.trainable_variables)
    state = [*trained.variables, *optimizer.variables]  # dropout's seeds and the count of steps are among them

    checkpoint = run.folder / CHECKPOINT
    if checkpoint.exists():
        arrays, extra = load_arrays(checkpoint)
        averaged = arrays[len(state) :]
        if "step" not in extra or [a.shape for a in averaged] != [w.shape for w in model.get_weights()]:
            raise _another_network(checkpoint)
        assign(state, arrays[: len(state)], checkpoint)
        step = int(extra["step"])
    else:
        _renew_norms(trained, drawer, recipe, recipe.stages[0].side, first=recipe.steps)
        averaged, step = [np.array(w) for w in model.get_weights()], 0

    with _log(run.folder / LOG, step) as stream:
        log = csv.writer(stream, lineterminator="\n")
        for batch in _prefetch(drawer, recipe, step):
            began = time.monotonic()
            value = float(trained.train_on_batch(batch.inputs, batch.labels, sample_weight=batch.weights))
            if not math.isfinite(value):
                cause = f"the loss is {value} at step {step}"
                raise TrainerError("train", run.folder, cause, "lower the learning rate; the last checkpoint stands")
            decay = min(recipe.ema, (1 + step) / (10 + step))
            averaged = [a + (1 - decay) * (w - a) for a, w in zip(averaged, model.get_weights(), strict=True)]
            step += 1
            log.writerow((step, f"{value:.6f}", recipe.side_at(step - 1), f"{time.monotonic() - began:.3f}"))
            if step % run.checkpoint_every == 0 or step == recipe.steps:
                stream.flush()
                values = [np.asarray(keras.ops.convert_to_numpy(v)) for v in state]
                save_arrays(checkpoint, [*values, *averaged], step=np.asarray(step))
            report(step, recipe.steps, value)

    model.set_weights(averaged)
    _renew_norms(model, drawer, recipe, SIDE, first=2 * recipe.steps)
    save_arrays(run.folder / WEIGHTS, model.get_weights())
    scores = validate(model, films, parts, pixels)
    write_text(run.folder / VALIDATION, json.dumps(scores, indent=2) + "\n")
    return scores


def _divide(run: Run) -> tuple[list[Film], dict[str, Part]]:
    """Find and split the films."""
    films = find_all(run.sources)
    outside = find_all(run.hold_out)
    held = {film.patient for film in outside} | {film.sha256 for film in outside}
    parts = split(films, fraction=run.fraction, seed=run.seed, hold_out=held)
    left = {film.label for film in films if parts[film.sha256] is Part.TRAIN}
    if left != {0, 1}:
        cause = "the split leaves no film to train on" if not left else "the split leaves films of one class only"
        raise TrainerError(
            "split", run.sources[0].folder, cause, "give more patients, a smaller --fraction or another --seed"
        )
    return films, parts


def _document(run: Run, origin: str) -> dict[str, Any]:
    """What ``run.json`` is to say."""
    return {
        "recipe": run.recipe.name,
        "seed": run.seed,
        "fraction": run.fraction,
        "stages": [[stage.steps, stage.side] for stage in run.recipe.stages],
        "starting_weights": origin,
        "backend": keras.backend.backend(),
        "keras": keras.__version__,
        "sources": [{"name": s.name, "weight": s.weight, "population": s.population} for s in run.sources],
        "hold_out": [s.name for s in run.hold_out],
    }


def _ended(path: Path) -> dict[str, float]:
    """The result of a run that had already ended."""
    try:
        return {str(name): float(value) for name, value in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise TrainerError(
            "read", path, str(error), "delete it and fit again: only the validation is repeated"
        ) from error


def assign(variables: Sequence[Any], values: Sequence[NDArray[Any]], path: Path) -> None:
    """Lay arrays into variables.

    Raises:
        TrainerError: they belong to another network.
    """
    if [tuple(v.shape) for v in variables] != [a.shape for a in values]:
        raise _another_network(path)
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _another_network(path: Path) -> TrainerError:
    return TrainerError("load weights", path, "their shapes are of another recipe", "name the recipe that made them")


def _optimizer(recipe: Recipe) -> keras.optimizers.Optimizer:
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0,
        max(recipe.steps - recipe.warmup, 1),
        alpha=0.01,
        warmup_target=recipe.learning_rate,
        warmup_steps=recipe.warmup,
    )
    return keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay, clipnorm=5.0)


def _log(path: Path, step: int) -> Any:
    """The log, open to be added to; lines after the checkpoint, whose steps are taken again, are dropped."""
    kept = ""
    if path.exists():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = "".join(line for line in lines if line.endswith("\n") and int(line.split(",", 1)[0] or 0) <= step)
    write_text(path, kept)
    return path.open("a", newline="", encoding="utf-8")


def _prefetch(drawer: Drawer, recipe: Recipe, start: int) -> Iterator[Batch]:
    """Batches in their order, some drawn ahead (Pillow and numpy release the GIL)."""
    with ThreadPoolExecutor(2) as pool:

        def draw(step: int) -> Any:
            return pool.submit(drawer.batch, step, recipe.batch, recipe.side_at(step))

        waiting = [draw(step) for step in range(start, min(start + AHEAD, recipe.steps))]
        for step in range(start, recipe.steps):
            yield waiting.pop(0).result()
            if step + AHEAD < recipe.steps:
                waiting.append(draw(step + AHEAD))


def _renew_norms(model: keras.Model, drawer: Drawer, recipe: Recipe, side: int, first: int) -> None:
    """Estimate the moments of batch normalisation afresh over batches that no step trains on.

    Radiographs are not ImageNet, and averaged weights are not the trained ones.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in norms]
    for number in range(recipe.norm_batches):
        for layer in norms:
            layer.momentum = number / (number + 1)  # the plain mean over all batches
        _forward(model, drawer.batch(first + number, recipe.batch, side).inputs)
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum


def _forward(model: keras.Model, inputs: NDArray[np.float32]) -> None:
    """A forward pass in training mode that keeps no gradients."""
    if keras.backend.backend() == "torch":
        import torch

        with torch.no_grad():
            model(inputs, training=True)
    else:
        model(inputs, training=True)


def predict(model: keras.Model, films: Sequence[NDArray[np.uint8]], side: int = SIDE) -> NDArray[np.float64]:
    """Logits of squashed films, (n,)."""
    logits = []
    for start in range(0, len(films), 32):
        inputs = np.stack([plain(film, side) for film in films[start : start + 32]])[..., np.newaxis]
        logits.append(np.asarray(model.predict_on_batch(inputs)["logit"])[:, 0])
    return np.concatenate(logits).astype(np.float64)


def validate(
    model: keras.Model, films: Sequence[Film], parts: Mapping[str, Part], pixels: Mapping[str, NDArray[np.uint8]]
) -> dict[str, float]:
    """AUC of the float network on the validation part of each source that has both classes there."""
    held = [film for film in films if parts[film.sha256] is Part.VALIDATION]
    if not held:
        return {}
    logits = predict(model, [pixels[film.sha256] for film in held])
    scores = {}
    for name in dict.fromkeys(film.source for film in held):
        chosen = np.asarray([film.source == name for film in held])
        labels = np.asarray([film.label for film in held])[chosen]
        if 0 < labels.sum() < labels.size:
            scores[name] = auc(labels, logits[chosen])
    return scores
