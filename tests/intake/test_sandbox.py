"""What a worker cannot do any more, tried in a real one; and that it still decodes and scores everything."""

from __future__ import annotations

import ctypes
import dataclasses
import errno
import json
import mmap
import multiprocessing
import os
import pickle
import platform
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from builders.bundles import tiny_bundle
from builders.dicom import dicom
from builders.films import grey_film, jpeg, png, png16
from builders.notes import note
from pebble.common.types import Result, ResultStatus
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, RLELossless

from daemon.intake import sandbox, wire, worker
from daemon.intake.pipes import LARGEST_ANSWER, Film, WorkerContext
from daemon.intake.sandbox import Confinement
from daemon.intake.syscalls import MACHINES, Instruction, numbers, packed, program
from daemon.intake.worker import Outcome, Verdict
from daemon.intake.workers import PoolBroke, WorkerDied, WorkerPool, given_up, judged, outcome_of
from models.bundle import Bundle, read_bundle

pytestmark = pytest.mark.skipif(platform.machine() not in MACHINES, reason="no filter is known for this processor")
FILM = jpeg(grey_film())
ALLOW, KILL = 0x7FFF0000, 0x80000000
NOT_PERMITTED, NOT_THERE = 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return read_bundle(tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny"))


@pytest.fixture(scope="module")
def pool(bundle: Bundle) -> Iterator[WorkerPool]:
    with WorkerPool(bundle, 1) as pool:
        yield pool


def inside(pool: WorkerPool, function: Callable[..., Any], *arguments: Any, timeout: float = 20.0) -> Any:
    """What a function gives inside the worker."""
    return pool._pool.schedule(function, args=arguments, timeout=timeout).result()


def test_a_worker_says_what_it_gave_up(pool: WorkerPool) -> None:
    """Once, by the time that it gave its first outcome; on a Linux that allows everything, nothing is missing."""
    assert isinstance(pool.submit(FILM, None).result(), Outcome)
    assert pool.confinement == Confinement(no_network=True, no_writes=True, no_processes=True, no_privileges=True)
    assert str(pool.confinement) == "network=no writes=no processes=no privileges=no"


def _socket(family: int, kind: int) -> None:
    socket.socket(family, kind).close()


def _open(path: str, flags: int) -> None:
    os.close(os.open(path, flags))


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _call(name: str, *arguments: int) -> None:
    """A system call by its number: what shellcode in a decoder would do."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(numbers(platform.machine())[name], *arguments) == -1:
        raise OSError(ctypes.get_errno(), name)


def _ptrace(pid: int) -> None:
    attach = 16
    _call("ptrace", attach, pid, 0, 0)


def _lock(path: str) -> None:
    import fcntl

    with Path(path).open("rb") as stream:
        fcntl.lockf(stream, fcntl.LOCK_SH)


def _limit_another(pid: int) -> None:
    import resource

    resource.prlimit(pid, resource.RLIMIT_CPU, resource.getrlimit(resource.RLIMIT_CPU))


def _signal_by_pipe(pid: int) -> None:
    import fcntl

    reader, _ = os.pipe()
    fcntl.fcntl(reader, fcntl.F_SETOWN, pid)


ATTEMPTS: dict[str, tuple[Callable[..., None], tuple[Any, ...]]] = {
    "a socket to the network": (_socket, (socket.AF_INET, socket.SOCK_STREAM)),
    "a datagram socket": (_socket, (socket.AF_INET6, socket.SOCK_DGRAM)),
    "a local socket": (_socket, (socket.AF_UNIX, socket.SOCK_STREAM)),
    "a pair of sockets": (socket.socketpair, ()),
    "connecting any socket": (_call, ("connect", 0, 0, 0)),
    "another program": (os.execv, (sys.executable, [sys.executable, "-c", ""])),
    "another program beside it": (os.posix_spawn, (sys.executable, [sys.executable, "-c", ""], {})),
    "a copy of itself": (_fork, ()),
    "a new file": (_open, ("new", os.O_WRONLY | os.O_CREAT)),
    "writing to a file": (_open, ("film", os.O_WRONLY)),
    "appending to a file": (_open, ("film", os.O_RDWR | os.O_APPEND)),
    "emptying a file": (_open, ("film", os.O_RDONLY | os.O_TRUNC)),
    "a file without a name": (_open, (".", os.O_TMPFILE | os.O_WRONLY)),
    "shortening a file": (os.truncate, ("film", 0)),
    "removing a file": (os.unlink, ("film",)),
    "renaming a file": (os.rename, ("film", "other")),
    "another name for a file": (os.link, ("film", "other")),
    "a symbolic link": (os.symlink, ("film", "other")),
    "a folder": (os.mkdir, ("folder",)),
    "removing a folder": (os.rmdir, (".",)),
    "a pipe with a name": (os.mkfifo, ("pipe",)),
    "other rights on a file": (os.chmod, ("film", 0o777)),
    "another owner of a file": (os.chown, ("film", os.getuid(), os.getgid())),
    "another time of a file": (os.utime, ("film", (0, 0))),
    "an attribute of a file": (os.setxattr, ("film", "user.note", b"x")),
    "a lock on a file": (_lock, ("film",)),
    "another user": (os.setuid, (65534,)),
    "another root": (os.chroot, (".",)),
    "another namespace": (_call, ("unshare", 0x10000000)),
    "a mount": (_call, ("mount", 0, 0, 0, 0, 0)),
    "io_uring": (_call, ("io_uring_setup", 1, 0)),
    "a program for the kernel": (_call, ("bpf", 0, 0, 0)),
}


@pytest.mark.parametrize("what", ATTEMPTS)
def test_a_worker_is_refused(pool: WorkerPool, what: str, tmp_path: Path) -> None:
    """It is told so, and lives on; nothing came of it."""
    film = tmp_path / "film"
    film.write_bytes(FILM)
    before = film.stat()
    function, arguments = ATTEMPTS[what]
    with pytest.raises(PermissionError) as caught:
        inside(pool, _in_folder, str(tmp_path), function, arguments)
    assert caught.value.errno == errno.EPERM
    assert [path.name for path in tmp_path.iterdir()] == ["film"]
    assert film.stat() == before
    assert film.read_bytes() == FILM


def _in_folder(folder: str, function: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    os.chdir(folder)
    function(*arguments)


def _kill(pid: int) -> None:
    os.kill(pid, 0)


def _outlive(_pid: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(1, 0, 0, 0, 0) == -1:  # PR_SET_PDEATHSIG
        raise OSError(ctypes.get_errno(), "prctl")


@pytest.mark.parametrize("attempt", [_kill, _ptrace, _limit_another, _signal_by_pipe, _outlive])
def test_the_daemon_is_out_of_reach(pool: WorkerPool, attempt: Callable[[int], None]) -> None:
    """Its worker can neither signal, trace nor limit it, though both have one user, nor outlive it."""
    with pytest.raises(PermissionError):
        inside(pool, attempt, os.getpid())


def test_nobody_is_called(pool: WorkerPool) -> None:
    """A listener on this machine, whose port the worker knows, hears nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with pytest.raises(PermissionError):
            inside(pool, _connect, listener.getsockname()[1])
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def _connect(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=5).close()


def lossless_jpeg(folder: Path) -> bytes:
    """A film in JPEG lossless, which only gdcm writes and reads."""
    import gdcm

    plain, packed_ = folder / "plain.dcm", folder / "lossless.dcm"
    plain.write_bytes(dicom(bits=16))
    reader = gdcm.ImageReader()
    reader.SetFileName(str(plain))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(packed_))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    data = packed_.read_bytes()
    assert JPEGLosslessSV1.encode() in data
    return data


