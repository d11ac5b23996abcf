"""A message as it came: opened, its type known, and what it says."""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cryptography import x509
from lxml import etree

from osci_stub.keys import Signatory
from osci_stub.osci import mime
from osci_stub.osci.certificates import der
from osci_stub.osci.encryption import ENCRYPTED_DATA, certificate_in, decrypt, recipients
from osci_stub.osci.names import ENCRYPTED, IN_HEADER, NS, OSCI, SOAP, TYPES, XSI, payload
from osci_stub.osci.refused import Entry, FaultReceived, Refused
from osci_stub.osci.signature import Reference, key_reference, verify
from osci_stub.osci.text import canonical
from osci_stub.xml import XmlRefused, parse

SIGNATURES = {"client": f"{{{OSCI}}}ClientSignature", "supplier": f"{{{OSCI}}}SupplierSignature"}


@dataclass(frozen=True)
class Control:
    """The dialog block; each None where it is absent."""

    response: str | None = None
    challenge: str | None = None
    conversation: str | None = None
    sequence: str | None = None


@dataclass(frozen=True)
class Received:
    """`type` is a message type without "soap"; `encrypted` whether it came in a transport envelope."""

    type: str
    envelope: etree._Element
    parts: Mapping[str, bytes] = field(default_factory=dict)
    encrypted: bool = False

    @property
    def header(self) -> etree._Element:
        return _only(self.envelope, "soap:Header")

    @property
    def body(self) -> etree._Element:
        return _only(self.envelope, "soap:Body")

    @property
    def payload(self) -> etree._Element:
        """The element that stands for the message. Raises Refused 9300 where it is not in its place."""
        place = self.header if IN_HEADER[self.type] else self.body
        return _only(place, f"osci:{payload(self.type)}")

    @property
    def control(self) -> Control:
        block = _only(self.header, "osci:ControlBlock")
        return Control(
            response=block.findtext("osci:Response", None, NS),
            challenge=block.findtext("osci:Challenge", None, NS),
            conversation=block.get("ConversationId"),
            sequence=block.get("SequenceNumber"),
        )

    @property
    def feedback(self) -> tuple[Entry, ...]:
        entries = self.payload.iterfind("osci:Feedback/osci:Entry", NS)
        return tuple(
            Entry(entry.findtext("osci:Code", "", NS) or "", entry.findtext("osci:Text", "", NS) or "")
            for entry in entries
        )

    def text(self, path: str) -> str | None:
        """Text below the payload element."""
        return self.payload.findtext(path, None, NS)

    def message_id(self, path: str = "osci:MessageId") -> str | None:
        """The MessageId as decoded text. Raises Refused 9300."""
        value = self.text(path)
        if value is None:
            return None
        try:
            return b64decode("".join(value.split()), validate=True).decode()
        except ValueError:
            raise Refused("9300", "a MessageId that is not base64") from None

    def certificate(self, element: str) -> x509.Certificate | None:
        """The certificate in a role, None where there is none. Raises Refused 9300 for one that cannot be read."""
        found = self.header.findall(f"*/osci:{element}", NS)
        if len(found) != 1:
            return None
        certificate = certificate_in(found[0])
        if certificate is None:
            raise Refused("9300", "a certificate that cannot be read")
        return certificate

    def by_id(self, identifier: str) -> etree._Element | None:
        """The certificate element with an Id."""
        found = [one for one in self.header.iterfind("*/*") if one.get("Id") == identifier]
        return found[0] if len(found) == 1 else None

    def verify(self, signed_by: str) -> x509.Certificate:
        """The signer's certificate, when the message is signed as a whole by the holder of role `signed_by`.

        `signed_by` is the element of the certificate, such as SignatureCertificateOriginator. Raises Refused 9600,
        9601 or 9602.
        """
        side = SIGNATURES["supplier" if self.type.startswith("ResponseTo") else "client"]
        blocks = self.header.findall(side)
        if not blocks:
            raise Refused("9600", "no signature over the message")
        signatures = blocks[0].findall("ds:Signature", NS)
        if len(blocks) > 1 or len(signatures) != 1:
            raise Refused("9601", "more than one signature")
        certificate = self.certificate(signed_by)
        named = self.by_id(key_reference(signatures[0]) or "")
        if certificate is None or named is None or named.tag != f"{{{OSCI}}}{signed_by}":
            raise Refused("9601", f"the signature does not name {signed_by}")
        verify(signatures[0], self._signable(side), certificate)
        return certificate

    def _signable(self, side: str) -> Mapping[str, Reference]:
        """Every header block but the signature's, the Body, every attachment; each Id once in the whole document."""
        identifiers = list(_ids(self.envelope))
        if len(set(identifiers)) != len(identifiers):
            raise Refused("9601", "an Id occurs twice")
        nodes = [node for node in self.header.iterchildren("*") if node.tag != side]
        nodes.append(self.body)
        if any(node.get("Id") is None for node in nodes):
            raise Refused("9602", "a part without an Id")
        references = [Reference(f"#{node.get('Id')}", canonical(node)) for node in nodes]
        references += [Reference(f"cid:{cid}", content, None) for cid, content in self.parts.items()]
        return {reference.uri: reference for reference in references}


def read(data: bytes, cipher: Signatory | None = None) -> Received:
    """The message in `data`; with `cipher` it may be encrypted for that key.

    Raises Refused (9100, 9200, 9202, 9300) for what cannot be understood, FaultReceived for a SOAP fault.
    """
    outer = _parsed(data)
    if outer.type != ENCRYPTED:
        return outer
    if cipher is None:
        raise Refused("9200", "an encrypted message where none can be opened")
    inner = _parsed(_opened(outer, cipher))
    if inner.type == ENCRYPTED:
        raise Refused("9100", "an encrypted message in an encrypted message")
    return Received(inner.type, inner.envelope, inner.parts, encrypted=True)


def _parsed(data: bytes) -> Received:
    message = mime.read(data)
    try:
        envelope = parse(message.envelope)
    except XmlRefused as error:
        raise Refused("9100", str(error)) from None
    if envelope.tag != f"{{{SOAP}}}Envelope":
        raise Refused("9100", "not a SOAP envelope")
    location = envelope.get(f"{{{XSI}}}schemaLocation")
    if location is None:
        code = envelope.findtext("soap:Body/soap:Fault/detail/osci:Code", None, NS)
        if code is not None:
            raise FaultReceived(code.strip())
    if location is None or location not in TYPES:
        raise Refused("9100", "xsi:schemaLocation names no message type")
    return Received(TYPES[location], envelope, message.parts)


def _opened(outer: Received, cipher: Signatory) -> bytes:
    data = outer.body.findall(ENCRYPTED_DATA)
    keys = recipients(data[0]) if len(data) == 1 else []
    if len(keys) != 1:
        raise Refused("9100", "not exactly one EncryptedData with one key")
    certificate = certificate_in(keys[0])
    if certificate is None or der(certificate) != der(cipher.certificate):
        raise Refused("9200", "encrypted for another certificate")
    return decrypt(data[0], keys[0], cipher, outer.parts.get)


def _only(parent: etree._Element, path: str) -> etree._Element:
    found = parent.findall(path, NS)
    if len(found) != 1:
        raise Refused("9300", f"not exactly one {path}")
    return found[0]


def _ids(root: etree._Element) -> Iterator[str]:
    for node in root.iter("*"):
        for name, value in node.items():
            if etree.QName(name).localname.lower() == "id":
                yield str(value)
