"""Our schema pack and the publisher's schemas give the same verdict on every message that the gateway handles."""

import copy
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import xmlschema
from lxml import etree
from xmlschema.validators import XsdElement

from gateway.xmeld.packs import Pack, Packs
from tests.conformance.mutationen import MUTATIONS, XMELD, XSI, Walker, mutated, particles
from tests.conformance.strukturvergleich import differences
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared

REPOSITORY = Path(__file__).parents[2]
PUBLISHED = SHARED / "xmeld" / "xsd-25.11a" / "xmeld" / "xinneres.xmeld.xsd"
OWN_DIN = REPOSITORY / "xsd" / "xmeld-25.11a" / "xoev" / "din91379.xsd"
PUBLISHED_DIN = SHARED / "xmeld" / "xsd-25.11a" / "xoev" / "din-norm-91379-datatypes.xsd"
SAMPLES = SHARED / "xmeld" / "samples"
SEED = 2511
MUTANTS = 1500  # of each message
WALKED = {
    "datenabruf.personensuche.suchanfrage.1330": 200,
    "datenabruf.personensuche.antwort.1331": 600,
    "datenabruf.freieSuche.suchanfrage.1332": 400,
    "datenabruf.freieSuche.antwort.1333": 400,
    "datenabrufe.aussteuerung.suchanfrage.1322": 200,
    "administration.returntosender.0910": 100,
}


@dataclass(frozen=True)
class Unterschied:
    """A message on which the verdicts differ, and why that is meant."""

    name: str
    reason: str
    own: bool
    published: bool
    change: Callable[[etree._Element], None]


def _name_foreign_type(root: etree._Element) -> None:
    aktenzeichen = next(root.iter(f"{XMELD}aktenzeichen"))
    aktenzeichen.text = "4711"
    aktenzeichen.set(f"{XSI}type", "xmeld:type.zeicheneinzelfall")


def _extend_by_message(root: etree._Element) -> None:
    extension = etree.SubElement(root, f"{XMELD}landesspezifischeErweiterungen")
    etree.SubElement(extension, f"{XMELD}hinweisnachricht.mitteilung.1500")


# Both follow from the same: the pack holds what the handled messages are made of, the publisher's set every message.
UNTERSCHIEDE = (
    Unterschied(
        "xsi:type names a type that only messages outside the pack use",
        "the type is derived from one of the pack's, but no element of a handled message is declared to have it",
        own=False,
        published=True,
        change=_name_foreign_type,
    ),
    Unterschied(
        "an extension holds an invalid message or element that only the publisher's set declares",
        "the wildcard checks what is declared and lets pass what is not; no extension may cross a state border",
        own=True,
        published=False,
        change=_extend_by_message,
    ),
)


class Verdicts:
    """Asks both schemas and insists that they agree."""

    def __init__(self) -> None:
        self.pack: Pack = Packs.load(REPOSITORY / "xsd").newest
        self.published = etree.XMLSchema(file=str(PUBLISHED))

    def both(self, message: etree._Element) -> tuple[bool, bool]:
        return self.pack.is_valid(message), self.published.validate(message)

    def agreed(self, message: etree._Element, what: str) -> bool:
        own, published = self.both(message)
        assert own == published, (
            f"{what}: own {own}, published {published}\n{etree.tostring(message, encoding='unicode')}"
        )
        return own


@pytest.fixture(scope="module")
def verdicts() -> Verdicts:
    return Verdicts()


@pytest.fixture(scope="module")
def structure() -> xmlschema.XMLSchema10:
    """The publisher's, so that what is missing in ours would be walked into."""
    return xmlschema.XMLSchema10(PUBLISHED, allow="local")


@pytest.fixture(scope="module")
def samples(verdicts: Verdicts) -> dict[str, etree._Element]:
    """All samples of the messages that the pack handles."""
    elements = {f"{XMELD}{message.element}" for message in verdicts.pack.messages.values()}
    roots = {path.name: etree.parse(path).getroot() for path in sorted(SAMPLES.rglob("*.xml"))}
    return {name: root for name, root in roots.items() if root.tag in elements}


def test_every_sample_of_a_handled_message_is_valid_for_both(
    verdicts: Verdicts, samples: dict[str, etree._Element]
) -> None:
    assert len(samples) == 10
    for name, root in samples.items():
        assert verdicts.agreed(root, name), name


def test_every_handled_message_is_compared(verdicts: Verdicts) -> None:
    assert {message.element for message in verdicts.pack.messages.values()} == set(WALKED)


@pytest.mark.parametrize("element", WALKED)
def test_both_agree_on_seeded_mutations_of_samples_and_of_random_messages(
    element: str,
    verdicts: Verdicts,
    samples: dict[str, etree._Element],
    structure: xmlschema.XMLSchema10,
) -> None:
    rng = random.Random(f"{SEED} mutants {element}")
    walker = Walker(structure, rng)
    walker.density = 0.7
    roots = [root for root in samples.values() if root.tag == f"{XMELD}{element}"] * 5
    roots += [walker.message(element) for _ in range(10)]
    counted: Counter[bool] = Counter()
    drawn: Counter[str] = Counter()
    for number in range(MUTANTS):
        names, mutant = mutated(rng.choice(roots), rng, walker)
        counted[verdicts.agreed(mutant, f"mutant {number}, {names}")] += 1
        drawn.update(names.split("+"))
    print(f"{element}, {MUTANTS} mutants: {counted[True]} valid, {counted[False]} invalid")
    assert 0.2 < counted[True] / MUTANTS < 0.5, counted
    assert min(drawn[mutation.__name__] for mutation in MUTATIONS) > MUTANTS / 100, drawn


