"""One evaluation: rows in the order of time past all rules, in memory that grows with users and persons, not rows."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.auswertung.regeln import REGELN, Regel
from gateway.auswertung.stichprobe import Stichprobe
from gateway.auswertung.zeile import Abrufzeile, Befund
from gateway.protokoll.stelle import Stelle

QUOTE = 5  # samples of each authority and month


@dataclass(frozen=True)
class Ergebnis:
    """What was found. `abrufe`: how many were looked at, by authority; `zufall`: with what the samples were drawn."""

    befunde: tuple[Befund, ...]
    stichproben: Mapping[str, list[Stelle]]
    abrufe: Mapping[str, int]
    zufall: int


def werte_aus(
    zeilen: Iterable[Abrufzeile], ab_tag: int, *, zufall: int, quote: int = QUOTE, regeln: Iterable[Regel] = REGELN
) -> Ergebnis:
    """Looks at `zeilen`; those before `ab_tag` tell only what is usual."""
    arbeit = [(regel, regel.beginne()) for regel in regeln]
    technisch = [pruefer for regel, pruefer in arbeit if regel.technisch]
    faults = [pruefer for regel, pruefer in arbeit if regel.faults]
    alle = [pruefer for _, pruefer in arbeit]
    befunde: list[Befund] = []
    stichprobe, abrufe, melden = Stichprobe(quote, zufall), Counter[str](), False
    for zeile in zeilen:
        if not melden and zeile.tag >= ab_tag:
            for pruefer in alle:  # what was before is over
                list(pruefer.ende(melden=False))
            melden = True
        if melden and not zeile.fault:
            abrufe[zeile.behoerde] += 1
            stichprobe.sieh(zeile)
        for pruefer in faults if zeile.fault else technisch if zeile.anlass is None else alle:
            befunde += pruefer.sieh(zeile, melden=melden)
    for pruefer in alle:
        befunde += pruefer.ende(melden=melden)
    return Ergebnis(tuple(befunde), stichprobe.gezogen(), abrufe, zufall)
