"""The index of the Protokoll: finds the entries about a person, of a user, by Aktenzeichen or Anlass.

It holds digests under keys of the months, so who lacks the keys learns nothing from it, and with a month's key it is
gone. Each entry has its own digests among what is hashed: an index row that was removed or added is found.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Engine, select

from gateway.database import store_errors
from gateway.ports import Suchbegriff
from gateway.protokoll.monatsschluessel import DIGEST_BYTES, Schluesselbund, Schluesseltresor
from gateway.protokoll.tabellen import VERZEICHNIS

#: monat, art, digest, kette, nummer: a row of `protokoll_index`.
Indexzeile = tuple[int, int, bytes, int, int]

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
                if von <= schluessel.monat <= bis:
                    v, found = VERZEICHNIS.c, set[Fundstelle]()
                    for begriff in begriffe:
                        query = select(v.kette, v.nummer).where(
                            v.monat == schluessel.monat, v.art == begriff.art, v.digest == schluessel.digest(begriff)
                        )
                        found |= {Fundstelle(*place, schluessel.monat) for place in connection.execute(query)}
                    yield from sorted(found, reverse=True)
