"""An OSCI message, read: what kind it is, its dialog block, its certificates, its answer codes, its signature.

Reading has three steps, and each hands on only what the one before has let through: `opened` finds the envelope (and
decrypts the transport), `read` holds it against its schema and takes it apart, `check_signature` verifies it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from cryptography import x509

from gateway.envelope.osci import encryption, mime, names, signature
from gateway.envelope.osci.canonical import REQUEST, children, unwrapped
from gateway.envelope.osci.feedback import Entry
from gateway.envelope.osci.mime import Mime
from gateway.envelope.osci.names import ENCRYPTED, OSCI, SOAP, XSI, Element, local_name, tag
from gateway.envelope.osci.policy import OsciPolicy
from gateway.envelope.osci.schema import OsciSchemas
from gateway.envelope.osci.signature import Signed
from gateway.envelope.parse import Limits, parse
from gateway.envelope.signer import Identity
from gateway.errors import Fault, FaultCode

_ENVELOPE, _HEADER, _BODY = (tag(SOAP, name) for name in ("Envelope", "Header", "Body"))
_LOCATION = tag(XSI, "schemaLocation")
_CONTROL, _RESPONSE, _CHALLENGE = (tag(OSCI, name) for name in ("ControlBlock", "Response", "Challenge"))
_SIGNATURES = (tag(OSCI, "ClientSignature"), tag(OSCI, "SupplierSignature"))
_CERTIFICATES = (tag(OSCI, "IntermediaryCertificates"), tag(OSCI, "NonIntermediaryCertificates"))
_PACKAGE = tag(OSCI, "ContentPackage")
_FEEDBACK, _CODE, _TEXT, _MESSAGE_ID, _FAULT = (
    *(tag(OSCI, name) for name in ("Feedback", "Code", "Text", "MessageId")),
    tag(SOAP, "Fault"),
)
_LANGUAGE = tag(names.XML, "lang")
_X509 = f".//{tag(names.DS, 'X509Certificate')}"
_MAX_CERTIFICATES = 32
_MAX_BLOCKS = 32  # each is canonicalised with all namespaces of the envelope


@dataclass(frozen=True)
class ControlBlock:
    """Where in a dialog the message stands; which parts there must be depends on its type."""

    challenge: str | None = None
    response: str | None = None
    conversation: str | None = None
    sequence: str | None = None


@dataclass(frozen=True)
class CertificateEntry:
    """A certificate of the message. `role` is its element's name, as in `CipherCertificateAddressee`."""

    role: str
    id: str
    der: bytes = field(repr=False)


@dataclass(frozen=True)
class OpenedEnvelope:
    """A parsed envelope of a known type. `iv_length`: of the transport envelope that it came in, if it did."""

    message_type: str
    root: Element = field(repr=False)
    mime: Mime = field(repr=False)
    iv_length: int | None = None

    @property
    def encrypted(self) -> bool:
        return self.iv_length is not None


@dataclass(frozen=True)
class Message:
    """A message valid by the schema of its type. Nothing in it is believed before `check_signature`.

    `iv_length`: of the transport envelope that it came in, if it did.
    """

    message_type: str
    iv_length: int | None
    control: ControlBlock
    certificates: tuple[CertificateEntry, ...]
    payload: Element = field(repr=False)  # processDelivery, responseToInitDialog ...
    package: Element | None = field(repr=False)  # the ContentPackage
    root: Element = field(repr=False)
    mime: Mime = field(repr=False)

    @property
    def encrypted(self) -> bool:
        return self.iv_length is not None

    def certificate(self, *roles: str, uri: str | None = None) -> CertificateEntry | None:
        """The first certificate with one of `roles`, and, where given, with the Id that `uri` ("#...") names."""
        for entry in self.certificates:
            if entry.role in roles and (uri is None or uri == f"#{entry.id}"):
                return entry
        return None

    @property
    def feedback(self) -> tuple[Entry, ...]:
        """The rows of an answer's Feedback; a request has none."""
        entries = self.payload.find(_FEEDBACK)
        return tuple(
            Entry(entry.findtext(_CODE, "").strip(), entry.findtext(_TEXT, ""), entry.get(_LANGUAGE, ""))
            for entry in (() if entries is None else entries)
        )

    @property
    def message_id(self) -> bytes | None:
        """The MessageId that the payload carries, without its base64."""
        return self.decoded("MessageId")

    def decoded(self, name: str) -> bytes | None:
        """The base64 child `name` of the payload; None where there is none."""
        element = self.payload.find(tag(OSCI, name))
        return None if element is None else unwrapped(element, FaultCode.OSCI_SCHEMA_INVALID)


