"""The limit of the bench does the work that it stands for, and the bench runs."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from lxml import etree
from rich.console import Console

from gateway.bootstrap import build_gateway, build_umschlag
from gateway.exchange import exchange
from gateway.protokoll import Einsicht
from tests.bench import exchanges
from tests.bench.measuring import quantile, ratio
from tests.bench.workload import ASKED, KEYS, Request, Workload

PERSONS = 500


@pytest.fixture(scope="module", params=KEYS)
def workload(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workload]:
    with Workload(tmp_path_factory.mktemp("bench") / "instance", request.param, persons=PERSONS) as workload:
        yield workload


@pytest.fixture(scope="module")
def floor(workload: Workload) -> Iterator[exchanges.Floors]:
    gateway, umschlag = build_gateway(workload.instance), build_umschlag(workload.instance)
    yield exchanges.Floors(workload, [exchange(one.envelope, umschlag, gateway).body for one in workload.sign(ASKED)])
    gateway.protokoll.close()


def test_the_limit_takes_what_the_gateway_takes(workload: Workload, floor: exchanges.Floors) -> None:
    for request in workload.sign(ASKED):
        floor(request)
    assert floor.zeiten[-1].keys() == exchanges.LIMIT_PARTS.keys()


@pytest.mark.parametrize("place", ["{*}Body/*/*", ".//{*}Timestamp/*", ".//{*}DigestValue"])
def test_the_limit_stops_at_a_digest_that_does_not_hold(
    workload: Workload, floor: exchanges.Floors, place: str
) -> None:
    with pytest.raises(ValueError, match="a digest does not hold"):
        floor(_changed(workload, place))


def test_the_limit_stops_at_a_signature_that_does_not_hold(workload: Workload, floor: exchanges.Floors) -> None:
    with pytest.raises(InvalidSignature):
        floor(_changed(workload, ".//{*}SignatureValue"))


def _changed(workload: Workload, place: str) -> Request:
    """A request of which one character is another."""
    (request,) = workload.sign(1)
    root = etree.fromstring(request.envelope)
    element = root.find(place)
    assert element is not None
    assert element.text
    element.text = ("A" if element.text[0] != "A" else "B") + element.text[1:]
    return replace(request, envelope=etree.tostring(root))


def test_the_limit_stops_at_a_message_that_breaks_the_schema(workload: Workload, floor: exchanges.Floors) -> None:
    broken = workload.templates[0].replace(b"aktenzeichen>", b"geschaeftszeichen>")
    envelope = workload.client.request(broken, datetime.now(UTC))
    (request,) = workload.sign(1)
    with pytest.raises(etree.DocumentInvalid):
        floor(replace(request, envelope=envelope))


def test_a_request_has_the_size_of_real_ones_and_asks_for_everything_a_simple_authority_may_have(
    workload: Workload,
) -> None:
    assert 20_000 < len(workload.templates[0]) < 30_000
    assert 160 < workload.templates[0].count(b"<xmeld:anforderungselement>") < 170


def test_a_measured_run_records_every_exchange_and_prints_rates_steps_and_goals(workload: Workload) -> None:
    recorded = Einsicht(workload.instance.protokoll(readonly=True))
    before = len(recorded.entries(10_000))
    out = io.StringIO()
    exchanges.show([exchanges.measure(workload, 1)], Console(file=out, width=140))
    asked = ASKED + (2 + 1) * exchanges.BATCH + exchanges.BATCH + 1 + 1 + exchanges.THREADS
    assert len(recorded.entries(10_000)) - before == asked
    printed = out.getvalue()
    assert all(
        word in printed for word in (workload.key, "exchange/s", "goal", "wait for the disk", *exchanges.LIMIT_PARTS)
    )


def test_a_ratio_is_the_median_over_neighbours_and_a_quantile_one_of_the_values() -> None:
    assert ratio([2.0, 4.0, 10.0], [1.0, 2.0, 1.0]) == 0.5
    assert quantile([1.0, 2.0, 3.0, 4.0], 0.99) == 4.0
    assert quantile([1.0, 2.0, 3.0, 4.0], 0.5) == 3.0
