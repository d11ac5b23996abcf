"""Anlage Nr. 1 BMeldDAV: Kölner Phonetik on the normal form."""

from itertools import product

import pytest
from cologne_phonetics import encode
from hypothesis import given
from hypothesis import strategies as st

from gateway.meldewesen.normalform import normalform
from gateway.meldewesen.phonetik import phonetik

ANFANG = """
    Ach Bach Bäck Böhm Born Braun Brücks Cäcil Cars Chem Christ Clau Cox Czern Dach Deutz Diet Dreyer Eck Ehr Engel
    Fahr Fichtn Fuchs Gär Gott Hach Hätz Hof Höch Ibs Jacq Jüng Kauf Khal Klock Kraus Küchl Lach Lütz Mai Matz Meth
    Müll Nachts Nies Nowak Öchs Orth Pech Pfäff Phil Quand Quitz Rasch Reich Roux Sachs Schäf Schwartz Stöck Szym
    Tsch Tzsch Übel Uhd Vogts Vries Wachs Weißg Xant Yild Zach Zsch Zürch
"""
MITTE = "a e en er ing c x tz ph ck sch ss h d z l"
ENDE = "mann er berg dorf feld hausen heim ke kowski lein meier s sen ski son stedt tz vic witz x yi zc ch cks dt ph"

NAMEN = sorted({"".join(teile) for teile in product(ANFANG.split(), ["", *MITTE.split()], ["", *ENDE.split()])})


def test_at_least_27000_names_have_the_code_of_an_independent_implementation() -> None:
    assert len(NAMEN) >= 27_000
    for name in NAMEN:
        form = normalform(name)
        assert phonetik(form) == encode(form)[0][1], form


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_any_letters_have_the_code_of_an_independent_implementation(form: str) -> None:
    assert phonetik(form) == encode(form)[0][1]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Müller-Lüdenscheidt", "65752682"),
        ("Wikipedia", "3412"),
        ("Breschnew", "17863"),
        ("Meier", "67"),
        ("Mayr", "67"),
        ("Anna", "06"),
        ("Ei", "0"),
        ("Aha", "0"),
        ("Xaver", "4837"),
        ("H", ""),
    ],
)
def test_names_have_the_code_that_the_procedure_is_known_for(name: str, code: str) -> None:
    assert phonetik(normalform(name)) == code


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=20, max_size=200), st.sampled_from("BFLR"))
def test_the_whole_name_is_coded_however_long_it_is(form: str, letter: str) -> None:
    digit = {"B": "1", "F": "3", "L": "5", "R": "7"}[letter]
    assert phonetik(f"{form}O{letter}").endswith(digit)
    assert len(phonetik(form + "OLOR" * 50)) >= 100
