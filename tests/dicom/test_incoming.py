"""The folder that objects are written into: whole and on the disk, or not there at all."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.dicom.incoming import Answer, IncomingFolder, Limits
from daemon.errors import DaemonError
from daemon.intake.selection import is_temporary

HEAD, BODY = b"head", b"body" * 1000


@pytest.fixture
def into(tmp_path: Path) -> Iterator[IncomingFolder]:
    with IncomingFolder.held(tmp_path, Limits(largest=100_000, reserve=0)) as (folder, _):
        yield folder


def names(folder: IncomingFolder) -> list[str]:
    return sorted(file.name for file in folder.path.iterdir() if file.suffix != ".lock")


def test_an_object_lies_there_under_the_hash_of_its_file(into: IncomingFolder) -> None:
    """Byte for byte, and only once it is whole; before that under a name that the daemon passes over."""
    incoming = into.begin(HEAD)
    for at in range(0, len(BODY), 7):
        incoming.write(BODY[at : at + 7])
    (half,) = names(into)
    assert is_temporary(half)
    assert incoming.keep() is Answer.STORED
    (name,) = names(into)
    assert name == hashlib.sha256(HEAD + BODY).hexdigest() + ".dcm"
    assert (into.path / name).read_bytes() == HEAD + BODY
    assert (into.path / name).stat().st_mode & 0o027 == 0
    assert not is_temporary(name)
    assert incoming.size == len(BODY)


def test_what_is_sent_again_takes_the_place_of_itself(into: IncomingFolder) -> None:
    """Also two at once, whichever ends first."""
    one, other = into.begin(HEAD), into.begin(HEAD)
    for incoming in (one, other):
        incoming.write(BODY)
    assert [other.keep(), one.keep()] == [Answer.STORED, Answer.STORED]
    assert len(names(into)) == 1


def test_success_is_said_only_when_file_and_name_are_on_the_disk(
    into: IncomingFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First the content, then the name, then the folder that holds the name."""
    done = []
    fsync, rename = os.fsync, os.rename

    def synced(handle: int) -> None:
        done.append("folder" if Path(f"/proc/self/fd/{handle}").resolve() == into.path.resolve() else "content")
        fsync(handle)

    def renamed(*arguments: str, **places: int) -> None:
        done.append("name")
        rename(*arguments, **places)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", renamed)
    incoming = into.begin(HEAD)
    incoming.write(BODY)
    assert incoming.keep() is Answer.STORED
    assert done == ["content", "name", "folder"]


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_disk_that_fails_is_told_and_leaves_nothing(
    into: IncomingFolder, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The kind of error goes to the log, without its text."""

    def fails(*arguments: object, **places: object) -> None:
        raise OSError(5, "Input/output error", "a-path")

    incoming = into.begin(HEAD)
    incoming.write(BODY)
    monkeypatch.setattr(os, call, fails)
    assert (incoming.keep(), incoming.cause) == (Answer.NO_SPACE, "OSError")
    assert names(into) == []


def test_what_is_empty_too_large_refused_or_broken_off_leaves_nothing(into: IncomingFolder) -> None:
    """Its rest is still taken, and dropped."""
    assert into.begin(HEAD).keep() is Answer.EMPTY
    large = into.begin(HEAD)
    large.write(bytes(100_000))
    assert large.failed is None
    large.write(b"x")
    large.write(bytes(100_000))
    assert names(into) == []
    assert (large.keep(), large.size) == (Answer.TOO_LARGE, 200_001)
    other = into.begin(HEAD)
    other.write(BODY)
    other.refuse(Answer.MISMATCH)
    assert other.keep() is Answer.MISMATCH
    left = into.begin(HEAD)
    left.write(BODY)
    left.drop()
    left.write(BODY)
    assert names(into) == []


def test_below_the_reserve_nothing_is_taken(tmp_path: Path) -> None:
    """And what is on its way when the disk fills up is given back."""
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    with IncomingFolder.held(tmp_path, Limits(largest=1000, reserve=2 * free)) as (folder, _):
        incoming = folder.begin(HEAD)
        incoming.write(BODY[:100])
        assert incoming.keep() is Answer.NO_SPACE
        assert names(folder) == []


@pytest.mark.parametrize("replaced", [False, True])
def test_a_folder_that_is_gone_or_another_one_takes_nothing(tmp_path: Path, replaced: bool) -> None:
    """What is written into a folder that lies over the watched one would not be where the daemon looks."""
    path = tmp_path / "in"
    path.mkdir()
    with IncomingFolder.held(path, Limits(largest=10_000, reserve=0)) as (folder, _):
        path.rename(tmp_path / "elsewhere")
        if replaced:
            path.mkdir()
        incoming = folder.begin(HEAD)
        incoming.write(BODY)
        assert incoming.keep() is Answer.NO_SPACE
        assert not replaced or list(path.iterdir()) == []


def test_halves_of_one_that_was_killed_are_removed_and_nothing_else(tmp_path: Path) -> None:
    """Only names that a receiver gives."""
    ours = f".cxr-triage-receive-{'0a' * 16}.part"
    others = [".cxr-triage-receive-x.part", ".hidden.part", "film.part", f"{'0' * 64}.dcm"]
    for name in [ours, *others]:
        (tmp_path / name).write_bytes(b"")
    (tmp_path / f".cxr-triage-receive-{'0b' * 16}.part").mkdir()
    with IncomingFolder.held(tmp_path, Limits(1, 0)) as (folder, removed):
        assert removed == 1
        assert set(others) < set(names(folder))
        assert ours not in names(folder)


def test_one_receiver_holds_a_folder(tmp_path: Path) -> None:
    """Another one would take its halves for those of somebody who is gone; after its end, or its death, it may."""
    code = (
        "import pathlib, sys, time; from daemon.dicom.incoming import IncomingFolder, Limits\n"
        "with IncomingFolder.held(pathlib.Path(sys.argv[1]), Limits(1, 0)): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(DaemonError, match="another receiver"), IncomingFolder.held(tmp_path, Limits(1, 0)):
            pass
        other.kill()
    with IncomingFolder.held(tmp_path, Limits(1, 0)):
        pass


def test_a_folder_that_is_not_there_is_one_error(tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(DaemonError, match="make the folder"), IncomingFolder.held(tmp_path / "no", Limits(1, 0)):
        pass
