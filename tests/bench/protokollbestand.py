"""Fills a Protokoll with many entries of two years, past the writer: as it stores them, but not chained or sealed."""

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import Engine, text

from gateway.abruf.suchbegriffe import freitext, namen, nutzer, person
from gateway.ports import Suchart
from gateway.protokoll.monate import partition, prepare
from gateway.protokoll.monatsschluessel import Monatsschluessel, Schluesselbund
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.tabellen import EINTRAG
from gateway.protokoll.verzeichnis import rows_of
from gateway.protokoll.zeit import micros

MONATE = 24
BEHOERDEN = tuple(f"dbs:03001{number:07d}" for number in range(500))

_COLUMNS = [column.name for column in EINTRAG.columns]
_STEP = 20_000
_INHALT = os.urandom(300)


def fill(engine: Engine, schluessel: Protokollschluessel, records: int) -> None:
    """Months of the same size, persons asked for five times each on average, users of forty an authority."""
    bund, each = Schluesselbund(schluessel), records // MONATE
    for number in range(MONATE):
        monat = (2025 + number // 12) * 100 + number % 12 + 1
        with engine.begin() as connection:
            prepare(connection, monat)
            key = bund.neu(connection, monat, "")
        zeilen = _zeilen(key, monat, number * each + 1, each, records // 5)
        while some := list(islice(zeilen, _STEP)):
            _store(engine, monat, some)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _zeilen(key: Monatsschluessel, monat: int, first: int, count: int, persons: int) -> Iterator[dict[str, Any]]:
    begin = micros(datetime(monat // 100, monat % 100, 1, tzinfo=UTC))
    for nummer in range(first, first + count):
        wer, wen = BEHOERDEN[nummer % len(BEHOERDEN)], str(nummer * 104_729 % persons)
        begriffe = (
            nutzer(wer, f"sb-{nummer // 500 % 40}"),
            freitext(Suchart.AKTENZEICHEN, f"az {nummer}"),
            freitext(Suchart.ANLASS, f"anlass {nummer % 60}"),
            person("03241001", wen),
            *namen(f"Name{chr(65 + nummer % 26)}{chr(65 + nummer % 23)}", "Erika", f"19{nummer % 100:02d}-01-01"),
        )
        moment, digest = begin + (nummer - first) * 2_400_000_000_000 // count, hashlib.sha256(b"%d" % nummer).digest()
        werte = dict.fromkeys(_COLUMNS) | {"kette": 1, "nummer": nummer, "monat": monat, "behoerde": wer}
        werte |= dict.fromkeys(("gespeichert", "empfangen", "beantwortet"), moment)
        werte |= dict.fromkeys(("anfrage_digest", "antwort_digest", "vorgaenger", "hash", "nachricht_digest"), digest)
        werte |= {"transport": "soap", "ergebnis": "auskunft", "codes": "01", "nachrichtentyp": "1330"}
        werte |= {"wiederholung": 0, "treffer": 1, "schluessel": key.id, "inhalt": _INHALT}
        yield werte | {"verzeichnis": key.packed(begriffe)}


def _store(engine: Engine, monat: int, some: list[dict[str, Any]]) -> None:
    found = [row for one in some for row in rows_of(monat, one["verzeichnis"], 1, one["nummer"])]
    entries = [tuple(one[name] for name in _COLUMNS) for one in some]
    found.sort()
    with engine.begin() as connection:
        raw: Any = connection.connection.dbapi_connection
        cursor = raw.cursor()
        store = partial(_insert if engine.dialect.name == "sqlite" else _copy, cursor, monat)
        store("protokoll", _COLUMNS, entries)
        store("protokoll_index", ["monat", "art", "digest", "kette", "nummer"], found)


def _insert(cursor: Any, _monat: int, table: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", rows)


def _copy(cursor: Any, monat: int, table: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    with cursor.copy(f"COPY {partition(table, monat)} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
