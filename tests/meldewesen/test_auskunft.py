"""What is told of a person: only what was asked, and what the law adds (§§ 5, 6 BMeldDAV, § 34a (5) S. 3 BMG)."""

import copy
from typing import Any

import pytest

from gateway.meldewesen.auskunft import ANTWORT, Auswahl, Wunsch, auskunft_person, auskunft_treffer, auswahl
from gateway.meldewesen.datensatz import DATENSATZ
from gateway.meldewesen.pfade import names, resolve, tokens
from tests.meldewesen.personen import HEUTE, INLAND, dwelling, person


def asking(*pfade: str, aktuell: bool | None = None) -> Auswahl:
    """What asks for `pfade`; with `aktuell`, of current or of former dwellings only. 1801a comes along, as it must."""
    wenn = None if aktuell is None else ("aktuell", frozenset({aktuell}))
    mark = ("anschrift", "inland", "bedingter_sperrvermerk")
    along = [("wohnungen", "aktuell"), ("wohnungen", *mark), ("gesetzliche_vertreter", *mark), ("kinder", *mark)]
    along += [("partner", "typ"), ("partner", "wohnungen", *mark)]
    return auswahl([*(Wunsch(names(p), wenn) for p in pfade), *(Wunsch(p, begleitend=True) for p in along)])


NAME = asking("familienname")
STREET = asking("wohnungen[].anschrift.inland.strasse", aktuell=True)
FORMER_STREET = asking("wohnungen[].anschrift.inland.strasse", aktuell=False)


def test_only_what_was_asked_is_told() -> None:
    assert auskunft_person(person(doktorgrad="Dr."), asking("familienname", "ehename"), HEUTE) == {
        "familienname": "Muster"
    }


def test_the_record_stays_as_it_is() -> None:
    record = person(zuzug_ausland={"staat": "129"}, letzter_wegzug_ausland="2010-00-00", verzogen="ausland")
    before = copy.deepcopy(record)
    for asked in (NAME, STREET, asking("wohnungen[].letzter_wegzug_ausland", "familienstand.nachweis.datum")):
        auskunft_person(record, asked, HEUTE)
    auskunft_treffer(record)
    assert record == before


def test_a_group_of_which_nothing_is_told_is_dropped() -> None:
    record = person(partner={"typ": "EG", "vornamen": "Max"}, familienstand={"stand": "VH"})
    assert auskunft_person(record, asking("partner.geburtsname", "familienstand.ort"), HEUTE) == {}


def test_current_and_former_dwellings_are_told_apart() -> None:
    former = dwelling(aktuell=False, anschrift={"inland": {**INLAND, "strasse": "Gasse"}})
    record = person(wohnungen=[dwelling(), former])
    assert auskunft_person(record, STREET, HEUTE)["wohnungen"] == [
        {"aktuell": True, "anschrift": {"inland": {"strasse": "Am Wall"}}}
    ]
    assert auskunft_person(record, FORMER_STREET, HEUTE)["wohnungen"] == [
        {"aktuell": False, "anschrift": {"inland": {"strasse": "Gasse"}}}
    ]


def test_an_unknown_address_is_told_even_when_no_circumstance_is_noted() -> None:
    record = person(wohnungen=[dwelling(anschrift={"unbekannt": {}}, status="0")])
    told = auskunft_person(record, asking("wohnungen[].anschrift.unbekannt", aktuell=True), HEUTE)
    assert told["wohnungen"] == [{"aktuell": True, "anschrift": {"unbekannt": {}}}]


# -- § 5 (1) S. 3 no. 1: the mark of § 52 BMG goes with every address that is told -----------------------------------

MARKED = {"inland": {**INLAND, "bedingter_sperrvermerk": True}}


def test_a_mark_on_an_address_is_told_with_any_part_of_it() -> None:
    told = auskunft_person(person(wohnungen=[dwelling(anschrift=MARKED)]), STREET, HEUTE)
    assert told["wohnungen"][0]["anschrift"]["inland"] == {"strasse": "Am Wall", "bedingter_sperrvermerk": True}


@pytest.mark.parametrize("asked", [NAME, FORMER_STREET, asking("wohnungen[].status", aktuell=True)])
def test_a_mark_is_not_told_without_its_address(asked: Auswahl) -> None:
    told = auskunft_person(person(wohnungen=[dwelling(anschrift=MARKED)]), asked, HEUTE)
    assert "bedingter_sperrvermerk" not in str(told)


