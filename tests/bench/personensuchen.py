"""The kinds of Personensuche whose latency is measured, each asked for persons whom the mirror has."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Any

from gateway.meldewesen.anfrage import Auswahldaten, Ort
from gateway.meldewesen.suchformen import Suchformen, formen_der_anfrage
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from tests.bench.fundus import Fundus, Record, as_one_of_many, inland
from tests.bench.measuring import Goal

GOAL = Goal("usual", 0.99, 0.010)


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
class Namenskind:
    """What is given beside the names; `vornamen` says how many first names at least."""

    gegeben: tuple[str, ...]
    namen: Namen = Namen.EIGENE
    phonetik: bool = False
    vornamen: int = 1
    goal: Goal = GOAL

    @property
    def name(self) -> str:
        """For the table."""
        names = self.namen.value + ("" if self.namen in _OF_NAMES else " names")
        count = f", {self.vornamen} first names" if self.vornamen > 1 else ""
        given = " + ".join(_LABELS[feld] for feld in self.gegeben)
        return f"{names}{count}{', phonetic' if self.phonetik else ''} + {given}"

    def queries(self, fundus: Fundus, number: int) -> list[Suchformen]:
        """See `kinds.Kind.queries`."""
        fitting = (formen for person in fundus.persons if (formen := self._query(fundus, person)) is not None)
        return list(islice(fitting, number))

    def _query(self, fundus: Fundus, person: Record) -> Suchformen | None:
        """None where the person has not what the kind gives."""
        every = formen_der_anfrage(_auswahldaten(self, person))
        given = {feld: getattr(every, feld) for feld in self.gegeben}
        names = self._names(fundus, every)
        if names is None or not all(given.values()):
            return None
        if every.geburtsort and "geburtsort" in given:
            given["geburtsstaat"] = every.geburtsstaat
        ags = fundus.ags if self.namen in (Namen.HAEUFIGSTE, Namen.VIELER) else every.gemeindeschluessel
        return Suchformen(ags, self.phonetik, **names, **given)

    def _names(self, fundus: Fundus, every: Suchformen) -> dict[str, Any] | None:
        kuenstlername = {"ordens_oder_kuenstlername": every.ordens_oder_kuenstlername}
        own = {"familienname": every.familienname, "vornamen": every.vornamen[-self.vornamen :]}
        if self.namen in (Namen.KUENSTLERNAME, Namen.BEIDE):
            if every.ordens_oder_kuenstlername is None:
                return None
            return kuenstlername if self.namen is Namen.KUENSTLERNAME else {**own, **kuenstlername}
        if self.namen is Namen.HAEUFIGSTE:
            return self._common_names(fundus)
        if not every.familienname or len(every.vornamen) < self.vornamen:
            return None
        return own

    def _common_names(self, fundus: Fundus) -> dict[str, Any]:
        familienname, vorname = fundus.random.choice(fundus.common[self.phonetik])
        others = {other for _, other in fundus.common[self.phonetik]} - {vorname}
        weitere = fundus.random.sample(sorted(others), self.vornamen - 1)
        return {"familienname": familienname, "vornamen": (vorname, *weitere)}


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

KINDS: Sequence[Namenskind] = (
    *(Namenskind(given) for given in (_TAG, _SEX, _WEG, _ADRESSE, _PLZ, _ORT, ("sterbedatum",), ("azr_nummer", *_TAG))),
    *(Namenskind(given, phonetik=True) for given in (_TAG, _SEX, _WEG)),
    Namenskind(_TAG, vornamen=2),
    Namenskind(_SEX, vornamen=3),
    Namenskind(_TAG, Namen.FRUEHERE),
    *(Namenskind(given, Namen.KUENSTLERNAME) for given in (_TAG, _SEX)),
    Namenskind(_SEX, Namen.BEIDE),
    *(Namenskind(given, Namen.HAEUFIGSTE) for given in (_TAG, _SEX, _WEG, _ADRESSE, _PLZ, _ORT, ("sterbedatum",))),
    *(Namenskind(given, Namen.HAEUFIGSTE, phonetik=True) for given in (_TAG, _SEX, _WEG, _PLZ, _ORT)),
    Namenskind(_SEX, Namen.HAEUFIGSTE, vornamen=2),
    *(Namenskind(given, Namen.VIELER) for given in (_TAG, _SEX, _WEG)),
    *(Namenskind(_TAG, Namen.NIEMANDS, phonetik) for phonetik in (False, True)),
)


def _auswahldaten(kind: Namenskind, person: Record) -> Auswahldaten:
    """Everything that could be given of a person."""
    adresse = inland(person)
    familienname = {Namen.FRUEHERE: person.get("geburtsname"), Namen.NIEMANDS: "Nirgendwoher"}
    if kind.namen is Namen.VIELER:
        person = as_one_of_many(person)
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
