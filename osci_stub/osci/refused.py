"""What stops a message, on either side."""

from collections.abc import Sequence
from dataclasses import dataclass

from osci_stub.osci.names import TEXTS


@dataclass(frozen=True)
class Entry:
    """One row of a Feedback."""

    code: str
    text: str

    @classmethod
    def of(cls, code: str, hint: str = "") -> "Entry":
        text = TEXTS.get(code, "Meldung auf Wunsch")
        return cls(code, f"{text} ({hint})" if hint else text)


class Refused(Exception):
    """The message is not taken; `code` is OSCI's, `hint` names the rule, never a value of the message."""

    def __init__(self, code: str, hint: str) -> None:
        super().__init__(f"{code}: {hint}")
        self.code = code
        self.hint = hint


class FaultReceived(Exception):
    """The other side answered with a SOAP fault."""

    def __init__(self, code: str) -> None:
        super().__init__(f"SOAP fault {code}")
        self.code = code


class FeedbackReceived(Exception):
    """The other side answered with a Feedback that holds an error (9xxx)."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.codes = tuple(entry.code for entry in entries)
        self.entries = tuple(entries)
        super().__init__("feedback " + ", ".join(f"{entry.code} {entry.text}" for entry in entries))
