"""Frozen and fine-tuned, stopped early, killed in between: the run folder says what happened."""

from __future__ import annotations

import csv
import resource
from dataclasses import replace

import numpy as np
import pytest
from builders.training import TINY, labelled_folder, need_keras

from trainer.data.sources import Part, Source
from trainer.data.splits import Shares, read_split
from trainer.errors import TrainerError
from trainer.recipes.recipe import Augmentation, Balance, Stage
from trainer.runs import load_arrays

need_keras()

from trainer.training.fit import fit  # noqa: E402 - needs Keras
from trainer.training.run import Run, gather  # noqa: E402

TWO = replace(
    TINY,
    stages=(Stage(2, 32, frozen=True), Stage(3, 32)),
    judge_every=1,
    balance=Balance.CLASS_WEIGHT,
    augmentation=Augmentation.NONE,
)


class Killed(BaseException):
    """What a kill looks like from inside."""


class Listener:
    """Counts steps, and may end the run at one."""

    def __init__(self, kill: int | None = None) -> None:
        self.kill, self.steps, self.said = kill, 0, []

    def __call__(self, step, steps, loss):
        self.steps += 1
        if step == self.kill:
            raise Killed

    def say(self, text):
        self.said.append(text)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return labelled_folder(tmp_path_factory.mktemp("phases") / "films", each=12)


def run_of(folder, data, recipe=TWO, **changes):
    values = {"sources": (Source(data),), "shares": Shares(0.3, 0.2), "checkpoint_every": 1, **changes}
    return Run(folder / "run", recipe, **values)


def train(run, kill=None):
    listener = Listener(kill)
    fit(run, listener, listener.say)
    return listener


