"""The same image again with other content: the newest version that could be judged stands, wherever the files lie."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders.intake import House, failed, refused, scored
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.intake.worker import Outcome
from db.states import State

UIDS = {"study_uid": "1.2", "instance_uid": "1.2.3"}


def of_image(outcome: Outcome, **uids: str) -> Outcome:
    return replace(outcome, facts=replace(outcome.facts, **{**UIDS, **uids}))


def answers(house: House, **by_name: Outcome) -> None:
    house.judge.answers.update({name.encode(): outcome for name, outcome in by_name.items()})


def arrive(house: House, *names: str, root: str = "incoming") -> None:
    """One after the other, each with content of its own; each is judged before the next comes."""
    for name in names:
        house.write(name, name.encode(), root)
        house.pass_(house.intake("incoming", *([root] if root != "incoming" else [])))


@pytest.mark.parametrize("newer", [scored(), refused()], ids=["scored", "refused"])
def test_a_newer_version_takes_the_place_of_an_older_one_at_another_path(house: House, newer: Outcome) -> None:
    """Visibly: its state, by what, and the reason in its history."""
    answers(house, old=of_image(scored()), new=of_image(newer))
    arrive(house, "old", "new")
    old, new = house.at("old"), house.at("new")
    assert (old.state, old.superseded_by) == (State.SUPERSEDED, new.id)
    assert house.history(old)[-1].reason == "the same image came again with other content"
    assert house.queued() == {"new"}
    arrive(house)
    assert house.at("old") == old, "a rescan takes the older version for a new film"
    house.check()


def test_it_may_lie_in_another_root(house: House) -> None:
    (house.folder / "other").mkdir()
    answers(house, old=of_image(scored()), new=of_image(scored()))
    arrive(house, "old")
    arrive(house, "new", root="other")
    assert house.at("old").state is State.SUPERSEDED
    house.check()


def test_a_version_that_cannot_be_read_puts_no_good_one_away(house: House) -> None:
    """It stays in the queue as what it is; the next good one puts both away."""
    answers(house, old=of_image(scored()), broken=of_image(failed()), new=of_image(scored()))
    arrive(house, "old", "broken")
    assert house.queued() == {"old", "broken"}
    arrive(house, "new")
    assert house.queued() == {"new"}
    house.check()


@pytest.mark.parametrize("uids", [{"study_uid": "1.9"}, {"instance_uid": "1.9"}])
def test_only_where_both_uids_agree(house: House, uids: dict[str, str]) -> None:
    """Some systems use the same SOPInstanceUID in every study."""
    answers(house, one=of_image(scored()), two=of_image(scored(), **uids))
    arrive(house, "one", "two")
    assert house.queued() == {"one", "two"}


def test_workers_may_end_in_any_order(house: House) -> None:
    """What came last stands, not what was judged last."""
    answers(house, old=of_image(scored()), new=of_image(scored()))
    house.judge.holding = True
    house.write("old", b"old")
    intake = house.taken_up()
    house.write("new", b"new")
    house.rescan(intake)
    house.time.turn(3.0)
    intake.step()
    intake.step()
    assert len(house.judge.held) == 2
    house.judge.held.reverse()
    held = house.judge.held.copy()
    del house.judge.held[1:]
    house.judge.let_go()
    intake.step()
    house.judge._answer(*held[1])
    house.settle(intake)
    assert (house.at("old").state, house.at("new").state) == (State.SUPERSEDED, State.SCORED)
    house.check()


def test_copies_of_an_older_version_go_with_it_and_of_the_newest_they_are_copies(house: House) -> None:
    answers(house, old=of_image(scored()), new=of_image(scored()))
    arrive(house, "old")
    house.write("copy of old", b"old")
    house.pass_(house.intake())
    arrive(house, "new")
    house.write("copy of new", b"new")
    house.pass_(house.intake())
    assert house.states() == {State.SUPERSEDED: 2, State.SCORED: 1, State.DUPLICATE: 1}
    assert house.queued() == {"new"}
    house.check()


def test_what_is_sent_once_more_is_the_newest_again(house: House) -> None:
    """Also where its bytes were there before."""
    answers(house, old=of_image(scored()), new=of_image(scored()))
    arrive(house, "old", "new")
    house.write("old again", b"old")
    house.pass_(house.intake())
    assert house.queued() == {"old again"}
    assert house.at("new").state is State.SUPERSEDED
    house.check()


def test_an_older_version_comes_back_when_the_newer_one_is_overwritten_by_another_image(house: House) -> None:
    """Its file is the only one that is left of the image."""
    answers(house, old=of_image(scored()), new=of_image(scored()), other=of_image(scored(), instance_uid="1.2.4"))
    arrive(house, "old", "new")
    house.write("new", b"other")
    house.pass_(house.intake())
    assert house.queued() == {"old", "new"}
    assert (house.at("old").state, house.at("old").superseded_by) == (State.SCORED, None)
    house.check()


def test_the_newest_of_several_that_is_still_the_content_of_its_path(house: House) -> None:
    """One that failed after it stands too; one whose path has other content meanwhile does not."""
    answers(house, a=of_image(scored()), b=of_image(refused()), c=of_image(failed()), d=of_image(scored()))
    arrive(house, "a", "b", "c", "d")
    house.write("d", b"another film")
    house.pass_(house.intake())
    assert house.queued() == {"b", "c", "d"}
    assert house.at("a").superseded_by == house.at("b").id
    assert (house.at("b").code, house.at("c").code) == ("view", "corrupt")
    arrive(house, "e")
    house.judge.answers[b"d again"] = of_image(scored())
    house.write("d", b"d again")
    house.pass_(house.intake())
    house.write("b", b"third film")
    house.pass_(house.intake())
    assert house.queued() == {"b", "d", "e"}
    house.write("d", b"fourth film")
    house.pass_(house.intake())
    assert house.queued() == {"a", "b", "c", "d", "e"}
    house.check()


def test_its_file_may_have_changed_meanwhile(house: House) -> None:
    """Then it is other content of its path, and the result that was given stays with what it was given for."""
    answers(house, old=of_image(scored()), new=of_image(scored()))
    arrive(house, "old", "new")
    house.write("new", b"another film")
    house.write("old", b"third film")
    house.pass_(house.intake())
    assert house.queued() == {"old", "new"}
    assert {house.at("old").generation, house.at("new").generation} == {2}
    house.check()


def test_when_the_newest_file_is_removed_the_older_version_stays_away(house: House) -> None:
    """Its sender replaced it; a removed film keeps its place, as any other does."""
    answers(house, old=of_image(scored()), new=of_image(scored()))
    arrive(house, "old", "new")
    (house.incoming / "new").unlink()
    house.pass_(house.intake())
    assert house.queued() == {"new"}
    assert house.at("old").state is State.SUPERSEDED
    house.check()


def test_an_older_version_whose_file_changes_is_new_content_of_its_path(house: House) -> None:
    answers(house, old=of_image(scored()), new=of_image(scored()))
    arrive(house, "old", "new")
    house.write("old", b"another film")
    house.pass_(house.intake())
    assert house.queued() == {"old", "new"}
    assert house.at("old").generation == 2
    house.check()


@settings(max_examples=30)
@given(kinds=st.lists(st.sampled_from(["scored", "refused", "failed", "same"]), min_size=1, max_size=6))
def test_one_version_stands_whatever_comes(tmp_path_factory, blank, kinds: list[str]) -> None:
    """The newest that was scored or refused, and what failed after it."""
    house = House.in_(tmp_path_factory.mktemp("versions"), blank)
    told = {"scored": scored(), "refused": refused(), "failed": failed(), "same": scored()}
    for number, kind in enumerate(kinds):
        data = b"same" if kind == "same" else f"{number}".encode()
        house.judge.answers[data] = of_image(told[kind])
        house.write(f"film {number}", data)
        house.pass_(house.intake())
    house.check()
    good = [number for number, kind in enumerate(kinds) if kind != "failed"]
    contents = ["same" if kind == "same" else str(number) for number, kind in enumerate(kinds)]
    shown = {contents[int(name.split()[1])] for name in house.queued()}
    last = good[-1] if good else -1
    expected = {contents[last]} if good else set()
    assert expected <= shown
    assert {kinds[int(name.split()[1])] for name in house.queued()} - {"failed"} == ({kinds[last]} if good else set())
    house.store.close()
