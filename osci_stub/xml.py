"""Parsing of what comes from outside: no DTD, no entities, no network, libxml2's own limits on size and depth."""

from lxml import etree


class XmlRefused(ValueError):
    """The bytes are no XML document that is taken here; the text names the rule, never the content."""


def parse(data: bytes) -> etree._Element:
    """The root of the document in `data`. Raises XmlRefused."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise XmlRefused("not a well-formed XML document") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlRefused("a document type declaration is not accepted")
    return root
