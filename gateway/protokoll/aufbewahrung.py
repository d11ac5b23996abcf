"""Deletes what has been kept for its time, month by month: § 40 (5) BMG. What does it is `Aufbewahrung.loesche`.

1 record  a signed record names what goes; with it, in one transaction, the month's keys go: from then on no copy of the
          rows can be read
2 index   the month's part of it
3 rows    what a record names, and nothing else, with the UUIDs that they had claimed

On PostgreSQL all of it is one transaction, for a month is tables of its own that are emptied at once; dropping the
empty ones comes after. On SQLite rows go in small steps, between which others write. Whoever is killed in between
leaves what a record names; the next run goes on with it. Held entries (`halten`) belong to no month and stay.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, func, select, text, tuple_

from gateway.database import store_errors
from gateway.errors import GatewayError, StoreError
from gateway.protokoll.alter import ist_juenger
from gateway.protokoll.loeschung import Bereich, bereiche, record, records, unpack
from gateway.protokoll.monat import beginn, faellig, monat_von, nach, spaetestens
from gateway.protokoll.monate import existing, in_month, partition
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.schreibrecht import Alleinrecht, Schreibrecht
from gateway.protokoll.tabellen import ANSPRUCH, EINTRAG, HALT, LOESCHUNG, POSTAUSGANG, SCHLUESSEL, VERZEICHNIS
from gateway.protokoll.verbindung import is_sqlite
from gateway.protokoll.zeit import from_micros, micros

log = logging.getLogger(__name__)

SCHRITT = 500  # rows that go in one transaction on SQLite
ATEMPAUSE = 0.005  # seconds between two of them, for others to write

#: Over a longer silence no clock is believed, it may have jumped: what is deleted too early is gone.
MAX_STILLE = timedelta(days=31)

_LOCK = 1324
_WHAT = "the Protokoll's time is not up: nothing was deleted"


class UhrUngewiss(GatewayError):
    """Nothing was deleted, because the clock may be wrong."""


@dataclass(frozen=True)
class Faelligkeit:
    """A month whose entries are to be deleted: from when on, and by when they must be."""

    monat: int
    eintraege: int
    ab: datetime
    spaetestens: datetime


@dataclass(frozen=True)
class Loeschbericht:
    """What a run has deleted."""

    monate: tuple[int, ...] = ()
    eintraege: int = 0
    sendungen: int = 0  # delivered messages of what followed answers, of which a row was kept


class Aufbewahrung:
    """`engine` is one that writes."""

    def __init__(self, engine: Engine, schluessel: Protokollschluessel) -> None:
        self._engine = engine
        self._schluessel = schluessel
        self._recht = Schreibrecht(engine)
        self._allein = Alleinrecht(engine, "aufbewahrung", _LOCK)
        self._sqlite = is_sqlite(engine)

    def faellige(self, now: datetime) -> list[Faelligkeit]:
        """What a run would delete. Raises StoreError."""
        with self._read() as connection:
            counts = {monat: _count(connection, monat) for monat in _faellig(connection, now)}
        return [Faelligkeit(monat, count, faellig(monat), spaetestens(monat)) for monat, count in counts.items()]

    def loesche(self, now: datetime, *, uhr_stimmt: bool = False) -> Loeschbericht | None:
        """Deletes all that is due; None where another does it just now.

        Raises UhrUngewiss when for a month nothing was stored, since the last deletion or since what is due was stored,
        unless `uhr_stimmt`: somebody has looked at the clock. Raises StoreError.
        """
        with self._allein.versucht() as held:
            if not held:
                return None
            with self._read() as connection:
                monate = _faellig(connection, now)
                glaubhaft = uhr_stimmt or not monate or _vergangen(connection, max(monate), now)
            if not glaubhaft:
                raise UhrUngewiss(
                    f"nothing has been recorded for {MAX_STILLE.days} days or more, now or before: if the clock is "
                    "right, protokoll aufbewahrung --clock-is-right deletes what is due"
                )
            eintraege = sum(self._monat(monat, now) for monat in monate)
            return Loeschbericht(tuple(monate), eintraege, self._sendungen(now))

    def _monat(self, monat: int, now: datetime) -> int:
        """Deletes a month: how many entries."""
        if self._sqlite:
            return self._on_sqlite(monat, now)
        count = self._empty(monat, now)
        try:
            self._drop(monat)
            with self._read() as connection:  # the keys' old rows are cleared away
                connection.execute(text(f"VACUUM {SCHLUESSEL.name}"))
        except StoreError as error:  # somebody reads: the next run drops them
            log.warning("the empty tables of %s stay for now: %s", monat, error)
        return count

    def _record(self, connection: Connection, monat: int, now: datetime, weg: list[Bereich]) -> None:
        if weg:
            record(connection, self._schluessel, monat, now, weg)
        connection.execute(delete(SCHLUESSEL).where(SCHLUESSEL.c.monat == monat))

    # -- PostgreSQL ----------------------------------------------------------------------------------------------------

    def _empty(self, monat: int, now: datetime) -> int:
        table, index = (partition(one.name, monat) for one in (EINTRAG, VERZEICHNIS))
        with self._recht.transaktion(_WHAT) as connection:
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
            connection.execute(text(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))
            weg = bereiche(connection, monat)
            self._record(connection, monat, now, weg)
            connection.execute(
                text(f"DELETE FROM protokoll_anspruch a USING {table} e WHERE a.anspruch = e.anspruch")  # noqa: S608
            )
            connection.execute(text(f"TRUNCATE {table}, {index}"))
        return sum(bereich.anzahl for bereich in weg)

    def _drop(self, monat: int) -> None:
        with self._recht.transaktion("a month's tables cannot be dropped") as connection:
            connection.execute(text("SET LOCAL lock_timeout = '1s'"))
            for one in (VERZEICHNIS, EINTRAG):
                table = partition(one.name, monat)
                connection.execute(text(f"ALTER TABLE {one.name} DETACH PARTITION {table}"))
                connection.execute(text(f"DROP TABLE {table}"))

    # -- SQLite --------------------------------------------------------------------------------------------------------

    def _on_sqlite(self, monat: int, now: datetime) -> int:
        with self._read() as connection:
            weg = bereiche(connection, monat)
        with self._recht.transaktion(_WHAT) as connection:
            if _held(connection, weg):
                raise StoreError("an entry was held back just now: nothing was deleted, the next run does it")
            connection.exec_driver_sql("PRAGMA secure_delete = ON")  # the keys are overwritten
            self._record(connection, monat, now, weg)
        while self._step_of_index(monat):
            time.sleep(ATEMPAUSE)
        with self._read() as connection:
            genannt = [bereich for row in records(connection, monat) for bereich in unpack(row.bereiche)]
        for step in _steps(genannt):
            self._step_of_rows(monat, *step)
            time.sleep(ATEMPAUSE)
        self._recht.raeume_auf()
        return sum(bereich.anzahl for bereich in weg)

    def _step_of_index(self, monat: int) -> bool:
        """Whether there was something."""
        key = tuple_(*VERZEICHNIS.primary_key.columns)
        some = select(*VERZEICHNIS.primary_key.columns).where(VERZEICHNIS.c.monat == monat).limit(SCHRITT)
        with self._recht.transaktion("the Protokoll's index cannot be deleted") as connection:
            return connection.execute(delete(VERZEICHNIS).where(key.in_(some))).rowcount > 0

    def _step_of_rows(self, monat: int, kette: int, von: int, bis: int) -> None:
        e = EINTRAG.c
        these = (e.kette == kette, e.nummer.between(von, bis), e.monat == monat)
        with self._recht.transaktion("entries of the Protokoll cannot be deleted") as connection:
            claims = select(e.anspruch).where(*these, e.anspruch.is_not(None))
            connection.execute(delete(ANSPRUCH).where(ANSPRUCH.c.anspruch.in_(claims)))
            connection.execute(delete(EINTRAG).where(*these))

    # ------------------------------------------------------------------------------------------------------------------

    def _sendungen(self, now: datetime) -> int:
        """Rows of messages that were delivered: kept as long as entries of the same time."""
        before = beginn(nach(monat_von(micros(now)), -12))
        with self._recht.transaktion("rows of delivered messages cannot be deleted") as connection:
            return connection.execute(delete(POSTAUSGANG).where(POSTAUSGANG.c.zugestellt < micros(before))).rowcount

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        """On SQLite without the write lock."""
        with store_errors("the Protokoll cannot be read"), self._engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")


def _faellig(connection: Connection, now: datetime) -> list[int]:
    due = [monat for monat in existing(connection) if faellig(monat) <= now]
    juenger = [monat for monat in due if ist_juenger(connection, monat, now)]
    for monat in juenger:
        log.warning("records of %s were stored after others that are not due: a clock was set back, they stay", monat)
    return [monat for monat in due if monat not in juenger]


def _vergangen(connection: Connection, monat: int, now: datetime) -> bool:
    """Whether the time since the end of a month has gone by, and no clock has jumped over it: entries bear it out.

    Up to the last deletion that was looked at already.
    """
    g = EINTRAG.c.gespeichert
    geloescht = connection.scalar(select(func.max(LOESCHUNG.c.geloescht))) or 0
    seit, moment = max(geloescht, micros(beginn(nach(monat, 1)))), micros(now)
    while moment > seit:
        window = (g >= micros(from_micros(moment) - MAX_STILLE), g < moment)
        earliest = connection.scalar(select(func.min(g)).where(*window))
        if earliest is None:
            return False
        moment = earliest
    return True


def _held(connection: Connection, weg: list[Bereich]) -> bool:
    """Whether a hold is on what was found to be deleted: it came between."""
    holds = connection.execute(select(HALT.c.kette, HALT.c.nummer)).all()
    return any(one.kette == kette and one.von <= nummer <= one.bis for kette, nummer in holds for one in weg)


def _count(connection: Connection, monat: int) -> int:
    return connection.scalar(select(func.count()).select_from(EINTRAG).where(in_month(connection, monat))) or 0


def _steps(genannt: list[Bereich]) -> Iterator[tuple[int, int, int]]:
    for bereich in genannt:
        for von in range(bereich.von, bereich.bis + 1, SCHRITT):
            yield bereich.kette, von, min(von + SCHRITT - 1, bereich.bis)