@pytest.mark.parametrize(
    ("field", "value", "asked"),
    [
        ("partner", {"typ": "EG", "wohnungen": [{"anschrift": MARKED}]}, "partner.wohnungen[].anschrift.inland.plz"),
        ("kinder", [{"anschrift": MARKED}], "kinder[].anschrift.inland.plz"),
        ("gesetzliche_vertreter", [{"anschrift": MARKED}], "gesetzliche_vertreter[].anschrift.inland.plz"),
    ],
)
def test_a_mark_on_another_persons_address_is_told_too(field: str, value: object, asked: str) -> None:
    told = auskunft_person(person(**{field: value}), asking(asked), HEUTE)
    assert "'inland': {'plz': '30159', 'bedingter_sperrvermerk': True}" in str(told[field])


# -- § 5 (1) S. 3 no. 2 to 6: each fact exactly where its data were not asked for ------------------------------------

UNKNOWN_HINT = {"aktuell": True, "anschrift": {"unbekannt": {}}}
ABROAD_HINT = {"aktuell": True, "anschrift": {"ausland": True}}
STATE = asking("wohnungen[].anschrift.wegzugsstaat")
ADDRESS_ABROAD = asking("wegzug_ausland.staat", "wegzug_ausland.anschrift[]")


@pytest.mark.parametrize(
    ("verzogen", "asked", "hint"),
    [
        ("inland", NAME, {"im_inland_verzogen": True}),
        ("inland", FORMER_STREET, {"im_inland_verzogen": True}),
        ("inland", asking("wohnungen[].status", aktuell=True), {"im_inland_verzogen": True}),
        ("inland", STREET, {}),
        ("inland", asking("wohnungen[].anschrift.unbekannt", aktuell=True), {}),
        ("inland_unbekannt", NAME, {"wohnungen": [UNKNOWN_HINT]}),
        ("inland_unbekannt", STREET, {}),
        ("ausland", NAME, {"wohnungen": [ABROAD_HINT]}),
        ("ausland", STREET, {"wohnungen": [ABROAD_HINT]}),
        ("ausland", STATE, {}),
        ("ausland", ADDRESS_ABROAD, {}),
        (None, NAME, {}),
    ],
)
def test_a_move_is_hinted_at_unless_its_data_were_asked(verzogen: str, asked: Auswahl, hint: dict[str, Any]) -> None:
    moved = {"verzogen": verzogen} if verzogen else {}
    told = auskunft_person(
        person(wohnungen=[dwelling(aktuell=False, anschrift={"unbekannt": {}})], **moved), asked, HEUTE
    )
    assert {name: value for name, value in told.items() if name != "familienname"} == hint


@pytest.mark.parametrize("known", ["sterbedatum", "sterbeort"])
@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        (NAME, True),
        (asking("sterbedatum"), False),
        (asking("sterbestaat"), False),
        (asking("sterbe_nachweis.datum"), False),
    ],
)
def test_a_death_is_hinted_at_unless_its_data_were_asked(known: str, asked: Auswahl, hint: bool) -> None:
    dead = person(**{known: "2025-01-02" if known == "sterbedatum" else "Celle"})
    assert ("verstorben" in auskunft_person(dead, asked, HEUTE)) is hint
    assert "verstorben" not in auskunft_person(person(), asked, HEUTE)


def test_reduced_data_are_always_hinted_at() -> None:
    assert auskunft_person(person(verringerter_datenumfang=True), asking("ehename"), HEUTE) == {
        "verringerter_datenumfang": True
    }


# -- stays abroad ----------------------------------------------------------------------------------------------------


def test_the_state_of_arrival_is_told_as_a_former_dwelling() -> None:
    record = person(zuzug_ausland={"staat": "129"})
    assert auskunft_person(record, asking("wohnungen[].anschrift.zuzugsstaat"), HEUTE) == {
        "wohnungen": [{"aktuell": False, "anschrift": {"zuzugsstaat": "129"}}]
    }


@pytest.mark.parametrize(("verzogen", "aktuell"), [("ausland", True), ("inland", False)])
def test_the_state_of_departure_is_the_present_one_while_the_person_is_abroad(verzogen: str, aktuell: bool) -> None:
    record = person(wegzug_ausland={"staat": "152"}, verzogen=verzogen)
    told = auskunft_person(record, STATE, HEUTE)
    assert told["wohnungen"] == [{"aktuell": aktuell, "anschrift": {"wegzugsstaat": "152"}}]


def test_the_state_of_departure_goes_with_the_address_abroad_where_that_was_asked() -> None:
    abroad = {"staat": "152", "anschrift": ["12 Harbour Road", "London"]}
    record = person(wegzug_ausland=abroad, verzogen="ausland")
    asked = asking("wegzug_ausland.staat", "wegzug_ausland.anschrift[]", "wohnungen[].anschrift.wegzugsstaat")
    assert auskunft_person(record, asked, HEUTE) == {"wegzug_ausland": abroad}


