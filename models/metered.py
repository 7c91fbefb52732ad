"""Bytes of a file in memory that end the work of a parser which reads too often; it knows no format."""

from __future__ import annotations

import io
from typing import Final

from models.radiograph import FailureCode, UnreadableFilm

MAX_READS: Final = 100_000  # the most that one of pydicom-data's 67 headers takes is 700; 100,000 are under 3 s


class Metered(io.BytesIO):
    """A file for pydicom, which reads each element on its own: 8 MiB of empty items keep it busy for a minute."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._left = MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        """As any file.

        Raises:
            UnreadableFilm: it was read once too often.
        """
        self._left -= 1
        if self._left < 0:
            cause = "its header has more parts than any film"
            raise UnreadableFilm(FailureCode.CORRUPT, cause, "export the film again")
        return super().read(size)
