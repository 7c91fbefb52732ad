"""What a film's tags were believed in, what it was marked with, and what its sender took back.

Types are written out rather than taken from `db.types`: what a released step does never changes.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

UTC_TIME: Final = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Add the columns and the table; there is no way back but the copy."""
    op.add_column("arrival", sa.Column("believed", sa.Text()))
    op.add_column("arrival", sa.Column("marks", sa.Text()))
    op.add_column("arrival", sa.Column("urgency", sa.Text()))
    op.add_column("arrival", sa.Column("withdrawn_at", UTC_TIME))
    op.add_column("arrival", sa.Column("withdrawn_by", sa.Integer()))
    op.create_index("ix_arrival_superseded_by", "arrival", ["superseded_by"])
    op.create_table(
        "withdrawal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("note_id", sa.Integer(), nullable=False),
        sa.Column("instance_uid", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(["note_id"], ["arrival.id"], name="fk_withdrawal_note_id"),
        sa.PrimaryKeyConstraint("id", name="pk_withdrawal"),
    )
    op.create_index("ix_withdrawal_note_id", "withdrawal", ["note_id"])
    op.create_index("ix_withdrawal_instance_uid", "withdrawal", ["instance_uid"])
