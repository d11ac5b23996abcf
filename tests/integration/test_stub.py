"""An unmodified zeep client against the stub: two SOAP stacks and two signature libraries that we did not write."""

import signal
import sys
import urllib.request
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.shared import SHARED, needs_shared

if sys.version_info >= (3, 12):
    pytest.skip("osci_stub needs spyne, which runs on Python 3.11 only", allow_module_level=True)

import requests
import xmlsec
import zeep
from zeep.exceptions import Fault, SignatureVerificationFailed

import osci_stub
from osci_stub import FAULTS, PERSONEN, Person, StubServer, wsse
from osci_stub.faults import NAMESPACE, ZUSTELLUNG
from osci_stub.keys import load_signatory
from tests.integration.command import command
from tests.integration.stub_client import (
    X,
    client_of,
    fault_of,
    opened_by,
    post,
    signed_request,
    suchanfrage,
)

THEODORA, KARL, _, ZOE, _ = PERSONEN
SHORT_WAIT = 0.4


@pytest.fixture(scope="module")
def stub() -> Iterator[StubServer]:
    with StubServer(late_seconds=5 * SHORT_WAIT, large_bytes=2**20) as server:
        yield server


@pytest.fixture(scope="module")
def client(stub: StubServer) -> zeep.Client:
    return client_of(stub)


def ask(client: zeep.Client, nachricht: bytes, fault: str | None = None) -> etree._Element:
    """The root of the verified answer."""
    headers = {"X-Stub-Fault": fault} if fault else {}
    with client.settings(extra_http_headers=headers):
        return etree.fromstring(client.service.xmeldAnfrage(nachricht))


def status(antwort: etree._Element) -> str | None:
    return antwort.findtext(".//x:ergebnisstatus/code", None, X)


def names(antwort: etree._Element) -> list[str]:
    return [name.text or "" for name in antwort.iterfind(".//x:nachname/name", X)]


def codes(antwort: etree._Element) -> list[str]:
    return [code.text or "" for code in antwort.iterfind(".//x:grundDerRueckweisung/code", X)]


# --- answers


@pytest.mark.parametrize("key_type", ["ec", "rsa"])
def test_zeep_signs_with_sha256_and_verifies_the_answer(key_type: Any) -> None:
    with StubServer(key_type=key_type) as server:
        antwort = ask(client_of(server, server.issue_client("client", key_type)), suchanfrage())
    assert (status(antwort), names(antwort)) == ("01", [THEODORA.familienname])


def test_one_known_person_is_status_01_with_all_that_was_asked(client: zeep.Client) -> None:
    antwort = ask(client, suchanfrage(ZOE))
    person = antwort.find(".//x:person", X)
    assert person is not None
    texts = [text for text in person.itertext() if text.strip()]
    assert texts == [
        *(ZOE.familienname, ZOE.vornamen, ZOE.geburtsdatum),
        *(
            ZOE.ags,
            ZOE.hausnummer,
            ZOE.hausnummer_zusatz,
            ZOE.postleitzahl,
            ZOE.strasse,
            ZOE.wohnort,
            "true",
            ZOE.geschlecht,
        ),
    ]


@pytest.mark.parametrize("person", PERSONEN, ids=lambda person: f"{person.vornamen} {person.geburtsdatum}")
def test_each_built_in_person_is_found_in_its_municipality(client: zeep.Client, person: Person) -> None:
    antwort = ask(client, suchanfrage(person, leser=f"ags:{person.ags}"))
    assert (status(antwort), antwort.findtext(".//jahrMonatTag")) == ("01", person.geburtsdatum)


def test_only_what_was_asked_for_is_answered(client: zeep.Client) -> None:
    antwort = ask(client, suchanfrage(gefragt=("13",)))
    person = antwort.find(".//x:person", X)
    assert person is not None
    assert [text for text in person.itertext() if text.strip()] == [THEODORA.geburtsdatum]


