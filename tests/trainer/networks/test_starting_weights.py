"""Starting weights: from nothing, from a run, from a file of Keras; and what a bundle says of them."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections import OrderedDict
from dataclasses import replace

import numpy as np
import pytest
from builders.training import need_keras

from trainer.errors import TrainerError
from trainer.networks.starting_weights import RANDOM, UNSTATED, Origin, Weights, asked_for, backbone, start_given
from trainer.runs import save_arrays

need_keras()

import keras  # noqa: E402 - needs Keras
from keras import layers  # noqa: E402

from trainer.networks import applications, efficientnet_lite0, efficientnet_lite0_imagenet, torch_file  # noqa: E402
from trainer.networks.frame import enter, leave  # noqa: E402


def small(filters: int = 3) -> keras.Model:
    """A network with a backbone of two layers."""
    inputs, x = enter(None, 2)
    x = layers.Conv2D(filters, 3, activation="relu")(x)
    x = layers.BatchNormalization()(x)
    return leave(inputs, x, "small")


def scrambled(model: keras.Model, seed: int = 3) -> keras.Model:
    rng = np.random.default_rng(seed)
    model.set_weights([rng.random(w.shape) for w in model.get_weights()])
    return model


def same(one: keras.Model, other: keras.Model) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


@pytest.mark.parametrize("origin", [Origin.NONE, Origin.RECIPE])
def test_without_a_file_the_network_stays_as_it_was_drawn(origin):
    model = small()
    before = [np.array(w) for w in model.get_weights()]
    assert start_given(model, Weights(origin)) == RANDOM
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert asked_for(RANDOM) == "none"


@pytest.mark.parametrize("suffix", [".npz", ".weights.h5", ".keras", ".h5"])
def test_a_whole_network_is_laid_in_from_a_run_and_from_files_of_keras(tmp_path, suffix):
    giver, taker, file = scrambled(small()), small(), tmp_path / f"given{suffix}"
    if suffix == ".npz":
        save_arrays(file, giver.get_weights())
    elif suffix == ".weights.h5":
        giver.save_weights(file)
    else:
        giver.save(file)
    said = start_given(taker, Weights(Origin.FILE, file))
    assert same(giver, taker)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert said == f"the file {file.name} (sha256 {sha256[:16]}): {UNSTATED}"
    assert asked_for(said) == file.name


@pytest.mark.parametrize("suffix", [".npz", ".weights.h5", ".keras", ".h5"])
def test_a_backbone_alone_is_laid_in_and_the_head_stays(tmp_path, suffix):
    """As keras.applications gives its weights without a classifier, and as learning without labels leaves them."""
    giver, taker, file = backbone(scrambled(small())), small(), tmp_path / f"notop{suffix}"
    head = [np.array(w) for w in taker.get_layer("map").get_weights()]
    if suffix == ".npz":
        save_arrays(file, giver.get_weights())
    elif suffix == ".weights.h5":
        giver.save_weights(file)
    else:
        giver.save(file)
    start_given(taker, Weights(Origin.FILE, file))
    assert same(giver, backbone(taker))
    assert all(np.array_equal(a, b) for a, b in zip(head, taker.get_layer("map").get_weights(), strict=True))


def test_a_network_for_another_task_gives_its_backbone(tmp_path):
    """Its head, of 14 findings, stays behind."""
    giver, taker = scrambled(small()), small()
    others = [np.zeros((1, 1, 3, 14)), np.zeros(14)]
    save_arrays(tmp_path / "w.npz", [*backbone(giver).get_weights(), *others])
    start_given(taker, Weights(Origin.FILE, tmp_path / "w.npz"))
    assert same(backbone(giver), backbone(taker))


@pytest.mark.parametrize("suffix", [".npz", ".weights.h5", ".keras", ".h5"])
def test_weights_of_another_shape_are_one_line_and_change_nothing(tmp_path, suffix):
    giver, taker, file = small(5), small(), tmp_path / f"other{suffix}"
    before = [np.array(w) for w in taker.get_weights()]
    if suffix == ".npz":
        save_arrays(file, giver.get_weights())
    elif suffix == ".weights.h5":
        giver.save_weights(file)
    else:
        giver.save(file)
    with pytest.raises(TrainerError, match="cannot load starting weights") as caught:
        start_given(taker, Weights(Origin.FILE, file))
    assert "\n" not in str(caught.value)
    assert "name the recipe" in str(caught.value)
    assert all(np.array_equal(a, b) for a, b in zip(before, taker.get_weights(), strict=True))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.npz", None, "there is no such file"),
        ("w.npz", b"no zip", "cannot read weights"),
        ("w.h5", b"no hdf5", "cannot load starting weights"),
        ("w.keras", b"no zip", "cannot load starting weights"),
        ("w.onnx", b"x", "give one of .npz, .h5, .keras"),
        ("w.pth", b"x", "give one of .npz, .h5, .keras"),
    ],
)
def test_a_file_that_holds_no_weights_is_one_line(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(TrainerError, match=words) as caught:
        start_given(small(), Weights(Origin.FILE, tmp_path / name))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["WEIGHTS.txt", "TERMS.txt"])
def test_source_and_licence_are_what_the_giver_states_beside_the_file(tmp_path, name):
    save_arrays(tmp_path / "w.npz", small().get_weights())
    (tmp_path / name).write_text("Learned without labels on our own films, 2025; for our own use\nmore\n")
    said = start_given(small(), Weights(Origin.FILE, tmp_path / "w.npz"))
    assert said.endswith("): Learned without labels on our own films, 2025; for our own use")


def test_the_weights_of_a_run_carry_what_that_run_says(tmp_path):
    """So that a licence does not get lost on the way through two runs."""
    save_arrays(tmp_path / "weights.npz", small().get_weights())
    run = {"recipe": "small", "starting_weights": "ImageNet (Apache-2.0)", "sources": [{"name": "films"}]}
    (tmp_path / "run.json").write_text(json.dumps(run))
    said = start_given(small(), Weights(Origin.FILE, tmp_path / "weights.npz"))
    assert "an earlier run of small on films, whose terms it carries" in said
    assert said.endswith("ImageNet (Apache-2.0)")


def test_a_pth_file_of_another_network_is_one_line(tmp_path):
    """A sound file of before PyTorch 1.6, in which no tensor lies."""
    file = tmp_path / "w.pth"
    parts = (torch_file.MAGIC, 1001, {}, OrderedDict(), [])
    file.write_bytes(b"".join(map(pickle.dumps, parts)))
    model = efficientnet_lite0.build(32)
    with pytest.raises(TrainerError, match="it holds no EfficientNet-Lite0"):
        efficientnet_lite0_imagenet.start(model, Weights(Origin.FILE, file))


def application(make):
    """Inception's preprocessing before a network of two layers."""
    return replace(applications.INCEPTION_V3, make=make)


