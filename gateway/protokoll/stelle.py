"""Where an entry stands."""

from typing import NamedTuple


class Stelle(NamedTuple):
    """Where an entry stands: its chain and its number there. Written `3/1207`."""

    kette: int
    nummer: int

    def __str__(self) -> str:
        return f"{self.kette}/{self.nummer}"

    @classmethod
    def parse(cls, text: str) -> "Stelle":
        """Raises ValueError for anything but two whole numbers with a slash between."""
        kette, slash, nummer = text.partition("/")
        if not (slash and kette.isascii() and kette.isdecimal() and nummer.isascii() and nummer.isdecimal()):
            raise ValueError("an entry of the Protokoll is named by chain and number, as in 3/1207")
        return cls(int(kette), int(nummer))
