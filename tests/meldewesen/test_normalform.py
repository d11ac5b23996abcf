"""Anlage Nr. 4 a and e BMeldDAV; DIN 91379:2022-08, Tabelle 9."""

import json
import re
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.meldewesen.normalform import SEQUENCES, TABELLE_9, normalform, strassenform
from tests.shared import SHARED, needs_shared

#: Texts in which letters, sequences and everything else meet.
texts = st.text(st.one_of(st.characters(max_codepoint=0x1FFF), st.sampled_from("̣̥̱̈͟KkHhAÄäẠß '-.1"))) | st.lists(
    st.sampled_from(sorted(TABELLE_9))
).map("".join)


@needs_shared
def test_the_table_is_the_published_one() -> None:
    published = json.loads((SHARED / "din91379" / "search_form.json").read_text("utf-8"))
    assert published == TABELLE_9
    assert len(TABELLE_9) == 649


def test_the_table_maps_letters_and_sequences_in_nfc_to_basic_letters_only() -> None:
    for key, letters in TABELLE_9.items():
        assert normalize("NFC", key) == key
        assert re.fullmatch("[A-Z]{1,2}", letters)


@pytest.mark.parametrize("sequence", sorted(TABELLE_9))
def test_each_entry_of_the_table_is_mapped_in_nfc_and_in_nfd(sequence: str) -> None:
    assert normalform(sequence) == TABELLE_9[sequence]
    assert normalform(normalize("NFD", sequence)) == TABELLE_9[sequence]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Sœrensen", "SOERENSEN"),
        ("Sörensen", "SOERENSEN"),
        ("Sorensen", "SORENSEN"),
        ("Großmann", "GROSSMANN"),
        ("GROẞMANN", "GROSSMANN"),
        ("Þórður", "THORDUR"),
        ("Løkke Ångström", "LOEKKEAANGSTROEM"),
        ("Ķe", "KE"),
    ],
)
def test_names_have_the_form_of_the_table(text: str, form: str) -> None:
    assert normalform(text) == form


@pytest.mark.parametrize(
    ("sequence", "form"),
    [("\u1ea0\u0308", "AE"), ("A\u0323\u0308", "AE"), ("\u00c4\u0323", "AE"), ("\u1ea0", "A"), ("K\u035fh", "KH")],
)
def test_the_longest_sequence_is_mapped_first(sequence: str, form: str) -> None:
    assert normalform(f"x{sequence}x") == f"X{form}X"


@pytest.mark.parametrize("text", ["", "123", " ", "-.,'’`´", "ʿʾʹˈ", "+", "Иван", "Ω", "陳", "\u0308", "?*", "½ª²"])
def test_what_the_table_does_not_map_is_removed(text: str) -> None:
    assert normalform(text) == ""
    assert normalform(f"q{text} b") == "QB"


def test_a_combining_mark_that_is_in_no_sequence_is_removed_and_its_letter_stays() -> None:
    assert "q\u0308" not in TABELLE_9
    assert normalform("q\u0308") == "Q"


@given(texts)
def test_a_form_has_only_basic_letters_and_is_its_own_form(text: str) -> None:
    form = normalform(text)
    assert re.fullmatch("[A-Z]*", form)
    assert normalform(form) == form


@given(texts)
def test_the_form_does_not_depend_on_the_unicode_normal_form_of_the_input(text: str) -> None:
    assert normalform(normalize("NFD", text)) == normalform(normalize("NFC", text)) == normalform(text)


@given(texts)
def test_the_form_is_what_mapping_piece_by_piece_with_the_longest_first_gives(text: str) -> None:
    rest, expected = normalize("NFC", text), ""
    while rest:
        length = next((size for size in (3, 2, 1) if rest[:size] in TABELLE_9), 0)
        expected += TABELLE_9.get(rest[:length], "")
        rest = rest[length or 1 :]
    assert normalform(text) == expected


def test_the_sequences_are_those_of_the_table() -> None:
    assert all(SEQUENCES.fullmatch(key) for key in TABELLE_9 if len(key) > 1)
    assert not any(SEQUENCES.search(key) for key in TABELLE_9 if len(key) == 1)


@pytest.mark.parametrize(
    ("street", "form"),
    [
        ("Lange Straße", "LANGESTRASSE"),
        ("Lange Str.", "LANGESTRASSE"),
        ("Lange-Strasse", "LANGESTRASSE"),
        ("Str.", "STRASSE"),
        ("Langer Wegle", "LANGERWEG"),
        ("Langer Weg", "LANGERWEG"),
        ("Lange Gässle", "LANGEGASSE"),
        ("Lange Gassle", "LANGEGASSLE"),
        ("Kleiner Pl.", "KLEINERPLATZ"),
        ("Pl. d. Republik", "PLDREPUBLIK"),
        ("Str. 17", "STRASSE"),
        ("Straße des 17. Juni", "STRASSEDESJUNI"),
        ("17", ""),
    ],
)
def test_a_streets_ending_is_brought_to_one_form(street: str, form: str) -> None:
    assert strassenform(street) == form


@given(texts, st.sampled_from(["str", "Pl.", "Wegle", "gässle", "straße", "Platz", "weg", ""]))
def test_a_streets_form_is_its_own_form(text: str, ending: str) -> None:
    assert strassenform(strassenform(text + ending)) == strassenform(text + ending)
