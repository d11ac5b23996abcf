"""Seeded variations of messages: single mutations of a given one, and random ones walked from a schema.

A mutation does not know the schema's verdict; some keep a message valid, most do not. Both are wanted: two schemas are
compared by whether they agree.
"""

import copy
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import xmlschema
from lxml import etree
from xmlschema.validators import XsdAnyElement, XsdAttribute, XsdElement, XsdGroup, XsdSimpleType

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
XMELD = "{http://www.osci.de/xmeld2511a}"

# Values at the borders of the types: booleans, dates, codes, lengths, characters in and outside DIN 91379.
_LINES = (
    "| |  |\t|a b| a |0|1|2|6|7|8|9|01|02|04|05|24|25|185|186|true|false|TRUE| true |*|M?ller",
    "EG|LP|VH|XX|X001|S999|X999|0910|1322|1330|1331|1332|9999|2025|0000|0001|25|2025Z|2025-02|2025-00|2025-2",
    "2025-02-28|2025-02-29|2024-02-29|2025-13-01|2025-1-1|2025-02-28Z|2025-02-28+01:00|0000-01-01|-0044-03-15|12025-01-01",
    "2025-11-22T08:30:00|2025-11-22T08:30:00.123+01:00|2025-11-22T24:00:00|2025-11-22T25:00:00Z|2025-11-22 08:30:00",
    "281fc3d6-3b43-469c-b9c0-d966c4f42197|281FC3D6-3B43-469C-B9C0-D966C4F42197|281fc3d63b43469cb9c0d966c4f42197",
    "17|1234|12345|123456|17 a|a|Ä|3/4|1.OG|4-6|ab|abcd|abcde|½|12 4|123456789012|Größe|Đặng Thị|O’Brien|[Text]",
    "a\nb|a\rb|€|\u00a0|\u00ad|C\u0300|C\u0328|C\u0328\u0306|K\u035fh|K\u035f|L\u0325\u0304|A\u0301|\u0301|ẞ|ǆ|þ",
    "PGEvPg==|PGE vPg==|PGEvPg|PGEvPg=|=|Ж|Ω|漢|…|„Wort“|–|😀|\u2019|\u2028|\ufeff|\x7f|\x85",
)
TEXTS = (*(text for line in _LINES for text in line.split("|")), "X" * 35, "X" * 36, "ü" * 120, "Wort " * 500)

# The same for types that a random message must get right most of the time to be worth comparing.
TEXTS_OF_TYPE: dict[str, tuple[str, ...]] = {
    "Tagesdatum": ("2025-02-28", "1954-12-01", "2024-02-29"),
    "JahrMonat": ("2025-02", "1954-12"),
    "Jahr": ("2025", "0001"),
    "dateTime": ("2025-11-22T08:30:00.123+01:00", "2025-11-22T08:30:00"),
    "boolean": ("true", "false", "1", "0"),
    "base64Binary": ("PGEvPg==", "PGE vPg==", ""),
    "UUID": ("281fc3d6-3b43-469c-b9c0-d966c4f42197",),
    "AZRNummer": ("123456789012",),
    "type.Nachrichtentyp": ("1330", "9910"),
    "Meldeanschrift.Hausnummer": ("17", "1", "9999", ""),
    "Meldeanschrift.HausnummerBuchstabeZusatzziffer": ("a", "3/4", "Ä"),
    "Meldeanschrift.Postleitzahl": ("30159", "60000"),
    "Meldeanschrift.Stockwerkswohnungsnummer": ("3.OG", "12"),
    "ZeileAufschrift.Zeilennummer": ("1", "8"),
    "ZeileAufschrift.Inhalt": ("12 Rue du Lac", "X" * 35),
    "type.AnschriftfeldNachDIN.Anschriftzone.Zeile.Position": ("1", "6"),
}
PLAIN_TEXTS = ("Erika", "Đặng Thị", "von und zu Beispiel", "K\u035fh", "", "O’Brien-Šustr", "01", "000")

