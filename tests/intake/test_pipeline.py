"""Films on their way through a real store and real folders, with workers and clock turned by hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from builders.intake import House, failed, refused, scored

from daemon.intake.hints import Hint
from db import arrivals, roots, studies
from db.states import ReadSource, State
from models.population import Population


def write(house: House, name: str, data: bytes = b"film", root: str = "incoming") -> Path:
    path = house.folder / root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_film_goes_its_way(house: House) -> None:
    """Seen, settling, ready, running, scored: each step stands in its history, with a time and a reason."""
    write(house, "a.jpg")
    house.pass_(house.intake())
    film = house.at("a.jpg")
    assert film.state is State.SCORED
    assert film.result_id is not None
    assert film.backlog
    history = house.history(film)
    assert [line.to_state for line in history] == [
        State.SEEN,
        State.SETTLING,
        State.READY,
        State.RUNNING,
        State.SCORED,
    ]
    assert all(line.reason and "a.jpg" not in line.reason for line in history)
    house.check()


def test_refused_and_failed_films_keep_their_reason_and_their_place(house: House) -> None:
    """What is not scored is shown beside the queue, and its neighbours are scored."""
    house.judge.answers = {b"lateral": refused(), b"broken": failed()}
    for name in ("lateral", "broken", "good"):
        write(house, name, name.encode())
    house.pass_(house.intake())
    assert house.states() == {State.SCORED: 1, State.REFUSED: 1, State.FAILED: 1}
    assert (house.at("lateral").code, house.at("broken").code) == ("view", "corrupt")
    assert house.queued() == {"lateral", "broken", "good"}
    house.check()


def test_a_second_pass_scores_nothing_again(house: House) -> None:
    """Nor does a new process, nor a touched, chmodded or hard-linked file: the same content is the same arrival."""
    film = write(house, "a.jpg")
    house.pass_(house.intake())
    intake = house.intake()
    os.utime(film, (0, 0))
    film.chmod(0o600)
    house.pass_(intake)
    house.pass_(intake)
    assert len(house.judge.seen) == 1
    assert len(house.arrivals()) == 1
    assert house.at("a.jpg").stamp.mtime_ns == 0
    house.check()


def test_what_came_before_the_first_scan_is_backlog_and_nothing_else(house: House) -> None:
    """A film that comes later waits by the clock."""
    intake = house.intake()
    write(house, "old", b"old")
    house.pass_(intake)
    write(house, "new", b"new")
    house.pass_(intake)
    assert (house.at("old").backlog, house.at("new").backlog) == (True, False)


def test_a_growing_file_is_not_read(house: House) -> None:
    """Its window begins anew with each change; it is read once, whole."""
    film = write(house, "a.jpg", b"f")
    intake = house.intake()
    house.rescan(intake)
    for _ in range(5):
        house.time.turn(1.5)
        intake.step()
        with film.open("ab") as stream:
            stream.write(b"f")
        house.rescan(intake)
    assert house.judge.seen == []
    house.settle(intake)
    assert house.judge.seen == [b"ffffff"]


def test_a_file_that_changes_between_window_and_look_waits_on(house: House) -> None:
    """The last look before it is called complete finds the change that no rescan saw."""
    film = write(house, "a.jpg", b"f")
    intake = house.intake()
    house.rescan(intake)
    house.time.turn(2.0)
    film.write_bytes(b"film")
    intake.step()
    assert house.at("a.jpg").state is State.SETTLING
    assert house.judge.seen == []
    house.settle(intake)
    assert house.judge.seen == [b"film"]


def test_a_ready_file_that_changes_settles_again(house: House) -> None:
    """It is not read in the middle of a second copy."""
    house.judge.holding = True
    house.capacity = 1
    write(house, "a", b"first")
    film = write(house, "b", b"x")
    intake = house.intake()
    house.rescan(intake)
    house.time.turn(3.0)
    intake.step()
    assert house.at("b").state is State.READY
    film.write_bytes(b"second")
    house.rescan(intake)
    assert house.at("b").state is State.SETTLING
    house.judge.let_go()
    house.settle(intake)
    assert house.judge.seen == [b"first", b"second"]
    house.check()


def test_a_truncated_file_that_grew_meanwhile_settles_again(house: House) -> None:
    """A copy that paused is no broken film."""
    house.judge.answers[b"half"] = failed("truncated")
    house.judge.holding = True
    film = write(house, "a.jpg", b"half")
    intake = house.intake()
    house.rescan(intake)
    house.time.turn(3.0)
    intake.step()
    film.write_bytes(b"half and half")
    house.judge.let_go()
    house.settle(intake)
    assert house.states() == {State.SCORED: 1}
    assert house.at("a.jpg").generation == 1
    house.check()


def test_a_truncated_file_that_stays_so_fails(house: House) -> None:
    """It is named, not waited for."""
    house.judge.answers[b"half"] = failed("truncated")
    write(house, "a.jpg", b"half")
    house.pass_(house.intake())
    assert house.at("a.jpg").code == "truncated"


def test_a_file_that_never_keeps_still_does_not_hold_a_scan_up(house: House) -> None:
    """After a quarter of an hour it is read as it is."""
    log = write(house, "growing.log", b"x")
    write(house, "film")
    intake = house.intake()
    house.rescan(intake)
    for _ in range(2000):
        with log.open("ab") as stream:
            stream.write(b"x")
        if not intake.step():
            house.time.turn(20.0)
        if not intake.busy():
            break
    assert not intake.busy()
    assert house.states() == {State.SCORED: 2}
    house.check()


def test_a_closed_file_is_taken_at_once(house: House) -> None:
    """An event that says so spares the window; an empty file is one that a copy begins with, and waits."""
    intake = house.intake()
    house.rescan(intake)
    write(house, "whole", b"film")
    write(house, "empty", b"")
    root_id = next(iter(intake.roots))
    intake.look(root_id, [Hint("whole", closed=True), Hint("empty", closed=True), Hint("gone", closed=True)])
    assert house.at("whole").state is State.READY
    assert house.at("empty").state is State.SETTLING
    assert not house.at("whole").backlog
    house.settle(intake)
    house.check()


def test_hints_about_folders_and_temporary_names_are_passed_over(house: House) -> None:
    """Nothing arrives."""
    write(house, "sub/.film.jpg.X1")
    intake = house.intake()
    intake.look(next(iter(intake.roots)), [Hint("sub", closed=True), Hint("sub/.film.jpg.X1", closed=True)])
    assert house.arrivals() == []


def test_other_content_under_the_same_name_supersedes(house: House) -> None:
    """A new generation arrives and is scored; the old one is kept, and leaves the queue."""
    film = write(house, "a.jpg", b"first")
    intake = house.intake()
    house.pass_(intake)
    film.write_bytes(b"second")
    house.pass_(intake)
    old, new = house.arrivals()
    assert (old.state, new.state, new.generation) == (State.SUPERSEDED, State.SCORED, 2)
    assert old.superseded_by == new.id
    assert house.judge.seen == [b"first", b"second"]
    house.check()


def test_a_replacement_that_is_still_being_written_settles_first(house: House) -> None:
    """It changed after it was noticed: the new arrival waits for its own window."""
    film = write(house, "a.jpg", b"first")
    intake = house.intake()
    house.pass_(intake)
    film.write_bytes(b"sec")
    house.rescan(intake)
    house.time.turn(3.0)
    film.write_bytes(b"second")
    intake.step()
    assert house.at("a.jpg").generation == 2
    assert house.at("a.jpg").state is State.SETTLING
    house.settle(intake)
    assert house.judge.seen == [b"first", b"second"]
    house.check()


def test_a_film_replaced_while_a_worker_has_it_is_seen_afterwards(house: House) -> None:
    """The rescan in between must not take the new file's looks for those of the bytes that were read."""
    house.judge.holding = True
    film = write(house, "a.jpg", b"first")
    intake = house.intake()
    house.rescan(intake)
    house.time.turn(3.0)
    intake.step()
    film.write_bytes(b"second")
    house.rescan(intake)
    house.judge.let_go()
    house.settle(intake)
    house.pass_(intake)
    assert house.judge.seen == [b"first", b"second"]
    assert house.states() == {State.SCORED: 1, State.SUPERSEDED: 1}
    house.check()


