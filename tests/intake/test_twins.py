"""The same content again: copies, renamed films, copies whose original is gone; nothing is scored twice."""

from __future__ import annotations

import os
from dataclasses import replace

from builders.intake import House, failed, refused, scored

from daemon.triage.gate_policy import BY_DEFAULT, GatePolicy
from db import studies
from db.records import FilmFacts
from db.states import ReadSource, State
from models.bundle import GroupPolicy
from models.findings import FindingCode
from models.population import AgeGroup, Policy, Population


def test_the_same_bytes_under_two_names_are_scored_once(house: House) -> None:
    """The second is a duplicate of the first, whether it comes later or is in a worker's hands at the same time."""
    house.judge.holding = True
    for name in ("a", "b", "c"):
        house.write(name)
    intake = house.taken_up()
    assert house.states() == {State.RUNNING: 3}
    house.judge.let_go()
    house.settle(intake)
    house.write("later")
    house.pass_(intake)
    assert house.states() == {State.SCORED: 1, State.DUPLICATE: 3}
    assert len(house.judge.seen) == 1
    assert house.at("later").duplicate_of == house.at("a").id
    house.check()


def test_followers_of_a_film_that_has_no_outcome_are_taken_up_again(house: House) -> None:
    """The original grew while it was judged: its copy is a film of its own now."""
    house.judge.answers[b"half"] = failed("truncated")
    house.judge.holding = True
    film = house.write("a", b"half")
    copy = house.write("b", b"half")
    os.utime(film, (1, 1))
    os.utime(copy, (2, 2))
    intake = house.taken_up()
    film.write_bytes(b"whole")
    house.judge.let_go()
    house.settle(intake)
    assert (house.at("a").state, house.at("b").state) == (State.SCORED, State.FAILED)
    house.check()


def test_many_copies_do_not_write_while_they_wait(house: House) -> None:
    """Waiting for a slow twin costs no line of history."""
    house.judge.holding = True
    for name in ("a", "b"):
        house.write(name)
    intake = house.intake()
    house.rescan(intake)
    house.time.turn(3.0)
    for _ in range(50):
        intake.step()
        house.time.turn(0.2)
    assert all(arrival.steps == 4 for arrival in house.arrivals())


def test_a_renamed_film_keeps_its_score_and_its_place(house: House) -> None:
    """Nothing is scored again, and a study that was read does not wait again because its file was put elsewhere."""
    film = house.write("a.jpg")
    intake = house.intake()
    house.pass_(intake)
    with house.store.write() as tx:
        study = house.at("a.jpg").study_id
        assert study is not None
        studies.add_read(
            tx, study, read_at=house.time.clock.now(), now=house.time.clock.now(), source=ReadSource.COMMAND
        )
    house.time.turn(60)
    (house.incoming / "done").mkdir()
    film.rename(house.incoming / "done" / "a.jpg")
    house.pass_(intake)
    old, new = house.at("a.jpg"), house.at("done/a.jpg")
    assert (new.state, new.result_id, new.study_id) == (State.SCORED, old.result_id, old.study_id)
    assert new.arrived_at == old.arrived_at
    assert old.removed_at is not None
    assert len(house.judge.seen) == 1
    assert house.queued() == set()
    house.check()


def test_a_renamed_refusal_stays_refused_and_a_renamed_failure_is_tried_again(house: House) -> None:
    """A film that could not be read may be readable now."""
    house.judge.answers = {b"lateral": refused(), b"broken": failed()}
    paths = [house.write(name, name.encode()) for name in ("lateral", "broken")]
    intake = house.intake()
    house.pass_(intake)
    for path in paths:
        path.rename(path.with_suffix(".dcm"))
    house.judge.answers = {}
    house.pass_(intake)
    assert house.at("lateral.dcm").state is State.REFUSED
    assert house.at("lateral.dcm").code == "view"
    assert house.at("broken.dcm").state is State.SCORED
    house.check()


def test_copies_of_a_removed_film_take_its_place(house: House) -> None:
    """One is scored by what is known, the others are its duplicates; the content stays in the queue, once."""
    first = house.write("a")
    intake = house.intake()
    house.pass_(intake)
    for name in ("b", "c"):
        house.write(name)
    house.pass_(intake)
    first.unlink()
    house.pass_(intake)
    assert [house.at(name).state for name in "abc"] == [State.SCORED, State.SCORED, State.DUPLICATE]
    assert house.at("c").duplicate_of == house.at("b").id
    assert house.queued() == {"b"}
    assert len(house.judge.seen) == 1
    house.check()


def test_copies_of_a_superseded_film_take_its_place(house: House) -> None:
    """Its content is still there under another name, so it must not leave the queue; and it is not scored again."""
    first = house.write("a", b"one")
    house.write("b", b"one")
    intake = house.intake()
    house.pass_(intake)
    first.write_bytes(b"two")
    house.pass_(intake)
    assert (house.at("a").state, house.at("b").state) == (State.SCORED, State.SCORED)
    assert house.judge.seen == [b"one", b"two"]
    assert house.queued() == {"a", "b"}
    house.check()


