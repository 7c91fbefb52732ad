"""The words that the store keeps in its columns: states, verdicts, sources of reads; it imports no database."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where an arrival stands; every arrival is in exactly one of these."""

    SEEN = "seen"  # an event or a rescan observed it
    SETTLING = "settling"  # it may still be growing
    READY = "ready"  # whole, waits for a worker
    RUNNING = "running"  # with a worker
    SCORED = "scored"
    REFUSED = "refused"  # outside the intended use: nothing is wrong with the file
    FAILED = "failed"  # could not be read or scored
    DUPLICATE = "duplicate"  # its content was already handled elsewhere
    SUPERSEDED = "superseded"  # other content took its path, or a newer version of the same image came
    VANISHED = "vanished"  # gone before it was handled


PENDING: Final = frozenset({State.SEEN, State.SETTLING, State.READY, State.RUNNING})

ENDED: Final = frozenset({State.SCORED, State.REFUSED, State.FAILED})
"""The states of an image that stands in the queue or beside it."""

REJECTION_NOTE: Final = "rejection-note"
"""The code of a refused file that is no film: a note by which a sender takes films back."""

FIRST_GENERATION: Final = 1
"""Content generations of a path count from here, without gaps."""


class RootState(StrEnum):
    """Whether a watched folder is there."""

    WATCHED = "watched"
    AWAY = "away"  # it cannot be seen
    REPLACED = "replaced"  # another file system is in its place, and nothing of what lay there is on it
    READ_ONLY = "read-only"  # nobody can put films there any more


BLIND: Final = frozenset({RootState.AWAY, RootState.REPLACED})
"""The states of a root whose films cannot be seen."""


class ExpectedKind(StrEnum):
    """How a list of the RIS names a film."""

    ACCESSION = "accession"
    FILE = "file"


class Verdict(StrEnum):
    """What a reader says of a study."""

    PNEUMONIA = "pneumonia"
    NOT = "not"
    UNSURE = "unsure"
    UNUSABLE = "unusable"


class ReadSource(StrEnum):
    """Where the store knows from that a study was read."""

    COMMAND = "command"
    CSV = "csv"
    VERDICT = "verdict"
    REMOVED = "removed"  # its files were taken away, where a folder's owner says that this means read
    EXPIRED = "expired"  # nobody ever said so, and nobody is expected to


UNREAD: Final = frozenset({ReadSource.EXPIRED})
"""Events that take a study out of the queue without a reader."""


class UrgencySource(StrEnum):
    """Who asked for an urgency."""

    COMMAND = "command"
    CSV = "csv"


class RunKind(StrEnum):
    """Which command took films in."""

    SCAN = "scan"
    WATCH = "watch"


class NoticeKind(StrEnum):
    """What somebody outside is told."""

    REPORT = "report"  # the nightly report was written
    URGENT = "urgent"  # a study of the band `first` came
    DIGEST = "digest"  # so many more of them came than are told of one by one
    HEARTBEAT = "heartbeat"  # the way out still works


class Channel(StrEnum):
    """How it is told."""

    MAIL = "mail"
    WEBHOOK = "webhook"


class DeliveryState(StrEnum):
    """Where the telling of one notice to one receiver stands."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"  # given up
