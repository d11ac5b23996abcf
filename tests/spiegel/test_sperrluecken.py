"""§ 33 (4) BMG: a block that one municipality has stored, and another's record of the same person has not."""

from typing import Any

import pytest
from sqlalchemy import Engine, delete

from gateway.spiegel.laden import lade
from gateway.spiegel.sperrluecken import Sperrluecke, sperrluecken
from gateway.spiegel.tabellen import person
from tests.databases import opened
from tests.spiegel.personen import AGS, HEUTE, datensatz, sperre, wohnung

DORT = "03241002"
NEU: dict[str, Any] = {"strasse": "Zufluchtsgasse", "hausnummer": "7"}


def hier(**felder: Any) -> dict[str, Any]:
    """She lives here now, and is blocked."""
    return datensatz("neu", AGS, **{"wohnungen": [wohnung(AGS, **NEU)], **sperre("1"), **felder})


def frueher(**felder: Any) -> dict[str, Any]:
    """Her former municipality's record, which says where she went."""
    wege = [wohnung(DORT, aktuell=False), wohnung(AGS, **NEU)]
    return datensatz("alt", DORT, **{"wohnungen": wege, "verzogen": "inland", **felder})


LUECKE = Sperrluecke(DORT, "alt", AGS)


def luecken(engine: Engine, *records: dict[str, Any]) -> list[Sperrluecke]:
    lade(engine, records)
    return sperrluecken(engine, HEUTE)


def test_the_former_municipalitys_record_that_leads_to_a_blocked_person_is_named(engine: Engine) -> None:
    assert luecken(engine, hier(), frueher()) == [LUECKE]


def test_while_others_load_the_state_before_is_looked_at(engine: Engine, database_url: str) -> None:
    lade(engine, [hier(), frueher()])
    with engine.begin() as connection, opened(database_url, readonly=True) as reader:
        connection.execute(delete(person))
        assert sperrluecken(reader, HEUTE) == [LUECKE]


def test_once_it_has_the_block_too_nothing_is_left(engine: Engine) -> None:
    assert luecken(engine, hier(), frueher(**sperre("1"))) == []


@pytest.mark.parametrize(
    "anders",
    [
        {"vornamen": "Erika Maria"},
        {"familienname": "Musterfrau-Schmidt", "geburtsname": "Musterfrau"},
        {"familienname": "Mußterfrau"},
    ],
    ids=["another first name besides", "married since", "written otherwise"],
)
def test_a_name_need_not_be_written_alike(engine: Engine, anders: dict[str, Any]) -> None:
    assert luecken(engine, hier(**anders), frueher()) == [LUECKE]


@pytest.mark.parametrize(
    "anders",
    [
        {"geburtsdatum": "1964-08-13"},
        {"vornamen": "Max"},
        {"wohnungen": [wohnung(DORT, aktuell=False)]},
        {"wohnungen": [wohnung(AGS, strasse="Zufluchtsgasse", hausnummer="9")]},
    ],
    ids=["of another day", "of another name", "does not say where", "another house"],
)
def test_a_record_of_somebody_else_or_that_does_not_tell_is_not_named(engine: Engine, anders: dict[str, Any]) -> None:
    assert luecken(engine, hier(), frueher(**anders)) == []


def test_a_block_that_is_over_asks_nothing_of_others(engine: Engine) -> None:
    assert luecken(engine, hier(**sperre("1", frist="2025-11-21")), frueher()) == []
    assert luecken(engine, hier(**sperre("1", frist=HEUTE)), frueher()) == [LUECKE]


def test_a_block_of_theirs_that_ended_earlier_does_not_hide_her(engine: Engine) -> None:
    assert luecken(engine, hier(), frueher(**sperre("1", frist="2025-11-21"))) == [LUECKE]


def test_a_second_record_in_the_same_register_leads_to_her_as_well(engine: Engine) -> None:
    zweiter = datensatz("2", AGS, wohnungen=[wohnung(AGS, **NEU)])
    assert luecken(engine, hier(), zweiter) == [Sperrluecke(AGS, "2", AGS)]
