"""`python -m tests.timing`: exits with 0 when an honest gateway tells nothing and a planted leak of 0.5 ms is found.

Pairs of a blocked and an absent person are asked for in turn. The first third only shows the classifier what it has to
look for; it is judged by the others. An interval of 95 % misses by chance once in twenty, so an honest run that is not
clean is repeated once, with the same pairs in another order: what leaks will do so again. Both runs are shown.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.databases import fresh_database, postgres_server
from tests.timing.auc import Interval
from tests.timing.campaign import HONEST, LEAKING, Target
from tests.timing.judging import Finding, judge

WARM_UP = 100  # pairs that every served gateway is asked for before any counts


def campaign(folder: Path, url: str, database: str, pairs: int, seed: int) -> Iterator[Finding]:
    """The honest run, once more unless it is clean, and the one with the leak."""
    learn = pairs // 2
    with Target(folder, url, WARM_UP + learn + pairs, seed) as target:

        def run(turn: int, *, planted: bool = False) -> Finding:
            measured = target.measure(LEAKING if planted else HONEST, turn)
            return judge(database, measured[WARM_UP:], learn, planted=planted)

        yield (honest := run(1))
        if not honest.clean:
            yield run(2)
        yield run(1, planted=True)


def passed(findings: Sequence[Finding]) -> bool:
    """Of one database: the last honest run is clean, and the leak is found."""
    return all(one.as_it_should_be for one in findings[-2:])


def show(findings: Sequence[Finding], out: Console) -> None:
    """A row for each run; of a run that is not clean and should be, where it is not."""
    table = Table(
        title="Blocked or absent? AUC with its 95 % interval (chance: 0.5), and the median of what pairs differ"
    )
    right = ("pairs", "duration", "size", "both", "µs later if blocked", "unlike")
    for column in ("database", "gateway", *right, "verdict"):
        table.add_column(column, justify="right" if column in right else "left")
    for one in findings:
        aucs = (f"{auc.value:.3f} ± {auc.half_width:.3f}" for auc in (one.duration, one.size, one.both))
        gateway = "leak of 0.5 ms" if one.planted else "honest"
        later = _micros(one.difference)
        table.add_row(one.database, gateway, str(one.pairs), *aucs, later, str(len(one.unlike)), one.verdict)
    out.print(table)
    for one in findings:
        if not (one.planted or one.clean):
            for kind, difference in one.by_kind.items():
                out.print(f"{one.database}, {kind}: blocked later by {_micros(difference)} µs")
            for line in one.unlike[:10]:
                out.print(f"{one.database}, {line}")


def _micros(one: Interval) -> str:
    return f"{1e6 * one.value:.0f} [{1e6 * one.low:.0f}, {1e6 * one.high:.0f}]"


def main() -> int:
    arguments = _arguments()
    out = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    findings: list[list[Finding]] = []
    with tempfile.TemporaryDirectory(prefix="gateway-timing-") as name:
        for database, url in _databases(Path(name), arguments):
            findings.append(list(campaign(Path(name) / database, url, database, arguments.pairs, arguments.seed)))
    show([one for group in findings for one in group], out)
    return 0 if all(map(passed, findings)) else 1


def _databases(folder: Path, arguments: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Name and URL of each database to run on; SQLite's is made with the instance."""
    if arguments.database:
        yield arguments.database.partition(":")[0].partition("+")[0], arguments.database
        return
    yield "sqlite", ""
    if arguments.every and postgres_server() is not None:
        with fresh_database("postgresql", folder) as url:
            yield "postgresql", url


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.timing", description=__doc__)
    parser.add_argument("--pairs", type=int, default=2000, help="that are judged; half as many are learned from")
    parser.add_argument("--seed", type=int, default=1, help="draws the persons, the sides and the order")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--database", default="", help="URL of an empty database, instead of SQLite")
    where.add_argument("--every", action="store_true", help="on SQLite and, where one is at hand, on PostgreSQL")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
