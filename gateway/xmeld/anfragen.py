"""Writes 1330 requests, by the same places with which they are read: for `send`'s samples, the demo and tests."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from gateway.meldewesen.anfrage import Auswahldaten
from gateway.xmeld.mapping import Mapping as XmeldMapping
from gateway.xmeld.schreiben import EMAIL, VERZEICHNISDIENST, SchemaPack
from gateway.xmeld.struktur import Bauplan, bauplan

PERSONENSUCHE = "1330"

#: Places of a 1330 that stand for each other: of each pair the writer takes one.
_POSTFACH, _INLAND, _AUSLAND = "/postfach/", "{}/{}.inland", "{}/{}.ausland/"


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


class Fragenschreiber:
    """Writes the requests of one version."""

    def __init__(self, pack: SchemaPack, mapping: XmeldMapping) -> None:
        self._pack = pack
        self._mapping = mapping
        self._plan = lru_cache(maxsize=8)(self._compile)

    def personensuche(self, wer: Fragesteller, frage: Frage, jetzt: datetime, uuid: str) -> bytes:
        """A 1330, UTF-8. `jetzt` with its time zone."""
        auswahl = frage.auswahldaten
        abroad = frozenset(
            feld for feld in ("geburtsort", "sterbeort") if auswahl and (ort := getattr(auswahl, feld)) and ort.staat
        )
        daten = {**_kopf(wer, frage, jetzt, uuid), **_anfrage(wer, frage), **_auswahl(auswahl)}
        attribute = {"produkt": "xmeld-gateway", "produkthersteller": "xmeld-gateway"}
        return self._plan(abroad).write(daten, attribute)

    def _compile(self, abroad: frozenset[str]) -> Bauplan:
        return bauplan(
            self._pack.schema,
            self._mapping.namespace,
            self._mapping.nachrichten["anfrage"],
            tuple(self._pairs(abroad)),
            self._mapping.codelisten,
        )

    def _pairs(self, abroad: frozenset[str]) -> Iterator[tuple[str, str]]:
        for feld, ort in self._mapping.orte("kopf", "absender", "anfrage", "auswahldaten"):
            name = feld.partition(".")[0]
            other = (_INLAND if name in abroad else _AUSLAND).format(name, name)
            if _POSTFACH in ort or (name in ("geburtsort", "sterbeort") and other in ort):
                continue
            if feld == "stelle.erreichbarkeit[]":
                yield f"{feld}.kennung", ort
                yield f"{feld}.kanal", ort.removesuffix("kennung") + "kanal"
            else:
                yield feld, ort


def _kopf(wer: Fragesteller, frage: Frage, jetzt: datetime, uuid: str) -> dict[str, Any]:
    return {
        "kennung": {
            "uuid": uuid,
            "nachrichtentyp": PERSONENSUCHE,
            "erstellungszeitpunkt": jetzt.isoformat(timespec="milliseconds"),
        },
        "leser": {"verzeichnisdienst": VERZEICHNISDIENST, "kennung": frage.leser, "name": "Meldebehörde"},
        "autor": {
            "verzeichnisdienst": VERZEICHNISDIENST,
            "kennung": wer.kennung,
            "name": wer.name,
            "erreichbarkeit": [{"kanal": EMAIL, "kennung": wer.email}],
        },
        "anschrift": _anschrift(wer),
    }


def _anschrift(wer: Fragesteller) -> dict[str, str]:
    return {name: getattr(wer, name) for name in ("strasse", "hausnummer", "plz", "wohnort")}


def _anfrage(wer: Fragesteller, frage: Frage) -> dict[str, Any]:
    return {
        "stelle": {
            "sicherheitsbehoerde": "true" if wer.sicherheitsbehoerde else "false",
            "behoerdenname": wer.name,
            "erreichbarkeit": [{"kanal": EMAIL, "kennung": wer.email}],
            "anschrift": _anschrift(wer),
            "aktenzeichen": wer.aktenzeichen,
            "anlass": wer.anlass,
            "kennung": wer.benutzer,
        },
        "identifikationsmerkmal": frage.identifikationsmerkmal,
        "anforderungselemente": list(frage.anforderungselemente),
        "verzicht_auf_mitteilung": frage.verzicht_auf_mitteilung or None,
    }


def _auswahl(auswahl: Auswahldaten | None) -> Mapping[str, Any]:
    if auswahl is None:
        return {}
    return {**asdict(auswahl), "phonetik": auswahl.phonetik or None}
