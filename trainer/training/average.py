"""Averages the weights of runs that differ in nothing but their seed, and judges the network that this gives.

Wortsman et al., "Model soups" (ICML 2022): networks that were fine-tuned from the same weights lie in one basin, and
their mean is better than each. Batch normalisation is estimated afresh, since its moments are no mean of theirs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trainer.data.manifest import manifest_text
from trainer.data.sources import Source
from trainer.errors import TrainerError
from trainer.networks.assign import assign
from trainer.recipes.registry import KEPT, keep_recipe, recipe_as_run
from trainer.runs import (
    MANIFEST,
    SPLIT,
    VALIDATION,
    WEIGHTS,
    claim,
    load_arrays,
    read_run,
    run_document,
    save_arrays,
    weights_sha256,
    write_text,
)
from trainer.training.drawing import drawer_of
from trainer.training.judging import Judge
from trainer.training.norms import renew_norms
from trainer.training.run import Run, Say, gather

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ALIKE: Final = ("recipe", "stages", "configuration", "sources", "starting_weights", "backend")
_DRAWN_AFTER: Final = 3  # times the recipe's steps: batches that no step and no run's own end was given


@dataclass(frozen=True, slots=True)
class Average:
    """What is asked.

    Attributes:
        folder: of the run that this makes.
        runs: at least two, of one recipe, data and split.
        sources: the data of those runs.
    """

    folder: Path
    runs: tuple[Path, ...]
    sources: tuple[Source, ...]


def average(asked: Average, say: Say) -> dict[str, float]:
    """Write a run folder whose weights are the mean of other runs'.

    Args:
        asked: runs, data and folder.
        say: told, in words, of films that are left out.

    Returns:
        The validation AUC of each source.

    Raises:
        TrainerError: the runs differ in more than their seed, or runs, data or disk are at fault.
    """
    document = _document(asked.runs)
    first = asked.runs[0]
    record = read_run(first)
    recipe = recipe_as_run(first, record)
    run = Run(asked.folder, recipe, asked.sources, split=first / SPLIT, seed=record.seed)
    films = gather(run, say)
    claim(asked.folder, document, (first / SPLIT).read_text(encoding="utf-8"))
    if (first / KEPT).exists():  # the file itself may be gone, or another by now
        keep_recipe(asked.folder, str(first / KEPT))
    write_text(asked.folder / MANIFEST, manifest_text(films.films, films.parts))
    model = recipe.network(None)
    assign(model.weights, _mean(asked.runs), first / WEIGHTS)
    drawer = drawer_of(run, films)
    start = _DRAWN_AFTER * (record.steps or recipe.steps)
    renew_norms(model, lambda n: drawer.batch(start + n, recipe.batch, recipe.side).inputs, recipe.norm_batches)
    save_arrays(asked.folder / WEIGHTS, model.get_weights())
    scores = Judge(films, recipe.preprocessing).by_source(model)
    write_text(asked.folder / VALIDATION, json.dumps(scores, indent=2) + "\n")
    return scores


def _document(runs: Sequence[Path]) -> dict[str, Any]:
    """``run.json`` of the average: the first run's, and what was averaged."""
    every = [run_document(folder) for folder in runs]
    splits = [(folder / SPLIT).read_bytes() for folder in runs]
    remedy = "give runs of one recipe on one split, with different seeds"
    if len(runs) < 2:
        raise TrainerError("average", runs[0] if runs else None, "it needs two runs at least", remedy)
    for folder, document, split in zip(runs, every, splits, strict=True):
        differing = [key for key in ALIKE if document.get(key) != every[0].get(key)]
        differing += ["split"] if split != splits[0] else []
        if differing:
            cause = f"it is a run with another {differing[0].replace('_', ' ')} than {runs[0]}"
            raise TrainerError("average", folder, cause, remedy)
    averaged = [
        {"seed": document["seed"], "weights_sha256": weights_sha256(folder)}
        for folder, document in zip(runs, every, strict=True)
    ]
    return {**every[0], "averaged": averaged}


def _mean(runs: Sequence[Path]) -> list[Any]:
    every = [load_arrays(folder / WEIGHTS)[0] for folder in runs]
    return [np.mean(same, axis=0, dtype=np.float64).astype(same[0].dtype) for same in zip(*every, strict=True)]
