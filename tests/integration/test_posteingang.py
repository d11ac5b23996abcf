"""The stub as the postbox of those who are written to, through HTTP with real signatures."""

import os
import re
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from lxml import etree

from tests.shared import SHARED, needs_shared

if sys.version_info >= (3, 12):
    pytest.skip("osci_stub needs spyne, which runs on Python 3.11 only", allow_module_level=True)

import requests
import zeep
from zeep.exceptions import Fault, SignatureVerificationFailed

from gateway.envelope.signer import Signer, load_identity
from gateway.envelope.soap import FAULT, Opener, message
from gateway.envelope.zertifikate import TrustStore
from osci_stub import FAULTS, StubServer, wsse
from osci_stub.faults import ANFRAGE, NAMESPACE, ZUSTELLUNG
from osci_stub.keys import load_signatory
from tests.integration.command import command
from tests.integration.stub_client import X, client_of, fault_of, opened_by, post, signed_request, suchanfrage

MELDEBEHOERDE = "ags:03241001"
QUITTUNG = f"{{{NAMESPACE}}}xmeldQuittung"
SHORT_WAIT = 0.4


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(late_seconds=5 * SHORT_WAIT, large_bytes=2**20) as server:
        yield server


@pytest.fixture
def client(stub: StubServer) -> zeep.Client:
    return client_of(stub)


def kopf(uuid: str, typ: str, leser: str = MELDEBEHOERDE) -> str:
    """What every message begins with."""
    stelle = '<verzeichnisdienst listVersionID="3"><code>DVDV</code></verzeichnisdienst><kennung>{}</kennung>'
    return f"""<nachrichtenkopf.g2g><identifikation.nachricht><nachrichtenUUID>{uuid}</nachrichtenUUID>
      <nachrichtentyp><code>{typ}</code></nachrichtentyp>
      <erstellungszeitpunkt>2026-02-03T04:05:06.789+01:00</erstellungszeitpunkt></identifikation.nachricht>
      <leser>{stelle.format(leser)}<name>Meldebehörde</name></leser><autor>{stelle.format("ags:03000000")}
      <name>Spiegel</name><erreichbarkeit><kanal listVersionID="3"><code>01</code></kanal>
      <kennung>spiegel@land.example</kennung></erreichbarkeit></autor></nachrichtenkopf.g2g>"""


def aussteuerung(
    uuid: str | None = None, *, typ: str = "1322", nachricht: bytes | None = None, art: str = "1330"
) -> bytes:
    """A 1322 that hands a request over."""
    element = "datenabrufe.aussteuerung.suchanfrage.1322"
    return f"""<x:{element} xmlns:x="{X["x"]}" produkt="Probe" produkthersteller="Probe" standard="XMeld"
      version="25.11a">{kopf(uuid or str(uuid4()), typ)}<anschrift.autor><gebaeude><postleitzahl>30159</postleitzahl>
      <strasse>Probe</strasse><wohnort>Hannover</wohnort></gebaeude></anschrift.autor>
      <x:gefundenePerson><x:datenZumOrdnungsmerkmal><x:ordnungsmerkmal>OM 1</x:ordnungsmerkmal>
      <x:gemeinde listVersionID="2026-06-30"><code>03241001</code></x:gemeinde></x:datenZumOrdnungsmerkmal>
      </x:gefundenePerson><x:nachricht>{b64encode(suchanfrage() if nachricht is None else nachricht).decode()}
      </x:nachricht><x:nachrichtenart><code>{art}</code></x:nachrichtenart></x:{element}>""".encode()


def unterrichtung(uuid: str | None = None, leser: str = "dbs:030020010000") -> bytes:
    """The gateway's own notice, whose schema nobody here knows."""
    return f"""<?xml version="1.0"?><u:unterrichtung.abruf.9920 xmlns:u="urn:xmeld-gateway:unterrichtung:1">
      {kopf(uuid or str(uuid4()), "9920", leser)}<u:hinweis/></u:unterrichtung.abruf.9920>""".encode()


