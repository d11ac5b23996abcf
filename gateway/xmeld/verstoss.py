"""Says where an XMeld message breaks its schema and by which rule, as xmlschema finds it: the text of a 0910.

What such a text may hold is said in `gateway.schema.verstoss`.
"""

import re
from collections.abc import Callable, Set
from typing import Any

from lxml import etree
from xmlschema import XMLSchemaChildrenValidationError, XMLSchemaValidationError
from xmlschema import validators as xsd

from gateway.schema.verstoss import NO_TEXT, UNSPECIFIC, XSI_TYPE, Verstoss, step

MAX_LISTED = 12  # names or codes that a rule lists before it only counts them

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_SHOWABLE = re.compile(r"[ -~]{1,80}")


def explain_by_rule(error: XMLSchemaValidationError, root: etree._Element, known: Set[str]) -> Verstoss:
    """What xmlschema found."""
    if isinstance(error, XMLSchemaChildrenValidationError):
        return Verstoss(_ort(error.invalid_child, error.elem, root, known), _children_rule(error))
    return Verstoss(_ort(error.elem, None, root, known), _rule(error))


def _ort(element: Any, parent: Any, root: etree._Element, known: Set[str]) -> str:
    """The place of `element`, or of `parent` where the violation is that an element is missing."""
    steps = []
    element = parent if element is None else element
    for node in (element, *element.iterancestors()):
        position = 1 + sum(1 for _ in node.itersiblings(node.tag, preceding=True))
        steps.append(step(etree.QName(node).localname, position, known))
        if node is root:
            break
    return "/" + "/".join(reversed(steps))


def _rule(error: XMLSchemaValidationError) -> str:
    for kind, rule in _RULES:
        if isinstance(error.validator, kind):
            return rule(error)
    return UNSPECIFIC


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
    return XSI_TYPE if typed else NO_TEXT


def _element_rule(error: XMLSchemaValidationError) -> str:
    element = error.validator
    if error.elem is not None and _XSI + "nil" in error.elem.attrib:
        return "xsi:nil ist nicht zulässig"
    if error.elem is not None and _XSI + "type" in error.elem.attrib:
        return XSI_TYPE
    if isinstance(element, xsd.XsdElement) and element.fixed is not None:
        return f"vorgeschrieben ist der feste Wert {element.fixed}"
    return UNSPECIFIC


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
    return f"der Wert muss dem Muster des Typs {name} entsprechen" if name else UNSPECIFIC


def _type_rule(error: XMLSchemaValidationError) -> str:
    name = getattr(error.validator, "local_name", None)
    return f"der Wert muss ein gültiger Wert des Typs {name} sein" if name else UNSPECIFIC


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
