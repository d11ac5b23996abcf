"""Writes messages in canonical form, block by block as the reference library does.

Each header block declares all of the envelope's namespaces itself, in canonical order, and no tag closes itself. So the
bytes that are hashed are the bytes that are sent, and nothing has to be canonicalised.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import pybase64
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.envelope.osci import feedback, mime, names, signature
from gateway.envelope.osci.canonical import wrapped
from gateway.envelope.osci.message import ControlBlock
from gateway.envelope.osci.names import ACTOR_NONE, DS, OSCI, OSCI_7, SOAP, SOAP_NEXT, XENC, XSI, schema_location
from gateway.envelope.osci.policy import OsciPolicy
from gateway.envelope.osci.signature import Signed
from gateway.envelope.signer import Identity
from gateway.envelope.zertifikate import fingerprint

#: What an envelope, each header block and a content container declare, in canonical order.
NAMESPACES = f'xmlns:ds="{DS}" xmlns:osci="{OSCI}" xmlns:soap="{SOAP}" xmlns:xenc="{XENC}" xmlns:xsi="{XSI}"'

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 § 2.2
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_IN_ATTRIBUTE = str.maketrans({"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"})
_FEATURES = (  # of the library whose forms we read and write, by its own names
    ("DisableBase64", "1.2.0"),
    ("OAEPEncryption", "1.6.0"),
    ("GCMPaddingModus", "1.7.0"),
    ("Support96Bit12ByteIV", "1.9.0"),
)
_WHO = {  # role of a certificate → how its Id begins
    "Originator": "originator",
    "OtherAuthor": "author",
    "Addressee": "addressee",
    "OtherReader": "reader",
    "Intermediary": "intermed",
}
_INTERMEDIARY = "Intermediary"


@dataclass(frozen=True)
class RoleCertificate:
    """A certificate in its role, named as its element: `SignatureCertificateOriginator`."""

    role: str
    certificate: x509.Certificate

    @property
    def id(self) -> str:
        """As the library forms it: who, for what, SHA-256 of the DER."""
        usage, _, who = self.role.partition("Certificate")
        return f"{_WHO[who]}_{usage.lower()}_{fingerprint(self.certificate)}"


@dataclass(frozen=True)
class Outgoing:
    """What a message says. `payload` and `package` are XML in canonical form, made by `child` and `content.seal`."""

    message_type: str
    control: ControlBlock
    certificates: tuple[RoleCertificate, ...]  # in the order of the schema
    signer_role: str  # the one of them whose key signs
    payload: str = ""  # inside of the payload element
    package: str | None = field(default=None, repr=False)  # inside of the ContentPackage; None: there is none
    timestamps: bool = False  # ask for plain timestamps in the process card: only with a MessageId
    features: bool = False  # say what we can: clients do
    attachments: tuple[mime.Part, ...] = ()


def child(name: str, text: str = "", **attributes: str) -> str:
    """An element of OSCI's namespace with text, and attributes that must come sorted by name."""
    return element(name, escaped(text), **attributes)


def element(name: str, content: str, **attributes: str) -> str:
    """The same around XML in canonical form."""
    written = "".join(f' {key}="{_plain(value).translate(_IN_ATTRIBUTE)}"' for key, value in attributes.items())
    return f"<osci:{name}{written}>{content}</osci:{name}>"


def escaped(text: str) -> str:
    """Text as canonical XML writes it; characters that XML does not know are left out."""
    return _plain(text).translate(_IN_TEXT)


def encoded(name: str, value: bytes) -> str:
    """A base64 element on one line, as identifiers are written."""
    return child(name, pybase64.b64encode(value).decode("ascii"))


def feedback_rows(entries: Iterable[feedback.Entry]) -> str:
    """The Feedback of an answer's payload."""
    rows = "".join(
        f'<osci:Entry xml:lang="{row.language}">{child("Code", row.code)}{child("Text", row.text)}</osci:Entry>'
        for row in entries
    )
    return element("Feedback", rows)


def compose(outgoing: Outgoing, signer: Identity | None, policy: OsciPolicy) -> bytes:
    """The MIME message, signed by `signer`; not yet encrypted for the transport.

    `signer` is None for messages that nobody signs. Raises ConfigError where its key is not RSA.
    """
    request = not outgoing.message_type.startswith("ResponseTo")
    blocks = {
        "controlblock": _control_block(outgoing.control),
        **(_languages() if request else {}),
        **(_timestamps() if outgoing.timestamps else {}),
        **_payload(outgoing),
        **_certificate_blocks(outgoing.certificates),
        **(_feature_block() if outgoing.features else {}),
    }
    body, canonical_body = _body(outgoing)
    if signer is None:
        signed = ""
    else:
        parts = [
            Signed(f"#{name}", names.C14N, text.encode()) for name, text in (*blocks.items(), ("body", canonical_body))
        ]
        parts += [Signed(f"cid:{part.content_id}", "", part.data) for part in outgoing.attachments]
        certificate_id = next(entry.id for entry in outgoing.certificates if entry.role == outgoing.signer_role)
        signed = _signature_block(
            "ClientSignature" if request else "SupplierSignature",
            signature.create(parts, signer, certificate_id, NAMESPACES, policy),
        )
    control, *rest = blocks.values()
    envelope = (
        f'<?xml version="1.0" encoding="UTF-8"?>\r\n\r\n<soap:Envelope {NAMESPACES}'
        f' xsi:schemaLocation="{schema_location(outgoing.message_type)}"><soap:Header>{control}{signed}{"".join(rest)}'
        f"</soap:Header>{body}</soap:Envelope>"
    )
    return mime.write(envelope.encode("utf-8"), outgoing.attachments)


