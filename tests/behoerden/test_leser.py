"""Readers of the Protokoll and four eyes for reading it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, insert

from gateway.behoerden.aenderungen import Verwaltung, verlauf
from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.leser import SqlLeser, beantrage, bestaetige, entferne, fuege_hinzu
from gateway.behoerden.tabellen import BEHOERDE, create_schema
from gateway.meldewesen.zweck import Zweck
from gateway.ports import Einsichtsgrund
from tests.databases import opened

POLIZEI, STILLE = "dbs:060030020000", "dbs:060030020001"
JETZT = datetime(2026, 6, 1, tzinfo=UTC)
GRUND = Einsichtsgrund("anna", "", Zweck.STRAFVERFAHREN, "3 Js 7/26")


@pytest.fixture
def schreibend(database_url: str) -> Iterator[Engine]:
    with opened(database_url) as engine:
        create_schema(engine)
        flags = dict.fromkeys(("gesperrt", "azr_berechtigt", "zentrale_stelle", "trotz_sperre"), False)
        rows = [{"kennung": kennung, "protokoll_beauftragt": kennung == POLIZEI} for kennung in (POLIZEI, STILLE)]
        with engine.begin() as connection:
            connection.execute(
                insert(BEHOERDE), [{**row, **flags, "name": "Polizei", "rolle": "sicherheit"} for row in rows]
            )
        yield engine


@pytest.fixture
def leser(schreibend: Engine) -> SqlLeser:
    return SqlLeser(schreibend)


@pytest.fixture
def v(schreibend: Engine) -> Verwaltung:
    return Verwaltung(schreibend, "shell:root", uhr=lambda: JETZT)


def test_a_reader_reads_what_he_was_given_and_no_more(leser: SqlLeser, v: Verwaltung) -> None:
    fuege_hinzu(v, "anna", "")
    fuege_hinzu(v, "kommissar", POLIZEI)
    assert leser.mandanten("anna") == {""}
    assert leser.mandanten("kommissar") == {POLIZEI}
    assert leser.mandanten("otto") == frozenset()
    entferne(v, "anna", "")
    assert leser.mandanten("anna") == frozenset()
    with pytest.raises(BehoerdenError, match="no reader"):
        entferne(v, "anna", "")


def test_only_an_authority_that_has_commissioned_its_protokoll_has_readers_of_it(
    leser: SqlLeser, v: Verwaltung
) -> None:
    for kennung in (STILLE, "dbs:000000000000"):
        with pytest.raises(BehoerdenError, match="has not commissioned"):
            fuege_hinzu(v, "kommissar", kennung)
    with pytest.raises(BehoerdenError, match="name of a reader"):
        fuege_hinzu(v, "A b", "")


def test_a_request_is_confirmed_by_another_reader_and_holds_for_a_day(leser: SqlLeser, v: Verwaltung) -> None:
    fuege_hinzu(v, "anna", "")
    fuege_hinzu(v, "berta", "")
    fuege_hinzu(v, "kommissar", POLIZEI)
    antrag = beantrage(v, GRUND)
    assert leser.bestaetigt_von(antrag, GRUND, JETZT) is None
    with pytest.raises(BehoerdenError, match="another one"):
        bestaetige(v, antrag, "anna")
    with pytest.raises(BehoerdenError, match="no reader"):
        bestaetige(v, antrag, "kommissar")
    bestaetige(v, antrag, "berta")
    assert leser.bestaetigt_von(antrag, GRUND, JETZT + timedelta(hours=23)) == "berta"
    assert leser.bestaetigt_von(antrag, GRUND, JETZT + timedelta(hours=25)) is None
    assert leser.bestaetigt_von(antrag, GRUND, JETZT - timedelta(hours=1)) is None
    assert leser.bestaetigt_von(antrag, Einsichtsgrund("anna", "", Zweck.BETRIEB, "3 Js 7/26"), JETZT) is None
    with pytest.raises(BehoerdenError, match="no request"):
        bestaetige(v, antrag, "berta")
    assert [one.bestaetigt_von for one in leser.antraege()] == ["berta"]


def test_the_word_of_one_who_is_no_reader_any_more_confirms_nothing(leser: SqlLeser, v: Verwaltung) -> None:
    for wer in ("anna", "otto"):
        fuege_hinzu(v, wer, "")
    antrag = beantrage(v, GRUND)
    bestaetige(v, antrag, "otto")
    assert leser.bestaetigt_von(antrag, GRUND, JETZT) == "otto"
    entferne(v, "otto", "")
    assert leser.bestaetigt_von(antrag, GRUND, JETZT) is None


def test_nobody_requests_what_he_could_not_read(leser: SqlLeser, v: Verwaltung) -> None:
    with pytest.raises(BehoerdenError, match="no reader"):
        beantrage(v, GRUND)


def test_who_became_a_reader_and_who_confirmed_is_on_record(schreibend: Engine, v: Verwaltung) -> None:
    fuege_hinzu(v, "anna", "")
    fuege_hinzu(v, "berta", "")
    bestaetige(v, beantrage(v, GRUND), "berta")
    entferne(v, "anna", "")
    assert [(row["was"], row["wer"]) for row in verlauf(schreibend)] == [
        (was, "shell:root") for was in ("entfernen", "bestaetigen", "beantragen", "anlegen", "anlegen")
    ]
