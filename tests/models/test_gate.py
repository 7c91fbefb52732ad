"""What the gate finds, in tags and in pixels, and what it lets through."""

from __future__ import annotations

import numpy as np
import pytest
from builders.dicom import dicom, multi_frame, not_chest
from builders.films import grey_film, jpeg, jpeg_rgb, photograph, png, truncated
from pydicom.uid import (
    DigitalXRayImageStorageForProcessing,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
)

from models.bundle import GroupPolicy
from models.findings import Finding, FindingCode
from models.gate import against_tags, findings, header_findings, pixel_findings, population_findings
from models.population import AgeGroup, Policy, Population
from models.radiograph import FailureCode, FilmFormat, FilmTags, Radiograph, UnreadableFilm, read_radiograph
from models.tag_gate import Tier, believed, tag_findings, tier


def codes(found: tuple[Finding, ...]) -> list[FindingCode]:
    return [finding.code for finding in found]


@pytest.mark.parametrize("data", [jpeg(grey_film()), jpeg_rgb(grey_film()), png(grey_film(700, 900)), dicom()])
def test_a_chest_film_is_let_through(data: bytes) -> None:
    """In every format, and saved as RGB."""
    assert findings(read_radiograph(data)) == ()
    assert header_findings(data) == ()


@pytest.mark.parametrize(("code", "data"), not_chest())
def test_what_its_header_refuses_needs_no_decoding(code: str, data: bytes) -> None:
    """The same finding by the header alone, even where the picture is broken."""
    assert codes(findings(read_radiograph(data))) == [code]
    assert codes(header_findings(data)) == [code]
    dataset_end = len(data) - 320 * 280 * 2
    broken = data[:dataset_end] + bytes(100)
    with pytest.raises(UnreadableFilm):
        read_radiograph(broken)
    assert codes(header_findings(broken)) == [code]


def test_a_file_that_is_no_film_fails_already_by_its_header() -> None:
    """A finding is about a film; a text has none."""
    with pytest.raises(UnreadableFilm) as caught:
        header_findings(b"Dear colleague")
    assert caught.value.code is FailureCode.UNKNOWN_FORMAT


@pytest.mark.parametrize("modality", ["", "CR", "DX"])
def test_radiography_is_accepted(modality: str) -> None:
    """And what does not say."""
    assert tag_findings(FilmTags(modality=modality)) == ()


@pytest.mark.parametrize("modality", ["CT", "MR", "US", "MG", "XA", "RF", "SR", "OT", "SC", "NM"])
def test_other_modalities_are_found(modality: str) -> None:
    """The message names the modality."""
    (finding,) = tag_findings(FilmTags(modality=modality))
    assert finding.code is FindingCode.MODALITY
    assert modality in finding.message


@pytest.mark.parametrize("part", ["", "CHEST", "THORAX", "LUNG", "LUNGS", "PORTABLE CHEST", "CHEST PA", "CXR_AP"])
def test_names_of_the_chest_are_accepted(part: str) -> None:
    """Modalities write many."""
    assert tag_findings(FilmTags(body_part=part)) == ()


@pytest.mark.parametrize(
    "part",
    ["KNEE", "EXTREMITY", "HAND", "SKULL", "ABDOMEN", "PELVIS", "CSPINE", "TSPINE", "CHESTABDOMEN", "RIB", "CLAVICLE"],
)
def test_other_body_parts_are_found(part: str) -> None:
    """Where the chest is only part of it, too."""
    assert codes(tag_findings(FilmTags(body_part=part))) == [FindingCode.BODY_PART]


@pytest.mark.parametrize("view", ["", "PA", "AP", "AP_PA"])
def test_frontal_views_are_accepted(view: str) -> None:
    """PA, AP, and what does not say."""
    assert tag_findings(FilmTags(view=view)) == ()


@pytest.mark.parametrize("view", ["LATERAL", "LL", "RL", "LLO", "RLO", "RLD", "LLD", "LAT", "OBL"])
def test_other_views_are_found(view: str) -> None:
    """Lateral, oblique and decubitus."""
    assert codes(tag_findings(FilmTags(view=view))) == [FindingCode.VIEW]


