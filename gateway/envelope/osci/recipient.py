"""The gateway as passive recipient: opens an intermediary's ProcessDelivery, closes the answer, says no.

Order of the checks, the cheap and certain ones first; each refuses with its own code of OSCI:

 1 MIME, XML, type                       9100    SOAP fault
 2 transport envelope                    9200 9202
 3 dialog block (implicit dialog)        9400
 4 schema of the type                    9300
 5 cipher certificate of the client      9500 9501 9502, where the request is encrypted
 6 certificate of who signed             9600 9700 9701 9710    from here on a Feedback, signed by us
 7 message signature                     9601 9602
 8 content, its author, who will read    9805 9704 9705

An AcceptDelivery comes from an asynchronous order, which has no room for an answer. A query whose answer could
reach nobody is not run: it is checked up to step 7 and then refused with 9805 in a ResponseToAcceptDelivery.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.envelope.opened import Opened
from gateway.envelope.osci import feedback, message, names
from gateway.envelope.osci.canonical import REQUEST
from gateway.envelope.osci.compose import (
    Outgoing,
    RoleCertificate,
    child,
    compose,
    encoded,
    feedback_rows,
    soap_fault,
)
from gateway.envelope.osci.content import open_content, seal_content
from gateway.envelope.osci.encryption import check_reader, seal_transport
from gateway.envelope.osci.message import CertificateEntry, ControlBlock, Message, OpenedEnvelope
from gateway.envelope.osci.policy import OsciPolicy
from gateway.envelope.osci.schema import OsciSchemas
from gateway.envelope.parse import Limits
from gateway.envelope.signer import Identity
from gateway.envelope.zertifikate import Certificate, Purpose, TrustStore
from gateway.errors import ConfigError, Fault, FaultCode, Whose

_PROCESS, _ACCEPT = "ProcessDelivery", "AcceptDelivery"
_SUBJECT = "XMeld"
_HINT_MAX = 1000  # characters
_CHALLENGE_MAX = 1000  # characters; we sign and send it back
_MIN_RSA_BITS = 2048
_UNDERSTOOD = (FaultCode.CERTIFICATE_INVALID, FaultCode.CERTIFICATE_UNTRUSTED, FaultCode.CERTIFICATE_EXPIRED)


@dataclass(frozen=True)
class OsciSchluessel:
    """Our two key pairs. Raises ConfigError unless both are RSA of at least 2048 bits."""

    signatur: Identity
    chiffrierung: Identity

    def __post_init__(self) -> None:
        for identity in (self.signatur, self.chiffrierung):
            if not isinstance(identity.key, rsa.RSAPrivateKey) or identity.key.key_size < _MIN_RSA_BITS:
                raise ConfigError(f"OSCI needs RSA keys of at least {_MIN_RSA_BITS} bits")


class OsciEmpfaenger:
    """What every request shares. Built once, safe to share between threads."""

    def __init__(
        self,
        keys: OsciSchluessel,
        trust: TrustStore,
        schemas: OsciSchemas,
        policy: OsciPolicy | None = None,
        limits: Limits = REQUEST,
    ) -> None:
        """`trust`: who issues the certificates of intermediaries and of those who ask."""
        self.keys = keys
        self.trust = trust
        self.schemas = schemas
        self.policy = policy or OsciPolicy()
        self.limits = limits

    def umschlag(self) -> "OsciUmschlag":
        """The envelope for one request, which its answer needs again."""
        return OsciUmschlag(self)


class OsciUmschlag:
    """One request and its answer; implements `gateway.ports.Umschlag`.

    It remembers what of the request the answer needs, as far as that has been understood: a fault may be asked for at
    any moment, also when nothing is known.
    """

    name = "osci"
    notfall = soap_fault("9000", feedback.entry("9000", FaultCode.INTERNAL.name).text)

    def __init__(self, shared: OsciEmpfaenger) -> None:
        self._shared = shared
        self._message: Message | None = None
        self._client: x509.Certificate | None = None  # cipher certificate of the intermediary
        self._reader: RoleCertificate | None = None  # cipher certificate of the originator
        self._message_id: bytes | None = None  # for the answer
        self._content_iv: int | None = None  # length that the originator's library is known to read
        self._marken: dict[str, None] = {}  # of all certificates that were believed, see Opened
        self._is_open = False

    def open(self, request: bytes, now: datetime) -> Opened:
        """The author's message. Raises Fault for everything that is not a proper signed and encrypted delivery."""
        read = self._read(request)
        self._check_sender(read, now)
        opened = self._content(read, now)
        self._is_open = True
        return opened

    def close(self, nachricht: bytes, now: datetime) -> bytes:
        """The ResponseToProcessDelivery that holds `nachricht`, signed by us, encrypted for who has asked."""
        return self._respond(feedback.entry(feedback.DONE), nachricht)

    def fault(self, code: FaultCode, detail: str, now: datetime) -> bytes:
        """The refusal: a SOAP fault, or a Feedback once the request is understood well enough to be answered."""
        osci = self._of_the_content(code) if self._is_open else code.value.osci
        hint = f"{code.name}: {detail[:_HINT_MAX]}" if detail else code.name
        if feedback.is_soap_fault(osci):
            return soap_fault(osci, feedback.entry(osci, hint).text)
        if self._message is None:  # nobody knows yet whom to answer
            osci = "9000" if code.value.whose is Whose.GATEWAY else "9100"
            return soap_fault(osci, feedback.entry(osci, hint).text)
        return self._respond(feedback.entry(osci, hint), None)

    @staticmethod
    def _of_the_content(code: FaultCode) -> str:
        """The delivery was in order: what is wrong with the message in it is no fault of OSCI's."""
        osci = code.value.osci
        if not feedback.is_soap_fault(osci):
            return osci
        return "9808" if code.value.whose is Whose.GATEWAY else "9805"

    def _read(self, request: bytes) -> Message:
        """Steps 1 to 5: understood, and it is known how an answer would have to look."""
        shared = self._shared
        envelope = message.opened(request, shared.keys.chiffrierung, shared.policy, shared.schemas, shared.limits)
        if not isinstance(envelope, OpenedEnvelope):
            raise Fault(FaultCode.NOT_OSCI, "a SOAP fault is not a request")
        message.check_type(envelope, (_PROCESS, _ACCEPT))
        _check_dialog(envelope)
        read = message.read(envelope, (_PROCESS, _ACCEPT), shared.schemas)
        if read.encrypted:
            self._client = _client_cipher(read)
        self._message_id = read.decoded("MessageIdResponse")
        self._message = read
        return read

    def _check_sender(self, read: Message, now: datetime) -> None:
        """Steps 6 and 7: an intermediary that is believed has signed all of it."""
        shared = self._shared

        def believe(entry: CertificateEntry) -> None:
            certificate = self._check(entry, now)
            accepted = shared.policy.intermediaere
            if accepted is not None and certificate.fingerprint not in accepted:
                raise Fault(FaultCode.INTERMEDIARY_NOT_ACCEPTED)

        message.check_signature(read, "SignatureCertificateIntermediary", shared.policy, believe)
        cipher = read.certificate("CipherCertificateIntermediary")
        if read.encrypted and cipher is not None:
            self._believed(cipher, now, FaultCode.CLIENT_CIPHER_INVALID, FaultCode.CLIENT_CIPHER_REVOKED)

    def _content(self, read: Message, now: datetime) -> Opened:
        """Step 8."""
        if read.message_type == _ACCEPT:
            raise Fault(FaultCode.NOT_SYNCHRONOUS)
        shared = self._shared
        inhalt = open_content(read, shared.keys.chiffrierung, shared.policy)
        if not inhalt.encrypted and not read.encrypted:  # the policy may leave it to the transport, but not to nobody
            raise Fault(FaultCode.CONTENT_INVALID, "neither the content nor the message is encrypted")
        author = self._author(inhalt.author, now)
        if not inhalt.encrypted:
            return Opened(inhalt.nachricht, author.fingerprint, marken=tuple(self._marken))  # answered as it was asked
        reply = read.certificate("CipherCertificateOriginator")
        if reply is None:
            raise Fault(FaultCode.REPLY_CIPHER_INVALID, "there is no CipherCertificateOriginator to answer for")
        reader = self._believed(reply, now, FaultCode.REPLY_CIPHER_INVALID, FaultCode.REPLY_CIPHER_REVOKED)
        self._reader = RoleCertificate("CipherCertificateAddressee", message.loaded(reply))
        self._content_iv = inhalt.iv_length
        return Opened(inhalt.nachricht, author.fingerprint, reader.fingerprint, tuple(self._marken))

    def _check(self, entry: CertificateEntry, now: datetime, purpose: Purpose = Purpose.SIGNING) -> Certificate:
        certificate = self._shared.trust.check(entry.der, now, purpose)
        self._marken |= dict.fromkeys(certificate.marken)
        return certificate

    def _author(self, entry: CertificateEntry, now: datetime) -> Certificate:
        try:
            return self._check(entry, now)
        except Fault as fault:
            if fault.code is FaultCode.REVOCATION_UNKNOWN:
                raise
            raise Fault(FaultCode.AUTHOR_SIGNATURE_INVALID, str(fault)) from None

    def _believed(self, entry: CertificateEntry, now: datetime, invalid: FaultCode, revoked: FaultCode) -> Certificate:
        """The cipher certificate; what is wrong with it is told by its role's own codes."""
        try:
            return self._check(entry, now, Purpose.CIPHER)
        except Fault as fault:
            if fault.code is FaultCode.CERTIFICATE_REVOKED:
                raise Fault(revoked) from None
            if fault.code in _UNDERSTOOD:
                raise Fault(invalid, str(fault)) from None
            raise

    def _respond(self, row: feedback.Entry, nachricht: bytes | None) -> bytes:
        read = self._message
        if read is None:
            raise Fault(FaultCode.INTERNAL, "there is no request to respond to")
        shared = self._shared
        outgoing = self._accepted(row, read) if read.message_type == _ACCEPT else self._processed(row, read, nachricht)
        reply = compose(outgoing, shared.keys.signatur, shared.policy)
        if self._client is None:
            return reply
        return seal_transport(reply, self._client, self._answering(read.iv_length))

    def _answering(self, iv_length: int | None) -> OsciPolicy:
        """With an IV as long as in the request: libraries older than IvLength read 16 bytes only, and say nothing."""
        policy = self._shared.policy
        return replace(policy, iv_length=iv_length) if iv_length else policy

    def _accepted(self, row: feedback.Entry, read: Message) -> Outgoing:
        role = "SignatureCertificateAddressee"
        return Outgoing(
            message_type=names.response_type(_ACCEPT),
            control=ControlBlock(response=read.control.challenge),
            certificates=(RoleCertificate(role, self._shared.keys.signatur.certificate),),
            signer_role=role,
            payload=feedback_rows([row]),
        )

    def _processed(self, row: feedback.Entry, read: Message, nachricht: bytes | None) -> Outgoing:
        """The roles are swapped: who has asked is the addressee now."""
        keys, policy = self._shared.keys, self._answering(self._content_iv)
        author = RoleCertificate("SignatureCertificateOriginator", keys.signatur.certificate)
        cipher = RoleCertificate("CipherCertificateOriginator", keys.chiffrierung.certificate)
        payload, package = feedback_rows([row]), None
        message_id = None if nachricht is None else self._message_id
        if nachricht is not None:
            package = seal_content(nachricht, keys.signatur, author.id, self._reader, policy)
        if message_id is not None:
            payload += encoded("MessageId", message_id) + child("Subject", _SUBJECT)
        return Outgoing(
            message_type=names.response_type(_PROCESS),
            control=ControlBlock(response=read.control.challenge),
            certificates=(cipher, *([self._reader] if self._reader else []), author),
            signer_role=author.role,
            payload=payload,
            package=package,
            timestamps=message_id is not None,
        )


