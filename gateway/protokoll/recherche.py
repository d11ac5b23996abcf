"""Searching the Protokoll: by what its index has, by authority, by time; in any combination."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest
from itertools import groupby, islice
from typing import Any

from sqlalchemy import Engine, Select, tuple_

from gateway.abruf.suchbegriffe import namen
from gateway.database import store_errors
from gateway.ports import Suchbegriff
from gateway.protokoll.einsicht import ZEILEN, Protokollzeile, zeile_of
from gateway.protokoll.monat import monat_von
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.tabellen import EINTRAG
from gateway.protokoll.verzeichnis import Fundstelle, Verzeichnis
from gateway.protokoll.zeit import micros

MAX_ZEILEN = 10_000  # that may be asked for at once

_SCHRITT = 400  # entries looked up at a time
_PLACE = tuple_(EINTRAG.c.kette, EINTRAG.c.nummer)


@dataclass(frozen=True)
class Suchfrage:
    """What is searched for: of each group of `begriffe` at least one, and all the rest that is given.

    `von` and `bis` bound the time of storage, the second one excluded.
    """

    begriffe: tuple[tuple[Suchbegriff, ...], ...] = ()
    behoerde: str = ""
    ergebnis: str = ""
    von: datetime | None = None
    bis: datetime | None = None
    hoechstens: int = 1000

    @property
    def beschreibung(self) -> Mapping[str, object]:
        """For the record of the search: everything but whom or what it looked for."""
        arten = sorted({begriff.art.name.lower() for gruppe in self.begriffe for begriff in gruppe})
        given = {
            "gesucht_nach": arten,
            "behoerde": self.behoerde,
            "ergebnis": self.ergebnis,
            "von": self.von.isoformat() if self.von else "",
            "bis": self.bis.isoformat() if self.bis else "",
        }
        return {name: wert for name, wert in given.items() if wert}


def suche(engine: Engine, schluessel: Protokollschluessel, frage: Suchfrage, mandant: str) -> list[Protokollzeile]:
    """The newest entries that `frage` means, at most `hoechstens`, of those that `mandant` may see.

    An authority sees what itself has asked. Raises StoreError.
    """
    query = _bedingt(frage, mandant)
    if not frage.begriffe:
        e = EINTRAG.c
        newest = query.order_by(e.gespeichert.desc(), e.kette.desc(), e.nummer.desc()).limit(frage.hoechstens)
        return list(_zeilen(engine, [newest]))
    found: list[Protokollzeile] = []
    for _, stellen in groupby(_fundstellen(engine, schluessel, frage, mandant), key=lambda stelle: stelle.monat):
        queries = (query.where(_PLACE.in_(step)) for step in _steps(stellen))
        found += nlargest(
            frage.hoechstens, _zeilen(engine, queries), key=lambda zeile: (zeile.gespeichert, zeile.stelle)
        )
        if len(found) >= frage.hoechstens:  # what an earlier month has is older
            break
    return found[: frage.hoechstens]


def _steps(stellen: Iterator[Fundstelle]) -> Iterator[list[tuple[int, int]]]:
    while step := [(kette, nummer) for kette, nummer, _ in islice(stellen, _SCHRITT)]:
        yield step


def person_gesucht(familienname: str, vornamen: str, geburtsdatum: str) -> tuple[Suchbegriff, ...]:
    """Under all that entries may have of a person who is known by names and day of birth (YYYY-MM-DD)."""
    tage = dict.fromkeys((geburtsdatum, f"{geburtsdatum[:7]}-00", f"{geburtsdatum[:4]}-00-00", ""))
    return tuple(begriff for tag in tage for begriff in namen(familienname, vornamen, tag))


def _bedingt(frage: Suchfrage, mandant: str) -> Select[Any]:
    e, query = EINTRAG.c, ZEILEN
    for behoerde in filter(None, (frage.behoerde, mandant)):
        query = query.where(e.behoerde == behoerde)
    if frage.ergebnis:
        query = query.where(e.ergebnis == frage.ergebnis)
    if frage.von:
        query = query.where(e.gespeichert >= micros(frage.von))
    if frage.bis:
        query = query.where(e.gespeichert < micros(frage.bis))
    return query


def _fundstellen(
    engine: Engine, schluessel: Protokollschluessel, frage: Suchfrage, mandant: str
) -> Iterable[Fundstelle]:
    """Where all groups meet, the newest month first; a place may yet be outside the hours asked for."""
    verzeichnis = Verzeichnis(engine, schluessel)
    months = {
        "von": monat_von(micros(frage.von)) if frage.von else 0,
        "bis": monat_von(micros(frage.bis)) if frage.bis else 999_999,
    }
    gruppen = sorted(frage.begriffe, key=lambda gruppe: min(begriff.art for begriff in gruppe))
    found = verzeichnis.suche(gruppen[0], mandant=mandant, **months)
    if len(gruppen) == 1:
        return found
    sets = [set(verzeichnis.suche(gruppe, mandant=mandant, **months)) for gruppe in gruppen[1:]]
    return (place for place in found if all(place in one for one in sets))


def _zeilen(engine: Engine, queries: Iterable[Select[Any]]) -> Iterator[Protokollzeile]:
    with store_errors("the Protokoll cannot be read"), engine.connect() as connection:
        for query in queries:
            yield from map(zeile_of, connection.execute(query))
