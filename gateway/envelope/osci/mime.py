"""MIME as OSCI has it: the headers stand in the HTTP body, the boundary is not quoted whatever it contains.

Only what OSCI needs of RFC 2046 is read, and that bounded: lines end with CRLF, a part's Content-Length is not
believed (the reference library writes wrong ones), and a part that nobody can name is refused.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

import pybase64

from gateway.envelope.osci.names import CIPHER_ID, MESSAGE_ID
from gateway.errors import Fault, FaultCode

_MAX_PARTS = 16
_MAX_HEADER_BYTES = 4096  # of the message or of one part
_MAX_HEADERS = 16
_MAX_BLANK_BYTES = 64  # before headers and before the first part
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=?]{1,70}", re.ASCII)  # RFC 2046 § 5.1.1, without spaces
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*", re.ASCII)
_CONTENT_ID = re.compile(r"[!-;=?-~]{1,256}", re.ASCII)  # printable, no angle brackets
_AS_IT_IS = frozenset({"binary", "8bit", "8-bit", "7bit", ""})  # the library writes 8-bit for attachments
_WHITE_SPACE = {ord(character): None for character in " \t\r\n"}


@dataclass(frozen=True)
class Part:
    """One part. `data` is decoded: digests and ciphers work on these bytes."""

    content_id: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Mime:
    """A message's parts: the envelope first, then what its cid references name."""

    envelope: bytes = field(repr=False)
    attachments: tuple[Part, ...] = ()

    def attachment(self, uri: str) -> Part | None:
        """The part that `uri` ("cid:...") names."""
        return next((part for part in self.attachments if uri == f"cid:{part.content_id}"), None)


def read(data: bytes) -> Mime:
    """The parts of an OSCI message. Raises Fault NOT_MIME."""
    header, position = _headers(data, _skip_blank_lines(data, 0))
    if header.get("mime-version", "1.0") != "1.0":
        raise _fault("another MIME version")
    kind, parameters = _content_type(header)
    if kind != "multipart/related":
        raise _fault("the content is not Multipart/Related")
    boundary = parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise _fault("the boundary is missing or not one of RFC 2046")
    parts = _parts(data, _skip_blank_lines(data, position), b"--" + boundary.encode("ascii"))
    if parts[0].content_type != "text/xml":
        raise _fault("the first part is not text/xml")
    if len({part.content_id for part in parts}) < len(parts):
        raise _fault("two parts have the same Content-ID")
    return Mime(parts[0].data, tuple(parts[1:]))


def write(envelope: bytes, attachments: Iterable[Part] = ()) -> bytes:
    """The message, as it stands in an HTTP body or is encrypted for the transport."""
    return _write(_part("text/xml; charset=UTF-8", "8bit", MESSAGE_ID, envelope), attachments, "8-bit")


def write_encrypted(envelope: bytes, cipher: bytes) -> bytes:
    """The transport envelope with its one part of binary data."""
    envelope += b"\r\n"
    head = _part("text/xml; charset=UTF-8", "8bit", MESSAGE_ID, envelope, len(envelope))
    return _write(head, [Part(CIPHER_ID, "application/octet-stream", cipher)], "binary")


def _write(first: bytes, attachments: Iterable[Part], encoding: str) -> bytes:
    boundary = f"MIME_boundary_{secrets.token_urlsafe(24)}".encode()
    parts = [first]
    for part in attachments:
        length = len(part.data) if encoding != "binary" else None
        parts.append(_part(part.content_type, encoding, part.content_id, part.data, length))
    head = b"MIME-Version: 1.0\r\nContent-Type: Multipart/Related; boundary=%b; type=text/xml\r\n" % boundary
    delimiter = b"\r\n--" + boundary
    return head + b"".join(delimiter + b"\r\n" + part for part in parts) + delimiter + b"--\r\n"


def _part(content_type: str, encoding: str, content_id: str, data: bytes, length: int | None = None) -> bytes:
    head = f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\nContent-ID: <{content_id}>\r\n"
    if length is not None:
        head += f"Content-Length: {length}\r\n"
    return head.encode("ascii") + b"\r\n" + data


