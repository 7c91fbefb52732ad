"""Studies whose scores are kept from readers until there is a verdict, with the chance that each was drawn by.

Types are written out rather than taken from `db.types`: what a released step does never changes.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

UTC_TIME: Final = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Add the table; there is no way back but the copy."""
    op.create_table(
        "blind_case",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("arrival_id", sa.Integer(), nullable=False),
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("every_band", sa.Boolean(), nullable=False),
        sa.Column("drawn_at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_blind_case_study_id"),
        sa.ForeignKeyConstraint(["arrival_id"], ["arrival.id"], name="fk_blind_case_arrival_id"),
        sa.PrimaryKeyConstraint("id", name="pk_blind_case"),
        sa.UniqueConstraint("study_id", name="uq_blind_case_study_id"),
    )
