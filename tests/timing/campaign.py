"""Asks a served gateway in turn for blocked and for absent persons, and measures what a sender sees of the answers."""

import gc
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from lxml import etree

from gateway import instance
from gateway.envelope.client import SoapClient, SoapFault
from gateway.envelope.pki import KeyType
from gateway.sending import client_of
from gateway.spiegel.musterspiegel import mustereintraege, mustergemeinden
from gateway.spiegel.tabellen import metadata
from gateway.xmeld.anfragen import Fragenschreiber, Fragesteller
from gateway.xmeld.mapping import Mapping
from gateway.xmeld.packs import Packs
from tests.bench.client import Connection
from tests.betrieb import outcome
from tests.gateways import free_port, serving
from tests.timing.auc import Seen
from tests.timing.filling import Pair, fill, merkmale_of
from tests.timing.kinds import KINDS, LISTE, Asked, Kind
from tests.timing.twins import Twins, twins

LAND, AMT = "03", "dbs:030010990000"
NEUTRAL = "03"
MIRROR = 5000  # sample persons beside the pairs
TURN = 50  # pairs that are signed together and then sent

HONEST, LEAKING = "gateway.cli", "tests.timing.leaking"


@dataclass(frozen=True)
class Answer:
    """What came back for one request: what a sender sees from outside, and all that he can compare."""

    seen: Seen
    ending: str  # see tests.betrieb.outcome
    text: bytes  # head, envelope and message without what differs in every answer


@dataclass(frozen=True)
class Measured:
    """The answers to one pair."""

    blocked: Answer
    absent: Answer

    @property
    def kind(self) -> str:
        return self.blocked.seen.kind

    @property
    def later(self) -> float:
        """Seconds that the blocked one's answer took longer."""
        return self.blocked.seen.seconds - self.absent.seen.seconds

    @property
    def unlike(self) -> str:
        """In words what should not differ and does, or that an answer is not the neutral one; else empty."""
        if not self.blocked.ending == self.absent.ending == NEUTRAL:
            return f"{self.kind}: blocked {self.blocked.ending}, absent {self.absent.ending}"
        if self.blocked.text == self.absent.text:
            return ""
        texts = self.blocked.text, self.absent.text
        place = next(
            (n for n, (one, other) in enumerate(zip(*texts, strict=False)) if one != other), min(map(len, texts))
        )
        here, there = (text[max(0, place - 30) : place + 30] for text in texts)
        return f"{self.kind}: blocked {here!r}, absent {there!r}"


