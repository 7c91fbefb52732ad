"""Builds a small real bundle for tests of what happens around a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.bundle import seal_of, write_bundle
from models.contract import VERSIONS, Preprocessing
from models.population import AgeGroup, Population
from models.radiograph import Radiograph

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


@dataclass(frozen=True)
class Dimmed(Preprocessing):
    """Version 1 of the contract with a share of its contrast, from a level on."""

    share: float = 0.5
    level: float = 0.0

    def __call__(self, film: Radiograph) -> NDArray[np.float32]:
        """The tensor of a film."""
        return np.float32(self.level) + VERSIONS[1](film) * np.float32(self.share)


def tiny_bundle(folder: Path, **changes: Any) -> Path:
    """A bundle whose logit is the picture's brightness (see make_tiny.py); `changes` replace keys of bundle.json."""
    return write_bundle(folder, document_without_files=tiny_document(**changes), files=tiny_files())


def policies(**groups: str) -> dict[str, Any]:
    """The policies of a bundle.json: what is said of each age group, the others being outside."""
    return {
        group: {"policy": policy, "reason": f"the test says {policy} of {group}"}
        for group, policy in {**dict.fromkeys(AgeGroup, "outside"), **groups}.items()
    }


def tiny_gate_bundle(folder: Path, **changes: Any) -> Path:
    """The tiny bundle with a gate that knows an inverted `grey_film` from one that is not (see make_tiny_gate.py)."""
    document = tiny_document(**{"gate": TINY_GATE, **changes})
    files = {**tiny_files(), "model.tflite": TINY_GATE_MODEL.read_bytes()}
    return write_bundle(folder, document_without_files=document, files=files)


def tiny_document(**changes: Any) -> Mapping[str, Any]:
    """bundle.json without its hashes; both populations have the same point, and who has a point is banded."""
    point = {
        "threshold": THRESHOLD,
        "first_threshold": FIRST_THRESHOLD,
        "calibration": {"slope": 1.0, "intercept": 0.0, "prevalence": 0.5},
        "evidence": {"n": 0},
    }
    document: dict[str, Any] = {
        "name": "tiny",
        "network": "brightness",
        "preprocessing": 1,
        "created": "2026-11-22",
        "training": {"recipe": "by hand", "seed": 0, "sources": [], "split_sha256": "", "starting_weights": "none"},
        "terms": ["made for tests"],
        "populations": {"children": point, "adults": point},
        "quantisation": {"certified": True},
        "certified": True,
    }
    document |= changes
    banded = {who: "banded" for who in document["populations"] if who in tuple(Population)}
    return {"policies": policies(**banded), **document}


def tiny_files() -> dict[str, bytes]:
    """The files of the tiny bundle, but for bundle.json."""
    return {
        "model.tflite": TINY_MODEL.read_bytes(),
        "MODEL_CARD.md": b"# tiny\n\nScores brightness; made for tests.\n",
        "split.csv": b"sha256,part\n",
    }


def resealed(folder: Path, **changes: Any) -> Path:
    """A bundle whose document was changed by somebody who knows the seal; None takes a key away."""
    path = folder / "bundle.json"
    document = {**json.loads(path.read_text()), **changes}
    document = {key: value for key, value in document.items() if value is not None}
    path.write_text(json.dumps({**document, "seal": seal_of(document)}))
    return folder


def of_format_1(folder: Path) -> Path:
    """The bundle as version 0.3 would have written it: nothing is stated of age groups."""
    return resealed(folder, format=1, policies=None, certified=None)
