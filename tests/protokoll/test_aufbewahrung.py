"""§ 40 (5) BMG: what is due goes, by a signed record; nothing else does, and what stays is still proven."""

import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine, event

from gateway.errors import StoreError
from gateway.protokoll import Einsicht, Kind, SqlProtokoll, Stelle, Verzeichnis, verify
from gateway.protokoll import aufbewahrung as modul
from gateway.protokoll.aufbewahrung import Aufbewahrung, Loeschbericht, UhrUngewiss
from gateway.protokoll.halten import Halteliste, HaltError
from gateway.protokoll.monat import faellig, spaetestens
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.verbindung import is_sqlite, sqlite_file
from gateway.protokoll.zeit import from_micros
from tests.databases import opened
from tests.protokoll.eintraege import BEGRIFFE, INHALT, POLIZEI, eintrag, rows, sql

GRUND = "Verfahren 3 Ds 77/27, Zwirnemann"


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modul, "SCHRITT", 2)
    monkeypatch.setattr(modul, "ATEMPAUSE", 0)
    monkeypatch.setattr("gateway.protokoll.schreiber.SIEGEL_ABSTAND", 0.0)


def am(year: int, month: int, day: int = 15, hour: int = 12) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


class Zeit:
    """A clock that is set."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def zeit() -> Zeit:
    return Zeit(am(2026, 1))


@pytest.fixture
def bestand(engine: Engine, schluessel: Protokollschluessel, zeit: Zeit) -> Engine:
    """Two chains in turns, from November 2026 to February 2027, five entries a month each; then one in March 2028."""
    with (
        closing(SqlProtokoll(engine, schluessel, uhr=zeit)) as one,
        closing(SqlProtokoll(engine, schluessel, uhr=zeit)) as two,
    ):
        for year, month in ((2026, 11), (2026, 12), (2027, 1), (2027, 2)):
            zeit.now = am(year, month)
            for number in range(5):
                one.record(eintrag(mandant=POLIZEI if number == 2 else ""))
                two.record(eintrag())
        zeit.now = am(2028, 3)
        one.record(eintrag())
    return engine


def loesche(engine: Engine, schluessel: Protokollschluessel, now: datetime) -> Loeschbericht | None:
    return Aufbewahrung(engine, schluessel).loesche(now, uhr_stimmt=True)


def stored(engine: Engine) -> list[tuple[int, int]]:
    return rows(engine, "SELECT kette, nummer FROM protokoll ORDER BY kette, nummer")


def test_what_is_due_goes_with_its_keys_its_index_and_its_claims_and_the_rest_is_proven_as_before(
    bestand: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    assert loesche(bestand, schluessel, am(2028, 1, 1)) == Loeschbericht((202611, 202612), 20)
    assert stored(bestand) == [(1, number) for number in range(11, 22)] + [(2, number) for number in range(11, 21)]
    for table, column in (("protokoll_schluessel", "monat"), ("protokoll_index", "monat")):
        assert rows(bestand, f"SELECT min({column}) FROM {table}") == [(202701,)]
    assert rows(bestand, "SELECT count(*) FROM protokoll_anspruch") == [(21,)]
    result = verify(leser, schluessel)
    assert result.intact, result.findings
    assert (result.entries, result.deleted, result.unfinished) == (21, 20, 0)
    assert len(list(Verzeichnis(leser, schluessel).suche(BEGRIFFE))) == 19
    assert Einsicht(leser).read(Stelle(1, 11), schluessel) == INHALT


def test_nothing_goes_before_its_time_and_a_second_run_finds_nothing(
    bestand: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    for monat in (202611, 202612):
        moment = faellig(monat)
        assert loesche(bestand, schluessel, moment - timedelta(seconds=1)) == Loeschbericht()
        assert loesche(bestand, schluessel, moment) == Loeschbericht((monat,), 10)
        assert loesche(bestand, schluessel, moment) == Loeschbericht()
    assert [monat for (monat,) in rows(bestand, "SELECT monat FROM protokoll_loeschung ORDER BY nr")] == [
        202611,
        202612,
    ]
    assert verify(leser, schluessel).intact


def test_what_would_go_is_shown_without_going(bestand: Engine, schluessel: Protokollschluessel) -> None:
    [november, dezember] = Aufbewahrung(bestand, schluessel).faellige(am(2028, 1, 1))
    assert (november.monat, november.eintraege, november.ab) == (202611, 10, faellig(202611))
    assert dezember.spaetestens == dezember.ab == spaetestens(202612)
    assert len(stored(bestand)) == 41


def test_a_record_of_a_deletion_says_what_went_when_and_by_what_rule_and_nothing_of_persons(
    bestand: Engine, schluessel: Protokollschluessel
) -> None:
    loesche(bestand, schluessel, am(2027, 12, 2))
    [(nr, monat, regel, geloescht, anzahl, bereiche)] = rows(
        bestand, "SELECT nr, monat, regel, geloescht, anzahl, bereiche FROM protokoll_loeschung"
    )
    assert (nr, monat, regel, from_micros(geloescht), anzahl) == (1, 202611, "§ 40 (5) BMG", am(2027, 12, 2), 10)
    assert [bereich[:3] for bereich in json.loads(bereiche)] == [[1, 1, 5], [2, 1, 5]]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM protokoll WHERE kette = 1 AND nummer = 11", {(Kind.MISSING, "1/11")}),
        ("DELETE FROM protokoll_loeschung WHERE nr = 1",
         {(Kind.MISSING, "1/1-5"), (Kind.MISSING, "2/1-5"), (Kind.MISSING, "deletion 1")}),
        ("DELETE FROM protokoll_loeschung WHERE nr = 2", {(Kind.MISSING, "1/6-10"), (Kind.MISSING, "2/6-10")}),
        ("UPDATE protokoll_loeschung SET anzahl = 9 WHERE nr = 2",
         {(Kind.SEAL, "deletion 2"), (Kind.MISSING, "1/6-10"), (Kind.MISSING, "2/6-10")}),
        ("UPDATE protokoll_loeschung SET bereiche = replace(bereiche, '[1, 6, 10,', '[1, 6, 11,') WHERE nr = 2",
         {(Kind.SEAL, "deletion 2"), (Kind.MISSING, "1/6-10"), (Kind.MISSING, "2/6-10")}),
        ("UPDATE protokoll_loeschung SET bereiche = 'x' WHERE nr = 1",
         {(Kind.SEAL, "deletion 1"), (Kind.MISSING, "1/1-5"), (Kind.MISSING, "2/1-5")}),
        ("UPDATE protokoll_loeschung SET nr = 3 WHERE nr = 1",
         {(Kind.SEAL, "deletion 3"), (Kind.MISSING, "deletion 1"), (Kind.CHANGED, "deletion 3"),
          (Kind.MISSING, "1/1-5"), (Kind.MISSING, "2/1-5")}),
    ],
)  # fmt: skip
def test_deleted_by_record_is_told_from_missing(
    bestand: Engine,
    leser: Engine,
    schluessel: Protokollschluessel,
    statement: str,
    expected: set[tuple[Kind, str]],
) -> None:
    loesche(bestand, schluessel, am(2028, 1, 1))
    sql(bestand, statement)
    found = {(finding.kind, finding.place) for finding in verify(leser, schluessel).findings}
    beside = ("index", "claims")
    entries = {(kind, place) for kind, place in found if kind is not Kind.CONTRADICTION}
    assert {(kind, place) for kind, place in entries if not place.startswith(beside)} == expected


def test_an_entry_whose_deleted_neighbours_were_chained_to_another_is_changed(
    bestand: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    Halteliste(bestand, schluessel).halte(Stelle(1, 3), GRUND, am(2027, 5))
    loesche(bestand, schluessel, am(2028, 1, 1))
    sql(bestand, "UPDATE protokoll SET treffer = 7 WHERE kette = 1 AND nummer = 3")
    assert (Kind.CHANGED, "1/3") in {(one.kind, one.place) for one in verify(leser, schluessel).findings}


def test_a_held_entry_outlives_its_month_with_its_content_and_its_proof(
    bestand: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    halteliste = Halteliste(bestand, schluessel)
    for stelle in (Stelle(1, 2), Stelle(1, 3), Stelle(2, 5)):
        halteliste.halte(stelle, GRUND, am(2027, 5))
    assert verify(leser, schluessel).intact
    loesche(bestand, schluessel, am(2028, 1, 1))
    assert stored(bestand)[:3] == [(1, 2), (1, 3), (1, 11)]
    einsicht = Einsicht(leser)
    assert einsicht.read(Stelle(1, 2), schluessel) == INHALT
    assert einsicht.read(Stelle(1, 3), schluessel, POLIZEI) == INHALT
    result = verify(leser, schluessel)
    assert result.intact, result.findings
    assert (result.held, result.deleted) == (3, 17)
    ende = spaetestens(202611)
    for halt in Halteliste(leser, schluessel).alle():
        assert (halt.grund, halt.bis) == (GRUND, ende)
        assert (halt.vorbei(ende - timedelta(seconds=1)), halt.vorbei(ende)) == (False, True)


def test_an_entry_that_is_held_while_its_month_is_looked_at_is_not_recorded_as_deleted(
    bestand: Engine, leser: Engine, schluessel: Protokollschluessel, monkeypatch: pytest.MonkeyPatch
) -> None:
    if bestand.dialect.name != "sqlite":
        pytest.skip("elsewhere the month's table is locked meanwhile")
    bereiche = modul.bereiche

    def then_held(*args: Any) -> Any:
        found = bereiche(*args)
        monkeypatch.undo()
        Halteliste(bestand, schluessel).halte(Stelle(1, 2), GRUND, am(2027, 12, 1))
        return found

    monkeypatch.setattr(modul, "bereiche", then_held)
    with pytest.raises(StoreError, match="held back just now"):
        loesche(bestand, schluessel, am(2027, 12, 2))
    loesche(bestand, schluessel, am(2027, 12, 2))
    assert Einsicht(leser).read(Stelle(1, 2), schluessel) == INHALT
    result = verify(leser, schluessel)
    assert result.intact, result.findings
    assert (1, 2) in stored(bestand)
    assert result.deleted == 9


def test_an_entry_that_is_released_after_its_time_goes_with_the_next_run(
    bestand: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    halteliste = Halteliste(bestand, schluessel)
    halteliste.halte(Stelle(1, 2), GRUND, am(2027, 5))
    halteliste.halte(Stelle(1, 12), GRUND, am(2027, 5))
    loesche(bestand, schluessel, am(2028, 1, 1))
    halteliste.gib_frei(Stelle(1, 2))
    halteliste.gib_frei(Stelle(1, 12))
    assert verify(leser, schluessel).intact
    assert loesche(bestand, schluessel, am(2028, 1, 2)) == Loeschbericht((202611,), 1)
    assert (1, 2) not in stored(bestand)
    assert (1, 12) in stored(bestand)
    result = verify(leser, schluessel)
    assert result.intact, result.findings


def test_holds_are_made_and_ended_once_each(bestand: Engine, schluessel: Protokollschluessel) -> None:
    halteliste = Halteliste(bestand, schluessel)
    halteliste.halte(Stelle(1, 2), GRUND, am(2027, 5))
    with pytest.raises(HaltError, match="held already"):
        halteliste.halte(Stelle(1, 2), GRUND, am(2027, 5))
    with pytest.raises(HaltError, match="no entry 1/99"):
        halteliste.halte(Stelle(1, 99), GRUND, am(2027, 5))
    with pytest.raises(HaltError, match="is not held"):
        halteliste.gib_frei(Stelle(1, 3))
    for grund in ("", " ", "x" * 501, "a\nb"):
        with pytest.raises(ValueError, match="has a reason"):
            halteliste.halte(Stelle(1, 3), grund, am(2027, 5))
    assert "Zwirnemann" not in str(rows(bestand, "SELECT * FROM protokoll_halt"))


def test_a_hold_that_is_taken_away_leaves_an_entry_that_is_held_without_one(
    bestand: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    Halteliste(bestand, schluessel).halte(Stelle(1, 2), GRUND, am(2027, 5))
    sql(bestand, "DELETE FROM protokoll_halt")
    assert {(one.kind, one.place) for one in verify(leser, schluessel).findings} == {(Kind.CHANGED, "1/2")}


def test_a_clock_far_ahead_of_the_newest_entry_deletes_nothing_unless_somebody_has_looked_at_it(
    bestand: Engine, schluessel: Protokollschluessel
) -> None:
    aufbewahrung = Aufbewahrung(bestand, schluessel)
    with pytest.raises(UhrUngewiss, match="if the clock is right"):
        aufbewahrung.loesche(am(2029, 6))
    assert len(stored(bestand)) == 41
    bericht = aufbewahrung.loesche(am(2028, 4, 1), uhr_stimmt=True)
    assert bericht == Loeschbericht((202611, 202612, 202701, 202702), 40)


def test_a_clock_that_has_jumped_deletes_nothing_also_when_entries_were_stored_since(
    bestand: Engine, schluessel: Protokollschluessel
) -> None:
    with pytest.raises(UhrUngewiss, match="if the clock is right"):  # February 2027, then March 2028
        Aufbewahrung(bestand, schluessel).loesche(am(2028, 3, 16))
    assert len(stored(bestand)) == 41


def test_a_silence_that_somebody_has_looked_at_stops_no_later_run(
    engine: Engine, schluessel: Protokollschluessel, zeit: Zeit
) -> None:
    aufbewahrung, geloescht = Aufbewahrung(engine, schluessel), list[int]()
    with closing(SqlProtokoll(engine, schluessel, uhr=zeit)) as protokoll:
        while zeit.now < am(2027, 6):
            if not am(2026, 4) < zeit.now < am(2026, 7):  # nobody asked
                protokoll.record(eintrag())
            zeit.now += timedelta(days=10)
            try:
                bericht = aufbewahrung.loesche(zeit.now)
            except UhrUngewiss:
                assert not geloescht
                bericht = aufbewahrung.loesche(zeit.now, uhr_stimmt=True)
            assert bericht is not None
            geloescht += bericht.monate
    assert geloescht == [202601, 202602, 202603, 202604]


def test_one_deletes_at_a_time(bestand: Engine, schluessel: Protokollschluessel) -> None:
    with Aufbewahrung(bestand, schluessel)._allein.versucht() as held:
        assert held
        assert loesche(bestand, schluessel, am(2028, 1, 1)) is None
    assert len(stored(bestand)) == 41


def test_rows_of_delivered_messages_go_in_the_same_time_and_those_that_wait_stay(
    engine: Engine, schluessel: Protokollschluessel
) -> None:
    for number, zugestellt in ((1, am(2027, 1, 31)), (2, am(2027, 2, 1)), (3, None)):
        micros = "NULL" if zugestellt is None else str(int(zugestellt.timestamp() * 1_000_000))
        values = f"'{number}', 'u', '1322', 'a', 'e', 1, NULL, {micros}, 0, NULL, NULL"
        cast = "CAST('x' || {0} AS BLOB)" if engine.dialect.name == "sqlite" else "('x' || {0})::bytea"
        sql(engine, f"INSERT INTO postausgang VALUES ({cast.format(number)}, {values.partition(', ')[2]})")
    assert loesche(engine, schluessel, am(2028, 2, 1)) == Loeschbericht(sendungen=1)
    assert rows(engine, "SELECT count(*) FROM postausgang") == [(2,)]


def test_a_run_killed_at_every_step_never_deletes_too_much_and_the_next_one_finishes_it(
    bestand: Engine, database_url: str, schluessel: Protokollschluessel
) -> None:
    Halteliste(bestand, schluessel).halte(Stelle(1, 2), GRUND, am(2027, 5))
    rest = {(1, 2), *((1, number) for number in range(11, 22)), *((2, number) for number in range(11, 21))}
    for step in count(1):
        wait_for_the_dead(Aufbewahrung(bestand, schluessel))
        bestand.dispose()
        killed = killed_at(step, lambda: loesche(bestand, schluessel, am(2028, 1, 1)))
        with opened(database_url, readonly=True) as leser:
            result = verify(leser, schluessel)
            assert result.intact, (step, result.findings)
            assert rest <= set(stored(leser)), step
        if not killed:
            break
    assert step > 10
    assert set(stored(bestand)) == rest
    assert rows(bestand, "SELECT sum(anzahl) FROM protokoll_loeschung") == [(19,)]
    assert result.unfinished == 0


def wait_for_the_dead(aufbewahrung: Aufbewahrung) -> None:
    """A server notices a moment later that a client is gone, and what it had locked."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with aufbewahrung._allein.versucht() as held:
            if held:
                return
        time.sleep(0.01)


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Whether a forked process that does `work` was killed at that statement or commit, or came to the end."""
    child = os.fork()
    if child == 0:
        left = step

        def pass_by(*_: Any) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        code = 1
        try:
            for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
                event.listen(Engine, name, lambda *_: pass_by())
            work()
            code = 0
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL), "the process failed by itself"
    return status != 0


def test_a_clock_that_runs_through_four_years_finds_every_entry_kept_for_its_time_and_gone_after_it(
    engine: Engine, leser: Engine, schluessel: Protokollschluessel, zeit: Zeit
) -> None:
    aufbewahrung = Aufbewahrung(engine, schluessel)
    zeit.now = am(2026, 1, 1)
    recorded: list[datetime] = []
    with closing(SqlProtokoll(engine, schluessel, uhr=zeit)) as protokoll:
        while zeit.now < am(2030, 1, 1):
            protokoll.record(eintrag())
            if recorded:
                recorded.append(zeit.now)
            else:
                Halteliste(engine, schluessel).halte(Stelle(1, 1), GRUND, zeit.now)
                recorded = [zeit.now]
            aufbewahrung.loesche(zeit.now)
            there = {from_micros(wert) for (wert,) in rows(engine, "SELECT gespeichert FROM protokoll")}
            assert there >= {one for one in recorded if one > zeit.now - timedelta(days=365)}
            assert there - {recorded[0]} <= {one for one in recorded if one.year >= zeit.now.year - 1}
            zeit.now += timedelta(days=6, hours=1)
    result = verify(leser, schluessel)
    assert result.intact, result.findings
    assert (result.held, result.entries + result.deleted) == (1, len(recorded))
    assert Einsicht(leser).read(Stelle(1, 1), schluessel) == INHALT
    assert rows(engine, "SELECT count(*) FROM protokoll_loeschung") == [(35,)]


def _laufend(engine: Engine, schluessel: Protokollschluessel, zeit: Zeit, protokoll: SqlProtokoll) -> Aufbewahrung:
    """More than two years of regular service, with every deletion at its time."""
    job = Aufbewahrung(engine, schluessel)
    zeit.now = am(2026, 1)
    while zeit.now < am(2028, 3):
        protokoll.record(eintrag())
        job.loesche(zeit.now)
        zeit.now += timedelta(days=14)
    return job


def _wieder_richtig(schluessel: Protokollschluessel, zeit: Zeit, protokoll: SqlProtokoll, leser: Engine) -> None:
    zeit.now = am(2028, 3, 20)
    protokoll.record(eintrag())
    assert verify(leser, schluessel).intact


@pytest.mark.parametrize("im_laufenden_betrieb", [True, False])
def test_what_was_stored_while_the_clock_was_set_back_is_kept_for_twelve_months_as_well(
    engine: Engine, leser: Engine, schluessel: Protokollschluessel, zeit: Zeit, im_laufenden_betrieb: bool
) -> None:
    """Nobody gets rid of a record by setting the clock back, asking, and setting it right again."""
    with closing(SqlProtokoll(engine, schluessel, uhr=zeit)) as protokoll:
        job = _laufend(engine, schluessel, zeit, protokoll)
        before = len(stored(engine))
        zeit.now = am(2026, 6)
        if im_laufenden_betrieb:
            protokoll.record(eintrag())
        else:  # a process of its own, with a chain of its own
            with closing(SqlProtokoll(engine, schluessel, uhr=zeit)) as other:
                other.record(eintrag())
        _wieder_richtig(schluessel, zeit, protokoll, leser)
        assert [one.monat for one in job.faellige(zeit.now)] == []
        assert job.loesche(zeit.now) == Loeschbericht()
        assert job.loesche(zeit.now, uhr_stimmt=True) == Loeschbericht()
        assert len(stored(engine)) == before + 2
        while zeit.now < am(2029, 4, 20):
            protokoll.record(eintrag())
            zeit.now += timedelta(days=14)
        bericht = job.loesche(zeit.now)
    assert bericht is not None
    assert 202606 in bericht.monate, "once what came before it is due, too"
    assert verify(leser, schluessel, now=zeit.now).intact


def test_a_clock_that_was_ahead_for_a_while_or_differs_by_hours_delays_no_deletion(
    engine: Engine, schluessel: Protokollschluessel, zeit: Zeit
) -> None:
    with closing(SqlProtokoll(engine, schluessel, uhr=zeit)) as protokoll:
        zeit.now = am(2031, 1)
        protokoll.record(eintrag())
        for moment in (am(2026, 12, 31, 23), am(2026, 12, 31, 22), am(2027, 1, 1, 3)):
            zeit.now = moment
            protokoll.record(eintrag())
        zeit.now = am(2026, 12, 31, 20)
        protokoll.record(eintrag())
    assert [one.monat for one in Aufbewahrung(engine, schluessel).faellige(faellig(202612))] == [202612]


def untimely(leser: Engine, schluessel: Protokollschluessel, now: datetime) -> list[tuple[Kind, str]]:
    return [(one.kind, one.place) for one in verify(leser, schluessel, now=now).findings]


def test_what_was_deleted_by_a_clock_set_forward_is_found_until_that_time_has_come(
    bestand: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    loesche(bestand, schluessel, am(2028, 1, 1))
    assert untimely(leser, schluessel, am(2027, 6)) == [(Kind.UNTIMELY, "deletion 1"), (Kind.UNTIMELY, "deletion 2")]
    assert untimely(leser, schluessel, am(2028, 1, 2)) == []


def test_what_was_deleted_too_early_is_found_though_the_record_of_it_is_signed(
    bestand: Engine, leser: Engine, schluessel: Protokollschluessel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a program other than ours that has the key."""
    monkeypatch.setattr(modul, "faellig", lambda _monat: am(2027, 3))
    monkeypatch.setattr(modul, "ist_juenger", lambda *_: False)
    loesche(bestand, schluessel, am(2027, 3, 20))
    assert untimely(leser, schluessel, am(2028, 6)) == [(Kind.UNTIMELY, f"deletion {n}") for n in range(1, 6)]


