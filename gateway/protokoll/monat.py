"""Months of storage, as numbers like 202605, in Germany's time: what is kept, encrypted and deleted together.

§ 40 (5) BMG: at least twelve months, at the latest until the end of the calendar year that follows the storage. An
entry of a month has been kept for twelve months when the same month of the next year is over (§§ 187, 188 BGB); for one
of December that is the very end of the year that follows.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from gateway.protokoll.zeit import from_micros, micros

#: In place of a month: entries that are held back from deletion.
GEHALTEN = 0

REGEL = "§ 40 (5) BMG"

BERLIN = ZoneInfo("Europe/Berlin")
_AUFBEWAHRUNG = 12  # months after the one of storage


def monat_von(gespeichert: int) -> int:
    """The month of a moment in microseconds."""
    day = from_micros(gespeichert).astimezone(BERLIN)
    return day.year * 100 + day.month


def beginn(monat: int) -> datetime:
    """Its first moment."""
    year, month = divmod(monat, 100)
    return datetime(year, month, 1, tzinfo=BERLIN).astimezone(UTC)


def nach(monat: int, weitere: int) -> int:
    """So many months later; earlier for a number below 0."""
    year, month = divmod(monat // 100 * 12 + monat % 100 - 1 + weitere, 12)
    return year * 100 + month + 1


def faellig(monat: int) -> datetime:
    """From when on a month's entries may be deleted; they must be by the end of the calendar year after the storage."""
    return beginn(nach(monat, _AUFBEWAHRUNG + 1))


def spaetestens(monat: int) -> datetime:
    """By when they must be deleted: the end of the calendar year that follows the storage."""
    return beginn((monat // 100 + 2) * 100 + 1)


class Monatsuhr:
    """Tells the month of moments that mostly follow each other."""

    def __init__(self) -> None:
        self._monat, self._von, self._bis = 0, 0, 0

    def __call__(self, gespeichert: int) -> int:
        """See `monat_von`."""
        if not self._von <= gespeichert < self._bis:
            self._monat = monat_von(gespeichert)
            self._von, self._bis = micros(beginn(self._monat)), micros(beginn(nach(self._monat, 1)))
        return self._monat
