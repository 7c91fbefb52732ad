"""The pixel side of the gate: limits from the bundle, findings with code, sentence and remedy, and what must fit."""

from __future__ import annotations

import copy
import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.bundles import TINY_GATE, tiny_bundle, tiny_gate_bundle
from builders.films import grey_film, jpeg, png

from models.bundle import read_bundle
from models.contract import VERSIONS
from models.findings import FindingCode
from models.pixel_gate import GateError, PixelGate, burnt_out, gate_of, read_gate
from models.radiograph import read_radiograph
from models.scorer import Scorer

GATE = PixelGate(
    ("film", "inverted", "photograph"), {"inverted": 1.0, "photograph": 0.5}, unlike=0.9, white=0.5, black=0.8
)


def codes(*logits: float) -> list[str]:
    return [str(finding.code) for finding in GATE.findings(np.array(logits, np.float32))]


def test_a_kind_is_found_above_its_own_limit() -> None:
    """The margin above the accepted kind counts, whatever the logits are; the likeliest is named."""
    assert codes(5.0, -3.0, -3.0) == []
    assert codes(-20.0, -18.5, -40.0) == ["inverted"]
    assert codes(0.0, 1.2, 3.0) == ["photograph"]
    assert codes(0.0, 0.9, 0.6) == ["photograph"]


def test_unlikeness_sees_what_no_kind_alone_says() -> None:
    """Two kinds just below their limits make a picture unlike; it is called what it is likeliest."""
    assert codes(0.0, 0.9, 0.4) == ["inverted"]
    assert codes(0.0, 0.4, -0.6) == []
    assert GATE.unlikeness(np.array([0.0, 0.9, 0.4], np.float32)) == pytest.approx(
        math.log(math.exp(0.9) + math.exp(0.4))
    )
    lower = dataclasses.replace(GATE, unlike=-1.0)
    (finding,) = lower.findings(np.array([0.0, -1.0, -1.0], np.float32))
    assert finding.code is FindingCode.UNLIKE


def test_unlikeness_never_overflows() -> None:
    """Far logits are figures, too."""
    assert GATE.unlikeness(np.array([-3e4, 3e4, 3e4], np.float32)) == pytest.approx(6e4 + math.log(2))


def test_every_kind_has_a_sentence_and_a_remedy() -> None:
    """Of all the kinds that the trainer knows, and of `unlike`."""
    from trainer.gate.kinds import KINDS

    for kind in [*(kind.value for kind in KINDS[1:]), "unlike"]:
        gate = PixelGate(("film", kind), {kind: 0.0}, 0.0)
        (finding,) = gate.findings(np.array([0.0, 1.0], np.float32))
        assert (finding.code, bool(finding.message), bool(finding.remedy)) == (kind, True, True)


def test_burnt_out_films_are_seen_on_the_plain_picture() -> None:
    """By the share of white or of black; the limits are the bundle's."""
    film = grey_film()
    white, black = film.copy(), film.copy()
    white[: 2 * len(film) // 3] = 255
    black[: len(film) - 10] = 0
    found = [[str(f.code) for f in GATE.picture_findings(read_radiograph(png(p)))] for p in (film, white, black)]
    assert found == [[], ["under-exposed"], ["over-exposed"]]
    assert burnt_out(white.astype(np.float32) / 255)[0] == pytest.approx(2 / 3, abs=0.01)


def test_a_gate_sees_an_inverted_film(tmp_path: Path) -> None:
    """From bytes to finding, by the tiny bundle's own file; the map is that of the tiny bundle without a gate."""
    bundle = read_bundle(tiny_gate_bundle(tmp_path / "gated"))
    scorer, plain = Scorer(bundle), Scorer(read_bundle(tiny_bundle(tmp_path / "plain")))
    gate = gate_of(bundle, scorer)
    assert gate is not None
    for seed in range(4):
        film = grey_film(seed=seed)
        for picture, wanted in ((film, []), (255 - film, ["inverted"])):
            tensor = VERSIONS[1](read_radiograph(jpeg(picture)))
            score = scorer.score(tensor)
            assert score.gate is not None
            assert score.gate.shape == (3,)
            assert [str(finding.code) for finding in gate.findings(score.gate)] == wanted
            assert score.logit == pytest.approx(plain.score(tensor).logit, abs=0.2)


def test_a_bundle_without_a_gate_has_none(tmp_path: Path) -> None:
    """Bundles of before are used as they were."""
    bundle = read_bundle(tiny_bundle(tmp_path / "b"))
    scorer = Scorer(bundle)
    assert gate_of(bundle, scorer) is None
    assert scorer.score(np.zeros((224, 224, 1), np.float32)).gate is None


def test_description_and_model_must_belong_together(tmp_path: Path) -> None:
    """A gate that is described and not there, or there and not described, or of other kinds, is an error."""
    gated = read_bundle(tiny_gate_bundle(tmp_path / "gated"))
    plain = read_bundle(tiny_bundle(tmp_path / "plain"))
    with pytest.raises(GateError, match=r"does not describe"):
        gate_of(dataclasses.replace(gated, document={}), Scorer(gated))
    with pytest.raises(GateError, match="the model has no gate"):
        gate_of(dataclasses.replace(plain, document=gated.document), Scorer(plain))
    fewer = {**TINY_GATE, "kinds": ["film", "inverted"]}
    with pytest.raises(GateError, match="tells 3 kinds apart"):
        gate_of(dataclasses.replace(gated, document={"gate": fewer}), Scorer(gated))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kinds", ["inverted", "film"]),
        ("kinds", ["film"]),
        ("kinds", ["film", "unicorn", "blank"]),
        ("kinds", ["film", "blank", "blank"]),
        ("kinds", None),
        ("limits", {"inverted": 0.0}),
        ("limits", {"inverted": 0.0, "blank": True}),
        ("unlike", "high"),
        ("unlike", math.nan),
        ("burnt_out", {"white": 1.0}),
    ],
)
def test_a_wrong_description_is_one_line(key: str, value: Any) -> None:
    """It names the bundle."""
    document = {**copy.deepcopy(dict(TINY_GATE)), key: value}
    with pytest.raises(GateError) as caught:
        read_gate(document, Path("some/bundle"))
    assert "some/bundle" in str(caught.value)
    assert "\n" not in str(caught.value)
    del document[key]
    with pytest.raises(GateError):
        read_gate(document, Path("some/bundle"))
