"""Whatever comes in whatever order: nothing is lost, nothing is judged twice, every history is legal."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import Counter
from pathlib import Path

from builders.intake import House, failed, refused
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.intake.hints import Hint
from daemon.intake.pipeline import Intake
from db import arrivals, queue
from db.states import ENDED, PENDING, State

NAMES = ("a", "b", "sub/c")
CONTENTS = (b"one", b"two", b"lateral", b"broken")

names, contents = st.sampled_from(NAMES), st.sampled_from(CONTENTS)
events = st.one_of(
    st.tuples(st.just("write"), names, contents),
    st.tuples(st.just("rename"), names, names),
    st.tuples(st.just("remove"), names, st.none()),
    st.tuples(st.just("touch"), names, st.none()),
    st.tuples(st.just("hint"), names, st.booleans()),
    st.tuples(st.sampled_from(["rescan", "step", "hold", "let go", "wait", "kill"]), st.none(), st.none()),
)


class Story:
    """A folder, and the process that looks after it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.intake: Intake = house.intake()
        self.kills = 0
        house.judge.answers = {b"lateral": refused(), b"broken": failed()}

    def happens(self, what: str, name: str | None, more: object) -> None:
        path = self.house.incoming / (name or "")
        match what:
            case "write":
                assert isinstance(more, bytes)
                path.write_bytes(more)
            case "rename" if path.exists():
                path.rename(self.house.incoming / str(more))
            case "remove":
                path.unlink(missing_ok=True)
            case "touch" if path.exists():
                os.utime(path, (1, 1))
            case "hint":
                self.intake.look(next(iter(self.intake.roots)), [Hint(str(name), closed=bool(more))])
            case "rescan":
                self.house.rescan(self.intake)
            case "step":
                self.intake.step()
            case "hold":
                self.house.judge.holding = True
            case "let go":
                self.house.judge.let_go()
            case "wait":
                self.house.time.turn(1.5)
            case "kill":
                self.kills += 1
                self.intake = self.house.intake()

    def ends(self) -> None:
        self.house.judge.let_go()
        for _ in range(3):  # what was replaced during a pass is seen by the next
            self.house.pass_(self.intake)


@given(st.lists(events, max_size=25))
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_nothing_is_lost_and_nothing_is_judged_twice(
    blank: Path, happenings: list[tuple[str, str | None, object]]
) -> None:
    """Files are written, renamed, removed and touched, processes killed, all at any moment.

    In the end every file that lies there has an arrival of its content, whose content the queue shows; what was judged
    was judged once, but for failures (tried again under another name) and what a killed process had with its workers.
    """
    with tempfile.TemporaryDirectory() as folder:
        house = House.in_(Path(folder, "house"), blank)
        (house.incoming / "sub").mkdir()
        try:
            story = Story(house)
            for what, name, more in happenings:
                story.happens(what, name, more)
            story.ends()
            nothing_is_lost(house)
            house.check()
            judged = Counter(data for data in house.judge.seen if data != b"broken")
            assert all(count <= 1 + story.kills for count in judged.values())
        finally:
            house.store.close()


def nothing_is_lost(house: House) -> None:
    assert not PENDING & set(house.states())
    with house.store.read() as tx:
        shown = {image.sha256 for image in queue.waiting(tx)}
        for name in NAMES:
            path = house.incoming / name
            if not path.exists():
                continue
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            arrival = house.at(name)
            assert (arrival.sha256, arrival.removed_at) == (sha256, None)
            assert sha256 in shown
            if arrival.state is State.DUPLICATE:
                assert arrival.duplicate_of is not None
                arrival = arrivals.get(tx, arrival.duplicate_of)
            assert arrival.state in ENDED
