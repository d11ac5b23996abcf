"""HTTP on loopback, a thread a request: what the SOAP endpoint and the OSCI endpoints stand on."""

import sys
from collections.abc import Callable, Iterable
from http import HTTPStatus
from socketserver import ThreadingMixIn
from threading import Event, Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

HOST = "127.0.0.1"

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class BadRequest(Exception):
    """What is refused before the endpoint's own protocol begins."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


class Listener:
    """A port on loopback with `application` behind it. Raises OSError when `port` is taken; 0 picks a free one."""

    def __init__(self, application: Application, port: int, path: str, *, quiet: bool) -> None:
        self.closing = Event()
        self._server = make_server(HOST, port, application, _Server, _QuietHandler if quiet else _Handler)
        self.url = f"http://{HOST}:{self._server.server_port}{path}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="osci_stub")

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stops listening and waits for the replies that are under way; those held back leave at once."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def read_body(environ: Environ, limit: int) -> bytes:
    """The body of a request of at most `limit` bytes. Raises BadRequest."""
    try:
        length = int(environ.get("CONTENT_LENGTH") or "")
    except ValueError:
        raise BadRequest(HTTPStatus.LENGTH_REQUIRED, "send a Content-Length") from None
    if not 0 <= length <= limit:
        raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request may have {limit} bytes")
    request: bytes = environ["wsgi.input"].read(length)
    return request


def line(status: HTTPStatus) -> str:
    return f"{status.value} {status.phrase}"


class _Server(ThreadingMixIn, WSGIServer):
    """`close` waits for the threads."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that stalls or hangs up is no error of the stub's."""
        if not isinstance(sys.exception(), TimeoutError | ConnectionError):
            super().handle_error(request, client_address)


class _Handler(WSGIRequestHandler):
    timeout = 20  # seconds without a byte


class _QuietHandler(_Handler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: tests read replies, not lines."""
