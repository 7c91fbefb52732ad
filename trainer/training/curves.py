"""Draws the curves of a run: loss and accuracy of the batches, and what the looks at the validation part gave."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trainer.runs import CURVES, JUDGED, LOG, write_text

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SMOOTHED: Final = 25  # steps; a batch of 32 films alone jumps too much to be read


def draw_curves(folder: Path) -> None:
    """Write ``curves.svg`` from the logs of a run folder; the same logs give the same file.

    Raises:
        TrainerError: the disk refused.
    """
    steps, looks = _columns(folder / LOG), _columns(folder / JUDGED)
    if not steps:
        return
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "cxr-trainer", "font.size": 9}):
        figure = Figure(figsize=(8, 3.4), layout="constrained")
        for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
            _curve(axes, name, steps, looks)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    write_text(folder / CURVES, stream.getvalue())


def _curve(axes: Any, name: str, steps: dict[str, list[str]], looks: dict[str, list[str]]) -> None:
    axes.plot(_numbers(steps["step"]), _smoothed(_numbers(steps[name])), color="#4477aa", label="training (smoothed)")
    also = (("auc", "s--", "#117733"), ("recall", "^:", "#999933")) if name == "accuracy" else ()
    for column, style, colour in ((name, "o-", "#cc6677"), *also) if looks else ():
        axes.plot(
            _numbers(looks["step"]), _numbers(looks[column]), style, ms=3, color=colour, label=f"validation, {column}"
        )
    axes.set_xlabel("step")
    axes.set_ylabel("share, at a probability of one half" if name == "accuracy" else "binary cross-entropy")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize=8)


def _numbers(column: list[str]) -> NDArray[np.float64]:
    return np.asarray(column, np.float64)


def _smoothed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over the last `SMOOTHED` steps."""
    sums = np.cumsum(np.concatenate([[0.0], values]))
    last = np.arange(1, values.size + 1)
    first = np.maximum(0, last - SMOOTHED)
    return (sums[last] - sums[first]) / (last - first)


def _columns(path: Path) -> dict[str, list[str]]:
    """The columns of a log by name; empty where it has no line."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
