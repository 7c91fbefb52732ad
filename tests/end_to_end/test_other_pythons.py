"""The main job under the machine's own Python: distributions ship older patch releases than developers have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

import pytest
from builders.dicom import dicom
from builders.films import grey_film, jpeg
from builders.parts import ROOT

OWN: Final = Path("/usr/bin/python3")


def _version(python: Path) -> str:
    asked = [str(python), "-c", "import platform; print(platform.python_version())"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def test_films_are_scored_by_the_systems_own_python(tmp_path: Path, bundle: Path) -> None:
    """With the packages of this environment, whose compiled parts hold for every patch release."""
    version = _version(OWN) if OWN.exists() else "none"
    if version.split(".")[:2] != [str(part) for part in sys.version_info[:2]]:
        pytest.skip(
            f"{OWN} is {version}, and the packages here are for {sys.version_info.major}.{sys.version_info.minor}"
        )
    films = tmp_path / "films"
    films.mkdir()
    (films / "a.jpg").write_bytes(jpeg(grey_film(seed=1)))
    (films / "b.dcm").write_bytes(dicom(grey_film(seed=2)))
    (films / "c.jpg").write_text("this is a text")
    program = [str(OWN), "-c", "from daemon.cli.main import main; main()"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{sysconfig.get_path('purelib')}"}

    def told(*arguments: str) -> str:
        done = subprocess.run(
            [*program, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    scanned = told("scan", "films", "--db", "t.db", "--settle-seconds", "0.1", "--bundle", str(bundle))
    assert scanned == "3 seen: 2 scored, 1 failed, 0 pending\n"
    waiting = json.loads(told("queue", "--db", "t.db", "--format", "json"))
    assert [entry["band"] is not None for entry in waiting["queue"]] == [True] * len(waiting["queue"])
