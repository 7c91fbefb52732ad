"""The figures of a bundle's maps as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_KINDS: Final = {"moved": "of its shape elsewhere", "scattered": "in scattered blocks", "all": "of either kind"}
_RINGS: Final = {"corners": "corners", "outer_ring": "outer ring"}


def table(document: Mapping[str, Any]) -> Iterator[str]:
    """All figures, shares with their 95 % intervals."""
    left_out = ", ".join(f"{count} {code}" for code, count in document["left_out"].items())
    yield f"{document['films']} films" + (f", left out: {left_out}" if left_out else "")
    yield from _deletion(document["deletion"], document["draws"], document["fill"])
    for name, words in (("at_or_above", "at or above"), ("below", "below")):
        yield from _places(document["places"][name], words)
    yield from _markers(document["markers"])


def _deletion(deletion: Mapping[str, Any], draws: int, fill: str) -> Iterator[str]:
    yield ""
    yield f"Deletion, {deletion['films']} films at or above the operating point"
    yield f"  {draws} random masks of either kind; under masks: {fill}"
    if not deletion["films"]:
        return
    yield f"  hiding the hottest tenth lowers the logit by {deletion['hot_drop']:.2f} (median); a random tenth"
    for kind, against in deletion["against"].items():
        ratio = against["ratio"]
        times = "which does not lower it" if ratio is None else f"the hot one {ratio:.1f} times as much"
        yield f"  {_KINDS[kind]}: by {against['random_drop']:.2f}; {times}"
        yield f"    more than every one      {_share(against['more_than_every'])}"
        yield f"    more than their mean     {_share(against['more_than_their_mean'])}"


def _places(places: Mapping[str, Any], words: str) -> Iterator[str]:
    yield ""
    yield f"Places, {places['films']} films {words} the operating point"
    if not places["films"]:
        return
    for ring, name in _RINGS.items():
        found = places[ring]
        evidence = "-" if found["evidence"] is None else f"{found['evidence']:.1%}"
        yield f"  peak in the {name:<12} {_share(found['peak'])}"
        yield f"  evidence there           {evidence} of what raises the logit, on {found['area']:.1%} of the area"


def _markers(markers: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "Markers in a corner of films called normal"
    for name, found in markers.items():
        if not found["films"]:
            yield f"  {name}: no such film"
            continue
        yield f"  {name}: {found['films']} films, logit {found['shift']:+.2f} on average"
        yield f"    over the threshold       {_share(found['over_threshold'])}"
        yield f"    peak drawn to it         {_share(found['peak_attracted'])}"


def _share(share: Mapping[str, Any]) -> str:
    if share["share"] is None:
        return "-"
    low, high = share["ci"]
    return f"{share['count']} of {share['n']}, {share['share']:.1%} (95 % {low:.1%} to {high:.1%})"
