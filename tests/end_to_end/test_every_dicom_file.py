"""Every real DICOM file at hand goes through `scan`, alone in a fresh database: only the chest film is scored.

`python tests/end_to_end/test_every_dicom_file.py` writes the table of docs/dicom-files.md anew.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # where this file is run as a program

from builders.fates import HEAD, Fate, fates
from builders.parts import ROOT

from db.store import open_store

PAGE: Final = ROOT / "docs" / "dicom-files.md"
CHEST: Final = {f"pydicom-data/RG1_{encoding}.dcm" for encoding in ("UNCR", "J2KR", "UNCI", "J2KI")}
TAKEN: Final = {"CR", "DX", ""}
BROKEN: Final = {"pydicom/test_files/rtplan_truncated.dcm", "pydicom/test_files/ExplVR_BigEndNoMeta.dcm"}
FAULTS: Final = {"", "worker-died", "worker-failed", "too-slow", "decoder-failed", "too-much-memory"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, blank: Path) -> dict[str, Fate]:
    """What became of each, by name."""
    return {fate.name: fate for fate in fates(tmp_path_factory.mktemp("real"), blank)}


def test_the_chest_film_is_scored_alike_in_all_four_encodings(found: dict[str, Fate]) -> None:
    """And nothing else is scored. The lossy file and its uncompressed copy are a pair, too."""
    assert {name for name, fate in found.items() if fate.outcome == "scored"} == CHEST
    logits = {name[len("pydicom-data/RG1_") :][:4]: found[name].logit for name in CHEST}
    assert logits["UNCR"] == pytest.approx(logits["J2KR"], abs=0.01)
    assert logits["UNCI"] == pytest.approx(logits["J2KI"], abs=0.01)
    assert logits["UNCR"] == pytest.approx(logits["J2KI"], abs=0.05)  # measured 0.0095


def test_every_other_modality_and_body_part_is_refused_with_its_code(found: dict[str, Fate]) -> None:
    """By what pydicom reads from the header."""
    for fate in found.values():
        if fate.modality not in TAKEN:
            assert fate.outcome == "refused: modality" or fate.name in BROKEN, fate
        elif fate.body_part not in {"", "CHEST"}:
            assert fate.outcome == "refused: body-part", fate


def test_whatever_is_no_film_fails_or_is_refused_with_a_code(found: dict[str, Fate]) -> None:
    """None crashes a worker, none takes too long, none is left pending."""
    assert len(found) >= 250
    for name, fate in found.items():
        if name not in CHEST:
            state, _, code = fate.outcome.partition(": ")
            assert state in {"refused", "failed"}, fate
            assert code not in {"", "worker-died", "worker-failed", "too-slow", "decoder-failed", "too-much-memory"}, (
                fate
            )


def test_the_page_has_the_table_of_all(found: dict[str, Fate]) -> None:
    """Row by row; the head of this file says how to write it anew."""
    assert table(found) in PAGE.read_text(encoding="utf-8")


def table(found: dict[str, Fate]) -> str:
    """In Markdown."""
    head = [f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}"]
    return "\n".join([*head, *(fate.row for fate in found.values())]) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        empty = Path(scratch) / "blank.db"
        open_store(str(empty), create=True).close()
        rows = table({fate.name: fate for fate in fates(Path(scratch), empty)})
    before, mark, _ = PAGE.read_text(encoding="utf-8").partition("<!-- table -->\n")
    PAGE.write_text(before + mark + rows, encoding="utf-8")
