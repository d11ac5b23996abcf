"""What an Ergebnisliste tells of a person: § 8 BMeldDAV."""

import copy
from typing import Any

import pytest

from gateway.meldewesen.auskunft import Wunsch, auskunft_ergebnis, auswahl
from gateway.meldewesen.pfade import names
from tests.meldewesen.personen import INLAND, dwelling, person

UNKNOWN_HINT = {"aktuell": True, "anschrift": {"unbekannt": {}}}
ABROAD_HINT = {"aktuell": True, "anschrift": {"ausland": True}}

ADDRESS = tuple(f"wohnungen[0].anschrift.inland.{name}" for name in ("ags", "plz", "wohnort", "strasse", "hausnummer"))


def told(record: dict[str, Any], *pfade: str) -> dict[str, Any]:
    """What is told of `record` where `pfade` were asked for; the hints' places come along, as in the mapping."""
    along = [("wohnungen", "anschrift", name) for name in ("unbekannt", "ausland")]
    asked = auswahl([*(Wunsch(names(pfad)) for pfad in pfade), *(Wunsch(pfad, begleitend=True) for pfad in along)])
    before = copy.deepcopy(record)
    daten = auskunft_ergebnis(record, asked)
    assert record == before
    return daten


def test_only_what_was_asked_is_told() -> None:
    record = person(doktorgrad="Dr.", geburtsname="Probe", kinder=[{"vornamen": "Ina"}])
    assert told(record, "familienname", "ehename") == {"familienname": "Muster"}


def test_the_present_main_dwelling_is_told_alone() -> None:
    former = dwelling(aktuell=False, anschrift={"inland": {**INLAND, "strasse": "Gasse"}})
    second = dwelling(status="2", anschrift={"inland": {**INLAND, "strasse": "Ufer"}})
    main = dwelling(status="1")
    assert told(person(wohnungen=[former, second, main]), *ADDRESS) == {
        "wohnungen": [{"anschrift": {"inland": INLAND}}]
    }


@pytest.mark.parametrize(("status", "known"), [("0", True), ("1", True), ("2", False), (None, False)])
@pytest.mark.parametrize("aktuell", [True, False])
def test_no_other_dwelling_is_told(status: str | None, known: bool, aktuell: bool) -> None:
    wohnung = {"aktuell": aktuell, "anschrift": {"inland": INLAND}, **({"status": status} if status else {})}
    assert ("wohnungen" in told(person(wohnungen=[wohnung]), *ADDRESS)) is (known and aktuell)


def test_moving_in_and_landlord_are_those_of_the_dwelling_that_is_told() -> None:
    former = dwelling(aktuell=False, einzug="2000-01-01", wohnungsgeber={"eigentuemer": ["Alt"]})
    main = dwelling(einzug="2020-01-01", wohnungsgeber={"eigentuemer": ["Neu"]})
    daten = told(person(wohnungen=[former, main]), "wohnungen[0].einzug", "wohnungen[0].wohnungsgeber.eigentuemer[]")
    assert daten == {"wohnungen": [{"einzug": "2020-01-01", "wohnungsgeber": {"eigentuemer": ["Neu"]}}]}


def test_a_mark_of_section_52_is_not_told() -> None:
    """§ 8 BMeldDAV does not name it, and a 1333 has no place for it."""
    marked = dwelling(anschrift={"inland": {**INLAND, "bedingter_sperrvermerk": True}})
    assert "bedingter_sperrvermerk" not in str(told(person(wohnungen=[marked]), *ADDRESS))


def test_a_main_dwelling_whose_address_is_unknown_has_nothing_to_tell() -> None:
    assert told(person(wohnungen=[dwelling(anschrift={"unbekannt": {"sachverhalt": "0"}})]), *ADDRESS) == {}


@pytest.mark.parametrize("asked", [(), ("familienname",), ADDRESS, ("sterbedatum", "sterbeort")])
@pytest.mark.parametrize(
    ("felder", "hint"),
    [
        ({"verzogen": "inland"}, {"im_inland_verzogen": True}),
        ({"verzogen": "inland_unbekannt"}, {"wohnungen": [UNKNOWN_HINT]}),
        ({"verzogen": "ausland"}, {"wohnungen": [ABROAD_HINT]}),
        ({"sterbedatum": "2024-02-29"}, {"verstorben": True}),
        ({"sterbeort": "Celle"}, {"verstorben": True}),
        ({"verringerter_datenumfang": True}, {"verringerter_datenumfang": True}),
        ({"verzogen": "ausland", "sterbedatum": "2024-02-29"}, {"wohnungen": [ABROAD_HINT], "verstorben": True}),
        ({}, {}),
    ],
)
def test_each_hint_is_told_whatever_was_asked(
    asked: tuple[str, ...], felder: dict[str, Any], hint: dict[str, Any]
) -> None:
    daten = told(person(wohnungen=[dwelling(aktuell=False)], **felder), *asked)
    assert {name: value for name, value in daten.items() if name not in asked} == hint


def test_a_new_address_is_told_beside_the_hint_that_the_person_moved() -> None:
    neu = dwelling(anschrift={"inland": {**INLAND, "ags": "03241005"}})
    daten = told(person(wohnungen=[neu], verzogen="inland"), ADDRESS[0])
    assert daten == {"wohnungen": [{"anschrift": {"inland": {"ags": "03241005"}}}], "im_inland_verzogen": True}


@pytest.mark.parametrize(("verzogen", "hint"), [("inland_unbekannt", UNKNOWN_HINT), ("ausland", ABROAD_HINT)])
def test_the_hint_on_a_move_stands_in_the_one_place_that_there_is(verzogen: str, hint: dict[str, Any]) -> None:
    """Also where the record still holds a present dwelling, which contradicts it."""
    assert told(person(verzogen=verzogen), *ADDRESS, "wohnungen[0].einzug")["wohnungen"] == [hint]
