"""Brings pairs into a mirror: the one blocked, the other absent; who has been in a list is so only afterwards."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, delete, select

from gateway.spiegel.laden import Eintrag, lade
from gateway.spiegel.tabellen import person, suchdatum, wohnung
from tests.timing.kinds import Asked, Kind, Record
from tests.timing.twins import Twins

#: Asks for a pair of namesakes; their Identifikationsmerkmale by birthday.
Lister = Callable[[Twins], Mapping[str, str]]


@dataclass(frozen=True)
class Pair:
    """Two persons to ask for in the same way."""

    kind: Kind
    blocked: Asked
    absent: Asked


def fill(engine: Engine, drawn: Sequence[Twins], sample: Iterable[Eintrag], lister: Lister) -> list[Pair]:
    """Loads `sample` and the pairs."""
    listed = [pair for pair in drawn if pair.kind.listed]
    hidden = [pair.gesperrt for pair in drawn if not pair.kind.listed]
    found = [record for pair in listed for record in (pair.blocked, pair.absent)]
    lade(engine, [*sample, *_streets(drawn), *hidden, *found])
    merkmale = {pair.blocked["ordnungsmerkmal"]: lister(pair) for pair in listed}
    lade(engine, [pair.gesperrt for pair in listed])
    forget(engine, [pair.absent for pair in listed])
    return [_asked(pair, merkmale.get(pair.blocked["ordnungsmerkmal"])) for pair in drawn]


def _asked(pair: Twins, merkmale: Mapping[str, str] | None) -> Pair:
    """Raises KeyError for one who should have been in the list and was not."""
    both = (pair.blocked, pair.absent)
    return Pair(pair.kind, *(Asked(one, merkmale[one["geburtsdatum"]] if merkmale is not None else "") for one in both))


def _streets(drawn: Iterable[Twins]) -> list[Eintrag]:
    """A directory of where they live: blocked persons do not make a street known."""
    used = {(pair.blocked["ags"], pair.blocked["wohnungen"][0]["anschrift"]["inland"]["strasse"]) for pair in drawn}
    return [{"strassen": {"ags": ags, "namen": [strasse]}} for ags, strasse in sorted(used)]


def merkmale_of(answer: Any) -> dict[str, str]:
    """The Identifikationsmerkmale of a Trefferliste by birthday."""
    return dict(_entries(answer))


def _entries(answer: Any) -> Iterator[tuple[str, str]]:
    for entry in answer.iterfind(".//{*}person"):
        tag, merkmal = (entry.findtext(f".//{{*}}{name}") for name in ("jahrMonatTag", "identifikationsmerkmal"))
        yield str(tag), str(merkmal)


def forget(engine: Engine, records: Iterable[Record]) -> None:
    """Takes persons out of the mirror, which no load can do yet."""
    with engine.begin() as connection:
        for record in records:
            key = (person.c.ags == record["ags"], person.c.ordnungsmerkmal == record["ordnungsmerkmal"])
            id_ = connection.scalar(select(person.c.id).where(*key))
            for table in (suchdatum, wohnung):
                connection.execute(delete(table).where(table.c.person_id == id_))
            connection.execute(delete(person).where(person.c.id == id_))
