"""XML signatures as OSCI uses them: of a message over its blocks, of a content over its decoded bytes.

signxml resolves neither `cid:` nor RetrievalMethod, so digests and RSA are taken from their libraries directly.
"""

import binascii
import hashlib
import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from lxml import etree

from osci_stub.keys import Signatory
from osci_stub.osci.names import C14N, NS, PSS_SHA256, RSA_SHA256, SHA256
from osci_stub.osci.refused import Refused
from osci_stub.osci.text import DECLARED, base64, canonical

MIN_BITS = 2048

_DIGESTS: Mapping[str, Callable[[bytes], bytes]] = {
    SHA256: lambda data: hashlib.sha256(data).digest(),
    "http://www.w3.org/2001/04/xmldsig-more#sha384": lambda data: hashlib.sha384(data).digest(),
    "http://www.w3.org/2001/04/xmlenc#sha512": lambda data: hashlib.sha512(data).digest(),
}


def _pss(algorithm: hashes.HashAlgorithm) -> AsymmetricPadding:
    return padding.PSS(padding.MGF1(algorithm), salt_length=algorithm.digest_size)


_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_MGF1 = "http://www.w3.org/2007/05/xmldsig-more#"
_METHODS: Mapping[str, tuple[AsymmetricPadding, hashes.HashAlgorithm]] = {
    RSA_SHA256: (padding.PKCS1v15(), hashes.SHA256()),
    _MORE + "rsa-sha384": (padding.PKCS1v15(), hashes.SHA384()),
    _MORE + "rsa-sha512": (padding.PKCS1v15(), hashes.SHA512()),
    PSS_SHA256: (_pss(hashes.SHA256()), hashes.SHA256()),
    _MGF1 + "sha384-rsa-MGF1": (_pss(hashes.SHA384()), hashes.SHA384()),
    _MGF1 + "sha512-rsa-MGF1": (_pss(hashes.SHA512()), hashes.SHA512()),
}


@dataclass(frozen=True)
class Reference:
    """`uri` and what it covers as bytes; `transform` None for an attachment, which is taken as it is."""

    uri: str
    covered: bytes
    transform: str | None = C14N


def sign(references: Sequence[Reference], signer: Signatory, certificate_id: str, method: str = RSA_SHA256) -> str:
    """A ds:Signature for a place where exactly the prefixes of DECLARED are in scope."""
    assert isinstance(signer.key, rsa.RSAPrivateKey)
    info = (
        f'\n<ds:CanonicalizationMethod Algorithm="{C14N}"></ds:CanonicalizationMethod>\n'
        f'<ds:SignatureMethod Algorithm="{method}"></ds:SignatureMethod>\n' + "".join(map(_written, references))
    )
    scheme, digest = _METHODS[method]
    value = signer.key.sign(f"<ds:SignedInfo{DECLARED}>{info}</ds:SignedInfo>".encode(), scheme, digest)
    return (
        f"<ds:Signature><ds:SignedInfo>{info}</ds:SignedInfo>"
        f"<ds:SignatureValue>{base64(value, ending=True)}</ds:SignatureValue>"
        f'<ds:KeyInfo><ds:RetrievalMethod URI="#{certificate_id}"></ds:RetrievalMethod></ds:KeyInfo></ds:Signature>'
    )


def _written(reference: Reference) -> str:
    transforms = ""
    if reference.transform is not None:
        transform = f'<ds:Transform Algorithm="{reference.transform}"></ds:Transform>'
        transforms = f"<ds:Transforms>\n{transform}\n</ds:Transforms>\n"
    return (
        f'<ds:Reference URI="{reference.uri}">\n{transforms}'
        f'<ds:DigestMethod Algorithm="{SHA256}"></ds:DigestMethod>\n'
        f"<ds:DigestValue>{base64(_DIGESTS[SHA256](reference.covered))}</ds:DigestValue>\n</ds:Reference>\n"
    )


def verify(
    signature: etree._Element, expected: Mapping[str, Reference], certificate: x509.Certificate, *, code: str = "9601"
) -> None:
    """Whether `signature` covers exactly `expected` (by URI) and was made with the key of `certificate`.

    Raises Refused 9602 where the references are not those expected, each once, and `code` for anything else.
    """
    references = signature.findall("ds:SignedInfo/ds:Reference", NS)
    uris = [reference.get("URI") or "" for reference in references]
    if sorted(uris) != sorted(expected):
        raise Refused("9602", "the signature does not cover exactly the parts of the message")
    for reference in references:
        _verify_reference(reference, expected[reference.get("URI") or ""], code)
    _verify_value(signature, certificate, code)


def key_reference(signature: etree._Element) -> str | None:
    """The Id of the certificate that the signature names, None where it names none in OSCI's way."""
    methods = signature.findall("ds:KeyInfo/ds:RetrievalMethod", NS)
    uri = methods[0].get("URI") or "" if len(methods) == 1 else ""
    return uri[1:] if uri.startswith("#") and len(uri) > 1 else None


def _verify_reference(reference: etree._Element, expected: Reference, code: str) -> None:
    transforms = [transform.get("Algorithm") for transform in reference.iterfind("ds:Transforms/ds:Transform", NS)]
    if transforms != ([] if expected.transform is None else [expected.transform]):
        raise Refused(code, "a reference with other transforms than OSCI's")
    digest = _DIGESTS.get(_algorithm(reference, "ds:DigestMethod"))
    if digest is None:
        raise Refused(code, "a digest algorithm that is not accepted")
    if not hmac.compare_digest(_value(reference, "ds:DigestValue", code), digest(expected.covered)):
        raise Refused(code, "a part was altered after it was signed")


def _verify_value(signature: etree._Element, certificate: x509.Certificate, code: str) -> None:
    info = signature.find("ds:SignedInfo", NS)
    key = certificate.public_key()
    if info is None or _algorithm(info, "ds:CanonicalizationMethod") != C14N:
        raise Refused(code, "a canonicalization that OSCI does not know")
    method = _METHODS.get(_algorithm(info, "ds:SignatureMethod"))
    if method is None or not isinstance(key, rsa.RSAPublicKey) or key.key_size < MIN_BITS:
        raise Refused(code, "a signature algorithm or key that is not accepted")
    try:
        key.verify(_value(signature, "ds:SignatureValue", code), canonical(info), *method)
    except InvalidSignature:
        raise Refused(code, "the signature is not of that key") from None


def _algorithm(parent: etree._Element, path: str) -> str:
    node = parent.find(path, NS)
    return "" if node is None else node.get("Algorithm") or ""


def _value(parent: etree._Element, path: str, code: str) -> bytes:
    try:
        return b64decode("".join((parent.findtext(path, "", NS) or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused(code, "a value that is not base64") from None
