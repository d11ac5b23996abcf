"""An invented person with every field filled, each text unlike every other, and small helpers around it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import count
from typing import Any

from lxml import etree

from gateway.meldewesen.datensatz import DATENSATZ, Feld, check

HEUTE = "2026-06-15"

#: Values of fields whose form is narrower than text or day, by their names: one to each entry in turn.
_BY_NAME: Mapping[str, Sequence[Any]] = {
    "ags": ["03241001"],
    "plz": ["30159"],
    "hausnummer": ["17"],
    "hausnummer_zusatz": ["a"],
    "stockwerk": ["3.OG"],
    "aktuell": [True, False],
    "status": ["0", "2"],
    "geschlecht": ["w", "m", "d", "x"],
    "typ": ["EG"],
    "art": ["4", "2"],
    "passart": ["09", "01", "10", "07", "15"],
    "stand": ["GS"],
    "beendigungsgrund": ["2"],
    "sachverhalt": ["1"],
    "grund": ["2"],
    "verzogen": ["inland"],
    "staat": ["129", "152", "368"],
    "geburtsstaat": ["137"],
    "sterbestaat": ["140"],
}
_ENTRIES = {
    "wohnungen": 4,
    "ausweisdokumente": 5,
    "fruehere_geburtsdaten": 4,
    "gesetzliche_vertreter": 4,
    "kinder": 3,
}


class Fabrik:
    """Makes values for the fields of a record, none twice as far as the field's form allows."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._turns: dict[str, Iterator[int]] = {}

    def group(self, felder: Mapping[str, Feld], name: str = "") -> dict[str, Any]:
        """A value for each of `felder`, left out where the group's rule allows only one of several."""
        left_out = self._left_out(felder, name)
        return {key: self.field(feld, key) for key, feld in felder.items() if key not in left_out}

    def field(self, feld: Feld, name: str) -> Any:
        if feld.liste:
            single = Feld(feld.form, regel=feld.regel)
            if isinstance(feld.form, Mapping) and "anschrift" in feld.form:
                self._turns.pop("anschrift", None)  # each list has every kind of address
            return [self.field(single, name) for _ in range(_ENTRIES.get(name, min(2, feld.liste)))]
        if isinstance(feld.form, Mapping):
            return self.group(feld.form, name)
        return self._leaf(feld, name)

    def _left_out(self, felder: Mapping[str, Feld], name: str) -> set[str]:
        turn = self._turn(name)
        if name == "anschrift" and "inland" in felder:
            kinds = ("inland", "unbekannt", "ausland") if "ausland" in felder else ("inland",) * 2 + ("unbekannt",) * 2
            return felder.keys() - {kinds[turn % len(kinds)]}
        if "behoerde_aktenzeichen" in felder and "behoerde" in felder:
            return {"behoerde_aktenzeichen"} if turn % 2 else {"behoerde", "aktenzeichen"}
        if "juristische_person" in felder:
            return {"familienname", "vornamen", "doktorgrad"} if turn % 2 else {"juristische_person"}
        return {"auskunftssperren"} if name else set()

    def _turn(self, name: str) -> int:
        return next(self._turns.setdefault(name, count()))

    def _leaf(self, feld: Feld, name: str) -> Any:
        number = next(self._numbers)
        given = _BY_NAME.get(name, ())
        turn = self._turn(f"leaf {name}")
        inventions = (
            f"{name.capitalize()} Ö{number}",
            str(date(1950, 1, 1) + timedelta(days=41 * number)),
            True,
            "1",
            "368",
        )
        return next(value for value in (*given[turn % max(1, len(given)) :], *given, *inventions) if _fits(feld, value))


def _fits(feld: Feld, value: Any) -> bool:
    assert not isinstance(feld.form, Mapping)
    try:
        feld.form(value)
    except ValueError:
        return False
    return True


def full_record() -> dict[str, Any]:
    """A record with every field filled, children minors on HEUTE."""
    record = Fabrik().group(DATENSATZ)
    for year, kind in enumerate(record["kinder"], 2015):
        kind["geburtsdatum"] = f"{year}-03-07"
    check(record)
    return record


def paths(value: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Way and value of each datum: names of fields, without the entries' numbers."""
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from paths(below, (*way, key))
    elif isinstance(value, list):
        for entry in value:
            yield from paths(entry, way)
    else:
        yield way, value


def leaves(element: etree._Element, way: str = "") -> Iterator[tuple[str, str]]:
    """Place and text of each element without children."""
    for child in element:
        place = f"{way}/{etree.QName(child).localname}".lstrip("/")
        if len(child):
            yield from leaves(child, place)
        else:
            yield place, child.text or ""
