"""Random samples for review by hand: of each authority and month the same number, whatever it asks in all."""

import random
from collections import defaultdict
from dataclasses import dataclass, field

from gateway.auswertung.zeile import Abrufzeile
from gateway.protokoll.stelle import Stelle


@dataclass
class _Topf:
    gesehen: int = 0
    gezogen: list[Stelle] = field(default_factory=list)


class Stichprobe:
    """Draws while the rows pass (reservoir sampling). The same `zufall` draws the same: the report names it."""

    def __init__(self, quote: int, zufall: int) -> None:
        self._quote = quote
        self._zufall = random.Random(zufall)  # noqa: S311 - nobody gains by guessing what is looked at afterwards
        self._toepfe: defaultdict[tuple[str, int], _Topf] = defaultdict(_Topf)

    def sieh(self, zeile: Abrufzeile) -> None:
        """A row whose content may be looked at may be drawn."""
        if zeile.anlass is None or self._quote == 0:
            return
        topf = self._toepfe[zeile.behoerde, zeile.monat]
        topf.gesehen += 1
        if len(topf.gezogen) < self._quote:
            topf.gezogen.append(zeile.stelle)
        elif (place := self._zufall.randrange(topf.gesehen)) < self._quote:
            topf.gezogen[place] = zeile.stelle

    def gezogen(self) -> dict[str, list[Stelle]]:
        """By authority, in order."""
        found: defaultdict[str, list[Stelle]] = defaultdict(list)
        for (behoerde, _), topf in sorted(self._toepfe.items()):
            found[behoerde] += sorted(topf.gezogen)
        return dict(found)
