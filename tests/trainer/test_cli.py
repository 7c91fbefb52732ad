"""The command line: help with examples, one line an error, exit codes."""

from __future__ import annotations

import pytest
from builders.training import TINY_NAME, labelled_folder, need_keras
from click.testing import CliRunner

from trainer.cli.fit import DEFAULT_RECIPE
from trainer.cli.main import cli
from trainer.recipes.registry import DEFAULT


@pytest.mark.parametrize("command", ["fit", "quantize", "evaluate", "maps"])
def test_every_help_shows_an_example(command):
    result = CliRunner().invoke(cli, [command, "--help"])
    assert result.exit_code == 0
    assert f"Example:\n    cxr-trainer {command} --" in result.output


def test_the_default_recipe_is_written_once_more_only_so_that_help_is_quick():
    assert DEFAULT_RECIPE == DEFAULT


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["fit"], 2, "Missing option"),
        (["fit", "--data", "films", "--run", "run", "--fraction", "2"], 2, "Invalid value"),
        (["fit", "--data", "films,colour=red", "--run", "run"], 2, "unknown key 'colour'"),
        (["fit", "--data", "missing", "--run", "run", "--recipe", TINY_NAME], 1, "no such folder"),
        (["fit", "--data", "films", "--run", "run", "--recipe", "none"], 1, "known: cnn, "),
        (
            ["fit", "--data", "films", "--run", "films/NORMAL/film000.jpg/x", "--recipe", TINY_NAME],
            1,
            "make run folder",
        ),
        (["quantize", "--data", "films", "--run", "missing", "--bundle", "new", "--name", "n"], 1, "cannot read run"),
        (["quantize", "--data", "films", "--run", "films", "--bundle", "no/new", "--name", "n"], 1, "make its parent"),
    ],
)
def test_a_mistake_is_one_line_and_the_right_exit_code(tmp_path, monkeypatch, arguments, code, words):
    need_keras()
    labelled_folder(tmp_path / "films", each=6)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == code, result.output
    assert words in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
    assert not (tmp_path / "new").exists()
    if code == 1:
        assert len(result.stderr.strip().splitlines()) == 1


def test_the_choices_of_the_options_are_those_of_the_code() -> None:
    """They are written out for a quick help, and must not fall behind."""
    from models.contract import VERSIONS
    from trainer.cli.training import _OPTIONS, training_options
    from trainer.recipes.recipe import Augmentation, Balance

    @training_options
    def command(**_: object) -> None:
        """Nothing."""

    assert _OPTIONS
    choices = {p.name: tuple(p.type.choices) for p in command.__click_params__ if hasattr(p.type, "choices")}
    assert choices["preprocessing"] == tuple(map(str, VERSIONS))
    assert choices["balance"] == tuple(map(str, Balance))
    assert set(choices["augmentation"]) == set(map(str, Augmentation))
