"""What is told of a search: its document and its table; it trains nothing and writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import optuna
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from trainer.tuning.study import IDENTITY, MINUTES, REASON

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trainer.training.run import Run

SCHEMA: Final = 1
LEAST_COMPLETE: Final = 4  # trials, below which no forest tells what matters
UNDER_WAY: Final = {"importance": None, "importance_missing": "the search is under way"}
RANKS: Final = {"complete": 0, "pruned": 1, "failed": 2}


def document(study: optuna.Study, run: Run, command: str, counts: Mapping[str, int], content: str) -> dict[str, Any]:
    """What ``tune.json`` says.

    Args:
        study: with its trials.
        run: that was searched around.
        command: that made the search.
        counts: films by part.
        content: SHA-256 of the split.
    """
    trials = [_row(trial) for trial in study.get_trials() if trial.state.is_finished()]
    trials.sort(key=lambda row: (RANKS[row["state"]], -(row["value"] or 0.0), row["number"]))
    best = trials[0] if trials and trials[0]["state"] == "complete" else None
    return {
        "schema": SCHEMA,
        "recipe": run.recipe.name,
        "command": command,
        "monitor": run.recipe.monitor.value,
        "sources": [source.name for source in run.sources],
        "parts": dict(counts),
        "split_sha256": content,
        "seed": run.seed,
        "fraction": run.shares.validation,
        "steps": run.recipe.steps,
        "space": study.user_attrs[IDENTITY]["space"],
        "trials": trials,
        "best": None if best is None else best["number"],
        **UNDER_WAY,
    }


def table(found: Mapping[str, Any]) -> str:
    """The trials for a terminal, the best first; under it why others failed."""
    trials: Sequence[Mapping[str, Any]] = found["trials"]
    names = list(found["space"])
    rows = [["trial", found["monitor"], "state", "minutes", *names]]
    for trial in trials:
        value = "" if trial["value"] is None else f"{trial['value']:.4f}"
        numbers = [_short(trial["parameters"].get(name, "")) for name in names]
        rows.append([str(trial["number"]), value, trial["state"], f"{trial['minutes']:.1f}", *numbers])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines += [f"trial {trial['number']} failed: {trial['reason']}" for trial in trials if trial["reason"]]
    return "\n".join(lines)


def _row(trial: FrozenTrial) -> dict[str, Any]:
    state = "failed" if trial.state is TrialState.FAIL else trial.state.name.lower()
    return {
        "number": trial.number,
        "state": state,
        "value": trial.value,
        "reason": trial.user_attrs.get(REASON),
        "minutes": trial.user_attrs.get(MINUTES, 0.0),
        "parameters": dict(trial.params),
        "looks": {str(step): value for step, value in sorted(trial.intermediate_values.items())},
    }


def importance(study: optuna.Study, seed: int) -> dict[str, Any]:
    """The share of the values' spread that each number explains (fANOVA, Hutter et al., ICML 2014), or why not.

    It replaces `UNDER_WAY` in the document of a search that is at its end: a forest takes a second or two.
    """
    complete = study.get_trials(states=(TrialState.COMPLETE,))
    if len(complete) < LEAST_COMPLETE:
        cause = f"it needs {LEAST_COMPLETE} complete trials, and there are {len(complete)}"
        return {"importance": None, "importance_missing": cause}
    if len({trial.value for trial in complete}) == 1:
        return {"importance": None, "importance_missing": "all complete trials have the same value"}
    found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=seed))
    shares = {name: round(float(value), 4) for name, value in found.items()}
    return {"importance": shares, "importance_missing": None}


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
