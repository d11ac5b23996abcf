"""What a person is told of retrievals of his data: Art. 15 (1) b, c GDPR, within § 11 BMG.

Told: who has received which categories of data, and when. Not told: retrievals of the bodies of § 34 (4) S. 1 BMG
(§ 11 (1) no. 3), in whichever role they asked, and what is older than § 40 (5) lets it be kept; nor those of the FIU,
which no. 3 does not name: whether no. 4 of (2) stands against them is for who prepares it. Whom a zentrale Stelle
passed on is what the request said. Anlass, Aktenzeichen and user belong to the authority's case, not to what letters b
and c name.
A retrieval at another Land's register is told of where its answer names the person, and no other can be meant: family
name, first names and the whole day of birth.
Whether an interest of others stands against it (§ 11 (2) BMG) a human decides before it is handed out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.abruf.suchbegriffe import benannt, person
from gateway.errors import GatewayError
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.laender import LAENDER
from gateway.ports import Suchbegriff
from gateway.protokoll.einsicht import Protokollzeile
from gateway.protokoll.einsichtnahme import Einsichtnahme
from gateway.protokoll.monat import monat_von, spaetestens
from gateway.protokoll.recherche import MAX_ZEILEN, Suchfrage, person_gesucht
from gateway.protokoll.zeit import micros


@dataclass(frozen=True)
class Betroffener:
    """Who asks: by his record here, by names and day of birth (YYYY-MM-DD), or both. What is not given is empty."""

    ags: str = ""
    ordnungsmerkmal: str = ""
    familienname: str = ""
    vornamen: str = ""
    geburtsdatum: str = ""

    @property
    def begriffe(self) -> tuple[Suchbegriff, ...]:
        """By any of which retrievals of his data are found, and others' of the same name."""
        akte = (person(self.ags, self.ordnungsmerkmal),) if self.ordnungsmerkmal else ()
        return akte + person_gesucht(self.familienname, self.vornamen, self.geburtsdatum)

    def hat_akte(self, one: Mapping[str, Any]) -> bool:
        """Whether it is his record that was told of."""
        return bool(self.ordnungsmerkmal) and (one["ags"], one["ordnungsmerkmal"]) == (self.ags, self.ordnungsmerkmal)

    def heisst(self, daten: Mapping[str, str]) -> bool:
        """Whether nobody else can be meant; with fewer of his first names he still is."""
        own = benannt({name: getattr(self, name) for name in ("familienname", "vornamen", "geburtsdatum")})
        found = benannt(daten) if daten.get("vornamen") and daten.get("geburtsdatum") else []
        return bool(found) and set(found) <= set(own)


@dataclass(frozen=True)
class Uebermittlung:
    """One retrieval. `weitergegeben_an`: whom a zentrale Stelle named as the one that asked. `land`: whose register
    told, where it was not this one.
    """

    zeitpunkt: datetime
    empfaenger: str
    weitergegeben_an: str
    kategorien: tuple[str, ...]
    land: str = ""


@dataclass(frozen=True)
class Personenauskunft:
    """What may be told, the oldest first. `nicht_mitgeteilt` is for the one who prepares it, never for the person."""

    wer: Betroffener
    erstellt: datetime
    uebermittlungen: tuple[Uebermittlung, ...]
    nicht_mitgeteilt: int

    def als_json(self) -> dict[str, object]:
        """For the person, as data."""
        return {
            "rechtsgrundlage": "Art. 15 Abs. 1 Buchst. b und c DSGVO, § 11 BMG",
            "gemeindeschluessel": self.wer.ags,
            "ordnungsmerkmal": self.wer.ordnungsmerkmal,
            "erstellt": self.erstellt.isoformat(timespec="seconds"),
            "uebermittlungen": [
                {
                    "zeitpunkt": one.zeitpunkt.isoformat(timespec="seconds"),
                    "empfaenger": one.empfaenger,
                    **({"weitergegeben_an": one.weitergegeben_an} if one.weitergegeben_an else {}),
                    **({"abgerufen_bei": one.land} if one.land else {}),
                    "kategorien": list(one.kategorien),
                }
                for one in self.uebermittlungen
            ],
        }


def personenauskunft(
    einsicht: Einsichtnahme, wer: Betroffener, behoerden: Mapping[str, Behoerde], now: datetime
) -> Personenauskunft:
    """Of this person. `behoerden`: the register, by key; whose role it lacks is not told of.

    Raises StoreError, and GatewayError where there is more than one document can hold.
    """
    frage = Suchfrage((wer.begriffe,), ergebnis="auskunft", hoechstens=MAX_ZEILEN)
    zeilen = einsicht.suche(frage)
    if len(zeilen) >= MAX_ZEILEN:
        raise GatewayError(f"there are {MAX_ZEILEN} retrievals or more: too many for one document")
    erlaubt = [zeile for zeile in zeilen if _mitteilbar(zeile, behoerden, now)]
    einsicht.vermerke("auskunft", {"stellen": [str(zeile.stelle) for zeile in erlaubt]})
    gesagt = [
        uebermittlung
        for zeile in reversed(erlaubt)
        for uebermittlung in _uebermittlungen(einsicht, zeile, wer, behoerden)
    ]
    return Personenauskunft(wer, now, tuple(gesagt), len(zeilen) - len(erlaubt))


def _mitteilbar(zeile: Protokollzeile, behoerden: Mapping[str, Behoerde], now: datetime) -> bool:
    behoerde = behoerden.get(zeile.behoerde or "")
    within = now < spaetestens(monat_von(micros(zeile.gespeichert)))
    return behoerde is not None and _einfach(behoerde) and zeile.mandant == "" and within


def _einfach(behoerde: Behoerde) -> bool:
    """A zentrale Stelle's own role is the most that it may claim for others. What it asked for a body of § 34 (4) has
    no content here, or one for that body alone.
    """
    return behoerde.rolle is Rolle.EINFACH or behoerde.zentrale_stelle


def _uebermittlungen(
    einsicht: Einsichtnahme, zeile: Protokollzeile, wer: Betroffener, behoerden: Mapping[str, Behoerde]
) -> Iterator[Uebermittlung]:
    inhalt: Mapping[str, Any] = einsicht.inhalt(zeile.stelle) or {}
    behoerde = behoerden[zeile.behoerde or ""]
    for kategorien, land in _gesagt(inhalt, wer):
        weiter = inhalt["abrufberechtigte_stelle"]["name"] if behoerde.zentrale_stelle else ""
        yield Uebermittlung(zeile.beantwortet, behoerde.name, weiter, kategorien or ("uebereinstimmung",), land)


def _gesagt(inhalt: Mapping[str, Any], wer: Betroffener) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each time that the person was told of: which categories, and by which other Land."""
    for liste in ("treffer", "ergebnisse"):
        for one in filter(wer.hat_akte, inhalt.get(liste, ())):
            yield tuple(sorted(one.get("daten") or ())), ""
    for antwort in inhalt.get("vermittelt", ()):
        for one in antwort.get("personen", ()):  # an earlier release did not note them
            if wer.heisst(one["daten"]):
                yield tuple(one["kategorien"]), LAENDER[antwort["land"]]
