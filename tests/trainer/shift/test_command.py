"""`cxr-trainer shift` from the command line to the document: bundles, runs, groups, a second network, full size."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from builders.bundles import Dimmed, tiny_bundle
from builders.films import grey_film, jpeg
from builders.parts import shared_data
from builders.training import TINY_NAME, labelled_folder, need_keras
from click.testing import CliRunner

from models.bundle import shipped_bundle
from models.contract import DEFAULT, VERSIONS
from trainer.cli.main import cli
from trainer.data.sources import Source, find_all
from trainer.errors import TrainerError
from trainer.shift import benchmark as module
from trainer.shift.conditions import CONDITIONS
from trainer.shift.entries import Kind, parse_entry
from trainer.shift.suite import FROZEN


def run(*arguments):
    return CliRunner().invoke(cli, ["shift", *map(str, arguments)])


def judged(*arguments):
    result = run(*arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def split_of(films, path, validated=lambda number: True):
    lines = [f"{f.sha256},{'validation' if validated(i) else 'train'}" for i, f in enumerate(films)]
    path.write_text("\n".join(["sha256,part", *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Films, a split that validates on all of them, and a bundle."""
    folder = tmp_path_factory.mktemp("shift")
    data = labelled_folder(folder / "films", each=12)
    split_of(find_all([Source(data)]), folder / "split.csv")
    return folder, [f"--data={data},population=adults", f"--split={folder / 'split.csv'}"], tiny_bundle(folder / "tiny")


def test_the_whole_suite_on_a_bundle_as_a_document_and_as_a_table(made, tmp_path):
    _, given, bundle = made
    result = run(*given, "--bundle", bundle, "--films", 10, "--json", tmp_path / "shift.json")
    assert result.exit_code == 0, result.output
    document = json.loads((tmp_path / "shift.json").read_text())
    assert document["schema"] == 1
    assert document["suite"]["sha256"] == document["suite"]["frozen_sha256"] == FROZEN
    assert document["suite"]["conditions"] == [condition.name for condition in CONDITIONS]
    (network,) = document["networks"]
    assert (network["name"], network["films"], network["kind"]) == ("tiny", 20, "bundle")
    assert set(network["groups"]) == {"adults", "adults / films"}
    adults = network["groups"]["adults"]
    assert set(adults["conditions"]) == set(document["suite"]["conditions"])
    assert (adults["conditions"]["clean"]["auc"], adults["threshold_from"]) == (1.0, "bundle")
    assert adults["worst"]["sensitivity"] < 1  # what scores brightness bears no other exposure
    assert "| `tiny` | adults | 20 | 1.000" in result.stdout
    assert result.stdout.count("\n| ") >= 2 + 20
    words = shlex.split(document["about"]["command"])
    assert json.loads(CliRunner().invoke(cli, words[1:]).stdout) == document


def test_quick_is_the_strongest_severities_and_says_that_it_is_a_part(made):
    _, given, bundle = made
    document = judged(*given, "--bundle", bundle, "--quick")
    assert len(document["suite"]["conditions"]) == 20
    assert document["suite"]["complete"] is False
    assert "part of the suite only" in run(*given, "--bundle", bundle, "--quick").stdout


def test_networks_of_one_label_are_told_together_each_on_its_own_split(made, tmp_path):
    folder, given, bundle = made
    films = find_all([Source(folder / "films")])
    half = split_of(films, tmp_path / "half.csv", lambda number: number not in (0, 13))
    document = judged(
        *given, "--quick", "--bundle", f"{bundle},label=folds", "--bundle", f"{bundle},label=folds,split={half}"
    )
    assert [network["films"] for network in document["networks"]] == [24, 22]
    assert document["labels"]["folds"]["adults"]["networks"] == 2
    assert len({network["split"]["sha256"] for network in document["networks"]}) == 2
    table = run(*given, "--quick", "--bundle", f"{bundle},label=folds", "--bundle", f"{bundle},label=folds").stdout
    assert "| folds | adults | 2 |" in table


