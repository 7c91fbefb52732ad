"""Builds a small real bundle for tests of what happens around a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from models.bundle import write_bundle

TINY_MODEL: Final = Path(__file__).parent / "data" / "tiny.tflite"
TINY_GATE_MODEL: Final = Path(__file__).parent / "data" / "tiny_gate.tflite"
TINY_GATE: Final[Mapping[str, Any]] = {
    "kinds": ["film", "inverted", "blank"],
    "limits": {"inverted": 0.0, "blank": 0.0},
    "unlike": 4.0,
    "burnt_out": {"white": 0.9, "black": 0.9},
}
THRESHOLD: Final = 0.0
FIRST_THRESHOLD: Final = 1.0


def tiny_bundle(folder: Path, **changes: Any) -> Path:
    """A bundle whose logit is the picture's brightness (see make_tiny.py); `changes` replace keys of bundle.json."""
    return write_bundle(folder, document_without_files=tiny_document(**changes), files=tiny_files())


def tiny_gate_bundle(folder: Path, **changes: Any) -> Path:
    """The tiny bundle with a gate that knows an inverted `grey_film` from one that is not (see make_tiny_gate.py)."""
    document = tiny_document(**{"gate": TINY_GATE, **changes})
    files = {**tiny_files(), "model.tflite": TINY_GATE_MODEL.read_bytes()}
    return write_bundle(folder, document_without_files=document, files=files)


def tiny_document(**changes: Any) -> Mapping[str, Any]:
    """bundle.json without its hashes; both populations have the same point."""
    point = {
        "threshold": THRESHOLD,
        "first_threshold": FIRST_THRESHOLD,
        "calibration": {"slope": 1.0, "intercept": 0.0, "prevalence": 0.5},
        "evidence": {"n": 0},
    }
    document = {
        "name": "tiny",
        "network": "brightness",
        "preprocessing": 1,
        "created": "2026-11-22",
        "training": {"recipe": "by hand", "seed": 0, "sources": [], "split_sha256": "", "starting_weights": "none"},
        "terms": ["made for tests"],
        "populations": {"children": point, "adults": point},
        "quantisation": {"certified": False},
    }
    return {**document, **changes}


def tiny_files() -> dict[str, bytes]:
    """The files of the tiny bundle, but for bundle.json."""
    return {
        "model.tflite": TINY_MODEL.read_bytes(),
        "MODEL_CARD.md": b"# tiny\n\nScores brightness; made for tests.\n",
        "split.csv": b"sha256,part\n",
    }
