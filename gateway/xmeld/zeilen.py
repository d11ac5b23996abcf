"""Rows of a mapping: read from its tables, and each way to be wrong named."""

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Table
from dataclasses import dataclass
from typing import Any

from gateway.errors import ConfigError
from gateway.meldewesen import pfade
from gateway.meldewesen.auskunft import ANTWORT, Wunsch
from gateway.meldewesen.behoerde import Rolle

#: Code of a row that nobody asks for: its datum comes along.
ALONG = "*"

#: Pairs of a field and its place in a message.
Orte = tuple[tuple[str, str], ...]

_ABSCHNITT = {"feld", "ort", "wenn", "gruppe", "zeilen"}


@dataclass(frozen=True)
class Gruppe:
    """Data that only some roles may have or use, and the code of the Rueckweisung that the others get."""

    rueckweisung: str
    rollen: frozenset[Rolle]


@dataclass(frozen=True)
class Zeile:
    """One datum of an answer: who asks for it, where it stands in the record, and where in the message's `person`."""

    code: str
    blatt: str
    feld: str
    ort: str
    wenn: tuple[str, frozenset[object]] | None = None
    gruppe: str = ""

    @property
    def wunsch(self) -> Wunsch:
        """What the row lets be told."""
        return Wunsch(pfade.names(self.feld), self.wenn, self.code == ALONG)


def check_table(table: Any, where: str) -> Table[str, Any]:
    """`table`, if it is one. Raises ConfigError."""
    if not isinstance(table, Table):
        raise ConfigError(f"{where} must be a table")
    return table


def check_keys(table: Any, required: Iterable[str], where: str, optional: Iterable[str] = ()) -> Table[str, Any]:
    """`table`, which must have each of `required` and no key beside them and `optional`. Raises ConfigError."""
    check_table(table, where.rstrip(".: "))
    for key in sorted(table.keys() - {*required, *optional}):
        raise ConfigError(f"{where}{key} is not a known key")
    for key in sorted(set(required) - table.keys()):
        raise ConfigError(f"{where}{key} is missing")
    result: Table[str, Any] = table
    return result


def check_felder(felder: Iterable[str], known: frozenset[str], where: str) -> None:
    """Each field that is read must have a place, and each place a field: one that is not read would be ignored."""
    for feld in sorted(set(felder) ^ known):
        raise ConfigError(f"{where}: {feld} {'has no place' if feld in known else 'is not a field'}")


def read_rows(rows: Any, columns: int, where: str) -> Sequence[Sequence[str]]:
    """Rows of `columns` texts each. Raises ConfigError that names the row."""
    if not isinstance(rows, list):
        raise ConfigError(f"{where} must be a list of rows")
    for row in rows:
        if not isinstance(row, list) or len(row) != columns or not all(isinstance(cell, str) for cell in row):
            raise ConfigError(f"{where}: the row of {row[0] if row else 'nothing'} must have {columns} texts")
    result: Sequence[Sequence[str]] = rows
    return result


def read_orte(rows: Any, columns: int, where: str) -> Orte:
    """Field and place: the first and the last column."""
    return tuple((row[0], row[-1]) for row in read_rows(rows, columns, where))


def read_gruppen(table: Any, where: str) -> dict[str, Gruppe]:
    """Groups by name. Raises ConfigError that names the group and what is wrong."""
    return {name: _gruppe(entry, f"{where}.{name}") for name, entry in check_table(table, where).items()}


def _gruppe(entry: Any, where: str) -> Gruppe:
    check_keys(entry, ("rueckweisung", "rollen"), f"{where}.")
    try:
        return Gruppe(entry["rueckweisung"], frozenset(Rolle(rolle) for rolle in entry["rollen"]))
    except ValueError as error:
        raise ConfigError(f"{where}.rollen: {error}") from None