def test_every_format_is_still_decoded_and_scored(pool: WorkerPool, tmp_path: Path) -> None:
    """Also those whose decoders are only loaded when the first such film comes."""
    films = {
        "jpeg": FILM,
        "png": png(grey_film()),
        "png of 16 bits": png16(grey_film()),
        "dicom": dicom(),
        "deflated": dicom(transfer_syntax="1.2.840.10008.1.2.1.99"),
        "jpeg 2000": dicom(transfer_syntax=JPEG2000Lossless),
        "rle": dicom(transfer_syntax=RLELossless),
        "jpeg lossless": lossless_jpeg(tmp_path),
    }
    outcomes = {name: pool.submit(data, None).result() for name, data in films.items()}
    assert {name: (outcome.verdict, outcome.message) for name, outcome in outcomes.items()} == dict.fromkeys(
        films, (Verdict.SCORED, None)
    )
    assert all(inside(pool, given_up))


def test_what_a_decoder_needs_is_left(pool: WorkerPool, tmp_path: Path) -> None:
    """Threads, memory, and files that are only read."""
    (tmp_path / "file").write_bytes(b"read me")
    assert inside(pool, _ordinary, str(tmp_path / "file")) == b"read me"


def _ordinary(path: str) -> bytes:
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.append(Path(path).read_bytes()))
    thread.start()
    thread.join()
    with mmap.mmap(-1, 1 << 20) as memory:
        memory[:4] = b"used"
    return found[0]


