"""The other Land's register: a few invented persons of Hessen, and the answer to a Personensuche among them.

The search is a plain comparison, not the matching of BMeldDAV: a stand-in for the other side needs answers of every
kind, not every answer.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from unicodedata import normalize

MERKMAL_GILT = timedelta(hours=48)  # § 9 BMeldDAV


@dataclass(frozen=True)
class Person:
    """One record. `geburtsdatum` YYYY-MM-DD, `geschlecht` m, w, d or x, `ags` eight digits."""

    familienname: str
    vornamen: str
    geburtsdatum: str
    geschlecht: str
    ags: str
    postleitzahl: str
    wohnort: str
    strasse: str
    hausnummer: str
    hausnummer_zusatz: str = ""


WIESBADEN, KASSEL = ("06414000", "65183", "Wiesbaden"), ("06611000", "34117", "Kassel")

PERSONEN = (
    Person("Ährenfeld-Quist", "Theodora Wilma", "1971-03-14", "w", *WIESBADEN, "Rebenpfad", "7"),
    Person("Lindenschmied", "Karl", "1958-11-02", "m", *WIESBADEN, "Mühlenzeile", "12"),
    Person("Lindenschmied", "Karl", "1984-06-21", "m", *WIESBADEN, "Am Salzbrunnen", "3"),
    Person("Łuczak-Ørnefeld", "Zoë", "1999-12-31", "d", *WIESBADEN, "Rebenpfad", "19", "b"),
    Person("Birkenhauer", "Ruprecht Emil", "1940-02-29", "m", *KASSEL, "Fuldablick", "1"),
)

#: Whom a forged answer tells of.
NIEMAND = Person("Niemand", "Gefälscht", "1900-01-01", "x", "06414000", "65183", "Wiesbaden", "Irrweg", "99")


@dataclass(frozen=True)
class Anfrage:
    """What the register needs of a 1330 or 1332: who asks, whom the message is for, and what it searches with.

    `bereich` is the key of the Land, Bezirk, Kreis or Gemeinde of a freie Suche, None for a Personensuche. Exactly one
    of `auswahl` (field of Person: value) and `merkmal` is set; `unbekannt` names the Auswahldaten that this register
    cannot search with, `gefragt` the codes of the Anforderungselemente.
    """

    autor: str
    leser: str
    gefragt: frozenset[str]
    auswahl: Mapping[str, str]
    unbekannt: tuple[str, ...] = ()
    merkmal: str | None = None
    bereich: str | None = None


@dataclass(frozen=True)
class Treffer:
    person: Person
    merkmal: str | None = None


@dataclass(frozen=True)
class Auskunft:
    """`status` of the list Datenabruf.Ergebnisstatus: 01 one person, 02 Trefferliste, 03 neutral, 04 Ergebnisliste."""

    status: str
    treffer: tuple[Treffer, ...] = ()


@dataclass(frozen=True)
class Grund:
    """`code` of the list Datenabruf.Nichterstellung.Grund; `freitext` only with 16 and 17."""

    code: str
    freitext: str | None = None


@dataclass(frozen=True)
class Rueckweisung:
    gruende: tuple[Grund, ...]


Antwort = Auskunft | Rueckweisung


class Register:
    """Searches `personen` and remembers the Identifikationsmerkmale that it gave out, for as long as it lives."""

    def __init__(self, personen: Sequence[Person]) -> None:
        self._personen = tuple(personen)
        self._merkmale: dict[str, tuple[Person, str, datetime]] = {}

    def beantworte(self, anfrage: Anfrage, now: datetime) -> Antwort:
        """The answer to `anfrage`; never raises for what a request may hold."""
        if anfrage.merkmal is not None:
            return self._beantworte_merkmal(anfrage.merkmal, anfrage.autor, now)
        gruende = self._gruende(anfrage)
        if gruende:
            return Rueckweisung(gruende)
        personen = [
            person
            for person in self._personen
            if person.ags.startswith(anfrage.bereich or "") and _passt(person, anfrage.auswahl)
        ]
        if not personen:
            return Auskunft("03")
        if anfrage.bereich is None and len(personen) == 1:
            return Auskunft("01", (Treffer(personen[0]),))
        treffer = tuple(Treffer(person, self._neues_merkmal(person, anfrage.autor, now)) for person in personen)
        return Auskunft("02" if anfrage.bereich is None else "04", treffer)

    def _gruende(self, anfrage: Anfrage) -> tuple[Grund, ...]:
        gruende = []
        if anfrage.bereich is None and anfrage.leser != "ags:" + anfrage.auswahl.get("ags", ""):
            gruende.append(Grund("14"))
        if anfrage.bereich is not None and not any(p.ags[:2] == anfrage.bereich[:2] for p in self._personen):
            gruende.append(Grund("22"))
        if anfrage.unbekannt:
            gruende.append(Grund("17", "Dieses Testregister sucht nicht mit: " + ", ".join(anfrage.unbekannt)))
        return tuple(gruende)

    def _beantworte_merkmal(self, merkmal: str, autor: str, now: datetime) -> Antwort:
        person, fuer, bis = self._merkmale.get(merkmal, (None, "", now))
        if person is None or fuer != autor or now > bis:
            return Rueckweisung((Grund("01"),))
        return Auskunft("01", (Treffer(person),))

    def _neues_merkmal(self, person: Person, autor: str, now: datetime) -> str:
        merkmal = secrets.token_urlsafe(32)
        self._merkmale[merkmal] = (person, autor, now + MERKMAL_GILT)
        return merkmal


def _gleich(gesucht: str, eingetragen: str) -> bool:
    return gesucht == eingetragen


def _namen_enthalten(gesucht: str, eingetragen: str) -> bool:
    return bool(gesucht) and set(gesucht.split()) <= set(eingetragen.split())


def _datum_beginnt(gesucht: str, eingetragen: str) -> bool:
    return eingetragen.startswith(gesucht)


VERGLEICHE: Mapping[str, Callable[[str, str], bool]] = {"vornamen": _namen_enthalten, "geburtsdatum": _datum_beginnt}


def _passt(person: Person, auswahl: Mapping[str, str]) -> bool:
    return all(
        VERGLEICHE.get(feld, _gleich)(_form(wert), _form(getattr(person, feld))) for feld, wert in auswahl.items()
    )


def _form(value: str) -> str:
    return normalize("NFC", value).strip().casefold()