def read_zeilen(
    abschnitte: Any, bausteine: Table[str, Orte], gruppen: Table[str, Gruppe], where: str
) -> tuple[Zeile, ...]:
    """The rows of all sections, checked one by one and against each other. Raises ConfigError."""
    if not isinstance(abschnitte, list):
        raise ConfigError(f"{where}abschnitt must be a list")
    zeilen = tuple(
        zeile
        for number, abschnitt in enumerate(abschnitte, 1)
        for zeile in _abschnitt(abschnitt, bausteine, f"{where}abschnitt {number}")
    )
    _check(zeilen, gruppen, where)
    return zeilen


def places_of_groups(zeilen: Iterable[Zeile]) -> dict[str, tuple[str, ...]]:
    """By group the elements that hold its data and no others: each as near to `person` as can be."""
    rows = tuple(zeilen)
    places: dict[str, dict[str, None]] = {zeile.gruppe: {} for zeile in rows if zeile.gruppe}
    for gruppe, of_group in places.items():
        others = {above for zeile in rows if zeile.gruppe != gruppe for above in _above(zeile.ort)}
        own = (zeile.ort for zeile in rows if zeile.gruppe == gruppe)
        heads = (next((above for above in _above(ort) if above not in others), None) for ort in own)
        of_group.update((head, None) for head in heads if head)
    return {gruppe: tuple(of_group) for gruppe, of_group in places.items()}


def _above(ort: str) -> Iterable[str]:
    """Every place on the way to `ort`, and `ort` itself."""
    steps = ort.split("/")
    return ("/".join(steps[:length]) for length in range(1, len(steps) + 1))


def _abschnitt(abschnitt: Any, bausteine: Table[str, Orte], where: str) -> Iterable[Zeile]:
    check_keys(abschnitt, ("ort", "zeilen"), f"{where}: ", _ABSCHNITT)
    wenn = _wenn(abschnitt.get("wenn"), where)
    for code, blatt, feld, ort in read_rows(abschnitt["zeilen"], 4, where):
        for feld_teil, ort_teil in _expanded(feld, ort, bausteine):
            full = ".".join(filter(None, (abschnitt.get("feld"), feld_teil)))
            yield Zeile(code, blatt, full, f"{abschnitt['ort']}/{ort_teil}", wenn, abschnitt.get("gruppe", ""))


def _wenn(table: Table[str, Any] | None, where: str) -> tuple[str, frozenset[object]] | None:
    if table is None:
        return None
    if len(table) != 1:
        raise ConfigError(f"{where}: wenn must name one field")
    ((name, values),) = table.items()
    return name, frozenset(values)


def _expanded(feld: str, ort: str, bausteine: Table[str, Orte]) -> Iterable[tuple[str, str]]:
    for name, pairs in bausteine.items():
        mark = "{" + name + "}"
        if feld.endswith(mark):
            return [(feld.replace(mark, teil), ort.replace(mark, platz)) for teil, platz in pairs]
    return [(feld, ort)]


def _check(zeilen: Iterable[Zeile], gruppen: Table[str, Gruppe], where: str) -> None:
    weichen: dict[str, str] = {}
    gruppe_of: dict[str, str] = {}
    for zeile in zeilen:
        row = f"{where}row {zeile.code}"
        try:
            pfade.resolve(zeile.feld, ANTWORT)
        except ValueError as error:
            raise ConfigError(f"{row} {error}") from None
        if zeile.gruppe and zeile.gruppe not in gruppen:
            raise ConfigError(f"{row}: {zeile.gruppe} is not one of gruppen")
        if zeile.code != ALONG and gruppe_of.setdefault(zeile.code, zeile.gruppe) != zeile.gruppe:
            raise ConfigError(f"{row} stands in more than one gruppe")
        if zeile.wenn and weichen.setdefault(pfade.names(zeile.feld)[0], zeile.wenn[0]) != zeile.wenn[0]:
            raise ConfigError(f"{row}: wenn names another field than the group's other sections")
