"""Opens a store's database, SQLite or PostgreSQL, in the one way that suits all rooms."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from gateway.errors import ConfigError, StoreError

#: Connections that one process keeps open, and how many more it opens under load.
_POOL_SIZE, _POOL_OVERFLOW = 8, 8

#: Seconds to wait for a free connection, for the server to accept one, and for SQLite's write lock.
_POOL_TIMEOUT, _CONNECT_TIMEOUT, _LOCK_TIMEOUT = 5, 5, 5

#: What SQLite's names of troubles mean to who has to mend them.
_IN_WORDS = {
    "SQLITE_BUSY": "another process writes to it: try again when that has ended",
    "SQLITE_CANTOPEN": "its file is missing, or this user may not open it",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_NOTADB": "its file is not a database of SQLite",
    "SQLITE_READONLY": "this user may not write to its file",
    "SQLITE_READONLY_DIRECTORY": "this user may not write to its folder",
}

#: Milliseconds after which PostgreSQL gives up a statement that only reads.
_READ_TIMEOUT = 5000

_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


def open_engine(url: str, *, readonly: bool = False) -> Engine:
    """An engine for `url` (`sqlite:///file` or `postgresql://…`); opens no connection yet.

    With `readonly` nothing can be written, no statement opens a transaction, and a SQLite file must exist. Without it
    every transaction on SQLite takes the write lock when it begins, so that it cannot fail halfway for want of it.
    Parameters never appear in the text of an error. Raises ConfigError for a URL that cannot be used.
    """
    try:
        parsed = make_url(url)
        parsed = parsed.set(drivername=_DRIVERS[parsed.drivername])
    except (ArgumentError, KeyError):
        raise ConfigError("database: must be a URL that begins with sqlite:/// or postgresql://") from None
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, readonly=readonly)
    return _open_postgresql(parsed, readonly=readonly)


@contextmanager
def store_errors(what: str) -> Iterator[None]:
    """Turns a driver's error into a StoreError "`what` (kind of error: in words)", free of statements and values."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, psycopg.Error) as error:
        raise StoreError(f"{what} ({_kind(error)})") from None


def _kind(error: Exception) -> str:
    """The driver's own name of what went wrong, e.g. SQLITE_FULL or UniqueViolation, and what can be said of it."""
    cause = getattr(error, "orig", None) or error
    name = str(getattr(cause, "sqlite_errorname", type(cause).__name__))
    words = _IN_WORDS.get(name, "")
    if isinstance(cause, psycopg.OperationalError) and cause.sqlstate is None:  # of the connection, not of a statement
        words = " ".join(line for line in str(cause).splitlines() if not line.startswith("\t"))  # a tab: a guess
    return f"{name}: {words}" if words else name


def _open_sqlite(url: URL, *, readonly: bool) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ConfigError("database: SQLite needs a file, because several processes share it")
    pragmas = ["PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON", "PRAGMA cache_size = -65536"]
    pragmas.append("PRAGMA temp_store = MEMORY")  # what a search gathers goes into no file
    if readonly:
        url = url.set(database=f"file:{url.database}").update_query_dict({"mode": "rw", "uri": "true"})
        pragmas.append("PRAGMA query_only = ON")
        options: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"}
    else:
        pragmas.insert(0, "PRAGMA journal_mode = WAL")
        options = {}
    engine = create_engine(url, connect_args={"timeout": _LOCK_TIMEOUT}, **_pool(), **options)

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: object) -> None:
        for pragma in pragmas:
            connection.execute(pragma)

    if not readonly:

        @event.listens_for(engine, "begin")
        def take_write_lock(connection: Connection) -> None:
            if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
                connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _open_postgresql(url: URL, *, readonly: bool) -> Engine:
    options: dict[str, Any] = {}
    if readonly:
        given = url.query.get("options", "")
        settings = f"{given} -c default_transaction_read_only=on -c statement_timeout={_READ_TIMEOUT}"
        url = url.update_query_dict({"options": settings.strip()})
        options["isolation_level"] = "AUTOCOMMIT"
    connect = {"connect_timeout": _CONNECT_TIMEOUT}
    return create_engine(url, connect_args=connect, pool_pre_ping=True, **_pool(), **options)


def begin(connection: Connection, *, write: bool) -> None:
    """Begins a transaction that sees one state of the database; on SQLite `write` takes the write lock at once."""
    if not connection.in_transaction():
        connection.begin()
    if connection.dialect.name != "sqlite":
        return
    raw: Any = connection.connection.dbapi_connection
    if not raw.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state of the database until the end, for as long as it takes. `engine` only reads."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        else:
            begin(connection, write=False)
        try:
            yield connection
        finally:
            connection.rollback()


def _pool() -> dict[str, Any]:
    return {
        "pool_size": _POOL_SIZE,
        "max_overflow": _POOL_OVERFLOW,
        "pool_timeout": _POOL_TIMEOUT,
        "hide_parameters": True,
    }
