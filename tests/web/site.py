"""An instance with persons, the processes that serve it, and clients that speak HTTP as badly as a test wants."""

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree

from gateway.protokoll import Einsicht, verify
from gateway.sending import client_of
from gateway.zustellung.http import post
from tests.betrieb import AMT, GEMEINDE, Betrieb, betrieb, outcome
from tests.gateways import Running, free_port, serving, set_key
from tests.spiegel.personen import datensatz

TEXT_XML = "text/xml; charset=utf-8"


@dataclass(frozen=True)
class Response:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass(frozen=True)
class Site:
    """The gateway's processes, and the same instance in this process to write requests and read the Protokoll."""

    house: Betrieb
    running: Running

    def signed(self, wer: str = AMT, **felder: object) -> bytes:
        """A request in its envelope; see `Betrieb.frage`."""
        nachricht = self.house.frage(wer, **{"geschlecht": "w"} | felder)  # type: ignore[arg-type]
        return client_of(self.house.here, wer).request(nachricht, datetime.now(UTC))

    def outcome(self, body: bytes, wer: str = AMT) -> str:
        """How a reply ends, in a word, its signature checked."""
        answer = client_of(self.house.here, wer).reply(body, datetime.now(UTC))
        return outcome(etree.fromstring(answer) if isinstance(answer, bytes) else answer)

    def ask(self, wer: str = AMT, **felder: object) -> str:
        """A query over HTTP on a connection of its own, in a word."""
        return self.outcome(post(self.running.url, self.signed(wer, **felder)).body, wer)

    def send(self, method: str, target: str, body: bytes | None = None, **headers: str) -> Response:
        """One request; `headers` with _ for -."""
        connection = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=20)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, target, body, named)
            return received(connection.getresponse())
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.running.port), timeout=20)

    def records(self) -> int:
        return Einsicht(self.house.here.protokoll(readonly=True)).count()

    def verified(self) -> int:
        """How many records there are; none changed, missing or inserted."""
        result = verify(self.house.here.protokoll(readonly=True), self.house.here.protokollschluessel)
        assert result.intact, result.findings
        return result.entries

    def wait_for_records(self, count: int) -> None:
        """Until there are so many: of an exchange whose sender did not wait."""
        deadline = time.monotonic() + 10
        while self.records() < count and time.monotonic() < deadline:
            time.sleep(0.05)
        assert self.records() == count

    def wait_for_records_beyond(self, count: int) -> None:
        """Until there are more."""
        deadline = time.monotonic() + 20
        while self.records() <= count and time.monotonic() < deadline:
            time.sleep(0.05)
        assert self.records() > count

    def newest(self) -> tuple[str, ...]:
        """Codes of the newest record."""
        return self.house.entries(1)[0].codes


def received(response: http.client.HTTPResponse) -> Response:
    return Response(response.status, response.headers, response.read())


def read_reply(connection: socket.socket) -> Response:
    """The reply on a bare connection."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    return received(response)


def head(length: int | None, *lines: str) -> bytes:
    """Head of a POST; chunked without a length."""
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    rows = ("POST /xmeld HTTP/1.1", "Host: localhost", f"Content-Type: {TEXT_XML}", size, *lines)
    return "\r\n".join((*rows, "", "")).encode()


@contextmanager
def site(
    path: Path, *keys: tuple[str, str], lists: int = 0, database: str = "", scheme: str = "http"
) -> Iterator[Site]:
    """Serves a new instance with Erika Musterfrau and `lists` persons of one name. `keys`: lines of gateway.toml."""
    house = betrieb(path, database=database)
    port = free_port()
    for line, by in (("port = 8080", f"port = {port}"), *keys):
        set_key(path, line, by)
    namesakes = [datensatz(f"T{number}", GEMEINDE, familienname="Tausend") for number in range(lists)]
    house.lade([datensatz("1", GEMEINDE), *namesakes])
    try:
        with serving(path, port, scheme=scheme) as running:
            yield Site(house, running)
    finally:
        house.close()
