"""A bundle is judged as the daemon would run it, and bad films are counted, not fatal."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys

import pytest
from builders.bundles import THRESHOLD, Dimmed, policies, tiny_bundle
from builders.dicom import dicom
from builders.evidence import need_matplotlib
from builders.films import jpeg, photograph, truncated
from builders.training import labelled_folder
from click.testing import CliRunner

from models.bundle import read_bundle
from models.contract import VERSIONS
from models.population import Population
from trainer.cli.main import cli
from trainer.data.sources import Source, find_all
from trainer.evidence.figures import judge
from trainer.evidence.scoring import find_readable, score_films


def quiet(done, total):
    """Nobody watches."""


def evaluated(*arguments):
    result = CliRunner().invoke(cli, ["evaluate", *map(str, arguments), "--format", "json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


def test_the_document_has_the_keys_that_other_programs_rely_on(tmp_path, bundle):
    folder = labelled_folder(tmp_path / "films", each=4)
    document = evaluated("--data", f"{folder},population=adults", "--bundle", bundle)
    assert {"n", "auc", "auc_ci", "ece", "operating_points", "refused", "failed"} <= document.keys()
    assert (document["n"], document["auc"], document["refused"], document["failed"]) == (8, 1.0, 0, 0)
    point = document["operating_points"]["adults"]
    assert point["threshold"] == THRESHOLD
    assert (point["sensitivity"], point["specificity"]) == (1.0, 1.0)
    assert point["sensitivity_ci"] == pytest.approx([0.5101, 1.0], abs=1e-3)
    assert document["bundle"]["name"] == "tiny"


def test_refused_and_failed_films_are_counted_and_left_out(tmp_path, bundle):
    folder = labelled_folder(tmp_path / "films", each=2)
    normal = folder / "NORMAL"
    good = (normal / "film000.jpg").read_bytes()
    (normal / "photo.jpg").write_bytes(jpeg(photograph()))
    (normal / "knee.dcm").write_bytes(dicom(body_part="KNEE"))
    (normal / "text.jpg").write_bytes(b"a text")
    (normal / "empty.jpg").write_bytes(b"")
    (normal / "cut.jpg").write_bytes(truncated(good))
    (normal / "folder.jpg").mkdir()
    document = evaluated("--data", folder, "--bundle", bundle)
    assert (document["n"], document["refused"], document["failed"]) == (4, 2, 4)
    assert document["refused_by_code"] == {"body-part": 1, "colour-picture": 1}
    assert document["failed_by_code"] == {"empty": 1, "truncated": 1, "unknown-format": 1, "unreadable": 1}


def test_a_film_that_goes_away_while_films_are_scored_is_counted_as_failed(tmp_path, bundle):
    found, _ = find_readable([Source(labelled_folder(tmp_path / "films", each=2))])
    found[1].path.unlink()
    scores = score_films(found, read_bundle(bundle), None, quiet)
    assert (len(scores.scored), scores.failed) == (3, {"unreadable": 1})


def test_films_of_one_class_have_no_auc_and_no_specificity(tmp_path, bundle):
    folder = labelled_folder(tmp_path / "films", each=2)
    for path in (folder / "NORMAL").iterdir():
        path.unlink()
    arguments = ["--data", str(folder), "--bundle", str(bundle)]
    document = evaluated(*arguments)
    assert (document["auc"], document["auc_ci"]) == (None, None)
    assert document["operating_points"]["unknown"]["specificity"] is None
    assert document["operating_points"]["unknown"]["sensitivity"] == 1.0
    assert "one class" in CliRunner().invoke(cli, ["evaluate", *arguments]).output


def test_the_population_is_the_files_age_then_the_folders_then_the_option(tmp_path, bundle):
    folder = labelled_folder(tmp_path / "films", each=2)
    (folder / "labels.csv").write_text("file,age\nNORMAL/film000.jpg,3\n")
    (folder / "NORMAL" / "old.dcm").write_bytes(dicom(age="060Y"))
    found, _ = find_readable([Source(folder)])
    scores = score_films(found, read_bundle(bundle), Population.ADULTS, quiet)
    by_name = {s.film.path.name + str(s.film.label): s.population for s in scores.scored}
    assert by_name["film000.jpg0"] is Population.CHILDREN
    assert by_name["old.dcm0"] is Population.ADULTS
    assert by_name["film001.jpg1"] is Population.ADULTS
    unknown = score_films(found, read_bundle(bundle), None, quiet)
    assert set(judge(unknown, read_bundle(bundle).points)["operating_points"]) == {"adults", "children", "unknown"}


def test_a_population_that_is_only_ordered_has_an_auc_and_no_threshold(tmp_path):
    """In the table, as JSON, which knows no infinity, and on the page."""
    need_matplotlib()
    calibration = {"calibration": {"slope": 1.0, "intercept": 0.0, "prevalence": 0.5}}
    stated = policies(adults="ordered")
    bundle = tiny_bundle(tmp_path / "b", populations={"adults": calibration}, policies=stated)
    folder = labelled_folder(tmp_path / "films", each=4)
    for option in (["--population", "adults"], []):
        arguments = ["--data", folder, "--bundle", bundle, *option]
        [point] = evaluated(*arguments)["operating_points"].values()
        assert (point["policy"], point["threshold"], point["first_threshold"]) == ("ordered", None, None)
        assert point["auc"] is not None
        result = CliRunner().invoke(cli, ["evaluate", *map(str, arguments), "--page", str(tmp_path / "page.html")])
        assert "only ordered: no film is called low or first" in result.output
        text = (tmp_path / "page.html").read_text(encoding="utf-8")
        assert "none is called low or first" in text
        assert "False alarms: 0 of 0" in text


def test_an_uncertified_bundle_is_judged_and_called_so(tmp_path):
    """To find out what is wrong with it is what judging is for; beside another one, too."""
    bad, good = tiny_bundle(tmp_path / "bad", certified=False), tiny_bundle(tmp_path / "good")
    folder = labelled_folder(tmp_path / "films", each=2)
    arguments = ["--data", str(folder), "--population", "adults"]
    result = CliRunner().invoke(cli, ["evaluate", *arguments, "--bundle", str(bad)])
    assert (result.exit_code, "bundle tiny (uncertified), model" in result.output) == (0, True)
    assert evaluated(*arguments, "--bundle", good, "--against", bad)["against"]["bundle"]["name"] == "tiny"


def test_a_part_of_a_split_is_judged_alone(tmp_path, bundle):
    folder = labelled_folder(tmp_path / "films", each=3)
    found = find_all([Source(folder)])
    lines = [f"{f.sha256},{'validation' if i % 3 == 0 else 'train'}" for i, f in enumerate(found)]
    (tmp_path / "split.csv").write_text("\n".join(["sha256,part", *lines]) + "\n")
    arguments = ["--data", folder, "--bundle", bundle, "--split", tmp_path / "split.csv"]
    assert evaluated(*arguments, "--part", "validation")["n"] == 2
    assert evaluated(*arguments, "--part", "train")["n"] == 4
    result = CliRunner().invoke(cli, ["evaluate", *map(str, arguments), "--part", "excluded"])
    assert result.exit_code == 1
    assert "none of the 6 films is in the excluded part" in result.output


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "Missing option '--data'"),
        (("--data", "x,weight=9"), 2, "a weight lies above 0"),
        (("--data", "missing"), 1, "there is no such folder"),
        (("--data", "films", "--bundle", "missing"), 1, "cannot read bundle"),
        (("--data", "films", "--part", "train"), 2, "--part needs --split"),
        (("--data", "films", "--population", "cats"), 2, "'cats' is not one of"),
        (("--data", "films", "--against", "missing"), 1, "cannot read bundle missing"),
        (("--data", "films", "--page", "no/page.html"), 1, "make its parent folder"),
        (("--data", "films", "--json", "no/page.json"), 1, "make its parent folder"),
        (("--data", "films", "--page", "films"), 2, "is a directory"),
        (("--data", "films", "--page", "a.html", "--json", "a.html"), 2, "name one file"),
        (("--data", "films", "--gallery", "-1"), 2, "Invalid value for '--gallery'"),
        (("--data", "films", "--split", "none.csv", "--part", "test"), 1, "cannot read split none.csv"),
    ],
)
def test_a_mistake_is_one_line_and_the_right_exit_code(tmp_path, monkeypatch, bundle, arguments, code, words):
    labelled_folder(tmp_path / "films", each=1)
    monkeypatch.chdir(tmp_path)
    if "--bundle" not in arguments:
        arguments = (*arguments, "--bundle", str(bundle))
    result = CliRunner().invoke(cli, ["evaluate", *arguments])
    assert result.exit_code == code
    assert words in " ".join(result.output.split())
    assert "Traceback" not in result.output
    if code == 1:
        assert len(result.stderr.strip().splitlines()) == 1


def test_a_bundle_with_one_flipped_bit_is_refused(tmp_path):
    folder, broken = labelled_folder(tmp_path / "films", each=1), tiny_bundle(tmp_path / "broken")
    data = bytearray((broken / "model.tflite").read_bytes())
    data[len(data) // 2] ^= 1
    (broken / "model.tflite").write_bytes(data)
    result = CliRunner().invoke(cli, ["evaluate", "--data", str(folder), "--bundle", str(broken)])
    assert result.exit_code == 1
    assert "does not have the sha256" in result.output


def test_judging_and_help_import_neither_tensorflow_nor_keras(tmp_path, bundle):
    folder = labelled_folder(tmp_path / "films", each=1)
    code = (
        "import sys; from click.testing import CliRunner; from trainer.cli.main import cli;"
        "run = CliRunner().invoke;"
        "assert all(run(cli, [c, '--help']).exit_code == 0 for c in ('fit', 'quantize', 'evaluate'));"
        "assert 'numpy' not in sys.modules;"
        f"assert run(cli, ['evaluate', '--data', {str(folder)!r}, '--bundle', {str(bundle)!r}]).exit_code == 0;"
        "assert not {'keras', 'tensorflow', 'torch', 'matplotlib', 'jinja2', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_page_and_its_json_are_written_beside_the_table_and_the_command_gives_the_json_again(tmp_path, bundle):
    need_matplotlib()
    folder, page, beside = labelled_folder(tmp_path / "a folder", each=3), tmp_path / "p.html", tmp_path / "p.json"
    given = ["--data", f"{folder},population=adults", "--bundle", str(bundle), "--gallery", "1"]
    result = CliRunner().invoke(cli, ["evaluate", *given, "--page", str(page), "--json", str(beside)])
    assert result.exit_code == 0, result.output
    assert f"written: {page}" in result.stdout
    document = json.loads(beside.read_text())
    words = shlex.split(document["about"]["command"])
    assert words[:2] == ["cxr-trainer", "evaluate"]
    again = CliRunner().invoke(cli, words[1:])
    assert json.loads(again.stdout) == document
    assert "<h1>Evidence for <bdi>tiny</bdi></h1>" in page.read_text()
    assert str(folder) not in again.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a folder", "p.html", "p.json"]


def test_a_bundle_of_another_preprocessing_can_be_set_against_one(tmp_path, bundle, monkeypatch):
    monkeypatch.setitem(VERSIONS, 99, Dimmed(share=0.5))
    other = tiny_bundle(tmp_path / "other", name="darker", preprocessing=99)
    folder = labelled_folder(tmp_path / "films", each=4)
    document = evaluated("--data", f"{folder},population=adults", "--bundle", bundle, "--against", other)
    against = document["against"]
    assert (against["bundle"]["name"], against["bundle"]["preprocessing"], against["n"]) == ("darker", 99, 8)
    found = against["groups"]["adults"]["thresholds"]["next_or_first"]["sensitivity"]
    assert (found["first"], found["second"], found["only_first"]) == (1.0, 0.0, 4)


def test_a_split_of_other_data_is_one_line(tmp_path, bundle):
    folder = labelled_folder(tmp_path / "films", each=2)
    (tmp_path / "split.csv").write_text(f"sha256,part\n{'0' * 64},test\n")
    given = ["--data", str(folder), "--bundle", str(bundle), "--split", str(tmp_path / "split.csv"), "--part", "test"]
    result = CliRunner().invoke(cli, ["evaluate", *given])
    assert result.exit_code == 1
    assert "give the data that the split was made of" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
