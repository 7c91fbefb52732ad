"""The kernel has no more watches, instances, descriptors or room in its queue: intake goes on, slower, and says so."""

from __future__ import annotations

import os
import resource
import signal
import time
from pathlib import Path

import pytest
from builders.parts import need_program
from builders.program import Running
from faults.ward import LONG, Ward, end, film, films, quiet, said, wait

COUNT = 40 if LONG else 5
DEPTH = 50


@pytest.mark.system("util-linux")
@pytest.mark.parametrize("limit", ["max_inotify_watches", "max_inotify_instances"])
def test_without_watches_the_daemon_goes_on_by_rescans(tmp_path: Path, limit: str) -> None:
    """It says so once, a film comes in with the next rescan, and events come again by themselves where they can."""
    knob = f"/proc/sys/user/{limit}"
    inside = ["unshare", "--user", "--map-root-user", "sh", "-c", f'echo "$0" > {knob} && exec "$@"']
    need_program("unshare")
    ward = Ward.at(tmp_path, prefix=[*inside, "0"])
    with ward.watching() as running:
        said(running, "no events, only rescans")
        kept = {**films(COUNT), "sub/new.jpg": film(700)}
        ward.put(kept)
        ward.wait_for_scores(running, kept)
        quiet(ward, running)
        assert running.said().count("no events, only rescans") == 1
        end(running)
    ward.check(kept)


@pytest.mark.system("util-linux")
def test_watches_that_run_out_under_way_are_noticed(tmp_path: Path) -> None:
    """A new subfolder that gets no watch is seen by rescans, and the daemon lives."""
    inside = [
        "unshare",
        "--user",
        "--map-root-user",
        "sh",
        "-c",
        'echo 6 > /proc/sys/user/max_inotify_watches; exec "$@"',
    ]
    need_program("unshare")
    ward = Ward.at(tmp_path, prefix=[*inside, "sh"])
    with ward.watching() as running:
        kept = {f"folder{number}/film.jpg": film(number) for number in range(2 * COUNT)}
        ward.put(kept)
        ward.wait_for_scores(running, kept)
        more = {f"folder{number}/later.jpg": film(1000 + number) for number in range(2 * COUNT)}
        ward.put(more)
        kept |= more
        ward.wait_for_scores(running, kept)
        quiet(ward, running)
        end(running)
    ward.check(kept)


def test_films_that_come_while_there_are_no_descriptors_are_scored_afterwards(tmp_path: Path) -> None:
    """None of them fails for it, none of those that are there counts as gone, and nobody has to restart anything."""
    ward = Ward.at(tmp_path)
    kept = films(COUNT)
    ward.put(kept)
    with ward.watching() as running:
        ward.wait_for_scores(running, kept)
        before = ward.rows()
        limits = _descriptors(running, _lowest_free(running))
        new = films(COUNT, 100, "meanwhile")
        new["sub/deep.jpg"] = film(800)
        ward.put(new)
        wait(lambda: "level=error" in running.said(), lambda: "trouble to be told of", running)
        time.sleep(8.0 if LONG else 3.0)
        assert [row for row in ward.rows() if row.path in kept] == before
        _descriptors(running, limits[0])
        kept |= new
        ward.wait_for_scores(running, kept)
        quiet(ward, running)
        after = films(COUNT, 200, "afterwards")
        ward.put(after)
        kept |= after
        ward.wait_for_scores(running, kept)
        quiet(ward, running)
        end(running)
    assert ward.failures() == []
    ward.check(kept)


def _lowest_free(running: Running) -> int:
    """The lowest limit that leaves a process what it has open, and nothing else: a new descriptor is the lowest one."""
    used = {int(name) for name in os.listdir(f"/proc/{running.process.pid}/fd")}  # noqa: PTH208
    return next(number for number in range(len(used) + 1) if number not in used)


def _descriptors(running: Running, limit: int) -> tuple[int, int]:
    """Set how many descriptors the daemon may have; returns what was allowed."""
    pid = running.process.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    return resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, hard))


def test_what_an_overflow_of_the_kernels_queue_swallowed_is_found_at_once(tmp_path: Path) -> None:
    """The next rescan is an hour away; the kernel says that events were lost, and that is enough."""
    room = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    ward = Ward.at(tmp_path, rescan_seconds=3600)
    kept = films(COUNT)
    ward.put(kept)
    with ward.watching() as running:
        ward.wait_for_scores(running, kept)
        running.process.send_signal(signal.SIGSTOP)
        try:
            _fill_queue(ward.incoming, room + 2000)
            new = films(COUNT, 100, "swallowed")
            ward.put(new)
        finally:
            running.process.send_signal(signal.SIGCONT)
        kept |= new
        ward.wait_for_scores(running, kept)
        end(running)
    ward.check(kept)


def _fill_queue(folder: Path, events: int) -> None:
    """Leave so many events behind and nothing else: two files that are closed in turn, since like events are one."""
    names = [folder / "one.tmp", folder / "other.tmp"]
    for number in range(events):
        os.close(os.open(names[number % 2], os.O_WRONLY | os.O_CREAT))
    for name in names:
        name.unlink()


@pytest.mark.skipif(not LONG, reason="10,000 films; CXR_TRIAGE_FAULTS=long runs it")
def test_ten_thousand_films_in_one_folder_and_fifty_levels_of_folders(tmp_path: Path) -> None:
    """Each is scored, and the deepest as well."""
    ward = Ward.at(tmp_path)
    deep = "/".join(f"level{number}" for number in range(DEPTH))
    with ward.watching() as running:
        kept = {**films(10_000), f"{deep}/film.jpg": film(20_000)}
        ward.put(kept)
        ward.wait_for_scores(running, kept)
        quiet(ward, running)
        end(running)
    ward.check(kept)


def test_fifty_levels_of_folders_are_looked_into(tmp_path: Path) -> None:
    """A film on every level."""
    ward = Ward.at(tmp_path)
    levels = ["/".join(f"level{number}" for number in range(depth)) for depth in range(1, DEPTH + 1)]
    kept = {f"{level}/film.jpg": film(number) for number, level in enumerate(levels)}
    with ward.watching() as running:
        ward.put(kept)
        ward.wait_for_scores(running, kept)
        quiet(ward, running)
        end(running)
    ward.check(kept)
