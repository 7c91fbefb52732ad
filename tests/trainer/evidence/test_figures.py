"""The evidence holds every figure that its data can give, and None where they cannot."""

from __future__ import annotations

import json

import numpy as np
import pytest
from builders.evidence import asked, bundle_in, figures, need_scikit, scored, some_scores
from builders.training import film

from models.population import Population
from trainer.evidence.document import evidence
from trainer.evidence.scoring import Scores
from trainer.evidence.subgroups import age_band, subtype


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return bundle_in(tmp_path_factory.mktemp("evidence"))


def test_every_section_is_there_and_it_is_json(bundle):
    document = figures(bundle, some_scores(), refused={"view": 2})
    json.loads(json.dumps(document, allow_nan=False))
    assert {"curves", "calibration", "distribution", "at_half", "decision", "left_out", "subgroups"} <= document.keys()
    assert document["about"]["command"] == "cxr-trainer evaluate --data films"
    assert document["about"]["bootstrap"] == {"unit": "patient", "draws": 25, "seed": 0}
    assert (document["n"], document["positives"], document["patients"]) == (40, 20, 40)
    assert document["left_out"]["refused"]["by_code"]["view"]["share"] == pytest.approx(2 / 42)
    assert list(document["curves"]) == ["adults"]


def test_the_same_films_give_the_same_document(bundle):
    assert figures(bundle, some_scores()) == figures(bundle, some_scores())


def test_figures_at_one_half_and_brier_score_are_those_of_scikit_learn(bundle):
    sk, films = need_scikit(), some_scores()
    document = figures(bundle, films)
    y = np.array([s.film.label for s in films])
    p = 1 / (1 + np.exp(-np.array([s.logit for s in films])))  # the tiny bundle's calibration
    half = document["at_half"]["adults"]
    assert half["accuracy"] == pytest.approx(sk.accuracy_score(y, p >= 0.5))
    assert half["precision"] == pytest.approx(sk.precision_score(y, p >= 0.5))
    assert half["recall"] == pytest.approx(sk.recall_score(y, p >= 0.5))
    assert half["loss"] == pytest.approx(sk.log_loss(y, p))
    assert document["brier"] == pytest.approx(sk.brier_score_loss(y, p))
    counts = [half[key] for key in ("true_negatives", "false_positives", "false_negatives", "true_positives")]
    assert counts == sk.confusion_matrix(y, p >= 0.5).ravel().tolist()


def test_every_figure_lies_in_its_interval(bundle):
    def walk(value):
        if isinstance(value, dict):
            for key, ends in value.items():
                base = key.removesuffix("_films").removesuffix("_patients").removesuffix("_ci")
                if base != key and base in value and isinstance(ends, list):
                    assert ends[0] - 1e-9 <= value[base] <= ends[1] + 1e-9, key
                    walk.seen += 1
                walk(ends)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk.seen = 0
    # Percentiles of few draws of few patients may miss a figure, so this needs films enough to be plain.
    walk(evidence(asked(), bundle, Scores(some_scores(160)), draws=200))
    assert walk.seen > 60


@pytest.mark.parametrize("label", [0, 1])
def test_films_of_one_class_have_no_curves_and_no_predictive_values(bundle, label):
    document = figures(bundle, [s for s in some_scores() if s.film.label == label])
    json.dumps(document, allow_nan=False)
    assert document["curves"]["adults"]["roc"] is None
    assert document["curves"]["adults"]["average_precision"] is None
    assert document["decision"]["adults"] is None
    point = document["operating_points"]["adults"]
    assert point["prevalence"]["first"][0]["ppv"] is None
    assert (point["sensitivity"] is None) is (label == 0)
    assert (point["specificity"] is None) is (label == 1)


def test_where_all_films_were_refused_there_are_counts_and_no_figures(bundle):
    document = figures(bundle, [], refused={"colour-picture": 3}, failed={"empty": 1})
    json.dumps(document, allow_nan=False)
    assert (document["n"], document["auc"], document["ece"], document["curves"]) == (0, None, None, {})
    assert document["left_out"]["refused"]["share"] == 0.75
    assert document["left_out"]["scored"]["share"] == 0.0


