"""The exchange in one process beside its limit, for each kind of key, and where the rest of the time goes."""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import median
from typing import Any, cast

from cryptography import x509
from lxml import etree
from rich.console import Console
from rich.table import Table

from gateway.bootstrap import build_gateway, build_umschlag
from gateway.exchange import exchange
from gateway.instance import certificate_files
from gateway.ports import Protokoll, Protokolleintrag
from gateway.vorgang import Gateway, Spur
from tests.bench.floor import Floor, PublicKey
from tests.bench.measuring import Samples, Work, alternate, one_core, ratio
from tests.bench.workload import ASKED, ASKING, Request, Workload

GOALS = {"RSA-3072": 0.65, "P-256": 0.40}
THREADS = 4
BATCH = 24

LIMIT_PARTS = {
    "open": "parse, 4 digests, verify, base64",
    "choose": "parse",
    "validate": "XSD",
    "write": "parse and XSD of the answer",
    "close": "base64, 3 digests, sign",
}


@dataclass(frozen=True)
class Figures:
    """What was measured of one kind of key."""

    key: str
    single: dict[str, Samples]  # "exchange" and "limit", one thread
    several: dict[str, Samples]  # the same, THREADS on one core
    steps: dict[str, float]  # step → seconds, median
    parts: dict[str, float]  # the same of the limit
    record_cpu: float  # seconds of CPU time that a record takes, beside the wait for the disk
    request_bytes: int
    answer_bytes: int


class _Clocked:
    """A Protokoll that also tells how much CPU time a record took; of use where nothing else runs beside it."""

    def __init__(self, protokoll: Protokoll) -> None:
        self._protokoll = protokoll
        self.cpu: list[float] = []

    def record(self, eintrag: Protokolleintrag) -> None:
        before = time.process_time()
        self._protokoll.record(eintrag)
        self.cpu.append(time.process_time() - before)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the Protokoll's own."""
        return getattr(self._protokoll, name)


def measure(workload: Workload, rounds: int) -> Figures:
    """Both modes, on one core; about a second for each ten rounds."""
    with one_core():
        inner = build_gateway(workload.instance)
        try:
            return _measure(workload, inner, rounds)
        finally:
            inner.protokoll.close()


def _measure(workload: Workload, inner: Gateway, rounds: int) -> Figures:
    umschlag = build_umschlag(workload.instance)
    zeiten: list[Mapping[str, int]] = []
    clocked = _Clocked(inner.protokoll)

    def observe(spur: Spur) -> None:
        if spur.codes != ("01",):
            raise AssertionError("a request of the bench does not find its one person")
        zeiten.append(spur.zeiten)

    gateway = replace(inner, observe=observe, protokoll=cast(Protokoll, clocked))

    def run(request: Request) -> bytes:
        return exchange(request.envelope, umschlag, gateway).body

    replies = [run(request) for request in workload.sign(ASKED)]
    floor = Floors(workload, replies)
    works: dict[str, Work] = {"exchange": run, "limit": floor}

    def both(rounds: int, threads: int) -> dict[str, Samples]:
        return alternate(works, workload.sign, rounds=rounds, batch=BATCH, threads=threads)

    both(2, 1)
    for noted in (zeiten, floor.zeiten, clocked.cpu):
        noted.clear()
    single = both(rounds, 1)
    steps, parts = _medians(zeiten), _medians(floor.zeiten)
    return Figures(
        key=workload.key,
        single=single,
        steps=steps,
        parts=parts,
        record_cpu=median(clocked.cpu),
        several=both(rounds, THREADS),
        request_bytes=len(workload.templates[0]),
        answer_bytes=round(median(len(answer) for answer in floor.answers)),
    )


