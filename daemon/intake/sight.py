"""Which roots can be seen, noted in the store: away and back, replaced, read-only, blind times, the canary."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from daemon.clock import Clock
from daemon.errors import DaemonError
from daemon.intake.listing import Listing, identity, list_root
from daemon.intake.places import Places, replacement, unmounted
from db import blind, roots
from db.mounts import places_of
from db.records import Arrival, FileStamp, Known, Root
from db.states import BLIND, RootState

LOG: Final = logging.getLogger("cxr_triage.intake")
REPLACED: Final = "mount it again; if it moved for good, run cxr-triage roots accept"


@dataclass(frozen=True, slots=True)
class View:
    """What one look at a root gave."""

    who: tuple[int, int]
    places: Mapping[str, str]
    read_only: bool
    listing: Listing


@dataclass(frozen=True, slots=True)
class Loss:
    """What is not where it was: the root itself (in words), or folders below it."""

    replaced: str | None = None
    unmounted: tuple[str, ...] = ()


def loss_of(root: Root, places: Mapping[str, str], listing: Listing, known: Iterable[Known | Arrival]) -> Loss:
    """Compare what a root lies on with what it lay on."""
    before: dict[str, str] = json.loads(root.place) if root.place else {}
    if replaced := replacement(before.get(""), places.get(""), listing, known):
        return Loss(replaced)
    return Loss(unmounted=unmounted(before, places))


class Sight:
    """Remembers what each root was like; the store knows the rest."""

    def __init__(self, places: Places, clock: Clock) -> None:
        self._places, self._clock = places, clock
        self._was_read_only: dict[int, bool] = {}
        self._too_deep: dict[int, int] = {}
        self._states: dict[int, RootState] = {}

    def view(self, root_id: int) -> View:
        """Look at a whole root.

        Raises:
            DaemonError: it cannot be listed.
        """
        watched = self._places.watched[root_id]
        who = identity(watched.path)
        return View(
            who, places_of(watched.path), _is_read_only(watched.path), list_root(watched.path, watched.selection)
        )

    def came(self, tx: Connection, root_id: int, view: View, loss: Loss) -> None:
        """Note that a root was looked at."""
        was_read_only = self._was_read_only.setdefault(root_id, view.read_only)
        if loss.replaced is not None:
            self._enter(tx, root_id, RootState.REPLACED, loss.replaced)
        elif loss.unmounted:
            self._enter(tx, root_id, RootState.REPLACED, "what was mounted below it is not")
        elif view.read_only and not was_read_only:
            self._enter(tx, root_id, RootState.READ_ONLY, "nobody can put films there any more")
        else:
            self._enter(tx, root_id, RootState.WATCHED, None)
        if loss == Loss():
            roots.set_place(tx, root_id, json.dumps(view.places) if view.places else None)
        if view.listing.canary is not None:
            self.canary(tx, root_id, view.listing.canary)
        if view.listing.too_deep and view.listing.too_deep != self._too_deep.get(root_id):
            LOG.warning(
                "folders are too deep to be looked into", extra={"root": root_id, "count": view.listing.too_deep}
            )
        self._too_deep[root_id] = view.listing.too_deep

    def went(self, tx: Connection, root_id: int, cause: str) -> None:
        """Note that a root cannot be seen."""
        self._enter(tx, root_id, RootState.AWAY, cause)

    def canary(self, tx: Connection, root_id: int, stamp: FileStamp) -> None:
        """Note what the canary looks like: a change proves that the way from a write to a row works."""
        roots.note_canary(tx, root_id, stamp.mark, self._clock.now())

    def _enter(self, tx: Connection, root_id: int, state: RootState, cause: str | None) -> None:
        now, before = self._clock.now(), self._states.get(root_id)
        if state in BLIND:
            # since it was noticed: up to a period late, as its end is, so that the length is right to within one
            blind.begin(tx, root_id, now, cause or state.value)
        elif before is None or before in BLIND:
            blind.end(tx, root_id, now)
        roots.set_root_state(tx, root_id, state, cause)
        self._states[root_id] = state
        if state is not before:
            _tell(root_id, before, state, cause)


def _tell(root_id: int, before: RootState | None, state: RootState, cause: str | None) -> None:
    match state:
        case RootState.AWAY:
            LOG.error("root cannot be seen", extra={"root": root_id, "cause": cause})
        case RootState.REPLACED:
            LOG.error("root was replaced", extra={"root": root_id, "cause": cause})
        case RootState.READ_ONLY:
            LOG.warning("root is read-only", extra={"root": root_id})
        case RootState.WATCHED if before is not None:
            LOG.info("root is back", extra={"root": root_id})


def _is_read_only(path: os.PathLike[str]) -> bool:
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False  # listing it says what is wrong


def away(cause: str, path: os.PathLike[str]) -> DaemonError:
    """The error of a root whose place something empty took."""
    return DaemonError("see folder", os.fspath(path), cause, REPLACED)
