"""The project's own message pair for § 39a BMG: what its schema accepts, by both libraries, and what it refuses."""

import copy
import random
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import pytest
import xmlschema
from lxml import etree
from xmlschema.validators import XsdElement

from gateway.xmeld.lesen import read_kennung
from gateway.xmeld.packs import Direction, Pack, Packs
from tests.conformance.mutationen import XMELD, Walker, mutated, particles

XSD = Path(__file__).parents[2] / "xsd"
NAMESPACE = "urn:xmeld-gateway:datenbestaetigung:1"
DB = f"{{{NAMESPACE}}}"
ANFRAGE, ANTWORT = "datenbestaetigung.anfrage.9910", "datenbestaetigung.antwort.9911"
MUTANTS = 400  # of each message; xmlschema is the slow one

# libxml2, by whose verdict the gateway goes, takes no white space around some values and no U+00A0 between elements.
READ_MORE_LOOSELY = {"text_between_elements", "text_padded", "text_replaced", "text_taken_from_elsewhere"}
DATEN = (
    "familienname",
    "geburtsname",
    "vornamen",
    "doktorgrad",
    "ordensname",
    "kuenstlername",
    "geburtsdatum",
    "geburtsort",
    "geburtsortStaat",
    "geschlecht",
    "staatsangehoerigkeit",
    "anschrift",
    "familienstand",
    "sterbetag",
)


@pytest.fixture(scope="module")
def installed() -> Packs:
    return Packs.load(XSD)


@pytest.fixture(scope="module")
def pack(installed: Packs) -> Pack:
    return next(pack for pack in installed.packs if pack.namespace == NAMESPACE)


@pytest.fixture(scope="module")
def full(pack: Pack) -> dict[str, etree._Element]:
    """Each message with everything that one message can hold."""
    walker = _walker(pack, 39)
    walker.density = 1.0
    return {element: _made(walker, element) for element in (ANFRAGE, ANTWORT)}


@pytest.fixture
def anfrage(full: dict[str, etree._Element], pack: Pack) -> etree._Element:
    """A valid request with every datum to compare."""
    root = copy.deepcopy(full[ANFRAGE])
    _replace_daten(root, [_datum(pack, name) for name in DATEN])
    assert pack.is_valid(root)
    return root


def _walker(pack: Pack, seed: int | str) -> Walker:
    return Walker(pack.schema, random.Random(seed))


def _made(walker: Walker, element: str) -> etree._Element:
    return walker.element(walker.schema.maps.elements[DB + element])


def _declared_daten(pack: Pack) -> dict[str, XsdElement]:
    anfrage = pack.schema.maps.elements[DB + ANFRAGE]
    daten = next(child for child in particles(anfrage) if child.local_name == "zuBestaetigendeDaten")
    return {child.local_name or "": child for child in particles(daten)}


def _datum(pack: Pack, name: str) -> etree._Element:
    return _walker(pack, name).element(_declared_daten(pack)[name])


def _daten(root: etree._Element) -> etree._Element:
    return next(root.iter(f"{DB}zuBestaetigendeDaten"))


def _replace_daten(root: etree._Element, daten: list[etree._Element]) -> None:
    place = _daten(root)
    for child in list(place):
        place.remove(child)
    place.extend(copy.deepcopy(daten))


def _both(pack: Pack, message: etree._Element, *, loosely: bool = False) -> bool:
    """The verdict, in which both libraries must agree; `loosely`: xmlschema may accept more."""
    fast = pack.is_valid(message)
    try:
        slow = pack.schema.is_valid(message, use_location_hints=False)
    except xmlschema.XMLSchemaException:  # an unknown type in xsi:type
        slow = False
    assert fast == slow or (loosely and slow), (
        f"libxml2 {fast}, xmlschema {slow}\n{etree.tostring(message, encoding='unicode')}"
    )
    return fast


def test_request_and_answer_are_the_pairs_only_messages(pack: Pack) -> None:
    assert {number: (row.element, row.direction) for number, row in pack.messages.items()} == {
        "9910": (ANFRAGE, Direction.REQUEST),
        "9911": (ANTWORT, Direction.ANSWER),
    }


