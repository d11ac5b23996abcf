"""Loads persons and street directories into the mirror: all of a file, or nothing of it.

Each entry is a person's record (`meldewesen.datensatz`) or `{"strassen": {"ags": …, "namen": […]}}`, the street
directory of a municipality. A record replaces the one with the same AGS and Ordnungsmerkmal; streets are added.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from typing import Any

from sqlalchemy import Engine

from gateway.database import store_errors
from gateway.errors import GatewayError
from gateway.meldewesen import datensatz
from gateway.meldewesen.normalform import strassenform
from gateway.meldewesen.suchdaten import formen_des_datensatzes
from gateway.meldewesen.werte import Gemeindeschluessel
from gateway.meldewesen.zeichen import zulaessig
from gateway.spiegel.schreiben import Person, Schreiber
from gateway.spiegel.tabellen import metadata

#: Persons that are written together.
_BATCH = 2000

#: Errors of a file that are told one by one; of the others only their number.
MAX_FEHLER = 100

#: Characters of a reason at most: it may name a key of the file, which may be anything.
_MAX_GRUND = 200

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Eintrag = str | bytes | dict[str, Any]


@dataclass(frozen=True)
class Zeilenfehler:
    """What is wrong with an entry: its number in the file (from 1) and the reason, without values."""

    zeile: int
    grund: str


class LadeFehler(GatewayError):
    """The file has bad lines; nothing of it was loaded. `fehler` are the first ones, `anzahl` counts all."""

    def __init__(self, fehler: tuple[Zeilenfehler, ...], anzahl: int) -> None:
        super().__init__(f"nothing was loaded: {anzahl} bad line(s), the first is line {fehler[0].zeile}")
        self.fehler = fehler
        self.anzahl = anzahl


@dataclass(frozen=True)
class Ladebericht:
    """What was loaded: persons, how many of them replaced an older record, and streets named in directories."""

    personen: int
    ersetzt: int
    strassen: int


@dataclass
class _Fehlerliste:
    fehler: list[Zeilenfehler] = field(default_factory=list)
    anzahl: int = 0

    def add(self, zeile: int, grund: str) -> None:
        self.anzahl += 1
        if len(self.fehler) < MAX_FEHLER:
            lesbar = grund.encode("ascii", "backslashreplace").decode()[:_MAX_GRUND]
            self.fehler.append(Zeilenfehler(zeile, lesbar))

    def check(self) -> None:
        if self.anzahl:
            raise LadeFehler(tuple(sorted(self.fehler, key=attrgetter("zeile"))), self.anzahl)


def lade(
    engine: Engine,
    eintraege: Iterable[Eintrag],
    fortschritt: Callable[[int], None] = lambda gelesen: None,
    bedient: Callable[[str], bool] = lambda ags: True,
) -> Ladebericht:
    """Loads all entries (JSON texts or objects; blank lines are skipped) in one transaction.

    An entry of a municipality that is not `bedient` (by AGS) is bad. `fortschritt` is called with the number of entries
    read so far. Raises LadeFehler when an entry is bad and StoreError when the mirror cannot be written; in both cases
    nothing has changed.
    """
    fehler = _Fehlerliste()
    strassen: set[tuple[str, str]] = set()
    personen = _read(eintraege, strassen, fehler, fortschritt, bedient)
    with store_errors("the mirror cannot be written"):
        with engine.begin() as connection:
            schreiber = Schreiber(connection)
            while batch := list(islice(personen, _BATCH)):
                for doppelt in schreiber.write(batch):
                    fehler.add(doppelt.zeile, "the file has this ags and ordnungsmerkmal more than once")
            fehler.check()
            schreiber.write_strassen(strassen)
        _refresh_statistics(engine)
    return Ladebericht(schreiber.personen, schreiber.ersetzt, len(strassen))


def _refresh_statistics(engine: Engine) -> None:
    """PostgreSQL answers from an index alone where it knows that nothing changed since; SQLite shortens its log."""
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(
            "PRAGMA wal_checkpoint(TRUNCATE)" if sqlite else f"VACUUM (ANALYZE) {', '.join(metadata.tables)}"
        )


def _read(
    eintraege: Iterable[Eintrag],
    strassen: set[tuple[str, str]],
    fehler: _Fehlerliste,
    fortschritt: Callable[[int], None],
    bedient: Callable[[str], bool],
) -> Iterator[Person]:
    """The good persons of the file; bad entries go to `fehler`, street names to `strassen`."""
    zeile = 0
    for zeile, eintrag in enumerate(eintraege, start=1):
        if zeile % _BATCH == 0:
            fortschritt(zeile)
        if not isinstance(eintrag, dict) and not eintrag.strip():
            continue
        try:
            record = _decode(eintrag)
            if "strassen" in record:
                strassen.update(_directory(record, bedient))
            else:
                yield _person(zeile, record, bedient)
        except ValueError as error:
            fehler.add(zeile, str(error))
    fortschritt(zeile)


def _person(zeile: int, record: dict[str, Any], bedient: Callable[[str], bool]) -> Person:
    datensatz.check(record)
    _check_bedient("ags", record["ags"], bedient)
    return Person(zeile, record["ags"], record["ordnungsmerkmal"], _encode(record), formen_des_datensatzes(record))


def _decode(eintrag: Eintrag) -> dict[str, Any]:
    if isinstance(eintrag, dict):
        return eintrag
    try:
        text = eintrag.decode("utf-8") if isinstance(eintrag, bytes) else eintrag
        record = json.loads(text, object_pairs_hook=_unique)
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    except (json.JSONDecodeError, RecursionError):
        bom = text.startswith("\ufeff")
        raise ValueError("is not JSON: it begins with a byte order mark (BOM)" if bom else "is not JSON") from None
    if not isinstance(record, dict):
        raise ValueError("must be an object")
    return record


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON lets a key stand twice and the last one win: here a lost block would cost somebody's safety."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("has a key twice in one object")
    return result


def _check_bedient(feld: str, ags: str, bedient: Callable[[str], bool]) -> None:
    if not bedient(ags):
        raise ValueError(f"{feld}: {ags} is not a municipality that this instance serves")


def _directory(record: dict[str, Any], bedient: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    verzeichnis = record["strassen"]
    if len(record) != 1 or not isinstance(verzeichnis, dict) or verzeichnis.keys() != {"ags", "namen"}:
        raise ValueError("strassen: must hold ags and namen, and stand alone")
    ags, namen = verzeichnis["ags"], verzeichnis["namen"]
    if not isinstance(ags, str):
        raise ValueError("strassen.ags: must be an AGS of eight digits")
    if not isinstance(namen, list):
        raise ValueError("strassen.namen: must be a list")
    for index, name in enumerate(namen):
        if not isinstance(name, str) or not name.isprintable() or not zulaessig(name):
            raise ValueError(f"strassen.namen[{index}]: must be a text in characters of DIN 91379 (datatypeC), NFC")
    schluessel = Gemeindeschluessel(ags)
    _check_bedient("strassen.ags", schluessel, bedient)
    return ((schluessel, form) for name in namen if (form := strassenform(name)))