@pytest.mark.parametrize(
    "tags",
    [
        FilmTags(description="CHEST PA/LAT, KNEE"),
        FilmTags(description="KNEE", body_part="CHEST"),
        FilmTags(description="Chest lateral"),  # of the study, perhaps
        FilmTags(series="CHEST PA AND LATERAL"),
        FilmTags(series="W Chest lat.", view="PA"),
        FilmTags(protocol="CHEST PA_LAT", processing="Chest p.a."),
        FilmTags(body_part="CHEST_PA_LAT"),
        FilmTags(series="bilateral pneumonia?"),
        FilmTags(description="RX TORAX", body_part="TORAX"),
    ],
)
def test_descriptions_count_only_where_no_tag_answers(tags: FilmTags) -> None:
    """A study's description names more than one image of it."""
    assert tag_findings(tags) == ()


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        (FilmTags(description="XR hand left"), FindingCode.BODY_PART),
        (FilmTags(description="PORTABLE KNEE"), FindingCode.BODY_PART),
        (FilmTags(body_part="BRUSTWIRBEL"), FindingCode.BODY_PART),
        (FilmTags(series="W Thorax lat."), FindingCode.VIEW),
        (FilmTags(series="Thorax seitlich"), FindingCode.VIEW),
        (FilmTags(series="XR_CHEST_LAT"), FindingCode.VIEW),
        (FilmTags(series="Chest", protocol="Torax perfil"), FindingCode.VIEW),
        (FilmTags(series="Chest PA", processing="CHEST,LLAT"), FindingCode.VIEW),
        (FilmTags(body_part="CHEST LAT", view="PA"), FindingCode.VIEW),
        (FilmTags(description="XR_KNEE_2V"), FindingCode.BODY_PART),
        (FilmTags(description="L_SPINE"), FindingCode.BODY_PART),
        (FilmTags(view="PA", rows_run="A"), FindingCode.VIEW),
        (FilmTags(view="PA", rows_run="H"), FindingCode.ROTATED),
        (FilmTags(for_processing=True), FindingCode.FOR_PROCESSING),
        (FilmTags(sop_class=DigitalXRayImageStorageForProcessing), FindingCode.FOR_PROCESSING),
        (FilmTags(sop_class=SecondaryCaptureImageStorage, modality="CR"), FindingCode.PROCESSED),
        (FilmTags(sop_class=MultiFrameGrayscaleByteSecondaryCaptureImageStorage), FindingCode.PROCESSED),
        (FilmTags(image_type=("DERIVED", "SECONDARY")), FindingCode.PROCESSED),
        (FilmTags(image_type=("DERIVED", "PRIMARY", "BONE_SUPPRESSED")), FindingCode.PROCESSED),
        (FilmTags(burned_in=True), FindingCode.BURNED_IN),
    ],
)
def test_what_only_dicom_says(tags: FilmTags, code: FindingCode) -> None:
    """Each with its own code; what contradicts the view counts more than the view."""
    assert codes(tag_findings(tags)) == [code]


def test_a_site_may_take_other_modalities() -> None:
    """Digitised films, say, as secondary captures too; what it takes besides stays refused."""
    capture = SecondaryCaptureImageStorage
    assert tag_findings(FilmTags(modality="CR", sop_class=capture), frozenset({"CR", "SC"})) == ()
    assert tag_findings(FilmTags(modality="OT", sop_class=capture), frozenset({"CR", "OT"})) == ()
    assert tag_findings(FilmTags(modality="RG"), frozenset({"CR", "RG"})) == ()
    (finding,) = tag_findings(FilmTags(modality="DX"), frozenset({"CR", "RG"}))
    assert finding.message == "the modality is DX, not CR or RG"


def test_an_inverted_film_contradicts_its_header() -> None:
    """Whoever sent it learns what the file says."""
    finding = Finding(FindingCode.INVERTED, "black and white look exchanged", "export it again")
    assert against_tags(finding, None) is finding
    assert against_tags(finding, FilmTags(photometric="MONOCHROME2")).message.endswith("the header says MONOCHROME2")


def test_which_tags_are_believed_is_said() -> None:
    """In the order in which people ask."""
    assert believed(None) == ()
    assert believed(FilmTags(modality="CR", age_years=4.0)) == ("age", "modality")
    assert believed(FilmTags(modality="CR", age_years=4.0, view="AP")) == ("age", "view", "modality")


def test_a_file_of_many_frames_is_found() -> None:
    """Its number stands in the message."""
    (finding,) = header_findings(multi_frame(7))
    assert finding.code is FindingCode.MULTI_FRAME
    assert "7" in finding.message


def test_every_finding_is_named_at_once() -> None:
    """Tags first; whoever sent it corrects all of them."""
    film = read_radiograph(dicom(np.zeros((40, 50), np.uint8), modality="CT", body_part="HEAD", view="LL", frames=2))
    assert codes(findings(film)) == ["modality", "body-part", "view", "multi-frame", "too-small", "blank"]
    for finding in findings(film):
        assert finding.message
        assert finding.remedy


