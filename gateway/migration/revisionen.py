"""The stores' revisions, by Alembic without its files: each folder beside this page is one store's."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def version_table(store: str) -> str:
    """Where the database notes its revision."""
    return f"revision_{store}"


def head(store: str) -> str | None:
    """The newest revision."""
    return _scripts(store).get_current_head()


@lru_cache
def known(store: str) -> frozenset[str]:
    """All revisions."""
    return frozenset(script.revision for script in _scripts(store).walk_revisions())


def noted(connection: Connection, store: str) -> str | None:
    """The revision that the database is of, as it says itself."""
    return _context(connection, store).get_current_revision()


def note(connection: Connection, store: str, revision: str) -> None:
    """Writes that down."""
    _context(connection, store).stamp(_scripts(store), revision)


def run(connection: Connection, store: str, to: str = "head") -> list[str]:
    """Goes from the noted revision, or from nothing, to this one; the revisions on the way."""
    scripts, done = _scripts(store), list[str]()

    def steps(at: Any, _context: object) -> Any:
        planned = scripts._upgrade_revs(to, at)
        done.extend(step.revision.revision for step in planned)
        return planned

    with EnvironmentContext(Config(), scripts, fn=steps) as environment:
        environment.configure(connection=connection, version_table=version_table(store), transactional_ddl=True)
        environment.run_migrations()
    return done


def _context(connection: Connection, store: str) -> MigrationContext:
    return MigrationContext.configure(connection, opts={"version_table": version_table(store)})


@lru_cache
def _scripts(store: str) -> ScriptDirectory:
    folder = str(Path(__file__).parent / store)
    return ScriptDirectory(folder, version_locations=[folder])
