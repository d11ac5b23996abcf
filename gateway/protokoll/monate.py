"""The months in the database. On PostgreSQL a table for each, attached to the record and to its index.

A table is attached, never made in its place: that would wait for everybody who reads, and be waited for by everybody
who writes.
"""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, Integer, and_, func, literal_column, select, text

from gateway.protokoll.monat import GEHALTEN, beginn, monat_von, nach
from gateway.protokoll.tabellen import EINTRAG, VERZEICHNIS
from gateway.protokoll.zeit import micros

#: PostgreSQL's lock for the one who makes tables; the number means nothing.
_LOCK = 1322

_PARTITIONED = (EINTRAG.name, VERZEICHNIS.name)


def lock_name(number: int) -> tuple[int, ColumnElement[int]]:
    """Of an advisory lock on PostgreSQL: one server may hold the tables of several Protokolle."""
    return number, literal_column("(to_regclass('protokoll_stand')::oid::bigint % 2147483647)::int", Integer)


def partition(table: str, monat: int) -> str:
    """Name of a month's table on PostgreSQL."""
    return f"{table}_{monat:d}"


def prepare(connection: Connection, monat: int) -> None:
    """Makes room for a month's entries, in the caller's transaction; does nothing where there is."""
    if connection.dialect.name == "sqlite":
        return
    connection.execute(select(func.pg_advisory_xact_lock(*lock_name(_LOCK))))
    for table in _PARTITIONED[:1] if monat == GEHALTEN else _PARTITIONED:
        name = partition(table, monat)
        if connection.scalar(select(func.to_regclass(name))) is None:
            connection.execute(text(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)"))
            connection.execute(text(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES IN ({monat:d})"))


def existing(connection: Connection) -> list[int]:
    """The months of which there are entries, or room for some; not the held ones."""
    if connection.dialect.name == "sqlite":
        return list(_on_sqlite(connection))
    query = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass(:name)")
    tables = connection.scalars(query, {"name": EINTRAG.name})
    months = (int(name.rpartition("_")[2]) for name in tables)
    return sorted(month for month in months if month != GEHALTEN)


def _on_sqlite(connection: Connection) -> Iterator[int]:
    """One look at the index for each: entries stand in the order of their time."""
    e = EINTRAG.c
    first = select(e.gespeichert).where(e.monat > GEHALTEN).order_by(e.gespeichert).limit(1)
    found = connection.scalar(first)
    while found is not None:
        yield (monat := monat_von(found))
        found = connection.scalar(first.where(e.gespeichert >= micros(beginn(nach(monat, 1)))))


def in_month(connection: Connection, monat: int) -> ColumnElement[bool]:
    """The entries of a month; on SQLite by the index of their time."""
    e = EINTRAG.c
    if connection.dialect.name != "sqlite":
        return e.monat == monat
    return and_(
        e.monat == monat, e.gespeichert >= micros(beginn(monat)), e.gespeichert < micros(beginn(nach(monat, 1)))
    )
