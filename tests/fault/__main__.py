"""`python -m tests.fault`: exits with 0 when the verifier says "complete" and no answer has left without its record."""

import argparse
import logging
import sys
import tempfile
from pathlib import Path

from tests.databases import KINDS, postgres_server
from tests.fault.campaign import campaign


def main() -> int:
    """Runs the campaign on each kind of database that can be had."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=200, help="on each kind of database")
    parser.add_argument("--others", type=int, default=10, help="of each other fault")
    wanted = parser.parse_args()
    logging.disable()  # the gateway's own words about what is done to it
    clean = True
    for kind in KINDS:
        if kind == "postgresql" and postgres_server() is None:
            print("postgresql: skipped, there is no server")
            continue
        with tempfile.TemporaryDirectory(prefix="gateway-faults-") as folder:
            bilanz = campaign(Path(folder), kind, wanted.seed, wanted.kills, wanted.others)
        print(bilanz, flush=True)
        clean &= bilanz.clean
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
