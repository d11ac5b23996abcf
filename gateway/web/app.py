"""The ASGI application: `/xmeld` (SOAP), `/xmeld?wsdl`, `/osci` (OSCI-Transport), `/health`, `/ready`, `/metrics`,
`/admin/v1`.

A request is read on the event loop, so that a sender who dawdles holds no thread; an exchange is a plain function and
runs in one of `threads` threads.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

from gateway.config import Http
from gateway.envelope.soap import wsdl
from gateway.envelope.threads import Threads
from gateway.errors import Fault, FaultCode, place_of
from gateway.exchange import Reply, exchange, refuse
from gateway.ports import Umschlag
from gateway.vorgang import Gateway
from gateway.web.admin import MAX_BYTES, PREFIX, Admin, encode
from gateway.web.request import Receive, Refused, check_content_type, read_body

log = logging.getLogger(__name__)

Scope = Mapping[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
T = TypeVar("T")

XML, TEXT = "text/xml; charset=utf-8", "text/plain; charset=utf-8"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"

#: Threads of the admin API.
ADMIN_THREADS = 2

#: Seconds in which an answer must be fetched.
SEND_TIMEOUT = 60.0

#: Bytes of an answer that are handed to the server at once.
_PIECE = 1 << 20

_HINT = b"POST a SOAP 1.1 message to /xmeld; the WSDL is at /xmeld?wsdl\n"


@dataclass(frozen=True)
class Endpunkt:
    """A path to which messages are posted. `umschlag` makes the envelope for one request."""

    umschlag: Callable[[], Umschlag]
    fault_status: HTTPStatus
    content_type: str = XML


def soap_endpunkt(umschlag: Umschlag) -> Endpunkt:
    """SOAP 1.1 § 6.2: a fault goes with 500, an answer with 200. One envelope serves all."""
    return Endpunkt(lambda: umschlag, HTTPStatus.INTERNAL_SERVER_ERROR)


def osci_endpunkt(umschlag: Callable[[], Umschlag]) -> Endpunkt:
    """The reference library reads the body of 200 only, faults too; an envelope knows its request."""
    return Endpunkt(umschlag, HTTPStatus.OK, "text/xml")


@dataclass(frozen=True)
class Response:
    """What goes back. Only an answer keeps its connection: nobody can pile up what he does not fetch."""

    status: HTTPStatus
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Connection": "close"})


class App:
    """One process's application around its Gateway."""

    def __init__(
        self,
        gateway: Gateway,
        endpunkte: Mapping[str, Endpunkt],
        http: Http,
        address: str,
        messwerte: Callable[[], bytes] | None = None,
        bereit: Callable[[], tuple[bool, Mapping[str, Any]]] | None = None,
        admin: Admin | None = None,
    ) -> None:
        """`endpunkte` by path; `address` is the SOAP endpoint's URL as the WSDL names it.

        `messwerte`: the numbers for `/metrics`, in Prometheus' text format. `bereit`: whether exchanges are answered
        and recorded, and why not, for `/ready`. `admin`: what answers `/admin/v1`.
        """
        self.gateway = gateway
        self._endpunkte = endpunkte
        self._max_bytes = http.max_bytes
        self._metrics_from = frozenset(http.metrics_from)
        self._wsdl = wsdl(address)
        self._messwerte = messwerte
        self._admin = admin
        self._admin_pool = ThreadPoolExecutor(ADMIN_THREADS, "admin")  # takes none that exchanges need
        self._bereit = bereit
        self._watching = ThreadPoolExecutor(1, "watch")  # also answers where all others wait for a store
        self._exchanging = Threads(http.threads + gateway.wartende, "exchange")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._respond(scope, receive)
        except Exception as error:  # a bug of ours: never a bare 500, and no text of it in the log
            log.error("bug type=%s place=%s", type(error).__name__, place_of(error))
            endpunkt = self._endpunkte.get(scope["path"], self._endpunkte["/xmeld"])
            reply = await self._last_resort(endpunkt.umschlag())
            response = Response(endpunkt.fault_status, endpunkt.content_type, reply)
        headers = {
            "Content-Type": response.content_type,
            "Content-Length": str(len(response.body)),
            "Cache-Control": "no-store",
            **response.headers,
        }
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": response.status.value, "headers": encoded})
        await _hand_over(response.body, send)

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        wants_wsdl = scope["query_string"].lower() == b"wsdl"
        match scope["method"], scope["path"]:
            case "POST", path if path in self._endpunkte:
                return await self._message(self._endpunkte[path], dict(scope["headers"]), receive)
            case "GET" | "HEAD", "/xmeld" if wants_wsdl:
                return Response(HTTPStatus.OK, XML, self._wsdl)
            case "GET" | "HEAD", "/health":
                return self._health()
            case "GET" | "HEAD", "/ready" if self._bereit:
                return await self._ready(self._bereit, whole=scope["client"][0] in self._metrics_from)
            case "GET" | "HEAD", "/metrics" if self._messwerte and scope["client"][0] in self._metrics_from:
                return Response(HTTPStatus.OK, PROMETHEUS, await self._watch(self._messwerte))
            case method, path if self._admin and path.startswith(f"{PREFIX}/"):
                return await self._administer(self._admin, method, scope, receive)
            case _, path if path in self._endpunkte:
                return _not_allowed("GET, HEAD, POST" if wants_wsdl and path == "/xmeld" else "POST")
            case _, "/health" | "/ready":
                return _not_allowed("GET, HEAD")
        return Response(HTTPStatus.NOT_FOUND, TEXT, _HINT)

    async def _administer(self, admin: Admin, method: str, scope: Scope, receive: Receive) -> Response:
        """Whoever asks from elsewhere learns nothing, not even that it is there."""
        if scope["client"][0] not in admin.adressen:
            return Response(HTTPStatus.NOT_FOUND, TEXT, _HINT)
        sent = dict(scope["headers"])
        length, bearer = (sent.get(name, b"").decode("latin-1") for name in (b"content-length", b"authorization"))
        try:
            body = await read_body(length, receive, MAX_BYTES)
        except Refused as refused:
            return _json(refused.status, {"fehler": refused.fault.detail})
        path = scope["path"].removeprefix(PREFIX)
        answer = partial(admin.answer, method, path, bearer.removeprefix("Bearer "), body)
        ergebnis = await asyncio.get_running_loop().run_in_executor(self._admin_pool, answer)
        headers = {"Connection": "close", **ergebnis.headers}
        return Response(ergebnis.status, "application/json", encode(ergebnis.inhalt), headers)

    async def _message(self, endpunkt: Endpunkt, headers: Mapping[bytes, bytes], receive: Receive) -> Response:
        """HTTP's own word where the request was not read, else the endpoint's."""
        umschlag, content_type = endpunkt.umschlag(), endpunkt.content_type
        try:
            check_content_type(headers.get(b"content-type", b"").decode("latin-1"))
            body = await read_body(headers.get(b"content-length", b"").decode("latin-1"), receive, self._max_bytes)
        except Refused as refused:
            fault, received = refused.fault, refused.received
            reply = await self._exchange(lambda: refuse(fault, received, umschlag, self.gateway))
            return Response(refused.status, content_type, reply.body)
        reply = await self._exchange(lambda: exchange(body, umschlag, self.gateway))
        if reply.is_fault:
            return Response(endpunkt.fault_status, content_type, reply.body)
        return Response(HTTPStatus.OK, content_type, reply.body, {})

    def _health(self) -> Response:
        """That this process answers; the ways to other Laender, as it sees them, stand beside it."""
        vermittlung = self.gateway.vermittlung
        laender = {"laender": dict(vermittlung.laender.zustand())} if vermittlung else {}
        return _json(HTTPStatus.OK, {"status": "ok", **laender})

    async def _ready(self, bereit: Callable[[], tuple[bool, Mapping[str, Any]]], *, whole: bool) -> Response:
        """Whether exchanges are answered and recorded; the checks are for those alone who may read the metrics."""
        ready, report = await self._watch(bereit)
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return _json(status, report if whole else {"status": report["status"]})

    async def _last_resort(self, umschlag: Umschlag) -> bytes:
        """On record as well, whatever was asked: what it was, nobody knows any more."""
        try:
            return (await self._exchange(lambda: refuse(Fault(FaultCode.INTERNAL), b"", umschlag, self.gateway))).body
        except Exception as error:
            log.error("fault not made type=%s place=%s", type(error).__name__, place_of(error))
            return umschlag.notfall

    async def _exchange(self, function: Callable[[], Reply]) -> Reply:
        return await asyncio.wrap_future(self._exchanging.submit(function))

    async def _watch(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._watching, function)


async def _hand_over(body: bytes, send: Send) -> None:
    """Piece by piece, as it is taken: who does not fetch a long answer holds neither it nor his connection for ever."""
    try:
        async with asyncio.timeout(SEND_TIMEOUT):
            for start in range(0, len(body) or 1, _PIECE):
                more = start + _PIECE < len(body)
                await send({"type": "http.response.body", "body": body[start : start + _PIECE], "more_body": more})
    except TimeoutError:  # without its end the server cuts the connection
        log.warning("an answer was not fetched within %g seconds", SEND_TIMEOUT)


def _not_allowed(methods: str) -> Response:
    headers = {"Allow": methods, "Connection": "close"}
    return Response(HTTPStatus.METHOD_NOT_ALLOWED, TEXT, _HINT, headers)


def _json(status: HTTPStatus, answer: Mapping[str, object]) -> Response:
    return Response(status, "application/json", json.dumps(answer).encode())
