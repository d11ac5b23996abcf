"""What waits to be done after answers: `gateway.ports.Nachlauf` over SQLite or PostgreSQL, beside the Protokoll.

The requests come in with their entries, in the writer's transaction; here they are taken out again. A request goes in
the same transaction that takes in what came of it, so a crash leaves the one or the other.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, select, text, update

from gateway.database import store_errors
from gateway.ports import Nacharbeit, Sendung, Wartend
from gateway.protokoll.kette import nacharbeit_aad, sendung_aad
from gateway.protokoll.nacharbeit import unpack
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.schreibrecht import Alleinrecht, Schreibrecht
from gateway.protokoll.tabellen import NACHARBEIT, POSTAUSGANG
from gateway.protokoll.zeit import micros

#: PostgreSQL's lock for the one who works at it; the number means nothing.
_LOCK = 1323

_COLUMNS = [column.name for column in POSTAUSGANG.columns]
_TAKE_IN = text(
    f"INSERT INTO postausgang ({', '.join(_COLUMNS)}) "  # noqa: S608
    f"VALUES ({', '.join(f':{name}' for name in _COLUMNS)}) ON CONFLICT DO NOTHING"
)


class SqlNachlauf:
    """`engine` is one that writes, of the database with the Protokoll's tables."""

    def __init__(self, engine: Engine, schluessel: Protokollschluessel) -> None:
        self._engine = engine
        self._schluessel = schluessel
        self._recht = Schreibrecht(engine)
        self._allein = Alleinrecht(engine, "nachlauf", _LOCK)

    def allein(self) -> AbstractContextManager[bool]:
        """See `gateway.ports.Nachlauf.allein`. Whoever dies gives it back."""
        return self._allein.versucht()

    def wartende(self, now: datetime, hoechstens: int) -> Sequence[Wartend]:
        """See `gateway.ports.Nachlauf.wartende`."""
        n = NACHARBEIT.c
        query = select(NACHARBEIT).where(n.faellig <= micros(now)).order_by(n.faellig).limit(hoechstens)
        return [Wartend(row.id, row.versuche, self._nacharbeit(row)) for row in self._rows(query)]

    def erledige(self, ids: Sequence[bytes], sendungen: Sequence[Sendung], faellig: datetime) -> None:
        """See `gateway.ports.Nachlauf.erledige`."""
        with self._write() as connection:
            if sendungen:
                rows = [self._row(sendung, micros(faellig)) for sendung in sendungen]
                connection.execute(_TAKE_IN, rows)
                self._schluessel.check(row["schluessel"] for row in rows)
            connection.execute(delete(NACHARBEIT).where(NACHARBEIT.c.id.in_(ids)))

    def vertage(self, wartend: Wartend, faellig: datetime) -> None:
        """See `gateway.ports.Nachlauf.vertage`."""
        n = NACHARBEIT.c
        self._change(update(NACHARBEIT).where(n.id == wartend.id), faellig=micros(faellig), versuche=n.versuche + 1)

    def sendungen(self, now: datetime, hoechstens: int) -> Sequence[Sendung]:
        """See `gateway.ports.Nachlauf.sendungen`."""
        p = POSTAUSGANG.c
        query = select(POSTAUSGANG).where(p.faellig <= micros(now)).order_by(p.faellig).limit(hoechstens)
        return [self._sendung(row) for row in self._rows(query)]

    def zugestellt(self, sendung: Sendung, now: datetime) -> None:
        """See `gateway.ports.Nachlauf.zugestellt`."""
        one = update(POSTAUSGANG).where(POSTAUSGANG.c.id == sendung.id)
        self._change(one, zugestellt=micros(now), faellig=None, schluessel=None, inhalt=None)

    def verschiebe(self, sendung: Sendung, faellig: datetime, *, versucht: bool) -> None:
        """See `gateway.ports.Nachlauf.verschiebe`."""
        p = POSTAUSGANG.c
        one = update(POSTAUSGANG).where(p.id == sendung.id)
        self._change(one, faellig=micros(faellig), versuche=p.versuche + int(versucht))

    def _rows(self, query: Any) -> Sequence[Any]:
        with store_errors("what follows answers cannot be read"), self._engine.connect() as connection:
            reading = connection.execution_options(isolation_level="AUTOCOMMIT")  # on SQLite without the write lock
            return reading.execute(query).all()

    def _change(self, one: Any, **werte: Any) -> None:
        with self._write() as connection:
            connection.execute(one.values(**werte))

    def _write(self) -> AbstractContextManager[Connection]:
        return self._recht.transaktion("what follows answers cannot be changed")

    def _nacharbeit(self, row: Any) -> Nacharbeit | None:
        try:
            return unpack(self._schluessel.decrypt(row.schluessel, row.inhalt, nacharbeit_aad(row.id)))
        except (LookupError, ValueError, TypeError):
            return None

    def _row(self, sendung: Sendung, faellig: int) -> dict[str, object]:
        assert sendung.nachricht is not None, "what is taken in has a content"
        key_id, sealed = self._schluessel.encrypt(sendung.nachricht, sendung_aad(sendung.id))
        werte = {name: getattr(sendung, name) for name in ("id", "uuid", "nachrichtentyp", "art", "empfaenger")}
        later = {"angelegt": faellig, "faellig": faellig, "zugestellt": None, "versuche": sendung.versuche}
        return {**werte, **later, "schluessel": key_id, "inhalt": sealed}

    def _sendung(self, row: Any) -> Sendung:
        nachricht: bytes | None
        try:
            nachricht = self._schluessel.decrypt(row.schluessel, row.inhalt, sendung_aad(row.id))
        except (LookupError, ValueError):
            nachricht = None
        return Sendung(row.id, row.uuid, row.nachrichtentyp, row.art, row.empfaenger, nachricht, row.versuche)
