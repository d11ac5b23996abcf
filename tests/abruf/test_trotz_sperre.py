"""§ 34a (6) BMG: who gets an Auskunft in spite of a block, and about whom."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gateway.abruf import personensuche
from gateway.behoerden import stamm
from gateway.meldewesen.behoerde import Behoerde, Rolle
from tests.betrieb import GEMEINDE, ZENTRALE, Betrieb, betrieb, outcome, register_authority
from tests.spiegel.personen import datensatz, sperre, wohnung

KRIPO, LEITUNG, SACHBEARBEITUNG = "dbs:090030990001", "leitung-01", "sb-17"
GEWOEHNLICH = "dbs:090030990002"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Betrieb]:
    one = betrieb(tmp_path_factory.mktemp("trotz") / "instance")
    register_authority(
        one,
        Behoerde(KRIPO, "Kripo", Rolle.SICHERHEIT, nummer=1, trotz_sperre=True, ermaechtigte=frozenset({LEITUNG})),
    )
    register_authority(one, Behoerde(GEWOEHNLICH, "Polizei", Rolle.SICHERHEIT, nummer=1))
    one.lade(
        [
            *(datensatz(f"S{grund}", GEMEINDE, familienname=name, **sperre(grund)) for grund, name in NAMEN.items()),
            datensatz("V", GEMEINDE, familienname="Veranlasst", **sperre("3", veranlasst_durch=KRIPO)),
            datensatz("FH", GEMEINDE, familienname="Allein", wohnungen=[wohnung(GEMEINDE, strasse="Frauenhausgasse")],
                      **sperre("3", veranlasst_durch=GEWOEHNLICH)),
            datensatz("EW", GEMEINDE, familienname="Einsam", wohnungen=[wohnung(GEMEINDE, strasse="Einödweg")],
                      **sperre("3")),
            datensatz("H1", GEMEINDE, familienname="Halb"),
            datensatz("H2", GEMEINDE, familienname="Halb", vornamen="Erika Anna", **sperre("3")),
        ]
    )  # fmt: skip
    yield one
    one.close()


#: The one person of each reason for a block.
NAMEN = {"1": "Sperreeins", "3": "Sperredrei", "6": "Sperresechs", "11": "Sperreelf", "12": "Sperrezwoelf"}


def ask(house: Betrieb, name: str, benutzer: str = LEITUNG, wer: str = KRIPO, **felder: object) -> str:
    query = {"familienname": name, "geschlecht": "w", "sicherheit": True, "benutzer": benutzer} | felder
    return house.ask(wer, **query)


@pytest.mark.parametrize("grund", ["1", "3", "6", "12"])
def test_an_empowered_user_gets_the_data_of_a_blocked_person(house: Betrieb, grund: str) -> None:
    assert ask(house, NAMEN[grund]) == "01"


@pytest.mark.parametrize("grund", NAMEN)
def test_another_user_of_the_same_authority_gets_the_neutral_answer(house: Betrieb, grund: str) -> None:
    assert ask(house, NAMEN[grund], SACHBEARBEITUNG) == "03"


@pytest.mark.parametrize("name", ["Sperreelf", "Veranlasst"])
def test_a_block_that_a_body_of_section_34_5_had_set_holds_for_the_empowered_too(house: Betrieb, name: str) -> None:
    assert ask(house, name) == "03"


def test_one_who_asks_as_a_simple_authority_is_not_empowered(house: Betrieb) -> None:
    assert ask(house, "Sperredrei", sicherheit=False) == "03"


def test_a_user_of_that_name_elsewhere_is_not_empowered(house: Betrieb) -> None:
    assert ask(house, "Sperredrei", wer=GEWOEHNLICH) == "03"
    assert ask(house, "Sperredrei", wer=ZENTRALE) == "03"


def test_a_list_tells_of_no_blocked_person_to_anybody(house: Betrieb) -> None:
    """§ 6 (2) BMeldDAV: of several, only those that everybody sees."""
    assert ask(house, "Halb") == "01"
    assert ask(house, "Halb", vornamen="Anna") == "01"  # the blocked one alone
    answer = house.send(
        house.frage(KRIPO, sicherheit=True, benutzer=LEITUNG, familienname="Halb", geschlecht="w"), KRIPO
    )
    assert outcome(answer) == "01"
    assert answer.findtext(".//{*}vornamen/{*}vornamen/name") == "Erika"


@pytest.mark.parametrize(
    ("strasse", "expected"), [("Einödweg", "01"), ("Frauenhausgasse", "R 02"), ("Nirgends", "R 02")]
)
def test_no_street_tells_the_empowered_of_those_whom_they_may_not_see_either(
    house: Betrieb, strasse: str, expected: str
) -> None:
    assert ask(house, "Einsam", strasse=strasse) == expected
    assert ask(house, "Einsam", SACHBEARBEITUNG, strasse=strasse) == "R 02"


def test_whom_a_list_does_not_tell_of_does_not_count_towards_its_limit(
    house: Betrieb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personensuche, "MAX_TREFFER", 1)
    assert ask(house, "Halb") == "01"


def test_the_right_ends_when_it_is_taken_back(house: Betrieb) -> None:
    authorities = house.here.authorities()
    other = replace(house, gateway=replace(house.gateway, behoerden=authorities))
    assert ask(other, "Sperredrei") == "01"
    stamm.entmaechtige(authorities.verwaltung, KRIPO, LEITUNG)
    authorities.refresh()
    assert ask(other, "Sperredrei") == "03"
    stamm.ermaechtige(authorities.verwaltung, KRIPO, LEITUNG)
    authorities.refresh()
    assert ask(other, "Sperredrei") == "01"
