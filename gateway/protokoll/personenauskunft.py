"""What a person is told of retrievals of his data: Art. 15 (1) b, c GDPR, within § 11 BMG.

Told: who has received which categories of data, and when. Not told: retrievals of the bodies of § 34 (4) S. 1 BMG
(§ 11 (1) no. 3), in whichever role they asked, and what is older than § 40 (5) lets it be kept. Anlass, Aktenzeichen
and user belong to the authority's case, not to what letters b and c name.
Whether an interest of others stands against it (§ 11 (2) BMG) a human decides before it is handed out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.abruf.suchbegriffe import person
from gateway.errors import GatewayError
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.protokoll.einsicht import Protokollzeile
from gateway.protokoll.einsichtnahme import Einsichtnahme
from gateway.protokoll.monat import monat_von, spaetestens
from gateway.protokoll.recherche import MAX_ZEILEN, Suchfrage
from gateway.protokoll.zeit import micros


@dataclass(frozen=True)
class Uebermittlung:
    """One retrieval. `weitergegeben_an`: whom a zentrale Stelle named as the one that asked."""

    zeitpunkt: datetime
    empfaenger: str
    weitergegeben_an: str
    kategorien: tuple[str, ...]


@dataclass(frozen=True)
class Personenauskunft:
    """What may be told, the oldest first. `nicht_mitgeteilt` is for the one who prepares it, never for the person."""

    ags: str
    ordnungsmerkmal: str
    erstellt: datetime
    uebermittlungen: tuple[Uebermittlung, ...]
    nicht_mitgeteilt: int

    def als_json(self) -> dict[str, object]:
        """For the person, as data."""
        return {
            "rechtsgrundlage": "Art. 15 Abs. 1 Buchst. b und c DSGVO, § 11 BMG",
            "gemeindeschluessel": self.ags,
            "ordnungsmerkmal": self.ordnungsmerkmal,
            "erstellt": self.erstellt.isoformat(timespec="seconds"),
            "uebermittlungen": [
                {
                    "zeitpunkt": one.zeitpunkt.isoformat(timespec="seconds"),
                    "empfaenger": one.empfaenger,
                    **({"weitergegeben_an": one.weitergegeben_an} if one.weitergegeben_an else {}),
                    "kategorien": list(one.kategorien),
                }
                for one in self.uebermittlungen
            ],
        }


def personenauskunft(
    einsicht: Einsichtnahme, ags: str, ordnungsmerkmal: str, behoerden: Mapping[str, Behoerde], now: datetime
) -> Personenauskunft:
    """Of the person with this record. `behoerden`: the register, by key; whose role it lacks is not told of.

    Raises StoreError, and GatewayError where there is more than one document can hold.
    """
    frage = Suchfrage(((person(ags, ordnungsmerkmal),),), ergebnis="auskunft", hoechstens=MAX_ZEILEN)
    zeilen = einsicht.suche(frage)
    if len(zeilen) >= MAX_ZEILEN:
        raise GatewayError(f"there are {MAX_ZEILEN} retrievals or more: too many for one document")
    erlaubt = [zeile for zeile in zeilen if _mitteilbar(zeile, behoerden, now)]
    einsicht.vermerke("auskunft", {"stellen": [str(zeile.stelle) for zeile in erlaubt]})
    gesagt = [
        uebermittlung
        for zeile in reversed(erlaubt)
        for uebermittlung in _uebermittlung(einsicht, zeile, (ags, ordnungsmerkmal), behoerden)
    ]
    return Personenauskunft(ags, ordnungsmerkmal, now, tuple(gesagt), len(zeilen) - len(erlaubt))


def _mitteilbar(zeile: Protokollzeile, behoerden: Mapping[str, Behoerde], now: datetime) -> bool:
    behoerde = behoerden.get(zeile.behoerde or "")
    within = now < spaetestens(monat_von(micros(zeile.gespeichert)))
    return behoerde is not None and behoerde.rolle is Rolle.EINFACH and zeile.mandant == "" and within


def _uebermittlung(
    einsicht: Einsichtnahme, zeile: Protokollzeile, wer: tuple[str, str], behoerden: Mapping[str, Behoerde]
) -> Iterator[Uebermittlung]:
    inhalt: Mapping[str, Any] = einsicht.inhalt(zeile.stelle) or {}
    behoerde = behoerden[zeile.behoerde or ""]
    for liste in ("treffer", "ergebnisse"):
        for one in inhalt.get(liste, ()):
            if (one["ags"], one["ordnungsmerkmal"]) == wer:
                weiter = inhalt["abrufberechtigte_stelle"]["name"] if behoerde.zentrale_stelle else ""
                kategorien = tuple(sorted(one.get("daten") or ())) or ("uebereinstimmung",)
                yield Uebermittlung(zeile.beantwortet, behoerde.name, weiter, kategorien)
