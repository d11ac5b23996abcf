"""9920, the notice of § 34 (5) BMG: who is told what of which request, and what no notice may hold."""

import copy
import random
import tomllib
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.errors import ConfigError
from gateway.meldewesen.anfrage import AbrufendeStelle, Nachrichtenkennung
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.datensatz import check
from gateway.meldewesen.folgen import Ersuchen, Folge, Folgeart, folgen
from gateway.meldewesen.unterrichtung import Unterrichtung
from gateway.meldewesen.zeichen import zulaessig
from gateway.resources import folder
from gateway.spiegel.musterorte import gemeinden
from gateway.spiegel.musterpersonen import musterpersonen
from gateway.xmeld.manifest import Direction
from gateway.xmeld.mapping import Mapping
from gateway.xmeld.packs import Pack, Packs
from gateway.xmeld.schreiben import MELDEBEHOERDE, Schreiber
from tests.betrieb import Betrieb, betrieb, outcome
from tests.conformance.mutationen import XMELD, Walker, mutated, particles
from tests.spiegel.personen import datensatz
from tests.xmeld.beispiel import full_record, leaves, paths
from tests.xmeld.nachrichten import ABSENDER, ANTWORT_UUID, UUID, ZEIT, freie_suche, personensuche
from tests.xmeld.nachrichten import mapping as standard_mapping

NAME = "unterrichtung-1"
NAMESPACE = "urn:xmeld-gateway:unterrichtung:1"
ELEMENT = "unterrichtung.abruf.9920"
U = f"{{{NAMESPACE}}}"
JETZT = datetime(2026, 6, 15, 12, tzinfo=UTC)
EMPFANGEN = "2026-06-15T11:59:58.125+02:00"
LKA = "dbs:030020020000"

SENDER = replace(ABSENDER, strasse="Senderweg", hausnummer="7", plz="00000", wohnort="Senderstadt")
SIGNER = Behoerde("dbs:030010000001", "Jugendamt Hannover", Rolle.EINFACH)
STELLE = AbrufendeStelle(
    False, "Jugendamt Hannover", "Am Wall 91, 30159 Hannover", ("x@example.org",), "AZ", "A", "u17"
)
ERIKA = datensatz("4711-Ö", "03241001", familienname="Muster-Œrensen", vornamen="Erika J̌", geburtsdatum="1990-05-30")

MUTANTS = 400
READ_MORE_LOOSELY = {"text_between_elements", "text_padded", "text_replaced", "text_taken_from_elsewhere"}


@cache
def packs() -> Packs:
    return Packs.load(folder("xsd"))


@cache
def pack() -> Pack:
    return next(pack for pack in packs().packs if pack.name == NAME)


@cache
def mapping() -> Mapping:
    return Mapping.load(folder("mappings") / f"{NAME}.toml")


def meldebehoerde(record: dict[str, Any], art: Folgeart = Folgeart.PERSON) -> Folge:
    return Folge(art, f"ags:{record['ags']}")


def notice(record: dict[str, Any] = ERIKA, folge: Folge | None = None, **felder: Any) -> bytes:
    """`felder` are those of AbrufendeStelle, or `kennung_der_nachricht`."""
    kennung = felder.pop("kennung_der_nachricht", Nachrichtenkennung(UUID, "1330", ZEIT))
    anfrage = replace(personensuche(), kennung=kennung, abrufende_stelle=replace(STELLE, **felder))
    what = Unterrichtung(folge or meldebehoerde(record), record, anfrage, SIGNER, EMPFANGEN)
    return Schreiber(pack(), mapping(), SENDER).unterrichtung(what, JETZT, ANTWORT_UUID)


def written(record: dict[str, Any] = ERIKA, folge: Folge | None = None, **felder: Any) -> etree._Element:
    root = etree.fromstring(notice(record, folge, **felder))
    assert pack().is_valid(root), pack().explain(root).hinweis
    return root


def an_stelle(kennung: str = LKA) -> Folge:
    return Folge(Folgeart.STELLE, kennung, kennung)


def part(root: etree._Element, name: str) -> list[tuple[str, str]]:
    element = root.find(U + name)
    assert element is not None
    return list(leaves(element))


@cache
def hand_made() -> list[dict[str, Any]]:
    gemeinde, nachbar = gemeinden("03")[:2]
    return [*musterpersonen(gemeinde, nachbar), full_record()]


# -- what is told ----------------------------------------------------------------------------------------------------


