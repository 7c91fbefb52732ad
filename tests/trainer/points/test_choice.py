"""An operating point with its evidence, and the document that `cxr-trainer points` prints."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders.bundles import tiny_bundle
from builders.points import planted, together
from builders.training import film, labelled_folder
from click.testing import CliRunner

from models.errors import ModelsError
from models.population import AgeGroup, Population
from trainer.cli.main import cli
from trainer.data.sources import Source, find_films
from trainer.points.choice import choose_point
from trainer.points.document import by_group, by_population, without
from trainer.points.rules import RULE, Rule, threshold_by
from trainer.shift.scoring import SuiteScores

DRIFTS = {"blur-1": 0.3, "noise-1": -0.3}


def test_a_point_has_thresholds_of_all_films_and_figures_of_films_that_did_not_choose():
    films = planted(400, DRIFTS, apart=2.5)
    point = choose_point(Population.ADULTS, films, evidence={"part": "validation"}, draws=50)
    assert point.threshold == threshold_by(RULE, films, 0.95)
    assert point.first_threshold >= point.threshold
    assert point.calibration.prevalence == 0.10
    evidence = point.evidence
    assert (evidence["part"], evidence["n"], evidence["conditions"]) == ("validation", 400, 3)
    for band in ("next_or_first", "first"):
        assert set(evidence[band]) == {"clean", "shifted"}
    assert evidence["first"]["clean"]["specificity"] == pytest.approx(evidence["first_promise"], abs=0.03)
    assert evidence["next_or_first"]["clean"]["sensitivity"] == pytest.approx(0.95, abs=0.03)
    json.dumps(evidence, allow_nan=False)


def test_labels_mined_from_reports_move_neither_threshold_nor_curve():
    films = planted(200, DRIFTS)
    mined = replace(planted(200, DRIFTS, source="mined", weight=0.3), logits=planted(200, DRIFTS).logits + 9.0)
    alone, beside = (choose_point(Population.CHILDREN, some, draws=20) for some in (films, together(films, mined)))
    assert alone == beside


def test_a_point_without_any_shift_says_nothing_of_shifted_films():
    point = choose_point(Population.ADULTS, planted(200), rule=Rule.CLEAN, draws=20)
    assert list(point.evidence["next_or_first"]) == ["clean"]
    assert [row["films"] for row in point.evidence["calibration"]] == ["clean"]


def test_films_of_one_class_have_no_point():
    films = planted(200)
    with pytest.raises(ModelsError, match="lack one of the two classes"):
        choose_point(Population.ADULTS, films.films(films.labels), draws=20)


def scores(*films_and_population):
    films = tuple(one for one, _ in films_and_population)
    who = tuple(population for _, population in films_and_population)
    logits = {"clean": np.arange(len(films), dtype=float)}
    return SuiteScores(films, who, ("",) * len(films), logits)


def test_films_are_grouped_by_their_age_else_by_what_was_said_of_them():
    found = by_group(
        scores(
            (film(0, age=0.5), None),
            (film(1, age=3.0), Population.CHILDREN),
            (film(2), Population.CHILDREN),
            (film(3, age=12.0), None),
            (film(4, age=40.0), Population.ADULTS),
            (film(5), None),
        )
    )
    assert {group: list(some.clean) for group, some in found.items()} == {
        AgeGroup.INFANTS: [0.0],
        AgeGroup.CHILDREN: [1.0, 2.0],
        AgeGroup.BETWEEN: [3.0],
        AgeGroup.ADULTS: [4.0],
    }


def test_sources_held_out_as_a_whole_are_taken_out_and_weights_stay_with_their_films():
    all_ = scores(
        (film(0, source="a", weight=0.3), Population.ADULTS), (film(1, source="b", weight=1.0), Population.ADULTS)
    )
    kept = by_population(without(all_, {"a"}))[Population.ADULTS]
    assert (kept.sources, list(kept.weights), list(kept.clean)) == (("b",), [1.0], [1.0])


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What the command prints and writes, of two small sources, the second one held out as a whole."""
    folder: Path = tmp_path_factory.mktemp("points")
    ours = Source(labelled_folder(folder / "ours", each=12))
    labelled_folder(folder / "theirs", each=10, seed=1)
    bundle = tiny_bundle(folder / "tiny", training={"hold_out": ["theirs"]})
    with (folder / "split.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["sha256", "source", "label", "part"])
        writer.writerows([one.sha256, one.source, one.label, "validation"] for one in find_films(ours))
    arguments = ["points", "--bundle", bundle, "--split", folder / "split.csv", "--conditions", "heaviest"]
    arguments += ["--data", f"{folder / 'ours'},population=adults", "--data", f"{folder / 'theirs'},population=adults"]
    result = CliRunner().invoke(cli, [*map(str, arguments), "--least", "10", "--json", str(folder / "points.json")])
    assert result.exit_code == 0, result.output
    return result.stdout, json.loads((folder / "points.json").read_text())


def test_the_command_shows_points_rules_policies_and_each_source_left_out_once(shown):
    text, document = shown
    assert set(document["points"]) == {"adults"}
    assert document["points"]["adults"]["evidence"]["n"] == 24  # the source held out as a whole chose nothing
    assert set(document["rules"]["adults"]) == {rule.value for rule in Rule}
    assert set(document["policies"]) == set(AgeGroup)
    assert [row["left_out"] for row in document["sources_left_out"]] == ["ours", "theirs"]
    for words in ("## adults", "## Policies", "## Each source left out once", RULE.value, "calibration error"):
        assert words in text


def test_every_row_of_every_table_has_as_many_cells_as_its_head(shown):
    text, _ = shown
    tables = [part.splitlines() for part in text.split("\n\n") if part.startswith("|")]
    assert len(tables) == 6
    for lines in tables:
        assert len({line.count("|") for line in lines}) == 1


def test_a_split_of_other_films_is_one_line(tmp_path):
    labelled_folder(tmp_path / "films", each=2)
    split = tmp_path / "split.csv"
    split.write_text(f"sha256,source,label,part\n{'0' * 64},films,0,validation\n")
    arguments = ["points", "--bundle", tiny_bundle(tmp_path / "tiny"), "--data", tmp_path / "films", "--split", split]
    result = CliRunner().invoke(cli, [*map(str, arguments)])
    assert result.exit_code == 1
    assert "none of the 4 films is in its validation part" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
