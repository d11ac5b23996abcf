"""What connects a version's messages with the record: read from `mappings/<version>.toml`, checked when it is read."""

import tomllib
from collections.abc import Mapping as Table
from functools import lru_cache
from pathlib import Path
from typing import Any

from gateway.errors import ConfigError
from gateway.meldewesen.auskunft import Auswahl, auskunft_ergebnis, auskunft_person, auskunft_treffer, auswahl
from gateway.meldewesen.behoerde import Rolle
from gateway.meldewesen.datensatz import Datensatz
from gateway.meldewesen.pfade import EACH
from gateway.xmeld.auswahl import AUSWAHL, EIGENES
from gateway.xmeld.manifest import XMELD_FAMILY
from gateway.xmeld.zeilen import (
    ALONG,
    Gruppe,
    Orte,
    check_felder,
    check_keys,
    check_table,
    places_of_groups,
    read_gruppen,
    read_orte,
    read_zeilen,
)

_KEYS = {"version", "namespace", "codelisten", "gruppen", "bausteine", "nachricht", "abrufe"}
_ABRUF = {"antwort", "anfrage", "auswahldaten", "abschnitt"}

#: Tables of `[nachricht]`: what every message of ours begins with, and what requests and their answers share.
_RAHMEN = {"kopf", "absender"}
_ABRUFE = {"anfrage", "fragesteller", "antwort"}

RUECKSENDUNG, AUSSTEUERUNG, UNTERRICHTUNG = "0910", "1322", "9920"

#: Messages of ours that answer no request, by the table of `[nachricht]` that says what stands where: a mapping with
#: the table can write the message.
EIGENE: Table[str, str] = {
    "ruecksendung": RUECKSENDUNG,
    "aussteuerung": AUSSTEUERUNG,
    "unterrichtung": UNTERRICHTUNG,
}

#: Of these, what each version of the standard has.
_STANDARD = {"ruecksendung", "aussteuerung"}

#: What stands in every header.
_KOPF = frozenset(
    {
        *("kennung.uuid", "kennung.nachrichtentyp", "kennung.erstellungszeitpunkt"),
        *(f"{rolle}.{name}" for rolle in ("leser", "autor") for name in ("verzeichnisdienst", "kennung", "name")),
    }
)

#: What is read of every request beside that.
_GELESEN = frozenset(
    {
        *(f"stelle.{name}" for name in ("sicherheitsbehoerde", "behoerdenname", "aktenzeichen", "anlass", "kennung")),
        *(f"stelle.anschrift.gebaeude.{name}" for name in ("strasse", "hausnummer", "plz", "wohnort")),
        *(f"stelle.anschrift.gebaeude.hausnummer_{name}" for name in ("zusatz", "teil")),
        *(f"stelle.anschrift.postfach.{name}" for name in ("postfach", "plz", "wohnort")),
        *("stelle.erreichbarkeit[].kennung", "anforderungselemente[]"),
        *("verzicht_auf_mitteilung", "landesspezifische_erweiterungen"),
    }
)

#: Of these, what a house message has not.
_NUR_IM_STANDARD = frozenset({"anforderungselemente[]", "landesspezifische_erweiterungen"})


