"""Authorities and what their role lets them ask (§§ 34, 34a BMG)."""

from dataclasses import dataclass
from enum import Enum

from gateway.meldewesen.rechte import OHNE_EINSCHRAENKUNG, Zugang


class Rolle(Enum):
    """Role of an authority's account: one per account."""

    EINFACH = "einfach"  # § 34 (1) S. 1 BMG
    SICHERHEIT = "sicherheit"  # § 34 (4) S. 1 BMG
    FIU = "fiu"  # § 5 (2) S. 2 BMeldDAV


#: Numbers of § 34 (4) S. 1 BMG.
NUMMERN = frozenset(range(1, 14))

#: Of § 34 (4) S. 1 BMG, those that § 34a (6) names: police, intelligence services, customs investigation.
NUMMERN_TROTZ_SPERRE = frozenset({1, 6, 7, 8, 9})


@dataclass(frozen=True)
class Behoerde:
    """A registered authority. `kennung` with its prefix, e.g. `dbs:060030020000`."""

    kennung: str
    name: str
    rolle: Rolle
    gesperrt: bool = False
    azr_berechtigt: bool = False  # § 38 (1) S. 2 BMG with § 10 (4) AZRG
    protokoll_beauftragt: bool = False  # § 40 (3) BMG: has commissioned the full Protokoll
    zentrale_stelle: bool = False  # a Land's own retrieving body, passes on queries of others
    nummer: int | None = None  # of § 34 (4) S. 1 BMG
    trotz_sperre: bool = False  # § 34a (6) BMG: sees to it that only those empowered receive the data
    ermaechtigte: frozenset[str] = frozenset()  # Kennungen of these
    zugang: Zugang = OHNE_EINSCHRAENKUNG  # of an account below what its role may

    def darf_trotz_sperre(self, kennung: str) -> bool:
        """§ 34a (6) BMG for its user `kennung`. Nobody can vouch for the users of those whose queries are passed on."""
        entitled = self.trotz_sperre and not self.zentrale_stelle and self.nummer in NUMMERN_TROTZ_SPERRE
        return entitled and kennung in self.ermaechtigte

    @property
    def land(self) -> str:
        """The two digits of the Land in a dbs key; others than 01 to 16 are the Federation's bodies."""
        return self.kennung.partition(":")[2][:2]
