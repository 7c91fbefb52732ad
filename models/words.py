"""Entries of a lookup table, as numbers: they are written as words of 16 bits, as bytes, or as a list of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset


def entries_of(found: list[Any], count: int, dataset: Dataset) -> NDArray[Any]:
    """Unsigned entries in the byte order of their file: a byte each where the bytes are just enough, else two.

    Args:
        found: the values of a tag, as `models.dicom_tags.values` has them.
        count: how many entries there should be.
        dataset: which knows the byte order; an item of a sequence knows that of its file.
    """
    if len(found) != 1 or not isinstance(found[0], bytes):
        return np.asarray(found, dtype=np.int64)
    data, big = found[0], dataset.original_encoding[1] is False
    if len(data) < 2 * count:
        pairs = np.frombuffer(data[: len(data) // 2 * 2], dtype=np.uint8)
        return pairs.reshape(-1, 2)[:, ::-1].ravel() if big else np.frombuffer(data, dtype=np.uint8)
    return np.frombuffer(data[: len(data) // 2 * 2], dtype=">u2" if big else "<u2")
