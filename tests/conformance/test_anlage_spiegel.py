"""The 102 Personensuche rows of the Anlage of BMeldDAV hold at the mirror itself, on each database."""

from collections.abc import Iterator

import pytest

from gateway.conformance.anlage import Suche, Zeile, auswahldaten_zu, datensatz_zu, zeilen
from gateway.meldewesen.suchformen import formen_der_anfrage, mindestangaben_erfuellt
from gateway.spiegel.laden import lade
from gateway.spiegel.suche import SqlSpiegel
from gateway.spiegel.tabellen import create_schema
from tests.databases import KINDS, fresh_database, opened
from tests.spiegel.personen import SICHT

ZEILEN = [zeile for zeile in zeilen() if zeile.suche is Suche.PERSONENSUCHE]


@pytest.fixture(scope="module", params=KINDS)
def spiegel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlSpiegel]:
    """A mirror with each row's person in a municipality of its own."""
    with fresh_database(request.param, tmp_path_factory.mktemp("anlage")) as url, opened(url) as engine:
        create_schema(engine)
        assert lade(engine, [datensatz_zu(zeile) for zeile in ZEILEN]).personen == len(ZEILEN)
        with opened(url, readonly=True) as reader:
            yield SqlSpiegel(reader)


@pytest.mark.parametrize("zeile", ZEILEN, ids=str)
def test_the_rows_verdict_holds(spiegel: SqlSpiegel, zeile: Zeile) -> None:
    formen = formen_der_anfrage(auswahldaten_zu(zeile))
    assert mindestangaben_erfuellt(formen)
    gefunden = [treffer.datensatz for treffer in spiegel.suche(formen, SICHT, 1000)]
    assert gefunden == ([datensatz_zu(zeile)] if zeile.enthalten else [])


@pytest.mark.parametrize("zeile", [zeile for zeile in ZEILEN if zeile.dsmeld == "1205"], ids=str)
def test_the_rows_street_is_known_exactly_where_its_verdict_is_yes(spiegel: SqlSpiegel, zeile: Zeile) -> None:
    assert spiegel.kennt_strasse(formen_der_anfrage(auswahldaten_zu(zeile)), SICHT) is zeile.enthalten
