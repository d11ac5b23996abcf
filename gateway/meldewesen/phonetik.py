"""Kölner Phonetik on the normal form: § 1 (2) BMeldDAV, Anlage Nr. 1.

The code covers the whole name and is never shortened. Adjacent equal digits become one; zeros (vowels) stay at the
start only.
"""

import re

#: Letters whose digit does not depend on their neighbours. H has no sound.
_FIXED = {
    letter: digit
    for letters, digit in (
        ("AEIJOUY", "0"),
        ("B", "1"),
        ("FVW", "3"),
        ("GKQ", "4"),
        ("L", "5"),
        ("MN", "6"),
        ("R", "7"),
        ("SZ", "8"),
        ("H", ""),
    )
    for letter in letters
}
_REPEATED = re.compile(r"([0-9])\1+")

#: What a C must stand before to sound like K: at the start of a name, and elsewhere.
_HARD_AT_START, _HARD = frozenset("AHKLOQRUX"), frozenset("AHKOQUX")


def phonetik(form: str) -> str:
    """Phonetic code (digits) of the normal form `form`; empty when nothing in it sounds (only H)."""
    digits = "".join(
        _FIXED[letter] if letter in _FIXED else _depending(letter, before, after)
        for before, letter, after in zip(" " + form, form, form[1:] + " ", strict=False)
    )
    digits = _REPEATED.sub(r"\1", digits)
    return digits[:1] + digits[1:].replace("0", "")


def _depending(letter: str, before: str, after: str) -> str:
    """The digits of a letter that sounds by its neighbours; a space stands before the first and after the last."""
    if letter == "C":
        hard = after in _HARD_AT_START if before == " " else after in _HARD and before not in "SZ"
        return "4" if hard else "8"
    if letter == "P":
        return "3" if after == "H" else "1"
    if letter == "X":
        return "8" if before in "CKQ" else "48"
    return "8" if after in "CSZ" else "2"  # D, T
