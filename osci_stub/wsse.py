"""WS-Security 1.0 with X.509 tokens, on signxml: opens signed requests, signs replies."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)
from signxml.exceptions import SignXMLException
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from osci_stub.keys import Signatory, trusted
from osci_stub.xml import XmlRefused, parse

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = OASIS + "wssecurity-secext-1.0.xsd"
WSU = OASIS + "wssecurity-utility-1.0.xsd"
X509V3 = OASIS + "x509-token-profile-1.0#X509v3"
BASE64 = OASIS + "soap-message-security-1.0#Base64Binary"
DS = "http://www.w3.org/2000/09/xmldsig#"
NS = {"soap": SOAP, "wsse": WSSE, "wsu": WSU, "ds": DS}

WSU_ID = f"{{{WSU}}}Id"
BODY = f"{{{SOAP}}}Body"
TIMESTAMP = f"{{{WSU}}}Timestamp"
EXCLUSIVE = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
METHODS = frozenset({SignatureMethod.RSA_SHA256, SignatureMethod.ECDSA_SHA256})

LIFETIME = timedelta(minutes=5)
CLOCK_SKEW = timedelta(minutes=1)


class Refused(Exception):
    """The request is not properly signed. `code` is a SOAP 1.1 faultcode with the prefix `soap` or `wsse`."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


@dataclass(frozen=True)
class Opened:
    """What the signature covers: the Body, canonical, and the certificate that signed it; the name of its content."""

    body: bytes
    operation: str
    certificate: x509.Certificate


def open_signed(envelope: bytes, anchors: Sequence[x509.Certificate], now: datetime) -> Opened:
    """The signed Body of `envelope`, its signer issued by one of `anchors`. Raises Refused."""
    try:
        root = parse(envelope)
    except XmlRefused as error:
        raise Refused("soap:Client", str(error)) from None
    if root.tag != f"{{{SOAP}}}Envelope":
        raise Refused("soap:VersionMismatch", "not a SOAP 1.1 envelope")
    body = _only(root, "soap:Body")
    header = _only(root, "soap:Header")
    _check_understood(header)
    security = _only(header, "wsse:Security")
    signature = _only(security, "ds:Signature")
    _check_form(signature)
    certificate = _certificate(security, signature)
    if not trusted(certificate, anchors, now):
        raise Refused("wsse:FailedAuthentication", "the certificate is not valid now or of no trusted issuer")
    signed = _verify(root, certificate)
    _check_time(_signed_part(_only(security, "wsu:Timestamp"), signed), now)
    part = _signed_part(body, signed)
    content = [] if part.signed_xml is None else part.signed_xml.findall("*")
    if len(content) != 1:  # spyne would read the first of several
        raise Refused("soap:Client", "the Body must hold exactly one element")
    return Opened(part.signed_data, etree.QName(content[0]).localname, certificate)


def sign(envelope: bytes, signatory: Signatory, now: datetime) -> bytes:
    """`envelope` (without Header) with token, Timestamp and a signature over Timestamp and Body."""
    body_xml = _only(parse(envelope), "soap:Body")
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    header = etree.SubElement(root, f"{{{SOAP}}}Header")
    security = etree.SubElement(header, f"{{{WSSE}}}Security", nsmap={"wsse": WSSE, "wsu": WSU})
    security.set(f"{{{SOAP}}}mustUnderstand", "1")
    token = etree.SubElement(security, f"{{{WSSE}}}BinarySecurityToken")
    token.attrib.update({WSU_ID: "token", "ValueType": X509V3, "EncodingType": BASE64})
    token.text = b64encode(signatory.certificate.public_bytes(Encoding.DER)).decode()
    timestamp = etree.SubElement(security, TIMESTAMP, {WSU_ID: "timestamp"})
    etree.SubElement(timestamp, f"{{{WSU}}}Created").text = _instant(now)
    etree.SubElement(timestamp, f"{{{WSU}}}Expires").text = _instant(now + LIFETIME)
    root.append(body_xml)
    body_xml.set(WSU_ID, "body")
    security.append(_signature(root, signatory))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _signature(root: etree._Element, signatory: Signatory) -> etree._Element:
    ecdsa = isinstance(signatory.key, ec.EllipticCurvePrivateKey)
    signer = XMLSigner(
        method=SignatureConstructionMethod.detached,
        signature_algorithm=SignatureMethod.ECDSA_SHA256 if ecdsa else SignatureMethod.RSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=EXCLUSIVE,
    )
    key_info = etree.Element(f"{{{DS}}}KeyInfo", nsmap={"ds": DS})
    reference = etree.SubElement(key_info, f"{{{WSSE}}}SecurityTokenReference", nsmap={"wsse": WSSE})
    etree.SubElement(reference, f"{{{WSSE}}}Reference", {"URI": "#token", "ValueType": X509V3})
    return signer.sign(
        root, key=signatory.key, key_info=key_info, reference_uri=["#timestamp", "#body"], id_attribute="Id"
    )


