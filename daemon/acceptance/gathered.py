"""What there is to judge a bundle by: cases of each population, and what became of all the others; only values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from daemon.acceptance.cases import Cases
    from daemon.review.rates import Rate
    from models.population import Population

REVIEWS: Final = "reviews"


class Left(StrEnum):
    """Why a film, or a study, is not judged by."""

    REFUSED = "refused"
    FAILED = "failed"
    MARKED = "marked"  # scored, and ranked by nothing
    DUPLICATE = "same content as another"
    BOTH_WAYS = "same content under both labels"
    BLIND = "blind until there is a verdict"
    OTHER_AGE = "of an age that no operating point is for"
    UNKNOWN = "of an unknown population"
    OTHER = "of another population"
    GONE = "gone before it was read"
    UNSURE = "the reader was not sure, or could not use it"
    OTHER_BUNDLE = "scored by another bundle"
    NOT_EVERY_BAND = "drawn while a band had no share"


@dataclass(frozen=True, slots=True)
class Gathered:
    """The site's own films.

    Attributes:
        source: "reviews", or the folder.
        cases: by population, each with a score and a label.
        left_out: how many for what.
        codes: of the refused and failed ones, code -> films.
        unscored: the share of a population's films with pneumonia that got no score; nothing where nobody can tell.
        patients_known: whether films of one patient are known as such.
    """

    source: str
    cases: Mapping[Population, Cases]
    left_out: Mapping[Left, int] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)
    unscored: Mapping[Population, Rate] = field(default_factory=dict)
    patients_known: bool = False

    @property
    def reviewed(self) -> bool:
        """Whether these are verdicts of the site's readers: only then the share of pneumonia is the site's."""
        return self.source == REVIEWS
