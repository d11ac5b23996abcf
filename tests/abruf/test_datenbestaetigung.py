"""§ 39a BMG through the whole exchange: confirmed, several, and one answer for absent, blocked and different."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from lxml import etree

from gateway.envelope.client import SoapFault
from gateway.meldewesen.anfrage import Anschriftdaten, Auswahldaten, Bestaetigungsdaten
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.werte import Teildatum
from gateway.xmeld.anfragen import Bestaetigungsfrage, Fragenschreiber, Fragesteller
from tests.betrieb import AMT, GEMEINDE, POLIZEI, Betrieb, betrieb, register_authority
from tests.spiegel.personen import datensatz, sperre, wohnung

AUFTRAG = "dbs:090030990000"


@pytest.fixture(scope="module")
def off(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Betrieb]:
    one = betrieb(tmp_path_factory.mktemp("aus") / "instance")
    yield one
    one.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Betrieb]:
    one = betrieb(tmp_path_factory.mktemp("an") / "instance", datenbestaetigung=True)
    register_authority(one, Behoerde(AUFTRAG, "Landespolizei", Rolle.SICHERHEIT, protokoll_beauftragt=True))
    one.lade(
        [
            datensatz("1", GEMEINDE, doktorgrad="Dr."),
            *(datensatz(f"Z{n}", GEMEINDE, familienname="Zwilling", geburtsort="Jena") for n in (1, 2)),
            datensatz("D", GEMEINDE, familienname="Drilling", geburtsort="Jena"),
            datensatz("E", GEMEINDE, familienname="Drilling", geburtsort="Gera"),
            datensatz("G", GEMEINDE, familienname="Geheim", **sperre("3")),
            datensatz("T", GEMEINDE, familienname="Lange Tot", sterbedatum="2010-01-02", doktorgrad="Dr.",
                      verringerter_datenumfang=True),
            datensatz("A", GEMEINDE, familienname="Anschrift", wohnungen=[
                wohnung(GEMEINDE, strasse="Altweg", aktuell=False), wohnung(GEMEINDE, strasse="Lange Straße"),
            ]),
            *(datensatz(f"V{number}", GEMEINDE, familienname="Viel") for number in range(1001)),
        ]
    )  # fmt: skip
    yield one
    one.close()


def frage(house: Betrieb, wer: str = AMT, *, sicherheit: bool = False, daten: dict[str, Any], **felder: Any) -> bytes:
    auswahl = {"familienname": "Musterfrau", "vornamen": "Erika", "geschlecht": "w"} | felder
    steller = Fragesteller(wer, "Prüfstelle", sicherheit)
    asked = Bestaetigungsfrage(f"ags:{GEMEINDE}", Auswahldaten(GEMEINDE, **auswahl), Bestaetigungsdaten(**daten))
    fassung = house.gateway.fassungen["datenbestaetigung-1"]
    schreiber = Fragenschreiber(fassung.pack, fassung.mapping)
    return schreiber.datenbestaetigung(steller, asked, house.gateway.now(), str(uuid4()))


def ask(house: Betrieb, wer: str = AMT, **felder: Any) -> str:
    answer = house.send(frage(house, wer, **felder), wer)
    if isinstance(answer, SoapFault):
        return f"fault {answer.code}"
    if codes := [code.text for code in answer.iterfind(".//{*}grundDerRueckweisung/code")]:
        return " ".join(("R", *map(str, codes)))
    return answer.findtext(".//{*}ergebnis/code") or ""


FAELLE: list[tuple[str, dict[str, Any]]] = [
    ("bestaetigt", {"daten": {"doktorgrad": "dr."}}),
    ("bestaetigt", {"daten": {"familienname": "MUSTERFRAU", "geburtsdatum": Teildatum("1964-08-12")}}),
    ("nicht_bestaetigt", {"daten": {"doktorgrad": "Prof."}}),
    ("nicht_bestaetigt", {"daten": {"doktorgrad": "Dr.", "geburtsort": "Gera"}}),
    ("nicht_bestaetigt", {"daten": {"doktorgrad": "Dr."}, "familienname": "Niemand"}),
    ("nicht_bestaetigt", {"daten": {"geburtsort": "Hannover"}, "familienname": "Geheim"}),
    ("mehrere", {"daten": {"geburtsort": "Jena"}, "familienname": "Zwilling"}),
    ("nicht_bestaetigt", {"daten": {"geburtsort": "Gera"}, "familienname": "Zwilling"}),
    ("bestaetigt", {"daten": {"geburtsort": "Gera"}, "familienname": "Drilling"}),
    ("bestaetigt", {"daten": {"anschrift": Anschriftdaten(GEMEINDE, strasse="Lange Str.")},
                    "familienname": "Anschrift"}),
    ("nicht_bestaetigt", {"daten": {"anschrift": Anschriftdaten(GEMEINDE, strasse="Altweg")},
                          "familienname": "Anschrift"}),
    ("bestaetigt", {"daten": {"sterbedatum": "2010-01-02"}, "familienname": "Lange Tot"}),
    ("nicht_bestaetigt", {"daten": {"doktorgrad": "Dr."}, "familienname": "Lange Tot"}),  # § 13 (2) BMG
    ("bestaetigt", {"daten": {"anschrift": Anschriftdaten(GEMEINDE, hausnummer="001")}}),
    ("bestaetigt", {"daten": {"geburtsstaat": "000"}}),
    ("nicht_bestaetigt", {"daten": {"geburtsstaat": "129"}}),
    ("R 02", {"daten": {"doktorgrad": "Dr."}, "strasse": "Gibtesnichtgasse"}),
    ("R 03", {"daten": {"doktorgrad": "Dr."}, "sicherheit": True}),
    ("R 12", {"daten": {"doktorgrad": "Dr."}, "familienname": "Viel"}),
    ("R 17", {"daten": {"doktorgrad": "Dr."}, "familienname": "Muster*"}),
    ("R 17", {"daten": {}}),
    ("R 18", {"daten": {"doktorgrad": "Dr."}, "geschlecht": None}),
    ("R 24", {"daten": {"doktorgrad": "Dr."}, "azr_nummer": "123456789012"}),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "felder"), FAELLE)
def test_the_answer_is_one_word(house: Betrieb, expected: str, felder: dict[str, Any]) -> None:
    assert ask(house, **felder) == expected


@pytest.mark.parametrize(
    ("name", "treffer"),
    [("Musterfrau", {"1": False}), ("Drilling", {"D": False, "E": True}), ("Niemand", {}), ("Geheim", {})],
)
def test_whose_data_were_tried_out_is_recorded_and_with_whom_they_agree(
    house: Betrieb, name: str, treffer: dict[str, bool]
) -> None:
    """§ 40 (1) no. 7 BMG: those whom the Auswahldaten lead to."""
    expected = "bestaetigt" if True in treffer.values() else "nicht_bestaetigt"
    assert ask(house, daten={"geburtsort": "Gera"}, familienname=name) == expected
    inhalt = house.inhalt(house.entries(1)[0])
    assert inhalt is not None
    assert {one["ordnungsmerkmal"]: one["bestaetigt"] for one in inhalt["treffer"]} == treffer


def test_absent_blocked_and_different_are_the_same_message(house: Betrieb) -> None:
    """§ 39a (2) S. 3 BMG: byte for byte but for UUIDs and times."""
    answers = set()
    for felder in ({"familienname": "Niemand"}, {"familienname": "Geheim"}, {"familienname": "Musterfrau"}):
        answer = house.send(frage(house, daten={"geburtsort": "Gera"}, **felder))
        answers.add(re.sub(rb"[0-9a-f-]{36}|\d{4}-\d\d-\d\dT[^<]+", b"#", etree.tostring(answer)))
    assert len(answers) == 1


def test_it_is_recorded_who_asked_and_which_data_agreed_with_whom(house: Betrieb) -> None:
    """§ 40 (1) BMG; a Sicherheitsbehörde records itself, § 40 (3)."""
    ask(house, daten={"doktorgrad": "Dr.", "geschlecht": "w"})
    entry = house.entries(1)[0]
    assert (entry.nachrichtentyp, entry.codes, entry.treffer) == ("9910", ("bestaetigt",), 1)
    inhalt = house.inhalt(entry) or {}
    assert inhalt["zu_bestaetigen"] == ["doktorgrad", "geschlecht"]
    assert inhalt["treffer"] == [{"ags": GEMEINDE, "ordnungsmerkmal": "1", "bestaetigt": True}]
    ask(house, POLIZEI, sicherheit=True, daten={"doktorgrad": "Dr."})
    assert house.inhalt(house.entries(1)[0]) is None
    ask(house, AUFTRAG, sicherheit=True, daten={"doktorgrad": "Dr."})
    assert house.inhalt(house.entries(1)[0]) is not None


def test_one_that_breaks_its_schema_is_a_fault_that_says_where(house: Betrieb) -> None:
    """The standard's 0910 cannot name a message of the house."""
    message = frage(house, daten={"doktorgrad": "Dr."}).replace(b"aktenzeichen>", b"az>")
    answer = house.send(message)
    assert isinstance(answer, SoapFault)
    assert answer.code == "NOT_IDENTIFIABLE"


def test_it_is_off_unless_the_instance_enables_it(house: Betrieb, off: Betrieb) -> None:
    message = frage(house, daten={"doktorgrad": "Dr."})
    answer = off.send(message)
    assert isinstance(answer, SoapFault)
    assert answer.code == "MESSAGE_NOT_ACCEPTED"
    other = replace(house, gateway=replace(house.gateway, dienste=house.gateway.dienste - {"9910"}))
    assert isinstance(other.send(message), SoapFault)
