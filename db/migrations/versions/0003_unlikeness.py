"""How unlike the films that the bundle was made of a scored film is.

Types are written out rather than taken from `db.types`: what a released step does never changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; scores of before have none, and there is no way back but the copy."""
    op.add_column("result", sa.Column("unlikeness", sa.Float()))