def test_any_tool_can_compile_the_schema_where_it_lies(pack: Pack, full: dict[str, etree._Element]) -> None:
    beside = etree.XMLSchema(file=str(XSD / pack.name / "datenbestaetigung.xsd"))
    for message in full.values():
        assert beside.validate(message)
        assert pack.is_valid(message)


def test_every_single_datum_and_every_two_may_be_asked_for_in_their_order_only(
    pack: Pack, anfrage: etree._Element
) -> None:
    daten = {name: _datum(pack, name) for name in DATEN}
    for name in DATEN:
        _replace_daten(anfrage, [daten[name]])
        assert _both(pack, anfrage), name
    for earlier, later in combinations(DATEN, 2):
        _replace_daten(anfrage, [daten[earlier], daten[later]])
        assert pack.is_valid(anfrage), (earlier, later)
        _replace_daten(anfrage, [daten[later], daten[earlier]])
        assert not pack.is_valid(anfrage), (later, earlier)


def test_any_selection_of_data_may_be_asked_for(pack: Pack, anfrage: etree._Element) -> None:
    rng = random.Random(39)
    daten = {name: _datum(pack, name) for name in DATEN}
    for _ in range(300):
        chosen = [name for name in DATEN if rng.random() < 0.5] or [rng.choice(DATEN)]
        _replace_daten(anfrage, [daten[name] for name in chosen])
        assert pack.is_valid(anfrage), chosen


@pytest.mark.parametrize("name", DATEN)
def test_each_datum_stands_once_but_four_nationalities_may(pack: Pack, anfrage: etree._Element, name: str) -> None:
    most = 4 if name == "staatsangehoerigkeit" else 1
    datum = next(_daten(anfrage).iterchildren(DB + name))
    for _ in range(most - len(list(_daten(anfrage).iterchildren(DB + name)))):
        datum.addnext(copy.deepcopy(datum))
    assert _both(pack, anfrage)
    datum.addnext(copy.deepcopy(datum))
    assert not _both(pack, anfrage)


def _without(name: str, namespace: str = DB) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        element = next(root.iter(namespace + name))
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)

    return change


