"""What is kept of accessions and UIDs, in clear or as keyed hashes, and how a kept one is found again; pure.

A hash is HMAC-SHA256 by a key that lies in a file beside the database (`db.key_file`), written as ``#`` and 32 hex
digits. A clear value that begins with ``#`` is kept as a hash at every level, so that the two are never taken for one
another.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from db.records import FilmFacts

KEY_BYTES: Final = 32
HASH_LENGTH: Final = 33
_HASH: Final = re.compile(r"#[0-9a-f]{32}")


class Identifiers(StrEnum):
    """How much a site keeps in clear, the least first."""

    NONE = "none"
    ACCESSION = "accession"  # what finds a film in the RIS
    IDENTIFIERS = "identifiers"  # and the UIDs


def is_hash(kept: str) -> bool:
    """Whether a kept value is a keyed hash."""
    return _HASH.fullmatch(kept) is not None


def in_clear(kept: str | None) -> str | None:
    """A kept accession as it may be shown: a hash helps nobody."""
    return None if kept is None or is_hash(kept) else kept


@dataclass(frozen=True, slots=True)
class Identity:
    """A level, and the key of the hashes.

    Attributes:
        level: what is kept in clear from now on.
        key: None where only clear values can be looked up: nothing was hashed yet, or the file cannot be read.
    """

    level: Identifiers
    key: bytes | None = field(repr=False)

    def hashed(self, text: str) -> str:
        """The keyed hash of a clear value, as the store would spell it."""
        if self.key is None:
            raise ValueError("there is no key to hash by")
        spelled = text.encode("utf-8", "backslashreplace").replace(b"\0", b"\\x00")  # see db.types.SafeText
        return "#" + hmac.digest(self.key, spelled, "sha256").hex()[:32]

    def kept_accession(self, text: str | None) -> str | None:
        """What is kept of an accession that a file or a list states."""
        clear = self.level is not Identifiers.NONE
        return self._kept(text, clear=clear)

    def kept_uid(self, text: str | None) -> str | None:
        """What is kept of a UID that a file states."""
        return self._kept(text, clear=self.level is Identifiers.IDENTIFIERS)

    def _kept(self, text: str | None, *, clear: bool) -> str | None:
        if not text:
            return None
        return text if clear and not text.startswith("#") else self.hashed(text)

    def kept_facts(self, facts: FilmFacts) -> FilmFacts:
        """What is kept of what a file says of itself."""
        return replace(
            facts,
            accession=self.kept_accession(facts.accession),
            study_uid=self.kept_uid(facts.study_uid),
            instance_uid=self.kept_uid(facts.instance_uid),
        )

    def names(self, accession: str) -> tuple[str, ...]:
        """Every spelling under which an accession that a person types may be kept; a hash that is typed is none."""
        clear = () if accession.startswith("#") and is_hash(accession) else (accession,)
        return clear if self.key is None else (*clear, self.hashed(accession))

    def canonical(self, kept: str) -> str:
        """One spelling for a kept value, whether it was kept in clear or not: for comparing kept with kept."""
        return kept if self.key is None or is_hash(kept) else self.hashed(kept)
