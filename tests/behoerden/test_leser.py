"""Readers of the Protokoll and four eyes for reading it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from gateway.behoerden.fehler import BehoerdenError
from gateway.behoerden.leser import SqlLeser
from gateway.behoerden.tabellen import BEHOERDE, create_schema
from gateway.meldewesen.zweck import Zweck
from gateway.ports import Einsichtsgrund
from tests.databases import opened

POLIZEI, STILLE = "dbs:060030020000", "dbs:060030020001"
JETZT = datetime(2026, 6, 1, tzinfo=UTC)
GRUND = Einsichtsgrund("anna", "", Zweck.STRAFVERFAHREN, "3 Js 7/26")


@pytest.fixture
def leser(database_url: str) -> Iterator[SqlLeser]:
    with opened(database_url) as engine:
        create_schema(engine)
        flags = dict.fromkeys(("gesperrt", "azr_berechtigt", "zentrale_stelle", "trotz_sperre"), False)
        rows = [{"kennung": kennung, "protokoll_beauftragt": kennung == POLIZEI} for kennung in (POLIZEI, STILLE)]
        with engine.begin() as connection:
            connection.execute(
                insert(BEHOERDE), [{**row, **flags, "name": "Polizei", "rolle": "sicherheit"} for row in rows]
            )
        yield SqlLeser(engine)


def test_a_reader_reads_what_he_was_given_and_no_more(leser: SqlLeser) -> None:
    leser.add("anna", "")
    leser.add("kommissar", POLIZEI)
    assert leser.mandanten("anna") == {""}
    assert leser.mandanten("kommissar") == {POLIZEI}
    assert leser.mandanten("otto") == frozenset()
    leser.remove("anna", "")
    assert leser.mandanten("anna") == frozenset()
    with pytest.raises(BehoerdenError, match="no reader"):
        leser.remove("anna", "")


def test_only_an_authority_that_has_commissioned_its_protokoll_has_readers_of_it(leser: SqlLeser) -> None:
    for kennung in (STILLE, "dbs:000000000000"):
        with pytest.raises(BehoerdenError, match="has not commissioned"):
            leser.add("kommissar", kennung)
    with pytest.raises(BehoerdenError, match="name of a reader"):
        leser.add("A b", "")


def test_a_request_is_confirmed_by_another_reader_and_holds_for_a_day(leser: SqlLeser) -> None:
    leser.add("anna", "")
    leser.add("berta", "")
    leser.add("kommissar", POLIZEI)
    antrag = leser.beantrage(GRUND, JETZT)
    assert leser.bestaetigt_von(antrag, GRUND, JETZT) is None
    with pytest.raises(BehoerdenError, match="another one"):
        leser.bestaetige(antrag, "anna", JETZT)
    with pytest.raises(BehoerdenError, match="no reader"):
        leser.bestaetige(antrag, "kommissar", JETZT)
    leser.bestaetige(antrag, "berta", JETZT)
    assert leser.bestaetigt_von(antrag, GRUND, JETZT + timedelta(hours=23)) == "berta"
    assert leser.bestaetigt_von(antrag, GRUND, JETZT + timedelta(hours=25)) is None
    assert leser.bestaetigt_von(antrag, GRUND, JETZT - timedelta(hours=1)) is None
    assert leser.bestaetigt_von(antrag, Einsichtsgrund("anna", "", Zweck.BETRIEB, "3 Js 7/26"), JETZT) is None
    with pytest.raises(BehoerdenError, match="no request"):
        leser.bestaetige(antrag, "berta", JETZT)
    assert [one.bestaetigt_von for one in leser.antraege()] == ["berta"]


def test_nobody_requests_what_he_could_not_read(leser: SqlLeser) -> None:
    with pytest.raises(BehoerdenError, match="no reader"):
        leser.beantrage(GRUND, JETZT)
