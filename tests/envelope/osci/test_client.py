"""The gateway as client against the library's messages: its requests could stand in the library's place, and the
answers that the library accepted are accepted for the same reasons."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace

import pybase64
import pytest

from gateway.envelope.osci import client as module
from gateway.envelope.osci import encryption, message, mime, names
from gateway.envelope.osci.canonical import ANSWER
from gateway.envelope.osci.client import Adressat, Intermediaer, OsciDialog, OsciTeilnehmer
from gateway.envelope.osci.message import OpenedEnvelope
from gateway.envelope.osci.policy import OsciPolicy
from gateway.envelope.osci.recipient import OsciSchluessel
from gateway.envelope.parse import parse
from gateway.envelope.zertifikate import TrustStore, fingerprint
from gateway.errors import Fault, FaultCode
from tests.envelope.osci.vektoren import ALICE, BOB, MANAGER, ca_pem, key, mime_lines, opened, structure, wire
from tests.envelope.osci.workshop import schemas
from tests.shared import needs_shared

pytestmark = needs_shared

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
GROESSE = "<antwort>Größe OK</antwort>".encode()
NOT_OURS = ("SHA3HashAlgo", "PartialMessageTransmission")  # features that we do not claim
METHODS = {"true": names.RSA_PSS_SHA256, "false": names.RSA_SHA256}


@dataclass
class Replay:
    """The client with the keys of `who`, whose Challenges are those that the library drew for `folder`'s messages."""

    folder: str
    policy: OsciPolicy
    dialog: OsciDialog
    who: str = ALICE

    def could_stand_in_the_place_of(self, name: str, request: bytes) -> bool:
        """Compared with the library's message in the file, which was sent without a transport envelope."""
        ours, theirs = inside(request), mime.read(wire(f"{self.folder}/{name}.mime")).envelope
        assert mime_lines(inner(request)) == mime_lines(wire(f"{self.folder}/{name}.mime"))
        assert structure(ours) == claimed(structure(theirs))
        return control_block(ours) == control_block(theirs)

    def answer(self, name: str) -> module.Antwort:
        """The intermediary's answer in the file, as if it had been encrypted like the request."""
        return self.dialog.answer(sealed(wire(f"{self.folder}/{name}.mime"), self.who), NOW)

    def adressat(self, name: str) -> tuple[Adressat, bytes | None]:
        """As in the library's MediateDelivery."""
        theirs = opened(f"{self.folder}/{name}.mime")
        receiver = theirs.payload.find(names.tag(names.OSCI, "ContentReceiver"))
        assert receiver is not None
        return Adressat(receiver.attrib["URI"], key(BOB, "cipher").certificate), theirs.message_id


def replay(
    monkeypatch: pytest.MonkeyPatch, folder: str, requests: list[str], *, pinned: bool = True, who: str = ALICE
) -> Replay:
    policy = OsciPolicy(signature_method=METHODS.get(folder.rpartition("-")[2], names.RSA_PSS_SHA256))

    def challenges() -> Iterator[bytes]:
        for name in requests:
            yield pybase64.b64decode(opened(f"{folder}/{name}.mime").control.challenge or "")

    drawn = challenges()
    monkeypatch.setattr(module, "secrets", SimpleNamespace(token_bytes=lambda _: next(drawn)))
    signatur = key(MANAGER, "signature").certificate if pinned else None
    return Replay(
        folder,
        policy,
        OsciDialog(
            OsciTeilnehmer(TrustStore(ca_pem()), schemas(), policy),
            OsciSchluessel(key(who, "signature"), key(who, "cipher")),
            Intermediaer(key(MANAGER, "cipher").certificate, signatur),
        ),
        who,
    )


def sealed(plain: bytes, who: str = ALICE) -> bytes:
    return encryption.seal_transport(plain, key(who, "cipher").certificate, OsciPolicy())


def inner(data: bytes) -> bytes:
    """The MIME message in a transport envelope, as the intermediary decrypts it."""
    outer = mime.read(data)
    envelope = encryption.read_transport(parse(outer.envelope, ANSWER), OsciPolicy())
    return encryption.open_transport(envelope, outer, key(MANAGER, "cipher"))


def inside(data: bytes) -> bytes:
    """The envelope in it, valid and signed."""
    envelope = message.opened(data, key(MANAGER, "cipher"), OsciPolicy(), schemas())
    assert isinstance(envelope, OpenedEnvelope)
    assert envelope.encrypted
    read = message.read(envelope, schemas().types, schemas())
    message.check_signature(read, "SignatureCertificateOriginator", OsciPolicy())
    return envelope.mime.envelope


def claimed(lines: list[str]) -> list[str]:
    """Without the features that the library has and we have not."""
    return [line for line in lines if not any(name in line for name in NOT_OURS)]


