"""`xmeld-gateway datenbank`: the three stores' tables from release to release, and copies of them."""

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import URL

from gateway import migration, sicherung
from gateway.bootstrap import Instance, create_databases
from gateway.errors import GatewayError
from gateway.terminal import InstanceOption, out

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The databases: their release, and copies of them.")


@app.command()
def upgrade(directory: InstanceOption) -> None:
    """Take the tables of an earlier release to this one; stop the gateway and make a copy first.

    Each database changes as a whole or not at all. Where nothing is to be done, nothing is.
    """
    with Instance.read(directory) as here:
        for store, engine in here.stores().items():
            if migration.stand(engine, store) is migration.Stand.EMPTY:
                continue
            steps = migration.upgrade(engine, store)
            out.print(f"{store.name}: {'revision ' + ', '.join(steps) if steps else migration.Stand.PRESENT.value}")
        create_databases(here)


@app.command()
def stand(directory: InstanceOption) -> None:
    """Say of which release the tables are; a non-zero exit unless of this one."""
    table = Table("database", "tables")
    with Instance.read(directory) as here:
        found = {store.name: migration.stand(engine, store) for store, engine in here.stores(readonly=True).items()}
    for name, where in found.items():
        table.add_row(name, where.value)
    out.print(table)
    if set(found.values()) != {migration.Stand.PRESENT}:
        raise GatewayError("not every database has the tables of this release")


@app.command()
def sichern(
    target: Annotated[Path, typer.Argument(help="A folder that is not there yet.")], directory: InstanceOption
) -> None:
    """Copy the SQLite databases while the gateway serves; each copy is of one moment, and checked.

    Of a database on PostgreSQL the command is printed that copies it. Keys are not copied: keep them apart.
    """
    with Instance.read(directory) as here:
        files: dict[str, Path] = {}
        servers: dict[str, list[str]] = {}  # what each database holds
        for store, engine in here.stores(readonly=True).items():
            if engine.dialect.name == "sqlite":
                files[store.name] = sicherung.sqlite_file(engine)
            else:
                servers.setdefault(_named(engine.url), []).append(store.name)
        for url, names in servers.items():
            file = target.with_name(f"{target.name}-{'-'.join(names)}.dump")
            out.print(f"umask 077; pg_dump --format=custom --file {shlex.quote(str(file))} {shlex.quote(url)}")
        for copy in sicherung.copy_sqlite(files, target) if files else ():
            out.print(f"{copy.path}: {copy.path.stat().st_size} bytes, SHA-256 {copy.digest}")


def _named(url: URL) -> str:
    """As PostgreSQL's own programs take it, without a password."""
    query = {key: value for key, value in url.query.items() if key not in ("password", "options")}
    named = URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
    return named.render_as_string(hide_password=False)