def test_another_network_is_compared_on_the_films_of_both(made, tmp_path, monkeypatch):
    _, given, bundle = made
    monkeypatch.setitem(VERSIONS, 99, Dimmed(share=0.1, level=0.5))
    other = tiny_bundle(tmp_path / "other", name="duller", preprocessing=99)
    document = judged(*given, "--quick", "--bundle", bundle, "--against", other)
    found = document["against"]["differences"][0]
    assert (document["against"]["network"]["name"], found["films"]) == ("duller", 24)
    assert set(found["groups"]["adults"]) == {"clean", "mean", "worst"}
    low, high = found["groups"]["adults"]["mean"]["specificity_ci"]
    assert low <= found["groups"]["adults"]["mean"]["specificity"] <= high
    same = judged(*given, "--quick", "--bundle", bundle, "--against", bundle)["against"]["differences"][0]
    assert same["groups"]["adults"]["worst"]["auc"] == 0
    assert "Each network less `tiny`" in run(*given, "--quick", "--bundle", bundle, "--against", bundle).stdout


def test_films_in_full_size_are_set_beside_their_copies(made, tmp_path):
    _, given, bundle = made
    for label, (name, opacity) in enumerate((("NORMAL", 0.0), ("PNEUMONIA", 0.9))):
        (tmp_path / "full" / name).mkdir(parents=True)
        for number in range(3):
            large = grey_film(300, 300, seed=2 * number + label, opacity=opacity)
            (tmp_path / "full" / name / f"film{number:03d}.jpg").write_bytes(jpeg(large))
    found = judged(*given, "--quick", "--bundle", bundle, "--fullsize", tmp_path / "full")["networks"][0]["fullsize"]
    assert (found["pairs"], found["flipped"]) == (6, 0)
    assert 0 <= found["mean_difference"] <= found["largest"] < 1
    assert "Full size against 224" in run(*given, "--quick", "--bundle", bundle, "--fullsize", tmp_path / "full").stdout
    (tmp_path / "full" / "NORMAL" / "film000.jpg").rename(tmp_path / "full" / "NORMAL" / "nobody.jpg")
    again = judged(*given, "--quick", "--bundle", bundle, "--fullsize", tmp_path / "full")["networks"][0]["fullsize"]
    assert again["pairs"] == 5


def test_a_run_is_judged_as_the_float_network_that_it_is(made, tmp_path):
    need_keras()
    _, given, bundle = made
    fitted = CliRunner().invoke(
        cli, ["fit", given[0], f"--run={tmp_path / 'run'}", f"--recipe={TINY_NAME}", "--fraction=0.5"]
    )
    assert fitted.exit_code == 0, fitted.output
    document = judged(*given, "--quick", "--run", tmp_path / "run", "--against", bundle)
    (network,) = document["networks"]
    assert (network["kind"], network["recipe"], network["preprocessing"]) == ("run", TINY_NAME, DEFAULT)
    assert network["groups"]["adults"]["threshold_from"] == "clean"
    assert network["groups"]["adults"]["conditions"]["clean"]["sensitivity"] >= 0.95
    versions = judged(*given, "--quick", "--run", f"{tmp_path / 'run'},preprocessing=1")["networks"][0]
    assert versions["preprocessing"] == 1
    result = run(*given, "--run", f"{tmp_path / 'run'},preprocessing=98")
    assert result.exit_code == 1
    assert "preprocessing version 98 is unknown" in result.stderr


def test_code_that_is_no_longer_the_frozen_suite_says_so(made, monkeypatch):
    _, given, bundle = made
    monkeypatch.setattr(module, "FROZEN", "0" * 64)
    result = run(*given, "--quick", "--bundle", bundle)
    assert "does not reproduce the frozen suite" in result.stderr
    assert "NOT the frozen one" in result.stdout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("runs/a", ("runs/a", "a", "runs/a/split.csv", None)),
        ("runs/a,label=seeds of a", ("runs/a", "seeds of a", "runs/a/split.csv", None)),
        ("runs/a,split=x/y.csv,preprocessing=2", ("runs/a", "a", "x/y.csv", 2)),
        ("runs/a,b", ("runs/a,b", "a,b", "runs/a,b/split.csv", None)),
    ],
)
def test_a_network_is_a_folder_with_options(text, expected):
    entry = parse_entry(text, Kind.RUN)
    assert (str(entry.folder), entry.label, str(entry.split), entry.preprocessing) == expected


