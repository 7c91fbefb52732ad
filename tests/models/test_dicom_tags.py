"""What is taken from a DICOM header, and what is made of values that are missing or malformed."""

from __future__ import annotations

import struct
import tracemalloc
from datetime import datetime
from typing import Any

import pytest
from builders.dicom import dicom
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from models.dicom import read_dicom, read_tags
from models.dicom_tags import number, tags_of, text, whole


def age(**tags: Any) -> float | None:
    return read_tags(dicom(**tags)).age_years


def test_tags_are_the_same_with_and_without_the_picture() -> None:
    """What a film is refused by does not depend on whether it was decoded."""
    data = dicom(modality="dx", body_part=" chest ", view="ap", accession=" A 17 ", StudyDescription="Chest two views")
    tags = read_tags(data)
    assert (tags.modality, tags.body_part, tags.view, tags.accession) == ("DX", "CHEST", "AP", "A 17")
    assert tags.description == "Chest two views"
    assert tags.study_uid.startswith("1.2.826")
    assert tags.study_uid != tags.instance_uid
    assert read_dicom(data).tags == tags


def request(*priorities: str) -> Sequence:
    """The attributes of the requests that a film answers."""
    items = [Dataset() for _ in priorities]
    for item, priority in zip(items, priorities, strict=True):
        item.RequestedProcedurePriority = priority
    return Sequence(items)


