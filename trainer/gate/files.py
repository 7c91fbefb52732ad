"""A fitted gate in a run folder: ``gate.npz`` (the head) and ``gate.json`` (what goes into a bundle as ``gate``)."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from trainer.errors import TrainerError
from trainer.gate.head import Head, attach
from trainer.runs import load_arrays, read_run, save_arrays, weights_sha256, write_text

if TYPE_CHECKING:
    from pathlib import Path

    import keras

HEAD_FILE: Final = "gate.npz"
DOCUMENT: Final = "gate.json"
_AGAIN: Final = "fit the gate again: cxr-trainer gate fit"


def has_gate(run: Path) -> bool:
    """Whether a gate was fitted for a run."""
    return (run / DOCUMENT).exists()


def save_gate(run: Path, head: Head, document: dict[str, Any]) -> None:
    """Write both files, the description last.

    Raises:
        TrainerError: the disk refused.
    """
    save_arrays(run / HEAD_FILE, [head.mean, head.spread, head.kernel, head.bias])
    write_text(run / DOCUMENT, json.dumps({**document, "head_sha256": _sha256(run / HEAD_FILE)}, indent=2) + "\n")


def gate_document(run: Path) -> dict[str, Any]:
    """What a bundle says of its gate.

    Raises:
        TrainerError: there is none, or it was fitted on other weights or for another preprocessing.
    """
    path = run / DOCUMENT
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        said = (document["weights_sha256"], document["head_sha256"], document["preprocessing"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainerError("read gate", path, getattr(error, "strerror", None) or str(error), _AGAIN) from error
    if said != (weights_sha256(run), _sha256(run / HEAD_FILE), read_run(run).preprocessing):
        raise TrainerError("read gate", path, "it was fitted on other weights, or for another preprocessing", _AGAIN)
    return dict(document)


def with_gate(network: keras.Model, run: Path) -> keras.Model:
    """A run's network, kernels rounded already or not, with the gate of the run beside its map.

    Raises:
        TrainerError: as `gate_document`, or the head is of another network.
    """
    gate_document(run)
    arrays, _ = load_arrays(run / HEAD_FILE)
    if len(arrays) != 4:
        raise TrainerError("read gate", run / HEAD_FILE, "it holds no head", _AGAIN)
    return attach(network, Head(*arrays))


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise TrainerError("read", path, error.strerror or str(error), _AGAIN) from error
