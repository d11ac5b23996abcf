"""The municipalities of a sample mirror, real by name, key and postcodes, and their invented street directories."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

from gateway.meldewesen.werte import Gemeindeschluessel

#: The pseudo municipality of the standard's test suite.
S_STADT = Gemeindeschluessel("09000009")


@dataclass(frozen=True)
class Gemeinde:
    """A municipality of the sample: AGS, the name that stands as Wohnort, some postcodes, inhabitants in thousands."""

    ags: Gemeindeschluessel
    name: str
    plz: tuple[str, ...]
    gewicht: int


def read_text(name: str) -> str:
    """The content of a file of `muster_daten`."""
    return (files(__package__) / "muster_daten" / name).read_text(encoding="utf-8")


def read_toml(name: str) -> dict[str, Any]:
    """A TOML file of `muster_daten`."""
    return tomllib.loads(read_text(name))


@cache
def alle_gemeinden() -> tuple[Gemeinde, ...]:
    """Every municipality of the sample, Land by Land; a Land's first one is its most useful for a demonstration."""
    rows = (line.split("\t") for line in read_text("gemeinden.tsv").splitlines() if not line.startswith("#"))
    return tuple(
        Gemeinde(Gemeindeschluessel(ags), name, tuple(plz.split()), int(gewicht)) for ags, name, gewicht, plz in rows
    )


def gemeinden(land: str) -> list[Gemeinde]:
    """The sample's municipalities of the Land `land`, 01 to 16. Raises ValueError for anything else."""
    found = [gemeinde for gemeinde in alle_gemeinden() if gemeinde.ags.land == land]
    if not found:
        raise ValueError("a Land is given by its two digits, 01 to 16")
    return found


@cache
def _strassenvorrat() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Streets that every directory has, and those of which it has a selection."""
    teile = read_toml("strassen.toml")
    nachnamen = [line.split()[0] for line in read_text("nachnamen.txt").splitlines() if not line.startswith("#")]
    composed: list[str] = [
        *teile["feste"],
        *(stamm + art for stamm in teile["natur"] for art in teile["natur_arten"]),
        *(person + art for person in teile["personen"] for art in teile["personen_arten"]),
        *(f"{titel}-{name}-Weg" for titel in teile["titel"] for name in nachnamen),
    ]
    immer = tuple(teile["immer"])
    return immer, tuple(name for name in dict.fromkeys(composed) if name not in immer)


def strassen(gemeinde: Gemeinde, seed: int = 1) -> list[str]:
    """The municipality's street directory: some dozens to some hundreds by its size, no name twice.

    Holds every street on which `generate` (with the same seed) and `musterpersonen` let somebody live there.
    """
    immer, vorrat = _strassenvorrat()
    anzahl = min(60 + 2 * gemeinde.gewicht, 600)
    return [*immer, *Random(seed * 10**8 + int(gemeinde.ags)).sample(vorrat, anzahl)]  # noqa: S311 (sample data)


def anschriften(gemeinde: Gemeinde, seed: int) -> list[dict[str, Any]]:
    """The street directory as the beginnings of DSMeld addresses; a street lies in one postcode."""
    return [
        {"ags": str(gemeinde.ags), "plz": plz_of(gemeinde, strasse), "wohnort": gemeinde.name, "strasse": strasse}
        for strasse in strassen(gemeinde, seed)
    ]


def plz_of(gemeinde: Gemeinde, strasse: str) -> str:
    """The postcode in which the street lies: always the same one."""
    return gemeinde.plz[sum(strasse.encode()) % len(gemeinde.plz)]


def nachbar_of(gemeinde: Gemeinde) -> Gemeinde:
    """Another municipality, of the same Land if the sample has one there."""
    andere: Sequence[Gemeinde] = [g for g in gemeinden(gemeinde.ags.land) if g.ags not in (gemeinde.ags, S_STADT)]
    return andere[0] if andere else next(g for g in alle_gemeinden() if g.ags != gemeinde.ags and g.ags.land == "03")
