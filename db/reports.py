"""Queries about the reports that were written: one row for each site and date."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, insert, select, update

from db import schema
from db.records import ReportRow

if TYPE_CHECKING:
    from datetime import date

r: Final = schema.report.c


def find(tx: Connection, site: str, report_date: date) -> ReportRow | None:
    """The report of a site and date."""
    row = tx.execute(select(schema.report).where(r.site == site, r.report_date == report_date)).one_or_none()
    return None if row is None else ReportRow(**row._mapping)


def upsert(tx: Connection, report: ReportRow) -> ReportRow:
    """Keep a report in place of the one of the same site and date, if there is one; the id given does not matter.

    Figures that were kept stay where the new report brings none.
    """
    values = asdict(report)
    del values["id"]
    known = find(tx, report.site, report.report_date)
    if known is not None and report.figures is None:
        values["figures"] = known.figures
    statement = insert(schema.report) if known is None else update(schema.report).where(r.id == known.id)
    row = tx.execute(statement.values(values).returning(schema.report)).one()
    return ReportRow(**row._mapping)


def figures(tx: Connection, site: str, first: date, last: date) -> dict[date, str]:
    """JSON by date, of the reports of some dates (both included) that kept any."""
    query = select(r.report_date, r.figures).where(
        r.site == site, r.report_date >= first, r.report_date <= last, r.figures.is_not(None)
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def last(tx: Connection, n: int) -> list[ReportRow]:
    """The reports of the latest dates, newest first, at most `n`."""
    query = select(schema.report).order_by(r.report_date.desc(), r.id.desc()).limit(n)
    return [ReportRow(**row._mapping) for row in tx.execute(query)]
