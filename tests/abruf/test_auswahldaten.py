"""What Auswahldaten mean where no example of the Anlage says it, through the whole exchange."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.meldewesen.werte import NICHT_VORHANDEN, Teildatum
from tests.betrieb import AMT, GEMEINDE, Betrieb, betrieb, outcome
from tests.spiegel.personen import datensatz

#: Anonymous by law, and somebody of the same family name who has one.
NAMENLOS = {"familienname": "Einzig", "geschlecht": "w"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Betrieb]:
    one = betrieb(tmp_path_factory.mktemp("auswahl") / "instance")
    one.lade(
        [
            datensatz("N1", GEMEINDE, familienname="Einzig", vornamen=NICHT_VORHANDEN),
            datensatz("N2", GEMEINDE, familienname="Einzig", vornamen="Eva"),
            datensatz("D1", GEMEINDE, familienname="Tag", geburtsdatum="1964-08-12",
                      fruehere_geburtsdaten=["1960-00-00", "1964-07-00", "0000-00-00"]),
            datensatz("D2", GEMEINDE, familienname="Monat", geburtsdatum="1964-08-00"),
            datensatz("D3", GEMEINDE, familienname="Jahr", geburtsdatum="1964-00-00"),
            datensatz("D4", GEMEINDE, familienname="Unbekannt", geburtsdatum="0000-00-00"),
            datensatz("UB", GEMEINDE, geburtsort="Nirgendheim", vornamen="bekannt"),
            *(
                datensatz(f"U{name}", GEMEINDE, geburtsort="Nirgendheim", vornamen=name,
                          wohnungen=[{"aktuell": True, "status": "0", "anschrift": {"unbekannt": unbekannt}}])
                for name, unbekannt in (("keiner", {}), ("0", {"sachverhalt": "0"}), ("1", {"sachverhalt": "1"}))
            ),
        ]
    )  # fmt: skip
    yield one
    one.close()


# -- a name that legally does not exist --------------------------------------------------------------------------------


def as_text(nachricht: bytes) -> bytes:
    """The register's sign in the place of a name, instead of the standard's word for it."""
    changed = nachricht.replace(b"<nichtVorhanden>true</nichtVorhanden>", b"<name>+</name>")
    assert changed != nachricht
    return changed


def test_who_legally_has_no_first_name_is_found_by_the_standards_word_for_it(house: Betrieb) -> None:
    assert house.ask(**NAMENLOS, vornamen=NICHT_VORHANDEN) == "01"
    assert house.ask(**NAMENLOS, vornamen=NICHT_VORHANDEN, phonetik=True) == "01"
    assert anzahl(house, **NAMENLOS, vornamen=NICHT_VORHANDEN) == 1


def test_the_registers_sign_as_a_text_is_a_name_without_letters_and_so_not_given(house: Betrieb) -> None:
    """Anlage Nr. 4 a aa and 6 a aa S. 3 BMeldDAV; XMeld: to be said by the flag nichtVorhanden."""
    namenlos = {**NAMENLOS, "vornamen": NICHT_VORHANDEN}
    assert outcome(house.send(as_text(house.frage(**namenlos)))) == "R 18"
    answer = house.send(as_text(house.freie_frage(**namenlos)))
    assert len(answer.findall(".//{*}person")) == 2, "by the family name alone, as if no first name were given"


def test_there_is_no_word_for_a_religious_or_stage_name_that_does_not_exist(house: Betrieb) -> None:
    assert house.ask(ordens_oder_kuenstlername="+", familienname=None, vornamen=None, geschlecht="w") == "R 18"
    assert anzahl(house, ordens_oder_kuenstlername="+", familienname="Einzig") == 2


# -- wildcards ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("felder", "expected"),
    [
        ({"strasse": "Prüf*"}, "04"),
        ({"strasse": "Prüf*", "phonetik": True}, "R 15"),
        ({"strasse": "Prüfwe?", "phonetik": True}, "R 15"),
        ({"strasse": "*weg", "phonetik": True}, "R 15 17"),
        ({"geburtsort": "Hann*", "phonetik": True}, "R 15 17"),
        ({"strasse": "Prüfweg", "phonetik": True}, "04"),
    ],
)
def test_with_phonetics_no_wildcard_is_allowed_anywhere_in_the_query(
    house: Betrieb, felder: dict[str, Any], expected: str
) -> None:
    """§ 7 (3) S. 3 BMeldDAV, ground 15: "In der Suchanfrage … dürfen keine Platzhalter verwendet werden"."""
    assert house.ask_frei(familienname="Einzig", **felder) == expected


# -- days of birth -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "gefunden", "nicht"),
    [
        ("Tag", ["1964-08-12", "1960-00-00", "1964-07-00", "0000-00-00"], ["1964-08-00", "1964-00-00", "1960-01-01"]),
        ("Monat", ["1964-08-00"], ["1964-08-12", "1964-08-01", "1964-00-00", "0000-00-00"]),
        ("Jahr", ["1964-00-00"], ["1964-08-12", "1964-01-01", "1964-01-00", "0000-00-00"]),
        ("Unbekannt", ["0000-00-00"], ["1964-00-00", "1964-08-12"]),
    ],
)
def test_a_day_of_birth_finds_exactly_itself_in_every_period(
    house: Betrieb, name: str, gefunden: list[str], nicht: list[str]
) -> None:
    """Anlage Nr. 4 h, 6 e and f BMeldDAV, also of dates known in part, also of earlier ones."""
    for tage, expected, frei in ((gefunden, "01", "04"), (nicht, "03", "03")):
        for tag in map(Teildatum, tage):
            assert house.ask(familienname=name, geburtsdatum=tag) == expected, tag
            assert house.ask_frei(familienname=name, geburtsdatum=tag) == frei, tag


@pytest.mark.parametrize(
    ("name", "von", "bis", "gefunden"),
    [
        ("Tag", "1964-08-12", "1964-08-13", True),
        ("Tag", "1959-06-01", "1960-01-01", True),  # an earlier one, of which the year is known: its first day
        ("Tag", "1960-01-02", "1964-06-30", False),
        ("Tag", "1964-06-30", "1964-07-01", True),  # an earlier one, of which the month is known
        ("Tag", "1964-07-02", "1964-08-11", False),  # between an earlier one and the present one: neither is in it
        ("Tag", "1964-08-13", "2000-01-01", False),
        ("Monat", "1964-07-31", "1964-08-01", True),
        ("Monat", "1964-08-02", "1964-08-31", False),
        ("Jahr", "1963-12-31", "1964-01-01", True),
        ("Jahr", "1964-01-02", "1964-12-31", False),
        ("Unbekannt", "0001-01-01", "9999-12-31", False),
    ],
)
def test_a_range_of_births_finds_whoever_has_one_period_in_it(
    house: Betrieb, name: str, von: str, bis: str, gefunden: bool
) -> None:
    """Anlage Nr. 6 f and g BMeldDAV; XMeld: all periods are used for a Geburtszeitraum as well."""
    assert house.ask_frei(familienname=name, geburt_von=von, geburt_bis=bis) == ("04" if gefunden else "03")


# -- an address that is not known --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sachverhalt", "gefunden"), [("", {"0", "1", "keiner"}), ("0", {"0"}), ("1", {"1"}), ("2", set())]
)
def test_that_an_address_is_unknown_is_searched_with_whatever_the_circumstance(
    house: Betrieb, sachverhalt: str, gefunden: set[str]
) -> None:
    """§ 7 (1) no. 9, (6) S. 1 BMeldDAV: 1200 without its circumstance is an Auswahldatum too, and none is left out."""
    answer = house.send(house.freie_frage(geburtsort="Nirgendheim", unbekannt=sachverhalt, anforderungselemente=("6",)))
    assert {one.text for one in answer.iterfind(".//{*}vornamen/{*}vornamen/name")} == gefunden
    assert house.ask_frei(unbekannt=sachverhalt) == ("04" if gefunden else "03"), "whoever it is"


def anzahl(house: Betrieb, **felder: Any) -> int:
    """How many persons a freie Suche tells of."""
    return len(house.send(house.freie_frage(AMT, **felder)).findall(".//{*}person"))
