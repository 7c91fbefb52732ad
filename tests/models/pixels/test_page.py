"""docs/dicom.md says what the tests hold: no cell without its test, no test without its cell, no code that is none."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

from builders.parts import ROOT

from models.radiograph import FailureCode

PAGE = (ROOT / "docs" / "dicom.md").read_text(encoding="utf-8")


def conformance() -> ModuleType:
    spec = importlib.util.spec_from_file_location("conformance", Path(__file__).with_name("test_conformance.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table_below(heading: str) -> list[list[str]]:
    """Rows of the first table under a heading, as cells."""
    part = PAGE[PAGE.index(f"## {heading}") :]
    lines = re.search(r"(?:^\|.*\n)+", part, re.MULTILINE)
    assert lines is not None
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[0].splitlines()]


def test_the_table_is_the_test_matrix() -> None:
    """Transfer syntax x photometric interpretation x bits."""
    (_, *photometrics), _, *rows = table_below("Transfer syntax")
    stated = {
        (syntax, photometric, bits)
        for syntax, *cells in rows
        for photometric, cell in zip(photometrics, cells, strict=True)
        for bits in cell.split()
    }
    assert stated == {(cell.syntax, cell.photometric, cell.bits) for cell in conformance().CELLS}
    assert len(stated) > 180


def test_the_codes_are_those_of_the_reader() -> None:
    """Each that a DICOM file may fail with stands in the table."""
    codes = {code for row in table_below("What fails") for code in re.findall(r"`([a-z-]+)`", row[0])}
    assert codes == set(FailureCode) - {FailureCode.EMPTY, FailureCode.UNKNOWN_FORMAT}
