"""How texts and dates are brought to the forms that are compared: Anlage Nr. 1, 4 and 6 BMeldDAV.

A normal form is made of letters, a phonetic code of digits, so one index holds either and they never match each other.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from gateway.meldewesen.normalform import normalform, strassenform
from gateway.meldewesen.phonetik import phonetik
from gateway.meldewesen.werte import NICHT_VORHANDEN, UNBEKANNT

#: Phonetic code of a name that has letters but no sound (only H): a given name like any other, not an absent one.
STUMM = "-"

#: Key of Germany in the list Gebiet; a birth or death there has no key of a state.
_DEUTSCHLAND = "000"

#: Digits of a house number at most (1206).
HAUSNUMMER = 4


class Formen(NamedTuple):
    """The functions that bring a text to its form."""

    normal: Callable[[str], str]
    strasse: Callable[[str], str]
    sound: Callable[[str], str]


#: For queries, which are never remembered: nobody may learn from a process's memory whom others have looked for.
FORMEN = Formen(normalform, strassenform, phonetik)

#: For loading: names recur, so a load of millions of persons computes most forms once (some 20 MB each).
GEMERKT = Formen(*(lru_cache(2**17)(function) for function in FORMEN))


def ganz(formen: Formen, name: str | None) -> list[str]:
    """The one form of an undivided name, or none when it is absent. Anlage Nr. 4 b."""
    if name is None or name == NICHT_VORHANDEN:
        return [name] if name else []
    return [form] if (form := formen.normal(name)) else []


def teile(formen: Formen, namen: str | None) -> list[str]:
    """The forms of a name's parts: split at spaces, not at hyphens, and then normalised. Anlage Nr. 4 c, 6 b to d."""
    if namen is None or namen == NICHT_VORHANDEN:
        return [namen] if namen else []
    return [form for name in namen.split() if (form := formen.normal(name))]


def code(formen: Formen, form: str) -> str:
    """The phonetic code of a normal form."""
    return form if form == NICHT_VORHANDEN else formen.sound(form) or STUMM


def codes(formen: Formen, forms: Iterable[str]) -> set[str]:
    """The phonetic codes of normal forms."""
    return {code(formen, form) for form in forms}


def unveraendert(text: str) -> str:
    """Of keys and days, which are compared as they are."""
    return text


def getrimmt(text: str | None) -> str:
    """Parts of a house number and their like: no normal form, but neither case nor outer spaces matter."""
    return text.strip().casefold() if text else ""


def hausnummer(text: str | None) -> str:
    """1206 with leading zeros, so that texts stand in the order of their numbers."""
    return trimmed.zfill(HAUSNUMMER) if (trimmed := getrimmt(text)) else ""


def auslandsstaat(staat: str | None) -> str:
    """The key of a state abroad, empty for Germany."""
    return "" if staat in (None, _DEUTSCHLAND) else str(staat)


def tag(datum: str) -> str:
    """A date that may be known in part, behind its first day: equal to itself alone (Anlage Nr. 4 h, 6 e), in a range
    by that day (6 g aa ddd, eee).

    One that is not known at all stands before all days: no range finds it (6 g bb).
    """
    if datum[8:] != "00" or datum == UNBEKANNT:
        return datum
    return f"{datum[:4]}-{datum[5:7] if datum[5:7] != '00' else '01'}-01 {datum[5:]}"
