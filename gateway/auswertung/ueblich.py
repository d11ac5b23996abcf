"""What is usual, learnt from a stream in a few numbers each."""

from math import sqrt


class Menge:
    """Mean and deviation of a daily number; later days weigh more."""

    __slots__ = ("_mittel", "_varianz", "tage")

    GEWICHT = 0.03  # of a new day, once there are enough

    def __init__(self) -> None:
        self.tage = 0
        self._mittel = self._varianz = 0.0

    def lerne(self, wert: float) -> None:
        """One more day."""
        self.tage += 1
        gewicht = max(self.GEWICHT, 1 / self.tage)
        abstand = wert - self._mittel
        self._mittel += gewicht * abstand
        self._varianz = (1 - gewicht) * (self._varianz + gewicht * abstand * abstand)

    @property
    def mittel(self) -> float:
        """The usual number."""
        return self._mittel

    def grenze(self, abweichungen: float) -> float:
        """So many deviations above the usual; a count deviates by its root at least."""
        return self._mittel + abweichungen * sqrt(max(self._varianz, self._mittel))


class Zeiten:
    """How often what part of the week: eight parts of a working day and of the weekend each."""

    __slots__ = ("gesamt", "zahlen")

    def __init__(self) -> None:
        self.gesamt = 0
        self.zahlen = [0] * 16

    def lerne(self, teil: int) -> None:
        """One more."""
        self.gesamt += 1
        self.zahlen[teil] += 1

    def anteil(self, teil: int) -> float:
        """Share of this part; 1 where nothing is known."""
        return self.zahlen[teil] / self.gesamt if self.gesamt else 1.0


class Quote:
    """How often something holds."""

    __slots__ = ("ja", "von")

    def __init__(self) -> None:
        self.ja = self.von = 0

    def lerne(self, ja: int, von: int) -> None:
        """So many more."""
        self.ja += ja
        self.von += von

    def wert(self, vorher: float, gewicht: int) -> float:
        """Its share, which begins with `vorher` as if that had been seen `gewicht` times."""
        return (self.ja + vorher * gewicht) / (self.von + gewicht)
