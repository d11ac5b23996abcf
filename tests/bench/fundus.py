"""Whom the bench asks for: persons of a mirror, and what is the commonest in it."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

from sqlalchemy import Connection, Engine, text

from gateway.meldewesen.anfrage import Auswahldaten
from gateway.meldewesen.suchdaten import Art
from gateway.meldewesen.suchformen import formen_der_anfrage
from gateway.spiegel.musterspiegel import mustergemeinden
from tests.bench.workload import LAND

Record = Mapping[str, Any]
Paar = tuple[str, str]

VIELE = 1200
VIELER = ("Tausendfach", "Sehrviele")  # family name, first name

_COMMON = 20  # pairs of names, and as many of phonetic codes
_LOOKED_AT = 20_000  # persons among whom those are looked for whom a kind fits
_RARE = 2000
_CHUNK = 500

#: The commonest pairs of family name and first name, normal forms and phonetic codes alike.
_PAARE = f"""
SELECT wert, count(*) AS personen FROM suchdatum WHERE art = {int(Art.PAAR)} AND ags = :ags
GROUP BY wert ORDER BY personen DESC, wert LIMIT 200
"""
_SELTENE = f"SELECT DISTINCT person_id FROM suchdatum WHERE art = {int(Art.KUENSTLERNAME)} LIMIT {_RARE}"
_PERSONEN = "SELECT datensatz FROM person WHERE id IN ({})"


def as_one_of_many(person: Record) -> dict[str, Any]:
    """A woman whose name more persons have than an answer may hold."""
    familienname, vornamen = VIELER
    return {**person, "familienname": familienname, "vornamen": vornamen, "geschlecht": "w"}


def viele(persons: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The persons, the first VIELE of them as women of one name in the biggest municipality."""
    for number, person in enumerate(persons):
        yield {**as_one_of_many(person), "ags": mustergemeinden(LAND)[0].ags} if number < VIELE else person


class Fundus:
    """Persons of a mirror, and the names that are the commonest in its biggest municipality."""

    def __init__(self, engine: Engine, seed: int = 1) -> None:
        self.random = Random(seed)
        self.ags = mustergemeinden(LAND)[0].ags
        with engine.connect() as connection:
            persons: int = connection.execute(text("SELECT max(id) FROM person")).scalar_one()
            rare = connection.execute(text(_SELTENE)).scalars()  # a few in a thousand have a Künstlername
            ids = [*self.random.sample(range(1, persons + 1), min(persons, _LOOKED_AT)), *rare]
            self.persons = [one for one in _records(connection, ids) if one["familienname"] != VIELER[0]]
            paare = [_pair(row.wert) for row in connection.execute(text(_PAARE), {"ags": self.ags})]
        vieler = _pairs_of_many()
        self.common: Mapping[bool, Sequence[Paar]] = {
            phonetik: [paar for paar in paare if paar[0].isdigit() is phonetik and paar not in vieler][:_COMMON]
            for phonetik in (False, True)
        }

        self.commonest = cache(self._commonest)

    def _commonest(self, feld: str) -> str:
        """What most persons have in a field."""
        found = Counter(person[feld] for person in self.persons if feld in person)
        return str(found.most_common(1)[0][0])


def inland(person: Record) -> Mapping[str, str]:
    """The person's address in the municipality of the record, empty where there is none."""
    return next(
        (
            wohnung["anschrift"]["inland"]
            for wohnung in person["wohnungen"]
            if wohnung["anschrift"].get("inland", {}).get("ags") == person["ags"]
        ),
        {},
    )


def _pair(wert: str) -> Paar:
    familienname, _, vorname = wert.partition(" ")
    return familienname, vorname


def _pairs_of_many() -> set[Paar]:
    """Their pair of normal forms, and of codes."""
    formen = (
        formen_der_anfrage(Auswahldaten(mustergemeinden(LAND)[0].ags, *VIELER, phonetik=phonetik))
        for phonetik in (False, True)
    )
    return {(one.familienname or "", one.vornamen[0]) for one in formen}


def _records(connection: Connection, ids: Sequence[int]) -> Iterator[Record]:
    for start in range(0, len(ids), _CHUNK):
        numbers = ", ".join(map(str, ids[start : start + _CHUNK]))
        yield from (json.loads(row.datensatz) for row in connection.execute(text(_PERSONEN.format(numbers))))
