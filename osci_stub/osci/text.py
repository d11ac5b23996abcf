"""XML as text that is canonical already, in the shapes of the reference library.

Written as strings: a signature is over bytes, and a tree that is moved about renames prefixes and drops declarations.
"""

from base64 import b64encode
from collections.abc import Mapping

from lxml import etree

from osci_stub.osci.names import DS, OSCI, SOAP, XENC, XSI
from osci_stub.osci.refused import Refused
from osci_stub.xml import XmlRefused, parse

#: What every header block declares anew, so that it is canonical where it stands.
DECLARED = "".join(
    f' xmlns:{prefix}="{uri}"'
    for prefix, uri in (("ds", DS), ("osci", OSCI), ("soap", SOAP), ("xenc", XENC), ("xsi", XSI))
)
PROLOG = '<?xml version="1.0" encoding="UTF-8"?>\r\n\r\n'


def element(name: str, content: str = "", attributes: Mapping[str, str | None] | None = None) -> str:
    """Attributes in the order given, which must be the canonical one; those that are None are left out."""
    given = "".join(f' {key}="{attribute(value)}"' for key, value in (attributes or {}).items() if value is not None)
    return f"<{name}{given}>{content}</{name}>"


def block(name: str, content: str = "", attributes: str = "") -> str:
    """An element that declares all prefixes; `attributes` is text that follows the declarations."""
    return f"<{name}{DECLARED}{attributes}>{content}</{name}>"


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def attribute(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return escaped.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")


def base64(data: bytes, *, ending: bool = False) -> str:
    """In lines of 76; with `ending` the last one ends as well."""
    text = b64encode(data).decode()
    lines = "\n".join(text[at : at + 76] for at in range(0, len(text), 76))
    return lines + "\n" if ending else lines


def canonical(node: etree._Element) -> bytes:
    """Inclusive C14N of an element in its place, with all declarations that are in scope there.

    lxml's own C14N of a part loses those that the part does not use; its plain output keeps them. Raises Refused 9300
    for what has no canonical form, such as a relative namespace.
    """
    try:
        alone = parse(etree.tostring(node, encoding="UTF-8", with_tail=False))
        return etree.tostring(alone, method="c14n", with_comments=False)
    except (etree.C14NError, XmlRefused):
        raise Refused("9300", "a part without a canonical form") from None