def _check_dialog(envelope: OpenedEnvelope) -> None:
    """An implicit dialog begins and ends with this request. Raises Fault DIALOG_INVALID.

    Before the schema, which demands the same but would not tell it by its code.
    """
    control = message.control_block(envelope.root)
    if not control.challenge or len(control.challenge) > _CHALLENGE_MAX:
        raise Fault(FaultCode.DIALOG_INVALID, f"Challenge must have 1 to {_CHALLENGE_MAX} characters")
    if (control.response, control.conversation, control.sequence) != (None, None, None):
        raise Fault(FaultCode.DIALOG_INVALID, "only Challenge may be there: the dialog is an implicit one")


def _client_cipher(read: Message) -> x509.Certificate:
    """For which an encrypted request wants its answer encrypted, also when that is a refusal."""
    entry = read.certificate("CipherCertificateIntermediary")
    if entry is None:
        raise Fault(FaultCode.CLIENT_CIPHER_MISSING)
    try:
        certificate = message.loaded(entry)
        check_reader(certificate)
    except Fault as fault:
        raise Fault(FaultCode.CLIENT_CIPHER_INVALID, str(fault)) from None
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _MIN_RSA_BITS:
        raise Fault(FaultCode.CLIENT_CIPHER_INVALID, f"the key must have at least {_MIN_RSA_BITS} bits")
    return certificate
