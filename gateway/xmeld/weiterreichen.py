"""Messages that are handed on between Laender, § 2 (3) Nds. AG BMG: a new header, and every other element as it came.

What stands where says the mapping; what it does not name is not looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from gateway.meldewesen.anfrage import Nachrichtenkennung
from gateway.meldewesen.pfade import EACH

Element = etree._Element

#: Field of a message → its place, as the mapping has them.
Orte = Mapping[str, str]

_PERSON = "personen[].identifikationsmerkmal"
_KENNUNG = ("uuid", "nachrichtentyp", "erstellungszeitpunkt")


@dataclass(frozen=True)
class Antwortkopf:
    """What is looked at in another Land's answer. `codes`: of its Rueckweisung, in its order."""

    kennung: Nachrichtenkennung
    ursprung: Nachrichtenkennung
    autor: str  # key with prefix
    leser: str  # key with prefix
    status: str
    codes: tuple[str, ...]
    personen: int


def read_antwort(root: Element, orte: Orte) -> Antwortkopf:
    """The header and the outcome of a 1331 or 1333 that is valid against its schema."""
    return Antwortkopf(
        kennung=_kennung(root, orte, "kennung"),
        ursprung=_kennung(root, orte, "ursprung"),
        autor=_text(root, orte["autor.kennung"]),
        leser=_text(root, orte["leser.kennung"]),
        status=_text(root, orte["status"]),
        codes=tuple(_value(element) for element in _find(root, orte["rueckweisungen[].code"])),
        personen=len(personen_von(root, orte)),
    )


def read_ruecksendung(root: Element, orte: Orte) -> tuple[Nachrichtenkennung, str]:
    """The original and the reason of a 0910 that is valid against its schema."""
    return _kennung(root, orte, "ursprung"), _text(root, orte["grund"])


def als_eigene_anfrage(root: Element, kopf: bytes, orte: Orte, *, leser_bleibt: bool) -> Element:
    """A copy of the request with the header of `kopf`, a message of its kind, and its Suchbereich where it has one; who
    retrieves, with what, what for and what is asked for stay. With `leser_bleibt` the reader stays as well.
    """
    copy, skeleton = deepcopy(root), etree.fromstring(kopf)
    places = ["kennung.uuid", "autor.kennung", *([] if leser_bleibt else ["leser.kennung"])]
    if (gemeinde := "suchbereich.gemeinde") in orte and _find(skeleton, orte[gemeinde]):
        places.append(gemeinde)
    for place in places:
        _replace(copy, skeleton, orte[place].rpartition("/")[0])
    _replace(copy, skeleton, orte["anschrift.strasse"].partition("/")[0])
    if not leser_bleibt:
        _drop_anschrift_leser(copy, orte)
    return _with_attributes(copy, skeleton)


def benenne(root: Element, uuid: str, orte: Orte) -> None:
    """Gives a message another UUID."""
    (element,) = _find(root, orte["kennung.uuid"])
    element.text = uuid


def personen_von(root: Element, orte: Orte) -> list[Element]:
    """The persons of an answer."""
    return _find(root, orte[_PERSON].rpartition("/")[0])


def personen_haben(root: Element, places: Sequence[str], orte: Orte) -> bool:
    """Whether one of an answer's persons has an element at one of the places, which are relative to it."""
    person = orte[_PERSON].rpartition("/")[0]
    return any(_exists(f"{person}/{place}")(root) for place in places)


def als_eigene_antwort(root: Element, kopf: bytes, ursprung: Nachrichtenkennung, orte: Orte) -> Element:
    """A copy of another Land's answer that answers the message `ursprung`: its identification and reader are those of
    `kopf`. Its author stays, who has said what stands in it. Extensions of a Land do not cross its border (schema
    documentation of 1331 and 1333).
    """
    copy, skeleton = deepcopy(root), etree.fromstring(kopf)
    for place in ("kennung.uuid", "leser.kennung"):
        _replace(copy, skeleton, orte[place].rpartition("/")[0])
    _drop_anschrift_leser(copy, orte)
    for element in _find(copy, orte["landesspezifische_erweiterungen"]):
        copy.remove(element)
    for name in _KENNUNG:
        (element,) = _find(copy, orte[f"ursprung.{name}"])
        _leaf(element).text = getattr(ursprung, name)
    return _with_attributes(copy, skeleton)


def vereint(roots: Sequence[Element], orte: Orte) -> Element:
    """One answer with the persons of all: those of one kind, none a Rueckweisung. The first that has any leads."""
    lists = [(root, personen_von(root, orte)) for root in roots]
    first, *others = [pair for pair in lists if pair[1]] or lists
    result = deepcopy(first[0])
    for person in personen_von(result, orte)[-1:]:
        further = [deepcopy(one) for _, personen in others for one in personen]
        for one in reversed(further):
            person.addnext(one)
    return result


def serialise(root: Element) -> bytes:
    """UTF-8, with a declaration."""
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _kennung(root: Element, orte: Orte, prefix: str) -> Nachrichtenkennung:
    return Nachrichtenkennung(*(_text(root, orte[f"{prefix}.{name}"]) for name in _KENNUNG))


def _find(root: Element, ort: str) -> list[Element]:
    """The elements at a place, by local names: which are qualified is the schema's business."""
    found = [root]
    for step in ort.split("/"):
        name = step.removesuffix(EACH)
        found = [child for parent in found for child in _named(parent, name)]
    return found


@lru_cache(maxsize=64)
def _exists(ort: str) -> etree.XPath:
    """Whether there is an element at a place; in C, for the thousand persons of a list."""
    steps = (f"*[local-name() = '{step.removesuffix(EACH)}']" for step in ort.split("/"))
    return etree.XPath(f"boolean({'/'.join(steps)})")


def _named(parent: Element, name: str) -> Iterator[Element]:
    return (child for child in parent if etree.QName(child).localname == name)


def _leaf(element: Element) -> Element:
    """Where the text of a value stands: a code has its own element."""
    return element[0] if len(element) else element


def _value(element: Element) -> str:
    return (_leaf(element).text or "").strip()


def _text(root: Element, ort: str) -> str:
    return "".join(_value(element) for element in _find(root, ort)[:1])


def _replace(root: Element, skeleton: Element, ort: str) -> None:
    (old,), (new,) = _find(root, ort), _find(skeleton, ort)
    parent = old.getparent()
    assert parent is not None, "the root has no place"
    parent.replace(old, deepcopy(new))


def _drop_anschrift_leser(root: Element, orte: Orte) -> None:
    """What stands between the header and the author's address: the address of a reader who is not this one."""
    kopf, anschrift = (orte[place].partition("/")[0] for place in ("kennung.uuid", "anschrift.strasse"))
    (first,), (last,) = _find(root, kopf), _find(root, anschrift)
    for element in list(root)[root.index(first) + 1 : root.index(last)]:
        root.remove(element)


def _with_attributes(root: Element, skeleton: Element) -> Element:
    """The attributes say whose software made the message."""
    for name, value in skeleton.items():
        root.set(name, value)
    return root
