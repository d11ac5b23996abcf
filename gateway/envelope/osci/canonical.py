"""Canonical XML (https://www.w3.org/TR/2001/REC-xml-c14n-20010315) of one element in its place, and strict reading."""

from dataclasses import replace

import pybase64
from lxml import etree

from gateway.envelope.osci.names import XML, Element, local_name
from gateway.envelope.parse import ENVELOPE, parse
from gateway.errors import Fault, FaultCode

#: Certificates and cipher text are long, elements are few (the library's messages have 110 to 190 tags), and each
#: header block declares its namespaces again. At the limits a stranger's message costs 0.03 s, for it is canonicalised
#: only after its sender is believed; then it may cost 1.5 s.
REQUEST = replace(ENVELOPE, max_bytes=6 << 20, max_tags=1500, max_namespaces=600)
ANSWER = replace(REQUEST, max_bytes=24 << 20, long_texts=True)  # 1,000 Treffer, twice in base64

_NO_WHITE_SPACE = {ord(character): None for character in " \t\r\n"}
_XML_ATTRIBUTE = f"{{{XML}}}"


def canonical(element: Element) -> bytes:
    """The inclusive canonical form of `element` with the namespaces that its ancestors declare.

    lxml's own c14n of an element forgets inherited declarations that the element does not use, which the standard
    wants rendered. Its plain serialisation keeps them all; so the element is written out, parsed and canonicalised as
    a document of its own. xml:* attributes of ancestors would be inherited as well; nobody needs them here, and they
    are refused. Raises Fault WRONG_COVERAGE, or INVALID_SECURITY where the standard has no canonical form.
    """
    for ancestor in element.iterancestors():
        if any(str(name).startswith(_XML_ATTRIBUTE) for name in ancestor.attrib):
            raise Fault(FaultCode.WRONG_COVERAGE, "an xml: attribute above a signed element")
    alone = parse(etree.tostring(element, encoding="utf-8", with_tail=False), ANSWER)
    try:
        return etree.tostring(alone, method="c14n")
    except etree.C14NError:
        raise Fault(FaultCode.INVALID_SECURITY, "a signed part uses a namespace that is no absolute URI") from None


def children(parent: Element, code: FaultCode, *tags: str) -> list[Element]:
    """The children, which must be exactly `tags` in this order, without text between. Raises Fault `code`."""
    found = list(parent)
    if tuple(child.tag for child in found) != tags:
        raise Fault(code, f"unexpected content in {local_name(parent)}")
    check_no_text(parent, code)
    return found


def check_no_text(parent: Element, code: FaultCode) -> None:
    """Raises Fault `code` where anything but white space stands between the children."""
    if (parent.text or "").strip() or any((child.tail or "").strip() for child in parent):
        raise Fault(code, f"text in {local_name(parent)}")


def unwrapped(element: Element, code: FaultCode) -> bytes:
    """The bytes of a base64 element, which libraries wrap at 76 characters. Raises Fault `code`."""
    if len(element):
        raise Fault(code, f"unexpected content in {local_name(element)}")
    try:
        return pybase64.b64decode((element.text or "").translate(_NO_WHITE_SPACE), validate=True)
    except ValueError:
        raise Fault(code, f"{local_name(element)} is not base64") from None


def wrapped(data: bytes) -> str:
    """base64 in lines of 76 characters, as the reference library writes it."""
    text = pybase64.b64encode(data).decode("ascii")
    return "\n".join(text[start : start + 76] for start in range(0, len(text), 76))
