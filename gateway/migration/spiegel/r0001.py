"""The mirror as release 0.1.0 made it."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WOHNUNG = (
    "gemeinde",
    "postleitzahl",
    "wohnort",
    "frueherer_gemeindename",
    "strasse",
    "hausnummer",
    "hausnummer_zusatz",
    "hausnummer_teil",
    "stockwerk",
    "zusatz",
    "inhaber",
    "unbekannt",
    "status",
    "einzug",
    "auszug",
    "aktuell",
)


def _keys(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _KEY, primary_key=True) for name in names]


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "person",
        sa.Column("id", _ID, primary_key=True, autoincrement=False),
        *(sa.Column(name, _KEY, nullable=False) for name in ("ags", "ordnungsmerkmal")),
        sa.Column("merkmal", sa.LargeBinary, nullable=False),
        *(sa.Column(name, _KEY, nullable=False) for name in ("sperre_bis", "veranlasst_bis")),
        sa.Column("datensatz", sa.Text, nullable=False),
        sa.UniqueConstraint("ags", "ordnungsmerkmal"),
        sa.UniqueConstraint("merkmal", "sperre_bis"),
    )
    blocked = sa.text("sperre_bis != ''")
    op.create_index("person_gesperrt", "person", ["ags", "sperre_bis"], postgresql_where=blocked, sqlite_where=blocked)
    op.create_table(
        "suchdatum",
        sa.Column("art", sa.SmallInteger, primary_key=True, autoincrement=False),
        *_keys("wert", "ags", "sperre_bis", "veranlasst_bis"),
        sa.Column("person_id", _ID, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_index("suchdatum_person", "suchdatum", ["person_id", "art", "wert"])
    op.create_table(
        "wohnung",
        sa.Column("person_id", _ID, primary_key=True, autoincrement=False),
        sa.Column("nummer", sa.SmallInteger, primary_key=True, autoincrement=False),
        *(sa.Column(name, _KEY, nullable=False) for name in _WOHNUNG),
        sqlite_with_rowid=False,
    )
    op.create_table("strasse", *_keys("ags", "name", "sperre_bis", "veranlasst_bis"), sqlite_with_rowid=False)
