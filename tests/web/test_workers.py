"""Several processes serve one instance; stopped or killed, they lose no exchange that was answered or recorded."""

import concurrent.futures
import os
import re
import signal
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

import pytest

from gateway.sending import client_of
from gateway.zustellung.http import SendError, post
from tests.betrieb import AMT, POLIZEI, ZENTRALE
from tests.databases import KINDS, fresh_database
from tests.web.site import Site, site

pytestmark = pytest.mark.xdist_group("workers")

MIXED = ((AMT, {}), (POLIZEI, {}), (ZENTRALE, {"familienname": "Niemand"}), (AMT, {"geschlecht": None}))
LISTE = {"familienname": "Tausend"}


@pytest.fixture(params=KINDS, scope="module")
def busy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("workers")
    with fresh_database(request.param, folder) as url:
        database = "" if request.param == "sqlite" else url
        with site(folder / "instance", ("workers = 1", "workers = 2"), lists=900, database=database) as one:
            yield one


def test_mixed_requests_of_several_authorities_at_once_all_leave_a_record(busy: Site) -> None:
    before = busy.records()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        jobs = [pool.submit(busy.ask, wer, **felder) for wer, felder in islice(cycle(MIXED), 100)]
        jobs += [pool.submit(post, busy.running.url, b"<unsigned/>") for _ in range(20)]
        outcomes = [job.result() for job in jobs]
    assert [outcomes.count(word) for word in ("01", "03", "R 18")] == [50, 25, 25]
    assert busy.verified() == before + 120


def test_metrics_count_the_exchanges_of_all_workers_and_say_nothing_of_persons(busy: Site) -> None:
    def counted() -> float:
        text = busy.send("GET", "/metrics").body.decode()
        assert "Musterfrau" not in text
        numbers = re.findall(r'^xmeld_exchanges_total\{codes="01",ergebnis="auskunft"\} (\S+)$', text, re.MULTILINE)
        return sum(map(float, numbers))

    before = counted()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: busy.ask(), range(20))) == {"01"}
    assert {counted() for _ in range(8)} == {before + 20}  # whichever worker answers


def test_one_uuid_sent_at_once_to_all_workers_stands_for_one_content(busy: Site) -> None:
    same = str(uuid.uuid4())
    contents = [busy.house.frage(AMT, geschlecht="w", uuid=same, familienname=name) for name in ("Niemand", "Keiner")]
    client = client_of(busy.house.here, AMT)
    requests = [client.request(content, datetime.now(UTC)) for content in contents * 10]
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        outcomes = [busy.outcome(reply.body) for reply in pool.map(lambda r: post(busy.running.url, r), requests)]
    assert (outcomes.count("03"), outcomes.count("fault UUID_REUSED")) == (10, 10)
    busy.verified()


def test_a_killed_worker_is_replaced_and_the_protokoll_stays_intact(busy: Site) -> None:
    def ask(_: int) -> str:
        try:
            return busy.ask()
        except SendError:
            return "lost"

    before, (victim, other) = busy.records(), busy.running.workers()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(ask, number) for number in range(60)]
        time.sleep(0.1)
        os.kill(victim, signal.SIGKILL)
        outcomes = [job.result() for job in jobs]
    assert set(outcomes) <= {"01", "lost"}
    answered = outcomes.count("01")
    assert before + answered <= busy.verified() <= before + 60
    deadline = time.monotonic() + 15
    while len(set(busy.running.workers()) - {victim}) < 2:
        assert time.monotonic() < deadline, busy.running.log
        time.sleep(0.05)
    assert other in busy.running.workers()
    assert busy.ask() == "01"


def test_a_stopping_gateway_answers_and_records_what_it_has_begun(busy: Site) -> None:
    """Comes last: it stops the gateway."""
    requests = [busy.signed(**LISTE) for _ in range(12)]
    before = busy.records()
    with concurrent.futures.ThreadPoolExecutor(len(requests)) as pool:
        jobs = [pool.submit(post, busy.running.url, request) for request in requests]
        deadline = time.monotonic() + 10
        while busy.records() == before and time.monotonic() < deadline:
            time.sleep(0.01)
        busy.running.process.terminate()
        assert busy.records() < before + len(requests), "nothing was in flight any more"
        answers = [job.result() for job in jobs]
    assert busy.running.process.wait(20) == 0, "less than the grace after which a worker that refuses is killed"
    assert {busy.outcome(answer.body) for answer in answers} == {"02"}
    assert busy.verified() == before + len(requests)
