"""§ 34a (5) BMG: a blocked person and one that is not there take the same path to the same result."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from gateway.meldewesen.anfrage import Auswahldaten
from gateway.meldewesen.suchformen import Suchformen, formen_der_anfrage
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from gateway.spiegel import lesezugang
from gateway.spiegel.laden import lade
from gateway.spiegel.lesezugang import execute
from gateway.spiegel.suche import SqlSpiegel, personensuche
from gateway.spiegel.tabellen import create_schema, person
from tests.databases import KINDS, fresh_database, opened
from tests.spiegel.personen import AGS, HEUTE, datensatz, sperre, wohnung

GESTERN, MORGEN = "2025-11-21", "2025-11-23"

#: Queries that agree with the test's person, of every shape of name.
ANFRAGEN: list[dict[str, Any]] = [
    {"familienname": "Musterfrau", "vornamen": "Erika", "geburtsdatum": Teildatum("1964-08-12")},
    {"familienname": "Musterfrau", "vornamen": "Erika Anna", "strasse": "Prüfweg", "hausnummer": "1"},
    {"familienname": "Mustervrau", "vornamen": "Ericka", "phonetik": True, "geschlecht": "w"},
    {"ordens_oder_kuenstlername": "Klara", "geschlecht": "w"},
]
PERSON: dict[str, Any] = {"vornamen": "Erika Anna", "kuenstlername": "Klara"}


def formen(**felder: Any) -> Suchformen:
    return formen_der_anfrage(Auswahldaten(Gemeindeschluessel(AGS), **felder))


def gefunden(engine: Engine, heute: str = HEUTE, **felder: Any) -> list[str]:
    treffer = SqlSpiegel(engine).suche(formen(**felder), heute, 1001)
    return sorted(one.datensatz["ordnungsmerkmal"] for one in treffer)


def _andere(nummer: int) -> dict[str, Any]:
    letters = chr(65 + nummer // 26) + chr(65 + nummer % 26)
    return {"familienname": f"Name{letters}", "kuenstlername": f"Star {letters}"}


@contextmanager
def mirror(kind: str, folder: Path, personen: list[dict[str, Any]]) -> Iterator[Engine]:
    """A read-only engine on a mirror with these persons and a few others around them."""
    with fresh_database(kind, folder) as url:
        with opened(url) as engine:
            create_schema(engine)
            lade(engine, [*personen, *(datensatz(f"x{n}", **_andere(n)) for n in range(400))])
            if kind == "postgresql":
                with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.exec_driver_sql(
                        "VACUUM ANALYZE person, suchpaar, kuenstlername, geburtsdatum, anschrift"
                    )
        with opened(url, readonly=True) as engine:
            yield engine


@contextmanager
def recorded() -> Iterator[list[tuple[str, Any]]]:
    """The statements and parameters that reach the driver."""
    statements: list[tuple[str, Any]] = []

    def record(cursor: Any, statement: str, parameters: Any) -> None:
        statements.append((statement, parameters))
        execute(cursor, statement, parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lesezugang, "execute", record)
        yield statements


@pytest.mark.parametrize("felder", ANFRAGEN)
@pytest.mark.parametrize("grund", ["1", "3", "6", "11", "12"])
def test_a_person_with_a_block_of_section_51_is_not_found(engine: Engine, grund: str, felder: dict[str, Any]) -> None:
    lade(engine, [datensatz(**PERSON, **sperre(grund))])
    assert gefunden(engine, **felder) == []
    assert gefunden(engine, "9999-12-30", **felder) == []


@pytest.mark.parametrize("grund", ["2", "5", "7", "10", "13"])
def test_the_other_codes_do_not_affect_datenabruf(engine: Engine, grund: str) -> None:
    lade(engine, [datensatz(**PERSON, **sperre(grund))])
    for felder in ANFRAGEN:
        assert gefunden(engine, **felder) == ["1"]


def test_a_block_ends_after_its_last_day(engine: Engine) -> None:
    lade(engine, [datensatz(**PERSON, **sperre("3", frist=HEUTE))])
    for felder in ANFRAGEN:
        assert gefunden(engine, GESTERN, **felder) == []
        assert gefunden(engine, HEUTE, **felder) == []
        assert gefunden(engine, MORGEN, **felder) == ["1"]


def test_of_two_blocks_the_longer_counts(engine: Engine) -> None:
    sperren = [{"grund": "3", "frist": GESTERN}, {"grund": "11", "frist": HEUTE}, {"grund": "7"}]
    lade(engine, [datensatz(**PERSON, auskunftssperren=sperren)])
    assert gefunden(engine, HEUTE, **ANFRAGEN[0]) == []
    assert gefunden(engine, MORGEN, **ANFRAGEN[0]) == ["1"]


@pytest.mark.parametrize("felder", ANFRAGEN)
def test_if_one_of_two_matches_is_blocked_the_other_is_the_only_one(engine: Engine, felder: dict[str, Any]) -> None:
    lade(engine, [datensatz("frei", **PERSON), datensatz("gesperrt", **PERSON, **sperre("3"))])
    assert gefunden(engine, **felder) == ["frei"]


def test_blocked_persons_do_not_count_towards_a_lists_limit(engine: Engine) -> None:
    lade(engine, [datensatz(f"{n}", **PERSON, **(sperre("1") if n % 2 else {})) for n in range(40)])
    assert len(gefunden(engine, **ANFRAGEN[0])) == 20
    assert len(SqlSpiegel(engine).suche(formen(**ANFRAGEN[0]), HEUTE, 20)) == 20


def test_a_block_that_comes_later_takes_effect_with_its_delivery(engine: Engine) -> None:
    lade(engine, [datensatz(**PERSON)])
    spiegel = SqlSpiegel(engine)
    merkmal = spiegel.suche(formen(**ANFRAGEN[0]), HEUTE, 1001)[0].merkmal
    lade(engine, [datensatz(**PERSON, **sperre("3"))])
    for felder in ANFRAGEN:
        assert gefunden(engine, **felder) == []
    assert spiegel.hole(merkmal, HEUTE) is None
    lade(engine, [datensatz(**PERSON)])
    assert spiegel.hole(merkmal, HEUTE) is not None


@pytest.mark.parametrize("felder", ANFRAGEN)
@pytest.mark.parametrize("kind", KINDS)
def test_blocked_and_absent_issue_the_same_one_statement(kind: str, felder: dict[str, Any], tmp_path: Path) -> None:
    issued = []
    for personen in ([], [datensatz(**PERSON, **sperre("3"))]):
        with mirror(kind, tmp_path, personen) as engine, recorded() as statements:
            assert gefunden(engine, **felder) == []
            issued.append(statements)
    assert len(issued[0]) == 1
    assert issued[0] == issued[1]


@pytest.mark.parametrize("felder", ANFRAGEN)
def test_sqlite_takes_the_same_steps_for_blocked_and_absent(felder: dict[str, Any], tmp_path: Path) -> None:
    steps: list[int] = []
    for personen in ([], [datensatz(**PERSON, **sperre("3"))], [datensatz(**PERSON)]):
        with mirror("sqlite", tmp_path, personen) as engine:
            assert len(gefunden(engine, **felder)) == (0 if len(steps) < 2 else 1)  # fills the caches
            steps.append(_steps(engine, lambda engine=engine: gefunden(engine, **felder)))
    absent, blocked, found = steps
    assert absent == blocked
    assert found > blocked


def test_sqlite_takes_the_same_steps_for_a_follow_up_to_blocked_and_to_gone(tmp_path: Path) -> None:
    with mirror("sqlite", tmp_path, [datensatz("frei"), datensatz("gesperrt", **sperre("3"))]) as engine:
        spiegel = SqlSpiegel(engine)
        frei, gesperrt = _merkmal(engine, "frei"), _merkmal(engine, "gesperrt")
        assert spiegel.hole(frei, HEUTE) is not None  # fills the caches
        absent, blocked, found = (
            _steps(engine, lambda merkmal=merkmal: spiegel.hole(merkmal, HEUTE))
            for merkmal in (bytes(16), gesperrt, frei)
        )
    assert absent == blocked
    assert found > blocked


def _merkmal(engine: Engine, ordnungsmerkmal: str) -> bytes:
    with engine.connect() as connection:
        query = select(person.c.merkmal).where(person.c.ordnungsmerkmal == ordnungsmerkmal)
        return bytes(connection.scalars(query).one())


def _steps(engine: Engine, search: Callable[[], object]) -> int:
    """Instructions that SQLite executes for a search."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(count, 1)
    search()  # the pool has this one connection
    driver.set_progress_handler(None, 0)
    return taken


