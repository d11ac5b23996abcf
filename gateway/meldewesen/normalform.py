"""Normal form of names, streets and places: Anlage Nr. 4 a and e BMeldDAV on DIN 91379:2022-08, Tabelle 9.

A normal form consists of the letters A to Z and of nothing else, or is empty; whoever compares treats an empty one as
absent, on both sides.
"""

import re
from collections.abc import Mapping
from importlib.resources import files
from unicodedata import normalize


def _read_table() -> dict[str, str]:
    """Letter or sequence in NFC → basic letters, from the data file."""
    text = files("gateway.meldewesen").joinpath("din91379.tsv").read_text(encoding="ascii")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return {"".join(chr(int(code, 16)) for code in codes.split()): letters for codes, letters in rows}


class _Translation(dict[int, str]):
    """For str.translate: removes what Tabelle 9 does not map."""

    def __missing__(self, key: int) -> None:
        return None


TABELLE_9: Mapping[str, str] = _read_table()

_LETTERS = _Translation({ord(letter): mapped for letter, mapped in TABELLE_9.items() if len(letter) == 1})

#: Letters with combining marks that have no code point of their own, longest first.
SEQUENCES = re.compile("|".join(sorted((key for key in TABELLE_9 if len(key) > 1), key=len, reverse=True)))

#: Endings of a street's normal form, Anlage Nr. 4 e; the replaced ones only.
_STREET_ENDINGS = {"STR": "STRASSE", "PL": "PLATZ", "WEGLE": "WEG", "GAESSLE": "GASSE"}
_STREET_ENDING = re.compile(f"(?:{'|'.join(_STREET_ENDINGS)})$")


def normalform(text: str) -> str:
    """Basic letters A to Z of `text` (Anlage Nr. 4 a). Digits, spaces, hyphens and all else unmapped are removed."""
    if not text.isascii():
        text = SEQUENCES.sub(lambda found: TABELLE_9[found[0]], normalize("NFC", text))
    return text.translate(_LETTERS)


def strassenform(text: str) -> str:
    """Normal form of a street name, with its ending brought to one form (Anlage Nr. 4 e)."""
    return _STREET_ENDING.sub(lambda found: _STREET_ENDINGS[found[0]], normalform(text))
