"""From an answer to what follows it: the messages that a request leads to, by whole exchanges and rounds."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from lxml import etree

from gateway.bootstrap import build_gateway, create_databases
from gateway.config import Dienste
from gateway.errors import StoreError
from gateway.meldewesen.anfrage import Auswahldaten, Bestaetigungsdaten, Suchbereich
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.werte import Teildatum
from gateway.nacharbeit.folgerung import UNTERRICHTUNGSPACK
from gateway.ports import Sendung
from gateway.protokoll.tabellen import NACHARBEIT, POSTAUSGANG
from gateway.xmeld.anfragen import Bestaetigungsfrage, Fragenschreiber, Fragesteller
from tests.betrieb import AMT, GEMEINDE, POLIZEI, ZENTRALE, outcome, register_authority
from tests.databases import KINDS, fresh_database
from tests.nacharbeit.haus import LKA, MELDEBEHOERDE, Haus, haus, lauf_of
from tests.spiegel.personen import datensatz, sperre

KRIPO, FIU = "dbs:090030980000", "dbs:490090060000"
BENUTZER = "ma-0815"

AUSSTEUERUNG = ("1322", "aussteuerung", MELDEBEHOERDE)
STELLE, PERSON = ("9920", "stelle", LKA), ("9920", "person", MELDEBEHOERDE)
GEFAEHRDET = {"familienname": "Gefährdet", "geschlecht": "w"}
SELBST = {"familienname": "Selbst", "geschlecht": "w"}


@pytest.fixture(scope="module", params=KINDS)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Haus]:
    folder = tmp_path_factory.mktemp("folgen")
    with (
        fresh_database(request.param, folder) as url,
        haus(folder, database=url if request.param == "postgresql" else "", datenbestaetigung=True) as one,
    ):
        kripo = Behoerde(KRIPO, "Kripo", Rolle.SICHERHEIT, nummer=1, trotz_sperre=True)
        register_authority(one, Behoerde(FIU, "Zentralstelle", Rolle.FIU))
        register_authority(one, replace(kripo, ermaechtigte=frozenset({BENUTZER})))
        yield one


def what(sendungen: list[Sendung]) -> list[tuple[str, str, str]]:
    return sorted((one.nachrichtentyp, one.art, one.empfaenger) for one in sendungen)


def asked(house: Haus, wer: str = AMT, **felder: Any) -> list[tuple[str, str, str]]:
    return what(house.folgt(house.frage(wer, **felder), wer))


FAELLE: list[tuple[str, str, dict[str, Any], list[tuple[str, str, str]]]] = [
    ("found", AMT, {"geschlecht": "w"}, []),
    ("absent", AMT, {"familienname": "Niemand", "geschlecht": "w"}, []),
    ("blocked on her own wish", AMT, SELBST, [AUSSTEUERUNG]),
    ("the same, waived", AMT, {**SELBST, "verzicht_auf_mitteilung": True}, []),
    ("blocked by a body", AMT, GEFAEHRDET, [AUSSTEUERUNG, PERSON, STELLE]),
    ("the same, waived", AMT, {**GEFAEHRDET, "verzicht_auf_mitteilung": True}, [STELLE]),
    ("asked by the police", POLIZEI, {**GEFAEHRDET, "sicherheit": True}, [AUSSTEUERUNG, STELLE]),
    ("asked by the police as a simple authority", POLIZEI, GEFAEHRDET, [AUSSTEUERUNG, STELLE]),
    ("asked by the FIU", FIU, {**GEFAEHRDET, "sicherheit": True}, [AUSSTEUERUNG, PERSON, STELLE]),
    ("passed on for a simple authority", ZENTRALE, GEFAEHRDET, [AUSSTEUERUNG, PERSON, STELLE]),
    ("passed on for a security body", ZENTRALE, {**GEFAEHRDET, "sicherheit": True}, [AUSSTEUERUNG, STELLE]),
    ("by a body that the register does not name", AMT, {**GEFAEHRDET, "familienname": "Namenlos"},
     [AUSSTEUERUNG, PERSON, ("9920", "stelle", MELDEBEHOERDE)]),
    ("one of two was told of", AMT, {"familienname": "Paar", "geschlecht": "w"}, [PERSON, STELLE]),
    ("told in spite of the block", KRIPO, {**SELBST, "sicherheit": True, "benutzer": BENUTZER}, []),
    ("set by a body, so not told", KRIPO, {**GEFAEHRDET, "sicherheit": True, "benutzer": BENUTZER},
     [AUSSTEUERUNG, STELLE]),
    ("in a street that is not known but for her", AMT, {**GEFAEHRDET, "familienname": "Allein",
     "strasse": "Frauenhausgasse"}, [AUSSTEUERUNG, PERSON, STELLE]),
    ("in a street that nobody has", AMT, {**GEFAEHRDET, "strasse": "Gibtesnichtgasse"}, []),
    ("refused", AMT, GEFAEHRDET | {"geschlecht": None}, []),
]  # fmt: skip


@pytest.mark.parametrize(("_", "wer", "felder", "erwartet"), FAELLE, ids=[fall[0] for fall in FAELLE])
def test_a_personensuche_is_followed_by_what_the_law_demands(
    house: Haus, _: str, wer: str, felder: dict[str, Any], erwartet: list[tuple[str, str, str]]
) -> None:
    assert asked(house, wer, **felder) == sorted(erwartet)


def test_a_freie_suche_that_found_nobody_is_followed_up_like_a_personensuche(house: Haus) -> None:
    assert what(house.folgt(house.freie_frage(familienname="Gefährdet"))) == sorted([AUSSTEUERUNG, PERSON, STELLE])
    assert what(house.folgt(house.freie_frage(familienname="Selb*"))) == [AUSSTEUERUNG]
    assert what(house.folgt(house.freie_frage(familienname="Selb*", verzicht_auf_mitteilung=True))) == []
    assert what(house.folgt(house.freie_frage(familienname="Niemand"))) == []


@pytest.mark.parametrize(
    "felder",
    [
        {"familienname": "Paar"},
        {"familienname": "Paar", "vornamen": "Erika", "geburtsdatum": Teildatum("1964-08-12")},
        {"familienname": "Paa*"},  # widened …
        {"familienname": "P*", "geburt_von": "1964-08-11", "geburt_bis": "1964-08-13"},
        {"strasse": "Doppelweg", "hausnummer": "1"},  # … and without a name at all
    ],
)
def test_a_list_that_leaves_somebody_out_informs_who_had_her_blocked_and_hands_over_nothing(
    house: Haus, felder: dict[str, Any]
) -> None:
    """§ 34 (5) with § 38 (2) S. 1 BMG: it is an Ersuchen about her, whoever else is in the list."""
    assert what(house.folgt(house.freie_frage(**felder))) == sorted([PERSON, STELLE])
    assert what(house.folgt(house.freie_frage(**felder, verzicht_auf_mitteilung=True))) == sorted([PERSON, STELLE])
    assert what(house.folgt(house.freie_frage(POLIZEI, sicherheit=True, **felder), POLIZEI)) == [STELLE]


def test_a_list_of_those_whom_it_tells_of_informs_nobody(house: Haus) -> None:
    assert what(house.folgt(house.freie_frage(familienname="Musterfrau"))) == []
    house.lade([datensatz(f"O{n}", GEMEINDE, familienname="Offen", **sperre(grund)) for n, grund in enumerate("235")])
    assert what(house.folgt(house.freie_frage(familienname="Offen"))) == [], "one on her own wish: nobody set it"


def test_a_freie_suche_over_the_land_hands_each_case_to_its_own_meldebehoerde(house: Haus) -> None:
    anderswo = "09162000"
    house.lade([datensatz(f"F{ags}", ags, familienname="Fernab", **sperre("6")) for ags in (GEMEINDE, anderswo)])
    sendungen = house.folgt(house.freie_frage(familienname="Fernab", suchbereich=Suchbereich("09")))
    assert what(sendungen) == sorted([AUSSTEUERUNG, ("1322", "aussteuerung", f"ags:{anderswo}")])


def test_a_datenbestaetigung_informs_but_hands_over_nothing(house: Haus) -> None:
    """§ 39a (3) BMG names § 34 (5), not § 34a (5) S. 2."""
    assert what(house.folgt(bestaetigungsfrage(house))) == sorted([PERSON, STELLE])


def bestaetigungsfrage(house: Haus) -> bytes:
    fassung = house.gateway.fassungen["datenbestaetigung-1"]
    daten = Auswahldaten(GEMEINDE, **GEFAEHRDET, vornamen="Erika")
    frage = Bestaetigungsfrage(f"ags:{GEMEINDE}", daten, Bestaetigungsdaten(geburtsort="Hannover"))
    schreiber = Fragenschreiber(fassung.pack, fassung.mapping)
    return schreiber.datenbestaetigung(Fragesteller(AMT, "Prüfstelle"), frage, house.gateway.now(), str(uuid4()))


def test_a_person_who_is_blocked_between_list_and_follow_up_is_handed_over_by_the_follow_up(house: Haus) -> None:
    zwei = [datensatz(f"L{n}", GEMEINDE, familienname="Liste", vornamen=v) for n, v in enumerate(("Ada", "Eva"))]
    house.lade(zwei)
    liste = house.send(house.frage(familienname="Liste", vornamen="", ordens_oder_kuenstlername=None, geschlecht="w"))
    assert outcome(liste) == "R 18"
    liste = house.send(house.freie_frage(familienname="Liste"))
    merkmale = [element.text for element in liste.iterfind(".//{*}identifikationsmerkmal")]
    house.lade([{**one, **sperre("3")} for one in zwei])
    house.runde()
    for merkmal in merkmale:
        assert what(house.folgt(house.frage(identifikationsmerkmal=merkmal))) == [AUSSTEUERUNG]


def test_a_1322_holds_the_request_as_it_was_signed_and_names_the_record_by_its_ordnungsmerkmal(house: Haus) -> None:
    nachricht = house.frage(**SELBST)
    (sendung,) = house.folgt(nachricht)
    root = etree.fromstring(sendung.nachricht or b"")
    assert house.gateway.packs.newest.is_valid(root)
    assert base64.b64decode(root.findtext("{*}nachricht") or "") == nachricht
    assert root.findtext("{*}nachrichtenart/code") == "1330"
    assert root.findtext("{*}gefundenePerson/{*}datenZumOrdnungsmerkmal/{*}ordnungsmerkmal") == "S3"
    assert root.findtext("{*}gefundenePerson/{*}datenZumOrdnungsmerkmal/{*}gemeinde/code") == GEMEINDE
    assert root.findtext("nachrichtenkopf.g2g/leser/kennung") == MELDEBEHOERDE
    assert root.findtext("nachrichtenkopf.g2g/autor/kennung") == "ags:09000000"
    assert root.findtext(".//nachrichtenUUID") == sendung.uuid


def test_a_notice_says_who_asked_and_why_and_is_valid(house: Haus) -> None:
    own = str(uuid4())
    for sendung in house.folgt(house.frage(uuid=own, aktenzeichen="AZ Ä/7", **GEFAEHRDET)):
        if sendung.nachrichtentyp != "9920":
            continue
        root = etree.fromstring(sendung.nachricht or b"")
        assert house.gateway.fassungen[UNTERRICHTUNGSPACK].pack.is_valid(root)
        text = (sendung.nachricht or b"").decode()
        assert all(word in text for word in (own, AMT, "AZ Ä/7", "Anschriftenermittlung", "Prüfstelle"))
        assert "Prüfweg" not in text, "no address of hers"
        assert root.findtext("nachrichtenkopf.g2g/leser/kennung") == sendung.empfaenger


def test_the_same_request_once_more_leads_to_nothing_more(house: Haus) -> None:
    nachricht = house.frage(**GEFAEHRDET)
    assert len(house.folgt(nachricht)) == 3
    assert house.folgt(nachricht) == []
    assert len(house.folgt(house.frage(**GEFAEHRDET))) == 3, "another request about her is another"


def test_a_kind_that_is_switched_off_meanwhile_is_still_followed_up(tmp_path: Path) -> None:
    with haus(tmp_path, datenbestaetigung=True) as house:
        house.send(bestaetigungsfrage(house))
        house.here.config = house.here.config.model_copy(update={"dienste": Dienste(datenbestaetigung=False)})
        off = build_gateway(house.here)
        assert "9910" not in off.dienste
        lauf_of(house.here, off).runde()
        assert what(house.wartend()) == sorted([PERSON, STELLE])


def test_a_database_from_before_is_named_and_completed(tmp_path: Path) -> None:
    with haus(tmp_path) as house:
        with house.here.protokoll().begin() as connection:
            for table in (NACHARBEIT, POSTAUSGANG):
                table.drop(connection)
        with pytest.raises(StoreError, match="has no table nacharbeit"):
            house.gateway.check_stores()
        create_databases(house.here)
        house.gateway.check_stores()
        assert house.ask(**SELBST) == "03"


def test_what_waits_is_gone_when_it_was_looked_at_and_shows_nothing_before(house: Haus) -> None:
    for felder in (SELBST, {"familienname": "Niemand", "geschlecht": "w"}):
        house.ask(**felder)
        assert house.offen() == (1, 0, 0)
        house.runde()
        assert house.offen()[0] == 0
        for sendung in house.wartend():
            house.nachlauf.zugestellt(sendung, house.gateway.clock())
