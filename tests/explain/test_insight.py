"""What a worker tells of a film comes back as it was, or not at all."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from daemon.explain.insight import (
    Insight,
    Picture,
    developed_as_bytes,
    read,
    read_developed,
    read_surveyed,
    written,
)
from models.findings import Finding, FindingCode

INSIGHT = Insight(
    format="dicom",
    tier="tagged",
    believed=("age", "view"),
    age_years=45.0,
    tags={"modality": "CR"},
    outline={"bits_stored": "12"},
    findings=(Finding(FindingCode.VIEW, "the view is LATERAL", "send the frontal film"),),
    picture=Picture(320, 280, 0.0, 0.9, 0.1, 0.2),
    margins={"inverted": -1.5},
    unlikeness=-2.0,
    tensor=np.arange(16, dtype=np.uint8).reshape(4, 4),
    fault=("corrupt", "decoding failed"),
)


def test_an_insight_comes_back_as_it_was() -> None:
    again = read(written(INSIGHT))
    assert again.tensor is not None
    assert INSIGHT.tensor is not None
    np.testing.assert_array_equal(again.tensor, INSIGHT.tensor)
    for name in (
        "format",
        "tier",
        "believed",
        "age_years",
        "tags",
        "outline",
        "findings",
        "picture",
        "margins",
        "fault",
    ):
        assert getattr(again, name) == getattr(INSIGHT, name)
    assert read(written(Insight())) == Insight()


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 1},
        {"age_years": float("nan")},
        {"age_years": True},
        {"tags": {"modality": ["CR"]}},
        {"tags": {str(number): "" for number in range(1000)}},
        {"outline": "x"},
        {"outline": {"x": "y" * 100_000}},
        {"findings": [["no-such-code", "", ""]]},
        {"findings": [["view", ""]]},
        {"picture": [1.0]},
        {"margins": {"inverted": "high"}},
        {"tensor": "AAAA"},
        {"tensor": "no base 64"},
        {"tensor": "A" * 10_000_000},
        {"fault": ["corrupt"]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_no_worker_writes_is_not_taken(changes: dict[str, Any]) -> None:
    """A film that took a worker over says nothing that is believed."""
    with pytest.raises((ValueError, TypeError)):
        read(json.dumps({**json.loads(written(INSIGHT)), **changes}))


@pytest.mark.parametrize("told", ["", "[]", "{}", b"{}", None, "[" * 100_000])
def test_what_is_no_insight_at_all_is_not_taken(told: Any) -> None:
    for reader in (read, read_surveyed):
        with pytest.raises((ValueError, TypeError, RecursionError)):
            reader(told)


def test_a_developed_film_comes_back_as_it_was() -> None:
    levels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    np.testing.assert_array_equal(read_developed(developed_as_bytes(levels)), levels)


@pytest.mark.parametrize("told", [b"", b"\0" * 8, b"\0\0\0\2\0\0\0\2abc", b"\xff" * 9, "text", None])
def test_a_film_of_another_size_than_it_says_is_not_taken(told: Any) -> None:
    with pytest.raises(ValueError, match=r"film|pixels"):
        read_developed(told)
