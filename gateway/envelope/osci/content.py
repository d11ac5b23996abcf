"""The content of a delivery: one XMeld message, signed by its author, then encrypted for its reader.

The package may hold much more by its schema. What does not hold exactly one container with exactly one message under
exactly one signature is refused: of two messages nobody could say which one was meant.
"""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.serialization import Encoding

from gateway.envelope.osci import encryption, names, signature
from gateway.envelope.osci.canonical import children, unwrapped, wrapped
from gateway.envelope.osci.compose import NAMESPACES, RoleCertificate
from gateway.envelope.osci.encryption import ENCRYPTED_DATA, EncryptedData
from gateway.envelope.osci.message import CertificateEntry, Message, loaded
from gateway.envelope.osci.names import OSCI, Element, tag
from gateway.envelope.osci.policy import OsciPolicy
from gateway.envelope.osci.signature import Signed
from gateway.envelope.signer import Identity
from gateway.errors import Fault, FaultCode

_CONTAINER, _CONTENT, _BASE64 = (tag(OSCI, name) for name in ("ContentContainer", "Content", "Base64Content"))
_AUTHORS = ("SignatureCertificateOriginator", "SignatureCertificateOtherAuthor")
_READERS = ("CipherCertificateAddressee", "CipherCertificateOtherReader")
_CODE = FaultCode.CONTENT_INVALID


@dataclass(frozen=True)
class Inhalt:
    """The message and the certificate whose key has signed it. Whether that is believed is the caller's question.

    `iv_length`: of its encryption, if it was encrypted.
    """

    nachricht: bytes = field(repr=False)
    author: CertificateEntry
    iv_length: int | None

    @property
    def encrypted(self) -> bool:
        return self.iv_length is not None


def open_content(message: Message, cipher: Identity, policy: OsciPolicy) -> Inhalt:
    """The one message in the package of `message`.

    Raises Fault CONTENT_INVALID for another form, for what is not encrypted for `cipher` (or not at all, unless the
    policy allows it) or cannot be decrypted; AUTHOR_SIGNATURE_INVALID for a missing or wrong signature.
    """
    if message.package is None or len(message.package) != 1:
        raise Fault(_CODE, "the ContentPackage must hold exactly one ContentContainer or EncryptedData")
    (only,) = message.package
    if only.tag != ENCRYPTED_DATA:
        if policy.content_encrypted or message.mime.attachments:
            raise Fault(_CODE, "the content must be encrypted, and without attachments")
        return _verified(only, message, policy, None)
    try:
        data = encryption.read(only, policy)
        container = _decrypted(data, message, cipher)
    except Fault as fault:
        raise _within(_CODE, fault) from None
    if container.tag != _CONTAINER:
        raise Fault(_CODE, "what is encrypted must be a ContentContainer")
    return _verified(container, message, policy, data.iv_length)


def _decrypted(data: EncryptedData, message: Message, cipher: Identity) -> Element:
    own = cipher.certificate.public_bytes(Encoding.DER)
    ours = {f"#{entry.id}" for entry in message.certificates if entry.role in _READERS and entry.der == own}
    key = next((key for key in data.keys if key.uri in ours or key.certificate == own), None)
    if key is None:
        raise Fault(_CODE, "the content is not encrypted for our certificate")
    part = message.mime.attachment(data.cid) if data.cid else None
    secret = data.value if part is None else part.data
    if secret is None or len(message.mime.attachments) != (part is not None):
        raise Fault(_CODE, "attachments are not accepted, but for the encrypted content itself")
    return encryption.parse_plain(encryption.decrypt(data, key, cipher, secret))


def _verified(container: Element, message: Message, policy: OsciPolicy, iv_length: int | None) -> Inhalt:
    tags = [child.tag for child in container]
    if tags[:1] == [_CONTENT]:
        raise Fault(FaultCode.AUTHOR_SIGNATURE_INVALID, "the content is not signed by its author")
    element, content = children(container, _CODE, signature.SIGNATURE, _CONTENT)
    (base64,) = children(content, _CODE, _BASE64)
    nachricht = unwrapped(base64, _CODE)
    uri = f"#{base64.get('Id', '')}"
    try:
        author = _author(element, message)
        signature.verify(element, {uri: Signed(uri, names.BASE64, nachricht)}, loaded(author), policy)
    except Fault as fault:
        raise _within(FaultCode.AUTHOR_SIGNATURE_INVALID, fault) from None
    return Inhalt(nachricht, author, iv_length)


def _author(element: Element, message: Message) -> CertificateEntry:
    author = message.certificate(*_AUTHORS, uri=signature.signer_uri(element))
    if author is None:
        raise Fault(FaultCode.INVALID_SECURITY, "RetrievalMethod does not lead to an author's certificate")
    return author


def _within(code: FaultCode, fault: Fault) -> Fault:
    """What went wrong inside, told as what it means for the delivery."""
    return fault if fault.code is code else Fault(code, str(fault))


def seal_content(
    nachricht: bytes, author: Identity, author_id: str, reader: RoleCertificate | None, policy: OsciPolicy
) -> str:
    """What stands in the ContentPackage: `nachricht` signed by `author`, encrypted for `reader` unless that is None.

    `author_id` is the Id of the author's certificate in the message. Raises ConfigError or Fault CERTIFICATE_INVALID
    for a key that is not RSA.
    """
    signed = signature.create([Signed("#content1", names.BASE64, nachricht)], author, author_id, NAMESPACES, policy)
    container = (
        f'<osci:ContentContainer {NAMESPACES} Id="contentcontainer1">{signed}<osci:Content>'
        f'<osci:Base64Content Id="content1">{wrapped(nachricht)}</osci:Base64Content></osci:Content>'
        "</osci:ContentContainer>"
    )
    if reader is None:
        return container
    encrypted = encryption.encrypted_content(container.encode("ascii"), reader.certificate, reader.id, policy)
    return f'<xenc:EncryptedData {NAMESPACES} Id="encdata_1" MimeType="text/xml">{encrypted}</xenc:EncryptedData>'
