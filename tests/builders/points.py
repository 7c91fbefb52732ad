"""Builds scored films under conditions whose drifts are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from trainer.points.shifted import CLEAN, Shifted


def planted(
    n: int = 400,
    drifts: Mapping[str, float] | None = None,
    *,
    apart: float = 4.0,
    seed: int = 0,
    source: str = "one",
    weight: float = 1.0,
) -> Shifted:
    """Half of the films have pneumonia and logits that lie so far above the others', with a spread of 1.

    Args:
        n: films, each of a patient of its own.
        drifts: by condition, what is added to every film's logit.
        apart: of the two classes' means, which lie evenly about 0.
        seed: of the draw.
        source, weight: of every film.
    """
    labels = np.arange(n) % 2 == 1
    clean = np.where(labels, apart / 2, -apart / 2) + np.random.default_rng(seed).normal(0, 1, n)
    rows = [clean, *(clean + drift for drift in (drifts or {}).values())]
    return Shifted(
        labels,
        tuple(f"{source}:{number}" for number in range(n)),
        (source,) * n,
        np.stack(rows),
        (CLEAN, *(drifts or {})),
        np.full(n, weight),
    )


def together(*parts: Shifted) -> Shifted:
    """Films of several sources under the same conditions."""
    return Shifted(
        np.concatenate([part.labels for part in parts]),
        tuple(patient for part in parts for patient in part.patients),
        tuple(source for part in parts for source in part.sources),
        np.concatenate([part.logits for part in parts], axis=1),
        parts[0].conditions,
        np.concatenate([part.weights for part in parts]),
    )


def of(positives: Sequence[float], negatives: Sequence[float]) -> Shifted:
    """Films with these logits, as they came."""
    logits = np.asarray([[*positives, *negatives]], np.float64)
    n = logits.size
    labels = np.arange(n) < len(positives)
    return Shifted(labels, tuple(map(str, range(n))), ("one",) * n, logits, (CLEAN,), np.ones(n))
