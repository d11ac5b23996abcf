"""Signatures of messages and of contents: what must be signed is counted first, then comes the key, then digests.

A signature here covers exactly the parts that its caller names, by their URIs; the caller hands over the bytes of each
part from its own place, so there is nothing that a reference could lead astray. Digests, whose cost grows with the
message, are computed last: for what a key has vouched for.

Not by libxmlsec, as for WS-Security: it can resolve neither `cid:` nor a RetrievalMethod that leads to an OSCI
certificate. What is left to do is small, since one canonicalisation is allowed and what is not named is refused:
lxml canonicalises, hashlib digests, `cryptography` computes with the key.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding

from gateway.envelope.osci import names
from gateway.envelope.osci.canonical import canonical, check_no_text, children, unwrapped, wrapped
from gateway.envelope.osci.names import DS, Element, tag
from gateway.envelope.osci.policy import OsciPolicy
from gateway.envelope.signer import Identity
from gateway.errors import ConfigError, Fault, FaultCode

SIGNATURE = tag(DS, "Signature")
_SIGNED_INFO, _VALUE, _KEY_INFO, _RETRIEVAL = (
    tag(DS, name) for name in ("SignedInfo", "SignatureValue", "KeyInfo", "RetrievalMethod")
)
_C14N, _METHOD, _REFERENCE, _TRANSFORMS, _TRANSFORM, _DIGEST_METHOD, _DIGEST = (
    tag(DS, name)
    for name in (
        "CanonicalizationMethod",
        "SignatureMethod",
        "Reference",
        "Transforms",
        "Transform",
        "DigestMethod",
        "DigestValue",
    )
)
_CODE = FaultCode.INVALID_SECURITY
_MAX_REFERENCES = 64
_MIN_RSA_BITS = 2048
_MAX_RSA_BITS = 8192  # nobody is believed yet, and longer keys cost more

_DIGESTS = {names.SHA256: hashlib.sha256, names.SHA384: hashlib.sha384, names.SHA512: hashlib.sha512}
_METHODS: dict[str, tuple[bool, hashes.HashAlgorithm]] = {
    names.RSA_SHA256: (False, hashes.SHA256()),
    names.RSA_SHA384: (False, hashes.SHA384()),
    names.RSA_SHA512: (False, hashes.SHA512()),
    names.RSA_PSS_SHA256: (True, hashes.SHA256()),
    names.RSA_PSS_SHA384: (True, hashes.SHA384()),
    names.RSA_PSS_SHA512: (True, hashes.SHA512()),
}


@dataclass(frozen=True)
class Signed:
    """One part: the URI of its Reference, its transform ("" for none, as of attachments), and what is digested: bytes,
    or the canonical form of an element.
    """

    uri: str
    transform: str
    source: bytes | Element = field(repr=False)

    def data(self) -> bytes:
        return self.source if isinstance(self.source, bytes) else canonical(self.source)


def signer_uri(signature: Element) -> str:
    """The URI in the signature's RetrievalMethod: whose certificate is meant. Raises Fault INVALID_SECURITY."""
    _, _, key_info = children(signature, _CODE, _SIGNED_INFO, _VALUE, _KEY_INFO)
    (method,) = children(key_info, _CODE, _RETRIEVAL)
    children(method, _CODE)
    return method.get("URI", "")


def verify(signature: Element, parts: Mapping[str, Signed], certificate: x509.Certificate, policy: OsciPolicy) -> None:
    """Returns when the key of `certificate` has signed all of `parts` (by URI) and nothing else.

    Raises Fault INVALID_SECURITY, UNSUPPORTED_ALGORITHM, WRONG_COVERAGE or SIGNATURE_INVALID.
    """
    signed_info, value, _ = children(signature, _CODE, _SIGNED_INFO, _VALUE, _KEY_INFO)
    method = _check_methods(signed_info, policy)
    references = _references(signed_info)
    if references.keys() != parts.keys():
        missing = len(parts.keys() - references.keys())
        raise Fault(FaultCode.WRONG_COVERAGE, f"{missing} parts are not signed" if missing else "a Reference too many")
    _check_value(unwrapped(value, _CODE), method, canonical(signed_info), certificate)
    for uri, part in parts.items():
        _check_digest(references[uri], part, policy)


def _check_methods(signed_info: Element, policy: OsciPolicy) -> str:
    """The signature method; everything before the references."""
    check_no_text(signed_info, _CODE)
    if [child.tag for child in signed_info][:2] != [_C14N, _METHOD]:
        raise Fault(_CODE, "unexpected content in SignedInfo")
    c14n, method = signed_info[0], signed_info[1]
    if c14n.get("Algorithm") != names.C14N or len(c14n):
        raise Fault(FaultCode.UNSUPPORTED_ALGORITHM, "only inclusive canonicalisation without comments")
    algorithm = method.get("Algorithm")
    if algorithm not in policy.signature_methods or len(method):
        raise Fault(FaultCode.UNSUPPORTED_ALGORITHM, "SignatureMethod")
    return algorithm


