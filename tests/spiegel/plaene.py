"""The plans of a search's statements, of both databases alike: for tests, and for the bench to show."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.meldewesen.anfrage import MAX_TREFFER
from gateway.meldewesen.freie_suche import FreieSuchformen
from gateway.meldewesen.sperren import Sicht
from gateway.meldewesen.suchformen import Suchformen
from gateway.ports import ZuVieleTreffer
from gateway.spiegel import lesezugang
from gateway.spiegel.lesezugang import execute
from gateway.spiegel.suche import SqlSpiegel

Plan = list[str]  # lines

#: What a statement makes for itself and reads again: at most as many rows as an answer may hold, or a single one.
_EIGENES = re.compile(r"(SCAN|Scan on) (funde|fuehrend|CONSTANT ROW|\w+_gezaehlt)")

_SCAN = re.compile(r"^SCAN |Seq Scan|Bitmap|Hash|Merge")
_LEADS = re.compile(r"SEARCH (eintrag|f\d+) |Index Only Scan using \w+ on suchdatum (eintrag|f\d+)\b")


@dataclass(frozen=True)
class Node:
    """A step of a plan with the condition of its index."""

    text: str
    condition: str

    @property
    def scans(self) -> bool:
        return bool(_SCAN.search(self.text)) and not _EIGENES.search(self.text)

    @property
    def leads(self) -> bool:
        """Walks the entries of a datum, to count or to find."""
        return bool(_LEADS.search(self.text))


def nodes(plan: Plan) -> Iterator[Node]:
    """The steps of a plan."""
    for number, line in enumerate(plan):
        if line.startswith(("SEARCH", "SCAN")):  # SQLite
            yield Node(line, line)
        elif "Scan" in line or "Join" in line or "Loop" in line:
            condition = next((below for below in plan[number + 1 : number + 2] if "Index Cond" in below), "")
            yield Node(line, condition)


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


def asked(spiegel: SqlSpiegel, anfrage: Suchformen | FreieSuchformen, sicht: Sicht) -> int:
    """How many are found; one more than may be told stands for all above."""
    try:
        if isinstance(anfrage, FreieSuchformen):
            return len(spiegel.freie_suche(anfrage, sicht, MAX_TREFFER))
        return len(spiegel.suche(anfrage, sicht, MAX_TREFFER))
    except ZuVieleTreffer:
        return MAX_TREFFER + 1


def plans(
    engine: Engine, spiegel: SqlSpiegel, anfrage: Suchformen | FreieSuchformen, sicht: Sicht, *, generic: bool = False
) -> list[Plan]:
    """The plan of each statement of a search, the same one once; with `generic` PostgreSQL's plan for any values."""
    with recorded() as statements:
        asked(spiegel, anfrage, sicht)
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    with engine.connect() as connection:
        if generic:
            return [_generic(connection, sql, parameters) for sql, parameters in dict(_once(statements)).items()]
        return [
            [str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {sql}", parameters)]
            for sql, parameters in dict(_once(statements)).items()
        ]


def _once(statements: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for sql, parameters in statements:
        if sql not in seen:
            seen.add(sql)
            yield sql, parameters


def _generic(connection: Any, sql: str, parameters: dict[str, Any]) -> Plan:
    """As psycopg has it prepared after a few times."""
    parameter = re.compile(r"%\((\w+)\)s(?:::(\w+))?")
    numbers = {name: f"${n}" for n, name in enumerate(dict(parameter.findall(sql)), start=1)}
    prepared = parameter.sub(lambda found: numbers[found[1]] + (f"::{found[2]}" if found[2] else ""), sql)
    values = ", ".join("NULL" if parameters[name] is None else f"'{parameters[name]}'" for name in numbers)
    connection.exec_driver_sql("SET plan_cache_mode = force_generic_plan")
    connection.exec_driver_sql(f"PREPARE suche AS {prepared}".replace("%", "%%"))
    try:
        plan = connection.exec_driver_sql(f"EXPLAIN EXECUTE suche({values})".replace("%", "%%"))
        return [str(row[0]) for row in plan]
    finally:
        connection.exec_driver_sql("DEALLOCATE suche")
        connection.exec_driver_sql("SET plan_cache_mode = auto")
