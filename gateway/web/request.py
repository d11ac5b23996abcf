"""A request of the SOAP 1.1 HTTP binding: its head, and its body, which is never read beyond limit and time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from email.message import Message
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


#: Characters of a Content-Type at most: the standard library takes seconds for one of 64 kB.
MAX_CONTENT_TYPE = 512


def check_content_type(value: str) -> None:
    """SOAP 1.1 § 6 demands text/xml. Raises Refused for another type or another charset than UTF-8."""
    unsupported = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    if len(value) > MAX_CONTENT_TYPE:
        detail = f"a Content-Type has at most {MAX_CONTENT_TYPE} characters"
        raise Refused(unsupported, FaultCode.NOT_SOAP, detail)
    head = Message()
    head["Content-Type"] = value
    if head.get_content_type() != "text/xml":
        raise Refused(unsupported, FaultCode.NOT_SOAP, "SOAP 1.1 over HTTP has Content-Type text/xml")
    # a parameter in the way of RFC 2231 (name*0, name*) has no place in HTTP, and the library may break at one
    if "*" in value or str(head.get_param("charset", "utf-8")).lower() not in ("utf-8", "utf8"):
        raise Refused(unsupported, FaultCode.NOT_UTF8, "charset of the Content-Type")


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
