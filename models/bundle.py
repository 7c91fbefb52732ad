"""Reads, verifies and writes a bundle: a model, its operating points and where both come from; it runs no model.

A bundle is a folder with ``model.tflite``, ``bundle.json``, ``MODEL_CARD.md``, ``split.csv`` and figures. What was
hashed is what runs: the model's bytes are read once and handed on from memory, because a model file with one flipped
bit crashes LiteRT in 1 of 300 cases. ``bundle.json`` carries the hash of every other file and, as ``seal``, its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from models.bundle_document import DOCUMENT, FORMAT, MODEL, BundleError, Checker, seal_of
from models.operating_points import Calibration, GroupPolicy, OperatingPoint, point_for
from models.population import AgeGroup, Population

__all__ = [
    "DOCUMENT",
    "FORMAT",
    "MODEL",
    "SHIPPED",
    "Bundle",
    "BundleError",
    "BundleStatus",
    "Calibration",
    "GroupPolicy",
    "OperatingPoint",
    "point_for",
    "points_from_document",
    "policies_from_document",
    "read_bundle",
    "seal_of",
    "shipped_bundle",
    "write_bundle",
]

SHIPPED: Final = Path(__file__).parent / "shipped"


class BundleStatus(StrEnum):
    """Whether the quantised file was proved to be the network that was judged."""

    CERTIFIED = "certified"
    UNCERTIFIED = "uncertified"  # for looking into, not for reading films by


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle in memory.

    Attributes:
        model: the bytes of ``model.tflite``, exactly those that were hashed.
        points: the operating point of each population that is `banded` or `ordered`; at least one.
        document: the whole of ``bundle.json``.
        policies: what is done with each age group, and why; empty where the bundle (format 1) states nothing.
    """

    folder: Path
    name: str
    network: str
    preprocessing: int
    model: bytes = field(repr=False)
    model_sha256: str
    points: Mapping[Population, OperatingPoint]
    document: Mapping[str, Any] = field(repr=False)
    policies: Mapping[AgeGroup, GroupPolicy] = field(default_factory=dict)
    status: BundleStatus = BundleStatus.CERTIFIED

    @property
    def gate(self) -> Mapping[str, Any] | None:
        """What the pixel side of the gate needs, as the bundle states it; None where it states nothing."""
        return self.document.get("gate")

    def point_for(self, population: Population | None) -> OperatingPoint:
        """The population's point; where it is unknown or not validated, the most careful of all (see `point_for`)."""
        return point_for(self.points, population)


def points_from_document(document: Mapping[str, Any]) -> Mapping[Population, OperatingPoint]:
    """The operating points in a ``bundle.json``, from a folder or from a copy that was kept.

    Raises:
        BundleError: a number is missing or no finite number, or a population is unknown.
    """
    return Checker(None).points(document)


def policies_from_document(document: Mapping[str, Any]) -> Mapping[AgeGroup, GroupPolicy]:
    """What a ``bundle.json`` says of each age group, from a folder or from a copy that was kept; empty in format 1.

    Raises:
        BundleError: a group is missing or unknown, or its policy has no reason.
    """
    return Checker(None).policies(document)


def read_bundle(folder: Path, *, least: BundleStatus = BundleStatus.CERTIFIED) -> Bundle:
    """Read a bundle and verify its format, its preprocessing version and the hash of every file.

    Args:
        folder: of the bundle.
        least: what it must have reached; `UNCERTIFIED` takes any, to be looked into (`cxr-trainer evaluate`, `shift`
            and `compare`), never to read films by.

    Raises:
        BundleError: something is missing, changed, or unknown to this version, or the bundle is uncertified.
    """
    checker = Checker(folder)
    document = checker.parsed(_content(checker, folder, DOCUMENT))
    status = BundleStatus.CERTIFIED if checker.certified(document) else BundleStatus.UNCERTIFIED
    if status is BundleStatus.UNCERTIFIED and least is BundleStatus.CERTIFIED:
        checker.fail(
            "it is uncertified: its quantised file departs too far from the network that was judged",
            "use a certified bundle; `cxr-trainer evaluate --bundle` looks into this one",
        )
    contents = {name: _verified(checker, folder, name, sha256) for name, sha256 in checker.files(document).items()}
    return Bundle(
        folder=folder,
        name=document["name"],
        network=document["network"],
        preprocessing=document["preprocessing"],
        model=contents[MODEL],
        model_sha256=document["files"][MODEL],
        points=checker.points(document),
        document=document,
        policies=checker.policies(document),
        status=status,
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
    checker = Checker(folder, operation="write bundle", remedy="correct what is written")
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    document = json.loads(checker.dumped({**document_without_files, "format": FORMAT, "files": hashes}))
    text = checker.dumped({**document, "seal": seal_of(document)})
    checker.checked(json.loads(text))  # what could not be read again is not written
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


def _content(checker: Checker, folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        if not folder.is_dir():
            checker.fail("there is no such folder", "give the folder that holds bundle.json")
        checker.fail(f"{name} is missing")
    except OSError as error:
        checker.fail(f"{name}: {error.strerror or error}", "give a folder that this user may read")


def _verified(checker: Checker, folder: Path, name: str, sha256: str) -> bytes:
    content = _content(checker, folder, name)
    if hashlib.sha256(content).hexdigest() != sha256:
        checker.fail(f"{name} does not have the sha256 that {DOCUMENT} states")
    return content
