"""One schema file of a pack: parsed hardened, once, for what its pack has to know of it."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from gateway.errors import ConfigError

FILE_NAME = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]*/)*[A-Za-z0-9_][A-Za-z0-9._-]*\.xsd")

_XS = "{http://www.w3.org/2001/XMLSchema}"
_IMPORT = _XS + "import"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Reference:
    """An xs:import (with its namespace) or xs:include (without) of another file."""

    address: str
    namespace: str | None


@dataclass(frozen=True)
class SchemaFile:
    """Content and facts of a schema file."""

    content: bytes
    namespace: str | None
    version: str | None
    references: tuple[Reference, ...]
    elements: tuple[str, ...]  # local names of the global elements
    names: frozenset[str]  # local names of all elements and attributes that it declares

    def with_targets(self, name: str, targets: Mapping[str, str]) -> bytes:
        """The content of the file called `name`, its addresses replaced by relative paths to their targets."""
        if all(_beside(name, address) == path for address, path in targets.items()):
            return self.content
        root = _parse(name, self.content)
        for element in _referring(root):
            path = targets[element.get("schemaLocation", "")]
            element.set("schemaLocation", posixpath.relpath(path, posixpath.dirname(name) or "."))
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def read_schema(name: str, content: bytes) -> SchemaFile:
    """The schema file; `name` is for messages. Raises ConfigError for what is no schema, or one with a DOCTYPE."""
    root = _parse(name, content)
    return SchemaFile(
        content=content,
        namespace=root.get("targetNamespace"),
        version=root.get("version"),
        references=tuple(
            Reference(element.get("schemaLocation", ""), element.get("namespace") if element.tag == _IMPORT else None)
            for element in _referring(root)
        ),
        elements=tuple(element.get("name", "") for element in root.iterchildren(_XS + "element")),
        names=frozenset(_names(root)),
    )


def target(name: str, address: str, files: Mapping[str, SchemaFile], catalogue: Mapping[str, str]) -> str | None:
    """The pack's file that `address` means in the file `name`: one beside it, or what the catalogue says; else None."""
    beside = _beside(name, address)
    return beside if beside in files else catalogue.get(address)


def _beside(name: str, address: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), address))


def _parse(name: str, content: bytes) -> etree._Element:
    parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ConfigError(f"{name}: not well-formed XML: {error.msg}") from error
    docinfo: Any = root.getroottree().docinfo
    if docinfo.doctype:
        raise ConfigError(f"{name}: a schema file must not have a DOCTYPE")
    if root.tag != _XS + "schema":
        raise ConfigError(f"{name}: not an XML Schema")
    return root


def _referring(root: etree._Element) -> Iterator[etree._Element]:
    for element in root.iterchildren(_IMPORT, _XS + "include", _XS + "redefine"):
        if element.get("schemaLocation") is not None:
            yield element


def _names(root: etree._Element) -> Iterator[str]:
    for element in root.iter(_XS + "element", _XS + "attribute"):
        name = element.get("name", "")
        if _NAME.fullmatch(name):
            yield name
