"""What Prometheus reads, and what it costs an exchange."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.vorgang import Spur
from tests.databases import KINDS, fresh_database
from tests.web.site import TEXT_XML, Site, site

pytestmark = pytest.mark.xdist_group("metrics")

NOW = datetime(2026, 5, 4, 12, 34, 56, tzinfo=UTC)
STEPS = ("open", "choose", "validate", "read", "answer", "write", "close", "record")


def spur() -> Spur:
    one = Spur(NOW, b"\1" * 32, ergebnis="auskunft", codes=("01",))
    one.zeiten.update(dict.fromkeys(STEPS, 700_000))
    return one


def value(text: str, metric: str, /, **labels: str) -> float:
    rows = re.findall(rf"^{metric}(?:\{{(.*)\}})? (\S+)$", text, re.MULTILINE)
    (found,) = [number for given, number in rows if all(f'{key}="{wert}"' in given for key, wert in labels.items())]
    return float(found)


def fresh(code: str, folder: Path) -> str:
    """What this prints in a process of its own: how numbers are kept is decided when prometheus_client is imported."""
    imports = (
        "import time; from datetime import timedelta\n"
        "from gateway.ports import Weg; from gateway.web.metrics import Messwerte\n"
        "from tests.web.test_metrics import NOW, spur\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{imports}m, one = Messwerte(), spur()\n{code}"],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_each_step_is_counted_by_the_outcome_of_its_exchange(tmp_path: Path) -> None:
    text = fresh("for _ in range(3): m.observe(one)\nprint(m.render().decode())", tmp_path)
    assert value(text, "xmeld_step_seconds_count", step="validate", ergebnis="auskunft") == 3
    assert value(text, "xmeld_step_seconds_sum", step="validate", ergebnis="auskunft") == pytest.approx(0.0021)


def test_a_retrieval_is_counted_by_its_land_and_its_last_code(tmp_path: Path) -> None:
    weg = 'Weg("09", "u", NOW, NOW + timedelta(seconds=3), ("0800", "01"))'
    text = fresh(f"one.wege.append({weg}); m.observe(one); print(m.render().decode())", tmp_path)
    assert value(text, "xmeld_retrievals_total", land="09", code="01") == 1


def test_outcomes_without_number_do_not_become_series_without_number(tmp_path: Path) -> None:
    """Another Land may refuse with its reasons in any order."""
    code = (
        "for n in range(700):\n"
        "    one.codes = (f'{n:03d}', '24')\n"
        "    one.wege[:] = [Weg('09', 'u', NOW, NOW, (f'{n:04d}',))]\n"
        "    m.observe(one)\n"
        "print(m.render().decode())"
    )
    text = fresh(code, tmp_path)
    assert len(re.findall(r"^xmeld_(?:exchanges|retrievals)_total\{", text, re.MULTILINE)) == 500 + 2
    assert value(text, "xmeld_exchanges_total", codes="further") == 700 - 250
    assert value(text, "xmeld_exchanges_total", codes="000 24") == 1


def test_counting_costs_about_a_hundredth_of_an_exchange(tmp_path: Path) -> None:
    """Of the 1.7 ms of CPU that the shortest one takes; with the files that several processes share."""
    code = (
        "def per(n):\n"
        "    begun = time.process_time()\n"
        "    for _ in range(n): m.observe(one)\n"
        "    return (time.process_time() - begun) / n\n"
        "print(min(per(500) for _ in range(7)) * 1e6)"
    )
    assert float(fresh(code, tmp_path)) < 100, "microseconds; 18 where nothing else runs"


@pytest.fixture(scope="module", params=KINDS)
def busy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("metrics")
    with fresh_database(request.param, folder) as url:
        database = "" if request.param == "sqlite" else url
        keys = (("workers = 1", "workers = 2"), ('log = "text"', 'log = "json"'))
        with site(folder / "instance", *keys, database=database) as one:
            yield one


def test_a_served_gateway_tells_steps_queues_seals_certificates_and_pools_of_all_its_workers(busy: Site) -> None:
    for _ in range(12):
        assert busy.ask() == "01"
    assert busy.ask(familienname="Niemand") == "03"
    for _ in range(4):  # whichever worker answers
        text = busy.send("GET", "/metrics").body.decode()
        assert value(text, "xmeld_step_seconds_count", step="record", ergebnis="auskunft") == 13
        assert value(text, "xmeld_queue_length", queue="nacharbeit") >= 0
        assert value(text, "xmeld_queue_length", queue="postausgang") == 0
        assert value(text, "xmeld_seal_lag_seconds") < 2
        assert value(text, "xmeld_certificate_expiry_seconds", name="signatur") > 86_400
        assert value(text, "xmeld_revocation_list_expiry_seconds", name="signatur") > 0
        assert value(text, "xmeld_check_state", check="spiegel") == 0
        assert value(text, "xmeld_authority_certificates_expiring") == 0
        assert value(text, "xmeld_database_connections", database="spiegel", state="used") >= 0
        assert value(text, "xmeld_database_connections", database="spiegel", state="idle") >= 1


def listens(site: Site) -> bool:
    try:
        site.connect().close()
    except ConnectionRefusedError:
        return False
    return True


def test_what_a_dead_worker_had_counts_no_more_and_what_it_counted_stays(busy: Site) -> None:
    def read() -> tuple[float, float]:
        text = busy.send("GET", "/metrics").body.decode()
        idle = value(text, "xmeld_database_connections", database="behoerden", state="idle")
        return value(text, "xmeld_step_seconds_count", step="record", ergebnis="auskunft"), idle

    count, _ = read()
    victims = busy.running.workers()
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while len(set(busy.running.workers()) - set(victims)) < 2 or not listens(busy):
        assert time.monotonic() < deadline, busy.running.log
        time.sleep(0.05)
    assert busy.ask() == "01"
    assert read()[0] == count + 1
    assert read()[1] <= 2


def test_ready_has_every_check_and_stays_what_it_is_for_others(busy: Site) -> None:
    reply = busy.send("GET", "/ready")
    report = json.loads(reply.body)
    assert (reply.status, report["status"]) == (200, "ready"), report
    assert {row["state"] for row in report["checks"]} <= {"ok", "warning"}
    assert busy.send("POST", "/ready", b"x", Content_Type=TEXT_XML).status == 405


def test_a_json_log_is_one_object_a_line_and_an_exchange_has_its_id_on_all_of_its_lines(busy: Site) -> None:
    busy.ask(familienname="Niemand")
    lines = [json.loads(line) for line in busy.running.log.splitlines()]
    assert all({"time", "level", "logger", "process", "message"} <= line.keys() for line in lines)
    exchanges = [line for line in lines if line.get("event") == "exchange"]
    assert len(exchanges) >= 14
    one = exchanges[-1]
    assert re.fullmatch("[0-9a-f]{16}", one["exchange"])
    assert (one["behoerde"], one["ergebnis"], one["codes"]) == ("dbs:090010990000", "auskunft", ["03"])
    assert set(one["steps"]) == set(STEPS)
