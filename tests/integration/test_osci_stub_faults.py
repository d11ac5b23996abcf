"""Every fault of the OSCI stub by name: what it is on the wire, and what a careful client and intermediary say."""

import hashlib
from base64 import b64decode
from collections.abc import Iterator

import pytest
from lxml import etree

from osci_stub.land import OsciStub
from osci_stub.muster import suchanfrage
from osci_stub.osci import transport
from osci_stub.osci.encryption import decrypt, recipients
from osci_stub.osci.faults import CONTENT, FAULTS, INTERMEDIARY, MESSAGE, REGISTER, Asked, Faults
from osci_stub.osci.received import Received, read
from osci_stub.osci.refused import FaultReceived, FeedbackReceived, Refused
from osci_stub.osci.schema import find_schemas
from osci_stub.osci.text import canonical
from osci_stub.osci.transport import Broken
from tests.integration.osci_stubs import running_stub, stub, stub_keys

__all__ = ["running_stub", "stub"]  # fixtures

IMPATIENT = 0.3  # seconds
UUID = ".//{*}ursprungsnachricht/nachrichtenUUID"


def ask(stub: OsciStub) -> bytes:
    return stub.anfrager().frage(suchanfrage(), stub.addressee).nachricht


def answer_of_register(stub: OsciStub, monkeypatch: pytest.MonkeyPatch) -> Received:
    """What the register sends, opened with the intermediary's key."""
    sent: list[bytes] = []
    answer = stub.register.answer
    monkeypatch.setattr(stub.register._endpoint, "_answer", lambda data: sent.append(data) or answer(data))
    with pytest.raises(Refused):
        ask(stub)
    return read(answer(sent[0]).data, stub.keys.intermediary.cipher)


def test_unsigned(stub: OsciStub) -> None:
    stub.intermediary.faults.add("unsigned")
    with pytest.raises(Refused, match="9600"):
        ask(stub)
    stub.intermediary.faults.clear()
    stub.register.faults.add("unsigned")
    with pytest.raises(Refused, match="9805: not exactly one signature"):
        ask(stub)
    stub.register.faults.clear()
    stub.register.faults.add("unsigned", MESSAGE)
    antwort = stub.anfrager().frage(suchanfrage(), stub.addressee)
    assert [entry.code for entry in antwort.feedback] == ["0801", "3802"]


def test_signed_by_stranger(stub: OsciStub) -> None:
    stub.intermediary.faults.add("signed_by_stranger")
    with pytest.raises(Refused, match="9700"):
        ask(stub)
    stub.intermediary.faults.clear()
    stub.register.faults.add("signed_by_stranger")
    with pytest.raises(Refused, match="9805: the content is signed by nobody"):
        ask(stub)
    stub.register.faults.clear()
    stub.register.faults.add("signed_by_stranger", MESSAGE)
    with pytest.raises(FeedbackReceived, match="9711"):
        ask(stub)


def test_wrong_challenge(stub: OsciStub) -> None:
    stub.intermediary.faults.add("wrong_challenge")
    with pytest.raises(Refused, match="9400"):
        ask(stub)
    stub.intermediary.faults.clear()
    stub.register.faults.add("wrong_challenge")
    with pytest.raises(FeedbackReceived, match="9808"):
        ask(stub)


def test_wrapped_signature(stub: OsciStub) -> None:
    stub.intermediary.faults.add("wrapped_signature")
    with pytest.raises(Refused, match="9602"):
        ask(stub)
    stub.intermediary.faults.clear()
    stub.register.faults.add("wrapped_signature")
    with pytest.raises(Refused, match="9805: not exactly one content"):
        ask(stub)
    stub.register.faults.clear()
    stub.register.faults.add("wrapped_signature", MESSAGE)
    with pytest.raises(FeedbackReceived, match="9807"):
        ask(stub)


def test_a_wrapped_message_convinces_who_looks_for_ids_only(stub: OsciStub) -> None:
    """The attack is a real one: what the references name is there, once, and unaltered."""
    stub.intermediary.faults.add("wrapped_signature", "InitDialog")
    reply = stub.intermediary.answer(init_dialog(stub))
    envelope = read(reply.data, stub.keys.behoerde.cipher).envelope
    for reference in envelope.iter("{*}Reference"):
        identifier = (reference.get("URI") or "")[1:]
        found = [node for node in envelope.iter("*") if node.get("Id") == identifier]
        assert len(found) == 1
        digest = b64decode(reference.findtext("{*}DigestValue") or "")
        assert hashlib.sha256(canonical(found[0])).digest() == digest
    assert envelope.find("{*}Body").get("Id") == "forged"
    schemas = find_schemas()
    assert schemas is None or schemas.complaint("ResponseToInitDialog", envelope) is None


def init_dialog(stub: OsciStub) -> bytes:
    """The bytes of a request."""
    sent: list[bytes] = []
    with pytest.MonkeyPatch.context() as patch:
        answer = stub.intermediary.answer
        patch.setattr(stub.intermediary._endpoint, "_answer", lambda data: sent.append(data) or answer(data))
        with pytest.raises(Refused):
            stub.anfrager().dialog()
    return sent[0]


