"""What Prometheus reads of all worker processes together: numbers of outcomes and durations, never of persons.

prometheus_client keeps the numbers of several processes in files of the folder that PROMETHEUS_MULTIPROC_DIR names when
it is first imported; so `shared` is entered before this module is.
"""

import os
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from gateway.vorgang import Spur

#: Seconds.
_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60)

#: States of the way to another Land, worst last.
_ZUSTAENDE = ("closed", "half-open", "open")


class Messwerte:
    """Of one process; rendered, those of all."""

    def __init__(self) -> None:
        own = CollectorRegistry()
        self._registry = own
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            self._registry = CollectorRegistry()
            MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]
        self._exchanges = Counter("xmeld_exchanges", "Exchanges by outcome.", ("ergebnis", "codes"), registry=own)
        self._seconds = Histogram(
            "xmeld_exchange_seconds", "Time from request to record.", ("ergebnis",), registry=own, buckets=_BUCKETS
        )
        self._retrievals = Counter(
            "xmeld_retrievals", "Messages to other Laender, by how each ended.", ("land", "code"), registry=own
        )
        self._retrieval_seconds = Histogram(
            "xmeld_retrieval_seconds", "Time until another Land has answered.", ("land",), registry=own,
            buckets=_BUCKETS,
        )  # fmt: skip
        self._state = Gauge(
            "xmeld_land_state", "0 closed, 1 half-open, 2 open: the circuit breaker of the worst process.", ("land",),
            registry=own, multiprocess_mode="max",
        )  # fmt: skip

    def observe(self, spur: Spur) -> None:
        """Counts an exchange that is over."""
        self._exchanges.labels(spur.ergebnis, " ".join(spur.codes)).inc()
        self._seconds.labels(spur.ergebnis).observe(sum(spur.zeiten.values()) / 1e9)
        for weg in spur.wege:
            self._retrievals.labels(weg.land, weg.codes[-1] if weg.codes else "").inc()
            self._retrieval_seconds.labels(weg.land).observe((weg.beendet - weg.gesendet).total_seconds())

    def set_zustand(self, laender: Mapping[str, str]) -> None:
        """Of each Land the state of this process's way there."""
        for land, zustand in laender.items():
            self._state.labels(land).set(_ZUSTAENDE.index(zustand))

    def render(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)
