"""A served instance fetches its revocation list, and says in the Protokoll where one counted that had ended."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from gateway.bootstrap import Instance
from gateway.envelope import pki
from gateway.envelope.signer import load_identity
from gateway.instance import issued_certificate
from tests.betrieb import AMT, GEMEINDE, betrieb
from tests.envelope.test_sperrlisten import publishing
from tests.gateways import free_port, serving, set_key
from tests.spiegel.personen import datensatz
from tests.web.site import Site

pytestmark = pytest.mark.xdist_group("sperrlisten")


def test_a_revoked_certificate_is_refused_once_the_list_was_fetched_and_until_then_nothing_waits(
    tmp_path: Path,
) -> None:
    path = tmp_path / "instance"
    house, port = betrieb(path), free_port()
    ca = load_identity((path / "pki/ca.key").read_bytes(), (path / "pki/ca.pem").read_bytes())
    with publishing() as publisher:
        publisher.body = None  # it takes the connection and never answers
        set_key(path, "port = 8080", f"port = {port}")
        set_key(path, "crl_url = []  ", f'crl_url = ["{publisher.url}"]  ')
        house.lade([datensatz("1", GEMEINDE)])
        with serving(path, port) as running:
            one = Site(house, running)
            began = time.monotonic()
            assert one.ask() == "01"
            assert time.monotonic() - began < 2
        serial = issued_certificate(path, AMT).serial_number
        later = datetime.now(UTC) + timedelta(minutes=5)
        publisher.body = pki.make_crl(ca, [serial], later)
        with serving(path, port) as running:
            one = Site(house, running)
            deadline = time.monotonic() + 15
            while one.ask() != "fault CERTIFICATE_REVOKED":
                assert time.monotonic() < deadline, running.log
                time.sleep(0.2)
    house.close()


def test_a_list_that_has_ended_is_marked_in_the_record_while_it_still_counts(tmp_path: Path) -> None:
    path = tmp_path / "instance"
    house, port = betrieb(path), free_port()
    ca = load_identity((path / "pki/ca.key").read_bytes(), (path / "pki/ca.pem").read_bytes())
    set_key(path, "port = 8080", f"port = {port}")
    set_key(path, "crl_frist_stunden = 0", "crl_frist_stunden = 24")
    house.lade([datensatz("1", GEMEINDE)])
    (path / "pki/ca.crl").write_bytes(pki.make_crl(ca, [], datetime.now(UTC)))
    life = x509.load_pem_x509_crl((path / "pki/ca.crl").read_bytes())
    assert life.next_update_utc is not None
    ended = datetime.now(UTC) - (life.next_update_utc - datetime.now(UTC)) - timedelta(hours=1)
    (path / "pki/ca.crl").write_bytes(pki.make_crl(ca, [], ended))
    with serving(path, port) as running, Instance.read(path) as here:
        one = Site(replace(house, here=here), running)  # which reads that too
        assert one.ask() == "01"
        assert one.newest() == ("01", "REVOCATION_LIST_ENDED")
    house.close()