def test_limits_hold_inside(pool: WorkerPool) -> None:
    """Too much memory and too much time cost a film only, a decoder that aborts its worker only; no core is dumped."""
    with pytest.raises(MemoryError):
        inside(pool, _take_memory)
    with pytest.raises(FutureTimeoutError):
        inside(pool, _hang, timeout=0.3)
    assert pool.submit(FILM, None).result().verdict is Verdict.SCORED
    with pytest.raises(Exception, match="Abnormal termination") as caught:
        inside(pool, os.abort)
    assert caught.value.exitcode == -signal.SIGABRT
    assert pool.submit(FILM, None).result().verdict is Verdict.SCORED
    assert inside(pool, _dumpable) == 0


def _take_memory() -> int:
    return len(bytearray(3 << 30))


def _hang() -> None:
    while True:
        pass


def _dumpable() -> int:
    return int(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))


class Poison:
    """What runs a program of the worker's choice wherever it is unpickled."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (self._folder,)


class Panic(BaseException):
    """As Rust's decoders raise it: no Exception."""


def _panic() -> None:
    raise Panic


def _long_answer() -> bytes:
    return bytes(LARGEST_ANSWER + 1)


class Reduced:
    """What is unpickled by a call of somebody's choice."""

    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self._way = (call, arguments)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self._way


def _received(message: object) -> object:
    """What the daemon makes of a message that a worker sends."""
    receiving, sending = WorkerContext().Pipe()
    with receiving, sending:
        sending.send_bytes(pickle.dumps(message))
        return receiving.recv()


@pytest.mark.parametrize("status", ResultStatus)
def test_words_of_the_pool_are_read_as_any_python_writes_them(status: ResultStatus) -> None:
    """Debian 12's Python, 3.11.2, writes a member of an enum as ``getattr(kind, name)``, later ones by its value."""
    for written in (status, Reduced(getattr, ResultStatus, status.name), Reduced(ResultStatus, status.value)):
        assert _received(written) is status


@pytest.mark.parametrize(
    "asked",
    [(ResultStatus, "__class__"), (ResultStatus, "mro"), (ResultStatus, 0), (Result, "__init__"), (int, "real")],
)
def test_no_other_attribute_is_looked_up_for_a_worker(asked: tuple[object, object]) -> None:
    """By attributes of attributes a pickle reaches everything."""
    with pytest.raises(OSError, match="something else than an answer"):
        _received(Reduced(getattr, *asked))


def test_a_worker_cannot_make_the_daemon_run_what_it_sends(bundle: Bundle, tmp_path: Path) -> None:
    """A worker that was taken over answers as it likes; the daemon takes it for a broken pool, and goes on afresh."""
    made = tmp_path / "made in the daemon"
    with WorkerPool(bundle, 1) as pool:
        for answer, arguments in ((Poison, (str(made),)), (_panic, ()), (_long_answer, ())):
            assert isinstance(outcome_of(pool._pool.schedule(answer, args=arguments)), PoolBroke)
            assert not made.exists()
            pool.restart()
        assert pool.submit(FILM, None).result().verdict is Verdict.SCORED


