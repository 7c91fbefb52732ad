"""Gives up, for the process that calls it and for good, what decoding and scoring do not need; Linux only, by ctypes.

A film is made by a stranger and read by C code. Whoever takes a decoder over shall find a process without network,
without privileges, that starts no other program, changes no file, and reaches no process but itself. Each thing is
given up as far as the system lets it, whatever became of the others; what counts is looked up afterwards, not assumed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.intake.syscalls import MACHINES, packed, program

SPARE_DESCRIPTORS: Final = 32  # beyond the open ones: what is imported with the first DICOM film needs a few
_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_CAPBSET_DROP: Final = 24
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
_CAPABILITY_VERSION: Final = 0x20080522
_CLONE_NEWNET: Final = 0x40000000
_SECCOMP: Final = {"x86_64": 317, "aarch64": 277}
_SET_MODE_FILTER: Final = 1
_ALL_THREADS: Final = 1  # SECCOMP_FILTER_FLAG_TSYNC


@dataclass(frozen=True, slots=True)
class Confinement:
    """What a process is confined to; False where the system did not allow it.

    Attributes:
        no_network: it cannot make a socket, or its network is empty.
        no_writes: it cannot make, change, rename or remove a file.
        no_processes: it can neither start a program nor reach another process.
        no_privileges: it has no capability in any thread, and no program could give it one.
    """

    no_network: bool = False
    no_writes: bool = False
    no_processes: bool = False
    no_privileges: bool = False

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.no_network and self.no_writes and self.no_processes and self.no_privileges

    def __str__(self) -> str:
        """For a log: ``network=no writes=no processes=no privileges=no``."""
        had = {
            "network": self.no_network,
            "writes": self.no_writes,
            "processes": self.no_processes,
            "privileges": self.no_privileges,
        }
        return " ".join(f"{name}={'no' if given_up else 'yes'}" for name, given_up in had.items())


class _Filter(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def confine() -> Confinement:
    """Give up everything that the system lets this process give up; there is no way back."""
    libc = ctypes.CDLL(None, use_errno=True)
    own_network = _own_network(libc)
    for step in (_limit, _drop_capabilities, _forbid_new_privileges):
        _try(step, libc)
    filtered = _filter(libc)
    return Confinement(
        no_network=own_network or _refused(lambda: socket.socket().close()),
        no_writes=filtered,
        no_processes=filtered,
        no_privileges=_unprivileged(),
    )


def _try(step: Callable[[ctypes.CDLL], object], libc: ctypes.CDLL) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):  # AttributeError: a C library without the function
        step(libc)


def _own_network(libc: ctypes.CDLL) -> bool:
    """Leave for a network of its own, which has no other end; needs root. Beside the filter this is a second lock."""
    with contextlib.suppress(OSError, AttributeError):
        before = _network()
        return libc.unshare(_CLONE_NEWNET) == 0 and _network() != before
    return False


def _network() -> str:
    return str(Path("/proc/thread-self/ns/net").readlink())


def _limit(libc: ctypes.CDLL) -> None:
    """No dump of memory, which holds patient data; no file that grows; few descriptors.

    RLIMIT_CORE alone does not stop a dump that the kernel pipes to a program; a process that is not dumpable has none.
    RLIMIT_NPROC is left alone: it counts every thread of the user, the daemon's as well.
    """
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an error for who writes, not the end of the worker
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    most = max(map(int, os.listdir("/proc/self/fd"))) + SPARE_DESCRIPTORS  # noqa: PTH208
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Empty every set, so that also a daemon that root started decodes without a privilege."""
    for capability in range(64):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails beyond the last one, and without CAP_SETPCAP
    libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    libc.capset(header, (ctypes.c_uint32 * 6)())  # effective, permitted, inheritable: none


def _forbid_new_privileges(libc: ctypes.CDLL) -> None:
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _filter(libc: ctypes.CDLL) -> bool:
    """Refuse system calls, in every thread where the kernel can."""
    machine = platform.machine()
    if machine not in MACHINES:
        return False
    code = packed(program(machine, os.getpid()))
    held = ctypes.create_string_buffer(code, len(code))
    filter_ = _Filter(len(code) // 8, ctypes.cast(held, ctypes.c_void_p))
    where = ctypes.byref(filter_)
    if libc.syscall(_SECCOMP[machine], _SET_MODE_FILTER, _ALL_THREADS, where) != 0:
        libc.prctl(_PR_SET_SECCOMP, 2, where, 0, 0)  # a service manager's own filter may know only this way
    return _refused(lambda: os.close(os.open(os.devnull, os.O_WRONLY))) and all(
        status.get("Seccomp") == "2" for status in _threads()
    )


def _refused(attempt: Callable[[], object]) -> bool:
    """Whether the system says no."""
    try:
        attempt()
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def _unprivileged() -> bool:
    """Whether no thread has a capability, or could get one from a program that it starts."""
    return all(
        status.get("NoNewPrivs") == "1" and not any(int(status.get(name, "1"), 16) for name in ("CapEff", "CapPrm"))
        for status in _threads()
    )


def _threads() -> list[dict[str, str]]:
    """/proc's status of every thread of this process; one empty status where it cannot be read."""
    try:
        texts = [path.read_text(encoding="ascii") for path in Path("/proc/self/task").glob("*/status")]
    except (OSError, ValueError):
        texts = []
    return [dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line) for text in texts] or [{}]
