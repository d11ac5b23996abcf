"""Says where a message breaks its schema and by which rule, in words that hold nothing of the message's content.

Officials read the texts (0910, `ergaenzende.hinweise`), therefore German, within 500 characters and in DIN 91379. A
rule repeats facts of the schema only; a name out of the message is repeated only when the schema knows it.
"""

import re
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Any

from lxml import etree
from xmlschema import XMLSchemaChildrenValidationError, XMLSchemaValidationError
from xmlschema import validators as xsd

MAX_LENGTH = 500
MAX_RULE = 300
MAX_LISTED = 12  # names or codes that a rule lists before it only counts them

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_STEP = re.compile(r"(?:[^:/\[\]]+:)?(?P<name>[^:/\[\]]+)(?:\[(?P<position>[0-9]+)\])?")
_SHOWABLE = re.compile(r"[ -~]{1,80}")
_UNSPECIFIC = "eine Vorgabe des Schemas ist nicht eingehalten"
_NO_TEXT = "zwischen den Elementen darf kein Text stehen"
_XSI_TYPE = "der in xsi:type genannte Typ ist hier nicht zulässig"


@dataclass(frozen=True)
class Verstoss:
    """The first violation of a message: `ort` is an XPath of local names, `regel` what the schema demands there."""

    ort: str
    regel: str

    @property
    def hinweis(self) -> str:
        """Both as a German sentence; of a long place the end, of a long rule the beginning."""
        regel = self.regel if len(self.regel) <= MAX_RULE else self.regel[: MAX_RULE - 3] + "..."
        space = MAX_LENGTH - len(f"Ort: ; Regel: {regel}.")
        ort = self.ort if len(self.ort) <= space else "..." + self.ort[3 - space :]
        return f"Ort: {ort}; Regel: {regel}."


def explain_by_rule(error: XMLSchemaValidationError, root: etree._Element, known: Set[str]) -> Verstoss:
    """What xmlschema found."""
    if isinstance(error, XMLSchemaChildrenValidationError):
        return Verstoss(_ort(error.invalid_child, error.elem, root, known), _children_rule(error))
    return Verstoss(_ort(error.elem, None, root, known), _rule(error))


def explain_by_place(log: Any, known: Set[str]) -> Verstoss:
    """What libxml2 reported: its messages repeat values, so only the place and the kind of violation are taken."""
    entry = next(iter(log))
    steps = [_STEP.fullmatch(step) for step in entry.path.strip("/").split("/")]
    names = [_step(step["name"], int(step["position"] or 1), known) for step in steps if step is not None]
    return Verstoss("/" + "/".join(names), _KINDS.get(entry.type_name, _UNSPECIFIC))


def _ort(element: Any, parent: Any, root: etree._Element, known: Set[str]) -> str:
    """The place of `element`, or of `parent` where the violation is that an element is missing."""
    steps = []
    element = parent if element is None else element
    for step in (element, *element.iterancestors()):
        position = 1 + sum(1 for _ in step.itersiblings(step.tag, preceding=True))
        steps.append(_step(etree.QName(step).localname, position, known))
        if step is root:
            break
    return "/" + "/".join(reversed(steps))


def _step(name: str, position: int, known: Set[str]) -> str:
    return f"{name if name in known else '*'}[{position}]"


def _rule(error: XMLSchemaValidationError) -> str:
    for kind, rule in _RULES:
        if isinstance(error.validator, kind):
            return rule(error)
    return _UNSPECIFIC


def _children_rule(error: XMLSchemaChildrenValidationError) -> str:
    expected = [particle for particle in error.expected or () if isinstance(particle, xsd.XsdElement)]
    if not expected:
        return "dieses Element ist hier nicht zulässig"
    found = etree.QName(error.invalid_tag).localname if error.invalid_tag else None
    for particle in expected:
        if particle.local_name == found and particle.name != error.invalid_tag:
            namespace = particle.target_namespace if particle.qualified else None
            return f"das Element gehört in {f'den Namensraum {namespace}' if namespace else 'keinen Namensraum'}"
    return f"erwartet ist {_listed([particle.local_name for particle in expected], 'eines', 'Elementen')}"


def _group_rule(error: XMLSchemaValidationError) -> str:
    typed = error.elem is not None and any(_XSI + "type" in child.attrib for child in error.elem)
    return _XSI_TYPE if typed else _NO_TEXT


def _element_rule(error: XMLSchemaValidationError) -> str:
    element = error.validator
    if error.elem is not None and _XSI + "nil" in error.elem.attrib:
        return "xsi:nil ist nicht zulässig"
    if error.elem is not None and _XSI + "type" in error.elem.attrib:
        return _XSI_TYPE
    if isinstance(element, xsd.XsdElement) and element.fixed is not None:
        return f"vorgeschrieben ist der feste Wert {element.fixed}"
    return _UNSPECIFIC


