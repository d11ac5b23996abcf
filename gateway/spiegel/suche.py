"""Search in the mirror: one indexed statement per Personensuche, which blocked persons never enter."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, overload

import orjson
from sqlalchemy import ColumnElement, Engine, Select, bindparam, exists, func, select

from gateway.meldewesen.freie_suche import FreieSuchformen
from gateway.meldewesen.sperren import Sicht
from gateway.meldewesen.suchformen import Suchformen, mindestangaben_erfuellt
from gateway.ports import Treffer, ZuVieleTreffer
from gateway.spiegel.lesezugang import Lesezugang
from gateway.spiegel.tabellen import anschrift, geburtsdatum, kuenstlername, person, strasse, suchpaar

#: Fields of Suchformen that equal a column of the same name in `person`.
_PERSON = ("geburtsort", "geburtsstaat", "geschlecht", "sterbedatum", "sterbeort", "sterbestaat", "azr_nummer")

#: Fields of Suchformen that must agree in one row of `anschrift` (Anlage Nr. 4 g).
_ANSCHRIFT = ("postleitzahl", "strasse", "hausnummer", "hausnummer_zusatz", "hausnummer_teil")

#: Nobody in a register has as many first names; a statement has a parameter for each.
MAX_VORNAMEN = 60

_NAMEN = ("familienname", "ordens_oder_kuenstlername")

_CRITERIA = (*_NAMEN, "geburtsdatum", *_PERSON, *_ANSCHRIFT)

_ERGEBNIS = (person.c.merkmal, person.c.datensatz)
#: What a Sicht demands of a person, wherever it was found.
_GESEHEN = (
    person.c.sperre_bis < bindparam("sperre_vor"),
    person.c.veranlasst_bis < bindparam("veranlasst_vor"),
)
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
    """`gateway.ports.Spiegel` on the tables of this room; `engine` may be one that only reads."""

    def __init__(self, engine: Engine) -> None:
        self._zugang = Lesezugang(engine)

    def suche(self, formen: Suchformen, sicht: Sicht, hoechstens: int) -> Trefferfolge:
        """See `gateway.ports.Spiegel.suche`. The order is that of the random `merkmal` and says nothing.

        Raises ValueError when `formen` lacks the minimum, which the caller has to check first.
        """
        if not mindestangaben_erfuellt(formen):
            raise ValueError("a Personensuche needs the data of § 38 (1) BMG")
        if len(formen.vornamen) > MAX_VORNAMEN:
            return Trefferfolge(())
        given = tuple(name for name in _CRITERIA if getattr(formen, name) is not None)
        werte: dict[str, object] = {name: getattr(formen, name) for name in given}
        werte |= {f"vorname{number}": vorname for number, vorname in enumerate(formen.vornamen)}
        werte |= {"ags": formen.gemeindeschluessel, **vars(sicht)}
        statement = personensuche(given, len(formen.vornamen))
        return self._trefferfolge(statement, werte, hoechstens)

    def freie_suche(self, formen: FreieSuchformen, sicht: Sicht, hoechstens: int) -> Trefferfolge:
        """See `gateway.ports.Spiegel.freie_suche`."""
        raise NotImplementedError

    def _trefferfolge(self, statement: Select[Any], werte: dict[str, object], hoechstens: int) -> Trefferfolge:
        rows = self._zugang.rows(statement, {**werte, "hoechstens": hoechstens, "grenze": hoechstens + 1})
        if len(rows) > hoechstens:
            raise ZuVieleTreffer
        return Trefferfolge(sorted(rows))

    def kennt_strasse(self, formen: Suchformen, sicht: Sicht) -> bool:
        """See `gateway.ports.Spiegel.kennt_strasse`. One known from blocked persons only counts after their block."""
        werte = {"ags": formen.gemeindeschluessel, "strasse": formen.strasse, "sperre_vor": sicht.sperre_vor}
        return bool(self._zugang.rows(_STRASSE, werte)[0][0])

    def check(self) -> None:
        """See `gateway.ports.Spiegel.check`."""
        self._zugang.rows(_EINER, {})

    def hole(self, merkmal: bytes, sicht: Sicht) -> Treffer | None:
        """See `gateway.ports.Spiegel.hole`."""
        rows = self._zugang.rows(_HOLE, {"merkmal": merkmal, **vars(sicht)})
        return _treffer(rows[0]) if rows else None


def _treffer(fund: _Fund) -> Treffer:
    merkmal, datensatz = fund
    return Treffer(merkmal, orjson.loads(datensatz))


@lru_cache(1024)
def personensuche(given: tuple[str, ...], vornamen: int) -> Select[Any]:
    """The statement for queries that give the fields `given` of Suchformen and so many first names.

    Its parameters: `ags`, those of `_ergebnis` and of Sicht, the given fields by name, `vorname0` and so on.
    """
    paar = "familienname" in given and vornamen > 0
    namen = suchpaar if paar else kuenstlername
    statement = select(person.c.id).join_from(namen, person, person.c.id == namen.c.person_id)
    statement = statement.where(*(_paar(vornamen) if paar else _einzeln("familienname" in given, vornamen)))
    if "ordens_oder_kuenstlername" in given:
        statement = statement.where(_kuenstler(namen is kuenstlername))
    if "geburtsdatum" in given:
        statement = statement.join(geburtsdatum, geburtsdatum.c.person_id == namen.c.person_id)
        statement = statement.where(geburtsdatum.c.datum == bindparam("geburtsdatum"))
    statement = statement.where(*(person.c[name] == bindparam(name) for name in _PERSON if name in given))
    gegeben = [anschrift.c[name] == bindparam(name) for name in _ANSCHRIFT if name in given]
    if gegeben:
        statement = statement.where(exists().where(anschrift.c.person_id == namen.c.person_id, *gegeben))
    return _ergebnis(statement.where(*_GESEHEN))


def _ergebnis(ids: Select[Any]) -> Select[Any]:
    """The records of the persons with the `ids`; a row without a record for each of them when they are too many.

    So one statement does, and a list that is too long costs no more than its entries in the index.
    Its parameters: `hoechstens`, and `grenze`, one more.
    """
    funde = ids.limit(bindparam("grenze")).cte("funde").prefix_with("MATERIALIZED")
    wenige = select(func.count()).select_from(funde).scalar_subquery() <= bindparam("hoechstens")
    return select(*_ERGEBNIS).select_from(funde.outerjoin(person, (person.c.id == funde.c.id) & wenige))


def _paar(vornamen: int) -> list[ColumnElement[bool]]:
    """Family name with the first of the first names, and for the same person with each of the others."""
    s = suchpaar.c
    conditions: list[ColumnElement[bool]] = [
        s.ags == bindparam("ags"),
        s.familie == bindparam("familienname"),
        s.vorname == bindparam("vorname0"),
        s.sperre_bis < bindparam("sperre_vor"),
    ]
    if vornamen > 1:
        weitere = suchpaar.alias("weitere")
        anzahl = (
            select(func.count())
            .where(
                weitere.c.ags == bindparam("ags"),
                weitere.c.familie == bindparam("familienname"),
                weitere.c.vorname.in_([bindparam(f"vorname{number}") for number in range(1, vornamen)]),
                weitere.c.sperre_bis == s.sperre_bis,
                weitere.c.person_id == s.person_id,
            )
            .correlate(suchpaar)
            .scalar_subquery()
        )
        conditions.append(anzahl == vornamen - 1)
    return conditions


def _einzeln(familienname: bool, vornamen: int) -> list[ColumnElement[bool]]:
    """Beside a Künstlername: a family name without first name, or first names without family name."""
    s = suchpaar.c
    gesucht = [s.familie == bindparam("familienname")] if familienname else []
    gesucht += [s.vorname == bindparam(f"vorname{number}") for number in range(vornamen)]
    return [exists().where(s.person_id == kuenstlername.c.person_id, one) for one in gesucht]


def _kuenstler(driving: bool) -> ColumnElement[bool]:
    """Ordens- or Künstlername: the table that leads the search, or one more condition on the person."""
    k = kuenstlername.c
    gleich = (k.ags == bindparam("ags")) & (k.name == bindparam("ordens_oder_kuenstlername"))
    if driving:
        return gleich & (k.sperre_bis < bindparam("sperre_vor"))
    return exists().where(gleich, k.sperre_bis == suchpaar.c.sperre_bis, k.person_id == suchpaar.c.person_id)


_STRASSE = select(
    exists().where(
        strasse.c.ags == bindparam("ags"),
        strasse.c.name == bindparam("strasse"),
        strasse.c.sperre_bis < bindparam("sperre_vor"),
    )
)

_EINER = select(person.c.id).limit(1)

_HOLE = select(*_ERGEBNIS).where(person.c.merkmal == bindparam("merkmal"), *_GESEHEN)
