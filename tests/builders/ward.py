"""A store that fills with scored films, every word of which is a planted marker: none may get out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from builders.bundles import FIRST_THRESHOLD, tiny_document
from sqlalchemy import Connection

from db import arrivals, results, roots, studies
from db.records import Arrival, FileStamp, FilmFacts
from db.states import ReadSource, State
from models.bundle import Bundle

NOW: Final = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
MARKER: Final = "PLANTED"
FIRST: Final = FIRST_THRESHOLD + 1


@dataclass
class Ward:
    """Drops films into a store, as if the intake had scored them."""

    tx: Connection
    now: datetime
    bundle: Bundle | None = None  # that scores; None: one that no folder holds

    def film(
        self,
        number: int,
        logit: float = FIRST,
        *,
        tier: str = "tagged",
        backlog: bool = False,
        marks: str | None = None,
        at: datetime | None = None,
    ) -> Arrival:
        """A film of a study of its own."""
        at = at or self.now
        root = roots.ensure_root(self.tx, f"/srv/{MARKER}-root", at)
        model = "m" * 64 if self.bundle is None else self.bundle.model_sha256
        document: dict[str, Any] = {**(tiny_document() if self.bundle is None else self.bundle.document)}
        text = json.dumps(document, sort_keys=self.bundle is not None)
        bundle = results.ensure_bundle(self.tx, model_sha256=model, name="tiny", preprocessing=1, document=text, now=at)
        stamp = FileStamp(size=100, mtime_ns=number, ctime_ns=2, inode=number, device=4)
        path = f"{MARKER}^PATIENT-{number}.dcm"
        arrival = arrivals.add(self.tx, root.id, path, 1, stamp, at, backlog=backlog, reason="found")
        for state in (State.SETTLING, State.READY, State.RUNNING):
            arrivals.move(self.tx, arrival.id, state, at, "next")
        content = f"{number:064x}"
        result = results.add(
            self.tx,
            content_sha256=content,
            model_sha256=model,
            preprocessing=1,
            logit=logit,
            map=None,
            bundle_id=bundle,
            scored_at=at,
            milliseconds=5.0,
        )
        study = studies.ensure(self.tx, f"{MARKER}-uid-{number}", at, accession=f"{MARKER}-accession-{number}")
        facts = FilmFacts(
            format="dicom", population="adults", tier=tier, age_years=55.0, view="PA", accession=study.accession,
            study_uid=f"{MARKER}.1.{number}", instance_uid=f"{MARKER}.2.{number}", marks=marks,
        )  # fmt: skip
        return arrivals.move(
            self.tx, arrival.id, State.SCORED, at, "scored", sha256=content, study_id=study.id,
            result_id=result.id, facts=facts,
        )  # fmt: skip

    def read(self, arrival: Arrival, at: datetime) -> None:
        """Somebody reads its study."""
        assert arrival.study_id is not None
        studies.add_read(self.tx, arrival.study_id, read_at=at, now=at, source=ReadSource.COMMAND)
