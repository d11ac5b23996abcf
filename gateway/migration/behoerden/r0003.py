"""Readers of the Protokoll, and requests to read it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds tables; nobody is a reader yet."""
    keys = (sa.Column(name, sa.Text, primary_key=True) for name in ("wer", "mandant"))
    op.create_table("protokoll_leser", *keys)
    op.create_table(
        "protokoll_einsichtsantrag",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("wer", "mandant", "zweck", "referenz", "gestellt")),
        *(sa.Column(name, sa.Text) for name in ("bestaetigt", "bestaetigt_von")),
    )