@pytest.mark.parametrize(("side", "found"), [(63, [FindingCode.TOO_SMALL]), (64, [])])
def test_a_film_has_64_pixels_a_side(side: int, found: list[FindingCode]) -> None:
    """The published children's set has films of 156; below 64 no lung can be read."""
    assert codes(findings(read_radiograph(png(grey_film(side, 200))))) == found


def test_the_stored_size_counts_not_the_decoded() -> None:
    """A JPEG is decoded smaller than it is stored."""
    film = Radiograph(grey_film(40, 40).astype(np.float32) / 255, FilmFormat.JPEG, 4000, 4000)
    assert pixel_findings(film) == ()


@pytest.mark.parametrize("level", [0, 120, 255])
def test_a_picture_of_one_grey_is_blank(level: int) -> None:
    """An export that failed, whichever grey it left; noise of one level is none."""
    rng = np.random.default_rng(0)
    picture = np.clip(level + rng.integers(0, 3, (300, 300)), 0, 255).astype(np.uint8)
    assert codes(findings(read_radiograph(png(picture)))) == [FindingCode.BLANK]


def test_a_faint_film_is_not_blank() -> None:
    """A twentieth of the range is enough to see something."""
    assert findings(read_radiograph(png((100 + grey_film() * 0.08).astype(np.uint8)))) == ()


def test_a_photograph_is_found_and_a_coloured_mark_is_not() -> None:
    """Burnt-in marks are small; a photograph is coloured all over."""
    assert codes(findings(read_radiograph(jpeg(photograph())))) == [FindingCode.COLOUR]
    marked = np.repeat(grey_film()[..., None], 3, axis=2)
    marked[:20, :60] = (255, 0, 0)
    assert findings(read_radiograph(jpeg(marked))) == ()


def test_a_film_is_tagged_when_it_says_age_view_and_modality() -> None:
    """One of them missing, and the pixels alone speak."""
    tags = {"age_years": 40.0, "view": "PA", "modality": "DX"}
    assert tier(FilmTags(**tags)) is Tier.TAGGED  # type: ignore[arg-type]
    for missing in tags:
        assert tier(FilmTags(**{k: v for k, v in tags.items() if k != missing})) is Tier.UNTAGGED  # type: ignore[arg-type]
    assert tier(None) is Tier.UNTAGGED


def test_a_cut_header_is_a_failure_not_a_finding() -> None:
    """It may still be on its way."""
    with pytest.raises(UnreadableFilm) as caught:
        header_findings(truncated(dicom(modality="CT"), 0.0008))
    assert caught.value.code is FailureCode.TRUNCATED


POLICIES = {
    AgeGroup.INFANTS: GroupPolicy(Policy.OUTSIDE, "no film of such an age was held out."),
    AgeGroup.CHILDREN: GroupPolicy(Policy.BANDED, "tried"),
    AgeGroup.BETWEEN: GroupPolicy(Policy.ORDERED, "specificity 0.31 at sensitivity 0.98"),
    AgeGroup.ADULTS: GroupPolicy(Policy.OUTSIDE, "AUC 0.49; no better than chance"),
}


@pytest.mark.parametrize(
    ("age", "declared", "outside"),
    [
        (0.5, None, True),
        (3.0, None, False),
        (10.0, None, False),
        (45.0, None, True),
        (3.0, Population.ADULTS, False),
        (45.0, Population.CHILDREN, True),
        (None, Population.ADULTS, True),
        (None, Population.CHILDREN, False),
        (None, None, False),
    ],
)
def test_a_film_of_a_group_that_is_outside_is_found(
    age: float | None, declared: Population | None, outside: bool
) -> None:
    """By the age that it states, else by what was declared; of whom nobody said anything, nothing is found."""
    assert codes(population_findings(age, declared, POLICIES)) == ([FindingCode.POPULATION] if outside else [])
    assert population_findings(age, declared, {}) == ()


def test_what_is_said_of_a_population_names_age_reason_and_remedy() -> None:
    """For a person who wonders why; an infant's age is no 0 years."""
    (adult,) = population_findings(45.0, None, POLICIES)
    assert adult.message == (
        "the age is 45 years, and the bundle is not for adults (from 18 years): AUC 0.49; no better than chance"
    )
    assert adult.remedy == "read it normally"
    (infant,) = population_findings(0.25, None, POLICIES)
    assert infant.message == (
        "the age is 0.25 years, and the bundle is not for infants (below 1 year): no film of such an age was held out"
    )
    (declared,) = population_findings(None, Population.ADULTS, POLICIES)
    assert declared.message.startswith("films without an age are declared so here, and the bundle is not for adults")
