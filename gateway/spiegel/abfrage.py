"""The statements of a search. One datum leads: its entries in the index are walked. The others are looked up for each
person whom it leads to, until there are more persons than an answer may hold; or where that would be too often, the
persons who have one of them are gathered first, once.

The form of the statements leaves neither database a choice: each lookup is a subquery of its own that neither turns
into a join, and so both follow the order in which they stand here.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, reduce
from operator import mul
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Label,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    not_,
    select,
    true,
)

from gateway.meldewesen.bedingung import ENDE, Bedingung
from gateway.meldewesen.sperren import Sicht
from gateway.meldewesen.suchdaten import WOHNUNGSDATEN, Art
from gateway.spiegel.tabellen import person, suchdatum, wohnung

ERGEBNIS = (person.c.merkmal, person.c.datensatz)

#: What a Sicht demands of a person, wherever it was found.
GESEHEN = (
    person.c.sperre_bis < bindparam("sperre_vor"),
    person.c.veranlasst_bis < bindparam("veranlasst_vor"),
)

#: The columns of dwellings by the kind of their data.
_SPALTEN = dict(zip(WOHNUNGSDATEN, list(wohnung.c)[2:], strict=True))

#: The two orders of `suchdatum`, for SQLite: PostgreSQL sees by the conditions which one is meant.
_NACH_WERT, _NACH_PERSON = (
    ("INDEXED BY sqlite_autoindex_suchdatum_1", "sqlite"),
    ("INDEXED BY suchdatum_person", "sqlite"),
)

#: What stands in the order by value between a value and its person.
_STELLE = ("ags", "sperre_bis", "veranlasst_bis")

_EINS: ColumnElement[int] = literal_column("1")

#: As far as any index reaches.
GANZ = 2**62

#: Digits of the key of a municipality; an area of fewer is a range of municipalities.
_GEMEINDE = 8


class Auftrag(NamedTuple):
    """A search of an area (the head of its keys): what leads, what is gathered, what is looked up."""

    bereich: str
    fuehrend: Bedingung
    gesammelt: Sequence[Bedingung]
    person: Sequence[Bedingung]
    wohnung: Sequence[Bedingung]


class Gestalt(NamedTuple):
    """A Bedingung without its values: what the text of a statement depends on. `name` is the head of its parameters."""

    arten: tuple[Art, ...]
    bereich: bool
    muster: bool
    ohne: bool
    name: str


class Suchgestalt(NamedTuple):
    """An Auftrag without its values."""

    gemeinde: bool
    fuehrend: Gestalt
    gesammelt: tuple[Gestalt, ...]
    person: tuple[Gestalt, ...]
    wohnung: tuple[Gestalt, ...]


Werte = dict[str, object]
_Gestaltet = tuple[tuple[Gestalt, ...], Werte]


def suche(auftrag: Auftrag, sicht: Sicht, hoechstens: int, weit: int = GANZ) -> tuple[Select[Any], Werte]:
    """The statement with its parameters: the records of the persons found; a row without a record for each of them
    when they are too many, so that a list that is too long costs no more than its entries in the index.

    At most `weit` entries of what leads are walked.
    """
    (fuehrend,), werte = _gestaltet([auftrag.fuehrend], "f")
    weitere: list[tuple[Gestalt, ...]] = []
    for kopf, bedingungen in (("g", auftrag.gesammelt), ("p", auftrag.person), ("w", auftrag.wohnung)):
        gestalten, davon = _gestaltet(bedingungen, kopf)
        weitere.append(gestalten)
        werte |= davon
    werte |= _umfeld(auftrag.bereich, sicht) | {"hoechstens": hoechstens, "grenze": hoechstens + 1, "weit": weit}
    return suchstatement(Suchgestalt(_ist_gemeinde(auftrag.bereich), fuehrend, *weitere)), werte


def haeufigkeit(bedingungen: Sequence[Bedingung], bereich: str, sicht: Sicht) -> tuple[Select[Any], Werte]:
    """The statement, with its parameters but `hoechstens`, that counts how many entries of the index each of the
    Bedingungen would walk if it led, up to `hoechstens`. Hidden persons do not count: nor may it show who leads.
    """
    fuehrende, werte = _gestaltet(bedingungen, "f")
    return zaehlstatement(fuehrende, _ist_gemeinde(bereich)), werte | _umfeld(bereich, sicht)


def _gestaltet(bedingungen: Sequence[Bedingung], kopf: str) -> _Gestaltet:
    """Their shapes, and the parameters, whose names begin with `kopf` and the number of the Bedingung."""
    gestalten: list[Gestalt] = []
    werte: Werte = {}
    for number, one in enumerate(bedingungen):
        name = f"{kopf}{number}"
        gestalten.append(Gestalt(one.arten, one.bis is not None, one.muster is not None, one.ohne, name))
        werte |= {f"{name}_von": one.von, f"{name}_bis": one.bis, f"{name}_muster": one.muster}
    return tuple(gestalten), werte


def _umfeld(bereich: str, sicht: Sicht) -> Werte:
    return {"ags": bereich, "ags_ende": bereich + ENDE, **vars(sicht)}


def _ist_gemeinde(bereich: str) -> bool:
    return len(bereich) == _GEMEINDE


@lru_cache(1024)
def suchstatement(gestalt: Suchgestalt) -> Select[Any]:
    """What a search of this shape asks the database."""
    s = suchdatum.alias("eintrag")
    eintraege = select(*(s.c[name] for name in ("person_id", "wert", *_STELLE))).with_hint(s, *_NACH_WERT)
    eintraege = eintraege.where(*_eintraege(s, gestalt.fuehrend, gestalt.gemeinde)).limit(bindparam("weit"))
    fuehrend = eintraege.subquery("fuehrend")
    nachgeschlagen = [_gesammelt(fuehrend, one, gestalt.gemeinde) for one in gestalt.gesammelt]
    nachgeschlagen += [_hat(fuehrend, *gruppe) for gruppe in _gruppen(gestalt.person)]
    nachgeschlagen += [_wohnt(fuehrend, gestalt.wohnung)] if gestalt.wohnung else []
    nachgeschlagen += [_erster(fuehrend, gestalt.fuehrend)] if gestalt.fuehrend.bereich else []
    ids = select(fuehrend.c.person_id.label("id"))
    if nachgeschlagen:
        ids = ids.where(_der_reihe_nach(nachgeschlagen))
    funde = ids.limit(bindparam("grenze")).cte("funde").prefix_with("MATERIALIZED")
    wenige = select(func.count()).select_from(funde).scalar_subquery() <= bindparam("hoechstens")
    lesbar = and_(person.c.id == funde.c.id, wenige, *GESEHEN)
    return select(*ERGEBNIS).select_from(funde.outerjoin(person, lesbar))


@lru_cache(1024)
def zaehlstatement(fuehrende: tuple[Gestalt, ...], gemeinde: bool) -> Select[Any]:
    """What a count of these shapes asks the database."""
    anzahlen: list[Label[Any]] = [_anzahl(one, gemeinde) for one in fuehrende]
    return select(*anzahlen)


def _anzahl(gestalt: Gestalt, gemeinde: bool) -> Label[int]:
    s = suchdatum.alias(gestalt.name)
    walked = select(_EINS).where(*_eintraege(s, gestalt, gemeinde, walked=True)).with_hint(s, *_NACH_WERT)
    walked = walked.limit(bindparam("hoechstens"))
    return (
        select(func.count())
        .select_from(walked.subquery(f"{gestalt.name}_gezaehlt"))
        .scalar_subquery()
        .label(gestalt.name)
    )


def _eintraege(s: FromClause, gestalt: Gestalt, gemeinde: bool, *, walked: bool = False) -> list[ColumnElement[bool]]:
    """The entries that the datum has in the area, in the order of the index, and which of them are seen.

    Of a range of values all are `walked`, in whatever area they are, and those that are not like a pattern as well.
    """
    gebiet = [] if walked and gestalt.bereich else _gebiet(s, gemeinde)
    return [
        _art(s, gestalt),
        *_wert(s.c.wert, gestalt, muster=not walked),
        *gebiet,
        s.c.sperre_bis < bindparam("sperre_vor"),
        s.c.veranlasst_bis < bindparam("veranlasst_vor"),
    ]


def _gebiet(s: FromClause, gemeinde: bool) -> list[ColumnElement[bool]]:
    if gemeinde:
        return [s.c.ags == bindparam("ags")]
    return [s.c.ags >= bindparam("ags"), s.c.ags < bindparam("ags_ende")]


def _art(s: FromClause, gestalt: Gestalt) -> ColumnElement[bool]:
    """The kinds are few and fixed: they stand in the text."""
    arten: list[ColumnElement[int]] = [literal_column(str(int(art))) for art in gestalt.arten]
    return s.c.art == arten[0] if len(arten) == 1 else s.c.art.in_(arten)


def _wert(spalte: ColumnElement[str], gestalt: Gestalt, *, muster: bool = True) -> Iterator[ColumnElement[bool]]:
    von: BindParameter[str] = bindparam(f"{gestalt.name}_von")
    if not gestalt.bereich:
        yield spalte == von
        return
    yield spalte >= von
    yield spalte < bindparam(f"{gestalt.name}_bis")
    if gestalt.muster and muster:
        yield spalte.like(bindparam(f"{gestalt.name}_muster"))


def _gesammelt(fuehrend: FromClause, gestalt: Gestalt, gemeinde: bool) -> ColumnElement[bool]:
    """Whether the person is among those who have the datum in the area. Both databases gather them when the first one
    is asked for, and look in that from then on.
    """
    s = suchdatum.alias(gestalt.name)
    personen = select(s.c.person_id).where(*_eintraege(s, gestalt, gemeinde)).with_hint(s, *_NACH_WERT)
    return fuehrend.c.person_id.in_(personen)


def _gruppen(person: Iterable[Gestalt]) -> Iterable[Sequence[Gestalt]]:
    """What is looked up at once: ranges of the same kinds of data, as of several parts of a name."""
    gruppen: dict[object, list[Gestalt]] = {}
    for one in person:
        gruppen.setdefault(one.arten if one.bereich else one.name, []).append(one)
    return gruppen.values()


def _hat(fuehrend: FromClause, gestalt: Gestalt, *weitere: Gestalt) -> ColumnElement[bool]:
    """Whether the person has the datum, or none of its kinds; and all `weitere` of a group.

    One value has its place in the order by value, and of frequent ones the same few pages serve all persons.
    """
    s = suchdatum.alias(gestalt.name)
    person = (_art(s, gestalt), s.c.person_id == fuehrend.c.person_id)
    if weitere:
        jedes = [func.max(case((and_(*_wert(s.c.wert, one)), 1), else_=0)) for one in (gestalt, *weitere)]
        alle = select(func.coalesce(reduce(mul, jedes), 0)).where(*person).with_hint(s, *_NACH_PERSON)
        return alle.correlate(fuehrend).scalar_subquery() == _EINS
    wert = () if gestalt.ohne else _wert(s.c.wert, gestalt)
    statement = select(_EINS).where(*person, *wert)
    if gestalt.bereich or gestalt.ohne:
        found = _eine(statement.with_hint(s, *_NACH_PERSON), fuehrend)
    else:
        gleich = [s.c[name] == fuehrend.c[name] for name in _STELLE]
        found = _eine(statement.where(*gleich).with_hint(s, *_NACH_WERT), fuehrend)
    return found.is_(None) if gestalt.ohne else found.is_not(None)


def _wohnt(fuehrend: FromClause, gestalt: Sequence[Gestalt]) -> ColumnElement[bool]:
    """Whether one dwelling of the person has all of the data."""
    daten = [bedingung for one in gestalt for bedingung in _wert(_SPALTEN[one.arten[0]], one)]
    return _eine(select(_EINS).where(wohnung.c.person_id == fuehrend.c.person_id, *daten), fuehrend).is_not(None)


def _erster(fuehrend: FromClause, gestalt: Gestalt) -> ColumnElement[bool]:
    """Of the entries in a range that one person has, only the first leads to him."""
    s = suchdatum.alias("frueher")
    frueher = [s.c.person_id == fuehrend.c.person_id, _art(s, gestalt), *_wert(s.c.wert, gestalt)]
    statement = select(_EINS).where(*frueher, s.c.wert < fuehrend.c.wert).with_hint(s, *_NACH_PERSON)
    return _eine(statement, fuehrend).is_(None)


def _der_reihe_nach(bedingungen: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    """All of them; the next one is looked at only where the last one holds. PostgreSQL makes no join of what is asked
    in here.
    """
    return case(*((not_(one), false()) for one in bedingungen), else_=true())


def _eine(statement: Select[Any], fuehrend: FromClause) -> ColumnElement[Any]:
    """One row of a subquery that stays one: PostgreSQL would make a join of EXISTS."""
    return statement.limit(_EINS).correlate(fuehrend).scalar_subquery()
