"""The only XML parser for messages: envelopes from strangers and the XMeld messages inside them.

What is cheap and certain on the bytes is decided there, before libxml2 sees them; the rest right after parsing and
before anything whose cost can explode (canonicalisation, validation). XInclude, external entities and the network are
never touched.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from lxml import etree

from gateway.errors import Fault, FaultCode


@dataclass(frozen=True)
class Limits:
    """What a document may cost, counted on its bytes (`max_bytes`, `max_tags`, `max_namespaces`) or on its tree.

    With `comments` they are allowed and dropped together with processing instructions, so that an element's text is
    one piece and nobody reads less of it than the schema has seen. Without, both are refused: in an envelope they
    serve nobody but an attacker (SOAP 1.1 § 3 forbids processing instructions anyway).
    """

    max_bytes: int
    max_tags: int  # start tags, end tags and what else begins with "<"
    max_namespaces: int  # declarations in the whole document
    max_attributes: int = 64  # of one element; namespace declarations not counted
    max_depth: int = 64
    comments: bool = True
    long_texts: bool = False  # above 10 MB; only with few tags, for libxml2 then drops its own limits


MESSAGE = Limits(max_bytes=1 << 20, max_tags=50_000, max_namespaces=10_000)
ANSWER = Limits(max_bytes=16 << 20, max_tags=1_500_000, max_namespaces=50_000)  # 1,000 persons with every datum
# Canonicalised before anybody knows the sender: 500 tags of 16 attributes take 0.05 s at worst, 1,000 of 64 took 0.3 s.
ENVELOPE = Limits(max_bytes=2 << 20, max_tags=500, max_namespaces=200, max_attributes=16, max_depth=32, comments=False)

_BOM = b"\xef\xbb\xbf"
_UTF_16_OR_32 = (b"\xff\xfe", b"\xfe\xff", b"\x00", b"<\x00")
_DECLARATION = re.compile(rb"\s*<\?xml\s[^>]*?\?>")
_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([^\"']*)[\"']")
_DOCTYPE = re.compile(rb"<!DOCTYPE")
_DOCTYPE_COMMENT_OR_PI = re.compile(rb"<(?:\?|!(?!\[CDATA\[))")
_UTF_8 = (b"utf-8", b"utf8")


def _new_parser(comments: bool, long_texts: bool) -> etree.XMLParser:
    make: Callable[..., etree.XMLParser] = etree.XMLParser  # lxml-stubs lack collect_ids
    return make(
        encoding="utf-8",  # nothing that the document declares can change it
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=long_texts,
        recover=False,
        collect_ids=False,  # an Id counts only once we have registered it ourselves
        remove_comments=comments,
        remove_pis=comments,
    )


class _Parsers(threading.local):
    """One parser of each kind per thread, because lxml locks a parser while it works; and how much it has parsed."""

    def __init__(self) -> None:
        self._made: dict[tuple[bool, bool], etree.XMLParser] = {}
        self.parsed = 0  # bytes

    def of(self, limits: Limits) -> etree.XMLParser:
        kind = (limits.comments, limits.long_texts)
        parser = self._made.get(kind)
        if parser is None:
            parser = self._made[kind] = _new_parser(*kind)
        return parser


_PARSERS = _Parsers()


@cache
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath("boolean(" + "/*" * (depth + 1) + ")")


@cache
def _more_attributes_than(count: int) -> etree.XPath:
    return etree.XPath(f"boolean(//@*[{count + 1}])")  # positions count per element


def parsed_here() -> int:
    """Bytes of all documents that this thread has parsed, see `threads`."""
    return _PARSERS.parsed


def parse(data: bytes, limits: Limits) -> etree._Element:
    """The root of the document `data` (UTF-8). Raises Fault TOO_LARGE, NOT_UTF8, FORBIDDEN_XML or NOT_WELLFORMED."""
    if len(data) > limits.max_bytes:
        raise Fault(FaultCode.TOO_LARGE, f"{len(data)} bytes, at most {limits.max_bytes}")
    _check_bytes(data, limits)
    root = _tree(data, limits)
    if root.getroottree().docinfo.internalDTD is not None:
        raise Fault(FaultCode.FORBIDDEN_XML, "DOCTYPE")
    if _deeper_than(limits.max_depth)(root):
        raise Fault(FaultCode.FORBIDDEN_XML, f"elements nested deeper than {limits.max_depth}")
    if _more_attributes_than(limits.max_attributes)(root):
        raise Fault(FaultCode.FORBIDDEN_XML, f"more than {limits.max_attributes} attributes on one element")
    return root


def _check_bytes(data: bytes, limits: Limits) -> None:
    """Everything that needs no parser, since DOCTYPE, comments and instructions have one spelling each in UTF-8."""
    if data.startswith(_UTF_16_OR_32):
        raise Fault(FaultCode.NOT_UTF8)
    start = len(_BOM) if data.startswith(_BOM) else 0
    if declaration := _DECLARATION.match(data, start):
        encoding = _ENCODING.search(declaration.group())
        if encoding and encoding.group(1).lower() not in _UTF_8:
            raise Fault(FaultCode.NOT_UTF8, "the XML declaration names another encoding")
        start = declaration.end()
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Fault(FaultCode.NOT_UTF8, f"at byte {error.start}") from None
    if found := (_DOCTYPE if limits.comments else _DOCTYPE_COMMENT_OR_PI).search(data, start):
        doctype = data.startswith(b"<!DOCTYPE", found.start())
        raise Fault(FaultCode.FORBIDDEN_XML, "DOCTYPE" if doctype else "comment or instruction in the envelope")
    if _more_than(limits.max_tags, b"<", data):
        raise Fault(FaultCode.FORBIDDEN_XML, f"more than {limits.max_tags} tags")
    if _more_than(limits.max_namespaces, b"xmlns", data):
        raise Fault(FaultCode.FORBIDDEN_XML, f"more than {limits.max_namespaces} namespace declarations")


def _more_than(count: int, token: bytes, data: bytes) -> bool:
    """Whether `token` occurs more often; a short document need not be searched."""
    return len(data) > count * len(token) and data.count(token) > count


def _tree(data: bytes, limits: Limits) -> etree._Element:
    _PARSERS.parsed += len(data)
    try:
        return etree.fromstring(data, _PARSERS.of(limits))
    except etree.XMLSyntaxError as error:
        # Place only: libxml2's own words quote the document.
        line, column = error.position
        raise Fault(FaultCode.NOT_WELLFORMED, f"line {line}, column {column}") from None
