"""A bundle gets a reference without a change to its network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from builders.bundles import tiny_document, tiny_files
from builders.training import labelled_folder
from click.testing import CliRunner

from models.bundle import BundleError, read_bundle, write_bundle
from models.reference import POINTS, references
from trainer.cli.main import cli
from trainer.data.sources import Source, find_films


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A bundle whose validation part is a folder of sixty films."""
    folder = tmp_path_factory.mktemp("reference")
    data = labelled_folder(folder / "films", each=30, width=72)
    rows = [f"{film.sha256},films,{film.label},validation" for film in find_films(Source(data))]
    split = "\n".join(["sha256,source,label,part", *rows]) + "\n"
    files = {**tiny_files(), "split.csv": split.encode()}
    return write_bundle(folder / "old", document_without_files=tiny_document(), files=files), data


def run(bundle: Path, data: str, output: Path):
    return CliRunner().invoke(cli, ["reference", f"--bundle={bundle}", f"--data={data}", f"--output={output}"])


def test_the_new_bundle_has_the_same_network_another_name_and_a_reference(bundle, tmp_path: Path) -> None:
    old, data = bundle
    done = run(old, f"{data},population=children", tmp_path / "new")
    assert done.exit_code == 0, done.output
    before, after = read_bundle(old), read_bundle(tmp_path / "new")
    assert (after.model_sha256, after.name, after.points) == (before.model_sha256, "new", before.points)
    [(who, found)] = references(after.document).items()
    assert (who, found.films, found.prevalence) == ("children", 60, 0.1)
    assert {len(cells) for cells in found.quantiles.values()} == {POINTS}
    assert "logit" in found.quantiles
    assert run(old, f"{data},population=children", tmp_path / "new").exit_code == 1  # nothing is written over


def test_films_of_no_known_population_describe_nothing(bundle, tmp_path: Path) -> None:
    old, data = bundle
    done = run(old, str(data), tmp_path / "new")
    assert done.exit_code == 1
    assert "population=children|adults" in done.output
    assert not (tmp_path / "new").exists()


def test_a_reference_that_makes_no_sense_is_not_read(bundle, tmp_path: Path) -> None:
    falling = {"statistics": 1, "populations": {"adults": {"films": 60, "refused": 0, "prevalence": 0.1}}}
    for quantiles in ({"logit": [0.0]}, {"logit": [1.0] + [0.0] * (POINTS - 1)}, {"other": [0.0] * POINTS}, None):
        falling["populations"]["adults"]["quantiles"] = quantiles
        document = {**tiny_document(), "reference": json.loads(json.dumps(falling))}
        with pytest.raises(BundleError, match="reference"):
            write_bundle(tmp_path / "broken", document_without_files=document, files=tiny_files())
