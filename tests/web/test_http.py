"""What HTTP says: methods, paths, types, connections; and that every refusal is a signed, recorded fault."""

import concurrent.futures
import http.client
import json
import socket
import time

import pytest
import zeep
from lxml import etree

from gateway.web.request import READ_TIMEOUT
from tests.betrieb import AMT, POLIZEI, ZENTRALE
from tests.web.conftest import ADDRESS
from tests.web.site import TEXT_XML, Site, head, read_reply, received

pytestmark = pytest.mark.xdist_group("web")


@pytest.fixture
def site(running_site: Site) -> Site:
    return running_site


def test_an_answer_comes_with_200_as_xml_that_nobody_may_keep(site: Site) -> None:
    response = site.send("POST", "/xmeld", site.signed(), Content_Type=TEXT_XML, SOAPAction='"whatever"')
    assert response.status == 200
    assert site.outcome(response.body) == "01"
    assert response.headers["Content-Type"] == TEXT_XML
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("target", ["/xmeld", "/xmeld?wsdl", "/xmeld?a=b"])
def test_a_fault_comes_with_500_signed_and_recorded(site: Site, target: str) -> None:
    before = site.records()
    response = site.send("POST", target, b"<bestellung/>", Content_Type=TEXT_XML)
    assert response.status == 500
    assert site.outcome(response.body) == "fault NOT_SOAP"
    assert site.records() == before + 1


@pytest.mark.parametrize(
    ("method", "target", "allow"),
    [
        ("GET", "/xmeld", "POST"),
        ("PUT", "/xmeld", "POST"),
        ("OPTIONS", "/xmeld", "POST"),
        ("TRACE", "/xmeld", "POST"),
        ("DELETE", "/xmeld?wsdl", "GET, HEAD, POST"),
        ("POST", "/health", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_meant_gets_405_and_is_told_which_are(
    site: Site, method: str, target: str, allow: str
) -> None:
    response = site.send(method, target)
    assert (response.status, response.headers["Allow"]) == (405, allow)


@pytest.mark.parametrize("target", ["/", "/XMELD", "/xmeld/", "/xmeld%00", "/..%2f..%2fgateway.toml", "/%ff"])
def test_another_path_is_not_there(site: Site, target: str) -> None:
    assert site.send("GET", target).status == 404
    assert site.send("POST", target, b"<a/>", Content_Type=TEXT_XML).status == 404


def test_head_is_get_without_the_body(site: Site) -> None:
    for target in ("/health", "/xmeld?wsdl"):
        whole, bare = site.send("GET", target), site.send("HEAD", target)
        assert (bare.status, bare.body) == (200, b"")
        assert bare.headers["Content-Length"] == str(len(whole.body))


def test_the_wsdl_names_the_configured_address_and_zeep_reads_it(site: Site) -> None:
    client = zeep.Client(f"{site.running.url}?WSDL")
    (service,) = client.wsdl.services.values()
    (port,) = service.ports.values()
    assert port.binding_options["address"] == ADDRESS
    assert list(port.binding._operations) == ["xmeldAnfrage"]


def test_health_says_ok(site: Site) -> None:
    response = site.send("GET", "/health")
    assert (response.status, json.loads(response.body)) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    "value",
    ["text/xml", "TEXT/XML; CharSet=UTF-8", 'text/xml; charset="utf-8"; a=b', 'text/xml ;charset=utf-8; a="b;c"'],
)
def test_these_content_types_are_soap_1_1(site: Site, value: str) -> None:
    assert site.send("POST", "/xmeld", site.signed(), Content_Type=value).status == 200


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("application/soap+xml; charset=utf-8", "NOT_SOAP"),
        ("multipart/related; type=text/xml", "NOT_SOAP"),
        ("", "NOT_SOAP"),
        ("text", "NOT_SOAP"),
        ("text/xml; charset=iso-8859-1", "NOT_UTF8"),
        ("text/xml; charset=utf-16", "NOT_UTF8"),
        ("text/xml; charset*=iso-8859-1''utf-8", "NOT_UTF8"),
        (f"text/xml; charset*{'9' * 400}=utf-8", "NOT_UTF8"),
        (f"text/xml; charset=utf-8; a={'9' * 500}", "NOT_SOAP"),
        ("text/xml; charset*=utf-8''x; charset*0=y", "NOT_UTF8"),
        ("text/xml; charset=utf-8 utf-16", "NOT_UTF8"),
    ],
)
def test_another_content_type_gets_415_with_a_recorded_fault(site: Site, value: str, code: str) -> None:
    response = site.send("POST", "/xmeld", site.signed(), Content_Type=value)
    assert response.status == 415
    assert site.outcome(response.body) == f"fault {code}"
    assert site.newest() == (code,)


