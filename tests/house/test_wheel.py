"""The wheel that is built from this checkout holds everything, and works where it is installed alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from builders.parts import ROOT, real_dicom_folder

from daemon.demo.films import CHEST, find

PACKAGES = ("daemon", "db", "models", "trainer")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy, so that no build folder of the checkout has a part in it."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder / "dist"),
        str(source),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = (folder / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment with the wheel in it, and its dependencies from the environment of the tests."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    # Behind the environment's own packages, and without the .pth files there: an editable install stays unseen.
    Path(site, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [sys.executable, "-m", "pip", "--python", os.fspath(python), "--disable-pip-version-check"]
    install = [*pip, "install", "--quiet", "--no-deps", "--no-index", "--force-reinstall", os.fspath(wheel)]
    done = subprocess.run(install, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def _environment(home: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "CXR_TRIAGE_"))}
    return {**kept, "HOME": os.fspath(home)}


def test_the_wheel_holds_every_module_and_every_file_that_they_read(wheel: Path) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    here = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert inside == here
    assert {"daemon/example.toml", "daemon/report/templates/report.html"} <= inside
    assert "db/migrations/versions/0001_first_schema.py" in inside


def test_the_wheel_cannot_be_put_on_a_public_index(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        assert b"Classifier: Private :: Do Not Upload" in archive.read(metadata)


def test_the_wheel_installed_alone_scans_a_folder(installed: Path, tmp_path: Path) -> None:
    real_dicom_folder()
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "chest.dcm").write_bytes(find(CHEST).read_bytes())  # a drawn film is refused: it is none
    command = [os.fspath(installed / "cxr-triage"), "scan", "films"]  # with the bundle that ships
    done = subprocess.run(command, cwd=tmp_path, env=_environment(tmp_path), capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 seen: 1 scored, 0 pending\n", "")
    for arguments in (["report"], ["account", "--verify"], ["config", "example"]):
        subprocess.run(
            [installed / "cxr-triage", *arguments],
            cwd=tmp_path,
            env=_environment(tmp_path),
            check=True,
            capture_output=True,
        )


def test_the_names_belong_to_the_wheel_alone(installed: Path, tmp_path: Path) -> None:
    code = (
        "import json, daemon; from importlib.metadata import packages_distributions as owners; "
        "print(daemon.__file__); "
        "print(*sorted({owner for name in ('daemon', 'db', 'models', 'trainer') for owner in owners()[name]}))"
    )
    done = subprocess.run(
        [installed / "python", "-c", code],
        cwd=tmp_path,
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    file, owner = done.stdout.splitlines()
    assert Path(file).is_relative_to(installed.parent)
    assert owner == "cxr-triage"


def test_both_programs_are_there(installed: Path, tmp_path: Path) -> None:
    for name in ("cxr-triage", "cxr-trainer"):
        done = subprocess.run(
            [installed / name, "--version"], cwd=tmp_path, env=_environment(tmp_path), capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
