"""Reading a file once: whole, unchanged, regular; else a reason."""

import ctypes
import hashlib
import os
import socket
import tempfile
import threading
from pathlib import Path

from daemon.intake.reading import REMEDIES, Content, ReadProblem, Unread, read_file
from models.radiograph import MAX_BYTES


def problem(path: Path) -> ReadProblem:
    found = read_file(path)
    assert isinstance(found, Unread)
    assert os.fspath(path) not in found.cause
    return found.problem


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    """Bytes, hash and stamp belong together, also of an empty file and of one larger than a chunk."""
    for data in (b"", b"film", os.urandom(3 << 20)):
        (tmp_path / "film").write_bytes(data)
        found = read_file(tmp_path / "film")
        assert isinstance(found, Content)
        assert found.data == data
        assert found.sha256 == hashlib.sha256(data).hexdigest()
        assert found.stamp.size == len(data)


def test_what_is_no_regular_file_is_not_read(tmp_path: Path) -> None:
    """A pipe that nobody writes to does not hold the intake up; a link is not followed, a device not opened."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "film").write_bytes(b"film")
    (tmp_path / "link").symlink_to(tmp_path / "film")
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        for path in (*(tmp_path / name for name in ("pipe", "link", "folder", "socket")), Path("/dev/zero")):
            assert problem(path) is ReadProblem.NOT_A_FILE


def test_a_missing_file_is_gone(tmp_path: Path) -> None:
    """Also where its folder is gone, or a file took the folder's place."""
    (tmp_path / "file").touch()
    for path in (tmp_path / "film", tmp_path / "no" / "film", tmp_path / "file" / "film"):
        assert problem(path) is ReadProblem.GONE


def test_an_error_of_the_disk_may_pass(tmp_path: Path) -> None:
    """A real input/output error (reading address 0 of this process) is no fault of the film."""
    assert problem(Path("/proc/self/mem")) is ReadProblem.IO_ERROR


def test_a_file_without_permission_is_unreadable() -> None:
    """It says so; as another user where the tests run as root, who may read everything."""
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder, "film")
        film.write_bytes(b"film")
        film.chmod(0)
        Path(folder).chmod(0o755)
        setfsuid = ctypes.CDLL(None).setfsuid  # of this thread, and for files only
        before = setfsuid(65534 if os.geteuid() == 0 else os.geteuid())
        try:
            assert problem(film) is ReadProblem.UNREADABLE
        finally:
            setfsuid(before)


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    """A sparse file of 5 GB costs nothing."""
    with (tmp_path / "film").open("wb") as stream:
        stream.truncate(5 << 30)
    assert problem(tmp_path / "film") is ReadProblem.TOO_LARGE
    os.truncate(tmp_path / "film", MAX_BYTES + 1)
    assert problem(tmp_path / "film") is ReadProblem.TOO_LARGE


def test_a_file_that_grows_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    """Never a mixture: what is given back was there at one moment."""
    path, stop = tmp_path / "film", threading.Event()
    path.write_bytes(b"x" * 1000)

    def grow() -> None:
        with path.open("ab", buffering=0) as stream:
            while not stop.is_set():
                stream.write(b"x")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        for _ in range(200):
            found = read_file(path)
            if isinstance(found, Unread):
                assert found.problem is ReadProblem.CHANGING
                break
            assert len(found.data) == found.stamp.size
    finally:
        stop.set()
        writer.join()


def test_every_problem_has_a_remedy() -> None:
    """A film that failed says what to do."""
    assert set(REMEDIES) == set(ReadProblem)
