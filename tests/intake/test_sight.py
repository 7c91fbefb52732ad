"""Roots that are replaced, cannot be written to, are away, and what is kept of the time in which nobody saw them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders.intake import House

from daemon.errors import DaemonError
from daemon.intake import audit, sight
from daemon.intake.hints import Hint
from daemon.intake.listing import Listing
from daemon.intake.places import replacement
from daemon.intake.selection import Selection
from db import blind, roots
from db.records import FileStamp, Known
from db.states import RootState, State

STAMP = FileStamp(5, 1, 1, 1, 1)
OTHER = FileStamp(5, 2, 2, 77, 9)  # the same file on another mount: its size is all that stays
FILM = Known(1, 1, "a", 1, State.SCORED, None, STAMP)
GONE = Known(2, 1, "b", 1, State.SCORED, datetime(2026, 11, 22, tzinfo=UTC), STAMP)


@pytest.mark.parametrize(
    ("before", "now", "files", "known", "says"),
    [
        ("cifs //s/x /", "cifs //s/x /", {}, [FILM], None),  # emptied, and the same
        (None, "ext4 /in", {}, [FILM], None),  # of an older version, or accepted by hand
        ("cifs //s/x /", None, {}, [FILM], None),  # nobody can know
        ("cifs //s/x /", "ext4 /mnt", {}, [FILM], "it is empty"),  # not mounted
        ("cifs //s/x /", "ext4 /mnt", {}, [], "it is empty"),
        ("ext4 /in", "tmpfs /", {"c": STAMP}, [FILM], "nothing that lay there"),  # mounted over
        ("ext4 /in", "cifs //s/x /", {"a": OTHER}, [FILM], None),  # moved to a server with its films
        ("ext4 /in", "cifs //s/x /", {"c": STAMP}, [GONE], None),  # moved when it was empty
    ],
)
def test_what_took_the_place_of_a_root_is_told_from_what_is_on_it(
    before: str | None, now: str | None, files: dict[str, FileStamp], known: list[Known], says: str | None
) -> None:
    """Another file system is an outage, unless something that lay there is on it, or nothing lay there."""
    found = replacement(before, now, Listing(files), known)
    assert (found is None) == (says is None)
    assert says is None or (found is not None and says in found)


class Mounts:
    """What the kernel would say a folder lies on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place = "cifs //server/share /"
        self.inside: dict[str, str] = {}
        self.read_only = False
        for module in (sight, audit):
            monkeypatch.setattr(module, "places_of", lambda path: {"": self.place, **self.inside})
        monkeypatch.setattr(sight, "_is_read_only", lambda path: self.read_only)


@pytest.fixture
def mounts(monkeypatch: pytest.MonkeyPatch) -> Mounts:
    return Mounts(monkeypatch)


def root_state(house: House) -> RootState:
    with house.store.read() as tx:
        return roots.roots(tx)[0].state


def minutes(house: House) -> float:
    now = house.time.clock.now()
    with house.store.read() as tx:
        return sum(blind.minutes(tx, now - timedelta(days=1), now).values())


def test_a_share_that_is_not_mounted_takes_no_film_with_it(house: House, mounts: Mounts) -> None:
    """Its mount point is an empty folder: no film counts as removed, and the time is blind; then it is back."""
    film = house.write("film")
    intake = house.intake()
    house.pass_(intake)
    mounts.place = "ext4 /mnt"
    film.rename(house.folder / "on the server")
    (root_id,) = intake.roots
    house.time.turn(60.0)
    with pytest.raises(DaemonError, match=r"cannot see folder .*: another file system"):
        intake.rescan(root_id)
    intake.away(root_id, "it is empty")
    house.time.turn(60.0)
    assert (root_state(house), house.at("film").removed_at) == (RootState.AWAY, None)
    assert minutes(house) == pytest.approx(1.0, abs=0.1)  # since it was noticed
    (house.folder / "on the server").rename(film)
    mounts.place = "cifs //server/share /"
    house.pass_(intake)
    house.time.turn(600.0)
    assert root_state(house) is RootState.WATCHED
    assert minutes(house) == pytest.approx(1.0, abs=0.1)
    assert house.states() == {State.SCORED: 1}


def test_films_on_what_took_the_place_of_a_root_are_taken_in(house: House, mounts: Mounts) -> None:
    """Whoever drops them there expects it; what lay there before does not count as removed until somebody accepts."""
    house.write("old", b"old")
    intake = house.intake()
    house.pass_(intake)
    mounts.place = "tmpfs /"
    (house.incoming / "old").unlink()
    house.write("new", b"new")
    house.pass_(intake)
    house.pass_(intake)  # what was found there proves nothing about the root that was
    assert root_state(house) is RootState.REPLACED
    assert house.at("new").state is State.SCORED
    assert house.at("old").removed_at is None
    with house.store.write() as tx:
        roots.set_place(tx, next(iter(intake.roots)), None)  # as `roots accept` does
    house.pass_(intake)
    assert root_state(house) is RootState.WATCHED
    assert house.at("old").removed_at is not None
    house.check()