def rows(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def whole(tmp_path_factory, data):
    run = run_of(tmp_path_factory.mktemp("whole"), data)
    train(run)
    return run.folder


def test_only_the_head_learns_while_the_rest_is_frozen(whole, data, tmp_path):
    names = [w.path for w in TINY.network(224).weights]
    short = run_of(tmp_path, data, replace(TWO, stages=(Stage(1, 32, frozen=True), Stage(1, 32))))
    train(short)
    one, two = (load_arrays(folder / "weights-original.npz")[0] for folder in (short.folder, whole))
    moved = {name for name, a, b in zip(names, one, two, strict=True) if not np.array_equal(a, b)}
    moved = {name for name in moved if "moving" not in name}  # taken over other batches before the first step
    assert moved  # one step against two
    assert all(name.startswith("map/") for name in moved)
    final, _ = load_arrays(whole / "weights.npz")
    assert any(not np.array_equal(a, b) for n, a, b in zip(names, two, final, strict=True) if n == "first/kernel")


def test_looks_name_their_phase_and_the_curves_are_drawn(whole):
    looks = rows(whole / "judged.csv")
    assert [(row["step"], row["phase"]) for row in looks] == [
        *(("1", "original"), ("2", "original")),
        *(("3", "finetune"), ("4", "finetune"), ("5", "finetune")),
    ]
    assert 0 <= float(looks[0]["recall"]) <= 1
    assert [row["step"] for row in rows(whole / "log.csv")] == list("12345")
    assert "<svg" in (whole / "curves.svg").read_text()
    assert list((whole / "events").iterdir())


@pytest.mark.parametrize("kill", [1, 2, 3])
def test_a_run_killed_in_either_phase_ends_with_the_same_weights(tmp_path, data, whole, kill):
    run = run_of(tmp_path, data)
    with pytest.raises(Killed):
        train(run, kill)
    assert train(run).steps == 5 - kill
    for name in ("weights-original.npz", "weights.npz"):
        pairs = zip(load_arrays(run.folder / name)[0], load_arrays(whole / name)[0], strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs), name
    assert [r["step"] for r in rows(run.folder / "judged.csv")] == list("12345")


def test_a_phase_that_gets_no_better_is_stopped_and_says_so(tmp_path, data):
    still = {"frozen_learning_rate": 0.0, "ema": 0.0, "weight_decay": 0.0}
    recipe = replace(TWO, stages=(Stage(6, 32, frozen=True),), patience=2, **still)
    listener = train(run_of(tmp_path, data, recipe))
    assert listener.steps == 3  # the first look is the best, two more are no better
    assert listener.said == ["original: no better for 2 looks, stopped after 3 steps"]


def test_the_test_part_is_not_even_read(tmp_path, data):
    films = gather(run_of(tmp_path, data), print)
    held = {film.sha256 for film in films.of(Part.TEST)}
    assert held
    assert not held & films.pixels.keys()
    assert set(films.pixels) == {f.sha256 for part in (Part.TRAIN, Part.VALIDATION) for f in films.of(part)}


def test_one_film_that_cannot_be_read_is_said_and_left_out(tmp_path):
    data = labelled_folder(tmp_path / "films", each=120)
    (data / "NORMAL" / "film000.jpg").write_bytes(b"no picture")
    said: list[str] = []
    films = gather(run_of(tmp_path, data, shares=Shares(0.0)), said.append)
    assert len(films.films) == 239
    assert len(said) == 1
    assert "NORMAL/film000.jpg" in said[0]


def test_many_films_that_cannot_be_read_end_the_run_in_one_line(tmp_path):
    data = labelled_folder(tmp_path / "films", each=12)
    for number in range(4):
        (data / "NORMAL" / f"film00{number}.jpg").write_bytes(b"no picture %d" % number)
    with pytest.raises(TrainerError, match="4 of 24 films cannot be read, the first"):
        gather(run_of(tmp_path, data, shares=Shares(0.0)), print)


def test_a_given_split_decides_and_what_it_does_not_know_is_left_out(tmp_path, data, whole):
    lines = (whole / "split.csv").read_text().splitlines(keepends=True)
    (tmp_path / "split.csv").write_text("".join(lines[:-1]))
    films = gather(run_of(tmp_path, data, split=tmp_path / "split.csv"), print)
    known = read_split(tmp_path / "split.csv")
    assert sum(part is Part.EXCLUDED for part in films.parts.values()) == 1
    assert all(films.parts[sha256] is part for sha256, part in known.items())


def test_weights_that_are_no_numbers_end_in_one_line_and_are_never_saved(tmp_path, data):
    run = run_of(tmp_path, data, replace(TWO, stages=(Stage(4, 32),), learning_rate=float("nan")))
    with pytest.raises(
        TrainerError, match=r"(the loss is nan|no numbers any more) .*step \d+; lower the learning rate"
    ):
        train(run)
    assert not (run.folder / "checkpoint.npz").exists()
    assert not (run.folder / "weights.npz").exists()


def test_a_disk_that_is_full_ends_in_one_line_and_what_was_saved_stands(tmp_path, data, whole):
    run = run_of(tmp_path, data)
    with pytest.raises(Killed):
        train(run, 2)
    checkpoint = run.folder / "checkpoint.npz"
    before = checkpoint.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))  # what the kernel then says is "File too large"
    try:
        with pytest.raises(TrainerError, match=r"cannot save weights .*; give a folder on a disk with space"):
            train(run)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert checkpoint.read_bytes() == before
    assert not list(run.folder.glob(".*"))
    train(run)
    assert (run.folder / "weights.npz").read_bytes() == (whole / "weights.npz").read_bytes()


def test_two_runs_with_one_seed_end_in_the_same_bytes_and_another_seed_does_not(tmp_path, data, whole):
    for name, seed in (("same", 1), ("other", 2)):
        train(run_of(tmp_path / name, data, seed=seed))
    same, other = (tmp_path / name / "run" / "weights.npz" for name in ("same", "other"))
    assert same.read_bytes() == (whole / "weights.npz").read_bytes()
    assert other.read_bytes() != same.read_bytes()
    for name in ("judged.csv", "log.csv"):
        kept = [[c for k, c in row.items() if k != "seconds"] for row in rows(whole / name)]
        assert kept == [[c for k, c in row.items() if k != "seconds"] for row in rows(same.parent / name)]


def test_patients_in_two_parts_of_a_given_split_are_refused_in_one_line(tmp_path, data):
    films = gather(run_of(tmp_path, data), print).films
    (tmp_path / "manifest.csv").write_text(
        "file,label,patient\n" + "".join(f"{f.path},{f.label},{n // 2}\n" for n, f in enumerate(films))
    )
    parts = ("train", "validation")
    (tmp_path / "split.csv").write_text(
        "sha256,part\n" + "".join(f"{f.sha256},{parts[n % 2]}\n" for n, f in enumerate(films))
    )
    with pytest.raises(TrainerError, match=r"patients with .* films lie in two parts; make the split by patient"):
        gather(run_of(tmp_path, tmp_path / "manifest.csv", split=tmp_path / "split.csv"), print)
