"""Rows for the rules out of a real Protokoll, on both databases."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from gateway.abruf.suchbegriffe import freitext, nutzer, person
from gateway.auswertung.auswertung import Ergebnis, werte_aus
from gateway.auswertung.bericht import Anlass, bericht
from gateway.auswertung.quelle import geloescht, zeilen
from gateway.auswertung.zeile import Abrufzeile
from gateway.ports import Protokolleintrag, Suchart, Suchbegriff
from gateway.protokoll import SqlProtokoll, create_schema
from gateway.protokoll.aufbewahrung import Aufbewahrung
from gateway.protokoll.halten import Halteliste
from gateway.protokoll.schluessel import Protokollschluessel, create_protokollschluessel, load_protokollschluessel
from tests.auswertung.jahr import Jahr
from tests.databases import database_url, opened
from tests.protokoll.eintraege import GEMEINDE, POLIZEI, eintrag

__all__ = ["database_url"]

#: Rules whose facts stand in contents that the year does not have.
_AUS_INHALTEN = {"platzhalter", "eigener_name"}


@pytest.fixture(scope="module")
def schluessel(tmp_path_factory: pytest.TempPathFactory) -> Protokollschluessel:
    path: Path = tmp_path_factory.mktemp("schluessel") / "protokoll.key"
    create_protokollschluessel(path)
    return load_protokollschluessel(path)


class Uhr:
    """Stands where it was set."""

    jetzt = datetime(2026, 5, 4, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.jetzt


@pytest.fixture
def engine(database_url: str, schluessel: Protokollschluessel) -> Iterator[Engine]:
    with opened(database_url) as engine:
        create_schema(engine, schluessel)
        yield engine


@pytest.fixture
def leser(database_url: str, engine: Engine) -> Iterator[Engine]:
    with opened(database_url, readonly=True) as leser:
        yield leser


def abruf(
    kennung: str, anlass: str, om: str = "1", *, daten: dict[str, str] | None = None, **felder: object
) -> Protokolleintrag:
    wer = str(felder.get("behoerde", GEMEINDE))
    treffer = [{"ags": "03999001", "ordnungsmerkmal": om, "daten": daten or {}}]
    inhalt = {"kennung": kennung, "anlass": anlass, "treffer": treffer}
    begriffe = (
        nutzer(wer, kennung),
        freitext(Suchart.ANLASS, anlass),
        Suchbegriff(Suchart.NAME, f"{om}\nA\n"),
        person("03999001", om),
    )
    if felder.get("treffer") == 0:
        begriffe, inhalt = begriffe[:3], {**inhalt, "treffer": []}
    return eintrag(**{"behoerde": wer, "inhalt": inhalt, "suchbegriffe": begriffe, "treffer": 1, **felder})


def gelesen(leser: Engine, schluessel: Protokollschluessel, mandant: str = "") -> list[Abrufzeile]:
    day = timedelta(days=400)
    return list(zeilen(leser, schluessel, Uhr.jetzt - day, Uhr.jetzt + day, mandant))


def test_a_row_says_who_when_and_why_and_whether_it_was_the_same_person(
    engine: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    moment = datetime(2026, 5, 31, 23, 30, tzinfo=UTC)  # in Germany 1 June, half past one
    with closing(SqlProtokoll(engine, schluessel, uhr=Uhr())) as protokoll:
        protokoll.record(abruf("u1", " Ordnungs  Widrigkeit", empfangen=moment))
        protokoll.record(abruf("u1", "test", "2"))
        protokoll.record(abruf("u2", "test", "2", codes=("03",), treffer=0))
        protokoll.record(abruf("u2", "test", "2", codes=("03",), treffer=0))
        protokoll.record(eintrag(ergebnis="fault", codes=("NOT_SIGNED",), behoerde=None, inhalt=None))
    first, second, third, fourth = gelesen(leser, schluessel)
    assert (first.behoerde, first.nutzer, first.anlass, first.neutral) == (GEMEINDE, "u1", "ordnungs widrigkeit", False)
    assert (date.fromordinal(first.tag), first.stunde, first.monat) == (date(2026, 6, 1), 1, 202606)
    assert first.person != second.person
    assert third.person == fourth.person != second.person
    assert (third.nutzer, third.anlass, third.neutral) == ("u2", "test", True)
    assert not any(one.oft for one in (first, second, third))


def test_who_is_asked_for_often_in_a_month_is_known_by_the_index(
    engine: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    with closing(SqlProtokoll(engine, schluessel, uhr=Uhr())) as protokoll:
        for om in ("7", "7", "7", "7", "7", "8"):
            protokoll.record(abruf("u1", "x", om))
    assert [one.oft for one in gelesen(leser, schluessel)] == [True] * 5 + [False]


def test_wildcards_and_the_users_own_name_are_seen_in_the_content(
    engine: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    erika = {"familienname": "Musterfrau", "vornamen": "Erika"}
    with closing(SqlProtokoll(engine, schluessel, uhr=Uhr())) as protokoll:
        protokoll.record(abruf("erika.musterfrau", "x", daten=erika))
        protokoll.record(abruf("erika.musterfrau", "x", daten=erika))
        protokoll.record(abruf("u2", "x", daten=erika))
        frei = {"kennung": "u2", "anlass": "x", "auswahldaten": {"familienname": "M*"}, "ergebnisse": []}
        protokoll.record(replace(abruf("u2", "x", nachrichtentyp="1332"), inhalt=frei))
    rows = gelesen(leser, schluessel)
    assert [row.eigener_name for row in rows] == [True, True, False, False]
    assert [row.grenznah for row in rows] == [False, False, False, True]


def test_what_is_for_an_authoritys_eyes_is_technical_to_the_operator_and_whole_to_itself(
    engine: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    with closing(SqlProtokoll(engine, schluessel, uhr=Uhr())) as protokoll:
        protokoll.record(abruf("kripo", "Ermittlung", behoerde=POLIZEI, mandant=POLIZEI))
        protokoll.record(abruf("u1", "x"))
    polizei, amt = gelesen(leser, schluessel)
    assert (polizei.behoerde, polizei.nutzer, polizei.anlass, polizei.person) == (POLIZEI, "", None, None)
    assert amt.nutzer == "u1"
    (own,) = gelesen(leser, schluessel, POLIZEI)
    assert (own.nutzer, own.anlass) == ("kripo", "ermittlung")


def test_a_refusal_by_a_limit_is_seen_by_its_mark_and_no_other_fault_at_all(
    engine: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    marks = [(mark,) for mark in ("KONTINGENT_TAG", "KONTINGENT_TREFFER", "STUNDEN", "BENUTZER_UNBEKANNT", "RECHT")]
    with closing(SqlProtokoll(engine, schluessel, uhr=Uhr())) as protokoll:
        for codes in (*marks, ("BENUTZER_GESPERRT", "RECHT"), ("12",)):
            protokoll.record(abruf("u1", "x", ergebnis="rueckweisung", codes=("17", *codes), treffer=0))
        for code in ("TOO_MANY_REQUESTS", "AUTHORITY_BLOCKED"):
            protokoll.record(eintrag(ergebnis="fault", codes=(code,), behoerde=GEMEINDE, inhalt=None))
    rows = gelesen(leser, schluessel)
    assert [row.ueber_grenze for row in rows] == [True] * 6 + [False, True]
    assert [(row.fault, row.nutzer) for row in rows] == [(False, "u1")] * 7 + [(True, "")]


def test_what_is_held_for_an_authoritys_eyes_stays_closed_to_the_operator_when_its_month_is_gone(
    engine: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    with closing(SqlProtokoll(engine, schluessel, uhr=Uhr())) as protokoll:
        protokoll.record(abruf("kripo", "Ermittlung", behoerde=POLIZEI, mandant=POLIZEI))
        protokoll.record(abruf("u1", "x"))
    Halteliste(engine, schluessel).halte(gelesen(leser, schluessel)[0].stelle, "Verfahren", Uhr.jetzt)
    Aufbewahrung(engine, schluessel).loesche(Uhr.jetzt + timedelta(days=600), uhr_stimmt=True)
    (held,) = gelesen(leser, schluessel)
    assert (held.behoerde, held.nutzer, held.anlass, held.person) == (POLIZEI, "", None, None)


def test_the_rules_find_in_a_real_protokoll_what_they_find_in_its_rows(
    engine: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    jahr = Jahr(600, 10, 3, tage=110)
    rows, uhr = list(jahr.zeilen()), Uhr()
    with closing(SqlProtokoll(engine, schluessel, uhr=uhr)) as protokoll:
        for number, row in enumerate(rows):
            uhr.jetzt = _utc(row, number)
            assert row.person is not None
            felder: dict[str, object] = {"treffer": 0, "codes": ("03",)} if row.neutral else {}
            if row.ueber_grenze:
                felder = {"treffer": 0, "ergebnis": "rueckweisung", "codes": ("17", "KONTINGENT_TAG")}
            om = row.person.decode().partition("/")[2]
            made = abruf(row.nutzer, row.anlass or "", om, behoerde=row.behoerde, empfangen=uhr.jetzt, **felder)
            protokoll.record(made)
    day = timedelta(days=1)
    found = list(zeilen(leser, schluessel, _utc(rows[0], 0) - day, _utc(rows[-1], 0) + day))
    assert [
        (one.tag, one.stunde, one.monat, one.nutzer, one.anlass, one.neutral, one.ueber_grenze) for one in found
    ] == [(one.tag, one.stunde, one.monat, one.nutzer, one.anlass, one.neutral, one.ueber_grenze) for one in rows]
    said, expected = (
        {
            (one.regel, one.nutzer, one.anzahl, one.stellen)
            for one in werte_aus(given, jahr.ab_tag, zufall=1).befunde
            if one.regel not in _AUS_INHALTEN | {"viele_fragen"}
        }  # who was meant is another digest where nobody was told of
        for given in (found, rows)
    )
    assert said == expected
    assert said


def _utc(row: Abrufzeile, number: int) -> datetime:
    """The row's hour in Germany, a little later for each."""
    local = datetime.combine(date.fromordinal(row.tag), datetime.min.time(), ZoneInfo("Europe/Berlin"))
    return (local + timedelta(hours=row.stunde, minutes=5, milliseconds=number)).astimezone(UTC)


