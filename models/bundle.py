"""Reads, verifies and writes a bundle: a model, its operating points and where both come from; it runs no model.

A bundle is a folder with ``model.tflite``, ``bundle.json``, ``MODEL_CARD.md``, ``split.csv`` and figures. What was
hashed is what runs: the model's bytes are read once and handed on from memory, because a model file with one flipped
bit crashes LiteRT in 1 of 300 cases. ``bundle.json`` carries the hash of every other file and, as ``seal``, its own.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final, NoReturn

from models.contract import VERSIONS
from models.errors import ModelsError
from models.population import Population

FORMAT: Final = 1
DOCUMENT: Final = "bundle.json"
MODEL: Final = "model.tflite"
REQUIRED: Final = (MODEL, "MODEL_CARD.md", "split.csv")
SHIPPED: Final = Path(__file__).parent / "shipped"
_REMEDY: Final = "copy the bundle again from its source"


class BundleError(ModelsError):
    """A bundle is missing, damaged, or of a format that this version does not know."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logit -> probability by a logistic curve (Platt), as it was at one prevalence."""

    slope: float
    intercept: float
    prevalence: float  # share of pneumonia among the films that it was fitted on

    def probability(self, logit: float) -> float:
        """The calibrated probability, 0..1, at the stated prevalence; never overflows."""
        z = self.slope * logit + self.intercept
        if z >= 0:
            return 1.0 / (1.0 + math.exp(-z))
        return math.exp(z) / (1.0 + math.exp(z))


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Where a population's bands begin, on the float logit, and what that is known to give."""

    population: Population
    threshold: float  # at or above it: `next`
    first_threshold: float  # at or above it: `first`
    calibration: Calibration
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle in memory.

    Attributes:
        model: the bytes of ``model.tflite``, exactly those that were hashed.
        points: the operating point of each population that the bundle was validated for; at least one.
        document: the whole of ``bundle.json``.
    """

    folder: Path
    name: str
    network: str
    preprocessing: int
    model: bytes = field(repr=False)
    model_sha256: str
    points: Mapping[Population, OperatingPoint]
    document: Mapping[str, Any] = field(repr=False)

    def point_for(self, population: Population | None) -> OperatingPoint:
        """The population's point; where it is unknown or not validated, the most careful of all (see `point_for`)."""
        return point_for(self.points, population)


def point_for(points: Mapping[Population, OperatingPoint], population: Population | None) -> OperatingPoint:
    """The point of a population, for points that were kept without their bundle.

    Nobody may be called low by a threshold that was not made for them, nor first, nor likely: a film of an unknown
    population gets the lowest threshold of the bundle, the highest for `first`, and the calibration at the lowest
    prevalence.
    """
    if population is not None and population in points:
        return points[population]
    lowest = min(points.values(), key=lambda point: (point.threshold, point.population))
    first = max(point.first_threshold for point in points.values())
    rarest = min(points.values(), key=lambda point: (point.calibration.prevalence, point.population))
    return replace(lowest, first_threshold=first, calibration=rarest.calibration)


