"""The application without a server: what it answers when something of ours breaks."""

import asyncio
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from lxml import etree

from gateway.config import Http
from gateway.envelope.names import SOAP
from gateway.envelope.threads import Threads
from gateway.errors import Fault, FaultCode, StoreError
from gateway.exchange import Reply, exchange, refuse
from gateway.sending import client_of
from gateway.vorgang import Vermittlung
from gateway.web import app
from gateway.web.app import App, soap_endpunkt
from gateway.web.lage import Quellen
from gateway.web.readiness import Readiness
from gateway.web.request import Refused, read_body
from tests.betrieb import AMT, Betrieb, betrieb, outcome

pytestmark = pytest.mark.xdist_group("app")

SECRET = "Wiebold-Nachtigal"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Betrieb]:
    one = betrieb(tmp_path_factory.mktemp("app") / "instance")
    yield one
    one.close()


def call(
    house: Betrieb,
    body: bytes,
    method: str = "POST",
    path: str = "/xmeld",
    *,
    client: str = "127.0.0.1",
    messwerte: Callable[[], bytes] | None = None,
    bereit: Callable[[], tuple[bool, Mapping[str, Any]]] | None = None,
) -> tuple[int, bytes]:
    """Status and body of one request."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    endpunkte = {"/xmeld": soap_endpunkt(house.umschlag)}
    application = App(house.gateway, endpunkte, Http(), "http://127.0.0.1/xmeld", messwerte, bereit)
    scope = {
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(b"content-type", b"text/xml")],
        "client": (client, 1),
    }
    asyncio.run(application(scope, receive, send))
    assert [event["type"] for event in sent] == ["http.response.start", "http.response.body"]
    return sent[0]["status"], sent[1]["body"]


def code_of(house: Betrieb, body: bytes) -> str:
    return outcome(client_of(house.here, AMT).reply(body, datetime.now(UTC)))  # type: ignore[arg-type]


def raising(*_: object) -> Any:
    raise RuntimeError(SECRET)


def test_an_unexpected_error_is_a_signed_fault_and_its_text_stays_out_of_the_log(
    house: Betrieb, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = len(house.entries(10_000))
    monkeypatch.setattr(app, "exchange", raising)
    with caplog.at_level(logging.INFO):
        status, body = call(house, b"<a/>")
    assert (status, code_of(house, body)) == (500, "fault INTERNAL")
    newest, *others = house.entries(10_000)
    assert (newest.codes, len(others)) == (("INTERNAL",), before), "it left without a record"
    assert "type=RuntimeError place=" in caplog.text
    assert SECRET not in caplog.text


def test_an_error_while_refusing_is_a_recorded_signed_fault_too(
    house: Betrieb, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = iter([raising])
    monkeypatch.setattr(app, "refuse", lambda *words: next(failing, refuse)(*words))
    status, body = call(house, b"x" * 2_000_000)
    assert (status, code_of(house, body)) == (500, "fault INTERNAL")
    assert house.entries(1)[0].codes == ("INTERNAL",)


def test_where_nothing_works_any_more_there_is_an_unsigned_fault(
    house: Betrieb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "exchange", raising)
    monkeypatch.setattr(app, "refuse", raising)
    assert call(house, b"<a/>") == (500, house.umschlag.notfall)


def test_where_not_even_a_fault_can_be_signed_there_is_an_unsigned_one(
    house: Betrieb, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(house.umschlag, "fault", raising)
    with caplog.at_level(logging.INFO):
        status, body = call(house, b"<a/>")
    assert status == 500
    assert etree.fromstring(body).findtext(f".//{{{SOAP}}}Fault/faultstring") == FaultCode.INTERNAL.value.text
    assert SECRET not in caplog.text


def test_exchanges_leave_nothing_behind_in_threads_that_go_on(house: Betrieb, monkeypatch: pytest.MonkeyPatch) -> None:
    """lxml remembers every name that a thread has ever parsed."""
    seen: list[threading.Thread] = []

    def noting(*words: Any) -> Reply:
        seen.append(threading.current_thread())
        return exchange(*words)

    monkeypatch.setattr(app, "exchange", noting)
    monkeypatch.setattr(app, "Threads", partial(Threads, budget=1))
    assert call(house, b"<a/>")[0] == 500
    seen[0].join(5)
    assert not seen[0].is_alive()


def test_ready_says_no_while_health_says_that_the_process_lives(house: Betrieb) -> None:
    class Silent:
        def of_certificate(self, fingerprint: str) -> None:
            raise StoreError("the authorities cannot be read")

    silent = replace(house, gateway=replace(house.gateway, behoerden=Silent()))
    quellen = Quellen(silent.here, silent.gateway)
    bereit = Readiness(quellen.lage).report
    status, body = call(silent, b"", "GET", "/ready", bereit=bereit)
    assert (status, json.loads(body)["status"]) == (503, "not ready")
    assert json.loads(body)["checks"][0]["detail"] == "the authorities cannot be read"
    assert call(silent, b"", "GET", "/ready", client="192.0.2.7", bereit=bereit) == (503, b'{"status": "not ready"}')
    assert call(silent, b"", "GET", "/health") == (200, b'{"status": "ok"}')


def test_health_tells_of_the_ways_to_other_laender(house: Betrieb) -> None:
    class Laender:
        def zustand(self) -> dict[str, str]:
            return {"09": "open"}

    vermittlung = Vermittlung(Laender(), {}, "")  # type: ignore[arg-type]
    asking = replace(house, gateway=replace(house.gateway, vermittlung=vermittlung))
    assert call(asking, b"", "GET", "/health") == (200, b'{"status": "ok", "laender": {"09": "open"}}')


def test_metrics_are_for_the_addresses_that_may_read_them(house: Betrieb) -> None:
    def read(client: str) -> tuple[int, bytes]:
        return call(house, b"", "GET", "/metrics", client=client, messwerte=lambda: b"xmeld 1\n")

    assert read("127.0.0.1") == (200, b"xmeld 1\n")
    assert read("192.0.2.7")[0] == 404


def test_an_answer_that_nobody_fetches_is_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The server cuts the connection of an answer that is not handed over to its end."""
    monkeypatch.setattr(app, "SEND_TIMEOUT", 0.1)
    taken: list[dict[str, Any]] = []

    async def send(event: dict[str, Any]) -> None:
        if len(taken) == 2:
            await asyncio.sleep(10)
        taken.append(event)

    asyncio.run(app._hand_over(b"x" * 3 * app._PIECE, send))
    assert [event["more_body"] for event in taken] == [True, True]
    assert "an answer was not fetched within 0.1 seconds" in caplog.text


@pytest.mark.parametrize("size", [0, 1, app._PIECE, app._PIECE + 1, 3 * app._PIECE])
def test_an_answer_is_handed_over_whole(size: int) -> None:
    body, taken = os.urandom(size), list[dict[str, Any]]()

    async def send(event: dict[str, Any]) -> None:
        taken.append(event)

    asyncio.run(app._hand_over(body, send))
    assert b"".join(event["body"] for event in taken) == body
    assert [event["more_body"] for event in taken] == [True] * (len(taken) - 1) + [False]
    assert len(taken) == max(1, -(-size // app._PIECE))


def test_a_body_that_does_not_come_in_time_is_refused_with_what_had_come() -> None:
    events = iter([{"type": "http.request", "body": b"<a", "more_body": True}])

    async def receive() -> dict[str, Any]:
        for event in events:
            return event
        await asyncio.sleep(10)
        raise AssertionError

    with pytest.raises(Refused) as caught:
        asyncio.run(read_body("", receive, 100, seconds=0.05))
    assert (caught.value.status, caught.value.received) == (408, b"<a")
    assert isinstance(caught.value.fault, Fault)
