"""The study: what was tried and how it went, in SQLite, and what to try next; it trains nothing.

A next trial is a function of the seed, its number and the trials before it, and of nothing that a process remembers:
that is what lets a killed search go on to the same study. The sampler is a tree-structured Parzen estimator (Bergstra
et al., NeurIPS 2011), the pruner compares with the median of the trials before (Golovin et al., KDD 2017).
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import optuna
from optuna.distributions import distribution_to_json
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from trainer.errors import TrainerError
from trainer.tuning.space import own_numbers, space, suggest

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.recipes.recipe import Recipe

DATABASE: Final = "study.db"
NAME: Final = "cxr-trainer"
IDENTITY: Final = "identity"
REASON: Final = "reason"  # why a trial failed
MINUTES: Final = "minutes"  # of training, of a trial
WARMING: Final = 8  # trials that are drawn at random, before any is drawn by how those went
_REMEDY: Final = "give a new --folder, or what that study was given"


class Study:
    """A study, open."""

    def __init__(self, path: Path, recipe: Recipe, pinned: frozenset[str], seed: int, unpruned: int) -> None:
        """Open a study, or begin one.

        Args:
            path: of the database.
            recipe: that is searched, with what was asked of it.
            pinned: what of it is not searched.
            seed: of what is drawn.
            unpruned: trials that have to end before any is pruned.
        """
        optuna.logging.set_verbosity(optuna.logging.ERROR)  # its notes on every trial are not our style
        self._recipe: Final = recipe
        self._pinned: Final = pinned
        self._seed: Final = seed
        self._storage: Final = optuna.storages.RDBStorage(
            f"sqlite:///{str(path).replace('{', '{{').replace('}', '}}')}"
        )
        warm = recipe.steps // 4  # before that, warmup and young averages say little
        self._study: Final = optuna.create_study(
            storage=self._storage,
            study_name=NAME,
            direction="maximize",
            sampler=optuna.samplers.RandomSampler(seed=seed),  # never asked: see `_proposed`
            pruner=optuna.pruners.MedianPruner(n_startup_trials=unpruned, n_warmup_steps=warm),
            load_if_exists=True,
        )

    @property
    def study(self) -> optuna.Study:
        """Optuna's own."""
        return self._study

    def claim(self, folder: Path, identity: Mapping[str, Any]) -> None:
        """Make the study one's own, or make sure that it is this very one.

        Raises:
            TrainerError: it is of another recipe, seed, data or space.
        """
        asked = json.loads(json.dumps(identity))
        known = self._study.user_attrs.get(IDENTITY)
        if known is None:
            self._study.set_user_attr(IDENTITY, asked)
            return
        for key, value in asked.items():
            if known.get(key) != value:
                cause = f"it holds a study with another {key}"
                if isinstance(value, str | int | float):
                    cause += f" ({known.get(key)}, not {value})"
                raise TrainerError("tune in", folder, cause, _REMEDY)

    def trials(self) -> list[FrozenTrial]:
        """Those that have ended, in their order."""
        return [trial for trial in self._study.get_trials() if trial.state.is_finished()]

    def next(self) -> tuple[Trial, Recipe]:
        """The trial that was under way, or the next one; with its recipe."""
        running = self._study.get_trials(states=(TrialState.RUNNING,))
        if running:
            study_id = self._storage.get_study_id_from_name(NAME)
            # Optuna advises against the constructor, but has no other way back to a trial that was under way.
            trial = Trial(
                self._study, self._storage.get_trial_id_from_study_id_trial_number(study_id, running[0].number)
            )
        else:
            if not self._study.get_trials(states=(TrialState.WAITING,)):
                # In one transaction with all its numbers: no kill leaves a trial with half of them.
                self._study.enqueue_trial(self._proposed(self.trials()))
            trial = self._study.ask()
        return trial, suggest(trial, self._recipe, self._pinned)

    def _proposed(self, before: Sequence[FrozenTrial]) -> dict[str, Any]:
        """The numbers of the next trial: first those of the recipe itself."""
        searched = space(self._recipe, self._pinned)
        if not before:
            return own_numbers(self._recipe, searched)
        seed = int(np.random.SeedSequence([self._seed, len(before)]).generate_state(1)[0])
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=WARMING)
        memory = optuna.create_study(direction="maximize", sampler=sampler)
        memory.add_trials(before)
        return dict(memory.ask(searched).params)

    def end(self, number: int, value: float | None, state: TrialState) -> None:
        """Note how a trial ended."""
        self._study.tell(number, value, state=state)

    def close(self) -> None:
        """Let go of the database."""
        self._storage.remove_session()
        self._storage.engine.dispose()


def space_document(recipe: Recipe, pinned: frozenset[str]) -> dict[str, Any]:
    """The space as JSON values."""
    return {name: json.loads(distribution_to_json(of)) for name, of in space(recipe, pinned).items()}


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder for one search at a time; it is made where it is missing.

    Raises:
        TrainerError: another process tunes in it, or the disk refused.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stream = (folder / f".{DATABASE}.lock").open("w")
    except OSError as error:
        raise TrainerError("make folder", folder, error.strerror or str(error), "give another --folder") from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise TrainerError("tune in", folder, "another process tunes in it", "wait for it, or stop it") from error
        yield


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """An error of the database is one of ours.

    Raises:
        TrainerError: it is no study, or the disk refused.
    """
    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.OptunaError) as error:
        if isinstance(error, optuna.TrialPruned):
            raise
        below: BaseException = error
        while below.__cause__ is not None:
            below = below.__cause__
        cause = str(below).strip().splitlines()[0]
        remedy = "give a new --folder, or one on a disk with space; what was tried stands"
        raise TrainerError("keep study", path, cause, remedy) from error
