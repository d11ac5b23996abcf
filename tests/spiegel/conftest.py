"""Databases and filled mirrors for the tests of this room."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from gateway.spiegel.tabellen import create_schema
from tests.databases import opened


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An empty mirror that can be written, once of each kind."""
    with opened(database_url) as engine:
        create_schema(engine)
        yield engine
