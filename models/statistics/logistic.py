"""Fits the logistic curve from logit to probability; pure.

Platt 1999 (a logistic curve on the logit), fitted by Newton's method with a tiny ridge on the slope, so
that classes that a small validation part separates still give a finite curve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from models.errors import ModelsError
from models.operating_points import Calibration
from models.statistics.reweighting import weights_at

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

RIDGE: Final = 1e-3
_TOO_FEW: Final = "add films of both classes, or train for longer"


def fit_logistic(
    logits: ArrayLike, labels: ArrayLike, among: ArrayLike | None = None, prevalence: float | None = None
) -> Calibration:
    """The logistic curve from logit to probability.

    Args:
        logits, labels: of the films, (n,).
        among: what each film counts within its class, above 0; None: all alike.
        prevalence: that the classes are weighted to and the curve is stated at; None: as the films have it.

    Raises:
        ModelsError: one class is absent, or the logits do not rise with the label.
    """
    x, y = np.asarray(logits, np.float64), np.asarray(labels, np.float64)
    if not 0 < y.sum() < y.size:
        raise ModelsError("calibrate", None, "the films lack one of the two classes", _TOO_FEW)
    each = np.ones_like(x) if among is None else np.asarray(among, np.float64)
    stated = float(np.average(y, weights=each)) if prevalence is None else prevalence
    counts = x.size * weights_at(y, stated, each)  # as many films as there are, so that the ridge weighs the same
    centre, spread = float(x.mean()), max(float(x.std()), 1e-9)
    z = np.stack([(x - centre) / spread, np.ones_like(x)], axis=1)
    ridge = np.array([RIDGE, 0.0])
    w = np.array([0.0, float(np.log(stated / (1 - stated)))])
    for _ in range(100):
        p = 1.0 / (1.0 + np.exp(-np.clip(z @ w, -500, 500)))
        gradient = z.T @ (counts * (p - y)) + ridge * w
        hessian = (z * (counts * p * (1 - p))[:, None]).T @ z + np.diag(ridge + 1e-12)
        step = np.linalg.solve(hessian, gradient)
        # Far from the optimum a whole Newton step overshoots; half of it, and again, until the loss falls.
        scale, loss = 1.0, _loss(z, y, w, ridge, counts)
        while scale > 1e-6 and _loss(z, y, w - scale * step, ridge, counts) > loss + 1e-12:
            scale /= 2
        w = w - scale * step
        if np.abs(scale * step).max() < 1e-10:
            break
    if w[0] <= 0:
        raise ModelsError("calibrate", None, "the logits do not rise with the label", "train for longer")
    return Calibration(float(w[0] / spread), float(w[1] - w[0] * centre / spread), stated)


def _loss(
    z: NDArray[np.float64],
    y: NDArray[np.float64],
    w: NDArray[np.float64],
    ridge: NDArray[np.float64],
    counts: NDArray[np.float64],
) -> float:
    t = z @ w
    return float(np.sum(counts * (np.logaddexp(0.0, t) - y * t)) + 0.5 * np.sum(ridge * w * w))
