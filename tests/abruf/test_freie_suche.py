"""The freie Suche through the whole exchange: its grounds of Rueckweisung, its list, what is recorded of it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from gateway.errors import StoreError
from gateway.meldewesen.anfrage import KEINE_ANGABE, Suchbereich
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.reichweite import Offen, Reichweite
from gateway.meldewesen.werte import Gemeindeschluessel
from tests.betrieb import AMT, GEMEINDE, POLIZEI, Betrieb, betrieb, outcome, register_authority
from tests.spiegel.personen import datensatz, sperre, wohnung
from tests.test_exchange import BrokenSpiegel

FIU, AUFTRAG, BUND = "dbs:490090060000", "dbs:090030990000", "dbs:170010990000"
NACHBARN = Gemeindeschluessel("09162000")
LISTE = {"familienname": "Zwilling"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Betrieb]:
    one = betrieb(tmp_path_factory.mktemp("frei") / "instance")
    for behoerde in (
        Behoerde(FIU, "Zentralstelle", Rolle.FIU),
        Behoerde(AUFTRAG, "Landespolizei", Rolle.SICHERHEIT, protokoll_beauftragt=True),
        Behoerde(BUND, "Bundesamt", Rolle.EINFACH),
    ):
        register_authority(one, behoerde)
    one.lade(
        [
            datensatz("1", GEMEINDE, waffenbesitzverbote=[{"erlassen": "2020-01-02"}]),
            datensatz("Z1", GEMEINDE, familienname="Zwilling", vornamen="Kaja"),
            datensatz("Z2", NACHBARN, familienname="Zwilling", vornamen="Runa"),
            datensatz("Z3", GEMEINDE, familienname="Zwilling", vornamen="Gesperrt", **sperre("3")),
            datensatz("S1", GEMEINDE, familienname="Geheim", **sperre("11")),
            *(datensatz(f"V{number}", GEMEINDE, familienname="Viel") for number in range(1001)),
            *(datensatz(f"VS{number}", GEMEINDE, familienname="Tausend", **sperre("1")) for number in range(20)),
            *(datensatz(f"T{number}", GEMEINDE, familienname="Tausend") for number in range(1000)),
        ]
    )
    yield one
    one.close()


STRASSE = {"strasse": "Prüfweg"}
NAME = {"familienname": "Musterfrau"}

GRUENDE: list[tuple[str, str, dict[str, Any]]] = [
    ("R 03", AMT, {**NAME, "sicherheit": True}),
    ("R 04", AMT, {**NAME, "waffenrechtliche_erlaubnis": True}),
    ("R 05", AMT, {**NAME, "waffenbesitzverbot": True}),
    ("R 06", AMT, {**NAME, "sprengstoffrechtliche_erlaubnis": True}),
    ("R 04 05 06", FIU, {"waffenrechtliche_erlaubnis": True, "waffenbesitzverbot": True,
                         "sprengstoffrechtliche_erlaubnis": True, "sicherheit": True}),
    ("R 07", AMT, {**NAME, "anforderungselemente": ("29",)}),
    ("R 09", AMT, {**NAME, "anforderungselemente": ("42",)}),
    ("R 09", FIU, {**NAME, "anforderungselemente": ("44",), "sicherheit": True}),
    ("R 10", AMT, {**NAME, "anforderungselemente": ("45",)}),
    ("R 11", AMT, {**NAME, "anforderungselemente": ("28",)}),
    ("R 11", FIU, {**NAME, "anforderungselemente": ("28",), "sicherheit": True}),
    ("R 13", AMT, {"familienname": "Viel"}),
    ("R 13", AMT, {}),  # whoever lives there
    ("R 13", AMT, {"familienname": "!!!"}),  # nothing is left of it
    ("R 15", AMT, {"familienname": "Muster*", "phonetik": True}),
    ("R 17", AMT, {"familienname": "*frau"}),
    ("R 17", AMT, {"familienname": "**"}),
    ("R 17", AMT, {"familienname": "-*"}),
    ("R 17", AMT, {"familienname": "Musterfrau ?"}),
    ("R 17", AMT, {"strasse": "?weg"}),
    ("R 17", AMT, {"geburtsort": "Han*"}),
    ("R 17", AMT, {"hausnummer_von": "1a", "hausnummer_bis": "9", **STRASSE}),
    ("R 17", AMT, {**NAME, "anlass": "x" * 121}),
    ("R 19", AMT, {"hausnummer_von": "12", "hausnummer_bis": "3", **STRASSE}),
    ("R 19", AMT, {"hausnummer_von": "12", "hausnummer_bis": "12", **STRASSE}),
    ("R 19", AMT, {"hausnummer_von": "9" * 5000, "hausnummer_bis": "3", **STRASSE}),
    ("R 19", AMT, {"hausnummer_von": "0" * 5000 + "12", "hausnummer_bis": "3", **STRASSE}),
    ("R 20", AMT, {"geburt_von": "1990-01-01", "geburt_bis": "1990-01-01"}),
    ("R 20", AMT, {"geburt_von": "1990-01-02", "geburt_bis": "1989-12-31"}),
    ("R 21", AMT, {**NAME, "anschrift_aktualitaet": "01", "postleitzahl": "30159"}),
    ("R 21", AMT, {**NAME, "anschrift_aktualitaet": "02", "strasse": "123"}),
    ("R 22", AMT, {**NAME, "suchbereich": Suchbereich("03")}),
    ("R 22", AMT, {**NAME, "suchbereich": Suchbereich("03241001")}),
    ("R 03 04 07 11 15 17 19 20 21 22", AMT, {
        "sicherheit": True, "waffenrechtliche_erlaubnis": True, "anforderungselemente": ("28", "30"),
        "phonetik": True, "familienname": "*", "hausnummer_von": "2", "hausnummer_bis": "1",
        "anschrift_aktualitaet": "01",
        "geburt_von": "2000-01-02", "geburt_bis": "2000-01-01", "suchbereich": Suchbereich("16")}),
    # nobody is refused what he may have
    ("04", POLIZEI, {**NAME, "sicherheit": True, "waffenbesitzverbot": True,
                     "anforderungselemente": ("1", "28", "29", "42", "43", "44", "45", "46")}),
    ("R 05", POLIZEI, {**NAME, "waffenbesitzverbot": True}),  # asks as a simple authority
    ("04", FIU, {**NAME, "sicherheit": True, "anforderungselemente": ("1", "30", "45")}),
    ("04", AMT, {"familienname": "Muster*", "vornamen": "E?ika"}),
    ("04", AMT, {"familienname": "musterFRAU", "suchbereich": Suchbereich("09")}),
    ("04", AMT, {**NAME, "suchbereich": Suchbereich("090")}),
    ("04", AMT, {**NAME, "suchbereich": Suchbereich("09000")}),
    ("04", AMT, {**NAME, "suchbereich": Suchbereich("09"), "leser": "ags:09000000"}),
    ("04", AMT, {**NAME, **STRASSE, "anschrift_aktualitaet": "01"}),
    ("03", AMT, {**NAME, **STRASSE, "anschrift_aktualitaet": "02"}),
    ("04", AMT, {**NAME, "hausnummer_von": "1", "hausnummer_bis": "3"}),
    ("04", AMT, {**NAME, "geburt_von": "1964-08-12", "geburt_bis": "1964-08-13"}),
    ("04", AMT, {**NAME, "geburtsstaat": KEINE_ANGABE}),
    ("04", AMT, {**NAME, "aktualitaet": "01"}),
    ("03", AMT, {**NAME, "aktualitaet": "02"}),
    ("03", AMT, {**NAME, "suchbereich": Suchbereich("09162")}),
    ("04", AMT, {"familienname": "Tausend"}),  # the blocked do not count towards the thousand
    ("03", AMT, {"familienname": "Geheim"}),
    ("0910 T080", AMT, {**NAME, "leser": "ags:03241001"}),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "wer", "felder"), GRUENDE)
def test_each_ground_of_rueckweisung_is_given_exactly_when_it_applies(
    house: Betrieb, expected: str, wer: str, felder: dict[str, Any]
) -> None:
    assert house.ask_frei(wer, **felder) == expected


ERWEITERUNG = b"</xmeld:steuerungsinformationen><xmeld:landesspezifischeErweiterungen/>"


def test_landesspezifische_erweiterungen_are_refused_here_as_in_the_personensuche(house: Betrieb) -> None:
    for wer, expected in ((POLIZEI, "R 23"), (AMT, "R 17")):
        nachricht = house.freie_frage(wer, **NAME).replace(b"</xmeld:steuerungsinformationen>", ERWEITERUNG)
        assert outcome(house.send(nachricht, wer)) == expected


@pytest.mark.parametrize("code", ["", " ", "*", "-"])
@pytest.mark.parametrize(
    "feld", ["geschlecht", "staatsangehoerigkeit", "familienstand_staat", "auslandsanschrift_staat"]
)
def test_a_code_that_is_of_no_list_goes_back_and_widens_nothing(house: Betrieb, feld: str, code: str) -> None:
    """§ 7 (6) S. 1 BMeldDAV: all Auswahldaten are used."""
    nachricht = house.freie_frage(**NAME, **{feld: "7q7"})
    assert outcome(house.send(nachricht)) in ("03", "0910 X001")  # a code, and of the register nobody's
    assert outcome(house.send(_anew(nachricht.replace(b"7q7", code.encode())))) in ("0910 X011", "0910 X001")


def _anew(nachricht: bytes) -> bytes:
    """With a UUID of its own."""
    return re.sub(rb"(nachrichtenUUID>)[^<]+", rb"\g<1>" + str(uuid4()).encode(), nachricht)


def test_a_mirror_that_is_not_at_hand_is_16(house: Betrieb) -> None:
    other = replace(house, gateway=replace(house.gateway, spiegel=BrokenSpiegel(StoreError("gone"))))
    assert other.ask_frei(**NAME) == "R 16"


def test_what_a_land_does_not_offer_is_22_with_a_sentence(house: Betrieb) -> None:
    reichweite = Reichweite("09", {"gemeinde": Offen.ALLE, "kreis": Offen.NICHT_FREMDE, "land": Offen.SICHERHEIT})
    other = replace(house, gateway=replace(house.gateway, reichweiten={reichweite.land: reichweite}))
    for wer, schluessel, sicherheit, expected in (
        (AMT, "09", False, "R 17 22"),
        (POLIZEI, "09", True, "04"),
        (POLIZEI, "09", False, "R 17 22"),
        (AMT, "09000", False, "04"),
        (POLIZEI, "09000", True, "R 17 22"),  # of another Land
        (BUND, "09000", False, "04"),  # of no Land
        (AMT, "090", False, "R 17 22"),  # not offered
        (POLIZEI, GEMEINDE, False, "04"),
    ):
        bereich = Suchbereich(schluessel)
        assert other.ask_frei(wer, **NAME, suchbereich=bereich, sicherheit=sicherheit) == expected, (wer, schluessel)
    answer = other.send(other.freie_frage(**NAME, suchbereich=Suchbereich("09")))
    assert "je Gemeinde" in (answer.findtext(".//{*}freitext") or "")


def test_a_list_has_a_merkmal_for_each_of_several_persons_and_none_for_one(house: Betrieb) -> None:
    several = house.send(house.freie_frage(**LISTE, suchbereich=Suchbereich("09"), anforderungselemente=("6",)))
    assert outcome(several) == "04"
    assert sorted(name.text or "" for name in several.iterfind(".//{*}vornamen/{*}vornamen/name")) == ["Kaja", "Runa"]
    assert len({merkmal.text for merkmal in several.iterfind(".//{*}identifikationsmerkmal")}) == 2
    one = house.send(house.freie_frage(**LISTE))
    assert outcome(one) == "04"
    assert one.findtext(".//{*}identifikationsmerkmal") is None


def test_a_follow_up_by_the_merkmal_of_a_list_finds_its_person_in_whatever_municipality(house: Betrieb) -> None:
    answer = house.send(house.freie_frage(**LISTE, suchbereich=Suchbereich("09"), anforderungselemente=("6",)))
    for person in answer.iterfind(".//{*}person"):
        merkmal = person.findtext("{*}identifikationsmerkmal")
        for leser in (GEMEINDE, NACHBARN):
            found = house.send(house.frage(identifikationsmerkmal=merkmal, leser=f"ags:{leser}"))
            assert outcome(found) == "01"
            vorname = ".//{*}vornamen/{*}vornamen/name"
            assert found.findtext(vorname) == person.findtext(vorname)
        assert house.ask(POLIZEI, identifikationsmerkmal=merkmal) == "R 01"


def test_the_protokoll_has_auswahldaten_and_ergebnisse(house: Betrieb) -> None:
    """§ 40 (2) BMG."""
    house.ask_frei(**LISTE, geburtsstaat=KEINE_ANGABE, postleitzahl="30159", suchbereich=Suchbereich("09"))
    inhalt = house.inhalt(house.entries(1)[0])
    assert inhalt is not None
    assert inhalt["auswahldaten"] == {
        "familienname": "Zwilling",
        "wohnung": {"postleitzahl": "30159"},
        "geburtsstaat": "",
        "suchbereich": {"land": "09"},
    }
    assert sorted(one["ordnungsmerkmal"] for one in inhalt["ergebnisse"]) == ["Z1", "Z2"]
    assert all(one["daten"]["familienname"] == "Zwilling" for one in inhalt["ergebnisse"])
    assert "treffer" not in inhalt


def test_a_sicherheitsbehoerde_is_recorded_as_it_has_commissioned(house: Betrieb) -> None:
    """§ 40 (3) BMG."""
    house.ask_frei(POLIZEI, **NAME, sicherheit=True)
    assert house.inhalt(house.entries(1)[0]) is None
    house.ask_frei(AUFTRAG, **NAME, sicherheit=True)
    inhalt = house.inhalt(house.entries(1)[0])
    assert inhalt is not None
    assert inhalt["auswahldaten"]["familienname"] == "Musterfrau"


def test_a_refused_freie_suche_is_recorded_with_what_was_asked(house: Betrieb) -> None:
    house.ask_frei(familienname="*")
    entry = house.entries(1)[0]
    assert (entry.ergebnis, entry.codes, entry.treffer) == ("rueckweisung", ("17",), 0)
    assert (house.inhalt(entry) or {})["auswahldaten"]["familienname"] == "*"


def test_a_freie_suche_tells_of_the_present_dwelling_alone(house: Betrieb) -> None:
    """§ 8 (1) no. 9 BMeldDAV."""
    house.lade(
        [
            datensatz(
                "W",
                GEMEINDE,
                familienname="Umgezogen",
                wohnungen=[wohnung(GEMEINDE, strasse="Altweg", aktuell=False), wohnung(GEMEINDE, strasse="Neuweg")],
            )
        ]
    )
    answer = house.send(house.freie_frage(strasse="Altweg", anforderungselemente=("21",)))
    assert [element.text for element in answer.iterfind(".//{*}strasse")][-1] == "Neuweg"
