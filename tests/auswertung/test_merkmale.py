"""What a text tells."""

import pytest

from gateway.auswertung.merkmale import eigener_name, grenznah, namensteile, passt_auf_alles, sinnlos


@pytest.mark.parametrize(
    "anlass",
    [
        "",
        " ",
        "-",
        "...",
        "x",
        "xx",
        "xxxx",
        "aaaaaaaa",
        "ababab",
        "test",
        "Test 123",
        "asdf",
        "qwertz",
        "4711",
        "kein",
    ],
)
def test_an_anlass_that_says_nothing_is_known(anlass: str) -> None:
    assert sinnlos(anlass)


@pytest.mark.parametrize(
    "anlass",
    ["Ordnungswidrigkeit", "§ 34 BMG", "OWi 12/26", "Erbe", "Testamentseröffnung", "Anna A.", "Bußgeld", "Vollstr."],
)
def test_an_anlass_that_says_something_is_left_alone(anlass: str) -> None:
    assert not sinnlos(anlass)


def test_an_anlass_that_fits_everything_is_known() -> None:
    assert passt_auf_alles("dienstliche Anfrage") is False
    assert passt_auf_alles("Dienstlich erforderlich")
    assert not passt_auf_alles("Ordnungswidrigkeit")


def test_a_wildcard_with_hardly_any_letter_is_near_the_limit() -> None:
    assert grenznah({"familienname": "M*"})
    assert grenznah({"familienname": "Meyer", "vornamen": "A?*"})
    assert grenznah({"wohnung": {"strasse": "H*"}})
    assert not grenznah({"familienname": "Mey*"})
    assert not grenznah({"familienname": "Ö"})
    assert not grenznah({"suchbereich": {"land": "03"}})


@pytest.mark.parametrize(
    "kennung", ["erika.musterfrau", "Musterfrau_Erika", "e.musterfrau", "musterfraue", "erika.musterfrau2@amt.example"]
)
def test_a_kennung_made_of_the_name_is_the_persons_own(kennung: str) -> None:
    assert eigener_name(namensteile(kennung), "Musterfrau", "Erika Anna")


@pytest.mark.parametrize("kennung", ["u4711", "verfahren-7", "otto.musterfrau", "musterfrau", "erika.muster", "", "."])
def test_another_kennung_is_not(kennung: str) -> None:
    assert not eigener_name(namensteile(kennung), "Musterfrau", "Erika")
