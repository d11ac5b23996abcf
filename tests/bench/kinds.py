"""The kinds of Personensuche whose latency is measured, each asked for persons whom the mirror has."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from random import Random
from typing import Any

from sqlalchemy import Connection, Engine, text

from gateway.meldewesen.anfrage import Auswahldaten, Ort
from gateway.meldewesen.suchformen import Suchformen, formen_der_anfrage
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from gateway.spiegel.musterspiegel import mustergemeinden
from tests.bench.workload import LAND

Record = Mapping[str, Any]

_COMMON = 20  # pairs of names, and as many of phonetic codes
_LOOKED_AT = 20_000  # persons among whom those are looked for whom a kind fits
_CHUNK = 500


class Namen(Enum):
    """By whose names is asked."""

    EIGENE = "own"
    FRUEHERE = "name at birth"
    KUENSTLERNAME = "Künstlername"
    BEIDE = "own and Künstlername"
    HAEUFIGSTE = "commonest"  # of the biggest municipality, most of them not the person's own
    VIELER = "1,200 persons'"  # all of them of the biggest municipality: more than an answer may hold
    NIEMANDS = "nobody's"


@dataclass(frozen=True)
class Kind:
    """What is given beside the names; `vornamen` says how many first names at least."""

    gegeben: tuple[str, ...]
    namen: Namen = Namen.EIGENE
    phonetik: bool = False
    vornamen: int = 1

    @property
    def name(self) -> str:
        """For the table."""
        names = self.namen.value + ("" if self.namen in _OF_NAMES else " names")
        count = f", {self.vornamen} first names" if self.vornamen > 1 else ""
        return f"{names}{count}{', phonetic' if self.phonetik else ''} + {' + '.join(_LABELS[f] for f in self.gegeben)}"


_OF_NAMES = (Namen.FRUEHERE, Namen.KUENSTLERNAME, Namen.BEIDE)
_LABELS = {
    "geburtsdatum": "birth date",
    "geburtsort": "birth place",
    "geschlecht": "sex",
    "strasse": "street",
    "hausnummer": "number",
    "postleitzahl": "postcode",
    "sterbedatum": "day of death",
    "azr_nummer": "AZR number",
}
_TAG, _SEX, _WEG = ("geburtsdatum",), ("geschlecht",), ("strasse",)
_ADRESSE, _PLZ, _ORT = ("strasse", "hausnummer", "postleitzahl"), ("postleitzahl", "geschlecht"), ("geburtsort",)

KINDS: Sequence[Kind] = (
    *(Kind(given) for given in (_TAG, _SEX, _WEG, _ADRESSE, _PLZ, _ORT, ("sterbedatum",), ("azr_nummer", *_TAG))),
    *(Kind(given, phonetik=True) for given in (_TAG, _SEX, _WEG)),
    Kind(_TAG, vornamen=2),
    Kind(_SEX, vornamen=3),
    Kind(_TAG, Namen.FRUEHERE),
    *(Kind(given, Namen.KUENSTLERNAME) for given in (_TAG, _SEX)),
    Kind(_SEX, Namen.BEIDE),
    *(Kind(given, Namen.HAEUFIGSTE) for given in (_TAG, _SEX, _WEG, _ADRESSE, _PLZ, _ORT, ("sterbedatum",))),
    *(Kind(given, Namen.HAEUFIGSTE, phonetik=True) for given in (_TAG, _SEX, _WEG, _PLZ, _ORT)),
    Kind(_SEX, Namen.HAEUFIGSTE, vornamen=2),
    *(Kind(given, Namen.VIELER) for given in (_TAG, _SEX, _WEG)),
    *(Kind(_TAG, Namen.NIEMANDS, phonetik) for phonetik in (False, True)),
)


#: The commonest pairs of family name and first name, normal forms and phonetic codes alike.
_PAARE = """
SELECT familie, vorname, count(*) AS personen FROM suchpaar WHERE ags = :ags
GROUP BY familie, vorname ORDER BY personen DESC, familie, vorname LIMIT 200
"""
_PERSONEN = "SELECT datensatz FROM person WHERE id IN ({})"

Paar = tuple[str, str]

VIELE = 1200
_VIELER = ("Tausendfach", "Sehrviele")  # family name, first name


def _as_one_of_many(person: Record) -> dict[str, Any]:
    familienname, vornamen = _VIELER
    return {**person, "familienname": familienname, "vornamen": vornamen, "geschlecht": "w"}


def viele(persons: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The persons, the first VIELE of them as women of one name in the biggest municipality."""
    for number, person in enumerate(persons):
        yield {**_as_one_of_many(person), "ags": mustergemeinden(LAND)[0].ags} if number < VIELE else person


