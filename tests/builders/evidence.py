"""Builds scored films, the evidence made of them, and finds the parts that drawing and checking it need."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from builders.bundles import tiny_bundle
from builders.parts import missing
from builders.training import film

from models.bundle import Bundle, read_bundle
from models.population import Population
from trainer.evidence.document import Asked, evidence
from trainer.evidence.scoring import Scored, Scores


def need_scikit() -> Any:
    """scikit-learn's metrics; skips without them."""
    if find_spec("sklearn") is None:
        missing("scikit-learn is not installed: it is in the extra `trainer`")
    return import_module("sklearn.metrics")


def need_matplotlib() -> None:
    """Skip without what draws the page."""
    if find_spec("matplotlib") is None:
        missing("matplotlib is not installed: it is in the extra `trainer`")


def scored(number: int, logit: float, population: Population | None = Population.ADULTS, **changes: Any) -> Scored:
    """A film with a score; odd numbers have pneumonia."""
    cells = np.full((7, 7), logit, np.float32)
    return Scored(film(number, **changes), population, logit, changes.get("age"), changes.get("view", ""), cells)


def some_scores(n: int = 40, seed: int = 0, **changes: Any) -> tuple[Scored, ...]:
    """Films of both classes whose logits mostly lie on the right side of 0, the tiny bundle's threshold."""
    rng = np.random.default_rng(seed)
    return tuple(scored(i, float((i % 2) * 2 - 1 + rng.normal(0, 1)), **changes) for i in range(n))


def bundle_in(folder: Path, **changes: Any) -> Bundle:
    """The tiny bundle, read."""
    return read_bundle(tiny_bundle(folder / "bundle", **changes))


def asked(command: str = "cxr-trainer evaluate --data films") -> Asked:
    """Films of no split."""
    return Asked((), None, None, None, command)


def figures(bundle: Bundle, films: Sequence[Scored], **counts: dict[str, int]) -> dict[str, Any]:
    """The evidence with so few draws that a test is quick."""
    return evidence(asked(), bundle, Scores(tuple(films), **counts), draws=25)