def test_the_last_move_abroad_stands_with_the_last_dwelling_in_germany() -> None:
    last = dwelling(aktuell=False, art="2")
    record = person(wohnungen=[dwelling(aktuell=False), last, dwelling()], letzter_wegzug_ausland="2010-07-00")
    asked = asking("wohnungen[].letzter_wegzug_ausland", "wohnungen[].art")
    assert auskunft_person(record, asked, HEUTE)["wohnungen"] == [
        {"letzter_wegzug_ausland": "2010-07-00", "art": "2", "aktuell": False}
    ]


def test_the_last_move_abroad_stands_alone_where_the_register_has_no_such_dwelling() -> None:
    told = auskunft_person(
        person(letzter_wegzug_ausland="2010-07-00"), asking("wohnungen[].letzter_wegzug_ausland"), HEUTE
    )
    assert told == {"wohnungen": [{"letzter_wegzug_ausland": "2010-07-00", "aktuell": False}]}


def test_of_two_proofs_the_present_states_is_told() -> None:
    record = person(familienstand={"nachweis": {"datum": "2000-01-01"}, "beendigung_nachweis": {"datum": "2010-01-01"}})
    both = asking("familienstand.nachweis.datum", "familienstand.beendigung_nachweis.datum")
    assert auskunft_person(record, both, HEUTE)["familienstand"] == {"nachweis": {"datum": "2010-01-01"}}
    first = asking("familienstand.nachweis.datum")
    assert auskunft_person(record, first, HEUTE)["familienstand"] == {"nachweis": {"datum": "2000-01-01"}}


# -- other persons ---------------------------------------------------------------------------------------------------

OTHERS = asking("partner.vornamen", "kinder[].vornamen", "gesetzliche_vertreter[].vornamen")


def with_others(sperren: list[dict[str, str]]) -> dict[str, Any]:
    blocked = {"auskunftssperren": sperren} if sperren else {}
    return person(
        partner={"typ": "LP", "vornamen": "Kim", **blocked},
        kinder=[{"vornamen": "Ina", **blocked}, {"vornamen": "Ole"}],
        gesetzliche_vertreter=[{"vornamen": "Uwe"}, {"vornamen": "Eva", **blocked}],
    )


ALL_OTHERS = {
    "partner": {"vornamen": "Kim", "typ": "LP"},
    "kinder": [{"vornamen": "Ina"}, {"vornamen": "Ole"}],
    "gesetzliche_vertreter": [{"vornamen": "Uwe"}, {"vornamen": "Eva"}],
}
UNBLOCKED = {"kinder": [{"vornamen": "Ole"}], "gesetzliche_vertreter": [{"vornamen": "Uwe"}]}


@pytest.mark.parametrize("grund", ["1", "3", "6", "11", "12"])
@pytest.mark.parametrize("frist", [None, "2026-06-15", "2030-01-01"])
def test_nothing_is_told_of_another_person_who_is_blocked(grund: str, frist: str | None) -> None:
    sperre = {"grund": grund, **({"frist": frist} if frist else {})}
    assert auskunft_person(with_others([{"grund": "5"}, sperre]), OTHERS, HEUTE) == UNBLOCKED


@pytest.mark.parametrize(
    "sperren", [[], [{"grund": "3", "frist": "2026-06-14"}], *([{"grund": g}] for g in ("2", "5", "7", "10", "13"))]
)
def test_a_block_that_ended_or_concerns_others_keeps_nothing_back(sperren: list[dict[str, str]]) -> None:
    assert auskunft_person(with_others(sperren), OTHERS, HEUTE) == ALL_OTHERS


def test_a_block_of_another_person_is_never_told() -> None:
    told = auskunft_person(with_others([{"grund": "5"}]), OTHERS, HEUTE)
    assert "sperre" not in str(told)


@pytest.mark.parametrize(
    ("geburtsdatum", "told"),
    [
        ("2008-06-16", True),
        ("2008-06-15", False),
        ("2008-06-00", True),
        ("2008-05-00", False),
        ("2008-00-00", True),
        ("2007-00-00", False),
        ("0000-00-00", True),
        (None, True),
    ],
)
def test_of_children_only_minors_are_told(geburtsdatum: str | None, told: bool) -> None:
    kind = {"vornamen": "Ina", **({"geburtsdatum": geburtsdatum} if geburtsdatum else {})}
    assert ("kinder" in auskunft_person(person(kinder=[kind]), asking("kinder[].vornamen"), HEUTE)) is told


