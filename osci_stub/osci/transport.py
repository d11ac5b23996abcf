"""HTTP for OSCI: one POST out, and the endpoint that takes one."""

import http.client
from collections.abc import Callable, Iterable
from http import HTTPStatus
from urllib.parse import urlsplit

from osci_stub.listener import BadRequest, Environ, Listener, StartResponse, line, read_body
from osci_stub.osci.reply import Reply

MAX_MESSAGE = 32 * 2**20  # bytes, either way
KIND = "text/xml"  # although it is MIME: its headers are in the body
PATH = "/osci"


class NotReached(Exception):
    """Nothing has arrived at the other side."""


class Broken(Exception):
    """The message may have arrived, but no answer came back."""


def post(url: str, data: bytes, timeout: float) -> bytes:
    """The body of the answer; `timeout` in seconds between two signs of life. Raises NotReached or Broken."""
    parts = urlsplit(url)
    kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    if parts.scheme not in kinds or not parts.hostname:
        raise NotReached("not an http address")
    connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=timeout)
    try:
        try:
            connection.connect()
        except OSError as error:
            raise NotReached(type(error).__name__) from None
        try:
            return _exchange(connection, parts.path or "/", data)
        except (OSError, http.client.HTTPException) as error:
            raise Broken(type(error).__name__) from None
    finally:
        connection.close()


def _exchange(connection: http.client.HTTPConnection, path: str, data: bytes) -> bytes:
    connection.request("POST", path, data, {"Content-Type": KIND})
    with connection.getresponse() as response:
        answer = response.read(MAX_MESSAGE + 1)
        if len(answer) > MAX_MESSAGE:
            raise Broken("the answer is too large")
        length = response.getheader("Content-Length")
        if length is not None and length.isdecimal() and int(length) > len(answer):
            raise Broken("the answer ends early")
        if not answer:
            raise Broken(f"HTTP {response.status} without a message")
        return answer


class Endpoint:
    """OSCI at POST /osci on a port of loopback: `answer` makes the reply of a request's bytes."""

    def __init__(self, answer: Callable[[bytes], Reply], port: int = 0, *, quiet: bool = True) -> None:
        self._answer = answer
        self._listener = Listener(self._wsgi, port, PATH, quiet=quiet)
        self.url = self._listener.url
        self._listener.start()

    def close(self) -> None:
        self._listener.close()

    def _wsgi(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            reply = self._answer(_request(environ))
        except BadRequest as error:
            start_response(line(error.status), [("Content-Type", "text/plain; charset=utf-8")])
            return [f"{error}\n".encode()]
        if reply.late:
            self._listener.closing.wait(reply.late)
        start_response(line(HTTPStatus.OK), [("Content-Type", KIND), ("Content-Length", str(len(reply.data)))])
        return _halved(reply.data) if reply.aborts else [reply.data]


def _request(environ: Environ) -> bytes:
    if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] != "POST":
        raise BadRequest(HTTPStatus.NOT_FOUND, f"POST an OSCI message to {PATH}")
    return read_body(environ, MAX_MESSAGE)


def _halved(data: bytes) -> Iterable[bytes]:
    yield data[: len(data) // 2]
    raise ConnectionAbortedError  # wsgiref takes it for a caller that has gone, and closes
