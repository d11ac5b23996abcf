"""`/ready` says no only for what stops answers, and names everything that an operator has to look at."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from sqlalchemy import update

from gateway.behoerden.tabellen import ZERTIFIKAT
from gateway.behoerden.zertifikate import Ablauf
from gateway.bootstrap import Instance, build_gateway
from gateway.envelope import pki
from gateway.envelope.signer import load_identity
from gateway.errors import StoreError
from gateway.protokoll.betriebslage import OFT_GESCHEITERT, Betriebslage, Wartet, lies
from gateway.protokoll.tabellen import EINTRAG, KOPF, NACHARBEIT, POSTAUSGANG
from gateway.web.lage import Ankerlage, Frist, Lage, Quellen
from gateway.web.readiness import Readiness, State, checks
from tests.betrieb import AMT, Betrieb, betrieb
from tests.databases import KINDS, fresh_database
from tests.gateways import set_key
from tests.nacharbeit.haus import Haus, haus

NOW = datetime(2026, 5, 4, 12, 34, 56, tzinfo=UTC)
NOTHING = Wartet(0, 0.0, 0)
DAY = timedelta(days=1)


def bis(first: datetime, last: datetime | None = None) -> Frist:
    return Frist(first, last or first)


GOOD = Lage(
    moment=NOW,
    stores={"spiegel": "", "behoerden": "", "protokoll": ""},
    protokoll=Betriebslage(0.9, NOW, NOTHING, NOTHING),
    certificates={"signatur": bis(NOW + 99 * DAY), "osci.signatur": bis(NOW + 99 * DAY)},
    revocation={"signatur": bis(NOW + 7 * DAY)},
    laender={"09": "closed"},
    free={"spiegel": 1 << 40},
)

ABLAUF = Ablauf("dbs:1", "ab" * 32, NOW + DAY)


def state_of(lage: Lage, name: str) -> tuple[State, str]:
    return next((check.state, check.detail) for check in checks(lage) if check.name == name)


def test_all_is_well() -> None:
    assert {check.state for check in checks(GOOD)} == {State.OK}


@pytest.mark.parametrize(
    ("change", "name", "state", "detail"),
    [
        ({"stores": {"spiegel": "the mirror cannot be read (X)"}}, "spiegel", State.FAILING, "the mirror cannot be"),
        ({"certificates": {"signatur": bis(NOW)}}, "certificate signatur", State.FAILING, "is out of date"),
        ({"certificates": {"tls": bis(NOW - DAY)}}, "certificate tls", State.FAILING, "is out of date"),
        ({"certificates": {"osci.signatur": bis(NOW)}}, "certificate osci.signatur", State.WARNING, "is out of date"),
        ({"certificates": {"signatur": bis(NOW + 29 * DAY)}}, "certificate signatur", State.WARNING, "29 days left"),
        ({"revocation": {"signatur": bis(NOW - DAY)}}, "revocation list signatur", State.FAILING, "is out of date"),
        ({"revocation": {"osci": bis(NOW - DAY)}}, "revocation list osci", State.WARNING, "is out of date"),
        ({"revocation": {"signatur": bis(NOW + DAY / 4)}}, "revocation list signatur", State.WARNING, "6.0 hours left"),
        (
            {"certificates": {"signatur.ca": bis(NOW - DAY, NOW + DAY)}},
            "certificate signatur.ca",
            State.WARNING,
            "is out",
        ),
        ({"certificates": {"signatur.ca": bis(NOW - DAY)}}, "certificate signatur.ca", State.FAILING, "is out of date"),
        ({"revocation": {"signatur": bis(NOW - DAY, NOW + DAY)}}, "revocation list signatur", State.WARNING, "is out"),
        ({"free": {"spiegel": 0}}, "disk spiegel", State.FAILING, "0 MB are free"),
        ({"free": {"spiegel": 1 << 29}}, "disk spiegel", State.WARNING, "512 MB are free"),
        ({"ablaufende": [ABLAUF] * 7}, "certificates of authorities", State.WARNING, "7 expire: dbs:1 on 2026-05-05"),
        ({"anker": Ankerlage(NOW - 2 * DAY, DAY)}, "anchor", State.OK, ""),
        ({"anker": Ankerlage(NOW - 3 * DAY, DAY)}, "anchor", State.WARNING, "the newest is 3 days old"),
        ({"anker": Ankerlage(None, DAY)}, "anchor", State.WARNING, "there is none"),
        ({"keys": "protokoll.key is malformed"}, "key file", State.WARNING, "is malformed"),
        ({"laender": {"09": "open"}}, "land 09", State.WARNING, "does not answer"),
        ({"protokoll": Betriebslage(11.0, NOW, NOTHING, NOTHING)}, "seals", State.WARNING, "11 seconds behind"),
        ({"protokoll": Betriebslage(0, NOW + DAY, NOTHING, NOTHING)}, "clock", State.WARNING, "24.0 hours in the"),
        ({"protokoll": Betriebslage(0, NOW, Wartet(3, 1000, 0), NOTHING)}, "nacharbeit", State.WARNING, "3 wait"),
        (
            {"protokoll": Betriebslage(0, NOW, Wartet(3, 0, 2, 1), NOTHING)},
            "nacharbeit",
            State.WARNING,
            "1 failed again",
        ),
        ({"protokoll": Betriebslage(0, NOW, NOTHING, Wartet(2, 4e5, 0))}, "postausgang", State.WARNING, "4 days"),
    ],
)
def test_a_check_names_what_is_wrong_and_only_what_stops_answers_fails(
    change: dict[str, Any], name: str, state: State, detail: str
) -> None:
    found = state_of(replace(GOOD, **change), name)
    assert found[0] is state
    assert detail in found[1]


def test_a_check_says_since_when_it_has_its_state() -> None:
    lages = [
        GOOD,
        replace(GOOD, moment=NOW + DAY, stores={"spiegel": "away"}),
        replace(GOOD, moment=NOW + 2 * DAY, stores={"spiegel": "away"}),
        replace(GOOD, moment=NOW + 3 * DAY),
    ]
    readiness = Readiness(iter(lages).__next__)
    seen = []
    for _ in lages:
        ready, report = readiness.report()
        row = next(row for row in report["checks"] if row["name"] == "spiegel")
        seen.append((ready, row["state"], (datetime.fromisoformat(row["since"]) - NOW).days))
    assert seen == [(True, "ok", 0), (False, "failing", 1), (False, "failing", 1), (True, "ok", 3)]


@pytest.fixture(params=KINDS)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Haus]:
    with (
        fresh_database(request.param, tmp_path) as url,
        haus(tmp_path, database=url if request.param == "postgresql" else "") as one,
    ):
        yield one


def test_a_key_file_that_is_gone_is_a_warning_and_answers_go_on(house: Haus) -> None:
    path = house.here.protokollschluessel.path
    away = path.rename(path.with_suffix(".weg"))
    assert house.ask(geschlecht="w") == "01"
    lage = Quellen(house.here, house.gateway).lage()
    state, detail = state_of(lage, "key file")
    assert (state, lage.stores["protokoll"]) == (State.WARNING, "")
    assert "protokoll.key is missing" in detail
    away.rename(path)
    assert state_of(Quellen(house.here, house.gateway).lage(), "key file") == (State.OK, "")


def test_a_real_gateway_is_ready_and_reads_no_more_than_once_a_second(house: Haus) -> None:
    assert house.ask(geschlecht="w") == "01"
    moments = iter([0.0, 0.9, 1.0, 1.0])
    quellen = Quellen(house.here, house.gateway, lambda: next(moments))
    first = quellen.lage()
    found = {check.name: check.state for check in checks(first)}
    assert {name for name, state in found.items() if state is State.FAILING} == set()
    assert {"spiegel", "behoerden", "protokoll", "seals", "certificate signatur", "revocation list signatur"} <= set(
        found
    )
    assert quellen.lage() is first
    assert quellen.lage() is not first


def test_seals_are_no_more_than_a_second_behind_and_a_lag_is_seen(house: Haus) -> None:
    assert house.ask(geschlecht="w") == "01"
    engine = house.here.protokoll(readonly=True)
    assert lies(engine, datetime.now(UTC)).siegelrueckstand < 2
    with house.here.protokoll().begin() as connection:
        connection.execute(update(KOPF).values(geaendert=KOPF.c.geaendert + 30_000_000))
    assert 30 <= lies(engine, datetime.now(UTC)).siegelrueckstand < 32
    with house.here.protokoll().begin() as connection:
        connection.execute(update(EINTRAG).values(siegel=None))
    assert lies(engine, datetime.now(UTC)).siegelrueckstand == 0


def test_what_nobody_looks_at_is_overdue_and_the_outbox_shows_no_sooner_than_at_the_full_hour(house: Haus) -> None:
    engine, now = house.here.protokoll(readonly=True), datetime.now(UTC)
    assert house.ask(familienname="Selbst", geschlecht="w") == "03"
    waiting = lies(engine, now + timedelta(minutes=20)).nacharbeit
    assert waiting.anzahl == 1
    assert 1100 < waiting.sekunden < 1300
    house.runde()
    hour = now.replace(minute=0, second=0, microsecond=0)
    with house.here.protokoll().begin() as connection:
        connection.execute(update(POSTAUSGANG).values(angelegt=int((hour.timestamp() + 60) * 1e6)))
    assert lies(engine, hour + timedelta(minutes=59)).postausgang == NOTHING
    assert lies(engine, hour + timedelta(minutes=61)).postausgang == Wartet(1, 3540.0, 0)
    assert lies(engine, hour + timedelta(minutes=119)).postausgang == Wartet(1, 3540.0, 0)
    with house.here.protokoll().begin() as connection:
        connection.execute(POSTAUSGANG.update().values(faellig=None))
        connection.execute(NACHARBEIT.delete())
    assert lies(engine, hour + 2 * DAY).postausgang == NOTHING


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Betrieb]:
    one = betrieb(tmp_path / "instance")
    yield one
    one.close()


def test_a_revocation_list_that_is_replaced_is_seen_and_a_broken_one_fails(alone: Betrieb) -> None:
    file, crl = alone.here.path / "pki/ca.crl", "revocation list signatur"
    ca = load_identity((alone.here.path / "pki/ca.key").read_bytes(), (alone.here.path / "pki/ca.pem").read_bytes())
    assert state_of(Quellen(alone.here, alone.gateway).lage(), crl)[0] is State.OK
    alone.here.trust._crl._looked = -9.0  # type: ignore[union-attr]
    file.write_bytes(b"broken")
    assert state_of(Quellen(alone.here, alone.gateway).lage(), crl) == (State.FAILING, "is out of date")
    alone.here.trust._crl._looked = -9.0  # type: ignore[union-attr]
    file.write_bytes(pki.make_crl(ca, (), datetime.now(UTC)))
    assert state_of(Quellen(alone.here, alone.gateway).lage(), crl)[0] is State.OK


def test_a_ca_that_has_ended_beside_one_that_counts_stops_nothing_and_neither_does_a_list_within_its_grace(
    alone: Betrieb,
) -> None:
    """While CAs change, and while a list comes late, requests are answered: no gateway is taken out for it."""
    here, now = alone.here, datetime.now(UTC)
    own = load_identity((here.path / "pki/ca.key").read_bytes(), (here.path / "pki/ca.pem").read_bytes())
    old = pki.make_ca("old CA", now - 9999 * DAY)
    pki.save(old, here.path / "pki/old.key", here.path / "pki/old.pem")
    lists = pki.make_crl(old, (), now - 999 * DAY) + pki.make_crl(own, (), now - 9999 * DAY)
    (here.path / "pki/ca.crl").write_bytes(lists)
    newest = max(crl.next_update_utc for crl in map(x509.load_pem_x509_crl, _blocks(lists)))
    set_key(here.path, 'ca = ["pki/ca.pem"]', 'ca = ["pki/ca.pem", "pki/old.pem"]')
    with Instance.read(here.path) as again:
        gateway = build_gateway(again)
        found = {check.name: check.state for check in checks(Quellen(again, gateway).lage())}
        assert found["certificate signatur.ca"] is State.WARNING
        assert found["revocation list signatur"] is State.FAILING
        frist = timedelta(days=1) + now - newest
        again.trust._crl._frist = frist  # type: ignore[union-attr]
        lage = Quellen(again, gateway).lage()
        assert state_of(lage, "revocation list signatur") == (State.WARNING, "is out of date")
        gateway.protokoll.close()


def _blocks(pem: bytes) -> list[bytes]:
    end = b"-----END X509 CRL-----"
    return [block + end for block in pem.split(end)[:-1]]


def test_what_fails_again_and_again_is_a_warning_though_its_next_try_is_never_late(house: Haus) -> None:
    engine, now = house.here.protokoll(readonly=True), datetime.now(UTC)
    assert house.ask(familienname="Selbst", geschlecht="w") == "03"
    with house.here.protokoll().begin() as connection:
        connection.execute(update(NACHARBEIT).values(inhalt=b"unreadable"))
    for versuch in range(OFT_GESCHEITERT):
        assert lies(engine, now).nacharbeit.haengend == 0, versuch
        with house.here.protokoll().begin() as connection:
            connection.execute(update(NACHARBEIT).values(faellig=0))
        assert house.runde().gescheitert == 1
    lage = Quellen(house.here, house.gateway).lage()
    assert state_of(lage, "nacharbeit") == (State.WARNING, "1 failed again and again: see the log")
    house.leer()


def test_an_authority_whose_last_certificate_ends_soon_is_named_and_stops_nothing(alone: Betrieb) -> None:
    name = "certificates of authorities"
    assert state_of(Quellen(alone.here, alone.gateway).lage(), name) == (State.OK, "")
    soon = (datetime.now(UTC) + 59 * DAY).isoformat(timespec="milliseconds")
    with alone.here.behoerden().begin() as connection:
        connection.execute(update(ZERTIFIKAT).where(ZERTIFIKAT.c.kennung == AMT).values(gueltig_bis=soon))
    state, detail = state_of(Quellen(alone.here, alone.gateway).lage(), name)
    assert state is State.WARNING
    assert detail == f"1 expire: {AMT} on {soon[:10]}"


def test_a_protokoll_that_cannot_be_read_is_one_failing_check(alone: Betrieb) -> None:
    class Gone:
        def check(self) -> None:
            raise StoreError("the Protokoll cannot be written (X)")

    gateway = replace(alone.gateway, protokoll=Gone())  # type: ignore[arg-type]
    for file in (alone.here.path / "daten").glob("protokoll.sqlite*"):
        file.unlink()
    lage = Quellen(alone.here, gateway).lage()
    assert lage.protokoll is None
    assert state_of(lage, "protokoll") == (State.FAILING, "the Protokoll cannot be written (X)")
