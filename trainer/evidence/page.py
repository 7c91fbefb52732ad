"""Writes the evidence as one HTML page that needs no other file, no network and no script; it computes no figure.

What stands on it from outside (names of files, folders, bundles) is escaped by the template, after everything that
cannot be seen was made visible.
"""

from __future__ import annotations

import base64
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from models.bundle import point_for
from models.population import Policy
from models.version import VERSION
from trainer.evidence import charts
from trainer.evidence.gallery import Picture, alarms, draw, has_places, misses, scale
from trainer.evidence.sample import UNKNOWN
from trainer.evidence.subgroups import FEW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from models.bundle import Bundle
    from trainer.evidence.scoring import Scores

TEMPLATES: Final = Path(__file__).parent / "templates"
TEMPLATE: Final = "evidence.html"
JOINED: Final = "\u00a0"  # an interval is not broken over two lines
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Gallery:
    """The films that were judged wrongly: how many there are, and those that are shown."""

    misses: Sequence[Picture]
    alarms: Sequence[Picture]
    all_misses: int
    all_alarms: int
    places: bool  # whether the network says where
    asked: int


def gallery(bundle: Bundle, scores: Scores, most: int, report: Callable[[int, int], None]) -> Gallery:
    """Draw at most so many misses, and as many false alarms.

    Args:
        bundle: whose thresholds judge.
        scores: of its network.
        most: films of either kind.
        report: told of films drawn.
    """
    missed, alarmed = misses(scores.scored, bundle.points), alarms(scores.scored, bundle.points)
    shown = missed[:most] + alarmed[:most]
    strength, done = scale(shown), 0

    def tell() -> None:
        nonlocal done
        done += 1
        report(done, len(shown))

    pictures = draw(shown, strength, tell)
    split = len(missed[:most])
    places = has_places(scores.scored)
    return Gallery(pictures[:split], pictures[split:], len(missed), len(alarmed), places, most)


def render(document: Mapping[str, Any], bundle: Bundle, shown: Gallery) -> str:
    """The page.

    Args:
        document: what `document.evidence` gave.
        bundle: for the chances that its thresholds stand for.
        shown: the pictures.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "visible": visible, "figure": figure, "percent": percent, "films": films, "chance": chance, "p": p_value,
        "signed": signed,
    }  # fmt: skip
    template = environment.get_template(TEMPLATE)
    return template.render(d=document, g=shown, charts=_charts(document, bundle), version=VERSION, few=FEW)


def _charts(document: Mapping[str, Any], bundle: Bundle) -> dict[str, Any]:
    """The pictures of the page as data URIs, by kind and group; None where the films give no curve."""
    curves = document["curves"]
    drawable = any(curve["roc"] is not None for curve in curves.values())
    drawn: dict[str, Any] = {
        "roc": _uri(charts.roc(curves, document["operating_points"])) if drawable else None,
        "precision_recall": _uri(charts.precision_recall(curves)) if drawable else None,
        "reliability": {name: _uri(charts.reliability(one)) for name, one in document["calibration"].items()},
        "distribution": {name: _uri(charts.distribution(one)) for name, one in document["distribution"].items()},
        "decision": {
            name: _uri(charts.decision(one, _chances(bundle, name)))
            for name, one in document["decision"].items()
            if one is not None
        },
    }
    if "against" in document:
        groups = document["against"]["groups"].items()
        drawn["against"] = {
            name: _uri(charts.roc({"A": pair["first"], "B": pair["second"]}, _marks(pair)))
            for name, pair in groups
            if pair["first"]["roc"] is not None
        }
    return drawn


def _chances(bundle: Bundle, group: str) -> dict[str, float]:
    """At which chance of pneumonia a group's thresholds put a film ahead; nothing for several populations together."""
    populations = {str(name): name for name in bundle.points}
    if group not in populations and group != UNKNOWN:
        return {}
    point = point_for(bundle.points, populations.get(group))
    if point.policy is not Policy.BANDED:
        return {}
    next_, first = (point.calibration.probability(at) for at in (point.threshold, point.first_threshold))
    return {"next, first": next_} if next_ == first else {"next": next_, "first": first}


def _marks(pair: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Where both bundles' thresholds lie, as `charts.roc` marks them; only asked for films of both classes."""
    return {
        letter: {
            f"{prefix}{kind}": pair["thresholds"][band][kind][which]
            for prefix, band in (("", "next_or_first"), ("first_", "first"))
            for kind in ("sensitivity", "specificity")
        }
        for letter, which in (("A", "first"), ("B", "second"))
    }


def _uri(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode("ascii")


def visible(text: object) -> str:
    r"""Text with what cannot be seen, or would turn its neighbours round, as ``\x``, ``\u`` escape."""
    return "".join(
        character.encode("unicode_escape", "backslashreplace").decode("ascii")
        if unicodedata.category(character) in _UNSEEN
        else character
        for character in str(text)
    )


def figure(value: float | None, interval: Sequence[float] | None = None) -> str:
    """0.987 (0.981 to 0.992); a dash where the figure does not exist."""
    return _written(value, interval, ".3f")


def percent(value: float | None, interval: Sequence[float] | None = None) -> str:
    """98.7 % (98.1 to 99.2)."""
    if value is None or interval is None:
        return _written(None, None, "")
    return f"{100 * value:.1f}{JOINED}% ({100 * interval[0]:.1f}{JOINED}to{JOINED}{100 * interval[1]:.1f})"


def films(value: float | None, interval: Sequence[float] | None = None) -> str:
    """12.3 (8.1 to 17.0), of 1,000 films."""
    return _written(value, interval, ".1f")


def signed(value: float | None, interval: Sequence[float] | None = None) -> str:
    """+0.012 (-0.003 to +0.027), a difference."""
    return _written(value, interval, "+.3f")


def chance(value: float) -> str:
    """A share in percent: 3 %."""
    return f"{100 * value:.0f} %"


def p_value(value: float) -> str:
    """A p; below 0.001 no digit of it means anything."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def _written(value: float | None, interval: Sequence[float] | None, form: str) -> str:
    if value is None:
        return "-"
    text = format(value, form)
    return text if interval is None else f"{text} ({interval[0]:{form}}{JOINED}to{JOINED}{interval[1]:{form}})"