@pytest.mark.parametrize("tail", [';"' + ";" * 60_000, ";" * 60_000, ';a="' + '\\";' * 20_000, ";a=b" * 15_000])
def test_no_content_type_keeps_the_event_loop_busy(site: Site, tail: str) -> None:
    begin = time.monotonic()
    assert site.send("POST", "/xmeld", b"<a/>", Content_Type=f"text/xml{tail}").status == 415
    assert time.monotonic() - begin < 0.5, "strangers hold everybody up"


def test_a_client_that_waits_for_100_continue_is_told_to_go_on(site: Site) -> None:
    body = site.signed()
    with site.connect() as connection:
        connection.sendall(head(len(body), "Expect: 100-continue"))
        assert connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert site.outcome(read_reply(connection).body) == "01"


def test_a_connection_is_kept_for_the_next_request_until_a_fault(site: Site) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.running.port, timeout=20)
    connection.connect()
    first = connection.sock
    for _ in range(3):
        connection.request("POST", "/xmeld", site.signed(), {"Content-Type": TEXT_XML})
        assert site.outcome(received(connection.getresponse()).body) == "01"
        assert connection.sock is first
    connection.request("POST", "/xmeld", b"<a/>", {"Content-Type": TEXT_XML})
    response = connection.getresponse()
    assert response.headers["Connection"] == "close"
    assert site.outcome(received(response).body) == "fault NOT_SOAP"
    connection.close()


def test_a_body_that_ends_early_is_a_recorded_fault(site: Site) -> None:
    with site.connect() as connection:
        connection.sendall(head(5000) + site.signed()[:4000])
        connection.shutdown(socket.SHUT_WR)
        response = read_reply(connection)
    assert response.status == 400
    assert site.outcome(response.body) == "fault INCOMPLETE"
    assert site.newest() == ("INCOMPLETE",)


@pytest.mark.parametrize(
    ("garbage", "code"),
    [(b"0\r\n\r\n", "NOT_WELLFORMED"), (b"zz\r\n", "INCOMPLETE"), (b"5\r\nabc", "INCOMPLETE")],
)
def test_bad_chunks_are_a_recorded_fault(site: Site, garbage: bytes, code: str) -> None:
    before = site.records()
    with site.connect() as connection:
        connection.sendall(head(None, "Expect: 100-continue"))
        assert connection.recv(25)  # it has begun
        connection.sendall(garbage)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)
    site.wait_for_records(before + 1)
    assert site.newest() == (code,)


def test_a_sender_who_hangs_up_before_the_answer_leaves_a_record(site: Site) -> None:
    before, body = site.records(), site.signed()
    with site.connect() as connection:
        connection.sendall(head(len(body), "Expect: 100-continue"))
        assert connection.recv(25)  # it has begun
        connection.sendall(body)
    site.wait_for_records(before + 1)
    assert site.newest() in (("01",), ("INCOMPLETE",))


@pytest.mark.parametrize("raw", [b"GARBAGE\r\n\r\n", b"POST /xmeld HTTP/1.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n"])
def test_what_is_not_http_is_refused_and_harms_nobody(site: Site, raw: bytes) -> None:
    with site.connect() as connection:
        connection.sendall(raw)
        assert read_reply(connection).status in (400, 431)
    assert site.ask() == "01"


def test_fifty_at_once_are_all_answered_and_recorded(site: Site) -> None:
    before = site.records()
    wer = [AMT, POLIZEI, ZENTRALE, AMT, AMT]
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(lambda number: site.ask(wer[number % 5], familienname="Niemand"), range(50)))
    assert set(outcomes) == {"03"}
    assert site.records() == before + 50


def test_every_reply_of_the_message_endpoint_is_well_formed(site: Site) -> None:
    for body in (b"", b"\x00", b"<", "<ä/>".encode("latin-1"), b"<?xml version='1.0'?><a>&b;</a>", b"\xef\xbb\xbf<a/>"):
        response = site.send("POST", "/xmeld", body, Content_Type=TEXT_XML)
        assert response.status == 500
        etree.fromstring(response.body)
        assert site.outcome(response.body).startswith("fault NOT_")


def test_the_time_to_read_a_request_is_shorter_than_the_time_to_stop() -> None:
    from gateway.web.server import GRACE

    assert GRACE >= 2 * READ_TIMEOUT
