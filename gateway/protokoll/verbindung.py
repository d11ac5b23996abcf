"""The writer's own database connection: durable commits whatever the defaults, and its few statements, prepared.

These statements run once per batch on every exchange's path, straight on the driver: through SQLAlchemy's execution
layer a single entry costs twice the CPU time.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from gateway import database
from gateway.database import begin
from gateway.errors import ConfigError
from gateway.protokoll.ablage import LATER, store_on_postgresql, store_on_sqlite
from gateway.protokoll.kette import Verweis
from gateway.protokoll.verkettung import Zeilen

#: A frozen writer must not hold a lock that the others wait for; a waiting one must give up before its exchanges do.
_POSTGRES = """
SELECT set_config('statement_timeout', '10s', false),
       set_config('lock_timeout', '4s', false),
       set_config('idle_in_transaction_session_timeout', '10s', false),
       set_config('synchronous_commit', CASE current_setting('synchronous_commit')
                  WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)
"""
_SQLITE = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA busy_timeout=4000")

_CLAIMS = "SELECT anspruch, nachricht_digest FROM protokoll_anspruch WHERE anspruch "
_HEADS = "SELECT kette, nummer, hash FROM protokoll_kopf WHERE kette <> ? ORDER BY geaendert DESC LIMIT ?"
_NEW_HEAD = "INSERT INTO protokoll_kopf (nummer, hash, geaendert, siegel, kette) VALUES (?, ?, ?, ?, ?)"
_HEAD = (
    "UPDATE protokoll_kopf SET nummer = ?, hash = ?, geaendert = ?, siegel = ? "
    "WHERE kette = ? AND nummer = ? AND hash = ? AND siegel = ?"
)
_STAND = "SELECT wurzel, ketten, hash, siegel FROM protokoll_stand WHERE id = 1"


def is_sqlite(engine: Engine) -> bool:
    """Whether it is SQLite; else it is PostgreSQL, the only other database of the gateway."""
    return engine.dialect.name == "sqlite"


def sqlite_file(engine: Engine) -> Path:
    """The database's file. Raises ConfigError when it has none: what is in memory alone is not durable."""
    name = engine.url.database
    if not name or name == ":memory:" or name.startswith("file:"):
        raise ConfigError("the Protokoll needs a database that is a plain file or a PostgreSQL server")
    return Path(name)


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """As `database.snapshot`. What is not UTF-8 was not written by us: to be found as a change, not to end the run."""
    with database.snapshot(engine) as connection:
        raw: Any = connection.connection.dbapi_connection
        if is_sqlite(engine):
            raw.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        try:
            yield connection
        finally:
            if is_sqlite(engine):
                raw.text_factory = str


@dataclass(frozen=True)
class Head:
    """The end of a chain: `geaendert` in microseconds."""

    kette: int
    nummer: int
    hash: bytes
    geaendert: int = 0
    siegel: bytes = b""


class Schreibverbindung:
    """A connection that has left the pool for good. Raises SQLAlchemy's and the driver's errors."""

    def __init__(self, engine: Engine) -> None:
        self._sqlite = is_sqlite(engine)
        self.connection = engine.connect()
        raw: Any = self.connection.connection.dbapi_connection
        self._raw = raw
        try:
            self.connection.detach()
            self._configure()
            self._cursor: Any = self._raw.cursor()
        except BaseException:
            self.discard()
            raise

    def begin(self, *, first: bool) -> None:
        """Begins a transaction that writes; the `first` of a chain by SQLAlchemy, for what `begin_chain` does in it."""
        if first:
            begin(self.connection, write=True)
        elif self._sqlite:
            self._raw.execute("BEGIN IMMEDIATE").close()

    def claims(self, ansprueche: Sequence[bytes]) -> dict[bytes, bytes]:
        """Those that are taken, with the digest of the message that took them."""
        if self._sqlite:
            self._cursor.execute(f"{_CLAIMS} IN ({', '.join('?' * len(ansprueche))})", ansprueche)
        else:
            self._cursor.execute(f"{_CLAIMS} = ANY(%s)", (ansprueche,))
        return dict(self._cursor.fetchall())

    def heads(self, without: int, limit: int) -> list[Verweis]:
        """The heads that changed last of all chains but one."""
        self._cursor.execute(self._sql(_HEADS), (without, limit))
        return [(nr, nummer, digest) for nr, nummer, digest in self._cursor.fetchall()]

    def stand(self) -> tuple[bytes, int, bytes, bytes] | None:
        """The head of the register: wurzel, ketten, hash, siegel."""
        self._cursor.execute(_STAND)
        row = self._cursor.fetchone()
        return None if row is None else tuple(row)

    def store(self, zeilen: Zeilen, nacharbeiten: Sequence[tuple[object, ...]], head: Head, before: Head) -> bool:
        """Inserts entries with all that comes of them, and what has to follow; replaces their chain's head.

        Whether the head was as `before`; a chain without entries before has none yet.
        """
        statement = _NEW_HEAD if before.nummer == 0 else _HEAD
        werte: tuple[object, ...] = (head.nummer, head.hash, head.geaendert, head.siegel, head.kette)
        if before.nummer:
            werte = (*werte, before.nummer, before.hash, before.siegel)
        if nacharbeiten:
            self._cursor.executemany(self._sql(LATER), nacharbeiten)
        (store_on_sqlite if self._sqlite else store_on_postgresql)(self._cursor, zeilen, statement, werte)
        return bool(self._cursor.rowcount == 1)

    def commit(self) -> None:
        """Returns when everything since `begin` is on disk."""
        (self.connection if self.connection.in_transaction() else self._raw).commit()

    def rollback(self) -> None:
        """Undoes everything since `begin`."""
        (self.connection if self.connection.in_transaction() else self._raw).rollback()

    def lost(self, error: BaseException) -> bool:
        """Whether `error` says that the connection to the server is gone."""
        driver: Any = self.connection.dialect.loaded_dbapi
        return isinstance(error, driver.Error) and self.connection.dialect.is_disconnect(error, self._raw, None)

    def discard(self) -> None:
        """Closes the connection, whatever state it is in; what is not committed is undone."""
        self._raw.close()  # SQLAlchemy would leave a detached connection open that it finds invalid
        self.connection.invalidate()
        self.connection.close()

    def _configure(self) -> None:
        if self._sqlite:
            for pragma in _SQLITE:
                self._raw.execute(pragma).close()
        else:
            self.connection.exec_driver_sql(_POSTGRES)
            self.connection.commit()

    def _sql(self, statement: str) -> str:
        return statement if self._sqlite else statement.replace("?", "%s")
