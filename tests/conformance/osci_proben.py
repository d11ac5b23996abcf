"""OSCI envelopes to compare schemas with: the library's, a few made by hand, and the publisher's schemas themselves."""

import copy
import random
import re
from pathlib import Path

import xmlschema
from lxml import etree
from xmlschema.validators import XsdAnyElement, XsdComplexType, XsdElement, XsdList, XsdSimpleType, XsdUnion

from tests.conformance.mutationen import XSI, Vocabulary, Walker
from tests.shared import SHARED

VECTORS = SHARED / "osci" / "vectors"
PUBLISHED = SHARED / "osci" / "schemas"

XS = "{http://www.w3.org/2001/XMLSchema}"
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
OSCI = "{http://www.osci.de/2002/04/osci}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
XENC = "{http://www.w3.org/2001/04/xmlenc#}"
OSCI7 = "{http://xoev.de/transport/osci12/7}"
OSCI8 = "{http://xoev.de/transport/osci12/8}"

_ENVELOPE = re.compile(rb"<\?xml.*?</[A-Za-z]+:Envelope>", re.DOTALL)
_TYPE = re.compile(r" soap([A-Za-z]+)\.xsd ")
_EXTERN = {
    "http://www.w3.org/XML/1998/namespace": "xml.xsd",
    SOAP[1:-1]: "soap-envelope.xsd",
    DS[1:-1]: "xmldsig-core-schema.xsd",
    XENC[1:-1]: "xenc-schema.xsd",
    "http://www.w3.org/2009/xmlenc11#": "xenc-schema-11.xsd",
}

_CODES = "0|1|2|16|0800|9601|plain|cryptographic|creation|reception|ok|valid|advanced|Addressee|de|de en-GB|true"
_IDS = "controlblock|clientsignature|body|#body|cid:osci_enc|id-1|12|012|-1|1.5|1 2|"
_VALUES = "2026-01-02T03:04:05|2026-01-02T03:04:05.678+01:00|2026-13-02T03:04:05|2026-01-02|PGEvPg==|PGE vPg==|PGEvPg|Ж"
_URIS = (
    "http://schemas.xmlsoap.org/soap/actor/next|http://www.w3.org/2001/12/soap-envelope/actor/none|http://[|soap:Client|"
    "http://www.w3.org/2009/xmlenc11#rsa-oaep|http://www.w3.org/2009/xmlenc11#aes256-gcm|urn:x|a b|"
    "http://www.w3.org/2001/04/xmlenc#sha256|http://www.w3.org/2000/09/xmldsig#sha1|"
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256|http://www.w3.org/2000/09/xmldsig#X509Data"
)
TEXTS = tuple("|".join((_CODES, _IDS, _VALUES, _URIS)).split("|"))

_TYPE_NAMES = (
    *(XS + name for name in ("string", "token", "base64Binary", "dateTime", "anyType", "integer")),
    *(
        OSCI + name
        for name in (
            "Number",
            "MessageIdType",
            "CertificateType",
            "ControlBlockType",
            "ControlBlockTemplate",
            "NonIntermediaryCertificatesType",
            "ContentType",
            "ProcessCardType",
            "GeneralHeaderBlockTemplate",
            "Header",
            "Gibtsnicht",
        )
    ),
    *(DS + name for name in ("KeyInfoType", "CryptoBinary", "DigestValueType", "X509DataType")),
    *(XENC + name for name in ("EncryptedType", "EncryptedDataType", "EncryptedKeyType", "KeySizeType")),
    SOAP + "Body",
    SOAP + "Header",
    SOAP + "detail",
    SOAP + "Fault",
)

