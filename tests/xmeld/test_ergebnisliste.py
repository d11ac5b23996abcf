"""1333: each of the 46 Anforderungselemente tells its datum and nothing else. 1322: whom it met, and the request."""

import base64
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.meldewesen.anfrage import (
    ERGEBNISLISTE,
    NEUTRAL,
    Auskunft,
    Person,
    Rueckweisung,
    Rueckweisungsgrund,
)
from gateway.meldewesen.datensatz import check
from gateway.meldewesen.werte import Gemeindeschluessel
from tests.shared import SHARED, needs_shared
from tests.xmeld.beispiel import full_record, leaves
from tests.xmeld.nachrichten import (
    ABSENDER,
    ANTWORT_UUID,
    NAMESPACE,
    UUID,
    ZEIT,
    art,
    freie_suchanfrage,
    freie_suche,
    pack,
    schreiber,
)
from tests.xmeld.zuruecklesen import expected, read_back

JETZT = datetime(2026, 6, 15, 12, tzinfo=timezone(timedelta(hours=2)))
X = {"x": NAMESPACE}
CODES = sorted(art("1332").codes, key=int)
RECORD = full_record()
check(RECORD)
HOME = next(w for w in RECORD["wohnungen"] if w["aktuell"] and w["status"] == "0")
INLAND = HOME["anschrift"]["inland"]


def write(ergebnis: Auskunft | Rueckweisung) -> etree._Element:
    root = etree.fromstring(schreiber().antwort("1333", freie_suche(), ergebnis, JETZT, ANTWORT_UUID))
    assert pack().is_valid(root), pack().explain(root).hinweis
    return root


def told(codes: Iterable[str], record: Mapping[str, Any] = RECORD) -> etree._Element:
    daten = art("1332").ergebnis(record, frozenset(codes))
    person = write(Auskunft(ERGEBNISLISTE, (Person(daten),))).find(".//x:person", X)
    assert person is not None
    return person


# -- each Anforderungselement ------------------------------------------------------------------------------------------


def documents(field: str, passarten: set[str]) -> list[str]:
    return [document[field] for document in RECORD["ausweisdokumente"] if document["passart"] in passarten]


CARDS, PASSPORTS = {"02", "09", "10"}, {f"{key:02}" for key in range(1, 15)} - {"02", "09", "10"}

#: By code, what the list Datenabruf.FreieSuche.Anforderungselement names, taken from the record by hand.
WANTED: dict[str, list[str]] = {
    "1": [RECORD["familienname"], RECORD["familienname_pass"]],
    "2": [RECORD["ehename"]],
    "3": [RECORD["lebenspartnerschaftsname"]],
    "4": [RECORD["geburtsname"]],
    "5": [frueher["name"] for frueher in RECORD["familiennamen_vor_aenderung"]],
    "6": [RECORD["vornamen"], RECORD["vornamen_pass"], RECORD["gebraeuchlicher_vorname"]],
    "7": [frueher["vornamen"] for frueher in RECORD["vornamen_vor_aenderung"]],
    "8": [RECORD["doktorgrad"]],
    "9": [RECORD["ordensname"]],
    "10": [RECORD["kuenstlername"]],
    "11": [RECORD["geburtsdatum"]],
    "12": RECORD["fruehere_geburtsdaten"],
    "13": [RECORD["geburtsort"]],
    "14": [RECORD["geburtsstaat"]],
    "15": [RECORD["geschlecht"]],
    "16": RECORD["staatsangehoerigkeiten"],
    "17": [INLAND["ags"]],
    "18": [INLAND["plz"]],
    "19": [INLAND["wohnort"]],
    "20": [INLAND["frueherer_gemeindename"]],
    "21": [INLAND["strasse"]],
    "22": [INLAND["hausnummer"]],
    "23": [INLAND["hausnummer_zusatz"]],
    "24": [INLAND["hausnummer_teil"]],
    "25": [INLAND["stockwerk"]],
    "26": [INLAND["zusatz"]],
    "27": [INLAND["inhaber"]],
    "28": [HOME["einzug"]],
    "29": documents("passart", CARDS | PASSPORTS),
    "30": documents("behoerde", CARDS),
    "31": documents("ausstellungsdatum", CARDS),
    "32": documents("gueltig_bis", CARDS),
    "33": documents("behoerde", PASSPORTS),
    "34": documents("ausstellungsdatum", PASSPORTS),
    "35": documents("gueltig_bis", PASSPORTS),
    "36": documents("seriennummer", CARDS),
    "37": documents("seriennummer", PASSPORTS),
    "38": [RECORD["sterbedatum"]],
    "39": list(RECORD["sterbe_nachweis"].values()),
    "40": [RECORD["sterbeort"]],
    "41": [RECORD["sterbestaat"]],
    "42": [erlaubnis["erteilt"] for erlaubnis in RECORD["waffenrechtliche_erlaubnisse"]],
    "43": [verbot["erlassen"] for verbot in RECORD["waffenbesitzverbote"]],
    "44": [erlaubnis["erteilt"] for erlaubnis in RECORD["sprengstoffrechtliche_erlaubnisse"]],
    "45": HOME["wohnungsgeber"]["name_anschrift"],
    "46": HOME["wohnungsgeber"]["eigentuemer"],
}
HINTS = Counter(
    {("personendaten/" + name, "true"): 1 for name in ("verzogen", "verstorben", "verringerterDatenumfang")}
)

