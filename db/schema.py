"""The tables, as this version has them; `db/migrations` leads there, and a test holds the two together."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
)

from db.states import (
    Channel,
    DeliveryState,
    ExpectedKind,
    NoticeKind,
    ReadSource,
    RootState,
    RunKind,
    State,
    UrgencySource,
    Verdict,
)
from db.types import FilePath, SafeText, Signed64, UtcDateTime, WordOf

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010")
"""Every revision that a released version wrote, oldest first; the last is this version's."""

metadata = MetaData(
    naming_convention={  # every constraint has a name, so that a later migration can drop it
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

root = Table(
    "root",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", FilePath, nullable=False, unique=True),  # absolute
    Column("added_at", UtcDateTime, nullable=False),
    Column("first_scanned_at", UtcDateTime),
    Column("rescan_started_at", UtcDateTime),
    Column("rescan_ended_at", UtcDateTime),
    Column("state", WordOf(RootState), nullable=False),
    Column("message", SafeText),
    Column("selection", SafeText),  # JSON: which of the files under it are films; None: all but temporary ones
    Column("place", SafeText),  # the file system that it lay on, and where in it
    Column("newest_ctime_ns", Signed64),  # of what the last rescan saw, by the clock of the host that keeps the files
    Column("events", Boolean),  # whether the kernel tells of changes; None while nobody watches
    Column("canary_stamp", SafeText),
    Column("canary_seen_at", UtcDateTime),
    Column("retired_at", UtcDateTime),  # nobody is to look for it any more
    Column("drift", SafeText),  # JSON: what the last report found out about its films; None: nothing yet
)

blind_span = Table(
    "blind_span",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("root_id", ForeignKey("root.id"), nullable=False, index=True),
    Column("began_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("cause", SafeText, nullable=False),
)

bundle = Table(
    "bundle",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model_sha256", SafeText, nullable=False),
    Column("name", SafeText, nullable=False),
    Column("preprocessing", Integer, nullable=False),
    Column("document", SafeText, nullable=False),  # bundle.json as it was
    Column("document_sha256", SafeText, nullable=False),
    Column("first_used_at", UtcDateTime, nullable=False),
    UniqueConstraint("model_sha256", "name", "document_sha256"),
)

result = Table(
    "result",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("content_sha256", SafeText, nullable=False),
    Column("model_sha256", SafeText, nullable=False),
    Column("preprocessing", Integer, nullable=False),
    Column("logit", Float, nullable=False),
    Column("map", LargeBinary),
    Column("bundle_id", ForeignKey("bundle.id"), nullable=False),
    Column("scored_at", UtcDateTime, nullable=False),
    Column("milliseconds", Float, nullable=False),
    Column("unlikeness", Float),
    UniqueConstraint("content_sha256", "model_sha256", "preprocessing"),
)

study = Table(
    "study",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", SafeText, nullable=False, unique=True),
    Column("group_key", SafeText, nullable=False, unique=True),
    Column("accession", SafeText, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("requested_urgency", SafeText, nullable=False, server_default="routine"),
    sqlite_autoincrement=True,  # a key that a person wrote down never comes to mean another study
)

arrival = Table(
    "arrival",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("root_id", ForeignKey("root.id"), nullable=False),
    Column("path", FilePath, nullable=False),  # relative to the root
    Column("generation", Integer, nullable=False),
    Column("state", WordOf(State), nullable=False),
    Column("code", SafeText),
    Column("message", SafeText),
    Column("size", Signed64, nullable=False),
    Column("mtime_ns", Signed64, nullable=False),
    Column("ctime_ns", Signed64, nullable=False),
    Column("inode", Signed64, nullable=False),
    Column("device", Signed64, nullable=False),
    Column("sha256", SafeText, index=True),
    Column("study_id", ForeignKey("study.id")),
    Column("result_id", ForeignKey("result.id"), index=True),
    Column("duplicate_of", ForeignKey("arrival.id"), index=True),
    Column("superseded_by", ForeignKey("arrival.id"), index=True),
    Column("format", SafeText),
    Column("population", SafeText),
    Column("tier", SafeText),
    Column("age_years", Float),
    Column("view", SafeText),
    Column("body_part", SafeText),
    Column("modality", SafeText),
    Column("accession", SafeText),
    Column("study_uid", SafeText),
    Column("instance_uid", SafeText),
    Column("acquired_at", SafeText),
    Column("believed", SafeText),  # which of age, view and modality the file says, separated by blanks
    Column("marks", SafeText),  # codes of findings that the site lets pass with a mark, separated by blanks
    Column("urgency", SafeText),  # that the request asks for
    Column("measures", SafeText),  # of the picture as a whole: what drift is looked for in
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", UtcDateTime),
    Column("backlog", Boolean, nullable=False),
    Column("steps", Integer, nullable=False),  # lines in its history: the loss of the last one would not show otherwise
    Column("arrived_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("removed_at", UtcDateTime),
    Column("withdrawn_at", UtcDateTime),  # its sender took it back
    Column("withdrawn_by", Integer),  # the arrival of the note that says so
    UniqueConstraint("root_id", "path", "generation"),  # its index also serves look-ups by root and path
    CheckConstraint("generation >= 1", name="generation"),
    Index(None, "state", "arrived_at"),  # a claim of a few stops early, whatever waits behind them
    Index(None, "study_id", "arrived_at"),
    sqlite_autoincrement=True,  # logs and history name arrivals by id, also deleted ones
)

withdrawal = Table(
    "withdrawal",  # an image that its sender took back, by a note that may come before the image
    metadata,
    Column("id", Integer, primary_key=True),
    Column("note_id", ForeignKey("arrival.id"), nullable=False, index=True),
    Column("instance_uid", SafeText, nullable=False, index=True),  # always as a keyed hash
    Column("reason", SafeText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

history = Table(
    "history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("arrival_id", ForeignKey("arrival.id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("from_state", WordOf(State)),
    Column("to_state", WordOf(State), nullable=False),
    Column("reason", SafeText, nullable=False),
    UniqueConstraint("arrival_id", "sequence"),
    sqlite_autoincrement=True,
)

read_event = Table(
    "read_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study_id", ForeignKey("study.id"), nullable=False),
    Column("read_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("source", WordOf(ReadSource), nullable=False),
    Column("by", SafeText),
    Index(None, "study_id", "recorded_at"),
)

urgency_event = Table(
    "urgency_event",  # what people asked for; what an image asks for stands with its arrival
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study_id", ForeignKey("study.id"), nullable=False, index=True),
    Column("urgency", SafeText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("source", WordOf(UrgencySource), nullable=False),
    Column("by", SafeText),
)

read_import = Table(
    "read_import",  # a table of reads that the RIS exported, taken in by the daemon
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("source", FilePath, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("marked", Integer, nullable=False),  # studies that it newly marked as read
    Column("unknown", Integer, nullable=False),  # rows that name nothing that was seen
    Column("faults", SafeText, nullable=False),  # malformed rows, a line each: where and why, never what stands in them
)

review = Table(
    "review",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study_id", ForeignKey("study.id"), nullable=False, index=True),
    Column("verdict", WordOf(Verdict), nullable=False),
    Column("by", SafeText),
    Column("note", SafeText),
    Column("at", UtcDateTime, nullable=False),
)

blind_case = Table(
    "blind_case",  # a study whose score nobody is shown before there is a verdict
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study_id", ForeignKey("study.id"), nullable=False, unique=True),
    Column("arrival_id", ForeignKey("arrival.id"), nullable=False),  # whose score it was drawn by
    Column("band", SafeText, nullable=False),
    Column("share", Float, nullable=False),  # the chance that a study of this band was drawn by
    Column("every_band", Boolean, nullable=False),  # whether studies of the other bands could be drawn then, too
    Column("drawn_at", UtcDateTime, nullable=False),
)

acceptance = Table(
    "acceptance",  # a bundle judged on the site's own films, for one population
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bundle", SafeText, nullable=False),  # its name
    Column("model_sha256", SafeText, nullable=False),
    Column("document_sha256", SafeText, nullable=False),
    Column("population", SafeText, nullable=False),
    Column("accepted", Boolean, nullable=False),  # by the rule
    Column("at", UtcDateTime, nullable=False),
    Column("by", SafeText, nullable=False),
    Column("source", SafeText, nullable=False),  # of the films: a folder, or the verdicts of the site's readers
    Column("counts", SafeText, nullable=False),  # JSON
    Column("figures", SafeText, nullable=False),  # JSON
    Column("points", SafeText),  # JSON: the point as it was refitted; None: the bundle's own
    Column("revoked_at", UtcDateTime),
    Column("revoked_by", SafeText),
    sqlite_autoincrement=True,  # people call a judgement by its number
)

report = Table(
    "report",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site", SafeText, nullable=False),
    Column("report_date", Date, nullable=False),
    Column("window_start", UtcDateTime, nullable=False),
    Column("window_end", UtcDateTime, nullable=False),
    Column("scheduled_at", UtcDateTime),
    Column("written_at", UtcDateTime, nullable=False),
    Column("folder", FilePath),
    Column("formats", SafeText, nullable=False),
    Column("figures", SafeText),  # JSON: what the report of the schedule counted; those that people ask for keep none
    UniqueConstraint("site", "report_date"),
)

daemon_run = Table(
    "daemon_run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", WordOf(RunKind), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("host", SafeText, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("heartbeat_at", UtcDateTime, nullable=False),
    Column("stopped_at", UtcDateTime),
    Column("bundle_id", ForeignKey("bundle.id")),
)

reconciliation = Table(
    "reconciliation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("source", FilePath, nullable=False),  # the name of the file that the RIS exported
    Column("expected", Integer, nullable=False),
    Column("first_expected_at", UtcDateTime),
    Column("last_expected_at", UtcDateTime),
)

expected_film = Table(
    "expected_film",  # what a reconciliation did not find; what comes later is found when somebody asks
    metadata,
    Column("id", Integer, primary_key=True),
    Column("reconciliation_id", ForeignKey("reconciliation.id"), nullable=False, index=True),
    Column("kind", WordOf(ExpectedKind), nullable=False),
    Column("key", SafeText, nullable=False),  # an accession or a file name
    Column("expected_at", UtcDateTime),
)

outbox_notice = Table(
    "outbox_notice",  # what is told; counts and a link only, so that no patient's data can leave by it
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", WordOf(NoticeKind), nullable=False),
    Column("key", SafeText, nullable=False, unique=True),  # what it is about: the same is never told twice
    Column("payload", SafeText, nullable=False),  # JSON
    Column("created_at", UtcDateTime, nullable=False),
    Column("study_id", ForeignKey("study.id"), index=True),  # of an urgent one; it is not sent
    Column("part_of", ForeignKey("outbox_notice.id"), index=True),  # the digest that tells of it
    Column("acknowledged_at", UtcDateTime),
    Column("acknowledged_by", SafeText),
    Column("escalated_at", UtcDateTime),
    sqlite_autoincrement=True,  # people acknowledge by number
)

outbox_delivery = Table(
    "outbox_delivery",  # one notice to one receiver
    metadata,
    Column("id", Integer, primary_key=True),
    Column("notice_id", ForeignKey("outbox_notice.id"), nullable=False),
    Column("channel", WordOf(Channel), nullable=False),
    Column("target", SafeText, nullable=False),  # which receiver of the configuration, as a digest of the address
    Column("escalated", Boolean, nullable=False),  # told because nobody acknowledged
    Column("state", WordOf(DeliveryState), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("error", SafeText),  # the code of the last failure: no address, nothing that a server said
    UniqueConstraint("notice_id", "channel", "target", "escalated"),
    Index(None, "state", "ended_at"),
    sqlite_autoincrement=True,
)
