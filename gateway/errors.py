"""Whose fault it was, with a stable code.

Three ways in which an exchange ends without an Auskunft, from the least to the most that is known of the request:

* `Fault`: nothing that could be answered as XMeld; becomes a SOAP fault (later an OSCI feedback).
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
    """

    faultcode: str
    text: str

    @property
    def whose(self) -> Whose:
        return Whose.GATEWAY if self.faultcode == "soap:Server" else Whose.SENDER


class FaultCode(Enum):
    """Every fault that the gateway can answer with. The member's name is the stable code that clients may rely on."""

    TOO_LARGE = FaultKind("soap:Client", "The request exceeds the size limit of this endpoint.")
    INCOMPLETE = FaultKind("soap:Client", "The request did not arrive completely in time.")
    NOT_UTF8 = FaultKind("soap:Client", "The request is not encoded in UTF-8.")
    NOT_WELLFORMED = FaultKind("soap:Client", "The request is not a well-formed XML document.")
    FORBIDDEN_XML = FaultKind("soap:Client", "The request uses XML that is not accepted here.")
    NOT_SOAP = FaultKind("soap:VersionMismatch", "The request is not a SOAP 1.1 envelope.")
    ENVELOPE_MALFORMED = FaultKind("soap:Client", "The Envelope must hold a Header, then a Body, and nothing else.")
    NOT_THE_OPERATION = FaultKind(
        "soap:Client", "The Body must hold exactly one xmeldAnfrage element and nothing else."
    )
    MUST_UNDERSTAND = FaultKind("soap:MustUnderstand", "A header marked mustUnderstand is not understood here.")
    NOT_SIGNED = FaultKind("wsse:InvalidSecurity", "The message carries no WS-Security signature.")
    INVALID_SECURITY = FaultKind("wsse:InvalidSecurity", "The WS-Security header does not have the accepted form.")
    UNSUPPORTED_ALGORITHM = FaultKind("wsse:UnsupportedAlgorithm", "An algorithm of the signature is not accepted.")
    WRONG_COVERAGE = FaultKind("wsse:InvalidSecurity", "The signature does not cover the Body in its own place.")
    SIGNATURE_INVALID = FaultKind("wsse:FailedCheck", "The signature or a digest is wrong.")
    TIMESTAMP_INVALID = FaultKind("wsse:InvalidSecurity", "The Timestamp is missing, malformed or not signed.")
    TIMESTAMP_EXPIRED = FaultKind("wsse:MessageExpired", "The Timestamp is outside the accepted window.")
    CERTIFICATE_INVALID = FaultKind("wsse:InvalidSecurityToken", "The certificate is malformed or has an unsuited key.")
    CERTIFICATE_UNTRUSTED = FaultKind("wsse:FailedAuthentication", "The certificate was not issued by an accepted CA.")
    CERTIFICATE_EXPIRED = FaultKind("wsse:FailedAuthentication", "The certificate is not valid at this time.")
    CERTIFICATE_REVOKED = FaultKind("wsse:FailedAuthentication", "The certificate is revoked.")
    REVOCATION_UNKNOWN = FaultKind(
        "soap:Server", "No current revocation list is at hand, so no certificate is accepted."
    )
    AUTHORITY_UNKNOWN = FaultKind("wsse:FailedAuthentication", "The certificate belongs to no registered authority.")
    AUTHORITY_BLOCKED = FaultKind("wsse:FailedAuthentication", "The authority is blocked by the operator.")
    NOT_BASE64 = FaultKind("soap:Client", "The content of the operation is not base64.")
    NOT_XMELD = FaultKind("soap:Client", "The content is not a message of an installed XMeld version.")
    AMBIGUOUS_XMELD = FaultKind("soap:Server", "More than one schema pack claims this message.")
    MESSAGE_NOT_ACCEPTED = FaultKind("soap:Client", "This XMeld message is not accepted at this endpoint.")
    NOT_IDENTIFIABLE = FaultKind(
        "soap:Client",
        "The message is invalid and cannot be sent back: its UUID, type or time is not one of the standard's.",
    )
    UUID_REUSED = FaultKind("soap:Client", "The message's UUID was used before with other content.")
    STORE_UNAVAILABLE = FaultKind(
        "soap:Server", "The register of authorities cannot be read at the moment; try again later."
    )
    NOT_RECORDED = FaultKind("soap:Server", "The exchange could not be recorded and therefore is not answered.")
    INTERNAL = FaultKind("soap:Server", "The request could not be processed because of an internal error.")


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
