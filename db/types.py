"""Column types: what Python hands to the database and gets back, the same on every dialect."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, DateTime, Dialect, LargeBinary, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from db.errors import StoreError
from db.records import signed64

Word = TypeVar("Word", bound=StrEnum)


class FilePath(TypeDecorator[str]):
    """A path, kept as the bytes that the file system has, since they need not be UTF-8."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        """Str with surrogate escapes -> bytes."""
        return None if value is None else os.fsencode(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Bytes -> str with surrogate escapes."""
        return None if value is None else os.fsdecode(value)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in, an aware UTC time out; a naive one is a bug and refused.

    SQLite keeps it as text, ``2026-11-22 21:04:05.000000+00:00``: it sorts, it says its zone to whoever looks at the
    file, and is read back several times faster than SQLAlchemy's naive text, which still wants its zone.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, a time with its zone elsewhere."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Any zone -> UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("the store keeps aware times only")
        utc = value.astimezone(UTC)
        return utc.isoformat(" ", "microseconds") if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Whatever the database gives -> UTC."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromisoformat(value)
        time: datetime = value.astimezone(UTC)
        return time


class SafeText(TypeDecorator[str]):
    r"""Text from anywhere: what UTF-8 cannot carry, and NUL, is kept as a visible escape (``\udcff``, ``\x00``).

    DICOM tags and messages that name files may hold both; sqlite3 raises UnicodeEncodeError on the first, PostgreSQL
    refuses the second.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Escape what no database carries."""
        if value is None:
            return None
        return value.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


class Signed64(TypeDecorator[int]):
    """A number from the file system in 64 signed bits; sqlite3 raises OverflowError on more."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Wrap or clamp, as `FileStamp.of` does."""
        return None if value is None else signed64(value)


class WordOf(TypeDecorator[Word], Generic[Word]):
    """One of our words, kept as text."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[Word]) -> None:
        super().__init__()
        self.words = words
        self._known = {word.value: word for word in words}

    def process_bind_param(self, value: Word | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Word -> text; a text that is none of the words is a bug and refused."""
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> Word | None:  # noqa: ARG002
        """Text -> word.

        Raises:
            StoreError: the database holds a word that this version does not know.
        """
        if value is None:
            return None
        try:
            return self._known[value]
        except KeyError as error:
            raise StoreError(
                "read the database",
                None,
                f"it holds the {self.words.__name__.lower()} {value!r}, which this version does not know",
                "restore a copy, or use the version that wrote it",
            ) from error
