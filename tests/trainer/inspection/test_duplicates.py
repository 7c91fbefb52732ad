"""One picture is found again, whatever its size and encoding; two pictures are two."""

from __future__ import annotations

import numpy as np
from builders.films import jpeg, jpeg_rgb, png
from builders.training import film
from builders.unlike import unlike_film
from PIL import Image

from models.radiograph import read_radiograph
from trainer.inspection.duplicates import MOST_BITS, exact, near, perceptual_hashes
from trainer.inspection.look import look_at


def looks(folder, *contents):
    """Films with these bytes."""
    found = []
    for number, data in enumerate(contents):
        path = folder / f"{number}.jpg"
        path.write_bytes(data)
        found.append(look_at(film(number, path=path, sha256=f"{hash(data):064d}"), "s", "NORMAL"))
    return found


def resized(picture, width, height):
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))


def test_copies_at_another_size_and_encoding_are_found(tmp_path):
    picture, other = unlike_film(900, 640, seed=1), unlike_film(900, 640, seed=7)
    found = looks(
        tmp_path,
        jpeg(picture, 96),
        jpeg(resized(picture, 224, 224), 75),
        jpeg(other, 96),
        png(picture),
        jpeg_rgb(picture, 40),
        jpeg(resized(other, 224, 224)),
    )
    pairs = {(pair.first, pair.second) for pair in near(found)}
    assert pairs == {(0, 1), (0, 3), (0, 4), (1, 3), (1, 4), (3, 4), (2, 5)}
    assert exact(found) == []


def test_the_same_bytes_are_exact_duplicates_and_are_looked_at_once(tmp_path):
    data = jpeg(unlike_film())
    found = looks(tmp_path, data, jpeg(unlike_film(seed=5)), data)
    assert exact(found) == [[0, 2]]
    assert near(found) == []


def test_pictures_with_the_same_coarse_shapes_and_other_details_are_two(tmp_path):
    coarse = resized(np.random.default_rng(0).integers(60, 200, (5, 5), dtype=np.uint8), 320, 320)
    stripes = np.where(np.arange(320) // 10 % 2, 20, -20) + np.zeros((320, 320), int)
    fine = (stripes, stripes.T)
    found = looks(tmp_path, *(png((coarse + grain).astype(np.uint8)) for grain in fine))
    hashes = perceptual_hashes(np.stack([each.measures.thumb for each in found]).astype(np.float32))
    assert np.bitwise_count(hashes[0] ^ hashes[1]) <= MOST_BITS
    assert near(found) == []


def test_empty_pictures_are_not_called_alike(tmp_path):
    blank = np.zeros((100, 100), np.uint8)
    assert near(looks(tmp_path, jpeg(blank), png(blank + 9))) == []


def test_more_films_than_one_block_are_compared(tmp_path, monkeypatch):
    monkeypatch.setattr("trainer.inspection.duplicates._BLOCK", 2)
    picture = unlike_film(seed=3)
    contents = [jpeg(unlike_film(seed=10 + n)) for n in range(4)]
    found = looks(tmp_path, jpeg(picture, 95), *contents, jpeg(picture, 60))
    assert [(pair.first, pair.second) for pair in near(found)] == [(0, 5)]
    assert read_radiograph(contents[0]).width == 320
