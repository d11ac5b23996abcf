"""A message counts as delivered when its own receipt, signed by who may sign it, has come; else it is tried again."""

import logging
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

if sys.version_info >= (3, 12):
    pytest.skip("osci_stub needs spyne, which runs on Python 3.11 only", allow_module_level=True)

from gateway.errors import ConfigError, StoreError
from gateway.ports import Quittung, ZustellungError
from gateway.protokoll.tabellen import NACHARBEIT, POSTAUSGANG
from gateway.zustellung import http, soap
from gateway.zustellung.soap import PAUSE, Adressbuch, SoapZustellung
from osci_stub import StubServer
from tests.betrieb import GEMEINDE
from tests.nacharbeit.haus import LKA, MELDEBEHOERDE, Haus, haus, lauf_of
from tests.spiegel.personen import datensatz, sperre

SELBST = {"familienname": "Selbst", "geschlecht": "w"}
GEFAEHRDET = {"familienname": "Gefährdet", "geschlecht": "w"}
A_DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Haus]:
    with haus(tmp_path_factory.mktemp("zustellung")) as one:
        yield one


@pytest.fixture
def house(built: Haus) -> Haus:
    built.leer()
    return built


@pytest.fixture
def stub(house: Haus) -> Iterator[StubServer]:
    with StubServer(trust=house.ca, late_seconds=2.0, large_bytes=30_000_000) as server:
        house.connect(server.url, server.ca_pem)
        yield server


def later(house: Haus, how_long: timedelta = A_DAY) -> None:
    """What failed is due again, and no address is left alone any more."""
    gateway = replace(house.gateway, clock=lambda: datetime.now(UTC) + how_long)
    assert isinstance(house.lauf.zustellung, SoapZustellung)
    house.lauf.zustellung._away.clear()
    replace(house.lauf, gateway=gateway, zustellung=_Today(house.lauf.zustellung)).runde()


class _Today:
    """Envelopes bear the true time: the stub looks at it."""

    def __init__(self, zustellung: SoapZustellung) -> None:
        self._zustellung = zustellung

    def deliver(self, empfaenger: str, uuid: str, nachricht: bytes, _: datetime) -> Quittung:
        return self._zustellung.deliver(empfaenger, uuid, nachricht, datetime.now(UTC))


FAULTS = (
    "unsigned",
    "signed_by_stranger",
    "wrapped_signature",
    "acknowledges_other_message",
    "refuses",
    "takes_but_does_not_acknowledge",
    "too_late",
    "too_large",
)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_not_properly_acknowledged_waits_and_is_delivered_later_once(
    house: Haus, stub: StubServer, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "TIMEOUT", 0.5)
    house.ask(**SELBST)
    stub.fault = fault
    assert (bilanz := house.runde()).zugestellt == 0
    assert bilanz.gescheitert == 1
    (zeile,) = house.post(9)
    assert (zeile.zugestellt, zeile.versuche) == (None, 1)
    assert house.runde().gescheitert == 0, "it is not due yet"
    stub.fault = None
    monkeypatch.undo()
    later(house)
    assert house.offen() == (0, 0, 0)
    (taken,) = stub.posteingang.nachrichten
    assert (taken.typ, taken.leser, taken.uuid) == ("1322", MELDEBEHOERDE, zeile.uuid)
    assert house.entries(1)[0].ergebnis == "zustellung"


def test_a_delivery_is_recorded_with_its_receiver_and_its_content_is_gone(house: Haus, stub: StubServer) -> None:
    house.ask(**SELBST)
    house.runde()
    entry = house.entries(1)[0]
    assert (entry.ergebnis, entry.codes, entry.behoerde) == ("zustellung", ("aussteuerung",), MELDEBEHOERDE)
    assert (entry.nachrichtentyp, entry.hat_inhalt) == ("1322", False)
    with house.here.protokoll().connect() as connection:
        row = connection.execute(POSTAUSGANG.select()).one()
    assert (row.inhalt, row.schluessel, row.faellig) == (None, None, None)
    assert row.zugestellt is not None
    assert row.uuid == entry.nachricht_uuid == stub.posteingang.nachrichten[0].uuid


