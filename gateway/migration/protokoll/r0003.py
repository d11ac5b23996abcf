"""Entries by month, with an index and keys of months; claims, records of deletions and holds in tables of their own.

Chains of release 0.1.0 stay as they are, of the first kind: their entries and contents, keys and hashes. Each entry
only gets the month of its storage, by Germany's time.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_BERLIN = ZoneInfo("Europe/Berlin")

_COLUMNS = (
    *("kette", "nummer", "gespeichert", "empfangen", "beantwortet", "transport", "anfrage_digest", "antwort_digest"),
    *("ergebnis", "codes", "behoerde", "fingerprint", "nachrichtentyp", "nachricht_uuid", "nachricht_digest"),
    *("vermittlung", "anspruch", "wiederholung", "treffer", "schluessel", "inhalt", "verweise", "vorgaenger", "hash"),
    "siegel",
)


def upgrade() -> None:
    """Changes the tables, and moves the entries over month by month."""
    op.add_column("protokoll_kette", sa.Column("fassung", sa.Integer, nullable=False, server_default="1"))
    if _on_postgresql():
        op.alter_column("protokoll_kette", "fassung", server_default=None)
    op.execute("DROP INDEX protokoll_anspruch")
    op.execute("DROP INDEX protokoll_gespeichert")
    op.rename_table("protokoll", "protokoll_0_1_0")
    if _on_postgresql():
        op.execute("ALTER TABLE protokoll_0_1_0 RENAME CONSTRAINT protokoll_pkey TO protokoll_0_1_0_pkey")
    _make_entries()
    _make_others()
    op.execute(
        "INSERT INTO protokoll_anspruch SELECT anspruch, nachricht_digest FROM protokoll_0_1_0 "
        "WHERE anspruch IS NOT NULL"
    )
    _move()
    op.drop_table("protokoll_0_1_0")


def _on_postgresql() -> bool:
    return bool(op.get_bind().dialect.name == "postgresql")


def _bigint(name: str, *, key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=key, autoincrement=False, nullable=False)


def _integer(name: str, *, key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, primary_key=key, autoincrement=False, nullable=False)


def _text(name: str, *, key: bool = False, nullable: bool = False, unique: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=nullable, unique=unique)


def _binary(name: str, *, key: bool = False, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, primary_key=key, nullable=nullable)


def _make_entries() -> None:
    op.create_table(
        "protokoll",
        *(_bigint(name) for name in ("kette", "nummer", "gespeichert", "empfangen", "beantwortet")),
        _text("transport"),
        *(_binary(name) for name in ("anfrage_digest", "antwort_digest")),
        *(_text(name) for name in ("ergebnis", "codes")),
        *(_text(name, nullable=True) for name in ("behoerde", "fingerprint", "nachrichtentyp", "nachricht_uuid")),
        _binary("nachricht_digest", nullable=True),
        _text("vermittlung", nullable=True),
        _binary("anspruch", nullable=True),
        _integer("wiederholung"),
        _bigint("treffer"),
        _text("schluessel", nullable=True),
        *(_binary(name, nullable=True) for name in ("inhalt", "verzeichnis", "verweise")),
        *(_binary(name) for name in ("vorgaenger", "hash")),
        _binary("siegel", nullable=True),
        _integer("monat"),
        sa.PrimaryKeyConstraint("kette", "nummer", "monat"),
        postgresql_partition_by="LIST (monat)",
    )
    op.create_index("protokoll_gespeichert", "protokoll", ["gespeichert"])
    op.create_index("protokoll_behoerde", "protokoll", ["behoerde", "gespeichert"])


def _make_others() -> None:
    op.create_table(
        "protokoll_anspruch", _binary("anspruch", key=True), _binary("nachricht_digest"), sqlite_with_rowid=False
    )
    op.create_table(
        "protokoll_index",
        _integer("monat"),
        sa.Column("art", sa.SmallInteger, nullable=False),
        _binary("digest"),
        *(_bigint(name) for name in ("kette", "nummer")),
        sa.PrimaryKeyConstraint("monat", "art", "digest", "kette", "nummer"),
        postgresql_partition_by="LIST (monat)",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "protokoll_schluessel",
        _text("id", unique=True),
        _integer("monat", key=True),
        _text("mandant", key=True),
        _text("tresor"),
        _binary("huelle"),
    )
    op.create_table(
        "protokoll_loeschung",
        _bigint("nr", key=True),
        _integer("monat"),
        _text("regel"),
        *(_bigint(name) for name in ("geloescht", "anzahl")),
        _text("bereiche"),
        *(_binary(name) for name in ("vorgaenger", "hash", "siegel")),
    )
    op.create_table(
        "protokoll_halt",
        *(_bigint(name, key=True) for name in ("kette", "nummer")),
        _bigint("seit"),
        _text("tresor"),
        *(_binary(name) for name in ("huelle", "siegel")),
    )


def _move() -> None:
    connection = op.get_bind()
    first, last = connection.execute(sa.text("SELECT min(gespeichert), max(gespeichert) FROM protokoll_0_1_0")).one()
    if _on_postgresql():
        _partition("protokoll", 0)
    for monat, begin, end in _months(first, last) if first is not None else ():
        if _on_postgresql():
            _partition("protokoll", monat)
            _partition("protokoll_index", monat)
        names = ", ".join(_COLUMNS)
        statement = (
            f"INSERT INTO protokoll ({names}, monat) SELECT {names}, {monat:d} FROM protokoll_0_1_0 "  # noqa: S608
            "WHERE gespeichert >= :begin AND gespeichert < :end"
        )
        connection.execute(sa.text(statement), {"begin": begin, "end": end})


def _partition(table: str, monat: int) -> None:
    name = f"{table}_{monat:d}"
    op.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
    op.execute(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES IN ({monat:d})")


def _months(first: int, last: int) -> Iterator[tuple[int, int, int]]:
    """The months from one moment to another (microseconds): number, first moment, and that of the next one."""
    day = datetime.fromtimestamp(first / 1e6, UTC).astimezone(_BERLIN)
    year, month = day.year, day.month
    while (begin := _begin(year, month)) <= last:
        number = year * 100 + month
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        yield number, begin, _begin(year, month)


def _begin(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=_BERLIN).timestamp()) * 1_000_000