def test_a_network_of_no_kind_is_what_its_folder_holds_and_the_split_of_all_is_for_those_that_name_none(tmp_path):
    tiny_bundle(tmp_path / "bundle")
    assert parse_entry(str(tmp_path / "bundle")).kind is Kind.BUNDLE
    assert parse_entry(str(tmp_path)).kind is Kind.RUN
    assert parse_entry("a", Kind.RUN, Path("all.csv")).split == Path("all.csv")
    assert parse_entry("a,split=own.csv", Kind.RUN, Path("all.csv")).split == Path("own.csv")
    for wrong, kind in ((",label=x", Kind.RUN), ("a,preprocessing=2", Kind.BUNDLE), ("a,preprocessing=x", Kind.RUN)):
        with pytest.raises(TrainerError, match="FOLDER"):
            parse_entry(wrong, kind)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "Missing option '--data'"),
        (("--data", "films", "--bundle", "missing"), 1, "cannot read split missing"),
        (("--data", "films", "--bundle", "missing", "--split", "split.csv"), 1, "cannot read bundle missing"),
        (("--data", "films", "--bundle", "tiny,preprocessing=1"), 2, "a bundle names its own preprocessing"),
        (("--data", "films", "--bundle", "tiny"), 1, "cannot read split"),
        (("--data", "films", "--bundle", "tiny", "--split", "split.csv", "--part", "test"), 1, "is in the test part"),
        (("--data", "films", "--bundle", "tiny", "--split", "split.csv", "--fullsize", "no"), 1, "no such folder"),
        (
            ("--data", "films", "--bundle", "tiny", "--split", "split.csv", "--json", "no/a.json"),
            1,
            "its parent folder",
        ),
        (("--data", "films", "--films", "3"), 2, "Invalid value for '--films'"),
    ],
)
def test_a_mistake_is_one_line_and_the_right_exit_code(made, monkeypatch, arguments, code, words):
    monkeypatch.chdir(made[0])
    result = run(*arguments)
    assert result.exit_code == code
    assert words in " ".join(result.output.split())
    assert "Traceback" not in result.output
    if code == 1:
        assert len(result.stderr.strip().splitlines()) == 1


def test_help_shows_an_example_and_a_bundle_needs_neither_keras_nor_tensorflow(made):
    assert "Example:\n    cxr-trainer shift --data" in run("--help").output
    _, given, bundle = made
    code = (
        "import sys; from click.testing import CliRunner; from trainer.cli.main import cli;"
        "assert CliRunner().invoke(cli, ['shift', '--help']).exit_code == 0;"
        "assert 'numpy' not in sys.modules;"
        f"assert CliRunner().invoke(cli, {['shift', *given, '--quick', '--bundle', str(bundle)]!r}).exit_code == 0;"
        "assert not {'keras', 'tensorflow', 'torch', 'matplotlib', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.shared
def test_the_shipped_bundle_on_real_films_bears_most_of_it_and_scores_both_sizes_alike():
    data = shared_data()
    split = next(shipped_bundle().parent.glob("lite0-2026.11")) / "split.csv"
    document = judged(
        f"--data={data / 'kermany-224'},population=children",
        f"--fullsize={data / 'kermany-fullsize'}",
        f"--split={split}",
        *("--films", 12, "--quick"),
    )
    (network,) = document["networks"]
    children = network["groups"]["children"]
    assert children["conditions"]["clean"]["auc"] > 0.95
    assert children["worst"]["auc"] <= children["mean"]["auc"] <= 1
    assert children["mean"]["auc"] > 0.8
    assert network["fullsize"]["pairs"] == 160
    assert network["fullsize"]["rank_correlation"] > 0.9
