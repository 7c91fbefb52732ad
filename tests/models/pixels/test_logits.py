"""The bundle that ships on the one real chest film there is, pydicom-data's RG1, in its four encodings."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import pydicom
import pytest
from builders.parts import real_dicom

from models.bundle import read_bundle, shipped_bundle
from models.contract import VERSIONS
from models.radiograph import read_radiograph
from models.scorer import Scorer


@cache
def logit(data: bytes) -> float:
    bundle = read_bundle(shipped_bundle())
    return Scorer(bundle).score(VERSIONS[bundle.preprocessing](read_radiograph(data))).logit


@pytest.mark.parametrize(("one", "other"), [("UNCR", "J2KR"), ("UNCI", "J2KI")])
def test_the_same_values_score_alike_however_they_are_encoded(one: str, other: str) -> None:
    """Uncompressed and lossless; and the lossy film beside its decompressed copy."""
    assert logit(real_dicom(f"RG1_{one}.dcm")) == pytest.approx(logit(real_dicom(f"RG1_{other}.dcm")), abs=1e-6)


def test_lossy_compression_hardly_moves_the_score() -> None:
    """Measured 0.036 at RG1's 20:1 JPEG 2000 for lite0-2026.11.4: the float network's 0.006, and what int8 makes of it
    (0.0095 for lite0-2026.11.3, 0.27 for lite0-2026.11)."""
    assert logit(real_dicom("RG1_J2KI.dcm")) == pytest.approx(logit(real_dicom("RG1_UNCR.dcm")), abs=0.05)


def test_the_header_says_where_a_border_is_and_the_score_stays() -> None:
    """A black border of 30 % on each side moves the logit by 0.65; a collimator's edges take it away again."""
    data = real_dicom("RG1_UNCR.dcm")
    dataset = pydicom.dcmread(io.BytesIO(data))
    film = np.frombuffer(dataset.PixelData, "<u2").reshape(dataset.Rows, dataset.Columns)
    border = int(0.3 * film.shape[1])
    framed = np.pad(film, ((0, 0), (border, border)), constant_values=32767)  # MONOCHROME1: black
    dataset.PixelData, dataset.Columns = framed.tobytes(), framed.shape[1]
    stream = io.BytesIO()
    dataset.save_as(stream)
    assert abs(logit(stream.getvalue()) - logit(data)) > 0.3
    dataset.CollimatorShape = "RECTANGULAR"
    dataset.CollimatorLeftVerticalEdge = border + 1
    dataset.CollimatorRightVerticalEdge = border + film.shape[1]
    dataset.CollimatorUpperHorizontalEdge, dataset.CollimatorLowerHorizontalEdge = 1, film.shape[0]
    stream = io.BytesIO()
    dataset.save_as(stream)
    assert logit(stream.getvalue()) == logit(data)
