"""What a look through a film saw, as a worker tells it: values, their text, and back; what comes back is checked."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from daemon.intake import wire
from daemon.intake.worker import Outcome
from models.findings import Finding, FindingCode
from models.radiograph import MAX_PIXELS

LARGEST_SIDE: Final = 1024  # pixels of a tensor; released ones have up to 224
_MOST: Final = 64  # entries of a table
_LONGEST: Final = 1024  # characters of a text
_SIZE: Final = 4  # bytes of a side in front of a developed film


@dataclass(frozen=True, slots=True)
class Picture:
    """What is plainly seen on a decoded picture.

    Attributes:
        width, height: of the stored image, in pixels.
        chroma: mean spread between the colours, 0..1.
        spread: of the grey levels without the outermost percents, 0..1.
        white, black: shares of burnt-out pixels, 0..1.
    """

    width: int
    height: int
    chroma: float
    spread: float
    white: float
    black: float


@dataclass(frozen=True, slots=True)
class Insight:
    """Everything that was seen, up to the end or to the step that failed.

    Attributes:
        tags: what the gate takes from a DICOM header, as far as it is said; never a name, an identifier or a
            description.
        believed: which of age, view and modality the file says.
        outline: how the picture is stored, as the header says it.
        findings: all of them, in the order in which they were found.
        margins: of each kind that the bundle's gate knows, in logits; empty without a gate.
        tensor: what the network saw, uint8 (side, side); None where it came to none.
        fault: code and sentence of the step that failed.
    """

    format: str | None = None
    tier: str | None = None
    believed: tuple[str, ...] = ()
    age_years: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    outline: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    picture: Picture | None = None
    margins: Mapping[str, float] = field(default_factory=dict)
    unlikeness: float | None = None
    tensor: NDArray[np.uint8] | None = None
    fault: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What became of a film, and the transfer syntax that it is stored in."""

    outcome: Outcome
    syntax: str


def written(insight: Insight) -> str:
    """An insight as JSON."""
    tensor, picture = insight.tensor, insight.picture
    return json.dumps(
        {
            "format": insight.format,
            "tier": insight.tier,
            "believed": insight.believed,
            "age_years": insight.age_years,
            "tags": {name: value[:_LONGEST] for name, value in insight.tags.items()},
            "outline": {name: value[:_LONGEST] for name, value in insight.outline.items()},
            "findings": [[each.code.value, each.message[:_LONGEST], each.remedy] for each in insight.findings],
            "picture": picture
            and [picture.width, picture.height, picture.chroma, picture.spread, picture.white, picture.black],
            "margins": dict(insight.margins),
            "unlikeness": insight.unlikeness,
            "tensor": None if tensor is None else base64.b64encode(tensor.tobytes()).decode("ascii"),
            "fault": insight.fault and [insight.fault[0], insight.fault[1][:_LONGEST]],
        }
    )


def read(told: Any) -> Insight:
    """The insight that a worker wrote.

    Raises:
        ValueError: it is none that the worker's own code could have written.
    """
    fields = _object(told)
    try:
        age, unlikeness = fields["age_years"], fields["unlikeness"]
        return Insight(
            format=_maybe(fields["format"]),
            tier=_maybe(fields["tier"]),
            believed=tuple(map(_text, _list(fields["believed"]))),
            age_years=None if age is None else _number(age),
            tags=_table(fields["tags"]),
            outline=_table(fields["outline"]),
            findings=tuple(_finding(each) for each in _list(fields["findings"])),
            picture=None if fields["picture"] is None else _picture(fields["picture"]),
            margins={_text(kind): _number(margin) for kind, margin in _dict(fields["margins"]).items()},
            unlikeness=None if unlikeness is None else _number(unlikeness),
            tensor=None if fields["tensor"] is None else _tensor(_string(fields["tensor"])),
            fault=None if fields["fault"] is None else _pair(fields["fault"]),
        )
    except KeyError as error:
        raise ValueError("something is missing") from error


def surveyed_as_text(surveyed: Surveyed) -> str:
    """For the way back."""
    return json.dumps({"outcome": wire.written(surveyed.outcome), "syntax": surveyed.syntax[:_LONGEST]})


def read_surveyed(told: Any) -> Surveyed:
    """What a worker found out about one film of many.

    Raises:
        ValueError: it is nothing that the worker's own code could have written.
    """
    fields = _object(told)
    return Surveyed(wire.read(fields.get("outcome")), _text(fields.get("syntax")))


def developed_as_bytes(levels: NDArray[np.uint8]) -> bytes:
    """A film, (height, width), for the way back."""
    height, width = levels.shape
    return b"".join((height.to_bytes(_SIZE, "big"), width.to_bytes(_SIZE, "big"), levels.tobytes()))


def read_developed(told: Any) -> NDArray[np.uint8]:
    """The film that a worker developed, uint8 (height, width).

    Raises:
        ValueError: the bytes are not as many as its size asks for.
    """
    if not isinstance(told, bytes) or len(told) < 2 * _SIZE:
        raise ValueError("not a film")
    height, width = int.from_bytes(told[:_SIZE], "big"), int.from_bytes(told[_SIZE : 2 * _SIZE], "big")
    if not 0 < height * width <= MAX_PIXELS or len(told) - 2 * _SIZE != height * width:
        raise ValueError("not as many pixels as its size asks for")
    return np.frombuffer(told, np.uint8, offset=2 * _SIZE).reshape(height, width)


# --- what may come back ---------------------------------------------------------------------------------------------


def _object(told: Any) -> dict[str, Any]:
    return _dict(json.loads(_string(told)))


def _dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > _MOST:
        raise ValueError("not an object, or one without end")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > _MOST:
        raise ValueError("not a list, or one without end")
    return value


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def _text(value: Any) -> str:
    if len(_string(value)) > _LONGEST:
        raise ValueError("a text without end")
    return str(value)


def _maybe(value: Any) -> str | None:
    return None if value is None else _text(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("not a number")
    return float(value)


def _table(value: Any) -> dict[str, str]:
    return {_text(name): _text(said) for name, said in _dict(value).items()}


def _pair(value: Any) -> tuple[str, str]:
    code, sentence = _list(value)
    return _text(code), _text(sentence)


def _finding(value: Any) -> Finding:
    code, message, remedy = map(_text, _list(value))
    return Finding(FindingCode(code), message, remedy)


def _picture(value: Any) -> Picture:
    width, height, *shares = map(_number, _list(value))
    return Picture(int(width), int(height), *shares)


def _tensor(encoded: str) -> NDArray[np.uint8]:
    if len(encoded) > 2 * LARGEST_SIDE**2:
        raise ValueError("a picture without end")
    data = base64.b64decode(encoded, validate=True)
    side = math.isqrt(len(data))
    if not side or side * side != len(data):
        raise ValueError("not a square")
    return np.frombuffer(data, np.uint8).reshape(side, side)
