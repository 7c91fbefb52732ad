"""Which studies are drawn to be read without their scores: at their first score, by a lot, and never later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from builders.acceptance import refitted_row
from builders.intake import BUNDLE, IDENTITY, House, refused, scored
from builders.studies import POINTS
from sqlalchemy import select

from daemon.acceptance.asked import identity_of
from daemon.review.lots import lot
from daemon.triage.order import Band
from db import acceptances, blind_cases, schema, studies
from db.states import Verdict
from models.bundle import GroupPolicy
from models.population import AgeGroup, Policy

ALL = dict.fromkeys((Band.FIRST, Band.NEXT, Band.IN_TURN), 1.0)
FACTS = {"population": "adults", "study_uid": "1.2.3"}


@pytest.fixture
def house(tmp_path: Path, blank: Path) -> House:
    """Every study is drawn here."""
    house = House.in_(tmp_path, blank)
    house.bundle, house.blind = replace(BUNDLE, points=POINTS), ALL
    return house


def drawn(house: House) -> list[tuple[str, str, float, bool]]:
    """What the store keeps of the draws."""
    case, study = schema.blind_case.c, schema.study.c
    query = select(study.key, case.band, case.share, case.every_band).join_from(schema.blind_case, schema.study)
    with house.store.read() as tx:
        return [tuple(row) for row in tx.execute(query.order_by(study.id))]


def hidden(house: House) -> frozenset[int]:
    with house.store.read() as tx:
        return blind_cases.hidden(tx)


def test_a_study_is_drawn_with_its_band_and_the_chance(house: House) -> None:
    """By the share of its band, and whether every other band had one."""
    house.blind = {Band.FIRST: 1.0, Band.NEXT: 0.0, Band.IN_TURN: 1.0}
    for name, logit in (("low", -2.0), ("middle", 0.0), ("high", 3.0)):
        house.judge.answers[name.encode()] = scored(logit, population="adults")
        house.write(f"{name}.jpg", name.encode())
    house.pass_(house.intake())
    assert sorted(row[1:] for row in drawn(house)) == [("first", 1.0, False), ("in_turn", 1.0, False)]


def test_the_lot_decides(house: House) -> None:
    """Those below the share, and no others: so a restart, or another order of arrival, changes nothing."""
    house.blind = dict.fromkeys(ALL, 0.4)
    for number in range(20):
        house.write(f"{number}.jpg", f"film {number}".encode())
    house.pass_(house.intake())
    assert IDENTITY.key is not None
    expected = [key for n in range(1, 21) if lot(IDENTITY.key, key := f"S-{n:06d}") < 0.4]
    assert 0 < len(expected) < 20
    assert [row[0] for row in drawn(house)] == expected
    assert {row[2:] for row in drawn(house)} == {(0.4, True)}


def test_a_share_that_comes_later_draws_nothing_that_was_shown(house: House) -> None:
    """Neither at a restart nor when another image comes, and a share that goes leaves what was drawn."""
    house.blind = {}
    house.judge.answers[b"one"] = house.judge.answers[b"two"] = scored(0.5, **FACTS)
    house.write("one.dcm", b"one")
    house.pass_(house.intake())
    house.blind = ALL
    house.write("two.dcm", b"two")
    house.write("new.jpg", b"new")
    house.pass_(house.intake())
    assert [row[0] for row in drawn(house)] == ["S-000002"]
    house.blind = {}
    house.pass_(house.intake())
    assert hidden(house) == {2}


def test_a_second_image_changes_neither_band_nor_draw(house: House) -> None:
    """The weight is that of the draw."""
    house.judge.answers[b"one"], house.judge.answers[b"two"] = scored(-2.0, **FACTS), scored(3.0, **FACTS)
    house.write("one.dcm", b"one")
    house.pass_(house.intake())
    house.write("two.dcm", b"two")
    house.pass_(house.intake())
    assert drawn(house) == [("S-000001", "in_turn", 1.0, True)]


def test_what_has_no_band_is_not_drawn(house: House) -> None:
    """A refused film, a marked one, and one of a population that is only ordered."""
    house.bundle = replace(house.bundle, policies={AgeGroup.ADULTS: GroupPolicy(Policy.ORDERED, "the test says so")})
    house.judge.answers[b"refused"] = refused()
    house.judge.answers[b"marked"] = scored(0.5, population="children", marks="view")
    house.judge.answers[b"ordered"] = scored(0.5, population="adults")
    for name in ("refused", "marked", "ordered"):
        house.write(f"{name}.jpg", name.encode())
    house.pass_(house.intake())
    assert drawn(house) == []


def test_the_same_content_in_another_study_is_hidden_until_there_is_a_verdict(house: House) -> None:
    """A copy that outlives its original makes a study of its own; it would show the score of the blind one."""
    house.judge.answers[b"film"] = scored(0.5, population="adults")
    first = house.write("a.jpg", b"film")
    house.pass_(house.intake())
    house.write("b.jpg", b"film")
    house.pass_(house.intake())
    first.unlink()
    house.pass_(house.intake())
    house.pass_(house.intake())
    with house.store.read() as tx:
        keys = [row.key for row in tx.execute(select(schema.study))]
    assert len(drawn(house)) == 1
    assert hidden(house) >= {1}
    assert len(hidden(house)) == len(keys)
    with house.store.write() as tx:
        studies.add_review(tx, 1, Verdict.NOT, datetime.now(UTC))
    assert hidden(house) == frozenset()


def test_without_a_share_nothing_is_drawn(house: House) -> None:
    """The default."""
    house.blind = dict.fromkeys(ALL, 0.0)
    house.write("a.jpg", b"film")
    house.pass_(house.intake())
    assert drawn(house) == []


def test_a_study_is_drawn_by_the_band_that_people_would_see(house: House) -> None:
    """Where the site refitted its points, shares are of the bands that these give."""
    identity = identity_of(house.bundle)
    row = refitted_row(model_sha256=identity.model_sha256, document_sha256=identity.document_sha256)
    with house.store.write() as tx:
        acceptances.add(tx, replace(row, at=datetime.now(UTC)))
    house.judge.answers[b"film"] = scored(
        -0.8, population="adults"
    )  # next by the bundle, in turn by the refitted point
    house.write("film.jpg", b"film")
    house.pass_(house.intake())
    assert [row[1] for row in drawn(house)] == ["in_turn"]
