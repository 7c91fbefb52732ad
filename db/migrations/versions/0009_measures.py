"""What a film's picture as a whole is like: brightness, contrast, sharpness, size; drift is looked for in it.

Types are written out rather than taken from `db.types`: what a released step does never changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the columns; films of before have none, and there is no way back but the copy."""
    op.add_column("arrival", sa.Column("measures", sa.Text()))
    op.add_column("root", sa.Column("drift", sa.Text()))
