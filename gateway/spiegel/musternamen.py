"""The names of synthetic persons as drawing tables: each name stands in its table as often as its share demands.

A draw is then one index into a list, `table[int(random() * len(table))]`, which costs less than a search in cumulative
weights; weights are whole numbers, so that a table is the same on every platform.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from gateway.spiegel.musterorte import alle_gemeinden, read_text, read_toml

DEUTSCHLAND = "000"  # key of Germany in the lists Gebiet and Staatsangehoerigkeit

#: A surname as men and as women bear it.
Namenspaar = tuple[str, str]


@dataclass(frozen=True)
class Herkunft:
    """Where a family's names come from. `orte` are places of birth there; `eu` persons have no AZR number."""

    staat: str
    eu: bool
    nachnamen: Sequence[Namenspaar]
    vornamen: dict[str, Sequence[str]]  # by sex
    orte: Sequence[str]


@dataclass(frozen=True)
class Tafeln:
    """All drawing tables."""

    herkunft: Sequence[Herkunft | None]  # None: German names
    nachnamen: Sequence[Namenspaar]  # the frequent ones
    vornamen: dict[tuple[str, int], Sequence[str]]  # by sex and decade of birth
    geburtsorte: Sequence[str]
    teile: dict[str, Any]  # namen.toml, for the rare


def _slots(entries: Sequence[Any], scale: int, offset: int, root: float) -> list[Any]:
    """Each entry as often as its rank `r` demands: scale / (r + offset) ** root, at least once."""
    return [entry for rank, entry in enumerate(entries) for _ in range(max(1, round(scale / (rank + offset) ** root)))]


@cache
def tafeln() -> Tafeln:
    """The tables, read and laid out once. About 15 ms."""
    teile = read_toml("namen.toml")
    orte = [g.name for g in alle_gemeinden() for _ in range(1 + g.gewicht // 60)] + teile["geburtsorte"] * 2
    return Tafeln(_herkunft(), _nachnamen(), _vornamen(), orte, teile)


def _nachnamen() -> list[Namenspaar]:
    """The first takes 3.2 % of these, hence 1 % of all surnames (see HAEUFIGE in `musterwerk`), the last 0.07 %."""
    words = [w for line in read_text("nachnamen.txt").splitlines() if not line.startswith("#") for w in line.split()]
    return [(name, name) for name in _slots(words, 300, 1, 0.6)]


def _vornamen() -> dict[tuple[str, int], Sequence[str]]:
    found: dict[tuple[str, int], Sequence[str]] = {}
    for line in read_text("vornamen.tsv").splitlines():
        if not line.startswith("#"):
            geschlecht, jahrzehnt, names = line.split("\t")
            found[geschlecht, int(jahrzehnt)] = _slots(names.split(), 400, 8, 1.0)
    return found


def _herkunft() -> list[Herkunft | None]:
    """One thousand slots: names from elsewhere as often as their `gewicht` per mille says, else German ones."""
    found: list[Herkunft | None] = []
    for row in read_toml("herkunft.toml")["herkunft"]:
        namen = [(name, _weiblich(name, row.get("weiblich", ()))) for name in row["nachnamen"]]
        herkunft = Herkunft(
            row["staat"],
            row.get("eu", False),
            _slots(namen, 100, 4, 1.0),
            {geschlecht: _slots(row[geschlecht], 100, 6, 1.0) for geschlecht in "mw"},
            row["orte"],
        )
        found += [herkunft] * row["gewicht"]
    return found + [None] * (1000 - len(found))


def _weiblich(name: str, endings: Sequence[Sequence[str]]) -> str:
    for maennlich, weiblich in endings:
        if name.endswith(maennlich):
            return name[: len(name) - len(maennlich)] + weiblich
    return name
