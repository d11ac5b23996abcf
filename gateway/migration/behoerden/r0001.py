"""The register of authorities as release 0.1.0 made it."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "behoerde",
        sa.Column("kennung", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("rolle", sa.Text, nullable=False),
        sa.Column("gesperrt", sa.Boolean, nullable=False),
        sa.Column("azr_berechtigt", sa.Boolean, nullable=False),
        sa.Column("protokoll_beauftragt", sa.Boolean, nullable=False),
        sa.Column("zentrale_stelle", sa.Boolean, nullable=False),
        sa.Column("nummer", sa.Integer),
        sa.Column("trotz_sperre", sa.Boolean, nullable=False),
    )
    op.create_table(
        "behoerde_ermaechtigte",
        sa.Column("kennung", sa.Text, sa.ForeignKey("behoerde.kennung"), primary_key=True),
        sa.Column("benutzer", sa.Text, primary_key=True),
    )
    op.create_table(
        "behoerde_zertifikat",
        sa.Column("fingerprint", sa.Text, primary_key=True),
        sa.Column("kennung", sa.Text, sa.ForeignKey("behoerde.kennung"), nullable=False),
    )
    op.create_index("behoerde_zertifikat_kennung", "behoerde_zertifikat", ["kennung"])
