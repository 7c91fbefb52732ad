"""README and docs are true: every `console` block is run, in a folder of its own, as a newcomer would type it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from builders.dicom import dicom
from builders.films import grey_film, jpeg
from builders.parts import ROOT
from builders.program import Program, command_line

PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md")])
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def commands(page: Path) -> list[str]:
    """The lines that a reader would type."""
    text = "".join(BLOCK.findall(page.read_text(encoding="utf-8"))).replace("\\\n", " ")
    return [line[2:].split("  #")[0] for line in text.splitlines() if line.startswith("$ ")]


def films(folder: Path) -> None:
    """What the pages take for granted: an incoming folder, and a small set to train on."""
    (folder / "incoming").mkdir()
    for number in range(3):
        (folder / "incoming" / f"{number}.jpg").write_bytes(jpeg(grey_film(seed=number)))
    (folder / "incoming" / "dx.dcm").write_bytes(dicom(accession="A1002003"))
    for name, opacity in (("NORMAL", 0.0), ("PNEUMONIA", 0.6)):
        (folder / "films" / name).mkdir(parents=True)
        for number in range(40):  # of which at least ten of each class are held out, for the operating point
            film = grey_film(seed=number + (100 if opacity else 0), opacity=opacity)
            (folder / "films" / name / f"{number}.jpg").write_bytes(jpeg(film))


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.name)
def test_every_command_of_a_page_works(page: Path, tmp_path: Path) -> None:
    """Each command ends with code 0, one after the other in one folder."""
    films(tmp_path)
    shims = tmp_path / "bin"
    shims.mkdir()
    for name, words in {"cxr-triage": command_line(), "cxr-trainer": [sys.executable, "-m", "trainer"]}.items():
        (shims / name).write_text("#!/bin/sh\nexec " + " ".join(words) + ' "$@"\n', encoding="utf-8")
        (shims / name).chmod(0o755)
    environment = Program(tmp_path).environment()
    environment["PATH"] = f"{shims}{os.pathsep}{environment['PATH']}"
    for command in commands(page):
        done = subprocess.run(
            ["bash", "-euc", command], cwd=tmp_path, env=environment, capture_output=True, timeout=600, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout.decode()}{done.stderr.decode()}"


def test_the_pages_have_commands() -> None:
    """The test above looks at something."""
    assert len(commands(ROOT / "README.md")) >= 3
    assert sum(len(commands(page)) for page in PAGES) >= 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_into_the_project_leads_somewhere(page: Path) -> None:
    """A relative link names a file that is there."""
    missing = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert not missing
