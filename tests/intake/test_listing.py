"""Walking a root: everything that is no folder, nothing followed, nothing opened."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import DaemonError
from daemon.intake.listing import Listing, identity, list_root
from daemon.intake.selection import Selection


def test_files_are_found_at_any_depth_and_under_any_name(tmp_path: Path) -> None:
    """Deep folders, bytes that are not UTF-8, right-to-left marks, line breaks: all are names of films."""
    deep = tmp_path.joinpath(*["d"] * 50)
    deep.mkdir(parents=True)
    (deep / "film.jpg").touch()
    odd = os.fsdecode(b"caf\xe9 \xff.dcm")
    for name in (odd, "\u202egpj.exe", "line\nbreak.png", "-rf", "a" * 250):
        (tmp_path / name).touch()
    files = list_root(tmp_path).files
    assert set(files) == {odd, "\u202egpj.exe", "line\nbreak.png", "-rf", "a" * 250, f"{'d/' * 50}film.jpg"}


def test_special_files_are_listed_and_links_are_not_followed(tmp_path: Path) -> None:
    """A link, a pipe or a socket is an entry like any other; what a link points to is not walked."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "secret.dcm").touch()
    (root / "folder").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret.dcm")
    (root / "dangling").symlink_to("nowhere")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "socket"))
        assert set(list_root(root).files) == {"folder", "file", "dangling", "pipe", "socket"}


@pytest.mark.parametrize(
    "name",
    [".film.dcm.Xy12", ".nfs0001", "film.dcm.part", "film.PARTIAL", "film.tmp", "film.filepart", "film~", "Thumbs.db"],
)
def test_temporary_names_are_left_out(tmp_path: Path, name: str) -> None:
    """Names that copy programs and file managers use are no films, as files or as folders."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "film.dcm").touch()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / name).touch()
    assert list_root(tmp_path).files == {}
    assert not Selection().takes(f"{name}/film.dcm")
    assert not Selection().takes(f"sub/{name}")


@pytest.mark.parametrize("name", ["film.dcm", "IM0001", "tmp", "part", "a.tmp.dcm", "x.jpg", "apartment"])
def test_films_keep_their_names(name: str) -> None:
    """A name that only looks similar is a film's."""
    assert Selection().takes(name)


def test_a_root_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """A missing root, or a file in its place, is said; it is not an empty folder."""
    (tmp_path / "file").touch()
    for root in (tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(DaemonError, match="cannot list folder"):
            list_root(root)
    with pytest.raises(DaemonError, match="No such file"):
        identity(tmp_path / "missing")


def test_a_replaced_folder_has_another_identity(tmp_path: Path) -> None:
    """A root that was moved away and made anew is another one."""
    (tmp_path / "root").mkdir()
    before = identity(tmp_path / "root")
    (tmp_path / "root").rename(tmp_path / "old")
    (tmp_path / "root").mkdir()
    assert identity(tmp_path / "root") != before


@given(st.lists(st.sampled_from(["", "a", "a/b", "ab"]), max_size=3), st.sampled_from(["a/x", "a/b/x", "ab/x", "x"]))
def test_what_could_be_seen_is_what_lies_below_no_unseen_folder(unseen: list[str], path: str) -> None:
    """A folder hides what is below it, and not what only begins with its name."""
    hidden = any(folder == "" or path.split("/")[: len(folder.split("/"))] == folder.split("/") for folder in unseen)
    assert Listing({}, unseen).could_see(path) is not hidden
