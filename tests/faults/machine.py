"""A Debian of its own in a folder: made by debootstrap, booted by systemd-nspawn, with the network of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from faults.scene import wait_for

PACKAGES: Final = (
    "systemd,systemd-sysv,dbus,sudo,python3,python3-venv,ca-certificates,"
    "libpango-1.0-0,libpangoft2-1.0-0,libharfbuzz-subset0,fonts-dejavu-core"
)
_SHELL: Final = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "sh", "-c")


@dataclass
class Machine:
    """Its folder is its file system."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def make(self, mirror: str) -> None:
        """Fetch its packages, once."""
        if (self.folder / "etc/debian_version").exists():
            return
        asked = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(self.folder), mirror]
        subprocess.run(asked, check=True, stdout=subprocess.DEVNULL)
        name = os.uname().nodename
        (self.folder / "etc/hosts").write_text(f"127.0.0.1 localhost {name}\n", encoding="ascii")
        if told := os.environ.get("PIP_CERT"):  # what this machine's pip is told to believe
            shutil.copy(told, self.folder / "etc/ssl/certs/told.crt")
            (self.folder / "etc/pip.conf").write_text("[global]\ncert = /etc/ssl/certs/told.crt\n", encoding="ascii")

    def boot(self) -> None:
        """Start it, and wait until its systemd is done with starting."""
        options = ("--quiet", "--register=no", "--keep-unit", "--console=pipe", "--boot")
        self.process = subprocess.Popen(
            ["systemd-nspawn", *options, "-D", str(self.folder)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        if not wait_for(lambda: self.ask("systemctl is-system-running") in {"running", "degraded"}, 60.0, 0.5):
            raise RuntimeError("the machine does not boot")

    def run(self, script: str) -> str:
        """What a shell in it says.

        Raises:
            RuntimeError: the script failed.
        """
        done = self._ran(script)
        if done.returncode:
            raise RuntimeError(f"{script!r} ended with {done.returncode}: {done.stdout[-900:]}{done.stderr[-900:]}")
        return done.stdout.strip()

    def ask(self, script: str) -> str:
        """The same, whether or not the script fails, or the machine is there."""
        try:
            return self._ran(script).stdout.strip()
        except (OSError, IndexError):
            return ""

    def put(self, name: str, content: bytes | str) -> None:
        """Write a file in it, as a department does: by a name of its own, renamed when whole."""
        file = self.folder / name
        half = file.with_name(f".{file.name}.part")
        half.write_bytes(content.encode() if isinstance(content, str) else content)
        half.chmod(0o644)
        half.rename(file)

    def stop(self) -> None:
        """Shut it down as its administrator would."""
        if self.process is not None:
            self.ask("systemctl poweroff")
            self.process.wait(90)
            self.process = None

    def _ran(self, script: str) -> subprocess.CompletedProcess[str]:
        assert self.process is not None
        pid = self.process.pid
        leader = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()[0]
        asked = ["nsenter", "-t", leader, "-a", *_SHELL, script]
        return subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
