"""What can be asked of an export: words for the command line, with no converter behind them."""

from __future__ import annotations

from enum import StrEnum


class Precision(StrEnum):
    """How a bundle's model file stores numbers and computes with them."""

    INT8 = "int8"  # weights and activations; a quarter of the size, and the fastest on most processors
    FLOAT16 = "float16"  # weights stored in 16 bits, computed in 32
    FLOAT32 = "float32"  # as it was trained

    @property
    def words(self) -> str:
        """For a model card."""
        return {
            Precision.INT8: "int8 but for its first convolutions and its map",
            Precision.FLOAT16: "float16 weights, float32 arithmetic",
            Precision.FLOAT32: "float32",
        }[self]


class WeightsOf(StrEnum):
    """Which weights of a run: the head alone trained, or the whole network."""

    ORIGINAL = "original"
    FINAL = "final"


class Purpose(StrEnum):
    """What a bundle is made for."""

    SERVICE = "service"  # to read films by: every age group's policy is decided from clean and shifted films
    TRIAL = "trial"  # to be compared: nothing is decided, populations are only ordered, and it stays uncertified
