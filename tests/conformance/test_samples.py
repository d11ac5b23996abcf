"""The standard's own 1330 test messages run unchanged against a gateway of Land 09 that mirrors 09000009."""

from collections.abc import Iterator

import pytest

from gateway.spiegel.musterorte import S_STADT, alle_gemeinden
from gateway.spiegel.musterpersonen import musterpersonen
from tests.betrieb import POLIZEI, ZENTRALE, Betrieb, betrieb, outcome
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared

SAMPLES = SHARED / "xmeld" / "samples" / "testsuite"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Betrieb]:
    one = betrieb(tmp_path_factory.mktemp("samples") / "instance")
    one.lade(musterpersonen(next(g for g in alle_gemeinden() if g.ags == S_STADT)))
    yield one
    one.close()


def sample(number: str) -> bytes:
    return (SAMPLES / f"FachspezifischBehoerdenauskunft{number}-1330.xml").read_bytes()


@pytest.mark.parametrize(("number", "wer"), [("006a", POLIZEI), ("008a", ZENTRALE)])
def test_the_message_finds_the_person_it_describes(house: Betrieb, number: str, wer: str) -> None:
    answer = house.send(sample(number), wer)
    assert outcome(answer) == "01"
    assert answer.findtext(".//{*}vornamen/{*}vornamen/name") == "Hans Peter"
    assert answer.findtext(".//{*}nachname/name") == "Schneider"


def test_the_follow_up_with_an_unknown_identifikationsmerkmal_is_refused_with_01(house: Betrieb) -> None:
    kennung = sample("007a").decode().partition("<autor>")[2].partition("<kennung>")[2].partition("</kennung>")[0]
    assert outcome(house.send(sample("007a"), kennung)) == "R 01"


def test_the_answer_repeats_identification_of_the_message(house: Betrieb) -> None:
    answer = house.send(sample("006a"), POLIZEI)
    ursprung = [answer.findtext(f"{{*}}ursprungsnachricht/{path}") for path in PLACES]
    assert ursprung == ["b47016cf-bec4-5980-9a23-38b421c2c9d8", "1330", "2025-03-25T08:35:02.562+01:00"]


PLACES = ("nachrichtenUUID", "nachrichtentyp/code", "erstellungszeitpunkt")
