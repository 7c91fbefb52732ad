"""One command from films to the table; it goes on where it was stopped, and a row that fails says why."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from builders.parts import ROOT
from builders.training import TINY_NAME, labelled_folder, need_keras
from click.testing import CliRunner

from trainer.cli.main import cli
from trainer.comparison.rows import parse_entry
from trainer.comparison.run import Comparison, compare
from trainer.data.sources import Source, parse_source
from trainer.data.splits import Shares, Unit
from trainer.errors import TrainerError


def nothing(*_: object) -> None:
    """Nobody listens."""


class Failing:
    """A cxr-trainer that fails, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, words):
        self.asked.append(list(words))
        return "cannot train: no reason"


def comparison(folder: Path, data: Path, **changes) -> Comparison:
    values = {
        "sources": (Source(data),),
        "entries": (parse_entry("cnn,steps=3"), parse_entry("mlp")),
        "seeds": (1, 2),
        "shares": Shares(0.3, 0.3),
        "unit": Unit.PATIENT,
        "split_seed": 1,
    }
    return Comparison(folder=folder, **{**values, **changes})


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return labelled_folder(tmp_path_factory.mktemp("compare") / "films", each=50, width=72)


def test_every_entry_with_every_seed_is_a_row_even_where_it_fails(tmp_path, data):
    command = Failing()
    document = compare(comparison(tmp_path / "c", data), nothing, nothing, command)
    assert [(r["recipe"], r["seed"], r["reason"]) for r in document["rows"]] == [
        (name, seed, "cannot train: no reason") for name in ("cnn", "mlp") for seed in (1, 2)
    ]
    assert all(words[words.index("--split") + 1] == str(tmp_path / "c" / "split.csv") for words in command.asked)
    assert command.asked[0][-2:] == ["--steps", "3"]
    assert json.loads((tmp_path / "c" / "compare.json").read_text()) == document


def test_a_folder_of_another_split_is_refused(tmp_path, data):
    compare(comparison(tmp_path / "c", data), nothing, nothing, Failing())
    with pytest.raises(TrainerError, match="another split"):
        compare(comparison(tmp_path / "c", data, split_seed=2), nothing, nothing, Failing())


def test_a_part_of_one_class_is_refused_before_any_training(tmp_path, data):
    command = Failing()
    with pytest.raises(TrainerError, match="lacks one of the two classes"):
        compare(comparison(tmp_path / "c", data, shares=Shares(0.3, 0.0)), nothing, nothing, command)
    assert not command.asked


def test_data_are_handed_on_as_they_were_given(tmp_path):
    text = f"{tmp_path},weight=0.3,population=adults"
    assert parse_source(text).argument(str(tmp_path)) == text


def test_the_command_trains_exports_measures_and_writes_the_table(tmp_path, data, monkeypatch):
    need_keras()
    paths = [str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in paths if path))
    arguments = ["compare", f"--data={data},population=children", f"--folder={tmp_path / 'c'}", "--fraction=0.3"]
    arguments += ["--test=0.3", f"--recipe={TINY_NAME}", "--recipe=nothing", "--format=json"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    trained, failed = json.loads(result.stdout)["rows"]
    assert trained["measured"]["auc"] > 0.6
    assert trained["steps"] == 4
    assert failed["reason"].startswith("cannot find recipe nothing: there is none of that name")
    text = (tmp_path / "c" / "compare.md").read_text()
    assert f"| `{TINY_NAME}` |" in text
    assert "not run: cannot" in text
    before = (tmp_path / "c" / "compare.json").read_text()
    assert CliRunner().invoke(cli, arguments).exit_code == 0
    after = json.loads((tmp_path / "c" / "compare.json").read_text())["rows"][0]
    assert {**after["measured"], "milliseconds": 0} == {**json.loads(before)["rows"][0]["measured"], "milliseconds": 0}
