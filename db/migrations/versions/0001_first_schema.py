"""The first schema: roots, bundles, results, studies, arrivals with their history, reads, reviews, reports, runs.

Types are written out rather than taken from `db.types`: what a released step does never changes.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

UTC_TIME: Final = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Make every table; there is no way back but the copy."""
    _scores()
    _films()
    _reading()
    _work()


def _scores() -> None:
    op.create_table(
        "bundle",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model_sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("preprocessing", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("document_sha256", sa.Text(), nullable=False),
        sa.Column("first_used_at", UTC_TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bundle"),
        sa.UniqueConstraint(
            "model_sha256", "name", "document_sha256", name="uq_bundle_model_sha256_name_document_sha256"
        ),
    )
    op.create_table(
        "result",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("model_sha256", sa.Text(), nullable=False),
        sa.Column("preprocessing", sa.Integer(), nullable=False),
        sa.Column("logit", sa.Float(), nullable=False),
        sa.Column("map", sa.LargeBinary()),
        sa.Column("bundle_id", sa.Integer(), nullable=False),
        sa.Column("scored_at", UTC_TIME, nullable=False),
        sa.Column("milliseconds", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["bundle_id"], ["bundle.id"], name="fk_result_bundle_id"),
        sa.PrimaryKeyConstraint("id", name="pk_result"),
        sa.UniqueConstraint(
            "content_sha256",
            "model_sha256",
            "preprocessing",
            name="uq_result_content_sha256_model_sha256_preprocessing",
        ),
    )


def _films() -> None:
    op.create_table(
        "root",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", UTC_TIME, nullable=False),
        sa.Column("first_scanned_at", UTC_TIME),
        sa.Column("rescan_started_at", UTC_TIME),
        sa.Column("rescan_ended_at", UTC_TIME),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("message", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_root"),
        sa.UniqueConstraint("path", name="uq_root_path"),
    )
    op.create_table(
        "study",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("accession", sa.Text()),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("requested_urgency", sa.Text(), server_default="routine", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_study"),
        sa.UniqueConstraint("group_key", name="uq_study_group_key"),
        sa.UniqueConstraint("key", name="uq_study_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_study_accession", "study", ["accession"])
    op.create_table(
        "arrival",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("root_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text()),
        sa.Column("message", sa.Text()),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("ctime_ns", sa.BigInteger(), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text()),
        sa.Column("study_id", sa.Integer()),
        sa.Column("result_id", sa.Integer()),
        sa.Column("duplicate_of", sa.Integer()),
        sa.Column("superseded_by", sa.Integer()),
        sa.Column("format", sa.Text()),
        sa.Column("population", sa.Text()),
        sa.Column("tier", sa.Text()),
        sa.Column("age_years", sa.Float()),
        sa.Column("view", sa.Text()),
        sa.Column("body_part", sa.Text()),
        sa.Column("modality", sa.Text()),
        sa.Column("accession", sa.Text()),
        sa.Column("study_uid", sa.Text()),
        sa.Column("instance_uid", sa.Text()),
        sa.Column("acquired_at", sa.Text()),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", UTC_TIME),
        sa.Column("backlog", sa.Boolean(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("arrived_at", UTC_TIME, nullable=False),
        sa.Column("changed_at", UTC_TIME, nullable=False),
        sa.Column("removed_at", UTC_TIME),
        sa.CheckConstraint("generation >= 1", name="ck_arrival_generation"),
        sa.ForeignKeyConstraint(["duplicate_of"], ["arrival.id"], name="fk_arrival_duplicate_of"),
        sa.ForeignKeyConstraint(["result_id"], ["result.id"], name="fk_arrival_result_id"),
        sa.ForeignKeyConstraint(["root_id"], ["root.id"], name="fk_arrival_root_id"),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_arrival_study_id"),
        sa.ForeignKeyConstraint(["superseded_by"], ["arrival.id"], name="fk_arrival_superseded_by"),
        sa.PrimaryKeyConstraint("id", name="pk_arrival"),
        sa.UniqueConstraint("root_id", "path", "generation", name="uq_arrival_root_id_path_generation"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_arrival_duplicate_of", "arrival", ["duplicate_of"])
    op.create_index("ix_arrival_result_id", "arrival", ["result_id"])
    op.create_index("ix_arrival_sha256", "arrival", ["sha256"])
    op.create_index("ix_arrival_state_arrived_at", "arrival", ["state", "arrived_at"])
    op.create_index("ix_arrival_study_id_arrived_at", "arrival", ["study_id", "arrived_at"])
    op.create_table(
        "history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("arrival_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.Column("from_state", sa.Text()),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["arrival_id"], ["arrival.id"], name="fk_history_arrival_id"),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
        sa.UniqueConstraint("arrival_id", "sequence", name="uq_history_arrival_id_sequence"),
        sqlite_autoincrement=True,
    )


def _reading() -> None:
    op.create_table(
        "read_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("read_at", UTC_TIME, nullable=False),
        sa.Column("recorded_at", UTC_TIME, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("by", sa.Text()),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_read_event_study_id"),
        sa.PrimaryKeyConstraint("id", name="pk_read_event"),
    )
    op.create_index("ix_read_event_study_id_recorded_at", "read_event", ["study_id", "recorded_at"])
    op.create_table(
        "review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("by", sa.Text()),
        sa.Column("note", sa.Text()),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_review_study_id"),
        sa.PrimaryKeyConstraint("id", name="pk_review"),
    )
    op.create_index("ix_review_study_id", "review", ["study_id"])


def _work() -> None:
    op.create_table(
        "report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("report_date", sa.Date(), nullable=False),
        sa.Column("window_start", UTC_TIME, nullable=False),
        sa.Column("window_end", UTC_TIME, nullable=False),
        sa.Column("scheduled_at", UTC_TIME),
        sa.Column("written_at", UTC_TIME, nullable=False),
        sa.Column("folder", sa.LargeBinary()),
        sa.Column("formats", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
        sa.UniqueConstraint("site", "report_date", name="uq_report_site_report_date"),
    )
    op.create_table(
        "daemon_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("started_at", UTC_TIME, nullable=False),
        sa.Column("heartbeat_at", UTC_TIME, nullable=False),
        sa.Column("stopped_at", UTC_TIME),
        sa.Column("bundle_id", sa.Integer()),
        sa.ForeignKeyConstraint(["bundle_id"], ["bundle.id"], name="fk_daemon_run_bundle_id"),
        sa.PrimaryKeyConstraint("id", name="pk_daemon_run"),
    )
