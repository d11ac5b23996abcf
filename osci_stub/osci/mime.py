"""MIME as the reference library writes it: headers inside the HTTP body, an unquoted boundary, parts by Content-ID.

Written by hand, because library code for e-mail quotes the boundary, folds lines and re-encodes binary parts.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from osci_stub.osci.refused import Refused

MESSAGE_ID = "osci@message"
CRLF = b"\r\n"
MAX_HEADER, MAX_PARTS = 4096, 32

_BOUNDARY = re.compile(r'\bboundary=(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
_RAW = frozenset({"", "7bit", "8bit", "8-bit", "binary"})  # the library spells one of them 8-bit


@dataclass(frozen=True)
class Mime:
    """The envelope's bytes, and the other parts by Content-ID, decoded."""

    envelope: bytes
    parts: Mapping[str, bytes] = field(default_factory=dict)


def read(data: bytes) -> Mime:
    """Raises Refused 9100 for anything that is not one whole multipart message."""
    headers, body = _split_headers(data.lstrip(b"\r\n"))  # the library's SOAP fault begins with an empty line
    if not headers.get("content-type", "").lower().startswith("multipart/related"):
        raise Refused("9100", "no Content-Type Multipart/Related in the body")
    found = _BOUNDARY.search(headers["content-type"])
    if not found:
        raise Refused("9100", "no boundary")
    delimiter = CRLF + b"--" + (found[1] or found[2]).encode("latin-1")
    chunks = (CRLF + body).split(delimiter)
    if len(chunks) < 3 or not chunks[-1].startswith(b"--"):
        raise Refused("9100", "the last boundary is missing")
    if len(chunks) > MAX_PARTS:
        raise Refused("9100", "too many parts")
    parts: dict[str, bytes] = {}
    for chunk in chunks[1:-1]:
        cid, content = _part(chunk)
        if cid in parts:
            raise Refused("9100", "a Content-ID occurs twice")
        parts[cid] = content
    if MESSAGE_ID not in parts:
        raise Refused("9100", "no part osci@message")
    envelope = parts.pop(MESSAGE_ID)
    return Mime(envelope, parts)


def write(mime: Mime, *, encrypted: bool = False) -> bytes:
    """The bytes to post; with `encrypted` the parts are binary, else 8bit as the library labels attachments."""
    boundary = b"MIME_boundary_" + base64.b64encode(secrets.token_bytes(24))
    lines = [
        b"MIME-Version: 1.0",
        b"Content-Type: Multipart/Related; boundary=" + boundary + b"; type=text/xml",
        b"",
        b"--" + boundary,
        b"Content-Type: text/xml; charset=UTF-8",
        b"Content-Transfer-Encoding: 8bit",
        b"Content-ID: <" + MESSAGE_ID.encode() + b">",
        b"",
        mime.envelope,
    ]
    for cid, content in mime.parts.items():
        lines += [
            b"--" + boundary,
            b"Content-Type: application/octet-stream",
            b"Content-Transfer-Encoding: " + (b"binary" if encrypted else b"8bit"),
            b"Content-ID: <" + cid.encode() + b">",
            b"",
            content,
        ]
    return CRLF.join([*lines, b"--" + boundary + b"--", b""])


def _part(chunk: bytes) -> tuple[str, bytes]:
    if not chunk.startswith(CRLF):
        raise Refused("9100", "a boundary does not end its line")
    headers, content = _split_headers(chunk[2:])
    cid = headers.get("content-id", "")
    if not re.fullmatch(r"<[^<>\s]+>", cid):
        raise Refused("9100", "a part without a Content-ID")
    return cid[1:-1], _decoded(content, headers.get("content-transfer-encoding", "").lower())


def _decoded(content: bytes, encoding: str) -> bytes:
    if encoding in _RAW:
        return content
    if encoding != "base64":
        raise Refused("9100", "a Content-Transfer-Encoding that OSCI does not know")
    try:
        return base64.b64decode(b"".join(content.split()), validate=True)
    except binascii.Error:
        raise Refused("9100", "a part that says base64 and is not") from None


def _split_headers(data: bytes) -> tuple[dict[str, str], bytes]:
    """Names in small letters; the standard folds no header here."""
    head, blank, body = data.partition(CRLF + CRLF)
    if not blank or len(head) > MAX_HEADER:
        raise Refused("9100", "MIME headers are missing or too long")
    headers: dict[str, str] = {}
    for line in head.decode("latin-1").split("\r\n"):
        name, colon, value = line.partition(":")
        if not colon or name.lower() in headers:
            raise Refused("9100", "a MIME header is malformed or occurs twice")
        headers[name.lower()] = value.strip()
    return headers, body
