"""Processes that exchange and may die of it: what has left one of them is known, whatever has become of it."""

import hashlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.exchange import Reply

_DIGEST = 32

#: Does an exchange with these bytes and tells what has left.
Tell = Callable[[Reply], None]


@dataclass(frozen=True)
class Ended:
    """How a process ended: killed by itself or whole, and the SHA-256 of every reply that left it.

    `unrecorded`: the replies that say themselves that nothing could be recorded. `events`: calls and returns passed.
    """

    killed: bool
    left: tuple[bytes, ...]
    unrecorded: int
    events: int


def child(work: Callable[[Tell], None], *, kill_at: int = 0) -> Ended:
    """Does `work` in a forked process, which kills itself at that call or return of a function, of C's too."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        code = 1
        try:
            passed = _count(kill_at)
            work(lambda reply: _tell(writing, reply))
            _stop_counting()
            os.write(writing, b"E" + passed[0].to_bytes(_DIGEST, "big"))
            code = 0
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), f"the process failed by itself: {code}"
    return _ended(told, killed=code != 0)


def _tell(pipe: int, reply: Reply) -> None:
    kind = b"N" if reply.is_fault and b"NOT_RECORDED" in reply.body else b"R"
    os.write(pipe, kind + hashlib.sha256(reply.body).digest())


def _ended(told: bytes, *, killed: bool) -> Ended:
    rows = [told[start : start + 1 + _DIGEST] for start in range(0, len(told), 1 + _DIGEST)]
    left = tuple(row[1:] for row in rows if row[:1] == b"R")
    events = next((int.from_bytes(row[1:], "big") for row in rows if row[:1] == b"E"), 0)
    return Ended(killed, left, sum(row[:1] == b"N" for row in rows), events)


def _count(kill_at: int) -> list[int]:
    """Counts what every thread calls and returns from, those that begin later too."""
    passed = [0]

    def pass_by(*_: Any) -> None:
        passed[0] += 1
        if passed[0] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(pass_by)
    sys.setprofile(pass_by)
    return passed


def _stop_counting() -> None:
    threading.setprofile(None)
    sys.setprofile(None)
