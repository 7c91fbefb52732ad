"""What is compared is one line of text, and a mistake in it is one error."""

from __future__ import annotations

import pytest

from trainer.comparison.rows import parse_entry, seeds_of
from trainer.errors import TrainerError


def test_an_entry_is_a_recipe_with_the_options_of_fit():
    entry = parse_entry("cnn,steps=600,balance=augmented")
    assert entry.recipe == "cnn"
    assert entry.arguments == ("--steps", "600", "--balance", "augmented")
    assert entry.choices == "steps 600, balance augmented"


def test_an_entry_may_have_seeds_of_its_own_which_are_no_part_of_its_name():
    entry = parse_entry("cnn,seeds=1-3,steps=600")
    assert entry.seeds == (1, 2, 3)
    assert entry.text == entry.folder == "cnn,steps=600"


def test_a_folder_never_leaves_its_place():
    assert "/" not in parse_entry("../../best.py,weights=/tmp/a b.npz").folder


@pytest.mark.parametrize("text", ["", ",steps=3", "cnn,colour=red", "cnn,steps", "cnn,steps="])
def test_a_mistake_in_an_entry_is_one_error(text):
    with pytest.raises(TrainerError, match="cannot read --recipe"):
        parse_entry(text)


@pytest.mark.parametrize(("text", "seeds"), [("3", (3,)), ("1-5", (1, 2, 3, 4, 5)), ("1,4,9", (1, 4, 9))])
def test_seeds_are_one_a_range_or_a_list(text, seeds):
    assert seeds_of(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "5-1", "1,1", "1-", "-1"])
def test_other_seeds_are_one_error(text):
    with pytest.raises(TrainerError, match="cannot read --seeds"):
        seeds_of(text)
