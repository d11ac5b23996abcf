"""What connects a version's messages with the record: read from `mappings/<version>.toml`, checked when it is read."""

import tomllib
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Table
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from gateway.errors import ConfigError
from gateway.meldewesen import pfade
from gateway.meldewesen.auskunft import ANTWORT, Auswahl, Wunsch, auskunft_person, auskunft_treffer, auswahl
from gateway.meldewesen.behoerde import Rolle
from gateway.meldewesen.datensatz import Datensatz

#: Code of a row that nobody asks for: its datum comes along.
ALONG = "*"

_KEYS = {"version", "namespace", "nachrichten", "codelisten", "gruppen", "bausteine", "nachricht", "abschnitt"}
_NACHRICHTEN = {"anfrage", "antwort", "ruecksendung"}
_TABLES = {"kopf": 2, "absender": 2, "antwort": 2, "ruecksendung": 2, "anfrage": 2, "auswahldaten": 3}
_GRUPPE = {"rueckweisung", "rollen"}
_ABSCHNITT = {"feld", "ort", "wenn", "gruppe", "zeilen"}


@dataclass(frozen=True)
class Gruppe:
    """Data that only some roles may have, and the code of the Rueckweisung that the others get."""

    rueckweisung: str
    rollen: frozenset[Rolle]


@dataclass(frozen=True)
class Zeile:
    """One datum of an answer: who asks for it, where it stands in the record, and where in the message's `person`."""

    code: str
    blatt: str
    feld: str
    ort: str
    wenn: tuple[str, frozenset[object]] | None = None
    gruppe: str = ""

    @property
    def wunsch(self) -> Wunsch:
        """What the row lets be told."""
        return Wunsch(pfade.names(self.feld), self.wenn, self.code == ALONG)


class Mapping:
    """A version's mapping. Two of them are never equal, so that what is compiled from one is kept by it."""

    def __init__(self, table: Table[str, Any]) -> None:
        """Raises ConfigError that names the key or row and what is wrong with it."""
        _known(table, _KEYS, "")
        self.version: str = table["version"]
        self.namespace: str = table["namespace"]
        self.nachrichten: Table[str, str] = _complete(table["nachrichten"], _NACHRICHTEN, "nachrichten")
        self.codelisten: Table[str, str] = table["codelisten"]
        self.gruppen = {name: _gruppe(name, entry) for name, entry in table["gruppen"].items()}
        self.nachricht = _complete(table["nachricht"], set(_TABLES), "nachricht")
        for name, columns in _TABLES.items():
            _rows(self.nachricht[name], columns, f"nachricht.{name}")
        self.zeilen = tuple(_zeilen(table["abschnitt"], table["bausteine"]))
        _check_zeilen(self.zeilen, self.gruppen)
        self.codes = frozenset(zeile.code for zeile in self.zeilen) - {ALONG}
        self._auswahl = lru_cache(maxsize=256)(self._compile)
        self._verboten = lru_cache(maxsize=256)(self._forbidden)

    @classmethod
    def load(cls, path: Path) -> "Mapping":
        """Reads the file. Raises ConfigError that names it, the key or row, and what is wrong."""
        try:
            return cls(tomllib.loads(path.read_text(encoding="utf-8")))
        except KeyError as error:
            raise ConfigError(f"{path}: {error.args[0]} is missing") from None
        except (ConfigError, OSError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"{path}: {error}") from None

    def person(self, datensatz: Datensatz, codes: frozenset[str], heute: str) -> dict[str, Any]:
        """What is told of the one person found (§ 5 BMeldDAV) on `heute`, YYYY-MM-DD. `codes` must be the list's."""
        return auskunft_person(datensatz, self._auswahl(codes), heute)

    def treffer(self, datensatz: Datensatz) -> dict[str, Any]:
        """What is told of one of several persons found (§ 6 BMeldDAV)."""
        return auskunft_treffer(datensatz)

    def unzulaessig(self, codes: frozenset[str], rolle: Rolle) -> tuple[str, ...]:
        """The Rueckweisung codes for what is asked and `rolle` may not have, in the list's order: § 5 (2) BMeldDAV."""
        return self._verboten(codes, rolle)

    def orte(self, *tables: str) -> tuple[tuple[str, str], ...]:
        """Pairs of field and place of the tables in `[nachricht]`."""
        return tuple((row[0], row[-1]) for table in tables for row in self.nachricht[table])

    def _compile(self, codes: frozenset[str]) -> Auswahl:
        return auswahl(zeile.wunsch for zeile in self.zeilen if zeile.code in codes or zeile.code == ALONG)

    def _forbidden(self, codes: frozenset[str], rolle: Rolle) -> tuple[str, ...]:
        asked = {zeile.gruppe for zeile in self.zeilen if zeile.code in codes and zeile.gruppe}
        return tuple(
            sorted(self.gruppen[name].rueckweisung for name in asked if rolle not in self.gruppen[name].rollen)
        )