def test_it_is_the_packs_only_message_and_goes_to_somebody_who_did_not_ask() -> None:
    assert {number: (row.element, row.direction) for number, row in pack().messages.items()} == {
        "9920": (ELEMENT, Direction.NOTICE)
    }
    assert mapping().abrufe == {}


def test_a_meldebehoerde_gets_the_ordnungsmerkmal_and_no_name() -> None:
    root = written()
    assert part(root, "betroffenePerson") == [("gemeindeschluessel/code", "03241001"), ("ordnungsmerkmal", "4711-Ö")]
    assert part(root, "zuUnterrichten") == [("code", "person")]
    assert root.find(f"{U}veranlassendeStelle") is None
    assert ERIKA["familienname"].encode() not in notice()


def test_another_body_gets_name_and_birth_date_and_no_ordnungsmerkmal() -> None:
    root = written(folge=an_stelle())
    assert part(root, "betroffenePerson") == [
        ("gemeindeschluessel/code", "03241001"),
        ("name/familienname.unstrukturiert/nachname/name", "Muster-Œrensen"),
        ("name/vornamen/vornamen/name", "Erika J̌"),
        ("geburtsdatum/geburtsdatum/teilbekanntesDatum/jahrMonatTag", "1990-05-30"),
    ]
    assert part(root, "zuUnterrichten") == [("code", "stelle")]
    assert root.findtext(f"{U}veranlassendeStelle") == LKA
    assert ERIKA["ordnungsmerkmal"].encode() not in notice(folge=an_stelle())


def test_the_meldebehoerde_is_told_whom_to_inform_where_no_delivery_reaches_the_body() -> None:
    root = written(folge=Folge(Folgeart.STELLE, "ags:03241001", "LKA Niedersachsen, Dezernat 23"))
    assert part(root, "zuUnterrichten") == [("code", "stelle")]
    assert root.findtext(f"{U}veranlassendeStelle") == "LKA Niedersachsen, Dezernat 23"
    assert ("ordnungsmerkmal", "4711-Ö") in part(root, "betroffenePerson")


def test_the_ordnungsmerkmal_means_nobody_to_the_meldebehoerde_of_another_municipality() -> None:
    root = written(folge=an_stelle("ags:03241002"))
    assert "ordnungsmerkmal" not in dict(part(root, "betroffenePerson"))
    assert root.findtext("nachrichtenkopf.g2g/leser/name") == MELDEBEHOERDE


@pytest.mark.parametrize(
    ("empfaenger", "name"), [("ags:03241001", MELDEBEHOERDE), (LKA, LKA), ("psw:03241001", "psw:03241001")]
)
def test_it_comes_from_the_register_and_goes_where_its_folge_says(empfaenger: str, name: str) -> None:
    kopf = written(folge=Folge(Folgeart.STELLE, empfaenger)).find("nachrichtenkopf.g2g")
    assert kopf is not None
    assert (kopf.findtext("leser/kennung"), kopf.findtext("leser/name")) == (empfaenger, name)
    assert (kopf.findtext("autor/kennung"), kopf.findtext("autor/name")) == (SENDER.kennung, SENDER.name)
    assert kopf.findtext("identifikation.nachricht/nachrichtenUUID") == ANTWORT_UUID
    assert kopf.findtext("identifikation.nachricht/nachrichtentyp/code") == "9920"
    assert kopf.findtext("identifikation.nachricht/erstellungszeitpunkt") == "2026-06-15T12:00:00.000+00:00"


def test_it_says_which_request_it_was_and_who_signed_it() -> None:
    assert part(written(aktenzeichen="51-17/26", anlass="Unterhalt"), "ersuchen") == [
        ("behoerdenname", "Jugendamt Hannover"),
        ("behoerdenschluessel", "dbs:030010000001"),
        ("aktenzeichen", "51-17/26"),
        ("anlassDesAbrufs", "Unterhalt"),
        ("kennung", "u17"),
        ("zeitpunkt", EMPFANGEN),
        ("nachrichtentyp", "1330"),
        ("nachrichtenUUID", UUID),
    ]


def test_a_freie_suche_and_a_message_of_a_version_to_come_can_be_named() -> None:
    what = Unterrichtung(meldebehoerde(ERIKA), ERIKA, freie_suche(), SIGNER, EMPFANGEN)
    root = etree.fromstring(Schreiber(pack(), mapping(), SENDER).unterrichtung(what, JETZT, ANTWORT_UUID))
    assert pack().is_valid(root)
    assert ("nachrichtentyp", "1332") in part(root, "ersuchen")
    later = Nachrichtenkennung(UUID, "1399", ZEIT)
    assert ("nachrichtentyp", "1399") in part(written(kennung_der_nachricht=later), "ersuchen")


