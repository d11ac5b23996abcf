"""From release 0.1.0's data to the present tables: nothing is lost, twice does no harm, and `serve` wants it done."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from cryptography import x509
from sqlalchemy import Engine, MetaData, insert, inspect, text

from gateway import migration
from gateway.behoerden import tabellen as behoerden_tabellen
from gateway.behoerden.pruefung import pruefe
from gateway.behoerden.register import SqlBehoerden
from gateway.bootstrap import Instance, build_gateway, build_lauf, build_umschlag, check_databases, create_databases
from gateway.envelope.zertifikate import fingerprint
from gateway.errors import StoreError
from gateway.instance import certificate_files
from gateway.migration import Stand, Store
from gateway.migration.revisionen import run as revise
from gateway.migration.revisionen import version_table
from gateway.migration.stand import FIRST
from gateway.protokoll import Einsicht, verify
from gateway.protokoll import tabellen as protokoll_tabellen
from gateway.spiegel import tabellen as spiegel_tabellen
from tests.betrieb import AMT, Betrieb, betrieb
from tests.cli.conftest import Run, run
from tests.databases import KINDS, database_url, fresh_database, opened
from tests.gateways import set_key

__all__ = ["database_url", "run"]

#: Made by the code of release 0.1.0 on SQLite: every row of its databases, their DDL, and the key files.
RELEASE: dict[str, Any] = json.loads((Path(__file__).parent / "release_0_1_0.json").read_text(encoding="utf-8"))
METADATA = {
    migration.SPIEGEL: spiegel_tabellen.metadata,
    migration.BEHOERDEN: behoerden_tabellen.METADATA,
    migration.PROTOKOLL: protokoll_tabellen.METADATA,
}
EINTRAEGE = len(RELEASE["databases"]["protokoll"]["rows"]["protokoll"])


def fill(engine: Engine, store: Store) -> None:
    """The tables of release 0.1.0 with its data."""
    with engine.begin() as connection:
        revise(connection, store.name, FIRST)
        connection.execute(text(f"DROP TABLE {version_table(store.name)}"))
        tables = MetaData()
        tables.reflect(connection)
        for name, rows in RELEASE["databases"][store.name]["rows"].items():
            if rows:
                connection.execute(insert(tables.tables[name]), [_row(row) for row in rows])


def _row(row: dict[str, Any]) -> dict[str, Any]:
    values = {key: bytes.fromhex(value["hex"]) if isinstance(value, dict) else value for key, value in row.items()}
    flags = {"gesperrt", "azr_berechtigt", "protokoll_beauftragt", "zentrale_stelle", "trotz_sperre"}
    return {key: bool(value) if key in flags else value for key, value in values.items()}


@dataclass(frozen=True)
class Old:
    """An instance with the databases of release 0.1.0."""

    path: Path
    kind: str

    @contextmanager
    def opened(self) -> Iterator[Instance]:
        with Instance.read(self.path) as here:
            yield here


@pytest.fixture(params=KINDS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Old]:
    with fresh_database(request.param, tmp_path) as url:
        path = tmp_path / "instance"
        betrieb(path).close()
        shutil.rmtree(path / "daten")
        (path / "daten").mkdir()
        for name, content in RELEASE["schluessel"].items():
            (path / f"schluessel/{name}.key").write_text(content)
        if request.param == "postgresql":
            for store in migration.STORES:
                set_key(path, f"sqlite:///daten/{store.name}.sqlite", url)
        with Instance.read(path) as here:
            for store, engine in here.stores().items():
                fill(engine, store)
        yield Old(path, request.param)


@pytest.mark.parametrize("store", migration.STORES, ids=lambda store: store.name)
def test_the_first_revision_makes_the_tables_of_release_0_1_0(tmp_path: Path, store: Store) -> None:
    with (
        opened(f"sqlite:///{tmp_path / 'old.sqlite'}") as theirs,
        opened(f"sqlite:///{tmp_path / 'new.sqlite'}") as ours,
    ):
        with theirs.begin() as connection:
            for statement in RELEASE["databases"][store.name]["ddl"]:
                connection.execute(text(statement))
        with ours.begin() as connection:
            revise(connection, store.name, FIRST)
            connection.execute(text(f"DROP TABLE {version_table(store.name)}"))
        assert _shape(ours) == _shape(theirs)


@pytest.mark.parametrize("store", migration.STORES, ids=lambda store: store.name)
def test_all_revisions_together_make_the_tables_of_this_release(database_url: str, store: Store) -> None:
    with opened(database_url) as engine:
        fill(engine, store)
        assert migration.upgrade(engine, store) or store is not migration.PROTOKOLL
        with engine.connect() as connection:
            filters = {"include_name": _no_month, "include_object": _of(engine.dialect.name)}
            options = {"compare_type": True, "version_table": version_table(store.name), **filters}
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, METADATA[store]) == [], "add a revision to gateway/migration"


def test_the_data_of_release_0_1_0_is_there_and_verifies_and_exchanges_go_on(old: Old) -> None:
    with old.opened() as here:
        for store, engine in here.stores().items():
            migration.upgrade(engine, store)
        result = verify(here.protokoll(readonly=True), here.protokollschluessel)
        assert (result.intact, result.entries) == (True, EINTRAEGE), result.findings
        einsicht = Einsicht(here.protokoll(readonly=True))
        contents = [einsicht.read(zeile.stelle, here.protokollschluessel) for zeile in einsicht.entries(100)]
        assert any(inhalt and inhalt.get("treffer") for inhalt in contents)
        assert einsicht.offen() == (2, 0, 1)
        assert len(SqlBehoerden(here.behoerden(readonly=True)).all()) == 4
        register = pruefe(here.behoerden(readonly=True))
        assert (register.fehler, register.anzahl > 4) == ((), True), "who was there before is recorded as it was"
        house = Betrieb(here, build_gateway(here), build_umschlag(here))
        certificate = x509.load_pem_x509_certificate(certificate_files(here.path, AMT)[1].read_bytes())
        here.authorities().add_certificate(AMT, fingerprint(certificate))
        assert house.ask(geschlecht="w") == "01"
        assert build_lauf(here, house.gateway).runde().angesehen == 3
        house.gateway.protokoll.close()
        assert verify(here.protokoll(readonly=True), here.protokollschluessel).entries == EINTRAEGE + 1
        assert pruefe(here.behoerden()).fehler == ()


def test_an_entry_of_release_0_1_0_that_was_changed_is_found(old: Old) -> None:
    with old.opened() as here:
        migration.upgrade(here.protokoll(), migration.PROTOKOLL)
        with here.protokoll().begin() as connection:
            connection.execute(text("UPDATE protokoll SET vermittlung = '[]' WHERE nummer = 3"))
        result = verify(here.protokoll(readonly=True), here.protokollschluessel)
        assert [finding.place for finding in result.findings] == ["1/3"]


def test_serve_wants_the_upgrade_and_names_it_and_twice_does_no_harm(old: Old, run: Run) -> None:
    command = f"xmeld-gateway datenbank upgrade -i {old.path}"
    for words in (("serve",), ("nacharbeit", "run", "--once")):
        error = run(*words, "-i", old.path).error
        assert error == (
            "the database of the authorities has the tables of an earlier release: "
            f"stop the gateway and run '{command}'"
        )
    assert run("datenbank", "stand", "-i", old.path).code == 1
    assert "protokoll: revision 000" in run("datenbank", "upgrade", "-i", old.path).out
    again = run("datenbank", "upgrade", "-i", old.path)
    assert (again.code, again.out.count("is up to date")) == (0, 3)
    assert run("datenbank", "stand", "-i", old.path).code == 0
    assert run("protokoll", "verify", "-i", old.path).out.startswith(f"intact: {EINTRAEGE} records")


def test_an_upgrade_that_fails_midway_leaves_the_database_as_it_was(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    with old.opened() as here:
        before = _shape(here.protokoll())
        monkeypatch.setattr(MigrationContext, "_ensure_version_table", fail)
        with pytest.raises(RuntimeError):
            migration.upgrade(here.protokoll(), migration.PROTOKOLL)
        monkeypatch.undo()
        monkeypatch.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", fail)
        with pytest.raises(RuntimeError):
            migration.upgrade(here.protokoll(), migration.PROTOKOLL)
        monkeypatch.undo()
        assert _shape(here.protokoll()) == before
        assert migration.upgrade(here.protokoll(), migration.PROTOKOLL)


@pytest.mark.parametrize("at", ["gateway.migration.stamp", "gateway.behoerden.register.create_schema"])
def test_tables_whose_making_was_broken_off_are_made_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run, at: str
) -> None:
    """A new instance on PostgreSQL may leave what it has begun there."""
    here = betrieb(tmp_path / "instance").here
    here.close()
    for file in (here.path / "daten").iterdir():
        file.unlink()

    stamp = migration.stamp

    def killed(engine: Engine, store: Store | None = None) -> None:
        if store is migration.SPIEGEL:
            return stamp(engine, store)
        raise KeyboardInterrupt

    with Instance.read(here.path) as begun:
        monkeypatch.setattr(at, killed)
        with pytest.raises(KeyboardInterrupt):
            create_databases(begun)
        monkeypatch.undo()
    with Instance.read(here.path) as again:
        create_databases(again)
        check_databases(again)
    assert run("datenbank", "stand", "-i", here.path).code == 0
    assert run("behoerde", "verlauf", "-i", here.path).code == 0


def test_the_database_of_a_later_release_is_left_alone(database_url: str) -> None:
    with opened(database_url) as engine:
        fill(engine, migration.BEHOERDEN)
        migration.upgrade(engine, migration.BEHOERDEN)
        with engine.begin() as connection:
            connection.execute(text(f"UPDATE {version_table('behoerden')} SET version_num = '9999'"))
        assert migration.stand(engine, migration.BEHOERDEN) is Stand.NEWER
        with pytest.raises(StoreError, match="of a later release than this one: install that release"):
            migration.check(engine, migration.BEHOERDEN, "")
        with pytest.raises(StoreError, match="no tables that this release knows"):
            migration.upgrade(engine, migration.BEHOERDEN)


def test_a_new_instance_is_of_this_release(tmp_path: Path, run: Run) -> None:
    house = betrieb(tmp_path / "instance")
    create_databases(house.here)  # again: it does nothing
    house.close()
    assert "is up to date" in run("datenbank", "stand", "-i", house.here.path).out


def test_databases_without_tables_are_named_and_made(old: Old, run: Run) -> None:
    with old.opened() as here:
        for store, engine in here.stores().items():
            with engine.begin() as connection:
                tables = MetaData()
                tables.reflect(connection, only=list(RELEASE["databases"][store.name]["rows"]))
                tables.drop_all(connection)
    assert "the database of the mirror has no tables" in run("serve", "-i", old.path).error
    assert run("datenbank", "upgrade", "-i", old.path).code == 0
    assert run("datenbank", "stand", "-i", old.path).code == 0


def _no_month(name: str | None, kind: str, _parents: object) -> bool:
    """On PostgreSQL each month may be a table: a part of another, and made by whoever first needs it."""
    return kind != "table" or re.fullmatch(r"protokoll(_index)?_[0-9]+", name or "") is None


def _of(dialect: str) -> Callable[..., bool]:
    """Leaves out what a table has on another database only (`ddl_if`)."""

    def is_here(item: Any, _name: object, kind: str, _reflected: object, _other: object) -> bool:
        condition = getattr(item, "_ddl_if", None)
        return kind != "index" or condition is None or condition.dialect == dialect

    return is_here


def _shape(engine: Engine) -> dict[str, Any]:
    """Columns, keys and indexes of every table, whatever their order."""
    inspector = inspect(engine)
    return {
        table: (
            {column["name"]: (str(column["type"]), column["nullable"]) for column in inspector.get_columns(table)},
            inspector.get_pk_constraint(table)["constrained_columns"],
            sorted(
                (index["name"] or "", *index["column_names"], index["unique"]) for index in inspector.get_indexes(table)
            ),
            sorted(tuple(one["column_names"]) for one in inspector.get_unique_constraints(table)),
            sorted(tuple(one["constrained_columns"]) for one in inspector.get_foreign_keys(table)),
        )
        for table in inspector.get_table_names()
    }
