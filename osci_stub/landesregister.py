"""Another Land's register as passive recipient: takes a ProcessDelivery, answers its XMeld with XMeld."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from cryptography import x509

from osci_stub import xmeld
from osci_stub.keys import Signatory, trusted
from osci_stub.osci.certificates import Named
from osci_stub.osci.content import Author, container, open_content, package
from osci_stub.osci.faults import CONTENT, MESSAGE, REGISTER, Faults
from osci_stub.osci.mailboxes import written_id
from osci_stub.osci.message import Draft, Signer, soap_fault
from osci_stub.osci.names import is_soap_fault
from osci_stub.osci.parties import Party
from osci_stub.osci.received import Control, Received, read
from osci_stub.osci.refused import Entry, FaultReceived, Refused
from osci_stub.osci.reply import Closing, Reply
from osci_stub.osci.schema import Schemas
from osci_stub.osci.text import element
from osci_stub.osci.transport import Endpoint
from osci_stub.register import NIEMAND, Register
from osci_stub.schema import Schema
from osci_stub.xml import XmlRefused

SUBJECT = "XMeld"
KEPT = 1000


class Landesregister:
    """Runs at `url` until `close`. `faults` may be changed while it runs; `nachrichten` are the newest that came.

    `anchors` are whom it believes, intermediaries and authors. Raises OSError when `port` is taken (0 picks one).
    """

    def __init__(
        self,
        party: Party,
        anchors: Sequence[x509.Certificate],
        stranger: Signatory,
        register: Register,
        *,
        port: int = 0,
        schemas: Schemas | None = None,
        xmeld_schema: Schema | None = None,
        quiet: bool = True,
    ) -> None:
        self.party = party
        self.faults = Faults(REGISTER)
        self.nachrichten: deque[bytes] = deque(maxlen=KEPT)
        self._anchors = tuple(anchors)
        self._stranger = stranger
        self._register = register
        self._schemas = schemas
        self._xmeld_schema = xmeld_schema
        self._endpoint = Endpoint(self.answer, port, quiet=quiet)

    @property
    def url(self) -> str:
        return self._endpoint.url

    def close(self) -> None:
        self._endpoint.close()

    def answer(self, data: bytes) -> Reply:
        """The reply to a request's bytes; never raises for what they hold."""
        try:
            return self._answer(data)
        except Refused as refused:
            return Reply(soap_fault(refused.code))
        except FaultReceived:
            return Reply(soap_fault("9100"))

    def _answer(self, data: bytes) -> Reply:
        """Raises Refused with a code that a SOAP fault tells, FaultReceived."""
        request = read(data, self.party.cipher)
        if request.type not in ("ProcessDelivery", "AcceptDelivery"):
            raise Refused("9300", "nothing that a recipient is asked")
        complaint = self._schemas.complaint(request.type, request.envelope) if self._schemas else None
        if complaint:
            raise Refused("9300", complaint)
        control = request.control
        if control != Control(challenge=control.challenge) or not control.challenge:
            raise Refused("9400", "a recipient's dialog is one request with a Challenge")
        try:
            draft = self._taken(request)
        except Refused as refused:
            if is_soap_fault(refused.code):
                raise
            entry = Entry.of(refused.code, refused.hint)
            draft = Draft(f"ResponseTo{request.type}", Control(control.challenge), feedback=[entry])
        return self._closed(request, draft)

    def _closed(self, request: Received, draft: Draft) -> Reply:
        intermediary = request.certificate("CipherCertificateIntermediary")
        if request.encrypted and intermediary is None:
            raise Refused("9500", "an encrypted request without the intermediary's cipher certificate")
        role = "Originator" if request.type == "ProcessDelivery" else "Addressee"
        signer = Signer(self.party.signature, f"SignatureCertificate{role}")
        closing = Closing(signer, self._stranger, self.faults)
        return closing.close(draft, MESSAGE, intermediary if request.encrypted else None)

    def _taken(self, request: Received) -> Draft:
        """The answer to a delivery that is taken. Raises Refused."""
        now = datetime.now(UTC)
        signer = request.verify("SignatureCertificateIntermediary")
        if not trusted(signer, self._anchors, now):
            raise Refused("9700", "nobody who is believed issued it")
        self.faults.refuse(MESSAGE)
        content = open_content(request, self.party.cipher)
        if not trusted(content.author, self._anchors, now):
            raise Refused("9805", "nobody who is believed issued the author's certificate")
        self.nachrichten.append(content.nachricht)
        done = Draft(f"ResponseTo{request.type}", Control(request.control.challenge), feedback=[Entry.of("0800")])
        if request.type == "AcceptDelivery":
            return done
        return self._answered(request, done, self._beantworte(content.nachricht, now))

    def _beantworte(self, nachricht: bytes, now: datetime) -> bytes:
        """The XMeld answer. Raises Refused 9805 for what this register does not answer."""
        try:
            suchanfrage = xmeld.read(nachricht)
        except (xmeld.NotAnswered, XmlRefused) as error:
            raise Refused("9805", str(error)) from None
        complaint = self._xmeld_schema.complaint(suchanfrage.dokument) if self._xmeld_schema else None
        if complaint:
            raise Refused("9805", complaint)
        antwort = self._register.beantworte(suchanfrage.anfrage, now)
        return xmeld.serialize(xmeld.write(suchanfrage, antwort, now))

    def _answered(self, request: Received, done: Draft, antwort: bytes) -> Draft:
        """`done` with the answer as content, for whoever asked. The roles are swapped: we are the originator now."""
        reader = request.certificate("CipherCertificateOriginator")
        if reader is None:
            raise Refused("9805", "no cipher certificate of the originator: nobody to encrypt the answer for")
        message_id = request.message_id("osci:MessageIdResponse")
        named = written_id(message_id) + element("osci:Subject", SUBJECT) if message_id is not None else ""
        certificates = [
            Named("CipherCertificateOriginator", self.party.cipher.certificate),
            Named("CipherCertificateAddressee", reader),
        ]
        author: Author | None = Author(self.party.signature)
        if self.faults.has("signed_by_stranger", CONTENT):
            author = Author(self._stranger, "SignatureCertificateOtherAuthor")
            certificates.append(author.named)
        if self.faults.has("unsigned", CONTENT):
            author = None
        if self.faults.has("answers_other_message", CONTENT):
            antwort = xmeld.answer_to_another(antwort)
        forged = None
        if self.faults.has("wrapped_signature", CONTENT):
            forged = xmeld.answer_about(NIEMAND, antwort)
        body = package(container(antwort, author, forged=forged), reader)
        return replace(done, content=named, body=body, certificates=certificates, timed=message_id is not None)
