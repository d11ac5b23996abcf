"""What a person of an answer says, read apart from the code that writes it."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree

from gateway.meldewesen.pfade import tokens
from gateway.xmeld.zeilen import Zeile
from tests.xmeld.beispiel import leaves

#: Inner elements of the types that hold one datum: what they add to the datum's place, and how they write it.
_INNER = re.compile(
    r"/(code|name|nichtVorhanden|(?<!nachweisdaten/)datum|unbekannt|teilbekanntesDatum/jahr(Monat)?(Tag)?|teilbekanntesDatum/unbekannt"
    r"|jahrMonatTag|jahrMonat|jahr|inhalt)$"
)


def read_back(person: etree._Element) -> Counter[tuple[str, str]]:
    """Place and value of each datum, in the record's spelling; written apart from the code under test."""
    data: Counter[tuple[str, str]] = Counter()
    for place, text in leaves(person):
        if place.endswith(("/zeilennummer", "/position")):
            continue
        inner = _INNER.search(place)
        tail = inner[1].rpartition("/")[2] if inner else ""
        value = {"jahr": f"{text}-00-00", "jahrMonat": f"{text}-00", "unbekannt": "0000-00-00", "nichtVorhanden": "+"}
        data[_INNER.sub("", place), value.get(tail, text)] += 1
    return data


def expected(daten: dict[str, Any], zeilen: Iterable[Zeile]) -> Counter[tuple[str, str]]:
    """Place and value of each datum of `daten`, by the mapping's rows alone."""
    data: Counter[tuple[str, str]] = Counter()
    for feld, ort in {(zeile.feld, zeile.ort) for zeile in zeilen}:
        for value in values(daten, tokens(feld)):
            data[ort.replace("[]", ""), value if isinstance(value, str) else str(value).lower()] += 1
    return data


def values(daten: Any, way: tuple[str | int, ...]) -> Iterator[Any]:
    if not way:
        yield True if isinstance(daten, dict) else daten  # the fact alone: an unknown address
    elif way[0] == "[]":
        for entry in daten:
            yield from values(entry, way[1:])
    elif isinstance(way[0], int):
        if way[0] < len(daten):
            yield from values(daten[way[0]], way[1:])
    elif way[0] in daten:
        yield from values(daten[way[0]], way[1:])
