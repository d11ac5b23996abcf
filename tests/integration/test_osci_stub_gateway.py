"""The gateway's recipient behind the stub's intermediary, asked by the stub's client: two implementations, one wire."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.envelope.osci.recipient import OsciEmpfaenger, OsciSchluessel
from gateway.envelope.osci.schema import OsciSchemas
from gateway.envelope.signer import load_identity
from gateway.envelope.zertifikate import TrustStore
from gateway.errors import Fault
from osci_stub.anfrager import Addressee
from osci_stub.keys import Signatory
from osci_stub.land import OsciStub
from osci_stub.osci.parties import Party, pem_bundle
from osci_stub.osci.refused import FeedbackReceived
from osci_stub.osci.reply import Reply
from osci_stub.osci.transport import Endpoint
from tests.integration.osci_stubs import running_stub, stub, stub_keys

__all__ = ["running_stub", "stub"]  # fixtures

XSD = Path(__file__).resolve().parents[2] / "xsd"
ANTWORT = b"<antwort/>"


def schluessel(party: Party) -> OsciSchluessel:
    def identity(key: Signatory):
        return load_identity(key.key_pem, key.certificate_pem)

    return OsciSchluessel(identity(party.signature), identity(party.cipher))


@pytest.fixture(scope="module")
def gateway() -> Iterator[Addressee]:
    """The recipient alone: it gives one answer to everybody."""
    keys = stub_keys()
    empfaenger = OsciEmpfaenger(schluessel(keys.gateway), TrustStore(pem_bundle(keys.anchors)), OsciSchemas.load(XSD))

    def answer(request: bytes) -> Reply:
        umschlag, now = empfaenger.umschlag(), datetime.now(UTC)
        try:
            umschlag.open(request, now)
        except Fault as fault:
            return Reply(umschlag.fault(fault.code, fault.detail, now))
        return Reply(umschlag.close(ANTWORT, now))

    endpoint = Endpoint(answer)
    yield Addressee(endpoint.url, keys.gateway.cipher.certificate)
    endpoint.close()


@pytest.mark.parametrize("encrypted", [True, False])
@pytest.mark.parametrize("message_id", [True, False])
def test_the_gateways_answer_comes_back_through_the_intermediary(
    stub: OsciStub, gateway: Addressee, encrypted: bool, message_id: bool
) -> None:
    antwort = stub.anfrager(encrypted=encrypted).frage(b"<frage/>", gateway, message_id=message_id)
    assert antwort.nachricht == ANTWORT
    assert antwort.autor == stub.keys.gateway.signature.certificate
    assert [entry.code for entry in antwort.feedback] == ["0801"]


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_delivery_straight_to_the_gateway_is_answered(stub: OsciStub, gateway: Addressee, encrypted: bool) -> None:
    antwort = stub.anfrager().stelle_zu(b"<frage/>", gateway, stub.keys.intermediary, encrypted=encrypted)
    assert (antwort.nachricht, antwort.feedback[0].code) == (ANTWORT, "0800")


def test_an_asynchronous_delivery_is_refused_with_9805(stub: OsciStub, gateway: Addressee) -> None:
    with pytest.raises(FeedbackReceived, match="9805"):
        stub.anfrager().leite_weiter(b"<frage/>", gateway)


def test_a_content_for_somebody_else_is_refused_with_9805(stub: OsciStub, gateway: Addressee) -> None:
    elsewhere = Addressee(gateway.uri, stub.keys.register.cipher.certificate)
    with pytest.raises(FeedbackReceived, match=r"98(05|10)"):
        stub.anfrager().frage(b"<frage/>", elsewhere)
