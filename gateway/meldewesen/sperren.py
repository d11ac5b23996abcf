"""Auskunftssperren: which of them hide a person (§ 51 BMG), until when, and who sees past them (§ 34a (5), (6) BMG)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

#: Code.Auskunftssperre: the blocks of § 51 BMG. The other codes do not affect Datenabruf.
SPERREN_NACH_51 = frozenset({"1", "3", "6", "11", "12"})

#: The one of them that a body of § 34 (5) BMG had set, even where the record does not name it.
_VERANLASST = "11"

#: Last day of a block without a term, and of a person without a block.
UNBEFRISTET, UNGESPERRT = "9999-12-31", ""

#: Later than the last day of every block.
_IMMER = "~"


@dataclass(frozen=True)
class Sicht:
    """Who is seen: those whose blocks had all ended before `sperre_vor`, and those that a body of § 34 (5) BMG had set
    before `veranlasst_vor` (both YYYY-MM-DD).

    One search with these two days as its parameters serves every view, so that no view has a path of its own.
    """

    sperre_vor: str
    veranlasst_vor: str

    @classmethod
    def neutral(cls, heute: str) -> "Sicht":
        """§ 34a (5) BMG: nobody with a block in force on `heute`."""
        return cls(heute, heute)

    @classmethod
    def ermaechtigt(cls, heute: str) -> "Sicht":
        """§ 34a (6) BMG: also the blocked, unless a body of § 34 (5) had the block set."""
        return cls(_IMMER, heute)


#: For what follows an answer, never for the answer itself: every block is seen through.
OFFEN = Sicht(_IMMER, _IMMER)


def sperre_bis(sperren: Iterable[Mapping[str, Any]]) -> str:
    """The last day (YYYY-MM-DD) on which a block of § 51 BMG is in force; UNGESPERRT where there is none."""
    return _letzter_tag(sperre for sperre in sperren if sperre["grund"] in SPERREN_NACH_51)


def veranlasst_bis(sperren: Iterable[Mapping[str, Any]]) -> str:
    """As `sperre_bis`, of those blocks alone that a body of § 34 (5) BMG had set."""
    return _letzter_tag(sperre for sperre in sperren if sperre["grund"] in SPERREN_NACH_51 and _veranlasst(sperre))


def gesperrt(sperren: Iterable[Mapping[str, Any]], heute: str) -> bool:
    """Whether a block of § 51 BMG is in force on `heute` (YYYY-MM-DD)."""
    return sperre_bis(sperren) >= heute


def veranlassende(sperren: Iterable[Mapping[str, Any]], heute: str) -> tuple[str | None, ...]:
    """Who had the blocks set that are in force on `heute` (YYYY-MM-DD) and are of § 34 (5) BMG, each body once.

    None stands for one that the record does not name.
    """
    stellen = (
        sperre.get("veranlasst_durch") for sperre in sperren if _veranlasst(sperre) and gesperrt([sperre], heute)
    )
    return tuple(dict.fromkeys(stellen))


def _veranlasst(sperre: Mapping[str, Any]) -> bool:
    return sperre["grund"] == _VERANLASST or "veranlasst_durch" in sperre


def _letzter_tag(sperren: Iterable[Mapping[str, Any]]) -> str:
    return max((sperre.get("frist", UNBEFRISTET) for sperre in sperren), default=UNGESPERRT)
