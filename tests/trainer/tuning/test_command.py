"""`cxr-trainer tune`: help with an example, a table or JSON, and one line an error."""

from __future__ import annotations

import ast
import json
import shlex

import pytest
from builders.training import TINY_NAME, labelled_folder, need_keras
from click.testing import CliRunner

from trainer.cli.main import cli
from trainer.recipes.registry import find_recipe


def test_the_help_shows_an_example():
    result = CliRunner().invoke(cli, ["tune", "--help"])
    assert result.exit_code == 0
    assert "Example:\n    cxr-trainer tune cnn --data" in result.output


def test_a_search_is_told_and_its_best_recipe_says_how_it_was_made(tmp_path, monkeypatch):
    need_keras()
    labelled_folder(tmp_path / "my films", each=10)
    monkeypatch.chdir(tmp_path)
    words = ["tune", TINY_NAME, "--data", "my films,population=children", "--folder", "out", "--trials", "1"]
    words += ["--steps", "2", "--fraction", "0.4", "--balance", "class-weight", "--format", "json"]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert [trial["state"] for trial in document["trials"]] == ["complete"]
    assert "balance" not in document["space"]
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["trial 0", "trial 0"]

    text = (tmp_path / "out" / "best.py").read_text(encoding="utf-8")
    doc = ast.get_docstring(ast.parse(text)) or ""
    fit = next(line for line in doc.splitlines() if line.startswith("Train it: "))
    assert shlex.split(fit.removeprefix("Train it: ")) == [
        *("cxr-trainer", "fit", "--recipe", "out/best.py", "--run", "RUN"),
        *("--data", "my films,population=children", "--fraction", "0.4"),
    ]
    assert find_recipe("out/best.py").balance == "class-weight"

    again = CliRunner().invoke(cli, words[:-2])
    assert again.exit_code == 0, again.output
    assert again.stderr == ""
    assert again.stdout.splitlines()[1].split()[:3] == ["0", f"{document['trials'][0]['value']:.4f}", "complete"]
    assert "best: trial 0, in out/best.py" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["tune", "--data", "films", "--folder", "out"], 2, "Missing argument"),
        (["tune", TINY_NAME, "--data", "films", "--folder", "out", "--trials", "0"], 2, "Invalid value"),
        (["tune", TINY_NAME, "--data", "films", "--folder", "out", "--timeout", "0"], 2, "Invalid value"),
        (["tune", "none", "--data", "films", "--folder", "out"], 1, "known: "),
        (["tune", "none.py", "--data", "films", "--folder", "out"], 1, "no such file"),
        (["tune", TINY_NAME, "--data", "missing", "--folder", "out"], 1, "no such folder"),
        (["tune", TINY_NAME, "--data", "films", "--folder", "out", "--fraction", "0"], 1, "lacks one of the two"),
        (["tune", TINY_NAME, "--data", "films", "--folder", "films/NORMAL/film000.jpg/x"], 1, "make folder"),
    ],
)
def test_a_mistake_is_one_line_and_the_right_exit_code(tmp_path, monkeypatch, arguments, code, words):
    need_keras()
    labelled_folder(tmp_path / "films", each=6)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, arguments if "--fraction" in arguments else [*arguments, "--fraction", "0.4"])
    assert result.exit_code == code, result.output
    assert words in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
    if code == 1:
        assert len([line for line in result.stderr.splitlines() if not line.startswith("trial 0:")]) == 1