def test_a_film_removed_while_a_worker_has_it_keeps_its_score(house: House) -> None:
    """It is scored, and the next rescan notes that the file is gone."""
    house.judge.holding = True
    film = write(house, "a.jpg")
    intake = house.intake()
    house.rescan(intake)
    house.time.turn(3.0)
    intake.step()
    film.unlink()
    house.rescan(intake)
    house.judge.let_go()
    house.settle(intake)
    house.pass_(intake)
    assert house.at("a.jpg").state is State.SCORED
    assert house.at("a.jpg").removed_at is not None
    assert house.queued() == {"a.jpg"}
    house.check()


def test_a_film_removed_before_it_was_read_has_vanished_and_may_come_again(house: House) -> None:
    """Found by the rescan, by the last look, or by the read; back again, it is a new arrival."""
    for name in ("rescan", "look"):
        write(house, name, name.encode())
    intake = house.intake()
    house.rescan(intake)
    (house.incoming / "rescan").unlink()
    house.rescan(intake)
    (house.incoming / "look").unlink()
    house.settle(intake)
    read = write(house, "read", b"read")
    house.rescan(intake)
    intake.look(next(iter(intake.roots)), [Hint("read", closed=True)])
    read.unlink()
    house.settle(intake)
    assert house.states() == {State.VANISHED: 3}
    assert house.judge.seen == []
    write(house, "look", b"look")
    house.pass_(intake)
    assert (house.at("look").state, house.at("look").generation) == (State.SCORED, 2)
    house.check()


