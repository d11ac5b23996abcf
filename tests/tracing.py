"""Every statement that reaches a database's driver, whoever sends it: SQLAlchemy, or the rooms that go around it."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import Engine, event


class Statement(NamedTuple):
    """As the driver gets it; a commit is one too."""

    text: str
    parameters: Any = ()

    @property
    def shape(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """The text, and name (or place) and kind of each parameter in their order."""
        given = self.parameters.items() if isinstance(self.parameters, dict) else enumerate(self.parameters)
        return self.text, tuple((str(name), type(value).__name__) for name, value in given)


@contextmanager
def traced() -> Iterator[list[Statement]]:
    """The statements on connections that are opened inside, in their order."""
    statements: list[Statement] = []

    def before(dialect: Any, _record: object, _places: object, options: dict[str, Any]) -> None:
        if dialect.name == "sqlite":
            options["factory"] = _sqlite_connection(statements)

    def after(connection: Any, _record: object) -> None:
        if isinstance(connection, psycopg.Connection):
            _trace_psycopg(connection, statements)

    listeners = (("do_connect", before), ("connect", after))
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    try:
        yield statements
    finally:
        for name, listener in listeners:
            event.remove(Engine, name, listener)


def _sqlite_connection(statements: list[Statement]) -> type[sqlite3.Connection]:
    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            statements.append(Statement(sql, parameters))
            return super().execute(sql, parameters)

        def executemany(self, sql: str, rows: Any, /) -> sqlite3.Cursor:
            rows = list(rows)
            statements.extend(Statement(sql, row) for row in rows)
            return super().executemany(sql, rows)

    class Connection(sqlite3.Connection):
        def cursor(self, factory: type[sqlite3.Cursor] = Cursor) -> Any:
            return super().cursor(factory)

        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            return self.cursor().execute(sql, parameters)

        def commit(self) -> None:
            statements.append(Statement("COMMIT"))
            super().commit()

    return Connection


def _trace_psycopg(connection: Any, statements: list[Statement]) -> None:
    class Cursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            statements.append(Statement(str(query), params or ()))
            return super().execute(query, params, **options)

        def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
            rows: Sequence[Any] = list(params_seq)
            statements.extend(Statement(str(query), row) for row in rows)
            super().executemany(query, rows, **options)

    honest_commit = connection.commit

    def commit() -> None:
        statements.append(Statement("COMMIT"))
        honest_commit()

    connection.cursor_factory, connection.commit = Cursor, commit
