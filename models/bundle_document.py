"""What ``bundle.json`` must hold, and what is said where it does not; pure: files are read by `models.bundle`."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, NoReturn

from models.contract import VERSIONS
from models.errors import ModelsError
from models.operating_points import Calibration, GroupPolicy, OperatingPoint
from models.population import AgeGroup, Policy, Population
from models.reference import references

FORMAT: Final = 2
FORMATS: Final = (1, FORMAT)  # 1 states no policies: every film is judged, none is refused by age
DOCUMENT: Final = "bundle.json"
MODEL: Final = "model.tflite"
REQUIRED: Final = (MODEL, "MODEL_CARD.md", "split.csv")
_REMEDY: Final = "copy the bundle again from its source"


class BundleError(ModelsError):
    """A bundle is missing, damaged, or of a format that this version does not know."""


def seal_of(document: Mapping[str, Any]) -> str:
    """sha256 of a document's content but for its ``seal``: a threshold with one flipped bit is found, too."""
    content = {key: value for key, value in document.items() if key != "seal"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Checker:
    """Checks one document and says in every error which bundle it was."""

    folder: Path | None
    operation: str = "read bundle"
    remedy: str = _REMEDY

    def fail(self, cause: str, remedy: str | None = None) -> NoReturn:
        """Raise what is wrong with this bundle."""
        raise BundleError(self.operation, self.folder, cause, remedy or self.remedy)

    def parsed(self, text: bytes) -> dict[str, Any]:
        """The document that a text holds, checked."""
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BundleError(self.operation, self.folder, f"{DOCUMENT} is no JSON ({error})", self.remedy) from error
        return self.checked(document)

    def checked(self, document: Any) -> dict[str, Any]:
        """The document if every field that is relied on is there and known."""
        if not isinstance(document, dict):
            self.fail(f"{DOCUMENT} is no JSON object")
        form = document.get("format")
        if isinstance(form, bool) or form not in FORMATS:
            known = ", ".join(map(str, FORMATS))
            self.fail(f"format {form!r} is unknown (known: {known})", "use a bundle made for this version, or upgrade")
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
        self.certified(document)
        if not isinstance(document.get("gate", {}), Mapping):
            self.fail("gate is no JSON object")
        try:
            references(document)
        except ValueError as error:
            self.fail(str(error))
        return document

    def certified(self, document: Mapping[str, Any]) -> bool:
        """Whether the quantised file may stand for the network that was judged."""
        if document["format"] == 1:
            quantisation = document.get("quantisation")
            return not isinstance(quantisation, Mapping) or quantisation.get("certified") is not False
        if not isinstance(document.get("certified"), bool):
            self.fail("certified is missing, or neither true nor false")
        return bool(document["certified"])

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

    def points(self, document: Mapping[str, Any]) -> dict[Population, OperatingPoint]:
        """The operating point of each population that is banded or ordered; at least one."""
        populations = document.get("populations")
        if not isinstance(populations, Mapping) or not populations:
            self.fail("populations is missing or empty")
        policies = self.policies(document)
        points = {}
        for key, entry in populations.items():
            if key not in set(Population):
                self.fail(f"population {key!r} is unknown (known: {', '.join(Population)})")
            stated = policies.get(AgeGroup(key))
            points[Population(key)] = self._point(Population(key), entry, stated.policy if stated else Policy.BANDED)
        for group, stated in policies.items():
            has_point = group.population in points
            if has_point and stated.policy is Policy.OUTSIDE:
                self.fail(f"{group} are outside, and have an operating point all the same")
            if not has_point and stated.policy is Policy.BANDED:
                self.fail(f"{group} are banded, and have no operating point")
            if not has_point and group.population and stated.policy is Policy.ORDERED:
                self.fail(f"{group} are ordered, and have no calibration")
        return points

    def policies(self, document: Mapping[str, Any]) -> dict[AgeGroup, GroupPolicy]:
        """What is done with each age group; empty in format 1, which states nothing about it."""
        if document.get("format") == 1:
            return {}
        policies = document.get("policies")
        if not isinstance(policies, Mapping):
            self.fail("policies is missing")
        if set(policies) != set(AgeGroup):
            self.fail(f"policies names {', '.join(map(repr, policies)) or 'nobody'}, not {', '.join(AgeGroup)}")
        return {group: self._policy(group, policies[group]) for group in AgeGroup}

    def dumped(self, document: Mapping[str, Any]) -> str:
        """The text of a document, as it stands in the folder."""
        try:
            return json.dumps(document, indent=2, allow_nan=False) + "\n"
        except (TypeError, ValueError) as error:
            raise BundleError(self.operation, self.folder, f"the document is no JSON ({error})", self.remedy) from error

    def _policy(self, group: AgeGroup, entry: Any) -> GroupPolicy:
        stated = entry.get("policy") if isinstance(entry, Mapping) else None
        if stated not in tuple(Policy):
            self.fail(f"{group}: policy {stated!r} is unknown (known: {', '.join(Policy)})")
        reason, evidence = entry.get("reason"), entry.get("evidence", {})
        if not isinstance(reason, str) or not reason.strip():
            self.fail(f"{group}: the policy's reason is missing")
        if not isinstance(evidence, Mapping):
            self.fail(f"{group}: evidence is no JSON object")
        return GroupPolicy(Policy(stated), reason.strip(), evidence)

    def _point(self, population: Population, entry: Any, policy: Policy) -> OperatingPoint:
        calibration = entry.get("calibration") if isinstance(entry, Mapping) else None
        if not isinstance(calibration, Mapping):
            self.fail(f"{population} has no calibration")
        curve = Calibration(
            **{key: self._number(population, key, calibration) for key in ("slope", "intercept", "prevalence")}
        )
        if curve.slope <= 0 or not 0 < curve.prevalence < 1:
            self.fail(f"{population}: the calibration's slope is not above 0, or its prevalence not within 0 and 1")
        evidence = entry.get("evidence", {})
        if not isinstance(evidence, Mapping):
            self.fail(f"{population}: evidence is no JSON object")
        if policy is not Policy.BANDED:  # thresholds may stand there for the record; no band begins at them
            return OperatingPoint(population, -math.inf, math.inf, curve, evidence, Policy.ORDERED)
        threshold, first = (self._number(population, key, entry) for key in ("threshold", "first_threshold"))
        if first < threshold:
            self.fail(f"{population}: first_threshold lies below threshold")
        return OperatingPoint(population, threshold, first, curve, evidence)

    def _number(self, population: Population, key: str, entry: Mapping[str, Any]) -> float:
        value = entry.get(key)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
            self.fail(f"{population}: {key} is missing or no finite number")
        return float(value)
