"""With the reference library's public test keys: bob is the gateway, osci_manager the intermediary, alice asks.

osci_stub/README.md describes this configuration; here it runs, by the commands that stand there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from lxml import etree

from gateway.zustellung.http import post
from osci_stub.anfrager import Addressee
from osci_stub.land import Keys, OsciStub
from osci_stub.osci.parties import Party
from osci_stub.osci.received import read
from osci_stub.osci.refused import FeedbackReceived
from tests.betrieb import betrieb
from tests.gateways import free_port, succeed
from tests.integration.osci_site import OsciSite, change, served
from tests.shared import SHARED, needs_shared
from tests.spiegel.personen import datensatz

pytestmark = [needs_shared, pytest.mark.xdist_group("osci-gateways")]

PKI, VECTORS = SHARED / "osci" / "pki", SHARED / "osci" / "vectors"
PASSWORD = b"123456"
ALICE = "dbs:090010980000"


def party(name: str) -> Party:
    files = (PKI / f"{name}_{use}_4096.p12" for use in ("signature", "cipher"))
    return Party.load(name, *files, PASSWORD)


def ca_of(file: Path) -> bytes:
    """The certificates in a PKCS #12 file that issued its own one."""
    _, _, others = pkcs12.load_key_and_certificates(file.read_bytes(), PASSWORD)
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in others)


@dataclass(frozen=True)
class Probelauf:
    site: OsciSite
    stub: OsciStub

    @property
    def gateway(self) -> Addressee:
        return Addressee(self.site.url, self.site.party.cipher.certificate)


@pytest.fixture(scope="module")
def lauf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probelauf]:
    folder, port = tmp_path_factory.mktemp("testkeys"), free_port()
    alice, bob, manager = (party(name) for name in ("alice", "bob", "osci_manager"))
    house = betrieb(folder / "instance", land="09")
    instance = house.here.path
    (instance / "pki" / "osci-ca.pem").write_bytes(ca_of(PKI / "bob_signature_4096.p12"))
    (instance / "pki" / "passwort").write_bytes(PASSWORD + b"\n")
    for name, one in (("osci_manager", manager), ("alice", alice)):
        (instance / "pki" / f"{name}-signatur.pem").write_bytes(one.signature.certificate_pem)
        (instance / "pki" / f"{name}-chiffrierung.pem").write_bytes(one.cipher.certificate_pem)
    lines = {
        "port = 8080": f"port = {port}",
        "aktiv = false": "aktiv = true",
        '"pki/osci-signatur.pem"': f'"{PKI}/bob_signature_4096.p12"',
        '"pki/osci-signatur.key"': '""',
        '"pki/osci-chiffrierung.pem"': f'"{PKI}/bob_cipher_4096.p12"',
        '"pki/osci-chiffrierung.key"': '""',
        'passwort = ""': 'passwort = "pki/passwort"',
        'ca = ["pki/ca.pem"]       # whose certificates are believed, of': 'ca = ["pki/osci-ca.pem"]   #',
        'crl = "pki/ca.crl"        #': 'crl = ""   #',
        "intermediaere = []": 'intermediaere = ["pki/osci_manager-signatur.pem"]',
    }
    change(instance, lines)
    pki = instance / "pki"
    succeed("behoerde", "add", ALICE, "-i", instance, "--name", "Alice", "--certificate", pki / "alice-signatur.pem")
    succeed("behoerde", "add", ALICE, "-i", instance, "--certificate", pki / "alice-chiffrierung.pem")
    house.lade([datensatz("1", "09000009")])
    keys = Keys.make(2048, {"intermediaer": manager, "gateway": bob, "behoerde": alice})
    trust = tuple(one.cipher.certificate for one in (alice, bob, manager))
    with OsciStub(keys, trust=trust) as stub, served(house, bob, port) as site:
        yield Probelauf(site, stub)
    house.close()


@pytest.mark.parametrize("message_id", [True, False])
def test_alice_is_answered_by_bob_through_osci_manager(lauf: Probelauf, message_id: bool) -> None:
    asked = lauf.site.house.frage(ALICE, geschlecht="w")
    antwort = lauf.stub.anfrager().frage(asked, lauf.gateway, message_id=message_id)
    answer = etree.fromstring(antwort.nachricht)
    assert answer.findtext(".//{*}nachname/name") == "Musterfrau"
    assert antwort.autor == lauf.site.party.signature.certificate


def test_a_message_that_is_not_xmeld_is_refused_with_9805(lauf: Probelauf) -> None:
    with pytest.raises(FeedbackReceived) as caught:
        lauf.stub.anfrager().frage("Hallo Bob, ÄÖÜ".encode(), lauf.gateway)
    assert "9805" in caught.value.codes


@pytest.mark.parametrize("name", ["process/process-request.wire.mime", "recipient/recipient-request.wire.mime"])
def test_what_the_library_delivered_is_opened_believed_and_refused_as_no_query(lauf: Probelauf, name: str) -> None:
    reply = post(lauf.site.url, (VECTORS / "e2e" / name).read_bytes(), headers={"Content-Type": "text/xml"})
    assert reply.status == 200
    answer = read(reply.body, party("osci_manager").cipher)
    answer.verify("SignatureCertificateOriginator")
    (entry,) = lauf.site.house.entries(1)
    assert entry.codes in {("NOT_XMELD",), ("NOT_WELLFORMED",), ("AUTHOR_SIGNATURE_INVALID",)}
    assert [one.code for one in answer.feedback] == ["9805"]
