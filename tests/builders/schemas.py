"""The published schemas of what the program prints for other programs: docs/schema."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from builders.parts import ROOT
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

FOLDER = ROOT / "docs" / "schema"


def schema(name: str) -> Any:
    """One of them, such as ``queue-1``."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def faults(name: str, document: Any) -> list[str]:
    """Where a document is not as its schema says."""
    return [f"{error.json_path}: {error.message[:200]}" for error in _validator(name).iter_errors(document)]


@cache
def _validator(name: str) -> Draft202012Validator:
    known = [(path.name, Resource.from_contents(schema(path.stem))) for path in FOLDER.glob("*.json")]
    registry: Registry[Any] = Registry().with_resources(known)
    return Draft202012Validator(schema(name), registry=registry)
