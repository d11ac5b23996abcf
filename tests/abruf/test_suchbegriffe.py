"""By what a recorded exchange is found again."""

from collections.abc import Iterator

import pytest

from gateway.abruf.suchbegriffe import freitext, namen, nutzer, person
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.ports import Suchart, Suchbegriff
from gateway.protokoll import Verzeichnis
from tests.betrieb import AMT, GEMEINDE, POLIZEI, Betrieb, betrieb, register_authority
from tests.spiegel.personen import datensatz

GESUCHT = {"familienname": "Ochsenkühn", "vornamen": "Änne Kunigunde", "geburtsdatum": "1964-03-00"}


BEAUFTRAGT = "dbs:090030990003"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Betrieb]:
    one = betrieb(tmp_path_factory.mktemp("suchbegriffe") / "instance")
    register_authority(one, Behoerde(BEAUFTRAGT, "LKA", Rolle.SICHERHEIT, nummer=1, protokoll_beauftragt=True))
    one.lade([datensatz("ZW1", GEMEINDE, familienname="Zwirnemann")])
    yield one
    one.close()


def suche(house: Betrieb, *begriffe: Suchbegriff, mandant: str = "") -> int:
    here = house.here
    found = Verzeichnis(here.protokoll(readonly=True), here.protokollschluessel).suche(begriffe, mandant=mandant)
    return len(list(found))


def test_whom_a_request_names_is_found_by_each_first_name_though_nobody_was_told_of(house: Betrieb) -> None:
    before = suche(house, *namen("Ochsenkuehn", "Kunigunde", "1964-03-00"))
    assert house.ask(**GESUCHT) == "03"
    assert suche(house, *namen("Ochsenkuehn", "Kunigunde", "1964-03-00")) == before + 1
    assert suche(house, *namen("OCHSENKÜHN", "Aenne", "1964-03-00")) == before + 1
    assert suche(house, *namen("Ochsenkühn", "Änne", None)) == 0


def test_whose_record_was_told_of_is_found_by_its_ordnungsmerkmal(house: Betrieb) -> None:
    assert house.ask(familienname="Zwirnemann", geschlecht="w") == "01"
    assert suche(house, person(GEMEINDE, "ZW1")) == 1
    assert suche(house, person(GEMEINDE, "ZW2")) == 0


def test_of_a_security_body_nothing_is_found_but_by_itself_where_it_has_commissioned_the_record(
    house: Betrieb,
) -> None:
    for wer in (POLIZEI, BEAUFTRAGT):
        assert house.ask(wer, sicherheit=True, familienname="Geheim", vornamen="Georg", geschlecht="m") == "03"
        zeile = house.entries(1)[0]
        assert (zeile.behoerde, zeile.hat_inhalt, zeile.mandant) == ((wer, False, ""), (wer, True, wer))[wer != POLIZEI]
    gesucht = namen("Geheim", "Georg", None)
    assert [suche(house, *gesucht, mandant=mandant) for mandant in ("", POLIZEI, BEAUFTRAGT)] == [0, 0, 1]


def test_a_request_that_was_refused_is_found_too(house: Betrieb) -> None:
    assert house.ask(familienname="Niemals", vornamen="Nora") == "R 18"
    assert suche(house, *namen("Niemals", "Nora", None)) == 1


def test_user_file_number_and_reason_are_found_however_they_are_written() -> None:
    assert nutzer(AMT, " Meier  7") == nutzer(AMT, "meier 7")
    assert nutzer(AMT, "meier") != nutzer(POLIZEI, "meier")
    assert freitext(Suchart.ANLASS, "Ordnungs-\u00a0Widrigkeit ") == freitext(Suchart.ANLASS, "ordnungs- widrigkeit")
    assert person("03241001", "1") != person("03241001", "11")


@pytest.mark.parametrize("name", ["Ochs*", "O?hsenkühn", "", None, "123"])
def test_a_name_that_is_none_leads_to_nobody(name: str | None) -> None:
    assert namen(name, "Änne", "1964-03-00") == []