def _attributes_rule(error: XMLSchemaValidationError) -> str:
    group = error.validator
    assert isinstance(group, xsd.XsdAttributeGroup)
    present = set(error.elem.attrib) if error.elem is not None else set()
    missing = [
        attribute.local_name
        for name, attribute in group.items()
        if isinstance(attribute, xsd.XsdAttribute) and attribute.use == "required" and name not in present
    ]
    if missing:
        return f"es fehlt das Attribut {missing[0]}"
    allowed = [attribute.local_name for attribute in group.values() if isinstance(attribute, xsd.XsdAttribute)]
    if not allowed:
        return "hier ist kein Attribut zulässig"
    return f"als Attribut zulässig ist nur {_listed(allowed, 'eines', 'Attributen')}"


def _attribute_rule(error: XMLSchemaValidationError) -> str:
    attribute = error.validator
    assert isinstance(attribute, xsd.XsdAttribute)
    if attribute.fixed is None:
        return f"der Wert des Attributs {attribute.local_name} ist nicht zulässig"
    return f"das Attribut {attribute.local_name} hat den festen Wert {attribute.fixed}"


def _enumeration_rule(error: XMLSchemaValidationError) -> str:
    facet = error.validator
    assert isinstance(facet, xsd.XsdEnumerationFacets)
    return f"zulässig ist nur {_listed([str(value) for value in facet.enumeration], 'einer', 'Codes')}"


def _pattern_rule(error: XMLSchemaValidationError) -> str:
    facet = error.validator
    assert isinstance(facet, xsd.XsdPatternFacets)
    name = facet.parent.local_name if facet.parent is not None else None
    if name is not None and name.startswith("datatype"):
        return f"zulässig sind nur Zeichen des Typs {name} (DIN 91379)"
    patterns = " oder ".join(facet.regexps)
    if _SHOWABLE.fullmatch(patterns):
        return f"der Wert muss dem Muster {patterns} entsprechen"
    return f"der Wert muss dem Muster des Typs {name} entsprechen" if name else _UNSPECIFIC


def _type_rule(error: XMLSchemaValidationError) -> str:
    name = getattr(error.validator, "local_name", None)
    return f"der Wert muss ein gültiger Wert des Typs {name} sein" if name else _UNSPECIFIC


def _bound(words: str) -> Callable[[XMLSchemaValidationError], str]:
    return lambda error: words.format(getattr(error.validator, "value", ""))


def _listed(names: list[str], one: str, kind: str) -> str:
    """The names if few and plain, else their number."""
    distinct = list(dict.fromkeys(names))
    if len(distinct) > MAX_LISTED or not all(_SHOWABLE.fullmatch(name) for name in distinct):
        return f"{one} von {len(distinct)} {kind} des Schemas"
    return " oder ".join([", ".join(distinct[:-1]), distinct[-1]]) if len(distinct) > 1 else distinct[0]


_RULES: tuple[tuple[type, Callable[[XMLSchemaValidationError], str]], ...] = (
    (xsd.XsdEnumerationFacets, _enumeration_rule),
    (xsd.XsdPatternFacets, _pattern_rule),
    (xsd.XsdMaxLengthFacet, _bound("höchstens {} Zeichen")),
    (xsd.XsdMinLengthFacet, _bound("mindestens {} Zeichen")),
    (xsd.XsdMaxInclusiveFacet, _bound("höchstens {}")),
    (xsd.XsdMinInclusiveFacet, _bound("mindestens {}")),
    (xsd.XsdAttributeGroup, _attributes_rule),
    (xsd.XsdAttribute, _attribute_rule),
    (xsd.XsdGroup, _group_rule),
    (xsd.XsdElement, _element_rule),
    (xsd.XsdType, _type_rule),
)

# libxml2's kinds of error, where xmlschema says nothing.
_KINDS = {
    "SCHEMAV_ELEMENT_CONTENT": "ein Element fehlt oder steht an falscher Stelle",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": _NO_TEXT,
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "das Attribut ist hier nicht zulässig",
    "SCHEMAV_CVC_COMPLEX_TYPE_4": "ein Pflichtattribut fehlt",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": "der Wert ist kein gültiger Wert des Datentyps",
    "SCHEMAV_CVC_ELT_3_1": "xsi:nil ist nicht zulässig",
    "SCHEMAV_CVC_ELT_4_2": _XSI_TYPE,
    "SCHEMAV_CVC_ELT_4_3": _XSI_TYPE,
    "SCHEMAV_CVC_ELT_5_2_2_2_2": "vorgeschrieben ist ein fester Wert",
    "SCHEMAV_CVC_ENUMERATION_VALID": "der Code steht nicht in der Codeliste",
    "SCHEMAV_CVC_MAXLENGTH_VALID": "der Wert ist zu lang",
    "SCHEMAV_CVC_PATTERN_VALID": "der Wert hat nicht die vorgeschriebene Form",
}
