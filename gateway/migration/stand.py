"""Of which release a store's tables are, and the way from there to the present.

Alembic is imported when it is needed, which most commands do not: that takes as long as all the rest of them.

A transaction takes a database all the way or leaves it as it was. Three stores may share one PostgreSQL database, so
each keeps its revision in a table of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import Connection, Engine, inspect, text

from gateway.database import store_errors
from gateway.errors import StoreError

#: What a database has that was made before revisions were noted.
FIRST = "0001"

#: PostgreSQL's lock for the one who migrates; the number means nothing. Then how long a table is waited for.
_LOCK, _LOCK_TIMEOUT = 7_330_221_324, "10s"


@dataclass(frozen=True)
class Store:
    """A store's tables. `witness` is one that it has had since release 0.1.0."""

    name: str
    title: str  # in errors
    witness: str


SPIEGEL = Store("spiegel", "the mirror", "person")
BEHOERDEN = Store("behoerden", "the authorities", "behoerde")
PROTOKOLL = Store("protokoll", "the Protokoll", "protokoll_stand")
STORES = (SPIEGEL, BEHOERDEN, PROTOKOLL)


class Stand(Enum):
    """Where a database stands, as seen from this release."""

    EMPTY = "has no tables"
    OLDER = "has the tables of an earlier release"
    PRESENT = "is up to date"
    NEWER = "has the tables of a later release"


def stand(engine: Engine, store: Store) -> Stand:
    """Reads only. Raises StoreError when the database does not answer."""
    from gateway.migration import revisionen

    with store_errors(f"{store.title} cannot be read"), engine.connect() as connection:
        revision = _revision(connection, store)
    if revision is None:
        return Stand.EMPTY
    if revision == revisionen.head(store.name):
        return Stand.PRESENT
    return Stand.OLDER if revision in revisionen.known(store.name) else Stand.NEWER


def check(engine: Engine, store: Store, command: str) -> None:
    """Raises StoreError unless the tables are this release's; its text names `command`, which makes them so."""
    where = stand(engine, store)
    if where is Stand.NEWER:
        raise StoreError(f"the database of {store.title} {where.value} than this one: install that release")
    if where is not Stand.PRESENT:
        raise StoreError(f"the database of {store.title} {where.value}: stop the gateway and run '{command}'")


def stamp(engine: Engine, store: Store) -> None:
    """Notes that the tables, which were made just now, are the present ones. Raises StoreError."""
    from gateway.migration import revisionen

    with _changing(engine, store) as connection:
        revisionen.note(connection, store.name, "head")


def upgrade(engine: Engine, store: Store) -> list[str]:
    """Takes an OLDER database to the present: the revisions that it went through, none where it is PRESENT.

    All or nothing. Raises StoreError, also for a database that is EMPTY or NEWER.
    """
    from gateway.migration import revisionen

    with _changing(engine, store) as connection:
        revision = _revision(connection, store)
        if revision is None or revision not in revisionen.known(store.name):
            raise StoreError(f"the database of {store.title} has no tables that this release knows how to change")
        if revisionen.noted(connection, store.name) is None:
            revisionen.note(connection, store.name, revision)
        return revisionen.run(connection, store.name)


def _revision(connection: Connection, store: Store) -> str | None:
    """The noted one; the first where tables are and nothing is noted; None where there are none."""
    from gateway.migration import revisionen

    noted = revisionen.noted(connection, store.name)
    if noted is not None:
        return noted
    return FIRST if inspect(connection).has_table(store.witness) else None


@contextmanager
def _changing(engine: Engine, store: Store) -> Iterator[Connection]:
    """A transaction in which nobody else changes the tables; on SQLite it has the write lock from its beginning."""
    with store_errors(f"the tables of {store.title} cannot be changed"), engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        yield connection
