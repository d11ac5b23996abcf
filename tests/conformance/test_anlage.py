"""The project's table of the Anlage's examples says what the law says, and each row becomes a record and a query."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.conformance.anlage import Suche, Zeile, angaben, auswahldaten_zu, datensatz_zu, normalformen, zeilen
from gateway.meldewesen import datensatz
from gateway.meldewesen.normalform import strassenform
from gateway.meldewesen.suchformen import formen_der_anfrage, mindestangaben_erfuellt
from tests.shared import SHARED, needs_shared

Row = tuple[str, ...]

_RANGE = re.compile(r"Beginn-\w+: (\S+) End\w*-\w+: (\S+)")


def _reference() -> Iterator[Row]:
    """The rows of the reference material, ranges written as the project writes them."""
    with (SHARED / "conformance" / "bmelddav_anlage.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield tuple((row | {"auswahl": _RANGE.sub(r"\1 bis \2", row["auswahl"])}).values())


def _as_reference(zeile: Zeile) -> Row:
    forms = normalformen()
    strasse = zeile.dsmeld == "1205"
    return (
        zeile.suche,
        zeile.anlage,
        zeile.dsmeld,
        zeile.register,
        zeile.auswahl,
        "ja" if zeile.enthalten else "nein",
        forms[zeile.register] if strasse else "",
        forms[zeile.auswahl] if strasse else "",
    )


def _erste(anlage: str, auswahl: str) -> Zeile:
    return next(zeile for zeile in zeilen() if (zeile.anlage, zeile.auswahl) == (anlage, auswahl))


@needs_shared
def test_the_table_has_every_row_of_the_law_and_no_other() -> None:
    reference, ours = Counter(_reference()), Counter(map(_as_reference, zeilen()))
    assert ours - reference == Counter()
    assert reference - ours == Counter()


def test_the_ordinance_has_249_rows_none_of_them_twice() -> None:
    assert Counter(zeile.suche for zeile in zeilen()) == {Suche.PERSONENSUCHE: 102, Suche.FREIE_SUCHE: 147}
    assert [zeile.nummer for zeile in zeilen()] == list(range(1, 250))
    assert len({(zeile.anlage, zeile.dsmeld, zeile.register, zeile.auswahl) for zeile in zeilen()}) == 249
    assert len({zeile.ags for zeile in zeilen()}) == 249


def test_the_anlages_number_4_is_about_the_personensuche_6_and_7_about_the_freie_suche() -> None:
    assert {(zeile.anlage[0], zeile.suche) for zeile in zeilen()} == {
        ("4", Suche.PERSONENSUCHE),
        ("6", Suche.FREIE_SUCHE),
        ("7", Suche.FREIE_SUCHE),
    }


def test_the_rows_with_streets_are_those_whose_normal_forms_the_law_gives() -> None:
    strassen = [zeile for zeile in zeilen() if zeile.dsmeld == "1205"]
    assert {wert for zeile in strassen for wert in (zeile.register, zeile.auswahl)} == normalformen().keys()


@pytest.mark.parametrize(("strasse", "form"), normalformen().items())
def test_the_laws_normal_form_of_a_street_is_ours(strasse: str, form: str) -> None:
    assert strassenform(strasse) == form


@pytest.mark.parametrize("zeile", zeilen(), ids=str)
def test_every_rows_person_is_a_proper_record_of_a_municipality_of_its_own(zeile: Zeile) -> None:
    record = datensatz_zu(zeile)
    datensatz.check(record)
    assert record["ags"] == record["wohnungen"][0]["anschrift"]["inland"]["ags"] == zeile.ags


@pytest.mark.parametrize(
    ("anlage", "auswahl", "felder"),
    [
        ("6a", "Soerensen", {"familienname": "Sœrensen"}),
        ("6b", "Kaiser", {"kuenstlername": "Kaiser von Mallorca"}),
        ("6c", "+", {"vornamen": "Hans Georg Arthur"}),
        ("6d", "Nancy", {"kuenstlername": "Nancy Müller"}),
        ("6e", "00000000", {"geburtsdatum": "0000-00-00"}),
        ("6g", "01.03.1998 bis 31.03.1998", {"geburtsdatum": "1998-03-17"}),
        ("7d", "So?rensen", {"familienname": "Sœrensen"}),
    ],
)
def test_the_register_has_the_rows_datum_in_the_field_of_its_blatt(
    anlage: str, auswahl: str, felder: dict[str, Any]
) -> None:
    assert datensatz_zu(_erste(anlage, auswahl)).items() >= felder.items()


def test_the_register_has_both_names_of_the_row_that_names_two() -> None:
    (zeile,) = [zeile for zeile in zeilen() if zeile.dsmeld == "0101a/0502"]
    record = datensatz_zu(zeile)
    assert (record["familienname"], record["kuenstlername"]) == ("von Neuenwalde", "Graf Zahl")


@pytest.mark.parametrize(
    ("register", "teile"),
    [
        ("5", ("5", None, None)),
        ("6 a", ("6", "a", None)),
        ("7 1/3", ("7", None, "1/3")),
        ("10 B 1/5", ("10", "B", "1/5")),
    ],
)
def test_a_house_number_is_kept_in_its_three_parts(register: str, teile: tuple[str | None, ...]) -> None:
    (zeile,) = [zeile for zeile in zeilen() if (zeile.anlage, zeile.register) == ("6j", register)]
    inland = datensatz_zu(zeile)["wohnungen"][0]["anschrift"]["inland"]
    assert tuple(inland.get(name) for name in ("hausnummer", "hausnummer_zusatz", "hausnummer_teil")) == teile


@pytest.mark.parametrize(
    ("anlage", "auswahl", "felder"),
    [
        ("6a", "Soerensen", {"familienname": "Soerensen"}),
        ("6b", "Kaiser", {"familienname": "Kaiser"}),
        ("6c", "+", {"vornamen": "+"}),
        ("6d", "Nancy", {"ordens_oder_kuenstlername": "Nancy"}),
        ("6e", "00031998", {"geburtsdatum": "1998-03-00"}),
        ("6g", "05.03.1997 bis 31.03.1998", {"geburt_von": "1997-03-05", "geburt_bis": "1998-03-31"}),
        ("6h", "Lange Str.", {"strasse": "Lange Str."}),
        ("6i", "17 a", {"hausnummer": "17", "hausnummer_zusatz": "a"}),
        ("6i", "A", {"hausnummer_zusatz": "A"}),
        ("6j", "3 bis 12", {"hausnummer_von": "3", "hausnummer_bis": "12"}),
        ("7d", "Me*er", {"familienname": "Me*er"}),
        ("7d", "Hans G*g", {"vornamen": "Hans G*g"}),
    ],
)
def test_a_freie_suche_asks_for_the_rows_datum_and_nothing_else(
    anlage: str, auswahl: str, felder: dict[str, str]
) -> None:
    assert angaben(_erste(anlage, auswahl)) == felder


@pytest.mark.parametrize("zeile", [zeile for zeile in zeilen() if zeile.suche is Suche.PERSONENSUCHE], ids=str)
def test_a_personensuche_gives_what_38_bmg_demands_and_the_rows_datum(zeile: Zeile) -> None:
    auswahl = auswahldaten_zu(zeile)
    assert mindestangaben_erfuellt(formen_der_anfrage(auswahl))
    assert {name: getattr(auswahl, name) for name in angaben(zeile)} == angaben(zeile)
