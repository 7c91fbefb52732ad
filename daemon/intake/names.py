"""Groups plain images into studies by a pattern of their names; pure.

The pattern is the site's, the names are anybody's: a pattern that could take for ever on a name that is made for it is
refused when it is loaded, and long names are not looked at.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

LONGEST: Final = 240  # characters of a path below its root; a longer one is a film of its own
MOST_REPEATS: Final = 4  # steps grow with the length to this power; the worst name for four of them takes 0.6 s
GROUPS: Final = frozenset({"study", "accession"})
_REPEATS: Final = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
_LOOKS: Final = frozenset({"GROUPREF", "GROUPREF_EXISTS", "ASSERT", "ASSERT_NOT"})


@dataclass(frozen=True, slots=True)
class Named:
    """What a name says: which study, and what finds it in the RIS."""

    study: str
    accession: str | None


@dataclass(frozen=True, slots=True)
class StudyPattern:
    """A regular expression over the path below the root, with a group `study` and perhaps a group `accession`."""

    expression: re.Pattern[str]

    @classmethod
    def of(cls, text: str) -> Self:
        """A pattern as the settings have it.

        Raises:
            ValueError: it is no regular expression, names other groups, or may take for ever.
        """
        try:
            expression = re.compile(text)
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"not a regular expression: {error}") from error
        names = set(expression.groupindex)
        if "study" not in names or names - GROUPS:
            raise ValueError("name a group study, and perhaps one accession, and no other, such as (?P<study>[^/]+)/.*")
        _check_cost(text)
        return cls(expression)

    def named(self, path: str) -> Named | None:
        """What a path below the root says; the whole of it must fit, or the film is a study of its own."""
        match = self.expression.fullmatch(path) if len(path) <= LONGEST else None
        if match is None or not match["study"]:
            return None
        accession = match["accession"] if "accession" in self.expression.groupindex else None
        return Named(match["study"], accession.strip() or None if accession else None)


def _check_cost(text: str) -> None:
    """Refuse what makes `re` try ever more ways: a repeat within a repeat, many repeats, and looking around."""
    parser: Any = importlib.import_module("re._parser")  # the only way to see what an expression is made of
    repeats = 0
    waiting = [(part, False) for part in parser.parse(text)]
    while waiting:
        (kind, content), repeated = waiting.pop()
        name, inner = str(kind), repeated
        if name in _LOOKS:
            raise ValueError("it looks ahead, behind or back, which may take for ever; write it without")
        if name in _REPEATS:
            least, most, _ = content
            varies = int(least) != int(most)
            repeats += varies and int(most) > 1
            inner = repeated or int(most) > 1
        if repeated and (name == "BRANCH" or (name in _REPEATS and varies)):
            raise ValueError("a part that is repeated varies itself, which may take for ever; write .* or [^/]* for it")
        waiting += [(part, inner) for part in _parts(content)]
    if repeats > MOST_REPEATS:
        raise ValueError(f"it has {repeats} repeats, over {MOST_REPEATS}, which may take for ever; write it simpler")


def _parts(content: Any) -> Iterable[tuple[Any, Any]]:
    """The parts of expressions within one, however they are nested in its description."""
    if type(content).__name__ == "SubPattern":
        yield from content
    elif isinstance(content, list | tuple):
        for each in content:
            yield from _parts(each)
