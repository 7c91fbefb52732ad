"""Every real file of pydicom-data and of pydicom's own tests: what each is, and what `scan` makes of it alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pydicom
from builders.intake import House, RealTime
from builders.parts import real_dicom_folder

from daemon.intake.programs import scan
from daemon.intake.workers import WorkerPool
from db import results
from models.bundle import read_bundle, shipped_bundle

HEAD: Final = ("file", "modality", "body part", "transfer syntax", "outcome")
_OWN: Final = Path(pydicom.__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one file.

    Attributes:
        name: "pydicom-data/..." or "pydicom/...".
        modality, body_part, syntax: as pydicom reads them from the header, "" where it reads none.
        outcome: the state, and the code where there is one.
        logit: None unless scored.
    """

    name: str
    modality: str
    body_part: str
    syntax: str
    outcome: str
    logit: float | None

    @property
    def row(self) -> str:
        """Its line in the table of docs/dicom-files.md."""
        return f"| {' | '.join((f'`{self.name}`', self.modality, self.body_part, self.syntax, self.outcome))} |"


def every_file() -> dict[str, Path]:
    """All of them by name; those of pydicom that its wheel holds, none is downloaded."""
    found = {f"pydicom-data/{path.name}": path for path in sorted(real_dicom_folder().iterdir())}
    for folder in ("test_files", "charset_files", "palettes"):
        for path in sorted((_OWN / folder).rglob("*")):
            if path.is_file() and path.suffix not in {".py", ".pyc"}:
                found[f"pydicom/{path.relative_to(_OWN).as_posix()}"] = path
    return found


def fates(folder: Path, blank: Path) -> Iterator[Fate]:
    """Scan each alone into a store of its own, with the bundle that ships and real workers."""
    bundle = read_bundle(shipped_bundle())
    with WorkerPool(bundle, 1) as pool:
        for number, (name, path) in enumerate(every_file().items()):
            house = House.in_(folder / str(number), blank)
            house.time, house.workers, house.bundle = RealTime(), pool, bundle
            shutil.copyfile(path, house.incoming / "film")
            os.utime(house.incoming / "film", (1, 1))
            intake = house.intake(settle=0.01)
            assert scan(intake, lambda: False, lambda: None) == []
            intake.release()
            yield _fate(house, name, path)
            house.check()
            house.store.close()
            shutil.rmtree(house.folder)


def _fate(house: House, name: str, path: Path) -> Fate:
    arrival = house.at("film")
    outcome = arrival.state.value + (f": {arrival.code}" if arrival.code else "")
    if arrival.result_id is None:
        return Fate(name, *_header(path), outcome, None)
    with house.store.read() as tx:
        result = results.get(tx, arrival.result_id)
    assert result is not None
    return Fate(name, *_header(path), outcome, result.logit)


def _header(path: Path) -> tuple[str, str, str]:
    """Modality, body part and transfer syntax by pydicom alone, forced; "" where it gives up."""
    try:
        dataset = pydicom.dcmread(path, force=True, stop_before_pixels=True)
        syntax = dataset.file_meta.get("TransferSyntaxUID")
        said = [str(dataset.get(keyword) or "") for keyword in ("Modality", "BodyPartExamined")]
    except Exception:  # noqa: BLE001 - some of these files are broken on purpose
        return "", "", ""
    name = "" if syntax is None else pydicom.uid.UID(syntax).name
    return said[0], said[1], name