NOTE = {"reason": "rejected for quality reasons", "instance_uids": ["1.2.3"]}


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "accepted"},
        {"logit": None},
        {"logit": "high"},
        {"logit": float("nan")},
        {"facts": {}},
        {"facts": None},
        {"code": 7},
        {"message": "x" * 10_000},
        {"map": [[1.0], [1.0, 2.0]]},
        {"note": {"reason": "rejected for quality reasons", "instance_uids": []}},  # a film that is scored is no note
        {"verdict": "refused", "logit": None, "map": None, "note": "all of them"},
        {"verdict": "refused", "logit": None, "map": None, "note": {"reason": "because", "instance_uids": []}},
        {"verdict": "refused", "logit": None, "map": None, "note": {**NOTE, "instance_uids": [7]}},
        {"verdict": "refused", "logit": None, "map": None, "note": {**NOTE, "instance_uids": ["1" * 300]}},
        {"verdict": "refused", "logit": None, "map": None, "note": {**NOTE, "instance_uids": ["1"] * 10_001}},
        {"more": 1},
    ],
)
def test_an_outcome_that_is_none_is_a_film_without_an_outcome(pool: WorkerPool, changes: dict[str, Any]) -> None:
    """Whatever is wrong with it, nothing of it reaches the store."""
    whole = json.loads(wire.written(pool.submit(FILM, None).result()))
    with pytest.raises(ValueError):  # noqa: PT011  (of several kinds)
        wire.read(json.dumps(whole | changes))
    for text in ("", "[]", "[" * 100_000, b"{}", None):
        with pytest.raises((ValueError, RecursionError)):
            wire.read(text)


@pytest.mark.parametrize("measures", ["", "1 2", "1" + " nan" * 9, "1" + " 1e99" * 9, "PLANTED^MARKER", 7])
def test_numbers_of_a_picture_that_are_none_are_no_outcome(pool: WorkerPool, measures: Any) -> None:
    """They go into the store as a text, so it must be one that only numbers make."""
    whole = json.loads(wire.written(pool.submit(FILM, None).result()))
    with pytest.raises(ValueError):  # noqa: PT011  (of several kinds)
        wire.read(json.dumps(whole | {"facts": whole["facts"] | {"measures": measures}}))


def test_an_outcome_comes_back_as_it_was(bundle: Bundle) -> None:
    """To the last bit, whatever the film says of itself."""
    for data in (FILM, dicom(view="LATERAL"), note("1.2", ["1.2.3", "1.2.4"]), b"rubbish"):
        worker._eyes = worker.Eyes.of(bundle, worker.BY_DEFAULT.modalities)
        outcome = worker.judge(data, None)
        again = wire.read(wire.written(outcome))
        cells, back = outcome.map, again.map
        assert dataclasses.replace(again, map=None) == dataclasses.replace(outcome, map=None)
        assert (cells is None) is (back is None)
        if cells is not None and back is not None:
            assert (cells.dtype, cells.tobytes()) == (back.dtype, back.tobytes())


@pytest.mark.parametrize("error", [SystemExit(), KeyboardInterrupt(), Panic()])
def test_no_error_of_a_worker_ends_the_daemon(error: BaseException) -> None:
    """Not even one that would end a program."""
    future: Future[Outcome] = Future()
    future.set_exception(error)
    assert isinstance(outcome_of(future), WorkerDied)


def test_the_daemon_lets_go_of_a_film_that_a_worker_has(bundle: Bundle) -> None:
    """So that memory holds what waits, not what is being judged."""
    with WorkerPool(bundle, 1) as pool:
        film = Film(FILM + bytes(1 << 20))
        assert pool._pool.schedule(judged, args=[film, None]).result().startswith("{")
        with pytest.raises(pickle.PicklingError):
            film.take()


