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


def read_schema(name: str, content: bytes) -> SchemaFile:
    """The schema file; `name` is for messages. Raises ConfigError for what is no schema, or one with a DOCTYPE."""
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
    namespace = root.get("targetNamespace")
    return SchemaFile(
        content=content,
        namespace=namespace,
        version=root.get("version"),
        references=tuple(_references(root)),
        elements=tuple(element.get("name", "") for element in root.iterchildren(_XS + "element")),
        names=frozenset(_names(root)),
    )


def _references(root: etree._Element) -> Iterator[Reference]:
    for element in root.iterchildren(_XS + "import", _XS + "include", _XS + "redefine"):
        address = element.get("schemaLocation")
        if address is not None:
            yield Reference(address, element.get("namespace") if element.tag == _XS + "import" else None)


def _names(root: etree._Element) -> Iterator[str]:
    for element in root.iter(_XS + "element", _XS + "attribute"):
        name = element.get("name", "")
        if _NAME.fullmatch(name):
            yield name


def target(name: str, address: str, files: Mapping[str, SchemaFile], catalogue: Mapping[str, str]) -> str | None:
    """The pack's file that `address` means in the file `name`: one beside it, or what the catalogue says; else None."""
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(name), address))
    return beside if beside in files else catalogue.get(address)
