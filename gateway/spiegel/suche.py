"""Search in the mirror, straight by its indexes; blocked persons never enter a result."""

from collections.abc import Sequence
from typing import Any, overload

import orjson
from sqlalchemy import Engine, bindparam, exists, select

from gateway.meldewesen import suchformen
from gateway.meldewesen.freie_suche import FreieSuchformen
from gateway.meldewesen.sperren import Sicht
from gateway.meldewesen.suchformen import Suchformen
from gateway.ports import Treffer, ZuVieleTreffer
from gateway.spiegel import abfrage
from gateway.spiegel.abfrage import GANZ, Auftrag
from gateway.spiegel.fuehrung import Fuehrung
from gateway.spiegel.lesezugang import Lesezugang
from gateway.spiegel.tabellen import person, strasse

#: Nobody in a register has as many names, and no query as many other data; a statement has a lookup for each.
MAX_DATEN = 60

_Fund = tuple[Any, ...]  # merkmal, datensatz


class Trefferfolge(Sequence[Treffer]):
    """Found persons. A record is decoded when it is looked at, so that a list that is too long costs little."""

    def __init__(self, rows: Sequence[_Fund]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Treffer: ...
    @overload
    def __getitem__(self, index: slice) -> "Trefferfolge": ...
    def __getitem__(self, index: int | slice) -> "Treffer | Trefferfolge":
        if isinstance(index, slice):
            return Trefferfolge(self._rows[index])
        return _treffer(self._rows[index])


class SqlSpiegel:
    """`gateway.ports.Spiegel` on the tables of this room; `engine` may be one that only reads.

    The order of persons found is that of their random `merkmal` and says nothing.
    """

    def __init__(self, engine: Engine) -> None:
        self._zugang = Lesezugang(engine)

    def suche(self, formen: Suchformen, sicht: Sicht, hoechstens: int) -> Trefferfolge:
        """See `gateway.ports.Spiegel.suche`. One statement, led by the names.

        Raises ValueError when `formen` lacks the minimum, which the caller has to check first.
        """
        if not suchformen.mindestangaben_erfuellt(formen):
            raise ValueError("a Personensuche needs the data of § 38 (1) BMG")
        if len(formen.vornamen) > MAX_DATEN:
            return Trefferfolge(())
        fuehrend, *weitere = suchformen.namen(formen)
        daten = [*weitere, *suchformen.personendaten(formen)]
        auftrag = Auftrag(formen.gemeindeschluessel, fuehrend, (), daten, suchformen.wohnungsdaten(formen))
        return self._suche(auftrag, sicht, hoechstens)

    def freie_suche(self, formen: FreieSuchformen, sicht: Sicht, hoechstens: int) -> Sequence[Treffer]:
        """See `gateway.ports.Spiegel.freie_suche`. See `fuehrung` for what leads."""
        if len(formen.person) > MAX_DATEN:
            return Trefferfolge(())
        return Fuehrung(self._zugang, formen, sicht).suche(
            lambda auftrag, weit: self._suche(auftrag, sicht, hoechstens, weit)
        )

    def kennt_strasse(self, formen: Suchformen, sicht: Sicht) -> bool:
        """See `gateway.ports.Spiegel.kennt_strasse`. One known from persons who are not seen is not known."""
        werte = {"ags": formen.gemeindeschluessel, "strasse": formen.strasse, **vars(sicht)}
        return bool(self._zugang.rows(_STRASSE, werte)[0][0])

    def check(self) -> None:
        """See `gateway.ports.Spiegel.check`."""
        self._zugang.rows(_EINER, {})

    def hole(self, merkmal: bytes, sicht: Sicht) -> Treffer | None:
        """See `gateway.ports.Spiegel.hole`."""
        rows = self._zugang.rows(_HOLE, {"merkmal": merkmal, **vars(sicht)})
        return _treffer(rows[0]) if rows else None

    def _suche(self, auftrag: Auftrag, sicht: Sicht, hoechstens: int, weit: int = GANZ) -> Trefferfolge:
        rows = self._zugang.rows(*abfrage.suche(auftrag, sicht, hoechstens, weit))
        if len(rows) > hoechstens:
            raise ZuVieleTreffer
        return Trefferfolge(sorted(row for row in rows if row[0] is not None))  # hidden since, or gone


def _treffer(fund: _Fund) -> Treffer:
    merkmal, datensatz = fund
    return Treffer(merkmal, orjson.loads(datensatz))


_STRASSE = select(
    exists().where(
        strasse.c.ags == bindparam("ags"),
        strasse.c.name == bindparam("strasse"),
        strasse.c.sperre_bis < bindparam("sperre_vor"),
        strasse.c.veranlasst_bis < bindparam("veranlasst_vor"),
    )
)

_EINER = select(person.c.id).limit(1)

_HOLE = select(*abfrage.ERGEBNIS).where(person.c.merkmal == bindparam("merkmal"), *abfrage.GESEHEN)
