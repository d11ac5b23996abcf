"""What a kind of query is, and all that are measured."""

from collections.abc import Sequence
from typing import Protocol

from gateway.meldewesen.freie_suche import FreieSuchformen
from gateway.meldewesen.suchformen import Suchformen
from tests.bench import freie_suchen, personensuchen
from tests.bench.fundus import Fundus
from tests.bench.measuring import Goal

Anfrage = Suchformen | FreieSuchformen


class Kind(Protocol):
    """Queries of one form, by different values."""

    @property
    def name(self) -> str:
        """For the table."""

    @property
    def goal(self) -> Goal:
        """How long they may take."""

    def queries(self, fundus: Fundus, number: int) -> Sequence[Anfrage]:
        """At most so many; the fewer, the rarer what is given."""


KINDS: dict[str, Sequence[Kind]] = {"Personensuche": personensuchen.KINDS, "freie Suche": freie_suchen.KINDS}
