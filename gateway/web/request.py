"""A request of the SOAP 1.1 HTTP binding: its head, and its body, which is never read beyond limit and time."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from gateway.errors import Fault, FaultCode

Receive = Callable[[], Awaitable[Mapping[str, Any]]]

#: Seconds in which a request must have arrived: its head, and then its body.
READ_TIMEOUT = 10


class Refused(Exception):
    """A request that is not let in whole: HTTP's word for it, the fault to answer with, and what had arrived."""

    def __init__(self, status: HTTPStatus, code: FaultCode, detail: str, received: bytes = b"") -> None:
        super().__init__(code.name)
        self.status = status
        self.fault = Fault(code, detail)
        self.received = received


#: A parameter of a Content-Type, possibly an empty one (RFC 9110 § 5.6.6). No step is ever taken back: a stranger has
#: written it, and it is read on the event loop. The standard library takes seconds for one of 64 kB.
_PARAMETER = re.compile(
    r';[ \t]*+(?:([^\s;="]++)[ \t]*+(?:=[ \t]*+(?:"((?:[^"\\]|\\.)*+)"|([^\s;"]*+)))?+)?+[ \t]*+', re.ASCII
)
_MAX_PARAMETERS = 16
_UTF_8 = ("utf-8", "utf8")


def check_content_type(value: str) -> None:
    """SOAP 1.1 § 6 demands text/xml. Raises Refused for another type or another charset than UTF-8."""
    kind, semicolon, rest = value.partition(";")
    unsupported = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    if kind.strip().lower() != "text/xml":
        raise Refused(unsupported, FaultCode.NOT_SOAP, "SOAP 1.1 over HTTP has Content-Type text/xml")
    parameters = _parameters(semicolon + rest)
    if parameters is None:
        raise Refused(unsupported, FaultCode.NOT_SOAP, "the parameters of the Content-Type are malformed")
    # charset*= and charset*0=, as RFC 2231 has them, say nothing that need be understood here
    charsets = [(name, value) for name, value in parameters if name.partition("*")[0] == "charset"]
    if any(name != "charset" or value not in _UTF_8 for name, value in charsets):
        raise Refused(unsupported, FaultCode.NOT_UTF8, "charset of the Content-Type")


def _parameters(text: str) -> list[tuple[str, str]] | None:
    """Names and values in lower case; None where they are malformed or too many."""
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        parameter = _PARAMETER.match(text, position)
        if parameter is None or len(found) == _MAX_PARAMETERS:
            return None
        name, quoted, token = (part or "" for part in parameter.groups())
        found.append((name.lower(), (quoted or token).lower()))
        position = parameter.end()
    return found


async def read_body(length: str, receive: Receive, max_bytes: int, seconds: float = READ_TIMEOUT) -> bytes:
    """The body; `length` is the Content-Length, "" in a chunked request.

    Raises Refused when it is announced as larger than `max_bytes` (nothing is read), grows larger, takes more than
    `seconds`, or ends before it is complete.
    """
    body = bytearray()
    if length.isdigit() and int(length) > max_bytes:
        raise _too_large(body, max_bytes)
    try:
        async with asyncio.timeout(seconds):
            await _collect(body, receive, max_bytes)
    except TimeoutError:
        detail = f"the body did not arrive within {seconds:g} seconds"
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, FaultCode.INCOMPLETE, detail, bytes(body)) from None
    return bytes(body)


async def _collect(body: bytearray, receive: Receive, max_bytes: int) -> None:
    more = True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            detail = "the body ended before it was complete"
            raise Refused(HTTPStatus.BAD_REQUEST, FaultCode.INCOMPLETE, detail, bytes(body))
        body += event.get("body", b"")
        if len(body) > max_bytes:
            raise _too_large(body, max_bytes)
        more = event.get("more_body", False)


def _too_large(body: bytearray, max_bytes: int) -> Refused:
    detail = f"at most {max_bytes} bytes"
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, FaultCode.TOO_LARGE, detail, bytes(body))
