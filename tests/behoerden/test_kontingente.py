"""Quotas hold over several processes, with an overshoot that is bounded and known."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from gateway.behoerden.kontingente import SqlKontingente
from gateway.behoerden.takt import Takt
from gateway.errors import StoreError
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.rechte import Rechte, Verbrauch, Zugang
from tests.databases import opened

TAG = "2026-05-04"


def amt(**rechte: Any) -> Behoerde:
    return Behoerde("dbs:030010990000", "Amt", Rolle.EINFACH, zugang=Zugang(Rechte(**rechte)))


def let_through(kontingente: SqlKontingente, behoerde: Behoerde, times: int, tag: str = TAG) -> int:
    grenze = behoerde.zugang.rechte.je_tag or 0
    davor = (kontingente.nimm(behoerde, tag) for _ in range(times))
    return sum(verbrauch is not None and verbrauch.anfragen < grenze for verbrauch in davor)


@pytest.mark.parametrize("grenze", [1, 7, 99, 100, 250, 1000])
def test_one_process_keeps_a_quota_exactly(engine: Engine, grenze: int) -> None:
    assert let_through(SqlKontingente(engine, Takt()), amt(je_tag=grenze), grenze + 50) == grenze


def test_threads_of_one_process_keep_it_exactly(engine: Engine) -> None:
    kontingente, behoerde, through = SqlKontingente(engine, Takt()), amt(je_tag=500), list[int]()
    threads = [
        threading.Thread(target=lambda: through.append(let_through(kontingente, behoerde, 100))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(through) == 500


@pytest.mark.parametrize("grenze", [3, 50, 100, 1000])
def test_each_further_process_goes_beyond_it_by_a_hundredth_at_most(engine: Engine, grenze: int) -> None:
    processes, behoerde = [SqlKontingente(engine, Takt()) for _ in range(4)], amt(je_tag=grenze)
    through = sum(let_through(one, behoerde, 1) for _ in range(grenze) for one in processes)
    assert grenze <= through <= grenze + (len(processes) - 1) * max(grenze // 100 - 1, 0)


def test_real_processes_keep_it_together(engine: Engine, database_url: str) -> None:
    script = (
        "import sys; from gateway.behoerden.kontingente import SqlKontingente\n"
        "from gateway.behoerden.takt import Takt\n"
        "from gateway.database import open_engine; from tests.behoerden.test_kontingente import amt, let_through\n"
        "print(let_through(SqlKontingente(open_engine(sys.argv[1]), Takt()), amt(je_tag=200), 150))"
    )
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-W", "ignore", "-c", script, database_url]
    running = [subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    through = sum(int(process.communicate(timeout=60)[0]) for process in running)
    assert 200 <= through <= 200 + 2


def test_a_process_that_starts_again_goes_on_where_it_was_but_for_a_hundredth(engine: Engine) -> None:
    behoerde = amt(je_tag=1000)
    assert let_through(SqlKontingente(engine, Takt()), behoerde, 605) == 605
    assert 395 <= let_through(SqlKontingente(engine, Takt()), behoerde, 1000) <= 405


def test_a_day_begins_with_nothing_and_the_day_before_stays_known(engine: Engine) -> None:
    kontingente, behoerde = SqlKontingente(engine, Takt()), amt(je_tag=2)
    assert let_through(kontingente, behoerde, 5) == 2
    assert let_through(kontingente, behoerde, 5, "2026-05-05") == 2
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT tag, anfragen FROM behoerde_verbrauch ORDER BY tag")).all()
    assert [tuple(row) for row in rows] == [("2026-05-04", 2), ("2026-05-05", 2)]


def test_answers_that_began_before_midnight_give_nobody_a_further_request_of_the_new_day(engine: Engine) -> None:
    kontingente, behoerde, morgen = (
        SqlKontingente(engine, Takt()),
        amt(je_tag=10_000, treffer_je_tag=10_000),
        "2026-05-05",
    )
    assert let_through(kontingente, behoerde, 60) == 60
    through = 0
    for _ in range(200):
        through += let_through(kontingente, behoerde, 60, morgen)
        kontingente.buche_treffer(behoerde, TAG, 1)
    assert through == 10_000
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT anfragen, treffer FROM behoerde_verbrauch WHERE tag = :tag"), {"tag": TAG}
        )
        assert [tuple(row) for row in rows] == [(60, 200)], "nor is anything of the day before forgotten"


def test_treffer_are_counted_beside_requests(engine: Engine) -> None:
    kontingente, behoerde = SqlKontingente(engine, Takt()), amt(treffer_je_tag=10)
    assert kontingente.nimm(behoerde, TAG) == Verbrauch(0, 0)
    kontingente.buche_treffer(behoerde, TAG, 12)
    assert kontingente.nimm(behoerde, TAG) == Verbrauch(1, 12)
    assert SqlKontingente(engine, Takt()).nimm(behoerde, TAG) == Verbrauch(1, 12)


def test_a_larger_quota_counts_at_once(engine: Engine) -> None:
    kontingente = SqlKontingente(engine, Takt())
    assert let_through(kontingente, amt(je_tag=5), 10) == 5
    assert let_through(kontingente, amt(je_tag=8), 10) == 3


def test_without_a_limit_the_database_is_never_asked(leser: Engine) -> None:
    kontingente = SqlKontingente(leser, Takt())
    assert kontingente.nimm(amt(), TAG) is None
    kontingente.buche_treffer(amt(), TAG, 5)
    with pytest.raises(StoreError, match="the quotas cannot be counted"):
        kontingente.nimm(amt(je_tag=1), TAG)


def test_it_writes_once_in_a_hundredth_of_the_quota(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    kontingente, writes = SqlKontingente(engine, Takt()), list[int]()
    add = kontingente._addiere

    def counted(kennung: str, tag: str, mehr: Verbrauch) -> Verbrauch:
        writes.append(mehr.anfragen)
        return add(kennung, tag, mehr)

    monkeypatch.setattr(kontingente, "_addiere", counted)
    let_through(kontingente, amt(je_tag=10_000), 1000)
    assert writes == [0, *[100] * 10]


# -- per second ------------------------------------------------------------------------------------------------------


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_seconds_requests_may_come_at_once_and_then_at_the_rate() -> None:
    clock = Clock()
    takt = Takt(uhr=clock)
    assert [takt.nimm("a", 3) for _ in range(5)] == [True, True, True, False, False]
    assert takt.nimm("b", 1)
    clock.now += 0.34
    assert [takt.nimm("a", 3) for _ in range(2)] == [True, False]
    clock.now += 3600
    assert [takt.nimm("a", 3) for _ in range(5)] == [True, True, True, False, False]


def test_a_clock_that_goes_back_grants_nothing_and_loses_nothing() -> None:
    clock = Clock()
    takt = Takt(uhr=clock)
    assert takt.nimm("a", 1)
    clock.now -= 50
    assert not takt.nimm("a", 1)
    clock.now += 1
    assert takt.nimm("a", 1)


def test_forked_processes_keep_the_rate_together() -> None:
    clock = Clock()
    takt = Takt(uhr=clock)
    with _forked(4, takt) as counts:
        assert sum(counts) == 50


@contextmanager
def _forked(number: int, takt: Takt) -> Iterator[list[int]]:
    context = get_context("fork")
    queue: Any = context.SimpleQueue()
    processes = [
        context.Process(target=lambda: queue.put(sum(takt.nimm("a", 50) for _ in range(40)))) for _ in range(number)
    ]
    for process in processes:
        process.start()
    yield [queue.get() for _ in processes]
    for process in processes:
        process.join(10)


def test_with_more_authorities_than_there_is_room_for_nobody_is_refused_and_nobody_mixed_up() -> None:
    takt = Takt(plaetze=4, uhr=Clock())
    first = [takt.nimm(f"dbs:{number}", 1) for number in range(6)]
    again = [takt.nimm(f"dbs:{number}", 1) for number in range(6)]
    assert first == [True] * 6
    assert again == [False] * 4 + [True] * 2


def test_im_takt_is_open_where_no_rate_is_set(leser: Engine, database_url: str) -> None:
    kontingente = SqlKontingente(leser, Takt(uhr=Clock()))
    assert all(kontingente.im_takt(amt()) for _ in range(100))
    assert [kontingente.im_takt(amt(je_sekunde=1)) for _ in range(2)] == [True, False]
    assert kontingente.im_takt(replace(amt(je_sekunde=1), kennung="dbs:030010990001"))
    with opened(database_url) as other:
        assert SqlKontingente(other, Takt()).im_takt(amt(je_sekunde=1))
