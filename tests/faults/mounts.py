"""Mounts for the tests, taken away again at their end: a tmpfs of any size, a folder over another, bindfs."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builders.parts import missing, need_program

from db.mounts import MOUNTINFO, parse_mounts


def need_mounts() -> None:
    """See that this process may mount; mark the test `system("mount")`."""
    need_program("mount")
    if os.geteuid() != 0:
        missing("mounting needs root")
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0:
        missing("this machine lets nobody mount, as most containers do not")


@contextmanager
def tmpfs(point: Path, size: str) -> Iterator[Path]:
    """A file system in memory, of a size such as "4m"."""
    point.mkdir(exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", point)
    try:
        yield point
    finally:
        unmount(point)


@contextmanager
def bound(folder: Path, point: Path) -> Iterator[Path]:
    """A folder that is seen at another place too."""
    point.mkdir(exist_ok=True)
    _run("mount", "--bind", folder, point)
    try:
        yield point
    finally:
        unmount(point)


def remount(point: Path, options: str) -> None:
    """Change how a mount is mounted, such as "ro,bind"."""
    _run("mount", "-o", f"remount,{options}", point)


def unmount(point: Path) -> None:
    """Take away what is mounted there, also while it is in use; nothing happens where nothing is."""
    while is_mounted(point):
        _run("umount", "-l", point)


def is_mounted(point: Path) -> bool:
    """Whether anything is mounted there; `os.path.ismount` does not see a folder of the same disk that is."""
    mounts = parse_mounts(MOUNTINFO.read_bytes())
    return any(mount.point == os.path.realpath(point) for mount in mounts)


@contextmanager
def bindfs(below: Path, point: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A FUSE mount that shows a folder, as a share shows what another machine writes: without events."""
    if not Path("/dev/fuse").exists():
        missing("this machine has no /dev/fuse")
    program = [need_program("bindfs"), "-f", "--no-allow-other", os.fspath(below), os.fspath(point)]
    point.mkdir(exist_ok=True)
    process = subprocess.Popen(program, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not is_mounted(point):
            assert process.poll() is None, "bindfs ended"
            assert time.monotonic() < deadline, "bindfs does not mount"
            time.sleep(0.02)
        yield process
    finally:
        unmount(point)
        process.terminate()
        process.wait(20)


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (command, done.stderr)
