"""Our messages: valid, and holding exactly what was given to be told."""

import dataclasses
import random
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.errors import ConfigError
from gateway.meldewesen.anfrage import (
    NEUTRAL,
    Auskunft,
    Nachrichtenkennung,
    Person,
    Rueckweisung,
    Rueckweisungsgrund,
)
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.datensatz import DatensatzError, check
from gateway.meldewesen.pfade import tokens
from gateway.meldewesen.werte import Teildatum
from gateway.xmeld.zeilen import ALONG, Zeile
from tests.shared import SHARED, needs_shared
from tests.xmeld.beispiel import HEUTE, full_record, leaves, paths
from tests.xmeld.nachrichten import (
    ABSENDER,
    ANTWORT_UUID,
    NAMESPACE,
    UUID,
    ZEIT,
    art,
    pack,
    personensuche,
    schreiber,
)
from tests.xmeld.zuruecklesen import expected, read_back, values

JETZT = datetime(2026, 6, 15, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
RECORD = full_record()
X = {"x": NAMESPACE}
CODES = sorted(art().codes, key=int)

ERIKA: dict[str, Any] = {
    "ags": "03241001",
    "ordnungsmerkmal": "1",
    "familienname": "Muster-Œrensen",
    "vornamen": "Erika Maria",
    "gebraeuchlicher_vorname": "Erika",
    "doktorgrad": "Dr.",
    "geburtsdatum": "1990-05-30",
    "geburtsort": "Hannover",
    "geschlecht": "w",
    "wohnungen": [
        {
            "aktuell": True,
            "anschrift": {
                "inland": {
                    "ags": "03241001",
                    "plz": "30159",
                    "wohnort": "Hannover",
                    "strasse": "Lange Straße",
                    "hausnummer": "17",
                    "bedingter_sperrvermerk": True,
                }
            },
            "status": "0",
            "einzug": "2020-01-01",
        }
    ],
}

some_codes = st.sets(st.sampled_from(CODES), max_size=12).map(frozenset)
many_codes = st.sets(st.sampled_from(CODES), min_size=100).map(frozenset)


def write(ergebnis: Auskunft | Rueckweisung) -> etree._Element:
    root = etree.fromstring(schreiber().antwort("1331", personensuche(), ergebnis, JETZT, ANTWORT_UUID))
    assert pack().is_valid(root), pack().explain(root).hinweis
    return root


def write_person(daten: dict[str, Any]) -> etree._Element:
    person = write(Auskunft("01", (Person(daten),))).find(".//x:person", X)
    assert person is not None
    return person


def told(codes: frozenset[str], record: dict[str, Any] = RECORD) -> etree._Element:
    return write_person(art().person(record, codes, HEUTE))


# -- what is written is what was to be told, and where the mapping says ------------------------------------------------


def test_everything_is_written_to_its_place_and_read_back_as_it_was() -> None:
    daten = art().person(RECORD, art().codes, HEUTE)
    assert read_back(write_person(daten)) == expected(daten, art().zeilen)


@settings(max_examples=60, deadline=None)
@given(codes=some_codes | many_codes)
def test_whatever_is_asked_is_written_and_read_back_as_it_was(codes: frozenset[str]) -> None:
    daten = art().person(RECORD, codes, HEUTE)
    assert read_back(write_person(daten)) == expected(daten, art().zeilen)


# -- only what was asked -----------------------------------------------------------------------------------------------


def asked_for(code_rows: list[Zeile]) -> set[str]:
    """Texts of the full record that these rows release, entry by entry and with their conditions; no plan involved."""
    texts: set[str] = set()
    for zeile in code_rows:
        head, *rest = tokens(zeile.feld)
        group = RECORD.get(str(head))
        entries = group if isinstance(group, list) else [group]
        rest = rest[1:] if rest[:1] == ["[]"] else rest
        for entry in entries if rest and not isinstance(rest[0], int) else [group]:
            if zeile.wenn is None or (isinstance(entry, dict) and entry.get(zeile.wenn[0]) in zeile.wenn[1]):
                texts |= {text for value in values(entry, tuple(rest)) for _, text in paths(value) if is_marker(text)}
    return texts


def is_marker(text: object) -> bool:
    """Whether the value stands in one place of the record only."""
    return isinstance(text, str) and MARKERS[text] == 1


MARKERS = Counter(value for _, value in paths(RECORD) if isinstance(value, str) and len(value) > 5)
DERIVED = {"71", "72", "73", "93", "97", "99"}  # stays abroad and the two proofs: tests/meldewesen/test_auskunft.py


@settings(max_examples=120, deadline=None)
@given(codes=some_codes | many_codes)
def test_no_datum_is_in_the_message_that_was_not_asked_for(codes: frozenset[str]) -> None:
    plain = codes - DERIVED
    present = {text for _, text in read_back(told(plain)) if is_marker(text)}
    assert present == asked_for([zeile for zeile in art().zeilen if zeile.code in plain])


@pytest.mark.parametrize("code", CODES)
def test_each_code_alone_brings_its_own_places_and_the_companions(code: str) -> None:
    own = {zeile.ort for zeile in art().zeilen if zeile.code == code}
    companions = {zeile.ort for zeile in art().zeilen if zeile.code == ALONG}
    places = {place for place, _ in read_back(told(frozenset({code})))}
    allowed = {ort.replace("[]", "") for ort in own | companions}
    assert places <= allowed
    record_has_it = any(zeile.wenn != ("typ", frozenset({"LP"})) for zeile in art().zeilen if zeile.code == code)
    assert bool(places & {ort.replace("[]", "") for ort in own}) is record_has_it


def test_what_is_asked_of_a_spouse_is_not_told_of_a_partner_and_the_reverse() -> None:
    partner = {**RECORD["partner"], "typ": "LP"}
    assert told(frozenset({"104"})).find("x:partner", X) is not None
    assert told(frozenset({"126"})).find("x:partner", X) is None
    assert told(frozenset({"104"}), {**RECORD, "partner": partner}).find("x:partner", X) is None
    found = told(frozenset({"126"}), {**RECORD, "partner": partner}).find("x:partner", X)
    assert found is not None
    assert [text for _, text in leaves(found)] == ["LP", partner["vornamen"]]


def test_an_eid_card_is_told_to_nobody() -> None:
    passarten = {value for place, value in read_back(told(art().codes)) if place.endswith("/passart")}
    assert "15" in {dokument["passart"] for dokument in RECORD["ausweisdokumente"]}
    assert passarten == {dokument["passart"] for dokument in RECORD["ausweisdokumente"]} - {"15"}


@pytest.mark.parametrize(("code", "passarten"), [("170", {"02", "09", "10"}), ("171", {"01", "07"})])
def test_serial_numbers_are_told_of_the_documents_that_were_asked_for(code: str, passarten: set[str]) -> None:
    told_ = [value for place, value in read_back(told(frozenset({code}))).elements() if place.endswith("seriennummer")]
    assert sorted(told_) == sorted(d["seriennummer"] for d in RECORD["ausweisdokumente"] if d["passart"] in passarten)


# -- forms of a datum --------------------------------------------------------------------------------------------------


def test_a_name_that_legally_does_not_exist_is_written_as_such() -> None:
    person = write_person({"familienname": "Wayan", "vornamen": "+", "partner": {"typ": "EG", "familienname": "+"}})
    assert [(e.tag, e.text) for e in person.iter("name", "nichtVorhanden")] == [
        ("name", "Wayan"), ("nichtVorhanden", "true"), ("nichtVorhanden", "true"),
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["1998-03-17", "1998-03-00", "1998-00-00", "0000-00-00"])
def test_a_date_that_is_known_in_part_stays_so(value: str) -> None:
    wohnung = {"aktuell": False, "auszug": Teildatum(value), "letzter_wegzug_ausland": value}
    partner = {"typ": "EG", "geburtsdatum": value}
    daten = {"geburtsdatum": value, "fruehere_geburtsdaten": [value], "wohnungen": [wohnung], "partner": partner}
    assert Counter(text for _, text in read_back(write_person(daten)).elements())[value] == 5


@pytest.mark.parametrize("value", ["2020-01-01", "0000-00-00"])
def test_a_day_of_moving_in_may_be_unknown(value: str) -> None:
    person = write_person({"wohnungen": [{"aktuell": True, "einzug": value}]})
    assert ("personendaten/wohnung/datumDesBeziehens", value) in read_back(person)


def test_lines_of_an_address_are_numbered_from_1() -> None:
    person = write_person({"wegzug_ausland": {"staat": "152", "anschrift": ["12 Harbour Road", "London"]}})
    lines = [(place.rpartition("/")[2], text) for place, text in leaves(person) if "anschriftzone" in place]
    assert lines == [
        ("zeilennummer", "1"), ("inhalt", "12 Harbour Road"), ("zeilennummer", "2"), ("inhalt", "London"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["A&B", "<x>", "]]>", "'\"", "&amp;", "a\rb", "a\tb\nc", "J̌ǎ Œ ß", "<!-- -->", "</xmeld:person>"]
)
def test_a_text_is_only_ever_a_text(text: str) -> None:
    assert read_back(write_person({"ordensname": text})) == {("personendaten/name/ordensname", text): 1}


#: Texts of all kinds: letters of DIN 91379 apart and in sequence, marks, other scripts, controls, spaces.
any_text = st.text(
    st.sampled_from("aZ09ß Œ./-+²½ªJ̌\u0327ẞŵЖ中\u00a0\u0000\n\t\ud7ff€'\u2019"), min_size=1, max_size=5
) | st.text(max_size=40)


@settings(max_examples=400, deadline=None)
@given(text=any_text, field=st.sampled_from(["ordensname", "hausnummer", "hausnummer_zusatz", "stockwerk", "zeile"]))
def test_whatever_a_record_may_hold_can_be_told(text: str, field: str) -> None:
    record = {**ERIKA, "wohnungen": [dict(ERIKA["wohnungen"][0])]}
    if field == "ordensname":
        record[field] = text
    elif field == "zeile":
        record["wegzug_ausland"] = {"staat": "152", "anschrift": [text, "London"]}
    else:
        inland = {**ERIKA["wohnungen"][0]["anschrift"]["inland"], field: text}
        record["wohnungen"][0]["anschrift"] = {"inland": inland}
    try:
        check(record)
    except DatensatzError:
        return
    assert text in {value for _, value in read_back(told(art().codes, record))}


def test_a_person_of_whom_nothing_was_asked_for_is_still_one_person() -> None:
    assert len(write_person({})) == 0


# -- the message around it ---------------------------------------------------------------------------------------------


def text_at(root: etree._Element, path: str) -> str | None:
    return root.findtext(path, namespaces=X)


def test_an_answer_comes_from_the_municipality_asked_and_goes_to_the_asking_authority() -> None:
    root = write(NEUTRAL)
    kopf = "nachrichtenkopf.g2g"
    assert text_at(root, f"{kopf}/autor/kennung") == "ags:03241001"
    assert text_at(root, f"{kopf}/autor/name") == ABSENDER.name
    assert text_at(root, f"{kopf}/leser/kennung") == "dbs:030010000001"
    assert text_at(root, f"{kopf}/leser/name") == "Jugendamt Hannover & Partner"
    assert text_at(root, f"{kopf}/identifikation.nachricht/nachrichtenUUID") == ANTWORT_UUID
    assert text_at(root, f"{kopf}/identifikation.nachricht/erstellungszeitpunkt") == "2026-06-15T12:00:00.123+02:00"
    assert {name: root.get(name) for name in ("standard", "version", "produkt")} == {
        "standard": "XMeld", "version": "25.11a", "produkt": "xmeld-gateway",
    }  # fmt: skip


def test_an_answer_repeats_the_requests_identification_as_it_was() -> None:
    assert [text for _, text in leaves(write(NEUTRAL)[-1])] == [UUID, "1330", ZEIT]


def test_a_neutral_answer_holds_a_status_and_no_person() -> None:
    auskunft = write(NEUTRAL).find(".//x:auskunft", X)
    assert auskunft is not None
    assert [text for _, text in leaves(auskunft)] == ["03"]


def test_a_list_holds_each_person_with_its_mark() -> None:
    personen = tuple(Person(art().treffer(RECORD), f"merkmal-{number}") for number in range(3))
    root = write(Auskunft("02", personen))
    assert [e.text for e in root.iter(f"{{{NAMESPACE}}}identifikationsmerkmal")] == [f"merkmal-{n}" for n in range(3)]
    for name in ("bedingterSperrvermerk", "geschlecht", "kind", "partner", "verringerterDatenumfang", "sterbedaten"):
        assert root.find(f".//x:{name}", X) is None


def test_a_rueckweisung_names_every_ground_and_a_text_where_there_is_one() -> None:
    gruende = (Rueckweisungsgrund("03"), Rueckweisungsgrund("17", "Platzhalter sind unzulässig."))
    antwort = write(Rueckweisung(gruende)).find("x:antwortSuchanfrage", X)
    assert antwort is not None
    assert [text for _, text in leaves(antwort)] == ["03", "17", "Platzhalter sind unzulässig."]
    assert antwort.find("x:auskunft", X) is None


@pytest.mark.parametrize("hinweis", ["Ort: /suchprofil[1]; Regel: fehlt <name> & mehr.", ""])
def test_a_0910_says_why_and_which_message_it_sends_back(hinweis: str) -> None:
    behoerde = Behoerde("dbs:030010000001", "Jugendamt Hannover", Rolle.EINFACH)
    original = Nachrichtenkennung(UUID, "1330", ZEIT)
    root = etree.fromstring(schreiber().ruecksendung(original, behoerde, "X001", hinweis, JETZT, ANTWORT_UUID))
    assert pack().is_valid(root), pack().explain(root).hinweis
    container = root.find("x:rts.container", X)
    assert container is not None
    assert [text for _, text in leaves(container)] == ["X001", *([hinweis] if hinweis else [])]
    assert [text for _, text in leaves(root[-1])] == [UUID, "1330", ZEIT]
    assert text_at(root, "nachrichtenkopf.g2g/autor/kennung") == ABSENDER.kennung
    assert text_at(root, "nachrichtenkopf.g2g/leser/kennung") == "dbs:030010000001"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        schreiber().antwort("1331", personensuche(), NEUTRAL, datetime(2026, 6, 15, 12), ANTWORT_UUID)


def test_a_sender_whom_nobody_can_reach_is_refused() -> None:
    with pytest.raises(ConfigError, match="reachable"):
        dataclasses.replace(ABSENDER, erreichbarkeit=())


def test_the_same_answer_is_the_same_bytes() -> None:
    one, other = (etree.tostring(write(Auskunft("01", (Person({"familienname": "A"}),)))) for _ in range(2))
    assert one == other
    assert len(etree.tostring(write(NEUTRAL))) == len(etree.tostring(write(NEUTRAL)))


# -- the examples ------------------------------------------------------------------------------------------------------


def example(name: str) -> etree._Element:
    root = etree.parse(SHARED / "xmeld" / "samples" / name).getroot()
    assert pack().is_valid(root), pack().explain(root).hinweis
    return root


@needs_shared
def test_the_example_of_one_person_is_written_as_it_is() -> None:
    check(ERIKA)
    wanted = example("constructed/1331_01_eindeutig.xml").find(".//x:person", X)
    assert wanted is not None
    assert list(leaves(told(art().codes, ERIKA))) == list(leaves(wanted))


@needs_shared
@pytest.mark.parametrize(
    ("name", "ergebnis"),
    [
        ("constructed/1331_rueckweisung_18.xml", Rueckweisung((Rueckweisungsgrund("18"),))),
        ("answers/1331_neutral_status03.xml", NEUTRAL),
    ],
)
def test_the_examples_without_a_person_are_written_as_they_are(name: str, ergebnis: Auskunft | Rueckweisung) -> None:
    wanted, ours = example(name).find("x:antwortSuchanfrage", X), write(ergebnis).find("x:antwortSuchanfrage", X)
    assert wanted is not None
    assert ours is not None
    assert list(leaves(ours)) == list(leaves(wanted))


@needs_shared
def test_our_answers_are_valid_by_the_publishers_schema_too() -> None:
    path = SHARED / "xmeld" / "xsd-25.11a" / "xmeld" / "xinneres.xmeld.xsd"
    schema = etree.XMLSchema(etree.parse(path))
    chosen = random.Random(7)
    for number in range(40):
        codes = frozenset(chosen.sample(CODES, 1 + number * 4))
        person = Person(art().person(RECORD, codes, HEUTE))
        schema.assertValid(write(Auskunft("01", (person,))))
    schema.assertValid(write(Auskunft("02", (Person(art().treffer(RECORD), "x"),) * 2)))
    schema.assertValid(write(Rueckweisung((Rueckweisungsgrund("16", "Fehler"),))))