def test_a_wrapped_content_holds_a_forged_answer_before_the_signed_one(
    stub: OsciStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub.register.faults.add("wrapped_signature")
    message = answer_of_register(stub, monkeypatch)
    data = message.body.find("{*}ContentPackage/{*}EncryptedData")
    plain = decrypt(data, recipients(data)[0], stub.keys.behoerde.cipher, message.parts.get)
    container = etree.fromstring(plain)
    forged, signed = container.findall(".//{*}Base64Content")
    assert b"Niemand" in b64decode(forged.text)
    assert b"Niemand" not in b64decode(signed.text)
    assert container.find(".//{*}Reference").get("URI") == f"#{signed.get('Id')}"


def test_aborts_midway(stub: OsciStub) -> None:
    stub.intermediary.faults.add("aborts_midway")
    with pytest.raises(Broken):
        ask(stub)
    stub.intermediary.faults.clear()
    stub.register.faults.add("aborts_midway")
    with pytest.raises(FeedbackReceived, match="9810"):
        ask(stub)


@pytest.fixture
def impatient() -> Iterator[OsciStub]:
    with OsciStub(stub_keys(), timeout=IMPATIENT) as stub:
        stub.intermediary.faults.late_seconds = stub.register.faults.late_seconds = 30
        yield stub


def test_too_late(impatient: OsciStub) -> None:
    impatient.register.faults.add("too_late")
    with pytest.raises(FeedbackReceived, match="9810"):
        ask(impatient)
    impatient.intermediary.faults.add("too_late", "InitDialog")
    with pytest.raises(Broken, match="TimeoutError"):
        impatient.anfrager(timeout=IMPATIENT).dialog()


def test_too_large(stub: OsciStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_MESSAGE", 2**20)
    stub.intermediary.faults.large_bytes = stub.register.faults.large_bytes = 2**20
    stub.intermediary.faults.add("too_large")
    with pytest.raises(Broken, match="too large"):
        ask(stub)
    stub.intermediary.faults.clear()
    stub.register.faults.add("too_large")
    with pytest.raises(FeedbackReceived, match="9810"):
        ask(stub)


def test_answers_other_message(stub: OsciStub) -> None:
    frage = suchanfrage()
    asked = etree.fromstring(frage).findtext(".//nachrichtenUUID")

    def answered() -> str | None:
        return etree.fromstring(stub.anfrager().frage(frage, stub.addressee).nachricht).findtext(UUID)

    assert answered() == asked
    stub.register.faults.add("answers_other_message")
    assert answered() != asked
    with pytest.raises(ValueError, match="nothing that the part"):
        stub.intermediary.faults.add("answers_other_message")


def test_warning_3xxx(stub: OsciStub) -> None:
    stub.intermediary.faults.add("warning_3xxx")
    stub.register.faults.add("warning_3704")
    antwort = stub.anfrager().frage(suchanfrage(), stub.addressee)
    assert [entry.code for entry in antwort.feedback] == ["0801", "3704", "3500"]


@pytest.mark.parametrize(("name", "code"), [("fault_9xxx", "9811"), ("fault_9602", "9602")])
def test_fault_9xxx(stub: OsciStub, name: str, code: str) -> None:
    stub.intermediary.faults.add(name)
    with pytest.raises(FeedbackReceived) as caught:
        ask(stub)
    assert caught.value.codes == (code,)
    assert not stub.register.nachrichten
    stub.intermediary.faults.clear()
    stub.register.faults.add(name)
    with pytest.raises(FeedbackReceived) as caught:
        ask(stub)
    assert caught.value.codes == ("9805", code)


@pytest.mark.parametrize(("code", "passed_on"), [("9000", "9808"), ("9400", "9810")])
def test_a_fault_that_soap_tells(stub: OsciStub, code: str, passed_on: str) -> None:
    stub.intermediary.faults.add(f"fault_{code}", "InitDialog")
    with pytest.raises(FaultReceived, match=code):
        ask(stub)
    stub.intermediary.faults.clear()
    stub.register.faults.add(f"fault_{code}")
    with pytest.raises(FeedbackReceived, match=passed_on):
        ask(stub)


def test_a_fault_ends_when_it_is_taken_back(stub: OsciStub) -> None:
    stub.intermediary.faults.add("unsigned", "InitDialog")
    stub.intermediary.faults.add("unsigned", "ExitDialog")
    stub.intermediary.faults.discard("unsigned")
    assert ask(stub)


def test_every_fault_of_the_table_has_its_test() -> None:
    assert [name for name in FAULTS if f"test_{name}" not in globals()] == []


@pytest.mark.parametrize("name", ["no_such", "fault_3500", "warning_9000", "fault_98", "fault_9x11"])
def test_an_unknown_fault_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no fault of that name"):
        Faults(INTERMEDIARY).add(name)


def test_a_fault_is_asked_for_in_a_word() -> None:
    assert Asked.read("unsigned") == Asked(INTERMEDIARY, "unsigned", None)
    assert Asked.read("register:unsigned@nachricht") == Asked(REGISTER, "unsigned", MESSAGE)
    assert Asked.read("intermediaer:too_late@InitDialog") == Asked(INTERMEDIARY, "too_late", "InitDialog")
    assert CONTENT != MESSAGE
    with pytest.raises(ValueError, match="a fault is of"):
        Asked.read("other:unsigned")
