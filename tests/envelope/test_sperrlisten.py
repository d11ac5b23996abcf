"""Revocation lists from where CAs publish them: fetched beside the requests, and what counts while none comes."""

import http.server
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.envelope import pki
from gateway.envelope.signer import Identity
from gateway.envelope.zertifikate import LIST_ENDED, TrustStore
from gateway.errors import Fault, FaultCode
from gateway.zustellung import sperrlisten
from gateway.zustellung.sperrlisten import Sperrlisten, hole_immer_wieder

NOW = datetime.now(UTC)
CA, OTHER = pki.make_ca("Erste CA", NOW), pki.make_ca("Zweite CA", NOW)
AMT = pki.issue_signing(CA, "dbs:030010990000", "Amt", NOW)
LIFE = timedelta(days=365)


@dataclass
class Publisher:
    """Answers each request with what it has; None: it never answers."""

    url: str
    body: bytes | None = b""
    status: int = 200
    asked: int = 0
    stop: threading.Event = field(default_factory=threading.Event)


@contextmanager
def publishing() -> Iterator[Publisher]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            publisher.asked += 1
            if publisher.body is None:
                publisher.stop.wait(30)
                return
            self.send_response(publisher.status)
            self.send_header("Content-Length", str(len(publisher.body)))
            self.end_headers()
            self.wfile.write(publisher.body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    publisher = Publisher(f"http://127.0.0.1:{server.server_port}/ca.crl")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield publisher
    finally:
        publisher.stop.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with publishing() as one:
        yield one


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ca.crl"


def crl(ca: Identity, *revoked: Identity, at: datetime = NOW) -> bytes:
    return pki.make_crl(ca, [one.certificate.serial_number for one in revoked], at)


def listen(publisher: Publisher, path: Path, *cas: Identity) -> Sperrlisten:
    return Sperrlisten([publisher.url], path, [ca.certificate for ca in cas or (CA,)])


def verdict(trust: TrustStore, at: datetime = NOW, who: Identity = AMT) -> str | tuple[str, ...]:
    try:
        return trust.check(who.certificate.public_bytes(Encoding.DER), at).marken
    except Fault as fault:
        return fault.code.name


@pytest.mark.parametrize("form", [Encoding.PEM, Encoding.DER])
def test_a_list_that_the_ca_publishes_counts(publisher: Publisher, path: Path, form: Encoding) -> None:
    publisher.body = x509.load_pem_x509_crl(crl(CA, AMT)).public_bytes(form)
    assert listen(publisher, path).hole()
    assert verdict(TrustStore(CA.certificate_pem, path)) == "CERTIFICATE_REVOKED"


def test_a_newer_list_is_seen_by_who_serves_within_seconds(publisher: Publisher, path: Path) -> None:
    path.write_bytes(crl(CA))
    trust = TrustStore(CA.certificate_pem, path)
    assert verdict(trust) == ()
    publisher.body = crl(CA, AMT, at=NOW + timedelta(minutes=1))
    ende = hole_immer_wieder([listen(publisher, path)], abstand=60)
    try:
        until(lambda: verdict(trust, NOW + timedelta(minutes=2)) == "CERTIFICATE_REVOKED")
    finally:
        ende()


def test_each_ca_keeps_its_own_list(publisher: Publisher, path: Path) -> None:
    path.write_bytes(crl(OTHER))
    publisher.body = crl(CA, AMT)
    assert listen(publisher, path, CA, OTHER).hole()
    assert path.read_bytes().count(b"BEGIN X509 CRL") == 2
    assert verdict(TrustStore(CA.certificate_pem + OTHER.certificate_pem, path)) == "CERTIFICATE_REVOKED"


def test_an_older_list_replaces_no_newer_one(publisher: Publisher, path: Path) -> None:
    newer = crl(CA, AMT, at=NOW + timedelta(hours=1))
    path.write_bytes(newer)
    publisher.body = crl(CA)
    assert listen(publisher, path).hole()
    assert path.read_bytes() == newer


def with_unknown_algorithm(crl: bytes) -> bytes:
    """As anybody can make it who stands between a CA and us: signed in a way that nobody knows."""
    ecdsa_with_sha256 = bytes.fromhex("06082a8648ce3d040302")
    der = x509.load_pem_x509_crl(crl).public_bytes(Encoding.DER)
    assert der.count(ecdsa_with_sha256) == 2
    return der.replace(ecdsa_with_sha256, bytes.fromhex("06082a8648ce3d04037f"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"-----BEGIN X509 CRL-----\nx\n-----END X509 CRL-----\n",
        crl(OTHER),
        b"0" * 100_000,
        with_unknown_algorithm(crl(CA)),
    ],
    ids=["empty", "nonsense", "bad PEM", "another CA's", "long", "unknown algorithm"],
)
def test_what_is_no_list_of_the_ca_changes_nothing_and_is_said(
    publisher: Publisher, path: Path, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    there = crl(CA)
    path.write_bytes(there)
    publisher.body = body
    assert not listen(publisher, path).hole()
    assert path.read_bytes() == there
    assert f"no revocation list from {publisher.url}" in caplog.text
    assert os.listdir(path.parent) == ["ca.crl"]


def test_a_list_that_cannot_be_put_in_its_place_leaves_nothing_behind(publisher: Publisher, path: Path) -> None:
    """It is tried again every minute."""
    publisher.body = crl(CA)
    path.mkdir()
    assert not listen(publisher, path).hole()
    assert os.listdir(path.parent) == ["ca.crl"]


def test_a_publisher_that_never_answers_is_given_up(
    publisher: Publisher, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sperrlisten, "TIMEOUT", 0.3)
    publisher.body = None
    began = time.monotonic()
    assert not listen(publisher, path).hole()
    assert time.monotonic() - began < 3
    publisher.body, publisher.status = crl(CA), 503
    assert not listen(publisher, path).hole()


@pytest.mark.parametrize(("status", "body"), [(500, b""), (200, with_unknown_algorithm(crl(CA)))])
def test_after_a_failure_it_is_tried_again_sooner(publisher: Publisher, path: Path, status: int, body: bytes) -> None:
    publisher.status, publisher.body = status, body
    ende = hole_immer_wieder([listen(publisher, path)], abstand=3600, kurz=0.05)
    try:
        until(lambda: publisher.asked > 2)
        publisher.status, publisher.body = 200, crl(CA)
        until(path.exists)
    finally:
        ende()


# -- while none comes ------------------------------------------------------------------------------------------------


def test_a_list_that_has_ended_refuses_everybody_where_no_time_is_granted(path: Path) -> None:
    path.write_bytes(crl(CA))
    assert verdict(TrustStore(CA.certificate_pem, path), NOW + LIFE) == "REVOCATION_UNKNOWN"


def test_for_the_granted_time_it_still_counts_with_a_mark_and_then_no_more(path: Path) -> None:
    revoked = pki.issue_signing(CA, "dbs:030010990001", "Amt", NOW)
    path.write_bytes(crl(CA, revoked))
    trust = TrustStore(CA.certificate_pem, path, frist=timedelta(hours=6))
    end = x509.load_pem_x509_crl(path.read_bytes()).next_update_utc
    assert end is not None
    assert verdict(trust, end) == ()
    assert verdict(trust, end + timedelta(hours=1)) == (LIST_ENDED,)
    assert verdict(trust, end + timedelta(hours=6)) == (LIST_ENDED,)
    assert verdict(trust, end + timedelta(hours=7)) == "REVOCATION_UNKNOWN"
    assert verdict(trust, end + timedelta(hours=1), revoked) == "CERTIFICATE_REVOKED"


def test_a_file_that_is_no_list_is_never_bridged(path: Path) -> None:
    path.write_bytes(crl(CA))
    trust = TrustStore(CA.certificate_pem, path, frist=timedelta(hours=6))
    path.write_bytes(b"nonsense")
    time.sleep(1.1)
    assert verdict(trust) == FaultCode.REVOCATION_UNKNOWN.name


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