XS = "{http://www.w3.org/2001/XMLSchema}"
XIMA = "{http://www.osci.de/xinneres/meldeanschrift/5}"
XIPA = "{http://www.osci.de/xinneres/postanschrift/5}"
XIBEHOERDE = "{http://www.osci.de/xinneres/behoerde/7}"
TYPE_NAMES = (
    f"{XMELD}type.Tod",
    f"{XMELD}type.Sterbetag",
    f"{XMELD}type.Geburtsdatum",
    f"{XMELD}type.Doktorgrad",
    f"{XMELD}type.AnschriftMelderecht.Inland",
    f"{XMELD}type.FamilienstandOhnePflichtangaben",
    f"{XMELD}type.FamilienstandNurBegruendungOhnePflichtangaben",
    f"{XMELD}type.Personensuche.Auswahldaten.Meldeanschrift",
    f"{XMELD}type.Personensuche.Abrufdaten.Kind.Anschrift",
    f"{XMELD}Code.Gebiet",
    f"{XMELD}type.Gibtsnicht",
    f"{XIMA}Meldeanschrift",
    f"{XIMA}Meldeanschrift.Strasse",
    f"{XIPA}PostalischeInlandsanschrift.Basis",
    f"{XIPA}PostalischeInlandsanschrift.Gebaeudeanschrift",
    f"{XIBEHOERDE}Behoerde.Erreichbar",
    f"{XS}string",
    f"{XS}token",
    f"{XS}anyType",
)


@dataclass(frozen=True)
class Vocabulary:
    """What mutations and random messages of a standard are made of."""

    namespace: str  # with braces
    texts: tuple[str, ...]
    texts_of_type: Mapping[str, tuple[str, ...]]  # by local name; of the others `plain_texts`
    plain_texts: tuple[str, ...]
    type_names: tuple[str, ...]
    attributes: tuple[str, ...]
    attribute_values: tuple[str, ...]


XMELD_VOCABULARY = Vocabulary(
    namespace=XMELD,
    texts=TEXTS,
    texts_of_type=TEXTS_OF_TYPE,
    plain_texts=PLAIN_TEXTS,
    type_names=TYPE_NAMES,
    attributes=("listURI", "listVersionID", "test", "produktversion", "lang", f"{XSI}schemaLocation", "{urn:fremd}art"),
    attribute_values=(
        "1",
        "2",
        "4",
        "25.11a",
        "urn:de:dsmeld:schluesseltabelle:wohnungsart",
        "urn:de:xoev:codeliste:erreichbarkeit",
    ),
)

Mutation = Callable[["Mutant"], None]


class Mutant:
    """A copy of a message, its elements, and the random choices made on it."""

    def __init__(self, root: etree._Element, rng: random.Random, walker: "Walker") -> None:
        self.root = copy.deepcopy(root)
        self.rng = rng
        self.walker = walker
        self.vocabulary = walker.vocabulary
        self.elements = list(self.root.iter(etree.Element))

    def element(self) -> etree._Element:
        """Any element but the root."""
        return self.rng.choice(self.elements[1:])

    def leaf(self) -> etree._Element:
        return self.rng.choice([element for element in self.elements[1:] if len(element) == 0])

    def with_attribute(self) -> etree._Element:
        return self.rng.choice([element for element in self.elements if len(element.attrib)] or self.elements)


def _parent(element: etree._Element) -> etree._Element:
    parent = element.getparent()
    assert parent is not None
    return parent


def element_removed(mutant: Mutant) -> None:
    element = mutant.element()
    _parent(element).remove(element)


def element_duplicated(mutant: Mutant) -> None:
    element = mutant.element()
    element.addnext(copy.deepcopy(element))


def element_moved(mutant: Mutant) -> None:
    element, target = mutant.element(), mutant.element()
    if element not in target.iterancestors() and element is not target:
        target.addnext(element)


def siblings_swapped(mutant: Mutant) -> None:
    element = mutant.element()
    following = element.getnext()
    if following is not None:
        following.addnext(element)


def element_renamed(mutant: Mutant) -> None:
    mutant.element().tag = mutant.element().tag


def qualification_turned(mutant: Mutant) -> None:
    element = mutant.element()
    local = etree.QName(element).localname
    element.tag = local if element.tag.startswith("{") else mutant.vocabulary.namespace + local


def text_replaced(mutant: Mutant) -> None:
    mutant.leaf().text = mutant.rng.choice(mutant.vocabulary.texts)


def text_taken_from_elsewhere(mutant: Mutant) -> None:
    mutant.leaf().text = mutant.leaf().text


def text_padded(mutant: Mutant) -> None:
    leaf = mutant.leaf()
    leaf.text = mutant.rng.choice((" ", "\n", "\t")) + (leaf.text or "") + mutant.rng.choice((" ", ""))


def text_between_elements(mutant: Mutant) -> None:
    mutant.element().tail = mutant.rng.choice(("\n", " ", "Wort", "\u00a0"))


