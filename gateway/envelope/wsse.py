"""Verifies the WS-Security signature of an envelope.

libxmlsec computes digests and signature. By itself it accepts wrapped messages, SHA-1 and references to files, so
everything about the signature's form is decided here before it runs, by allow-lists: what is not named is refused.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pybase64
import xmlsec
from lxml import etree

from gateway.envelope import names
from gateway.envelope.zertifikate import Certificate, TrustStore
from gateway.errors import ConfigError, Fault, FaultCode

Element = etree._Element

xmlsec.cleanup_callbacks()  # no file, http or ftp for libxmlsec, in the whole process


def _tags(namespace: str, *local: str) -> tuple[str, ...]:
    return tuple(f"{{{namespace}}}{name}" for name in local)


SECURITY, TOKEN, TOKEN_REFERENCE, TOKEN_URI = _tags(
    names.WSSE, "Security", "BinarySecurityToken", "SecurityTokenReference", "Reference"
)
TIMESTAMP, CREATED, EXPIRES, WSU_ID = _tags(names.WSU, "Timestamp", "Created", "Expires", "Id")
SIGNATURE, SIGNED_INFO, VALUE, KEY_INFO = _tags(names.DS, "Signature", "SignedInfo", "SignatureValue", "KeyInfo")
C14N_METHOD, METHOD, REFERENCE = _tags(names.DS, "CanonicalizationMethod", "SignatureMethod", "Reference")
TRANSFORMS, TRANSFORM, DIGEST_METHOD, DIGEST = _tags(names.DS, "Transforms", "Transform", "DigestMethod", "DigestValue")
INCLUSIVE = f"{{{names.EXC_C14N}}}InclusiveNamespaces"
ACTOR, _MUST_UNDERSTAND = _tags(names.SOAP, "actor", "mustUnderstand")
FOR_US = (None, "", names.SOAP_NEXT)  # SOAP 1.1 § 4.2.2

_SIGNATURE_METHODS = {
    names.RSA_SHA256: xmlsec.constants.TransformRsaSha256,
    names.RSA_SHA384: xmlsec.constants.TransformRsaSha384,
    names.RSA_SHA512: xmlsec.constants.TransformRsaSha512,
    names.ECDSA_SHA256: xmlsec.constants.TransformEcdsaSha256,
    names.ECDSA_SHA384: xmlsec.constants.TransformEcdsaSha384,
    names.ECDSA_SHA512: xmlsec.constants.TransformEcdsaSha512,
}
_DIGEST_METHODS = {
    names.SHA256: xmlsec.constants.TransformSha256,
    names.SHA384: xmlsec.constants.TransformSha384,
    names.SHA512: xmlsec.constants.TransformSha512,
}
_MAX_PREFIXES = 32  # of a PrefixList, which costs time for every element canonicalised
_NCNAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)  # libxmlsec puts the Id between quotes into an XPointer
_NO_WHITE_SPACE = {ord(character): None for character in " \t\r\n"}
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True)
class Policy:
    """What is accepted of a signature. Methods may be narrowed by configuration, never widened beyond SHA-2."""

    signature_methods: frozenset[str] = frozenset(_SIGNATURE_METHODS)
    digest_methods: frozenset[str] = frozenset(_DIGEST_METHODS)
    timestamp_required: bool = False  # zeep's BinarySignature sends none
    window: timedelta = timedelta(seconds=300)  # greatest age of Created, whatever Expires says
    skew: timedelta = timedelta(seconds=60)  # by which the sender's clock may differ


def signature_methods(short_names: Iterable[str]) -> frozenset[str]:
    """Identifiers of methods named as in `ecdsa-sha256`. Raises ConfigError for one that is unknown or too weak."""
    known = {method.partition("#")[2]: method for method in _SIGNATURE_METHODS}
    wanted = set(short_names)
    if not wanted or wanted - known.keys():
        raise ConfigError(f"signature algorithms must be some of {', '.join(known)}")
    return frozenset(known[name] for name in wanted)


@dataclass(frozen=True)
class _Security:
    """The parts of the one wsse:Security header, each the only one of its kind in the document."""

    signed_info: Element
    signature: Element
    token: Element
    timestamp: Element | None


@dataclass(frozen=True)
class _SignedInfo:
    method: str
    digests: frozenset[str]
    covered: tuple[Element, ...]


def check_signature(
    root: Element, header: Element, body: Element, trust: TrustStore, policy: Policy, now: datetime
) -> Certificate:
    """The certificate whose key has signed `body` where it stands. Raises Fault."""
    ids = _ids_and_places(root)
    security = _read_security(header)
    info = _read_signed_info(security.signed_info, ids, policy)
    _check_coverage(info, body, security)
    certificate = trust.check(_token_der(security.token), now)
    if f"#{certificate.kind}-" not in info.method:
        raise Fault(FaultCode.UNSUPPORTED_ALGORITHM, "the SignatureMethod does not fit the certificate's key")
    _compute(security.signature, info, certificate)
    _check_timestamp(security.timestamp, policy, now)
    return certificate


def _ids_and_places(root: Element) -> dict[str, Element]:
    """Elements by wsu:Id. Every attribute called Id, in whatever case and namespace, is unique in the document."""
    by_wsu_id: dict[str, Element] = {}
    seen: set[str] = set()
    places = {SECURITY: 0, SIGNATURE: 0, TOKEN: 0, TIMESTAMP: 0}
    for element in root.iter(etree.Element):
        if element.tag in places:
            places[element.tag] += 1
        attributes: Any = element.attrib
        for name, value in attributes.items():
            if name[-2:].lower() != "id" or name.rpartition("}")[2].lower() != "id":
                continue
            if value in seen:
                raise Fault(FaultCode.INVALID_SECURITY, "an Id occurs twice")
            seen.add(value)
            if name == WSU_ID:
                by_wsu_id[value] = element
    if not places[SIGNATURE]:
        raise Fault(FaultCode.NOT_SIGNED)
    for tag, count in places.items():
        if count > 1:
            raise Fault(FaultCode.INVALID_SECURITY, f"more than one {etree.QName(tag).localname}")
    return by_wsu_id


def _read_security(header: Element) -> _Security:
    security = header.find(SECURITY)
    if security is None or security.get(ACTOR) not in FOR_US:
        raise Fault(FaultCode.NOT_SIGNED, "the Header holds no wsse:Security for this receiver")
    parts = {child.tag: child for child in security}  # none occurs twice, see _ids_and_places
    if not {SIGNATURE, TOKEN} <= parts.keys() <= {SIGNATURE, TOKEN, TIMESTAMP}:
        raise Fault(
            FaultCode.INVALID_SECURITY, "Security must hold a Signature, a BinarySecurityToken and at most a Timestamp"
        )
    signed_info, _, key_info = _children(parts[SIGNATURE], SIGNED_INFO, VALUE, KEY_INFO)
    _check_key_info(key_info, parts[TOKEN])
    return _Security(signed_info, parts[SIGNATURE], parts[TOKEN], parts.get(TIMESTAMP))


def _children(parent: Element, *tags: str) -> list[Element]:
    """The children, which must be exactly `tags` in this order."""
    children = list(parent)
    if tuple(child.tag for child in children) != tags:
        raise Fault(FaultCode.INVALID_SECURITY, f"unexpected content in {etree.QName(parent).localname}")
    return children


def _check_key_info(key_info: Element, token: Element) -> None:
    (token_reference,) = _children(key_info, TOKEN_REFERENCE)
    (reference,) = _children(token_reference, TOKEN_URI)
    name = token.get(WSU_ID)
    if name is None or reference.get("URI") != f"#{name}" or reference.get("ValueType") not in (None, names.X509_V3):
        raise Fault(FaultCode.INVALID_SECURITY, "KeyInfo must refer to the BinarySecurityToken")


def _read_signed_info(signed_info: Element, ids: dict[str, Element], policy: Policy) -> _SignedInfo:
    if [child.tag for child in signed_info][:3] != [C14N_METHOD, METHOD, REFERENCE]:
        raise Fault(FaultCode.INVALID_SECURITY, "unexpected content in SignedInfo")
    c14n, method, *references = signed_info
    _check_exclusive_c14n(c14n)
    algorithm = method.get("Algorithm")
    if algorithm not in policy.signature_methods or len(method):
        raise Fault(FaultCode.UNSUPPORTED_ALGORITHM, "SignatureMethod")
    read = [_read_reference(reference, ids, policy) for reference in references]
    return _SignedInfo(algorithm, frozenset(digest for digest, _ in read), tuple(target for _, target in read))


def _read_reference(reference: Element, ids: dict[str, Element], policy: Policy) -> tuple[str, Element]:
    """Digest method and target."""
    if reference.tag != REFERENCE:
        raise Fault(FaultCode.INVALID_SECURITY, "unexpected content in SignedInfo")
    transforms, digest_method, _ = _children(reference, TRANSFORMS, DIGEST_METHOD, DIGEST)
    for transform in transforms:
        _check_exclusive_c14n(transform)
    _children(transforms, TRANSFORM)
    digest = digest_method.get("Algorithm")
    if digest not in policy.digest_methods or len(digest_method):
        raise Fault(FaultCode.UNSUPPORTED_ALGORITHM, "DigestMethod")
    uri = reference.get("URI", "")
    target = ids.get(uri[1:]) if uri[:1] == "#" and _NCNAME.fullmatch(uri, 1) else None
    if target is None:
        raise Fault(FaultCode.WRONG_COVERAGE, "a Reference does not name the wsu:Id of an element of this message")
    return digest, target


def _check_exclusive_c14n(method: Element) -> None:
    if method.get("Algorithm") != names.EXC_C14N:
        raise Fault(FaultCode.UNSUPPORTED_ALGORITHM, "only exclusive canonicalisation without comments")
    if len(method):
        (inclusive,) = _children(method, INCLUSIVE)
        if len(inclusive) or len(inclusive.get("PrefixList", "").split()) > _MAX_PREFIXES:
            raise Fault(FaultCode.INVALID_SECURITY, "InclusiveNamespaces")


def _check_coverage(info: _SignedInfo, body: Element, security: _Security) -> None:
    covered = set(info.covered)  # elements are equal only to themselves
    if body not in covered:
        raise Fault(FaultCode.WRONG_COVERAGE)
    if len(covered) < len(info.covered) or not covered <= {body, security.token, security.timestamp}:
        raise Fault(FaultCode.WRONG_COVERAGE, "sign Body, Timestamp and BinarySecurityToken, each once, nothing else")
    if security.timestamp is not None and security.timestamp not in covered:
        raise Fault(FaultCode.TIMESTAMP_INVALID, "the Timestamp is not signed")


def _token_der(token: Element) -> bytes:
    if token.get("ValueType") != names.X509_V3 or token.get("EncodingType") not in (None, names.BASE64_BINARY):
        raise Fault(FaultCode.INVALID_SECURITY, "the BinarySecurityToken must be X509v3 in Base64Binary")
    try:
        return decode_base64(token)
    except ValueError:
        raise Fault(FaultCode.CERTIFICATE_INVALID, "the BinarySecurityToken is not base64") from None


def decode_base64(element: Element) -> bytes:
    """The bytes of an xs:base64Binary element: nothing but its alphabet and XML white space. Raises ValueError."""
    text = element.text or ""
    if len(element):
        raise ValueError("child elements")
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError:
        return pybase64.b64decode(text.translate(_NO_WHITE_SPACE), validate=True)


def _compute(signature: Element, info: _SignedInfo, certificate: Certificate) -> None:
    """Digests and signature. What has been checked above is all that libxmlsec may use."""
    context = xmlsec.SignatureContext()
    context.key = certificate.key
    for transform in (xmlsec.constants.TransformExclC14N, *(_DIGEST_METHODS[digest] for digest in info.digests)):
        context.enable_reference_transform(transform)
    for transform in (xmlsec.constants.TransformExclC14N, _SIGNATURE_METHODS[info.method]):
        context.enable_signature_transform(transform)
    try:
        for element in info.covered:
            context.register_id(element, "Id", names.WSU)
        context.verify(signature)
    except xmlsec.Error:
        raise Fault(FaultCode.SIGNATURE_INVALID) from None


def _check_timestamp(timestamp: Element | None, policy: Policy, now: datetime) -> None:
    if timestamp is None:
        if policy.timestamp_required:
            raise Fault(FaultCode.TIMESTAMP_INVALID, "a signed Timestamp is required")
        return
    if [child.tag for child in timestamp] not in ([CREATED], [CREATED, EXPIRES]):
        raise Fault(FaultCode.TIMESTAMP_INVALID, "the Timestamp must hold Created and at most Expires")
    created, *expires = (_instant(child) for child in timestamp)
    # Arithmetic on our own clock only: theirs may lie at the edge of the calendar.
    if not now - policy.window - policy.skew <= created <= now + policy.skew:
        raise Fault(FaultCode.TIMESTAMP_EXPIRED, "Created")
    if expires and expires[0] < now - policy.skew:
        raise Fault(FaultCode.TIMESTAMP_EXPIRED, "Expires")


def _instant(element: Element) -> datetime:
    text = (element.text or "").strip()
    if len(element) or not _DATETIME.fullmatch(text):
        raise Fault(FaultCode.TIMESTAMP_INVALID, "a time is not an xs:dateTime with its zone")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Fault(FaultCode.TIMESTAMP_INVALID, "a time is not in the calendar") from None
