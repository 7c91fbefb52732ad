"""Tuning: a killed search goes on to the same study; trials are pruned, fail and are thinned; the best is a recipe.

Most tests train with `Pretence`, which is quick; what hangs on the loop itself is tested with the loop.
"""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace

import pytest
from builders.training import TINY, TINY_NAME, labelled_folder, need_keras

from trainer.data.sources import Source
from trainer.data.splits import Shares
from trainer.errors import TrainerError
from trainer.recipes.recipe import Stage

need_keras()

from trainer.recipes.registry import find_recipe, keep_recipe, recipe_of_run  # noqa: E402 - what follows needs Keras or Optuna
from trainer.training.fit import fit  # noqa: E402
from trainer.training.judging import Judgement  # noqa: E402
from trainer.training.log import LOOKS  # noqa: E402
from trainer.training.run import Run  # noqa: E402
from trainer.tuning.charts import draw  # noqa: E402
from trainer.tuning.document import table  # noqa: E402
from trainer.tuning.recipe_file import Told  # noqa: E402
from trainer.tuning.search import Search, looking, tune  # noqa: E402

SHORT = replace(TINY, stages=(Stage(4, 32),), judge_every=1, norm_batches=2)
TOLD = Told(TINY, TINY_NAME, "cxr-trainer tune it", "cxr-trainer fit it")


class Killed(BaseException):
    """What a kill looks like from inside."""


class Killer:
    """Ends a search after so many steps; an infinite number: never."""

    def __init__(self, after=float("inf")):
        self.after, self.steps = after, 0

    def __call__(self, done, total, note):
        self.steps += 1
        if self.steps == self.after:
            raise Killed


class Pretence:
    """Pretends to train: a trial whose learning rate is the best one keeps what it has, others fall behind."""

    def __init__(self, best=SHORT.learning_rate, errors=()):
        self.best, self.errors = best, dict(errors)

    def __call__(self, run, report, say, looked):
        run.folder.mkdir(parents=True, exist_ok=True)
        (run.folder / "run.json").write_text("{}", encoding="utf-8")
        (run.folder / "checkpoint.npz").write_bytes(b"heavy")
        if (error := self.errors.get(int(run.folder.name))) is not None:
            raise error
        log = run.folder / "judged.csv"
        if not log.exists():
            log.write_text(",".join(LOOKS) + "\n", encoding="utf-8")
        loss = abs(math.log(run.recipe.learning_rate / self.best))
        for step in range(len(log.read_text(encoding="utf-8").splitlines()), run.recipe.steps + 1):
            auc = round(0.9 - loss * (0.01 + 0.01 * step), 6)
            with log.open("a", encoding="utf-8") as stream:
                stream.write(f"{step},whole,{loss:.6f},0.5,0.5,0.5,{auc:.6f},0,0.1\n")
            looked(0, step, Judgement(loss, 0.5, 0.5, 0.5, auc))
            report(step, run.recipe.steps, loss)


class Said:
    """Keeps what was said."""

    def __init__(self):
        self.lines = []

    def __call__(self, text):
        self.lines.append(text)


