"""Answer codes of OSCI-Transport 1.2 (Spezifikation, list of codes, with the Korrigenda) and their German texts."""

from dataclasses import dataclass

DONE = "0800"
INTERNAL_ERROR = "9000"

#: Of what we send, and of what a client meets. The first digit: 0 done, 3 done with a warning, 9 refused.
TEXTS = {
    "0800": "Auftrag ausgeführt, Dialog beendet",
    "0801": "Auftrag ausgeführt, Dialog weiterhin geöffnet",
    "9000": "Interner Fehler beim Supplier",
    "9100": "Empfangene Nachricht stellt keine gültige OSCI-Nachricht dar",
    "9200": "Supplier verfügt nicht über den privaten Schlüssel zum Chiffrierzertifikat auf Nachrichtenebene",
    "9202": "Auftragsdaten konnten nicht entschlüsselt werden",
    "9300": "Auftragsdaten stellen keinen gültigen Auftrag dar",
    "9400": "ConversationId oder SequenceNumber oder Response nicht korrekt",
    "9500": "Chiffrierzertifikat des Clients ist nicht in den Auftragsdaten enthalten",
    "9501": "Signatur über das Chiffrierzertifikat des Clients ist fehlerhaft",
    "9502": "Chiffrierzertifikat des Clients ist widerrufen",
    "9600": "Auftrag ist nicht signiert, obwohl dieser Supplier für diesen Auftragstyp eine Signatur verlangt",
    "9601": "Signatur über Auftrag ist fehlerhaft",
    "9602": "Es sind nicht alle geforderten Elemente des Auftrags signiert",
    "9700": "Signatur über das Signierzertifikat des Clients ist fehlerhaft",
    "9701": "Signierzertifikat des Clients ist widerrufen",
    "9704": "Signatur über das Chiffrierzertifikat eines Autors ist fehlerhaft",
    "9705": "Chiffrierzertifikat eines Autors ist widerrufen",
    "9710": "Interner Fehler des Suppliers bei der Zertifikatsprüfung",
    "9805": "Empfänger hat Zustellung des Senders nicht angenommen",
    "9808": "Interner Fehler des Empfängers",
}


@dataclass(frozen=True)
class Entry:
    """One row of an answer's Feedback."""

    code: str
    text: str
    language: str = "de"

    @property
    def refused(self) -> bool:
        return not self.code.startswith(("0", "3"))


def entry(code: str, hint: str = "") -> Entry:
    """The row for one of our codes; `hint` is for developers."""
    return Entry(code, f"{TEXTS[code]} ({hint})" if hint else TEXTS[code])


def is_soap_fault(code: str) -> bool:
    """Whether the code is told by a SOAP fault, unsigned: 9000, and 91xx to 95xx. All others stand in a Feedback."""
    return code == INTERNAL_ERROR or "9100" <= code < "9600"
