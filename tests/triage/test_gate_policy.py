"""What a site does about findings."""

from __future__ import annotations

import pytest

from daemon.triage.gate_policy import BY_DEFAULT, GatePolicy
from models.findings import Finding, FindingCode

VIEW = Finding(FindingCode.VIEW, "the view is LL", "send the frontal film")
CUT = Finding(FindingCode.CUT_OFF, "a part is cut off", "send the whole film")
MARKING = GatePolicy(frozenset({"CR", "RG"}), frozenset({FindingCode.VIEW}))


def test_every_finding_refuses_unless_the_site_marks_it() -> None:
    """The first that refuses is the reason."""
    assert BY_DEFAULT.refusal([VIEW, CUT]) is VIEW
    assert MARKING.refusal([VIEW, CUT]) is CUT
    assert MARKING.refusal([VIEW]) is None
    assert BY_DEFAULT.refusal([]) is None


@pytest.mark.parametrize(
    ("refused_for", "modality", "marks", "holds"),
    [
        (None, "CR", [], True),
        ("cut-off", "CR", [], True),
        ("view", "CR", [], False),  # marked now
        (None, "CR", ["view"], True),
        (None, "CR", ["cut-off"], False),  # refused now
        ("modality", "RG", [], False),  # taken now
        ("modality", "CT", [], True),
        (None, "DX", [], False),  # taken no longer
        (None, None, [], True),
        ("processed", "CR", [], True),
    ],
)
def test_what_other_rules_decided_holds_only_where_these_decide_alike(
    refused_for: str | None, modality: str | None, marks: list[str], holds: bool
) -> None:
    assert MARKING.holds(refused_for=refused_for, modality=modality, marks=marks) is holds


def test_captures_are_looked_at_again_where_they_are_taken_now() -> None:
    """They were refused as processed, whatever their modality."""
    rules = GatePolicy(frozenset({"CR", "SC"}))
    assert not rules.holds(refused_for="processed", modality="CR", marks=[])
    marked = GatePolicy(frozenset({"CR"}), frozenset({FindingCode.MODALITY}))
    assert marked.holds(refused_for=None, modality="RG", marks=["modality"])


def test_the_rules_are_said_in_sentences() -> None:
    """For the report."""
    assert BY_DEFAULT.sentences() == (
        "Films of modality CR or DX are taken, and those that name none.",
        "What speaks against a film refuses it.",
    )
    assert "Marked instead of refused here: view." in MARKING.sentences()[1]
