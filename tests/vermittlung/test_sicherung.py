"""A Land that does not answer costs its own callers only."""

import threading
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.vermittlung.sicherung import (
    UEBERGANG,
    Ereignis,
    Grund,
    NichtBegonnen,
    Schwelle,
    Sicherungen,
    Uebertragungsfehler,
    Zustand,
)

SCHWELLE = Schwelle(fehlschlaege=3, pause=10.0, hoechstens=40.0)


@dataclass
class Uhr:
    """A clock that stands still until told."""

    jetzt: float = 1000.0

    def __call__(self) -> float:
        return self.jetzt


@dataclass
class Probe:
    """Breakers with a clock of their own."""

    uhr: Uhr = field(default_factory=Uhr)
    gesamt: int = 8

    def __post_init__(self) -> None:
        self.sicherungen = Sicherungen(self.gesamt, schwelle=SCHWELLE, clock=self.uhr)

    def gelingt(self, land: str = "09") -> None:
        with self.sicherungen.fuer(land, 4):
            pass

    def misslingt(self, land: str = "09", error: BaseException | None = None) -> None:
        error = error or Uebertragungsfehler("timed out")
        with pytest.raises(type(error)), self.sicherungen.fuer(land, 4):
            raise error

    def verweigert(self, land: str = "09", gleichzeitig: int = 4) -> Grund:
        with pytest.raises(NichtBegonnen) as refusal, self.sicherungen.fuer(land, gleichzeitig):
            pytest.fail("it may not begin")
        assert refusal.value.land == land
        return refusal.value.grund

    def geoeffnet(self) -> "Probe":
        for _ in range(3):
            self.misslingt()
        return self

    @property
    def zustand(self) -> str:
        return self.sicherungen.zustand()["09"]


def test_failures_in_a_row_open_it_and_then_nobody_waits_for_that_land() -> None:
    probe = Probe()
    probe.misslingt()
    probe.misslingt()
    assert probe.zustand == "closed"
    probe.misslingt()
    assert probe.zustand == "open"
    assert probe.verweigert() is Grund.UNTERBROCHEN


def test_others_are_not_touched_by_it() -> None:
    probe = Probe().geoeffnet()
    probe.gelingt("05")
    assert probe.sicherungen.zustand() == {"05": "closed", "09": "open"}


def test_a_success_between_failures_starts_the_count_anew() -> None:
    probe = Probe()
    for _ in range(5):
        probe.misslingt()
        probe.misslingt()
        probe.gelingt()
    assert probe.zustand == "closed"


def test_what_is_no_transmission_error_does_not_count() -> None:
    probe = Probe()
    for _ in range(10):
        probe.misslingt(error=ValueError("a wrong signature"))
    assert probe.zustand == "closed"


def test_after_the_pause_exactly_one_probe_passes_and_its_success_closes() -> None:
    probe = Probe().geoeffnet()
    probe.uhr.jetzt += 9.9
    assert probe.verweigert() is Grund.UNTERBROCHEN
    probe.uhr.jetzt += 0.2
    with probe.sicherungen.fuer("09", 4):
        assert probe.zustand == "half-open"
        assert probe.verweigert() is Grund.UNTERBROCHEN
    assert probe.zustand == "closed"
    probe.misslingt()
    assert probe.zustand == "closed", "the count starts anew"


def test_each_failed_probe_doubles_the_pause_up_to_a_maximum() -> None:
    probe = Probe().geoeffnet()
    for pause in (10, 20, 40, 40):
        probe.uhr.jetzt += pause - 0.1
        assert probe.verweigert() is Grund.UNTERBROCHEN
        probe.uhr.jetzt += 0.1
        probe.misslingt()
    probe.uhr.jetzt += 40
    probe.gelingt()
    probe.geoeffnet()
    probe.uhr.jetzt += 10
    probe.gelingt()
    assert probe.zustand == "closed", "after a success the first pause is a short one again"


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyboardInterrupt()])
def test_a_probe_that_tells_nothing_leaves_the_next_caller_to_be_the_probe(error: BaseException) -> None:
    probe = Probe().geoeffnet()
    probe.uhr.jetzt += 10
    probe.misslingt(error=error)
    assert probe.zustand == "open"
    probe.gelingt()
    assert probe.zustand == "closed"


