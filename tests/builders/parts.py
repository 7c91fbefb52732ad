"""Finds the real parts that some tests need; without its part a test skips with a reason, or fails where required."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final, NoReturn

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
REQUIRED: Final = "CXR_TRIAGE_REQUIRE_PARTS"


def shared_data() -> Path:
    """The folder of real radiographs beside the project; mark the test `shared`."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        missing("the radiographs of ../shared/data are not here")
    return folder


def need_program(name: str) -> str:
    """The path of a program; mark the test `system("<package>")`."""
    found = shutil.which(name)
    if found is None:
        missing(f"the program {name} is not installed; make system-parts installs it")
    return found


def real_dicom(name: str) -> bytes:
    """One of pydicom-data's real files."""
    return (real_dicom_folder() / name).read_bytes()


def real_dicom_folder() -> Path:
    """The folder of pydicom-data's real files."""
    try:
        import data_store
    except ImportError:
        missing("the package pydicom-data is not installed")
    return Path(data_store.__file__).parent / "data"


def missing(reason: str) -> NoReturn:
    """Skip the test, or fail it where every part is required."""
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{reason}, and {REQUIRED}=1 asks for every part", pytrace=False)
    pytest.skip(reason)