def remark_inserted(mutant: Mutant) -> None:
    mutant.element().addnext(
        mutant.rng.choice((etree.Comment("Anmerkung"), etree.ProcessingInstruction("ziel", "daten")))
    )


def attribute_removed(mutant: Mutant) -> None:
    element = mutant.with_attribute()
    if element.attrib:
        del element.attrib[mutant.rng.choice(list(element.attrib))]


def attribute_changed(mutant: Mutant) -> None:
    element = mutant.with_attribute()
    if element.attrib:
        element.set(mutant.rng.choice(list(element.attrib)), mutant.rng.choice(mutant.vocabulary.texts))


def attribute_added(mutant: Mutant) -> None:
    element = mutant.rng.choice((mutant.root, mutant.element(), mutant.with_attribute()))
    element.set(mutant.rng.choice(mutant.vocabulary.attributes), mutant.rng.choice(mutant.vocabulary.attribute_values))


def nil_set(mutant: Mutant) -> None:
    element = mutant.element()
    element.set(f"{XSI}nil", mutant.rng.choice(("true", "false", "1", "x")))
    if mutant.rng.random() < 0.5:
        _emptied(element)


def type_named(mutant: Mutant) -> None:
    """xsi:type: the type that the element has anyway, one derived from it, or any other."""
    element = mutant.element()
    name = mutant.rng.choice(mutant.vocabulary.type_names)
    declared = mutant.walker.declaration(element, mutant.root)
    if declared is not None and mutant.rng.random() < 0.6:
        derived = [name for name in mutant.vocabulary.type_names if mutant.walker.derives(name, declared)]
        name = mutant.rng.choice(derived) if derived else declared.type.name or name
    namespace, _, local = name[1:].partition("}")
    renewed = etree.Element(element.tag, nsmap={"t": namespace})
    renewed.attrib.update(element.attrib)
    renewed.text, renewed.tail = element.text, element.tail
    _parent(element).replace(element, renewed)
    renewed.extend(list(element))
    renewed.set(f"{XSI}type", f"t:{local}")


def content_emptied(mutant: Mutant) -> None:
    _emptied(mutant.element())


def element_regenerated(mutant: Mutant) -> None:
    """Another content that the schema allows at this place: other choices, other optional parts."""
    element = mutant.element()
    declared = mutant.walker.declaration(element, mutant.root)
    if declared is not None:
        _parent(element).replace(element, mutant.walker.element(declared))


def extension_added(mutant: Mutant) -> None:
    """landesspezifischeErweiterungen takes anything, but checks what it knows."""
    extension = etree.SubElement(mutant.root, f"{XMELD}landesspezifischeErweiterungen")
    foreign = etree.SubElement(extension, "{urn:fremd}angabe", art="x")
    foreign.text = mutant.rng.choice(TEXTS)
    for _ in range(mutant.rng.randrange(3)):
        extension.append(copy.deepcopy(mutant.element()))
    if mutant.rng.random() < 0.3:
        foreign.append(mutant.walker.message("administration.returntosender.0910"))


def _emptied(element: etree._Element) -> None:
    element.text = None
    for child in list(element):
        element.remove(child)


# How often each is drawn; those that often leave a message valid weigh more, so that both verdicts are compared.
MUTATIONS: dict[Mutation, int] = {
    element_removed: 3,
    element_duplicated: 3,
    element_moved: 2,
    siblings_swapped: 2,
    element_renamed: 2,
    qualification_turned: 2,
    text_replaced: 9,
    text_taken_from_elsewhere: 4,
    text_padded: 3,
    text_between_elements: 2,
    remark_inserted: 2,
    attribute_removed: 2,
    attribute_changed: 3,
    attribute_added: 4,
    nil_set: 2,
    type_named: 4,
    content_emptied: 2,
    element_regenerated: 6,
    extension_added: 3,
}


def mutated(
    root: etree._Element, rng: random.Random, walker: "Walker", mutations: Mapping[Mutation, int] = MUTATIONS
) -> tuple[str, etree._Element]:
    """A copy of the message with one mutation, rarely two, and their names."""
    mutant = Mutant(root, rng, walker)
    names: list[str] = []
    for mutation in rng.choices(list(mutations), list(mutations.values()), k=rng.choice((1, 1, 1, 1, 2))):
        mutation(mutant)
        mutant.elements = list(mutant.root.iter(etree.Element))
        names.append(mutation.__name__)
        if len(mutant.elements) == 1:
            break
    return "+".join(names), mutant.root