def two_layers(*, include_top, weights, input_tensor=None):
    inputs = input_tensor if input_tensor is not None else keras.Input((None, None, 3))
    outputs = layers.BatchNormalization()(layers.Conv2D(4, 3)(inputs))
    model = keras.Model(keras.utils.get_source_inputs(inputs), outputs)
    return scrambled(model, seed=7) if weights == "imagenet" else model


def test_downloaded_weights_are_laid_into_the_backbone(capsys):
    one = application(two_layers)
    model = one.build(None, shrink=2)
    said = one.start(model, Weights(Origin.RECIPE))
    assert said.startswith("ImageNet, by keras.applications")
    assert "Apache-2.0" in said
    assert same(backbone(model), two_layers(include_top=False, weights="imagenet"))
    assert asked_for(said) is None


def test_a_failed_download_is_one_line_that_says_what_else_can_be_given(capsys):
    def offline(*, weights, **rest):
        if weights is not None:
            print("Downloading data")  # as Keras does
            raise Exception("URL fetch failure on https://example.org/w.h5: None --\n no route")
        return two_layers(weights=weights, **rest)

    one = application(offline)
    with pytest.raises(TrainerError, match="cannot download ImageNet weights") as caught:
        one.start(one.build(None, shrink=2), Weights(Origin.RECIPE))
    assert "give --weights FILE or --weights none" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == ""  # standard output is for results
