"""Keys change while several processes answer: nobody is refused, nothing is lost, and all of them have noticed."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.protokoll import siegelfolge
from tests.betrieb import AMT, POLIZEI
from tests.databases import KINDS, fresh_database
from tests.gateways import succeed
from tests.protokoll.eintraege import rows
from tests.web.site import Site, site

pytestmark = pytest.mark.xdist_group("workers")


@pytest.fixture(params=KINDS)
def busy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with fresh_database(request.param, tmp_path) as url:
        database = "" if request.param == "sqlite" else url
        keys = (("workers = 1", "workers = 2"), ("pause_seconds = 30", "pause_seconds = 1"))
        with site(tmp_path / "instance", *keys, database=database) as one:
            yield one


def test_all_keys_change_under_load_and_the_protokoll_is_complete(busy: Site) -> None:
    """A month's key, a hold, what follows answers, and chains of every process are there while it happens."""
    stop, outcomes = threading.Event(), list[str]()

    def ask(wer: str, familienname: str) -> None:
        while not stop.is_set():
            outcomes.append(busy.ask(wer, familienname=familienname))
            time.sleep(0.15)  # the commands want some CPU too

    protokoll = ("-i", busy.house.here.path)
    alt = busy.house.here.protokollschluessel.stand.neuester
    people = ((AMT, "Musterfrau"), (POLIZEI, "Musterfrau"), (AMT, "Niemand"), (POLIZEI, "Niemand"))
    threads = [threading.Thread(target=ask, args=one) for one in people]
    busy.ask()
    succeed("protokoll", "hold", "1/1", "--reason", "Probe", *protokoll)
    for thread in threads:
        thread.start()
    try:
        succeed("protokoll", "key", "add", *protokoll)
        assert f"the key {alt} can go" in succeed("protokoll", "key", "rewrap", *protokoll)
        succeed("protokoll", "key", "remove", alt, *protokoll)
        succeed("protokoll", "seal", "add", *protokoll)
        siegel = succeed("protokoll", "seal", "change", *protokoll).split()[0]
        before = busy.records()
        busy.wait_for_records_beyond(before + 20)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set(outcomes) == {"01", "03"}
    records = 1 + 1 + len(outcomes) + 3 + 2  # the first one, the hold, the answers, what was changed
    assert busy.verified() == records
    house = busy.house
    contents = [house.inhalt(zeile) for zeile in house.entries(10_000)]
    assert len(contents) == records
    assert None not in contents
    engine = house.here.protokoll(readonly=True)
    folge = siegelfolge.read(engine, house.here.protokollschluessel)
    assert [one.id for one in folge.glieder[1:]] == [siegel]
    answered = rows(
        engine,
        "SELECT count(DISTINCT kette) FROM protokoll JOIN protokoll_kette ON nr = kette "
        f"WHERE ergebnis = 'auskunft' AND siegel_schluessel = '{folge.aktuell.id}'",
    )
    assert answered == [(2,)]  # both workers went on with the new one
    (unread,) = rows(engine, f"SELECT count(*) FROM nacharbeit WHERE schluessel = '{alt}'")
    assert unread == (0,)
    assert "error" not in busy.running.log.lower()
