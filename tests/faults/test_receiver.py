"""Receiver and daemon are killed while dcmtk sends, as `receiver.py` does; long with CXR_TRIAGE_FAULTS=long."""

from __future__ import annotations

from pathlib import Path

import pytest
from faults.receiver import Siege
from faults.ward import LONG, dice

FILMS, KILLS = (1000, 5) if LONG else (120, 2)


@pytest.mark.system("dcmtk")
def test_every_image_that_was_acknowledged_is_in_the_account(tmp_path: Path) -> None:
    """Over 8 associations, whoever is killed; a film that is sent again does not lie there twice."""
    seed = dice().randrange(1 << 31)
    print(f"seed {seed}")
    figures = Siege(tmp_path, seed, FILMS, 8, KILLS).run()
    print(figures)
    assert figures.lost == []
    assert figures.broken == []
    assert figures.acknowledged == figures.on_disk == FILMS
    assert (figures.receiver_kills, figures.daemon_kills) == (KILLS, KILLS)