def _only(parent: etree._Element, name: str) -> etree._Element:
    found = parent.findall(name, NS)
    if len(found) != 1:
        raise Refused("wsse:InvalidSecurity", f"{len(found)} elements {name} where there must be one")
    return found[0]


def _check_understood(header: etree._Element) -> None:
    for entry in header.iterfind("*"):
        if entry.get(f"{{{SOAP}}}mustUnderstand") == "1" and entry.tag != f"{{{WSSE}}}Security":
            raise Refused("soap:MustUnderstand", "a header entry marked mustUnderstand is not understood")


def _check_form(signature: etree._Element) -> None:
    """Only exclusive C14N, and once a reference: signxml skips transforms that it does not know."""
    info = _only(signature, "ds:SignedInfo")
    canonical = [_only(info, "ds:CanonicalizationMethod").get("Algorithm")]
    for reference in info.findall("ds:Reference", NS):
        transforms = reference.findall("ds:Transforms/ds:Transform", NS)
        if len(transforms) != 1:
            raise Refused("wsse:UnsupportedAlgorithm", "a reference must have exclusive C14N as its only transform")
        canonical.append(transforms[0].get("Algorithm"))
    if set(canonical) != {EXCLUSIVE.value}:
        raise Refused("wsse:UnsupportedAlgorithm", "only exclusive C14N is accepted")


def _certificate(security: etree._Element, signature: etree._Element) -> x509.Certificate:
    token = _only(security, "wsse:BinarySecurityToken")
    reference = _only(signature, "ds:KeyInfo").find("wsse:SecurityTokenReference/wsse:Reference", NS)
    if reference is None or not token.get(WSU_ID) or reference.get("URI") != f"#{token.get(WSU_ID)}":
        raise Refused("wsse:InvalidSecurity", "KeyInfo does not refer to the BinarySecurityToken")
    try:
        return x509.load_der_x509_certificate(b64decode(token.text or ""))
    except ValueError:
        raise Refused("wsse:InvalidSecurityToken", "the BinarySecurityToken is no X.509 certificate") from None


def _verify(root: etree._Element, certificate: x509.Certificate) -> list[VerifyResult]:
    config = SignatureConfiguration(
        location=f"./{{{SOAP}}}Header/{{{WSSE}}}Security/",
        expect_references=False,  # any number: what must be covered is looked up by place
        signature_methods=METHODS,
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
    )
    try:
        result = XMLVerifier().verify(root, x509_cert=certificate, id_attribute="Id", expect_config=config)
    except (SignXMLException, etree.LxmlError, ValueError, TypeError):
        raise Refused("wsse:FailedCheck", "the signature or a digest is wrong") from None
    return result if isinstance(result, list) else [result]


def _signed_part(place: etree._Element, signed: Sequence[VerifyResult]) -> VerifyResult:
    """The signed copy of the element in its own place: signxml has refused an Id that occurs twice."""
    wanted = (place.tag, place.get(WSU_ID))
    for part in signed:
        if part.signed_xml is not None and (part.signed_xml.tag, part.signed_xml.get(WSU_ID)) == wanted:
            return part
    raise Refused("wsse:InvalidSecurity", f"the signature does not cover {etree.QName(place).localname} in its place")


def _check_time(timestamp: VerifyResult, now: datetime) -> None:
    assert timestamp.signed_xml is not None
    try:
        created, expires = (
            datetime.fromisoformat(timestamp.signed_xml.findtext(f"wsu:{name}", "", NS).strip())
            for name in ("Created", "Expires")
        )
        current = created - CLOCK_SKEW <= now < expires
    except (ValueError, TypeError):
        raise Refused("wsse:InvalidSecurity", "the Timestamp needs Created and Expires with a time zone") from None
    if not current:
        raise Refused("wsse:MessageExpired", "the Timestamp is not of now")


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
