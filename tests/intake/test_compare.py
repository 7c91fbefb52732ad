"""What a listing means for what the store knows."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from daemon.intake.compare import compare
from daemon.intake.listing import Listing
from db.records import Arrival, FileStamp, FilmFacts
from db.states import PENDING, State

NOW = datetime(2026, 11, 22, tzinfo=UTC)
NAMES = ("a", "b", "sub/c", "sub/d", "away/e")
stamps = st.builds(FileStamp, *[st.integers(0, 1)] * 5)


@st.composite
def arrivals(draw: st.DrawFn, path: str) -> Arrival:
    return Arrival(
        id=NAMES.index(path) + 1,
        root_id=1,
        path=path,
        generation=draw(st.integers(1, 3)),
        state=draw(st.sampled_from(State)),
        code=None,
        message=None,
        stamp=draw(stamps),
        sha256=None,
        study_id=None,
        result_id=None,
        duplicate_of=None,
        superseded_by=None,
        facts=FilmFacts(),
        attempts=0,
        not_before=None,
        backlog=False,
        steps=1,
        arrived_at=NOW,
        changed_at=NOW,
        removed_at=draw(st.sampled_from([None, NOW])),
        withdrawn_at=None,
        withdrawn_by=None,
    )


@st.composite
def situations(draw: st.DrawFn) -> tuple[dict[str, Arrival], Listing]:
    known = {name: draw(arrivals(name)) for name in NAMES if draw(st.booleans())}
    there = {name: draw(stamps) for name in NAMES if draw(st.booleans())}
    unseen = draw(st.lists(st.sampled_from(["away", "sub"]), max_size=2, unique=True))
    return known, Listing({n: s for n, s in there.items() if not n.startswith(tuple(f"{u}/" for u in unseen))}, unseen)


@given(situations())
def test_every_file_and_every_arrival_is_accounted_for_once(situation: tuple[dict[str, Arrival], Listing]) -> None:
    """Each path is new, changed, doubtful, gone, back, or known as it is; nothing is in two lists or in none."""
    known, listing = situation
    changes = compare(known, listing)
    named = [path for path, _, _ in changes.new]
    named += [arrival.path for arrival, _ in (*changes.changed, *changes.doubtful)]
    named += [arrival.path for arrival in (*changes.gone, *changes.back)]
    assert len(named) == len(set(named))
    over = (State.VANISHED,)  # a path whose newest content is superseded holds an older version of an image
    for path in {*known, *listing.files} - set(named):
        arrival, stamp = known[path], listing.files.get(path)
        if stamp is not None:
            assert arrival.stamp == stamp
            assert arrival.removed_at is None
            assert arrival.state not in over
        else:
            assert arrival.state in over or arrival.removed_at is not None or not listing.could_see(path)


@given(situations())
def test_changes_are_of_the_right_kind(situation: tuple[dict[str, Arrival], Listing]) -> None:
    """A pending file that changed waits again, a finished one is doubted; a new generation follows the one before."""
    known, listing = situation
    changes = compare(known, listing)
    for path, generation, stamp in changes.new:
        assert stamp == listing.files[path]
        assert generation == (known[path].generation + 1 if path in known else 1)
    assert all(arrival.state in PENDING for arrival, _ in changes.changed)
    assert all(arrival.state not in PENDING for arrival, _ in changes.doubtful)
    assert all(arrival.path not in listing.files for arrival in changes.gone)


@given(situations())
def test_nothing_in_a_folder_that_could_not_be_listed_is_gone(situation: tuple[dict[str, Arrival], Listing]) -> None:
    """A folder without permission hides its films; it does not remove them."""
    known, listing = situation
    assert all(listing.could_see(arrival.path) for arrival in compare(known, listing).gone)