@pytest.mark.parametrize("unterschied", UNTERSCHIEDE, ids=lambda unterschied: unterschied.name)
def test_the_verdicts_differ_only_where_it_is_meant(
    unterschied: Unterschied, verdicts: Verdicts, samples: dict[str, etree._Element]
) -> None:
    root = copy.deepcopy(samples["FachspezifischBehoerdenauskunft006a-1330.xml"])
    unterschied.change(root)
    assert verdicts.both(root) == (unterschied.own, unterschied.published), unterschied.reason


@pytest.mark.parametrize("element", WALKED)
def test_both_agree_on_random_messages_that_reach_every_declaration(
    element: str,
    verdicts: Verdicts,
    structure: xmlschema.XMLSchema10,
) -> None:
    rng = random.Random(f"{SEED} {element}")
    walker = Walker(structure, rng)
    counted: Counter[bool] = Counter()
    for number in range(WALKED[element]):
        walker.density = rng.choice((0.3, 0.5, 0.7, 0.9))
        walker.slips = rng.choice((0.0, 0.01, 0.03))
        counted[verdicts.agreed(walker.message(element), f"random {element} {number}")] += 1
    print(f"{element}, {WALKED[element]} random messages: {counted[True]} valid, {counted[False]} invalid")
    assert min(counted[True], counted[False]) > WALKED[element] / 10, counted
    declared = set(_declarations(structure.maps.elements[f"{XMELD}{element}"], set()))
    assert not declared - walker.reached, [reached.name for reached in declared - walker.reached]


def _declarations(element: XsdElement, seen: set[XsdElement]) -> Iterator[XsdElement]:
    """The declaration and all below it."""
    if element not in seen:
        seen.add(element)
        yield element
        for child in particles(element):
            yield from _declarations(child, seen)


@pytest.mark.parametrize("element", WALKED)
def test_both_build_the_message_from_the_same_parts(
    element: str, verdicts: Verdicts, structure: xmlschema.XMLSchema10
) -> None:
    """Names, order, cardinalities, types, facets and attributes; how a type is derived may differ."""
    own = verdicts.pack.schema.maps.elements[f"{XMELD}{element}"]
    published = structure.maps.elements[f"{XMELD}{element}"]
    compared: set[tuple[int, int]] = set()
    assert not list(differences(own, published, f"/{element}", compared))
    assert len(compared) > 30


def test_the_types_have_the_publishers_names(verdicts: Verdicts, structure: xmlschema.XMLSchema10) -> None:
    own = verdicts.pack.schema.maps.types
    assert not [name for name in own if name not in structure.maps.types]
    assert sum(name.startswith(XMELD) for name in own) == 109


@pytest.fixture(scope="module")
def character_types() -> tuple[etree.XMLSchema, etree.XMLSchema]:
    """Two schemas of one element with the type datatypeC, ours and the publisher's."""
    return _of_datatype_c(OWN_DIN), _of_datatype_c(PUBLISHED_DIN)


def _of_datatype_c(file: Path) -> etree.XMLSchema:
    namespace = etree.parse(file).getroot().get("targetNamespace")
    return etree.XMLSchema(
        etree.fromstring(
            f'''<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:din="{namespace}">
                <xs:import namespace="{namespace}" schemaLocation="{file.as_uri()}"/>
                <xs:element name="text" type="din:datatypeC"/>
            </xs:schema>'''
        )
    )


def _accepted(texts: Iterable[str], types: tuple[etree.XMLSchema, etree.XMLSchema]) -> set[str]:
    own, published = types
    element = etree.Element("text")
    accepted = set()
    for text in texts:
        element.text = text
        verdict = own.validate(element)
        assert verdict == published.validate(element), [f"U+{ord(character):04X}" for character in text]
        if verdict:
            accepted.add(text)
    return accepted


def test_both_accept_the_same_characters_of_din_91379(
    character_types: tuple[etree.XMLSchema, etree.XMLSchema],
) -> None:
    alone = _accepted((chr(code) for code in (9, 10, 13, *range(0x20, 0x3000), 0xFFFD, 0x1F600)), character_types)
    assert len(alone) == 588
    marks = [chr(code) for code in range(0x300, 0x370)]
    carried = _accepted((base + mark for base in sorted(alone) for mark in marks), character_types)
    assert len(carried) == 138
    rng = random.Random(SEED)
    bases, used = (
        sorted({pair[0] for pair in carried}),
        sorted({pair[1] for pair in carried} | {"\u0325", "\u0328", "\u035f"}),
    )
    words = (
        "".join(rng.choices((rng.choice(bases), rng.choice(used), "H", "x"), k=rng.randint(2, 5)))
        for _ in range(20_000)
    )
    assert len(_accepted(words, character_types)) > 1000
