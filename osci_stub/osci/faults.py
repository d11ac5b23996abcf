"""What the OSCI stub does wrong on request, by name: one row each."""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from osci_stub.osci.refused import Refused

INTERMEDIARY, REGISTER = "intermediaer", "register"
CONTENT, MESSAGE = "inhalt", "nachricht"


@dataclass(frozen=True)
class Fault:
    """`tells` says in a line what the other side sees.

    `intermediary` is the request whose answer is wrong, `register` the layer (content or message) of the register's
    answer, each where nothing else is asked for; None where the fault makes no sense there.
    """

    tells: str
    intermediary: str | None = "MediateDelivery"
    register: str | None = MESSAGE


FAULTS: Mapping[str, Fault] = {
    "unsigned": Fault("no signature", register=CONTENT),
    "signed_by_stranger": Fault("a sound signature, of a certificate of an unknown CA", register=CONTENT),
    "wrapped_signature": Fault("what was signed is moved elsewhere, a forged one is in its place", register=CONTENT),
    "wrong_challenge": Fault("Response is not the Challenge of the request"),
    "aborts_midway": Fault("the connection ends in the middle of the answer"),
    "too_late": Fault("the answer is held back (late_seconds)"),
    "too_large": Fault("the answer is followed by blank bytes (large_bytes)"),
    "answers_other_message": Fault("ursprungsnachricht names another UUID", intermediary=None, register=CONTENT),
    "warning_3xxx": Fault("a warning in the Feedback; warning_3500 and the like choose the code"),
    "fault_9xxx": Fault("refused; fault_9602 and the like choose the code: SOAP fault or Feedback by the standard"),
}
CHOSEN = {"warning_3xxx": "3500", "fault_9xxx": "9811"}


class Faults:
    """The faults of one part, INTERMEDIARY or REGISTER; may be changed at any time, holds from the next answer on."""

    def __init__(self, part: str, *, late_seconds: float = 30.0, large_bytes: int = 64 * 2**20) -> None:
        self.late_seconds = late_seconds
        self.large_bytes = large_bytes
        self._part = part
        self._lock = Lock()
        self._active: dict[tuple[str, str], str] = {}

    def add(self, name: str, on: str | None = None) -> None:
        """Raises ValueError for a name that there is not, or not in this part.

        `on` is a request type for the intermediary (MediateDelivery), CONTENT or MESSAGE for the register.
        """
        row, code = _row(name)
        usual = getattr(FAULTS[row], "intermediary" if self._part == INTERMEDIARY else "register")
        if usual is None:
            raise ValueError(f"{name} is nothing that the part {self._part} can do")
        with self._lock:
            self._active[row, on or usual] = code

    def discard(self, name: str) -> None:
        """Wherever it holds."""
        row, _ = _row(name)
        with self._lock:
            self._active = {key: code for key, code in self._active.items() if key[0] != row}

    def clear(self) -> None:
        with self._lock:
            self._active = {}

    def has(self, name: str, on: str) -> bool:
        return self.code(name, on) is not None

    def code(self, name: str, on: str) -> str | None:
        """The code chosen for warning_3xxx and fault_9xxx, empty for the others; None when the fault is not on."""
        with self._lock:
            return self._active.get((name, on))

    def refuse(self, on: str) -> None:
        """Raises Refused with the code of fault_9xxx when that was asked for."""
        code = self.code("fault_9xxx", on)
        if code is not None:
            raise Refused(code, "asked for")


def _row(name: str) -> tuple[str, str]:
    """The row of FAULTS, and the code that the name chooses."""
    if name in FAULTS:
        return name, CHOSEN.get(name, "")
    kind, _, code = name.rpartition("_")
    row = {("warning", "3"): "warning_3xxx", ("fault", "9"): "fault_9xxx"}.get((kind, code[:1]))
    if row is None or len(code) != 4 or not code.isdecimal():
        raise ValueError("no fault of that name; there are " + ", ".join(FAULTS))
    return row, code