def uuid_of(nachricht: bytes) -> str:
    return etree.fromstring(nachricht).findtext(".//nachrichtenUUID") or ""


def deliver(client: zeep.Client, nachricht: bytes, fault: str | None = None) -> str:
    """The UUID in the verified receipt."""
    with client.settings(extra_http_headers={"X-Stub-Fault": fault} if fault else {}):
        return str(client.service.xmeldZustellung(nachricht))


def delivery(client: zeep.Client, nachricht: bytes) -> bytes:
    return etree.tostring(signed_request(client, nachricht, ZUSTELLUNG))


def taken(stub: StubServer) -> list[bytes]:
    return [zustellung.inhalt for zustellung in stub.posteingang.nachrichten]


# --- what is taken


def test_a_1322_is_taken_as_it_came_and_acknowledged_by_its_uuid(stub: StubServer, client: zeep.Client) -> None:
    nachricht = aussteuerung()
    assert deliver(client, nachricht) == uuid_of(nachricht)
    (da,) = stub.posteingang.nachrichten
    assert (da.uuid, da.typ, da.leser, da.inhalt) == (uuid_of(nachricht), "1322", MELDEBEHOERDE, nachricht)
    assert not stub.posteingang.wiederholungen


@needs_shared
def test_the_1322_of_these_tests_is_valid_by_the_publishers_schema() -> None:
    schema = etree.XMLSchema(etree.parse(SHARED / "xmeld/xsd-25.11a/xmeld/xinneres.xmeld.xsd"))
    schema.assertValid(etree.fromstring(aussteuerung()))


def test_a_message_of_another_namespace_is_taken_without_a_schema(stub: StubServer, client: zeep.Client) -> None:
    nachricht = unterrichtung()
    assert deliver(client, nachricht) == uuid_of(nachricht)
    (da,) = stub.posteingang.nachrichten
    assert (da.typ, da.leser, da.inhalt) == ("9920", "dbs:030020010000", nachricht)


def test_messages_stand_in_the_order_of_their_arrival(stub: StubServer, client: zeep.Client) -> None:
    nachrichten = [aussteuerung(), unterrichtung(), aussteuerung(), unterrichtung()]
    for nachricht in nachrichten:
        deliver(client, nachricht)
    assert taken(stub) == nachrichten


def test_the_same_message_again_is_acknowledged_counted_and_not_taken(stub: StubServer, client: zeep.Client) -> None:
    nachricht, other = aussteuerung(), unterrichtung()
    assert [deliver(client, given) for given in (nachricht, other, nachricht, nachricht)][2:] == [
        uuid_of(nachricht)
    ] * 2
    assert taken(stub) == [nachricht, other]
    assert stub.posteingang.wiederholungen == {uuid_of(nachricht): 2}


@pytest.mark.parametrize("written", [str.lower, str.upper])
def test_a_uuid_stands_for_one_content(stub: StubServer, client: zeep.Client, written: Any) -> None:
    nachricht = aussteuerung()
    deliver(client, nachricht)
    assert fault_of(stub, delivery(client, unterrichtung(written(uuid_of(nachricht))))) == "soap11env:Client"
    assert taken(stub) == [nachricht]
    assert not stub.posteingang.wiederholungen


def test_the_same_message_at_once_on_many_lines_is_taken_once(client: zeep.Client, tmp_path: Path) -> None:
    with StubServer(posteingang=tmp_path) as server:
        client, nachricht = client_of(server), unterrichtung()
        envelopes = [delivery(client, nachricht) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda envelope: post(server, envelope), envelopes))
        assert {reply.status_code for reply in replies} == {200}
        assert taken(server) == [nachricht]
        assert server.posteingang.wiederholungen == {uuid_of(nachricht): 7}


