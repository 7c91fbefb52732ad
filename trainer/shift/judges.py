"""What gives logits for tensors: a bundle as the daemon runs it, or the float network of a run; it reads no film."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from models.contract import VERSIONS, Preprocessing
from models.population import Policy
from models.scorer import Scorer
from trainer.errors import TrainerError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from models.bundle import Bundle
    from models.population import Population


class Judge(Protocol):
    """Something that scores films, from several threads at once."""

    @property
    def preprocess(self) -> Preprocessing:
        """From a radiograph to the tensor that it takes."""
        ...

    def logits(self, tensors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Of tensors (n, side, side, 1) in 0..1 the logits (n,)."""
        ...

    def threshold(self, population: Population | None) -> float | None:
        """Where `next` begins for a population; None for a network that has no operating point for it."""
        ...

    def describe(self) -> dict[str, Any]:
        """What identifies it, for a document."""
        ...


class BundleJudge:
    """A bundle's quantised file, one interpreter a thread."""

    def __init__(self, bundle: Bundle) -> None:
        """Build the first interpreter.

        Raises:
            ScorerError: LiteRT refuses the model.
        """
        self._bundle: Final = bundle
        self._own: Final = threading.local()
        self._own.scorer = Scorer(bundle)

    @property
    def preprocess(self) -> Preprocessing:
        """Of the version that the bundle names."""
        return VERSIONS[self._bundle.preprocessing]

    def logits(self, tensors: NDArray[np.float32]) -> NDArray[np.float64]:
        """One by one, as the daemon does.

        Raises:
            ScorerError: the model gives no finite number.
        """
        if not hasattr(self._own, "scorer"):
            self._own.scorer = Scorer(self._bundle)
        return np.asarray([self._own.scorer.score(tensor).logit for tensor in tensors], np.float64)

    def threshold(self, population: Population | None) -> float | None:
        """The population's own, or the most careful one of the bundle, as the daemon takes it; None where it is only
        ordered: no band begins anywhere."""
        point = self._bundle.point_for(population)
        return None if point.policy is Policy.ORDERED else point.threshold

    def describe(self) -> dict[str, Any]:
        """Name, hash, precision and preprocessing."""
        from trainer.evidence.document import describe

        return {"kind": "bundle", **describe(self._bundle)}


class RunJudge:
    """The float network of a run folder, in Keras; made by `run_judge`."""

    def __init__(self, network: Any, preprocessing: int, about: Mapping[str, Any]) -> None:
        """Run the network once, so that no two threads build it."""
        from trainer.export.quantise import float_logits

        self._network: Final = network
        self._preprocessing: Final = preprocessing
        self._about: Final = about
        self._run: Final = float_logits
        float_logits(network, np.zeros((1, self.preprocess.side, self.preprocess.side, 1), np.float32))

    @property
    def preprocess(self) -> Preprocessing:
        """Of the version that the run was made with."""
        return VERSIONS[self._preprocessing]

    def logits(self, tensors: NDArray[np.float32]) -> NDArray[np.float64]:
        """In batches."""
        return self._run(self._network, tensors)

    def threshold(self, population: Population | None) -> float | None:  # noqa: ARG002 - the protocol's
        """A run has none: `cxr-trainer quantize` chooses it."""
        return None

    def describe(self) -> dict[str, Any]:
        """Recipe, seed, hash of the weights and preprocessing."""
        return {"kind": "run", **self._about, "preprocessing": self._preprocessing}


def run_judge(folder: Path, preprocessing: int | None = None) -> RunJudge:
    """The trained network of a run folder; needs Keras.

    Args:
        folder: that `cxr-trainer fit` wrote.
        preprocessing: the version to judge it under, if not the one that it was made with.

    Raises:
        TrainerError: the folder holds no run or no weights, or names a version that is not known.
    """
    from dataclasses import replace

    from trainer.export.quantise import load_network
    from trainer.recipes.registry import recipe_as_run
    from trainer.runs import WEIGHTS, read_run, weights_sha256

    record = read_run(folder)
    version = preprocessing or record.preprocessing
    if version not in VERSIONS:
        cause = f"preprocessing version {version} is unknown"
        raise TrainerError("judge run", folder, cause, f"name one of {', '.join(map(str, VERSIONS))}")
    recipe = replace(recipe_as_run(folder, record), preprocessing=version)
    network = load_network(recipe, folder / WEIGHTS)
    about = {
        "name": folder.resolve().name,
        "recipe": record.recipe,
        "seed": record.seed,
        "sha256": weights_sha256(folder),
    }
    return RunJudge(network, version, about)
