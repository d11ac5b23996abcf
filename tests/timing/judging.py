"""What the measured answers say: tells the gateway blocked from absent, or does it not?"""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.timing.auc import Guesser, Interval, auc, median_of
from tests.timing.campaign import Measured

WIDEST = 0.02  # half an interval of an AUC
CHANCE = 0.5


@dataclass(frozen=True)
class Finding:
    """What one run showed."""

    database: str
    planted: bool  # whether there was a leak to find
    pairs: int
    duration: Interval
    size: Interval
    both: Interval  # the classifier
    difference: Interval  # seconds within pairs: how much later the blocked one
    by_kind: dict[str, Interval]  # the same
    unlike: tuple[str, ...]  # the pairs whose answers differ, or are not neutral

    @property
    def clean(self) -> bool:
        """No answer differs, and neither duration nor size nor both together tell anything."""
        return not self.unlike and all(
            one.holds(CHANCE) and one.half_width <= WIDEST for one in (self.duration, self.size, self.both)
        )

    @property
    def found(self) -> bool:
        """A leak of time: duration alone shows it, and the classifier has learned it."""
        return self.duration.low > CHANCE and self.both.low > CHANCE

    @property
    def as_it_should_be(self) -> bool:
        return self.found if self.planted else self.clean

    @property
    def verdict(self) -> str:
        if self.planted:
            return "found" if self.found else "NOT FOUND"
        return "tells nothing" if self.clean else "NOT CLEAN"


def judge(database: str, measured: Sequence[Measured], learn: int, *, planted: bool = False) -> Finding:
    """Learns from the first `learn` pairs and judges by the others; none of all may differ."""
    learned, judged = measured[:learn], measured[learn:]
    guesser = Guesser([one.absent.seen for one in learned], [one.blocked.seen for one in learned])
    duration, size, both = (
        auc([score(one.absent.seen) for one in judged], [score(one.blocked.seen) for one in judged])
        for score in (guesser.slowness, guesser.excess, guesser.score)
    )
    return Finding(
        database,
        planted,
        len(judged),
        duration,
        size,
        both,
        median_of([one.later for one in judged]),
        {
            kind: median_of([one.later for one in judged if one.kind == kind])
            for kind in sorted({o.kind for o in judged})
        },
        tuple(one.unlike for one in measured if one.unlike),
    )
