"""Writes a load's persons into the tables, in batches, by the fastest way that each database has."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from secrets import token_bytes
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select, text

from gateway.meldewesen.sperren import UNGESPERRT
from gateway.meldewesen.suchdaten import Indexformen
from gateway.spiegel.tabellen import person, strasse, suchdatum, wohnung

#: Values in one IN list.
_CHUNK = 500

#: Bytes of the mirror's own id of a person: random, so that it says nothing (§ 39 (2) S. 2 BMG).
_MERKMAL_BYTES = 16

#: A person's dwellings in the municipality of the record.
_HIER = (wohnung.c.person_id == person.c.id) & (wohnung.c.gemeinde == person.c.ags)

#: Last days of a person's blocks, as a street has them too.
_ENDEN = (person.c.sperre_bis, person.c.veranlasst_bis)

_ADD_STRASSE = text(
    "INSERT INTO strasse (ags, name, sperre_bis, veranlasst_bis) VALUES (:ags, :name, :sperre_bis, :veranlasst_bis) "
    "ON CONFLICT DO NOTHING"
)

_Row = tuple[Any, ...]


@dataclass(frozen=True)
class Person:
    """One checked record on its way into the tables; `zeile` is its number in the file."""

    zeile: int
    ags: str
    ordnungsmerkmal: str
    dokument: str
    formen: Indexformen


class Schreiber:
    """Writes one load within the transaction of `connection`. Other loads wait until it ends; searches do not."""

    def __init__(self, connection: Connection) -> None:
        if connection.dialect.name == "postgresql":  # on SQLite the transaction began with the write lock
            connection.exec_driver_sql("LOCK TABLE person IN SHARE ROW EXCLUSIVE MODE")
            # A plan kept from when the table was empty would read all of it for every batch.
            connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_custom_plan")
        self._connection = connection
        self._first_id = (connection.execute(select(func.max(person.c.id))).scalar() or 0) + 1
        self._strassen: set[_Row] = set()
        self._fruehere: set[_Row] = set()  # streets of blocked persons whose records were replaced or removed
        self.personen = 0
        self.ersetzt = 0

    def write(self, personen: Sequence[Person]) -> list[Person]:
        """Writes new persons and replaces known ones; a known person keeps its `merkmal`.

        Returns those that are not written, because this load has written the same person before.
        """
        known = self._known((one.ags, one.ordnungsmerkmal) for one in personen)
        batch = _Batch()
        doppelt: list[Person] = []
        seen: set[tuple[str, str]] = set()
        replaced: list[int] = []
        for one in personen:
            key = (one.ags, one.ordnungsmerkmal)
            old_id, merkmal = known.get(key, (0, b""))
            if key in seen or old_id >= self._first_id:
                doppelt.append(one)
                continue
            seen.add(key)
            if old_id:
                replaced.append(old_id)
            batch.add(self._first_id + self.personen, merkmal or token_bytes(_MERKMAL_BYTES), one)
            self.personen += 1
        self.ersetzt += len(replaced)
        self._delete(replaced)
        batch.insert(self._connection)
        self._strassen |= batch.strassen
        return doppelt

    def remove(self, personen: Collection[tuple[str, str]]) -> list[tuple[str, str]]:
        """Removes persons, by AGS and Ordnungsmerkmal.

        Returns those that are not there, or only because this load has written them.
        """
        known = self._known(personen)
        there = {wer: id_ for wer, (id_, _) in known.items() if id_ < self._first_id}
        self._delete(list(there.values()))
        return [wer for wer in personen if wer not in there]

    def write_strassen(self, verzeichnis: Collection[tuple[str, str]]) -> None:
        """Adds the streets (AGS, normal form) of directories, and those of all persons written so far.

        What a replaced or removed record of a blocked person had told is forgotten: the block may last longer now.
        """
        for row in self._fruehere - self._strassen:
            self._forget(row)
        rows = self._strassen.union((ags, form, UNGESPERRT, UNGESPERRT) for ags, form in verzeichnis)
        if rows:
            columns = strasse.columns.keys()
            values = [dict(zip(columns, row, strict=True)) for row in sorted(rows)]
            self._connection.execute(_ADD_STRASSE, values)

    def _known(self, personen: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, bytes]]:
        """Id and merkmal of those persons that the mirror has, by AGS and Ordnungsmerkmal."""
        known: dict[tuple[str, str], tuple[int, bytes]] = {}
        for ags, group in groupby(sorted(personen), itemgetter(0)):
            of_ags = select(person.c.ordnungsmerkmal, person.c.id, person.c.merkmal).where(person.c.ags == ags)
            for merkmale in _chunks([ordnungsmerkmal for _, ordnungsmerkmal in group]):
                for row in self._connection.execute(of_ags.where(person.c.ordnungsmerkmal.in_(merkmale))):
                    known[ags, row.ordnungsmerkmal] = (row.id, bytes(row.merkmal))
        return known

    def _forget(self, row: _Row) -> None:
        """Takes away a street with the ends of a person's blocks, unless another person has all of it."""
        ags, form, *enden = row
        same = [spalte == ende for spalte, ende in zip(_ENDEN, enden, strict=True)]
        held = select(person.c.id).join(wohnung, _HIER).where(person.c.ags == ags, wohnung.c.strasse == form, *same)
        if self._connection.execute(held.limit(1)).first() is None:
            zeile = [spalte == wert for spalte, wert in zip(strasse.c, row, strict=True)]
            self._connection.execute(delete(strasse).where(*zeile))

    def _delete(self, ids: list[int]) -> None:
        for chunk in _chunks(ids):
            blocked = select(person.c.ags, wohnung.c.strasse, *_ENDEN).join(wohnung, _HIER)
            blocked = blocked.where(person.c.id.in_(chunk), person.c.sperre_bis != UNGESPERRT)
            self._fruehere.update(tuple(row) for row in self._connection.execute(blocked))
            self._connection.execute(delete(person).where(person.c.id.in_(chunk)))
            for table in (suchdatum, wohnung):
                self._connection.execute(delete(table).where(table.c.person_id.in_(chunk)))


class _Batch:
    """The rows of one batch, table by table."""

    def __init__(self) -> None:
        self.strassen: set[_Row] = set()
        self._rows: dict[Table, list[_Row]] = {table: [] for table in (person, suchdatum, wohnung)}

    def add(self, id_: int, merkmal: bytes, one: Person) -> None:
        ags, f = one.ags, one.formen
        bis = (f.sperre_bis, f.veranlasst_bis)
        rows = self._rows
        rows[person].append((id_, ags, one.ordnungsmerkmal, merkmal, *bis, one.dokument))
        rows[suchdatum].extend((int(art), wert, ags, *bis, id_) for art, wert in f.daten)
        rows[wohnung].extend((id_, nummer, *form) for nummer, form in enumerate(f.wohnungen))
        self.strassen.update((ags, form.strasse, *bis) for form in f.wohnungen if form.strasse and form.gemeinde == ags)

    def insert(self, connection: Connection) -> None:
        """Writes the rows in the order of their keys, which keeps the writes to the indexes together."""
        for table, rows in self._rows.items():
            if rows:
                rows.sort()
                _insert(connection, table, rows)


def _insert(connection: Connection, table: Table, rows: list[_Row]) -> None:
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        values = ", ".join("?" * len(table.columns))
        connection.exec_driver_sql(f"INSERT INTO {table.name} VALUES ({values})", rows)  # noqa: S608


def _chunks(values: list[Any]) -> list[list[Any]]:
    return [values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK)]