@dataclass(frozen=True)
class SoapFault:
    """An OSCI message that is a SOAP fault: it is not signed, so it proves nothing, encrypted or not."""

    code: str  # four digits, "" where there is none
    text: str


def opened(
    data: bytes,
    cipher: Identity,
    policy: OsciPolicy,
    schemas: OsciSchemas,
    limits: Limits = REQUEST,
) -> OpenedEnvelope | SoapFault:
    """The envelope in an HTTP body, decrypted where it is encrypted for `cipher`.

    Raises Fault of `mime.read`, `parse`, `encryption.open_transport`; NOT_OSCI where there is no known schemaLocation,
    OSCI_SCHEMA_INVALID where a transport envelope breaks its schema.
    """
    message = mime.read(data)
    root = parse(message.envelope, limits)
    outer = _told_apart(root, message, None)
    if isinstance(outer, SoapFault) or outer.message_type != ENCRYPTED:
        return outer
    _check_schema(root, ENCRYPTED, schemas)
    transport = encryption.read_transport(root, policy)
    inner = mime.read(encryption.open_transport(transport, message, cipher))
    return _told_apart(parse(inner.envelope, limits), inner, transport.iv_length)


def _told_apart(root: Element, message: Mime, iv_length: int | None) -> OpenedEnvelope | SoapFault:
    if root.tag == _ENVELOPE and _LOCATION not in root.attrib:
        return _soap_fault(root)
    return OpenedEnvelope(_message_type(root), root, message, iv_length)


def _message_type(root: Element) -> str:
    if root.tag != _ENVELOPE or root.nsmap.get("xsi") != XSI:
        raise Fault(FaultCode.NOT_OSCI, "no SOAP Envelope with an xsi:schemaLocation")
    found = names.message_type(root.get(_LOCATION, ""))
    if found is None:
        raise Fault(FaultCode.NOT_OSCI, "xsi:schemaLocation is not one of OSCI-Transport 1.2, to the letter")
    return found


def _soap_fault(root: Element) -> SoapFault:
    fault = root.find(f"{_BODY}/{_FAULT}")
    if fault is None:
        raise Fault(FaultCode.NOT_OSCI, "the Envelope has no xsi:schemaLocation")
    code = (fault.findtext(f"detail/{_CODE}") or "").strip()
    known = len(code) == 4 and code.isascii() and code.isdigit()
    return SoapFault(code if known else "", fault.findtext("faultstring") or "")


def _check_schema(root: Element, message_type: str, schemas: OsciSchemas) -> None:
    if message_type not in schemas.types:
        raise Fault(FaultCode.NOT_OSCI, "the message's type has no schema here")
    violation = schemas.violation(message_type, root)
    if violation is not None:
        raise Fault(FaultCode.OSCI_SCHEMA_INVALID, violation)


def check_type(envelope: OpenedEnvelope, expected: Collection[str]) -> None:
    """Raises Fault NOT_OSCI unless the message's type is one of `expected`."""
    if envelope.message_type not in expected:
        raise Fault(FaultCode.NOT_OSCI, "the message is of a type that is not expected here")


def read(envelope: OpenedEnvelope, expected: Collection[str], schemas: OsciSchemas) -> Message:
    """The message, whose type must be one of `expected`. Raises Fault NOT_OSCI or OSCI_SCHEMA_INVALID."""
    check_type(envelope, expected)
    root = envelope.root
    _check_schema(root, envelope.message_type, schemas)
    header, body = children(root, FaultCode.OSCI_SCHEMA_INVALID, _HEADER, _BODY)
    place = body if envelope.message_type in names.IN_BODY else header
    payload = place.find(tag(OSCI, names.payload_name(envelope.message_type)))
    if payload is None:
        raise Fault(FaultCode.OSCI_SCHEMA_INVALID, "an element is missing that its type demands")
    return Message(
        message_type=envelope.message_type,
        iv_length=envelope.iv_length,
        control=control_block(root),
        certificates=_certificates(header),
        payload=payload,
        package=body.find(_PACKAGE),
        root=root,
        mime=envelope.mime,
    )