def test_queries_are_answered_beside_deliveries_and_leave_the_postbox_alone(
    stub: StubServer, client: zeep.Client
) -> None:
    deliver(client, unterrichtung())
    assert b"antwort.1331" in client.service.xmeldAnfrage(suchanfrage())
    assert len(taken(stub)) == 1


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_the_gateways_envelope_is_taken_and_its_opener_reads_the_receipt(stub: StubServer, kind: Any) -> None:
    signatory, nachricht, now = stub.issue_client("gateway", kind), aussteuerung(), datetime.now(UTC)
    signer = Signer(load_identity(signatory.key_pem, signatory.certificate_pem))
    reply = post(stub, signer.envelope(message(ZUSTELLUNG, nachricht), now))
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    receipt = Opener(TrustStore(stub.ca_pem)).open(reply.content, (QUITTUNG, FAULT), datetime.now(UTC)).content
    assert [(child.tag, child.text) for child in receipt] == [(f"{{{NAMESPACE}}}nachrichtenUUID", uuid_of(nachricht))]
    assert receipt.tag == QUITTUNG


# --- what is refused


UUID = "0b8a4f0e-6a0b-4a53-9f3b-1f2a3c4d5e6f"
REFUSED = {
    "not well-formed": (b"<a>", "not a well-formed XML document"),
    "empty": (b"", "not a well-formed XML document"),
    "with a DTD": (b"<!DOCTYPE a>" + unterrichtung().partition(b"?>")[2], "a document type declaration"),
    "without a header": (b"<a/>", "nachrichtenUUID is missing"),
    "without a type": (unterrichtung().replace(b"9920</code>", b"</code>"), "nachrichtentyp/code is missing"),
    "by no UUID": (unterrichtung("../" + UUID), "nachrichtenUUID is not a UUID"),
    "by a UUID and more": (unterrichtung(UUID + "/x"), "nachrichtenUUID is not a UUID"),
    "1322 that is not valid": (
        aussteuerung().replace(b"ordnungsmerkmal>", b"merkmal>"),
        "not valid by the schema: line",
    ),
    "1322 by its type, another element": (aussteuerung().replace(b"suchanfrage.1322", b"frage"), "both say 1322"),
    "1322 by its element, another type": (aussteuerung(typ="1330"), "both say 1322"),
    "1322 of no XML": (aussteuerung(nachricht=b"1330"), "nachricht: not a well-formed"),
    "1322 of nothing": (aussteuerung(nachricht=b""), "nachricht is missing"),
    "1322 of another number": (aussteuerung(art="1332"), "not a message of the number in nachrichtenart"),
    "1322 of a number that is not handed over": (
        aussteuerung(nachricht=aussteuerung(), art="1322"),
        "nachrichtenart must be one of 1330",
    ),
    "1322 of a message whose header disagrees": (
        aussteuerung(nachricht=suchanfrage().replace(b"<code>1330</code>", b"<code>1332</code>")),
        "not a message of the number in nachrichtenart",
    ),
}


