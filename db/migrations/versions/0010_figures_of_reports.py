"""A few numbers of each nightly report, by which the next ones show how nights went.

Types are written out rather than taken from `db.types`: what a released step does never changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column; reports of before have none, and there is no way back but the copy."""
    op.add_column("report", sa.Column("figures", sa.Text()))
