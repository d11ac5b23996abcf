"""Which texts may stand in a message: NFC and datatypeC of DIN 91379:2022-08."""

import re
from unicodedata import is_normalized

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.meldewesen.normalform import TABELLE_9
from gateway.meldewesen.zeichen import zulaessig
from tests.shared import SHARED, needs_shared


@pytest.fixture(scope="module")
def datatype_c() -> etree.XMLSchema:
    folder = SHARED / "xmeld" / "xsd-25.11a" / "xoev" / "din-norm-91379-datatypes.xsd"
    namespace = "urn:xoev-de:kosit:xoev:datentyp:din-91379_2022-08"
    wrapper = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:d="{namespace}">
        <xs:import namespace="{namespace}" schemaLocation="{folder.as_uri()}"/>
        <xs:element name="t" type="d:datatypeC"/></xs:schema>"""
    return etree.XMLSchema(etree.fromstring(wrapper))


def _valid(schema: etree.XMLSchema, text: str) -> bool:
    element = etree.Element("t")
    element.text = text
    return bool(schema.validate(element))


@needs_shared
def test_each_character_of_the_basic_plane_has_the_schemas_verdict(datatype_c: etree.XMLSchema) -> None:
    for code in [*range(0x20, 0xD800), *range(0xE000, 0xFFFE)]:
        text = chr(code)
        if is_normalized("NFC", text):
            assert zulaessig(text) == _valid(datatype_c, text), hex(code)


@needs_shared
@given(st.lists(st.sampled_from([*sorted(TABELLE_9), "\u0308", "\u0323", "\u0304", "\u035f", "h", "1", " "])))
def test_sequences_of_letters_and_marks_have_the_schemas_verdict(
    datatype_c: etree.XMLSchema, pieces: list[str]
) -> None:
    text = "".join(pieces)
    if is_normalized("NFC", text):
        assert zulaessig(text) == _valid(datatype_c, text)


@pytest.mark.parametrize("text", ["Müller", "", "Ķe ’n", "A\u030b", "17 ½ a", "K\u035fh", "Straße 1/3 – "[:-2]])
def test_normative_characters_are_admitted(text: str) -> None:
    assert zulaessig(text)


@pytest.mark.parametrize(
    "text",
    ["Mu\u0308ller", "Иван", "Ω", "陳", "😀", "\u0308", "Q\u0308", "a\x00", "a\x1b", "\x7f", "–", "\ud800", "\u00ad"],
)
def test_other_characters_and_texts_that_are_not_nfc_are_refused(text: str) -> None:
    assert not zulaessig(text)


def test_every_letter_of_the_table_is_admitted() -> None:
    assert all(zulaessig(letter) for letter in TABELLE_9)
    assert not re.search(r"[^ -~]", "".join(TABELLE_9.values()))