def test_a_receipt_of_an_authority_that_only_asks_does_not_count(house: Haus, stub: StubServer) -> None:
    """Whoever answers at the address must be of the receivers' CA, not of the one for those who ask."""
    (house.here.path / "pki/empfaenger.pem").write_bytes(stub.ca_pem + house.ca)
    with pytest.raises(ConfigError, match="receivers need a CA of their own"):
        lauf_of(house.here, house.gateway)


def test_without_an_address_everything_waits_and_nothing_is_tried(house: Haus) -> None:
    house.ask(**GEFAEHRDET)
    assert (bilanz := house.runde()).entstanden == 3
    assert bilanz.gescheitert == 0
    assert house.offen() == (0, 0, 3)
    assert all(zeile.versuche == 0 for zeile in house.post(9))


def test_a_receiver_of_its_own_gets_its_messages_and_the_common_address_all_others(house: Haus) -> None:
    with StubServer(trust=house.ca) as alle, StubServer(trust=house.ca) as lka:
        both = alle.ca_pem + lka.ca_pem
        house.connect(alle.url, both)
        assert isinstance(house.lauf.zustellung, SoapZustellung)
        house.lauf.zustellung._adressen = Adressbuch({LKA: lka.url}, alle.url)
        house.ask(**GEFAEHRDET)
        house.runde()
        assert [one.leser for one in lka.posteingang.nachrichten] == [LKA]
        assert [one.leser for one in alle.posteingang.nachrichten] == [MELDEBEHOERDE] * 2


def test_an_address_that_does_not_answer_is_asked_once_a_while_however_much_waits_for_it(
    house: Haus, caplog: pytest.LogCaptureFixture
) -> None:
    with StubServer(trust=house.ca) as gone:
        url, ca = gone.url, gone.ca_pem
    house.connect(url, ca)
    for _ in range(3):
        house.ask(**GEFAEHRDET)
    with caplog.at_level(logging.ERROR):
        assert house.runde().gescheitert == 1
    assert sum("does not answer" in line for line in caplog.messages) == 1
    assert sorted(zeile.versuche for zeile in house.post(9)) == [0] * 8 + [1], "what was not tried has not failed"
    assert "Gefährdet" not in caplog.text
    assert LKA not in caplog.text
    assert house.offen() == (0, 0, 9)


def test_an_address_is_tried_again_after_its_pause(house: Haus, stub: StubServer) -> None:
    now = [0.0]
    built = house.lauf.zustellung
    assert isinstance(built, SoapZustellung)
    built._clock = lambda: now[0]
    house.ask(**SELBST)
    stub.fault = "takes_but_does_not_acknowledge"
    house.runde()
    stub.fault = None
    for moment, erwartet in ((PAUSE - 1, "just now"), (PAUSE + 1, "")):
        now[0] = moment
        sendung = house.wartend()[0]
        assert sendung.nachricht is not None
        try:
            built.deliver(sendung.empfaenger, sendung.uuid, sendung.nachricht, datetime.now(UTC))
            said = ""
        except ZustellungError as error:
            said = str(error)
        assert erwartet in said
        assert bool(said) is bool(erwartet)


def test_what_fails_is_tried_later_each_time_and_holds_up_nobody(house: Haus, stub: StubServer) -> None:
    """A request whose bytes were damaged where they wait, beside one that is whole."""
    house.ask(**SELBST)
    with house.here.protokoll().begin() as connection:
        connection.execute(update(NACHARBEIT).values(inhalt=b"\0" * 64))
    house.ask(**SELBST)
    bilanz = house.runde()
    assert (bilanz.angesehen, bilanz.gescheitert, bilanz.zugestellt) == (1, 1, 1)
    assert house.offen() == (1, 1, 0)
    assert house.runde().gescheitert == 0, "not due yet"
    later(house)
    (wartend,) = house.nachlauf.wartende(datetime.now(UTC) + 2 * A_DAY, 9)
    assert (wartend.versuche, wartend.inhalt) == (2, None)


