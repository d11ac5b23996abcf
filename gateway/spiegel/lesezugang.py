"""Reads the mirror straight on the driver, with statements that SQLAlchemy wrote once.

On the path of every exchange its execution layer would take four times as long as the database itself.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Engine, FromClause, Select, event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine.interfaces import Compiled

from gateway.database import store_errors

_FEHLER = "the mirror cannot be read"

#: What PostgreSQL may expect that gathered persons take (48 bytes each) and still look for each in a table of hashes,
#: instead of reading through all of them. No bound on memory: a million take 50 MB, whatever stands here.
_GATHERED = "256MB"


class Lesezugang:
    """Safe to share between threads; each reading takes a connection of the engine's pool for its time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        if engine.dialect.name == "postgresql":
            event.listen(engine, "connect", _follow_the_indexes)
        else:
            engine.dialect.statement_compiler = _Compiler
        self._dialect: Any = engine.dialect
        self._compiled = lru_cache(1024)(self._compile)

    def rows(self, statement: Select[Any], werte: Mapping[str, object]) -> Sequence[tuple[Any, ...]]:
        """The rows of `statement`, which is kept: use the same object again. Raises StoreError."""
        sql, names, constants = self._compiled(statement)
        every = {**constants, **werte}
        parameters: Any = every if names is None else tuple(every[name] for name in names)
        with store_errors(_FEHLER):
            return self._read(sql, parameters, again=True)

    def _compile(self, statement: Select[Any]) -> tuple[str, Sequence[str] | None, Mapping[str, object]]:
        """Text, the order of parameters where the driver takes them by place, and those that are fixed."""
        compiled: Compiled = statement.compile(dialect=self._dialect)
        fixed = {name: value for name, value in (compiled.params or {}).items() if value is not None}
        return str(compiled), getattr(compiled, "positiontup", None), fixed

    def _read(self, sql: str, parameters: Any, *, again: bool) -> Sequence[tuple[Any, ...]]:
        """Reading does no harm twice: when the connection was lost, a new one is tried once."""
        connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            try:
                execute(cursor, sql, parameters)
                rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
            finally:
                cursor.close()
        except self._dialect.loaded_dbapi.Error as error:
            lost = self._dialect.is_disconnect(error, connection.dbapi_connection, None)
            if lost:
                connection.invalidate(error)
            if not (lost and again):
                raise
        else:
            return rows
        finally:
            connection.close()
        return self._read(sql, parameters, again=False)


class _Compiler(SQLiteCompiler):
    """Lets a statement name the index that it follows (`INDEXED BY`)."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:
        return text


def _follow_the_indexes(connection: Any, _record: object) -> None:
    """No statement of the mirror scans a table, takes workers or is compiled first, whatever statistics say."""
    for setting in ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "jit"):
        connection.execute(f"SET {setting} = off")
    connection.execute("SET max_parallel_workers_per_gather = 0")
    connection.execute(f"SET work_mem = '{_GATHERED}'")


def execute(cursor: Any, sql: str, parameters: Any) -> None:
    """What reaches the driver."""
    cursor.execute(sql, parameters)
