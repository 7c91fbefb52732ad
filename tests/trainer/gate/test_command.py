"""`cxr-trainer gate`: what fit leaves in a run folder, and what judge counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.bundles import tiny_bundle, tiny_gate_bundle
from builders.films import grey_film, jpeg
from builders.training import TINY, TINY_NAME, labelled_folder, need_keras
from click.testing import CliRunner

from models.pixel_gate import read_gate
from trainer.cli.main import cli
from trainer.data.films import Part
from trainer.data.sources import Source, find_all
from trainer.data.splits import split_text
from trainer.errors import TrainerError
from trainer.gate.generators import FROZEN
from trainer.gate.kinds import KINDS
from trainer.networks.starting_weights import Weights
from trainer.runs import save_arrays


def trainer(*words: object) -> Any:
    return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the tiny recipe on two sources, as far as a gate needs it."""
    need_keras()
    folder = tmp_path_factory.mktemp("gate")
    sources = [Source(labelled_folder(folder / name, each=6, seed=seed)) for seed, name in enumerate("ab")]
    films = find_all(sources)
    parts = {film.sha256: Part.VALIDATION if i % 3 == 0 else Part.TRAIN for i, film in enumerate(films)}
    (folder / "run").mkdir()
    (folder / "run" / "split.csv").write_text(split_text(films, parts), encoding="utf-8")
    document = {
        "recipe": TINY_NAME,
        "seed": 1,
        "fraction": 0.3,
        "starting_weights": "none",
        "backend": "tensorflow",
        "sources": [{"name": source.name, "weight": 1.0, "population": None} for source in sources],
        "hold_out": [],
    }
    (folder / "run" / "run.json").write_text(json.dumps(document), encoding="utf-8")
    model = TINY.network()
    TINY.start(model, Weights())
    save_arrays(folder / "run" / "weights.npz", model.get_weights())
    return folder


def fit(folder: Path) -> Any:
    data = [word for name in "ab" for word in ("--data", folder / name)]
    done = trainer("gate", "fit", "--run", folder / "run", *data, "--films", 12, "--steps", 1, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_fit_leaves_a_gate_that_a_bundle_can_carry(run: Path) -> None:
    """Kinds, limits, how it was fitted, and what it refuses of each source left out."""
    from trainer.export.quantise import load_network
    from trainer.gate.files import gate_document, with_gate

    document = fit(run)
    gate = read_gate(document, run)
    assert gate.kinds == tuple(kind.value for kind in KINDS)
    assert document["films"] == {"a": 12, "b": 12}
    assert document["pictures"]["film"] == 8 * 2 + 24 * 4
    assert "ImageNet" in document["starting_weights"]
    assert set(document["left_out"]) == {"a", "b"}
    assert {row["films"] for row in document["left_out"].values()} == {4}
    assert "lateral chest films" in document["untested"]
    network = load_network(TINY, run / "run" / "weights.npz")
    picture = np.random.default_rng(0).random((1, 224, 224, 1), np.float32)
    both = with_gate(network, run / "run").predict_on_batch(picture)
    assert both["gate"].shape == (1, len(KINDS) + 2)
    np.testing.assert_array_equal(both["map"], network.predict_on_batch(picture))
    kept = (run / "run" / "gate.npz").read_bytes()
    assert not (run / "run" / "gate-parts").exists()
    (run / "run" / "gate.npz").write_bytes(kept + b" ")
    with pytest.raises(TrainerError, match=r"gate.npz is another"):
        gate_document(run / "run")
    (run / "run" / "gate.npz").write_bytes(kept)


def test_judge_counts_what_is_accepted_and_refused(tmp_path: Path) -> None:
    """Of folders that must be refused, of chest films, and of the held-out part; each with its upper limit."""
    bundle = tiny_gate_bundle(tmp_path / "gated")
    data = labelled_folder(tmp_path / "films", each=4, width=240)
    films = find_all([Source(data)])
    split = tmp_path / "split.csv"
    split.write_text(split_text(films, {film.sha256: Part.VALIDATION for film in films}), encoding="utf-8")
    for name, flip in (("negative", True), ("chest", False)):
        (tmp_path / name).mkdir()
        for seed in range(5):
            film = grey_film(seed=seed)
            (tmp_path / name / f"{seed}.jpg").write_bytes(jpeg(255 - film if flip else film))
    (tmp_path / "negative" / "notes.txt").write_text("no picture", encoding="utf-8")
    words = ["gate", "judge", "--bundle", bundle, "--data", data, "--split", split, "--each", 0]
    words += ["--foreign", f"inverted={tmp_path / 'negative'}", "--chest", tmp_path / "chest"]
    document = json.loads(trainer(*words, "--format", "json").stdout)
    assert (document["generators"], document["suite"]) == ("unseen", FROZEN)
    (refuse,) = [row for row in document["refuse"] if row["from"] == "negative"]
    assert (refuse["n"], refuse["accepted"], refuse["named"]) == (5, 0, {"inverted": 5})
    assert refuse["upper"] == pytest.approx(1 - 0.05 ** (1 / 5))
    assert {row["from"]: (row["n"], row["refused"]) for row in document["accept"]} == {"films": (8, 0), "chest": (5, 0)}
    table = trainer(*words, "--generators", "seen", "--each", 1).stdout
    assert "seen generators, suite" in table.splitlines()[0]
    assert FROZEN[:16] not in table
    assert table.count("generated ") == len(KINDS) - 1
    assert "shifted " in table
    assert "0 of 5 accepted (upper 95 % limit 45.07%); called inverted 5" in table
    assert "lateral chest films: untested" in table


def test_a_bundle_without_a_gate_cannot_be_judged(tmp_path: Path) -> None:
    """One line, with the command that would make one; so are an unknown kind and a folder that is not there."""
    data = labelled_folder(tmp_path / "films", each=2)
    films = find_all([Source(data)])
    split = tmp_path / "split.csv"
    split.write_text(split_text(films, {film.sha256: Part.VALIDATION for film in films}), encoding="utf-8")
    words = ["gate", "judge", "--data", data, "--split", split, "--each", 0]
    done = trainer(*words, "--bundle", tiny_bundle(tmp_path / "plain"))
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "cxr-trainer gate fit" in done.stderr
    gated = tiny_gate_bundle(tmp_path / "gated")
    done = trainer(*words, "--bundle", gated, "--foreign", f"blank={tmp_path / 'nowhere'}")
    assert (done.exit_code, "no such folder" in done.stderr) == (1, True)
    done = trainer(*words, "--bundle", gated, "--foreign", f"unicorn={tmp_path}")
    assert (done.exit_code, "KIND one of" in done.stderr) == (2, True)
