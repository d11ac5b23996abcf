"""The evaluation on a slice of the synthetic year; `make auswertung` measures the whole."""

from itertools import pairwise

import pytest

from tests.auswertung.guete import messe
from tests.auswertung.jahr import Jahr


@pytest.mark.parametrize("seed", [1, 2])
def test_most_planted_cases_are_found_and_most_findings_are_planted(seed: int) -> None:
    alle = messe(Jahr(20_000, 20, seed))["alle"]
    assert alle.gepflanzt == 20
    assert alle.recall >= 0.65, alle
    assert alle.precision >= 0.75, alle


def test_the_same_seed_gives_the_same_year() -> None:
    first, second = (list(Jahr(2_000, 9, 5).zeilen()) for _ in range(2))
    assert first == second
    assert all(a.tag <= b.tag for a, b in pairwise(first))
