"""What the reference library wrote opens and verifies, and what we write could stand in its place."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from gateway.envelope.osci import content, feedback, message, mime, names
from gateway.envelope.osci.compose import Outgoing, RoleCertificate, child, compose, encoded
from gateway.envelope.osci.message import ControlBlock, OpenedEnvelope
from gateway.envelope.osci.policy import OsciPolicy
from gateway.envelope.osci.recipient import OsciEmpfaenger, OsciSchluessel
from gateway.envelope.zertifikate import TrustStore, fingerprint
from gateway.errors import Fault, FaultCode
from tests.envelope.osci.vektoren import (
    ALICE,
    BOB,
    MANAGER,
    POLICY,
    VECTORS,
    ca_pem,
    files,
    key,
    mime_lines,
    opened,
    signer_role,
    structure,
    wire,
)
from tests.envelope.osci.workshop import schemas
from tests.shared import needs_shared

pytestmark = needs_shared

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
MESSAGES = files("*.mime", "e2e/*/*.mime", "e2e/intermed/*.xml")
WITH_ATTACHMENT = "StoreDeliveryAttachment"


def test_the_reference_material_is_complete() -> None:
    assert len(MESSAGES) == 86


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_opens_is_valid_and_its_signature_verifies(name: str) -> None:
    read = opened(name)
    signer = message.check_signature(read, signer_role(read.message_type), POLICY)
    assert signer.id in (
        f"{signer.id.rpartition('_')[0]}_{fingerprint(message.loaded(signer))}",
        "intermed_signature_1",
    )


@pytest.mark.parametrize("name", [name for name in MESSAGES if WITH_ATTACHMENT not in name])
def test_every_content_decrypts_for_its_reader_and_its_author_has_signed(name: str) -> None:
    read = opened(name)
    if read.package is None:
        assert "Delivery" not in read.message_type or read.message_type in ("ResponseToStoreDelivery", "FetchDelivery")
        return
    answer = read.message_type in ("ResponseToProcessDelivery", "ResponseToMediateDelivery")
    inhalt = content.open_content(read, key(ALICE if answer else BOB, "cipher"), POLICY)
    assert inhalt.nachricht == "<antwort>Größe OK</antwort>".encode() if answer else b"<xmeld:test" in inhalt.nachricht
    author = fingerprint(message.loaded(inhalt.author))
    assert author == fingerprint(key(BOB if answer else ALICE, "signature").certificate)


@pytest.mark.parametrize("name", [name for name in MESSAGES if WITH_ATTACHMENT in name])
def test_a_message_with_an_attachment_verifies_but_is_no_query(name: str) -> None:
    read = opened(name)
    message.check_signature(read, signer_role(read.message_type), POLICY)
    with pytest.raises(Fault) as caught:
        content.open_content(read, key(BOB, "cipher"), POLICY)
    assert caught.value.code is FaultCode.CONTENT_INVALID


def bob(policy: OsciPolicy | None = None) -> OsciEmpfaenger:
    """The gateway with the test keys of the recipient."""
    keys = OsciSchluessel(key(BOB, "signature"), key(BOB, "cipher"))
    return OsciEmpfaenger(keys, TrustStore(ca_pem()), schemas(), policy)


DELIVERIES = [
    "ProcessDelivery.plain.mime",
    "ProcessDelivery.encrypted.mime",
    "e2e/process/process-request.wire.mime",
    "e2e/recipient/recipient-request.wire.mime",
    "e2e/recipient/recipient-request.inner.mime",
    "e2e/intermed/process-request.xml",
]


@pytest.mark.parametrize("name", DELIVERIES)
def test_the_recipient_takes_every_delivery(name: str) -> None:
    umschlag = bob().umschlag()
    taken = umschlag.open(wire(name), NOW)
    assert b"<xmeld:test" in taken.nachricht
    assert taken.fingerprint == fingerprint(key(ALICE, "signature").certificate)
    assert taken.reply_fingerprint == fingerprint(key(ALICE, "cipher").certificate)
    envelope = message.opened(umschlag.close(b"<antwort/>", NOW), key(MANAGER, "cipher"), POLICY, schemas())
    assert isinstance(envelope, OpenedEnvelope)
    assert envelope.encrypted == ("encrypted" in name or "wire" in name)
    reply = message.read(envelope, ["ResponseToProcessDelivery"], schemas())
    message.check_signature(reply, "SignatureCertificateOriginator", POLICY)
    assert content.open_content(reply, key(ALICE, "cipher"), POLICY).nachricht == b"<antwort/>"


@pytest.mark.parametrize(
    ("request_name", "answer_name"),
    [
        ("ProcessDelivery.encrypted.mime", "ResponseToProcessDelivery.encrypted.mime"),
        ("e2e/process/process-request.wire.mime", "e2e/process/process-response.wire.mime"),
    ],
)
def test_our_answer_has_the_structure_of_the_librarys(request_name: str, answer_name: str) -> None:
    umschlag = bob(OsciPolicy(signature_method=names.RSA_PSS_SHA256)).umschlag()
    umschlag.open(wire(request_name), NOW)
    ours, theirs = umschlag.close("<antwort>Größe OK</antwort>".encode(), NOW), wire(answer_name)
    assert mime_lines(ours) == mime_lines(theirs)
    assert structure(mime.read(ours).envelope) == structure(mime.read(theirs).envelope)
    inner = [message.opened(data, key(MANAGER, "cipher"), POLICY, schemas()) for data in (ours, theirs)]
    found, expected = (structure(each.mime.envelope) for each in inner if isinstance(each, OpenedEnvelope))
    assert [line.replace("XMeld-Antwort", "XMeld") for line in expected] == found


def client_request(message_type: str, **parts: object) -> Outgoing:
    """What alice asks the intermediary."""
    certificates = {
        "CipherCertificateOriginator": key(ALICE, "cipher"),
        "CipherCertificateAddressee": key(BOB, "cipher"),
        "SignatureCertificateOriginator": key(ALICE, "signature"),
    }
    wanted = {
        "ExitDialog": ["SignatureCertificateOriginator"],
        "InitDialog": ["CipherCertificateOriginator", "SignatureCertificateOriginator"],
        "GetMessageId": ["CipherCertificateOriginator", "SignatureCertificateOriginator"],
    }.get(message_type, list(certificates))
    return Outgoing(
        message_type=message_type,
        certificates=tuple(RoleCertificate(role, certificates[role].certificate) for role in wanted),
        signer_role="SignatureCertificateOriginator",
        features=True,
        **parts,  # type: ignore[arg-type]
    )


PSS = OsciPolicy(signature_method=names.RSA_PSS_SHA256)
EXPLICIT = ControlBlock(challenge="YQ==", response="Yg==", conversation="4711", sequence="1")


def mediate() -> Outgoing:
    author = RoleCertificate("SignatureCertificateOriginator", key(ALICE, "signature").certificate)
    reader = RoleCertificate("CipherCertificateAddressee", key(BOB, "cipher").certificate)
    payload = child("ContentReceiver", URI="http://127.0.0.1:2/bob")
    payload += encoded("MessageId", b"msg-id-0001") + child("Subject", "XMeld")
    package = content.seal_content(b"<anfrage/>", key(ALICE, "signature"), author.id, reader, PSS)
    return client_request("MediateDelivery", control=EXPLICIT, payload=payload, package=package, timestamps=True)


@pytest.mark.parametrize(
    ("name", "outgoing"),
    [
        ("InitDialog", lambda: client_request("InitDialog", control=ControlBlock(challenge="YQ=="))),
        ("ExitDialog", lambda: client_request("ExitDialog", control=EXPLICIT)),
        ("GetMessageId", lambda: client_request("GetMessageId", control=ControlBlock(challenge="YQ==", sequence="0"))),
        ("MediateDelivery", mediate),
    ],
)
def test_a_clients_request_has_the_structure_of_the_librarys(name: str, outgoing: Callable[[], Outgoing]) -> None:
    ours, theirs = compose(outgoing(), key(ALICE, "signature"), PSS), wire(f"{name}.plain.mime")
    assert mime_lines(ours) == mime_lines(theirs)
    # They name two features more: we cannot SHA-3, nor take messages in pieces.
    expected = structure(mime.read(theirs).envelope)
    unknown = [line for line in expected if "SHA3HashAlgo" in line or "PartialMessageTransmission" in line]
    assert len(unknown) == 2
    assert structure(mime.read(ours).envelope) == [line for line in expected if line not in unknown]


def test_the_kept_content_container_is_the_form_that_we_write() -> None:
    kept = (VECTORS / "ContentContainer.decrypted.xml").read_bytes()
    author = RoleCertificate("SignatureCertificateOriginator", key(ALICE, "signature").certificate)
    ours = content.seal_content(b"<anfrage/>", key(ALICE, "signature"), author.id, None, PSS)
    assert [re.sub(r"_[0-9a-f]{64}", "", line) for line in structure(ours.encode())] == [
        re.sub(r"_[0-9a-f]{64}", "", line) for line in structure(kept)
    ]


def test_every_answer_code_has_the_text_that_we_write_for_it() -> None:
    rows = {row for name in MESSAGES for row in opened(name).feedback}
    assert rows == {feedback.entry(feedback.DONE), feedback.entry("0801")}
