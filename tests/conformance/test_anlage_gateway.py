"""The 102 Personensuche rows of the Anlage of BMeldDAV hold through the whole gateway: signed request, signed answer.

The mirror holds each row's person in a municipality of its own; on each database.
"""

from collections.abc import Iterator

import pytest

from gateway.conformance.anlage import Suche, Zeile, auswahldaten_zu, datensatz_zu, zeilen
from tests.betrieb import Betrieb, betrieb, outcome
from tests.databases import KINDS, fresh_database

ZEILEN = [zeile for zeile in zeilen() if zeile.suche is Suche.PERSONENSUCHE]


@pytest.fixture(scope="module", params=KINDS)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Betrieb]:
    folder = tmp_path_factory.mktemp("anlage")
    with fresh_database(request.param, folder) as url:
        one = betrieb(folder / "instance", database=url)
        one.lade([datensatz_zu(zeile) for zeile in ZEILEN])
        yield one
        one.close()


@pytest.mark.parametrize("zeile", ZEILEN, ids=str)
def test_the_rows_verdict_is_the_answer(house: Betrieb, zeile: Zeile) -> None:
    auswahl = auswahldaten_zu(zeile)
    answer = house.send(house.frage(leser=f"ags:{zeile.ags}", auswahldaten=auswahl))
    if zeile.enthalten:
        assert outcome(answer) == "01"
        assert answer.findtext(".//{*}nachname/name") == datensatz_zu(zeile)["familienname"]
    else:  # a street that the municipality does not have is refused, not answered (Anlage Nr. 4 f)
        assert outcome(answer) == ("R 02" if zeile.dsmeld == "1205" else "03")
