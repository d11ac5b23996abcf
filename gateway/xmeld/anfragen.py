"""Writes 1330, 1332 and 9910, by the same places with which they are read: for `send`'s samples, the demo and tests."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.meldewesen.anfrage import Auswahldaten, Bestaetigungsdaten, FreieAuswahl, Suchbereich
from gateway.xmeld.auswahl import AUSWAHL, BESTAETIGUNGSDATEN, SUCHBEREICH
from gateway.xmeld.mapping import Mapping
from gateway.xmeld.schreiben import EMAIL, MELDEBEHOERDE, VERZEICHNISDIENST, SchemaPack
from gateway.xmeld.struktur import Bauplan, bauplan

PERSONENSUCHE, FREIE_SUCHE, DATENBESTAETIGUNG = "1330", "1332", "9910"


@dataclass(frozen=True)
class Fragesteller:
    """Who asks, as header and `datenAbrufendeStelle` of a request say (§ 11 BMeldDAV)."""

    kennung: str  # with its prefix, e.g. dbs:060030020000
    name: str
    sicherheitsbehoerde: bool = False
    aktenzeichen: str = "AZ 1/2026"
    anlass: str = "Anschriftenermittlung"
    benutzer: str = "ma-0815"
    email: str = "stelle@example.org"
    strasse: str = "Amtsweg"
    hausnummer: str = "1"
    plz: str = "30159"
    wohnort: str = "Hannover"


@dataclass(frozen=True)
class Frage:
    """What is asked: exactly one of `auswahldaten` and `identifikationsmerkmal`, and the codes wanted."""

    leser: str  # "ags:03241001"
    anforderungselemente: tuple[str, ...]
    auswahldaten: Auswahldaten | None = None
    identifikationsmerkmal: str | None = None
    verzicht_auf_mitteilung: bool = False


@dataclass(frozen=True)
class FreieFrage:
    """What is asked in a freie Suche, where, and the codes wanted. `aktualitaet` is AKTUELL or INAKTUELL."""

    leser: str
    anforderungselemente: tuple[str, ...]
    auswahldaten: FreieAuswahl
    suchbereich: Suchbereich
    aktualitaet: str | None = None
    verzicht_auf_mitteilung: bool = False


@dataclass(frozen=True)
class Bestaetigungsfrage:
    """What is to be confirmed, of whom: § 39a BMG."""

    leser: str
    auswahldaten: Auswahldaten
    zu_bestaetigen: Bestaetigungsdaten
    verzicht_auf_mitteilung: bool = False
    anforderungselemente: tuple[str, ...] = ()  # nothing is told


class Fragenschreiber:
    """Writes the requests of one version."""

    def __init__(self, pack: SchemaPack, mapping: Mapping) -> None:
        self._plaene = {nummer: _plan(pack, mapping, nummer) for nummer in mapping.abrufe}

    def personensuche(self, wer: Fragesteller, frage: Frage, jetzt: datetime, uuid: str) -> bytes:
        """A 1330, UTF-8. `jetzt` with its time zone."""
        auswahl = frage.auswahldaten
        return self._write(
            PERSONENSUCHE,
            {
                **_kopf(PERSONENSUCHE, wer, frage, jetzt, uuid),
                "identifikationsmerkmal": frage.identifikationsmerkmal,
                **(AUSWAHL[PERSONENSUCHE].write(auswahl) if auswahl else {}),
            },
        )

    def freie_suche(self, wer: Fragesteller, frage: FreieFrage, jetzt: datetime, uuid: str) -> bytes:
        """A 1332, UTF-8. `jetzt` with its time zone."""
        return self._write(
            FREIE_SUCHE,
            {
                **_kopf(FREIE_SUCHE, wer, frage, jetzt, uuid),
                "suchbereich": SUCHBEREICH.write(frage.suchbereich),
                "aktualitaet": frage.aktualitaet,
                **AUSWAHL[FREIE_SUCHE].write(frage.auswahldaten),
            },
        )

    def datenbestaetigung(self, wer: Fragesteller, frage: Bestaetigungsfrage, jetzt: datetime, uuid: str) -> bytes:
        """A 9910, UTF-8. `jetzt` with its time zone."""
        return self._write(
            DATENBESTAETIGUNG,
            {
                **_kopf(DATENBESTAETIGUNG, wer, frage, jetzt, uuid),
                "zu_bestaetigen": BESTAETIGUNGSDATEN.write(frage.zu_bestaetigen),
                **AUSWAHL[DATENBESTAETIGUNG].write(frage.auswahldaten),
            },
        )

    def _write(self, nummer: str, daten: dict[str, Any]) -> bytes:
        return self._plaene[nummer].write(daten, {"produkt": "xmeld-gateway", "produkthersteller": "xmeld-gateway"})


def _plan(pack: SchemaPack, mapping: Mapping, nummer: str) -> Bauplan:
    orte = (*mapping.abrufe[nummer].orte, *mapping.orte("absender", "fragesteller"))
    return bauplan(pack.schema, mapping.namespace, pack.messages[nummer].element, orte, mapping.codelisten)


def _kopf(
    nummer: str, wer: Fragesteller, frage: Frage | FreieFrage | Bestaetigungsfrage, jetzt: datetime, uuid: str
) -> dict[str, Any]:
    anschrift = {name: getattr(wer, name) for name in ("strasse", "hausnummer", "plz", "wohnort")}
    erreichbarkeit = [{"kanal": EMAIL, "kennung": wer.email}]
    return {
        "kennung": {
            "uuid": uuid,
            "nachrichtentyp": nummer,
            "erstellungszeitpunkt": jetzt.isoformat(timespec="milliseconds"),
        },
        "leser": {"verzeichnisdienst": VERZEICHNISDIENST, "kennung": frage.leser, "name": MELDEBEHOERDE},
        "autor": {
            "verzeichnisdienst": VERZEICHNISDIENST,
            "kennung": wer.kennung,
            "name": wer.name,
            "erreichbarkeit": erreichbarkeit,
        },
        "anschrift": anschrift,
        "stelle": {
            "sicherheitsbehoerde": "true" if wer.sicherheitsbehoerde else "false",
            "behoerdenname": wer.name,
            "erreichbarkeit": erreichbarkeit,
            "anschrift": {"gebaeude": anschrift},
            "aktenzeichen": wer.aktenzeichen,
            "anlass": wer.anlass,
            "kennung": wer.benutzer,
        },
        "anforderungselemente": list(frage.anforderungselemente),
        "verzicht_auf_mitteilung": frage.verzicht_auf_mitteilung or None,
    }
