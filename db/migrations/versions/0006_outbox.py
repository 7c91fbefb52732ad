"""What is told to somebody outside, and to whom it still has to be told.

Types are written out rather than taken from `db.types`: what a released step does never changes.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

UTC_TIME: Final = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Add the tables; there is no way back but the copy."""
    op.create_table(
        "outbox_notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("study_id", sa.Integer()),
        sa.Column("part_of", sa.Integer()),
        sa.Column("acknowledged_at", UTC_TIME),
        sa.Column("acknowledged_by", sa.Text()),
        sa.Column("escalated_at", UTC_TIME),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_outbox_notice_study_id"),
        sa.ForeignKeyConstraint(["part_of"], ["outbox_notice.id"], name="fk_outbox_notice_part_of"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_notice"),
        sa.UniqueConstraint("key", name="uq_outbox_notice_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_notice_study_id", "outbox_notice", ["study_id"])
    op.create_index("ix_outbox_notice_part_of", "outbox_notice", ["part_of"])
    op.create_table(
        "outbox_delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", UTC_TIME, nullable=False),
        sa.Column("ended_at", UTC_TIME),
        sa.Column("error", sa.Text()),
        sa.ForeignKeyConstraint(["notice_id"], ["outbox_notice.id"], name="fk_outbox_delivery_notice_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_delivery"),
        sa.UniqueConstraint(
            "notice_id", "channel", "target", "escalated", name="uq_outbox_delivery_notice_id_channel_target_escalated"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_delivery_state_ended_at", "outbox_delivery", ["state", "ended_at"])
