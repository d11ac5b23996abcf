"""Killed at every step: nothing that has to follow an answer is lost, and nothing is done twice."""

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from uuid import uuid4

import pytest
from sqlalchemy import func, select

if sys.version_info >= (3, 12):
    pytest.skip("osci_stub needs spyne, which runs on Python 3.11 only", allow_module_level=True)

from gateway.protokoll.tabellen import EINTRAG, NACHARBEIT
from gateway.sending import client_of
from osci_stub import StubServer
from tests.betrieb import AMT
from tests.databases import KINDS, fresh_database
from tests.nacharbeit.haus import LKA, MELDEBEHOERDE, Haus, haus
from tests.nacharbeit.sterben import killed_at

#: Who is asked for, and who is written to about it.
FAELLE = (
    ({"familienname": "Selbst", "geschlecht": "w"}, ["1322", MELDEBEHOERDE]),
    ({"familienname": "Gefährdet", "geschlecht": "w", "verzicht_auf_mitteilung": True}, ["9920", LKA]),
    ({"familienname": "Niemand", "geschlecht": "w"}, []),
)
PATIENCE = 10.0  # seconds; a server notices a dead client's lock a moment later


@pytest.fixture(params=KINDS)
def house(request: pytest.FixtureRequest, tmp_path: pytest.TempPathFactory) -> Iterator[Haus]:
    with (
        fresh_database(request.param, tmp_path) as url,
        haus(tmp_path, database=url if request.param == "postgresql" else "") as one,
    ):
        yield one


@pytest.fixture
def stub(house: Haus) -> Iterator[StubServer]:
    with StubServer(trust=house.ca) as server:
        house.connect(server.url, server.ca_pem)
        yield server


def test_a_worker_killed_at_every_step_leaves_nothing_undone_and_does_nothing_twice(
    house: Haus, stub: StubServer
) -> None:
    erwartet: list[list[str]] = []
    for step in count(1):
        for felder, _ in FAELLE:
            assert house.ask(**felder) == "03"
        erwartet += [message for _, message in FAELLE if message]
        _dispose(house)
        killed = killed_at(step, house.runde)
        _until_done(house)
        taken = [[one.typ, one.leser] for one in stub.posteingang.nachrichten]
        assert sorted(taken) == sorted(erwartet), f"killed at step {step}"
        assert max(stub.posteingang.wiederholungen.values(), default=0) <= 1, "known to the receiver, and once at most"
        if not killed:
            break
    assert step > 20


def test_an_exchange_killed_at_every_step_has_an_entry_exactly_when_it_is_followed_up(house: Haus) -> None:
    client = client_of(house.here, AMT)
    for step in count(1):
        request = client.request(house.frage(familienname="Selbst", geschlecht="w"), datetime.now(UTC))
        _dispose(house)
        killed = killed_at(step, lambda request=request: house.exchange(request))
        with house.here.protokoll(readonly=True).connect() as connection:
            entries, queued = (
                connection.scalar(select(func.count()).select_from(one)) for one in (EINTRAG, NACHARBEIT)
            )
        assert entries == queued
        if not killed:
            break
    assert step > 5
    assert entries == 2, "the last but one died after its commit"


def test_two_workers_do_not_get_in_each_others_way(house: Haus, stub: StubServer) -> None:
    for felder, _ in FAELLE:
        house.ask(uuid=str(uuid4()), **felder)
    with house.nachlauf.allein() as held:
        assert held
        other = type(house.nachlauf)(house.here.protokoll(), house.here.protokollschluessel)
        with other.allein() as second:
            assert not second
    _until_done(house)
    assert len(stub.posteingang.nachrichten) == 2


def _until_done(house: Haus) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        house.runde()
        if house.offen() == (0, 0, 0):
            return
        assert time.monotonic() < deadline, house.offen()


def _dispose(house: Haus) -> None:
    """A forked process must not use its parent's connections."""
    for engine in (house.here.register(readonly=True), house.here.behoerden(readonly=True), house.here.protokoll()):
        engine.dispose()
