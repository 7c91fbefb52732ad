"""The first section of a model card: what a physician has to know of a bundle, read in two minutes; pure text.

Every sentence is put together from the bundle's own figures, so that it cannot say more than was found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from models.population import GROUPS, AgeGroup, Policy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PREVALENCE: Final = 0.10  # at which misses and false alarms are told: what a ward that films a cough may see
NOT_TESTED: Final = (
    "films of any hospital, scanner or country outside the sets named below",
    "lateral films: none could be had, so nobody knows how surely they are refused",
    "other urgent findings: a pneumothorax or a misplaced tube is not looked for and moves no film up",
    "whether readers with this order find more, or find it sooner",
)


def in_two_minutes(document: Mapping[str, Any]) -> str:
    """The section, in Markdown."""
    parts = ["## In two minutes", _purpose(), "### On whom it works", *_groups(document)]
    parts += ["### How it fails", *_failures(document), "### What was not tested", *_untested(document)]
    return "\n\n".join(parts)


def _purpose() -> str:
    return (
        "This program puts chest radiographs in an order for reading: the likeliest pneumonia first. It makes no "
        "diagnosis and is no medical device: no authority has cleared it. **Every film is still read**; a film far "
        "down the list is not a film without a finding."
    )


def _groups(document: Mapping[str, Any]) -> list[str]:
    """One paragraph an age group: what is done with it, and what that rests on."""
    told = []
    for name, stated in document["policies"].items():
        who = GROUPS[AgeGroup(name)]
        policy = Policy(stated["policy"])
        entry = document["populations"].get(name)
        if policy is Policy.OUTSIDE or entry is None:
            told.append(f"- **{_capital(who)}: not for them.** Their films are refused and read in turn by arrival.")
        elif policy is Policy.ORDERED:
            auc = _percent(entry["evidence"]["auc"])
            told.append(
                f"- **{_capital(who)}: order only.** Of a film with pneumonia and one called normal it puts the right "
                f"one first in {auc} of pairs; no film of theirs is called low or first, because "
                f"{_inner(stated['reason'])}."
            )
        else:
            told.append(f"- **{_capital(who)}: three bands.** {_bands(entry)}")
    return ["\n".join(told)]


def _bands(entry: Mapping[str, Any]) -> str:
    chosen = entry["evidence"]["chosen"]
    clean = chosen["next_or_first"]["clean"]
    text = (
        f"Tried on {chosen['positives']} films with pneumonia and {chosen['n'] - chosen['positives']} called normal of "
        f"patients it had not seen, the lowest band left out {_percent(1 - clean['sensitivity'])} of the pneumonia (at "
        f"most {_percent(1 - clean['sensitivity_lower'])}, with 95 % confidence) and took in "
        f"{_percent(clean['specificity'])} of the films called normal."
    )
    row = next((row for row in clean["prevalence"] if abs(row["prevalence"] - PREVALENCE) < 1e-9), None)
    if row is not None and row["misses_per_1000"] is not None and row["false_alarms_per_1000"] is not None:
        text += (
            f" In 1,000 films with 100 pneumonias that is {row['misses_per_1000']:.0f} of them at the end of the list, "
            f"and {row['false_alarms_per_1000']:.0f} films called normal ahead of their turn."
        )
    return text


def _failures(document: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, entry in document["populations"].items():
        chosen = entry["evidence"].get("chosen")
        if chosen is None or "shifted" not in chosen["next_or_first"]:
            continue
        shifted, under = chosen["next_or_first"]["shifted"], chosen["under_shift"]
        ordered = Policy(document["policies"][name]["policy"]) is Policy.ORDERED
        found = "a threshold, if there were one, would have found" if ordered else "the same threshold found"
        lines.append(
            f"- **Films from another machine ({name}).** With exposure, contrast, sharpness, crop or export changed in "
            f"{chosen['conditions'] - 1} ways, {found} {_percent(shifted['sensitivity'])} of the "
            f"pneumonia and left {_percent(shifted['specificity'])} of the films called normal in the lowest band; "
            f"at its worst ({_told(under['worst_sensitivity']['condition'])}) it found "
            f"{_percent(under['worst_sensitivity']['value'])}."
        )
    weak = [s["name"] for s in document["training"]["sources"] if s["weight"] < 1.0]
    for name in weak:
        figures = document["validation"]["sources"].get(name)
        if figures is not None and figures["auc"] is not None:
            lines.append(
                f"- **Where labels come from report text ({name})** it agrees with them far less: "
                f"{_percent(figures['auc'])} of pairs in the right order. Such labels are often wrong, and so may the "
                "program be."
            )
    lines += _gate(document.get("gate"))
    lines.append(
        '- **"Films called normal" are not all other films.** An effusion, a mass or a failing heart may be put ahead '
        "or not; the figures do not say which."
    )
    return ["\n".join(lines)]


def _gate(gate: Mapping[str, Any] | None) -> list[str]:
    """What its pixels get a film refused for, and what that rests on; nothing of a bundle without a gate."""
    if gate is None:
        return ["- **It scores any picture.** It cannot see that one is no frontal chest film; only tags can tell."]
    kinds = ", ".join(kind.replace("-", " ") for kind in gate["kinds"][1:])
    text = f"- **It refuses pictures by what they look like** ({kinds}); they are read in turn by arrival."
    rows = gate.get("left_out") or {}
    counts = ", ".join(f"{row['refused']} of {row['films']} ({name})" for name, row in rows.items())
    if counts:
        text += f" Wrongly so, of chest films of a source that it had not learned from: {counts}."
    text += " A film that lacks less than about a third of a side passes, and so do some pictures that should not: "
    return [f"{text}their score means little, or nothing."]


def _untested(document: Mapping[str, Any]) -> list[str]:
    outside = [
        GROUPS[AgeGroup(name)]
        for name, stated in document["policies"].items()
        if Policy(stated["policy"]) is Policy.OUTSIDE
    ]
    points: Sequence[str] = (*(f"{who}: too few films of known reading" for who in outside), *NOT_TESTED)
    listed = "\n".join(f"- {point}" for point in points)
    return [f"{listed}\n\nTry it on your own films before you rely on it."]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _told(condition: str) -> str:
    """A condition's name as words: ``blur-3`` is strong blur."""
    head, _, severity = condition.rpartition("-")
    strength = {"1": "mild", "2": "moderate", "3": "strong"}.get(severity)
    return f"{strength} {head.replace('-', ' ')}" if strength else condition


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _inner(reason: str) -> str:
    """A reason inside a sentence."""
    return reason.rstrip(".")