@pytest.mark.parametrize(("nachricht", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_proper_message_is_refused_with_its_rule(
    stub: StubServer, client: zeep.Client, nachricht: bytes, says: str
) -> None:
    with pytest.raises(Fault, match=re.escape(says)) as caught:
        deliver(client, nachricht)
    assert caught.value.code == "soap11env:Client"
    assert not taken(stub)


def test_an_unsigned_or_altered_delivery_is_refused(stub: StubServer, client: zeep.Client) -> None:
    unsigned = signed_request(zeep.Client(f"{stub.url}?wsdl"), unterrichtung(), ZUSTELLUNG)
    assert fault_of(stub, unsigned) == "wsse:InvalidSecurity"
    altered = signed_request(client, unterrichtung(), ZUSTELLUNG)
    place = altered.find(".//{*}nachricht")
    assert place is not None
    place.text = b64encode(unterrichtung()).decode()
    assert fault_of(stub, altered) == "wsse:FailedCheck"
    assert not taken(stub)


# --- durability


def test_a_message_is_a_file_and_a_new_start_knows_it(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "postbox"
    nachrichten = [aussteuerung(), unterrichtung(), unterrichtung(), unterrichtung()]
    with StubServer(posteingang=folder) as server:
        for nachricht in nachrichten:
            deliver(client_of(server), nachricht)
        before = server.posteingang.nachrichten
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert files == {f"{uuid_of(nachricht)}.xml": nachricht for nachricht in nachrichten}
    with StubServer(posteingang=folder) as server:
        assert server.posteingang.nachrichten == before
        assert deliver(client_of(server), nachrichten[0]) == uuid_of(nachrichten[0])
        assert fault_of(server, delivery(client_of(server), unterrichtung(uuid_of(nachrichten[0]))))
        assert server.posteingang.nachrichten == before
        assert server.posteingang.wiederholungen == {uuid_of(nachrichten[0]): 1}


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_what_cannot_be_kept_is_not_acknowledged_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    nachricht = unterrichtung()
    with StubServer(posteingang=tmp_path) as server:
        client = client_of(server)
        with monkeypatch.context() as patch:
            patch.setattr(os if fails == "fsync" else Path, fails, fail)
            assert fault_of(server, delivery(client, nachricht)) == "soap11env:Server"
            assert (taken(server), list(tmp_path.iterdir())) == ([], [])
        assert deliver(client, nachricht) == uuid_of(nachricht)
        assert (taken(server), not server.posteingang.wiederholungen) == ([nachricht], True)


def test_a_broken_write_is_no_message_after_a_new_start(tmp_path: Path) -> None:
    nachricht = unterrichtung()
    (tmp_path / f"{uuid_of(nachricht)}.neu").write_bytes(nachricht[:100])
    with StubServer(posteingang=tmp_path) as server:
        assert not taken(server)
        deliver(client_of(server), nachricht)
        assert [file.name for file in tmp_path.iterdir()] == [f"{uuid_of(nachricht)}.xml"]


@pytest.mark.parametrize(
    ("content", "says"), [(b"<a", "not a well-formed"), (unterrichtung(), "is not named by its nachrichtenUUID")]
)
def test_another_file_in_the_folder_stops_the_start_by_name(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "other.xml").write_bytes(content)
    with pytest.raises(ValueError, match=rf"other\.xml: {says}"):
        StubServer(posteingang=tmp_path)


def test_what_the_command_acknowledged_outlives_its_sudden_end(tmp_path: Path) -> None:
    keys, folder, nachricht = tmp_path / "keys", tmp_path / "postbox", unterrichtung()
    arguments = ("--port", "0", "--out", str(keys), "--posteingang", str(folder))

    def run_and_deliver() -> str:
        with command(*arguments) as process:
            assert process.stdout is not None
            greeting = "".join(iter(process.stdout.readline, "Interrupt to stop.\n"))
            signatory = load_signatory((keys / "client.key.pem").read_bytes(), (keys / "client.pem").read_bytes())
            signer = Signer(load_identity(signatory.key_pem, signatory.certificate_pem))
            envelope = signer.envelope(message(ZUSTELLUNG, nachricht), datetime.now(UTC))
            reply = requests.post(greeting.split()[1], envelope, headers={"Content-Type": "text/xml"}, timeout=20)
            process.kill()
        assert uuid_of(nachricht) in reply.text
        return greeting

    assert f"postbox   {folder}, messages in it: 0" in run_and_deliver()
    assert f"postbox   {folder}, messages in it: 1" in run_and_deliver()
    assert [file.read_bytes() for file in folder.iterdir()] == [nachricht]


# --- faults on request: but for `refuses`, the message is in the postbox


def faulty(stub: StubServer, client: zeep.Client, fault: str) -> requests.Response:
    return post(stub, delivery(client, unterrichtung()), **{"X-Stub-Fault": fault})


def test_unsigned(stub: StubServer, client: zeep.Client) -> None:
    with pytest.raises(SignatureVerificationFailed):
        deliver(client, unterrichtung(), "unsigned")
    assert len(taken(stub)) == 1


def test_signed_by_stranger(stub: StubServer, client: zeep.Client) -> None:
    reply = faulty(stub, client, "signed_by_stranger")
    with pytest.raises(wsse.Refused, match="no trusted issuer"):
        opened_by(stub, reply.content)
    assert len(taken(stub)) == 1


def test_wrapped_signature(stub: StubServer, client: zeep.Client) -> None:
    """Who looks for the signed Body by its Id reads the forged receipt in its place."""
    nachricht = unterrichtung()
    assert deliver(client, nachricht, "wrapped_signature") != uuid_of(nachricht)
    reply = faulty(stub, client, "wrapped_signature")
    with pytest.raises(wsse.Refused, match="does not cover Body in its place"):
        opened_by(stub, reply.content)
    assert len(taken(stub)) == 2


def test_acknowledges_other_message(stub: StubServer, client: zeep.Client) -> None:
    nachricht = unterrichtung()
    other = deliver(client, nachricht, "acknowledges_other_message")
    assert re.fullmatch("[0-9a-f-]{36}", other)
    assert other != uuid_of(nachricht)
    assert taken(stub) == [nachricht]


def test_too_late(stub: StubServer, client: zeep.Client) -> None:
    headers = {"Content-Type": "text/xml", "X-Stub-Fault": "too_late"}
    with pytest.raises(requests.ReadTimeout):
        requests.post(stub.url, delivery(client, unterrichtung()), headers=headers, timeout=SHORT_WAIT)
    assert len(taken(stub)) == 1


def test_too_large(stub: StubServer, client: zeep.Client) -> None:
    reply = faulty(stub, client, "too_large")
    assert len(reply.content) > 2**20
    assert b"xmeldQuittung" in opened_by(stub, reply.content)


def test_takes_but_does_not_acknowledge(stub: StubServer, client: zeep.Client) -> None:
    nachricht, started = aussteuerung(), time.monotonic()
    with pytest.raises(requests.ConnectionError, match="without response"):
        deliver(client, nachricht, "takes_but_does_not_acknowledge")
    assert time.monotonic() - started < 5
    assert taken(stub) == [nachricht]
    assert deliver(client, nachricht) == uuid_of(nachricht)
    assert (taken(stub), stub.posteingang.wiederholungen) == ([nachricht], {uuid_of(nachricht): 1})


def test_refuses(stub: StubServer, client: zeep.Client) -> None:
    with pytest.raises(Fault, match="that was asked for") as caught:
        deliver(client, unterrichtung(), "refuses")
    assert caught.value.code == "soap:Client"
    assert not taken(stub)


def test_a_fault_of_the_other_operation_is_refused_and_nothing_is_taken(stub: StubServer, client: zeep.Client) -> None:
    reply = faulty(stub, client, "answers_other_message")
    assert (reply.status_code, reply.text) == (
        400,
        "a fault for xmeldAnfrage only: ursprungsnachricht names another UUID\n",
    )
    assert not taken(stub)
    query = etree.tostring(signed_request(client))
    assert post(stub, query, **{"X-Stub-Fault": "acknowledges_other_message"}).status_code == 400


def test_every_fault_of_the_table_has_its_test() -> None:
    names = [name for name, fault in FAULTS.items() if fault.only != ANFRAGE]
    assert [name for name in names if f"test_{name}" not in globals()] == []


def test_the_fault_of_a_running_stub_can_be_changed(stub: StubServer, client: zeep.Client) -> None:
    nachricht = unterrichtung()
    stub.fault = "refuses"
    with pytest.raises(Fault):
        deliver(client, nachricht)
    with pytest.raises(ValueError, match="no fault of that name"):
        stub.fault = "no_such"
    assert stub.fault == "refuses"
    stub.fault = None
    assert deliver(client, nachricht) == uuid_of(nachricht)
