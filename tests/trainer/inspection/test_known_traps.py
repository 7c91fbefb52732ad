"""`inspect` on ../shared/data finds, by figures, each trap that is known of these films."""

from __future__ import annotations

import json
from typing import Any

import pytest
from builders.parts import shared_data
from click.testing import CliRunner

from trainer.cli.main import cli

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The document on the four small sets and a fifth of the large one: all that is also there in full size, and more.

    All 6,902 films take a minute of one core, these 1,700 and the part 25 seconds.
    """
    data = shared_data()
    small = data / "kermany-224"
    twins = {path.name for path in (data / "kermany-fullsize").glob("*/*")}
    rows = [
        f"{path},{path.parent.name}"
        for name, some in (("NORMAL", 300), ("PNEUMONIA", 600))
        for number, path in enumerate(sorted((small / name).iterdir()))
        if number < some or path.name in twins
    ]
    manifest = tmp_path_factory.mktemp("part") / "kermany-part.csv"
    manifest.write_text("file,label\n" + "\n".join(rows) + "\n")
    given = [f"{manifest},population=children", f"{data / 'kermany-fullsize'},population=children"]
    given += [str(data / name) for name in ("rsna-adult-dev", "nih-adult-dev", "hannover-covid")]
    result = CliRunner().invoke(cli, ["inspect", *(w for each in given for w in ("--data", each)), "--format", "json"])
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def codes(seen: dict[str, Any], source: str) -> dict[str, dict[str, Any]]:
    """The findings about one source, by code."""
    return {each["code"]: each for each in seen["findings"] if each["source"] == source}


def test_the_full_size_originals_are_found_among_the_small_copies(seen: dict[str, Any]) -> None:
    (between,) = [
        each for each in seen["near_duplicates"]["between"] if each["sources"] == ["kermany-part", "kermany-fullsize"]
    ]
    assert between["films"][1] == between["other_size"] == 160
    assert seen["near_duplicates"]["across_classes"] == 0
    assert codes(seen, "kermany-fullsize")["near-duplicates"]["weight"] == "serious"


def test_one_child_has_several_films_and_some_are_the_same_to_the_byte(seen: dict[str, Any]) -> None:
    part = seen["sources"]["kermany-part"]
    assert part["patients"]["with_several"] > 100
    assert part["by_file"]["patients"] > 30
    assert part["classes"]["PNEUMONIA"]["subtypes"].keys() == {"bacteria", "virus"}
    assert seen["exact_duplicates"]["by_source"]["kermany-part"] >= 3


def test_the_small_copies_lost_their_shape_and_the_originals_tell_the_class_by_it(seen: dict[str, Any]) -> None:
    assert "224 x 224" in codes(seen, "kermany-part")["squashed"]["text"]
    full = seen["sources"]["kermany-fullsize"]
    normal, pneumonia = full["classes"]["NORMAL"], full["classes"]["PNEUMONIA"]
    assert (normal["width"]["median"], normal["height"]["median"]) == (1606, 1304)
    assert (pneumonia["width"]["median"], pneumonia["height"]["median"]) == (1168, 792)
    assert (round(normal["aspect"]["median"], 2), round(pneumonia["aspect"]["median"], 2)) == (1.20, 1.47)
    assert full["confounds"]["aspect"]["low"] > 0.75
    assert full["confounds"]["JPEG quality"]["low"] > 0.98
    assert pneumonia["modes"]["RGB"] == 5
    assert (pneumonia["width"]["least"], pneumonia["height"]["least"]) == (492, 156)
    assert "quality 75" in codes(seen, "kermany-part")["one-quality"]["text"]
    assert "all count as children" in codes(seen, "kermany-part")["ages-unknown"]["text"]


def test_view_follows_class_in_rsna_whose_films_are_equalised_and_name_no_patient(seen: dict[str, Any]) -> None:
    rsna = seen["sources"]["rsna-adult-dev"]
    assert rsna["confounds"]["view"]["low"] > 0.7
    assert "PA 86 % of NORMAL, 27 % of PNEUMONIA" in codes(seen, "rsna-adult-dev")["confound-view"]["text"]
    assert rsna["patients"]["bounded_films"] == rsna["films"] == 768
    assert rsna["flat"] > 600
    assert {name for name, each in seen["sources"].items() if each["flat"] > each["films"] / 2} == {"rsna-adult-dev"}
    assert "non-commercial" in rsna["terms"]


def test_nih_holds_children_weak_labels_and_other_findings(seen: dict[str, Any]) -> None:
    nih = seen["sources"]["nih-adult-dev"]
    assert nih["ages"]["under_18"] == 36
    assert nih["classes"]["OTHER"]["films"] == 30
    assert nih["panel"]["panel_airspace_opacity"] == {
        "NORMAL": {"read": 3, "yes": 2},
        "PNEUMONIA": {"read": 9, "yes": 3},
    }
    assert codes(seen, "nih-adult-dev")["labels-disagree"]["weight"] == "serious"


def test_hannover_has_neither_class(seen: dict[str, Any]) -> None:
    finding = codes(seen, "hannover-covid")["no-class"]
    assert "neither NORMAL nor PNEUMONIA, only COVID (243 films)" in finding["text"]
    assert seen["sources"]["hannover-covid"]["confounds"] == {}
