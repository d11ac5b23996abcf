"""What belongs together is a month: its keys, its index, its time."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Engine

from gateway.errors import StoreError
from gateway.ports import Suchart, Suchbegriff
from gateway.protokoll import Einsicht, FremderMandant, Fundstelle, SqlProtokoll, Stelle, Verzeichnis
from gateway.protokoll.monat import Monatsuhr, beginn, faellig, monat_von, nach, spaetestens
from gateway.protokoll.monate import existing
from gateway.protokoll.schluessel import Protokollschluessel
from gateway.protokoll.zeit import micros
from tests.protokoll.eintraege import BEGRIFFE, INHALT, POLIZEI, eintrag, rows, sql

NUTZER, NAME = BEGRIFFE[0], BEGRIFFE[-1]


@pytest.mark.parametrize(
    ("monat", "von", "bis"),
    [
        (202601, "2027-01-31T23:00", "2027-12-31T23:00"),
        (202605, "2027-05-31T22:00", "2027-12-31T23:00"),
        (202611, "2027-11-30T23:00", "2027-12-31T23:00"),
        (202612, "2027-12-31T23:00", "2027-12-31T23:00"),
        (202702, "2028-02-29T23:00", "2028-12-31T23:00"),
    ],
)
def test_a_month_is_kept_for_twelve_months_and_not_beyond_the_end_of_the_year_after(
    monat: int, von: str, bis: str
) -> None:
    assert faellig(monat) == datetime.fromisoformat(von).replace(tzinfo=UTC)
    assert spaetestens(monat) == datetime.fromisoformat(bis).replace(tzinfo=UTC)
    last = beginn(nach(monat, 1)) - timedelta(microseconds=1)
    assert faellig(monat) > last + timedelta(days=365) - timedelta(hours=1)


def test_months_turn_at_midnight_in_germany() -> None:
    uhr = Monatsuhr()
    for text, monat in (("2026-05-31T21:59:59", 202605), ("2026-05-31T22:00:00", 202606), ("2026-12-31T23:00", 202701)):
        moment = micros(datetime.fromisoformat(text).replace(tzinfo=UTC))
        assert uhr(moment) == monat_von(moment) == monat
    assert [nach(202601, -1), nach(202612, 1), nach(202605, -5), nach(202605, 13)] == [202512, 202701, 202512, 202706]


@pytest.fixture
def drei_monate(engine: Engine, schluessel: Protokollschluessel) -> Engine:
    """An entry of the operator's and one for the police in each of three months, by one writer."""
    uhr = [datetime(2026, 1, 1, tzinfo=UTC)]
    with closing(SqlProtokoll(engine, schluessel, uhr=lambda: uhr[0])) as protokoll:
        for monat in (3, 4, 5):
            uhr[0] = datetime(2026, monat, 15, tzinfo=UTC)
            protokoll.record(eintrag())
            protokoll.record(eintrag(mandant=POLIZEI))
    return engine


def test_an_entry_is_found_by_all_that_it_was_stored_with_in_every_month(
    drei_monate: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    verzeichnis = Verzeichnis(leser, schluessel)
    alle = [Fundstelle(1, 5, 202605), Fundstelle(1, 3, 202604), Fundstelle(1, 1, 202603)]
    for begriff in BEGRIFFE:
        assert list(verzeichnis.suche([begriff])) == alle
    assert list(verzeichnis.suche(BEGRIFFE)) == alle
    assert list(verzeichnis.suche([NAME], von=202604, bis=202604)) == alle[1:2]
    assert list(verzeichnis.suche([Suchbegriff(Suchart.ANLASS, NAME.wert)])) == []


def test_what_an_authority_has_commissioned_is_found_and_read_for_it_alone(
    drei_monate: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    found = list(Verzeichnis(leser, schluessel).suche([NUTZER], mandant=POLIZEI))
    assert [stelle.nummer for stelle in found] == [6, 4, 2]
    einsicht = Einsicht(leser)
    assert [zeile.mandant for zeile in einsicht.entries(2)] == [POLIZEI, ""]
    assert einsicht.read(Stelle(1, 2), schluessel, POLIZEI) == INHALT
    for stelle, wer in ((Stelle(1, 2), ""), (Stelle(1, 1), POLIZEI), (Stelle(1, 2), "dbs:030030000000")):
        with pytest.raises(FremderMandant):
            einsicht.read(stelle, schluessel, wer)


def test_without_its_months_key_a_content_is_neither_read_nor_found(
    drei_monate: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    sql(drei_monate, "DELETE FROM protokoll_schluessel WHERE monat = 202604")
    with pytest.raises(StoreError, match="1/3 is neither in"):
        Einsicht(leser).read(Stelle(1, 3), schluessel)
    assert Einsicht(leser).read(Stelle(1, 5), schluessel) == INHALT
    assert [stelle.monat for stelle in Verzeichnis(leser, schluessel).suche([NAME])] == [202605, 202603]


def test_a_months_key_serves_no_other_month_and_no_other_mandant(
    drei_monate: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    sql(drei_monate, "UPDATE protokoll_schluessel SET mandant = 'x' WHERE monat = 202603 AND mandant <> ''")
    with pytest.raises(StoreError, match="is damaged"):
        Einsicht(leser).read(Stelle(1, 2), schluessel, "x")


def test_the_index_has_a_digest_of_its_own_for_the_same_thing_in_each_month_and_for_each_mandant(
    drei_monate: Engine,
) -> None:
    query = "SELECT count(*), count(DISTINCT digest) FROM protokoll_index WHERE art = 2"
    assert rows(drei_monate, query) == [(6, 6)]
    assert existing_months(drei_monate) == [202603, 202604, 202605]


def existing_months(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return existing(connection)


def test_two_processes_that_meet_at_the_turn_of_the_month_share_its_key(
    engine: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    uhr = partial(datetime, 2026, 6, 1, tzinfo=UTC)
    with (
        closing(SqlProtokoll(engine, schluessel, uhr=uhr)) as one,
        closing(SqlProtokoll(engine, schluessel, uhr=uhr)) as two,
    ):
        for protokoll in (one, two, one):
            protokoll.record(eintrag())
    assert rows(engine, "SELECT count(*) FROM protokoll_schluessel") == [(1,)]
    assert len(list(Verzeichnis(leser, schluessel).suche([NAME]))) == 3


def test_many_entries_are_found_page_by_page_each_once(
    drei_monate: Engine, leser: Engine, schluessel: Protokollschluessel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(SqlProtokoll(drei_monate, schluessel, uhr=partial(datetime, 2026, 5, 20, tzinfo=UTC))) as protokoll:
        for _ in range(6):
            protokoll.record(eintrag())
    monkeypatch.setattr("gateway.protokoll.verzeichnis.SCHRITT", 3)
    for begriffe in ([NAME], BEGRIFFE):
        found = [(stelle.kette, stelle.nummer) for stelle in Verzeichnis(leser, schluessel).suche(begriffe)]
        assert found == [*((2, number) for number in range(6, 0, -1)), (1, 5), (1, 3), (1, 1)]
