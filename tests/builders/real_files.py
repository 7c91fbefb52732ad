"""The real DICOM files that lie in two wheels: pydicom's own test files and pydicom-data. None is downloaded."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from builders.parts import real_dicom_folder


def pydicom_files() -> dict[str, Path]:
    """pydicom's own test files by their path in its folder, DICOM or not."""
    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    return {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}


def real_files() -> dict[str, Path]:
    """All of them; those of pydicom-data only where it is installed."""
    try:
        more = {f"pydicom-data/{path.name}": path for path in sorted(real_dicom_folder().iterdir())}
    except pytest.skip.Exception:
        more = {}
    return pydicom_files() | more


def pictures() -> dict[str, Path]:
    """Those whose header, if there is one, announces a picture."""
    return {name: path for name, path in real_files().items() if "Rows" in _header(path)}


def _header(path: Path) -> pydicom.Dataset:
    try:
        return pydicom.dcmread(path, force=True, stop_before_pixels=True, specific_tags=["Rows"])
    except Exception:  # noqa: BLE001 - rubbish of any kind is among them
        return pydicom.Dataset()
