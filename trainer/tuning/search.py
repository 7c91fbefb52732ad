"""Searches: trial after trial until there are enough, each noted before the next; the composition of `tune`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import keras

from trainer.data.sources import Part
from trainer.data.splits import split_text
from trainer.errors import TrainerError
from trainer.runs import write_text
from trainer.training.fit import fit
from trainer.training.run import configuration, find_and_split
from trainer.tuning.charts import draw
from trainer.tuning.document import document, importance
from trainer.tuning.recipe_file import Told, recipe_file
from trainer.tuning.study import DATABASE, MINUTES, REASON, Study, alone_in, space_document, storing
from trainer.tuning.trial import Train, minutes_of, run_trial, thin

if TYPE_CHECKING:
    from pathlib import Path

    from optuna.trial import Trial

    from trainer.recipes.recipe import Recipe
    from trainer.training.run import Run, Say

TRIALS: Final = "trials"
DOCUMENT: Final = "tune.json"
BEST: Final = "best.py"
LOOKS: Final = 8  # of a trial whose recipe makes none
LEAST_LOOKS: Final = 4  # of a trial that is shorter than the recipe was made for
UNPRUNED: Final = 4
Progress = Callable[[int, int, str], None]  # steps done, steps of all trials, note
Clock = Callable[[], float]  # seconds


@dataclass(frozen=True, slots=True)
class Search:
    """What is to be searched.

    Attributes:
        run: data, split, seed and recipe of every trial; its folder is that of the search.
        trials: in all, those of before among them.
        told: what the results are to say of the search.
        pinned: what of the recipe is not searched.
        minutes: after which no trial begins; None: there is no end but `trials`.
        unpruned: trials that have to end before any is pruned.
    """

    run: Run
    trials: int
    told: Told
    pinned: frozenset[str] = frozenset()
    minutes: float | None = None
    unpruned: int = UNPRUNED


def looking(recipe: Recipe, asked: int | None) -> Recipe:
    """The recipe with looks at the validation part, which a search lives by.

    Args:
        recipe: with its steps as asked for.
        asked: steps between two looks, if that was said.
    """
    if asked is not None:
        return recipe
    most = max(1, recipe.steps // LEAST_LOOKS)
    every = min(recipe.judge_every, most) if recipe.judge_every else max(1, recipe.steps // LOOKS)
    return replace(recipe, judge_every=every)


def tune(search: Search, say: Say, progress: Progress, clock: Clock, train: Train = fit) -> dict[str, Any]:
    """Run the trials that are missing, and write what came of all of them.

    Returns:
        The document as written to ``tune.json``.

    Raises:
        TrainerError: data, starting weights or disk are at fault, or the folder holds another study. What was tried
            stands.
    """
    run = search.run
    films, parts = find_and_split(run)
    if len({film.label for film in films if parts[film.sha256] is Part.VALIDATION}) != 2:
        cause = "the validation part lacks one of the two classes"
        raise TrainerError("tune", run.sources[0].folder, cause, "give more patients, or a larger --fraction")
    counts = {part.value: sum(parts[film.sha256] is part for film in films) for part in Part}
    content = hashlib.sha256(split_text(films, parts).encode()).hexdigest()
    began = clock()
    with alone_in(run.folder), storing(run.folder / DATABASE):
        study = Study(run.folder / DATABASE, run.recipe, search.pinned, run.seed, search.unpruned)
        try:
            study.claim(run.folder, _identity(search, content))
            while (done := len(study.trials())) < search.trials:
                if search.minutes is not None and clock() - began >= 60 * search.minutes:
                    say(f"{search.minutes:g} minutes are over: {done} of {search.trials} trials; the same goes on")
                    break
                _one(search, study, say, progress, train)
                _save(search, document(study.study, run, search.told.command, counts, content))
            for trial in study.trials():
                thin(_place(run.folder, trial.number))  # of one that was killed between its end and this
            found = document(study.study, run, search.told.command, counts, content)
            found |= importance(study.study, run.seed)
            _save(search, found)
            draw(run.folder, found)
        finally:
            study.close()
    return found


def _save(search: Search, found: Mapping[str, Any]) -> None:
    """Write ``tune.json`` and, where a trial is complete, ``best.py``."""
    folder = search.run.folder
    write_text(folder / DOCUMENT, json.dumps(found, indent=1) + "\n")
    if (text := recipe_file(found, search.run, search.told)) is not None:
        write_text(folder / BEST, text)


def _one(search: Search, study: Study, say: Say, progress: Progress, train: Train) -> None:
    """One trial, from where it stands to its end."""
    trial, recipe = study.next()
    run = replace(search.run, folder=_place(search.run.folder, trial.number), recipe=recipe)
    first, total = trial.number * recipe.steps, search.trials * recipe.steps
    say(f"trial {trial.number}: {_words(trial)}")

    def report(step: int, _steps: int, loss: float) -> None:
        progress(first + step, total, f"trial {trial.number}, loss {loss:.3f}")

    ended = run_trial(trial, run, report, say if trial.number == 0 else _say_nothing, train)
    trial.set_user_attr(MINUTES, minutes_of(run.folder))
    if ended.reason is not None:
        trial.set_user_attr(REASON, ended.reason)
    study.end(trial.number, ended.value, ended.state)
    thin(run.folder)
    value = "" if ended.value is None else f", {recipe.monitor} {ended.value:.4f}"
    say(f"trial {trial.number}: {ended.reason or ended.state.name.lower()}{value}")


def _say_nothing(text: str) -> None:
    """The films that are left out are the same in every trial."""


def _words(trial: Trial) -> str:
    return ", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in trial.params.items())


def _place(folder: Path, number: int) -> Path:
    return folder / TRIALS / f"{number:04d}"


def _identity(search: Search, content: str) -> dict[str, Any]:
    """What two commands must have in common to go on with one study, as told where they differ."""
    run = search.run
    return {
        "recipe": run.recipe.name,
        "seed": run.seed,
        "length, by its stages,": [[stage.steps, stage.side, stage.frozen] for stage in run.recipe.stages],
        "configuration": configuration(run.recipe),
        "choice of data": [[s.name, s.weight, s.population] for s in run.sources],
        "split of the films, or other films": content,
        "space": space_document(run.recipe, search.pinned),
        "choice of starting weights": f"{run.weights.origin} {run.weights.file or ''}".strip(),
        "rule of pruning": search.unpruned,
        "backend": keras.backend.backend(),
    }
