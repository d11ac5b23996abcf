"""What the law has told or kept back whatever was asked, through the whole exchange: §§ 5, 6, 8 BMeldDAV, § 52 BMG,
§ 34a (5) S. 3 BMG.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.betrieb import AMT, GEMEINDE, POLIZEI, XML, Betrieb, betrieb
from tests.spiegel.personen import datensatz, sperre, wohnung

#: Anforderungselemente of a 1330.
NAME, STRASSE_JETZT, STRASSE_FRUEHER, WEGZUGSSTAAT, AUSLAND, STERBEDATUM = "1", "48", "61", "72", "73", "172"
STRASSEN = {"own": STRASSE_JETZT, "representative": "30", "spouse": "113", "child": "154"}
NAMEN = {"representative": "21", "spouse": "102", "child": "146"}
#: … and of a 1332.
FREI_NAME, FREI_STRASSE, FREI_STERBEDATUM = "1", "21", "38"

VERMERKT = {"bedingter_sperrvermerk": True}


def anschrift(strasse: str, **felder: Any) -> dict[str, Any]:
    return {"inland": {"ags": GEMEINDE, "plz": "30159", "wohnort": "Hannover", "strasse": strasse, **felder}}


def familie(**jeder: Any) -> dict[str, Any]:
    """A representative, a spouse and a child, each at an address of their own, each with the same fields."""
    return {
        "gesetzliche_vertreter": [{"familienname": "Vogt", "anschrift": anschrift("Vogtweg", **VERMERKT), **jeder}],
        "partner": {
            "typ": "EG",
            "familienname": "Gatte",
            "wohnungen": [{"anschrift": anschrift("Gattenweg", **VERMERKT)}],
            **jeder,
        },
        "kinder": [
            {
                "familienname": "Kind",
                "geburtsdatum": "2025-01-02",
                "anschrift": anschrift("Kindweg", **VERMERKT),
                **jeder,
            }
        ],
    }


FRUEHER = [wohnung(GEMEINDE, strasse="Altweg", aktuell=False)]
VERZOGEN = {
    "inland": ("Inland", {"verzogen": "inland", "wohnungen": FRUEHER}),
    "unbekannt": ("Irgendwo", {"verzogen": "inland_unbekannt", "wohnungen": FRUEHER}),
    "ausland": ("Ausland", {"verzogen": "ausland", "wohnungen": FRUEHER, "wegzug_ausland": {"staat": "129"}}),
    "tot": ("Tot", {"sterbedatum": "2026-01-02"}),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Betrieb]:
    one = betrieb(tmp_path_factory.mktemp("hinweise") / "instance")
    im_heim = {"wohnungen": [{**wohnung(GEMEINDE), "anschrift": anschrift("Heimweg", **VERMERKT)}]}
    one.lade(
        [
            datensatz("H1", GEMEINDE, familienname="Heim", **im_heim, **familie()),
            datensatz("H2", GEMEINDE, familienname="Doppelheim", **im_heim),
            datensatz("H3", GEMEINDE, familienname="Doppelheim", **im_heim),
            datensatz("F1", GEMEINDE, familienname="Familie", **familie(**sperre("3"))),
            *(datensatz(f"1{name}", GEMEINDE, familienname=name, **felder) for name, felder in VERZOGEN.values()),
            *(
                datensatz(f"{number}{name}", GEMEINDE, familienname=f"Zwei-{name}", **felder)
                for name, felder in VERZOGEN.values()
                for number in "23"
            ),
        ]
    )
    yield one
    one.close()


def told(house: Betrieb, familienname: str, *elemente: str, wer: str = AMT) -> XML:
    """The answer to a Personensuche; by a security body in that role."""
    felder = {"familienname": familienname, "geschlecht": "w", "anforderungselemente": elemente}
    return _of(house.send(house.frage(wer, sicherheit=wer == POLIZEI, **felder), wer))


def listed(house: Betrieb, familienname: str, *elemente: str) -> XML:
    """The answer to a freie Suche."""
    return _of(house.send(house.freie_frage(familienname=familienname, anforderungselemente=elemente)))


def _of(answer: Any) -> XML:
    assert answer.findtext(".//{*}ergebnisstatus/code") in ("01", "02", "04")
    antwort = answer.find(".//{*}antwortSuchanfrage")
    assert antwort is not None
    return antwort  # type: ignore[no-any-return]


def hinweise(antwort: XML) -> list[str]:
    """The facts that an answer states, of all its persons."""
    found = {
        "inland": antwort.iterfind(".//{*}verzogen"),
        "unbekannt": antwort.iterfind(".//{*}anschriftUnbekannt"),
        "ausland": antwort.iterfind(".//{*}zurechtnichtuebermittelt"),
        "tot": antwort.iterfind(".//{*}verstorben"),
    }
    return [name for name, elements in found.items() for element in elements if element.text == "true"]


def vermerke(antwort: XML) -> int:
    return len(antwort.findall(".//{*}bedingterSperrvermerk"))


def strassen(antwort: XML) -> set[str | None]:
    return {one.text for one in antwort.iterfind(".//{*}strasse")}


# -- § 52 BMG, § 5 (1) S. 3 no. 1 BMeldDAV, § 21 (3) NMeldVO -----------------------------------------------------------


@pytest.mark.parametrize("wer", [AMT, POLIZEI])
@pytest.mark.parametrize("wessen", STRASSEN)
def test_a_mark_of_section_52_is_told_with_each_address_unasked(house: Betrieb, wessen: str, wer: str) -> None:
    antwort = told(house, "Heim", STRASSEN[wessen], wer=wer)
    assert len(strassen(antwort)) == 1
    assert vermerke(antwort) == 1


@pytest.mark.parametrize("wessen", NAMEN)
def test_a_mark_of_section_52_is_not_told_without_its_address(house: Betrieb, wessen: str) -> None:
    assert vermerke(told(house, "Heim", NAME, NAMEN[wessen])) == 0


def test_no_list_tells_a_mark_of_section_52(house: Betrieb) -> None:
    """§ 6 (1) and § 8 (1) BMeldDAV name none, and a 1333 has no place for it."""
    assert vermerke(told(house, "Doppelheim", STRASSE_JETZT)) == 0
    antwort = listed(house, "Doppelheim", FREI_STRASSE)
    assert strassen(antwort) == {"Heimweg"}
    assert vermerke(antwort) == 0


# -- § 34a (5) S. 3 BMG ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wer", [AMT, POLIZEI])
def test_nothing_is_told_of_a_blocked_representative_spouse_or_child(house: Betrieb, wer: str) -> None:
    alles = (NAME, *NAMEN.values(), *STRASSEN.values())
    for familienname, there in (("Heim", True), ("Familie", False)):
        antwort = told(house, familienname, *alles, wer=wer)
        for name in ("gesetzlicherVertreter", "partner", "kind"):
            assert (antwort.find(f".//{{*}}{name}") is not None) is there, name


# -- § 5 (1) S. 3 no. 2 to 5, § 6 (1) S. 3, § 8 (1) S. 3 BMeldDAV ------------------------------------------------------

#: Which data of the Personensuche are those of the fact: asked for them, it is not told beside.
EIGENE = {
    "inland": (STRASSE_JETZT,),
    "unbekannt": (STRASSE_JETZT,),
    "ausland": (WEGZUGSSTAAT, AUSLAND),
    "tot": (STERBEDATUM,),
}


@pytest.mark.parametrize("tatsache", VERZOGEN)
def test_a_personensuche_tells_of_a_move_or_a_death_unless_its_data_were_asked_for(
    house: Betrieb, tatsache: str
) -> None:
    familienname, _ = VERZOGEN[tatsache]
    assert hinweise(told(house, familienname, NAME)) == [tatsache]
    assert hinweise(told(house, familienname, NAME, STRASSE_FRUEHER)) == [tatsache]
    for element in EIGENE[tatsache]:
        assert hinweise(told(house, familienname, NAME, element)) == []


@pytest.mark.parametrize("tatsache", VERZOGEN)
def test_lists_tell_of_a_move_or_a_death_whatever_was_asked_for(house: Betrieb, tatsache: str) -> None:
    familienname, _ = VERZOGEN[tatsache]
    for element in (NAME, *EIGENE[tatsache]):
        assert hinweise(told(house, f"Zwei-{familienname}", element)) == [tatsache] * 2
    for element in (FREI_NAME, FREI_STRASSE, FREI_STERBEDATUM):
        assert hinweise(listed(house, familienname, element)) == [tatsache]
        assert hinweise(listed(house, f"Zwei-{familienname}", element)) == [tatsache] * 2
