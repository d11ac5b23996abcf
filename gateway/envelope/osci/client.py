"""The gateway as client of another Land's intermediary: one dialog, bytes out and bytes in. HTTP is not its business.

What is checked of an answer, and by what it is told: transport envelope (NOT_DECRYPTABLE), type (NOT_OSCI), schema
(OSCI_SCHEMA_INVALID), the intermediary's signature and certificate, dialog block (DIALOG_INVALID), Feedback. Only then
is its content opened, whose author must be one of those who may answer for that Land.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

import pybase64
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.envelope.osci import names
from gateway.envelope.osci.canonical import ANSWER
from gateway.envelope.osci.compose import Outgoing, RoleCertificate, child, compose, encoded
from gateway.envelope.osci.content import open_content, seal_content
from gateway.envelope.osci.dialog import Asked, Dialog, State
from gateway.envelope.osci.encryption import seal_transport
from gateway.envelope.osci.message import (
    CertificateEntry,
    Message,
    OpenedEnvelope,
    SoapFault,
    check_signature,
    opened,
    read,
)
from gateway.envelope.osci.policy import OsciPolicy
from gateway.envelope.osci.recipient import OsciSchluessel
from gateway.envelope.osci.schema import OsciSchemas
from gateway.envelope.parse import Limits
from gateway.envelope.zertifikate import Purpose, TrustStore
from gateway.errors import Fault, FaultCode, GatewayError

_CHALLENGE_BYTES = 10  # as many as the reference library takes
_SUBJECT = "XMeld"


class Abgelehnt(GatewayError):
    """The other side says no. `codes`: its own (four digits each); none where a SOAP fault has no proper one."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        super().__init__(", ".join(codes) or "no code")
        self.codes = codes


@dataclass(frozen=True)
class Intermediaer:
    """For whom requests are encrypted, and who signs the answers: None, whoever the trust store believes."""

    chiffrierung: x509.Certificate
    signatur: x509.Certificate | None = None


@dataclass(frozen=True)
class Adressat:
    """The passive recipient behind the intermediary; the content is encrypted for it."""

    uri: str
    chiffrierung: x509.Certificate


@dataclass(frozen=True)
class Antwort:
    """An answer that says yes, the intermediary's signature verified. `codes`: 0xxx, and 3xxx for warnings."""

    message: Message
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Fremdinhalt:
    """The message that an author of the other Land has signed, and the SHA-256 of his certificate."""

    nachricht: bytes = field(repr=False)
    autor: str


class OsciTeilnehmer:
    """What all dialogs share. Built once, safe to share between threads."""

    def __init__(
        self, trust: TrustStore, schemas: OsciSchemas, policy: OsciPolicy | None = None, limits: Limits = ANSWER
    ) -> None:
        """`trust`: who issues the certificates of intermediaries and of those who answer."""
        self.trust = trust
        self.schemas = schemas
        self.policy = policy or OsciPolicy()
        self.limits = limits

    def check_named(self, certificate: x509.Certificate, now: datetime, purpose: Purpose) -> tuple[str, ...]:
        """Its `Certificate.marken`. Raises Fault CERTIFICATE_* or REVOCATION_UNKNOWN where it must not be used now.

        That it is the right one, the directory of peers vouches for: it may be of a CA that is not believed otherwise.
        """
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise Fault(FaultCode.CERTIFICATE_EXPIRED)
        try:
            return self.trust.check(certificate.public_bytes(Encoding.DER), now, purpose).marken
        except Fault as fault:
            if fault.code is not FaultCode.CERTIFICATE_UNTRUSTED:
                raise
        return ()


