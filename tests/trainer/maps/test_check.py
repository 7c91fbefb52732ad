"""`cxr-trainer maps` on the tiny bundle, whose map is brightness and so is honest."""

from __future__ import annotations

import json

import numpy as np
import pytest
from builders.bundles import tiny_bundle
from builders.films import grey_film, jpeg
from click.testing import CliRunner

from models.bundle import read_bundle
from models.contract import VERSIONS
from models.radiograph import read_radiograph
from models.scorer import Scorer
from trainer.cli.main import cli
from trainer.data.films import Part, Source
from trainer.data.sources import find_all
from trainer.data.splits import split_text


@pytest.fixture
def folder(tmp_path):
    """A bundle, four clear and four clouded films that are all held out, and one that nobody can read."""
    for label, (name, opacity) in enumerate((("NORMAL", 0.0), ("PNEUMONIA", 0.9))):
        (tmp_path / "films" / name).mkdir(parents=True)
        for number in range(4):
            data = jpeg(grey_film(160, 140, seed=2 * number + label, opacity=opacity))
            (tmp_path / "films" / name / f"{number}.jpg").write_bytes(data)
    (tmp_path / "films" / "NORMAL" / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    tiny_bundle(tmp_path / "bundle")
    films = find_all([Source(tmp_path / "films")])
    (tmp_path / "split.csv").write_text(split_text(films, {film.sha256: Part.VALIDATION for film in films}))
    return tmp_path


def maps(folder, *more):
    arguments = ["--data", folder / "films", "--bundle", folder / "bundle", "--split", folder / "split.csv", *more]
    return CliRunner().invoke(cli, ["maps", *map(str, arguments)])


def test_the_document_counts_every_film_once_and_is_the_same_again(folder):
    first = maps(folder, "--format", "json", "--json", folder / "m.json")
    assert first.exit_code == 0, first.output
    document = json.loads((folder / "m.json").read_text())
    assert document == json.loads(first.stdout)
    assert document["schema"] == 1
    assert document["films"] == 9
    assert document["left_out"] == {"corrupt": 1} or sum(document["left_out"].values()) == 1
    above, below = (document["places"][name]["films"] for name in ("at_or_above", "below"))
    assert above + below == 8
    assert document["deletion"]["films"] == above
    assert above >= 4
    assert maps(folder, "--format", "json").stdout == first.stdout


def test_a_table_says_every_figure_with_its_interval(folder):
    text = maps(folder).stdout
    for words in ("Deletion", "more than every one", "peak in the corners", "outer ring", "letter", "disc", "95 %"):
        assert words in text


def test_markers_are_measured_as_the_network_sees_them(folder):
    """Brightness is evidence to the tiny bundle, so a white disc raises every logit, by what the scorer says."""
    document = json.loads(maps(folder, "--format", "json").stdout)
    below = document["places"]["below"]["films"]
    assert document["markers"]["disc"]["films"] == below
    assert document["markers"]["disc"]["shift"] > 0
    bundle = read_bundle(folder / "bundle")
    film = read_radiograph((folder / "films" / "NORMAL" / "0.jpg").read_bytes())
    assert np.shape(Scorer(bundle).score(VERSIONS[1](film)).map) == (7, 7)