class Target:
    """An instance whose mirror holds one of each pair, blocked. A context manager: leaving it closes its databases."""

    def __init__(self, folder: Path, database: str, pairs: int, seed: int) -> None:
        """`database`: the URL of an empty one, or nothing for SQLite in `folder`."""
        self._seed = seed
        self.here = instance.create(
            folder, land=LAND, gemeinden=(), database=database, port=free_port(), kind=KeyType.EC
        )
        self._client = client_of(self.here, AMT)
        pack = Packs.load(self.here.packs_folder).newest
        self._schreiber = Fragenschreiber(pack, Mapping.load(self.here.mapping_file(pack.name)))
        self.pairs = self._fill(pairs)

    def __enter__(self) -> "Target":
        return self

    def __exit__(self, *_: object) -> None:
        self.here.close()

    def measure(self, module: str, turn: int) -> list[Measured]:
        """Every pair once, in an order drawn anew with each `turn`; which of a pair comes first, a coin decides."""
        rng = Random(f"{self._seed} {module} {turn}")
        order = rng.sample(self.pairs, len(self.pairs))
        with self._line(module) as line:
            return [
                one
                for start in range(0, len(order), TURN)
                for one in self._measure(line, order[start : start + TURN], rng)
            ]

    @contextmanager
    def _line(self, module: str) -> Iterator[Connection]:
        with serving(self.here.path, self.here.config.http.port, module=module) as running:
            line = Connection(running.port)
            try:
                yield line
            finally:
                line.close()

    def _measure(self, line: Connection, pairs: Sequence[Pair], rng: Random) -> Iterator[Measured]:
        coins = [rng.random() < 0.5 for _ in pairs]
        asked = [
            (pair.kind, one)
            for pair, coin in zip(pairs, coins, strict=True)
            for one in ((pair.blocked, pair.absent) if coin else (pair.absent, pair.blocked))
        ]
        answers = self._ask(line, asked)
        for coin, first, second in zip(coins, answers[::2], answers[1::2], strict=True):
            yield Measured(*((first, second) if coin else (second, first)))

    def _ask(self, line: Connection, asked: Sequence[tuple[Kind, Asked]]) -> list[Answer]:
        """Signed before and read after, so that nothing but the exchange lies between the looks at the clock."""
        requests = [self._signed(kind, one) for kind, one in asked]
        replies: list[tuple[float, bytes, bytes]] = []
        gc.disable()
        for request in requests:
            start = time.perf_counter()
            head, body = line.exchange(request)
            replies.append((time.perf_counter() - start, head, body))
        gc.enable()
        pace = median(seconds for seconds, _, _ in replies)
        return [
            _answer(self._client, Seen(kind.name, seconds, len(head) + len(body), pace), head, body)
            for (kind, _), (seconds, head, body) in zip(asked, replies, strict=True)
        ]

    def _signed(self, kind: Kind, asked: Asked) -> bytes:
        message = kind.message(self._schreiber, Fragesteller(AMT, "Ordnungsamt Musterstadt"), asked)
        return self._client.request(message, datetime.now(UTC))

    def _fill(self, number: int) -> list[Pair]:
        orte = mustergemeinden(LAND)
        sample = list(mustereintraege(orte, MIRROR, self._seed))
        persons = [entry for entry in sample if isinstance(entry, dict) and "strassen" not in entry]
        drawn = list(twins(islice(cycle(KINDS), number), self._seed, orte[0], persons))
        with self._line(HONEST) as line:
            pairs = fill(self.here.register(), drawn, sample, lambda pair: self._list(line, pair))
        self._settle()
        return pairs

    def _list(self, line: Connection, pair: Twins) -> dict[str, str]:
        """The Identifikationsmerkmale of two namesakes."""
        _, body = line.exchange(self._signed(LISTE, Asked(pair.blocked)))
        return merkmale_of(_opened(self._client, body))

    def _settle(self) -> None:
        """A server cleans up behind changes by itself, sooner or later: not in the midst of the measurement."""
        engine = self.here.register()
        if engine.dialect.name == "postgresql":
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql(f"VACUUM ANALYZE {', '.join(metadata.tables)}")


# -- reading answers -----------------------------------------------------------------------------------------------

#: What differs in every answer: UUIDs, times, digests, the signature, and the message, which is compared by itself.
_VARIABLE = re.compile(
    rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    rb"|20\d\d-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)"
    rb"|(?<=\ndate: )[^\r\n]*"
    rb"|(?<=<ds:DigestValue>)[^<]*"
    rb"|(?<=<ds:SignatureValue>)[^<]*"
    rb"|(?<=<nachricht>)[^<]*"
)


def _answer(client: SoapClient, seen: Seen, head: bytes, body: bytes) -> Answer:
    """What is compared; a signature or an envelope that is not right raises."""
    answer = _opened(client, body)
    text = b"\n".join((head, body, etree.tostring(answer)))
    return Answer(seen, outcome(answer), masked(text))


def masked(text: bytes) -> bytes:
    """Without what differs in every answer, but for its length."""
    return _VARIABLE.sub(lambda found: b"#" * len(found.group()), text)


def _opened(client: SoapClient, body: bytes) -> Any:
    answer = client.reply(body, datetime.now(UTC))
    if isinstance(answer, SoapFault):
        raise AssertionError(f"the gateway answers with a fault: {answer.code}")
    return etree.fromstring(answer)
