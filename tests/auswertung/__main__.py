"""`make auswertung`: precision and recall on a year of 1 M exchanges with 200 planted cases, and how fast it is."""

import argparse
import time

from tests.auswertung.guete import messe
from tests.auswertung.jahr import Jahr


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--abrufe", type=int, default=1_000_000)
    parser.add_argument("--faelle", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    jahr = Jahr(given.abrufe, given.faelle, given.seed)
    start = time.monotonic()
    guete = messe(jahr)
    seconds, rows = time.monotonic() - start, jahr.zahl
    print(f"{'rule':16}{'planted':>8}{'found':>8}{'recall':>8}{'findings':>10}{'precision':>11}")
    for name, one in guete.items():
        print(f"{name:16}{one.gepflanzt:8}{one.gefunden:8}{one.recall:8.2f}{one.befunde:10}{one.precision:11.2f}")
    print(f"{rows} exchanges, seed {given.seed}: {seconds:.0f} s, made and evaluated at {rows / seconds:.0f} a second")


if __name__ == "__main__":
    main()