def control_block(root: Element) -> ControlBlock:
    """The dialog block of an envelope, whether it keeps to its schema or not; empty where there is none."""
    element = root.find(f"{_HEADER}/{_CONTROL}")
    if element is None:
        return ControlBlock()
    return ControlBlock(
        challenge=element.findtext(_CHALLENGE),
        response=element.findtext(_RESPONSE),
        conversation=element.get("ConversationId"),
        sequence=element.get("SequenceNumber"),
    )


def _certificates(header: Element) -> tuple[CertificateEntry, ...]:
    entries: list[CertificateEntry] = []
    for block in header.iterchildren(*_CERTIFICATES):
        for element in block:
            values = element.findall(_X509)
            if len(values) != 1 or len(entries) == _MAX_CERTIFICATES:
                raise Fault(FaultCode.OSCI_SCHEMA_INVALID, "one certificate in each element, and not too many")
            der = unwrapped(values[0], FaultCode.CERTIFICATE_INVALID)
            entries.append(CertificateEntry(local_name(element), element.get("Id", ""), der))
    return tuple(entries)


def check_signature(
    message: Message,
    signer_role: str,
    policy: OsciPolicy,
    believe: Callable[[CertificateEntry], object] | None = None,
) -> CertificateEntry:
    """The certificate in `signer_role` whose key has signed the whole message, each part in its own place.

    `believe` is asked, and may raise, before anything is computed that costs more the larger the message is: strangers
    shall not make us work. Raises Fault NOT_SIGNED, INVALID_SECURITY, UNSUPPORTED_ALGORITHM, WRONG_COVERAGE,
    SIGNATURE_INVALID or CERTIFICATE_INVALID.
    """
    header, body = message.root[0], message.root[1]
    if len(header) > _MAX_BLOCKS:
        raise Fault(FaultCode.INVALID_SECURITY, f"more than {_MAX_BLOCKS} header blocks")
    _check_ids(message.root)
    blocks = list(header.iterchildren(*_SIGNATURES))
    if not blocks:
        raise Fault(FaultCode.NOT_SIGNED)
    signatures = list(message.root.iter(_SIGNATURES))
    if len(blocks) != 1 or len(signatures) != 1:
        raise Fault(FaultCode.INVALID_SECURITY, "more than one signature of the message")
    (element,) = children(blocks[0], FaultCode.INVALID_SECURITY, signature.SIGNATURE)
    entry = message.certificate(signer_role, uri=signature.signer_uri(element))
    if entry is None:
        raise Fault(FaultCode.INVALID_SECURITY, f"RetrievalMethod does not lead to the {signer_role}")
    if believe is not None:
        believe(entry)
    parts = [_signed(part) for part in (*header, body) if part is not blocks[0]]
    parts += [Signed(f"cid:{part.content_id}", "", part.data) for part in message.mime.attachments]
    signature.verify(element, {part.uri: part for part in parts}, loaded(entry), policy)
    return entry


def _signed(part: Element) -> Signed:
    name = part.get("Id")
    if not name:
        raise Fault(FaultCode.WRONG_COVERAGE, f"{local_name(part)} has no Id, so it cannot be signed")
    return Signed(f"#{name}", names.C14N, part)


def _check_ids(root: Element) -> None:
    """Every attribute called Id, in whatever case and namespace, is unique in the message."""
    seen: set[str] = set()
    for element in root.iter():
        for name, value in element.attrib.items():
            if str(name).rpartition("}")[2].lower() != "id":
                continue
            if value in seen:
                raise Fault(FaultCode.INVALID_SECURITY, "an Id occurs twice")
            seen.add(str(value))


def loaded(entry: CertificateEntry) -> x509.Certificate:
    """The certificate, readable but not yet believed. Raises Fault CERTIFICATE_INVALID."""
    try:
        certificate = x509.load_der_x509_certificate(entry.der)
        certificate.public_key()
    except Exception as error:  # whatever a hostile certificate makes of the parser
        raise Fault(FaultCode.CERTIFICATE_INVALID, "the certificate cannot be read") from error
    return certificate