class Fundus:
    """Persons of a mirror, and the names that are the commonest in its biggest municipality."""

    def __init__(self, engine: Engine, seed: int = 1) -> None:
        self._random = Random(seed)
        self._ags = mustergemeinden(LAND)[0].ags
        with engine.connect() as connection:
            persons: int = connection.execute(text("SELECT max(id) FROM person")).scalar_one()
            ids = [*self._random.sample(range(1, persons + 1), min(persons, _LOOKED_AT)), *_rare(connection)]
            self._persons = [one for one in _records(connection, ids) if one["familienname"] != _VIELER[0]]
            paare = [(row.familie, row.vorname) for row in connection.execute(text(_PAARE), {"ags": self._ags})]
        vieler = _pairs_of_many()
        self._common: Mapping[bool, Sequence[Paar]] = {
            phonetik: [paar for paar in paare if paar[0].isdigit() is phonetik and paar not in vieler][:_COMMON]
            for phonetik in (False, True)
        }

    def queries(self, kind: Kind, number: int) -> list[Suchformen]:
        """At most so many queries of a kind; the fewer, the rarer what is given."""
        fitting = (formen for person in self._persons if (formen := self._query(kind, person)) is not None)
        return list(islice(fitting, number))

    def _query(self, kind: Kind, person: Record) -> Suchformen | None:
        """None where the person has not what the kind gives."""
        every = formen_der_anfrage(_auswahldaten(kind, person))
        given = {feld: getattr(every, feld) for feld in kind.gegeben}
        names = self._names(kind, every)
        if names is None or not all(given.values()):
            return None
        if every.geburtsort and "geburtsort" in given:
            given["geburtsstaat"] = every.geburtsstaat
        ags = self._ags if kind.namen in (Namen.HAEUFIGSTE, Namen.VIELER) else every.gemeindeschluessel
        return Suchformen(ags, kind.phonetik, **names, **given)

    def _names(self, kind: Kind, every: Suchformen) -> dict[str, Any] | None:
        kuenstlername = {"ordens_oder_kuenstlername": every.ordens_oder_kuenstlername}
        own = {"familienname": every.familienname, "vornamen": every.vornamen[-kind.vornamen :]}
        if kind.namen in (Namen.KUENSTLERNAME, Namen.BEIDE):
            if every.ordens_oder_kuenstlername is None:
                return None
            return kuenstlername if kind.namen is Namen.KUENSTLERNAME else {**own, **kuenstlername}
        if kind.namen is Namen.HAEUFIGSTE:
            common = self._random.choice(self._common[kind.phonetik])
            others = {vorname for _, vorname in self._common[kind.phonetik]} - {common[1]}
            return {
                "familienname": common[0],
                "vornamen": (common[1], *self._random.sample(sorted(others), kind.vornamen - 1)),
            }
        if not every.familienname or len(every.vornamen) < kind.vornamen:
            return None
        return own


def _auswahldaten(kind: Kind, person: Record) -> Auswahldaten:
    """Everything that could be given of a person."""
    adresse: Mapping[str, str] = next(
        (
            wohnung["anschrift"]["inland"]
            for wohnung in person["wohnungen"]
            if wohnung["anschrift"].get("inland", {}).get("ags") == person["ags"]
        ),
        {},
    )
    familienname = {Namen.FRUEHERE: person.get("geburtsname"), Namen.NIEMANDS: "Nirgendwoher"}
    if kind.namen is Namen.VIELER:
        person = _as_one_of_many(person)
    sterbedatum = person.get("sterbedatum")
    return Auswahldaten(
        gemeindeschluessel=Gemeindeschluessel(person["ags"]),
        phonetik=kind.phonetik,
        familienname=familienname.get(kind.namen, person["familienname"]),
        vornamen=person["vornamen"],
        ordens_oder_kuenstlername=person.get("kuenstlername"),
        geburtsdatum=Teildatum(person["geburtsdatum"]),
        geburtsort=Ort(person["geburtsort"], person.get("geburtsstaat")) if "geburtsort" in person else None,
        geschlecht=person.get("geschlecht"),
        sterbedatum=Teildatum(sterbedatum) if sterbedatum else None,
        azr_nummer=person.get("azr_nummer"),
        strasse=adresse.get("strasse"),
        hausnummer=adresse.get("hausnummer"),
        postleitzahl=adresse.get("plz"),
    )


def _rare(connection: Connection) -> Iterator[int]:
    """Persons with a Künstlername: a few in a thousand have one."""
    return iter(connection.execute(text("SELECT person_id FROM kuenstlername GROUP BY person_id LIMIT 2000")).scalars())


def _pairs_of_many() -> set[Paar]:
    """Their pair of normal forms, and of codes."""
    formen = (
        formen_der_anfrage(Auswahldaten(mustergemeinden(LAND)[0].ags, *_VIELER, phonetik=phonetik))
        for phonetik in (False, True)
    )
    return {(one.familienname or "", one.vornamen[0]) for one in formen}


def _records(connection: Connection, ids: Sequence[int]) -> Iterator[Record]:
    for start in range(0, len(ids), _CHUNK):
        numbers = ", ".join(map(str, ids[start : start + _CHUNK]))
        yield from (json.loads(row.datensatz) for row in connection.execute(text(_PERSONEN.format(numbers))))