class OsciDialog:
    """One dialog with one intermediary. After each request comes its `answer`; until then the dialog is broken."""

    def __init__(self, shared: OsciTeilnehmer, autor: OsciSchluessel, intermediaer: Intermediaer) -> None:
        """`autor` signs messages and contents; its cipher key opens the answers."""
        self._shared = shared
        self._autor = autor
        self._intermediaer = intermediaer
        self._signature = RoleCertificate("SignatureCertificateOriginator", autor.signatur.certificate)
        self._cipher = RoleCertificate("CipherCertificateOriginator", autor.chiffrierung.certificate)
        self._dialog = Dialog()
        self._asked: Asked | None = None
        self._marken: dict[str, None] = {}

    @property
    def marken(self) -> tuple[str, ...]:
        """What the Protokoll has to say of how far those who answered were believed, see `Opened`."""
        return tuple(self._marken)

    @property
    def is_open(self) -> bool:
        """Whether there is something to end by ExitDialog."""
        return self._dialog.state is State.OPEN

    def get_message_id(self) -> bytes:
        """The request for the MessageId of a delivery."""
        return self._request("GetMessageId", (self._cipher, self._signature))

    def init_dialog(self) -> bytes:
        return self._request("InitDialog", (self._cipher, self._signature))

    def mediate_delivery(self, nachricht: bytes, adressat: Adressat, message_id: bytes | None = None) -> bytes:
        """The Abwicklungsauftrag: `nachricht` for `adressat`, who answers at once."""
        reader = RoleCertificate("CipherCertificateAddressee", adressat.chiffrierung)
        policy = self._shared.policy
        payload = child("ContentReceiver", "", URI=adressat.uri)
        if message_id is not None:
            payload += encoded("MessageId", message_id) + child("Subject", _SUBJECT)
        return self._request(
            "MediateDelivery",
            (self._cipher, reader, self._signature),
            payload=payload,
            package=seal_content(nachricht, self._autor.signatur, self._signature.id, reader, policy),
            timestamps=message_id is not None,
        )

    def exit_dialog(self) -> bytes:
        return self._request("ExitDialog", (self._signature,))

    def answer(self, data: bytes, now: datetime) -> Antwort:
        """The answer to the request made last.

        Raises Abgelehnt for a SOAP fault or a Feedback that says no, and Fault for all that cannot be believed.
        """
        asked = self._asked
        if asked is None:
            raise Fault(FaultCode.DIALOG_INVALID, "nothing was asked")
        message = self._read(data, asked.message_type, now)
        codes = _codes(message)
        refused = any(entry.refused for entry in message.feedback)
        self._dialog = asked.answered(message.control, refused)
        if refused:
            raise Abgelehnt(codes)
        return Antwort(message, codes)

    def inhalt(self, antwort: Antwort, autoren: frozenset[str], now: datetime) -> Fremdinhalt:
        """The message in the answer to a MediateDelivery, signed by one of `autoren` (SHA-256 of certificates).

        Raises Fault: as `open_content`, AUTHOR_SIGNATURE_INVALID, CERTIFICATE_*, REVOCATION_UNKNOWN.
        """
        inhalt = open_content(antwort.message, self._autor.chiffrierung, self._shared.policy)
        certificate = self._shared.trust.check(inhalt.author.der, now)
        self._marken |= dict.fromkeys(certificate.marken)
        if certificate.fingerprint not in autoren:
            raise Fault(FaultCode.AUTHOR_SIGNATURE_INVALID, "signed by nobody who may answer for this Land")
        return Fremdinhalt(inhalt.nachricht, certificate.fingerprint)

    def _request(
        self,
        message_type: str,
        certificates: tuple[RoleCertificate, ...],
        *,
        payload: str = "",
        package: str | None = None,
        timestamps: bool = False,
    ) -> bytes:
        challenge = pybase64.b64encode(secrets.token_bytes(_CHALLENGE_BYTES)).decode("ascii")
        asked = self._dialog.ask(message_type, challenge)
        outgoing = Outgoing(
            message_type=message_type,
            control=asked.control,
            certificates=certificates,
            signer_role=self._signature.role,
            payload=payload,
            package=package,
            timestamps=timestamps,
            features=True,
        )
        policy = self._shared.policy
        inner = compose(outgoing, self._autor.signatur, policy)
        self._asked, self._dialog = asked, asked.unanswered
        return seal_transport(inner, self._intermediaer.chiffrierung, policy)

    def _read(self, data: bytes, request_type: str, now: datetime) -> Message:
        """The answer, believed to be the intermediary's. A SOAP fault is not: it says no, nothing else."""
        shared = self._shared
        envelope = opened(data, self._autor.chiffrierung, shared.policy, shared.schemas, shared.limits)
        if isinstance(envelope, SoapFault):
            raise Abgelehnt((envelope.code,) if envelope.code else ())
        return self._checked(envelope, request_type, now)

    def _checked(self, envelope: OpenedEnvelope, request_type: str, now: datetime) -> Message:
        shared = self._shared
        if not envelope.encrypted:
            raise Fault(FaultCode.NOT_DECRYPTABLE, "the answer to an encrypted request must be encrypted")
        message = read(envelope, (names.response_type(request_type),), shared.schemas)
        expected = self._intermediaer.signatur

        def believe(entry: CertificateEntry) -> None:
            if expected is None:
                marken = shared.trust.check(entry.der, now).marken
            elif entry.der == expected.public_bytes(Encoding.DER):
                marken = shared.check_named(expected, now, Purpose.SIGNING)
            else:
                raise Fault(FaultCode.CERTIFICATE_UNTRUSTED, "it is not the certificate of this intermediary")
            self._marken |= dict.fromkeys(marken)

        check_signature(message, "SignatureCertificateIntermediary", shared.policy, believe)
        return message


def _codes(message: Message) -> tuple[str, ...]:
    """Of the Feedback, each once: it may tell one thing in several languages. Raises Fault OSCI_SCHEMA_INVALID."""
    codes = tuple(dict.fromkeys(entry.code for entry in message.feedback))
    if not codes or any(len(code) != 4 or not (code.isascii() and code.isdigit()) for code in codes):
        raise Fault(FaultCode.OSCI_SCHEMA_INVALID, "Feedback must have codes of four digits")
    return codes
