"""What Prometheus reads of all worker processes together: numbers of outcomes and durations, never of persons.

prometheus_client keeps the numbers of several processes in files of the folder that PROMETHEUS_MULTIPROC_DIR names when
it is first imported; so `shared` is entered before this module is. What stands in databases and files is read when it
is asked for, by whichever process answers; what each process has of its own it notes every few seconds.
"""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import QueuePool

from gateway.vorgang import Spur
from gateway.web.lage import Lage, Quellen
from gateway.web.readiness import checks

#: Seconds.
_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60)
_STEP_BUCKETS = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.2, 1, 5, 20)

#: States of the way to another Land, worst last.
_ZUSTAENDE = ("closed", "half-open", "open")

#: So many outcomes are told apart; further ones are counted together. Another Land has a say in what they are called.
_OUTCOMES = 500
_FURTHER = "further"

#: Seconds between two notes of what a process has of its own.
_NOTE_EVERY = 5.0


class Messwerte:
    """Of one process; rendered, those of all."""

    def __init__(self, quellen: Quellen | None = None) -> None:
        """`quellen`: where the rest is read, if anywhere."""
        own = CollectorRegistry()
        self._registry = own
        self._folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
        if self._folder:
            self._registry = CollectorRegistry()
            MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]
        self._quellen = quellen
        self._noting = False
        self._outcomes: set[str] = set()
        self._exchanges = Counter("xmeld_exchanges", "Exchanges by outcome.", ("ergebnis", "codes"), registry=own)
        self._seconds = Histogram(
            "xmeld_exchange_seconds", "Time from request to record.", ("ergebnis",), registry=own, buckets=_BUCKETS
        )
        self._steps = Histogram(
            "xmeld_step_seconds", "Time of each step of an exchange, by how that ended.", ("step", "ergebnis"),
            registry=own, buckets=_STEP_BUCKETS,
        )  # fmt: skip
        self._step = lru_cache(256)(self._steps.labels)
        self._retrievals = Counter(
            "xmeld_retrievals", "Messages to other Laender, by how each ended.", ("land", "code"), registry=own
        )
        self._retrieval_seconds = Histogram(
            "xmeld_retrieval_seconds", "Time until another Land has answered.", ("land",), registry=own,
            buckets=_BUCKETS,
        )  # fmt: skip
        self._state = Gauge(
            "xmeld_land_state", "0 closed, 1 half-open, 2 open: the circuit breaker of the worst process.", ("land",),
            registry=own, multiprocess_mode="livemax",
        )  # fmt: skip
        self._connections = Gauge(
            "xmeld_database_connections", "Connections of all processes' pools.", ("database", "state"),
            registry=own, multiprocess_mode="livesum",
        )  # fmt: skip

    def observe(self, spur: Spur) -> None:
        """Counts an exchange that is over."""
        self._exchanges.labels(spur.ergebnis, self._told_apart(" ".join(spur.codes))).inc()
        self._seconds.labels(spur.ergebnis).observe(sum(spur.zeiten.values()) / 1e9)
        for step, nanoseconds in spur.zeiten.items():
            self._step(step, spur.ergebnis).observe(nanoseconds / 1e9)
        for weg in spur.wege:
            self._retrievals.labels(weg.land, self._told_apart(weg.codes[-1]) if weg.codes else "").inc()
            self._retrieval_seconds.labels(weg.land).observe((weg.beendet - weg.gesendet).total_seconds())
        if not self._noting:
            self._noting = True
            threading.Thread(target=self._note_for_ever, name="metrics", daemon=True).start()

    def _told_apart(self, outcome: str) -> str:
        if outcome not in self._outcomes:
            if len(self._outcomes) >= _OUTCOMES:
                return _FURTHER
            self._outcomes.add(outcome)
        return outcome

    def render(self) -> bytes:
        """In Prometheus' text format."""
        if self._quellen is None:
            return generate_latest(self._registry)
        self._note()
        self._forget_the_dead()
        read = CollectorRegistry()
        read.register(_Gelesen(self._quellen.lage()))
        return generate_latest(self._registry) + generate_latest(read)

    def _note_for_ever(self) -> None:
        while True:
            self._note()
            time.sleep(_NOTE_EVERY)

    def _note(self) -> None:
        """What only this process knows."""
        if self._quellen is None:
            return
        vermittlung = self._quellen.gateway.vermittlung
        for land, zustand in (vermittlung.laender.zustand() if vermittlung else {}).items():
            self._state.labels(land).set(_ZUSTAENDE.index(zustand))
        for name, engine in self._quellen.engines.items():
            pool = cast(QueuePool, engine.pool)
            self._connections.labels(name, "used").set(pool.checkedout())
            self._connections.labels(name, "idle").set(pool.checkedin())

    def _forget_the_dead(self) -> None:
        """What a process had that is gone counts no more; what it has counted stays."""
        for file in Path(self._folder).glob("gauge_live*_*.db") if self._folder else ():
            if not Path(f"/proc/{file.stem.rpartition('_')[2]}").exists():
                file.unlink(missing_ok=True)


class _Gelesen(Collector):
    """What one reading says."""

    def __init__(self, lage: Lage) -> None:
        self._lage = lage

    def collect(self) -> Iterator[Metric]:
        lage = self._lage
        states = {check.name: int(check.state) for check in checks(lage)}
        yield _gauge("xmeld_check_state", "As /ready has it: 0 ok, 1 warning, 2 failing.", "check", states)
        left = {name: (end.erste - lage.moment).total_seconds() for name, end in lage.certificates.items()}
        yield _gauge("xmeld_certificate_expiry_seconds", "Until ours, a CA's or a Land's expires.", "name", left)
        if lage.ablaufende is not None:
            yield GaugeMetricFamily(
                "xmeld_authority_certificates_expiring", "Authorities whose last certificate ends soon or has ended.",
                len(lage.ablaufende),
            )  # fmt: skip
        left = {name: (end.erste - lage.moment).total_seconds() for name, end in lage.revocation.items()}
        yield _gauge("xmeld_revocation_list_expiry_seconds", "Until a revocation list holds no more.", "name", left)
        yield _gauge("xmeld_disk_free_bytes", "Left for a database on SQLite.", "database", lage.free)
        if lage.anker and lage.anker.neuester:
            age = (lage.moment - lage.anker.neuester).total_seconds()
            yield GaugeMetricFamily("xmeld_anchor_age_seconds", "Since the newest anchor of the Protokoll.", age)
        if lage.protokoll is None:
            return
        yield GaugeMetricFamily(
            "xmeld_seal_lag_seconds", "Newest entry after newest seal, of the chain with the most.",
            lage.protokoll.siegelrueckstand,
        )  # fmt: skip
        queues = {"nacharbeit": lage.protokoll.nacharbeit, "postausgang": lage.protokoll.postausgang}
        what = "the outbox (postausgang) as of the last full hour"
        rows: Mapping[str, Any] = {name: one.anzahl for name, one in queues.items()}
        yield _gauge("xmeld_queue_length", f"What waits after answers; {what}.", "queue", rows)
        rows = {name: one.gescheitert for name, one in queues.items()}
        yield _gauge("xmeld_queue_failed", f"Of these, what was tried in vain; {what}.", "queue", rows)
        rows = {name: one.sekunden for name, one in queues.items()}
        yield _gauge("xmeld_queue_age_seconds", f"For how long the oldest waits; {what}.", "queue", rows)


def _gauge(name: str, text: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