class Clock:
    """A clock on which each look at it takes a minute."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 60.0
        return self.now


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return labelled_folder(tmp_path_factory.mktemp("data") / "films", each=10)


def a_search(folder, data, **changes):
    run = Run(folder, SHORT, (Source(data),), shares=Shares(0.4), checkpoint_every=1)
    kept = {key: changes.pop(key) for key in list(changes) if key in Run.__dataclass_fields__}
    return Search(**{"run": replace(run, **kept), "trials": 3, "told": TOLD, "unpruned": 10, **changes})


def go(search, progress=None, clock=None, say=None, train=None):
    return tune(search, say or Said(), progress or Killer(), clock or (lambda: 0.0), train or Pretence())


def without_times(document):
    trials = [{**trial, "minutes": None} for trial in document["trials"]]
    return {**document, "trials": trials}


@pytest.fixture(scope="module")
def whole(tmp_path_factory, data):
    """A search that nobody stopped."""
    folder = tmp_path_factory.mktemp("whole") / "tune"
    return folder, go(a_search(folder, data))


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data):
    """The same, short, with networks that are really trained."""
    folder = tmp_path_factory.mktemp("trained") / "tune"
    return folder, go(a_search(folder, data, trials=2), train=fit)


def test_a_search_tries_the_recipe_itself_first_and_keeps_the_best(whole):
    _, document = whole
    trials = {trial["number"]: trial for trial in document["trials"]}
    assert set(trials) == {0, 1, 2}
    assert trials[0]["parameters"]["learning_rate"] == SHORT.learning_rate
    assert trials[1]["parameters"] != trials[0]["parameters"]
    assert {trial["state"] for trial in trials.values()} == {"complete"}
    assert document["best"] == document["trials"][0]["number"] == 0
    assert [trial["value"] for trial in document["trials"]] == sorted(
        (t["value"] for t in trials.values()), reverse=True
    )
    assert all(len(trial["looks"]) == SHORT.steps for trial in trials.values())


def test_results_are_written_and_trials_that_have_ended_are_thinned(whole):
    folder, document = whole
    assert json.loads((folder / "tune.json").read_text(encoding="utf-8")) == json.loads(json.dumps(document))
    assert (folder / "history.svg").stat().st_size
    assert sorted(p.name for p in (folder / "trials" / "0001").iterdir()) == ["judged.csv", "run.json"]
    assert document["importance"] is None
    assert "4 complete trials" in document["importance_missing"]
    assert table(document).splitlines()[0].startswith("trial  auc")


@pytest.mark.parametrize("after", [1, 4, 5, 12])
def test_a_killed_search_goes_on_to_the_same_study(tmp_path, data, whole, after):
    search, killer = a_search(tmp_path / "tune", data), Killer(after)
    with pytest.raises(Killed):
        go(search, killer)
    rest = Killer()
    document = go(search, rest)
    assert without_times(document) == without_times(whole[1])
    assert killer.steps + rest.steps <= 3 * SHORT.steps + 1


def test_a_search_that_is_killed_in_training_goes_on_to_the_same_study(tmp_path, data, trained):
    """With the loop itself: from the checkpoint of the trial that was under way."""
    search, killer = a_search(tmp_path / "tune", data, trials=2), Killer(SHORT.steps + 2)
    with pytest.raises(Killed):
        go(search, killer, train=fit)
    assert (tmp_path / "tune" / "trials" / "0001" / "checkpoint.npz").exists()
    rest = Killer()
    assert without_times(go(search, rest, train=fit)) == without_times(trained[1])
    assert rest.steps == 2


def test_a_search_that_is_done_is_not_run_again_and_can_be_lengthened(tmp_path, data, whole):
    shutil.copytree(whole[0], tmp_path / "tune")
    killer = Killer()
    again = go(a_search(tmp_path / "tune", data), killer)
    assert killer.steps == 0
    assert without_times(again) == without_times(whole[1])
    longer = go(a_search(tmp_path / "tune", data, trials=5), killer)
    assert killer.steps == 2 * SHORT.steps
    assert len(longer["trials"]) == 5
    assert max(longer["importance"], key=longer["importance"].get) == "learning_rate"
    assert (tmp_path / "tune" / "importance.svg").stat().st_size


def test_the_pictures_are_the_same_each_time(tmp_path, whole):
    folder, document = whole
    for name in ("once", "again"):
        (tmp_path / name).mkdir()
        draw(tmp_path / name, {**document, "importance": {"batch": 0.7, "ema": 0.3}})
    for name in ("history.svg", "importance.svg"):
        assert (tmp_path / "once" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    assert (tmp_path / "once" / "history.svg").read_bytes() == (folder / "history.svg").read_bytes()


def test_the_best_is_a_recipe_file_that_trains_to_what_was_found(tmp_path, trained, data):
    folder, document = trained
    recipe = find_recipe(str(folder / "best.py"))
    best = document["trials"][0]
    assert recipe.batch == best["parameters"]["batch"]
    assert recipe.stages == SHORT.stages
    run = Run(tmp_path / "run", recipe, (Source(data),), shares=Shares(0.4))
    looks = []
    fit(run, lambda *_: None, lambda _: None, lambda phase, taken, seen: looks.append(round(seen.auc, 6)))
    assert looks == list(best["looks"].values())
    text = (folder / "best.py").read_text(encoding="utf-8")
    assert f"auc {best['value']:.4f}" in text
    assert "cxr-trainer tune it" in text


def test_a_run_of_a_recipe_file_is_found_again_when_the_file_is_gone(tmp_path, monkeypatch, trained, data):
    """As `quantize` looks for it, also from another working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_bytes((trained[0] / "best.py").read_bytes())
    recipe = find_recipe("mine.py")
    keep_recipe(tmp_path, recipe.name)
    (tmp_path / "mine.py").unlink()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert recipe_of_run(tmp_path, "mine.py") == recipe


