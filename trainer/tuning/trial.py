"""Runs one trial: trains with its recipe, hands each look to the study, and says how it ended."""

from __future__ import annotations

import csv
import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import keras
import optuna
from optuna.trial import TrialState

from trainer.errors import TrainerError
from trainer.runs import JUDGED, LOG, RUN
from trainer.training.fit import Looked, Report
from trainer.training.judging import Judgement
from trainer.training.run import Run, Say

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.recipes.recipe import Recipe

Train = Callable[[Run, Report, Say, Looked], object]  # `trainer.training.fit.fit`
KEPT: Final = (JUDGED, RUN)  # of a trial that has ended; its weights are made again from the best recipe
_OUT_OF_MEMORY: Final = frozenset({"MemoryError", "ResourceExhaustedError", "OutOfMemoryError"})  # Python, TF, PyTorch
_FIGURES: Final = ("loss", "accuracy", "precision", "recall", "auc")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a trial ended: with a value where it is complete, with a reason where it failed."""

    state: TrialState
    value: float | None = None
    reason: str | None = None


class Watch:
    """Hands the looks of a run to a trial, also those from before a kill, and knows what the kept weights are worth."""

    def __init__(self, trial: optuna.Trial, recipe: Recipe) -> None:
        """Watch a run of a recipe."""
        self._trial, self._recipe = trial, recipe
        self._reported: Final = set(trial.study.get_trials()[trial.number].intermediate_values)
        self._last: Final[dict[int, Judgement]] = {}  # looks of the last phase by its steps

    def __call__(self, phase: int, taken: int, judgement: Judgement) -> None:
        """One look; see `trainer.training.fit.Looked`.

        Raises:
            TrainerError: the network gives no numbers any more, which the loss of its last step does not show.
            optuna.TrialPruned: most trials before were better at this place, and this one is not at its end.
        """
        phases = self._recipe.phases
        if not math.isfinite(judgement.loss):
            cause = f"the loss on the validation part is {judgement.loss} after {taken} steps"
            raise TrainerError("judge", self._recipe.name, cause, "lower the learning rate")
        seen = _as_logged(judgement)
        if phase == len(phases) - 1:
            self._last[taken] = seen
        # Where a phase stopped early the next one counts as if it had not, so that trials are compared like with like.
        place = sum(before.steps for before in phases[:phase]) + taken
        if place not in self._reported:
            self._reported.add(place)
            self._trial.report(seen.value(self._recipe.monitor)[0], place)
        if place < self._recipe.steps and self._trial.should_prune():
            raise optuna.TrialPruned

    @property
    def value(self) -> float:
        """Of the weights that the run keeps: the best of the last phase where it stops early, else the last ones."""
        values = [self._last[taken].value(self._recipe.monitor) for taken in sorted(self._last)]
        return max(values)[0] if self._recipe.patience is not None else values[-1][0]


def run_trial(trial: optuna.Trial, run: Run, report: Report, say: Say, train: Train) -> Ended:
    """Train one trial, or go on with one that was stopped.

    Raises:
        TrainerError: what would stop every trial: data or starting weights, before a step is taken, or the disk.
    """
    watch = Watch(trial, run.recipe)
    try:
        for look in looks_of(run.folder / JUDGED, [phase.name for phase in run.recipe.phases]):
            watch(*look)
        train(run, report, say, watch)
        return Ended(TrialState.COMPLETE, watch.value)
    except optuna.TrialPruned:
        return Ended(TrialState.PRUNED)
    except TrainerError as error:
        if isinstance(error.__cause__, OSError) or not (run.folder / RUN).exists():
            raise
        return Ended(TrialState.FAIL, reason=error.cause)
    except Exception as error:
        if type(error).__name__ not in _OUT_OF_MEMORY:
            raise
        return Ended(TrialState.FAIL, reason="out of memory")
    finally:
        keras.backend.clear_session()  # or the networks of all trials stay in memory


def looks_of(path: Path, phases: list[str]) -> Iterator[tuple[int, int, Judgement]]:
    """The looks that a run has logged: number of the phase, steps of it, what was seen; none without a log."""
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    lines = text[: text.rfind("\n") + 1].splitlines()  # a kill may have cut the last one
    began, known, last = 0, "", 0
    for row in csv.DictReader(lines):
        if row["phase"] != known:
            began, known = last, row["phase"]
        last = int(row["step"])
        yield phases.index(known), last - began, Judgement(*(float(row[name]) for name in _FIGURES))


def minutes_of(folder: Path) -> float:
    """How long a run trained and looked, from its logs; what it read before is not in it."""
    seconds = 0.0
    for name in (LOG, JUDGED):
        with suppress(OSError, ValueError, KeyError), (folder / name).open(newline="", encoding="utf-8") as stream:
            seconds += sum(float(row["seconds"]) for row in csv.DictReader(stream))
    return round(seconds / 60, 2)


def thin(folder: Path) -> None:
    """Delete what a trial that has ended needs no more; what cannot be deleted stays."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name not in KEPT:
            with suppress(OSError):
                path.unlink()


def _as_logged(judgement: Judgement) -> Judgement:
    """With the digits of ``judged.csv``, so that a look from before a kill is the same as one that was just made."""
    return Judgement(*(float(f"{getattr(judgement, name):.6f}") for name in _FIGURES))
