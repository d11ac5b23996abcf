"""The dialogs of an intermediary: who is in one, and whether a request is the next of its."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from cryptography import x509

from osci_stub.osci.received import Control
from osci_stub.osci.refused import Refused
from osci_stub.osci.reply import challenge

OPENS, NEEDS, MAY, ENDS = "opens a dialog", "needs one", "may be in one", "ends one"

#: What each request has to do with a dialog.
RULES: Mapping[str, str] = {
    "InitDialog": OPENS,
    "ExitDialog": ENDS,
    "MediateDelivery": NEEDS,
    "FetchDelivery": NEEDS,
    "FetchProcessCard": NEEDS,
    "GetMessageId": MAY,
    "StoreDelivery": MAY,
    "ForwardDelivery": MAY,
}
MAX_DIALOGS = 1000


@dataclass
class Dialog:
    """`challenge` is what the next request's Response must be, `sequence` its SequenceNumber."""

    conversation: str
    challenge: str
    sequence: int = 0
    client: x509.Certificate | None = None
    cipher: x509.Certificate | None = None


@dataclass(frozen=True)
class Turn:
    """A request in its place: the dialog it belongs to (None outside one), and the dialog block of its answer."""

    dialog: Dialog | None
    answer: Control
    ends: bool = False


class Dialogs:
    """Open dialogs by ConversationId; the oldest is forgotten when there are too many."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: dict[str, Dialog] = {}

    def take(self, message_type: str, control: Control) -> Turn:
        """The turn of a request. Raises Refused 9400 when it is not its turn."""
        rule = RULES[message_type]
        if not control.challenge:
            raise Refused("9400", "no Challenge")
        with self._lock:
            if rule == OPENS:
                return self._opened(control)
            if rule == MAY and control.conversation is None:
                return _alone(control)
            return self._next(rule, control)

    def end(self, dialog: Dialog) -> None:
        with self._lock:
            self._open.pop(dialog.conversation, None)

    def _opened(self, control: Control) -> Turn:
        if (control.response, control.conversation, control.sequence) != (None, None, None):
            raise Refused("9400", "InitDialog is in a dialog already")
        dialog = Dialog(number(), challenge())
        while len(self._open) >= MAX_DIALOGS:
            del self._open[next(iter(self._open))]
        self._open[dialog.conversation] = dialog
        return Turn(dialog, Control(control.challenge, dialog.challenge, dialog.conversation))

    def _next(self, rule: str, control: Control) -> Turn:
        dialog = self._open.get(control.conversation or "")
        if dialog is None:
            raise Refused("9400", "no dialog of that ConversationId")
        may_be_silent = rule == MAY and control.response is None  # so the library with StoreDelivery
        if control.response != dialog.challenge and not may_be_silent:
            raise Refused("9400", "Response is not the last Challenge")
        if control.sequence != str(dialog.sequence):
            raise Refused("9400", "SequenceNumber is not the next")
        dialog.sequence += 1
        dialog.challenge = challenge()
        given = None if rule == ENDS else dialog.challenge
        answer = Control(control.challenge, given, dialog.conversation, control.sequence)
        return Turn(dialog, answer, ends=rule == ENDS)


def number() -> str:
    """A new ConversationId: digits only."""
    return str(secrets.randbelow(10**15) + 1)


def _alone(control: Control) -> Turn:
    """A request that is a dialog of its own."""
    if control.response is not None or control.sequence != "0":
        raise Refused("9400", "outside a dialog there is no Response, and SequenceNumber is 0")
    return Turn(None, Control(control.challenge, None, number(), control.sequence))
