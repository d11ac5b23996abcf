"""The stub's reading and writing of OSCI against what the reference library wrote."""

import subprocess
import sys

import pytest
from lxml import etree

from osci_stub.osci import mime
from osci_stub.osci.certificates import Named
from osci_stub.osci.content import Author, container, open_content, package
from osci_stub.osci.message import Draft, Signer, encrypt, envelope, soap_fault
from osci_stub.osci.names import PSS_SHA256
from osci_stub.osci.received import Received, read
from osci_stub.osci.refused import FaultReceived, Refused
from osci_stub.osci.schema import find_schemas
from osci_stub.osci.text import canonical
from osci_stub.xml import parse
from tests.integration.command import ROOT
from tests.integration.osci_vectors import VECTORS, messages, opened, outline, party, schema, vector
from tests.shared import needs_shared

SIGNER = "SignatureCertificateOriginator"
SUPPLIER = "SignatureCertificateIntermediary"
XMELD = b'<?xml version="1.0" encoding="UTF-8"?><test>M\xc3\xbcller</test>'


def signer_of(message: Received) -> str:
    """The role that signs a message of its type."""
    by_originator = not message.type.startswith("ResponseTo") and message.type != "ProcessDelivery"
    return SIGNER if by_originator or message.type == "ResponseToProcessDelivery" else SUPPLIER


@needs_shared
@pytest.mark.parametrize("name", messages())
def test_every_message_of_the_library_opens_and_its_signature_holds(name: str) -> None:
    message = opened(vector(name))
    assert message.verify(signer_of(message))
    assert schema(message.type).validate(message.envelope)


@needs_shared
@pytest.mark.parametrize("name", [name for name in messages() if "Delivery" in name and "Attachment" not in name])
def test_every_content_of_the_library_opens_and_its_author_is_known(name: str) -> None:
    message = opened(vector(name))
    if message.body.find("{*}ContentPackage") is None:
        return
    answer = message.type.startswith("ResponseTo")
    reader, author = ("authority", "gateway") if answer else ("gateway", "authority")
    content = open_content(message, party(reader).cipher, must_be_encrypted=False)
    assert content.author == party(author).signature.certificate
    assert etree.fromstring(content.nachricht) is not None


@needs_shared
@pytest.mark.parametrize("name", sorted(file.name for file in VECTORS.glob("e2e/intermed/*.xml")))
def test_every_envelope_of_the_test_intermediary_is_signed(name: str) -> None:
    message = read(mime.write(mime.Mime(vector(f"e2e/intermed/{name}"))))
    assert message.verify(signer_of(message))


@needs_shared
@pytest.mark.parametrize(
    "name",
    [
        "InitDialog",
        "ExitDialog",
        "GetMessageId",
        "MediateDelivery",
        "StoreDelivery",
        "FetchDelivery",
        "ProcessDelivery",
    ],
)
def test_a_message_written_anew_has_the_librarys_outline(name: str) -> None:
    model = opened(vector(f"{name}.plain.mime"))
    written = parse(envelope(draft_of(model), Signer(key_of(model), signer_of(model), PSS_SHA256)))
    assert list(outline(written)) == list(outline(model.envelope))
    assert schema(name).validate(written)


@needs_shared
def test_an_answer_written_anew_has_the_librarys_outline() -> None:
    model = opened(vector("ResponseToProcessDelivery.plain.mime"))
    written = parse(envelope(draft_of(model), Signer(party("gateway").signature, SIGNER, PSS_SHA256)))
    assert list(outline(written)) == list(outline(model.envelope))


@needs_shared
def test_a_transport_envelope_has_the_librarys_outline_and_parts() -> None:
    model = mime.read(vector("InitDialog.encrypted.mime"))
    written = mime.read(encrypt(vector("InitDialog.plain.mime"), party("intermediary").cipher.certificate))
    assert list(outline(parse(written.envelope))) == list(outline(parse(model.envelope)))
    assert list(written.parts) == list(model.parts)
    assert schema("MessageEncrypted").validate(parse(written.envelope))


@needs_shared
def test_mime_is_written_byte_by_byte_as_the_library_does() -> None:
    model = vector("MediateDelivery.plain.mime")
    boundary = model.split(b"boundary=")[1].split(b";")[0]
    written = mime.write(mime.read(model))
    assert written.replace(written.split(b"boundary=")[1].split(b";")[0], boundary) == model


@needs_shared
def test_what_is_written_is_canonical_where_it_stands() -> None:
    written = envelope(draft_of(opened(vector("InitDialog.plain.mime"))), None)
    for block in parse(written).find("{*}Header").iterchildren("*"):
        assert canonical(block) in written


