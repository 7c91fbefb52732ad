"""From a run folder to a bundle whose figures anybody can have again."""

from __future__ import annotations

import json
import shlex
import shutil
from datetime import date

import numpy as np
import pytest
from builders.training import TINY, TINY_NAME, labelled_folder, need_keras
from click.testing import CliRunner

from models.bundle import BundleError, BundleStatus, read_bundle
from models.population import Population
from models.scorer import Scorer
from trainer.cli.main import cli
from trainer.data.sources import Part, Source, parse_source
from trainer.data.splits import read_split
from trainer.errors import TrainerError
from trainer.export.card import card
from trainer.runs import load_arrays, save_arrays

need_keras()

from trainer.export.quantise import load_network  # noqa: E402 - needs Keras
from trainer.export.record import match_sources, options  # noqa: E402
from trainer.export.release import Release, release  # noqa: E402
from trainer.runs import read_run  # noqa: E402

FEW = ("--least=10", "--most=12")  # the films that a test can make


def read(folder):
    """A bundle, whatever its certificate says: a network of a few steps tells few levels apart."""
    return read_bundle(folder, least=BundleStatus.UNCERTIFIED)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A data folder, a run and a bundle, made by the commands themselves."""
    folder = tmp_path_factory.mktemp("release")
    data = labelled_folder(folder / "films", each=36, width=72)
    arguments = [f"--data={data},population=children", f"--run={folder / 'run'}"]
    fitted = invoke("fit", *arguments, "--recipe", TINY_NAME, "--fraction", "0.5", "--format", "json")
    assert fitted.exit_code == 0, fitted.output
    asked = (f"--bundle={folder / 'bundle'}", "--name=test", *FEW, "--format=json")
    result = invoke("quantize", *arguments, *asked)
    assert result.exit_code == 0, result.output
    return folder, json.loads(result.stdout)


def invoke(*arguments):
    return CliRunner().invoke(cli, list(map(str, arguments)))


def test_the_bundle_is_whole_and_says_what_it_was_made_of(made):
    folder, document = made
    bundle = read(folder / "bundle")
    assert bundle.name == "test"
    assert bundle.document["training"]["recipe"] == TINY_NAME
    assert bundle.document["training"]["sources"][0]["films"] == 72
    assert bundle.document["terms"] == ["films: not stated: ask whoever gave the films before you pass the model on"]
    assert set(bundle.points) == {Population.CHILDREN}
    assert {k: v for k, v in bundle.document.items() if k not in ("files", "format", "seal")} == document
    assert (folder / "bundle" / "split.csv").read_bytes() == (folder / "run" / "split.csv").read_bytes()


def test_int8_stands_for_float(made):
    certificate = made[1]["quantisation"]
    assert certificate["films"] == sum(p is Part.VALIDATION for p in read_split(made[0] / "run" / "split.csv").values())
    assert certificate["rank_correlation"] > 0.95
    assert certificate["max_logit_difference"] < 0.5
    assert certificate.keys() >= {"certified", "auc_float", "auc_exported", "auc_difference", "flips"}


def test_the_command_in_the_card_gives_the_figures_in_the_card_again(made):
    folder, document = made
    evidence = document["populations"]["children"]["evidence"]
    assert evidence["command"] in (folder / "bundle" / "MODEL_CARD.md").read_text()
    words = [
        w.replace("BUNDLE", str(folder / "bundle")).replace("DATA", str(folder))
        for w in shlex.split(evidence["command"])
    ]
    assert words[0] == "cxr-trainer"
    result = invoke(*words[1:], "--format", "json")
    assert result.exit_code == 0, result.output
    again = json.loads(result.stdout)["operating_points"]["children"]
    for key in ("n", "positives", "auc", "auc_ci", "ece", "sensitivity", "specificity", "first_specificity_ci"):
        assert again[key] == evidence[key], key


def test_the_card_says_what_the_model_is_not_and_names_no_path_of_this_machine(made):
    text = (made[0] / "bundle" / "MODEL_CARD.md").read_text()
    for words in (
        "no diagnosis",
        "no medical device",
        "Every film is still read",
        "Terms of the data",
        "not stated",
        "seed 1",
        "by hand",
    ):
        assert words in text
    assert str(made[0]) not in text
    assert str(made[0]) not in (made[0] / "bundle" / "bundle.json").read_text()


def test_weights_load_by_the_order_of_get_weights_and_the_map_means_to_the_logit(made):
    arrays, _ = load_arrays(made[0] / "run" / "weights.npz")
    model = TINY.network()
    model.set_weights(arrays)
    film = np.random.default_rng(0).random((2, 224, 224, 1), np.float32)
    outputs = model.predict_on_batch(film)
    maps = load_network(TINY, made[0] / "run" / "weights.npz").predict_on_batch(film)
    assert np.allclose(maps, outputs["map"], atol=1e-5)
    assert np.allclose(maps.mean(axis=(1, 2)), outputs["logit"], atol=1e-5)


def test_a_bundle_in_the_way_is_refused_before_any_work(made):
    folder, _ = made
    result = invoke(
        "quantize", f"--data={folder / 'films'}", f"--run={folder / 'run'}", f"--bundle={folder / 'bundle'}", "--name=x"
    )
    assert result.exit_code == 1
    assert "something is there already; give a new folder" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_only_the_runs_own_data_is_taken_with_the_runs_own_weights(made):
    folder, _ = made
    record = read_run(folder / "run")
    assert match_sources(record, [Source(folder / "films")]) == (
        parse_source(f"{folder / 'films'},population=children"),
    )
    with pytest.raises(TrainerError, match="trained on it"):
        match_sources(record, [])
    with pytest.raises(TrainerError, match="none of the run's"):
        match_sources(record, [Source(folder / "films"), Source(folder / "others")])


def test_changed_data_and_too_few_films_are_refused(made, tmp_path):
    folder, _ = made
    fewer = labelled_folder(tmp_path / "films", each=3)
    asked = Release(folder / "run", (Source(fewer),), tmp_path / "bundle", "x", date(2026, 11, 22))
    with pytest.raises(TrainerError, match="films of the run's split are not in the data given"):
        release(asked, lambda text: None, lambda done, total: None)
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize("precision", ["float16", "float32"])
def test_a_float_bundle_scores_as_keras_does(made, tmp_path, precision):
    folder, _ = made
    arguments = (f"--data={folder / 'films'}", f"--run={folder / 'run'}", f"--bundle={tmp_path / 'b'}", "--name=x")
    result = invoke("quantize", *arguments, f"--precision={precision}", *FEW, "--format=json")
    assert result.exit_code == 0, result.output
    document = read(tmp_path / "b").document
    assert document["precision"] == precision
    assert document["quantisation"]["certified"]
    assert document["quantisation"]["max_logit_difference"] < (1e-2 if precision == "float16" else 1e-4)
    text = (tmp_path / "b" / "MODEL_CARD.md").read_text()
    assert f"AUC {precision}" in text
    assert "int8" not in text
    assert f"--precision {precision}" in text


def test_weights_of_before_the_finetuning_are_exported_where_there_are_any(made, tmp_path):
    folder, document = made
    assert document["training"]["weights_of"] == "final"
    arguments = (f"--data={folder / 'films'}", f"--bundle={tmp_path / 'b'}", "--name=x", "--weights-of=original")
    refused = invoke("quantize", *arguments, f"--run={folder / 'run'}")
    assert (refused.exit_code, "give --weights-of final" in refused.stderr) == (1, True)
    run = shutil.copytree(folder / "run", tmp_path / "run")
    arrays, _ = load_arrays(run / "weights.npz")
    save_arrays(run / "weights-original.npz", [*arrays[:-1], arrays[-1] + 5.0])  # the head's bias
    result = invoke("quantize", *arguments, f"--run={run}", "--precision=float32", *FEW, "--format=json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["training"]["weights_of"] == "original"
    shift = lowest(json.loads(result.stdout)) - lowest(document)
    assert shift == pytest.approx(5.0, abs=0.5)
    assert "the weights before what was frozen learned too" in (tmp_path / "b" / "MODEL_CARD.md").read_text()


def lowest(document):
    return document["populations"]["children"]["threshold"]


def test_the_run_decides_how_much_the_network_shrinks_the_film(made, tmp_path):
    """A run with another --side keeps it, and the card's command says it; so do other choices and the weights."""
    folder, _ = made
    run = shutil.copytree(folder / "run", tmp_path / "run")
    said = json.loads((run / "run.json").read_text())
    said["configuration"] |= {"shrink": 2, "balance": "none"}
    said["starting_weights"] = "the file w.npz (sha256 0123456789abcdef): ours"
    (run / "run.json").write_text(json.dumps(said))
    record = read_run(run)
    assert options(record, TINY) == ("--side", "112", "--balance", "none", "--weights", "w.npz")
    assert options(read_run(folder / "run"), TINY) == ()
    arguments = (f"--data={folder / 'films'}", f"--run={run}", f"--bundle={tmp_path / 'b'}", "--name=x")
    result = invoke("quantize", *arguments, "--precision=float32", *FEW)
    assert result.exit_code == 0, result.output
    scorer = Scorer(read(tmp_path / "b"))
    assert scorer.score(np.zeros((224, 224, 1), np.float32)).map.shape == (4, 4)  # 224 / 8 / 2 / 4, rounded up
    text = (tmp_path / "b" / "MODEL_CARD.md").read_text()
    assert "Starting weights: the file w.npz (sha256 0123456789abcdef): ours." in text
    assert "--side 112 --balance none --weights w.npz" in text