VOCABULARY = Vocabulary(
    namespace=OSCI,
    texts=TEXTS,
    texts_of_type={
        "base64Binary": ("PGEvPg==", "", "PGE vPg=="),
        "boolean": ("0", "1"),
        "dateTime": ("2026-01-02T03:04:05", "2026-01-02T03:04:05.678+01:00"),
        "anyURI": ("urn:x", "http://www.w3.org/2001/04/xmlenc#sha256", ""),
        "QName": ("soap:Client", "Server"),
        "NMTOKEN": ("0", "17", "4711"),  # only Number is derived from it
        "language": ("de", "en-GB"),
        "integer": ("0", "-1", "4711"),
        "positiveInteger": ("12", "16"),
        "hexBinary": ("0aFF", ""),
        "NCName": ("default",),
    },
    plain_texts=("9601", "Erika", "", "Auftrag ist nicht signiert", "Größe"),
    type_names=_TYPE_NAMES,
    attributes=(
        "Id",
        "URI",
        "Type",
        "Algorithm",
        "MimeType",
        "SequenceNumber",
        "ConversationId",
        "href",
        f"{SOAP}actor",
        f"{SOAP}mustUnderstand",
        f"{SOAP}encodingStyle",
        "{http://www.w3.org/XML/1998/namespace}lang",
        "{http://www.w3.org/XML/1998/namespace}id",
        f"{XSI}schemaLocation",
        "{urn:fremd}art",
    ),
    attribute_values=TEXTS,
)


def published(folder: Path, *, unchanged: bool = False) -> None:
    """The publisher's schemas, into `folder`, such that every address is that of a file there.

    They forbid some elements by maxOccurs="0". libxml2 lets such an element pass where it would be the last one, so
    these declarations are left out unless `unchanged`; by XML Schema that means the same.
    """
    parser = etree.XMLParser(load_dtd=False, no_network=True, resolve_entities=False)
    for path in PUBLISHED.rglob("*.xsd"):
        root = etree.fromstring(path.read_bytes(), parser)
        for reference in root.iter(f"{XS}import", f"{XS}redefine"):
            if "://" in reference.get("schemaLocation", ""):
                extern = _EXTERN[reference.get("namespace", root.get("targetNamespace", ""))]
                reference.set("schemaLocation", extern if path.parent.name == "extern" else f"extern/{extern}")
        for forbidden in [] if unchanged else list(root.iter(f"{XS}element")):
            if forbidden.get("maxOccurs") == "0":
                forbidden.getparent().remove(forbidden)
        copied = folder / path.relative_to(PUBLISHED)
        copied.parent.mkdir(parents=True, exist_ok=True)
        copied.write_bytes(etree.tostring(root))


def samples() -> list[tuple[str, str, etree._Element]]:
    """Name, message type and envelope: all that the library wrote, and one of each type that it did not write."""
    found = []
    for path in sorted([*VECTORS.rglob("*.mime"), *(VECTORS / "e2e" / "intermed").glob("*.xml")]):
        envelope = _ENVELOPE.search(path.read_bytes())
        assert envelope is not None, path
        root = etree.fromstring(envelope[0])
        message = _TYPE.search(root.get(f"{XSI}schemaLocation", ""))
        assert message is not None, path
        found.append((path.relative_to(VECTORS).as_posix(), message[1], root))
    by_type = {message: root for _, message, root in reversed(found)}
    return [*found, *(("made by hand", message, root) for message, root in _made(by_type).items())]


def _made(by_type: dict[str, etree._Element]) -> dict[str, etree._Element]:
    opened = copy.deepcopy(by_type["ProcessDelivery"])
    package = _only(opened, "ContentPackage")
    package[:] = [etree.parse(VECTORS / "ContentContainer.decrypted.xml").getroot()]
    return {
        "ProcessDelivery": opened,
        "AcceptDelivery": _accept(by_type["ProcessDelivery"], by_type["ResponseToStoreDelivery"]),
        "ResponseToAcceptDelivery": _accepted(by_type["ResponseToProcessDelivery"]),
        "ResponseToForwardDelivery": _renamed(by_type["ResponseToStoreDelivery"], "responseToForwardDelivery"),
        "ResponseToFetchProcessCard": _cards(by_type["ResponseToExitDialog"], by_type["ResponseToStoreDelivery"]),
        "MessageFault": etree.fromstring(_FAULT),
    }


_FAULT = f"""<soap:Envelope xmlns:soap="{SOAP[1:-1]}" xmlns:osci="{OSCI[1:-1]}"><soap:Body><soap:Fault>
<faultcode>soap:Client</faultcode><faultstring>Dialog</faultstring><faultactor>urn:x</faultactor>
<detail><osci:Code>9400</osci:Code></detail></soap:Fault></soap:Body></soap:Envelope>"""


