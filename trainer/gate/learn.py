"""Trains the gate's network on a sample, once for each set of sources that it may know, and keeps what it has trained.

Keras runs it; the same sample, seed and backend give the same weights but for the order in which threads add.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import keras
import numpy as np

from trainer.errors import TrainerError
from trainer.gate.kinds import KINDS, Kind
from trainer.gate.network import build_from_imagenet
from trainer.networks.assign import assign
from trainer.runs import load_arrays, save_arrays

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trainer.gate.sample import Known, Sample

BATCH: Final = 64
PEAK: Final = 1e-3  # learning rate
DECAY: Final = 1e-3  # of weights
SMOOTHING: Final = 0.02  # of labels: a gate that is never surer than this has logits that int8 can hold
FILMS: Final = 0.45  # of a batch
# Times as often as another kind: what is made of whole films lies nearest to them.
OFTEN: Final = {Kind.CUT_OFF: 2.5, Kind.UNDER_EXPOSED: 1.5}
_TOGETHER: Final = 256
PARTS: Final = "gate-parts"
Report = Callable[[int], None]  # steps done, of all networks together


class Learner:
    """One network, trained again and again from the same start.

    Attributes:
        starting_weights: what the start is, and under which licence.
    """

    def __init__(self, sample: Sample, folder: Path, *, steps: int, seed: int, report: Report) -> None:
        """Build it.

        Args:
            sample: to learn from.
            folder: where trained networks are kept until `forget`, so that a killed fit goes on.
            steps: of each network, `BATCH` pictures each.
            seed: of draws, dropout and the layers that ImageNet lacks.
            report: told of steps done.

        Raises:
            TrainerError: the starting weights are not installed.
        """
        keras.utils.set_random_seed(seed)
        self._sample, self._folder, self._steps, self._seed, self._report = sample, folder, steps, seed, report
        self._model, self.starting_weights = build_from_imagenet(sample.seen.shape[1])
        schedule = keras.optimizers.schedules.CosineDecay(
            PEAK / 20, max(steps - steps // 10, 1), warmup_target=PEAK, warmup_steps=steps // 10, alpha=0.01
        )
        optimizer = keras.optimizers.AdamW(schedule, weight_decay=DECAY)
        loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=SMOOTHING)
        self._model.compile(optimizer, loss)
        optimizer.build(self._model.trainable_variables)
        self._state = [*self._model.variables, *optimizer.variables]  # dropout's seeds are among them
        self._start = [np.array(keras.ops.convert_to_numpy(variable)) for variable in self._state]
        self._hash = sample.sha256
        self._weights: dict[Known, list[NDArray[Any]]] = {}
        self._logits: dict[tuple[Known, bytes], NDArray[np.float32]] = {}
        self._done = 0

    def weights(self, known: Known) -> list[NDArray[Any]]:
        """Of the network that has learned from these, in the order of `trainer.gate.network.build`.

        Raises:
            TrainerError: they hold no films or nothing else; or the disk refused.
        """
        if known not in self._weights:
            path = self._folder / PARTS / f"{self._name(known)}.npz"
            if path.exists():
                self._weights[known] = load_arrays(path)[0]
                self._done += self._steps
                self._report(self._done)
            else:
                self._train(known)
                self._weights[known] = [np.array(w) for w in self._model.get_weights()]
                _make(path.parent)
                save_arrays(path, self._weights[known])
        return self._weights[known]

    def logits(self, known: Known, there: NDArray[np.bool_]) -> NDArray[np.float32]:
        """What that network says of some pictures of the sample, those where `there` (n,) is true: (their number,
        kinds)."""
        key = (known, there.tobytes())
        if key not in self._logits:
            self._logits[key] = self.ask(known, self._sample.seen[there])
        return self._logits[key]

    def ask(self, known: Known, seen: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What it says of any pictures, uint8 (n, seen, seen)."""
        assign(self._model.weights, self.weights(known), self._folder)
        starts = range(0, len(seen), _TOGETHER)
        rows = [np.empty((0, len(KINDS)), np.float32)]
        rows += [np.asarray(self._model.predict_on_batch(_inputs(seen[i : i + _TOGETHER]))) for i in starts]
        return np.concatenate(rows).astype(np.float32)

    def forget(self) -> None:
        """Remove what was kept on the disk; nobody needs it once the gate is written."""
        for path in sorted((self._folder / PARTS).glob("*.npz")):
            path.unlink(missing_ok=True)
        if (self._folder / PARTS).is_dir():
            (self._folder / PARTS).rmdir()

    def _name(self, known: Known) -> str:
        """Of the file that keeps it: what decides its weights."""
        said = (self._hash, self._steps, self._seed, keras.backend.backend(), sorted(known.sources), known.half)
        return hashlib.sha256(repr(said).encode()).hexdigest()[:32]

    def _train(self, known: Known) -> None:
        chosen = np.flatnonzero(self._sample.of(known))
        kinds = self._sample.kinds[chosen]
        if not (kinds == 0).any() or not (kinds > 0).any():
            raise TrainerError(
                "fit gate", None, "films or other pictures are missing", "give more films of each source"
            )
        chances = _chances(kinds, self._sample.sources[chosen])
        assign(self._state, self._start, self._folder)
        targets = np.eye(len(KINDS), dtype=np.float32)
        for step in range(self._steps):
            rng = np.random.default_rng([self._seed, step])
            drawn = chosen[rng.choice(len(chosen), BATCH, p=chances)]
            inputs = _inputs(self._sample.seen[drawn])
            mirrored = rng.random(BATCH) < 0.5
            inputs[mirrored] = inputs[mirrored, :, ::-1]
            self._model.reset_metrics()
            self._model.train_on_batch(inputs, targets[self._sample.kinds[drawn]])
            self._done += 1
            self._report(self._done)


def _inputs(seen: NDArray[np.uint8]) -> NDArray[np.float32]:
    return seen[..., np.newaxis].astype(np.float32) / np.float32(255.0)


def _chances(kinds: NDArray[np.int64], sources: NDArray[np.str_]) -> NDArray[np.float64]:
    """How likely each picture is drawn: `FILMS` of a batch are films, the others by `OFTEN`; inside a kind sources
    count by the root of their number."""
    chances = np.zeros(len(kinds))
    for number in np.unique(kinds):
        of_kind = kinds == number
        for source in np.unique(sources[of_kind]):
            own = of_kind & (sources == source)
            chances[own] = float(own.sum()) ** -0.5
        often = FILMS if number == 0 else OFTEN.get(KINDS[number], 1.0)
        chances[of_kind] *= often / chances[of_kind].sum()
    others = kinds > 0
    chances[others] *= (1.0 - FILMS) / chances[others].sum()
    return chances / chances.sum()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise TrainerError(
            "write", folder, error.strerror or str(error), "give a folder on a disk with space"
        ) from error
