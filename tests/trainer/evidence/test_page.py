"""The page stands alone, shows every section, and takes names for what they are: names."""

from __future__ import annotations

import base64
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from builders.evidence import asked, bundle_in, figures, need_matplotlib, scored, some_scores
from builders.films import grey_film, jpeg

from trainer.evidence.document import evidence
from trainer.evidence.gallery import ABOVE, alarms, misses
from trainer.evidence.scoring import Scores

SECTIONS = ["summary", "points", "gallery", "curves", "calibration", "scores", "subgroups", "left-out", "prevalence"]
SECTIONS += ["decision", "half"]
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Checked(HTMLParser):
    """Reads a page and minds that every tag is closed where it should be."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.tags, self.images, self.text = [], [], set(), [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        if tag == "img":
            self.images.append(given)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    need_matplotlib()
    return bundle_in(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def page(bundle):
    return written(bundle, some_scores())


def written(bundle, films, most=4, against=None, **counts):
    from trainer.evidence.page import gallery, render

    scores = Scores(tuple(films), **counts)
    document = evidence(asked(), bundle, scores, against, draws=25)
    return render(document, bundle, gallery(bundle, scores, most, lambda done, total: None))


def on_disk(folder, name, number, logit):
    """A scored film that can be read again."""
    path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
    path.write_bytes(jpeg(grey_film(200, 100, seed=number)))
    one = scored(number, logit)
    return replace(one, film=replace(one.film, path=path))


def test_a_page_has_every_section_and_each_says_its_split_and_its_command(bundle):
    page = written(bundle, some_scores(), against=(bundle, Scores(some_scores(seed=1))))
    read = Checked(page)
    assert [name for name in read.ids if name != "command"] == [*SECTIONS, "against"]
    assert len(set(read.ids)) == len(read.ids)
    assert page.count('<p class="source">') == page.count("<section") == len(SECTIONS) + 1
    assert page.count("cxr-trainer evaluate --data films") == len(SECTIONS) + 2


def test_a_page_needs_no_script_and_no_other_file(page):
    read = Checked(page)
    assert not {"script", "link", "iframe", "object"} & read.tags
    assert all(image["src"].startswith("data:image/") and image["alt"] for image in read.images)
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert "default-src 'none'" in page


def test_the_figures_of_the_document_stand_on_the_page_with_their_intervals(bundle, page):
    from trainer.evidence.page import figure, films

    document = figures(bundle, some_scores())
    point = document["operating_points"]["adults"]
    for value, ends in (
        (document["auc"], document["auc_ci"]),
        (document["brier"], document["brier_ci"]),
        (point["first_specificity"], point["first_specificity_ci"]),
        (document["at_half"]["adults"]["loss"], document["at_half"]["adults"]["loss_ci"]),
        (point["prevalence"]["first"][1]["ppv"], point["prevalence"]["first"][1]["ppv_ci"]),
    ):
        assert figure(value, ends) in page
    row = point["prevalence"]["next_or_first"][2]
    assert films(row["misses_per_1000"], row["misses_per_1000_ci"]) in page


@pytest.mark.parametrize("what", ["empty", "refused", "one class", "unknown population", "one film"])
def test_a_page_can_be_written_of_whatever_there_is(bundle, what):
    given = {
        "empty": ([], {}),
        "refused": ([], {"refused": {"view": 3}, "failed": {"empty": 1}}),
        "one class": ([s for s in some_scores(12) if s.film.label], {}),
        "unknown population": (some_scores(12, population=None), {}),
        "one film": ([scored(1, 0.3)], {}),
    }
    films, counts = given[what]
    words = "".join(Checked(written(bundle, films, **counts)).text)
    expected = {
        "empty": "No film was scored",
        "refused": "75.0\u00a0% (30.1\u00a0to\u00a095.4)",
        "one class": "all of one class",
        "unknown population": "most careful threshold",
        "one film": "Of adults there are only 1 patients",
    }
    assert expected[what] in words


def test_the_same_evidence_gives_the_same_bytes(bundle, page):
    assert written(bundle, some_scores()) == page


def test_hostile_names_are_shown_as_text(tmp_path_factory, tmp_path):
    need_matplotlib()
    bundle = bundle_in(tmp_path_factory.mktemp("hostile"), name="<b>$x$</b>{{ 7*7 }}")
    (tmp_path / "d").mkdir()
    names = [b"<img src=x onerror=alert(1)>.jpg", b"\xff\xe2\x80\xaegpj.jpg", b"a\nb\x1b[2J.jpg"]
    films = [on_disk(tmp_path / "d", name, 2 * i + 1, -1.0 - i) for i, name in enumerate(names)]
    films.append(replace(scored(4, 5.0), view="<script>alert(1)</script>"))
    page = written(bundle, films, against=(bundle, Scores(tuple(films))))
    page.encode("utf-8")
    read = Checked(page)
    assert "script" not in read.tags
    assert all(image["src"].startswith("data:") for image in read.images)
    words = "".join(read.text)
    assert "<img src=x onerror=alert(1)>.jpg" in words
    assert "\\udcff\\u202egpj.jpg" in words
    assert "a\\nb\\x1b[2J.jpg" in words
    assert "<b>$x$</b>{{ 7*7 }}" in words
    assert "\u202e" not in page


def test_misses_come_first_the_furthest_below_at_their_head(bundle, tmp_path):
    films = [on_disk(tmp_path, f"{i}.jpg".encode(), i, logit) for i, logit in ((1, -0.5), (3, -2.0), (5, 1), (2, 3.0))]
    assert [w.scored.film.path.name for w in misses(films, bundle.points)] == ["3.jpg", "1.jpg"]
    assert [(w.by, w.first) for w in alarms(films, bundle.points)] == [(3.0, True)]
    page = written(bundle, films, most=1)
    assert "Missed: 1 of 2 films" in page
    assert page.index("/3.jpg") < page.index("/2.jpg")
    assert "/1.jpg" not in page
    assert len(Checked(page).images) - page.count("image/svg+xml") == 4
    none = written(bundle, films, most=0)
    assert ".jpg" not in none
    assert "--gallery 0" in none


def test_the_map_is_laid_over_the_film_and_a_network_without_places_says_so(bundle, tmp_path):
    from PIL import Image

    from trainer.evidence.gallery import draw

    cells = np.full((7, 7), -1.0, np.float32)
    cells[:, 4:] = 2.0
    film = replace(on_disk(tmp_path, b"x.jpg", 2, 0.5), map=cells)
    (picture,) = draw(alarms([film], bundle.points), 1.0, lambda: None)
    (tmp_path / "out.jpg").write_bytes(base64.b64decode(picture.overlay.partition(",")[2]))
    with Image.open(tmp_path / "out.jpg") as image:
        colours = np.asarray(image, float)
    assert colours.shape == (160, 320, 3)
    left, right = colours[:, :100].mean(axis=(0, 1)), colours[:, -100:].mean(axis=(0, 1))
    assert left[2] > left[0]
    assert right[0] > right[2]
    assert ABOVE[0] > ABOVE[2]
    one_cell = replace(film, map=np.full((1, 1), 0.5, np.float32))
    page = written(bundle, [one_cell])
    assert "This network has no places" in page
    assert "This network has no places" not in written(bundle, [film])


def test_a_film_that_went_away_is_named_without_a_picture(bundle):
    page = written(bundle, [scored(1, -1.0)])
    assert "The file cannot be read any more" in page
    assert "/nowhere/1.jpg" in page