def test_a_time_without_a_zone_is_refused() -> None:
    what = Unterrichtung(meldebehoerde(ERIKA), ERIKA, personensuche(), SIGNER, EMPFANGEN)
    with pytest.raises(ValueError, match="zone"):
        Schreiber(pack(), mapping(), SENDER).unterrichtung(what, datetime(2026, 6, 15, 12), ANTWORT_UUID)


# -- of every person that a register may hold -------------------------------------------------------------------------


@pytest.mark.parametrize("to", [meldebehoerde, lambda _: an_stelle()], ids=["Meldebehoerde", "another body"])
def test_of_every_person_nothing_is_told_but_who_is_meant(to: Callable[[dict[str, Any]], Folge]) -> None:
    for record in hand_made():
        who = {name: record[name] for name in ("ags", "ordnungsmerkmal", "familienname", "vornamen", "geburtsdatum")}
        written(record, to(record))
        assert notice(record, to(record)) == notice(who, to(record))


def _dwellings(record: dict[str, Any]) -> set[str]:
    """What stands in addresses and is no municipality's key: hers is told as that of the register."""
    found = [text for way, text in paths(record) if {"anschrift", "inland", "ausland"} & {*way} and way[-1] != "ags"]
    return {text for text in found if isinstance(text, str) and len(text) > 4}


@pytest.mark.parametrize("to", [meldebehoerde, lambda _: an_stelle()], ids=["Meldebehoerde", "another body"])
def test_no_text_of_an_address_is_in_the_bytes(to: Callable[[dict[str, Any]], Folge]) -> None:
    searched = 0
    for record in hand_made():
        message = notice(record, to(record), behoerdenname="Amt").decode()
        dwellings = _dwellings(record)
        assert [text for text in dwellings if text in message] == []
        searched += len(dwellings)
    assert searched > len(hand_made()) * 2


def test_whatever_follows_for_a_hand_made_person_can_be_written() -> None:
    ersuchen = Ersuchen(aussteuerbar=True, neutral=True, verzicht=False, sicherheitsbehoerde=False)
    counted: Counter[Folgeart] = Counter()
    for record in hand_made():
        for folge in folgen(ersuchen, record, "2026-06-15"):
            counted[folge.art] += 1
            if folge.art is not Folgeart.AUSSTEUERUNG:
                written(record, folge)
    assert min(counted[Folgeart.STELLE], counted[Folgeart.PERSON]) > 0


def test_what_another_message_is_for_is_no_notice() -> None:
    root = etree.fromstring(notice(folge=meldebehoerde(ERIKA, Folgeart.AUSSTEUERUNG)))
    assert not pack().is_valid(root)


@pytest.mark.parametrize(
    ("geburtsdatum", "told"),
    [
        ("1998-03-17", ("teilbekanntesDatum/jahrMonatTag", "1998-03-17")),
        ("1998-03-00", ("teilbekanntesDatum/jahrMonat", "1998-03")),
        ("1998-00-00", ("teilbekanntesDatum/jahr", "1998")),
        ("0000-00-00", ("unbekannt", "true")),
    ],
)
def test_a_birth_date_that_is_known_in_part_stays_so(geburtsdatum: str, told: tuple[str, str]) -> None:
    root = written({**ERIKA, "geburtsdatum": geburtsdatum}, an_stelle())
    place, text = told
    assert part(root, "betroffenePerson")[-1] == (f"geburtsdatum/geburtsdatum/{place}", text)


def test_a_name_that_legally_does_not_exist_is_written_as_such() -> None:
    person = part(written({**ERIKA, "vornamen": "+"}, an_stelle()), "betroffenePerson")
    assert ("name/vornamen/vornamen/nichtVorhanden", "true") in person
    assert ("name/familienname.unstrukturiert/nachname/name", "Muster-Œrensen") in person


#: Fields of the request that are repeated, by their elements.
FELDER = {name: name for name in ("behoerdenname", "aktenzeichen", "kennung")} | {"anlass": "anlassDesAbrufs"}


@pytest.mark.parametrize("feld", FELDER)
def test_fields_of_120_characters_are_repeated_whole(feld: str) -> None:
    text = "Ämter & <Stellen> Œ ẞ J̌ " * 6
    text = text[:120]
    assert dict(part(written(**{feld: text}), "ersuchen"))[FELDER[feld]] == text