def test_two_namesakes_are_status_02_and_each_can_be_fetched_by_its_merkmal(client: zeep.Client) -> None:
    liste = ask(client, suchanfrage(KARL, geburtsdatum="", gefragt=("1",)))
    merkmale = [m.text for m in liste.iterfind(".//x:identifikationsmerkmal", X)]
    assert (status(liste), len(set(merkmale))) == ("02", 2)
    profil = f"<x:identifikationsmerkmal>{merkmale[1]}</x:identifikationsmerkmal>"
    antwort = ask(client, suchanfrage(profil=profil))
    listed = liste.findall(".//jahrMonatTag")[1].text
    assert (status(antwort), antwort.findtext(".//jahrMonatTag")) == ("01", listed)
    foreign = ask(client, suchanfrage(profil=profil, autor="dbs:010010010000"))
    assert codes(foreign) == ["01"]


def test_an_unknown_merkmal_is_rueckweisung_01(client: zeep.Client) -> None:
    profil = "<x:identifikationsmerkmal>unbekannt</x:identifikationsmerkmal>"
    assert codes(ask(client, suchanfrage(profil=profil))) == ["01"]


@pytest.mark.parametrize("changed", [{"familienname": "Anders"}, {"geburtsdatum": "1971-03-15"}, {"geschlecht": "m"}])
def test_a_person_that_does_not_match_in_everything_is_status_03(client: zeep.Client, changed: dict[str, str]) -> None:
    antwort = ask(client, suchanfrage(**changed))
    assert (status(antwort), names(antwort)) == ("03", [])


def test_another_ags_than_the_readers_is_rueckweisung_14(client: zeep.Client) -> None:
    assert codes(ask(client, suchanfrage(leser="ags:06611000"))) == ["14"]


def test_auswahldaten_that_it_cannot_use_are_rueckweisung_17_and_named(client: zeep.Client) -> None:
    geburtsort = "<x:geburtsort><x:geburtsort.inland>Probeburg</x:geburtsort.inland></x:geburtsort>"
    antwort = ask(client, suchanfrage(mehr=geburtsort, leser="ags:06611000"))
    assert codes(antwort) == ["14", "17"]
    assert "geburtsort.inland" in (antwort.findtext(".//x:freitext", None, X) or "")


def test_the_answer_goes_back_to_the_author_and_repeats_the_original(client: zeep.Client) -> None:
    nachricht = suchanfrage()
    frage, antwort = etree.fromstring(nachricht), ask(client, nachricht)
    kopf = "nachrichtenkopf.g2g/"
    for path in ("nachrichtenUUID", "nachrichtentyp/code", "erstellungszeitpunkt"):
        asked = (frage.findtext(f"{kopf}identifikation.nachricht/{path}") or "").strip()
        assert antwort.findtext(f"x:ursprungsnachricht/{path}", None, X) == asked
    assert antwort.findtext(f"{kopf}leser/kennung") == frage.findtext(f"{kopf}autor/kennung")
    assert antwort.findtext(f"{kopf}autor/kennung") == frage.findtext(f"{kopf}leser/kennung")
    uuid = f"{kopf}identifikation.nachricht/nachrichtenUUID"
    assert antwort.findtext(uuid) != frage.findtext(uuid)


def test_requests_are_answered_side_by_side(stub: StubServer, client: zeep.Client) -> None:
    asked = [THEODORA, ZOE, KARL] * 4
    envelopes = [etree.tostring(signed_request(client, suchanfrage(person))) for person in asked]
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda envelope: post(stub, envelope).content, envelopes))
    bodies = [etree.fromstring(opened_by(stub, reply)) for reply in replies]
    answers = [etree.fromstring(b64decode(body.findtext(".//{*}nachricht") or "")) for body in bodies]
    assert [names(answer) for answer in answers] == [[person.familienname] for person in asked]


