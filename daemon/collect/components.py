"""Connected parts of a mask, with their boxes; numpy alone, pure, and of what they are parts it knows nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Parts:
    """The connected parts of a mask, one entry each; boxes are half open, in pixels.

    Attributes:
        top, left, bottom, right: of the box.
        area: pixels that are set.
        runs: stretches of set pixels in its rows; over its height that is how many strokes a row crosses.
        contrast, level: means over its pixels of the two pictures that were weighed.
    """

    top: Ints
    left: Ints
    bottom: Ints
    right: Ints
    area: Ints
    runs: Ints
    contrast: NDArray[np.float64]
    level: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.area)

    @property
    def height(self) -> Ints:
        """Of the boxes."""
        return self.bottom - self.top

    @property
    def width(self) -> Ints:
        """Of the boxes."""
        return self.right - self.left

    def chosen(self, which: NDArray[Any]) -> Parts:
        """Some of them, by a mask or by their numbers."""
        return Parts(
            self.top[which],
            self.left[which],
            self.bottom[which],
            self.right[which],
            self.area[which],
            self.runs[which],
            self.contrast[which],
            self.level[which],
        )


def parts_of(mask: NDArray[np.bool_], contrast: NDArray[np.float32], level: NDArray[np.float32]) -> Parts:
    """The parts that hang together, over corners too.

    Args:
        mask: (height, width).
        contrast, level: of the same shape; their means over each part are kept.
    """
    height, width = mask.shape
    padded = np.zeros((height, width + 2), np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    labels = joined(len(rows), *_touching(rows, starts, ends, width))
    _, number = np.unique(labels, return_inverse=True)
    count = int(number.max()) + 1 if len(number) else 0
    top, left = np.full(count, height), np.full(count, width)
    bottom, right = np.zeros(count, np.int64), np.zeros(count, np.int64)
    np.minimum.at(top, number, rows)
    np.minimum.at(left, number, starts)
    np.maximum.at(bottom, number, rows + 1)
    np.maximum.at(right, number, ends)
    area = np.bincount(number, ends - starts, count).astype(np.int64)
    runs = np.bincount(number, minlength=count).astype(np.int64)
    means = []
    for weighed in (contrast, level):
        sums = np.concatenate([[0.0], np.cumsum(np.where(mask, weighed, 0.0), dtype=np.float64)])
        of_run = sums[rows * width + ends] - sums[rows * width + starts]
        means.append(np.bincount(number, of_run, count) / np.maximum(area, 1))
    return Parts(top, left, bottom, right, area, runs, *means)


def joined(count: int, first: Ints, second: Ints) -> Ints:
    """The smallest number that each of `count` things hangs together with, by pairs that do."""
    label = np.arange(count)
    while True:
        low = np.minimum(label[first], label[second])
        before = label.copy()
        np.minimum.at(label, label[first], low)
        np.minimum.at(label, label[second], low)
        label = label[label]
        if np.array_equal(label, before):
            return label


def _touching(rows: Ints, starts: Ints, ends: Ints, width: int) -> tuple[Ints, Ints]:
    """Pairs of stretches in neighbouring rows that share a column or a corner."""
    stride = width + 4
    first_keys, last_keys = rows * stride + starts, rows * stride + ends
    above = (rows - 1) * stride
    # Of the row above: from the first stretch that ends at our start or later to the last that starts by our end.
    low = np.searchsorted(last_keys, above + starts, side="left")
    high = np.searchsorted(first_keys, above + ends, side="right")
    counts = np.where(rows > 0, np.maximum(high - low, 0), 0)
    second = np.repeat(np.arange(len(rows)), counts)
    offset = np.arange(len(second)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(low, counts) + offset, second