class Floors:
    """A Floor for each thread."""

    def __init__(self, workload: Workload, replies: Sequence[bytes]) -> None:
        here = workload.instance
        self._own = here.identity
        peer = x509.load_pem_x509_certificate(certificate_files(here.path, ASKING)[1].read_bytes()).public_key()
        assert isinstance(peer, PublicKey)
        self._peer = peer
        self._schema = here.packs_folder / "xmeld-25.11a" / "xmeld.xsd"
        self._replies = replies
        self._local = threading.local()
        self.zeiten: list[dict[str, int]] = []
        self.answers = [_answer(workload, reply) for reply in replies]

    def __call__(self, request: Request) -> None:
        own: Floor | None = getattr(self._local, "floor", None)
        if own is None:
            schema = etree.XMLSchema(etree.parse(self._schema))
            own = self._local.floor = Floor(self._own, self._peer, schema, self._replies)
        own(request.envelope, request.person)
        self.zeiten.append(own.zeiten)


def _answer(workload: Workload, reply: bytes) -> bytes:
    answer = workload.client.reply(reply, datetime.now(UTC))
    assert isinstance(answer, bytes), answer
    return answer


def _medians(all_zeiten: Iterable[Mapping[str, int]]) -> dict[str, float]:
    """Seconds at the median, for each step."""
    by_step: dict[str, list[int]] = {}
    for zeiten in all_zeiten:
        for step, nanoseconds in zeiten.items():
            by_step.setdefault(step, []).append(nanoseconds)
    return {step: median(values) / 1e9 for step, values in by_step.items()}


def show(figures: Sequence[Figures], out: Console) -> None:
    """The rates and ratios of all, and the steps of each."""
    out.print(_rates(figures))
    for one in figures:
        out.print(_steps(one))


def _rates(figures: Sequence[Figures]) -> Table:
    table = Table(
        title="Exchanges per second and core, in process, beside the limit of the same run",
        caption=f"{figures[0].request_bytes / 1024:.1f} KB asked, {figures[0].answer_bytes / 1024:.1f} KB answered",
    )
    for column in ("keys", "how", "exchange/s", "limit/s", "ratio", "goal"):
        table.add_column(column, justify="left" if column in ("keys", "how") else "right")
    for one in figures:
        single, several, goal = one.single, one.several, GOALS[one.key]
        rows = (
            (f"{THREADS} threads on one core", several["exchange"].wall, several["limit"].wall, goal),
            (f"{THREADS} threads, CPU time", several["exchange"].cpu, several["limit"].cpu, None),
            ("1 thread, CPU time", single["exchange"].cpu, single["limit"].cpu, None),
            ("1 thread, waits for the disk", single["exchange"].wall, single["limit"].wall, None),
        )
        for how, own, limit, goal_here in rows:
            reached = ratio(own, limit)
            met = "" if goal_here is None else f"{goal_here:.2f} {'met' if reached >= goal_here else 'NOT met'}"
            table.add_row(one.key, how, f"{1 / median(own):.0f}", f"{1 / median(limit):.0f}", f"{reached:.2f}", met)
        table.add_section()
    return table


def _steps(one: Figures) -> Table:
    table = Table(title=f"Steps of an exchange, {one.key}, one thread: milliseconds at the median")
    for column in ("step", "exchange", "limit", "rest", "in the limit"):
        table.add_column(column, justify="left" if column in ("step", "in the limit") else "right")
    rest: dict[str, float] = {}
    for step, seconds in one.steps.items():
        own, part = (one.record_cpu if step == "record" else seconds), one.parts.get(step, 0.0)
        rest[step] = own - part
        table.add_row(step, *_ms(own, part, own - part), LIMIT_PARTS.get(step, ""))
    table.add_section()
    own, part = sum(rest.values()) + sum(one.parts.values()), sum(one.parts.values())
    table.add_row("sum", *_ms(own, part, own - part), "")
    wait = one.steps["record"] - one.record_cpu
    table.add_row("wait for the disk", *_ms(wait), "", "", "other exchanges run meanwhile")
    return table


def _ms(*seconds: float) -> list[str]:
    return [f"{1000 * value:.3f}" for value in seconds]
