"""Fits the gate's linear layer: multinomial logistic regression on scaled features, in the span of the pictures; pure.

There may be more features than pictures. A ridge solution lies in the span of what it is fitted on, so the regression
is done on the pictures' first principal components and brought back: seconds instead of minutes.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trainer.errors import TrainerError
from trainer.gate.head import Head, scaled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

COMPONENTS: Final = 400  # principal components that are kept
# Thousandths of weight decay against the mean loss, on components of unit mean power; see `_regress`. With a thirtieth
# of it, limits that adults gave refused 12 of 200 children; with three times as much a third more cut-off films passed.
PENALTY: Final = 0.3
LEAST_SPREAD: Final = 0.02  # of the mean spread of all features: one that never varies must not be blown up
NEVER: Final = -12.0  # logits
_STEPS: Final = 300


@dataclass(frozen=True, slots=True)
class Sample:
    """Pictures as numbers.

    Attributes:
        raw: float32 (n, features), as `trainer.gate.head.feature_network` gives them.
        kinds: (n,), number of the kind; 0 is what is accepted.
        sources, patients: (n,), of the film that a picture is or was made of.
        plain: bool (n,), the film as it came: on these limits are chosen.
    """

    raw: NDArray[np.float32]
    kinds: NDArray[np.int64]
    sources: NDArray[np.str_]
    patients: NDArray[np.str_]
    plain: NDArray[np.bool_]

    def of(self, chosen: NDArray[np.bool_]) -> Sample:
        """Some of the pictures."""
        return Sample(
            self.raw[chosen], self.kinds[chosen], self.sources[chosen], self.patients[chosen], self.plain[chosen]
        )


def fit_head(sample: Sample, count: int) -> Head:
    """Fit.

    Args:
        sample: pictures of accepted films and of other kinds.
        count: of kinds; one without a picture gets the logit `NEVER`.

    Raises:
        TrainerError: there are no accepted films, or nothing else.
    """
    if not (sample.kinds == 0).any() or not (sample.kinds > 0).any():
        raise TrainerError("fit gate", None, "films or other pictures are missing", "give more films of each source")
    films = sample.raw[sample.kinds == 0]
    mean = films.mean(axis=0, dtype=np.float64).astype(np.float32)
    spread = films.std(axis=0, dtype=np.float64).astype(np.float32)
    spread = np.maximum(spread, LEAST_SPREAD * float(spread.mean()) + 1e-6)
    values = scaled(sample.raw, mean, spread)
    centre = values.mean(axis=0, dtype=np.float64).astype(np.float32)
    values -= centre
    directions = _principal(values)  # (features, r)
    components = (values @ directions).astype(np.float64)  # (n, r)
    unit = np.sqrt(np.mean(np.sum(components**2, axis=1)))  # so that PENALTY means the same for every network
    weights, bias = _regress(components / unit, sample.kinds, count)
    kernel = directions @ (weights / unit).astype(np.float32)
    return Head(mean, spread, kernel.astype(np.float32), (bias - centre @ kernel).astype(np.float32))


def _principal(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The first principal directions (features, r) of centred values (n, features), by the smaller of both products."""
    wide = values.shape[1] > len(values)
    power, vectors = np.linalg.eigh((values @ values.T if wide else values.T @ values).astype(np.float64))
    keep = power.argsort()[::-1][:COMPONENTS]
    keep = keep[power[keep] > 1e-6 * power.max()]
    if wide:
        return values.T @ (vectors[:, keep] / np.sqrt(power[keep])).astype(np.float32)
    return vectors[:, keep].astype(np.float32)


def logits_of(head: Head, raw: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits (n, kinds) of raw features (n, features), in single precision: what the float network gives."""
    found: NDArray[np.float32] = scaled(raw, head.mean, head.spread) @ head.kernel + head.bias
    return found


def _regress(
    x: NDArray[np.float64], kinds: NDArray[np.int64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights (r, kinds) and bias (kinds,) by scikit-learn; accepted films and all the others weigh alike together."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    shares = np.bincount(kinds, minlength=count) / len(kinds)
    there = np.flatnonzero(shares)
    each = np.where(np.arange(count) == 0, 0.5, 0.5 / (len(there) - 1)) / np.maximum(shares, 1e-9)
    model = LogisticRegression(C=1.0 / (PENALTY * 1e-3 * len(kinds)), max_iter=_STEPS, tol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # what the last steps would change, limits do not feel
        model.fit(x, kinds, sample_weight=each[kinds])
    weights, bias = np.zeros((x.shape[1], count)), np.full(count, NEVER)
    if len(there) == 2:  # scikit-learn gives one column then, of the second against the first
        weights[:, there[1]], bias[there] = model.coef_[0], [0.0, model.intercept_[0]]
    else:
        weights[:, there], bias[there] = model.coef_.T, model.intercept_
    return weights, bias


def halves(patients: Sequence[str]) -> NDArray[np.bool_]:
    """Every other patient, in an order that has nothing to do with the films."""
    order = sorted(set(patients), key=lambda name: hashlib.sha256(str(name).encode()).digest())
    return np.isin(patients, order[::2])
