"""Bundles: what is written can be read, what was changed is not loaded, and points answer for every population."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.bundles import of_format_1, policies, resealed, tiny_bundle, tiny_document, tiny_files
from builders.films import flipped
from hypothesis import given
from hypothesis import strategies as st

from models import bundle as bundle_module
from models.bundle import (
    BundleError,
    BundleStatus,
    Calibration,
    points_from_document,
    policies_from_document,
    read_bundle,
    shipped_bundle,
    write_bundle,
)
from models.operating_points import point_of_group
from models.population import AgeGroup, Policy, Population


def point(at: float, **changes: Any) -> dict[str, Any]:
    calibration = {"slope": 1.0, "intercept": 0.0, "prevalence": 0.5}
    return {"threshold": at, "first_threshold": at + 1, "calibration": calibration, **changes}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Name, points, model and its hash come back, and nothing is left beside the folder."""
    folder = tiny_bundle(tmp_path / "bundle")
    bundle = read_bundle(folder)
    assert (bundle.name, bundle.network, bundle.preprocessing, bundle.folder) == ("tiny", "brightness", 1, folder)
    assert bundle.model == tiny_files()["model.tflite"]
    assert bundle.model_sha256 == bundle.document["files"]["model.tflite"]
    assert set(bundle.points) == set(Population)
    assert list(tmp_path.iterdir()) == [folder]


def test_figures_in_a_subfolder_are_part_of_a_bundle(tmp_path: Path) -> None:
    """They are hashed like everything else."""
    files = {**tiny_files(), "figures/roc.svg": b"<svg/>"}
    folder = write_bundle(tmp_path / "b", document_without_files=tiny_document(), files=files)
    read_bundle(folder)
    (folder / "figures" / "roc.svg").write_bytes(b"<svg></svg>")
    with pytest.raises(BundleError, match=r"figures/roc\.svg does not have the sha256"):
        read_bundle(folder)