def test_a_root_that_becomes_read_only_is_told_of_and_still_read(house: House, mounts: Mounts) -> None:
    """A root that was so from the start is as its administrator wants it."""
    intake = house.intake()
    house.pass_(intake)
    mounts.read_only = True
    house.write("film")
    house.pass_(intake)
    assert root_state(house) is RootState.READ_ONLY
    assert house.states() == {State.SCORED: 1}
    assert minutes(house) == 0
    house.pass_(house.intake())
    assert root_state(house) is RootState.WATCHED


def test_the_canary_is_noted_when_it_changes(house: House) -> None:
    """By a rescan and by an event; it is no film."""
    house.watched["selection"] = Selection(canary="canary.txt")
    intake = house.intake()
    (root_id,) = intake.roots
    house.pass_(intake)
    seen = []
    for number, hear in enumerate(
        (lambda: intake.rescan(root_id), lambda: intake.look(root_id, [Hint("canary.txt", True)]))
    ):
        house.write("canary.txt", b"%d" % number)
        house.time.turn(60.0)
        hear()
        with house.store.read() as tx:
            seen.append(roots.get(tx, root_id).canary_seen_at)
        assert seen[-1] == house.time.clock.now()
    house.time.turn(60.0)
    intake.rescan(root_id)
    with house.store.read() as tx:
        assert roots.get(tx, root_id).canary_seen_at == seen[-1]
    assert house.states() == {}


def test_a_file_over_the_limit_of_its_root_is_not_read(house: House) -> None:
    """The rest is."""
    house.watched["largest_bytes"] = 10
    house.write("small")
    house.write("large", bytes(11))
    house.pass_(house.intake())
    assert (house.at("large").state, house.at("large").code) == (State.FAILED, "too-large")
    assert house.at("small").state is State.SCORED
    assert bytes(11) not in house.judge.seen


def test_what_is_excluded_later_stays_as_it_is(house: House) -> None:
    """A film that was taken in is not removed by a setting; `--verify` looks at the root in the same way."""
    house.write("old/film")
    house.pass_(house.intake())
    house.watched["selection"] = Selection(exclude=("old",))
    intake = house.intake()
    with house.store.write() as tx:
        roots.set_selection(tx, next(iter(intake.roots)), Selection(exclude=("old",)).document())
    house.write("old/other")
    house.pass_(intake)
    assert house.states() == {State.SCORED: 1}
    assert house.at("old/film").removed_at is None
    house.check()


def test_an_outage_of_the_store_is_a_blind_time_of_every_root(house: House, tmp_path: Path) -> None:
    """But of none that was added meanwhile."""
    intake = house.intake()
    house.pass_(intake)
    since = house.time.clock.now()
    house.time.turn(120.0)
    intake.was_blind(since, "the store did not answer")
    assert minutes(house) == pytest.approx(2.0, abs=0.01)
    (house.folder / "later").mkdir()
    late = house.intake("later")
    late.was_blind(since, "the service did not run")
    assert minutes(house) == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize("state", [State.SETTLING, State.READY, State.SCORED])
def test_a_share_inside_a_root_that_is_not_mounted_takes_no_film_with_it(
    house: House, mounts: Mounts, state: State
) -> None:
    """The rest of the root goes on; its films wait, the time is blind, and they are taken up when it is back."""
    mounts.inside = {"share": "cifs //server/dx /"}
    film = house.write("share/film")
    intake = house.intake()
    (root_id,) = intake.roots
    house.rescan(intake)
    if state is State.READY:
        intake.look(root_id, [Hint("share/film", closed=True)])
    if state is State.SCORED:
        house.settle(intake)
    share, server = film.parent, house.folder / "server"
    share.rename(server)
    share.mkdir()
    mounts.inside = {}
    house.write("other", b"other")
    for _ in range(10):
        house.time.turn(3.0)
        house.rescan(intake)
        while intake.step():
            pass
    assert root_state(house) is RootState.REPLACED
    assert house.at("other").state is State.SCORED
    assert (house.at("share/film").state, house.at("share/film").removed_at) == (state, None)
    assert {each.kind for each in house.audit().discrepancies} == {"not-mounted"}
    assert minutes(house) > 0
    share.rmdir()
    server.rename(share)
    mounts.inside = {"share": "cifs //server/dx /"}
    house.time.turn(10.0)
    house.pass_(intake)
    assert root_state(house) is RootState.WATCHED
    assert house.states() == {State.SCORED: 2}
    house.check()