def _text(way: str, text: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        element = root.find(way, {"d": NAMESPACE, "x": XMELD[1:-1]})
        assert element is not None
        element.text = text

    return change


def _attribute(name: str, value: str) -> Callable[[etree._Element], None]:
    return lambda root: root.set(name, value)


def _extension(root: etree._Element) -> None:
    etree.SubElement(root, f"{DB}landesspezifischeErweiterungen")


def _merkmal(root: etree._Element) -> None:
    profil = next(root.iter(f"{DB}suchprofil"))
    profil[0].tag = f"{DB}identifikationsmerkmal"


VERSTOESSE: dict[str, Callable[[etree._Element], None]] = {
    "no zuBestaetigendeDaten": _without("zuBestaetigendeDaten"),
    "nobody who asks": _without("datenAbrufendeStelle"),
    "no reason": _without("anlassDesAbrufs", XMELD),
    "no name of the person": _without("name", XMELD),
    "no municipality of the person": lambda root: _without("anschrift", XMELD)(next(root.iter(f"{DB}auswahldaten"))),
    "an Identifikationsmerkmal": _merkmal,
    "a waiver that is none": _text("d:verzichtAufMitteilung", "false"),
    "an extension of a Land": _extension,
    "a message type of the standard": _text(".//nachrichtentyp/code", "1330"),
    "another standard": _attribute("standard", "XMeld"),
    "another version": _attribute("version", "25.11a"),
    "a Familienstand that the standard has not": _text(".//d:familienstand/code", "XX"),
    "a birth date that is none": _text(".//d:zuBestaetigendeDaten/d:sterbetag", "2025-02-29"),
    "a character outside DIN 91379": _text(".//d:geburtsort", "Ж"),
}


@pytest.mark.parametrize("what", VERSTOESSE)
def test_a_request_that_breaks_a_rule_is_refused(pack: Pack, anfrage: etree._Element, what: str) -> None:
    VERSTOESSE[what](anfrage)
    assert not _both(pack, anfrage)
    hinweis = pack.explain(anfrage).hinweis
    assert hinweis.startswith(f"Ort: /{ANFRAGE}[1]")
    assert "*" not in hinweis or what == "an extension of a Land"


def _answer(full: dict[str, etree._Element], *inhalt: etree._Element) -> etree._Element:
    root = copy.deepcopy(full[ANTWORT])
    for child in [*root.iterchildren(f"{DB}rueckweisung", f"{DB}ergebnis")]:
        root.remove(child)
    next(root.iterchildren(f"{DB}ursprungsnachricht")).addprevious(etree.Comment("here"))
    place = next(root.iterchildren(etree.Comment))
    for element in inhalt:
        place.addprevious(copy.deepcopy(element))
    return root


def _ergebnis(code: str) -> etree._Element:
    ergebnis = etree.Element(f"{DB}ergebnis")
    etree.SubElement(ergebnis, "code").text = code
    return ergebnis


def _rueckweisung(code: str) -> etree._Element:
    rueckweisung = etree.Element(f"{DB}rueckweisung")
    etree.SubElement(etree.SubElement(rueckweisung, f"{XMELD}grundDerRueckweisung"), "code").text = code
    return rueckweisung


@pytest.mark.parametrize(
    ("inhalt", "valid"),
    [
        ([_ergebnis("bestaetigt")], True),
        ([_ergebnis("mehrere")], True),
        ([_ergebnis("nicht_bestaetigt")], True),
        ([_ergebnis("gesperrt")], False),
        ([_ergebnis("Bestaetigt")], False),
        ([_ergebnis("bestaetigt"), _ergebnis("bestaetigt")], False),
        ([_rueckweisung("02")], True),
        ([_rueckweisung("02"), _rueckweisung("24")], True),
        ([_rueckweisung("25")], False),
        ([_rueckweisung("02"), _ergebnis("nicht_bestaetigt")], False),
        ([], False),
    ],
    ids=lambda value: "+".join("".join(element.itertext()) for element in value) if isinstance(value, list) else "",
)
def test_an_answer_is_one_of_three_results_or_refusals(
    pack: Pack, full: dict[str, etree._Element], inhalt: list[etree._Element], valid: bool
) -> None:
    assert _both(pack, _answer(full, *inhalt)) is valid


@pytest.mark.parametrize("element", [ANFRAGE, ANTWORT])
def test_both_libraries_agree_on_random_messages_and_their_mutants(pack: Pack, element: str) -> None:
    walker = _walker(pack, element)
    walker.density = 0.7
    roots = [_made(walker, element) for _ in range(20)]
    assert all(_both(pack, root) for root in roots)
    counted: Counter[bool] = Counter()
    for _ in range(MUTANTS):
        names, mutant = mutated(walker.rng.choice(roots), walker.rng, walker)
        counted[_both(pack, mutant, loosely=not READ_MORE_LOOSELY.isdisjoint(names.split("+")))] += 1
    assert min(counted.values()) > MUTANTS / 5, counted


def _outline(element: XsdElement, way: str = "") -> Iterator[tuple[object, ...]]:
    """Name, cardinality and attributes of all below; code lists and their values are left out."""
    way = f"{way}/{element.name}"
    attributes = sorted((name or "", attribute.use) for name, attribute in element.attributes.items())
    yield way, element.occurs, attributes
    for child in particles(element):
        yield from _outline(child, way)


@pytest.mark.parametrize("element", [ANFRAGE, ANTWORT])
def test_the_header_is_the_standards_in_all_but_its_codes(installed: Packs, pack: Pack, element: str) -> None:
    standard = installed.newest.schema.maps.elements[f"{XMELD}datenabruf.personensuche.suchanfrage.1330"]
    own = pack.schema.maps.elements[DB + element]
    assert set(own.attributes) == set(standard.attributes)
    for ours, theirs in zip(particles(own)[:3], particles(standard)[:3], strict=True):
        assert list(_outline(ours)) == list(_outline(theirs))


def test_the_identification_is_read_like_that_of_any_message(full: dict[str, etree._Element]) -> None:
    kennung = read_kennung(full[ANFRAGE])
    assert kennung is not None
    assert kennung.nachrichtentyp in {"9910", "9911"}
