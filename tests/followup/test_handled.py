"""What a department may delete: nothing that is unread, unknown, changed, or that cannot be seen."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from builders.intake import House, failed, refused, scored

from daemon.errors import DaemonError
from daemon.followup.handled import Handled, handled_files
from db import roots, studies
from db.states import ReadSource, RootState, State

DAY = timedelta(days=1)


def look(house: House, *folders: Path, age: timedelta = DAY, unread: bool = False) -> Handled:
    return handled_files(house.store, house.time.clock.now() - age, folders, unread=unread)


def names(found: Handled) -> list[str]:
    return [Path(file.path).name for file in found.files]


def mark_read(house: House, *films: str, at: datetime | None = None) -> None:
    now = at or house.time.clock.now()
    with house.store.write() as tx:
        for name in films:
            study = house.at(name).study_id
            assert study is not None
            studies.add_read(tx, study, read_at=now, now=now, source=ReadSource.COMMAND)


@pytest.fixture
def old(house: House) -> House:
    """Films of three days ago, one of each end, none of them read."""
    house.judge.answers |= {b"bad": failed(), b"side": refused()}
    for name, data in (("b.jpg", b"good"), ("a.jpg", b"bad"), ("c.jpg", b"side")):
        house.write(name, data)
    house.pass_(house.intake())
    house.write("copy.jpg", b"good")
    house.pass_(house.intake())
    house.time.turn(3 * 86400)
    return house


def test_only_what_was_read_may_go(old: House) -> None:
    """A copy goes with the film that it repeats; what nobody marked as read is counted."""
    mark_read(old, "b.jpg")
    found = look(old)
    assert names(found) == ["b.jpg", "copy.jpg"]
    assert {file.film.state for file in found.files} == {State.SCORED}
    assert (found.unread, found.changed, found.size) == (2, 0, 8)


def test_what_nobody_marked_as_read_may_go_on_request(old: House) -> None:
    """Sorted by path, whatever became of each."""
    found = look(old, unread=True)
    assert names(found) == ["a.jpg", "b.jpg", "c.jpg", "copy.jpg"]
    assert [file.film.state for file in found.files] == [State.FAILED, State.SCORED, State.REFUSED, State.SCORED]


def test_what_is_younger_stays(old: House) -> None:
    assert names(look(old, age=4 * DAY, unread=True)) == []
    old.write("new.jpg", b"new")
    old.pass_(old.intake())
    assert "new.jpg" not in names(look(old, unread=True))


def test_a_study_that_waits_again_keeps_its_files(house: House) -> None:
    """A second image came after it was read."""
    for number in (1, 2):
        house.judge.answers[str(number).encode()] = scored(study_uid="1.2.3")
    house.write("1.dcm", b"1")
    house.pass_(house.intake())
    mark_read(house, "1.dcm")
    house.time.turn(3 * 86400)
    assert names(look(house)) == ["1.dcm"]
    house.write("2.dcm", b"2")
    house.pass_(house.intake())
    assert names(look(house)) == []


def test_what_is_not_at_an_end_stays(old: House) -> None:
    """A new content of an old path is another film."""
    old.write("b.jpg", b"another")
    intake = old.intake()
    old.rescan(intake)
    old.time.turn(10)
    intake.step()
    assert old.at("b.jpg").state not in (State.SCORED, State.REFUSED, State.FAILED)
    assert "b.jpg" not in names(look(old, unread=True))


@pytest.mark.parametrize("change", ["touch", "write", "replace", "remove", "link", "folder"])
def test_a_file_that_is_not_as_the_store_knows_it_is_never_named(old: House, change: str) -> None:
    """Whatever happened to it since the last look."""
    file = old.incoming / "b.jpg"
    data = file.read_bytes()
    if change == "touch":
        os.utime(file)
    elif change == "write":
        with file.open("r+b") as stream:
            stream.write(data)
    elif change == "replace":
        (old.incoming / "other").write_bytes(data)
        (old.incoming / "other").rename(file)
    else:
        file.unlink()
        if change == "link":
            file.symlink_to(old.incoming / "copy.jpg")
        elif change == "folder":
            file.mkdir()
    found = look(old, unread=True)
    assert "b.jpg" not in names(found)
    assert found.changed == 1


@pytest.mark.parametrize("state", [RootState.AWAY, RootState.REPLACED])
def test_a_root_that_cannot_be_seen_gives_nothing(old: House, state: RootState) -> None:
    """It is named; also one that went away since the last look."""
    with old.store.write() as tx:
        roots.set_root_state(tx, old.at("b.jpg").root_id, state, "test")
    found = look(old, unread=True)
    assert (names(found), [root.path for root in found.away]) == ([], [str(old.incoming)])
    with old.store.write() as tx:
        roots.set_root_state(tx, old.at("b.jpg").root_id, RootState.WATCHED)
    old.incoming.rename(old.folder / "elsewhere")
    assert len(look(old, unread=True).away) == 1


def test_one_folder_alone(old: House) -> None:
    """By any path that leads to it; a folder that nobody watches is an error."""
    (old.folder / "second").mkdir()
    old.write("z.jpg", b"z", root="second")
    old.pass_(old.intake("incoming", "second"))
    old.time.turn(2 * 86400)
    (old.folder / "link").symlink_to(old.folder / "second")
    assert names(look(old, old.folder / "link", unread=True)) == ["z.jpg"]
    assert len(names(look(old, old.folder / "second", old.incoming, unread=True))) == 5
    with pytest.raises(DaemonError, match="it is not a watched folder"):
        look(old, old.folder)


def test_a_name_that_is_no_text_comes_out_as_it_is(old: House) -> None:
    name = "M\udcfc\nller.jpg"
    old.write(name, b"odd")
    old.pass_(old.intake())
    old.time.turn(2 * 86400)
    assert os.fsencode(old.incoming / name) in [os.fsencode(file.path) for file in look(old, unread=True).files]


def test_an_older_version_of_an_image_and_a_note_go_with_their_study(old: House) -> None:
    """They lie in the folder as well."""
    uids = {"study_uid": "1.2", "instance_uid": "1.2.3"}
    old.judge.answers |= {b"old": scored(**uids), b"new": scored(**uids)}
    for name in ("old", "new"):
        old.write(name, name.encode())
        old.pass_(old.intake())
    old.time.turn(3 * 86400)
    assert names(look(old)) == []
    mark_read(old, "new")
    assert names(look(old)) == ["new", "old"]
