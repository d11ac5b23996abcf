"""The intermediary's way to a passive recipient and back, a dialog of its own: implicit, one request, one answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509

from osci_stub.keys import trusted
from osci_stub.osci.certificates import Named
from osci_stub.osci.message import Draft, Signer, compose, encrypt
from osci_stub.osci.parties import Party
from osci_stub.osci.received import Received, read
from osci_stub.osci.refused import Entry, FaultReceived, Refused
from osci_stub.osci.transport import Broken, NotReached, post

#: Who signs a recipient's answer.
RECIPIENTS = {
    "ProcessDelivery": "SignatureCertificateOriginator",
    "AcceptDelivery": "SignatureCertificateAddressee",
}
SERVER_FAULTS = ("9000", "9503")


@dataclass(frozen=True)
class Relayed:
    """`entries` are what the sender must be told beside success; `answer` is None where there is none to pass on."""

    entries: tuple[Entry, ...] = ()
    answer: Received | None = None

    @property
    def failed(self) -> bool:
        return any(entry.code.startswith("9") for entry in self.entries)


@dataclass(frozen=True)
class Relay:
    """`party` is the intermediary, `anchors` whom it believes; `timeout` in seconds."""

    party: Party
    anchors: Sequence[x509.Certificate]
    timeout: float = 20.0

    @property
    def certificates(self) -> list[Named]:
        """What the recipient needs to answer encrypted."""
        return [Named("CipherCertificateIntermediary", self.party.cipher.certificate)]

    def deliver(self, draft: Draft, url: str, recipient: x509.Certificate | None) -> Relayed:
        """Sends `draft` to the recipient at `url`, encrypted for `recipient`; never raises for what comes back."""
        data = compose(draft, Signer(self.party.signature, "SignatureCertificateIntermediary"))
        if recipient is not None:
            data = encrypt(data, recipient)
        try:
            answer = read(post(url, data, self.timeout), self.party.cipher)
        except NotReached as error:
            return Relayed((Entry.of("9809", str(error)),))
        except Broken as error:
            return Relayed((Entry.of("9810", str(error)),))
        except FaultReceived as error:
            return Relayed((Entry.of("9808" if error.code in SERVER_FAULTS else "9810", f"Empfänger: {error.code}"),))
        except Refused as refused:
            return Relayed((Entry.of("9808", refused.hint),))
        try:
            return self._checked(draft, answer, encrypted=recipient is not None)
        except Refused as refused:
            return Relayed((Entry.of(refused.code if refused.code.startswith("97") else "9808", refused.hint),))

    def _checked(self, draft: Draft, answer: Received, *, encrypted: bool) -> Relayed:
        if answer.type != f"ResponseTo{draft.type}":
            raise Refused("9808", "an answer of another type")
        if answer.control.response != draft.control.challenge:
            raise Refused("9808", "Response is not the Challenge")
        entries = [] if answer.encrypted or not encrypted else [Entry.of("3803")]
        try:
            signer = answer.verify(RECIPIENTS[draft.type])
        except Refused as refused:
            if refused.code != "9600":
                return Relayed((Entry.of("9807", refused.hint),))
            entries.append(Entry.of("3802"))
        else:
            if not trusted(signer, self.anchors, datetime.now(UTC)):
                raise Refused("9711", "nobody who is believed issued it")
        theirs = [entry for entry in answer.feedback if not entry.code.startswith("0")]
        return _judged(draft, answer, entries, theirs)


def _judged(draft: Draft, answer: Received, entries: list[Entry], theirs: list[Entry]) -> Relayed:
    codes = [entry.code for entry in theirs]
    if any(code.startswith("9") for code in codes):
        refused = [] if "9805" in codes else [Entry.of("9805")]
        return Relayed((*refused, *theirs, *entries))
    if draft.type == "ProcessDelivery" and answer.body.find("{*}ContentPackage") is None:
        return Relayed((Entry.of("9806"), *theirs, *entries))
    return Relayed((*entries, *theirs), answer)
