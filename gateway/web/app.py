"""The ASGI application: `/xmeld` (SOAP), `/xmeld?wsdl`, `/health`.

A request is read on the event loop, so that a sender who dawdles holds no thread; an exchange is a plain function and
runs in one of `threads` threads.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TypeVar

from gateway.config import Http
from gateway.envelope import names
from gateway.envelope.soap import SoapUmschlag, wsdl
from gateway.errors import FaultCode, StoreError, place_of
from gateway.exchange import exchange, refuse
from gateway.vorgang import Gateway
from gateway.web.request import Receive, Refused, check_content_type, read_body

log = logging.getLogger(__name__)

Scope = Mapping[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
T = TypeVar("T")

XML = "text/xml; charset=utf-8"
_HINT = b"POST a SOAP 1.1 message to /xmeld; the WSDL is at /xmeld?wsdl\n"

#: When not even a fault can be signed.
_UNSIGNED = (
    f'<e:Envelope xmlns:e="{names.SOAP}"><e:Body><e:Fault><faultcode>e:Server</faultcode>'
    f"<faultstring>{FaultCode.INTERNAL.value.text}</faultstring></e:Fault></e:Body></e:Envelope>"
).encode()


@dataclass(frozen=True)
class Response:
    """What goes back. Only an answer keeps its connection: nobody can pile up what he does not fetch."""

    status: HTTPStatus
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Connection": "close"})


class App:
    """One process's application around its Gateway."""

    def __init__(self, gateway: Gateway, umschlag: SoapUmschlag, http: Http, address: str) -> None:
        """`address` is the endpoint's URL as the WSDL names it."""
        self.gateway = gateway
        self._umschlag = umschlag
        self._max_bytes = http.max_bytes
        self._wsdl = wsdl(address)
        self._pool = ThreadPoolExecutor(http.threads, "exchange")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._respond(scope, receive)
        except Exception as error:  # a bug of ours: never a bare 500, and no text of it in the log
            response = Response(HTTPStatus.INTERNAL_SERVER_ERROR, XML, self._last_resort(error))
        headers = {
            "Content-Type": response.content_type,
            "Content-Length": str(len(response.body)),
            "Cache-Control": "no-store",
            **response.headers,
        }
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": response.status.value, "headers": encoded})
        await send({"type": "http.response.body", "body": response.body})

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        wants_wsdl = scope["query_string"].lower() == b"wsdl"
        match scope["method"], scope["path"]:
            case "POST", "/xmeld":
                return await self._message(dict(scope["headers"]), receive)
            case "GET" | "HEAD", "/xmeld" if wants_wsdl:
                return Response(HTTPStatus.OK, XML, self._wsdl)
            case "GET" | "HEAD", "/health":
                return await self._health()
            case _, "/xmeld":
                return _not_allowed("GET, HEAD, POST" if wants_wsdl else "POST")
            case _, "/health":
                return _not_allowed("GET, HEAD")
        return Response(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", _HINT)

    async def _message(self, headers: Mapping[bytes, bytes], receive: Receive) -> Response:
        """SOAP 1.1 § 6.2: a fault goes with 500, an answer with 200; HTTP's own word where the request was not read."""
        try:
            check_content_type(headers.get(b"content-type", b"").decode("latin-1"))
            body = await read_body(headers.get(b"content-length", b"").decode("latin-1"), receive, self._max_bytes)
        except Refused as refused:
            fault, received = refused.fault, refused.received
            reply = await self._in_thread(lambda: refuse(fault, received, self._umschlag, self.gateway))
            return Response(refused.status, XML, reply.body)
        reply = await self._in_thread(lambda: exchange(body, self._umschlag, self.gateway))
        if reply.is_fault:
            return Response(HTTPStatus.INTERNAL_SERVER_ERROR, XML, reply.body)
        return Response(HTTPStatus.OK, XML, reply.body, {})

    async def _health(self) -> Response:
        try:
            await self._in_thread(self.gateway.check_stores)
        except StoreError:
            return _json(HTTPStatus.SERVICE_UNAVAILABLE, "a store is not available")
        return _json(HTTPStatus.OK, "ok")

    async def _in_thread(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function)

    def _last_resort(self, error: Exception) -> bytes:
        log.error("bug type=%s place=%s", type(error).__name__, place_of(error))
        try:
            return self._umschlag.fault(FaultCode.INTERNAL, "", datetime.now(UTC))
        except Exception as second:
            log.error("fault not signed type=%s", type(second).__name__)
            return _UNSIGNED


def _not_allowed(methods: str) -> Response:
    headers = {"Allow": methods, "Connection": "close"}
    return Response(HTTPStatus.METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", _HINT, headers)


def _json(status: HTTPStatus, text: str) -> Response:
    return Response(status, "application/json", json.dumps({"status": text}).encode())
