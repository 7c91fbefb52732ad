"""Makes thousands of films of distinct content in seconds, each from (seed, number), each with a known way to end.

A picture is drawn and encoded a few times only; what tells two films apart is a comment in the file, as long as chance
says, so that sizes differ too. Its end is known beforehand: that is how an innocent file that failed is told.
"""

from __future__ import annotations

import hashlib
import random
import struct
import zlib
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

from builders.films import grey_film, jpeg, photograph, png, truncated

REFUSED_SHARE: Final = 0.05
BROKEN_SHARE: Final = 0.05
_LONGEST_COMMENT: Final = 6000  # bytes
_SIZE: Final = (200, 180)  # small: what a film costs here is a process, a few commits and a pipe, not its pixels

JPEG_START: Final = b"\xff\xd8"
PNG_START: Final = b"\x89PNG\r\n\x1a\n"
_PNG_HEADER: Final = len(PNG_START) + 25  # the IHDR chunk comes first


class Kind(StrEnum):
    """How a film must end; the value is the state."""

    GOOD = "scored"
    REFUSED = "refused"
    BROKEN = "failed"


class Films:
    """The films of one seed, by number; the same seed and number give the same bytes on every machine."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        good = [jpeg(grey_film(*_SIZE, seed=n, opacity=n / 8), quality=80 + n) for n in range(8)]
        refused = [jpeg(photograph(*_SIZE, seed=n)) for n in range(2)]
        self._pictures: dict[Kind, Sequence[bytes]] = {
            Kind.GOOD: [*good, png(grey_film(128, 112, seed=9))],
            Kind.REFUSED: [*refused, jpeg(grey_film(60, 60, seed=10))],
            Kind.BROKEN: good,
        }

    def kind(self, number: int) -> Kind:
        """How this film must end."""
        return self._draw(number)[0]

    def data(self, number: int) -> bytes:
        """Its bytes."""
        kind, chance = self._draw(number)
        picture = chance.choice(self._pictures[kind])
        note = f"film {number} of seed {self._seed} ".encode() + chance.randbytes(chance.randrange(_LONGEST_COMMENT))
        film = commented(picture, note)
        return film if kind is not Kind.BROKEN else chance.choice(_BREAKS)(film, chance)

    def sha256(self, number: int) -> str:
        """The hash of its bytes, hex."""
        return hashlib.sha256(self.data(number)).hexdigest()

    def _draw(self, number: int) -> tuple[Kind, random.Random]:
        chance = random.Random(f"{self._seed} {number}")
        lot = chance.random()
        if lot < BROKEN_SHARE:
            return Kind.BROKEN, chance
        return (Kind.REFUSED if lot < BROKEN_SHARE + REFUSED_SHARE else Kind.GOOD), chance


def commented(picture: bytes, note: bytes) -> bytes:
    """The same picture with a comment in the file, behind what its format begins with."""
    if picture.startswith(PNG_START):
        body = b"tEXtComment\0" + note.replace(b"\0", b"0")
        chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        return picture[:_PNG_HEADER] + chunk + picture[_PNG_HEADER:]
    return JPEG_START + b"\xff\xfe" + struct.pack(">H", len(note) + 2) + note + picture[len(JPEG_START) :]


def _cut_off(film: bytes, chance: random.Random) -> bytes:
    """A copy that ended in the picture itself, behind the comment."""
    comment = int.from_bytes(film[4:6], "big") + 4
    return film[:comment] + truncated(film[comment:], chance.uniform(0.3, 0.8))


def _something_else(film: bytes, chance: random.Random) -> bytes:
    """A file that is no picture at all."""
    return b"not a film, " + film[4 : 4 + chance.randrange(200, 3000)]


_BREAKS: Final[Sequence[Callable[[bytes, random.Random], bytes]]] = (_cut_off, _something_else)
