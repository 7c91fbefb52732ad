"""Batches of a phase are the same whether they are drawn ahead or in turn."""

from __future__ import annotations

import numpy as np
import pytest
from builders.films import grey_film
from builders.training import TINY, film, need_keras

from trainer.data.batches import Drawer

need_keras()

from trainer.training import drawing  # noqa: E402 - needs Keras
from trainer.training.progress import Standing  # noqa: E402


@pytest.mark.parametrize("taken", [0, 2])
def test_batches_do_not_depend_on_when_they_are_drawn(monkeypatch, taken):
    (phase,) = TINY.phases
    films = [film(number) for number in range(6)]
    drawer = Drawer(films, [grey_film(224, 224, seed=n) for n in range(6)], seed=1)
    standing = Standing(step=taken, taken=taken, averaged=[])
    drawn = []
    for in_turn in (False, True):
        monkeypatch.setattr(drawing, "_cores_step_together", lambda in_turn=in_turn: in_turn)
        drawn.append(list(drawing.batches(drawer, TINY, phase, standing)))
    assert len(drawn[0]) == len(drawn[1]) == phase.steps - taken
    assert all(np.array_equal(a.inputs, b.inputs) for a, b in zip(*drawn, strict=True))
