"""The index of the Protokoll: finds the entries about a person, of a user, by Aktenzeichen or Anlass.

It holds digests under keys of the months, so who lacks the keys learns nothing from it, and with a month's key it is
gone. Each entry has its own digests among what is hashed: an index row that was removed or added is found.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Engine, Select, and_, literal, or_, select, tuple_

from gateway.database import store_errors
from gateway.ports import Suchbegriff
from gateway.protokoll.monatsschluessel import DIGEST_BYTES, Monatsschluessel, Schluesselbund, Schluesseltresor
from gateway.protokoll.tabellen import VERZEICHNIS

#: monat, art, digest, kette, nummer: a row of `protokoll_index`.
Indexzeile = tuple[int, int, bytes, int, int]

SCHRITT = 500  # rows read at a time

_STEP = 1 + DIGEST_BYTES


class Fundstelle(NamedTuple):
    """Where an entry stands, and in which month."""

    kette: int
    nummer: int
    monat: int


def rows_of(monat: int, verzeichnis: bytes, kette: int, nummer: int) -> list[Indexzeile]:
    """The rows of an entry with this column `verzeichnis`. Raises ValueError where it is not whole."""
    if len(verzeichnis) % _STEP:
        raise ValueError("digests are not whole")
    return [
        (monat, verzeichnis[place], verzeichnis[place + 1 : place + _STEP], kette, nummer)
        for place in range(0, len(verzeichnis), _STEP)
    ]


class Verzeichnis:
    """Searches through `engine`, which may be read-only and on SQLite should be."""

    def __init__(self, engine: Engine, tresor: Schluesseltresor) -> None:
        self._engine = engine
        self._bund = Schluesselbund(tresor)

    def suche(
        self, begriffe: Sequence[Suchbegriff], *, mandant: str = "", von: int = 0, bis: int = 999_999
    ) -> Iterator[Fundstelle]:
        """The entries that any of `begriffe` leads to, the newest month first, each once a month.

        Only contents for the eyes of `mandant`; months from `von` to `bis`, as 202605. Raises StoreError.
        """
        with store_errors("the Protokoll cannot be read"), self._engine.connect() as connection:
            for schluessel in self._bund.aller_monate(connection, mandant):
                if begriffe and von <= schluessel.monat <= bis:
                    for kette, nummer in _pages(connection, _query(schluessel, begriffe)):
                        yield Fundstelle(kette, nummer, schluessel.monat)


def _pages(connection: Connection, query: Select[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Row by row, from where the page before has ended."""
    place, page = tuple_(VERZEICHNIS.c.kette, VERZEICHNIS.c.nummer), query.limit(SCHRITT)
    while rows := connection.execute(page).all():
        yield from ((row.kette, row.nummer) for row in rows)
        if len(rows) < SCHRITT:
            return
        page = query.where(place < tuple_(*map(literal, rows[-1]))).limit(SCHRITT)


def _query(schluessel: Monatsschluessel, begriffe: Sequence[Suchbegriff]) -> Select[tuple[int, int]]:
    """One digest's rows stand in their order; those of several are sorted and told apart."""
    v = VERZEICHNIS.c
    wanted = or_(*(and_(v.art == one.art, v.digest == schluessel.digest(one)) for one in begriffe))
    query = select(v.kette, v.nummer).where(v.monat == schluessel.monat, wanted)
    return (query.distinct() if len(begriffe) > 1 else query).order_by(v.kette.desc(), v.nummer.desc())
