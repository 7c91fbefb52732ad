"""Compares what the store says in several places, so that a row that was lost or changed behind its back is named.

Arrivals, their history, results and the links between them are each read as they are; nothing is taken from a sum.
What the folders hold is not known here: whoever walks them compares that.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Select, and_, exists, func, not_, or_, select

from db import schema
from db.records import Discrepancy
from db.states import ENDED, FIRST_GENERATION, State

if TYPE_CHECKING:
    from collections.abc import Iterator

a: Final = schema.arrival.c
h: Final = schema.history.c
r: Final = schema.result.c
root: Final = schema.root.c


def consistency(tx: Connection) -> list[Discrepancy]:
    """Everything in the store that does not hold together; an empty list when all does."""
    return [found for check in CHECKS for found in check(tx)]


def _of_arrivals(*more: Any) -> Select[Any]:
    """Arrivals with the path of their root, which may be gone itself."""
    columns = (a.id.label("arrival_id"), root.path.label("folder"), a.path.label("file"), *more)
    return select(*columns).select_from(schema.arrival.outerjoin(schema.root, root.id == a.root_id)).order_by(a.id)


def _subject(row: Any) -> str:
    """The absolute path, as far as it is known."""
    return str(row.file) if row.folder is None else os.path.join(row.folder, row.file)  # noqa: PTH118


def _missing_roots(tx: Connection) -> Iterator[Discrepancy]:
    for row in tx.execute(_of_arrivals().where(root.id.is_(None))):
        yield Discrepancy("root-missing", _subject(row), f"arrival {row.arrival_id} lies in a root that is gone")


def _history(tx: Connection) -> Iterator[Discrepancy]:
    """Each line continues the one before it: its number follows, and it leaves the state that was reached."""
    within: dict[str, Any] = {"partition_by": h.arrival_id, "order_by": h.sequence}
    previous = func.lag(h.sequence).over(**within).label("previous")
    came = func.lag(h.to_state, type_=h.to_state.type).over(**within).label("reached")
    lines = select(h.arrival_id, h.sequence, h.from_state, h.to_state, previous, came).subquery("line")
    line = lines.c
    gap = line.sequence != func.coalesce(line.previous, 0) + 1
    broken = line.from_state.is_distinct_from(line.reached)
    born = and_(line.sequence == 1, line.to_state != State.SEEN)
    query = (
        _of_arrivals(line.sequence, line.previous, line.reached, line.from_state, line.to_state)
        .join(lines, line.arrival_id == a.id)
        .where(or_(gap, broken, born))
        .order_by(line.sequence)
    )
    for row in tx.execute(query):
        before = row.previous or 0
        if row.sequence != before + 1:
            gone = f"line {before + 1}" if row.sequence == before + 2 else f"lines {before + 1} to {row.sequence - 1}"
            yield Discrepancy(
                "history-gap", _subject(row), f"{gone} of the history of arrival {row.arrival_id} is missing"
            )
        elif row.from_state != row.reached:
            text = f"line {row.sequence} of arrival {row.arrival_id} leaves {row.from_state}, not {row.reached}"
            yield Discrepancy("history-broken", _subject(row), text)
        else:
            text = f"the history of arrival {row.arrival_id} begins with {row.to_state}, not with seen"
            yield Discrepancy("history-broken", _subject(row), text)


def _history_ends(tx: Connection) -> Iterator[Discrepancy]:
    """The last line is the one the arrival counts up to, and reached the state it is in."""
    last = select(h.arrival_id, func.max(h.sequence).label("sequence")).group_by(h.arrival_id).subquery("last")
    query = (
        _of_arrivals(a.state, a.steps, last.c.sequence, h.to_state)
        .outerjoin(last, last.c.arrival_id == a.id)
        .outerjoin(schema.history, and_(h.arrival_id == a.id, h.sequence == last.c.sequence))
        .where(or_(h.id.is_(None), a.steps != last.c.sequence, a.state != h.to_state))
    )
    for row in tx.execute(query):
        if row.sequence is None:
            yield Discrepancy("history-missing", _subject(row), f"arrival {row.arrival_id} has no history")
        elif row.steps > row.sequence:
            text = f"the history of arrival {row.arrival_id} ends with line {row.sequence} of {row.steps}"
            yield Discrepancy("history-gap", _subject(row), text)
        elif row.steps < row.sequence:
            text = f"the history of arrival {row.arrival_id} has {row.sequence} lines, {row.steps} were written"
            yield Discrepancy("history-broken", _subject(row), text)
        else:
            text = f"arrival {row.arrival_id} is {row.state}, but its history ends with {row.to_state}"
            yield Discrepancy("state-differs", _subject(row), text)


def _lost_arrivals(tx: Connection) -> Iterator[Discrepancy]:
    """History and links that name an arrival that is gone."""
    known = exists().where(a.id == h.arrival_id)
    query = (
        select(h.arrival_id, func.count().label("lines"))
        .where(not_(known))
        .group_by(h.arrival_id)
        .order_by(h.arrival_id)
    )
    for row in tx.execute(query):
        text = f"it is gone, but {row.lines} lines of its history are there"
        yield Discrepancy("arrival-missing", f"arrival {row.arrival_id}", text)


def _scores(tx: Connection) -> Iterator[Discrepancy]:
    """A scored arrival has a result, and it is of its content; only a scored one needs one."""
    query = (
        _of_arrivals(a.state, a.result_id, r.id.label("found"))
        .outerjoin(schema.result, r.id == a.result_id)
        .where(
            or_(
                and_(a.state == State.SCORED, a.result_id.is_(None)),
                and_(a.result_id.is_not(None), r.id.is_(None)),
                and_(r.id.is_not(None), r.content_sha256.is_distinct_from(a.sha256)),
            )
        )
    )
    for row in tx.execute(query):
        if row.result_id is None:
            yield Discrepancy("result-missing", _subject(row), f"arrival {row.arrival_id} is scored, but has no result")
        elif row.found is None:
            text = f"result {row.result_id} of arrival {row.arrival_id} is gone"
            yield Discrepancy("result-missing", _subject(row), text)
        else:
            text = f"result {row.result_id} of arrival {row.arrival_id} is of other content"
            yield Discrepancy("result-differs", _subject(row), text)


def _unused_results(tx: Connection) -> Iterator[Discrepancy]:
    query = select(r.id, r.content_sha256).where(not_(exists().where(a.result_id == r.id))).order_by(r.id)
    for row in tx.execute(query):
        text = f"no arrival has this result (content {row.content_sha256[:12]})"
        yield Discrepancy("result-unused", f"result {row.id}", text)


def _duplicates(tx: Connection) -> Iterator[Discrepancy]:
    other = schema.arrival.alias("original")
    query = (
        _of_arrivals(a.duplicate_of, other.c.id.label("found"))
        .outerjoin(other, other.c.id == a.duplicate_of)
        .where(
            or_(
                and_(a.state == State.DUPLICATE, a.duplicate_of.is_(None)),
                and_(a.duplicate_of.is_not(None), other.c.id.is_(None)),
                and_(other.c.id.is_not(None), other.c.sha256.is_distinct_from(a.sha256)),
                other.c.id == a.id,
            )
        )
    )
    for row in tx.execute(query):
        if row.found is None:
            of = "names no original" if row.duplicate_of is None else f"names arrival {row.duplicate_of}, which is gone"
            text = f"arrival {row.arrival_id} is a duplicate, but {of}"
            yield Discrepancy("duplicate-of-nothing", _subject(row), text)
        else:
            text = f"arrival {row.arrival_id} is no duplicate of arrival {row.duplicate_of}: the content differs"
            yield Discrepancy("duplicate-differs", _subject(row), text)


def _superseded(tx: Connection) -> Iterator[Discrepancy]:
    later = schema.arrival.alias("later")
    of_path = and_(later.c.root_id == a.root_id, later.c.path == a.path, later.c.generation > a.generation)
    both_kept_alike = func.substr(a.instance_uid, 1, 1) == func.substr(later.c.instance_uid, 1, 1)
    of_image = and_(  # a hash and a clear spelling of one UID can only be compared by who has the key
        later.c.study_id == a.study_id,
        later.c.instance_uid.is_not(None),
        a.instance_uid.is_not(None),
        or_(later.c.instance_uid == a.instance_uid, not_(both_kept_alike)),
        later.c.id != a.id,
    )
    follows = and_(later.c.id == a.superseded_by, or_(of_path, of_image))
    query = (
        _of_arrivals(a.superseded_by)
        .outerjoin(later, follows)
        .where(later.c.id.is_(None), or_(a.state == State.SUPERSEDED, a.superseded_by.is_not(None)))
    )
    for row in tx.execute(query):
        by = f"arrival {row.superseded_by}" if row.superseded_by is not None else "nothing"
        what = "neither later content of its path nor another version of the image"
        text = f"arrival {row.arrival_id} is superseded by {by}, which is {what}"
        yield Discrepancy("superseded-by-nothing", _subject(row), text)


def _generations(tx: Connection) -> Iterator[Discrepancy]:
    within: dict[str, Any] = {"partition_by": (a.root_id, a.path), "order_by": a.generation}
    previous = func.lag(a.generation).over(**within).label("previous")
    counted = select(a.id, a.generation, previous).subquery("counted")
    c = counted.c
    query = (
        _of_arrivals(c.generation, c.previous)
        .join(counted, c.id == a.id)
        .where(c.generation != func.coalesce(c.previous, FIRST_GENERATION - 1) + 1)
    )
    for row in tx.execute(query):
        text = f"content {row.generation} of this path follows {row.previous or 'nothing'}: one in between is gone"
        yield Discrepancy("generation-gap", _subject(row), text)


def _without_study(tx: Connection) -> Iterator[Discrepancy]:
    """An image that came to an end stands in the queue, or beside it, through its study."""
    study = schema.study.c
    query = (
        _of_arrivals(a.state)
        .outerjoin(schema.study, study.id == a.study_id)
        .where(a.state.in_(sorted(ENDED)), study.id.is_(None))
    )
    for row in tx.execute(query):
        text = f"arrival {row.arrival_id} is {row.state}, but belongs to no study: no queue shows it"
        yield Discrepancy("study-missing", _subject(row), text)


def _withdrawals(tx: Connection) -> Iterator[Discrepancy]:
    """An image that was taken back names the note that did it, which is one and of the image's study."""
    note = schema.arrival.alias("note").c
    said = exists().where(schema.withdrawal.c.note_id == note.id)
    query = (
        _of_arrivals(a.withdrawn_by)
        .outerjoin(note.id.table, and_(note.id == a.withdrawn_by, note.study_id == a.study_id, said))
        .where(or_(a.withdrawn_at.is_not(None), a.withdrawn_by.is_not(None)))
        .where(or_(a.withdrawn_at.is_(None), note.id.is_(None)))
    )
    for row in tx.execute(query):
        by = f"arrival {row.withdrawn_by}" if row.withdrawn_by is not None else "nothing"
        text = f"arrival {row.arrival_id} was taken back by {by}, which is no note of its study or gives no time"
        yield Discrepancy("withdrawn-by-nothing", _subject(row), text)


CHECKS: Final = (
    _missing_roots,
    _lost_arrivals,
    _history,
    _history_ends,
    _scores,
    _unused_results,
    _duplicates,
    _superseded,
    _withdrawals,
    _generations,
    _without_study,
)
