"""The real program with the tiny bundle, in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders.bundles import tiny_bundle


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that scores brightness."""
    return tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")