#: Letters of DIN 91379 apart and in sequence, and what XML would take for itself.
any_text = st.text(st.sampled_from("aZ09ß Œ./-+²½ªJ̌̀M̂ẞŵ&<>\"'\t\n\r"), max_size=40).filter(zulaessig)


@settings(max_examples=200, deadline=None)
@given(text=any_text, feld=st.sampled_from(sorted(FELDER)))
def test_whatever_a_valid_request_holds_is_repeated(text: str, feld: str) -> None:
    assert dict(part(written(**{feld: text}), "ersuchen"))[FELDER[feld]] == text


@settings(max_examples=200, deadline=None)
@given(text=any_text.filter(str.strip), feld=st.sampled_from(["familienname", "vornamen", "ordnungsmerkmal"]))
def test_whatever_name_and_key_a_record_may_have_are_told(text: str, feld: str) -> None:
    record = {**ERIKA, feld: text}
    try:
        check(record)
    except ValueError:
        return
    told = part(written(record, None if feld == "ordnungsmerkmal" else an_stelle()), "betroffenePerson")
    assert text in {value for _, value in told} or text == "+"


# -- what the pack refuses -------------------------------------------------------------------------------------------


def _both(message: etree._Element, *, loosely: bool = False) -> bool:
    """The verdict, in which both libraries must agree; `loosely`: xmlschema may accept more."""
    fast = pack().is_valid(message)
    try:
        slow = pack().schema.is_valid(message, use_location_hints=False)
    except xmlschema.XMLSchemaException:  # an unknown type in xsi:type
        slow = False
    assert fast == slow or (loosely and slow), etree.tostring(message, encoding="unicode")
    return fast


def _person(root: etree._Element) -> etree._Element:
    person = root.find(f"{U}betroffenePerson")
    assert person is not None
    return person


def test_a_notice_with_both_ways_to_name_the_person_or_with_neither_is_refused() -> None:
    by_key, by_name = written(), written(folge=an_stelle())
    key, names = _person(by_key)[1], list(_person(by_name))[1:]
    both, reverse, neither, name_only, birth_only = (copy.deepcopy(by_key) for _ in range(5))
    _person(both).extend(copy.deepcopy(names))
    _person(reverse)[1:] = [*copy.deepcopy(names), copy.deepcopy(key)]
    _person(neither)[1:] = []
    _person(name_only)[1:] = [copy.deepcopy(names[0])]
    _person(birth_only)[1:] = [copy.deepcopy(names[1])]
    for refused in (both, reverse, neither, name_only, birth_only):
        assert not _both(refused)
        assert pack().explain(refused).hinweis.startswith(f"Ort: /{ELEMENT}[1]")