@pytest.mark.parametrize("forbidden", ["the filter", "the filter and namespaces"])
def test_where_the_system_forbids_a_part_the_rest_is_given_up(bundle: Bundle, forbidden: str) -> None:
    """As in a container with a strict profile of its own: the worker works, and says what it still has."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        arguments = (theirs, bundle, forbidden, listener.getsockname()[1])
        process = context.Process(target=_in_a_strict_container, args=arguments)
        process.start()
        try:
            assert ours.poll(30)
            confinement, reached, outcome = ours.recv()
        finally:
            process.kill()
            process.join()
    assert outcome.verdict is Verdict.SCORED
    assert confinement.no_privileges
    assert not confinement.no_writes
    assert not confinement.complete
    assert confinement.no_network is not reached
    if forbidden == "the filter and namespaces":
        assert reached


def _in_a_strict_container(back: Connection, bundle: Bundle, forbidden: str, port: int) -> None:
    _forbid(numbers(platform.machine())["unshare"] if "namespaces" in forbidden else -1)
    worker.start(bundle)
    try:
        _connect(port)
        reached = True
    except OSError:
        reached = False
    back.send((worker.confinement(), reached, worker.judge(FILM, None)))


def _forbid(unshare: int) -> None:
    """A filter under which no other can be installed, in either way."""
    seccomp = sandbox._SECCOMP[platform.machine()]
    prctl = {"x86_64": 157, "aarch64": 167}[platform.machine()]
    rules: list[Instruction] = [
        (0x20, 0, 0, 0),
        (0x15, 4, 0, seccomp),
        (0x15, 3, 0, unshare % 2**32),
        (0x15, 0, 3, prctl),
        (0x20, 0, 0, 16),
        (0x15, 0, 1, 22),  # PR_SET_SECCOMP
        (0x06, 0, 0, NOT_PERMITTED),
        (0x06, 0, 0, ALLOW),
    ]
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(packed(rules))
    filter_ = sandbox._Filter(len(rules), ctypes.cast(code, ctypes.c_void_p))
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, ctypes.byref(filter_), 0, 0) == 0


# --- the filter by itself, for both machines ------------------------------------------------------------------------


def decision(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """What the kernel would make of a call, by the rules of classic BPF."""
    padded = [argument % 2**64 for argument in (*arguments, 0, 0, 0, 0, 0, 0)][:6]
    data = struct.pack("<IIQ6Q", number, MACHINES[machine] if arch is None else arch, 0, *padded)
    instructions, place, held = program(machine, pid=1000), 0, 0
    while True:
        code, yes, no, operand = instructions[place]
        place += 1
        match code:
            case 0x06:
                return operand
            case 0x20:
                (held,) = struct.unpack_from("<I", data, operand)
            case 0x15:
                place += yes if held == operand else no
            case 0x25:
                place += yes if held > operand else no
            case 0x45:
                place += yes if held & operand else no
            case _:
                raise AssertionError(code)


CALLS = {
    "x86_64": {"read": 0, "futex": 202, "clone": 56, "openat": 257, "kill": 62, "tgkill": 234, "prlimit64": 302},
    "aarch64": {"read": 63, "futex": 98, "clone": 220, "openat": 56, "kill": 129, "tgkill": 131, "prlimit64": 261},
}


@pytest.mark.parametrize("machine", MACHINES)
def test_the_filter_tells_calls_apart_by_their_arguments(machine: str) -> None:
    """On either processor: a thread but no process, reading but no writing, itself but nobody else."""
    call = CALLS[machine]
    assert {decision(machine, number) for number in numbers(machine).values()} == {NOT_PERMITTED}
    assert len(set(numbers(machine).values())) == len(numbers(machine))
    assert not set(numbers(machine).values()) & set(call.values())
    thread, child, here = 0x3D0F00, 0x1200011, -100
    wanted = {
        (call["read"], 0, 0, 10): ALLOW,
        (call["futex"],): ALLOW,
        (call["clone"], thread): ALLOW,
        (call["clone"], child): NOT_PERMITTED,
        (call["openat"], here, 0, os.O_RDONLY | os.O_CLOEXEC): ALLOW,
        (call["openat"], here, 0, os.O_RDONLY | os.O_DIRECTORY): ALLOW,
        (call["openat"], here, 0, os.O_WRONLY): NOT_PERMITTED,
        (call["openat"], here, 0, os.O_RDWR): NOT_PERMITTED,
        (call["openat"], here, 0, os.O_CREAT): NOT_PERMITTED,
        (call["openat"], here, 0, os.O_TRUNC): NOT_PERMITTED,
        (call["kill"], 1000, 9): ALLOW,
        (call["kill"], 999, 9): NOT_PERMITTED,
        (call["kill"], 0, 9): NOT_PERMITTED,
        (call["kill"], -1, 9): NOT_PERMITTED,
        (call["tgkill"], 1000, 1001, 6): ALLOW,
        (call["tgkill"], 999, 999, 6): NOT_PERMITTED,
        (call["prlimit64"], 0, 7): ALLOW,
        (call["prlimit64"], 999, 7): NOT_PERMITTED,
        (435, 0): NOT_THERE,
        (437, 0): NOT_THERE,
        (450,): NOT_THERE,
        (0x40000000,): NOT_THERE,
        (2**32 - 1,): NOT_THERE,
    }
    assert {case: decision(machine, *case) for case in wanted} == wanted


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_of_another_processor_end_the_worker(machine: str) -> None:
    """32-bit calls have other numbers, so none of them can be judged."""
    assert decision(machine, 0, arch=0x40000003) == KILL