def test_a_removed_film_that_comes_back_is_the_same_arrival(house: House) -> None:
    """Also with another inode, as after a restore."""
    film = write(house, "a.jpg")
    intake = house.intake()
    house.pass_(intake)
    film.unlink()
    house.pass_(intake)
    assert house.at("a.jpg").removed_at is not None
    film.write_bytes(b"film")
    house.pass_(intake)
    assert house.at("a.jpg").removed_at is None
    assert len(house.arrivals()) == len(house.judge.seen) == 1
    house.check()


def test_the_same_bytes_under_two_names_are_scored_once(house: House) -> None:
    """The second is a duplicate of the first, whether it comes later or is in a worker's hands at the same time."""
    house.judge.holding = True
    for name in ("a", "b", "c"):
        write(house, name)
    intake = house.intake()
    house.rescan(intake)
    house.time.turn(3.0)
    intake.step()
    assert house.states() == {State.RUNNING: 3}
    house.judge.let_go()
    house.settle(intake)
    write(house, "later")
    house.pass_(intake)
    assert house.states() == {State.SCORED: 1, State.DUPLICATE: 3}
    assert len(house.judge.seen) == 1
    assert house.at("later").duplicate_of == house.at("a").id
    house.check()


def test_followers_of_a_film_that_has_no_outcome_are_taken_up_again(house: House) -> None:
    """The original grew while it was judged: its copy is a film of its own now."""
    house.judge.answers[b"half"] = failed("truncated")
    house.judge.holding = True
    film = write(house, "a", b"half")
    copy = write(house, "b", b"half")
    os.utime(film, (1, 1))
    os.utime(copy, (2, 2))
    intake = house.intake()
    house.rescan(intake)
    house.time.turn(3.0)
    intake.step()
    film.write_bytes(b"whole")
    house.judge.let_go()
    house.settle(intake)
    assert (house.at("a").state, house.at("b").state) == (State.SCORED, State.FAILED)
    house.check()


def test_many_copies_do_not_write_while_they_wait(house: House) -> None:
    """Waiting for a slow twin costs no line of history."""
    house.judge.holding = True
    for name in ("a", "b"):
        write(house, name)
    intake = house.intake()
    house.rescan(intake)
    house.time.turn(3.0)
    for _ in range(50):
        intake.step()
        house.time.turn(0.2)
    assert all(arrival.steps == 4 for arrival in house.arrivals())


def test_a_renamed_film_keeps_its_score_and_its_place(house: House) -> None:
    """Nothing is scored again, and a study that was read does not wait again because its file was put elsewhere."""
    film = write(house, "a.jpg")
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
    paths = [write(house, name, name.encode()) for name in ("lateral", "broken")]
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
    first = write(house, "a")
    intake = house.intake()
    house.pass_(intake)
    for name in ("b", "c"):
        write(house, name)
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
    first = write(house, "a", b"one")
    write(house, "b", b"one")
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
    first, copy = write(house, "a", b"one"), write(house, "b", b"one")
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
    film = write(house, "a", b"one")
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
    film = write(house, "a")
    intake = house.intake("incoming", "adults")
    house.pass_(intake)
    assert house.at("a").facts.population == "children"
    film.rename(house.folder / "adults" / "a")
    house.pass_(intake)
    assert house.at("a", "adults").facts.population == "adults"
    assert len(house.judge.seen) == 1


