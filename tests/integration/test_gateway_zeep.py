"""The gateway's real endpoint and an unmodified zeep client; the gateway's own client and a spyne service."""

import importlib.util
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import xmlsec
import zeep
from cryptography import x509
from lxml import etree
from zeep.exceptions import Fault, SignatureVerificationFailed
from zeep.wsse.signature import BinarySignature

from gateway import instance
from gateway.bootstrap import Instance
from gateway.envelope.client import SoapClient
from gateway.envelope.pki import KeyType
from gateway.envelope.signer import Signer, load_identity
from gateway.envelope.zertifikate import TrustStore, fingerprint
from gateway.meldewesen.anfrage import Auswahldaten
from gateway.meldewesen.werte import Gemeindeschluessel
from gateway.spiegel.laden import lade
from gateway.spiegel.musterorte import S_STADT, alle_gemeinden
from gateway.spiegel.musterpersonen import DEMO, musterpersonen
from gateway.xmeld.anfragen import Frage, Fragenschreiber, Fragesteller
from gateway.xmeld.mapping import Mapping
from gateway.xmeld.packs import Packs
from gateway.zustellung.http import post
from tests.gateways import Running, free_port, serving
from tests.shared import SHARED, needs_shared

POLIZEI = "dbs:060030020000"
METHODS = {KeyType.RSA: xmlsec.Transform.RSA_SHA256, KeyType.EC: xmlsec.Transform.ECDSA_SHA256}


@pytest.fixture(scope="module", params=list(KeyType), ids=lambda kind: kind.value)
def kind(request: pytest.FixtureRequest) -> KeyType:
    return request.param


@pytest.fixture(scope="module")
def running(kind: KeyType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    path, port = tmp_path_factory.mktemp("zeep") / "instance", free_port()
    with instance.create(path, land="09", gemeinden=(), database="", port=port, kind=kind) as here:
        lade(here.register(), musterpersonen(next(g for g in alle_gemeinden() if g.ags == S_STADT)))
    with serving(path, port) as one:
        yield one


def client(running: Running, kind: KeyType, *, trusts: str = "pki/gateway.pem") -> zeep.Client:
    """zeep signs with the client's key; it verifies replies with the certificate that it was given for that."""
    key, certificate = instance.certificate_files(running.instance, POLIZEI)
    methods = {"signature_method": METHODS[kind], "digest_method": xmlsec.Transform.SHA256}
    signs = BinarySignature(str(key), str(certificate), **methods)
    verifies = BinarySignature(str(key), str(running.instance / trusts), **methods)
    return zeep.Client(f"{running.url}?wsdl", wsse=SimpleNamespace(apply=signs.apply, verify=verifies.verify))


def schreiber(path: Path) -> Fragenschreiber:
    with Instance.read(path) as here:
        pack = Packs.load(here.packs_folder).newest
        return Fragenschreiber(pack, Mapping.load(here.mapping_file(pack.name)))


def frage(path: Path, leser: str = str(S_STADT), kennung: str = POLIZEI, **auswahl: str) -> bytes:
    daten = Auswahldaten(Gemeindeschluessel(leser), **auswahl)  # type: ignore[arg-type]
    return schreiber(path).personensuche(
        Fragesteller(kennung, "Polizei", sicherheitsbehoerde=True),
        Frage(f"ags:{leser}", ("1", "7", "13"), daten),
        datetime.now(UTC),
        str(uuid.uuid4()),
    )


def status(answer: bytes) -> str | None:
    return etree.fromstring(answer).findtext(".//{*}ergebnisstatus/code")


def test_an_unmodified_zeep_client_gets_its_answer_and_verifies_it(running: Running, kind: KeyType) -> None:
    eine = DEMO[0]
    nachricht = frage(running.instance, familienname=eine.familienname, vornamen=eine.vornamen, geschlecht="w")
    answer = client(running, kind).service.xmeldAnfrage(nachricht=nachricht)
    assert status(answer) == "01"


def test_zeep_refuses_the_answer_when_it_expects_another_signer(running: Running, kind: KeyType) -> None:
    nachricht = frage(running.instance, familienname="Niemand", vornamen="Nemo", geschlecht="m")
    with pytest.raises(SignatureVerificationFailed):
        client(running, kind, trusts="pki/ca.pem").service.xmeldAnfrage(nachricht=nachricht)


def test_zeep_sees_a_fault_as_a_fault(running: Running, kind: KeyType) -> None:
    with pytest.raises(Fault) as caught:
        client(running, kind).service.xmeldAnfrage(nachricht=b"<bestellung/>")
    assert caught.value.detail.findtext(".//{*}code") == "NOT_XMELD"


@needs_shared
@pytest.mark.parametrize("number", ["006a"])
def test_zeep_sends_the_standards_own_message(running: Running, kind: KeyType, number: str) -> None:
    sample = SHARED / "xmeld" / "samples" / "testsuite" / f"FachspezifischBehoerdenauskunft{number}-1330.xml"
    assert status(client(running, kind).service.xmeldAnfrage(nachricht=sample.read_bytes())) == "01"


@pytest.mark.skipif(importlib.util.find_spec("spyne") is None, reason="spyne runs on Python 3.11 only")
def test_the_gateways_own_client_is_understood_by_a_spyne_service_and_verifies_its_answer(tmp_path: Path) -> None:
    from osci_stub import PERSONEN, StubServer

    path = tmp_path / "instance"
    instance.create(path, land="03", gemeinden=(), database="", port=free_port(), kind=KeyType.EC).close()
    person = PERSONEN[0]
    with StubServer() as stub:
        signatory = stub.issue_client("gateway")
        trust = TrustStore(stub.ca_pem)
        own = Signer(load_identity(signatory.key_pem, signatory.certificate_pem))
        other = SoapClient(own, trust, fingerprint(x509.load_pem_x509_certificate(stub.certificate_pem)))
        nachricht = frage(
            path, person.ags, familienname=person.familienname, vornamen=person.vornamen, geschlecht=person.geschlecht
        )
        reply = post(stub.url, other.request(nachricht, datetime.now(UTC)))
        answer = other.reply(reply.body, datetime.now(UTC))
    assert isinstance(answer, bytes), answer
    assert status(answer) == "01"
