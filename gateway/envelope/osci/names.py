"""Namespaces, algorithm identifiers and message types of OSCI-Transport 1.2, each as its specification writes it."""

from lxml import etree

from gateway.envelope.names import DS, RSA_SHA256, RSA_SHA384, RSA_SHA512, SHA256, SHA384, SHA512, SOAP, SOAP_NEXT

__all__ = ("DS", "RSA_SHA256", "RSA_SHA384", "RSA_SHA512", "SHA256", "SHA384", "SHA512", "SOAP", "SOAP_NEXT")

Element = etree._Element

OSCI = "http://www.osci.de/2002/04/osci"
OSCI_7 = "http://xoev.de/transport/osci12/7"  # Korrigenda: FeatureDescription
OSCI_8 = "http://xoev.de/transport/osci12/8"  # Korrigenda: IvLength
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC_11 = "http://www.w3.org/2009/xmlenc11#"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XML = "http://www.w3.org/XML/1998/namespace"
ACTOR_NONE = "http://www.w3.org/2001/12/soap-envelope/actor/none"  # of certificates

C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"  # inclusive, without comments: the only one
BASE64 = DS + "base64"
X509_DATA = DS + "X509Data"  # type of a RetrievalMethod

_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
RSA_PSS_SHA256 = _MORE_2007 + "sha256-rsa-MGF1"
RSA_PSS_SHA384 = _MORE_2007 + "sha384-rsa-MGF1"
RSA_PSS_SHA512 = _MORE_2007 + "sha512-rsa-MGF1"

RSA_OAEP = XENC_11 + "rsa-oaep"
MGF_SHA256 = XENC_11 + "mgf1sha256"
MGF_SHA512 = XENC_11 + "mgf1sha512"
AES_128_GCM, AES_192_GCM, AES_256_GCM = (f"{XENC_11}aes{bits}-gcm" for bits in (128, 192, 256))
AES_128_CBC, AES_192_CBC, AES_256_CBC = (f"{XENC}aes{bits}-cbc" for bits in (128, 192, 256))

MESSAGE_ID = "osci@message"  # Content-ID of the envelope's part
CIPHER_ID = "osci_enc"  # and of what is transport-encrypted

ENCRYPTED, FAULT = "MessageEncrypted", "MessageFault"

#: Payload in the Body; of all others it is a header block, and the Body has the content.
IN_BODY = frozenset(
    kind
    for name in ("InitDialog", "ExitDialog", "GetMessageId", "FetchProcessCard")
    for kind in (name, "ResponseTo" + name)
)

_LOCATION = f"{SOAP} soap%s.xsd {DS} oscisig.xsd {XENC} oscienc.xsd"
_BEFORE, _AFTER = _LOCATION.split("%s")


def schema_location(message_type: str) -> str:
    """The exact value of xsi:schemaLocation by which every OSCI implementation tells the message's type."""
    return _LOCATION % message_type


def message_type(location: str) -> str | None:
    """The type that `location` names, as in `soapProcessDelivery.xsd`; None where it is not exactly of that form."""
    name = location[len(_BEFORE) : len(location) - len(_AFTER)]
    return name if name.isalpha() and location == schema_location(name) else None


def response_type(request_type: str) -> str:
    return "ResponseTo" + request_type


def payload_name(message_type: str) -> str:
    """Local name of the element that is the order or its answer: `processDelivery`. Its Id is that in lower case."""
    return message_type[0].lower() + message_type[1:]


def tag(namespace: str, name: str) -> str:
    return f"{{{namespace}}}{name}"


def local_name(element: Element) -> str:
    return etree.QName(element).localname