def test_special_files_and_files_over_the_limit_fail_with_a_reason(house: House) -> None:
    """They are named, they hold nothing up, and they are not judged again when they are touched."""
    write(house, "film")
    (house.incoming / "link").symlink_to(house.incoming / "film")
    os.mkfifo(house.incoming / "pipe")
    with (house.incoming / "huge").open("wb") as stream:
        stream.truncate(5 << 30)
    intake = house.intake()
    house.pass_(intake)
    codes = {name: house.at(name).code for name in ("link", "pipe", "huge")}
    assert codes == {"link": "not-a-regular-file", "pipe": "not-a-regular-file", "huge": "too-large"}
    assert house.at("film").state is State.SCORED
    os.utime(house.incoming / "pipe", (5, 5))
    house.pass_(intake)
    assert len(house.arrivals()) == 4
    house.check()


def test_names_that_are_not_utf8_are_kept_byte_for_byte(house: House) -> None:
    """Such a film is scored and found again."""
    name = os.fsdecode(b"caf\xe9\n\xff.dcm")
    write(house, name)
    intake = house.intake()
    house.pass_(intake)
    assert house.at(name).state is State.SCORED
    house.pass_(intake)
    assert len(house.arrivals()) == 1
    house.check()


def test_a_folder_moved_into_the_root_brings_its_films(house: House) -> None:
    """And a folder that is moved out leaves their scores."""
    aside = house.folder / "study"
    (aside / "series").mkdir(parents=True)
    for number in range(3):
        (aside / "series" / f"{number}.dcm").write_bytes(b"film %d" % number)
    intake = house.intake()
    house.pass_(intake)
    aside.rename(house.incoming / "study")
    house.pass_(intake)
    assert house.states() == {State.SCORED: 3}
    (house.incoming / "study").rename(aside)
    house.pass_(intake)
    assert all(arrival.removed_at is not None for arrival in house.arrivals())
    assert len(house.queued()) == 3
    house.check()


def test_a_root_that_is_gone_takes_no_film_with_it(house: House) -> None:
    """Its films stay as they are, pending ones too; they are taken up again when it is back."""
    write(house, "done", b"done")
    intake = house.intake()
    house.pass_(intake)
    write(house, "ready", b"ready")
    house.rescan(intake)
    house.time.turn(3.0)
    house.incoming.rename(house.folder / "unplugged")
    house.settle(intake)
    assert (house.at("done").state, house.at("ready").state) == (State.SCORED, State.SETTLING)
    assert not intake.busy()
    assert len(intake.lost()) == 1
    (house.folder / "unplugged").rename(house.incoming)
    house.pass_(intake)
    assert intake.lost() == {}
    assert house.states() == {State.SCORED: 2}
    house.check()


def test_a_root_that_goes_before_the_read_takes_no_film_with_it(house: House) -> None:
    """A READY film whose whole root is missing stays READY, and is taken up when the root is back."""
    write(house, "film")
    intake = house.intake()
    house.rescan(intake)
    intake.look(next(iter(intake.roots)), [Hint("film", closed=True)])
    house.incoming.rename(house.folder / "unplugged")
    assert not intake.step()
    assert not intake.busy()
    assert house.at("film").state is State.READY
    (house.folder / "unplugged").rename(house.incoming)
    house.pass_(intake)
    assert house.states() == {State.SCORED: 1}
    assert house.at("film").generation == 1
    house.check()


@pytest.mark.parametrize("state", [State.SETTLING, State.READY, State.SCORED])
def test_an_empty_folder_in_place_of_a_root_takes_no_film_with_it(house: House, state: State) -> None:
    """A share that is unmounted leaves its mount point: the folder is there, and it is another one."""
    film = write(house, "film")
    intake = house.intake()
    house.rescan(intake)
    if state is State.READY:
        intake.look(next(iter(intake.roots)), [Hint("film", closed=True)])
    if state is State.SCORED:
        house.settle(intake)
        os.utime(film, (1, 1))
        house.rescan(intake)  # a doubt is open
    house.incoming.rename(house.folder / "unmounted")
    house.incoming.mkdir()
    for _ in range(5):
        house.time.turn(1.0)
        intake.step()
    assert (house.at("film").state, house.at("film").removed_at) == (state, None)
    house.incoming.rmdir()
    (house.folder / "unmounted").rename(house.incoming)
    house.pass_(intake)
    assert house.states() == {State.SCORED: 1}
    house.check()


