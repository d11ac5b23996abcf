"""The seal's key may change: a table of the changes. None so far, so what is sealed stays as it is."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "protokoll_siegelwechsel",
        sa.Column("nr", sa.BigInteger, primary_key=True, autoincrement=False, nullable=False),
        *(sa.Column(name, sa.LargeBinary, nullable=False) for name in ("alt", "neu")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("seit", "ab_kette", "ab_loeschung")),
        *(
            sa.Column(name, sa.LargeBinary, nullable=False)
            for name in ("loeschung", "vorgaenger", "hash", "siegel_alt", "siegel_neu")
        ),
    )
