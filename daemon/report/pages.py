"""Report -> HTML: one file without script and without network, for the screen and for A4 paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from daemon.drift.words import lines as drift_lines
from daemon.ledger.document import signed
from daemon.report import charts, trends, words
from daemon.report.build import Report
from daemon.report.since import LISTED
from daemon.report.site_figures import worth_of
from daemon.triage.order import Band
from daemon.triage.rules import Site
from models.bundle import GroupPolicy, OperatingPoint
from models.population import GROUPS, AgeGroup, Policy
from models.version import VERSION

MEANING: Final = {
    Band.FIRST: "highest scores",
    Band.NEXT: "at or above the operating point",
    Band.UNSCORED: "placed by arrival, read normally",
    Band.IN_TURN: "below the operating point",
}
DONE: Final = {
    Policy.BANDED: "bands by its operating point",
    Policy.ORDERED: "ordered: not called low or first",
    Policy.OUTSIDE: "refused, to be read normally",
}
MISSING_ROWS: Final = 20  # films that never arrived, on the page


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One date of the index and the formats that lie there."""

    day: date
    formats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PointRow:
    """One population's operating point in words."""

    population: str
    policy: Policy
    next_from: str
    first_from: str
    sensitivity: str
    specificity: str
    ppv: str
    misses: str
    prevalence: str


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """What the bundle does with one age group, in words."""

    group: str
    policy: Policy
    meaning: str
    reason: str


def render_html(report: Report) -> str:
    """The whole page; every text in it is escaped, and characters that cannot be seen are spelled out."""
    return (
        environment()
        .get_template("report.html")
        .render(
            r=report,
            Band=Band,
            meaning=MEANING,
            points=[_point_row(point, report.prevalence) for point in report.points],
            policies=[_policy_row(group, stated) for group, stated in report.policies.items()],
            unknown=report.prevalence.get(None),
            chart=charts,
            trend=trends,
            version=VERSION,
            MISSING_ROWS=MISSING_ROWS,
            drift_lines=drift_lines,
            LISTED=LISTED,
        )
    )


def render_gallery(report: Report) -> str:
    """The page of disagreements beside the report."""
    return environment().get_template("gallery.html").render(r=report, g=report.gallery, version=VERSION)


def render_index(entries: Sequence[IndexEntry], site: str, *, sheet: bool = False) -> str:
    """The page that lists all reports, in the given order, with links that work from a copied folder, too.

    Args:
        entries: the reports.
        site: its name, may be empty.
        sheet: whether there is a downtime sheet beside the page.
    """
    template = environment().get_template("index.html")
    return template.render(entries=entries, site=site, sheet=sheet, version=VERSION)


@cache  # compiled templates, the same for every report
def environment() -> Environment:
    """The templates of this package, and the words that they may use."""
    environment = Environment(
        loader=PackageLoader("daemon.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        visible=words.visible,
        shortened=words.shortened,
        day=words.day,
        long_day=words.long_day,
        clock=words.clock,
        acquired=words.acquired,
        stamp=words.stamp,
        duration=words.duration,
        percent=words.percent,
        share=words.share,
        age=words.age,
        count=words.count,
        word=charts.word,
        signed=signed,
        begun=words.begun,
        rate=words.rate,
        ppv=words.ppv,
        misses=words.misses,
    )
    return environment


def _point_row(point: OperatingPoint, site: Site) -> PointRow:
    """Where its bands begin, at the prevalence that the probabilities of the list hold at."""
    curve = point.calibration
    prevalence = site.get(point.population, curve.prevalence)
    banded = point.policy is Policy.BANDED
    worth = worth_of(point, prevalence)
    whose = "of this site" if point.population in site else "of the bundle's films"
    return PointRow(
        population=point.population,
        policy=point.policy,
        next_from=words.percent(curve.probability(point.threshold, prevalence)) if banded else "any score",
        first_from=words.percent(curve.probability(point.first_threshold, prevalence)) if banded else "never",
        sensitivity=_with_interval(point, "sensitivity") if banded else "no threshold",
        specificity=_with_interval(point, "specificity") if banded else "no threshold",
        ppv=words.ppv(worth if banded else None),
        misses=words.misses(worth if banded else None),
        prevalence=f"{words.share(prevalence)}, {whose}",
    )


def _policy_row(group: AgeGroup, stated: GroupPolicy) -> PolicyRow:
    return PolicyRow(GROUPS[group], stated.policy, DONE[stated.policy], stated.reason)


def _with_interval(point: OperatingPoint, figure: str) -> str:
    """A figure of the evidence with its 95 % interval, as far as the bundle states them."""
    value: Any = point.evidence.get(figure)
    interval: Any = point.evidence.get(f"{figure}_ci")
    if not isinstance(value, int | float):
        return "not stated"
    if isinstance(interval, list | tuple) and len(interval) == 2 and all(isinstance(x, int | float) for x in interval):
        return f"{value:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"
    return f"{value:.3f}"
