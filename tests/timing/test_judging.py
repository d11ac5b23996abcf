"""The judge of `make timing` is right: what leaks is found, what does not is not. Nothing is timed here."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timing.auc import Seen as Look
from tests.timing.auc import auc, median_of
from tests.timing.campaign import NEUTRAL, Answer, Measured, masked
from tests.timing.judging import CHANCE, WIDEST, Finding, judge

KINDS = {"fast": 0.003, "slow": 0.009}  # seconds
LEARN, PAIRS = 1000, 2000

Leak = Callable[[Look, Random], Look]


def measured(seed: int, leak: Leak, *, number: int = LEARN + PAIRS, noise: float = 0.0008) -> list[Measured]:
    """As a gateway answers on a machine that is busy now and then; `leak` changes the answers to blocked persons."""
    rng = Random(seed)
    found = []
    for _ in range(number):
        kind, pace = rng.choice(list(KINDS)), rng.choice((0.0, 0.0, 0.004))
        absent, blocked = (
            Look(kind, KINDS[kind] + pace + rng.expovariate(1 / noise), 6034, pace=0.006 + pace) for _ in range(2)
        )
        found.append(Measured(*(Answer(seen, NEUTRAL, b"same") for seen in (leak(blocked, rng), absent))))
    return found


def judged(seed: int, leak: Leak, **options: float) -> Finding:
    return judge("none", measured(seed, leak, **options), LEARN)  # type: ignore[arg-type]


def nothing(seen: Look, _: Random) -> Look:
    return seen


def later(seconds: float) -> Leak:
    return lambda seen, _: replace(seen, seconds=seen.seconds + seconds)


scores = st.lists(st.integers(0, 6).map(float), min_size=2, max_size=12)


@given(scores, scores)
def test_the_auc_is_the_share_of_all_pairs_that_are_in_order(absent: list[float], blocked: list[float]) -> None:
    ordered = sum((b > a) + (b == a) / 2 for a in absent for b in blocked)
    assert auc(absent, blocked).value == pytest.approx(ordered / len(absent) / len(blocked))


def test_what_is_always_the_same_tells_nothing_and_what_never_overlaps_everything() -> None:
    assert (auc([7.0] * 9, [7.0] * 9).low, auc([7.0] * 9, [7.0] * 9).high) == (0.5, 0.5)
    assert auc([1, 2, 3], [4, 5]).value == 1


def test_the_interval_of_an_auc_is_that_of_a_worked_example() -> None:
    """DeLong's variance by hand: placements 1/2, 1, 1 (variance 1/12) and 0, 1/3 (variance 1/18)."""
    found = auc([1.0, 3.0], [2.0, 4.0, 5.0])
    assert found.value == pytest.approx(5 / 6)
    assert found.half_width == pytest.approx(1.959964 * (1 / 36 + 1 / 36) ** 0.5)


def test_nineteen_of_twenty_intervals_hold_the_truth() -> None:
    rng = Random(1)
    runs = [[rng.expovariate(1) for _ in range(300)] for _ in range(600)]
    held = sum(auc(one, other).holds(CHANCE) for one, other in zip(runs[::2], runs[1::2], strict=True))
    assert 0.92 <= held / 300 <= 0.98
    true_median = 0.6931
    assert 0.92 <= sum(median_of(run).holds(true_median) for run in runs) / 600 <= 0.98


def test_where_nothing_leaks_nothing_is_found_but_by_the_chance_that_an_interval_allows() -> None:
    runs = [judged(seed, nothing) for seed in range(20)]
    assert sum(found.clean for found in runs) >= 17
    assert not any(found.found for found in runs)
    assert max(one.half_width for found in runs for one in (found.duration, found.both)) <= WIDEST


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("noise", [0.0003, 0.003])
def test_half_a_millisecond_is_found_on_a_quiet_and_on_a_noisy_machine(seed: int, noise: float) -> None:
    found = judged(seed, later(0.0005), noise=noise)
    assert found.found
    assert not found.clean
    assert found.difference.holds(0.0005)


def _wavering(seen: Look, rng: Random) -> Look:
    return replace(seen, seconds=seen.seconds + rng.choice((-0.0008, 0.0008)))


def test_a_leak_that_does_not_shift_the_median_is_found_by_the_classifier() -> None:
    assert judged(1, _wavering).both.low > CHANCE


def test_one_byte_in_an_answer_of_twenty_is_found() -> None:
    found = judged(1, lambda seen, rng: replace(seen, size=seen.size + (rng.random() < 0.05)))
    assert found.size.low > CHANCE
    assert not found.clean


def test_a_leak_of_one_kind_of_query_alone_is_found() -> None:
    found = judged(1, lambda seen, rng: later(0.0005)(seen, rng) if seen.kind == "slow" else seen)
    assert found.found
    assert found.by_kind["slow"].low > 0 >= found.by_kind["fast"].low


def test_too_few_pairs_are_not_taken_for_clean() -> None:
    found = judged(1, nothing, number=LEARN + 1200)
    assert found.duration.holds(CHANCE)
    assert not found.clean


@pytest.mark.parametrize("change", [{"ending": "01"}, {"text": b"some"}])
def test_a_single_answer_that_differs_is_told_and_not_clean(change: dict[str, str]) -> None:
    all_of_them = measured(1, nothing)
    one = all_of_them[5]
    all_of_them[5] = replace(one, blocked=replace(one.blocked, **change))
    found = judge("none", all_of_them, LEARN)
    assert not found.clean
    assert len(found.unlike) == 1
    assert one.kind in found.unlike[0]


def test_of_an_answer_only_what_differs_in_each_is_left_out_and_its_length_never() -> None:
    reply = (
        b"HTTP/1.1 200 OK\r\ndate: Sun, 22 Nov 2026 11:00:00 GMT\r\nx: 1\r\n\r\n<wsu:Created>2026-11-22T11:32:19.862Z<"
        b"<ds:DigestValue>jlngZC1r=</ds:DigestValue><ds:SignatureValue>QsbdySp==</ds:SignatureValue><nachricht>PD94</nachricht>"
        b"<nachrichtenUUID>b6e8a57e-5b21-4bc5-9d00-4019faff0378</nachrichtenUUID><code>03</code>"
    )
    for variable in (b"Sun, 22 Nov 2026", b"2026-11-22T11", b"jlng", b"Qsbd", b"PD94", b"b6e8a57e"):
        assert variable in reply
        assert variable not in masked(reply)
    for constant in (b"HTTP/1.1 200 OK\r\ndate: ", b"\r\nx: 1\r\n", b"<code>03</code>", b"<wsu:Created>"):
        assert constant in masked(reply)
    assert len(masked(reply)) == len(reply)
