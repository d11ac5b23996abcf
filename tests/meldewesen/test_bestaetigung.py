"""§ 39a BMG: when given data agree with a record."""

from dataclasses import fields
from typing import Any

import pytest

from gateway.meldewesen.anfrage import Anschriftdaten, Bestaetigungsdaten
from gateway.meldewesen.bestaetigung import _VERGLEICHE, stimmt_ueberein
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from tests.spiegel.personen import AGS, datensatz, wohnung

HIER = Gemeindeschluessel(AGS)

PERSON = datensatz(
    familienname="von Müller-Lüdenscheidt",
    familienname_pass="Mueller",
    geburtsname="Sørensen",
    vornamen="Erika Anna-Maria",
    doktorgrad="Dr.",
    ordensname="Schwester Klara",
    kuenstlername="La Lüne",
    geburtsort="Göttingen",
    geburtsstaat="152",
    staatsangehoerigkeiten=["000", "152"],
    familienstand={"stand": "VH"},
    sterbedatum="2026-01-02",
    wohnungen=[
        wohnung(strasse="Altweg", aktuell=False),
        {**wohnung(strasse="Nebenweg"), "status": "2"},
        wohnung(strasse="Lange Straße", hausnummer="17", hausnummer_zusatz="A"),
    ],
)

#: Datum → values that agree, values that do not.
FAELLE: dict[str, tuple[list[Any], list[Any]]] = {
    "familienname": (["Von Mueller Lüdenscheidt", "Müller"], ["Lüdenscheidt", "Sørensen", "+", "-"]),
    "geburtsname": (["Soerensen"], ["Sorensen", "Müller"]),
    "vornamen": (["Erika", "Annamaria ERIKA"], ["Anna", "Erika Anna", "Erika Maria", " ", "-"]),
    "doktorgrad": (["DR. "], ["Dr. Dr."]),
    "ordensname": (["Schwester Klara"], ["Klara"]),
    "kuenstlername": (["La Luene"], ["Lüne"]),
    "geburtsdatum": ([Teildatum("1964-08-12")], [Teildatum("1964-08-00"), Teildatum("0000-00-00")]),
    "geburtsort": (["GOETTINGEN"], ["Göttinge"]),
    "geburtsstaat": (["152"], ["000"]),
    "geschlecht": (["w"], ["m"]),
    "staatsangehoerigkeit": ([("152",), ("000", "152")], [("153",), ("000", "153")]),
    "anschrift": (
        [
            Anschriftdaten(HIER, strasse="Lange Str."),
            Anschriftdaten(HIER, strasse="Langestrasse", hausnummer="17", hausnummer_zusatz="a"),
        ],
        [
            Anschriftdaten(HIER, strasse="Altweg"),
            Anschriftdaten(HIER, strasse="Nebenweg"),
            Anschriftdaten(HIER, strasse="Lange Straße", hausnummer="18"),
            Anschriftdaten(Gemeindeschluessel("03241002"), strasse="Lange Straße"),
        ],
    ),
    "familienstand": (["VH"], ["LD"]),
    "sterbedatum": (["2026-01-02"], ["2026-01-03"]),
}


def test_every_datum_has_its_comparison_and_its_cases() -> None:
    names = {field.name for field in fields(Bestaetigungsdaten)}
    assert names == set(_VERGLEICHE) == set(FAELLE)


@pytest.mark.parametrize("name", FAELLE)
def test_a_datum_agrees_by_its_normal_form_or_not_at_all(name: str) -> None:
    agree, differ = FAELLE[name]
    for wert in agree:
        assert stimmt_ueberein(Bestaetigungsdaten(**{name: wert}), PERSON), wert
    for wert in differ:
        assert not stimmt_ueberein(Bestaetigungsdaten(**{name: wert}), PERSON), wert


@pytest.mark.parametrize("name", sorted(FAELLE.keys() - datensatz().keys() - {"anschrift", "staatsangehoerigkeit"}))
def test_nothing_agrees_with_what_the_register_does_not_have(name: str) -> None:
    record = {feld: wert for feld, wert in datensatz().items() if feld != "geburtsort"}
    assert not stimmt_ueberein(Bestaetigungsdaten(**{name: FAELLE[name][0][0]}), record)


def test_one_datum_that_differs_is_enough() -> None:
    given = {name: agree[0] for name, (agree, _) in FAELLE.items()}
    assert stimmt_ueberein(Bestaetigungsdaten(**given), PERSON)
    for name, (_, differ) in FAELLE.items():
        assert not stimmt_ueberein(Bestaetigungsdaten(**given | {name: differ[0]}), PERSON)
