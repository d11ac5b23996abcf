"""The Protokoll, and what waits beside it, as release 0.1.0 made them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _bigint(name: str, *, key: bool = False, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=key, autoincrement=False, nullable=nullable)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _binary(name: str, *, key: bool = False, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, primary_key=key, nullable=nullable)


def upgrade() -> None:
    """Makes the tables."""
    _register()
    op.create_table(
        "protokoll",
        *(_bigint(name, key=True) for name in ("kette", "nummer")),
        *(_bigint(name) for name in ("gespeichert", "empfangen", "beantwortet")),
        _text("transport"),
        *(_binary(name) for name in ("anfrage_digest", "antwort_digest")),
        *(_text(name) for name in ("ergebnis", "codes")),
        *(_text(name, nullable=True) for name in ("behoerde", "fingerprint", "nachrichtentyp", "nachricht_uuid")),
        *(_binary(name, nullable=True) for name in ("nachricht_digest", "anspruch")),
        _integer("wiederholung"),
        _bigint("treffer"),
        _text("schluessel", nullable=True),
        *(_binary(name, nullable=True) for name in ("inhalt", "verweise")),
        *(_binary(name) for name in ("vorgaenger", "hash")),
        _binary("siegel", nullable=True),
    )
    op.create_index("protokoll_anspruch", "protokoll", ["anspruch"], unique=True)
    op.create_index("protokoll_gespeichert", "protokoll", ["gespeichert"])
    _waiting()


def _register() -> None:
    op.create_table(
        "protokoll_kette",
        _bigint("nr", key=True),
        _binary("kennung"),
        _bigint("begonnen"),
        _text("siegel_schluessel"),
        *(_binary(name) for name in ("vorgaenger", "hash")),
    )
    op.create_table(
        "protokoll_kopf",
        _bigint("kette", key=True),
        _bigint("nummer"),
        _binary("hash"),
        _bigint("geaendert"),
        _binary("siegel"),
    )
    op.create_table(
        "protokoll_stand",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        _binary("wurzel"),
        _bigint("ketten"),
        *(_binary(name) for name in ("hash", "siegel")),
    )


def _waiting() -> None:
    op.create_table(
        "nacharbeit",
        _binary("id", key=True),
        _bigint("faellig"),
        _integer("versuche"),
        _text("schluessel"),
        _binary("inhalt"),
    )
    op.create_index("nacharbeit_faellig", "nacharbeit", ["faellig"])
    op.create_table(
        "postausgang",
        _binary("id", key=True),
        *(_text(name) for name in ("uuid", "nachrichtentyp", "art", "empfaenger")),
        _bigint("angelegt"),
        *(_bigint(name, nullable=True) for name in ("faellig", "zugestellt")),
        _integer("versuche"),
        _text("schluessel", nullable=True),
        _binary("inhalt", nullable=True),
    )
    op.create_index("postausgang_faellig", "postausgang", ["faellig"])
