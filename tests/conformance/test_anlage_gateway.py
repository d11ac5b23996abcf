"""The 249 example rows of the Anlage of BMeldDAV hold through the whole gateway: signed request, signed answer.

The mirror holds each row's person in a municipality of its own; on each database.
"""

from collections.abc import Iterator

import pytest

from gateway.conformance.anlage import Suche, Zeile, auswahldaten_zu, datensatz_zu, freie_auswahl_zu, zeilen
from gateway.meldewesen.anfrage import Suchbereich
from tests.betrieb import Betrieb, betrieb, outcome
from tests.databases import KINDS, fresh_database


@pytest.fixture(scope="module", params=KINDS)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Betrieb]:
    folder = tmp_path_factory.mktemp("anlage")
    with fresh_database(request.param, folder) as url:
        one = betrieb(folder / "instance", database=url)
        one.lade([datensatz_zu(zeile) for zeile in zeilen()])
        yield one
        one.close()


def test_the_ordinance_has_249_rows() -> None:
    assert [zeile.suche for zeile in zeilen()] == [Suche.PERSONENSUCHE] * 102 + [Suche.FREIE_SUCHE] * 147


@pytest.mark.parametrize("zeile", zeilen(), ids=str)
def test_the_rows_verdict_is_the_answer(house: Betrieb, zeile: Zeile) -> None:
    answer = house.send(_request(house, zeile))
    found = "01" if zeile.suche is Suche.PERSONENSUCHE else "04"
    if zeile.enthalten:
        assert outcome(answer) == found
        assert [name.text for name in answer.iterfind(".//{*}nachname/name")] == [datensatz_zu(zeile)["familienname"]]
    else:  # a Personensuche for a street that the municipality does not have is refused (Anlage Nr. 4 f)
        refused = zeile.suche is Suche.PERSONENSUCHE and zeile.dsmeld == "1205"
        assert outcome(answer) == ("R 02" if refused else "03")


def _request(house: Betrieb, zeile: Zeile) -> bytes:
    leser = f"ags:{zeile.ags}"
    if zeile.suche is Suche.PERSONENSUCHE:
        return house.frage(leser=leser, auswahldaten=auswahldaten_zu(zeile))
    auswahl = freie_auswahl_zu(zeile)
    return house.freie_frage(leser=leser, auswahldaten=auswahl, suchbereich=Suchbereich(zeile.ags))