some_codes = st.sets(st.sampled_from(CODES), max_size=46)


@pytest.mark.parametrize("code", CODES)
def test_each_code_alone_tells_its_datum_at_its_places_and_nothing_else(code: str) -> None:
    data = read_back(told({code})) - HINTS
    assert Counter(value for _, value in data.elements()) == Counter(WANTED[code])
    assert WANTED[code]
    assert {place for place, _ in data} <= {
        zeile.ort.replace("[]", "") for zeile in art("1332").zeilen if zeile.code == code
    }


@settings(max_examples=150, deadline=None)
@given(codes=some_codes)
def test_several_codes_tell_what_each_of_them_tells(codes: set[str]) -> None:
    data = read_back(told(codes))
    assert data & HINTS == HINTS
    assert Counter(value for _, value in (data - HINTS).elements()) == Counter(
        value for code in codes for value in WANTED[code]
    )
    assert data == expected(art("1332").ergebnis(RECORD, frozenset(codes)), art("1332").zeilen)


def test_every_code_of_the_list_is_tried() -> None:
    assert WANTED.keys() == set(CODES)
    assert "15" in {document["passart"] for document in RECORD["ausweisdokumente"]}  # the eID card, told to nobody


@pytest.mark.parametrize(
    ("verzogen", "place"),
    [
        ("inland_unbekannt", "personendaten/wohnung/anschrift/anschrift.unbekannt/anschriftUnbekannt"),
        ("ausland", "personendaten/wohnung/anschrift/anschrift.ausland/zurechtnichtuebermittelt"),
    ],
)
@settings(max_examples=30, deadline=None)
@given(codes=some_codes)
def test_a_move_without_an_address_is_told_in_its_place_whatever_was_asked(
    verzogen: str, place: str, codes: set[str]
) -> None:
    data = read_back(told(codes, {**RECORD, "verzogen": verzogen}))
    assert {(p, v) for p, v in data if p.startswith("personendaten/wohnung")} == {(place, "true")}
    assert ("personendaten/verzogen", "true") not in data


# -- the message around it ---------------------------------------------------------------------------------------------


def antwort(root: etree._Element) -> list[tuple[str, str]]:
    found = root.find("x:antwortSuchanfrage", X)
    assert found is not None
    return list(leaves(found))


def test_a_list_holds_each_person_with_its_mark_and_one_person_without() -> None:
    several = write(Auskunft(ERGEBNISLISTE, tuple(Person({"familienname": "A"}, f"merkmal-{n}") for n in range(3))))
    one = write(Auskunft(ERGEBNISLISTE, (Person({"familienname": "A"}),)))
    marks = [[e.text for e in root.iter(f"{{{NAMESPACE}}}identifikationsmerkmal")] for root in (several, one)]
    assert marks == [["merkmal-0", "merkmal-1", "merkmal-2"], []]
    assert antwort(several)[0] == ("auskunft/ergebnisstatus/code", "04")


def test_a_person_of_whom_nothing_was_asked_for_is_still_one_person() -> None:
    assert len(told(set(), {**RECORD, "wohnungen": []}).findall("x:personendaten/*", X)) == len(HINTS)
    assert len(write(Auskunft(ERGEBNISLISTE, (Person({}), Person({})))).findall(".//x:person", X)) == 2


def test_a_neutral_answer_holds_a_status_and_no_person() -> None:
    assert antwort(write(NEUTRAL)) == [("auskunft/ergebnisstatus/code", "03")]


def test_a_rueckweisung_names_every_ground() -> None:
    gruende = (Rueckweisungsgrund("04"), Rueckweisungsgrund("13"), Rueckweisungsgrund("17", "Es fehlt die Straße."))
    assert [text for _, text in antwort(write(Rueckweisung(gruende)))] == ["04", "13", "17", "Es fehlt die Straße."]


def test_an_answer_names_the_request_and_who_was_asked() -> None:
    root = write(NEUTRAL)
    kopf = root.find("nachrichtenkopf.g2g")
    assert kopf is not None
    assert kopf.findtext("identifikation.nachricht/nachrichtentyp/code") == "1333"
    assert kopf.findtext("autor/kennung") == "ags:03000000"
    assert [text for _, text in leaves(root[-1])] == [UUID, "1332", ZEIT]


