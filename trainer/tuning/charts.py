"""Draws a search: how it went on, and which numbers mattered; from its document, the same each time."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from trainer.runs import write_text

if TYPE_CHECKING:
    from pathlib import Path

HISTORY: Final = "history.svg"
IMPORTANCE: Final = "importance.svg"
_STYLES: Final = {"complete": ("o", "#4477aa"), "pruned": ("x", "#cc6677")}  # told apart without colours too


def draw(folder: Path, found: Mapping[str, Any]) -> None:
    """Write ``history.svg`` where a trial has a value, and ``importance.svg`` where there is something to tell.

    Args:
        folder: of the search.
        found: what ``tune.json`` says.

    Raises:
        TrainerError: the disk refused.
    """
    if any(trial["value"] is not None for trial in found["trials"]):
        write_text(folder / HISTORY, _drawn(_history, found, 3.4))
    if found["importance"]:
        write_text(folder / IMPORTANCE, _drawn(_importance, found, 0.8 + 0.3 * len(found["importance"])))


def _drawn(fill: Callable[[Any, Mapping[str, Any]], None], found: Mapping[str, Any], height: float) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "cxr-trainer", "font.size": 9}):
        figure = Figure(figsize=(6.4, height), layout="constrained")
        fill(figure.subplots(), found)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def _history(axes: Any, found: Mapping[str, Any]) -> None:
    trials = sorted((t for t in found["trials"] if t["value"] is not None), key=lambda trial: trial["number"])
    for state, (marker, colour) in _STYLES.items():
        some = [trial for trial in trials if trial["state"] == state]
        if some:
            axes.plot([t["number"] for t in some], [t["value"] for t in some], marker, color=colour, label=state)
    complete = [trial for trial in trials if trial["state"] == "complete"]
    best = [max(t["value"] for t in complete[: n + 1]) for n in range(len(complete))]
    axes.step([t["number"] for t in complete], best, where="post", color="#117733", label="best so far")
    axes.set_xlabel("trial")
    axes.set_ylabel(f"{found['monitor']} on the validation part")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize=8)


def _importance(axes: Any, found: Mapping[str, Any]) -> None:
    names = list(reversed(found["importance"]))  # the first on top
    bars = axes.barh(names, [found["importance"][name] for name in names], color="#4477aa")
    axes.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
    axes.margins(x=0.12)
    axes.set_xlabel("share of the values' spread that it explains (fANOVA)")
