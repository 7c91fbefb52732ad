"""The units and their companions through systemd's own tools."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from builders.parts import ROOT, missing, need_program
from builders.program import Program

from daemon.dicom.settings import PORT

UNITS = [ROOT / "systemd" / "cxr-triage.service", ROOT / "systemd" / "cxr-triage-receive.service"]
# systemd's own measure, in tenths: 0 is locked away, 100 is without any protection. The daemon stands at 9; what is
# left is reading the incoming folders, wherever they are, and kernels that the inference library compiles. The
# receiver stands at 15, for the network.
EXPOSURE = 15
LOCKS = ("RestrictAddressFamilies=", "ProtectSystem=strict\n", "NoNewPrivileges=yes\n", "CapabilityBoundingSet=\n")

pytestmark = pytest.mark.system("systemd")


@pytest.fixture(params=UNITS, ids=lambda unit: unit.stem)
def unit(request: pytest.FixtureRequest) -> Path:
    """Each of the units."""
    found: Path = request.param
    return found


def _copy(unit: Path, folder: Path, *changes: tuple[str, str]) -> Path:
    """A unit with a program that exists here."""
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / unit.name
    path.write_text(text)
    return path


def _analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([need_program("systemd-analyze"), *arguments], capture_output=True, text=True)


def test_systemd_understands_every_line(unit: Path, tmp_path: Path) -> None:
    done = _analyze("verify", "--man=no", _copy(unit, tmp_path))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_slip_of_the_pen_would_be_seen(unit: Path, tmp_path: Path) -> None:
    done = _analyze("verify", "--man=no", _copy(unit, tmp_path, ("PrivateTmp=", "PrivateTpm=")))
    assert "PrivateTpm" in done.stderr


def test_the_unit_is_as_locked_up_as_it_says(unit: Path, tmp_path: Path) -> None:
    done = _analyze("security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", _copy(unit, tmp_path))
    assert done.returncode == 0, done.stdout
    loose = _copy(unit, tmp_path, *((lock, "#" if lock.endswith("=") else "") for lock in LOCKS))
    assert _analyze("security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", loose).returncode != 0


def test_every_hardening_line_has_a_reason(unit: Path) -> None:
    section = unit.read_text().split("# --- hardening", 1)[1].split("[Install]", 1)[0]
    blocks = re.split(r"\n(?=#)", section)[1:]
    assert all(block.startswith("# ") for block in blocks)
    assert sum("=" in line and not line.startswith("#") for line in section.splitlines()) > 20


@pytest.mark.parametrize(("name", "command"), [("cxr-triage", "watch"), ("cxr-triage-deliver", "deliver")])
def test_a_configuration_that_cannot_be_used_does_not_restart_the_service_for_ever(
    name: str, command: str, tmp_path: Path
) -> None:
    """It ends with a code that the unit does not restart on."""
    text = (ROOT / "systemd" / f"{name}.service").read_text()
    assert re.search(rf"^ExecStart=.* {command}\b", text, re.MULTILINE)
    (code,) = re.findall(r"^RestartPreventExitStatus=(\d+)$", text, re.MULTILINE)
    (tmp_path / "config.toml").write_text("[stroe]\n")
    done = Program(tmp_path).run("--config", "config.toml", command)
    assert str(done.code) == code, done.err
    assert "stroe" in done.one_line()


def test_the_receiver_cannot_reach_what_is_the_daemons() -> None:
    """Another account, and no way to the database: it may be taken over, since the network speaks to it."""
    daemon, receiver = (unit.read_text() for unit in UNITS)
    assert "\nUser=cxr-triage\n" in daemon
    assert "\nUser=cxr-triage-receive\nGroup=cxr-triage-receive\n" in receiver
    assert "\nInaccessiblePaths=-/var/lib/cxr-triage -/etc/cxr-triage\n" in receiver
    assert re.findall(r"^ReadWritePaths=(.*)$", receiver, re.MULTILINE) == ["/var/lib/cxr-triage-receive"]
    assert re.findall(r"^SocketBind\w+=(.*)$", receiver, re.MULTILINE) == ["any", f"tcp:{PORT}"]


def test_accounts_and_folders_are_made(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        missing("only root may make accounts, even below another root folder")
    (tmp_path / "etc").mkdir()
    for unit in UNITS:
        for program, *options in (("systemd-sysusers",), ("systemd-tmpfiles", "--create")):
            companion = unit.with_suffix(f".{program.removeprefix('systemd-')}")
            done = subprocess.run(
                [need_program(program), *options, f"--root={tmp_path}", companion], capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
    accounts = dict(line.split(":", 1) for line in (tmp_path / "etc" / "passwd").read_text().splitlines())
    groups = {line.split(":")[0]: line.split(":")[3] for line in (tmp_path / "etc" / "group").read_text().splitlines()}
    assert {"cxr-triage", "cxr-triage-receive"} <= set(accounts)
    assert (groups["cxr-triage-receive"], groups["cxr-triage"]) == ("cxr-triage", "")  # who may read whose files
    for name in ("cxr-triage", "cxr-triage-receive", "cxr-triage-receive/incoming"):
        assert (tmp_path / "var" / "lib" / name).stat().st_mode & 0o777 == 0o750