def _text(way: str, text: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        element = root.find(way, {"u": NAMESPACE, "x": XMELD[1:-1]})
        assert element is not None
        element.text = text

    return change


def _added(name: str, after: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        element = etree.Element(U + name)
        element.text = "x"
        next(root.iter(U + after)).addnext(element)

    return change


def _without(name: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        element = next(root.iter(U + name))
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)

    return change


VERSTOESSE: dict[str, Callable[[etree._Element], None]] = {
    "an address": _added("anschrift", "geburtsdatum"),
    "a birth name": _added("geburtsname.unstrukturiert", "familienname.unstrukturiert"),
    "nobody to be told": _without("zuUnterrichten"),
    "somebody else to be told": _text("u:zuUnterrichten/code", "presse"),
    "no municipality": _without("gemeindeschluessel"),
    "no family name": _without("familienname.unstrukturiert"),
    "no first names": _without("vornamen"),
    "no request": _without("ersuchen"),
    "nobody who signed": _without("behoerdenschluessel"),
    "no time": _without("zeitpunkt"),
    "a day for a time": _text("u:ersuchen/u:zeitpunkt", "2026-06-15"),
    "a message type of three digits": _text("u:ersuchen/u:nachrichtentyp", "133"),
    "a UUID that is none": _text("u:ersuchen/u:nachrichtenUUID", "1"),
    "a character outside DIN 91379": _text("u:ersuchen/u:aktenzeichen", "Ж"),
    "a text that is not NFC": _text("u:veranlassendeStelle", "A\u0308mter"),
    "another message's number": _text(".//nachrichtentyp/code", "9910"),
    "another standard": lambda root: root.set("standard", "XMeld"),
}


@pytest.mark.parametrize("what", VERSTOESSE)
def test_a_notice_that_breaks_a_rule_is_refused(what: str) -> None:
    root = written(folge=an_stelle())
    VERSTOESSE[what](root)
    assert not _both(root)


def test_any_tool_can_compile_the_schema_where_it_lies() -> None:
    beside = etree.XMLSchema(file=str(Path(folder("xsd")) / NAME / "unterrichtung.xsd"))
    assert beside.validate(written())
    assert beside.validate(written(folge=an_stelle()))


def test_both_libraries_agree_on_random_notices_and_their_mutants() -> None:
    walker = Walker(pack().schema, random.Random(9920))
    roots = [walker.element(pack().schema.maps.elements[U + ELEMENT]) for _ in range(20)]
    assert all(_both(root) for root in roots)
    counted: Counter[bool] = Counter()
    for _ in range(MUTANTS):
        names, mutant = mutated(walker.rng.choice(roots), walker.rng, walker)
        counted[_both(mutant, loosely=not READ_MORE_LOOSELY.isdisjoint(names.split("+")))] += 1
    assert min(counted.values()) > MUTANTS / 5, counted


def _outline(element: Any, way: str = "") -> Iterator[tuple[object, ...]]:
    """Name, cardinality and attributes of all below; code lists and their values are left out."""
    way = f"{way}/{element.name}"
    yield way, element.occurs, sorted((name or "", attribute.use) for name, attribute in element.attributes.items())
    for child in particles(element):
        yield from _outline(child, way)


def test_the_header_is_the_standards_in_all_but_its_codes() -> None:
    standard = packs().newest.schema.maps.elements[f"{XMELD}datenabrufe.aussteuerung.suchanfrage.1322"]
    own = pack().schema.maps.elements[U + ELEMENT]
    assert set(own.attributes) == set(standard.attributes)
    for ours, theirs in zip(particles(own)[:3], particles(standard)[:3], strict=True):
        assert list(_outline(ours)) == list(_outline(theirs))


# -- in the gateway --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Betrieb]:
    one = betrieb(tmp_path_factory.mktemp("notices") / "instance")
    yield one
    one.close()


def test_a_gateway_can_write_notices_whatever_it_answers(house: Betrieb) -> None:
    fassung = house.gateway.fassungen[NAME]
    what = Unterrichtung(an_stelle(), ERIKA, personensuche(), SIGNER, EMPFANGEN)
    root = etree.fromstring(fassung.schreiber.unterrichtung(what, house.gateway.now(), str(uuid.uuid4())))
    assert fassung.pack.is_valid(root)
    assert root.findtext("nachrichtenkopf.g2g/autor/kennung") == "ags:09000000"


def test_a_notice_that_is_sent_to_the_gateway_is_a_fault(house: Betrieb) -> None:
    assert outcome(house.send(notice())) == "fault MESSAGE_NOT_ACCEPTED"
    assert outcome(house.send(notice(folge=an_stelle()))) == "fault MESSAGE_NOT_ACCEPTED"


def test_a_mapping_writes_the_messages_that_it_has_tables_for() -> None:
    assert set(mapping().eigene) == {"9920"}
    assert set(standard_mapping().eigene) == {"0910", "1322"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda nachricht: nachricht.pop("kopf"), "nachricht.kopf is missing"),
        (lambda nachricht: nachricht["kopf"].pop(), "nachricht.kopf: autor.name has no place"),
        (lambda nachricht: nachricht.update(anfrage=[]), "nachricht.anfrage is not a known key"),
        (lambda nachricht: nachricht.update(mahnung=[]), "nachricht.mahnung is not a known key"),
        (lambda nachricht: nachricht["unterrichtung"].append(["x"]), "nachricht.unterrichtung: the row of x"),
    ],
)
def test_a_mapping_that_asks_nothing_has_a_header_and_what_it_writes(
    change: Callable[[dict[str, Any]], Any], named: str
) -> None:
    table = tomllib.loads((folder("mappings") / f"{NAME}.toml").read_text(encoding="utf-8"))
    change(table["nachricht"])
    with pytest.raises(ConfigError, match=named):
        Mapping(table)


def test_a_notice_of_the_pack_that_the_mapping_cannot_write_stops_the_start() -> None:
    stand_in = SimpleNamespace(
        schema=pack().schema, messages={**pack().messages, "9921": replace(pack().messages["9920"], number="9921")}
    )
    with pytest.raises(ConfigError, match="the mapping cannot write 9921, a message of the pack"):
        Schreiber(stand_in, mapping(), SENDER)
