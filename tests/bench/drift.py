"""The drift test on drawn nights of real films: how often it alarms with nothing changed, and when it notices what is.

    nice -n 19 .venv/test/bin/python tests/bench/drift.py FILMS.npz --nights 1000 --out FIGURES.json

FILMS.npz is what `tests/bench/drift_films.py` writes. A site has five folders. Nights differ by more than chance: their
prevalence by a slow part and one of its own, their volume, weekends, and a tilt towards films that are brighter, softer
and so on, as who is on duty makes it.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from daemon.drift.blocks import COLUMNS, Block, pooled
from daemon.drift.change import BASELINE, LOOKS, baseline_of, changes

BEGAN: Final = date(2026, 1, 5)
CLEAN: Final = "as they came"
LONGEST: Final = 60  # nights after a planted change; one that is not noticed by then is missed


@dataclass(frozen=True)
class Folder:
    """Where its films come from, how many a night in the mean, and how many of them with pneumonia."""

    sources: tuple[str, ...]
    films: float
    prevalence: float


ALL: Final = ("kermany-224", "rsna-adult-dev", "nih-adult-dev")
FOLDERS: Final = (
    Folder(ALL[:1], 60, 0.10),
    Folder(ALL[1:2], 60, 0.15),
    Folder(ALL[2:], 25, 0.10),
    Folder(ALL, 120, 0.10),
    Folder(ALL[1:], 8, 0.20),
)


@dataclass(frozen=True)
class Ward:
    """Films to draw nights from: rows of numbers under each change, labels, sources, and ranks to tilt by."""

    rows: dict[str, NDArray[np.float32]]
    label: NDArray[np.int64]
    source: NDArray[np.str_]
    ranks: NDArray[np.float64]

    @classmethod
    def read(cls, path: Path) -> Ward:
        with np.load(path) as found:
            rows = {name: found[name] for name in found.files if name not in ("label", "source")}
            clean = np.nan_to_num(rows[CLEAN][:, 3:])
            ranks = clean.argsort(axis=0).argsort(axis=0) / len(clean) - 0.5
            return cls(rows, found["label"], found["source"], ranks)

    def nights(self, folder: Folder, count: int, rng: np.random.Generator, plan: Plan) -> list[Block]:
        """So many nights; the plan says from which one on what is changed."""
        own = np.isin(self.source, folder.sources)
        pools = [np.flatnonzero(own & (self.label == label)) for label in (0, 1)]
        slow, made = rng.normal(0, 0.3), []
        for number in range(count):
            changed = number >= plan.from_night
            slow = 0.95 * slow + rng.normal(0, 0.3 * math.sqrt(1 - 0.95**2))
            odds = math.log(folder.prevalence / (1 - folder.prevalence)) + slow + rng.normal(0, 0.25)
            sick = 1 / (1 + math.exp(-odds))
            sick = min(0.95, sick * (plan.prevalence_times if changed else 1.0))
            weekend = 0.5 if number % 7 in (5, 6) else 1.0
            films = rng.poisson(folder.films * weekend * rng.gamma(1 / 0.25**2, 0.25**2))
            tilt = np.zeros(len(self.label))
            tilt += self.ranks[:, rng.integers(self.ranks.shape[1])] * rng.normal(0, 0.8)
            ill = rng.binomial(films, sick)
            picked = np.concatenate(
                [self._draw(pools[1], ill, tilt, rng), self._draw(pools[0], films - ill, tilt, rng)]
            )
            rows = self.rows[CLEAN][picked].copy()
            if changed and plan.change:
                hit = rng.random(films) < plan.share
                rows[hit] = self.rows[plan.change][picked[hit]]
            made.append(block(BEGAN + timedelta(days=number), rows))
        return made

    @staticmethod
    def _draw(pool: Any, films: int, tilt: Any, rng: np.random.Generator) -> Any:
        weights = np.exp(tilt[pool])
        return rng.choice(pool, films, p=weights / weights.sum())


@dataclass(frozen=True)
class Plan:
    """What is changed, in which share of the films, from which night on."""

    change: str | None = None
    share: float = 1.0
    prevalence_times: float = 1.0
    from_night: int = 10**9


def block(night: date, rows: NDArray[np.float32]) -> Block:
    columns = {}
    for number, name in enumerate(COLUMNS):
        column = rows[:, number if number < 2 else number + 1].astype(np.float64)
        columns[name] = column[~np.isnan(column)]
    return Block(night, night, len(rows), int(rows[:, 2].sum()), columns)


def quiet_site(ward: Ward, nights: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], Counter[str]]:
    """Of a site's nights after its baselines: how many changes were told in each; nothing was changed."""
    told, by = np.zeros(nights, int), Counter[str]()
    for folder in FOLDERS:
        scale = max(1, round(45 / folder.films))  # nights of a small folder that make a block
        blocks = list(pooled(ward.nights(folder, (BASELINE + nights) * scale + 60, rng, Plan())))
        usual = baseline_of(blocks[:BASELINE])
        for night in range(nights):
            recent = blocks[BASELINE : BASELINE + night + 1][-max(LOOKS) :]
            found = changes(usual, recent, len(FOLDERS))
            told[night] += len(found)
            by.update(change.name for change in found[:1])
    return told, by


