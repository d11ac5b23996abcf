"""A register of authorities of each kind of database."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from gateway.behoerden import kennworte
from gateway.behoerden.aenderungen import Verwaltung
from gateway.behoerden.register import create_schema
from tests.databases import database_url, opened

__all__ = ["database_url"]


_REAL = {name: getattr(kennworte, name) for name in ("_ITERATIONS", "_MEMORY")}


@pytest.fixture(autouse=True)
def _kennworte_at_little_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or most of the time would go into them."""
    monkeypatch.setattr(kennworte, "_ITERATIONS", 1)
    monkeypatch.setattr(kennworte, "_MEMORY", 8)


@pytest.fixture
def kennworte_at_real_cost(_kennworte_at_little_cost: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As outside of tests."""
    for name, value in _REAL.items():
        monkeypatch.setattr(kennworte, name, value)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine that writes, on an empty register."""
    with opened(database_url) as engine:
        create_schema(engine)
        create_schema(engine)
        yield engine


@pytest.fixture
def leser(database_url: str, engine: Engine) -> Iterator[Engine]:
    """An engine that only reads the same database."""
    with opened(database_url, readonly=True) as leser:
        yield leser


@pytest.fixture
def v(engine: Engine) -> Verwaltung:
    """The operator Anna."""
    return Verwaltung(engine, "cli:anna")
