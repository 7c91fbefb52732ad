"""What is known of a root beyond its path, the times in which it could not be seen, and lists of what was expected.

Types are written out rather than taken from `db.types`: what a released step does never changes.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

UTC_TIME: Final = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Add the columns and tables; there is no way back but the copy."""
    _roots()
    _reconciliations()


def _roots() -> None:
    op.add_column("root", sa.Column("selection", sa.Text()))
    op.add_column("root", sa.Column("place", sa.Text()))
    op.add_column("root", sa.Column("newest_ctime_ns", sa.BigInteger()))
    op.add_column("root", sa.Column("events", sa.Boolean()))
    op.add_column("root", sa.Column("canary_stamp", sa.Text()))
    op.add_column("root", sa.Column("canary_seen_at", UTC_TIME))
    op.add_column("root", sa.Column("retired_at", UTC_TIME))
    op.create_table(
        "blind_span",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("root_id", sa.Integer(), nullable=False),
        sa.Column("began_at", UTC_TIME, nullable=False),
        sa.Column("ended_at", UTC_TIME),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["root_id"], ["root.id"], name="fk_blind_span_root_id"),
        sa.PrimaryKeyConstraint("id", name="pk_blind_span"),
    )
    op.create_index("ix_blind_span_root_id", "blind_span", ["root_id"])


def _reconciliations() -> None:
    op.create_table(
        "reconciliation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("first_expected_at", UTC_TIME),
        sa.Column("last_expected_at", UTC_TIME),
        sa.PrimaryKeyConstraint("id", name="pk_reconciliation"),
    )
    op.create_table(
        "expected_film",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reconciliation_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("expected_at", UTC_TIME),
        sa.ForeignKeyConstraint(
            ["reconciliation_id"], ["reconciliation.id"], name="fk_expected_film_reconciliation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_expected_film"),
    )
    op.create_index("ix_expected_film_reconciliation_id", "expected_film", ["reconciliation_id"])
