"""The plain import names belong to this distribution alone, and the program sees to it when it starts."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from importlib.machinery import ModuleSpec
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest
from builders.parts import ROOT

from daemon.cli.start import HOME, NAMES, stranger


@pytest.mark.parametrize("name", ["daemon", "db", "models", "trainer"])
def test_each_import_name_has_one_owner(name: str) -> None:
    owners = set(packages_distributions().get(name, []))
    assert owners <= {"cxr-triage"}, f"{owners} all install {name}/ into this environment"
    module = importlib.import_module(name)
    assert module.__file__ is not None
    assert Path(module.__file__).resolve().parent == ROOT / name


def test_the_names_of_this_checkout_are_its_own() -> None:
    assert HOME == ROOT
    assert stranger() is None


@pytest.mark.parametrize("name", NAMES)
def test_a_package_of_another_program_is_told_from_ours(name: str, tmp_path: Path) -> None:
    other = ModuleSpec(name, None, origin=str(tmp_path / name / "__init__.py"))
    folder = ModuleSpec(name, None, is_package=True)  # a folder without __init__.py, such as tests/db

    def absent(wanted: str) -> ModuleSpec | None:
        return None if wanted == name else find_spec(wanted)

    assert stranger(find=lambda wanted: other if wanted == name else find_spec(wanted)) == (
        f"the package {name} is another program's ({tmp_path / name / '__init__.py'})"
    )
    assert "another program's" in (stranger(find=lambda n: folder if n == name else find_spec(n)) or "")
    assert stranger(find=absent) == f"the package {name} is missing"


def test_the_program_does_not_start_with_another_programs_package(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("raise SystemExit('it was imported')\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.fspath(tmp_path), os.fspath(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "daemon", "--version"], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("cxr-triage: cannot start: the package models is another program's (")
    assert done.stderr.count("\n") == 1