def soap_fault(code: str, text: str) -> bytes:
    """The MIME message of a SOAP fault, which is told from others by having no xsi:schemaLocation."""
    whose = "Server" if code in ("9000", "9503") else "Client"
    envelope = (
        f'<?xml version="1.0" encoding="UTF-8"?>\r\n\r\n<soap:Envelope xmlns:osci="{OSCI}" xmlns:soap="{SOAP}">'
        f"<soap:Body><soap:Fault><faultcode>soap:{whose}</faultcode><faultstring>{escaped(text)}</faultstring>"
        f"<detail><osci:Code>{code}</osci:Code></detail></soap:Fault></soap:Body></soap:Envelope>"
    )
    return mime.write(envelope.encode("utf-8"))


def _plain(text: str) -> str:
    return _NOT_XML.sub("", text)


def _block(name: str, content: str, actor: str = SOAP_NEXT, **attributes: str | None) -> str:
    """A header block; its Id is its name in lower case unless one is given. Attributes stand in canonical order."""
    attributes.setdefault("Id", name.lower())
    written = " ".join(f'{key}="{value}"' for key, value in sorted(attributes.items()) if value is not None)
    return f'<osci:{name} {NAMESPACES} {written} soap:actor="{actor}" soap:mustUnderstand="1">{content}</osci:{name}>'


def _control_block(control: ControlBlock) -> str:
    content = "".join(
        child(name, value)
        for name, value in (("Response", control.response), ("Challenge", control.challenge))
        if value is not None
    )
    return _block("ControlBlock", content, ConversationId=control.conversation, SequenceNumber=control.sequence)


def _signature_block(name: str, content: str) -> str:
    """The one block that is not signed, and therefore declares nothing, as the library writes it."""
    return f'<osci:{name} Id="{name.lower()}" soap:actor="{SOAP_NEXT}" soap:mustUnderstand="1">{content}</osci:{name}>'


def _languages() -> dict[str, str]:
    return {"desiredlanguages": _block("DesiredLanguages", "", LanguagesList="de")}


def _timestamps() -> dict[str, str]:
    names_by_service = {service: f"qualityoftimestamp_{service}" for service in ("creation", "reception")}
    return {
        name: _block("QualityOfTimestamp", "", Id=name, Quality="plain", Service=service)
        for service, name in names_by_service.items()
    }


def _payload(outgoing: Outgoing) -> dict[str, str]:
    if outgoing.message_type in names.IN_BODY:
        return {}
    name = names.payload_name(outgoing.message_type)
    return {name.lower(): _block(name, outgoing.payload)}


def _certificate_blocks(certificates: Iterable[RoleCertificate]) -> dict[str, str]:
    written = {"IntermediaryCertificates": "", "NonIntermediaryCertificates": ""}
    for entry in certificates:
        block = "IntermediaryCertificates" if entry.role.endswith(_INTERMEDIARY) else "NonIntermediaryCertificates"
        der = wrapped(entry.certificate.public_bytes(Encoding.DER))
        written[block] += (
            f'<osci:{entry.role} Id="{entry.id}"><ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate>'
            f"</ds:X509Data></osci:{entry.role}>"
        )
    return {name.lower(): _block(name, content, actor=ACTOR_NONE) for name, content in written.items() if content}


def _feature_block() -> dict[str, str]:
    """Declares one more namespace than the others, in its place among them."""
    declared = NAMESPACES.replace(' xmlns:soap="', f' xmlns:osci2017="{OSCI_7}" xmlns:soap="')
    features = "".join(
        f'<osci2017:Feature Key="{key}" Version="{version}"></osci2017:Feature>' for key, version in _FEATURES
    )
    return {
        "featuredescription": (
            f'<osci2017:FeatureDescription {declared} Id="featuredescription"><osci2017:SupportedFeatures>{features}'
            "</osci2017:SupportedFeatures></osci2017:FeatureDescription>"
        )
    }


def _body(outgoing: Outgoing) -> tuple[str, str]:
    """The Body as it is sent and in canonical form.

    They differ in what the library does as well: the content, which intermediaries carry from one message to the next,
    declares its namespaces although the Body has declared them.
    """
    if outgoing.message_type in names.IN_BODY:
        content = element(names.payload_name(outgoing.message_type), outgoing.payload)
    else:
        content = "" if outgoing.package is None else element("ContentPackage", outgoing.package)
    sent, canonical = (
        f'<soap:Body {NAMESPACES} Id="body">{written}</soap:Body>'
        for written in (content, content.replace(f" {NAMESPACES}", ""))
    )
    return sent, canonical
