"""Collects films out of the store, by folder and night, and has them judged."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection

from daemon.drift.blocks import COLUMNS, Block
from daemon.drift.document import kept
from daemon.drift.judging import FolderDrift, judge
from db import drift, results, roots
from db.drift import FilmRow
from models import film_statistics
from models.reference import Reference, references

LEARNED_IN: Final = timedelta(days=90)  # a folder that has too few films in them is not judged
LOOKED_BACK: Final = timedelta(days=45)


def drift_of(tx: Connection, until: datetime, zone: ZoneInfo, at: time) -> dict[int, FolderDrift]:
    """Every watched folder by id; nights end at a time of the day, as reports do.

    The baseline is of a folder's first nights with the model that is in use now; of the time between it and the last
    45 days nothing is read, so that the cost does not grow with the store.
    """
    bundle = results.newest_bundle(tx)
    begin = None if bundle is None else drift.first_used(tx, bundle.model_sha256)
    if bundle is None or begin is None:
        return {}
    known = [root for root in roots.roots(tx) if root.retired_at is None]
    told, found = told_by(bundle.document), dict[int, FolderDrift]()
    for root in known:
        began = max(begin, root.added_at)
        parted = min(began + LEARNED_IN, until)
        since = max(parted, until - LOOKED_BACK)
        first, who = nights_of(drift.films(tx, root.id, began, parted, bundle.model_sha256), zone, at)
        recent, _ = nights_of(drift.films(tx, root.id, since, until, bundle.model_sha256), zone, at)
        found[root.id] = judge(root.path, first[root.id], recent[root.id], len(known), _most(who[root.id]), told)
    return found


def told_by(document: str) -> Mapping[str, Reference]:
    """The references of a bundle.json that was kept; none where it has none, or none that can be read."""
    try:
        return references(json.loads(document))
    except (ValueError, AttributeError):
        return {}


def _most(populations: Counter[str | None]) -> str | None:
    found = populations.most_common(1)
    return found[0][0] if found else None


def nights_of(
    films: Iterable[FilmRow], zone: ZoneInfo, at: time
) -> tuple[dict[int, Sequence[Block]], dict[int, Counter[str | None]]]:
    """The nights of each root, oldest first, and the populations of its films."""
    rows: dict[int, dict[date, list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    refused, who = Counter[tuple[int, date]](), defaultdict[int, Counter[str | None]](Counter)
    for film in films:
        night = night_of(film.arrived_at, zone, at)
        rows[film.root_id][night].append(numbers_of(film))
        refused[film.root_id, night] += film.refused
        who[film.root_id][film.population] += 1
    blocks = defaultdict[int, Sequence[Block]](list)
    for root_id, nights in rows.items():
        blocks[root_id] = [_block(night, found, refused[root_id, night]) for night, found in sorted(nights.items())]
    return blocks, who


def night_of(arrived_at: datetime, zone: ZoneInfo, at: time) -> date:
    """The date of the report that a film belongs to."""
    local = arrived_at.astimezone(zone)
    return local.date() if local.time() < at else local.date() + timedelta(days=1)


def numbers_of(film: FilmRow) -> list[float]:
    """In the order of `COLUMNS`; nan where there is none."""
    nan = float("nan")
    try:
        measured = film_statistics.read(film.measures) if film.measures else None
    except ValueError:
        measured = None
    scores = [nan if number is None else number for number in (film.logit, film.unlikeness)]
    return [*scores, *([nan] * len(film_statistics.NAMES) if measured is None else measured.numbers)]


def _block(night: date, rows: list[list[float]], refused: int) -> Block:
    table = np.asarray(rows, np.float64)
    columns = {name: table[~np.isnan(table[:, n]), n] for n, name in enumerate(COLUMNS)}
    return Block(night, night, len(rows), refused, columns)


def keep_drift(tx: Connection, found: Mapping[int, FolderDrift]) -> None:
    """Keep what was found with each folder, for `status` and metrics, which look at no films."""
    for root_id, folder in found.items():
        drift.keep(tx, root_id, json.dumps(kept(folder)))
