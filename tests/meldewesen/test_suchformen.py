"""What a query and a record are compared by: Anlage Nr. 4 BMeldDAV, § 38 (1) BMG, § 4 (7) BMeldDAV, § 51 BMG."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.meldewesen.anfrage import Auswahldaten, Ort
from gateway.meldewesen.formen import STUMM
from gateway.meldewesen.normalform import normalform
from gateway.meldewesen.phonetik import phonetik
from gateway.meldewesen.sperren import UNBEFRISTET, UNGESPERRT, sperre_bis
from gateway.meldewesen.suchdaten import KUENSTLERNAME_GANZ, PAAR_GANZ, Art, formen_des_datensatzes
from gateway.meldewesen.suchformen import Suchformen, formen_der_anfrage, mindestangaben_erfuellt, platzhalter
from gateway.meldewesen.werte import NICHT_VORHANDEN, UNBEKANNT, Gemeindeschluessel, Teildatum
from tests.spiegel.personen import datensatz

AGS = Gemeindeschluessel("03241001")
NAME = {"familienname": "Müller", "vornamen": "Hans"}


def anfrage(**felder: Any) -> Suchformen:
    return formen_der_anfrage(Auswahldaten(AGS, **felder))


def werte(record: dict[str, Any], *arten: Art) -> set[str]:
    return {wert for art, wert in formen_des_datensatzes(record).daten if art in arten}


def paare(record: dict[str, Any]) -> set[tuple[str, str]]:
    """Whole family names with first names, as a Personensuche finds them."""
    return {(familie, vorname) for familie, vorname in (wert.split(" ") for wert in werte(record, *PAAR_GANZ))}


def familiennamen(**felder: Any) -> set[str]:
    return {familie for familie, _ in paare(datensatz(**felder)) if not familie[0].isdigit()}


def vornamen(**felder: Any) -> set[str]:
    return {vorname for _, vorname in paare(datensatz(**felder)) if not vorname[0].isdigit()}


def test_a_family_name_is_compared_undivided() -> None:
    assert anfrage(familienname="Graf von Neuenwalde").familienname == "GRAFVONNEUENWALDE"
    assert familiennamen(familienname="Graf von Neuenwalde") == {"GRAFVONNEUENWALDE"}


def test_first_names_are_split_at_spaces_but_not_at_hyphens() -> None:
    assert anfrage(vornamen="Hans-Georg  Arthur").vornamen == ("HANSGEORG", "ARTHUR")
    assert vornamen(vornamen="Hans-Georg Arthur") == {"HANSGEORG", "ARTHUR"}


def test_a_first_name_given_twice_counts_once() -> None:
    assert anfrage(vornamen="Hans Georg HANS").vornamen == ("HANS", "GEORG")
    assert anfrage(vornamen="Meier Mayr", phonetik=True).vornamen == ("67",)


def test_family_names_come_from_0101a_in_both_periods_0201a_0203a_0501_and_0502() -> None:
    assert familiennamen(
        familienname="Eins",
        familienname_pass="Zwei",
        geburtsname="Drei",
        familiennamen_vor_aenderung=[{"name": "Vier"}, {"name": "Fünf"}, {"nachweis": {"datum": "2020-01-01"}}],
        ordensname="Schwester Sechs",
        kuenstlername="Sieben Acht",
    ) == {"EINS", "ZWEI", "DREI", "VIER", "FUENF", "SCHWESTERSECHS", "SIEBENACHT"}


def test_other_names_of_the_record_are_no_family_names() -> None:
    partner = {"typ": "EG", "familienname": "Fremd", "vornamen": "Fremd"}
    assert familiennamen(ehename="Fremd", lebenspartnerschaftsname="Fremd", partner=partner) == {"MUSTERFRAU"}


def test_first_names_come_from_0301_in_both_periods_0302_0303_and_the_parts_of_0501_and_0502() -> None:
    assert vornamen(
        vornamen="Eins Zwei",
        vornamen_pass="Drei",
        gebraeuchlicher_vorname="Vier-Fünf",
        vornamen_vor_aenderung=[{"vornamen": "Sechs Sieben"}],
        ordensname="Schwester Acht",
        kuenstlername="Neun",
    ) == {"EINS", "ZWEI", "DREI", "VIERFUENF", "SECHS", "SIEBEN", "SCHWESTER", "ACHT", "NEUN"}


def test_each_family_name_stands_with_each_first_name_as_form_and_as_code() -> None:
    assert paare(datensatz(familienname="Meier", geburtsname="Bach", vornamen="Anna Eva")) == {
        (f, v) for f in ("MEIER", "BACH") for v in ("ANNA", "EVA")
    } | {(f, v) for f in ("67", "14") for v in ("06", "03")}


def test_a_name_that_legally_does_not_exist_is_a_form_of_its_own() -> None:
    assert anfrage(familienname="+", vornamen="+").familienname == NICHT_VORHANDEN
    assert anfrage(familienname="+", vornamen="+", phonetik=True).vornamen == (NICHT_VORHANDEN,)
    assert paare(datensatz(familienname="Meier", vornamen="+")) == {("MEIER", "+"), ("67", "+")}


@pytest.mark.parametrize("name", ["", " ", "123", "-", "+ +", "?", "Иван", "’ ’"])
def test_a_name_without_letters_is_absent_in_the_query_and_in_the_register(name: str) -> None:
    formen = anfrage(familienname=name, vornamen=name, ordens_oder_kuenstlername=name, strasse=name)
    assert (formen.familienname, formen.vornamen, formen.ordens_oder_kuenstlername, formen.strasse) == (
        None,
        (),
        None,
        None,
    )
    assert not paare(datensatz(familienname=name))
    assert not paare(datensatz(vornamen=name))
    assert not werte(datensatz(ordensname=name, kuenstlername=name), *KUENSTLERNAME_GANZ)


def test_with_phonetics_names_are_codes_and_nothing_but_codes() -> None:
    formen = anfrage(familienname="Meier-Bach", vornamen="Anna", phonetik=True, ordens_oder_kuenstlername="DJ Ötzi")
    assert (formen.familienname, formen.vornamen) == ("6714", ("06",))
    assert formen.ordens_oder_kuenstlername == phonetik(normalform("DJ Ötzi"))


def test_a_name_that_has_letters_but_no_sound_is_not_absent() -> None:
    formen = anfrage(familienname="H", vornamen="Hans", geburtsdatum=Teildatum("1964-08-12"), phonetik=True)
    assert formen.familienname == STUMM
    assert mindestangaben_erfuellt(formen)
    assert (STUMM, "068") in paare(datensatz(familienname="Hh", vornamen="Hans"))


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_code_is_never_a_form(one: str, other: str) -> None:
    codes = {anfrage(familienname=one, phonetik=True).familienname} - {NICHT_VORHANDEN, None}
    forms = {anfrage(familienname=other).familienname} - {NICHT_VORHANDEN, None}
    assert not codes & forms


@given(st.text(), st.text(), st.text(), st.booleans())
def test_a_query_never_has_an_empty_form(name: str, vorname: str, strasse: str, phonetisch: bool) -> None:
    formen = anfrage(
        familienname=name,
        vornamen=vorname,
        ordens_oder_kuenstlername=name,
        strasse=strasse,
        hausnummer=strasse,
        geburtsort=Ort(vorname),
        sterbeort=Ort(strasse),
        phonetik=phonetisch,
    )
    assert "" not in (formen.familienname, *formen.vornamen, formen.ordens_oder_kuenstlername, formen.strasse)
    assert "" not in (formen.hausnummer, formen.geburtsort, formen.sterbeort)


@given(st.text(min_size=1), st.text(min_size=1), st.booleans())
def test_a_record_is_found_by_its_own_names_if_they_have_letters(name: str, vorname: str, phonetisch: bool) -> None:
    formen = anfrage(familienname=name, vornamen=vorname, phonetik=phonetisch)
    vorhanden = paare(datensatz(familienname=name, vornamen=vorname))
    assert bool(vorhanden) == bool(formen.familienname and formen.vornamen)
    assert all((formen.familienname, vorname) in vorhanden for vorname in formen.vornamen) or not formen.familienname


def test_house_numbers_are_compared_trimmed_and_without_regard_to_case() -> None:
    formen = anfrage(hausnummer=" 17", hausnummer_zusatz="A ", hausnummer_teil=" 1/3 ")
    assert (formen.hausnummer, formen.hausnummer_zusatz, formen.hausnummer_teil) == ("0017", "a", "1/3")


@pytest.mark.parametrize(
    ("ort", "forms"),
    [
        (None, (None, None)),
        (Ort("Köln"), ("KOELN", "")),
        (Ort("Köln", "000"), ("KOELN", "")),
        (Ort("Paris", "129"), ("PARIS", "129")),
        (Ort("123", "129"), (None, "129")),
        (Ort("123"), (None, None)),
    ],
)
def test_a_place_is_in_germany_or_in_the_state_given(ort: Ort | None, forms: tuple[str | None, str | None]) -> None:
    formen = anfrage(geburtsort=ort, sterbeort=ort)
    assert (formen.geburtsort, formen.geburtsstaat) == forms
    assert (formen.sterbeort, formen.sterbestaat) == forms


def test_a_record_has_all_periods_of_its_birth_date() -> None:
    record = datensatz(geburtsdatum="1964-08-12", fruehere_geburtsdaten=["1964-08-00", "0000-00-00"])
    daten = werte(record, Art.GEBURTSDATUM)
    assert daten == {
        anfrage(geburtsdatum=Teildatum(tag)).geburtsdatum for tag in ("1964-08-12", "1964-08-00", UNBEKANNT)
    }
    assert len(daten) == 3


WEITERE = [
    {"strasse": "Weg"},
    {"geburtsdatum": Teildatum("1998-00-00")},
    {"geburtsdatum": Teildatum("0000-00-00")},
    {"geburtsort": Ort("Köln")},
    {"geburtsort": Ort("Paris", "129")},
    {"geschlecht": "x"},
    {"sterbedatum": Teildatum("2020-01-01")},
    {"sterbeort": Ort("Köln")},
]


@pytest.mark.parametrize("weiteres", WEITERE)
@pytest.mark.parametrize("name", [NAME, {"ordens_oder_kuenstlername": "Graf Zahl"}, NAME | {"vornamen": "+"}])
def test_a_name_and_one_more_datum_fulfil_the_minimum(name: dict[str, Any], weiteres: dict[str, Any]) -> None:
    assert mindestangaben_erfuellt(anfrage(**name, **weiteres))
    assert mindestangaben_erfuellt(anfrage(**name, **weiteres, phonetik=True))


@pytest.mark.parametrize(
    "felder",
    [
        NAME,
        NAME | {"azr_nummer": "123456789012"},
        NAME | {"postleitzahl": "30159", "hausnummer": "1"},
        NAME | {"strasse": "17"},
        NAME | {"geburtsort": Ort("?")},
        NAME | {"geburtsort": Ort("12", "129")},
        {"geschlecht": "w"},
        {"familienname": "Müller", "geschlecht": "w"},
        {"vornamen": "Hans", "geschlecht": "w"},
        {"familienname": "Müller", "vornamen": "1 2", "geschlecht": "w"},
        {"familienname": "Иванов", "vornamen": "Hans", "geschlecht": "w"},
        {"ordens_oder_kuenstlername": "+", "geschlecht": "w"},
        {"azr_nummer": "123456789012", "geburtsdatum": Teildatum("1998-03-17")},
    ],
)
def test_less_than_the_minimum_is_told(felder: dict[str, Any]) -> None:
    assert not mindestangaben_erfuellt(anfrage(**felder))


@pytest.mark.parametrize("zeichen", ["?", "*"])
@pytest.mark.parametrize(
    "feld",
    [
        "familienname",
        "vornamen",
        "ordens_oder_kuenstlername",
        "strasse",
        "hausnummer",
        "hausnummer_zusatz",
        "hausnummer_teil",
        "geburtsort",
        "sterbeort",
    ],
)
def test_a_wildcard_is_seen_in_every_text(feld: str, zeichen: str) -> None:
    for text, erwartet in ((f"Me{zeichen}er", True), ("Meer", False)):
        felder: dict[str, Any] = {feld: Ort(text) if feld.endswith("ort") else text}
        assert platzhalter(Auswahldaten(AGS, **felder)) is erwartet


@pytest.mark.parametrize("grund", ["1", "3", "6", "11", "12"])
def test_the_blocks_of_section_51_block_until_their_term_or_for_ever(grund: str) -> None:
    assert sperre_bis([{"grund": grund, "frist": "2026-01-31"}]) == "2026-01-31"
    assert sperre_bis([{"grund": grund}]) == UNBEFRISTET
    assert formen_des_datensatzes(datensatz(auskunftssperren=[{"grund": grund}])).sperre_bis == UNBEFRISTET


@pytest.mark.parametrize("grund", ["2", "5", "7", "10", "13"])
def test_the_other_codes_do_not_block(grund: str) -> None:
    assert sperre_bis([{"grund": grund}]) == UNGESPERRT


def test_of_several_blocks_the_longest_counts() -> None:
    sperren = [{"grund": "3", "frist": "2026-01-31"}, {"grund": "11", "frist": "2027-01-31"}, {"grund": "2"}]
    assert sperre_bis(sperren) == "2027-01-31"
    assert sperre_bis([*sperren, {"grund": "1"}]) == UNBEFRISTET
    assert sperre_bis([]) == UNGESPERRT
