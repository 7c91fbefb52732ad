"""A fitted gate in a run folder: ``gate.npz`` (its network) and ``gate.json`` (what goes into a bundle as ``gate``).

It reads radiographs, not what the scoring network makes of them, so it holds for every run of the same preprocessing.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from trainer.errors import TrainerError
from trainer.gate.network import attach
from trainer.runs import load_arrays, read_run, save_arrays, write_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import keras
    from numpy.typing import NDArray

NETWORK: Final = "gate.npz"
DOCUMENT: Final = "gate.json"
_AGAIN: Final = "fit the gate again: cxr-trainer gate fit"


def has_gate(run: Path) -> bool:
    """Whether a gate was fitted for a run."""
    return (run / DOCUMENT).exists()


def save_gate(run: Path, weights: Sequence[NDArray[Any]], document: dict[str, Any]) -> None:
    """Write both files, the description last.

    Raises:
        TrainerError: the disk refused.
    """
    save_arrays(run / NETWORK, weights)
    write_text(run / DOCUMENT, json.dumps({**document, "network_sha256": _sha256(run / NETWORK)}, indent=2) + "\n")


def gate_document(run: Path) -> dict[str, Any]:
    """What a bundle says of its gate.

    Raises:
        TrainerError: there is none, its files do not belong together, or it was fitted for another preprocessing.
    """
    path = run / DOCUMENT
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        said = (document["network_sha256"], document["preprocessing"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainerError("read gate", path, getattr(error, "strerror", None) or str(error), _AGAIN) from error
    if said != (_sha256(run / NETWORK), read_run(run).preprocessing):
        raise TrainerError("read gate", path, "gate.npz is another, or it is for another preprocessing", _AGAIN)
    return dict(document)


def with_gate(network: keras.Model, run: Path) -> keras.Model:
    """A run's network, kernels rounded already or not, with the gate of the run beside its map.

    Raises:
        TrainerError: as `gate_document`, or the weights are of another gate.
    """
    gate_document(run)
    return attach(network, load_arrays(run / NETWORK)[0])


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise TrainerError("read", path, error.strerror or str(error), _AGAIN) from error
