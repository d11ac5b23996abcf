"""An entry says what was asked of other Laender. The old entries stay as they are, and so do their hashes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds the column."""
    op.add_column("protokoll", sa.Column("vermittlung", sa.Text))
