"""How far a freie Suche reaches in a Land, and for whom: BMeldDAV Anlage Nr. 3."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from gateway.meldewesen.anfrage import SUCHBEREICHE, Suchbereich
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.laender import LAENDER


class Offen(Enum):
    """To whom a kind of Suchbereich is open."""

    ALLE = "alle"
    SICHERHEIT = "sicherheit"  # § 34 (4) S. 1 BMG
    NICHT_FREMDE = "nicht_fremde"  # not to authorities of other Laender


@dataclass(frozen=True)
class Reichweite:
    """What one Land offers: a kind of Suchbereich (see SUCHBEREICHE) that it does not name is not offered."""

    land: str  # two digits
    offen: Mapping[str, Offen]

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.offen) - set(SUCHBEREICHE.values())):
            raise ValueError(f"{unknown[0]} is no kind of Suchbereich")

    def umfasst(self, bereich: Suchbereich, gemeinden: frozenset[str]) -> bool:
        """Whether the area lies in this Land, and where only some municipalities are served, has one of them."""
        if not bereich.schluessel.startswith(self.land):
            return False
        return not gemeinden or any(ags.startswith(bereich.schluessel) for ags in gemeinden)

    def offen_fuer(self, bereich: Suchbereich, behoerde: Behoerde, rolle: Rolle) -> bool:
        """Whether the Land lets the authority, asking in that role, search in such an area."""
        match self.offen.get(bereich.art):
            case Offen.ALLE:
                return True
            case Offen.SICHERHEIT:
                return rolle is Rolle.SICHERHEIT
            case Offen.NICHT_FREMDE:
                return behoerde.land == self.land or behoerde.land not in LAENDER
            case _:
                return False