def test_a_card_says_in_words_that_many_films_share_a_logit(made):
    document = json.loads(json.dumps(made[1]))
    assert "share their logit" not in card(document, 1000)
    document["quantisation"]["ties"] = document["quantisation"]["films"] // 2
    assert "Films of one logit are read in the order in which they came" in card(document, 1000)


def test_a_bundle_for_a_trial_is_undecided_and_uncertified(made, tmp_path):
    folder, document = made
    assert document["purpose"] == "service"
    assert document["policies"]["children"]["policy"] in ("banded", "ordered")
    arguments = (f"--data={folder / 'films'}", f"--run={folder / 'run'}", f"--bundle={tmp_path / 'b'}", "--name=x")
    result = invoke("quantize", *arguments, "--for=trial", "--format=json")
    assert result.exit_code == 0, result.output
    trial = json.loads(result.stdout)
    assert (trial["certified"], trial["quantisation"]["shifted"]) == (False, None)
    assert trial["policies"]["children"]["policy"] == "ordered"
    with pytest.raises(BundleError, match="uncertified"):
        read_bundle(tmp_path / "b")
    assert "NOT certified" in (tmp_path / "b" / "MODEL_CARD.md").read_text()


def test_too_few_films_for_every_group_make_no_bundle(made, tmp_path):
    folder, _ = made
    arguments = (f"--data={folder / 'films'}", f"--run={folder / 'run'}", f"--bundle={tmp_path / 'b'}", "--name=x")
    result = invoke("quantize", *arguments, "--precision=float32", "--most=12")
    assert result.exit_code == 1
    assert "every age group is outside (infants: 0 held-out films" in result.stderr


def test_a_card_tells_how_an_average_of_taught_runs_is_made_again(made):
    """The teachers' commands first, then those of the runs, then the average; in the order in which they are run."""
    document = json.loads(json.dumps(made[1]))
    assert "cxr-trainer average" not in card(document, 1000)
    document["training"]["teachers"] = [{"recipe": "cnn", "seed": 11, "weights_sha256": "0"}]
    document["training"]["averaged"] = [{"seed": seed, "weights_sha256": "0"} for seed in (1, 2)]
    text = card(document, 1000)
    assert "the mean of runs with seeds 1, 2" in text
    commands = [
        line.strip() for line in text.splitlines() if line.startswith(("    cxr-trainer fit", "    cxr-trainer av"))
    ]
    assert [command.partition("--run ")[2] for command in commands] == [
        "RUN-teacher-11 --seed 11",
        "RUN-1 --seed 1 --teacher RUN-teacher-11",
        "RUN-2 --seed 2 --teacher RUN-teacher-11",
        "RUN",
    ]
    assert "--recipe cnn" in commands[0]
    assert commands[-1].startswith("cxr-trainer average --data DATA/films,population=children --of RUN-1 --of RUN-2")