def test_a_mirror_that_is_away_delays_what_follows_and_loses_nothing(house: Haus, stub: StubServer) -> None:
    class Away:
        def __getattr__(self, name: str) -> object:
            raise StoreError("the mirror is away")

    house.ask(**SELBST)
    broken = replace(house.lauf, gateway=replace(house.gateway, spiegel=Away()))  # type: ignore[arg-type]
    assert broken.runde().angesehen == 0
    assert house.offen() == (1, 0, 0)
    assert stub.posteingang.nachrichten == ()
    later(house)
    assert len(stub.posteingang.nachrichten) == 1


def test_a_search_that_the_mirror_gives_up_holds_up_no_other(house: Haus, stub: StubServer) -> None:
    class GivesUpOnce:
        def __init__(self, mirror: Any) -> None:
            self.mirror, self.left = mirror, 1

        def suche(self, *args: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                raise StoreError("the mirror cannot be read (QueryCanceled)")
            return self.mirror.suche(*args)

        def check(self) -> None:
            self.mirror.check()

    for _ in range(2):
        house.ask(**SELBST)
    slow = replace(house.gateway, spiegel=GivesUpOnce(house.gateway.spiegel))  # type: ignore[arg-type]
    bilanz = replace(house.lauf, gateway=slow).runde()
    assert (bilanz.gescheitert, bilanz.zugestellt) == (1, 1)
    assert house.offen() == (1, 1, 0)
    later(house)
    assert len(stub.posteingang.nachrichten) == 2


def test_a_message_that_cannot_be_read_any_more_waits_and_is_named(
    house: Haus, stub: StubServer, caplog: pytest.LogCaptureFixture
) -> None:
    stub.fault = "refuses"
    house.ask(**SELBST)
    house.runde()
    with house.here.protokoll().begin() as connection:
        connection.execute(update(POSTAUSGANG).values(inhalt=b"\0" * 64))
    stub.fault = None
    later(house)
    assert house.offen() == (0, 0, 1)
    assert "cannot be read" in caplog.text
    assert house.post(1)[0].uuid in caplog.text


def test_a_message_whose_delivery_fails_in_whatever_way_holds_up_no_other(
    house: Haus, stub: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted = soap.post

    def fails_once(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(soap, "post", posted)
        raise UnicodeError("label empty or too long")

    monkeypatch.setattr(soap, "post", fails_once)
    for _ in range(2):
        house.ask(**SELBST)
    bilanz = house.runde()
    assert (bilanz.gescheitert, bilanz.zugestellt) == (1, 1)
    later(house)
    assert len(stub.posteingang.nachrichten) == 2


def test_a_receiver_that_drips_is_given_up(house: Haus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TIMEOUT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_drip, args=(server,), daemon=True).start()
        start = time.monotonic()
        with pytest.raises(http.SendError, match="timed out"):
            http.post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"<a/>")
        assert time.monotonic() - start < 3


def _drip(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection, suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b".")
            time.sleep(0.1)


def test_more_than_one_batch_is_worked_through_in_one_round(house: Haus, stub: StubServer) -> None:
    house.lade([datensatz(f"B{n}", GEMEINDE, familienname="Alle", **sperre("3")) for n in range(60)])
    for _ in range(60):
        house.ask(familienname="Niemand", geschlecht="w")
    house.ask(familienname="Alle", geschlecht="w")
    bilanz = house.runde()
    assert (bilanz.angesehen, bilanz.entstanden, bilanz.zugestellt) == (61, 60, 60)
    assert len(stub.posteingang.nachrichten) == 60
