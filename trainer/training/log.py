"""Writes what happens in a run as it happens: ``log.csv``, ``judged.csv`` and events for TensorBoard.

A run that goes on drops the lines after its checkpoint, whose steps are taken again.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, Final, Self, TextIO

from trainer.runs import EVENTS, JUDGED, LOG, write_text

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from trainer.training.judging import Judgement

STEPS: Final = ("step", "loss", "accuracy", "side", "seconds")
LOOKS: Final = ("step", "phase", "loss", "accuracy", "precision", "recall", "auc", "best", "seconds")


class Log:
    """The logs of one run, open to be added to."""

    def __init__(self, folder: Path, step: int) -> None:
        """Open the logs of a run that stands after `step` steps.

        Raises:
            TrainerError: the disk refused.
        """
        from tensorboard.summary import Writer

        self._steps = _open(folder / LOG, STEPS, step)
        self._looks = _open(folder / JUDGED, LOOKS, step)
        self._events: Any = Writer(str(folder / EVENTS))

    def __enter__(self) -> Self:
        """The log itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files."""
        self._steps.close()
        self._looks.close()
        self._events.close()

    def step(self, step: int, loss: float, accuracy: float, side: int, seconds: float) -> None:
        """One step: its batch's loss and accuracy at a probability of one half, and the time since the last."""
        _writer(self._steps).writerow((step, f"{loss:.6f}", f"{accuracy:.4f}", side, f"{seconds:.3f}"))
        self._events.add_scalar("loss/training", loss, step=step)
        self._events.add_scalar("accuracy/training", accuracy, step=step)

    def look(self, step: int, phase: str, judgement: Judgement, best: bool, seconds: float) -> None:
        """One look at the validation part."""
        j = judgement
        figures = (j.loss, j.accuracy, j.precision, j.recall, j.auc)
        _writer(self._looks).writerow((step, phase, *(f"{x:.6f}" for x in figures), int(best), f"{seconds:.3f}"))
        for name, value in zip(("loss", "accuracy", "precision", "recall", "auc"), figures, strict=True):
            self._events.add_scalar(f"{name}/validation", value, step=step)

    def flush(self) -> None:
        """Have everything on the disk before the checkpoint says that it happened."""
        self._steps.flush()
        self._looks.flush()
        self._events.flush()


def _writer(stream: TextIO) -> Any:
    return csv.writer(stream, lineterminator="\n")


def _open(path: Path, columns: tuple[str, ...], step: int) -> TextIO:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)[1:] if path.exists() else []
    kept = [line for line in lines if line.endswith("\n") and int(line.split(",", 1)[0] or 0) <= step]
    write_text(path, "".join([",".join(columns) + "\n", *kept]))
    return path.open("a", newline="", encoding="utf-8")