def test_what_was_deleted_of_a_chain_that_was_younger_than_it_said_is_found(
    bestand: Engine, leser: Engine, schluessel: Protokollschluessel, zeit: Zeit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(modul, "ist_juenger", lambda *_: False)
    zeit.now = am(2028, 3)
    with closing(SqlProtokoll(bestand, schluessel, uhr=zeit)) as third:
        third.record(eintrag())
    zeit.now = am(2027, 2)
    with closing(SqlProtokoll(bestand, schluessel, uhr=zeit)) as fourth:
        fourth.record(eintrag())
    loesche(bestand, schluessel, am(2028, 4, 1))
    found = untimely(leser, schluessel, am(2028, 6))
    assert found == [(Kind.UNTIMELY, "deletion 4")], "of the months before no entry was of the fourth chain"


def test_the_key_of_a_month_that_went_is_in_no_file_of_the_database_any_more_while_it_is_served(
    bestand: Engine, schluessel: Protokollschluessel, zeit: Zeit
) -> None:
    if not is_sqlite(bestand):
        pytest.skip("elsewhere VACUUM clears it away")
    zeit.now = am(2028, 4)
    with closing(SqlProtokoll(bestand, schluessel, uhr=zeit)) as store:
        store.record(eintrag())
        before = [huelle for (huelle,) in rows(bestand, "SELECT huelle FROM protokoll_schluessel")]
        assert loesche(bestand, schluessel, zeit.now)
        after = [huelle for (huelle,) in rows(bestand, "SELECT huelle FROM protokoll_schluessel")]
        assert 0 < len(after) < len(before)
        name = sqlite_file(bestand)
        files = [path.read_bytes() for path in (name, name.with_name(f"{name.name}-wal")) if path.exists()]
        assert {huelle for huelle in before if any(huelle in file for file in files)} == set(after)