def _parts(data: bytes, position: int, delimiter: bytes) -> list[Part]:
    parts: list[Part] = []
    if not data.startswith(delimiter, position):
        raise _fault("the first boundary is missing")
    position += len(delimiter)
    while not data.startswith(b"--", position):
        if not data.startswith(b"\r\n", position):
            raise _fault("a boundary is followed by something else")
        if len(parts) == _MAX_PARTS:
            raise _fault(f"more than {_MAX_PARTS} parts")
        header, start = _headers(data, position + 2)
        end = data.find(b"\r\n" + delimiter, start)
        if end < 0:
            raise _fault("the message is cut short: the closing boundary is missing")
        parts.append(_read_part(header, data[start:end]))
        position = end + 2 + len(delimiter)
    if data[position + 2 :].strip(b" \t\r\n"):
        raise _fault("something follows the closing boundary")
    if not parts:
        raise _fault("there is no part")
    return parts


def _read_part(header: dict[str, str], data: bytes) -> Part:
    kind, parameters = _content_type(header)
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise _fault("the charset of a part is not UTF-8")
    content_id = header.get("content-id", "")
    if content_id.startswith("<") and content_id.endswith(">"):
        content_id = content_id[1:-1]
    if not _CONTENT_ID.fullmatch(content_id):
        raise _fault("the Content-ID of a part is missing or malformed")
    encoding = header.get("content-transfer-encoding", "").lower()
    if encoding == "base64" or kind == "text/base64":
        return Part(content_id, kind, _decoded(data))
    if encoding not in _AS_IT_IS:
        raise _fault("the Content-Transfer-Encoding of a part is not accepted")
    return Part(content_id, kind, data)


def _decoded(data: bytes) -> bytes:
    try:
        return pybase64.b64decode(data.decode("ascii").translate(_WHITE_SPACE), validate=True)
    except ValueError:
        raise _fault("a part is not the base64 that it claims to be") from None


def _headers(data: bytes, start: int) -> tuple[dict[str, str], int]:
    """Header fields by lower-case name, and where the content behind the blank line begins."""
    end = data.find(b"\r\n\r\n", start, start + _MAX_HEADER_BYTES)
    if end < 0:
        raise _fault(f"headers do not end within {_MAX_HEADER_BYTES} bytes")
    try:
        lines = data[start:end].decode("ascii").split("\r\n")
    except UnicodeDecodeError:
        raise _fault("headers are not ASCII") from None
    fields: dict[str, str] = {}
    for line in _unfolded(lines):
        name, colon, value = line.partition(":")
        name = name.rstrip().lower()
        if not colon or not _FIELD_NAME.fullmatch(name):
            raise _fault("a header line is malformed")
        if name in fields or len(fields) == _MAX_HEADERS:
            raise _fault("a header occurs twice, or there are too many")
        fields[name] = value.strip()
    return fields, end + 4


def _unfolded(lines: list[str]) -> list[str]:
    whole: list[str] = []
    for line in lines:
        if line[:1] in (" ", "\t") and whole:
            whole[-1] += line
        else:
            whole.append(line)
    return whole


def _content_type(header: dict[str, str]) -> tuple[str, dict[str, str]]:
    """The lower-case type, and its parameters; a boundary may hold "=" although it is not quoted."""
    kind, *rest = header.get("content-type", "").split(";")
    if not kind.strip():
        raise _fault("a Content-Type is missing")
    parameters: dict[str, str] = {}
    for parameter in rest:
        name, _, value = parameter.strip().partition("=")
        if value[:1] == value[-1:] == '"' and len(value) > 1:
            value = value[1:-1]
        if name.lower() in parameters:
            raise _fault("a parameter of a Content-Type occurs twice")
        parameters[name.lower()] = value
    return kind.strip().lower(), parameters


def _skip_blank_lines(data: bytes, start: int) -> int:
    """Behind some: a message of nothing else would keep us busy for long."""
    position = start
    while position < start + _MAX_BLANK_BYTES and data.startswith(b"\r\n", position):
        position += 2
    return position


def _fault(detail: str) -> Fault:
    return Fault(FaultCode.NOT_MIME, detail)
