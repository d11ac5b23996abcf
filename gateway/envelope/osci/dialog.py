"""The dialog of a client with an intermediary: what its messages must say of it, as one table.

Each side proves with every message that it has read the other's last one: it repeats its Challenge as Response. An
answer that does not keep to the table breaks the dialog, and so does one that never comes: nobody knows then where the
intermediary stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from gateway.envelope.osci.message import ControlBlock
from gateway.errors import Fault, FaultCode


class State(Enum):
    """Where a dialog stands."""

    NEW = "nothing is agreed"
    OPEN = "InitDialog was answered"
    CLOSED = "ended, or refused"
    BROKEN = "a request has no answer, or none that fits"


@dataclass(frozen=True)
class Step:
    """One message and its answer. Parts by letter: Response, Challenge, ConVersationId, SequenceNumber.

    `after` is the state when the answer says yes, `refused` when it says no.
    """

    sends: str
    demands: str
    after: State
    refused: State
    allows: str = ""  # in the answer, beside what is demanded


#: What can be asked in which state; nothing else can.
TABLE: Mapping[tuple[State, str], Step] = {
    # a dialog of its own, which ends with the answer
    (State.NEW, "GetMessageId"): Step("CS", "RVS", allows="C", after=State.NEW, refused=State.NEW),
    (State.NEW, "InitDialog"): Step("C", "RCV", after=State.OPEN, refused=State.CLOSED),
    (State.OPEN, "MediateDelivery"): Step("RCVS", "RCVS", after=State.OPEN, refused=State.OPEN),
    (State.OPEN, "ExitDialog"): Step("RCVS", "RVS", after=State.CLOSED, refused=State.CLOSED),
}

_PARTS = {"R": "response", "C": "challenge", "V": "conversation", "S": "sequence"}


@dataclass(frozen=True)
class Dialog:
    """A dialog between two messages."""

    state: State = State.NEW
    conversation: str | None = None
    sequence: int = 0  # of the next request
    challenge: str | None = None  # the intermediary's last one

    def ask(self, message_type: str, challenge: str) -> "Asked":
        """A request with a fresh `challenge`. Raises Fault DIALOG_INVALID where it has no place."""
        step = TABLE.get((self.state, message_type))
        if step is None:
            raise _violation(f"{message_type} in a dialog that is {self.state.name}")
        values = {"R": self.challenge, "C": challenge, "V": self.conversation, "S": str(self.sequence)}
        control = ControlBlock(**{_PARTS[letter]: values[letter] for letter in step.sends})
        return Asked(self, message_type, step, control)


@dataclass(frozen=True)
class Asked:
    """A dialog whose request `control` waits for its answer."""

    before: Dialog
    message_type: str
    step: Step
    control: ControlBlock

    @property
    def unanswered(self) -> Dialog:
        """As long as no answer has come that fits."""
        return Dialog(State.BROKEN)

    def answered(self, answer: ControlBlock, refused: bool) -> Dialog:
        """The dialog after an answer that says yes, or no (`refused`). Raises Fault DIALOG_INVALID."""
        self._check_parts(answer)
        if answer.response != self.control.challenge:
            raise _violation("Response is not our Challenge")
        if "S" in self.step.demands and answer.sequence != self.control.sequence:
            raise _violation("SequenceNumber is not that of the request")
        state = self.step.refused if refused else self.step.after
        if self.before.state is State.NEW:
            return Dialog(state, answer.conversation, 0, answer.challenge) if state is State.OPEN else Dialog(state)
        if answer.conversation != self.before.conversation:
            raise _violation("ConversationId is another one")
        return Dialog(state, answer.conversation, self.before.sequence + 1, answer.challenge)

    def _check_parts(self, answer: ControlBlock) -> None:
        for letter, name in _PARTS.items():
            value = getattr(answer, name)
            if letter in self.step.demands and not value:
                raise _violation(f"{name} is missing in the answer to {self.message_type}")
            if value is not None and letter not in self.step.demands + self.step.allows:
                raise _violation(f"{name} has no place in the answer to {self.message_type}")
        number = answer.conversation or ""
        if not (number.isascii() and number.isdigit()):
            raise _violation("ConversationId is not a number")


def _violation(detail: str) -> Fault:
    return Fault(FaultCode.DIALOG_INVALID, detail)
