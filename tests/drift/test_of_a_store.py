"""Drift out of a real store: weeks of nights, a change, and a blind case whose score no figure depends on."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import insert, update

from daemon.drift.document import folder_document
from daemon.drift.gather import drift_of, keep_drift
from daemon.drift.standing import Standing
from db import results, roots, schema, studies
from db.drift import films
from db.states import State, Verdict
from db.store import Store, open_store
from models.film_statistics import FilmStatistics, written

BEGAN = datetime(2026, 9, 1, 12, tzinfo=UTC)
FILMS = 25


def fill(store: Store, nights: int, dark_from: int = 10**9) -> None:
    """A folder with so many nights of films, darker from one on; every film is a study of its own."""
    rng = np.random.default_rng(4)
    with store.write() as tx:
        root = roots.ensure_root(tx, "/in", BEGAN)
        bundle = results.ensure_bundle(
            tx, model_sha256="m", name="b", preprocessing=1, document="{}", now=BEGAN - timedelta(days=1)
        )
        for number in range(nights * FILMS):
            night, at = number // FILMS, BEGAN + timedelta(days=number // FILMS, minutes=number % FILMS)
            result = results.add(
                tx,
                content_sha256=f"{number}",
                model_sha256="m",
                preprocessing=1,
                logit=float(rng.normal()),
                map=None,
                bundle_id=bundle,
                scored_at=at,
                milliseconds=1.0,
                unlikeness=float(rng.normal()),
            )
            numbers = rng.uniform(0.3, 0.6, 9)
            numbers[0] -= 0.3 * (night >= dark_from)
            study = studies.ensure(tx, f"g{number}", at, accession=None)
            row = {
                "root_id": root.id,
                "path": f"{number}",
                "generation": 1,
                "state": State.SCORED,
                **dict.fromkeys(("size", "mtime_ns", "ctime_ns", "inode", "device"), 1),
                "sha256": f"{number}",
                "study_id": study.id,
                "result_id": result.id,
                "measures": written(FilmStatistics(*map(float, numbers))),
                "backlog": False,
                "steps": 1,
                "arrived_at": at,
                "changed_at": at,
            }
            tx.execute(insert(schema.arrival).values(row))


@pytest.fixture
def store(tmp_path: Path):
    with open_store(str(tmp_path / "t.db"), create=True) as made:
        yield made


def found(store: Store, nights: int):
    with store.read() as tx:
        [folder] = drift_of(tx, BEGAN + timedelta(days=nights), ZoneInfo("UTC"), time(6)).values()
    return folder


def test_darker_films_are_told_since_the_night_they_began_and_kept_for_status(store: Store) -> None:
    fill(store, 24, dark_from=22)
    assert found(store, 22).standing is Standing.STEADY
    folder = found(store, 24)
    assert (folder.standing, str(folder.since)) == (Standing.CHANGED, "2026-09-24")
    assert "mean" in {change["what"] for change in folder_document(folder)["changes"]}
    with store.write() as tx:
        keep_drift(tx, {1: folder})
        assert '"changed"' in (roots.get(tx, 1).drift or "")


def test_a_folder_without_films_learns(store: Store) -> None:
    with store.write() as tx:
        roots.ensure_root(tx, "/in", BEGAN)
        assert drift_of(tx, BEGAN, ZoneInfo("UTC"), time(6)) == {}  # nothing was ever scored
    fill(store, 1)
    assert found(store, 1).standing is Standing.LEARNING


def test_a_folder_that_was_added_long_after_the_model_learns_from_its_own_first_nights(store: Store) -> None:
    fill(store, 24, dark_from=22)
    with store.write() as tx:
        tx.execute(update(schema.bundle).values(first_used_at=BEGAN - timedelta(days=400)))
    assert found(store, 24).standing is Standing.CHANGED


def test_no_figure_depends_on_a_blind_score_before_its_verdict(store: Store) -> None:
    """Whatever the last night's blind film scored, the same is said; and its verdict lets it count."""
    fill(store, 22)

    def said(logit: float) -> dict[str, object]:
        with store.write() as tx:
            last = 22 * FILMS
            tx.execute(update(schema.result).where(schema.result.c.id >= last - FILMS).values(logit=logit))
        return folder_document(found(store, 22))

    plain = [said(0.0), said(50.0)]
    assert plain[0] != plain[1]
    with store.write() as tx:
        for number in range(21 * FILMS - 1, 22 * FILMS + 1):
            values = {"study_id": number, "arrival_id": number, "band": "next", "share": 1.0, "every_band": True}
            if number > 0 and number <= 22 * FILMS:
                tx.execute(insert(schema.blind_case).values(values | {"drawn_at": BEGAN}))
    assert said(0.0) == said(50.0)
    with store.write() as tx:
        for number in range(21 * FILMS - 1, 22 * FILMS + 1):
            values = {"study_id": number, "verdict": Verdict.NOT if hasattr(Verdict, "NOT") else next(iter(Verdict))}
            tx.execute(insert(schema.review).values(values | {"at": BEGAN}))
    assert said(0.0) != said(50.0)


def test_of_very_many_films_some_are_looked_at_always_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evenly over the span, and no more than the most."""
    fill(store, 4)
    span = (BEGAN, BEGAN + timedelta(days=4))

    def looked_at() -> list[datetime]:
        with store.read() as tx:
            return [row.arrived_at for row in films(tx, 1, *span, "m")]

    assert len(looked_at()) == 4 * FILMS
    monkeypatch.setattr("db.drift.MOST", 30)
    some = looked_at()
    assert some == looked_at()
    assert len(some) == 25
    assert {at.date() for at in some} == {BEGAN.date() + timedelta(days=night) for night in range(4)}
