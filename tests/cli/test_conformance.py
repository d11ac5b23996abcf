"""`conformance anlage` asks the gateway, believes only its answers, says what does not hold, and leaves nothing."""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from gateway.conformance import command, pruefstand
from gateway.conformance.anlage import Suche, zeilen
from gateway.meldewesen.suchformen import Suchformen
from gateway.ports import Treffer
from gateway.spiegel.suche import SqlSpiegel
from tests.cli.conftest import Run
from tests.databases import fresh_database, postgres_server

ZEILEN = [zeile for zeile in zeilen() if zeile.suche is Suche.PERSONENSUCHE]
PERSONENSUCHE = ("conformance", "anlage", "--suche", "personensuche")


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary folders, empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def rows(out: str) -> dict[int, tuple[str, ...]]:
    """The table: by number, what each row says."""
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if line.startswith("│")]
    return {int(number): tuple(cells) for number, *cells in lines}


def test_every_row_that_can_be_asked_is_shown_and_holds_and_nothing_is_left(run: Run, temporary: Path) -> None:
    done = run("conformance", "anlage")
    assert (done.code, done.err) == (0, "")
    asked = zeilen()
    assert len(asked) == 249
    assert rows(done.out) == {
        zeile.nummer: (zeile.suche, zeile.anlage, zeile.dsmeld, zeile.register, zeile.auswahl, verdict, verdict)
        for zeile in asked
        for verdict in ["ja" if zeile.enthalten else "nein"]
    }
    assert done.out.splitlines()[-1] == "249 of 249 hold (personensuche, freieSuche)"
    assert not list(temporary.iterdir())


def test_on_postgresql_it_has_a_schema_of_its_own_and_drops_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = uuid4()
    monkeypatch.setattr(pruefstand, "uuid4", lambda: UUID(name.hex))
    seen = []
    lade = pruefstand.lade
    monkeypatch.setattr(pruefstand, "lade", lambda engine, persons: (seen.append(schemas(name)), lade(engine, persons)))
    with fresh_database("postgresql", tmp_path) as url:
        done = run(*PERSONENSUCHE, "--failed", "--database", url)
        assert tables(url) == 0
    assert (done.code, done.out, done.err) == (0, "102 of 102 hold (personensuche)\n", "")
    assert (seen, schemas(name)) == ([1], 0)


def schemas(name: UUID) -> int:
    statement = "SELECT count(*) FROM information_schema.schemata WHERE schema_name = %s"
    with psycopg.connect(postgres_server() or "") as connection:
        return int(connection.execute(statement, (f"gateway_conformance_{name.hex}",)).fetchall()[0][0])


def tables(url: str) -> int:
    with psycopg.connect(url) as connection:
        statement = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()"
        return int(connection.execute(statement).fetchall()[0][0])


def test_a_row_whose_verdict_the_gateway_does_not_reach_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {1, 4, 59, 64, 81}  # found, not found, a street that is not there, house number, date
    turned = [
        replace(zeile, enthalten=not zeile.enthalten) if zeile.nummer in wrong else zeile
        for zeile in ZEILEN
        if zeile.nummer < 82
    ]
    monkeypatch.setattr(command, "zeilen", lambda: turned)
    done = run(*PERSONENSUCHE, "--failed")
    assert done.error == "5 row(s) of the Anlage do not hold"
    assert done.out.splitlines()[-1] == "76 of 81 hold (personensuche)"
    assert {number: cells[-2:] for number, cells in rows(done.out).items()} == {
        zeile.nummer: ("ja", "nein") if zeile.enthalten else ("nein", "ja") for zeile in turned if zeile.nummer in wrong
    }
    assert rows(run(*PERSONENSUCHE).out).keys() == {zeile.nummer for zeile in turned}


def test_a_gateway_that_finds_nobody_does_not_hold(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SqlSpiegel, "suche", lambda *_: [])
    done = run(*PERSONENSUCHE, "--failed")
    assert done.code == 1
    assert {number: cells[-1] for number, cells in rows(done.out).items()} == {
        zeile.nummer: "status 03" if zeile.dsmeld == "1205" else "nein" for zeile in ZEILEN if zeile.enthalten
    }


def test_a_gateway_that_does_not_refuse_an_unknown_street_does_not_hold(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqlSpiegel, "kennt_strasse", lambda *_: True)
    done = run(*PERSONENSUCHE, "--failed")
    assert done.code == 1
    assert {number: cells[-1] for number, cells in rows(done.out).items()} == {
        zeile.nummer: "status 03" for zeile in ZEILEN if zeile.dsmeld == "1205" and not zeile.enthalten
    }


def test_a_gateway_that_tells_of_somebody_else_does_not_hold(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    suche, first = SqlSpiegel.suche, list[Treffer]()

    def always_the_first(spiegel: SqlSpiegel, formen: Suchformen, heute: str, limit: int) -> Sequence[Treffer]:
        first[:] = first or suche(spiegel, formen, heute, limit)
        return first

    monkeypatch.setattr(SqlSpiegel, "suche", always_the_first)
    done = run(*PERSONENSUCHE)
    assert done.code == 1
    was = {cells[-1] for number, cells in rows(done.out).items() if number > 1 and cells[2] != "1205"}
    assert (was, rows(done.out)[1][-1]) == ({"nicht diese Person"}, "ja")


def test_a_gateway_that_breaks_down_does_not_hold_and_the_rest_is_still_asked(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    suche = SqlSpiegel.suche

    def breaks_once(spiegel: SqlSpiegel, formen: Suchformen, heute: str, limit: int) -> Sequence[Treffer]:
        if formen.gemeindeschluessel == ZEILEN[1].ags:
            raise RuntimeError
        return suche(spiegel, formen, heute, limit)

    monkeypatch.setattr(SqlSpiegel, "suche", breaks_once)
    done = run(*PERSONENSUCHE, "--failed")
    assert (done.code, done.out.splitlines()[-1]) == (1, "101 of 102 hold (personensuche)")
    assert {number: cells[-1] for number, cells in rows(done.out).items()} == {2: "Rückweisung 16"}


@pytest.mark.parametrize(
    ("database", "says"),
    [
        ("sqlite:///anlage.sqlite", "--database: must be a URL of PostgreSQL"),
        ("nonsense", "database: must be a URL"),
        ("postgresql://nobody@127.0.0.1:1/nothing", "no schema can be made in the database"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_and_nothing_is_left(
    run: Run, temporary: Path, monkeypatch: pytest.MonkeyPatch, database: str, says: str
) -> None:
    monkeypatch.chdir(temporary)
    assert re.match(says, run(*PERSONENSUCHE, "--database", database).error)
    assert not list(temporary.iterdir())