@needs_shared
def test_requests_and_answers_of_every_kind_are_valid_by_the_publishers_schema(client: zeep.Client) -> None:
    schema = etree.XMLSchema(etree.parse(SHARED / "xmeld/xsd-25.11a/xmeld/xinneres.xmeld.xsd"))
    kinds = [
        suchanfrage(),
        suchanfrage(KARL, geburtsdatum=""),
        suchanfrage(familienname="Anders"),
        suchanfrage(leser="ags:06611000"),
        suchanfrage(mehr="<x:geburtsort><x:geburtsort.inland>Probeburg</x:geburtsort.inland></x:geburtsort>"),
    ]
    for nachricht in kinds:
        schema.assertValid(etree.fromstring(nachricht))
        schema.assertValid(ask(client, nachricht))


@needs_shared
def test_the_standards_own_requests_are_answered(client: zeep.Client) -> None:
    samples = sorted((SHARED / "xmeld/samples/testsuite").glob("*-1330.xml"))
    answers = [ask(client, sample.read_bytes()) for sample in samples]
    assert [status(a) or codes(a) for a in answers] == ["03", ["01"], "03"]


def test_the_projects_schemas_are_in_use(stub: StubServer, client: zeep.Client) -> None:
    assert stub.validates
    with pytest.raises(Fault, match="not valid by the schema: line"):
        ask(client, suchanfrage(mehr="<x:nichts/>"))


@pytest.mark.parametrize("nachricht", [b"<?xml", b"<a/>", b"<!DOCTYPE a><a/>", b""])
def test_a_message_that_is_not_a_1330_is_a_fault(client: zeep.Client, nachricht: bytes) -> None:
    with pytest.raises(Fault) as caught:
        ask(client, nachricht)
    assert caught.value.code == "soap11env:Client"


# --- requests that are refused


def test_an_unsigned_request_is_refused(stub: StubServer) -> None:
    assert fault_of(stub, signed_request(zeep.Client(f"{stub.url}?wsdl"))) == "wsse:InvalidSecurity"


def test_a_request_altered_after_signing_is_refused(stub: StubServer, client: zeep.Client) -> None:
    for path in (".//{*}nachricht", ".//{*}Created", ".//{*}SignatureValue", ".//{*}DigestValue"):
        envelope = signed_request(client)
        place = envelope.find(path)
        assert place is not None
        assert place.text
        place.text = place.text.replace("0", "1") if path == ".//{*}Created" else "AAAA" + place.text[4:]
        assert fault_of(stub, envelope) == "wsse:FailedCheck", path


def test_a_wrapped_request_is_refused(stub: StubServer, client: zeep.Client) -> None:
    envelope = signed_request(client)
    body, forged = envelope[1], deepcopy(signed_request(client)[1])
    etree.SubElement(envelope[0], "wrapper").append(body)
    envelope.append(forged)
    assert fault_of(stub, envelope) == "wsse:InvalidSecurity"


def test_an_id_that_occurs_twice_is_refused(stub: StubServer, client: zeep.Client) -> None:
    envelope = signed_request(client)
    etree.SubElement(envelope[0], "twin").set(wsse.WSU_ID, envelope[1].get(wsse.WSU_ID) or "")
    assert fault_of(stub, envelope) == "wsse:FailedCheck"


def test_a_second_body_child_is_refused(stub: StubServer, client: zeep.Client) -> None:
    envelope = signed_request(zeep.Client(f"{stub.url}?wsdl"))
    body = envelope.find("soap:Body", wsse.NS)
    assert body is not None
    body.append(deepcopy(body[0]))
    assert fault_of(stub, client.wsse.apply(envelope, {})[0]) == "soap:Client"


@pytest.mark.parametrize("content", ["", "<t:nachricht>QQ==</t:nachricht>" * 2, "<t:nachricht>?</t:nachricht>"])
def test_other_content_than_one_base64_message_is_refused(stub: StubServer, client: zeep.Client, content: str) -> None:
    envelope = signed_request(zeep.Client(f"{stub.url}?wsdl"))
    body = envelope.find("soap:Body", wsse.NS)
    assert body is not None
    body[:] = [etree.fromstring(f'<t:xmeldAnfrage xmlns:t="{NAMESPACE}">{content}</t:xmeldAnfrage>')]
    assert fault_of(stub, client.wsse.apply(envelope, {})[0]).startswith("soap11env:Client")


