"""A finished simulation -> one SVG that needs nothing else: mean waits of each group in both orders, and 95 of 100."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

from daemon.simulation.document import NAMES
from daemon.simulation.figures import Group

WIDTH: Final = 720.0  # user units, as are all lengths here
LEFT: Final = 118.0
RIGHT: Final = 30.0
TOP: Final = 78.0
BAR: Final = 15.0
ROW: Final = 50.0
MOST_LINES: Final = 8
LEAST: Final = 26.0  # a bar that holds its figure
HALO: Final = ' stroke="#fff" stroke-width="3" paint-order="stroke"'
_LIGHT: Final = 'fill="#e3e8ec" stroke="#55616e"'  # told apart by lightness and outline: grey prints keep both
_DARK: Final = 'fill="#1b2430" stroke="#1b2430"'


def plot(told: Mapping[str, Any]) -> str:
    """The picture of a document of `document.document`; waits in reading minutes."""
    groups = told["groups"]
    most = max((found[order]["p95"] for found in groups.values() for order in ("first_come", "ordered")), default=1.0)
    step = _step(max(most, 1.0))
    ceiling = step * -(-max(most, 1.0) // step)
    unit = (WIDTH - LEFT - RIGHT) / ceiling
    foot = TOP + ROW * len(groups)
    return "\n".join([*_head(told, foot), *_grid(step, ceiling, unit, foot), *_bars(groups, unit), "</svg>", ""])


def _step(most: float) -> float:
    power = 1.0
    while True:
        for factor in (1.0, 2.0, 5.0):
            if most <= MOST_LINES * factor * power:
                return factor * power
        power *= 10


def _head(told: Mapping[str, Any], foot: float) -> Iterator[str]:
    assumed = told["assumed"]
    what = (
        f"{told['nights']} {'weekends' if assumed['calendar'] == 'weekend' else 'nights'}, load {assumed['load']:g}, "
        f"AUC {assumed['auc']:g}, {100 * assumed['prevalence']:g} % pneumonia, "
        f"maximum wait {told['cap_minutes']:g} min, seed {told['seed']}"
    )
    title = "Waiting for reading: first come first served, and in the order"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {foot + 44:g}" role="img" '
        'aria-labelledby="title text" font-family="system-ui, Liberation Sans, Arial, sans-serif" font-size="12" '
        'fill="#1b2430">'
    )
    yield f'<title id="title">{escape(title)}</title>'
    yield f'<desc id="text">{escape(_sentence(told["groups"]))}</desc>'
    yield f'<rect width="{WIDTH:g}" height="{foot + 44:g}" fill="#fff"/>'
    yield f'<text x="12" y="22" font-size="15" font-weight="600">{escape(title)}</text>'
    yield f'<text x="12" y="40" fill="#55616e">{escape(what)}</text>'
    key = (
        (12, _LIGHT, "first come first served"),
        (180, _DARK, "in the order"),
    )
    for x, style, text in key:
        yield f'<rect x="{x}" y="51" width="22" height="11" {style}/><text x="{x + 28}" y="61">{text}</text>'
    yield '<path d="M296 56.5h26M322 51.5v10" stroke="#55616e" fill="none"/>'
    yield '<text x="330" y="61">bars: the mean; whiskers: 95 of 100 films wait less</text>'


def _grid(step: float, ceiling: float, unit: float, foot: float) -> Iterator[str]:
    for number in range(round(ceiling / step) + 1):
        x = LEFT + number * step * unit
        colour = "#7d8b99" if number == 0 else "#d4dae0"
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 4:g}" y2="{foot:g}" stroke="{colour}"/>'
        yield f'<text x="{x:.1f}" y="{foot + 16:g}" text-anchor="middle" fill="#55616e">{number * step:g}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle:g}" y="{foot + 34:g}" text-anchor="middle" fill="#55616e">reading minutes</text>'


def _bars(groups: Mapping[str, Any], unit: float) -> Iterator[str]:
    for row, (group, found) in enumerate(groups.items()):
        top = TOP + row * ROW + 6
        yield f'<text x="{LEFT - 8:g}" y="{top + BAR + 5:g}" text-anchor="end">{NAMES[Group(group)]}</text>'
        for place, (order, style) in enumerate((("first_come", _LIGHT), ("ordered", _DARK))):
            y = top + place * (BAR + 2)
            mean, far = found[order]["mean"], found[order]["p95"]
            end, last = LEFT + mean * unit, LEFT + far * unit
            inside = mean * unit >= LEAST
            ink = "#fff" if inside and order == "ordered" else "#1b2430"
            side, at = ("end", end - 4) if inside else ("start", end + 4)
            yield (
                f'<rect x="{LEFT:g}" y="{y:g}" width="{mean * unit:.1f}" height="{BAR:g}" {style}/>'
                f'<path d="M{end:.1f} {y + BAR / 2:g}H{last:.1f}M{last:.1f} {y + 3:g}v{BAR - 6:g}" stroke="#55616e" '
                'fill="none"/>'
                f'<text x="{at:.1f}" y="{y + 12:g}" font-size="11" text-anchor="{side}" fill="{ink}"'
                f"{'' if inside else HALO}>{mean:.0f}</text>"
                f'<text x="{last + 5:.1f}" y="{y + 12:g}" font-size="11" fill="#55616e">{far:.0f}</text>'
            )


def _sentence(groups: Mapping[str, Any]) -> str:
    """What the bars show, for who does not see them."""
    parts = [
        f"{NAMES[Group(group)]}: mean {found['first_come']['mean']:.1f} minutes first come first served, "
        f"{found['ordered']['mean']:.1f} in the order; 95 of 100 wait less than {found['first_come']['p95']:.0f} and "
        f"{found['ordered']['p95']:.0f}"
        for group, found in groups.items()
    ]
    return "; ".join(parts) + "."
