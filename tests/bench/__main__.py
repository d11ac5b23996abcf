"""`python -m tests.bench`: prints what it measures. Exits with 0 unless something breaks."""

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from tests.bench import exchanges
from tests.bench.workload import KEYS, Workload

PARTS = ("exchange", "http", "search")


def main() -> int:
    arguments = _arguments()
    out = Console(width=None if sys.stdout.isatty() else 120)
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as name:
        folder = Path(name)
        workloads = [Workload(folder / key, key) for key in KEYS]
        if "exchange" in arguments.only:
            rounds = 20 if arguments.quick else 100
            exchanges.show([exchanges.measure(workload, rounds) for workload in workloads], out)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about a minute: fewer rounds, smaller mirrors")
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part; may be given more than once")
    arguments = parser.parse_args()
    arguments.only = arguments.only or list(PARTS)
    return arguments


if __name__ == "__main__":
    sys.exit(main())
