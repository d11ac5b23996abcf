"""How long a search takes, by kind of query, database and size of the mirror, how it grows with the mirror, and how
each database goes about it.

The mirror grows from size to size: what is added is generated once, by two processes, and loaded into both databases
side by side.
"""

import gc
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from gateway.errors import StoreError
from gateway.meldewesen.sperren import Sicht
from gateway.spiegel.suche import SqlSpiegel
from tests.bench.fundus import Fundus
from tests.bench.kinds import KINDS, Anfrage, Kind
from tests.bench.measuring import quantile
from tests.bench.mirrors import grow
from tests.databases import KINDS as DATABASES
from tests.databases import fresh_database, opened, postgres_server
from tests.spiegel.plaene import asked, explained, steps

SICHT = Sicht.neutral("2026-11-02")

GAVE_UP = 10**6  # stands for a number of persons that was not found out

_WARM = 20  # queries of each kind before those that are measured: connections, statements, plans
_ENOUGH = 2.0  # seconds after which no more queries of a kind are asked, ...
_FEWEST = 5  # ... but so many are

_EVERY = [kind for kinds in KINDS.values() for kind in kinds]


@dataclass(frozen=True)
class Measured:
    """Of one kind of query in one mirror: seconds, sorted; the most persons that a query found; how the slowest of them
    went, statement by statement.
    """

    seconds: Sequence[float]
    most: int
    plan: Sequence[str]


BySize = Mapping[int, Mapping[Kind, Measured]]


def run(folder: Path, sizes: Sequence[int], queries: int, out: Console) -> None:
    """Grows the mirror from size to size, measures each kind in each, prints tables and plans for each database."""
    databases = [kind for kind in DATABASES if kind == "sqlite" or postgres_server() is not None]
    measured: dict[str, dict[int, Mapping[Kind, Measured]]] = {kind: {} for kind in databases}
    with ExitStack() as stack:
        urls = {kind: stack.enter_context(fresh_database(kind, folder, alone=True)) for kind in databases}
        for before, size in zip((0, *sizes), sizes, strict=False):
            out.print(grow(folder, urls, before, size))
            for kind, url in urls.items():
                measured[kind][size] = measure(url, queries)
    for kind, by_size in measured.items():
        show(kind, by_size, out)


def measure(url: str, queries: int) -> Mapping[Kind, Measured]:
    """Each kind in one mirror."""
    with opened(url) as engine:  # not the search's: that sets up its connections as it needs them, and gives up early
        fundus = Fundus(engine)
        every = {kind: fitting for kind in _EVERY if (fitting := kind.queries(fundus, queries + _WARM))}
        del fundus
    with opened(url, readonly=True) as engine:
        spiegel = SqlSpiegel(engine)
        gc.collect()
        gc.freeze()  # as in a served gateway
        try:
            return {kind: _measured(engine, spiegel, anfragen) for kind, anfragen in every.items()}
        finally:
            gc.unfreeze()


def _measured(engine: Engine, spiegel: SqlSpiegel, queries: Sequence[Anfrage]) -> Measured:
    """The first ones only warm up: there are fewer of a rare kind, and then all are asked twice."""
    warm = queries[:_WARM]
    begun = time.perf_counter()
    for anfrage in warm:
        _found(spiegel, anfrage)
        if time.perf_counter() - begun > _ENOUGH:
            break
    begun = time.perf_counter()
    taken: list[tuple[float, int]] = []
    most = 0
    rest = queries[_WARM:] or warm
    for number, anfrage in enumerate(rest):
        start = time.perf_counter()
        most = max(most, _found(spiegel, anfrage))
        taken.append((time.perf_counter() - start, number))
        if number + 1 >= _FEWEST and time.perf_counter() - begun > _ENOUGH:
            break
    taken.sort()
    slowest = rest[taken[-1][1]]
    plan = [steps(*one) for one in explained(engine, spiegel, slowest, SICHT)]
    return Measured([seconds for seconds, _ in taken], most, plan)


def _found(spiegel: SqlSpiegel, anfrage: Anfrage) -> int:
    """How many; GAVE_UP where the database does not answer in the time that it has for a search."""
    try:
        return asked(spiegel, anfrage, SICHT)
    except StoreError:
        return GAVE_UP


def show(database: str, by_size: BySize, out: Console) -> None:
    """What was measured in one database: a table for each message, and the plans at the largest size."""
    *_, largest = by_size
    for message, kinds in KINDS.items():
        found = [kind for kind in kinds if kind in by_size[largest]]
        out.print(_table(f"{message}, {database}", found, by_size))
        out.print(f"Plans of the slowest query of each kind, {message}, {database}, {_short(largest)} persons")
        for plan, names in _by_plan(found, by_size[largest]).items():
            out.print(f"- {', '.join(names)}", style="bold", soft_wrap=True)
            for line in plan:
                out.print(f"    {line}", soft_wrap=True, markup=False)


def _by_plan(kinds: Sequence[Kind], measured: Mapping[Kind, Measured]) -> Mapping[tuple[str, ...], Sequence[str]]:
    """The names of the kinds that have a plan in common."""
    found: dict[tuple[str, ...], list[str]] = {}
    for kind in kinds:
        found.setdefault(tuple(measured[kind].plan), []).append(kind.name)
    return found


def _table(title: str, kinds: Sequence[Kind], by_size: BySize) -> Table:
    *_, largest = by_size
    goals = ", ".join(dict.fromkeys(str(kind.goal) for kind in kinds))
    table = Table(
        title=f"{title}: milliseconds at 50 % / 99 % / most, one thread",
        caption=f"goals at {_short(largest)}: {goals}; found: at most, by one query",
    )
    table.add_column("names and what is given")
    for column in ("queries", "found", *(f"{_short(size)} persons" for size in by_size), "growth", "goal"):
        table.add_column(column, justify="right")
    for kind in kinds:
        table.add_row(kind.name, *_row(kind, [measured.get(kind) for measured in by_size.values()]))
    return table


def _row(kind: Kind, of_sizes: Sequence[Measured | None]) -> list[str]:
    """None where a small mirror has nobody to ask for."""
    smallest, largest = of_sizes[0], of_sizes[-1]
    assert largest is not None
    growth = quantile(largest.seconds, 0.5) / quantile(smallest.seconds, 0.5) if smallest else None
    met = f"{kind.goal.name}: {'met' if kind.goal.met(largest.seconds) else 'NOT met'}"
    return [
        str(len(largest.seconds)),
        str(largest.most) if largest.most < GAVE_UP else "gave up",
        *(_times(one.seconds) if one else "–" for one in of_sizes),
        f"×{growth:.1f}" if growth else "–",
        met,
    ]


def _times(seconds: Sequence[float]) -> str:
    return " / ".join(f"{1000 * quantile(seconds, share):.2f}" for share in (0.5, 0.99, 1))


def _short(persons: int) -> str:
    return f"{persons // 1_000_000} M" if persons % 1_000_000 == 0 else f"{persons // 1000} k"