def test_a_header_that_must_be_understood_and_is_not_is_refused(stub: StubServer, client: zeep.Client) -> None:
    envelope = signed_request(client)
    etree.SubElement(envelope[0], "unknown").set(f"{{{wsse.SOAP}}}mustUnderstand", "1")
    assert fault_of(stub, envelope) == "soap:MustUnderstand"


def test_a_strangers_request_is_refused(stub: StubServer) -> None:
    with StubServer() as other:
        stranger = other.issue_client("stranger")
    assert fault_of(stub, signed_request(client_of(stub, stranger))) == "wsse:FailedAuthentication"


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(minutes=-3)])
def test_a_timestamp_that_is_not_of_now_is_refused(stub: StubServer, age: timedelta) -> None:
    assert fault_of(stub, signed_request(client_of(stub, age=age))) == "wsse:MessageExpired"


@pytest.mark.parametrize(("option", "name"), [("method", "RSA_SHA1"), ("digest", "SHA1")])
def test_sha1_is_refused(stub: StubServer, option: str, name: str) -> None:
    signatory = stub.issue_client("client", "rsa")
    transform = getattr(xmlsec.Transform, name)
    request = signed_request(client_of(stub, signatory, **{option: transform}))
    assert fault_of(stub, request) == "wsse:FailedCheck"


def test_a_document_type_declaration_is_refused_as_a_fault(stub: StubServer, client: zeep.Client) -> None:
    assert fault_of(stub, b"<!DOCTYPE a>" + etree.tostring(signed_request(client))) == "soap:Client"


def test_what_is_no_soap_request_gets_a_plain_refusal(stub: StubServer) -> None:
    assert post(stub, b"x" * (2 * 2**20 + 1)).status_code == 413
    assert post(stub, b"<a/>", **{"X-Stub-Fault": "no_such"}).status_code == 400
    assert requests.get(stub.url, timeout=20).status_code == 405
    assert requests.get(stub.url + "/other?wsdl", timeout=20).status_code == 404


# --- faults on request


def test_unsigned(client: zeep.Client) -> None:
    with pytest.raises(SignatureVerificationFailed):
        ask(client, suchanfrage(), "unsigned")


def test_signed_by_stranger(stub: StubServer, client: zeep.Client) -> None:
    with pytest.raises(SignatureVerificationFailed):
        ask(client, suchanfrage(), "signed_by_stranger")
    reply = post(stub, etree.tostring(signed_request(client)), **{"X-Stub-Fault": "signed_by_stranger"}).content
    with pytest.raises(wsse.Refused, match="no trusted issuer"):
        opened_by(stub, reply)


def test_wrapped_signature(stub: StubServer, client: zeep.Client) -> None:
    """zeep's check falls for it, so the forged person arrives; a check by place does not."""
    assert names(ask(client, suchanfrage(), "wrapped_signature")) == ["Niemand"]
    reply = post(stub, etree.tostring(signed_request(client)), **{"X-Stub-Fault": "wrapped_signature"}).content
    with pytest.raises(wsse.Refused, match="does not cover Body in its place"):
        opened_by(stub, reply)


def test_answers_other_message(client: zeep.Client) -> None:
    nachricht = suchanfrage()
    antwort = ask(client, nachricht, "answers_other_message")
    asked = etree.fromstring(nachricht).findtext("nachrichtenkopf.g2g/identifikation.nachricht/nachrichtenUUID")
    assert (status(antwort), names(antwort)) == ("01", [THEODORA.familienname])
    assert antwort.findtext("x:ursprungsnachricht/nachrichtenUUID", None, X) != asked


