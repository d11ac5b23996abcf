"""Values that prove themselves once, in their constructor; nobody behind it checks again."""

import re
from datetime import date


class Gemeindeschluessel(str):
    """Amtlicher Gemeindeschluessel (AGS), DSMeld Blatt 1201: eight digits, the first two name the Land.

    Raises ValueError for anything else.
    """

    __slots__ = ()

    def __new__(cls, value: str) -> "Gemeindeschluessel":
        if not re.fullmatch(r"[0-9]{8}", value):
            raise ValueError("an AGS has eight digits")
        return super().__new__(cls, value)

    @property
    def land(self) -> str:
        """The Land's two digits, 01 to 16 in the official list."""
        return self[:2]


class Teildatum(str):
    """A date that may be known in part, as DSMeld Blatt 0601 allows: `YYYY-MM-DD` with 00 for what is not known.

    `1998-03-00` month and year, `1998-00-00` year only, `0000-00-00` unknown. Raises ValueError for anything else.
    """

    __slots__ = ()

    def __new__(cls, value: str) -> "Teildatum":
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            raise ValueError("a date is written YYYY-MM-DD, with 00 for unknown parts")
        year, month, day = int(value[:4]), int(value[5:7]), int(value[8:])
        if (year == 0 and month) or (month == 0 and day):
            raise ValueError("a date's known parts start with the year")
        if year:
            date(year, month or 1, day or 1)
        return super().__new__(cls, value)

    @property
    def jahr(self) -> str | None:
        """The year's four digits, None when unknown."""
        return self[:4] if self[:4] != "0000" else None

    @property
    def vollstaendig(self) -> bool:
        """True for a day of the calendar."""
        return self[8:] != "00"


UNBEKANNT = Teildatum("0000-00-00")

#: In the register's name fields: "Name zu Recht nicht vorhanden" (Anlage Nr. 4 c BMeldDAV).
NICHT_VORHANDEN = "+"
