"""Drift in the words of those who film and read: what is different, by how much, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from daemon.drift.blocks import ODD, REFUSED
from daemon.drift.change import BASELINE
from daemon.drift.judging import FolderDrift
from daemon.drift.standing import Standing

MORE_LESS: Final[Mapping[str, tuple[str, str]]] = {
    "logit": ("the model scores films higher", "the model scores films lower"),
    "unlikeness": (
        "films look less like those that the model knows",
        "films look more like those that the model knows",
    ),
    "mean": ("films are brighter", "films are darker"),
    "contrast": ("films have more contrast", "films have less contrast"),
    "dark": ("the dark parts of films are brighter", "the dark parts of films are darker"),
    "bright": ("the bright parts of films are brighter", "the bright parts of films are darker"),
    "black": ("more of each film is plain black", "less of each film is plain black"),
    "white": ("more of each film is plain white", "less of each film is plain white"),
    "sharpness": ("films are sharper or noisier", "films are softer"),
    "aspect": ("films are wider for their height", "films are taller for their width"),
    "size": ("films have more pixels", "films have fewer pixels"),
    REFUSED: ("more films are refused", "fewer films are refused"),
    ODD: ("more films look unusual for this folder", "fewer films look unusual for this folder"),
}
TO_DO: Final[Mapping[str, str]] = {
    "logit": "see whether other patients come here now; if not, read a sample of these films without the score",
    "unlikeness": "look at some of these films, and ask whether the device or its export was changed",
    REFUSED: "see the reasons in section F, and ask whether the device or its export was changed",
}
LOOK: Final = "ask whether a device, its processing or its export was changed, and look at some of these films"
RATES: Final = (REFUSED, ODD)


def sentence(name: str, effect: float) -> str:
    """What is different, such as "films are darker"."""
    more, less = MORE_LESS[name]
    return more if effect > 0 else less


def size_of(name: str, effect: float, before: float, now: float) -> str:
    """By how much: two rates, or in how many of 100 pairs the one film exceeds the other."""
    if name in RATES:
        return f"{before:.1%} before, {now:.1%} now"
    big = "slightly" if abs(effect) < 0.5 else "clearly" if abs(effect) < 1.2 else "very much"
    return f"{big}: {before:.3g} before, {now:.3g} now"


def lines(found: FolderDrift) -> Iterator[str]:
    """A folder in sentences, without its name."""
    match found.standing:
        case Standing.LEARNING:
            yield (
                f"Still learning what is usual here: {found.blocks} of {BASELINE} nights with enough films so far. "
                "Until then no change is told."
            )
        case Standing.STEADY:
            yield f"As usual here, up to {found.last}."
        case Standing.CHANGED:
            yield f"Changed since {found.since}: {'; '.join(described(found))}."
            yield f"What to do: {TO_DO.get(found.changes[0].name, LOOK)}."
    if not found.reference:
        yield "The bundle does not say what its films are like: this folder is held against its own past only."
    if found.unlike:
        told = "; ".join(
            f"{sentence(one.name, one.effect)} ({_against(one.name, one.there, one.here)})" for one in found.unlike
        )
        yield (
            f"Unlike the films that the model was judged on, from the first nights on: {told}. That is no fault, but "
            "the model's figures may not hold here; test it on films of this folder."
        )


def described(found: FolderDrift) -> Iterator[str]:
    """Each number once, the surest first."""
    told = set[str]()
    for change in found.changes:
        if change.name not in told:
            told.add(change.name)
            size = size_of(change.name, change.effect, change.before, change.now)
            yield f"{sentence(change.name, change.effect)} ({size})"


def _against(name: str, there: float, here: float) -> str:
    return f"{there:.1%} there, {here:.1%} here" if name in RATES else f"{there:.3g} there, {here:.3g} here"
