"""No Personensuche scans a table, whatever it gives: the plans of both databases say so."""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.spiegel.laden import lade
from gateway.spiegel.suche import _CRITERIA, personensuche
from gateway.spiegel.tabellen import create_schema
from tests.databases import fresh_database, opened
from tests.spiegel.personen import datensatz, wohnung

PERSONEN = 3000

#: Each way to name a person, and each set of further data whose statements differ in shape.
NAMEN: list[tuple[tuple[str, ...], int]] = [
    (("familienname",), 1),
    (("familienname",), 3),
    (("ordens_oder_kuenstlername",), 0),
    (("familienname", "ordens_oder_kuenstlername"), 2),
    (("familienname", "ordens_oder_kuenstlername"), 0),
    (("ordens_oder_kuenstlername",), 2),
]
WEITERE: list[tuple[str, ...]] = [
    *((name,) for name in _CRITERIA[2:]),
    ("geburtsdatum", "geschlecht"),
    ("geburtsdatum", "strasse", "hausnummer"),
    ("postleitzahl", "strasse", "hausnummer", "hausnummer_zusatz", "hausnummer_teil"),
    _CRITERIA[2:],
]
SHAPES = [(namen + weitere, vornamen) for (namen, vornamen), weitere in product(NAMEN, WEITERE)]


def test_every_datum_of_a_query_is_among_the_shapes() -> None:
    assert {name for given, _ in SHAPES for name in given} == set(_CRITERIA)


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    yield from _filled("sqlite", tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    yield from _filled("postgresql", tmp_path_factory.mktemp("plan"))


def _filled(kind: str, folder: Path) -> Iterator[Engine]:
    with fresh_database(kind, folder) as url, opened(url) as engine:
        create_schema(engine)
        lade(engine, (_person(number) for number in range(PERSONEN)))
        with opened(url, readonly=True) as reader:
            yield reader


def _person(number: int) -> dict[str, Any]:
    ags = f"0324100{number % 10}"
    return datensatz(
        str(number),
        ags,
        familienname=f"Name{_letters(number % 97)}",
        geburtsname=f"Name{_letters(number % 89)}",
        vornamen=f"Vor{_letters(number % 41)} Nach{_letters(number % 37)}",
        kuenstlername=f"Star {_letters(number % 83)}" if number % 5 == 0 else None,
        geburtsdatum=f"{1930 + number % 90}-0{1 + number % 9}-{10 + number % 18}",
        wohnungen=[wohnung(ags, strasse=f"Weg {_letters(number % 53)}"), wohnung(ags, aktuell=False)],
    )


def _letters(number: int) -> str:
    return chr(65 + number // 26) + chr(65 + number % 26)


@pytest.mark.parametrize(("given", "vornamen"), SHAPES)
def test_sqlite_only_seeks(sqlite: Engine, given: tuple[str, ...], vornamen: int) -> None:
    sql = str(personensuche(given, vornamen).compile(dialect=sqlite.dialect))
    with sqlite.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", ("x",) * sql.count("?")).all()
    details = [row[3] for row in plan]
    # a constant row stands for the alternatives that `IN` lists, funde are at most 1,001: no table is walked through
    harmless = ("SCAN CONSTANT ROW", "SCAN funde")
    assert not [detail for detail in details if detail.startswith("SCAN") and detail not in harmless]
    first = "suchpaar" if "familienname" in given and vornamen else "kuenstlername"
    search = next(detail for detail in details if detail.startswith("SEARCH"))
    assert search.startswith(f"SEARCH {first} USING PRIMARY KEY (ags=? AND ")
    assert "sperre_bis<?" in search


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize(("given", "vornamen"), SHAPES)
def test_postgresql_only_uses_indexes(postgres: Engine, given: tuple[str, ...], vornamen: int, mode: str) -> None:
    sql = str(personensuche(given, vornamen).compile(dialect=postgres.dialect))
    parameter = re.compile(r"%\((\w+)\)s(?:::\w+)?")
    numbers = {name: f"${n}" for n, name in enumerate(dict.fromkeys(parameter.findall(sql)), start=1)}
    sql = parameter.sub(lambda found: numbers[found[1]], sql)
    values = ", ".join(_value(name) for name in numbers)
    with postgres.connect() as connection:
        connection.exec_driver_sql(f"SET plan_cache_mode = {mode}")
        connection.exec_driver_sql(f"PREPARE suche AS {sql}")
        plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) EXECUTE suche({values})").scalar_one()[0]["Plan"]
        connection.exec_driver_sql("DEALLOCATE suche")
    nodes = list(_nodes(plan))
    assert not [node for node in nodes if node["Node Type"] == "Seq Scan"]
    assert any("sperre_bis" in node.get("Index Cond", "") for node in nodes)


def _value(name: str) -> str:
    named = {"ags": "'03241001'", "familienname": "'NAMEAB'", "hoechstens": "1000", "grenze": "1001", "param_1": "1"}
    return named.get(name, "'X'")


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