def test_several_populations_are_judged_apart_and_together_each_by_its_own_point(tmp_path):
    point = {"threshold": 0.0, "first_threshold": 1.0, "calibration": {"slope": 1, "intercept": 0, "prevalence": 0.5}}
    bundle = bundle_in(tmp_path, populations={"adults": point, "children": {**point, "threshold": -9.0}})
    films = (*some_scores(20), *some_scores(20, seed=1, population=Population.CHILDREN), scored(99, 0.5, None))
    document = figures(bundle, films)
    assert list(document["curves"]) == ["all", "adults", "children", "unknown"]
    assert document["operating_points"]["children"]["sensitivity"] == 1.0
    assert document["operating_points"]["children"]["specificity"] == 0.0
    assert document["operating_points"]["unknown"]["threshold"] == -9.0
    assert document["distribution"]["all"]["threshold"] is None


def test_subgroups_are_counted_apart_and_a_small_one_has_its_interval_by_films(bundle):
    films = [
        scored(i, (i % 2) - 0.5, view="PA" if i < 10 else "", age=50.0 if i < 50 else 3.0, sex="F") for i in range(60)
    ]
    rows = {(row["kind"], row["name"]): row for row in figures(bundle, films)["subgroups"]}
    assert rows["view", "PA"]["n"] == 10
    assert rows["view", "not stated"]["n"] == 50
    assert rows["age", "40 to 64 years"]["positives"] == 25
    assert rows["sex", "F"]["auc_ci_by"] == "patients"
    assert rows["view", "PA"]["auc_ci_by"] == "films"
    assert rows["view", "PA"]["auc"] == 1.0
    assert rows["view", "PA"]["auc_ci"][0] < 0.9
    assert rows["source", "paper"]["sensitivity"] == 1.0


def test_a_subtype_has_a_sensitivity_and_an_auc_against_the_normals_of_its_sources(bundle):
    films = [scored(1, 2.0, subtype="virus"), scored(3, -2.0, subtype="virus"), scored(5, 1.0, subtype="bacteria")]
    films += [scored(0, -1.0), scored(2, 0.0), scored(4, 5.0, source="elsewhere")]
    rows = {row["name"]: row for row in figures(bundle, films)["subgroups"] if row["kind"] == "subtype"}
    assert list(rows) == ["bacteria", "virus"]
    assert (rows["virus"]["n"], rows["virus"]["positives"], rows["virus"]["negatives_of_auc"]) == (2, 2, 2)
    assert (rows["virus"]["sensitivity"], rows["virus"]["specificity"], rows["virus"]["auc"]) == (0.5, None, 0.5)


def test_ages_fall_into_bands_and_the_childrens_set_names_its_subtypes():
    bands = [age_band(age) for age in (0.5, 1, 5.9, 6, 18, 40, 64.9, 65, None)]
    assert bands[1:3] == ["1 to 5 years"] * 2
    assert bands[4] == "18 to 39 years"
    assert bands[7:] == ["65 years and over", "not stated"]
    one = film(1)
    assert subtype(film(1, path=one.path.with_name("person12_virus_3.jpeg"))) == "virus"
    assert subtype(film(1, path=one.path.with_name("person12_virus_3.jpeg"), subtype="fungus")) == "fungus"
    assert subtype(one) == ""


def test_two_bundles_are_compared_on_the_films_that_both_scored(bundle, tmp_path):
    point = {"threshold": 1.0, "first_threshold": 9.0, "calibration": {"slope": 1, "intercept": 0, "prevalence": 0.5}}
    other = bundle_in(tmp_path, name="other", populations={"adults": point})
    first, second = some_scores(30), some_scores(30, seed=5)[:-1]
    document = evidence(asked(), bundle, Scores(first), (other, Scores(second)), draws=25)
    against = document["against"]
    assert (against["bundle"]["name"], against["n"], against["only_one"]) == ("other", 29, 1)
    pair = against["groups"]["adults"]
    assert pair["auc"]["bootstrap"]["difference"] == pytest.approx(pair["first"]["auc"] - pair["second"]["auc"])
    found = pair["thresholds"]["first"]["sensitivity"]
    assert (found["second"], found["only_second"]) == (0.0, 0)
    assert found["difference"] == found["first"] == found["only_first"] / found["n"]
    swapped = evidence(asked(), other, Scores(second), (bundle, Scores(first)), draws=25)["against"]["groups"]["adults"]
    assert swapped["auc"]["bootstrap"]["difference"] == -pair["auc"]["bootstrap"]["difference"]


def test_two_bundles_that_share_no_film_are_no_error(bundle):
    document = evidence(asked(), bundle, Scores(()), (bundle, Scores(some_scores(4))), draws=5)
    assert (document["against"]["n"], document["against"]["groups"]) == (0, {})
