"""Departments that write over SMB, through a real Samba server into the watched folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from builders.films import truncated
from faults.samba import ALLOCATING, PLAIN, Share, need_library, samba
from faults.ward import LONG, SETTLE, Ward, dice, end, film, films, quiet

MANY = 400 if LONG else 20
PAUSE = 3 * SETTLE  # longer than a file has to keep still


class Department:
    """Writes films over SMB, and knows what it wrote."""

    def __init__(self, share: Share, here: Path, name: str) -> None:
        self.share, self.here, self.name = share, here / share.name / name, name
        self.here.mkdir(parents=True)
        self.kept: dict[str, bytes] = {}
        self.earlier: list[bytes] = []

    def do(self, *commands: str, **local: bytes) -> None:
        """Run commands of smbclient; `local` are files that these name."""
        for name, data in local.items():
            (self.here / name).write_bytes(data)
        self.share.client(f"cd {self.name}", *commands, within=self.here)

    def keep(self, name: str, data: bytes) -> None:
        """Note what a file is to be in the end."""
        path = f"{self.name}/{name}"
        if path in self.kept:
            self.earlier.append(self.kept[path])
        self.kept[path] = data

    def lose(self, name: str) -> bytes:
        """Note that a file is gone."""
        data = self.kept.pop(f"{self.name}/{name}")
        self.earlier.append(data)
        return data


def _many(department: Department, seed: int) -> None:
    new = films(MANY, seed * 1000, "many")
    department.do(*(f"put {name}" for name in new), **new)
    for name, data in new.items():
        department.keep(name, data)


def _overwritten(department: Department, seed: int) -> None:
    first, second = film(seed * 1000 + 900), film(seed * 1000 + 901)
    department.do("put a over.jpg", a=first)
    department.keep("over.jpg", first)
    time.sleep(PAUSE)
    department.do("put b over.jpg", b=second)
    department.keep("over.jpg", second)


def _renamed_and_deleted(department: Department, seed: int) -> None:
    one, other = film(seed * 1000 + 910), film(seed * 1000 + 911)
    department.do("put a old.jpg", "put b gone.jpg", a=one, b=other)
    time.sleep(PAUSE)
    department.do("rename old.jpg new.jpg", "del gone.jpg")
    department.earlier.append(other)
    department.keep("new.jpg", one)


def _under_a_temporary_name(department: Department, seed: int) -> None:
    data = film(seed * 1000 + 920)
    department.do("put a place.jpg.part", a=truncated(data))
    time.sleep(PAUSE)
    department.do("put b place.jpg.part", "rename place.jpg.part place.jpg", b=data)
    department.keep("place.jpg", data)


def _broken_off_and_resumed(department: Department, seed: int) -> None:
    """The first part is closed as if it were the whole: all that anybody can see is that the film is cut off."""
    data = film(seed * 1000 + 930)
    department.do("put a resumed.jpg", a=truncated(data))
    time.sleep(PAUSE)
    with department.share.opened(f"{department.name}\\resumed.jpg") as writing:  # smbclient's reput writes at 0
        writing.write(len(data) // 2, data[len(data) // 2 :])
    department.keep("resumed.jpg", data)


def _slowly(department: Department, seed: int) -> None:
    data, parts = film(seed * 1000 + 940), 4
    size = len(data) // parts + 1
    with department.share.opened(f"{department.name}\\slow.jpg") as writing:
        for start in range(0, len(data), size):
            writing.write(start, data[start : start + size])
            time.sleep(PAUSE if start == size else SETTLE / 2)
    department.keep("slow.jpg", data)


def _allocated_first(department: Department, seed: int) -> None:
    data = film(seed * 1000 + 950)
    with department.share.opened(f"{department.name}\\allocated.jpg") as writing:
        writing.allocate(len(data))
        time.sleep(PAUSE)
        writing.write(0, data)
    department.keep("allocated.jpg", data)


def _filled_from_the_front(department: Department, seed: int) -> None:
    """The whole size is there, half of the film and zeros: a picture could be made of it, and would be wrong."""
    data = film(seed * 1000 + 960)
    with department.share.opened(f"{department.name}\\filled.jpg") as writing:
        writing.allocate(len(data))
        writing.write(0, truncated(data))
        time.sleep(PAUSE)
        writing.write(len(data) // 2, data[len(data) // 2 :])
    department.keep("filled.jpg", data)


WAYS: list[Callable[[Department, int], None]] = [
    _many,
    _overwritten,
    _renamed_and_deleted,
    _under_a_temporary_name,
    _broken_off_and_resumed,
    _slowly,
    _allocated_first,
    _filled_from_the_front,
]


@pytest.mark.system("samba smbclient iproute2")
def test_films_that_come_over_smb_are_scored_once_and_whole(tmp_path: Path) -> None:
    """However a department writes them; a part of a film has no score, also where a writer pauses or allocates."""
    need_library()
    ward, here = Ward.at(tmp_path), tmp_path / "here"
    folders = [(name, ward.incoming / name) for name in (PLAIN, ALLOCATING)]
    for folder in (here, *(below for _, below in folders)):
        folder.mkdir()
    with samba(tmp_path / "samba", folders) as shares, ward.watching() as running:
        tasks = [(share, way, number) for number in range(6 if LONG else 1) for way in WAYS for share in shares]
        dice().shuffle(tasks)
        departments = [Department(share, here, f"{way.__name__}{number}") for share, way, number in tasks]
        for share in shares:
            share.client(*(f"mkdir {one.name}" for one in departments if one.share is share), within=here)
        with ThreadPoolExecutor(len(WAYS)) as together:
            list(together.map(lambda one, task: task[1](one, task[2]), departments, tasks))
        kept = {f"{one.share.name}/{path}": data for one in departments for path, data in one.kept.items()}
        ward.wait_for_scores(running, kept)
        quiet(ward, running)
        end(running)
    ward.check(kept, [data for one in departments for data in one.earlier])
