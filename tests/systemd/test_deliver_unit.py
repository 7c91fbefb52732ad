"""The unit of `deliver` through systemd's own tools: it has the network, and therefore little else."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from builders.parts import ROOT, need_program

UNIT = ROOT / "systemd" / "cxr-triage-deliver.service"
EXPOSURE = 18  # tenths of systemd's measure; it stands at 16, for the network
LOCKS = ("RestrictAddressFamilies=", "ProtectSystem=strict\n", "NoNewPrivileges=yes\n", "CapabilityBoundingSet=\n")

pytestmark = pytest.mark.system("systemd")


def _copy(folder: Path, *changes: tuple[str, str]) -> Path:
    """The unit with a program that exists here."""
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.MULTILINE)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / UNIT.name
    path.write_text(text)
    return path


def _analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([need_program("systemd-analyze"), *arguments], capture_output=True, text=True)


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    done = _analyze("verify", "--man=no", _copy(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_is_as_locked_up_as_it_says(tmp_path: Path) -> None:
    done = _analyze("security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", _copy(tmp_path))
    assert done.returncode == 0, done.stdout
    loose = _copy(tmp_path, *((lock, "#" if lock.endswith("=") else "") for lock in LOCKS))
    assert _analyze("security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", loose).returncode != 0


def test_every_hardening_line_has_a_reason() -> None:
    section = UNIT.read_text().split("# --- hardening", 1)[1].split("[Install]", 1)[0]
    blocks = re.split(r"\n(?=#)", section)[1:]
    assert all(block.startswith("# ") for block in blocks)
    assert sum("=" in line and not line.startswith("#") for line in section.splitlines()) > 20


def test_it_has_the_network_and_sees_no_film() -> None:
    text = UNIT.read_text()
    assert "PrivateNetwork" not in text
    assert re.findall(r"^ReadWritePaths=(.*)$", text, re.MULTILINE) == ["/var/lib/cxr-triage"]
    (hidden,) = re.findall(r"^InaccessiblePaths=(.*)$", text, re.MULTILINE)
    assert {"-/srv", "-/mnt", "-/media", "-/var/lib/cxr-triage/reports"} <= set(hidden.split())
