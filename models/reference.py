"""What a bundle says of the films that it was judged on: how their numbers are spread, by population; reads no film."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from models.film_statistics import NAMES, VERSION

KEY: Final = "reference"  # of bundle.json, which may lack it
POINTS: Final = 33  # quantiles of each number, evenly from 0 to 1
# Sharpness and size are those of a set's copies (the children's is to be had in 224 x 224 pixels only), not of its
# devices; the network sees every film at one size.
EXPORTED: Final = ("sharpness", "aspect", "size")
COLUMNS: Final = ("logit", "unlikeness", *(name for name in NAMES if name not in EXPORTED))


@dataclass(frozen=True, slots=True)
class Reference:
    """Films of one population.

    Attributes:
        films: that were looked at.
        refused: the share of them that the gate refuses, 0 to 1.
        prevalence: of pneumonia among them, as they were weighted.
        quantiles: of each number that is known, `POINTS` of them, rising.
    """

    films: int
    refused: float
    prevalence: float
    quantiles: Mapping[str, tuple[float, ...]]


def references(document: Mapping[str, Any]) -> Mapping[str, Reference]:
    """By population, from a ``bundle.json``; empty where it says nothing, or measured films otherwise than we do.

    Raises:
        ValueError: it says something, and not as it should; the text is what is wrong.
    """
    stated = document.get(KEY)
    if stated is None:
        return {}
    if not isinstance(stated, Mapping) or not isinstance(stated.get("populations"), Mapping):
        raise ValueError("reference is no JSON object with populations")
    if stated.get("statistics") != VERSION:
        return {}
    return {str(who): _reference(who, entry) for who, entry in stated["populations"].items()}


def _reference(who: object, entry: Any) -> Reference:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("quantiles"), Mapping):
        raise ValueError(f"reference: {who} has no quantiles")
    quantiles = {}
    for name, cells in entry["quantiles"].items():
        if name not in COLUMNS or not isinstance(cells, list) or len(cells) != POINTS:
            raise ValueError(f"reference: {who}: {name!r} is unknown, or not {POINTS} numbers")
        numbers = tuple(_number(who, name, cell) for cell in cells)
        if any(later < earlier for earlier, later in pairwise(numbers)):
            raise ValueError(f"reference: {who}: the quantiles of {name} fall")
        quantiles[name] = numbers
    films, refused, prevalence = (_number(who, name, entry.get(name)) for name in ("films", "refused", "prevalence"))
    if films < 1 or not 0 <= refused <= 1 or not 0 <= prevalence <= 1:
        raise ValueError(f"reference: {who}: films, refused or prevalence lies outside its range")
    return Reference(int(films), refused, prevalence, quantiles)


def _number(who: object, name: str, cell: object) -> float:
    if not isinstance(cell, int | float) or isinstance(cell, bool) or not math.isfinite(cell):
        raise ValueError(f"reference: {who}: {name} is missing or no finite number")
    return float(cell)
