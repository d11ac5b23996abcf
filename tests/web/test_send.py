"""`send`: what it prints, and every way in which an endpoint can disappoint."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from lxml import etree

from gateway import sending
from gateway.envelope.signer import Signer
from gateway.envelope.soap import message
from gateway.zustellung import http
from tests.betrieb import AMT, POLIZEI, Betrieb, betrieb, outcome
from tests.cli.conftest import Run
from tests.gateways import command
from tests.web.site import Site

pytestmark = pytest.mark.xdist_group("web")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Betrieb]:
    """A gateway with keys of its own."""
    one = betrieb(tmp_path_factory.mktemp("stranger") / "instance")
    yield one
    one.close()


@pytest.fixture
def frage(running_site: Site, tmp_path: Path) -> Path:
    file = tmp_path / "frage.xml"
    file.write_bytes(running_site.house.frage(geschlecht="w"))
    return file


@contextmanager
def endpoint(status: int, body: bytes, *, read: bool = True) -> Iterator[str]:
    """A server that says one thing to all."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if read:
                self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/xmeld"
        finally:
            server.shutdown()
            thread.join()


def signed_by(house: Betrieb, nachricht: bytes) -> bytes:
    return Signer(house.here.identity).envelope(message("xmeldAntwort", nachricht), datetime.now(UTC))


def words(site: Site, file: Path, *more: str, wer: str = AMT) -> tuple[str | Path, ...]:
    return ("send", file, "-i", site.house.here.path, "--as", wer, "--to", *(more or (site.running.url,)))


def test_the_answer_is_printed_as_xml_and_nothing_else(running_site: Site, frage: Path) -> None:
    done = command(*words(running_site, frage))
    assert (done.returncode, done.stderr) == (0, "")
    assert outcome(etree.fromstring(done.stdout.encode())) == "01"


def test_a_fault_is_told_with_its_code_and_hint(run: Run, running_site: Site, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"<bestellung/>")
    assert run(*words(running_site, tmp_path / "x")).error.startswith("fault NOT_XMELD: ")


def test_a_message_over_the_limit_is_told_so_although_it_was_cut_off(
    run: Run, running_site: Site, tmp_path: Path
) -> None:
    (tmp_path / "x").write_bytes(b"<a>" + b"x" * 30_000_000 + b"</a>")
    assert run(*words(running_site, tmp_path / "x")).error.startswith("fault TOO_LARGE: ")


def test_a_message_file_that_is_not_there_is_named(run: Run, running_site: Site, tmp_path: Path) -> None:
    assert (
        run(*words(running_site, tmp_path / "x")).error == f"{tmp_path / 'x'} cannot be read: No such file or directory"
    )


def test_an_authority_without_a_key_here_is_named(run: Run, running_site: Site, frage: Path) -> None:
    assert "dbs:999999999999: there is no key" in run(*words(running_site, frage, wer="dbs:999999999999")).error


def test_a_dead_endpoint_is_named(run: Run, running_site: Site, frage: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/xmeld"
        assert run(*words(running_site, frage, url)).error == f"{url} does not answer: [Errno 111] Connection refused"


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "127.0.0.1:80", "http://127.0.0.1:99999/", "http://[::1/", "http://ä/", "http:///x"]
)
def test_an_address_that_is_none_is_refused(run: Run, running_site: Site, frage: Path, url: str) -> None:
    assert run(*words(running_site, frage, url)).error == f"{url} is not an http or https address"


def test_an_endpoint_that_hangs_is_given_up(
    run: Run, running_site: Site, frage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "TIMEOUT", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/xmeld"
        assert run(*words(running_site, frage, url)).error == f"{url} does not answer: timed out"


def test_an_answer_of_a_stranger_is_refused(run: Run, running_site: Site, frage: Path, stranger: Betrieb) -> None:
    with endpoint(200, signed_by(stranger, b"<a/>")) as url:
        error = run(*words(running_site, frage, url)).error
    assert error.startswith(f"{url}: HTTP 200, the answer is not a proper reply: CERTIFICATE_UNTRUSTED")


def test_an_answer_signed_by_an_authority_is_refused(run: Run, running_site: Site, frage: Path) -> None:
    request = sending.client_of(running_site.house.here, POLIZEI).request(b"<a/>", datetime.now(UTC))
    with endpoint(200, request.replace(b"xmeldAnfrage", b"xmeldAntwort")) as url:
        assert "the answer is not a proper reply" in run(*words(running_site, frage, url)).error


@pytest.mark.parametrize("body", [b"", b"<html>404</html>", b"\xff", b"not found"])
def test_an_answer_that_is_not_soap_is_refused(run: Run, running_site: Site, frage: Path, body: bytes) -> None:
    with endpoint(404, body) as url:
        error = run(*words(running_site, frage, url)).error
    assert error.startswith(f"{url}: HTTP 404 and no SOAP: is this the address of a gateway's /xmeld?")


def test_an_answer_that_breaks_the_schema_or_is_not_xmeld_is_refused(run: Run, running_site: Site, frage: Path) -> None:
    for nachricht, says in (
        (b"<a/>", "the answer is not a message of an installed version: NOT_XMELD"),
        (frage.read_bytes().replace(b"aktenzeichen>", b"zeichen>"), "the answer is not valid: "),
    ):
        with endpoint(200, signed_by(running_site.house, nachricht)) as url:
            assert run(*words(running_site, frage, url)).error.startswith(says)


def test_a_blocked_authority_is_refused_within_a_second_by_every_worker_until_it_is_unblocked(
    run: Run, running_site: Site
) -> None:
    """20 connections reach both workers, each of which has just seen the authority as it was."""
    path = running_site.house.here.path
    for verb, expected in (("block", {"fault AUTHORITY_BLOCKED"}), ("unblock", {"03"})):
        for _ in range(20):
            running_site.ask(POLIZEI, familienname="Niemand")
        assert run("behoerde", verb, POLIZEI, "-i", path).code == 0
        time.sleep(1.0)
        assert {running_site.ask(POLIZEI, familienname="Niemand") for _ in range(20)} == expected