@pytest.mark.parametrize("name", ["model.tflite", "bundle.json", "MODEL_CARD.md", "split.csv"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    """Each file that a bundle must have is missed by its name."""
    folder = tiny_bundle(tmp_path / "b")
    (folder / name).unlink()
    with pytest.raises(BundleError, match=f"{name} is missing"):
        read_bundle(folder)


@given(share=st.floats(0, 1, exclude_max=True), name=st.sampled_from(["model.tflite", "bundle.json", "split.csv"]))
def test_one_flipped_bit_is_found(tmp_path_factory: pytest.TempPathFactory, share: float, name: str) -> None:
    """In the model as in a threshold: what is loaded means what was written."""
    folder = tiny_bundle(tmp_path_factory.mktemp("flip") / "b")
    before = read_bundle(folder)
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(flipped(content, int(share * len(content) * 8)))
    try:
        after = read_bundle(folder)
    except BundleError:
        return
    assert name == "bundle.json"  # one white space for another
    assert after.document == before.document


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    """One line with the folder, the cause and what to do."""
    with pytest.raises(BundleError, match=r"cannot read bundle .*nowhere: there is no such folder; give the folder"):
        read_bundle(tmp_path / "nowhere")


def test_a_file_in_place_of_a_folder_is_said(tmp_path: Path) -> None:
    """A path to a model file is no bundle."""
    path = tmp_path / "model.tflite"
    path.write_bytes(b"")
    with pytest.raises(BundleError, match="Not a directory"):
        read_bundle(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "[" * 100_000, "\xff"])
def test_a_document_that_is_no_json_object_is_said(tmp_path: Path, text: str) -> None:
    """No traceback, whatever stands in the file."""
    folder = tiny_bundle(tmp_path / "b")
    (folder / "bundle.json").write_text(text, encoding="latin-1")
    with pytest.raises(BundleError, match=r"bundle\.json is no JSON"):
        read_bundle(folder)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"format": 3}, r"format 3 is unknown \(known: 1, 2\)"),
        ({"format": True}, "format True is unknown"),
        ({"format": None}, "format None is unknown"),
        ({"certified": None}, "certified is missing"),
        ({"certified": "yes"}, "certified is missing, or neither true nor false"),
        ({"gate": [1]}, "gate is no JSON object"),
        ({"policies": None}, "policies is missing"),
        ({"policies": {}}, "policies names nobody, not infants, children, between, adults"),
        ({"policies": {**policies(), "dogs": {}}}, "policies names .*'dogs'"),
        ({"policies": policies(children="banded", adults="low")}, "adults: policy 'low' is unknown"),
        ({"policies": {**policies(), "adults": {"policy": "outside", "reason": " "}}}, "adults: the policy's reason"),
        ({"policies": {**policies(), "adults": {"policy": "outside", "reason": "x", "evidence": 1}}}, "adults: evid"),
        ({"policies": policies(children="banded")}, "adults are outside, and have an operating point all the same"),
        ({"policies": policies(children="banded", adults="banded", between="banded")}, "between are banded, and have"),
        ({"populations": {"adults": point(0)}}, "children are banded, and have no operating point"),
        (
            {"populations": {"adults": point(0)}, "policies": policies(adults="banded", children="ordered")},
            "children are ordered, and have no calibration",
        ),
        ({"preprocessing": 99}, "preprocessing version 99 is unknown"),
        ({"preprocessing": True}, "preprocessing version True is unknown"),
        ({"preprocessing": [1]}, "preprocessing version"),
        ({"name": ""}, "name is missing"),
        ({"network": None}, "network is missing"),
        ({"files": None}, "files is missing"),
        ({"files": {}}, "files does not name model.tflite"),
        ({"files": {"../x": "0" * 64}}, "no file of a bundle"),
        ({"files": {"/etc/hostname": "0" * 64}}, "no file of a bundle"),
        ({"files": {"a\0b": "0" * 64}}, "no file of a bundle"),
        ({"files": {"model.tflite": 3}}, "no sha256"),
        ({"populations": {}}, "populations is missing or empty"),
        ({"populations": {"dogs": point(0)}}, "population 'dogs' is unknown"),
        ({"populations": {"adults": None}}, "adults has no calibration"),
        ({"populations": {"adults": point(0, threshold="0")}}, "threshold is missing or no finite number"),
        ({"populations": {"adults": point(0, threshold=True)}}, "threshold is missing or no finite number"),
        ({"populations": {"adults": point(math.nan)}}, "threshold is missing or no finite number"),
        ({"populations": {"adults": point(0, first_threshold=-1)}}, "first_threshold lies below threshold"),
        ({"populations": {"adults": point(0, calibration={"slope": 0, "intercept": 0, "prevalence": 0.5})}}, "slope"),
        ({"populations": {"adults": point(0, calibration={"slope": 1, "intercept": 0, "prevalence": 1})}}, "preval"),
        ({"populations": {"adults": point(0, evidence=[1])}}, "evidence is no JSON object"),
    ],
)
def test_each_unknown_or_senseless_field_is_named(tmp_path: Path, changes: dict[str, Any], cause: str) -> None:
    """Even where the seal is right: a newer version's bundle, or one made by hand."""
    with pytest.raises(BundleError, match=cause):
        read_bundle(resealed(tiny_bundle(tmp_path / "b"), **changes))


def test_a_document_that_could_not_be_read_is_not_written(tmp_path: Path) -> None:
    """The trainer hears of it, and no folder appears."""
    with pytest.raises(BundleError, match=r"cannot write bundle .*population 'dogs' is unknown"):
        tiny_bundle(tmp_path / "b", populations={"dogs": point(0)})
    with pytest.raises(BundleError, match=r"cannot write bundle .*policies is missing"):
        tiny_bundle(tmp_path / "b", policies=None)
    with pytest.raises(BundleError, match="the document is no JSON"):
        tiny_bundle(tmp_path / "b", training={"loss": np.float32(1)})
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_is_never_written_over_another(tmp_path: Path) -> None:
    """What is there stays as it was."""
    folder = tiny_bundle(tmp_path / "b")
    with pytest.raises(BundleError, match="not empty"):
        tiny_bundle(folder, name="other")
    assert read_bundle(folder).name == "tiny"
    assert list(tmp_path.iterdir()) == [folder]


def test_an_unknown_population_gets_the_lowest_threshold(tmp_path: Path) -> None:
    """Who is not known is sooner read than later."""
    populations = {"children": point(2.0), "adults": point(-1.0)}
    bundle = read_bundle(tiny_bundle(tmp_path / "b", populations=populations))
    assert bundle.point_for(None).threshold == -1.0
    assert bundle.point_for(Population.CHILDREN).threshold == 2.0


