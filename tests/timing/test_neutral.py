"""Blocked and absent are the same answer because they are the same work: statements, writes, record and bytes.

§ 34a (5) BMG. Whole exchanges with real signatures and stores, watched at the databases' drivers, for each kind of
query that can end neutrally. What a clock says of it is `make timing`'s business.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import func, inspect, literal, select, table, union_all

from gateway.behoerden.register import SqlBehoerden
from gateway.protokoll import schreiber
from gateway.protokoll.tabellen import EINTRAG, NACHARBEIT
from gateway.sending import client_of
from gateway.spiegel.musterorte import gemeinden
from gateway.xmeld.anfragen import Fragesteller
from tests.betrieb import AMT, Betrieb, betrieb, outcome
from tests.databases import KINDS as DATABASES
from tests.databases import fresh_database
from tests.timing.campaign import masked
from tests.timing.filling import Pair, fill, merkmale_of
from tests.timing.kinds import KINDS, LISTE, Asked, Kind, freie_suche
from tests.timing.twins import Twins, twins
from tests.tracing import Statement, traced

PERSONS = 10  # pairs of each kind

STELLER = Fragesteller(AMT, "Prüfstelle")


@dataclass
class Exchange:
    """One exchange from outside and from below."""

    ending: str
    reply: bytes
    statements: list[Statement]
    written: dict[str, int]  # rows more than before, by table
    eintrag: dict[str, object]  # see Watched._last
    waiting: dict[str, object]  # the same of what was queued to be looked at again

    @property
    def work(self) -> object:
        """All that may not differ."""
        shapes = [statement.shape for statement in self.statements]
        return self.ending, self.reply, shapes, self.written, self.eintrag, self.waiting


class Watched:
    """A house whose every statement is seen, and whose clocks do not decide what is done."""

    def __init__(self, house: Betrieb, statements: list[Statement]) -> None:
        self.house = house
        self._statements = statements
        seconds = count()  # nothing stays in the cache: each exchange looks its authority up
        behoerden = SqlBehoerden(house.here.behoerden(readonly=True), clock=lambda: float(next(seconds)))
        house.gateway = replace(house.gateway, behoerden=behoerden)

    def ask(self, kind: Kind, asked: Asked) -> Exchange:
        house = self.house
        nachricht = kind.message(house.schreiber, STELLER, asked)
        request = client_of(house.here, AMT).request(nachricht, datetime.now(UTC))
        before = self._rows()
        self._statements.clear()
        reply = house.exchange(request)
        statements = list(self._statements)
        after = self._rows()
        answer = house.open(reply)
        written = {name: rows - before[name] for name, rows in after.items() if rows != before[name]}
        answered = masked(b"\n".join((reply.body, etree.tostring(answer))))
        return Exchange(outcome(answer), answered, statements, written, self._last(), self._queued())

    def list(self, pair: Twins) -> dict[str, str]:
        """The Identifikationsmerkmale of two namesakes."""
        nachricht = LISTE.message(self.house.schreiber, STELLER, Asked(pair.blocked))
        return merkmale_of(self.house.send(nachricht))

    def _rows(self) -> dict[str, int]:
        here, found = self.house.here, {}
        for engine in {one.url: one for one in (here.register(), here.behoerden(), here.protokoll())}.values():
            with engine.connect() as connection:
                tables = inspect(connection).get_table_names()
                counts = [select(literal(name), func.count()).select_from(table(name)) for name in tables]
                found |= dict(tuple(row) for row in connection.execute(union_all(*counts)))
        return found

    def _last(self) -> dict[str, object]:
        """The newest entry; of what differs in each one its kind and, of bytes and texts, the length."""
        with self.house.here.protokoll(readonly=True).connect() as connection:
            row = connection.execute(select(EINTRAG).order_by(EINTRAG.c.nummer.desc()).limit(1)).one()
        entry = {name: _measure(name, wert) for name, wert in row._mapping.items()}
        if row.nachrichtentyp == "1332":  # holds the name that was asked for (§ 40 (2) BMG), compressed
            entry["inhalt"] = bool(row.inhalt)
        return entry

    def _queued(self) -> dict[str, object]:
        with self.house.here.protokoll(readonly=True).connect() as connection:
            row = connection.execute(select(NACHARBEIT).order_by(NACHARBEIT.c.faellig.desc()).limit(1)).one()
        return {name: _measure(name, wert) for name, wert in row._mapping.items()}


#: Columns with a number or a time of this entry alone.
_OWN = {"nummer", "gespeichert", "empfangen", "beantwortet", "faellig"}


def _measure(name: str, wert: Any) -> object:
    if name in _OWN:
        return type(wert)
    return len(wert) if isinstance(wert, bytes) or name == "nachricht_uuid" else wert


@pytest.fixture(scope="module", params=DATABASES)
def watched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder: Path = tmp_path_factory.mktemp("neutral")
    with pytest.MonkeyPatch.context() as patch, traced() as statements, fresh_database(request.param, folder) as url:
        patch.setattr(schreiber, "SIEGEL_ABSTAND", 0.0)  # every entry is sealed, not one a second
        house = betrieb(folder / "instance", database=url if request.param == "postgresql" else "")
        yield Watched(house, statements)
        house.close()


@pytest.fixture(scope="module")
def pairs(watched: Watched) -> list[Pair]:
    """Of each kind some, over generated persons and every code of a block."""
    (ort,) = gemeinden("09")[:1]
    drawn = list(twins(islice(cycle(KINDS), PERSONS * len(KINDS)), 1, ort, ()))
    return fill(watched.house.here.register(), drawn, [], watched.list)


def test_what_is_watched_is_all_that_reaches_the_driver(watched: Watched, pairs: list[Pair]) -> None:
    """Or the tests below would compare nothing with nothing."""
    hidden = pairs[0].blocked.record
    known = {**hidden, "ordnungsmerkmal": "known", "familienname": "Bekannt", "kuenstlername": "Bekannt"}
    watched.house.lade([known])
    absent, found = (watched.ask(pairs[0].kind, Asked(record)) for record in (hidden, known))
    texts = [statement.text for statement in absent.statements]
    assert (found.ending, absent.ending) == ("01", "03")
    for words in ("suchdatum", "behoerde", "INSERT INTO protokoll", "protokoll_kopf", "COMMIT"):
        assert any(words in one for one in texts), words
    tables = {name.rstrip("_0123456789"): rows for name, rows in absent.written.items()}  # a month's are its own
    assert tables == {"protokoll": 1, "protokoll_anspruch": 1, "protokoll_index": 4, "nacharbeit": 1}
    assert found.work != absent.work


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_blocked_and_absent_are_the_same_statements_writes_record_and_answer(
    watched: Watched, pairs: list[Pair], kind: Kind
) -> None:
    for pair in (pair for pair in pairs if pair.kind is kind):
        blocked, absent = watched.ask(kind, pair.blocked), watched.ask(kind, pair.absent)
        assert blocked.ending == "03"
        assert blocked.work == absent.work


#: Tells of somebody by nothing in which the two companions below differ.
_LISTE = Kind("freie Suche that lists another", freie_suche(8, "familienname", "geschlecht", elemente=("15",)))


def test_a_list_without_the_blocked_is_the_same_work_as_one_without_the_absent(
    watched: Watched, pairs: list[Pair]
) -> None:
    """Each of the two has a namesake whom everybody may see."""
    for number, pair in enumerate([pair for pair in pairs if not pair.kind.listed][:PERSONS]):
        both = (pair.blocked.record, pair.absent.record)
        watched.house.lade(
            [{**one, "ordnungsmerkmal": f"NEBEN{number}{side}"} for one, side in zip(both, "AB", strict=True)]
        )
        blocked, absent = (watched.ask(_LISTE, Asked(one)) for one in both)
        assert blocked.ending == "04"
        assert blocked.written["nacharbeit"] == 1
        assert blocked.work == absent.work
