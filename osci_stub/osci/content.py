"""The content of a delivery: XMeld bytes, signed by their author, encrypted for their reader."""

import secrets
from base64 import b64decode
from dataclasses import dataclass

from cryptography import x509
from lxml import etree

from osci_stub.keys import Signatory
from osci_stub.osci.certificates import Named
from osci_stub.osci.encryption import ENCRYPTED_DATA, certificate_in, decrypt, encrypt_content, recipients
from osci_stub.osci.names import BASE64, NS, OSCI, RSA_SHA256, XENC
from osci_stub.osci.received import Received
from osci_stub.osci.refused import Refused
from osci_stub.osci.signature import Reference, key_reference, sign, verify
from osci_stub.osci.text import base64, block
from osci_stub.xml import XmlRefused, parse

CONTAINER = f"{{{OSCI}}}ContentContainer"
AUTHORS = (f"{{{OSCI}}}SignatureCertificateOriginator", f"{{{OSCI}}}SignatureCertificateOtherAuthor")


@dataclass(frozen=True)
class Author:
    """Who signs a content: a key, and the role its certificate has in the message's header."""

    key: Signatory
    element: str = "SignatureCertificateOriginator"
    method: str = RSA_SHA256

    @property
    def named(self) -> Named:
        return Named(self.element, self.key.certificate)


def container(nachricht: bytes, author: Author | None, *, forged: bytes | None = None) -> str:
    """A ContentContainer with one content; unsigned without `author`; `forged` stands unsigned in front of it."""
    number = secrets.randbelow(10**6)
    signature = ""
    if author is not None:
        reference = Reference(f"#content{number}", nachricht, BASE64)
        signature = sign([reference], author.key, author.named.id, author.method)
    in_front = "" if forged is None else _base64_content(forged, secrets.randbelow(10**6) + 10**6)
    content = f"<osci:Content>{in_front}{_base64_content(nachricht, number)}</osci:Content>"
    return block("osci:ContentContainer", signature + content, f' Id="contentcontainer{number}"')


def _base64_content(nachricht: bytes, number: int) -> str:
    return f'<osci:Base64Content Id="content{number}">{base64(nachricht)}</osci:Base64Content>'


def package(written: str, reader: x509.Certificate | None) -> str:
    """The ContentPackage for a Body around a container as `container` writes it; plain with `reader` None."""
    if reader is not None:
        named = Named("CipherCertificateAddressee", reader)
        written = encrypt_content(written.encode(), reader, named.id, secrets.randbelow(10**6))
    return f"<osci:ContentPackage>{written}</osci:ContentPackage>"


@dataclass(frozen=True)
class Opened:
    """A content's bytes and the certificate of who signed them."""

    nachricht: bytes
    author: x509.Certificate


def open_content(message: Received, reader: Signatory, *, must_be_encrypted: bool = True) -> Opened:
    """The one content of a delivery, its author's signature verified; whom to believe is for the caller to say.

    Raises Refused: 9202 for what cannot be opened, 9805 for anything but one signed content.
    """
    package_ = message.body.find("osci:ContentPackage", NS)
    if package_ is None:
        raise Refused("9805", "no ContentPackage")
    children = package_.findall("*")
    if len(children) != 1:
        raise Refused("9805", "not exactly one content container")
    encrypted = children[0].tag == ENCRYPTED_DATA
    if must_be_encrypted and not encrypted:
        raise Refused("9805", "the content is not encrypted")
    found = _decrypted(children[0], message, reader) if encrypted else children[0]
    if found.tag != CONTAINER:
        raise Refused("9805", "not a content container")
    return _verified(found, message)


def _decrypted(data: etree._Element, message: Received, reader: Signatory) -> etree._Element:
    for wrapped in recipients(data):
        named = _named(message, wrapped)
        if named == reader.certificate:
            try:
                return parse(decrypt(data, wrapped, reader, message.parts.get))
            except XmlRefused as error:
                raise Refused("9805", f"the content: {error}") from None
    raise Refused("9805", "the content is encrypted for somebody else")


def _named(message: Received, wrapped: etree._Element) -> x509.Certificate | None:
    method = wrapped.find("ds:KeyInfo/ds:RetrievalMethod", NS)
    uri = "" if method is None else method.get("URI") or ""
    element = message.by_id(uri.removeprefix("#"))
    return None if element is None else certificate_in(element)


def _verified(found: etree._Element, message: Received) -> Opened:
    """The container holds one signature and one content, and the one is over the other where it stands."""
    signatures, contents = found.findall("ds:Signature", NS), found.findall("osci:Content", NS)
    if found.findall(f"{{{XENC}}}EncryptedData") or len(contents) != 1 or len(contents[0]) != 1:
        raise Refused("9805", "not exactly one content")
    if len(signatures) != 1:
        raise Refused("9805", "not exactly one signature of an author")
    holder = contents[0].find("osci:Base64Content", NS)
    if holder is None or len(holder) or not holder.get("Id"):
        raise Refused("9805", "the content is no Base64Content")
    try:
        nachricht = b64decode("".join((holder.text or "").split()), validate=True)
    except ValueError:
        raise Refused("9805", "the content is not base64") from None
    element = message.by_id(key_reference(signatures[0]) or "")
    author = certificate_in(element) if element is not None and element.tag in AUTHORS else None
    if author is None:
        raise Refused("9805", "the author's certificate is not in the message")
    uri = f"#{holder.get('Id')}"
    try:
        verify(signatures[0], {uri: Reference(uri, nachricht, BASE64)}, author)
    except Refused as refused:
        raise Refused("9805", f"the author's signature: {refused.hint}") from None
    return Opened(nachricht, author)
