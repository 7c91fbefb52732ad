"""A short version of `kills.py`: the daemon is killed a few times while films arrive."""

from __future__ import annotations

import random
from pathlib import Path

from faults.figures import table
from faults.kills import Killer


def test_a_daemon_that_is_killed_again_and_again_loses_and_repeats_nothing(tmp_path: Path) -> None:
    """Every film that is left has the one outcome that it must have, and the account holds after every kill."""
    seed = random.SystemRandom().randrange(1 << 31)
    print(f"seed {seed}")
    figures = Killer(tmp_path, seed, kills=8, files=120, rescan=1.0).run()
    print(table(figures))
    assert figures.broken == []
    assert figures.proof is not None
    assert figures.proof.held, figures.proof
    assert figures.kills == 8
    assert figures.written == 120
    assert figures.verified + figures.no_database == 8
