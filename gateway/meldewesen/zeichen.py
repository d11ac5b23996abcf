"""Which texts may stand in a message: NFC, and the normative characters of DIN 91379:2022-08 (datatypeC of XÖV).

These are the letters and sequences of Tabelle 9 and a few characters that are no letters.
"""

import re
from unicodedata import is_normalized

from gateway.meldewesen.normalform import SEQUENCES, TABELLE_9

#: Code points of the normative characters that are no letters.
_NO_LETTERS = (
    "0009-000A 000D 0020-0040 005B-0060 007B-007E 00A0-00AC 00AE-00BF 00D7 00F7 02B9-02BA 02BE-02BF 02C8 02CC "
    "2019 2021 20AC"
)
_RANGES = (pair.split("-") for pair in _NO_LETTERS.split())
_CLASS = "".join(letter for letter in TABELLE_9 if len(letter) == 1) + "".join(
    f"\\u{pair[0]}-\\u{pair[-1]}" for pair in _RANGES
)
_FORBIDDEN = re.compile(f"[^{_CLASS}]")
_FORBIDDEN_ASCII = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def zulaessig(text: str) -> bool:
    """True when `text` is NFC and of normative characters only; a combining mark only in a sequence of Tabelle 9."""
    if text.isascii():
        return not _FORBIDDEN_ASCII.search(text)
    if not is_normalized("NFC", text):
        return False
    return not _FORBIDDEN.search(text) or not _FORBIDDEN.search(SEQUENCES.sub("", text))
