"""Urgency that people ask for, and tables of reads that the daemon takes from the RIS.

Types are written out rather than taken from `db.types`: what a released step does never changes.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

UTC_TIME: Final = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Add the tables; there is no way back but the copy."""
    op.create_table(
        "urgency_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("by", sa.Text()),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_urgency_event_study_id"),
        sa.PrimaryKeyConstraint("id", name="pk_urgency_event"),
    )
    op.create_index("ix_urgency_event_study_id", "urgency_event", ["study_id"])
    op.create_table(
        "read_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("marked", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("faults", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_read_import"),
    )