def _known(table: Table[str, Any], known: set[str], where: str) -> None:
    for key in table.keys() - known:
        raise ConfigError(f"{where}{key} is not a known key")


def _complete(table: Table[str, Any], known: set[str], where: str) -> Table[str, Any]:
    _known(table, known, f"{where}.")
    for key in known - table.keys():
        raise ConfigError(f"{where}.{key} is missing")
    return table


def _rows(rows: Any, columns: int, where: str) -> Sequence[Sequence[str]]:
    for row in rows:
        if len(row) != columns or not all(isinstance(cell, str) for cell in row):
            raise ConfigError(f"{where}: the row of {row[0] if row else 'nothing'} must have {columns} texts")
    result: Sequence[Sequence[str]] = rows
    return result


def _gruppe(name: str, entry: Table[str, Any]) -> Gruppe:
    _complete(entry, _GRUPPE, f"gruppen.{name}")
    try:
        return Gruppe(entry["rueckweisung"], frozenset(Rolle(rolle) for rolle in entry["rollen"]))
    except ValueError as error:
        raise ConfigError(f"gruppen.{name}.rollen: {error}") from None


def _zeilen(abschnitte: Iterable[Table[str, Any]], bausteine: Table[str, Any]) -> Iterable[Zeile]:
    for number, abschnitt in enumerate(abschnitte, 1):
        where = f"abschnitt {number}"
        _known(abschnitt, _ABSCHNITT, f"{where}: ")
        wenn = _wenn(abschnitt.get("wenn"), where)
        for code, blatt, feld, ort in _rows(abschnitt["zeilen"], 4, where):
            for feld_teil, ort_teil in _expanded(feld, ort, bausteine):
                full = ".".join(filter(None, (abschnitt.get("feld"), feld_teil)))
                yield Zeile(code, blatt, full, f"{abschnitt['ort']}/{ort_teil}", wenn, abschnitt.get("gruppe", ""))


def _wenn(table: Table[str, Any] | None, where: str) -> tuple[str, frozenset[object]] | None:
    if table is None:
        return None
    if len(table) != 1:
        raise ConfigError(f"{where}: wenn must name one field")
    ((name, values),) = table.items()
    return name, frozenset(values)


def _expanded(feld: str, ort: str, bausteine: Table[str, Any]) -> Iterable[tuple[str, str]]:
    for name, rows in bausteine.items():
        mark = "{" + name + "}"
        if feld.endswith(mark):
            return [(feld.replace(mark, teil), ort.replace(mark, platz)) for teil, platz in _rows(rows, 2, name)]
    return [(feld, ort)]


def _check_zeilen(zeilen: Iterable[Zeile], gruppen: Table[str, Gruppe]) -> None:
    weichen: dict[str, str] = {}
    gruppe_of: dict[str, str] = {}
    for zeile in zeilen:
        try:
            pfade.resolve(zeile.feld, ANTWORT)
        except ValueError as error:
            raise ConfigError(f"row {zeile.code} {error}") from None
        if zeile.gruppe and zeile.gruppe not in gruppen:
            raise ConfigError(f"row {zeile.code}: {zeile.gruppe} is not one of gruppen")
        if zeile.code != ALONG and gruppe_of.setdefault(zeile.code, zeile.gruppe) != zeile.gruppe:
            raise ConfigError(f"row {zeile.code} stands in more than one gruppe")
        if zeile.wenn and weichen.setdefault(pfade.names(zeile.feld)[0], zeile.wenn[0]) != zeile.wenn[0]:
            raise ConfigError(f"row {zeile.code}: wenn names another field than the group's other sections")