@needs_shared
def test_our_lists_are_valid_by_the_publishers_schema_too() -> None:
    schema = publishers()
    chosen = random.Random(7)
    for number in range(24):
        codes = frozenset(chosen.sample(CODES, number * 2))
        for verzogen in ("inland", "inland_unbekannt", "ausland"):
            person = Person(art("1332").ergebnis({**RECORD, "verzogen": verzogen}, codes), "x")
            schema.assertValid(write(Auskunft(ERGEBNISLISTE, (person, person))))
    for ergebnis in (NEUTRAL, Rueckweisung((Rueckweisungsgrund("16", "Fehler"),))):
        schema.assertValid(write(ergebnis))


@needs_shared
def test_the_list_of_another_register_is_written_as_it_is() -> None:
    example = etree.parse(SHARED / "xmeld" / "samples" / "answers" / "1333_ergebnisliste_status04_4personen.xml")
    root = example.getroot()
    assert pack().is_valid(root)
    personen = tuple(person_of(element) for element in root.iter(f"{{{NAMESPACE}}}person"))
    assert len(personen) == 4
    assert antwort(write(Auskunft(ERGEBNISLISTE, personen))) == antwort(root)


def person_of(person: etree._Element) -> Person:
    """The example's persons in the record's terms."""

    def given(element: etree._Element, felder: dict[str, str]) -> dict[str, str]:
        found = {feld: element.findtext(path, namespaces=X) for feld, path in felder.items()}
        return {feld: text for feld, text in found.items() if text is not None}

    daten: dict[str, Any] = given(
        person,
        {
            "familienname": ".//x:nachname/name",
            "vornamen": ".//x:vornamen/x:vornamen/name",
            "doktorgrad": ".//x:doktorgrad",
            "geburtsname": ".//x:geburtsname.unstrukturiert/name",
            "im_inland_verzogen": ".//x:verzogen",
            "verringerter_datenumfang": ".//x:verringerterDatenumfang",
            "verstorben": ".//x:verstorben",
        },
    )
    felder = {name: f"x:{name}" for name in ("behoerde", "ausstellungsdatum", "seriennummer")}
    felder |= {"passart": "x:passart/code", "gueltig_bis": "x:gueltigkeitsdauer"}
    daten["ausweisdokumente"] = [given(d, felder) for d in person.iterfind(".//x:ausweisdokument", X)]
    return Person(daten, person.findtext("x:identifikationsmerkmal", namespaces=X))


def publishers() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SHARED / "xmeld" / "xsd-25.11a" / "xmeld" / "xinneres.xmeld.xsd"))


# -- 1322 --------------------------------------------------------------------------------------------------------------


def aussteuern(nachricht: bytes, ordnungsmerkmal: str = "4711-Ö") -> etree._Element:
    text = schreiber().aussteuerung(
        Gemeindeschluessel("03241001"), ordnungsmerkmal, nachricht, "1332", JETZT, ANTWORT_UUID
    )
    root = etree.fromstring(text)
    assert pack().is_valid(root), pack().explain(root).hinweis
    return root


def test_an_aussteuerung_names_the_person_and_holds_the_request_to_the_byte() -> None:
    nachricht = etree.tostring(freie_suchanfrage("<x:doktorgrad>Dr. Ö</x:doktorgrad>"))
    root = aussteuern(nachricht)
    kopf = root.find("nachrichtenkopf.g2g")
    assert kopf is not None
    assert kopf.findtext("identifikation.nachricht/nachrichtenUUID") == ANTWORT_UUID
    assert kopf.findtext("identifikation.nachricht/nachrichtentyp/code") == "1322"
    assert kopf.findtext("leser/kennung") == "ags:03241001"
    assert kopf.findtext("autor/kennung") == ABSENDER.kennung
    person = root.find("x:gefundenePerson", X)
    assert person is not None
    assert [text for _, text in leaves(person)] == ["4711-Ö", "03241001"]
    assert base64.b64decode(root.findtext("x:nachricht", "", X), validate=True) == nachricht
    assert root.findtext("x:nachrichtenart/code", namespaces=X) == "1332"


@settings(max_examples=60, deadline=None)
@given(nachricht=st.binary(min_size=1), ordnungsmerkmal=st.text("aZ09 Ö&<>'-", min_size=1))
def test_whatever_the_request_was_it_comes_out_again(nachricht: bytes, ordnungsmerkmal: str) -> None:
    root = aussteuern(nachricht, ordnungsmerkmal)
    assert base64.b64decode(root.findtext("x:nachricht", "", X), validate=True) == nachricht
    assert root.findtext(".//x:ordnungsmerkmal", namespaces=X) == ordnungsmerkmal


@needs_shared
def test_an_aussteuerung_is_valid_by_the_publishers_schema_too() -> None:
    publishers().assertValid(aussteuern(b"<a/>"))