def test_a_copy_that_was_away_when_its_original_was_superseded_is_not_lost(house: House) -> None:
    """It comes back and stands in the queue, though nothing stands there that it repeats."""
    first, copy = house.write("a", b"one"), house.write("b", b"one")
    intake = house.intake()
    house.pass_(intake)
    aside = house.folder / "aside"
    copy.rename(aside)
    house.pass_(intake)
    first.write_bytes(b"two")
    house.pass_(intake)
    aside.rename(copy)
    house.pass_(intake)
    assert house.queued() == {"a", "b"}
    house.check()


def test_content_that_was_superseded_and_comes_again_is_not_scored_again(house: House) -> None:
    """Its result is kept: one content and one model have one score."""
    film = house.write("a", b"one")
    intake = house.intake()
    house.pass_(intake)
    film.write_bytes(b"two")
    house.pass_(intake)
    film.write_bytes(b"one")
    house.pass_(intake)
    assert house.judge.seen == [b"one", b"two"]
    assert house.at("a").generation == 3
    assert house.at("a").result_id == house.arrivals()[0].result_id
    assert house.queued() == {"a"}
    house.check()


def test_a_renamed_film_takes_the_population_of_its_new_root(house: House) -> None:
    """A film that states no age is taken as the folder's owner says."""
    house.populations = {"incoming": Population.CHILDREN, "adults": Population.ADULTS}
    (house.folder / "adults").mkdir()
    film = house.write("a")
    intake = house.intake("incoming", "adults")
    house.pass_(intake)
    assert house.at("a").facts.population == "children"
    film.rename(house.folder / "adults" / "a")
    house.pass_(intake)
    assert house.at("a", "adults").facts.population == "adults"
    assert len(house.judge.seen) == 1


def _adults_outside(house: House) -> None:
    """Two roots, one for each population, and a bundle that is not for adults."""
    policies = {AgeGroup.ADULTS: GroupPolicy(Policy.OUTSIDE, "for a test")}
    house.bundle = replace(house.bundle, policies=policies)
    house.populations = {"incoming": Population.CHILDREN, "adults": Population.ADULTS}
    (house.folder / "adults").mkdir()
    house.judge.answers[b"film"] = lambda declared: (
        refused("population") if declared is Population.ADULTS else scored(0.5, population="children")
    )


def test_a_film_that_is_renamed_into_a_root_of_a_population_that_is_outside_is_refused(house: House) -> None:
    """Its score was a child's; here its owner says that it is an adult's."""
    _adults_outside(house)
    film = house.write("a")
    intake = house.intake("incoming", "adults")
    house.pass_(intake)
    assert house.at("a").state is State.SCORED
    film.rename(house.folder / "adults" / "a")
    house.pass_(intake)
    assert (house.at("a", "adults").state, house.at("a", "adults").code) == (State.REFUSED, "population")
    house.check()


def test_a_film_that_was_refused_for_its_population_is_judged_anew_where_that_does_not_hold(house: House) -> None:
    """Renamed into the right root, or copied there while the first one stays."""
    _adults_outside(house)
    film = house.write("a", root="adults")
    intake = house.intake("incoming", "adults")
    house.pass_(intake)
    assert house.at("a", "adults").state is State.REFUSED
    copy = house.write("copy")
    house.pass_(intake)
    assert house.at("copy").state is State.SCORED
    copy.unlink()
    film.rename(house.folder / "incoming" / "renamed")
    house.pass_(intake)
    assert house.at("renamed").state is State.SCORED
    house.check()


def test_a_renamed_film_is_judged_anew_where_the_site_changed_its_rules(house: House) -> None:
    """A refusal that only marks now, and a mark that refuses now."""
    marking = GatePolicy(mark=frozenset({FindingCode.VIEW}))
    house.judge.answers[b"lateral"] = refused()
    film = house.write("a", b"lateral")
    house.pass_(house.intake())
    house.gate_policy = marking
    house.judge.answers[b"lateral"] = replace(scored(0.5), facts=FilmFacts(marks="view"))
    film.rename(house.incoming / "b")
    house.pass_(house.intake())
    assert (house.at("b").state, house.at("b").facts.marks) == (State.SCORED, "view")
    (house.incoming / "b").rename(house.incoming / "c")
    house.pass_(house.intake())
    assert house.at("c").facts.marks == "view"
    assert len(house.judge.seen) == 2
    house.gate_policy = BY_DEFAULT
    house.judge.answers[b"lateral"] = refused()
    (house.incoming / "c").rename(house.incoming / "d")
    house.pass_(house.intake())
    assert house.at("d").state is State.REFUSED
    house.check()
