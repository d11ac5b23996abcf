"""What a verification of the Protokoll finds."""

from dataclasses import dataclass
from enum import Enum

MAX_FINDINGS = 1000


class Kind(Enum):
    """Kinds of findings."""

    CHANGED = "changed"
    MISSING = "missing"
    INSERTED = "inserted"
    DUPLICATED = "duplicated"
    SEAL = "seal"
    SET_BACK = "set back"  # to a state before the one that an anchor has seen
    FORKED = "forked"  # gone on otherwise than an anchor has seen
    UNTIMELY = "untimely"  # deleted before its time, or at one that has not come
    CONTRADICTION = "contradiction"  # another chain has seen an entry that is not, or no longer, as it saw it


@dataclass(frozen=True)
class Finding:
    """One finding. `place` is an entry (`3/1207`), a range of them (`3/12-15`), a chain (`3`) or the `register`."""

    kind: Kind
    place: str
    text: str


@dataclass(frozen=True)
class Verification:
    """The outcome. `more` counts findings beyond the first 1,000, which are the ones kept.

    No findings: entries that are gone by a signed record, those that are held back, and those that a record names and
    that are there still, because a deletion has not come to its end.
    """

    chains: int
    entries: int
    findings: tuple[Finding, ...]
    more: int
    deleted: int = 0
    held: int = 0
    unfinished: int = 0

    @property
    def intact(self) -> bool:
        """Whether everything that was sealed is there, unchanged, and nothing else."""
        return not self.findings


class Findings:
    """Collects findings in bounded memory."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._more = 0

    def add(self, kind: Kind, place: str, text: str) -> None:
        """Keeps the finding, or counts it when there are enough."""
        if len(self._kept) < MAX_FINDINGS:
            self._kept.append(Finding(kind, place, text))
        else:
            self._more += 1

    def result(self, chains: int, entries: int, **counts: int) -> Verification:
        """What was found in `entries` entries of `chains` chains, and what else there is to say."""
        return Verification(chains, entries, tuple(self._kept), self._more, **counts)