def points_from_document(document: Mapping[str, Any]) -> Mapping[Population, OperatingPoint]:
    """The operating points in a ``bundle.json``, from a folder or from a copy that was kept.

    Raises:
        BundleError: a number is missing or no finite number, or a population is unknown.
    """
    return _Reader(None).points(document)


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle and verify its format, its preprocessing version and the hash of every file.

    Raises:
        BundleError: something is missing, changed, or unknown to this version.
    """
    reader = _Reader(folder)
    document = reader.document()
    contents = {name: reader.verified(name, sha256) for name, sha256 in reader.files(document).items()}
    return Bundle(
        folder=folder,
        name=document["name"],
        network=document["network"],
        preprocessing=document["preprocessing"],
        model=contents[MODEL],
        model_sha256=document["files"][MODEL],
        points=reader.points(document),
        document=document,
    )


def shipped_bundle() -> Path:
    """The folder of the bundle that is installed with the package; the last by name if there are several.

    Raises:
        BundleError: this installation holds none.
    """
    found = sorted(path.parent for path in SHIPPED.glob(f"*/{DOCUMENT}"))
    if not found:
        raise BundleError("find the shipped bundle", SHIPPED, "the installation holds none", "give a bundle's folder")
    return found[-1]


def write_bundle(folder: Path, *, document_without_files: Mapping[str, Any], files: Mapping[str, bytes]) -> Path:
    """Write a new bundle as a whole or not at all: into a folder beside it that is then renamed.

    Args:
        folder: must not exist, or be empty.
        document_without_files: ``bundle.json`` but for ``format``, ``files`` and ``seal``, which are set here.
        files: name -> content of every other file; names may lie in a subfolder (``figures/roc.svg``).

    Returns:
        The folder.

    Raises:
        BundleError: the document would not be read back, or the disk refused.
    """
    reader = _Reader(folder, operation="write bundle", remedy="correct what is written")
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    document = json.loads(reader.dumped({**document_without_files, "format": FORMAT, "files": hashes}))
    text = reader.dumped({**document, "seal": seal_of(document)})
    reader.checked(json.loads(text))  # what could not be read again is not written
    temporary = folder.parent / f".{folder.name}.{os.getpid()}.partial"  # the umask decides who may read a bundle
    try:
        for name, content in files.items():
            (temporary / name).parent.mkdir(parents=True, exist_ok=True)
            (temporary / name).write_bytes(content)
        (temporary / DOCUMENT).write_text(text, encoding="utf-8")
        temporary.rename(folder)  # refused by the system where a folder with content is in the way
    except OSError as error:
        cause = error.strerror or str(error)
        raise BundleError("write bundle", folder, cause, "give a new folder on a disk with space") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def seal_of(document: Mapping[str, Any]) -> str:
    """sha256 of a document's content but for its ``seal``: a threshold with one flipped bit is found, too."""
    content = {key: value for key, value in document.items() if key != "seal"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Reader:
    """Checks one bundle and says in every error which one it was."""

    folder: Path | None
    operation: str = "read bundle"
    remedy: str = _REMEDY

    def fail(self, cause: str, remedy: str | None = None) -> NoReturn:
        raise BundleError(self.operation, self.folder, cause, remedy or self.remedy)

    def content(self, name: str) -> bytes:
        assert self.folder is not None  # noqa: S101 - only points_from_document has no folder, and it reads none
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            if not self.folder.is_dir():
                self.fail("there is no such folder", "give the folder that holds bundle.json")
            self.fail(f"{name} is missing")
        except OSError as error:
            self.fail(f"{name}: {error.strerror or error}", "give a folder that this user may read")

    def document(self) -> dict[str, Any]:
        data = self.content(DOCUMENT)
        try:
            document = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise BundleError(self.operation, self.folder, f"{DOCUMENT} is no JSON ({error})", self.remedy) from error
        return self.checked(document)

    def checked(self, document: Any) -> dict[str, Any]:
        """The document if every field that is relied on is there and known."""
        if not isinstance(document, dict):
            self.fail(f"{DOCUMENT} is no JSON object")
        if document.get("format") != FORMAT:
            self.fail(
                f"format {document.get('format')!r} is not {FORMAT}", "use a bundle made for this version, or upgrade"
            )
        if document.get("seal") != seal_of(document):
            self.fail(f"{DOCUMENT} does not match its own seal: it was changed after it was written")
        for key in ("name", "network"):
            if not isinstance(document.get(key), str) or not document[key]:
                self.fail(f"{key} is missing or no text")
        version = document.get("preprocessing")
        if not isinstance(version, int) or isinstance(version, bool) or version not in VERSIONS:
            known = ", ".join(map(str, VERSIONS))
            self.fail(
                f"preprocessing version {version!r} is unknown (known: {known})",
                "use a bundle made for this version, or upgrade",
            )
        self.files(document)
        self.points(document)
        return document

    def files(self, document: Mapping[str, Any]) -> dict[str, str]:
        """Name -> sha256 of every file but the document; names stay inside the folder."""
        files = document.get("files")
        if not isinstance(files, dict):
            self.fail("files is missing")
        for name, sha256 in files.items():
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or str(path) != name or "\0" in name or name == DOCUMENT:
                self.fail(f"files names {name!r}, which is no file of a bundle")
            if not isinstance(sha256, str) or len(sha256) != 64:
                self.fail(f"the hash of {name} is no sha256")
        for name in REQUIRED:
            if name not in files:
                self.fail(f"files does not name {name}")
        return files

    def verified(self, name: str, sha256: str) -> bytes:
        content = self.content(name)
        if hashlib.sha256(content).hexdigest() != sha256:
            self.fail(f"{name} does not have the sha256 that {DOCUMENT} states")
        return content

    def points(self, document: Mapping[str, Any]) -> dict[Population, OperatingPoint]:
        populations = document.get("populations")
        if not isinstance(populations, Mapping) or not populations:
            self.fail("populations is missing or empty")
        points = {}
        for key, entry in populations.items():
            if key not in set(Population):
                self.fail(f"population {key!r} is unknown (known: {', '.join(Population)})")
            points[Population(key)] = self.point(Population(key), entry)
        return points

    def point(self, population: Population, entry: Any) -> OperatingPoint:
        calibration = entry.get("calibration") if isinstance(entry, Mapping) else None
        if not isinstance(calibration, Mapping):
            self.fail(f"{population} has no calibration")
        number = {key: self.number(population, key, entry) for key in ("threshold", "first_threshold")}
        curve = {key: self.number(population, key, calibration) for key in ("slope", "intercept", "prevalence")}
        if number["first_threshold"] < number["threshold"]:
            self.fail(f"{population}: first_threshold lies below threshold")
        if curve["slope"] <= 0 or not 0 < curve["prevalence"] < 1:
            self.fail(f"{population}: the calibration's slope is not above 0, or its prevalence not within 0 and 1")
        evidence = entry.get("evidence", {})
        if not isinstance(evidence, Mapping):
            self.fail(f"{population}: evidence is no JSON object")
        return OperatingPoint(
            population, number["threshold"], number["first_threshold"], Calibration(**curve), evidence
        )

    def number(self, population: Population, key: str, entry: Mapping[str, Any]) -> float:
        value = entry.get(key)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
            self.fail(f"{population}: {key} is missing or no finite number")
        return float(value)

    def dumped(self, document: Mapping[str, Any]) -> str:
        try:
            return json.dumps(document, indent=2, allow_nan=False) + "\n"
        except (TypeError, ValueError) as error:
            raise BundleError(self.operation, self.folder, f"the document is no JSON ({error})", self.remedy) from error