def _references(signed_info: Element) -> dict[str, Element]:
    references: dict[str, Element] = {}
    _, _, *elements = signed_info
    if len(elements) > _MAX_REFERENCES:
        raise Fault(_CODE, "too many References")
    for reference in elements:
        if reference.tag != _REFERENCE:
            raise Fault(_CODE, "unexpected content in SignedInfo")
        uri = reference.get("URI", "")
        if uri in references:
            raise Fault(FaultCode.WRONG_COVERAGE, "two References to one part")
        references[uri] = reference
    return references


def _check_digest(reference: Element, part: Signed, policy: OsciPolicy) -> None:
    expected = (_TRANSFORMS, _DIGEST_METHOD, _DIGEST) if part.transform else (_DIGEST_METHOD, _DIGEST)
    *transforms, method, value = children(reference, _CODE, *expected)
    for transform in transforms:
        (only,) = children(transform, _CODE, _TRANSFORM)
        if only.get("Algorithm") != part.transform or len(only):
            raise Fault(FaultCode.UNSUPPORTED_ALGORITHM, "Transform")
    algorithm = method.get("Algorithm")
    if algorithm not in policy.digest_methods or len(method):
        raise Fault(FaultCode.UNSUPPORTED_ALGORITHM, "DigestMethod")
    if not hmac.compare_digest(_DIGESTS[algorithm](part.data()).digest(), unwrapped(value, _CODE)):
        raise Fault(FaultCode.SIGNATURE_INVALID, "a digest is wrong")


def _check_value(value: bytes, method: str, signed_info: bytes, certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or not _MIN_RSA_BITS <= key.key_size <= _MAX_RSA_BITS:
        raise Fault(FaultCode.CERTIFICATE_INVALID, f"a signer's key must be RSA of at least {_MIN_RSA_BITS} bits")
    scheme, digest = _scheme(method)
    try:
        key.verify(value, signed_info, scheme, digest)
    except (InvalidSignature, ValueError):
        raise Fault(FaultCode.SIGNATURE_INVALID, "the SignatureValue is wrong") from None


def _scheme(method: str) -> tuple[AsymmetricPadding, hashes.HashAlgorithm]:
    pss, digest = _METHODS[method]
    # RFC 6931 § 2.3.9: MGF1 with the digest's own hash, and a salt of its length
    scheme = padding.PSS(padding.MGF1(digest), digest.digest_size) if pss else padding.PKCS1v15()
    return scheme, digest


_TRANSFORM_TEXT = '<ds:Transforms>\n<ds:Transform Algorithm="%s"></ds:Transform>\n</ds:Transforms>\n'
_REFERENCE_TEXT = (
    f'<ds:Reference URI="%s">\n%s<ds:DigestMethod Algorithm="{names.SHA256}"></ds:DigestMethod>\n'
    "<ds:DigestValue>%s</ds:DigestValue>\n</ds:Reference>\n"
)
_SIGNED_INFO_TEXT = (
    f'\n<ds:CanonicalizationMethod Algorithm="{names.C14N}"></ds:CanonicalizationMethod>\n'
    '<ds:SignatureMethod Algorithm="%s"></ds:SignatureMethod>\n%s'
)
_SIGNATURE_TEXT = (
    "<ds:Signature><ds:SignedInfo>%s</ds:SignedInfo><ds:SignatureValue>%s</ds:SignatureValue><ds:KeyInfo>"
    '<ds:RetrievalMethod URI="#%s"></ds:RetrievalMethod></ds:KeyInfo></ds:Signature>'
)


def create(parts: list[Signed], identity: Identity, certificate_id: str, namespaces: str, policy: OsciPolicy) -> str:
    """A ds:Signature over `parts` with SHA-256 digests, to be placed where `namespaces` are all that is declared.

    Written in canonical form, as the reference library writes it; `certificate_id` is the Id of the signer's
    certificate in the message. Raises ConfigError for a key that is not RSA.
    """
    references = "".join(
        _REFERENCE_TEXT
        % (part.uri, _TRANSFORM_TEXT % part.transform if part.transform else "", wrapped(_sha256(part.data())))
        for part in parts
    )
    content = _SIGNED_INFO_TEXT % (policy.signature_method, references)
    signed_info = f"<ds:SignedInfo {namespaces}>{content}</ds:SignedInfo>".encode("ascii")
    key = identity.key
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ConfigError("OSCI needs an RSA key for signing")
    value = key.sign(signed_info, *_scheme(policy.signature_method))
    return _SIGNATURE_TEXT % (content, wrapped(value), certificate_id)


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
