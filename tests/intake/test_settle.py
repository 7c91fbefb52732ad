"""When a file counts as complete."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.intake.settle import Settling
from db.records import FileStamp


def stamp(size: int) -> FileStamp:
    return FileStamp(size, 0, 0, 1, 1)


def test_a_file_is_due_after_a_window_without_change() -> None:
    """It is due at the end of its window, not before, and a change starts the window anew."""
    settling = Settling(2.0)
    settling.see(1, stamp(10), 0.0)
    assert settling.due(1.9) == []
    settling.see(1, stamp(20), 1.9)
    assert settling.due(2.5) == []
    assert settling.due(3.9) == [1]
    assert settling.stamp(1) == stamp(20)


def test_seeing_the_same_again_does_not_prolong_the_wait() -> None:
    """A rescan in the middle of a window changes nothing."""
    settling = Settling(2.0)
    settling.see(1, stamp(10), 0.0)
    settling.see(1, stamp(10), 1.5)
    assert settling.due(2.0) == [1]


def test_what_is_forgotten_is_not_waited_for() -> None:
    """Forgetting, also twice, ends the wait."""
    settling = Settling(2.0)
    settling.see(1, stamp(10), 0.0)
    settling.forget(1)
    settling.forget(1)
    assert (len(settling), settling.due(9.0), settling.next_due(9.0), settling.stamp(1)) == (0, [], None, None)


looks = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2), st.floats(0.0, 3.0)), min_size=1, max_size=30)


@given(looks=looks, window=st.floats(0.1, 5.0))
def test_due_means_unchanged_for_a_window(looks: list[tuple[int, int, float]], window: float) -> None:
    """Whatever comes in whatever order: due is exactly what last changed a window ago, and next_due says when."""
    settling, changed, sizes, now = Settling(window), dict[int, float](), dict[int, int](), 0.0
    for arrival, size, passed in looks:
        now += passed
        if sizes.get(arrival) != size:
            sizes[arrival], changed[arrival] = size, now
        settling.see(arrival, stamp(size), now)
        assert set(settling.due(now)) == {one for one, since in changed.items() if now - since >= window}
        wait = settling.next_due(now)
        assert wait is not None
        assert (wait == 0.0) == bool(settling.due(now)) or wait < 1e-9
