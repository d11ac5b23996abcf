"""What a text tells: whether an Anlass means nothing, a wildcard is near the limit, a user asks for his own name."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from gateway.meldewesen.formen import FORMEN, ganz, teile

#: Letters before or beside wildcards at most: Anlage Nr. 7 BMeldDAV wants one.
GRENZNAH = 2

#: Rows of a keyboard, to be run over with a hand.
_TASTEN = ("qwertzuiopü", "qwertyuiop", "asdfghjklöä", "yxcvbnm", "zxcvbnm", "1234567890", "abcdefghijklmnopqrstuvwxyz")

_NICHTSSAGEND = {"test", "tests", "testanfrage", "probe", "dummy", "egal", "keine", "kein", "ohne", "nichts", "tbd"} | {
    *("todo", "xyz", "foo", "bar", "bla", "blabla", "blub")
}
#: Words that fit every request.
_AUF_ALLES = {"abfrage", "abruf", "adresse", "allgemein", "amtlich", "anfrage", "anschrift", "auskunft", "daten"} | {
    *("dienst", "dienstlich", "erforderlich", "ermittlung", "ermittlungen", "meldedaten", "melderegister", "person"),
    *("personensuche", "prüfung", "recherche", "sachbearbeitung", "sonstiges", "suche", "überprüfung", "vorgang"),
}
_WORT = re.compile(r"[^\W_]+")
_PLATZHALTER = re.compile(r"[?*]")
_NAMEN = ("familienname", "vornamen", "ordens_oder_kuenstlername")


def sinnlos(anlass: str) -> bool:
    """Whether the Anlass says nothing: empty, too short, repeated, run over the keyboard, "test" and the like."""
    words = _WORT.findall(anlass.casefold())
    return len("".join(words)) < 3 or all(_sagt_nichts(word) for word in words)


def passt_auf_alles(anlass: str) -> bool:
    """Whether all its words fit every request."""
    return all(word in _AUF_ALLES for word in _WORT.findall(anlass.casefold()))


def _sagt_nichts(word: str) -> bool:
    if len(word) < 3 or word in _NICHTSSAGEND or word.isdigit():
        return True
    return len(set(word)) <= max(1, len(word) // 4) or _period(word) or any(word in row for row in _TASTEN)


def _period(word: str) -> bool:
    """Whether it is a part of at most three letters again and again."""
    return any(len(word) >= 2 * size and word == (word[:size] * len(word))[: len(word)] for size in (1, 2, 3))


def grenznah(auswahldaten: Mapping[str, Any]) -> bool:
    """Whether a freie Suche has a wildcard in a name or street with hardly any letter beside it."""
    wohnung = auswahldaten.get("wohnung") or {}
    texts = [auswahldaten.get(name) for name in _NAMEN] + [wohnung.get("strasse")]
    return any(
        _PLATZHALTER.search(text) is not None and sum(map(str.isalnum, text)) <= GRENZNAH
        for text in texts
        if isinstance(text, str)
    )


def namensteile(kennung: str) -> tuple[str, ...]:
    """What in a Kennung may be names, in normal form: `erika.musterfrau`, `e-musterfrau2`. Empty: none can be."""
    parts = re.split(r"[^\w]|_|\d", kennung.partition("@")[0])
    forms = tuple(form for part in parts for form in ganz(FORMEN, part))
    return forms if any(len(form) >= 4 for form in forms) else ()


def eigener_name(teile_der_kennung: tuple[str, ...], familienname: str | None, vornamen: str | None) -> bool:
    """Whether the Kennung is made of these names: the family name, with a first name or its initial."""
    familie = "".join(ganz(FORMEN, familienname))
    if len(familie) < 3:
        return False
    return any(_passt(teile_der_kennung, familie, vorname) for vorname in teile(FORMEN, vornamen))


def _passt(kennung: tuple[str, ...], familie: str, vorname: str) -> bool:
    if len(kennung) == 1:
        return kennung[0] in set(_zusammen(familie, vorname))
    pairs = {*pairwise(kennung), *((b, a) for a, b in pairwise(kennung))}
    return (familie, vorname) in pairs or (familie, vorname[:1]) in pairs


def _zusammen(familie: str, vorname: str) -> Iterator[str]:
    for first in (vorname, vorname[:1]):
        yield familie + first
        yield first + familie
