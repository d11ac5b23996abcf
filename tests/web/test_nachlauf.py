"""What follows answers of a served gateway is done by a worker of its own, which is replaced when it dies."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

if sys.version_info >= (3, 12):
    pytest.skip("osci_stub needs spyne, which runs on Python 3.11 only", allow_module_level=True)

from gateway.protokoll import Einsicht, siegelfolge, verify
from gateway.protokoll.anker import read_anker
from gateway.protokoll.ankerablage import MUSTER
from osci_stub import StubServer
from tests.betrieb import betrieb
from tests.databases import KINDS, fresh_database
from tests.gateways import free_port, serving, set_key
from tests.nacharbeit.haus import PERSONEN, configure
from tests.web.site import Site

PATIENCE = 30.0  # seconds
KILLS = 4
SELBST = {"familienname": "Selbst"}


@dataclass(frozen=True)
class Served(Site):
    """A site whose worker looks every second, and who takes what it delivers."""

    stub: StubServer

    @property
    def offen(self) -> tuple[int, int, int]:
        return Einsicht(self.house.here.protokoll(readonly=True)).offen()

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, self.running.log
            time.sleep(0.05)


@pytest.fixture(scope="module", params=KINDS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("nachlauf")
    with fresh_database(request.param, folder) as url:
        house = betrieb(folder / "instance", database=url if request.param == "postgresql" else "")
        house.lade(PERSONEN)
        path, port = house.here.path, free_port()
        with StubServer(trust=(path / "pki/ca.pem").read_bytes()) as stub:
            configure(path, stub.url, stub.ca_pem)
            set_key(path, "port = 8080", f"port = {port}")
            set_key(path, "pause_seconds = 30", "pause_seconds = 1")
            set_key(path, 'ordner = "" ', 'ordner = "anker" ')
            (path / "anker").mkdir()
            with serving(path, port) as running:
                yield Served(house, running, stub)
        house.close()


def test_a_neutral_answer_over_http_is_followed_by_its_1322(served: Served) -> None:
    assert served.ask(**SELBST) == "03"
    served.until(lambda: len(served.stub.posteingang.nachrichten) == 1)
    served.until(lambda: served.offen == (0, 0, 0))
    assert served.stub.posteingang.nachrichten[0].typ == "1322"
    served.verified()


def test_the_worker_writes_an_anchor_that_holds_and_ready_and_metrics_tell_its_age(served: Served) -> None:
    here = served.house.here
    served.until(lambda: len(list((here.path / "anker").glob(MUSTER))) == 1)
    (path,) = (here.path / "anker").iterdir()
    seen = read_anker(path, siegelfolge.read(here.protokoll(readonly=True), here.protokollschluessel))
    assert verify(here.protokoll(readonly=True), here.protokollschluessel, anker=[seen]).intact
    time.sleep(1.1)
    assert b'"name": "anchor", "state": "ok"' in served.send("GET", "/ready").body
    assert b"xmeld_anchor_age_seconds" in served.send("GET", "/metrics").body


def test_a_worker_that_is_killed_again_and_again_loses_nothing_and_does_nothing_twice(served: Served) -> None:
    before = len(served.stub.posteingang.nachrichten)
    for kill in range(KILLS):
        for _ in range(5):
            assert served.ask(**SELBST) == "03"
        time.sleep(0.4 * kill)  # in the pause, while looking, while delivering
        served.until(lambda: bool(served.running.nachlauf()))
        os.kill(served.running.nachlauf()[0], signal.SIGKILL)
    served.until(lambda: served.offen == (0, 0, 0))
    assert len(served.stub.posteingang.nachrichten) == before + 5 * KILLS
    assert "is started again" in served.running.log
    assert served.ask(**SELBST) == "03", "exchanges are none of its business"
    served.verified()


def test_without_its_supervisor_the_gateway_stops_and_leaves_no_orphan(served: Served) -> None:
    """Comes last. Nobody may go on answering where nothing follows."""
    served.until(lambda: bool(served.running.nachlauf()))
    (worker,) = served.running.nachlauf()
    os.kill(served.running.supervisor(), signal.SIGKILL)
    assert served.running.process.wait(40) == 1, "so that whoever started it starts it again"
    assert "the gateway stops" in served.running.log
    served.until(lambda: not Path(f"/proc/{worker}").exists())
