"""Seeded mutations of an XML document: its bytes and its tree.

`mutations(document, seed, count)` gives the same ones for the same arguments on every machine; each knows its number
and its kind, so that one failure can be run again alone. Works for envelopes and for messages.
"""

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lxml import etree


@dataclass(frozen=True)
class Mutation:
    """One mutated document. `name` is number and kind."""

    name: str
    data: bytes


def mutations(document: bytes, seed: int, count: int) -> Iterator[Mutation]:
    """`count` mutations of `document`, all kinds in turn, none equal to it."""
    yield from _mutations(document, seed, count, _KINDS)


def byte_mutations(data: bytes, seed: int, count: int) -> Iterator[Mutation]:
    """The same of what need not be XML or even text: its bytes only."""
    yield from _mutations(data, seed, count, _BYTES)


def _mutations(document: bytes, seed: int, count: int, kinds: "Kinds") -> Iterator[Mutation]:
    for number in range(count):
        kind, mutate = kinds[number % len(kinds)]
        chance = random.Random(f"{seed}:{number}")
        data = mutate(document, chance)
        while data == document:
            data = _flip(document, chance)
        yield Mutation(f"{number}:{kind}", data)


Mutator = Callable[[bytes, random.Random], bytes]
Kinds = tuple[tuple[str, Mutator], ...]

_SNIPPETS = (
    b"<!DOCTYPE a>",
    b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
    b"&b;",
    b"&#0;",
    b"&#xD800;",
    b"<!-- -->",
    b"<?pi ?>",
    b"<![CDATA[",
    b"]]>",
    b"\x00",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xe2\x80\xae",
    b"</",
    b"<a>",
    b"/>",
    b' xmlns=""',
    b' xmlns:soap="urn:other"',
    b' Id="body"',
    b"'",
    b'"',
    b" ",
    b"\r\n",
    b"=" * 100,
    b"A" * 5000,
    b"<a>" * 300,
)
_NAMES = ("Id", "ID", "{urn:other}Id", "{http://www.w3.org/XML/1998/namespace}id", "URI", "Algorithm", "ValueType")


def _place(document: bytes, chance: random.Random) -> int:
    """A position; half of them in the markup, which a long text would otherwise crowd out."""
    if chance.random() < 0.5:
        return chance.randrange(len(document))
    tags = [position for position, byte in enumerate(document) if byte == 0x3C]
    return min(chance.choice(tags) + chance.randrange(40), len(document) - 1)


def _span(document: bytes, chance: random.Random) -> tuple[int, int]:
    start = _place(document, chance)
    return start, min(len(document), start + chance.choice((1, 2, 5, 20, 200, 2000)))


def _flip(document: bytes, chance: random.Random) -> bytes:
    changed = bytearray(document)
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        changed[_place(document, chance)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _overwrite(document: bytes, chance: random.Random) -> bytes:
    changed = bytearray(document)
    changed[_place(document, chance)] = chance.randrange(256)
    return bytes(changed)


def _insert(document: bytes, chance: random.Random) -> bytes:
    position = _place(document, chance)
    return document[:position] + chance.choice(_SNIPPETS) + document[position:]


def _delete(document: bytes, chance: random.Random) -> bytes:
    start, end = _span(document, chance)
    return document[:start] + document[end:]


def _repeat(document: bytes, chance: random.Random) -> bytes:
    start, end = _span(document, chance)
    return document[:end] + document[start:end] * chance.choice((1, 1, 2, 50)) + document[end:]


def _exchange(document: bytes, chance: random.Random) -> bytes:
    start, end = _span(document, chance)
    position = _place(document, chance)
    return document[:start] + document[position : position + end - start] + document[end:]


def _truncate(document: bytes, chance: random.Random) -> bytes:
    return document[: _place(document, chance)]


def _behead(document: bytes, chance: random.Random) -> bytes:
    return document[_place(document, chance) :]


def _recode(document: bytes, chance: random.Random) -> bytes:
    text = document.decode("utf-8")
    return text.encode(chance.choice(("utf-16", "utf-16-le", "utf-32", "cp500")), "replace")


def _tree(change: Callable[[list[etree._Element], random.Random], None]) -> Mutator:
    """A mutator that changes the parsed document; the list holds all elements, the root first."""

    def mutate(document: bytes, chance: random.Random) -> bytes:
        root = etree.fromstring(document)
        change(list(root.iter(etree.Element)), chance)
        return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=chance.random() < 0.5)

    return mutate


