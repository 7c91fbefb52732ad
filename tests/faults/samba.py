"""A private Samba server, and the two ways that the tests write to it: smbclient, and Samba's own library.

It runs in a network of its own that has only a loopback: nobody can reach it, and Samba's library, which knows no port
but 445, can be used.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builders.parts import missing, need_program

PRIVATE: Final = ("private", "lock", "state", "cache", "pid", "ncalrpc")
ALLOCATING: Final = "allocating"  # `strict allocate`: a file has its full size before it has its content
PLAIN: Final = "plain"
_LIBRARY: Final = "/usr/bin/python3"  # Debian's python3-samba, which comes with the server, is for this one only

# An open file over SMB, driven by lines on standard input: "size N", "write OFFSET FILE", "close".
_WRITER: Final = r"""
import sys
from samba.credentials import Credentials
from samba.samba3 import libsmb_samba_internal as smb, param
config, share, name = sys.argv[1:]
parameters = param.get_context()
parameters.load(config)
credentials = Credentials()
credentials.set_anonymous()
connection = smb.Conn("127.0.0.1", share, parameters, credentials)
handle = connection.create(name, DesiredAccess=0x12019F, CreateDisposition=3, ShareAccess=7)
print("open", flush=True)
for line in sys.stdin:
    word, *rest = line.split()
    if word == "size":
        connection.write(handle, b"\0", int(rest[0]) - 1)  # the library sets sizes in SMB1 only
    elif word == "write":
        data, offset = open(rest[1], "rb").read(), int(rest[0])
        for start in range(0, len(data), 65536):
            connection.write(handle, data[start:start + 65536], offset + start)
    elif word == "close":
        connection.close(handle)
    print(word, flush=True)
"""


@dataclass(frozen=True, slots=True)
class Share:
    """One share of the server: the folder below it, and how to write to it."""

    name: str
    folder: Path
    config: Path
    inside: Sequence[str]  # the program that enters the server's network

    def client(self, *commands: str, within: Path) -> None:
        """Run commands of smbclient, such as `put here there`, in a folder of this machine."""
        program = [*self.inside, "smbclient", "-s", str(self.config), "-N", f"//127.0.0.1/{self.name}"]
        done = subprocess.run(
            [*program, "-c", "; ".join(commands)], cwd=within, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done
        assert "NT_STATUS" not in done.stdout + done.stderr, done

    @contextmanager
    def opened(self, name: str) -> Iterator[Writing]:
        """A file that is open over SMB until the end; it is made where it is not there."""
        program = [*self.inside, _LIBRARY, "-I", "-c", _WRITER, str(self.config), self.name, name]
        process = subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            writing = Writing(process, self.config.parent / f"chunk-{process.pid}")
            writing.heard("open")
            yield writing
            writing.tell("close")
            process.communicate(timeout=20)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()


@dataclass(frozen=True, slots=True)
class Writing:
    """A file that is being written over SMB."""

    process: subprocess.Popen[str]
    chunk: Path

    def allocate(self, size: int) -> None:
        """Set the size, as Windows does before it copies."""
        self.tell(f"size {size}")

    def write(self, offset: int, data: bytes) -> None:
        """Write at a place."""
        self.chunk.write_bytes(data)
        self.tell(f"write {offset} {self.chunk}")

    def tell(self, line: str) -> None:
        """Give one command, and wait until it is done."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        self.heard(line.split()[0])

    def heard(self, word: str) -> None:
        """Read the answer."""
        assert self.process.stdout is not None
        answer = self.process.stdout.readline().strip()
        if answer != word:
            self.process.kill()
            raise AssertionError((answer, self.process.communicate()))


def need_library() -> None:
    """See that Samba's own Python library is here."""
    program = [_LIBRARY, "-I", "-c", "from samba.samba3 import libsmb_samba_internal"]
    if not Path(_LIBRARY).exists() or subprocess.run(program, capture_output=True, check=False).returncode != 0:
        missing("python3-samba is not installed; make system-parts installs it")


@contextmanager
def samba(folder: Path, shares: Sequence[tuple[str, Path]]) -> Iterator[list[Share]]:
    """A server with these shares that keeps everything it writes in a folder of its own."""
    program = need_program("smbd")
    for other in ("smbclient", "unshare", "nsenter", "ip"):
        need_program(other)
    if os.geteuid() != 0:
        missing("a private Samba server needs root")
    folder.mkdir()
    for name in PRIVATE:
        (folder / name).mkdir(mode=0o700)
    config = folder / "smb.conf"
    config.write_text(_configuration(folder, shares))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", f"ip link set lo up && exec {program} -F --no-process-group -s {config}"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # its children are ended with it
        )
    try:
        inside = ["nsenter", f"--net=/proc/{process.pid}/ns/net"]
        _wait_for(inside, config, process)
        yield [Share(name, below, config, inside) for name, below in shares]
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def _configuration(folder: Path, shares: Sequence[tuple[str, Path]]) -> str:
    lines = ["[global]", "server role = standalone server", "smb ports = 445", "interfaces = lo"]
    lines += ["bind interfaces only = yes", "map to guest = Bad User", "guest account = root"]
    lines += ["load printers = no", "disable spoolss = yes", "server min protocol = SMB2", f"log file = {folder}/log"]
    keys = ("private dir", "lock directory", "state directory", "cache directory", "pid directory", "ncalrpc dir")
    lines += [f"{key} = {folder / name}" for key, name in zip(keys, PRIVATE, strict=True)]
    for name, below in shares:
        allocate = "yes" if name == ALLOCATING else "no"
        lines += [f"[{name}]", f"path = {below}", "guest ok = yes", "read only = no", f"strict allocate = {allocate}"]
    return "\n".join(lines) + "\n"


def _wait_for(inside: Sequence[str], config: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    look = [*inside, "smbclient", "-s", str(config), "-N", "-L", "127.0.0.1"]
    while subprocess.run(look, capture_output=True, check=False).returncode != 0:
        assert process.poll() is None, "smbd ended"
        assert time.monotonic() < deadline, "smbd does not answer"
        time.sleep(0.05)
