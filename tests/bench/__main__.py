"""`python -m tests.bench`: prints what it measures; exits with 0 unless something breaks."""

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from tests.bench import exchanges, protokolle, search, served, vermittlung
from tests.bench.workload import KEYS, Workload

PARTS = ("exchange", "http", "vermittlung", "search", "protokoll")
SMALLEST = 5000  # persons of a mirror that is searched


def main() -> int:
    arguments = _arguments()
    quick: bool = arguments.quick
    out = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as name:
        folder = Path(name)
        if "exchange" in arguments.only:
            exchanges.show([_exchanges(folder / key, key, 20 if quick else 120) for key in KEYS], out)
        if "http" in arguments.only:
            served.show(list(served.measure(folder, 160 if quick else 2000)), out)
        if "vermittlung" in arguments.only:
            figures = vermittlung.overhead(folder, 100 if quick else 1000)
            vermittlung.show(figures, vermittlung.kept(folder, 3 if quick else 7, 400 if quick else 1200), out)
        if "search" in arguments.only:
            sizes = arguments.persons or ([10_000, 100_000] if quick else [10_000, 100_000, 1_000_000])
            search.run(folder, sizes, 200 if quick else 500, out)
        if "protokoll" in arguments.only:
            protokolle.run(folder, 2.0 if quick else 10.0, arguments.records or [20_000 if quick else 200_000], out)
    return 0


def _exchanges(folder: Path, key: str, rounds: int) -> exchanges.Figures:
    with Workload(folder, key) as workload:
        return exchanges.measure(workload, rounds)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller mirrors: two minutes")
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part; may be given more than once")
    parser.add_argument("--persons", type=_sizes, help="sizes of the mirror for the search, e.g. 10000,1000000")
    parser.add_argument("--records", type=_records, help="sizes of the Protokoll that is searched, e.g. 500000,5000000")
    arguments = parser.parse_args()
    arguments.only = arguments.only or list(PARTS)
    return arguments


def _sizes(text: str) -> list[int]:
    sizes = sorted(int(size) for size in text.split(","))
    if sizes[0] < SMALLEST:
        raise argparse.ArgumentTypeError(f"a mirror needs {SMALLEST} persons at least")
    return sizes


def _records(text: str) -> list[int]:
    return sorted(int(size) for size in text.split(","))


if __name__ == "__main__":
    sys.exit(main())
