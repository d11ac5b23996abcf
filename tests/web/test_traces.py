"""An exchange as a trace: its steps are spans, and nothing of a person or a case is in them."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway.ports import Weg
from gateway.vorgang import Spur
from gateway.web.traces import Traces, over_otlp
from tests.betrieb import Betrieb, betrieb
from tests.cli.conftest import Run, own, run
from tests.gateways import free_port, set_key
from tests.spiegel.personen import datensatz

__all__ = ["own", "run"]

NOW = datetime(2026, 5, 4, 12, 34, 56, tzinfo=UTC)
SECRETS = ("Musterfrau", "Erika", "Geheimrath", "AZ-XY-777", "Personenfahndung", "ma-4711")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Betrieb]:
    one = betrieb(tmp_path / "instance")
    one.lade([datensatz("1", "09000009")])
    yield one
    one.close()


def traced(spur: Spur) -> list[ReadableSpan]:
    memory = InMemorySpanExporter()
    Traces(lambda: SimpleSpanProcessor(memory)).observe(spur)
    return list(memory.get_finished_spans())


def test_an_exchange_is_a_trace_with_its_steps_and_no_personal_data(house: Betrieb) -> None:
    memory = InMemorySpanExporter()
    traces = Traces(lambda: SimpleSpanProcessor(memory))
    seen: list[Spur] = []
    house.gateway = replace(house.gateway, observe=lambda spur: (seen.append(spur), traces.observe(spur))[1])
    secret = {"aktenzeichen": "AZ-XY-777", "anlass": "Personenfahndung", "benutzer": "ma-4711"}
    assert house.ask(geschlecht="w", **secret) == "01"
    assert house.ask(geschlecht="w", familienname="Geheimrath", **secret) == "03"
    spans = memory.get_finished_spans()
    exchanges = [span for span in spans if span.name == "exchange"]
    assert len(exchanges) == 2
    assert exchanges[0].attributes is not None
    assert exchanges[0].attributes["exchange"] == seen[0].vorgang
    of_first = [span for span in spans if span.parent and span.parent.span_id == exchanges[0].context.span_id]
    assert [span.name for span in of_first] == list(seen[0].zeiten)
    assert of_first[-1].end_time == exchanges[0].end_time
    written = json.dumps([json.loads(span.to_json()) for span in spans], ensure_ascii=False)
    assert [word for word in SECRETS if word in written] == []


def test_a_retrieval_at_another_land_is_a_span_of_its_exchange() -> None:
    spur = Spur(NOW, b"\1" * 32, ergebnis="auskunft", codes=("01",), zeiten={"open": 1000})
    spur.wege.append(Weg("09", "u", NOW, NOW + timedelta(seconds=2), ("01",)))
    retrieval = next(span for span in traced(spur) if span.name == "retrieval")
    assert retrieval.attributes == {"land": "09", "codes": ("01",)}
    assert (retrieval.end_time or 0) - (retrieval.start_time or 0) == 2_000_000_000


def test_spans_reach_a_receiver_over_otlp() -> None:
    taken, came = list[bytes](), threading.Event()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()
            came.set()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        traces = over_otlp(f"http://127.0.0.1:{server.server_port}/v1/traces")
        traces.observe(Spur(NOW, b"\1" * 32, ergebnis="auskunft", codes=("01",), zeiten={"open": 1000}))
        assert came.wait(15)
        server.shutdown()
    assert taken


def test_without_the_extra_the_start_says_what_is_missing(own: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    set_key(own, "port = 8080", f"port = {free_port()}")
    set_key(own, 'traces = ""', 'traces = "http://127.0.0.1:4318/v1/traces"')
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    assert run("serve", "-i", own).error == "betrieb.traces needs OpenTelemetry: install xmeld-gateway[otel]"


def test_an_instance_without_traces_never_imports_it() -> None:
    code = "import sys, gateway.web.server; print(any(name.startswith('opentelemetry') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
