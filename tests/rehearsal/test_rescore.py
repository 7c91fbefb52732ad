"""Films scored anew by another bundle: which are, which are not, and what becomes of the answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from builders.intake import PaperJudge, refused, scored
from builders.studies import waiting_image
from pebble import ProcessExpired

from daemon.rehearsal.gather import OTHER
from daemon.rehearsal.rescore import Rescored, rescored
from db.records import WaitingImage
from db.states import State


class Paper:
    """Workers on paper that are asked as the real ones are."""

    def __init__(self) -> None:
        self.judge = PaperJudge()
        self.proven = True

    def ask(self, task: Callable[..., object], read: Callable[[Any], Any], data: bytes, *more: Any) -> Future[Any]:
        return self.judge.submit(data, *more)

    def restart(self) -> None:
        self.judge.restart()


def image(folder: Path, number: int, content: bytes, **values: Any) -> WaitingImage:
    """A film that is there."""
    (folder / f"{number}.dcm").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    return waiting_image(number, root_path=str(folder), path=f"{number}.dcm", sha256=sha256, logit=0.1, **values)


def done(images: list[WaitingImage], pool: Paper) -> Rescored:
    found = rescored(images, pool, lambda: False, lambda done, total: None)
    assert found is not None
    return found


def test_what_is_there_gets_the_other_score_and_what_is_not_keeps_its_own(tmp_path: Path) -> None:
    """Gone, changed since: counted. Copies are scored once."""
    films = [image(tmp_path, n, b"one" if n < 3 else b"film %d" % n) for n in (1, 2, 3, 4)]
    (tmp_path / "3.dcm").unlink()
    (tmp_path / "4.dcm").write_bytes(b"other")
    pool = Paper()
    pool.judge.answers[b"one"] = scored(2.5)
    found = done(films, pool)
    assert [(each.logit, each.bundle_id) for each in found.images] == [(2.5, OTHER)] * 2 + [(0.1, 1)] * 2
    assert (found.films, found.missing, pool.judge.seen) == (3, 2, [b"one"])


def test_what_the_other_bundle_refuses_or_dies_of_has_no_score(tmp_path: Path) -> None:
    """And no bundle, and is not called by the old one."""
    films = [image(tmp_path, 1, b"lateral"), image(tmp_path, 2, b"deadly")]
    pool = Paper()
    pool.judge.answers = {b"lateral": refused(), b"deadly": ProcessExpired("gone", code=-9)}
    found = done(films, pool)
    assert [(each.state, each.logit, each.bundle_id) for each in found.images] == [
        (State.REFUSED, None, None),
        (State.FAILED, None, None),
    ]


def test_a_blind_film_is_not_looked_at(tmp_path: Path) -> None:
    """Another score of it would tell as much."""
    film, pool = image(tmp_path, 1, b"one", blind=True), Paper()
    found = done([film], pool)
    assert (list(found.images), found.films, pool.judge.seen) == ([film], 0, [])


def test_it_stops_when_it_is_told_to(tmp_path: Path) -> None:
    """Between two films."""
    assert rescored([image(tmp_path, 1, b"one")], Paper(), lambda: True, lambda done, total: None) is None
