"""What follows from labels alone, for every table of scored films."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Labelled:
    """Films with a label each; a base for tables of columns."""

    __slots__ = ()
    labels: NDArray[np.bool_]

    @property
    def n(self) -> int:
        """Films."""
        return int(self.labels.size)

    @property
    def positives(self) -> int:
        """Films with pneumonia."""
        return int(self.labels.sum())

    @property
    def both(self) -> bool:
        """Whether there are films of both classes."""
        return 0 < self.positives < self.n
