"""The layer contracts hold in this checkout, and each of them can fail."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from builders.parts import ROOT

PACKAGES = ("daemon", "db", "models", "trainer")
VIOLATIONS = {
    "db/errors.py": "import models.errors",
    "models/errors.py": "import db.errors",
    "trainer/errors.py": "import daemon.errors",
    "daemon/errors.py": "import trainer.errors",
    "daemon/deliver/errors.py": "import models.scorer",
    "daemon/triage/order.py": "import sqlalchemy",
    "daemon/dicom/accepted.py": "import models.dicom",
}
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def _lint(folder: Path) -> tuple[int, dict[str, str]]:
    """The exit code, and what became of each contract."""
    environment = {**os.environ, "PYTHONPATH": "", "COLUMNS": "400"}
    done = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True
    )
    verdicts = re.findall(r"^(.+) (KEPT|BROKEN)\b.*$", done.stdout, re.MULTILINE)
    assert verdicts, done.stdout + done.stderr
    return done.returncode, dict(verdicts)


def _contracts() -> set[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return {contract["name"] for contract in contracts}


def test_every_contract_is_kept() -> None:
    code, verdicts = _lint(ROOT)
    assert code == 0
    assert verdicts == dict.fromkeys(_contracts(), "KEPT")


def test_every_contract_can_be_broken(tmp_path: Path) -> None:
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "shipped"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name, statement in VIOLATIONS.items():
        with (tmp_path / name).open("a") as stream:
            stream.write(f"\n{statement}\n")
    code, verdicts = _lint(tmp_path)
    assert code == 1
    assert verdicts == dict.fromkeys(_contracts(), "BROKEN")


def test_every_package_is_under_a_contract() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert set(document["tool"]["importlinter"]["root_packages"]) == folders == set(PACKAGES)


def test_no_folder_of_tests_is_a_package() -> None:
    # A tests/db/__init__.py would be a second package `db`.
    assert list((ROOT / "tests").rglob("__init__.py")) == []
