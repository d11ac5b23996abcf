"""An asking authority: a client that goes through an intermediary, or plays one before a recipient."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cryptography import x509

from osci_stub.keys import trusted
from osci_stub.osci.certificates import Named
from osci_stub.osci.content import Author, Opened, container, open_content, package
from osci_stub.osci.mailboxes import written_id
from osci_stub.osci.message import Draft, Signer, compose, encrypt
from osci_stub.osci.parties import Party
from osci_stub.osci.received import Control, Received, read
from osci_stub.osci.refused import Entry, FeedbackReceived, Refused
from osci_stub.osci.reply import challenge
from osci_stub.osci.text import element, escape
from osci_stub.osci.transport import post

SUBJECT = "XMeld"
ORIGINATOR = "SignatureCertificateOriginator"


@dataclass(frozen=True)
class Addressee:
    """Whom a delivery is for: the address of the passive recipient, and who can open it."""

    uri: str
    cipher: x509.Certificate


@dataclass(frozen=True)
class Antwort:
    """An answer as opened: the XMeld bytes, who signed them, and the warnings on the way."""

    nachricht: bytes
    autor: x509.Certificate
    feedback: tuple[Entry, ...]
    message: Received


@dataclass(frozen=True)
class Anfrager:
    """`party` asks; `intermediary_cipher` None sends plainly. `anchors` are whom it believes; `timeout` in seconds.

    Every call raises NotReached or Broken where HTTP fails, FaultReceived and FeedbackReceived for what the other side
    says, Refused for an answer that must not be believed.
    """

    party: Party
    intermediary: str
    intermediary_cipher: x509.Certificate | None
    anchors: Sequence[x509.Certificate]
    timeout: float = 60.0

    def frage(
        self, nachricht: bytes, addressee: Addressee, *, message_id: bool = False, subject: str = SUBJECT
    ) -> Antwort:
        """Signs and encrypts `nachricht` and asks for it: [GetMessageId,] InitDialog, MediateDelivery, ExitDialog."""
        identifier = self.message_id() if message_id else None
        with_id = "" if identifier is None else written_id(identifier) + element("osci:Subject", escape(subject))
        receiver = element("osci:ContentReceiver", "", {"URI": addressee.uri})
        dialog = self.dialog()
        answer = dialog.ask(self._delivery("MediateDelivery", receiver + with_id, nachricht, addressee.cipher))
        dialog.exit()
        return self._antwort(answer)

    def lege_ab(self, nachricht: bytes, reader: x509.Certificate, *, message_id: str | None = None) -> str:
        """StoreDelivery into the mailbox of `reader`; the MessageId."""
        identifier = message_id or self.message_id()
        content = written_id(identifier) + element("osci:Subject", SUBJECT)
        self.send(self._delivery("StoreDelivery", content, nachricht, reader), Control(None, challenge(), None, "0"))
        return identifier

    def hole_ab(self, message_id: str | None = None) -> Antwort:
        """FetchDelivery from the own mailbox. Raises FeedbackReceived 9803 when nothing waits."""
        rule = "" if message_id is None else element("osci:SelectionRule", written_id(message_id))
        dialog = self.dialog()
        answer = dialog.ask(Draft("FetchDelivery", Control(), rule))
        dialog.exit()
        return self._antwort(answer)

    def laufzettel(self, content: str = "") -> Received:
        """FetchProcessCard; `content` is a SelectionRule and a Quantity as text."""
        dialog = self.dialog()
        answer = dialog.ask(Draft("FetchProcessCard", Control(), content))
        dialog.exit()
        return answer

    def leite_weiter(self, nachricht: bytes, addressee: Addressee) -> Received:
        """ForwardDelivery to a recipient, outside a dialog."""
        receiver = element("osci:ContentReceiver", "", {"URI": addressee.uri})
        draft = self._delivery("ForwardDelivery", receiver + written_id(self.message_id()), nachricht, addressee.cipher)
        return self.send(draft, Control(None, challenge(), None, "0"))

    def message_id(self) -> str:
        """A new one from the intermediary."""
        answer = self.send(Draft("GetMessageId", Control()), Control(None, challenge(), None, "0"))
        identifier = answer.message_id()
        if identifier is None:
            raise Refused("9300", "an answer without MessageId")
        return identifier

    def dialog(self) -> "Dialog":
        """A new one, opened by InitDialog."""
        return Dialog(self)

    def send(self, draft: Draft, control: Control) -> Received:
        """One request with the dialog block `control`, and its answer: of its type, for its Challenge, signed."""
        draft = replace(draft, control=control, certificates=self._certificates(draft), features=True)
        data = compose(draft, Signer(self.party.signature, ORIGINATOR))
        if self.intermediary_cipher is not None:
            data = encrypt(data, self.intermediary_cipher)
        answer = read(post(self.intermediary, data, self.timeout), self.party.cipher)
        if self.intermediary_cipher is not None and not answer.encrypted:
            raise Refused("9100", "a plain answer to an encrypted request")
        self._check(draft, answer, "SignatureCertificateIntermediary")
        if control.sequence != answer.control.sequence:
            raise Refused("9400", "SequenceNumber is not that of the request")
        return answer

    def stelle_zu(
        self, nachricht: bytes, addressee: Addressee, *, message_type: str = "ProcessDelivery", encrypted: bool = True
    ) -> Antwort:
        """Plays the intermediary: ProcessDelivery straight to the recipient, author and intermediary are `party`."""
        draft = self._delivery(message_type, "", nachricht, addressee.cipher)
        certificates = [
            *self._certificates(draft),
            Named(ORIGINATOR, self.party.signature.certificate),
            Named("CipherCertificateIntermediary", self.party.cipher.certificate),
        ]
        draft = replace(draft, control=Control(challenge=challenge()), certificates=certificates, timed=False)
        data = compose(draft, Signer(self.party.signature, "SignatureCertificateIntermediary"))
        if encrypted:
            data = encrypt(data, addressee.cipher)
        answer = read(post(addressee.uri, data, self.timeout), self.party.cipher)
        if answer.encrypted != encrypted:
            raise Refused("9100", "the answer is not encrypted as the request was")
        self._check(draft, answer, ORIGINATOR)
        return self._antwort(answer)

    def _delivery(self, message_type: str, content: str, nachricht: bytes, reader: x509.Certificate) -> Draft:
        written = container(nachricht, Author(self.party.signature))
        named = [Named("CipherCertificateAddressee", reader)]
        timed = "<osci:MessageId>" in content
        return Draft(message_type, Control(), content, package(written, reader), certificates=named, timed=timed)

    def _certificates(self, draft: Draft) -> list[Named]:
        """What the library puts in: the own cipher certificate, where the schema of the type has room for it."""
        if draft.type in ("ExitDialog", "FetchDelivery", "FetchProcessCard"):
            return list(draft.certificates)
        return [Named("CipherCertificateOriginator", self.party.cipher.certificate), *draft.certificates]

    def _check(self, draft: Draft, answer: Received, role: str) -> None:
        if answer.type != f"ResponseTo{draft.type}":
            raise Refused("9100", "an answer of another type")
        if answer.control.response != draft.control.challenge:
            raise Refused("9400", "Response is not the Challenge")
        if not trusted(answer.verify(role), self.anchors, datetime.now(UTC)):
            raise Refused("9700", "signed by nobody who is believed")
        if any(entry.code.startswith("9") for entry in answer.feedback):
            raise FeedbackReceived(answer.feedback)

    def _antwort(self, answer: Received) -> Antwort:
        content: Opened = open_content(answer, self.party.cipher)
        if not trusted(content.author, self.anchors, datetime.now(UTC)):
            raise Refused("9805", "the content is signed by nobody who is believed")
        return Antwort(content.nachricht, content.author, answer.feedback, answer)


class Dialog:
    """An open one: each request answers the last Challenge and counts on."""

    def __init__(self, client: Anfrager) -> None:
        self._client = client
        control = client.send(Draft("InitDialog", Control()), Control(challenge=challenge())).control
        self._last, self._conversation = control.challenge, control.conversation
        self._sequence = 0

    def ask(self, draft: Draft) -> Received:
        """The answer to the next request. Raises as Anfrager does; Refused 9400 for another ConversationId."""
        control = Control(self._last, challenge(), self._conversation, str(self._sequence))
        answer = self._client.send(draft, control)
        if answer.control.conversation != self._conversation:
            raise Refused("9400", "ConversationId is another dialog's")
        self._last = answer.control.challenge
        self._sequence += 1
        return answer

    def exit(self) -> None:
        self.ask(Draft("ExitDialog", Control()))
