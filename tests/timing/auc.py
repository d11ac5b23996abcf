"""How well two groups can be told apart, and how sure that is. Nothing is timed here."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt
from statistics import median, quantiles, variance

Z95 = 1.959964  # of the normal distribution

BINS = 20  # of durations, each with as many of those learned from


@dataclass(frozen=True)
class Interval:
    """An estimate and its 95 % interval."""

    value: float
    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2


def auc(absent: Sequence[float], blocked: Sequence[float]) -> Interval:
    """Chance that a blocked person's score exceeds an absent one's, ties counted half; 0.5 where nothing is told.

    The interval is DeLong's for independent groups. Neighbours in time are slowed down together, so where each of one
    group was measured beside one of the other, it is rather too wide than too narrow.
    """
    over, under = _placements(blocked, absent), _placements(absent, blocked)
    value = sum(over) / len(over)
    error = Z95 * sqrt(variance(over) / len(over) + variance(under) / len(under))
    return Interval(value, value - error, value + error)


def _placements(scores: Sequence[float], others: Sequence[float]) -> list[float]:
    """For each score the share of the others below it."""
    ranked = sorted(others)
    return [(bisect_left(ranked, score) + bisect_right(ranked, score)) / (2 * len(ranked)) for score in scores]


def median_of(differences: Sequence[float]) -> Interval:
    """The median with the order statistics that hold it with 95 %, whatever the distribution."""
    ranked = sorted(differences)
    reach = Z95 * sqrt(len(ranked)) / 2
    low, high = int(len(ranked) / 2 - reach), int(len(ranked) / 2 + reach)
    return Interval(median(ranked), ranked[max(0, low)], ranked[min(len(ranked) - 1, high)])


@dataclass(frozen=True)
class Seen:
    """All that is known of an answer from outside. Whoever asked knows what he asked, and how fast answers come."""

    kind: str
    seconds: float
    size: int
    pace: float = 0.0  # seconds that answers to anything take around this time


class Guesser:
    """Learns from answers to known persons how much slower and larger than usual the one sort and the other are.

    The score is the log of how much more often blocked persons had such a duration and size. So it finds any difference
    of the two distributions, not only a shift, and it is judged by other answers than those that it learned from.
    """

    def __init__(self, absent: Sequence[Seen], blocked: Sequence[Seen]) -> None:
        kinds: defaultdict[str, list[Seen]] = defaultdict(list)
        for one in (*absent, *blocked):
            kinds[one.kind].append(one)
        self._usual = {
            kind: (median(one.seconds - one.pace for one in group), median(one.size for one in group))
            for kind, group in kinds.items()
        }
        self._edges = quantiles((self.slowness(one) for one in (*absent, *blocked)), n=BINS)
        self._absent, self._blocked = (Counter(map(self._cell, group)) for group in (absent, blocked))

    def slowness(self, one: Seen) -> float:
        """Seconds more than usual for what was asked, and when."""
        return one.seconds - one.pace - self._usual[one.kind][0]

    def excess(self, one: Seen) -> float:
        """Bytes more than usual for what was asked."""
        return one.size - self._usual[one.kind][1]

    def score(self, one: Seen) -> float:
        """Above 0: rather blocked."""
        cell = self._cell(one)
        return log((self._blocked[cell] + 1) / (self._absent[cell] + 1))

    def _cell(self, one: Seen) -> tuple[int, float]:
        return bisect_left(self._edges, self.slowness(one)), self.excess(one)
