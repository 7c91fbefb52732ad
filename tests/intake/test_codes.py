"""Where no identifiers are kept, no word of a header is that might be a name."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders.intake import House, refused

from daemon.intake.codes import without_names
from daemon.intake.worker import Outcome
from db.identity import Identifiers, Identity
from db.records import FilmFacts


def told(**facts: str) -> Outcome:
    said = ", ".join(f"the {name} is {word}" for name, word in facts.items())
    return replace(refused(), facts=FilmFacts(**facts), message=f"{said}, not the chest; send chest radiographs only")


def test_codes_stay() -> None:
    outcome = told(body_part="KNEE", view="LL", modality="CR")
    assert without_names(outcome) == outcome


@pytest.mark.parametrize("word", ["PLANTED MARKER", "PLANTED^MARKER", "P.M. (1950)", "\\"])
@pytest.mark.parametrize("name", ["body_part", "view", "modality"])
def test_other_words_go_from_facts_and_message(name: str, word: str) -> None:
    outcome = without_names(told(**{name: word}))
    assert getattr(outcome.facts, name) is None
    assert outcome.message == f"the {name} is one that is not kept, not the chest; send chest radiographs only"


@pytest.mark.parametrize("level", Identifiers)
def test_only_where_no_identifiers_are_kept(house: House, level: Identifiers) -> None:
    """Elsewhere an administrator sees what was sent."""
    house.identity = Identity(level, b"k" * 32)
    house.judge.answers[b"film"] = told(body_part="PLANTED MARKER")
    house.write("film")
    house.pass_(house.intake())
    film = house.at("film")
    assert ("PLANTED" in str(film.message), film.facts.body_part is None) == (
        level is not Identifiers.NONE,
        level is Identifiers.NONE,
    )
