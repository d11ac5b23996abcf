"""How fast records become durable with 16 exchanges at a time, beside bare inserts; and how fast entries are found."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, select

from gateway.abruf.suchbegriffe import nutzer, person
from gateway.ports import Suchbegriff
from gateway.protokoll import SqlProtokoll, Verzeichnis, create_schema
from gateway.protokoll.schluessel import Protokollschluessel, create_protokollschluessel, load_protokollschluessel
from gateway.protokoll.tabellen import EINTRAG
from tests.bench.protokollbestand import BEHOERDEN, fill
from tests.databases import KINDS, fresh_database, opened, postgres_server
from tests.protokoll.eintraege import eintrag

WRITERS = 16
GOALS = {"sqlite": 500, "postgresql": 2000}  # records a second
FOUND = 1.0  # seconds in which entries are found at the latest
ASKED = 50  # times

#: One row of a record's size, and of its batch: what the writer itself does cannot cost less.
_BARE = "INSERT INTO bare VALUES (?, ?)"
_ROW = b"x" * 900


def run(folder: Path, seconds: float, sizes: Sequence[int], out: Console) -> None:
    """Prints both tables."""
    create_protokollschluessel(folder / "protokoll.key")
    schluessel = load_protokollschluessel(folder / "protokoll.key")
    kinds = [kind for kind in KINDS if kind == "sqlite" or postgres_server()]
    table = Table(
        "database", "records/s", "goal", "bare rows/s", "ratio", title=f"Records by {WRITERS} exchanges at a time"
    )
    for kind in kinds:
        with _database(kind, folder, schluessel) as engine:
            records, bare = _alternate(engine, schluessel, seconds)
        met = f"{GOALS[kind]} {'met' if records >= GOALS[kind] else 'NOT met'}"
        table.add_row(kind, f"{records:.0f}", met, f"{bare:.0f}", f"{records / bare:.2f}")
    out.print(table)
    table = Table("database", "records", "found by", "entries", "median ms", "slowest ms", title="Finding entries")
    for kind in kinds:
        for size in sizes:
            with _database(kind, folder, schluessel) as engine:
                fill(engine, schluessel, size)
                for row in _searches(engine, schluessel, size):
                    table.add_row(kind, f"{size:,}", *row)
    out.print(table)


@contextmanager
def _database(kind: str, folder: Path, schluessel: Protokollschluessel) -> Iterator[Engine]:
    with fresh_database(kind, folder) as url, opened(url) as engine:
        create_schema(engine, schluessel)
        yield engine


def _alternate(engine: Engine, schluessel: Protokollschluessel, seconds: float) -> tuple[float, float]:
    """Records and bare rows a second, in turns."""
    with closing(SqlProtokoll(engine, schluessel)) as protokoll, engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE bare (id VARCHAR(40) PRIMARY KEY, content BYTEA)")
        connection.commit()
        rates: list[tuple[float, float]] = []
        for _ in range(5):
            records = _rate(lambda: protokoll.record(eintrag()), WRITERS, seconds / 10)
            raw: Any = connection.connection.dbapi_connection
            rates.append((records, WRITERS * _rate(lambda raw=raw: _bare(raw), 1, seconds / 10)))
        return median(one for one, _ in rates), median(bare for _, bare in rates)


def _bare(raw: Any) -> None:
    """As many rows as there are writers, and a commit."""
    cursor, sqlite = raw.cursor(), "sqlite" in type(raw).__module__
    if sqlite:
        cursor.execute("BEGIN IMMEDIATE")
    cursor.executemany(_BARE if sqlite else _BARE.replace("?", "%s"), [(str(uuid4()), _ROW) for _ in range(WRITERS)])
    raw.commit()


def _rate(work: Callable[[], None], threads: int, seconds: float) -> float:
    """Times a second that so many threads do it."""
    done, end = [0] * threads, time.monotonic() + seconds

    def repeat(number: int) -> None:
        while time.monotonic() < end:
            work()
            done[number] += 1

    crew = [threading.Thread(target=repeat, args=(number,)) for number in range(threads)]
    began = time.monotonic()
    for one in crew:
        one.start()
    for one in crew:
        one.join()
    return sum(done) / (time.monotonic() - began)


def _searches(engine: Engine, schluessel: Protokollschluessel, size: int) -> Iterator[tuple[str, str, str, str]]:
    """By person, by user, by authority: the newest hundred at most, each time another one."""
    verzeichnis = Verzeichnis(engine, schluessel)

    def by(begriff: Callable[[int], Suchbegriff]) -> Callable[[int], int]:
        return lambda number: sum(1 for _, _ in zip(range(100), verzeichnis.suche([begriff(number)]), strict=False))

    def by_authority(number: int) -> int:
        e = EINTRAG.c
        query = select(e.kette, e.nummer, e.codes).where(e.behoerde == BEHOERDEN[number % len(BEHOERDEN)])
        with engine.connect() as connection:
            return len(connection.execute(query.order_by(e.gespeichert.desc()).limit(100)).all())

    kinds: dict[str, Callable[[int], int]] = {
        "person": by(lambda number: person("03241001", str(number * 7919 % (size // 5)))),
        "user": by(lambda number: nutzer(BEHOERDEN[number % len(BEHOERDEN)], f"sb-{number % 40}")),
        "authority": by_authority,
    }
    for name, search in kinds.items():
        times, found = [], []
        for number in range(ASKED):
            began = time.perf_counter()
            found.append(search(number))
            times.append(time.perf_counter() - began)
        slowest = f"{max(times) * 1000:.1f} {'met' if max(times) <= FOUND else 'NOT met'}"
        yield name, f"{median(found):.0f}", f"{median(times) * 1000:.1f}", slowest
