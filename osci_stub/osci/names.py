"""The words of OSCI-Transport 1.2: namespaces, algorithms, message types, codes."""

from collections.abc import Mapping

OSCI = "http://www.osci.de/2002/04/osci"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
FEATURES = "http://xoev.de/transport/osci12/7"
IV = "http://xoev.de/transport/osci12/8"
XML = "http://www.w3.org/XML/1998/namespace"

NS = {"ds": DS, "osci": OSCI, "soap": SOAP, "xenc": XENC, "xenc11": XENC11, "osci2017": FEATURES, "osci128": IV}

NEXT = "http://schemas.xmlsoap.org/soap/actor/next"
NONE = "http://www.w3.org/2001/12/soap-envelope/actor/none"

C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
BASE64 = DS + "base64"
X509DATA = DS + "X509Data"
AES256_GCM = XENC11 + "aes256-gcm"
RSA_OAEP = XENC11 + "rsa-oaep"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
PSS_SHA256 = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
SHA256 = XENC + "sha256"

ENCRYPTED = "MessageEncrypted"

#: Requests and their answers: whether the element of the message's name is in the Header (else in the Body).
IN_HEADER: Mapping[str, bool] = {
    "InitDialog": False,
    "ResponseToInitDialog": False,
    "ExitDialog": False,
    "ResponseToExitDialog": False,
    "GetMessageId": False,
    "ResponseToGetMessageId": False,
    "FetchProcessCard": False,
    "ResponseToFetchProcessCard": False,
    "StoreDelivery": True,
    "ResponseToStoreDelivery": True,
    "FetchDelivery": True,
    "ResponseToFetchDelivery": True,
    "ForwardDelivery": True,
    "ResponseToForwardDelivery": True,
    "MediateDelivery": True,
    "ResponseToMediateDelivery": True,
    "AcceptDelivery": True,
    "ResponseToAcceptDelivery": True,
    "ProcessDelivery": True,
    "ResponseToProcessDelivery": True,
}

#: What the reference library says that it can do; receivers look for Support96Bit12ByteIV.
FEATURE_LIST = (
    ("DisableBase64", "1.2.0"),
    ("OAEPEncryption", "1.6.0"),
    ("SHA3HashAlgo", "1.6.3"),
    ("GCMPaddingModus", "1.7.0"),
    ("PartialMessageTransmission", "1.8.0"),
    ("Support96Bit12ByteIV", "1.9.0"),
)

#: The codes that the stub itself gives, with the standard's texts.
TEXTS: Mapping[str, str] = {
    "0800": "Auftrag ausgeführt, Dialog beendet",
    "0801": "Auftrag ausgeführt, Dialog weiterhin geöffnet",
    "3500": "Chiffrierzertifikat des Clients ist zeitlich ungültig",
    "3800": "Es liegen weitere Zustellungen für diesen Client vor",
    "3801": "Zu den im Auftrag angegebenen Kriterien liegen weitere Laufzettel vor",
    "3802": "Signatur des Empfängers über die Annahme- bzw. Bearbeitungsantwort fehlt",
    "3803": "Der Empfänger hat eine unverschlüsselte Auftragsantwort gesendet",
    "9000": "Interner Fehler beim Supplier",
    "9100": "Empfangene Nachricht stellt keine gültige OSCI-Nachricht dar",
    "9200": "Supplier verfügt nicht über den privaten Schlüssel zum Chiffrierzertifikat auf Nachrichtenebene",
    "9202": "Auftragsdaten konnten nicht entschlüsselt werden",
    "9300": "Auftragsdaten stellen keinen gültigen Auftrag dar",
    "9400": "ConversationId oder SequenceNumber oder Response nicht korrekt",
    "9500": "Chiffrierzertifikat des Clients ist nicht in den Auftragsdaten enthalten",
    "9501": "Signatur über das Chiffrierzertifikat des Clients ist fehlerhaft",
    "9600": "Auftrag ist nicht signiert, obwohl dieser Supplier für diesen Auftragstyp eine Signatur verlangt",
    "9601": "Signatur über Auftrag ist fehlerhaft",
    "9602": "Es sind nicht alle geforderten Elemente des Auftrags signiert",
    "9700": "Signatur über das Signierzertifikat des Clients ist fehlerhaft",
    "9711": "Signatur über das Signierzertifikat des Empfängers ist fehlerhaft",
    "9801": "Illegale MessageId",
    "9803": "Zu den im Auftrag angegebenen Kriterien ist keine Zustellung vorhanden",
    "9804": "Zu den im Auftrag angegebenen Kriterien ist kein Laufzettel vorhanden",
    "9805": "Empfänger hat Zustellung des Senders nicht angenommen",
    "9806": "Empfänger hat Zustellung angenommen, seine Auftragsantwort enthält aber keine Zustellung an den Sender",
    "9807": "Signatur des Empfängers über die Annahme- bzw. Bearbeitungsantwort fehlerhaft",
    "9808": "Interner Fehler des Empfängers",
    "9809": "Interner Fehler des Intermediärs, Zustellung hat den Empfänger nicht erreicht",
    "9810": "Interner Fehler des Intermediärs, Zustellung hat den Empfänger erreicht",
    "9811": "Interner Fehler des Suppliers bei der Ausführung des Auftrags",
}


def schema_location(message_type: str) -> str:
    """The one string in Envelope/@xsi:schemaLocation that tells a message's type."""
    return f"{SOAP} soap{message_type}.xsd {DS} oscisig.xsd {XENC} oscienc.xsd"


#: By the exact string.
TYPES: Mapping[str, str] = {schema_location(name): name for name in (*IN_HEADER, ENCRYPTED)}


def payload(message_type: str) -> str:
    """Local name of the element that stands for the message, such as `responseToInitDialog`."""
    return message_type[0].lower() + message_type[1:]


def is_soap_fault(code: str) -> bool:
    """Whether `code` is told by a SOAP fault, not by a Feedback entry."""
    return code == "9000" or "9100" <= code < "9600"
