"""Runs a bundle's quantised network on one tensor (LiteRT); it knows neither films nor files.

A bundle with a gate gives a second output, the gate's logits, from the same run; `models.pixel_gate` reads them.
The score is the mean of the dequantised class activation map, so the picture that is shown is the score that was given;
49 int8 cells also give far finer steps than the one int8 logit, whose 1/256 steps tie ranks. The bias is in the map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from models.contract import VERSIONS
from models.errors import ModelsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.bundle import Bundle

INPUT: Final = "radiograph"
OUTPUT: Final = "map"
GATE: Final = "gate"  # an output that a bundle may lack
GUARDS: Final = 2  # constants at its end, which only hold its int8 range open: see `trainer.gate.head`
_REMEDY: Final = "use a bundle that cxr-trainer quantize wrote"


class ScorerError(ModelsError):
    """The model cannot be run, or does not have the input and output that a bundle's model has."""


@dataclass(frozen=True, slots=True)
class Score:
    """What a network says of one film.

    Attributes:
        logit: the mean of the map; unbounded, above 0 where pneumonia is the likelier before calibration.
        map: float32, (rows, columns): the logit's parts by place, row 0 at the top.
        gate: float32, (kinds,): how much the picture looks like each kind that the bundle's gate knows; None without.
    """

    logit: float
    map: NDArray[np.float32]
    gate: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class _Port:
    """An input or output of the model: its number type, and how integers stand for reals (scale 0: they do not)."""

    dtype: type[np.generic]
    scale: float
    zero_point: int

    def encode(self, values: NDArray[np.float32]) -> NDArray[Any]:
        """Reals to the model's numbers; what lies outside their range is clipped to its ends."""
        if not self.scale:
            return values.astype(self.dtype)
        ends = np.iinfo(np.dtype(self.dtype))
        steps = np.rint(values / self.scale) + self.zero_point
        numbers: NDArray[Any] = np.clip(steps, ends.min, ends.max).astype(self.dtype)
        return numbers

    def decode(self, numbers: NDArray[Any]) -> NDArray[np.float32]:
        """The model's numbers to reals."""
        values: NDArray[np.float32] = numbers.astype(np.float32)
        return (values - np.float32(self.zero_point)) * np.float32(self.scale) if self.scale else values


class Scorer:
    """One interpreter of one bundle, on one thread; not to be shared between threads.

    Attributes:
        kinds: how many kinds of picture its gate tells apart; 0 for a bundle without one.
    """

    def __init__(self, bundle: Bundle) -> None:
        """Build the interpreter from the bytes that were verified.

        Raises:
            ScorerError: LiteRT refuses the model, or its signature is another.
        """
        self._bundle: Final = bundle.folder
        side = VERSIONS[bundle.preprocessing].side
        self._shape: Final = (side, side, 1)
        try:
            interpreter = Interpreter(model_content=bundle.model, num_threads=1)
            interpreter.allocate_tensors()
            signatures = interpreter.get_signature_list()
            if len(signatures) != 1:
                raise ValueError(f"it has {len(signatures)} signatures, not one")
            # By name: LiteRT returns outputs in alphabetical order, whatever order the network had.
            self._run = interpreter.get_signature_runner(next(iter(signatures)))
            inputs, outputs = self._run.get_input_details(), self._run.get_output_details()
            if set(inputs) != {INPUT} or OUTPUT not in outputs:
                raise ValueError(f"its signature is {sorted(inputs)} to {sorted(outputs)}, not {INPUT} to {OUTPUT}")
            if tuple(inputs[INPUT]["shape"]) != (1, *self._shape):
                raise ValueError(f"its input is {tuple(map(int, inputs[INPUT]['shape']))}, not {(1, *self._shape)}")
            self._input, self._output = _port(inputs[INPUT]), _port(outputs[OUTPUT])
            self._gate = _port(outputs[GATE]) if GATE in outputs else None
            self.kinds: Final = int(outputs[GATE]["shape"][-1]) - GUARDS if GATE in outputs else 0
        except (ValueError, RuntimeError, TypeError, KeyError) as error:
            raise ScorerError("load model of", bundle.folder, _first_line(error), _REMEDY) from error

    def score(self, tensor: NDArray[np.float32]) -> Score:
        """Score one tensor of a preprocessing version, float32 (side, side, 1).

        Raises:
            ScorerError: the tensor has another shape, or the model gives no finite number.
        """
        if tensor.shape != self._shape:
            raise ScorerError(
                "score", self._bundle, f"the tensor is {tensor.shape}, not {self._shape}", "use models.contract"
            )
        try:
            given = self._run(**{INPUT: self._input.encode(tensor)[np.newaxis]})
        except (ValueError, RuntimeError) as error:
            raise ScorerError("score", self._bundle, _first_line(error), _REMEDY) from error
        values = self._output.decode(np.asarray(given[OUTPUT]))
        cells = np.array(values.reshape(values.shape[1:3]), dtype=np.float32)  # a copy: the interpreter keeps its own
        logit = float(np.mean(cells, dtype=np.float64))
        if not np.isfinite(logit):
            raise ScorerError("score", self._bundle, "the model's map holds no finite numbers", _REMEDY)
        if self._gate is None:
            return Score(logit, cells)
        seen = np.array(self._gate.decode(np.asarray(given[GATE])).ravel()[: self.kinds], dtype=np.float32)
        if not np.isfinite(seen).all():
            raise ScorerError("score", self._bundle, "the model's gate holds no finite numbers", _REMEDY)
        return Score(logit, cells, seen)


def _port(details: dict[str, Any]) -> _Port:
    scale, zero_point = details["quantization"]
    return _Port(details["dtype"], float(scale), int(zero_point))


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