def _inner(elements: list[etree._Element], chance: random.Random) -> etree._Element:
    return chance.choice(elements[1:])


def _outside_of(element: etree._Element, elements: list[etree._Element], chance: random.Random) -> etree._Element:
    own = set(element.iter())
    return chance.choice([other for other in elements if other not in own])


def _duplicate(elements: list[etree._Element], chance: random.Random) -> None:
    element = _inner(elements, chance)
    element.addnext(copy.deepcopy(element))


def _copy_elsewhere(elements: list[etree._Element], chance: random.Random) -> None:
    chance.choice(elements).append(copy.deepcopy(_inner(elements, chance)))


def _move(elements: list[etree._Element], chance: random.Random) -> None:
    element = _inner(elements, chance)
    target = _outside_of(element, elements, chance)
    target.insert(chance.randint(0, len(target)), element)


def _swap(elements: list[etree._Element], chance: random.Random) -> None:
    element = _inner(elements, chance)
    other = _outside_of(element, elements, chance)
    if other.getparent() is None or element in set(other.iter()):
        return
    marker = etree.Element("marker")
    element.addprevious(marker)
    other.addprevious(element)
    marker.getparent().replace(marker, other)


def _remove(elements: list[etree._Element], chance: random.Random) -> None:
    element = _inner(elements, chance)
    element.getparent().remove(element)


def _wrap(elements: list[etree._Element], chance: random.Random) -> None:
    element = _inner(elements, chance)
    wrapper = etree.Element(chance.choice(("{urn:evil}Wrapper", element.tag)))
    element.addprevious(wrapper)
    wrapper.append(element)


def _rename(elements: list[etree._Element], chance: random.Random) -> None:
    chance.choice(elements).tag = chance.choice([*(element.tag for element in elements), "{urn:evil}a", "a"])


def _retext(elements: list[etree._Element], chance: random.Random) -> None:
    texts = [element.text for element in elements if element.text and element.text.strip()]
    chance.choice(elements).text = chance.choice([*texts, "", " ", "x", "0", "ü", "\u202e"])


def _attribute(elements: list[etree._Element], chance: random.Random) -> None:
    element = chance.choice(elements)
    known = [pair for other in elements for pair in other.attrib.items()]
    name, value = chance.choice(known) if known else ("Id", "body")
    element.set(chance.choice((name, name, *_NAMES)), chance.choice((value, value, "", "body", "#body", "x" * 300)))


def _strip_attribute(elements: list[etree._Element], chance: random.Random) -> None:
    owners = [element for element in elements if element.attrib]
    if owners:
        owner = chance.choice(owners)
        del owner.attrib[chance.choice(owner.keys())]


def _comment(elements: list[etree._Element], chance: random.Random) -> None:
    element = chance.choice(elements)
    node = chance.choice((etree.Comment("x"), etree.ProcessingInstruction("x", "y")))
    text = element.text or ""
    cut = chance.randint(0, len(text))
    element.text, node.tail = text[:cut], text[cut:]
    element.insert(0, node)


def _harmless(elements: list[etree._Element], chance: random.Random) -> None:
    """White space before a child: signed in some places, in others of no meaning."""
    element = _inner(elements, chance)
    element.tail = (element.tail or "") + chance.choice((" ", "\n\t"))


_KINDS: Kinds = (
    ("flip", _flip),
    ("duplicate", _tree(_duplicate)),
    ("truncate", _truncate),
    ("move", _tree(_move)),
    ("overwrite", _overwrite),
    ("attribute", _tree(_attribute)),
    ("insert", _insert),
    ("copy", _tree(_copy_elsewhere)),
    ("delete", _delete),
    ("swap", _tree(_swap)),
    ("repeat", _repeat),
    ("wrap", _tree(_wrap)),
    ("exchange", _exchange),
    ("rename", _tree(_rename)),
    ("behead", _behead),
    ("remove", _tree(_remove)),
    ("text", _tree(_retext)),
    ("strip", _tree(_strip_attribute)),
    ("comment", _tree(_comment)),
    ("space", _tree(_harmless)),
    ("recode", _recode),
)

_BYTES: Kinds = (
    ("flip", _flip),
    ("truncate", _truncate),
    ("overwrite", _overwrite),
    ("insert", _insert),
    ("delete", _delete),
    ("repeat", _repeat),
    ("exchange", _exchange),
    ("behead", _behead),
)