def control_block(envelope: bytes) -> bytes:
    """To the letter."""
    return envelope.partition(b"<osci:ControlBlock")[2].partition(b"</osci:ControlBlock>")[0]


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_a_whole_dialog_of_the_library_can_be_had_again(monkeypatch, method: str, pinned: bool) -> None:  # type: ignore[no-untyped-def]
    names_of_requests = ["1-getMessageId", "2-initDialog", "3-mediateDelivery", "4-exitDialog"]
    one = replay(monkeypatch, f"e2e/mediate-{method}", names_of_requests, pinned=pinned)

    assert one.could_stand_in_the_place_of("1-getMessageId", one.dialog.get_message_id())
    issued = one.answer("1-rsp")
    assert issued.codes == ("0800",)

    assert one.could_stand_in_the_place_of("2-initDialog", one.dialog.init_dialog())
    assert one.answer("2-rsp").codes == ("0801",)
    assert one.dialog.is_open

    adressat, message_id = one.adressat("3-mediateDelivery")
    assert message_id == issued.message.message_id
    request = one.dialog.mediate_delivery(b"<anfrage/>", adressat, message_id)
    assert one.could_stand_in_the_place_of("3-mediateDelivery", request)
    antwort = one.answer("3-rsp")
    bob = fingerprint(key(BOB, "signature").certificate)
    inhalt = one.dialog.inhalt(antwort, frozenset({bob}), NOW)
    assert (antwort.codes, inhalt.nachricht, inhalt.autor) == (("0801",), GROESSE, bob)

    assert one.could_stand_in_the_place_of("4-exitDialog", one.dialog.exit_dialog())
    assert one.answer("4-rsp").codes == ("0800",)
    assert not one.dialog.is_open


def test_a_dialog_for_fetching_begins_in_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    one = replay(monkeypatch, "e2e/fetch", ["1-initDialog", "3-exitDialog"], who=BOB)
    assert one.could_stand_in_the_place_of("1-initDialog", one.dialog.init_dialog())
    assert one.answer("1-rsp").codes == ("0801",)
    one.dialog.exit_dialog()
    with pytest.raises(Fault) as caught:  # the dialog has moved on by a FetchDelivery that was not ours
        one.answer("3-rsp")
    assert caught.value.code is FaultCode.DIALOG_INVALID


def test_the_answer_to_another_dialog_is_refused_and_nothing_more_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    one = replay(monkeypatch, "e2e/mediate-true", ["2-initDialog", "3-mediateDelivery"])
    one.dialog.init_dialog()
    with pytest.raises(Fault) as caught:
        one.dialog.answer(sealed(wire("e2e/mediate-false/2-rsp.mime")), NOW)
    assert caught.value.code is FaultCode.DIALOG_INVALID
    assert not one.dialog.is_open


def test_a_message_without_id_has_no_subject_and_no_timestamps(monkeypatch: pytest.MonkeyPatch) -> None:
    one = replay(monkeypatch, "e2e/mediate-true", ["2-initDialog", "3-mediateDelivery"])
    one.dialog.init_dialog()
    one.answer("2-rsp")
    adressat = Adressat("http://127.0.0.1:2/bob", key(BOB, "cipher").certificate)
    ours = inside(one.dialog.mediate_delivery(b"<anfrage/>", adressat))
    package = b"<osci:ContentPackage"
    theirs = mime.read(wire("MediateDeliveryPlainContent.plain.mime")).envelope
    heads = [structure(envelope.partition(package)[0] + b"</soap:Body></soap:Envelope>") for envelope in (ours, theirs)]
    expected = [line.replace("4711", "1003").replace("SequenceNumber=1", "SequenceNumber=0") for line in heads[1]]
    assert heads[0] == claimed(expected)


@pytest.mark.parametrize("name", ["InitDialog", "GetMessageId"])
def test_the_transport_envelope_is_that_of_the_library(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    one = replay(monkeypatch, "e2e/mediate-true", ["2-initDialog"])
    ours = one.dialog.init_dialog() if name == "InitDialog" else one.dialog.get_message_id()
    theirs = wire(f"{name}.encrypted.mime")
    assert mime_lines(ours) == mime_lines(theirs)
    assert structure(mime.read(ours).envelope) == structure(mime.read(theirs).envelope)


def test_an_answer_without_transport_envelope_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    one = replay(monkeypatch, "e2e/mediate-true", ["2-initDialog"])
    one.dialog.init_dialog()
    with pytest.raises(Fault) as caught:
        one.dialog.answer(wire("e2e/mediate-true/2-rsp.mime"), NOW)
    assert caught.value.code is FaultCode.NOT_DECRYPTABLE
    assert not one.dialog.is_open