def noticed(ward: Ward, folder: Folder, plan: Plan, rng: np.random.Generator) -> tuple[int, int, str] | None:
    """Nights and films from a planted change to its being told, and what told it first; None if it never was."""
    nights = ward.nights(folder, plan.from_night + LONGEST, rng, plan)
    blocks = list(pooled(nights))
    usual = baseline_of(blocks[:BASELINE])
    planted = nights[plan.from_night].first
    for number in range(BASELINE, len(blocks)):
        if blocks[number].last < planted:
            continue
        found = changes(usual, blocks[BASELINE : number + 1][-max(LOOKS) :], len(FOLDERS))
        if found:
            films = sum(night.films for night in nights if planted <= night.first <= blocks[number].last)
            return (blocks[number].last - planted).days + 1, films, found[0].name
    return None


def interval(per_site: NDArray[np.float64], rng: np.random.Generator) -> list[float]:
    """95 % of a mean over sites, by bootstrap over whole sites: a site's nights share its baselines."""
    means = per_site[rng.integers(0, len(per_site), (2000, len(per_site)))].mean(axis=1)
    return [round(float(x), 5) for x in np.percentile(means, (2.5, 97.5))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", type=Path)
    parser.add_argument("--nights", type=int, default=1000)
    parser.add_argument("--a-site", type=int, default=10, help="Nights of a site.")
    parser.add_argument("--times", type=int, default=100, help="That each change is planted.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    ward, rng = Ward.read(asked.films), np.random.default_rng(asked.seed)
    quiet = [quiet_site(ward, asked.a_site, rng) for _ in range(asked.nights // asked.a_site)]
    sites = np.asarray([told for told, _ in quiet])
    false = (sites > 0).mean(axis=1)
    document: dict[str, Any] = {
        "films": len(ward.label),
        "seed": asked.seed,
        "no_change": {
            "sites": len(sites),
            "nights": int(sites.size),
            "alarms": int((sites > 0).sum()),
            "by": dict(sum((by for _, by in quiet), Counter[str]())),
            "sites_with_an_alarm": int((sites > 0).any(axis=1).sum()),
            "rate": round(float(false.mean()), 5),
            "rate_95": interval(false, rng),
        },
        "planted": [],
    }
    print(json.dumps(document["no_change"]), flush=True)
    plans = [(name, share, 1.0) for name in ward.rows if name != CLEAN for share in (0.1, 0.5, 1.0)]
    for folder in (FOLDERS[0], FOLDERS[1], FOLDERS[4]):
        for change, share, times in [*plans, (None, 1.0, 2.0)]:
            start = 30 if folder.films > 20 else 100
            plan = Plan(change, share, times, start)
            found = [noticed(ward, folder, plan, rng) for _ in range(asked.times)]
            nights = [one[0] if one else math.inf for one in found]
            films = [one[1] if one else math.inf for one in found]
            by = [one[2] for one in found if one]
            quantiles = [
                None if math.isinf(x) else round(float(x))
                for q in (0.5, 0.9)
                for x in [np.quantile(each, q, method="higher") for each in (nights, films)]
            ]
            row = {
                "sources": list(folder.sources),
                "films_a_night": folder.films,
                "change": change or "prevalence doubled",
                "share": share,
                "times": asked.times,
                "within_60_nights": sum(one is not None for one in found),
                "nights_median": quantiles[0],
                "films_median": quantiles[1],
                "nights_p90": quantiles[2],
                "films_p90": quantiles[3],
                "told_first_by": max(set(by), key=by.count) if by else None,
            }
            document["planted"].append(row)
            print(json.dumps(row), flush=True)
    if asked.out:
        asked.out.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
