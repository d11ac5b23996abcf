"""The plans of a search's statements, of both databases alike: for tests, and for the bench to show."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.errors import StoreError
from gateway.meldewesen.anfrage import MAX_TREFFER
from gateway.meldewesen.freie_suche import FreieSuchformen
from gateway.meldewesen.sperren import Sicht
from gateway.meldewesen.suchdaten import Art
from gateway.meldewesen.suchformen import Suchformen
from gateway.ports import ZuVieleTreffer
from gateway.spiegel import lesezugang
from gateway.spiegel.lesezugang import execute
from gateway.spiegel.suche import SqlSpiegel

Plan = list[str]  # lines

#: What a statement makes for itself and reads again: at most as many rows as an answer may hold, or a single one.
_EIGENES = re.compile(r"(SCAN|Scan on) (funde|fuehrend|CONSTANT ROW|\w+_gezaehlt)")

_SCAN = re.compile(r"^SCAN |Seq Scan|Bitmap|Hash|Merge")
_GESAMMELT = re.compile(r"g\d+")
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
    return [plan for _, plan in explained(engine, spiegel, anfrage, sicht, generic=generic)]


def explained(
    engine: Engine, spiegel: SqlSpiegel, anfrage: Suchformen | FreieSuchformen, sicht: Sicht, *, generic: bool = False
) -> list[tuple[str, Plan]]:
    """As `plans`, each with the text of its statement."""
    with recorded() as statements, suppress(StoreError):  # a search that takes too long has plans as well
        asked(spiegel, anfrage, sicht)
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    with engine.connect() as connection:
        if generic:
            return [(sql, _generic(connection, sql, parameters)) for sql, parameters in _once(statements)]
        return [
            (sql, [str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {sql}", parameters)])
            for sql, parameters in _once(statements)
        ]


#: Who is looked at by which index.
_SCHRITT = (
    re.compile(r"SEARCH (?P<wer>\w+) USING (?:COVERING )?(?:INDEX )?(?P<index>\w+)"),
    re.compile(r"using (?P<index>\w+) on (?:\w+ )?(?P<wer>\w+)  \("),
)
_ARTEN = re.compile(r"(\w+)\.art (?:= (\d+)|IN \(([\d, ]+)\))")
_SPALTE = re.compile(r"\b([a-z_]+)\)?(?:::\w+)? ?(?:=|<|>|~~)")


def steps(sql: str, plan: Plan) -> str:
    """A plan in one line: which datum leads by which columns, what is gathered, what is looked up by which index."""
    daten = {
        wer: "/".join(Art(int(art)).name for art in (eine or mehrere).split(", "))
        for wer, eine, mehrere in _ARTEN.findall(sql)
    }
    told = [step for node in nodes(plan) if (step := _step(node, daten))]
    counted = [step.removeprefix("counts ") for step in told if step.startswith("counts ")]
    return "; ".join([f"counts {', '.join(counted)}"] if counted else told)


def _step(node: Node, daten: dict[str, str]) -> str:
    """Empty for what the statement reads of its own."""
    if node.scans:
        return f"SCANS: {node.text.strip()}"
    found = next((found for step in _SCHRITT if (found := step.search(node.text))), None)
    if found is None:
        return ""
    wer = found["wer"]
    if node.leads and wer != "eintrag":
        return f"counts {daten[wer]}"
    if node.leads:
        return f"{daten[wer]} leads by {' '.join(dict.fromkeys(_SPALTE.findall(node.condition)))}"
    if wer not in daten:
        return wer
    if _GESAMMELT.fullmatch(wer):
        return f"{daten[wer]} gathered"
    return daten[wer] + (" by person" if found["index"] == "suchdatum_person" else " by value")


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
