"""The lock files pin everything that the project asks for, by hash, and the daemon's hold no training library."""

from __future__ import annotations

import re
import tomllib
from typing import Final

import pytest
from builders.parts import ROOT

PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
EXTRAS: Final = {
    "daemon": (),
    "dicom": ("receiver",),
    "pdf": ("pdf",),
    "demo": ("demo",),
    "test": ("demo", "receiver", "pdf", "trainer", "test"),
}


def _name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", text)[0]).lower()


def _pinned(lock: str) -> set[str]:
    return {_name(found) for found in PIN.findall((ROOT / "locks" / f"{lock}.txt").read_text())}


@pytest.mark.parametrize("lock", EXTRAS)
def test_everything_that_is_asked_for_is_pinned(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    for extra in EXTRAS[lock]:
        wanted += project["optional-dependencies"][extra]
    assert {_name(text) for text in wanted} <= _pinned(lock)


@pytest.mark.parametrize("lock", EXTRAS)
def test_every_pin_has_hashes_and_names_no_index(lock: str) -> None:
    text = (ROOT / "locks" / f"{lock}.txt").read_text()
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


@pytest.mark.parametrize("lock", ["daemon", "dicom", "pdf", "demo"])
def test_the_daemon_brings_no_training_library(lock: str) -> None:
    assert not {"tensorflow", "keras", "torch", "optuna"} & _pinned(lock)


def test_the_locks_agree() -> None:
    """The tests run what the demo runs."""
    pins = {lock: dict(re.findall(r"^([A-Za-z0-9._-]+==[^ ;]+)(.*)", _text(lock), re.MULTILINE)) for lock in EXTRAS}
    assert set(pins["daemon"]) <= set(pins["demo"]) <= set(pins["test"])
    assert set(pins["daemon"]) <= set(pins["dicom"]) <= set(pins["test"])
    assert set(pins["daemon"]) <= set(pins["pdf"]) <= set(pins["test"])


def _text(lock: str) -> str:
    return (ROOT / "locks" / f"{lock}.txt").read_text()