def test_a_trial_that_falls_behind_is_pruned_and_never_the_best(tmp_path, data):
    found = go(a_search(tmp_path / "tune", data, trials=4, unpruned=1))
    pruned = [trial for trial in found["trials"] if trial["state"] == "pruned"]
    assert pruned
    assert all(len(trial["looks"]) < SHORT.steps for trial in pruned)
    assert found["best"] == 0
    assert not (tmp_path / "tune" / "trials" / f"{pruned[0]['number']:04d}" / "checkpoint.npz").exists()


def test_a_trial_whose_training_fails_has_a_reason_and_the_search_goes_on(tmp_path, data):
    wild = TrainerError("train", tmp_path, "the loss is nan at step 2", "lower the learning rate")
    large = type("ResourceExhaustedError", (Exception,), {})("OOM when allocating")
    said = Said()
    found = go(a_search(tmp_path / "tune", data), say=said, train=Pretence(errors={0: wild, 2: large}))
    states = {trial["number"]: (trial["state"], trial["reason"]) for trial in found["trials"]}
    assert states == {0: ("failed", wild.cause), 1: ("complete", None), 2: ("failed", "out of memory")}
    assert found["best"] == 1
    assert "trial 0 failed: the loss is nan at step 2" in table(found)
    assert "trial 0: the loss is nan at step 2" in said.lines


def test_a_search_of_failures_has_no_best(tmp_path, data):
    wild = TrainerError("train", tmp_path, "the loss is nan at step 2", "lower the learning rate")
    found = go(a_search(tmp_path / "tune", data, trials=1), train=Pretence(errors={0: wild}))
    assert found["best"] is None
    assert not (tmp_path / "tune" / "best.py").exists()


def test_a_full_disk_stops_the_search_and_the_trial_goes_on_later(tmp_path, data):
    full = TrainerError("save weights", tmp_path, "No space left on device", "give another")
    full.__cause__ = OSError(28, "No space left on device")
    with pytest.raises(TrainerError, match="No space left"):
        go(a_search(tmp_path / "tune", data, trials=1), train=Pretence(errors={0: full}))
    found = go(a_search(tmp_path / "tune", data, trials=1))
    assert [(trial["number"], trial["state"]) for trial in found["trials"]] == [(0, "complete")]


def test_what_would_stop_every_trial_stops_the_search(tmp_path, data):
    def train(run, report, say, looked):
        raise TrainerError("read weights", tmp_path, "there is no such file", "give another")

    with pytest.raises(TrainerError, match="no such file"):
        go(a_search(tmp_path / "tune", data), train=train)


def test_two_searches_never_share_a_folder(tmp_path, data):
    def train(run, report, say, looked):
        go(a_search(tmp_path / "tune", data))

    with pytest.raises(TrainerError, match="another process tunes in it"):
        go(a_search(tmp_path / "tune", data), train=train)


def test_no_trial_begins_after_the_time(tmp_path, data):
    said = Said()
    found = go(a_search(tmp_path / "tune", data, minutes=1.5), clock=Clock(), say=said)
    assert len(found["trials"]) == 1
    assert said.lines[-1].startswith("1.5 minutes are over: 1 of 3 trials")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 2}, r"another seed \(1, not 2\)"),
        ({"recipe": replace(SHORT, label_smoothing=0.0)}, "another configuration"),
        ({"recipe": replace(SHORT, stages=(Stage(5, 32),))}, "another length"),
        ({"pinned": frozenset({"balance"})}, "another space"),
        ({"shares": Shares(0.45)}, "another split of the films"),
    ],
)
def test_a_folder_is_never_taken_from_another_study(whole, data, changes, words):
    with pytest.raises(TrainerError, match=words):
        go(a_search(whole[0], data, **changes))


def test_a_file_that_is_no_study_is_said(tmp_path, data):
    (tmp_path / "study.db").write_bytes(b"this is no database " * 100)
    with pytest.raises(TrainerError, match="not a database"):
        go(a_search(tmp_path, data))


def test_a_validation_part_of_one_class_is_said(tmp_path, data):
    with pytest.raises(TrainerError, match="lacks one of the two classes"):
        go(a_search(tmp_path / "tune", data, shares=Shares(0.0)))
    assert not (tmp_path / "tune").exists()


@pytest.mark.parametrize(
    ("own", "steps", "asked", "expected"), [(None, 800, None, 100), (100, 200, None, 50), (100, 1200, None, 100)]
)
def test_a_search_looks_often_enough_to_prune(own, steps, asked, expected):
    recipe = replace(TINY, stages=(Stage(steps, 32),), judge_every=own)
    assert looking(recipe, asked).judge_every == expected