def draft_of(model: Received) -> Draft:
    """The same message to be written: its words and certificates, a content of its own."""
    roles = ["CipherCertificateOriginator", "CipherCertificateAddressee", SIGNER]
    roles += ["CipherCertificateIntermediary", SUPPLIER]
    named = [Named(role, found) for role in roles if (found := model.certificate(role)) is not None]
    reader = model.certificate("CipherCertificateAddressee")
    has_package = model.body.find("{*}ContentPackage") is not None
    words = "".join(_text(child) for child in model.payload)
    return Draft(
        model.type,
        model.control,
        words,
        package(container(XMELD, Author(key_of(model), method=PSS_SHA256)), reader) if has_package else "",
        certificates=[one for one in named if one.element != signer_of(model)],
        timed=model.header.find("{*}QualityOfTimestamp") is not None,
        features=model.header.find("{*}FeatureDescription") is not None,
    )


def key_of(model: Received):
    return party("intermediary" if model.type == "ProcessDelivery" else "authority").signature


def _text(node: etree._Element) -> str:
    return canonical(node).decode()


@needs_shared
def test_the_projects_schemas_take_what_the_stub_writes() -> None:
    schemas = find_schemas()
    if schemas is None:
        pytest.skip("the project's OSCI schemas are absent")
    written = envelope(draft_of(opened(vector("MediateDelivery.plain.mime"))), None)
    assert schemas.complaint("MediateDelivery", parse(written)) is None


def test_a_soap_fault_tells_its_code() -> None:
    with pytest.raises(FaultReceived, match="9400"):
        read(soap_fault("9400"))
    with pytest.raises(FaultReceived, match="9000"):
        read(b"\r\n" + soap_fault("9000"))  # the library begins with an empty line


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<soap:Envelope/>",
        b"MIME-Version: 1.0\r\nContent-Type: text/xml\r\n\r\n<a/>",
        b"Content-Type: Multipart/Related; boundary=x\r\n\r\n--x\r\nContent-ID: <a>\r\n\r\nA\r\n--x--",
        soap_fault("9000").rpartition(b"--MIME")[0],
        soap_fault("9000").replace(b"<osci@message>", b"osci@message"),
        soap_fault("9000").replace(b"8bit", b"quoted-printable"),
        soap_fault("9000").replace(b"<soap:Body>", b"<soap:Body"),
    ],
)
def test_what_is_no_osci_message_is_9100(data: bytes) -> None:
    with pytest.raises(Refused, match="9100"):
        read(data)


@needs_shared
@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"<osci:initDialog>", b"<osci:initDialog> ", "9601"),
        (b'Id="desiredlanguages"', b'Id="other"', "9602"),
        (b' Id="body"', b"", "9602"),
        (b'URI="#body"', b'URI="#controlblock"', "9602"),
        (b'Id="featuredescription"', b'Id="featuredescription" id="body"', "9601"),
        (b"#sha256-rsa-MGF1", b"#sha1-rsa-MGF1", "9601"),
        (b'RetrievalMethod URI="#originator_signature', b'RetrievalMethod URI="#originator_cipher', "9601"),
        (b"ClientSignature", b"SupplierSignature", "9600"),
    ],
)
def test_a_message_altered_after_signing_is_refused(old: bytes, new: bytes, code: str) -> None:
    data = vector("InitDialog.plain.mime")
    assert old in data
    with pytest.raises(Refused, match=code):
        read(data.replace(old, new)).verify(SIGNER)


@needs_shared
def test_an_attachment_that_was_altered_or_added_is_refused() -> None:
    data = vector("StoreDeliveryAttachment.plain.mime")
    message = read(data)
    for parts in ({"att1.bin": b"other"}, {}, {**message.parts, "more.bin": b""}):
        with pytest.raises(Refused, match=r"960[12]"):
            Received(message.type, message.envelope, parts).verify(SIGNER)


@needs_shared
def test_a_message_for_another_certificate_is_9200_and_a_broken_one_9202() -> None:
    data = vector("ProcessDelivery.encrypted.mime")
    with pytest.raises(Refused, match="9200"):
        read(data, party("authority").cipher)
    message = mime.read(data)
    broken = mime.Mime(message.envelope, {cid: part[:-1] + b"x" for cid, part in message.parts.items()})
    with pytest.raises(Refused, match="9202"):
        read(mime.write(broken), party("gateway").cipher)


def test_the_osci_half_stands_without_spyne() -> None:
    code = "import sys, osci_stub.kommandos; sys.exit('spyne' in sys.modules or 'signxml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