def test_a_report_of_a_time_whose_records_are_gone_or_that_is_not_over_says_so(
    engine: Engine, leser: Engine, schluessel: Protokollschluessel
) -> None:
    """Nothing found in what nobody could look at is no finding that all was well."""
    with closing(SqlProtokoll(engine, schluessel, uhr=Uhr())) as protokoll:
        for _ in range(3):
            protokoll.record(abruf("u1", "x"))
    von, bis = Uhr.jetzt - timedelta(days=20), Uhr.jetzt + timedelta(days=20)
    assert geloescht(leser, von, bis) == 0
    Aufbewahrung(engine, schluessel).loesche(Uhr.jetzt + timedelta(days=600), uhr_stimmt=True)
    assert geloescht(leser, von, bis) == 3
    assert geloescht(leser, von + timedelta(days=90), bis + timedelta(days=90)) == 0
    nichts = Ergebnis((), {}, {}, 1)
    whole = Anlass("Amt", von.date(), bis.date(), "DS 1", bis + timedelta(days=1))
    assert "vollständig" not in bericht(nichts, whole, {})
    assert "noch nicht zu Ende" not in bericht(nichts, whole, {})
    assert "Unvollständig: Aus den Monaten dieses Zeitraums sind 3 Einträge" in bericht(
        nichts, replace(whole, geloescht=3), {}
    )
    assert "noch nicht zu Ende" in bericht(nichts, replace(whole, erstellt=Uhr.jetzt), {})