def test_a_copy_of_a_film_below_an_absent_root_is_its_duplicate(house: House) -> None:
    """A root that is away has not lost its films: the copy must not take their place."""
    (house.folder / "other").mkdir()
    write(house, "a", root="other")
    house.pass_(house.intake("incoming", "other"))
    (house.folder / "other").rename(house.folder / "unplugged")
    write(house, "b")
    house.pass_(house.intake())
    assert house.at("b").state is State.DUPLICATE
    assert house.at("a", "other").removed_at is None


def test_pending_films_of_other_roots_do_not_hold_a_scan_up(house: House) -> None:
    """However many wait there, and they stay pending."""
    (house.folder / "other").mkdir()
    for number in range(12):
        write(house, f"{number}", b"other %d" % number, root="other")
    house.judge.holding = True
    stopped = house.intake("other")
    house.rescan(stopped)
    house.time.turn(3.0)
    stopped.step()
    stopped.release(grace=0.0)
    house.judge.let_go()
    write(house, "mine", b"mine")
    house.pass_(house.intake())
    assert house.at("mine").state is State.SCORED
    assert house.states() == {State.SCORED: 1, State.READY: 12}
    house.pass_(house.intake("other"))
    assert house.states() == {State.SCORED: 13}
    house.check()


def test_an_interrupted_process_loses_and_repeats_nothing(house: House) -> None:
    """A new process takes up what the killed one had in each state."""
    house.judge.holding = True
    house.capacity = 1
    for number in range(3):
        write(house, f"{number}", b"film %d" % number)
    killed = house.intake()
    house.rescan(killed)
    house.time.turn(3.0)
    killed.step()
    write(house, "late", b"late")
    house.rescan(killed)
    assert house.states() == {State.RUNNING: 1, State.READY: 2, State.SETTLING: 1}
    house.judge.let_go()
    fresh = house.intake()
    assert house.states() == {State.READY: 3, State.SETTLING: 1}
    house.settle(fresh)
    assert house.states() == {State.SCORED: 4}
    assert len(house.judge.seen) == 5  # the one that was with a worker, once more
    house.check()


def test_release_gives_back_what_is_running(house: House) -> None:
    """A clean end leaves nothing RUNNING; what came out in time is kept."""
    house.judge.holding = True
    for name in ("a", "b"):
        write(house, name, name.encode())
    intake = house.intake()
    house.rescan(intake)
    house.time.turn(3.0)
    intake.step()
    house.judge.held[0][2].set_result(scored())
    intake.release(grace=0.0)
    assert house.states() == {State.SCORED: 1, State.READY: 1}
    house.check()


@pytest.mark.parametrize("pending", [True, False])
def test_a_step_with_nothing_to_do_writes_nothing(house: House, pending: bool) -> None:
    """An idle daemon takes no write lock, also while a file settles."""
    write(house, "a")
    intake = house.intake()
    house.rescan(intake)
    if not pending:
        house.settle(intake)
    with house.store.write():  # a second writer would wait for half a minute and then fail
        assert not intake.step()
        assert intake.busy() is pending


def test_one_film_costs_few_transactions(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Complete, taken up, recorded: three writes for a whole batch, whatever its size."""
    for number in range(4):
        write(house, f"{number}", b"%d" % number)
    intake = house.intake()
    house.rescan(intake)
    house.time.turn(3.0)
    writes = 0
    begin = house.store.write

    def counted() -> object:
        nonlocal writes
        writes += 1
        return begin()

    monkeypatch.setattr(house.store, "write", counted)
    while intake.busy():
        intake.step()
    assert house.states() == {State.SCORED: 4}
    assert writes == 3


def test_every_root_is_told_apart(house: House) -> None:
    """The same relative path in two roots is two arrivals; an absent root does not disturb the other."""
    (house.folder / "other").mkdir()
    write(house, "a", b"one")
    write(house, "a", b"two", root="other")
    intake = house.intake("incoming", "other")
    house.pass_(intake)
    assert house.states() == {State.SCORED: 2}
    with house.store.read() as tx:
        assert [len(arrivals.current(tx, root.id)) for root in roots.roots(tx)] == [1, 1]
    house.check()
