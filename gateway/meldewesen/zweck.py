"""For what the Protokoll may be read: § 40 (5) S. 3 BMG, and for nothing else."""

from enum import Enum


class Zweck(Enum):
    """The four purposes."""

    DATENSCHUTZKONTROLLE = "datenschutzkontrolle"
    STRAFVERFAHREN = "strafverfahren"
    BETRIEB = "betrieb"
    AUSKUNFT = "auskunft"

    @property
    def wortlaut(self) -> str:
        """As the law names it."""
        return _WORTLAUT[self]


_WORTLAUT = {
    Zweck.DATENSCHUTZKONTROLLE: "Zwecke der Datenschutzkontrolle",
    Zweck.STRAFVERFAHREN: "Zwecke hieraus folgender Strafverfahren",
    Zweck.BETRIEB: "Zwecke der Sicherstellung des Betriebs der Register",
    Zweck.AUSKUNFT: "Zwecke der Auskunftserteilung an die betroffene Person",
}