@pytest.mark.parametrize("felder", ANFRAGEN)
def test_postgresql_reads_no_more_rows_for_blocked_than_for_absent(felder: dict[str, Any], tmp_path: Path) -> None:
    read = []
    for personen in ([], [datensatz(**PERSON, **sperre("3"))]):
        with mirror("postgresql", tmp_path, personen) as engine:
            suche = partial(SqlSpiegel(engine).suche, formen(**felder), HEUTE, 1001)
            read.append(list(_rows(_analyzed(engine, suche))))
    assert read[0] == read[1]
    assert any(name == "Actual Rows" for name, _ in read[0])


def test_postgresql_reads_no_row_for_a_follow_up_to_a_blocked_person(tmp_path: Path) -> None:
    with mirror("postgresql", tmp_path, [datensatz("frei"), datensatz("gesperrt", **sperre("3"))]) as engine:
        absent, blocked, found = (
            list(_rows(_analyzed(engine, partial(SqlSpiegel(engine).hole, merkmal, HEUTE))))
            for merkmal in (bytes(16), _merkmal(engine, "gesperrt"), _merkmal(engine, "frei"))
        )
    assert absent == blocked != found
    assert not any(number for name, number in blocked if name.startswith("Rows Removed"))


def _analyzed(engine: Engine, search: Callable[[], object]) -> Any:
    """The executed plan of a search. With so few rows PostgreSQL would rather scan them, but not in real tables."""
    with recorded() as statements:
        search()
    ((statement, parameters),) = statements
    with engine.connect() as connection:
        connection.exec_driver_sql("SET enable_seqscan = off")
        return connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", parameters
        ).scalar_one()[0]["Plan"]


