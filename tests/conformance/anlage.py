"""The example rows of the Anlage of BMeldDAV: from a row to the person it loads and the query it asks."""

import csv
import re
from dataclasses import dataclass
from typing import Any

from gateway.meldewesen.anfrage import Auswahldaten
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from tests.shared import SHARED
from tests.spiegel.personen import datensatz, wohnung

_FILE = SHARED / "conformance" / "bmelddav_anlage.tsv"


@dataclass(frozen=True)
class Zeile:
    """One row: the register's value of a DSMeld Blatt, the query's value, and whether the person is found.

    `nummer` counts the file's rows from 1. The normal forms are given for streets only.
    """

    nummer: int
    suche: str
    anlage: str
    dsmeld: str
    register: str
    auswahl: str
    enthalten: bool
    normalform_register: str
    normalform_auswahl: str

    def __str__(self) -> str:
        return f"{self.nummer}-{self.anlage}-{self.dsmeld}-{self.register}-{self.auswahl}"

    @property
    def ags(self) -> Gemeindeschluessel:
        """A municipality of the row's own, so that all rows fit into one mirror."""
        return Gemeindeschluessel(f"09000{self.nummer:03}")


def zeilen(suche: str) -> list[Zeile]:
    """The rows of `personensuche` or `freieSuche`; none where the reference material is absent."""
    if not _FILE.exists():
        return []
    with _FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [_zeile(nummer, row) for nummer, row in enumerate(rows, start=1) if row["suche"] == suche]


def _zeile(nummer: int, row: dict[str, Any]) -> Zeile:
    return Zeile(nummer, **row | {"enthalten": {"ja": True, "nein": False}[row["enthalten"]]})


def datensatz_zu(zeile: Zeile, ordnungsmerkmal: str = "1") -> dict[str, Any]:
    """The row's person in the register of the row's municipality."""
    wert = zeile.register
    felder: dict[str, dict[str, Any]] = {
        "0101a": {"familienname": wert},
        "0301": {"vornamen": wert},
        "0502": {"kuenstlername": wert},
    }
    if zeile.dsmeld in felder:
        return datensatz(ordnungsmerkmal, zeile.ags, **felder[zeile.dsmeld])
    if zeile.dsmeld == "0601":
        return datensatz(ordnungsmerkmal, zeile.ags, geburtsdatum=_datum(wert))
    inland: dict[str, Any] = {"strasse": wert} if zeile.dsmeld == "1205" else _hausnummer(wert)
    return datensatz(ordnungsmerkmal, zeile.ags, wohnungen=[wohnung(zeile.ags, **inland)])


def auswahldaten_zu(zeile: Zeile) -> Auswahldaten:
    """The row's query: its value, and beside it what § 38 (1) BMG demands, true of the row's person."""
    return Auswahldaten(zeile.ags, **_name(zeile) | _weitere(zeile))


def _name(zeile: Zeile) -> dict[str, Any]:
    if (zeile.anlage, zeile.dsmeld) == ("4d", "0502"):
        return {"ordens_oder_kuenstlername": zeile.auswahl}
    name = {"familienname": "Musterfrau", "vornamen": "Erika"}
    if zeile.anlage in ("4a", "4b"):  # the queries of no. 4 b ask for a family name, also where the register has 0502
        name["familienname"] = zeile.auswahl
    if zeile.dsmeld == "0301":
        name["vornamen"] = zeile.auswahl
    return name


def _weitere(zeile: Zeile) -> dict[str, Any]:
    if zeile.dsmeld == "0601":
        return {"geburtsdatum": Teildatum(_datum(zeile.auswahl))}
    if zeile.dsmeld == "1205":
        return {"strasse": zeile.auswahl}
    if zeile.dsmeld == "1206/1208/1209":
        return {"strasse": "Prüfweg", **_hausnummer(zeile.auswahl)}
    return {"geschlecht": "w"}


def _datum(ttmmjjjj: str) -> str:
    return f"{ttmmjjjj[4:]}-{ttmmjjjj[2:4]}-{ttmmjjjj[:2]}"


def _hausnummer(text: str) -> dict[str, str]:
    """Parts of `17 a 1/3`: 1206 a number, 1208 a letter, 1209 a fraction. Each of them may be missing."""
    found = re.fullmatch(r"(?P<hausnummer>\d+)?\s?(?P<hausnummer_zusatz>[A-Za-z])?\s?(?P<hausnummer_teil>\d/\d)?", text)
    if not found or not text:
        raise ValueError(text)
    return {name: wert for name, wert in found.groupdict().items() if wert}
