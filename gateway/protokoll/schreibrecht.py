"""The right to write beside those who record, and to do a thing alone."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import Connection, Engine, func, select

from gateway.database import store_errors
from gateway.protokoll.monate import lock_name
from gateway.protokoll.sperre import Dateisperre
from gateway.protokoll.verbindung import is_sqlite, sqlite_file


class Schreibrecht:
    """`engine` is one that writes, of the database with the Protokoll's tables."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = Dateisperre(sqlite_file(engine), "protokoll") if is_sqlite(engine) else None

    @contextmanager
    def transaktion(self, what: str) -> Iterator[Connection]:
        """A transaction; on SQLite in its turn with those who record. Raises StoreError "`what`" with the kind."""
        with store_errors(what):
            if self._writing is None:
                with self._engine.begin() as connection:
                    yield connection
                return
            with self._writing.held(), self._engine.begin() as connection:
                yield connection

    def raeume_auf(self) -> None:
        """On SQLite: what was overwritten is so in the file too, and gone from the log beside it, if nobody reads
        just now; else once the log is written anew. Raises StoreError.
        """
        if self._writing is None:
            return
        with (
            store_errors("the database's log cannot be cleared away"),
            closing(sqlite3.connect(sqlite_file(self._engine), timeout=0, isolation_level=None)) as raw,
        ):
            raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()  # most of it, while others record
            with self._writing.held():
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


class Alleinrecht:
    """One process at a time does `what`; whoever dies gives the right back. `number` is PostgreSQL's name for it."""

    def __init__(self, engine: Engine, what: str, number: int) -> None:
        self._engine = engine
        self._number = number
        self._file = Dateisperre(sqlite_file(engine), what) if is_sqlite(engine) else None

    @contextmanager
    def versucht(self) -> Iterator[bool]:
        """Whether nobody else does it meanwhile. Raises StoreError."""
        if self._file is not None:
            with self._file.held(wait=False) as held:
                yield held
            return
        with store_errors("the Protokoll cannot be read"), self._engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            name = lock_name(self._number)
            held = bool(connection.scalar(select(func.pg_try_advisory_lock(*name))))
            try:
                yield held
            finally:
                if held:
                    connection.execute(select(func.pg_advisory_unlock(*name)))
