"""The unit and its companions through systemd's own tools."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from builders.parts import ROOT, missing, need_program

UNIT = ROOT / "systemd" / "cxr-triage.service"
# systemd's own measure, in tenths: 0 is locked away, 100 is without any protection. The unit stands at 9; what is left
# is reading the incoming folders, wherever they are, and kernels that the inference library compiles.
EXPOSURE = 15

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


def test_a_slip_of_the_pen_would_be_seen(tmp_path: Path) -> None:
    done = _analyze("verify", "--man=no", _copy(tmp_path, ("PrivateNetwork=", "PrivateNetwrok=")))
    assert "PrivateNetwrok" in done.stderr


def test_the_unit_is_as_locked_up_as_it_says(tmp_path: Path) -> None:
    done = _analyze("security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", _copy(tmp_path))
    assert done.returncode == 0, done.stdout
    loose = _copy(tmp_path, ("PrivateNetwork=yes\n", ""), ("ProtectSystem=strict\n", ""), ("NoNewPrivileges=yes\n", ""))
    assert _analyze("security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", loose).returncode != 0


def test_every_hardening_line_has_a_reason() -> None:
    section = UNIT.read_text().split("# --- hardening", 1)[1].split("[Install]", 1)[0]
    blocks = re.split(r"\n(?=#)", section)[1:]
    assert all(block.startswith("# ") for block in blocks)
    assert sum("=" in line and not line.startswith("#") for line in section.splitlines()) > 20


def test_account_and_folders_are_made(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        missing("only root may make accounts, even below another root folder")
    (tmp_path / "etc").mkdir()
    for program, *options in (("systemd-sysusers",), ("systemd-tmpfiles", "--create")):
        companion = UNIT.with_name(f"cxr-triage.{program.removeprefix('systemd-')}")
        done = subprocess.run(
            [need_program(program), *options, f"--root={tmp_path}", companion], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    assert "cxr-triage:" in (tmp_path / "etc" / "passwd").read_text()
    assert (tmp_path / "var" / "lib" / "cxr-triage").stat().st_mode & 0o777 == 0o750
