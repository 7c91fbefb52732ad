"""Draws the curves of an evidence document as SVG (matplotlib, no display, no clock); it computes no figure.

The same document gives the same bytes. Colours are of Okabe and Ito's set, which every kind of colour vision tells
apart; lines differ in their dashes too, for a print in grey.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.rcsetup import cycler
from matplotlib.style import context

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STYLE: Final[Mapping[str, Any]] = {
    "svg.hashsalt": "cxr-trainer",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9.5,
    "text.parse_math": False,  # a name with two dollar signs is a name
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e3e7eb",
    "grid.linewidth": 0.7,
    "axes.edgecolor": "#55616e",
    "text.color": "#1b2430",
    "axes.labelcolor": "#1b2430",
    "xtick.color": "#1b2430",
    "ytick.color": "#1b2430",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "axes.prop_cycle": cycler(color=["#0072B2"]),
}
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#55616e"
LINES: Final = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (PURPLE, ":"))
SIZE: Final = (5.2, 4.2)  # inches; a page of paper or a wide window takes two beside each other
WIDE: Final = (5.2, 3.4)


def roc(curves: Mapping[str, Any], marks: Mapping[str, Any]) -> str:
    """ROC curves of several groups with their bands; each threshold of an operating point is marked on its curve."""

    def fill(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=GREY, lw=0.8, ls=":")
        for (name, curve), (colour, dash) in _styled(curves, "roc"):
            one = curve["roc"]
            axes.fill_between(
                one["band"]["false_alarm_rate"], one["band"]["low"], one["band"]["high"], color=colour, alpha=0.16, lw=0
            )
            x, y = [0.0, *one["false_alarm_rate"]], [0.0, *one["sensitivity"]]
            axes.plot(x, y, color=colour, ls=dash, lw=1.6, label=f"{name}: AUC {curve['auc']:.3f}")
            for shape, prefix in (("o", ""), ("s", "first_")):
                point = marks.get(name, {})
                if point.get(f"{prefix}specificity") is not None and point.get(f"{prefix}sensitivity") is not None:
                    at = 1 - point[f"{prefix}specificity"], point[f"{prefix}sensitivity"]
                    axes.plot(*at, shape, color=colour, ms=6, mec="white", mew=0.8, zorder=5)
        if marks:
            axes.plot([], [], "o", color=GREY, ms=5, ls="", label="threshold of next")
            axes.plot([], [], "s", color=GREY, ms=5, ls="", label="threshold of first")
        axes.set(xlabel="1 - specificity (false alarms)", ylabel="sensitivity", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.legend(loc="lower right")

    return _svg(fill, SIZE)


def precision_recall(curves: Mapping[str, Any]) -> str:
    """Precision-recall curves with their bands; a thin line at the share of pneumonia, where chance would lie."""

    def fill(axes: Any) -> None:
        for (name, curve), (colour, dash) in _styled(curves, "precision_recall"):
            one = curve["precision_recall"]
            band = one["band"]
            axes.fill_between(band["recall"], band["low"], band["high"], color=colour, alpha=0.16, lw=0)
            label = f"{name}: average precision {curve['average_precision']:.3f}"
            axes.step(one["recall"], one["precision"], where="pre", color=colour, ls=dash, lw=1.6, label=label)
            axes.axhline(one["prevalence"], color=colour, lw=0.7, ls=":")
        axes.set(xlabel="recall (sensitivity)", ylabel="precision (PPV)", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.legend(loc="lower left")

    return _svg(fill, SIZE)


def reliability(one: Mapping[str, Any]) -> str:
    """Observed shares of pneumonia over the probabilities that were given, with Wilson intervals."""

    def fill(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=GREY, lw=0.8, ls=":")
        bins = one["bins"]
        x, y = [b["predicted"] for b in bins], [b["observed"] for b in bins]
        low = [max(0.0, b["observed"] - b["observed_ci"][0]) for b in bins]
        high = [max(0.0, b["observed_ci"][1] - b["observed"]) for b in bins]
        axes.errorbar(x, y, yerr=[low, high], fmt="o", ms=5, color=BLUE, ecolor=BLUE, elinewidth=1, capsize=2.5)
        axes.set(xlabel="mean probability given", ylabel="share with pneumonia", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))

    return _svg(fill, SIZE)


def distribution(one: Mapping[str, Any]) -> str:
    """Films of either class by logit, with both thresholds."""

    def fill(axes: Any) -> None:
        edges = one["edges"]
        for key, colour, label in (("without_pneumonia", BLUE, "without"), ("with_pneumonia", ORANGE, "with")):
            axes.stairs(one[key], edges, fill=True, color=colour, alpha=0.35)
            axes.stairs(one[key], edges, color=colour, lw=1.3, label=f"{label} pneumonia ({sum(one[key])})")
        same = one["threshold"] == one["first_threshold"]
        lines = {"threshold": "next and first" if same else "next"} | ({} if same else {"first_threshold": "first"})
        for (key, label), dash in zip(lines.items(), ("--", "-."), strict=False):
            if one[key] is not None:
                axes.axvline(one[key], color="#1b2430", lw=1.2, ls=dash, label=f"{label} from {one[key]:.2f}")
        axes.set(xlabel="logit", ylabel="films")
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)

    return _svg(fill, WIDE)


def decision(one: Mapping[str, Any], marks: Mapping[str, float]) -> str:
    """Net benefit by the chance that is worth a place ahead, against all films ahead and none ahead."""

    def fill(axes: Any) -> None:
        x = one["chance"]
        top = max([one["prevalence"], *one["net_benefit_high"]])
        axes.fill_between(x, one["net_benefit_low"], one["net_benefit_high"], color=BLUE, alpha=0.16, lw=0)
        axes.plot(x, one["net_benefit"], color=BLUE, lw=1.6, label="by this bundle")
        axes.plot(x, one["all"], color=ORANGE, lw=1.3, ls="--", label="every film ahead")
        axes.axhline(0, color=GREY, lw=1.2, ls=":", label="none ahead: first come, first served")
        for name, chance in marks.items():
            axes.axvline(chance, color="#1b2430", lw=0.8, ls="-.")
            axes.annotate(name, (chance, top * 1.3), rotation=90, va="top", ha="right", fontsize=8)
        axes.set(xlabel="chance of pneumonia that is worth a place ahead", ylabel="net benefit, a film")
        axes.set(xlim=(0, 1), ylim=(-0.12 * top, 1.35 * top))
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)

    return _svg(fill, WIDE)


def _styled(curves: Mapping[str, Any], kind: str) -> Iterator[tuple[tuple[str, Any], tuple[str, str]]]:
    drawn = [(name, curve) for name, curve in curves.items() if curve[kind] is not None]
    yield from zip(drawn, LINES, strict=False)


def _svg(fill: Any, size: tuple[float, float]) -> str:
    with context(dict(STYLE), after_reset=True):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        fill(figure.add_subplot())
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()