def test_a_child_born_on_the_29th_of_february_is_a_minor_through_the_28th() -> None:
    record = person(kinder=[{"vornamen": "Ina", "geburtsdatum": "2008-02-29"}])
    asked = asking("kinder[].vornamen")
    assert "kinder" in auskunft_person(record, asked, "2026-02-28")
    assert "kinder" not in auskunft_person(record, asked, "2026-03-01")


# -- § 6: the Trefferliste -------------------------------------------------------------------------------------------


def test_a_list_tells_what_the_ordinance_names_and_nothing_else() -> None:
    inland = {
        **INLAND,
        "hausnummer_zusatz": "a",
        "stockwerk": "3.OG",
        "inhaber": "Muster",
        "bedingter_sperrvermerk": True,
    }
    record = person(
        familienname_pass="Mustermann",
        ehename="Muster",
        geburtsname="Probe",
        familiennamen_vor_aenderung=[{"name": "Alt", "nachweis": {"datum": "2001-01-01"}}],
        gebraeuchlicher_vorname="Maria",
        vornamen_vor_aenderung=[{"vornamen": "Erich"}],
        doktorgrad="Dr.",
        kuenstlername="Emma",
        fruehere_geburtsdaten=["1981-00-00"],
        geburtsort="Celle",
        geschlecht="w",
        wohnungen=[dwelling(anschrift={"inland": inland}, art="4", einzug="2020-01-01")],
        kinder=[{"vornamen": "Ina"}],
        verringerter_datenumfang=True,
    )
    assert auskunft_treffer(record) == {
        "familienname": "Muster",
        "familienname_pass": "Mustermann",
        "ehename": "Muster",
        "geburtsname": "Probe",
        "familiennamen_vor_aenderung": [{"name": "Alt"}],
        "vornamen": "Erika Maria",
        "vornamen_vor_aenderung": [{"vornamen": "Erich"}],
        "geburtsdatum": "1980-05-30",
        "fruehere_geburtsdaten": ["1981-00-00"],
        "wohnungen": [{"aktuell": True, "anschrift": {"inland": {**INLAND, "hausnummer_zusatz": "a"}}, "art": "4"}],
    }


@pytest.mark.parametrize(("status", "told"), [("0", True), ("1", True), ("2", False), (None, False)])
def test_a_list_has_the_sole_or_main_dwelling_only(status: str | None, told: bool) -> None:
    wohnung = dwelling(status=status) if status else {"aktuell": True, "anschrift": {"inland": INLAND}}
    assert ("wohnungen" in auskunft_treffer(person(wohnungen=[wohnung]))) is told


def test_a_list_has_no_former_dwelling() -> None:
    assert "wohnungen" not in auskunft_treffer(person(wohnungen=[dwelling(aktuell=False)]))


@pytest.mark.parametrize(
    ("felder", "hint"),
    [
        ({"verzogen": "inland"}, {"im_inland_verzogen": True}),
        ({"verzogen": "inland_unbekannt"}, {"wohnungen": [UNKNOWN_HINT]}),
        ({"verzogen": "ausland", "wegzug_ausland": {"staat": "152"}}, {"wohnungen": [ABROAD_HINT]}),
        ({"sterbedatum": "2024-02-29"}, {"verstorben": True}),
        ({}, {}),
    ],
)
def test_a_list_hints_at_moves_and_death(felder: dict[str, Any], hint: dict[str, Any]) -> None:
    told = auskunft_treffer(person(wohnungen=[dwelling(aktuell=False)], **felder))
    assert {name: told[name] for name in told.keys() - {"familienname", "vornamen", "geburtsdatum"}} == hint


# -- paths -----------------------------------------------------------------------------------------------------------


def test_a_path_names_fields_and_marks_lists() -> None:
    assert names("partner.wohnungen[].anschrift") == ("partner", "wohnungen", "anschrift")
    assert tokens("fruehere_geburtsdaten[1]") == ("fruehere_geburtsdaten", 1)
    assert tokens("kinder[].vornamen") == ("kinder", "[]", "vornamen")
    assert resolve("kinder[].vornamen", ANTWORT) is DATENSATZ["kinder"].form["vornamen"]  # type: ignore[index]


@pytest.mark.parametrize("path", ["", "kinder.vornamen", "familienname[]", "gibt_es_nicht", "partner.x", "a..b", "A"])
def test_what_is_no_path_is_named(path: str) -> None:
    with pytest.raises(ValueError, match=path.split(".", maxsplit=1)[0].removesuffix("[]") or "nothing"):
        resolve(path, ANTWORT)