def _rows(plan: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What each node did, from the top down: kind, rows, loops, rows removed."""
    for name in ("Node Type", "Actual Rows", "Actual Loops", "Rows Removed by Filter", "Rows Removed by Index Recheck"):
        if name in plan:
            yield name, plan[name]
    for below in plan.get("Plans", ()):
        yield from _rows(below)


def test_a_street_is_not_known_from_blocked_persons(engine: Engine) -> None:
    """Rückweisung 02 or neutral answer: that too would tell blocked from absent."""
    lade(engine, [datensatz(**PERSON, **sperre("3", frist=HEUTE))])
    spiegel, f = SqlSpiegel(engine), formen(strasse="Prüfweg")
    assert not spiegel.kennt_strasse(f, HEUTE)
    assert spiegel.kennt_strasse(f, MORGEN)
    lade(engine, [datensatz("2")])
    assert spiegel.kennt_strasse(f, HEUTE)


def test_no_statement_shape_lacks_the_exclusion() -> None:
    for given in (("familienname",), ("ordens_oder_kuenstlername",), ("familienname", "ordens_oder_kuenstlername")):
        sql = str(personensuche(given, 1 if "familienname" in given else 0))
        assert "person.sperre_bis < :heute" in sql
        assert json.dumps(sql).count("sperre_bis < :heute") == 2


def test_a_street_stays_unknown_when_the_block_of_its_only_inhabitant_is_prolonged(engine: Engine) -> None:
    dort = [wohnung(strasse="Frauenhausgasse")]
    for frist in ("2025-11-01", "2099-12-31"):
        lade(engine, [datensatz(wohnungen=dort, **sperre("3", frist=frist))])
    assert not SqlSpiegel(engine).kennt_strasse(formen(strasse="Frauenhausgasse"), HEUTE)
