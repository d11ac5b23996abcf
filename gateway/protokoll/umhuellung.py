"""Wraps anew what keys of the key file wrap, so that an old one can go: months' keys, holds, what waits after answers.

Every row is wrapped by one key of the file at any moment: each step is a transaction, and who dies between two has done
a part, which the next run goes on with. Contents are never touched: their keys come of the months' keys.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, select, text, tuple_, update

from gateway.database import store_errors
from gateway.errors import GatewayError
from gateway.protokoll import schluesseldatei
from gateway.protokoll.kette import halt_aad, halt_text, monat_aad, nacharbeit_aad, sendung_aad
from gateway.protokoll.schluessel import Protokollschluessel, Siegelschluessel
from gateway.protokoll.schreibrecht import Alleinrecht, Schreibrecht
from gateway.protokoll.stand import locked_stand, signed
from gateway.protokoll.tabellen import EINTRAG, HALT, KETTE, NACHARBEIT, POSTAUSGANG, SCHLUESSEL

SCHRITT = 100  # rows that are wrapped anew in one transaction

_LOCK = 1325


@dataclass(frozen=True)
class _Huelle:
    """A table with what is wrapped: by the columns `schluessel` (id of the key) and `inhalt`."""

    was: str
    table: Any
    schluessel: str
    inhalt: str
    aad: Callable[[Any], bytes]

    @property
    def rows(self) -> Select[Any]:
        """All of it; with the chain's Kennung where it belongs to an entry."""
        if "kette" not in self.table.c:
            return select(self.table)
        return select(self.table, KETTE.c.kennung).join(KETTE, KETTE.c.nr == self.table.c.kette)

    @property
    def of(self) -> Any:
        """Column with the id of the key."""
        return self.table.c[self.schluessel]


#: Those that keep messages are locked in the order in which who does what follows writes them.
_HUELLEN = (
    _Huelle("keys of months", SCHLUESSEL, "tresor", "huelle", lambda row: monat_aad(row.id, row.monat, row.mandant)),
    _Huelle("holds", HALT, "tresor", "huelle", lambda row: halt_aad(row.kennung, row.nummer)),
    _Huelle("waiting messages", POSTAUSGANG, "schluessel", "inhalt", lambda row: sendung_aad(row.id)),
    _Huelle("waiting requests", NACHARBEIT, "schluessel", "inhalt", lambda row: nacharbeit_aad(row.id)),
)

#: Contents of release 0.1.0 are under the file's own keys. They are evidence and stay as they are.
_ERSTE = "contents of release 0.1.0"


def allein(engine: Engine) -> AbstractContextManager[bool]:
    """Whether nobody else changes keys meanwhile. Raises StoreError."""
    return Alleinrecht(engine, "schluessel", _LOCK).versucht()


def umhuelle(engine: Engine, schluessel: Protokollschluessel) -> dict[str, int]:
    """Wraps everything with the key that encrypts: of what how many. What no key opens is left. Raises StoreError."""
    counts = {one.was: sum(_steps(engine, schluessel, one)) for one in _HUELLEN}
    if engine.dialect.name == "postgresql":
        with store_errors("what was wrapped before cannot be cleared away"), engine.connect() as connection:
            clearing = connection.execution_options(isolation_level="AUTOCOMMIT")
            for one in _HUELLEN[:2]:  # old rows stay until then
                clearing.execute(text(f"VACUUM {one.table.name}"))
    Schreibrecht(engine).raeume_auf()
    return counts


def gebraucht(engine: Engine, key_id: str) -> dict[str, int]:
    """What needs a key of the file: of what how many. Raises StoreError."""
    e, erste = EINTRAG.c, select(KETTE.c.nr).where(KETTE.c.fassung == 1)
    with store_errors("the Protokoll cannot be read"), engine.connect() as connection:
        reading = connection.execution_options(isolation_level="AUTOCOMMIT")
        count = _count(reading, select(e.kette).where(e.kette.in_(erste), e.schluessel == key_id))
        return _umhuellt(reading, key_id) | ({_ERSTE: count} if count else {})


