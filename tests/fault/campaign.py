"""A gateway to which everything happens that may: killed at any point of an exchange, its databases gone, its disk
full, its clock set back. Seeded. Whatever happens, no answer has left without its record, and the Protokoll verifies.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

from sqlalchemy import make_url, select

from gateway.protokoll import Einsicht, verify
from gateway.protokoll.tabellen import EINTRAG
from gateway.sending import client_of
from tests.betrieb import AMT, POLIZEI, betrieb
from tests.databases import fresh_database
from tests.fault.children import Ended, Tell, child
from tests.fault.faults import SteppedClock, full_disk, gone_files, gone_server, small_disk
from tests.nacharbeit.haus import PERSONEN, Haus, lauf_of

#: Calls and returns of one exchange, of which one is drawn to be killed at: a few more than the longest has.
_MORE = 1.02

#: A disk that is full is ours on SQLite only: a server has its own.
FAULTS = {
    "sqlite": ("killed", "gone", "gone midway", "full", "clock back"),
    "postgresql": ("killed", "gone", "gone midway", "clock back"),
}


@dataclass
class Bilanz:
    """What happened. `surprises` is what must never be."""

    database: str
    happened: Counter[str] = field(default_factory=Counter)
    killed: int = 0  # that came before the end of their exchange
    left: list[bytes] = field(default_factory=list)  # digests of replies
    unrecorded: Counter[str] = field(default_factory=Counter)  # by fault the replies that say so themselves
    records: int = 0
    chains: int = 0
    surprises: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.surprises

    def __str__(self) -> str:
        happened, unrecorded = (
            ", ".join(f"{count} × {name}" for name, count in sorted(counted.items()))
            for counted in (self.happened, self.unrecorded)
        )
        return (
            f"{self.database}: {happened}; {self.killed} died within their exchange; {len(self.left)} replies left, "
            f"others said that nothing was recorded ({unrecorded}); {self.records} records in {self.chains} chains: "
            + ("complete" if self.clean else "; ".join(self.surprises))
        )


class Fall:
    """One gateway, to which things happen."""

    def __init__(self, house: Haus, database: str, disk: Path, *, own_disk: bool, seed: int) -> None:
        self._house = house
        self._database = database
        self._disk = disk
        self._own_disk = own_disk
        self._random = Random(seed)
        self._clock = SteppedClock()
        self._house.gateway = replace(house.gateway, clock=self._clock)
        self.bilanz = Bilanz(database.partition(":")[0])

    def happen(self, what: str) -> None:
        """One of the faults, once, and an exchange after it."""
        fault: Callable[[], Ended] = {
            "killed": self._killed,
            "gone": lambda: child(self._during(self._gone, before=0)),
            "gone midway": lambda: child(self._during(self._gone, before=1)),
            "full": lambda: child(self._during(self._full, before=1)),
            "clock back": self._stepped,
        }[what]
        self._forget_connections()
        ended = fault()
        self._note(ended)
        self.bilanz.unrecorded += Counter({what: ended.unrecorded})
        after = child(self._exchanges([self._request()]))
        self._note(after)
        if after.unrecorded:
            self.bilanz.surprises.append(f"nothing is recorded any more after: {what}")
        self.bilanz.happened[what] += 1

    def judge(self) -> Bilanz:
        """What follows answers is done, then everything is looked at. Called once, at the end."""
        bilanz, here = self.bilanz, self._house.here
        self._forget_connections()
        self._clock.by = timedelta()
        self._house.lauf = lauf_of(here, self._house.gateway)
        if self._house.ask(geschlecht="w") != "01":
            bilanz.surprises.append("the gateway does not answer any more")
        self._clock.by = -timedelta(hours=1)  # what a clock that was set forward has made due later
        self._house.runde()
        if (waiting := Einsicht(here.protokoll(readonly=True)).offen()[0]) != 0:
            bilanz.surprises.append(f"{waiting} answers are not followed up")
        result = verify(here.protokoll(readonly=True), here.protokollschluessel)
        bilanz.records, bilanz.chains = result.entries, result.chains
        bilanz.surprises += [f"{one.kind.value} {one.place}: {one.text}" for one in result.findings]
        with here.protokoll(readonly=True).connect() as connection:
            recorded = set(connection.scalars(select(EINTRAG.c.antwort_digest)))
        lost = len(set(bilanz.left) - recorded)
        bilanz.surprises += [f"{lost} replies left without a record"] if lost else []
        return bilanz

    def _note(self, ended: Ended) -> None:
        self.bilanz.killed += ended.killed
        self.bilanz.left += ended.left

    def _killed(self) -> Ended:
        """One exchange tells how many calls its kind has; the next one of that kind dies at one of them."""
        drawn = self._random.getstate()
        whole = child(self._exchanges([self._request()]))
        self._note(whole)
        self._random.setstate(drawn)
        alike = [self._request()]
        return child(self._exchanges(alike), kill_at=self._random.randint(1, int(whole.events * _MORE)))

    def _stepped(self) -> Ended:
        steps = [timedelta(seconds=self._random.choice((-1, 1, 90, 7200))) for _ in range(3)]

        def work(tell: Tell) -> None:
            self._clock.install()
            for by in steps:
                self._clock.by += by
                tell(self._house.exchange(self._request()))

        return child(work)

    def _during(self, fault: Callable[[], AbstractContextManager[None]], *, before: int) -> Callable[[Tell], None]:
        """Exchanges before the fault, three while it lasts, and two after it."""
        requests = [self._request() for _ in range(before + 5)]

        def work(tell: Tell) -> None:
            for request in requests[:before]:
                tell(self._house.exchange(request))
            with fault():
                for request in requests[before : before + 3]:
                    tell(self._house.exchange(request))
            for request in requests[before + 3 :]:
                tell(self._house.exchange(request))

        return work

    def _exchanges(self, requests: list[bytes]) -> Callable[[Tell], None]:
        def work(tell: Tell) -> None:
            for request in requests:
                tell(self._house.exchange(request))

        return work

    def _gone(self) -> AbstractContextManager[None]:
        if self._database.startswith("sqlite"):
            return gone_files(self._disk / "daten")
        return gone_server(str(make_url(self._database).database))

    def _full(self) -> AbstractContextManager[None]:
        return full_disk(self._disk, own=self._own_disk)

    def _request(self) -> bytes:
        """Of any kind: found, nobody, hidden, refused, sent back, a fault, or the same again."""
        house, draw = self._house, self._random
        felder = draw.choice(
            (
                {"geschlecht": "w"},
                {"geschlecht": "w", "familienname": "Niemand"},
                {"geschlecht": "w", "familienname": "Selbst"},
                {"geschlecht": None},
                {"geschlecht": "w", "leser": "ags:01001000"},
                {},
            )
        )
        if not felder:
            return b"<unsigned/>"
        wer = draw.choice((AMT, POLIZEI))
        same = str(UUID(int=draw.getrandbits(3) + (1 << 100)))
        uuid = {"uuid": same} if draw.random() < 0.2 else {}
        return client_of(house.here, wer).request(house.frage(wer, **felder, **uuid), datetime.now(UTC))

    def _forget_connections(self) -> None:
        """A forked process must not use its parent's."""
        for readonly in (True, False):
            for engine in self._house.here.stores(readonly=readonly).values():
                engine.dispose()


@contextmanager
def fall(folder: Path, kind: str, seed: int) -> Iterator[Fall]:
    """A gateway on this kind of database; SQLite's files lie on a small disk of their own where one may be had."""
    disk = folder / "disk"
    with small_disk(disk) as own_disk:
        (disk / "daten").mkdir()
        files = f"sqlite:///{disk}/daten/g.sqlite"
        with fresh_database(kind, folder, alone=True) as url:
            database = files if kind == "sqlite" else url
            house = betrieb(folder / "instance", database=database)
            house.lade(PERSONEN)
            one = Haus(house.here, house.gateway, house.umschlag, lauf_of(house.here, house.gateway))
            try:
                yield Fall(one, database, disk, own_disk=own_disk, seed=seed)
            finally:
                one.close()


def campaign(folder: Path, kind: str, seed: int, kills: int, others: int) -> Bilanz:
    """`kills` and of each other fault `others`, in random order."""
    with fall(folder, kind, seed) as one:
        plan = ["killed"] * kills + [fault for fault in FAULTS[kind][1:] for _ in range(others)]
        Random(seed).shuffle(plan)
        for what in plan:
            one.happen(what)
        return one.judge()
