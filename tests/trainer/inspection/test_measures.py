"""Measures of one picture: each sees what was put in and nothing else."""

from __future__ import annotations

import io

import numpy as np
import pytest
from builders.films import grey_film, jpeg
from PIL import Image, ImageOps

from trainer.inspection.measures import borders, flatness, jpeg_quality, marker, measure


def film(seed=0):
    """A film in 0..1, 224 x 224."""
    return grey_film(224, 224, seed=seed).astype(np.float32) / np.float32(255)


@pytest.mark.parametrize(("value", "expected"), [(0.0, (0.3, 0.0)), (1.0, (0.0, 0.3)), (0.5, (0.0, 0.0))])
def test_borders_are_measured_on_all_sides_by_their_colour(value, expected):
    framed = np.full((200, 200), value, np.float32)
    framed[10:180, 20:190] = np.random.default_rng(0).uniform(0.2, 0.8, (170, 170))
    assert borders(framed) == pytest.approx(expected)


def test_a_bright_letter_in_a_corner_is_a_marker_and_one_in_the_middle_is_none():
    plain, corner, middle = (film() * np.float32(0.5) for _ in range(3))
    corner[10:22, 10:18] = 1.0
    middle[100:112, 100:108] = 1.0
    assert marker(plain) == marker(middle) == 0.0
    assert marker(corner) > 0.003


def test_an_equalised_film_is_flat_and_another_is_not():
    levels = Image.fromarray(grey_film())
    assert flatness(np.asarray(levels, np.float32) / np.float32(255)) > 0.07
    assert flatness(np.asarray(ImageOps.equalize(levels), np.float32) / np.float32(255)) < 0.03


@pytest.mark.parametrize("quality", [30, 50, 75, 90, 96])
def test_the_quality_of_a_jpeg_comes_back_from_its_tables(quality):
    image = Image.open(io.BytesIO(jpeg(grey_film(), quality)))
    assert abs(jpeg_quality(image.quantization[0]) - quality) <= 1


def test_a_picture_without_content_has_measures_too():
    found = measure(np.zeros((64, 80), np.float32))
    assert (found.mean, found.contrast, found.marker) == (0.0, 0.0, 0.0)
    assert found.thumb.shape == (32, 32)