@pytest.mark.parametrize("late", [None, Uebertragungsfehler("timed out")])
def test_the_late_end_of_what_was_begun_before_it_opened_says_nothing_any_more(late: BaseException | None) -> None:
    probe = Probe()
    before = probe.sicherungen.fuer("09", 4)
    before.__enter__()
    probe.geoeffnet()
    probe.uhr.jetzt += 10
    with probe.sicherungen.fuer("09", 4):
        with suppress(Uebertragungsfehler):
            before.__exit__(type(late) if late else None, late, None)
        assert probe.zustand == "half-open"
    assert probe.zustand == "closed"


def test_more_exchanges_with_one_land_than_allowed_are_refused_at_once() -> None:
    probe = Probe()
    with probe.sicherungen.fuer("09", 2), probe.sicherungen.fuer("09", 2):
        assert probe.verweigert(gleichzeitig=2) is Grund.AUSGELASTET
        probe.gelingt("05")
    probe.gelingt()
    assert probe.zustand == "closed", "being busy is no failure"


def test_more_exchanges_with_all_laender_than_allowed_are_refused_at_once() -> None:
    probe = Probe(gesamt=2)
    with probe.sicherungen.fuer("09", 2), probe.sicherungen.fuer("05", 2):
        assert probe.verweigert("06") is Grund.GESAMT
    probe.gelingt("06")


def test_a_refused_caller_is_not_taken_for_the_probe() -> None:
    probe = Probe(gesamt=1).geoeffnet()
    probe.uhr.jetzt += 10
    with probe.sicherungen.fuer("05", 1):
        assert probe.verweigert() is Grund.GESAMT
    probe.gelingt()


def test_a_refusal_names_the_land_and_the_reason() -> None:
    probe = Probe().geoeffnet()
    with (
        pytest.raises(NichtBegonnen, match="Land 09: it did not answer just now"),
        probe.sicherungen.fuer("09", 1),
    ):
        pass


def test_threads_never_exceed_the_limits() -> None:
    sicherungen = Sicherungen(3)
    laufend, hoechstens, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal laufend, hoechstens
        for _ in range(200):
            with suppress(NichtBegonnen), sicherungen.fuer("09", 2):
                with lock:
                    laufend += 1
                    hoechstens = max(hoechstens, laufend)
                with lock:
                    laufend -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (laufend, hoechstens <= 2) == (0, True)


def test_the_table_says_what_a_circuit_breaker_does() -> None:
    assert {state for state, _ in UEBERGANG} == set(Zustand)
    assert {event for _, event in UEBERGANG} == set(Ereignis)
    into_closed = {state for (state, _), after in UEBERGANG.items() if after is Zustand.CLOSED}
    assert into_closed == {Zustand.CLOSED, Zustand.HALF_OPEN}, "what is open closes by a probe only"


SCHRITTE = st.sampled_from(["gelingt", "misslingt", "ohne_befund", "warten"])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(SCHRITTE, st.integers(1, 60)), max_size=40))
def test_whatever_happens_it_behaves_as_its_rules_say(schritte: list[tuple[str, int]]) -> None:
    """Against a model that is written from the rules: failures in a row, until when, how long the next pause is."""
    probe, in_folge, bis, pause = Probe(), 0, 0.0, 0.0
    for schritt, dauer in schritte:
        if schritt == "warten":
            probe.uhr.jetzt += dauer
            continue
        if in_folge >= 3 and probe.uhr.jetzt < bis:
            assert probe.verweigert() is Grund.UNTERBROCHEN
        elif schritt == "gelingt":
            probe.gelingt()
            in_folge, pause = 0, 0.0
        elif schritt == "ohne_befund":
            probe.misslingt(error=ValueError())
        else:
            probe.misslingt()
            in_folge += 1
            if in_folge >= 3:
                pause = min(2 * pause or 10.0, 40.0)
                bis = probe.uhr.jetzt + pause
        expected = "open" if in_folge >= 3 else "closed"
        assert probe.sicherungen.zustand().get("09", "closed") == expected
