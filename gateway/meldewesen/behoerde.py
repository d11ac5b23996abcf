"""Authorities and what their role lets them ask (§§ 34, 34a BMG)."""

from dataclasses import dataclass
from enum import Enum


class Rolle(Enum):
    """Role of an authority's account: one per account."""

    EINFACH = "einfach"  # § 34 (1) S. 1 BMG
    SICHERHEIT = "sicherheit"  # § 34 (4) S. 1 BMG
    FIU = "fiu"  # § 5 (2) S. 2 BMeldDAV


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

    @property
    def land(self) -> str:
        """The two digits of the Land in a dbs key; others than 01 to 16 are the Federation's bodies."""
        return self.kennung.partition(":")[2][:2]