def _only(root: etree._Element, name: str) -> etree._Element:
    (found,) = root.iter(OSCI + name)
    return found


def _renamed(root: etree._Element, name: str) -> etree._Element:
    """A copy whose header block of the message's own has another name."""
    root = copy.deepcopy(root)
    block = next(element for element in root.iter() if str(element.tag).endswith("Delivery"))
    block.tag = OSCI + name
    return root


def _accept(process: etree._Element, stored: etree._Element) -> etree._Element:
    root = _renamed(process, "acceptDelivery")
    bundle = copy.deepcopy(_only(stored, "ProcessCardBundle"))
    creation = _only(bundle, "Creation")
    forwarding = copy.deepcopy(creation)
    forwarding.tag = f"{OSCI}Forwarding"
    creation.addnext(forwarding)
    _only(root, "acceptDelivery")[:] = [bundle]
    return root


def _accepted(processed: etree._Element) -> etree._Element:
    root = _renamed(processed, "responseToAcceptDelivery")
    block = _only(root, "responseToAcceptDelivery")
    block[:] = [_only(block, "Feedback")]
    certificates = _only(root, "NonIntermediaryCertificates")
    certificate = copy.deepcopy(certificates[0])
    certificate.tag = f"{OSCI}SignatureCertificateAddressee"
    certificates[:] = [certificate]
    header = root[0]
    for quality in header.findall(f"{OSCI}QualityOfTimestamp"):
        header.remove(quality)
    body = root[1]
    body[:] = []
    body.text = None
    return root


def _cards(ended: etree._Element, stored: etree._Element) -> etree._Element:
    root = copy.deepcopy(ended)
    control = _only(root, "ControlBlock")
    etree.SubElement(control, f"{OSCI}Challenge").text = "4711"
    answer = _only(root, "responseToExitDialog")
    answer.tag = f"{OSCI}responseToFetchProcessCard"
    rule = etree.SubElement(etree.SubElement(answer, f"{OSCI}fetchProcessCard"), f"{OSCI}SelectionRule")
    etree.SubElement(rule, f"{OSCI}MessageId").text = "PGEvPg=="
    answer.extend(copy.deepcopy(_only(stored, "ProcessCardBundle")) for _ in range(2))
    return root


class OsciWalker(Walker):
    """Where any element may stand, it puts one that the schemas know; Ids are drawn once."""

    MAX_DEPTH = 3  # of elements where any may stand

    def __init__(self, schema: xmlschema.XMLSchema10, rng: random.Random) -> None:
        super().__init__(schema, rng, VOCABULARY)
        self._depth = 0
        self._ids = 0

    def envelope(self) -> etree._Element:
        """A random message of the schema's type."""
        return self.element(self.schema.maps.elements[f"{SOAP}Envelope"])

    def _foreign(self, wildcard: XsdAnyElement) -> etree._Element:
        allowed = [
            declared
            for name, declared in sorted(self.schema.maps.elements.items())
            if isinstance(declared, XsdElement) and not name.startswith(XS) and wildcard.is_matching(name)
        ]
        if not allowed or self._depth >= self.MAX_DEPTH or self.rng.random() < self.slips * 5:
            return super()._foreign(wildcard)
        self._depth += 1
        element = self.element(self.rng.choice(allowed))
        self._depth -= 1
        return element

    def _text(self, declared: object) -> str:
        assert isinstance(declared, XsdSimpleType)
        if isinstance(declared, XsdList):
            return " ".join(self._text(declared.item_type) for _ in range(self.rng.randint(1, 2)))
        if isinstance(declared, XsdUnion):
            return self._text(self.rng.choice(declared.member_types))
        if declared.local_name == "ID" and self.rng.random() >= self.slips:
            self._ids += 1
            return f"drawn-{self._ids}"
        if isinstance(declared.base_type, XsdComplexType):  # of a redefined type: itself
            return self._text(getattr(declared, "primitive_type", None))
        known = declared.local_name in self.vocabulary.texts_of_type or (declared.name or "").startswith(XS)
        if known or declared.enumeration or declared.base_type is None:
            return super()._text(declared)
        return self._text(declared.base_type)
