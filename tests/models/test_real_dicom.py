"""The real files of pydicom-data: one chest film in four encodings, and everything that is none."""

from __future__ import annotations

import numpy as np
import pytest
from builders.parts import missing, real_dicom, real_dicom_folder

from models.contract import VERSIONS
from models.findings import FindingCode
from models.gate import findings, header_findings
from models.radiograph import FailureCode, FilmFormat, Radiograph, UnreadableFilm, read_radiograph
from models.tag_gate import Tier, tier

CHEST = ("RG1_UNCR.dcm", "RG1_J2KR.dcm", "RG1_UNCI.dcm", "RG1_J2KI.dcm")
MODALITY, BODY, FRAMES = FindingCode.MODALITY, FindingCode.BODY_PART, FindingCode.MULTI_FRAME
REFUSED = {
    "CT": ("693_", "bad_sequence", "explicit_VR-UN", "eCT_"),
    "MR": ("MR", "emri_"),
    "US": ("JPGLosslessP14SV1", "OBXXXX1A", "US1_", "color", "gdcm-US"),
    "NM": ("JPEG",),
    "OT": ("OT-PAL", "SC_", "mlut", "vlut"),
    "SEG": ("liver",),
}


def expected_modality(name: str) -> str:
    """By the beginning of its name; one fits."""
    (modality,) = {modality for modality, starts in REFUSED.items() if name.startswith(starts)}
    return modality


def others() -> list[str]:
    try:
        names = sorted(path.name for path in real_dicom_folder().iterdir())
    except pytest.skip.Exception:
        return []
    return [name for name in names if not name.startswith("RG")]


@pytest.fixture(scope="module", name="chest")
def chest_films() -> dict[str, Radiograph]:
    """The four encodings, decoded once."""
    return {name: read_radiograph(real_dicom(name)) for name in CHEST}


def test_the_chest_film_is_read_in_all_four_encodings(chest: dict[str, Radiograph]) -> None:
    """Its size, its tags, and nothing against it."""
    for film in chest.values():
        assert (film.format, film.width, film.height, film.chroma) == (FilmFormat.DICOM, 1841, 1955, 0.0)
        assert film.tags is not None
        assert (film.tags.modality, film.tags.body_part, film.tags.view) == ("CR", "CHEST", "PA")
        assert film.tags.age_years == pytest.approx(55.56, abs=0.01)  # from the dates; no age is stated
        assert tier(film.tags) is Tier.TAGGED
        assert findings(film) == ()


def test_lossless_encodings_are_alike_and_lossy_ones_close(chest: dict[str, Radiograph]) -> None:
    """The lossy file and its uncompressed copy are alike, too."""
    original, lossless, decompressed, lossy = (chest[name].pixels for name in CHEST)
    np.testing.assert_array_equal(lossless, original)
    np.testing.assert_array_equal(lossy, decompressed)
    assert 0 < np.abs(lossy - original).max() < 0.02


def test_the_chest_film_is_shown_the_right_way(chest: dict[str, Radiograph]) -> None:
    """It is MONOCHROME1: lungs dark, heart and spine bright, air beside the neck black, the belly below bright."""
    tensor = VERSIONS[1](chest["RG1_UNCR.dcm"])[..., 0]
    right_lung, spine, belly = tensor[60:100, 45:75].mean(), tensor[60:100, 100:118].mean(), tensor[200:, 40:180].mean()
    corner = tensor[:8, :8].mean()
    assert corner < 0.2
    assert corner < right_lung < 0.75 < spine
    assert belly > 0.9


@pytest.mark.parametrize("encoding", ["UNCR", "UNCI", "J2KR", "J2KI"])
def test_the_extremity_is_refused_by_its_body_part_alone(encoding: str) -> None:
    """It is a CR film, too."""
    data = real_dicom(f"RG3_{encoding}.dcm")
    assert [finding.code for finding in header_findings(data)] == [BODY]


@pytest.mark.parametrize("name", others())
def test_every_other_file_is_refused_by_its_modality(name: str) -> None:
    """By the header, before anything is decoded; the picture is then read, or fails with a code."""
    data = real_dicom(name)
    finding = header_findings(data)[0]
    assert finding.code is MODALITY
    assert f"is {expected_modality(name)}," in finding.message
    if name == "emri_small_jpeg_2k_lossless_too_short.dcm":
        with pytest.raises(UnreadableFilm) as caught:
            read_radiograph(data)
        assert caught.value.code is FailureCode.TRUNCATED
    else:
        film = read_radiograph(data)
        assert film.pixels.shape == (film.height, film.width)
        assert np.isfinite(film.pixels).all()


def test_the_test_pattern_is_the_same_through_either_table() -> None:
    """One file has it in a modality LUT over signed 12 bits, the other in a VOI LUT over 8 bits."""
    first, second = (read_radiograph(real_dicom(name)).pixels for name in ("mlut_18.dcm", "vlut_04.dcm"))
    assert np.abs(first - second).mean() < 0.01


def test_nothing_was_left_out() -> None:
    """All 68 files were looked at (pydicom-data 1.0)."""
    names = others()
    if not names:
        missing("the package pydicom-data is not installed")
    assert len(names) >= 60