@pytest.mark.parametrize("who", [Population.CHILDREN, None])
def test_who_has_no_threshold_of_their_own_is_only_ordered(tmp_path: Path, who: Population | None) -> None:
    """A bundle for adults alone calls no child low or first, nor a film that may be a child's; of any format."""
    folder = tiny_bundle(tmp_path / "b", populations={"adults": point(0.5)})
    for bundle in (read_bundle(folder), read_bundle(of_format_1(folder))):
        found = bundle.point_for(who)
        assert (found.policy, found.threshold, found.first_threshold) == (Policy.ORDERED, -math.inf, math.inf)


def test_an_ordered_population_needs_no_thresholds_and_gets_none(tmp_path: Path) -> None:
    """What stands there is for the record: `next` begins below every logit, and `first` never; nor for the unknown."""
    calibration = {"slope": 2.0, "intercept": 0.0, "prevalence": 0.3}
    stated = policies(children="banded", adults="ordered")
    for number, thresholds in enumerate([{}, {"threshold": None, "first_threshold": None}, {"threshold": 1.0}]):
        populations = {"children": point(0.5), "adults": {"calibration": calibration, **thresholds}}
        bundle = read_bundle(tiny_bundle(tmp_path / f"{number}", populations=populations, policies=stated))
        adults = bundle.points[Population.ADULTS]
        assert (adults.policy, adults.threshold, adults.first_threshold) == (Policy.ORDERED, -math.inf, math.inf)
        assert adults.calibration == Calibration(2.0, 0.0, 0.3)
        assert bundle.point_for(Population.CHILDREN).threshold == 0.5
        unknown = bundle.point_for(None)
        assert (unknown.policy, unknown.threshold, unknown.calibration.prevalence) == (Policy.ORDERED, -math.inf, 0.3)


def test_the_policy_of_each_group_is_read_with_its_reason(tmp_path: Path) -> None:
    """From the folder, and from a copy of the document that was kept."""
    bundle = read_bundle(tiny_bundle(tmp_path / "b", gate={"limit": 3}))
    assert {group: stated.policy for group, stated in bundle.policies.items()} == {
        AgeGroup.INFANTS: Policy.OUTSIDE,
        AgeGroup.CHILDREN: Policy.BANDED,
        AgeGroup.BETWEEN: Policy.OUTSIDE,
        AgeGroup.ADULTS: Policy.BANDED,
    }
    assert bundle.policies[AgeGroup.INFANTS].reason == "the test says outside of infants"
    assert policies_from_document(json.loads(json.dumps(dict(bundle.document)))) == bundle.policies
    assert bundle.gate == {"limit": 3}


def test_a_bundle_of_format_1_states_no_policy_and_is_read_as_before(tmp_path: Path) -> None:
    """The first bundle stays for comparison: banded for its populations, and nobody is outside by age."""
    bundle = read_bundle(of_format_1(tiny_bundle(tmp_path / "b")))
    assert (bundle.policies, bundle.status, bundle.gate) == ({}, BundleStatus.CERTIFIED, None)
    assert {found.policy for found in bundle.points.values()} == {Policy.BANDED}
    assert point_of_group(bundle.points, bundle.policies, AgeGroup.BETWEEN) == bundle.point_for(None)


@pytest.mark.parametrize("form", [1, 2])
def test_an_uncertified_bundle_is_only_looked_into(tmp_path: Path, form: int) -> None:
    """Films are not read by it; who wants to know how it fails must say so."""
    folder = tiny_bundle(tmp_path / "b", certified=False)
    if form == 1:
        folder = of_format_1(resealed(folder, quantisation={"certified": False}))
    with pytest.raises(BundleError, match=r"it is uncertified: .*; use a certified bundle"):
        read_bundle(folder)
    bundle = read_bundle(folder, least=BundleStatus.UNCERTIFIED)
    assert bundle.status is BundleStatus.UNCERTIFIED
    assert read_bundle(tiny_bundle(tmp_path / "c"), least=BundleStatus.UNCERTIFIED).status is BundleStatus.CERTIFIED


@pytest.mark.parametrize(
    ("group", "policy", "expected"),
    [
        (AgeGroup.CHILDREN, "banded", Policy.BANDED),
        (AgeGroup.BETWEEN, "ordered", Policy.ORDERED),
        (AgeGroup.BETWEEN, "outside", Policy.ORDERED),
        (AgeGroup.INFANTS, "outside", Policy.ORDERED),
    ],
)
def test_a_group_that_is_not_banded_gives_no_bands(
    tmp_path: Path, group: AgeGroup, policy: str, expected: Policy
) -> None:
    """Also one that is outside, should a score of it be kept from elsewhere."""
    stated = policies(**{"children": "banded", "adults": "banded", group.value: policy})
    bundle = read_bundle(tiny_bundle(tmp_path / "b", policies=stated))
    assert point_of_group(bundle.points, bundle.policies, group).policy is expected


