"""A working OSCI intermediary: dialogs, MessageIds, delivery to passive recipients, mailboxes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from cryptography import x509

from osci_stub.keys import Signatory, trusted
from osci_stub.osci.dialogs import RULES, Dialogs, Turn
from osci_stub.osci.faults import INTERMEDIARY, Faults
from osci_stub.osci.mailboxes import EPOCH, Card, Delivery, Mailboxes, stamp, written_id
from osci_stub.osci.message import Draft, Signer, soap_fault
from osci_stub.osci.names import NS, is_soap_fault
from osci_stub.osci.orders import applied_rule, certificates, fingerprint, new_card, package, recipient, rule
from osci_stub.osci.parties import Party
from osci_stub.osci.received import Control, Received, read
from osci_stub.osci.refused import Entry, FaultReceived, Refused
from osci_stub.osci.relay import Relay
from osci_stub.osci.reply import Closing, Reply, challenge
from osci_stub.osci.schema import Schemas
from osci_stub.osci.text import canonical, element
from osci_stub.osci.transport import Endpoint


@dataclass(frozen=True)
class Outcome:
    """What a request comes to: the Feedback, and what else the answer holds."""

    feedback: Sequence[Entry]
    content: str = ""
    body: str = ""
    passed_on: str = ""
    parts: Mapping[str, bytes] = field(default_factory=dict)


class Intermediary:
    """Runs at `url` until `close`. `faults` may be changed while it runs.

    `anchors` are whom it believes: CAs, or single certificates. `timeout` is its patience with recipients, in seconds.
    Raises OSError when `port` is taken (0 picks a free one).
    """

    def __init__(
        self,
        party: Party,
        anchors: Sequence[x509.Certificate],
        stranger: Signatory,
        *,
        port: int = 0,
        schemas: Schemas | None = None,
        timeout: float = 20.0,
        quiet: bool = True,
    ) -> None:
        self.party = party
        self.faults = Faults(INTERMEDIARY)
        self.mailboxes = Mailboxes()
        self._dialogs = Dialogs()
        self._anchors = tuple(anchors)
        self._schemas = schemas
        self._relay = Relay(party, self._anchors, timeout)
        self._closing = Closing(Signer(party.signature, "SignatureCertificateIntermediary"), stranger, self.faults)
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
        if request.type not in RULES:
            raise Refused("9300", "nothing that an intermediary is asked")
        complaint = self._schemas.complaint(request.type, request.envelope) if self._schemas else None
        if complaint:
            raise Refused("9300", complaint)
        turn = self._dialogs.take(request.type, request.control)
        try:
            self._admit(request, turn)
            self.faults.refuse(request.type)
            outcome = HANDLERS[request.type](self, request, turn)
        except Refused as refused:
            if is_soap_fault(refused.code):
                raise
            outcome = Outcome([Entry.of(refused.code, refused.hint)], MUST_HOLD.get(request.type, ""))
        return self._closed(request, turn, outcome)

    def _admit(self, request: Received, turn: Turn) -> None:
        """Whether the request is signed by somebody who is believed, in a dialog by who opened it."""
        try:
            signer = self._signer(request)
        except Refused:
            if request.type == "InitDialog" and turn.dialog:
                self._dialogs.end(turn.dialog)
            raise
        if turn.dialog is None:
            return
        if request.type == "InitDialog":
            turn.dialog.client = signer
            turn.dialog.cipher = request.certificate("CipherCertificateOriginator")
        elif signer != turn.dialog.client:
            raise Refused("9400", "the dialog is another client's")

    def _signer(self, request: Received) -> x509.Certificate:
        signer = request.verify("SignatureCertificateOriginator")
        if not trusted(signer, self._anchors, datetime.now(UTC)):
            raise Refused("9700", "nobody who is believed issued it")
        return signer

    def _closed(self, request: Received, turn: Turn, outcome: Outcome) -> Reply:
        reader = None
        if request.encrypted:
            reader = turn.dialog.cipher if turn.dialog else None
            reader = reader or request.certificate("CipherCertificateOriginator")
            if reader is None:
                raise Refused("9500", "an encrypted request without the client's cipher certificate")
        draft = Draft(
            f"ResponseTo{request.type}",
            turn.answer,
            outcome.content,
            outcome.body,
            outcome.feedback,
            passed_on=outcome.passed_on,
            parts=outcome.parts,
        )
        return self._closing.close(draft, request.type, reader)

    # --- what is asked

    def _init_dialog(self, request: Received, turn: Turn) -> Outcome:
        return Outcome([_done(turn)])

    def _exit_dialog(self, request: Received, turn: Turn) -> Outcome:
        if turn.dialog:
            self._dialogs.end(turn.dialog)
        return Outcome([_done(turn)])

    def _get_message_id(self, request: Received, turn: Turn) -> Outcome:
        return Outcome([_done(turn)], written_id(self.mailboxes.issue()))

    def _store_delivery(self, request: Received, turn: Turn) -> Outcome:
        message_id = request.message_id()
        if message_id is None or request.certificate("CipherCertificateAddressee") is None:
            raise Refused("9300", "a delivery without MessageId or addressee")
        self.mailboxes.use(message_id)
        card = new_card(request, message_id, datetime.now(UTC))
        delivery = Delivery(message_id, certificates(request), package(request), request.parts)
        self.mailboxes.store(delivery, card)
        return Outcome([_done(turn)], card.written())

    def _fetch_delivery(self, request: Received, turn: Turn) -> Outcome:
        selection = request.payload.find("osci:SelectionRule", NS)
        echo = element("osci:fetchDelivery", "" if selection is None else canonical(selection).decode())
        try:
            found = self.mailboxes.fetch(_client(turn), rule(selection), datetime.now(UTC))
        except Refused as refused:
            return Outcome([Entry.of(refused.code)], echo)
        delivery, card, waiting = found
        entries = [_done(turn), *([Entry.of("3800")] if waiting else [])]
        content = echo + card.written(reception=False)
        return Outcome(entries, content, delivery.package, delivery.certificates, delivery.parts)

    def _fetch_process_card(self, request: Received, turn: Turn) -> Outcome:
        selection = request.payload.find("osci:SelectionRule", NS)
        quantity = request.payload.find("osci:Quantity", NS)
        limit = None if quantity is None else int(quantity.get("Limit") or 0)
        echo = applied_rule(selection)
        try:
            cards = self.mailboxes.cards(_client(turn), rule(selection))
        except Refused as refused:
            return Outcome([Entry.of(refused.code)], echo)
        entries = [_done(turn), *([Entry.of("3801")] if limit is not None and len(cards) > limit else [])]
        return Outcome(entries, echo + "".join(card.written() for card in cards[:limit]))

    def _mediate_delivery(self, request: Received, turn: Turn) -> Outcome:
        message_id = request.message_id()
        self.mailboxes.use(message_id)
        if message_id is None:
            relayed = self._relay.deliver(self._to_recipient("ProcessDelivery", request, ""), *recipient(request))
            cards = ""
        else:
            card = new_card(request, message_id, datetime.now(UTC))
            card = replace(card, forwarding=card.creation)
            reply_id = self.mailboxes.issue()
            content = written_id(reply_id, "MessageIdResponse") + card.written()
            draft = self._to_recipient("ProcessDelivery", request, content)
            relayed = self._relay.deliver(draft, *recipient(request))
            cards = self._noted(card, None if relayed.failed else relayed.answer, reply_id)
        if relayed.answer is None or relayed.failed:
            return Outcome(relayed.entries)
        answer = relayed.answer
        done = [_done(turn), *relayed.entries]
        return Outcome(done, cards, package(answer), certificates(answer), answer.parts)

    def _noted(self, card: Card, answer: Received | None, reply_id: str) -> str:
        """The cards of both ways, kept, and as text for the sender."""
        now = datetime.now(UTC)
        if answer is None:
            self.mailboxes.note(card)
            return ""
        self.mailboxes.use(reply_id)
        request_card = replace(card, reception=now)
        subject = answer.text("osci:Subject")
        reply_card = Card(reply_id, now, (card.parties[1], card.parties[0]), subject, forwarding=now)
        self.mailboxes.note(request_card)
        self.mailboxes.note(reply_card)
        return request_card.written("RequestProcessCardBundle") + reply_card.written("ReplyProcessCardBundle")

    def _forward_delivery(self, request: Received, turn: Turn) -> Outcome:
        message_id = request.message_id()
        if message_id is None:
            raise Refused("9300", "a delivery without MessageId")
        self.mailboxes.use(message_id)
        card = new_card(request, message_id, datetime.now(UTC))
        card = replace(card, forwarding=card.creation)
        relayed = self._relay.deliver(
            self._to_recipient("AcceptDelivery", request, card.written()), *recipient(request)
        )
        if not relayed.failed:
            card = replace(card, reception=datetime.now(UTC))
        self.mailboxes.note(card)
        return Outcome(relayed.entries if relayed.failed else [_done(turn), *relayed.entries], card.written())

    def _to_recipient(self, message_type: str, request: Received, content: str) -> Draft:
        return Draft(
            message_type,
            Control(challenge=challenge()),
            content,
            package(request),
            certificates=self._relay.certificates,
            passed_on=certificates(request),
            parts=request.parts,
        )


Handler = Callable[[Intermediary, Received, Turn], Outcome]

HANDLERS: Mapping[str, Handler] = {
    "InitDialog": Intermediary._init_dialog,
    "ExitDialog": Intermediary._exit_dialog,
    "GetMessageId": Intermediary._get_message_id,
    "StoreDelivery": Intermediary._store_delivery,
    "FetchDelivery": Intermediary._fetch_delivery,
    "FetchProcessCard": Intermediary._fetch_process_card,
    "MediateDelivery": Intermediary._mediate_delivery,
    "ForwardDelivery": Intermediary._forward_delivery,
}

#: What an answer's own element holds by its schema even when there is nothing to tell.
MUST_HOLD = {
    "FetchDelivery": element("osci:fetchDelivery"),
    "FetchProcessCard": element(
        "osci:fetchProcessCard", element("osci:SelectionRule", element("osci:ReceptionOfDelivery", stamp(EPOCH)))
    ),
}


def _done(turn: Turn) -> Entry:
    return Entry.of("0800" if turn.dialog is None or turn.ends else "0801")


def _client(turn: Turn) -> str:
    """Whose mailbox it is: that of the cipher certificate in InitDialog."""
    return fingerprint(turn.dialog.cipher if turn.dialog else None)
