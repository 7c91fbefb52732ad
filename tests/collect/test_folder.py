"""A collection is there as a whole or not at all, at a place where it does no harm."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest

from daemon.collect.folder import Folder, check_key, check_place
from daemon.errors import DaemonError


def test_it_appears_at_the_end_and_others_may_not_look(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with Folder(out) as folder:
        folder.film(7, np.zeros((4, 5), np.uint16))
        folder.text("manifest.csv", "file\r\n")
        assert not out.exists()
        folder.finish()
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*")) == [
        "films",
        "films/000007.png",
        "manifest.csv",
    ]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in [out, *out.rglob("*")]}
    assert modes == {0o750, 0o640}
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_nothing_is_left_of_what_was_broken_off(tmp_path: Path, error: type[BaseException]) -> None:
    def broken_off() -> None:
        with Folder(tmp_path / "out") as folder:
            folder.film(1, np.zeros((4, 5), np.uint16))
            raise error

    with pytest.raises(error):
        broken_off()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_filled_and_one_that_was_filled_meanwhile_is_not(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    check_place(tmp_path / "out", [])
    with Folder(tmp_path / "out") as folder:
        folder.finish()
    assert (tmp_path / "out" / "films").is_dir()
    with Folder(tmp_path / "other") as folder:
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "mine").touch()
        with pytest.raises(DaemonError, match="not empty"):
            folder.finish()
    assert {path.name for path in tmp_path.rglob("*")} == {"out", "films", "other", "mine"}


def test_places_that_would_do_harm_are_refused(tmp_path: Path) -> None:
    films = tmp_path / "films"
    (films / "ward").mkdir(parents=True)
    (tmp_path / "link").symlink_to(films)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    for out, why in (
        ("films/out", "watched"),
        ("films/ward/out", "watched"),
        ("link/out", "watched"),
        ("films", "already"),
        ("link", "already"),
        ("full", "already"),
        ("full/mine", "already"),
        ("absent/out", "no such folder"),
    ):
        with pytest.raises(DaemonError, match=why):
            check_place(tmp_path / out, [str(films)])
    check_place(tmp_path / "out", [str(films)])


def test_a_key_stays_apart_from_what_it_opens(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "there").touch()
    films = tmp_path / "films"
    films.mkdir()
    for key, why in (
        (out / "key.csv", "in the collection"),
        (tmp_path / "there", "already"),
        (films / "key.csv", "watched"),
    ):
        with pytest.raises(DaemonError, match=why):
            check_key(key, out, [str(films)])
    check_key(tmp_path / "key.csv", out, [str(films)])
