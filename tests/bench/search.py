"""How long a search takes, by kind of query, database and size of the mirror, and how it grows with the mirror.

The mirror grows from size to size: what is added is generated once, by two processes, and loaded into both databases
side by side.
"""

import gc
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gateway.meldewesen.anfrage import MAX_TREFFER
from gateway.meldewesen.sperren import Sicht
from gateway.meldewesen.suchformen import Suchformen
from gateway.ports import ZuVieleTreffer
from gateway.spiegel.laden import lade
from gateway.spiegel.muster import generate
from gateway.spiegel.musterorte import strassen
from gateway.spiegel.musterspiegel import mustergemeinden
from gateway.spiegel.suche import SqlSpiegel
from gateway.spiegel.tabellen import create_schema
from tests.bench.kinds import KINDS, Fundus, Kind, viele
from tests.bench.measuring import quantile
from tests.bench.workload import LAND
from tests.databases import KINDS as DATABASES
from tests.databases import fresh_database, opened, postgres_server

GOAL = 0.010  # seconds at 99 %
SICHT = Sicht.neutral("2026-11-02")


_PROCESSES = 2  # that generate
_WARM = 20  # queries of each kind before those that are measured: connections, statements, plans


@dataclass(frozen=True)
class Latencies:
    """Of one kind of query in one mirror: seconds, sorted, and the most persons that a query found."""

    seconds: Sequence[float]
    most: int


def run(folder: Path, sizes: Sequence[int], queries: int, out: Console) -> None:
    """Grows the mirror from size to size, measures each kind in each, prints a table for each database."""
    databases = [kind for kind in DATABASES if kind == "sqlite" or postgres_server() is not None]
    measured: dict[str, dict[int, Mapping[Kind, Latencies]]] = {kind: {} for kind in databases}
    with ExitStack() as stack:
        urls = {kind: stack.enter_context(fresh_database(kind, folder)) for kind in databases}
        for before, size in zip((0, *sizes), sizes, strict=False):
            out.print(_grow(folder, urls, before, size))
            for kind, url in urls.items():
                measured[kind][size] = _measure(url, queries)
    for kind, by_size in measured.items():
        out.print(_table(kind, by_size))


def _grow(folder: Path, urls: Mapping[str, str], before: int, size: int) -> str:
    """Adds persons to all databases until each has `size`; how fast that went."""
    start = time.perf_counter()
    shares = [(size * (part + 1) // _PROCESSES - size * part // _PROCESSES) for part in range(_PROCESSES)]
    shares = [share - before // _PROCESSES for share in shares]
    files = [folder / f"persons-{size}-{part}" for part in range(_PROCESSES)]
    with ProcessPoolExecutor(max(_PROCESSES, len(urls)), get_context("spawn")) as pool:
        for done in [
            pool.submit(_generate, file, share, before == 0 and file == files[0])
            for file, share in zip(files, shares, strict=True)
        ]:
            done.result()
        generated = time.perf_counter() - start
        loads = {kind: pool.submit(_load, url, files) for kind, url in urls.items()}
        rates = ", ".join(f"{kind} {sum(shares) / load.result():.0f}/s" for kind, load in loads.items())
    for file in files:
        file.unlink()
    return f"{sum(shares)} persons more: generated in {generated:.0f} s, loaded side by side: {rates}"


def _generate(file: Path, persons: int, many: bool) -> None:
    """Writes a file as `xmeld-gateway spiegel load` takes it. Its name is the seed and sets its persons' keys apart.

    With `many` there are more persons of one name than an answer may hold.
    """
    orte, seed = mustergemeinden(LAND), sum(file.name.encode())
    records = generate(persons, seed=seed, gemeinden=orte)
    with file.open("w", encoding="utf-8") as lines:
        for gemeinde in orte:
            json.dump({"strassen": {"ags": gemeinde.ags, "namen": strassen(gemeinde, seed)}}, lines)
            lines.write("\n")
        for record in viele(records) if many else records:
            record["ordnungsmerkmal"] = f"{file.name}-{record['ordnungsmerkmal']}"
            json.dump(record, lines, ensure_ascii=False)
            lines.write("\n")


def _load(url: str, files: Sequence[Path]) -> float:
    """Seconds taken."""
    start = time.perf_counter()
    with opened(url) as engine:
        create_schema(engine)
        for file in files:
            with file.open("rb") as lines:
                lade(engine, lines)
    return time.perf_counter() - start


def _measure(url: str, queries: int) -> Mapping[Kind, Latencies]:
    with opened(url, readonly=True) as engine:
        fundus = Fundus(engine)
        asked = {kind: fundus.queries(kind, queries + _WARM) for kind in KINDS}
        spiegel = SqlSpiegel(engine)
        del fundus
        gc.collect()
        gc.freeze()  # as in a served gateway
        try:
            return {kind: _latencies(spiegel, formen) for kind, formen in asked.items()}
        finally:
            gc.unfreeze()


def _latencies(spiegel: SqlSpiegel, queries: Sequence[Suchformen]) -> Latencies:
    """The first ones only warm up: there are fewer of a rare kind, and then all are asked twice."""
    warm = queries[:_WARM]
    for formen in warm:
        _found(spiegel, formen)
    seconds, most = [], 0
    for formen in queries[_WARM:] or warm:
        start = time.perf_counter()
        found = _found(spiegel, formen)
        seconds.append(time.perf_counter() - start)
        most = max(most, found)
    return Latencies(sorted(seconds), most)


def _found(spiegel: SqlSpiegel, formen: Suchformen) -> int:
    """How many; one more than may be told stands for all above."""
    try:
        return len(spiegel.suche(formen, SICHT, MAX_TREFFER))
    except ZuVieleTreffer:
        return MAX_TREFFER + 1


def _table(database: str, by_size: Mapping[int, Mapping[Kind, Latencies]]) -> Table:
    *_, largest = by_size
    table = Table(
        title=f"Search, {database}: milliseconds at 50 % / 99 %, one thread",
        caption=f"goal: 99 % below {1000 * GOAL:.0f} ms at {_short(largest)}; found: at most, by one query",
    )
    table.add_column("names and what is given")
    for column in ("queries", "found", *(f"{_short(size)} persons" for size in by_size), "growth", "goal"):
        table.add_column(column, justify="right")
    for kind in KINDS:
        of_sizes = [measured[kind] for measured in by_size.values()]
        if all(latencies.seconds for latencies in of_sizes):
            table.add_row(kind.name, *_row(of_sizes))
    return table


def _row(of_sizes: Sequence[Latencies]) -> list[str]:
    smallest, largest = of_sizes[0], of_sizes[-1]
    growth = quantile(largest.seconds, 0.5) / quantile(smallest.seconds, 0.5)
    times = [f"{1000 * quantile(one.seconds, 0.5):.2f} / {1000 * quantile(one.seconds, 0.99):.2f}" for one in of_sizes]
    met = "met" if quantile(largest.seconds, 0.99) < GOAL else "NOT met"
    return [str(len(largest.seconds)), str(largest.most), *times, f"×{growth:.1f}", met]


def _short(persons: int) -> str:
    return f"{persons // 1_000_000} M" if persons % 1_000_000 == 0 else f"{persons // 1000} k"