def check_entbehrlich(engine: Engine, schluessel: Protokollschluessel, key_id: str) -> None:
    """Raises GatewayError while anything needs a key of the file, or where it is none, StoreError."""
    stand = schluessel.stand
    if key_id not in stand.aes:
        raise GatewayError(f"{schluessel.path} has no key {key_id}")
    if key_id == stand.neuester:
        raise GatewayError(f"the key {key_id} is in use: protokoll key add, then rewrap, puts another in its place")
    if needs := gebraucht(engine, key_id):
        raise GatewayError(f"the key {key_id} is still needed: {beschreibe(needs)}")


def entferne(engine: Engine, schluessel: Protokollschluessel, key_id: str) -> None:
    """Takes a key out of the file. Raises as `check_entbehrlich`."""
    check_entbehrlich(engine, schluessel, key_id)
    with Schreibrecht(engine).transaktion("the key cannot be removed") as connection:
        if (
            connection.dialect.name == "postgresql"
        ):  # who is about to store something with it comes first, or not at all
            names = ", ".join(one.table.name for one in _HUELLEN)
            connection.execute(text("SET LOCAL lock_timeout = '3s'"))
            connection.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))
        if needs := _umhuellt(connection, key_id):
            raise GatewayError(f"the key {key_id} is still needed: {beschreibe(needs)}")
        schluesseldatei.entferne(schluessel, key_id)


def beschreibe(counts: dict[str, int]) -> str:
    """In words: keys of months: 14, holds: 2."""
    return ", ".join(f"{what}: {count}" for what, count in counts.items() if count) or "nothing"


def _umhuellt(connection: Connection, key_id: str) -> dict[str, int]:
    counts = {one.was: _count(connection, select(one.of).where(one.of == key_id)) for one in _HUELLEN}
    return {what: count for what, count in counts.items() if count}


def _count(connection: Connection, query: Select[Any]) -> int:
    return connection.scalar(select(func.count()).select_from(query.subquery())) or 0


def _steps(engine: Engine, schluessel: Protokollschluessel, huelle: _Huelle) -> Iterator[int]:
    """Of each step how many rows."""
    recht, key = Schreibrecht(engine), tuple_(*huelle.table.primary_key.columns)
    query = huelle.rows.where(huelle.of.is_not(None), huelle.of != schluessel.stand.neuester)
    query = query.order_by(*huelle.table.primary_key.columns).limit(SCHRITT)
    last: tuple[object, ...] | None = None
    while True:
        with store_errors("the Protokoll cannot be read"), engine.connect() as connection:
            reading = connection.execution_options(isolation_level="AUTOCOMMIT")
            rows = reading.execute(query if last is None else query.where(key > last)).all()
        if not rows:
            return
        with recht.transaktion("keys cannot be wrapped anew") as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA secure_delete = ON")  # what the old key opens is overwritten
            yield _anew(connection, schluessel, huelle, rows)
        last = tuple(getattr(rows[-1], column.name) for column in huelle.table.primary_key.columns)


def _anew(connection: Connection, schluessel: Protokollschluessel, huelle: _Huelle, rows: Sequence[Any]) -> int:
    """How many rows; one that has changed meanwhile is whoever's business that changed it."""
    done = 0
    siegel = locked_stand(connection, schluessel)[1] if huelle.table is HALT else None
    for row in rows:
        alt, inhalt = getattr(row, huelle.schluessel), getattr(row, huelle.inhalt)
        try:
            key_id, neu = schluessel.encrypt(schluessel.decrypt(alt, inhalt, huelle.aad(row)), huelle.aad(row))
            werte = {huelle.schluessel: key_id, huelle.inhalt: neu}
            if siegel is not None:
                werte["siegel"] = _sealed(siegel, row, key_id, neu)
        except (LookupError, TypeError, ValueError):
            continue
        place = [column == getattr(row, column.name) for column in huelle.table.primary_key.columns]
        same = (huelle.of == alt, huelle.table.c[huelle.inhalt] == inhalt)
        done += connection.execute(update(huelle.table).where(*place, *same).values(**werte)).rowcount
    return done


def _sealed(siegel: Siegelschluessel, halt: Any, key_id: str, huelle: bytes) -> bytes:
    """The seal of a hold with its new wrapping. Raises ValueError for one that was forged: not to be sealed over."""
    text_of = partial(halt_text, halt.kennung, halt.nummer, halt.seit)
    if not signed(siegel.oeffentlich, halt.siegel, text_of(halt.tresor, halt.huelle)):
        raise ValueError("the hold is forged")
    return siegel.sign(text_of(key_id, huelle))
