"""Names the entries whose index rows or claims are missing: the long way, for where something is wrong already."""

from collections.abc import Iterator, Set
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, select, tuple_

from gateway.protokoll.monat import GEHALTEN, Monatsuhr
from gateway.protokoll.tabellen import ANSPRUCH, EINTRAG, KETTE, VERZEICHNIS
from gateway.protokoll.verzeichnis import Indexzeile, rows_of

SCHRITT = 100  # rows looked up at a time

#: Chain and number.
Stelle = tuple[int, int]


def missing_rows(connection: Connection, monat: int, ohne: Set[Stelle]) -> Iterator[Stelle]:
    """The entry of each index row of a month that is missing; not of those `ohne`."""
    e, key = EINTRAG.c, tuple_(*VERZEICHNIS.primary_key.columns)
    query = select(e.kette, e.nummer, e.gespeichert, e.verzeichnis).where(
        e.monat.in_((monat, GEHALTEN)), e.verzeichnis.is_not(None)
    )
    monat_von = Monatsuhr()
    rows = (row for one in _stream(connection, query, ohne) for row in _rows(one, monat, monat_von))
    while some := list(islice(rows, SCHRITT)):
        found = select(*VERZEICHNIS.primary_key.columns).where(key.in_(some))
        there = {tuple(row) for row in connection.execute(found)}
        yield from ((row[3], row[4]) for row in some if row not in there)


def _rows(one: Any, monat: int, monat_von: Monatsuhr) -> list[Indexzeile]:
    """Of an entry that was changed, and found as such, there may be none."""
    try:
        return rows_of(monat, one.verzeichnis, one.kette, one.nummer) if monat_von(one.gespeichert) == monat else []
    except (OverflowError, TypeError, ValueError):
        return []


def missing_claims(connection: Connection, ohne: Set[Stelle]) -> Iterator[tuple[int, int, bool]]:
    """The entries whose claim is missing, or stands for another message (True); not of those `ohne`."""
    e = EINTRAG.c
    query = select(e.kette, e.nummer, e.anspruch, e.nachricht_digest).where(e.anspruch.is_not(None))
    rows = _stream(connection, query, ohne)
    while some := list(islice(rows, SCHRITT)):
        found = select(ANSPRUCH).where(ANSPRUCH.c.anspruch.in_([row.anspruch for row in some]))
        there = {row.anspruch: row.nachricht_digest for row in connection.execute(found)}
        for row in some:
            if there.get(row.anspruch) != row.nachricht_digest:
                yield row.kette, row.nummer, row.anspruch in there


def _stream(connection: Connection, query: Select[Any], ohne: Set[Stelle]) -> Iterator[Any]:
    query = query.where(EINTRAG.c.kette.in_(select(KETTE.c.nr))).order_by(EINTRAG.c.kette, EINTRAG.c.nummer)
    for row in connection.execute(query, execution_options={"yield_per": SCHRITT}):
        if (row.kette, row.nummer) not in ohne:
            yield row
