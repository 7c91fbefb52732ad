"""The short version of tests/faults/fuzz.py: mutants of real films, and sound films beside them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from builders.parts import ROOT

INPUTS: Final = 150
SEED: Final = 20261122


def test_mutants_end_with_a_code_and_harm_nobody(tmp_path: Path, bundle: Path) -> None:
    """Each in a terminal state, memory within its limits, innocents scored, the account verified; see fuzz.py."""
    command = [sys.executable, str(ROOT / "tests" / "faults" / "fuzz.py"), "--format", "json"]
    options = ["--inputs", str(INPUTS), "--seed", str(SEED), "--folder", str(tmp_path), "--bundle", str(bundle)]
    ended = subprocess.run([*command, *options], capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode in (0, 1), ended.stderr
    found = json.loads(ended.stdout)
    assert found["wrong"] == {}
    assert found["mutants"] == INPUTS
    assert set(found["states"]) >= {"failed", "refused", "scored"}
