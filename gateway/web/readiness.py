"""`/ready`: would an exchange be answered and recorded now? Each check with its state, and since when it has it.

Only what stops answers makes it say no: a load balancer that takes a gateway out because a queue is long helps nobody.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from gateway.behoerden.zertifikate import Ablauf
from gateway.web.lage import Ankerlage, Frist, Lage

_DAY = timedelta(days=1)

#: When an operator has to look: seals behind their entries, requests that nobody looks at, messages that nobody takes.
SIEGEL, NACHARBEIT, POSTAUSGANG = timedelta(seconds=10), timedelta(minutes=15), _DAY
CERTIFICATE, REVOCATION = 30 * _DAY, _DAY

#: How far the newest record may lie in the future, of another machine's clock.
CLOCK = timedelta(minutes=1)

#: Bytes left for databases on SQLite.
LOW, FULL = 1 << 30, 16 << 20

#: Authorities whose certificates expire that a check names.
NAMED = 5

#: Without these no answer over SOAP is of use to anybody.
NEEDED = frozenset({"signatur", "tls", "signatur.ca"})


class State(IntEnum):
    """Worst last; the number is the metric's."""

    OK = 0
    WARNING = 1
    FAILING = 2


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `detail` says what is wrong."""

    name: str
    state: State
    detail: str = ""


def checks(lage: Lage) -> Iterator[Check]:
    """Everything that can be told of a reading."""
    for name, reason in lage.stores.items():
        yield Check(name, State.FAILING if reason else State.OK, reason)
    if lage.protokoll is not None:
        yield from _protokoll(lage)
    for name, end in lage.certificates.items():
        yield _until(f"certificate {name}", end, lage.moment, CERTIFICATE, needed=name in NEEDED)
    if lage.ablaufende is not None:
        yield _behoerden(lage.ablaufende)
    for name, end in lage.revocation.items():
        yield _until(f"revocation list {name}", end, lage.moment, REVOCATION, needed=name in NEEDED)
    for name, free in lage.free.items():
        state = State.FAILING if free < FULL else State.WARNING if free < LOW else State.OK
        yield Check(f"disk {name}", state, f"{free >> 20} MB are free" if state else "")
    if lage.anker is not None:
        yield _anchor(lage.anker, lage.moment)
    yield Check("key file", State.WARNING if lage.keys else State.OK, lage.keys)
    for land, state_of in lage.laender.items():
        bad = state_of != "closed"
        yield Check(f"land {land}", State.WARNING if bad else State.OK, "does not answer" if bad else "")


def _anchor(anker: Ankerlage, now: datetime) -> Check:
    """One that is missed once may have met a restart."""
    if anker.neuester is None:
        return Check("anchor", State.WARNING, "there is none")
    age = now - anker.neuester
    return _late("anchor", age, 2 * anker.abstand, f"the newest is {_span(age)} old")


def _behoerden(ablaufende: Sequence[Ablauf]) -> Check:
    """Those that end first are named."""
    said = ", ".join(f"{one.kennung} on {one.gueltig_bis:%Y-%m-%d}" for one in ablaufende[:NAMED])
    state = State.WARNING if ablaufende else State.OK
    return Check("certificates of authorities", state, f"{len(ablaufende)} expire: {said}" if said else "")


def _protokoll(lage: Lage) -> Iterator[Check]:
    one = lage.protokoll
    assert one is not None
    behind = timedelta(seconds=one.siegelrueckstand)
    yield _late("seals", behind, SIEGEL, f"{behind.total_seconds():.0f} seconds behind the entries")
    overdue = timedelta(seconds=one.nacharbeit.sekunden)
    check = _late("nacharbeit", overdue, NACHARBEIT, f"{one.nacharbeit.anzahl} wait, the oldest {_span(overdue)}")
    if not check.state and one.nacharbeit.haengend:
        check = Check("nacharbeit", State.WARNING, f"{one.nacharbeit.haengend} failed again and again: see the log")
    yield check
    old = timedelta(seconds=one.postausgang.sekunden)
    yield _late("postausgang", old, POSTAUSGANG, f"{one.postausgang.anzahl} wait, the oldest {_span(old)}")
    ahead = one.neuester - lage.moment if one.neuester else timedelta()
    yield _late("clock", ahead, CLOCK, f"the newest record lies {_span(ahead)} in the future")


def _late(name: str, by: timedelta, tolerated: timedelta, detail: str) -> Check:
    return Check(name, State.WARNING, detail) if by > tolerated else Check(name, State.OK)


def _until(name: str, end: Frist, now: datetime, warn: timedelta, *, needed: bool) -> Check:
    """It fails with the last of several: who is believed by another one is answered."""
    left = end.erste - now
    if left <= timedelta():
        failing = needed and end.letzte <= now
        return Check(name, State.FAILING if failing else State.WARNING, "is out of date")
    return Check(name, State.WARNING, f"{_span(left)} left") if left < warn else Check(name, State.OK)


def _span(time: timedelta) -> str:
    return f"{time.days} days" if time >= 2 * _DAY else f"{time.total_seconds() / 3600:.1f} hours"


class Readiness:
    """Remembers since when each check has its state, as this process has seen it. For one thread at a time."""

    def __init__(self, lage: Callable[[], Lage]) -> None:
        self._lage = lage
        self._since: dict[str, tuple[State, datetime]] = {}

    def report(self) -> tuple[bool, Mapping[str, Any]]:
        """Whether exchanges are answered and recorded, and all checks as JSON will have them."""
        lage = self._lage()
        found = list(checks(lage))
        rows = [
            {
                "name": check.name,
                "state": check.state.name.lower(),
                "since": self._noted(check, lage.moment).isoformat(timespec="seconds"),
                **({"detail": check.detail} if check.detail else {}),
            }
            for check in sorted(found, key=lambda check: -check.state)
        ]
        ready = all(check.state is not State.FAILING for check in found)
        return ready, {"status": status(ready), "checks": rows}

    def _noted(self, check: Check, now: datetime) -> datetime:
        known = self._since.get(check.name)
        if known is None or known[0] is not check.state:
            known = self._since[check.name] = check.state, now
        return known[1]


def status(ready: bool) -> str:
    """The answer in a word."""
    return "ready" if ready else "not ready"
