"""Databases and filled mirrors for the tests of this room."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from gateway.spiegel.laden import lade
from gateway.spiegel.suche import SqlSpiegel
from gateway.spiegel.tabellen import create_schema
from tests.databases import opened
from tests.spiegel.kleine_welt import PERSONEN


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An empty mirror that can be written, once of each kind."""
    with opened(database_url) as engine:
        create_schema(engine)
        yield engine


@pytest.fixture(scope="module")
def spiegel(module_database_url: str) -> Iterator[SqlSpiegel]:
    """A mirror of the small world that can only be read, once of each kind; a module may have its own."""
    with opened(module_database_url) as engine:
        create_schema(engine)
        lade(engine, PERSONEN)
        with opened(module_database_url, readonly=True) as reader:
            yield SqlSpiegel(reader)