@pytest.mark.parametrize(
    ("tags", "urgency"),
    [
        ({}, ""),
        ({"RequestedProcedurePriority": "STAT"}, "stat"),
        ({"RequestedProcedurePriority": "high "}, "urgent"),
        ({"RequestedProcedurePriority": "URGENT"}, "urgent"),
        ({"RequestedProcedurePriority": "Emergency"}, "stat"),
        ({"RequestedProcedurePriority": "ROUTINE"}, "routine"),
        ({"RequestedProcedurePriority": "LOW"}, "routine"),
        ({"RequestedProcedurePriority": "as soon as you can"}, "routine"),
        ({"RequestAttributesSequence": request("STAT")}, "stat"),
        ({"RequestAttributesSequence": request("LOW", "HIGH", "")}, "urgent"),
        ({"RequestedProcedurePriority": "ROUTINE", "RequestAttributesSequence": request("STAT")}, "stat"),
        ({"StudyPriorityID": "HIGH"}, "urgent"),
        ({"StudyPriorityID": "STAT", "RequestedProcedurePriority": "ROUTINE"}, "routine"),
        ({"StudyPriorityID": "STAT", "RequestedProcedurePriority": ""}, "stat"),
        ({"RequestAttributesSequence": request()}, ""),
    ],
)
@pytest.mark.parametrize("transfer_syntax", ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"])
def test_the_urgency_that_was_requested(tags: dict[str, Any], urgency: str, transfer_syntax: str) -> None:
    """The request's own priority, wherever it stands, before the retired one of the study."""
    data = dicom(**tags, transfer_syntax=transfer_syntax)
    assert read_tags(data).urgency == read_dicom(data).tags.urgency == urgency


def test_a_sequence_of_a_million_requests_is_not_looked_at() -> None:
    """It costs 14 s and 762 MiB."""
    items = struct.pack("<HHI", 0xFFFE, 0xE000, 0) * 100_000
    data = dicom()
    place = data.index(struct.pack("<HH", 0x7FE0, 0x10) + b"OW")
    hostile = data[:place] + struct.pack("<HH2sHI", 0x40, 0x275, b"SQ", 0, len(items)) + items + data[place:]
    tracemalloc.start()
    assert read_tags(hostile).urgency == ""
    assert tracemalloc.get_traced_memory()[1] < 20 * len(items)
    tracemalloc.stop()


def test_what_is_missing_is_not_said() -> None:
    """No tag is needed but those of the picture."""
    tags = read_tags(dicom(modality=None, body_part=None, view=None, age=None, accession=None, StudyDate=None))
    assert (tags.modality, tags.body_part, tags.view, tags.accession) == ("", "", "", "")
    assert (tags.age_years, tags.acquired_at, tags.frames) == (None, None, 1)


@pytest.mark.parametrize(
    ("stated", "years"),
    [("045Y", 45.0), ("018M", 1.5), ("003W", 0.0575), ("010D", 0.0274), ("5Y", 5.0), ("119Y", 119.0), ("000D", 0.0)],
)
def test_an_age_is_read_in_its_unit(stated: str, years: float) -> None:
    """Years, months, weeks and days; a child on the day of its birth is not of unknown age."""
    assert age(age=stated) == pytest.approx(years, abs=1e-3)


@pytest.mark.parametrize("stated", [None, "", "000Y", "Y", "45", "old", "999Y "])
def test_an_age_that_is_not_stated_comes_from_the_dates(stated: str | None) -> None:
    """The day of the film less the day of birth; an age of nought years is what some exports write for unknown."""
    assert age(age=stated, PatientBirthDate="20220522") == pytest.approx(4.504, abs=1e-3)


@pytest.mark.parametrize(
    ("stated", "born", "years"),
    [("045Y", "20220522", None), ("004Y", "19700101", None), ("004Y", "20220522", 4.0), ("018M", "20240522", 1.5)],
)
def test_an_age_that_contradicts_the_dates_is_not_believed(stated: str, born: str, years: float | None) -> None:
    """One of them is wrong, and nobody knows which: the film is of unknown age, judged by the lowest threshold."""
    assert age(age=stated, PatientBirthDate=born) == years


def test_a_placeholder_is_no_birth_date() -> None:
    """A child would be an adult of 126 years."""
    assert age(age=None, PatientBirthDate="19000101") is None
    assert age(age="004Y", PatientBirthDate="19000101") == 4.0


@pytest.mark.parametrize("born", [None, "", "20991231", "18000101", "2022", "99999999", "20230231"])
def test_senseless_dates_give_no_age(born: str | None) -> None:
    """Born after the film, or two hundred years before it, or on no day at all."""
    assert age(age=None, PatientBirthDate=born) is None


@pytest.mark.parametrize(
    ("tags", "at"),
    [
        ({}, datetime(2026, 11, 22, 8, 15)),  # noqa: DTZ001 - the modality's wall clock has no zone
        ({"StudyTime": "081500.123"}, datetime(2026, 11, 22, 8, 15)),  # noqa: DTZ001
        ({"StudyTime": "08"}, datetime(2026, 11, 22, 8)),  # noqa: DTZ001
        ({"StudyTime": "99"}, datetime(2026, 11, 22)),  # noqa: DTZ001
        ({"StudyTime": None}, datetime(2026, 11, 22)),  # noqa: DTZ001
        ({"StudyTime": "235960"}, datetime(2026, 11, 22, 23, 59, 59)),  # noqa: DTZ001
        ({"StudyDate": "2026.11.20"}, datetime(2026, 11, 20, 8, 15)),  # noqa: DTZ001
        ({"AcquisitionDate": "20261121", "AcquisitionTime": "2301"}, datetime(2026, 11, 21, 23, 1)),  # noqa: DTZ001
        ({"AcquisitionDateTime": "20261120070605.5+0100"}, datetime(2026, 11, 20, 7, 6, 5)),  # noqa: DTZ001
        ({"StudyDate": "20261399"}, None),
    ],
)
def test_the_time_of_the_film_is_the_modalitys_wall_clock(tags: dict[str, Any], at: datetime | None) -> None:
    """The most exact pair that is there; midnight where there is no time."""
    assert read_tags(dicom(**tags)).acquired_at == at


def test_text_is_printable_and_bounded() -> None:
    """Escape sequences and line ends of a hostile header reach no terminal and no report."""
    dataset = Dataset()
    dataset.add_new("AccessionNumber", "UT", "A\x1b[31m\n\u202e7" + "9" * 500)
    found = text(dataset, "AccessionNumber")
    assert found.startswith("A[31m79")
    assert len(found) == 256


def test_a_value_that_cannot_be_converted_is_not_said() -> None:
    """One bad tag costs no film."""
    dataset = Dataset()
    dataset.add_new("NumberOfFrames", "IS", "1")
    dataset._dict[dataset["NumberOfFrames"].tag] = pydicom_raw("NumberOfFrames", b"many")
    with pytest.warns(UserWarning, match="Invalid value"):  # `read_tags` keeps it from being shown
        assert whole(dataset, "NumberOfFrames") is None
    assert tags_of(dataset).frames == 1


def pydicom_raw(keyword: str, value: bytes) -> Any:
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    return RawDataElement(Tag(keyword), "IS", len(value), value, 0, False, True)


@pytest.mark.parametrize("value", ["nan", "inf", "1e999", ""])
def test_a_number_is_finite_or_not_said(value: str) -> None:
    """A window of NaN is none."""
    dataset = Dataset()
    dataset.add_new("WindowCenter", "UT", value)
    assert number(dataset, "WindowCenter") is None


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_no_text_breaks_the_reading_of_tags(first: str, second: str, third: str) -> None:
    """Whatever stands in ages, dates and times."""
    dataset = Dataset()
    for keyword, value in (("PatientAge", first), ("PatientBirthDate", second), ("StudyDate", third)):
        dataset.add_new(keyword, "UT", value)
    dataset.add_new("StudyTime", "UT", first)
    tags = tags_of(dataset)
    assert tags.age_years is None or 0 <= tags.age_years <= 130


def test_coded_body_part_and_view_stand_in_for_missing_ones() -> None:
    """DX objects carry them as codes; what is said plainly wins."""
    chest, view = Dataset(), Dataset()
    chest.CodeMeaning, view.CodeMeaning = "Chest", "postero-anterior"
    codes = {"AnatomicRegionSequence": [chest], "ViewCodeSequence": [view]}
    tags = read_tags(dicom(body_part=None, view=None, **codes))
    assert (tags.body_part, tags.view) == ("CHEST", "PA")
    assert read_tags(dicom(view="LL", **codes)).view == "LL"
    view.CodeMeaning = "left lateral"
    assert read_tags(dicom(view=None, ViewCodeSequence=[view])).view == "LEFT LATERAL"
    assert read_tags(dicom(view=None, ViewCodeSequence=[Dataset()])).view == ""


def coded(value: str, scheme: str, meaning: str) -> list[Dataset]:
    """A sequence of one code."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return [item]


@pytest.mark.parametrize(
    ("region", "view", "read"),
    [
        (("51185008", "SCT", "Thoracic structure"), ("272479007", "SCT", "Thorax p.a. stehend"), ("CHEST", "PA")),
        (("T-D3000", "SRT", "Cage thoracique"), ("R-10206", "SNM3", "de face"), ("CHEST", "AP")),
        (("51185008", "99SITE", "Hand"), ("272479007", "99SITE", "lateral"), ("HAND", "LATERAL")),
        (("85562004", "SCT", "Main"), ("399067008", "SCT", "de profil"), ("MAIN", "DE PROFIL")),
    ],
)
def test_a_code_counts_before_its_words(
    region: tuple[str, str, str], view: tuple[str, str, str], read: tuple[str, str]
) -> None:
    """The words are in the sender's language; a number means something only in its own scheme."""
    tags = read_tags(
        dicom(body_part=None, view=None, AnatomicRegionSequence=coded(*region), ViewCodeSequence=coded(*view))
    )
    assert (tags.body_part, tags.view) == read


@pytest.mark.parametrize(
    ("written", "view"),
    [("POSTEROANTERIOR", "PA"), ("ANTERO-POSTERIOR", "AP"), ("P.A.", "PA"), ("pa", "PA"), ("AP_PA", "AP_PA")],
)
def test_a_frontal_view_is_read_however_it_is_written(written: str, view: str) -> None:
    """Whole hospitals spell it out."""
    assert read_tags(dicom(view=written)).view == view


def test_how_the_picture_was_made_is_read() -> None:
    """Orientation, image type, intent, burned-in annotation; whatever their number of values."""
    tags = read_tags(
        dicom(
            PatientOrientation=["A", "F"],
            ImageType=["derived", "PRIMARY", ""],
            PresentationIntentType="FOR PROCESSING",
            BurnedInAnnotation="YES",
            SeriesDescription="Thorax lat.",
            ProtocolName="Lunge",
            AcquisitionDeviceProcessingDescription="CHEST,LAT",
        )
    )
    assert (tags.rows_run, tags.image_type) == ("A", ("DERIVED", "PRIMARY", ""))
    assert (tags.series, tags.protocol, tags.processing) == ("Thorax lat.", "Lunge", "CHEST,LAT")
    assert tags.description == "Thorax lat. Lunge CHEST,LAT"
    assert tags.for_processing
    assert tags.burned_in
    plain = read_tags(dicom())
    assert (plain.rows_run, plain.image_type, plain.for_processing, plain.burned_in) == ("", (), False, False)
