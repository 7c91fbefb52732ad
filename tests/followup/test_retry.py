"""Films that failed or were refused, taken up again by hand."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from builders.intake import House, failed, refused, scored

from daemon.followup.retry import Retried, try_again
from daemon.intake.machine import Event
from db import roots
from db.states import RootState, State


def retry(house: House, *names: str | Path, code: str | None = None, dry_run: bool = False) -> Retried:
    now = house.time.clock.now()
    return try_again(house.store, [os.fspath(name) for name in names], code, now, dry_run=dry_run)


@pytest.fixture
def unscored(house: House) -> House:
    """One film that failed, one that was refused, one that was scored."""
    house.judge.answers |= {b"bad": failed(), b"side": refused()}
    for name, data in (("bad.dcm", b"bad"), ("side.dcm", b"side"), ("good.dcm", b"good")):
        house.write(name, data)
    house.pass_(house.intake())
    assert house.states() == {State.FAILED: 1, State.REFUSED: 1, State.SCORED: 1}
    return house


def test_a_film_that_failed_is_tried_as_if_for_the_first_time(unscored: House) -> None:
    """Its history says that a hand did it; a daemon that runs takes it up with its next step, without a rescan."""
    house = unscored
    intake = house.intake()
    del house.judge.answers[b"bad"]
    done = retry(house, house.incoming / "bad.dcm")
    assert [Path(path).name for _, path in done.taken] == ["bad.dcm"]
    film = house.at("bad.dcm")
    assert (film.state, film.code, film.message, film.attempts) == (State.READY, None, None, 0)
    house.settle(intake)
    assert house.at("bad.dcm").state is State.SCORED
    assert Event.RETRY.value in [line.reason for line in house.history(film)]
    house.check()


def test_a_film_is_named_by_path_by_number_or_by_its_reason(unscored: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house = unscored
    monkeypatch.chdir(house.incoming)
    number = house.at("bad.dcm").id
    for names in (["bad.dcm"], [f"arrival={number}"], [str(number)], [house.incoming / ".." / "incoming" / "bad.dcm"]):
        assert [arrival.id for arrival, _ in retry(house, *names, dry_run=True).taken] == [number]
    assert [arrival.id for arrival, _ in retry(house, code="corrupt", dry_run=True).taken] == [number]
    assert retry(house, "bad.dcm", "bad.dcm", str(number), code="corrupt", dry_run=True).left == []
    assert house.at("bad.dcm").state is State.FAILED


def test_what_cannot_be_tried_is_named_and_stays(unscored: House) -> None:
    """Scored, pending, gone, never seen, of another reason, below a folder that is away or that nobody watches."""
    house = unscored
    (house.incoming / "side.dcm").unlink()
    house.write("new.dcm", b"new")
    house.rescan(house.intake())
    names = [house.incoming / name for name in ("good.dcm", "side.dcm", "new.dcm", "nobody.dcm")]
    causes = [error.cause for error in retry(house, *names).left]
    assert causes[:2] == ["it is scored", "it is on its way already (settling)"]
    assert causes[2:] == ["nothing of that name was seen", "its file is gone"]
    assert "its reason is corrupt" in retry(house, house.incoming / "bad.dcm", code="view").left[0].cause
    root_id = house.at("bad.dcm").root_id
    with house.store.write() as tx:
        roots.set_root_state(tx, root_id, RootState.AWAY, "test")
    assert retry(house, house.incoming / "bad.dcm").left[0].cause == "its folder cannot be seen"
    with house.store.write() as tx:
        roots.set_root_state(tx, root_id, RootState.WATCHED)
        roots.retire(tx, root_id, house.time.clock.now())
    assert "nobody watches" in retry(house, house.incoming / "bad.dcm").left[0].cause
    assert house.at("bad.dcm").state is State.FAILED


def test_a_folder_that_is_gone_takes_nothing_up(unscored: House) -> None:
    house = unscored
    shutil.move(house.incoming, house.folder / "elsewhere")
    done = retry(house, code="corrupt")
    assert (done.taken, [error.cause for error in done.left]) == ([], ["its folder cannot be seen"])


def test_a_film_that_changed_meanwhile_is_left_to_the_rescan(unscored: House) -> None:
    """Other content is another film with a way of its own; the same content under another stamp is the same film."""
    house = unscored
    os.utime(house.incoming / "side.dcm", (1, 1))
    house.write("bad.dcm", b"mended")
    done = retry(house, house.incoming / "bad.dcm", house.incoming / "side.dcm")
    assert [arrival.path for arrival, _ in done.taken] == ["side.dcm"]
    assert [error.cause for error in done.left] == ["its file is not what was tried"]
    house.pass_(house.intake())
    assert (house.at("bad.dcm").generation, house.at("bad.dcm").state) == (2, State.SCORED)
    house.check()


def test_a_film_that_is_refused_again_is_refused_once(unscored: House) -> None:
    house = unscored
    assert len(retry(house, code="view").taken) == 1
    house.pass_(house.intake())
    assert house.at("side.dcm").state is State.REFUSED
    assert len(house.judge.seen) == 4
    house.check()


def test_copies_go_with_the_film_that_they_repeat(house: House) -> None:
    """Alone, they would name a film that is gone, or another one now: nobody would ever look at their content."""
    house.judge.answers[b"x"] = failed()
    house.write("a.dcm", b"x")
    house.write("b.dcm", b"x")
    house.pass_(house.intake())
    assert house.states() == {State.FAILED: 1, State.DUPLICATE: 1}
    original = next(name for name in ("a.dcm", "b.dcm") if house.at(name).state is State.FAILED)
    assert retry(house, house.incoming / original).copies == 1
    (house.incoming / original).unlink()
    house.judge.answers[b"x"] = scored()
    house.pass_(house.intake())
    assert house.states() == {State.VANISHED: 1, State.SCORED: 1}
    house.check()


def test_copies_are_copies_again_after_it(house: House) -> None:
    house.judge.answers[b"x"] = refused()
    for name in ("a.dcm", "b.dcm", "c.dcm"):
        house.write(name, b"x")
    house.pass_(house.intake())
    house.judge.answers[b"x"] = scored(study_uid="1.2.3", accession="A1")
    assert retry(house, code="view").copies == 2
    house.pass_(house.intake())
    assert house.states() == {State.SCORED: 1, State.DUPLICATE: 2}
    assert len({arrival.study_id for arrival in house.arrivals()}) == 1
    assert len(house.judge.seen) == 2
    house.check()


def test_a_renamed_film_is_judged_anew_and_not_by_what_it_was(house: House) -> None:
    """It was refused under another name, too: that is what the hand wants to be asked again."""
    house.judge.answers[b"x"] = refused()
    film = house.write("a.dcm", b"x")
    house.pass_(house.intake())
    film.rename(house.incoming / "b.dcm")
    house.pass_(house.intake())
    assert house.at("b.dcm").state is State.REFUSED
    del house.judge.answers[b"x"]
    assert len(retry(house, house.incoming / "b.dcm").taken) == 1
    house.pass_(house.intake())
    assert house.at("b.dcm").state is State.SCORED
    house.check()


def test_many_films_are_taken_up_at_once(house: House) -> None:
    """More than one statement can name."""
    for number in range(1100):
        data = str(number).encode()
        house.judge.answers[data] = failed()
        house.write(f"{number}.dcm", data)
    house.capacity = 200
    house.pass_(house.intake())
    assert len(retry(house, code="corrupt").taken) == 1100
    assert house.states() == {State.READY: 1100}
    house.check()