def test_points_come_from_a_kept_document_alone(tmp_path: Path) -> None:
    """The queue shows old results with the bundle that made them, whether or not its folder is still there."""
    bundle = read_bundle(tiny_bundle(tmp_path / "b"))
    kept = json.loads(json.dumps(dict(bundle.document)))
    assert points_from_document(kept) == bundle.points
    with pytest.raises(BundleError, match="populations is missing"):
        points_from_document({})


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300))
def test_a_probability_rises_with_the_logit(low: float, high: float) -> None:
    """And stays between 0 and 1, however far out the logit is."""
    curve = Calibration(slope=0.8, intercept=-0.3, prevalence=0.4)
    low, high = min(low, high), max(low, high)
    assert 0.0 <= curve.probability(low) <= curve.probability(high) <= 1.0


def test_a_probability_is_the_logistic_of_slope_and_intercept() -> None:
    """Checked by hand: 2 * 0.75 - 1 = 0.5, and 1 / (1 + e^-0.5) = 0.6225."""
    assert Calibration(2.0, -1.0, 0.5).probability(0.75) == pytest.approx(0.6224593)


PREVALENCES = st.floats(1e-6, 1 - 1e-6)


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300), PREVALENCES, PREVALENCES)
def test_a_probability_at_a_sites_prevalence_keeps_the_order(low: float, high: float, own: float, site: float) -> None:
    """It rises with the logit as before and with the prevalence, stays within 0 and 1, and never overflows."""
    curve = Calibration(slope=0.8, intercept=-0.3, prevalence=own)
    low, high = min(low, high), max(low, high)
    assert 0.0 <= curve.probability(low, site) <= curve.probability(high, site) <= 1.0
    rarer, commoner = min(own, site), max(own, site)
    assert curve.probability(low, rarer) <= curve.probability(low, commoner)


@given(st.floats(-50, 50), PREVALENCES)
def test_a_probability_at_its_own_prevalence_is_itself(logit: float, own: float) -> None:
    """Saying what is so anyway changes nothing."""
    curve = Calibration(slope=0.8, intercept=-0.3, prevalence=own)
    assert curve.probability(logit, own) == curve.probability(logit)


@given(st.floats(-8, 8), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_the_odds_change_as_the_prior_odds_do(logit: float, own: float, site: float) -> None:
    """Bayes' rule with the same likelihood ratio."""
    curve = Calibration(slope=0.8, intercept=-0.3, prevalence=own)
    before, after = curve.probability(logit), curve.probability(logit, site)
    ratio = (site / (1 - site)) / (own / (1 - own))
    assert after / (1 - after) == pytest.approx(before / (1 - before) * ratio, rel=1e-6)


def test_the_shipped_bundle_is_the_last_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names carry their date; a folder without bundle.json is none."""
    tiny_bundle(tmp_path / "lite0-2026.11")
    tiny_bundle(tmp_path / "lite0-2027.02")
    (tmp_path / "zzz").mkdir()
    monkeypatch.setattr(bundle_module, "SHIPPED", tmp_path)
    assert shipped_bundle().name == "lite0-2027.02"


def test_an_installation_without_a_bundle_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says what to give instead."""
    monkeypatch.setattr(bundle_module, "SHIPPED", tmp_path)
    with pytest.raises(BundleError, match="the installation holds none; give a bundle's folder"):
        shipped_bundle()


def test_an_unknown_population_is_called_first_only_where_every_population_would_be(tmp_path: Path) -> None:
    """The lowest threshold, the highest for `first`, and the calibration made where pneumonia was rarest."""
    careful = {
        "threshold": -1.0,
        "first_threshold": 3.0,
        "calibration": {"slope": 1.0, "intercept": 0.0, "prevalence": 0.8},
        "evidence": {},
    }
    rare = {
        "threshold": 2.0,
        "first_threshold": 4.0,
        "calibration": {"slope": 1.0, "intercept": -2.0, "prevalence": 0.1},
        "evidence": {},
    }
    bundle = read_bundle(tiny_bundle(tmp_path / "b", populations={"children": careful, "adults": rare}))
    point = bundle.point_for(None)
    assert (point.threshold, point.first_threshold, point.calibration.prevalence) == (-1.0, 4.0, 0.1)