class Abrufart:
    """One kind of request: the places of its messages, what may be asked and told, and who may.

    `anfrage` and `antwort` are the messages' numbers. No two are equal, so that what is compiled from one is kept by
    it.
    """

    def __init__(self, anfrage: str, table: Any, mapping: "Mapping") -> None:
        where = f"abrufe.{anfrage}."
        if anfrage not in AUSWAHL:
            raise ConfigError(f"abrufe.{anfrage} is not a kind of request")
        check_keys(table, _ABRUF, where, {"auswahlrechte"})
        self.anfrage = anfrage
        self.antwort: str = table["antwort"]
        self.namespaces = mapping.namespaces
        eigenes = read_orte(table["anfrage"], 2, f"{where}anfrage")
        auswahldaten = read_orte(table["auswahldaten"], 3, f"{where}auswahldaten")
        check_felder((feld for feld, _ in eigenes), EIGENES[anfrage], f"{where}anfrage")
        check_felder((feld for feld, _ in auswahldaten), AUSWAHL[anfrage].namen(""), f"{where}auswahldaten")
        #: Field and place of all that is read of the request.
        self.orte: Orte = (*mapping.orte("kopf", "anfrage"), *eigenes, *auswahldaten)
        self.gruppen = mapping.gruppen
        self.zeilen = read_zeilen(table["abschnitt"], mapping.bausteine, mapping.gruppen, where)
        self.codes = frozenset(zeile.code for zeile in self.zeilen) - {ALONG}
        self.auswahlrechte: Table[str, Gruppe] = read_gruppen(table.get("auswahlrechte", {}), f"{where}auswahlrechte")
        for feld in sorted(self.auswahlrechte.keys() - {feld for feld, _ in auswahldaten if "." not in feld}):
            raise ConfigError(f"{where}auswahlrechte: {feld} is not one of auswahldaten")
        #: The Rueckweisung codes for what is not everybody's, by Anforderungselement and by field of the Auswahldaten.
        self.elementcodes: Table[str, str] = {
            zeile.code: self.gruppen[zeile.gruppe].rueckweisung for zeile in self.zeilen if zeile.gruppe
        }
        self.auswahlcodes: Table[str, str] = {feld: recht.rueckweisung for feld, recht in self.auswahlrechte.items()}
        self._auswahl = lru_cache(maxsize=256)(self._compile)
        self._verboten = lru_cache(maxsize=256)(self._forbidden)
        self._verwehrt = lru_cache(maxsize=256)(self._withheld)
        self._orte_der_gruppen = places_of_groups(self.zeilen)
        #: Field of the record by place in an answer's `person`, one of them where several may stand there.
        self.felder: Table[str, str] = {zeile.ort.replace(EACH, ""): zeile.feld for zeile in reversed(self.zeilen)}

    def person(self, datensatz: Datensatz, codes: frozenset[str], heute: str) -> dict[str, Any]:
        """What is told of the one person found (§ 5 BMeldDAV) on `heute`, YYYY-MM-DD. `codes` must be the list's."""
        return auskunft_person(datensatz, self._auswahl(codes), heute)

    def treffer(self, datensatz: Datensatz) -> dict[str, Any]:
        """What is told of one of several persons found (§ 6 BMeldDAV)."""
        return auskunft_treffer(datensatz)

    def ergebnis(self, datensatz: Datensatz, codes: frozenset[str]) -> dict[str, Any]:
        """What is told of a person in an Ergebnisliste (§ 8 BMeldDAV). `codes` must be the list's."""
        return auskunft_ergebnis(datensatz, self._auswahl(codes))

    def unzulaessig(self, codes: frozenset[str], rolle: Rolle) -> tuple[str, ...]:
        """The Rueckweisung codes for what is asked and `rolle` may not have, in order: §§ 5 (2), 8 (2) BMeldDAV."""
        return self._verboten(codes, rolle)

    def unzulaessige_auswahl(self, auswahldaten: object, rolle: Rolle) -> tuple[str, ...]:
        """The same for the Auswahldaten that `rolle` may not use: § 7 (2) BMeldDAV."""
        verboten = (recht for feld, recht in self.auswahlrechte.items() if getattr(auswahldaten, feld))
        return tuple(sorted({recht.rueckweisung for recht in verboten if rolle not in recht.rollen}))

    def verwehrte_orte(self, codes: frozenset[str]) -> tuple[str, ...]:
        """The places in an answer's `person` of data for which a role is needed, of each group of which nothing was
        asked.
        """
        return self._verwehrt(codes)

    def _compile(self, codes: frozenset[str]) -> Auswahl:
        return auswahl(zeile.wunsch for zeile in self.zeilen if zeile.code in codes or zeile.code == ALONG)

    def _forbidden(self, codes: frozenset[str], rolle: Rolle) -> tuple[str, ...]:
        asked = (self.gruppen[name] for name in self._asked(codes))
        return tuple(sorted(gruppe.rueckweisung for gruppe in asked if rolle not in gruppe.rollen))

    def _withheld(self, codes: frozenset[str]) -> tuple[str, ...]:
        asked = self._asked(codes)
        return tuple(ort for name, orte in self._orte_der_gruppen.items() if name not in asked for ort in orte)

    def _asked(self, codes: frozenset[str]) -> set[str]:
        return {zeile.gruppe for zeile in self.zeilen if zeile.code in codes and zeile.gruppe}


class Mapping:
    """A version's mapping. Two of them are never equal, so that what is compiled from one is kept by it."""

    def __init__(self, table: Table[str, Any]) -> None:
        """Raises ConfigError that names the key or row and what is wrong with it."""
        check_keys(table, _KEYS, "", {"weitere_namespaces"})
        self.version: str = table["version"]
        self.namespace: str = table["namespace"]
        self._weitere: tuple[str, ...] = tuple(table.get("weitere_namespaces", ()))
        self.codelisten: Table[str, str] = check_table(table["codelisten"], "codelisten")
        self.gruppen = read_gruppen(table["gruppen"], "gruppen")
        bausteine = check_table(table["bausteine"], "bausteine")
        self.bausteine = {name: read_orte(rows, 2, name) for name, rows in bausteine.items()}
        abrufe = check_table(table["abrufe"], "abrufe")
        self._orte = self._read_nachricht(table["nachricht"], bool(abrufe))
        #: Every kind of request, by the number of its message; none where the mapping only tells.
        self.abrufe: Table[str, Abrufart] = {
            anfrage: Abrufart(anfrage, entry, self) for anfrage, entry in abrufe.items()
        }

    def _read_nachricht(self, table: Any, fragt: bool) -> dict[str, Orte]:
        """The tables of `[nachricht]`, checked. `fragt`: there are requests."""
        required = _RAHMEN | (_ABRUFE if fragt else set()) | (_STANDARD if self.is_standard else set())
        nachricht = check_keys(table, required, "nachricht.", EIGENE)
        orte = {name: read_orte(rows, 2, f"nachricht.{name}") for name, rows in nachricht.items()}
        check_felder((feld for feld, _ in orte["kopf"]), _KOPF, "nachricht.kopf")
        if fragt:
            gelesen = _GELESEN if self.is_standard else _GELESEN - _NUR_IM_STANDARD
            check_felder((feld for feld, _ in orte["anfrage"]), gelesen, "nachricht.anfrage")
        return orte

    @classmethod
    def load(cls, path: Path) -> "Mapping":
        """Reads the file. Raises ConfigError that names it, the key or row, and what is wrong."""
        try:
            return cls(tomllib.loads(path.read_text(encoding="utf-8")))
        except (ConfigError, OSError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"{path}: {error}") from None

    @property
    def is_standard(self) -> bool:
        """Whether it is a version's of the standard, not that of house messages."""
        return XMELD_FAMILY.fullmatch(self.namespace) is not None

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Of the elements that are qualified: a house message has some of the version that it builds on."""
        return (self.namespace, *self._weitere)

    @property
    def eigene(self) -> Table[str, Orte]:
        """What stands where in each message of EIGENE that can be written, by the message's number."""
        return {nummer: self._orte[name] for name, nummer in EIGENE.items() if name in self._orte}

    def orte(self, *tables: str) -> Orte:
        """Pairs of field and place of the tables in `[nachricht]`."""
        return tuple(pair for table in tables for pair in self._orte[table])
