"""What the tests of the Protokoll share: keys, entries, a store of each kind of database."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gateway.protokoll import SqlProtokoll, create_schema
from gateway.protokoll.schluessel import Protokollschluessel, create_protokollschluessel, load_protokollschluessel
from tests.databases import database_url, opened

__all__ = ["database_url"]


@pytest.fixture(scope="session")
def schluessel_datei(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key file."""
    path = tmp_path_factory.mktemp("schluessel") / "protokoll.key"
    create_protokollschluessel(path)
    return path


@pytest.fixture(scope="session")
def schluessel(schluessel_datei: Path) -> Protokollschluessel:
    """Its keys."""
    return load_protokollschluessel(schluessel_datei)


@pytest.fixture
def engine(database_url: str, schluessel: Protokollschluessel) -> Iterator[Engine]:
    """An engine that writes, on an empty Protokoll."""
    with opened(database_url) as engine:
        create_schema(engine, schluessel)
        yield engine


@pytest.fixture
def leser(database_url: str, engine: Engine) -> Iterator[Engine]:
    """An engine that only reads the same database."""
    with opened(database_url, readonly=True) as leser:
        yield leser


@pytest.fixture
def protokoll(engine: Engine, schluessel: Protokollschluessel) -> Iterator[SqlProtokoll]:
    """A running store."""
    with closing(SqlProtokoll(engine, schluessel)) as protokoll:
        yield protokoll
