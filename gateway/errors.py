"""Whose fault it was, with a stable code.

Three ways in which an exchange ends without an Auskunft, from the least to the most that is known of the request:

* `Fault`: nothing that could be answered as XMeld; becomes a SOAP fault, over OSCI a fault or a feedback.
* `Ruecksendung`: the original message is identified (UUID, type, time) but cannot be processed; becomes a 0910.
* `Rueckweisung`: the request is understood and refused by a code of the standard's list; becomes a 1331.

No text here or raised with these classes may hold personal data: codes, places and rules only.
"""

from dataclasses import dataclass
from enum import Enum


class Whose(Enum):
    """Who has to change something."""

    SENDER = "Client"
    GATEWAY = "Server"


@dataclass(frozen=True)
class FaultKind:
    """One row of the fault catalogue.

    `faultcode` is the SOAP 1.1 / WS-Security 1.1 § 12 code without its prefix's namespace; `text` is for developers.
    `osci` is the code that says the same in OSCI-Transport 1.2.
    """

    faultcode: str
    text: str
    osci: str

    @property
    def whose(self) -> Whose:
        return Whose.GATEWAY if self.faultcode == "soap:Server" else Whose.SENDER


class FaultCode(Enum):
    """Every fault that the gateway can answer with. The member's name is the stable code that clients may rely on."""

    TOO_LARGE = FaultKind("soap:Client", "The request exceeds the size limit of this endpoint.", "9100")
    INCOMPLETE = FaultKind("soap:Client", "The request did not arrive completely in time.", "9100")
    NOT_UTF8 = FaultKind("soap:Client", "The request is not encoded in UTF-8.", "9100")
    NOT_WELLFORMED = FaultKind("soap:Client", "The request is not a well-formed XML document.", "9100")
    FORBIDDEN_XML = FaultKind("soap:Client", "The request uses XML that is not accepted here.", "9100")
    NOT_SOAP = FaultKind("soap:VersionMismatch", "The request is not a SOAP 1.1 envelope.", "9100")
    ENVELOPE_MALFORMED = FaultKind(
        "soap:Client", "The Envelope must hold a Header, then a Body, and nothing else.", "9100"
    )
    NOT_THE_OPERATION = FaultKind(
        "soap:Client", "The Body must hold exactly one xmeldAnfrage element and nothing else.", "9100"
    )
    MUST_UNDERSTAND = FaultKind("soap:MustUnderstand", "A header marked mustUnderstand is not understood here.", "9300")
    NOT_SIGNED = FaultKind("wsse:InvalidSecurity", "The message carries no WS-Security signature.", "9600")
    INVALID_SECURITY = FaultKind(
        "wsse:InvalidSecurity", "The WS-Security header does not have the accepted form.", "9601"
    )
    UNSUPPORTED_ALGORITHM = FaultKind(
        "wsse:UnsupportedAlgorithm", "An algorithm of the signature is not accepted.", "9601"
    )
    WRONG_COVERAGE = FaultKind(
        "wsse:InvalidSecurity", "The signature does not cover the Body in its own place.", "9602"
    )
    SIGNATURE_INVALID = FaultKind("wsse:FailedCheck", "The signature or a digest is wrong.", "9601")
    TIMESTAMP_INVALID = FaultKind("wsse:InvalidSecurity", "The Timestamp is missing, malformed or not signed.", "9601")
    TIMESTAMP_EXPIRED = FaultKind("wsse:MessageExpired", "The Timestamp is outside the accepted window.", "9601")
    CERTIFICATE_INVALID = FaultKind(
        "wsse:InvalidSecurityToken", "The certificate is malformed or has an unsuited key.", "9700"
    )
    CERTIFICATE_UNTRUSTED = FaultKind(
        "wsse:FailedAuthentication", "The certificate was not issued by an accepted CA.", "9700"
    )
    CERTIFICATE_EXPIRED = FaultKind("wsse:FailedAuthentication", "The certificate is not valid at this time.", "9700")
    CERTIFICATE_REVOKED = FaultKind("wsse:FailedAuthentication", "The certificate is revoked.", "9701")
    REVOCATION_UNKNOWN = FaultKind(
        "soap:Server", "No current revocation list is at hand, so no certificate is accepted.", "9710"
    )
    AUTHORITY_UNKNOWN = FaultKind(
        "wsse:FailedAuthentication", "The certificate belongs to no registered authority.", "9805"
    )
    AUTHORITY_BLOCKED = FaultKind("wsse:FailedAuthentication", "The authority is blocked by the operator.", "9805")
    CERTIFICATE_BLOCKED = FaultKind("wsse:FailedAuthentication", "The certificate is blocked by the operator.", "9805")
    TOO_MANY_REQUESTS = FaultKind(
        "soap:Client", "The authority sends more requests per second than it may; try again after a second.", "9805"
    )
    NOT_BASE64 = FaultKind("soap:Client", "The content of the operation is not base64.", "9805")
    NOT_XMELD = FaultKind("soap:Client", "The content is not a message of an installed XMeld version.", "9805")
    AMBIGUOUS_XMELD = FaultKind("soap:Server", "More than one schema pack claims this message.", "9808")
    MESSAGE_NOT_ACCEPTED = FaultKind("soap:Client", "This XMeld message is not accepted at this endpoint.", "9805")
    NOT_IDENTIFIABLE = FaultKind(
        "soap:Client",
        "The message is invalid and cannot be sent back: its UUID, type or time is not one of the standard's.",
        "9805",
    )
    UUID_REUSED = FaultKind("soap:Client", "The message's UUID was used before with other content.", "9805")
    STORE_UNAVAILABLE = FaultKind(
        "soap:Server", "The register of authorities cannot be read at the moment; try again later.", "9808"
    )
    NOT_RECORDED = FaultKind("soap:Server", "The exchange could not be recorded and therefore is not answered.", "9808")
    INTERNAL = FaultKind("soap:Server", "The request could not be processed because of an internal error.", "9808")
    # of OSCI-Transport alone
    NOT_MIME = FaultKind("soap:Client", "The request is not a MIME message as OSCI-Transport has it.", "9100")
    NOT_OSCI = FaultKind("soap:Client", "The request is not an OSCI message of a type that is accepted here.", "9100")
    OSCI_SCHEMA_INVALID = FaultKind("soap:Client", "The message breaks the schema of its type.", "9300")
    WRONG_CIPHER_CERTIFICATE = FaultKind("soap:Client", "The message is encrypted for another certificate.", "9200")
    NOT_DECRYPTABLE = FaultKind("soap:Client", "The message cannot be decrypted.", "9202")
    DIALOG_INVALID = FaultKind("soap:Client", "Challenge, Response, ConversationId or SequenceNumber is wrong.", "9400")
    CLIENT_CIPHER_MISSING = FaultKind(
        "soap:Client", "The message holds no certificate to encrypt the answer for.", "9500"
    )
    CLIENT_CIPHER_INVALID = FaultKind("soap:Client", "The intermediary's cipher certificate is not believed.", "9501")
    CLIENT_CIPHER_REVOKED = FaultKind("soap:Client", "The intermediary's cipher certificate is revoked.", "9502")
    REPLY_CIPHER_INVALID = FaultKind("soap:Client", "The originator's cipher certificate is not believed.", "9704")
    REPLY_CIPHER_REVOKED = FaultKind("soap:Client", "The originator's cipher certificate is revoked.", "9705")
    REPLY_CIPHER_FOREIGN = FaultKind(
        "soap:Client", "The originator's cipher certificate is not one of the authority whose message it is.", "9805"
    )
    INTERMEDIARY_NOT_ACCEPTED = FaultKind(
        "wsse:FailedAuthentication", "This intermediary is not accepted here.", "9700"
    )
    CONTENT_INVALID = FaultKind("soap:Client", "The content is not one message, signed by its author, for us.", "9805")
    AUTHOR_SIGNATURE_INVALID = FaultKind("wsse:FailedCheck", "The author's signature or certificate is wrong.", "9805")
    NOT_SYNCHRONOUS = FaultKind("soap:Client", "Queries are answered at once: ask by Abwicklungsauftrag.", "9805")


class GatewayError(Exception):
    """Base of everything that the gateway raises on purpose."""


class Fault(GatewayError):
    """The exchange ends with a fault of the envelope's own kind.

    `detail` names place and rule for the sender's developers, never a value of the message.
    """

    def __init__(self, code: FaultCode, detail: str = "") -> None:
        super().__init__(f"{code.name}: {detail}" if detail else code.name)
        self.code = code
        self.detail = detail


class Ruecksendung(GatewayError):
    """The identified original goes back as 0910.

    `grund` is a code of XMeld's list `Code.Ruecksendung.einer.Nachricht`, `hinweis` a German sentence (place and rule).
    """

    def __init__(self, grund: str, hinweis: str = "") -> None:
        super().__init__(grund)
        self.grund = grund
        self.hinweis = hinweis


class ConfigError(GatewayError):
    """The instance is not usable as configured; the message says which key or file and what to do."""


class StoreError(GatewayError):
    """A store (mirror, protocol, authorities) cannot be read or written at the moment."""


def place_of(error: BaseException) -> str:
    """File and line where it was raised: what a log may say of a bug whose text may hold personal data."""
    place, trace = "?", error.__traceback__
    while trace is not None:
        place, trace = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}", trace.tb_next
    return place
