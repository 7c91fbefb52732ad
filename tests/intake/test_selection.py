"""Which files are films: by patterns, depth and names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.intake.listing import list_root
from daemon.intake.selection import Selection

FILES = ("a.dcm", "B.DCM", "notes.txt", "old/c.dcm", "new/d.dcm", "new/old/e.dcm", "new/deep/er/f.dcm")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("selection", "films"),
    [
        (Selection(), set(FILES)),
        (Selection(recursive=False), {"a.dcm", "B.DCM", "notes.txt"}),
        (Selection(include=("*.dcm",)), set(FILES) - {"notes.txt"}),
        (Selection(exclude=("old",)), {"a.dcm", "B.DCM", "notes.txt", "new/d.dcm", "new/deep/er/f.dcm"}),
        (Selection(exclude=("old/*",)), set(FILES) - {"old/c.dcm"}),
        (Selection(include=("new/*",), exclude=("*/old/*",)), {"new/d.dcm", "new/deep/er/f.dcm"}),
        (Selection(depth=1), set(FILES) - {"new/old/e.dcm", "new/deep/er/f.dcm"}),
        (Selection(canary="notes.txt"), set(FILES) - {"notes.txt"}),
    ],
)
def test_patterns_choose_files_by_name_and_path(folder: Path, selection: Selection, films: set[str]) -> None:
    """And a listing agrees with what is said of each path on its own, which is how an event is judged."""
    listing = list_root(folder, selection)
    assert set(listing.files) == films
    assert {name for name in FILES if selection.takes(name)} == films


def test_folders_that_are_too_deep_are_counted(folder: Path) -> None:
    """A film in one would go missing without a word."""
    assert list_root(folder, Selection(depth=1)).too_deep == 2
    assert list_root(folder).too_deep == 0
    assert list_root(folder, Selection(recursive=False)).too_deep == 0


def test_what_is_not_selected_is_not_gone(folder: Path) -> None:
    """A film that was taken in before somebody excluded it is still there."""
    listing = list_root(folder, Selection(exclude=("old",)))
    assert not listing.could_see("old/c.dcm")
    assert listing.could_see("gone.dcm")


def test_the_canary_is_seen_apart(folder: Path) -> None:
    """It is no film, whatever the patterns say."""
    listing = list_root(folder, Selection(canary="a.dcm", include=("*.dcm",)))
    assert listing.canary is not None
    assert "a.dcm" not in listing.files


@given(
    st.builds(
        Selection,
        recursive=st.booleans(),
        depth=st.integers(0, 100),
        include=st.lists(st.text(min_size=1)).map(tuple),
        exclude=st.lists(st.text(min_size=1)).map(tuple),
        canary=st.none() | st.text(min_size=1),
    ),
    st.text(min_size=1),
)
def test_a_selection_is_kept_as_it_is(selection: Selection, path: str) -> None:
    """Whoever verifies a root later looks at it in the same way; no pattern upsets it."""
    again = Selection.from_document(selection.document())
    assert again == selection
    assert again.takes(path) == selection.takes(path)


def test_a_root_of_an_older_version_is_looked_at_as_a_whole() -> None:
    """It has no selection in the store."""
    assert Selection.from_document(None) == Selection()
