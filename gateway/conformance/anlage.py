"""The examples of the Anlage of BMeldDAV: each row's person as a record, and its query as the fields that it fills.

The rows are data, in `anlage.toml`. The persons are invented.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from gateway.meldewesen.anfrage import Auswahldaten, FreieAuswahl, FreieWohnung
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum

#: The Land of the rows' municipalities.
LAND = "09"

_PERSON = {
    "familienname": "Musterfrau",
    "vornamen": "Erika",
    "geburtsdatum": "1964-08-12",
    "geburtsort": "Hannover",
    "geschlecht": "w",
}
_ANSCHRIFT = {"plz": "30159", "wohnort": "Hannover", "strasse": "Prüfweg", "hausnummer": "1"}

Felder = dict[str, Any]


class Suche(StrEnum):
    """The two searches of § 34a BMG, as `anlage.toml` names them."""

    PERSONENSUCHE = "personensuche"
    FREIE_SUCHE = "freieSuche"


@dataclass(frozen=True)
class Zeile:
    """One row: the register's value of a DSMeld Blatt, the query's value, and whether the person is found.

    `nummer` counts the rows of all searches from 1.
    """

    nummer: int
    suche: Suche
    anlage: str
    dsmeld: str
    register: str
    auswahl: str
    enthalten: bool

    def __str__(self) -> str:
        return f"{self.nummer}-{self.anlage}-{self.dsmeld}-{self.register}-{self.auswahl}"

    @property
    def ags(self) -> Gemeindeschluessel:
        """A municipality of the row's own, so that all rows fit into one mirror and none finds another's person."""
        return Gemeindeschluessel(f"{LAND}000{self.nummer:03}")


@cache
def zeilen() -> tuple[Zeile, ...]:
    """Every row, in the order of `anlage.toml`."""
    return tuple(Zeile(nummer, *row) for nummer, row in enumerate(_rows(_table()), start=1))


def normalformen() -> Mapping[str, str]:
    """The normal forms that the law gives of its streets."""
    forms: dict[str, str] = _table()["normalformen"]
    return forms


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "anlage.toml").read_text(encoding="utf-8"))


def _rows(table: Mapping[str, Any]) -> Iterator[tuple[Suche, str, str, str, str, bool]]:
    for suche in Suche:
        for anlage, blaetter in table[suche].items():
            for dsmeld, seiten in blaetter.items():
                for seite, werte in seiten.items():
                    for links, rechts, enthalten in _pairs(werte):
                        register, auswahl = {"register": (links, rechts), "auswahl": (rechts, links)}[seite]
                        yield suche, anlage, dsmeld, register, auswahl, enthalten


def _pairs(werte: Mapping[str, Mapping[str, list[str]]]) -> Iterator[tuple[str, str, bool]]:
    for links, urteile in werte.items():
        for urteil, alle in urteile.items():
            for rechts in alle:
                yield links, rechts, {"ja": True, "nein": False}[urteil]


def datensatz_zu(zeile: Zeile) -> dict[str, Any]:
    """The row's person in the register of the row's municipality."""
    felder = _BLATT[zeile.dsmeld](zeile.register)
    anschrift = _ANSCHRIFT | {"ags": zeile.ags}
    person: Felder = _PERSON | {"ags": zeile.ags, "ordnungsmerkmal": "1"}
    (anschrift if zeile.dsmeld.startswith("12") else person).update(felder)
    return person | {"wohnungen": [{"aktuell": True, "anschrift": {"inland": anschrift}, "status": "0"}]}


def angaben(zeile: Zeile) -> Felder:
    """The row's own datum, by the names of a query's fields; a range by its two ends. A freie Suche gives no more."""
    felder = _ANFRAGE.get(zeile.anlage, _BLATT[zeile.dsmeld])
    return felder(zeile.auswahl)


def auswahldaten_zu(zeile: Zeile) -> Auswahldaten:
    """The query of a Personensuche: the row's datum, and beside it what § 38 (1) BMG demands, true of its person."""
    felder = angaben(zeile)
    weitere: Felder = {"geschlecht": _PERSON["geschlecht"]}
    if "ordens_oder_kuenstlername" not in felder:
        weitere |= {name: _PERSON[name] for name in ("familienname", "vornamen")}
    if zeile.dsmeld == "1206/1208/1209":
        weitere["strasse"] = _ANSCHRIFT["strasse"]
    return Auswahldaten(zeile.ags, **weitere | felder)


def freie_auswahl_zu(zeile: Zeile) -> FreieAuswahl:
    """The query of a freie Suche: the row's datum alone, in the row's municipality."""
    felder = angaben(zeile)
    wohnung = {name: felder.pop(name) for name in FreieWohnung.__dataclass_fields__ if name in felder}
    return FreieAuswahl(**felder, wohnung=FreieWohnung(**wohnung) if wohnung else None)


def _in(feld: str) -> Callable[[str], Felder]:
    return lambda wert: {feld: wert}


def _familien_und_kuenstlername(text: str) -> Felder:
    familienname, kuenstlername = text.split("/")
    return {"familienname": familienname, "kuenstlername": kuenstlername}


def _geburtsdatum(ttmmjjjj: str) -> Felder:
    return {"geburtsdatum": _datum(ttmmjjjj)}


def _geburtszeitraum(text: str) -> Felder:
    von, bis = text.split(" bis ")
    return {"geburt_von": _datum(von.replace(".", "")), "geburt_bis": _datum(bis.replace(".", ""))}


def _datum(ttmmjjjj: str) -> Teildatum:
    return Teildatum(f"{ttmmjjjj[4:]}-{ttmmjjjj[2:4]}-{ttmmjjjj[:2]}")


def _hausnummer(text: str) -> Felder:
    """Parts of `17 a 1/3`: 1206 a number, 1208 a letter, 1209 a fraction. Each of them may be missing."""
    found = re.fullmatch(r"(?P<hausnummer>\d+)?\s?(?P<hausnummer_zusatz>[A-Za-z])?\s?(?P<hausnummer_teil>\d/\d)?", text)
    if not found or not text:
        raise ValueError(text)
    return {name: wert for name, wert in found.groupdict().items() if wert}


def _hausnummernbereich(text: str) -> Felder:
    von, bis = text.split(" bis ")
    return {"hausnummer_von": von, "hausnummer_bis": bis}


#: The fields that a value of a DSMeld Blatt fills, in the record and in a query.
_BLATT: dict[str, Callable[[str], Felder]] = {
    "0101a": _in("familienname"),
    "0301": _in("vornamen"),
    "0502": _in("kuenstlername"),
    "0101a/0502": _familien_und_kuenstlername,
    "0601": _geburtsdatum,
    "Datum": _geburtsdatum,
    "1205": _in("strasse"),
    "1206": _hausnummer,
    "1206/1208/1209": _hausnummer,
}

#: Numbers of the Anlage whose query fills other fields than the record's: no. 4 b and 6 b ask for a family name also
#: where the register has 0502, no. 6 g and 6 j for a range.
_ANFRAGE: dict[str, Callable[[str], Felder]] = {
    "4b": _in("familienname"),
    "4d": _in("ordens_oder_kuenstlername"),
    "6b": _in("familienname"),
    "6d": _in("ordens_oder_kuenstlername"),
    "6g": _geburtszeitraum,
    "6j": _hausnummernbereich,
}
