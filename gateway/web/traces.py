"""OpenTelemetry, where the instance names a receiver: an exchange as a trace, its steps as spans.

The spans are made when the exchange is over, from the times that it has noted anyway. They hold codes, keys of
authorities and durations, as the log does, and nothing about a person or a case.
"""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from gateway import __version__
from gateway.errors import ConfigError
from gateway.vorgang import Spur

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Tracer

#: Seconds that the receiver has; the exchange does not wait for it.
_TIMEOUT = 5


class Traces:
    """Of one process. What sends them begins with the first exchange: its thread would not outlive a fork."""

    def __init__(self, processor: "Callable[[], SpanProcessor]") -> None:
        self._processor = processor
        self._lock = threading.Lock()
        self._tracer: Tracer | None = None

    def observe(self, spur: Spur) -> None:
        """Hands on the spans of an exchange that is over."""
        from opentelemetry.trace import SpanKind, set_span_in_context

        tracer = self._tracer or self._begin()
        moment = start = _nanoseconds(spur.empfangen)
        exchange = tracer.start_span("exchange", kind=SpanKind.SERVER, start_time=start, attributes=_attributes(spur))
        inside = set_span_in_context(exchange)
        for step, duration in spur.zeiten.items():
            tracer.start_span(step, inside, start_time=moment).end(moment + duration)
            moment += duration
        for weg in spur.wege:
            attributes = {"land": weg.land, "codes": weg.codes}
            span = tracer.start_span(
                "retrieval", inside, SpanKind.CLIENT, attributes, start_time=_nanoseconds(weg.gesendet)
            )
            span.end(_nanoseconds(weg.beendet))
        exchange.end(moment)

    def _begin(self) -> "Tracer":
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider

        with self._lock:
            if self._tracer is None:
                own = {"service.name": "xmeld-gateway", "service.version": __version__}
                provider = TracerProvider(resource=Resource(own), shutdown_on_exit=False)
                provider.add_span_processor(self._processor())
                self._tracer = provider.get_tracer("gateway")
            return self._tracer


def over_otlp(url: str) -> Traces:
    """Sends to `url` by OTLP over HTTP, in the background. Raises ConfigError where the extra is not installed."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise ConfigError("betrieb.traces needs OpenTelemetry: install xmeld-gateway[otel]") from None
    return Traces(lambda: BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=_TIMEOUT)))


def _attributes(spur: Spur) -> dict[str, str | tuple[str, ...] | int]:
    return {
        "exchange": spur.vorgang,
        "behoerde": spur.behoerde.kennung if spur.behoerde else "",
        "nachrichtentyp": spur.kennung.nachrichtentyp if spur.kennung else "",
        "ergebnis": spur.ergebnis,
        "codes": spur.codes,
    }


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1e9)
