"""The WSGI application: `/xmeld` (SOAP), `/xmeld?wsdl`, `/health`."""

import json
from collections.abc import Callable, Iterable
from email.message import Message
from http import HTTPStatus
from typing import Any

from gateway.envelope.soap import SoapUmschlag, wsdl
from gateway.errors import Fault, FaultCode
from gateway.exchange import exchange, refuse
from gateway.vorgang import Gateway

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Response = tuple[HTTPStatus, str, bytes]

XML = "text/xml; charset=utf-8"


class App:
    """One process's application around its Gateway."""

    def __init__(self, gateway: Gateway, umschlag: SoapUmschlag, max_bytes: int, address: str) -> None:
        self._gateway = gateway
        self._umschlag = umschlag
        self._max_bytes = max_bytes
        self._wsdl = wsdl(address)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        status, content_type, body = self._respond(environ)
        headers = [("Content-Type", content_type), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            headers.append(("Allow", "POST, GET" if environ.get("PATH_INFO") == "/xmeld" else "GET"))
        if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            headers.append(("Connection", "close"))
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    def _respond(self, environ: Environ) -> Response:
        route = (environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""))
        if route == ("POST", "/xmeld"):
            return self._message(environ)
        if route == ("GET", "/xmeld") and environ.get("QUERY_STRING", "").lower() == "wsdl":
            return HTTPStatus.OK, XML, self._wsdl
        if route == ("GET", "/health"):
            return HTTPStatus.OK, "application/json", json.dumps({"status": "ok"}).encode()
        known = route[1] in ("/xmeld", "/health")
        status = HTTPStatus.METHOD_NOT_ALLOWED if known else HTTPStatus.NOT_FOUND
        return status, "text/plain; charset=utf-8", b"POST a SOAP 1.1 message to /xmeld; the WSDL is at /xmeld?wsdl\n"

    def _message(self, environ: Environ) -> Response:
        """SOAP 1.1 § 6.2: an answer goes with 200, a fault with 500; what HTTP itself can say better goes with 413."""
        body = b""
        try:
            _check_content_type(environ.get("CONTENT_TYPE", ""))
            body = self._read(environ)
            reply = exchange(body, self._umschlag, self._gateway)
        except Fault as fault:
            reply = refuse(fault, body, self._umschlag, self._gateway)
            if fault.code is FaultCode.TOO_LARGE:
                return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, XML, reply.body
        return (HTTPStatus.INTERNAL_SERVER_ERROR if reply.is_fault else HTTPStatus.OK), XML, reply.body

    def _read(self, environ: Environ) -> bytes:
        """The body, cut off early: neither an announced nor an endless one is read beyond the limit."""
        announced = environ.get("CONTENT_LENGTH") or "0"
        if announced.isdigit() and int(announced) > self._max_bytes:
            raise Fault(FaultCode.TOO_LARGE, f"at most {self._max_bytes} bytes")
        body: bytes = environ["wsgi.input"].read(self._max_bytes + 1)
        if len(body) > self._max_bytes:
            raise Fault(FaultCode.TOO_LARGE, f"at most {self._max_bytes} bytes")
        return body


def _check_content_type(value: str) -> None:
    message = Message()
    message["Content-Type"] = value
    if message.get_content_type() != "text/xml":
        raise Fault(FaultCode.NOT_SOAP, "SOAP 1.1 over HTTP has Content-Type text/xml")
    if str(message.get_param("charset", "utf-8")).strip('"').lower() not in ("utf-8", "utf8"):
        raise Fault(FaultCode.NOT_UTF8, "charset of the Content-Type")
