"""Precision and recall of the evaluation on a synthetic year."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.auswertung.auswertung import werte_aus
from gateway.auswertung.zeile import Befund
from gateway.protokoll.stelle import Stelle
from tests.auswertung.jahr import Jahr


@dataclass(frozen=True)
class Guete:
    """Of one rule, or of all: planted cases, those that were found, findings, those that are about a planted case."""

    gepflanzt: int
    gefunden: int
    befunde: int
    richtige: int

    @property
    def recall(self) -> float:
        return self.gefunden / self.gepflanzt if self.gepflanzt else 1.0

    @property
    def precision(self) -> float:
        return self.richtige / self.befunde if self.befunde else 1.0


def messe(jahr: Jahr) -> dict[str, Guete]:
    """By rule, and "alle". A case is found by its own rule alone; a finding is right if any of its records is planted,
    for whichever rule: who trawls at night is rightly found by the hour too.
    """
    ergebnis = werte_aus(jahr.zeilen(), jahr.ab_tag, zufall=jahr.seed)
    found = {name: _guete(jahr, name, ergebnis.befunde) for name in dict.fromkeys(n for n, _ in jahr.gepflanzt)}
    zahlen = [Counter(vars(one)) for one in found.values()]
    return {
        **found,
        "alle": Guete(**{name: sum(one[name] for one in zahlen) for name in vars(next(iter(found.values())))}),
    }


def _guete(jahr: Jahr, name: str, befunde: Iterable[Befund]) -> Guete:
    cases = [stellen for regel, stellen in jahr.gepflanzt if regel == name]
    planted: dict[Stelle, int] = {stelle: number for number, stellen in enumerate(cases) for stelle in stellen}
    every = {stelle for _, stellen in jahr.gepflanzt for stelle in stellen}
    own = [befund for befund in befunde if befund.regel == name]
    hits = [{planted[stelle] for stelle in befund.stellen if stelle in planted} for befund in own]
    return Guete(len(cases), len(set().union(*hits)), len(own), sum(not every.isdisjoint(b.stellen) for b in own))