def content(declared: XsdElement) -> XsdGroup:
    """The content model of an element that has one."""
    group = getattr(declared.type, "content", None)
    assert isinstance(group, XsdGroup)
    return group


def particles(declared: XsdElement) -> Sequence[XsdElement]:
    """The elements that may stand in this one."""
    if not declared.type.has_complex_content():
        return ()
    return [particle for particle in content(declared).iter_elements() if isinstance(particle, XsdElement)]


class Walker:
    """Makes random messages by walking a schema: mostly what it allows, with borders crossed now and then."""

    def __init__(
        self, schema: xmlschema.XMLSchema10, rng: random.Random, vocabulary: Vocabulary = XMELD_VOCABULARY
    ) -> None:
        self.schema = schema
        self.rng = rng
        self.vocabulary = vocabulary
        self.slips = 0.0  # probability, per value, of one that is drawn without regard to its type
        self.density = 0.5  # probability of an optional element
        self.reached: set[XsdElement] = set()

    def message(self, local_name: str) -> etree._Element:
        """A message with this root element."""
        return self.element(self.schema.maps.elements[self.vocabulary.namespace + local_name])

    def declaration(self, element: etree._Element, root: etree._Element) -> XsdElement | None:
        """The schema's declaration for an element of a message, None where its place is not the schema's."""
        path = [element, *element.iterancestors()]
        path = path[: path.index(root) + 1]
        declared: XsdElement | None = self.schema.maps.elements.get(root.tag)
        for step in reversed(path[:-1]):
            children = () if declared is None else particles(declared)
            declared = next(
                (child for child in children if isinstance(child, XsdElement) and child.name == step.tag), None
            )
        return declared

    def derives(self, name: str, declared: XsdElement) -> bool:
        """Whether the type of this name is derived from that of the declaration."""
        derived = self.schema.maps.types.get(name)
        return derived is not None and derived is not declared.type and derived.is_derived(declared.type)

    def element(self, declared: XsdElement) -> etree._Element:
        """A random element of this declaration."""
        self.reached.add(declared)
        element = etree.Element(declared.name)
        if declared.fixed is not None and self.rng.random() >= self.slips:
            element.text = declared.fixed
        elif declared.type.is_simple():
            element.text = self._text(declared.type)
        else:
            self._attributes(element, declared)
            if isinstance(declared.type.content, XsdSimpleType):
                element.text = self._text(declared.type.content)
            else:
                self._particles(element, content(declared))
        return element

    def _attributes(self, element: etree._Element, declared: XsdElement) -> None:
        for name, attribute in declared.attributes.items():
            if not isinstance(attribute, XsdAttribute) or name is None or attribute.use == "prohibited":
                continue
            if attribute.use == "required" or self.rng.random() < 0.2:
                element.set(name, attribute.fixed if attribute.fixed is not None else self._text(attribute.type))

    def _particles(self, element: etree._Element, group: XsdGroup) -> None:
        chosen: Sequence[object] = group if group.model == "sequence" else [self.rng.choice(list(group))]
        for particle in chosen:
            for _ in range(self._occurrences(particle)):
                if isinstance(particle, XsdElement):
                    element.append(self.element(particle))
                elif isinstance(particle, XsdGroup):
                    self._particles(element, particle)
                elif isinstance(particle, XsdAnyElement):
                    element.append(self._foreign(particle))

    def _foreign(self, wildcard: XsdAnyElement) -> etree._Element:
        """An element where any may stand."""
        foreign = etree.Element("{urn:fremd}angabe")
        foreign.text = self.rng.choice(self.vocabulary.texts)
        return foreign

    def _occurrences(self, particle: object) -> int:
        assert isinstance(particle, XsdElement | XsdGroup | XsdAnyElement)
        if self.rng.random() < self.slips / 4:
            return self.rng.randrange(3)
        least, most = particle.min_occurs, particle.max_occurs
        if most == 0 or (least == 0 and self.rng.random() >= self.density):
            return 0
        if most == 1 or self.rng.random() < 0.8:
            return max(1, least)
        return self.rng.randint(max(1, least), least + 2 if most is None else most)

    def _text(self, declared: object) -> str:
        assert isinstance(declared, XsdSimpleType)
        if self.rng.random() < self.slips:
            return self.rng.choice(self.vocabulary.texts)
        if declared.enumeration:
            return str(self.rng.choice(declared.enumeration))
        known = self.vocabulary
        return self.rng.choice(known.texts_of_type.get(declared.local_name or "", known.plain_texts))