def test_too_late(stub: StubServer, client: zeep.Client) -> None:
    request = urllib.request.Request(stub.url, etree.tostring(signed_request(client)), {"X-Stub-Fault": "too_late"})
    with pytest.raises(TimeoutError):
        urllib.request.urlopen(request, timeout=SHORT_WAIT)


def test_too_large(stub: StubServer, client: zeep.Client) -> None:
    reply = post(stub, etree.tostring(signed_request(client)), **{"X-Stub-Fault": "too_large"})
    assert int(reply.headers["Content-Length"]) == len(reply.content) > 2**20
    assert opened_by(stub, reply.content)


def test_takes_but_does_not_acknowledge(stub: StubServer, client: zeep.Client) -> None:
    with pytest.raises(requests.ConnectionError):
        post(stub, etree.tostring(signed_request(client)), **{"X-Stub-Fault": "takes_but_does_not_acknowledge"})


def test_refuses(client: zeep.Client) -> None:
    with pytest.raises(Fault, match="that was asked for"):
        ask(client, suchanfrage(), "refuses")


def test_every_fault_of_the_table_has_its_test() -> None:
    names = [name for name, fault in FAULTS.items() if fault.only != ZUSTELLUNG]
    assert [name for name in names if f"test_{name}" not in globals()] == []


def test_a_fault_can_hold_for_every_reply() -> None:
    with StubServer(fault="unsigned") as server, pytest.raises(SignatureVerificationFailed):
        ask(client_of(server), suchanfrage())
    with pytest.raises(ValueError, match="no fault of that name"):
        StubServer(fault="no_such")


# --- starting and stopping


def test_given_keys_and_trust_are_used() -> None:
    with StubServer() as other:
        own, client = other.issue_client("own", "rsa"), other.issue_client("client")
        with StubServer(signatory=own, ca_pem=other.ca_pem, trust=other.ca_pem) as server:
            assert (server.certificate_pem, server.ca_pem) == (own.certificate_pem, other.ca_pem)
            assert status(ask(client_of(server, client), suchanfrage())) == "01"


def test_python_3_12_is_told_in_one_line_what_soap_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 12))
    with pytest.raises(ImportError, match=r"^osci_stub needs Python 3\.11 for SOAP: [^\n]*$"):
        vars(osci_stub)["__getattr__"]("StubServer")


def test_the_command_serves_until_interrupted(tmp_path: Path) -> None:
    persons = tmp_path / "personen.json"
    persons.write_text("[]")
    arguments = ["--port", "0", "--out", str(tmp_path / "keys"), "--personen", str(persons), "--fault", "unsigned"]
    with command(*arguments) as process:
        assert process.stdout is not None
        greeting = "".join(iter(process.stdout.readline, "Interrupt to stop.\n"))
        url = greeting.split()[1]
        with urllib.request.urlopen(f"{url}?wsdl", timeout=20) as reply:
            assert b"xmeldAnfrage" in reply.read()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
    assert "fault     unsigned" in greeting
    keys = tmp_path / "keys"
    assert sorted(file.name for file in keys.iterdir()) == ["ca.pem", "client.key.pem", "client.pem", "stub.pem"]
    assert load_signatory((keys / "client.key.pem").read_bytes(), (keys / "client.pem").read_bytes())
    assert (keys / "client.key.pem").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--fault", "no_such"], "invalid choice"),
        (["--key", "absent.pem"], "--key and --cert go together"),
        (["--key", "absent.pem", "--cert", "absent.pem"], "absent.pem"),
        (["--personen", __file__], "must be a JSON list of objects with exactly familienname"),
        (["--trust", __file__], "osci_stub: "),
        (["--posteingang", __file__], "File exists"),
    ],
)
def test_what_cannot_start_is_said_in_one_line(arguments: list[str], says: str) -> None:
    with command("--port", "0", *arguments) as process:
        _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert says in err.splitlines()[-1]
    assert "Traceback" not in err
