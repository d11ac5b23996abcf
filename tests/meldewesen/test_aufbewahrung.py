"""§ 13 (2) BMG: what is still told five years after the year of death or departure, and from which day on."""

import copy
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.meldewesen.aufbewahrung import tellable, verringert
from gateway.meldewesen.auskunft import ANTWORT, Wunsch, auskunft_person, auswahl
from gateway.meldewesen.behoerde import Rolle
from gateway.spiegel.muster import STICHTAG, generate
from gateway.spiegel.musterspiegel import mustergemeinden
from tests.meldewesen.personen import INLAND, dwelling, person
from tests.xmeld.beispiel import full_record

ANDERSWO = dwelling(anschrift={"inland": {**INLAND, "ags": "03241005"}})
DAYS = st.dates(date(1950, 1, 1), date(2060, 12, 31))


def left(auszug: str | None, **felder: Any) -> dict[str, Any]:
    """Somebody who moved to another municipality."""
    former = dwelling(aktuell=False, **({"auszug": auszug} if auszug else {}))
    return person(**{"wohnungen": [former, ANDERSWO], "verzogen": "inland", **felder})


def dead(tag: str) -> dict[str, Any]:
    return person(wohnungen=[dwelling(aktuell=False, auszug=tag)], sterbedatum=tag)


# -- from which day on -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["2020-01-01", "2020-07-15", "2020-12-31"])
@pytest.mark.parametrize(("heute", "over"), [("2020-12-31", False), ("2025-12-31", False), ("2026-01-01", True)])
@pytest.mark.parametrize("record", [left, dead])
def test_the_term_runs_from_the_end_of_the_calendar_year(record: Any, tag: str, heute: str, over: bool) -> None:
    assert verringert(record(tag), heute) is over


@given(tag=DAYS, heute=DAYS)
def test_the_term_is_five_whole_calendar_years(tag: date, heute: date) -> None:
    end = date(tag.year + 5, 12, 31)
    for record in (left(str(tag)), dead(str(tag))):
        assert verringert(record, str(heute)) is (heute > end)


@given(tag=DAYS, days=st.integers(0, 20_000))
def test_a_term_that_is_over_stays_over(tag: date, days: int) -> None:
    first = date(tag.year + 6, 1, 1)
    assert verringert(left(str(tag)), str(first + timedelta(days=days)))
    assert not verringert(left(str(tag)), str(first - timedelta(days=1)))


@pytest.mark.parametrize("auszug", ["2020-05-00", "2020-00-00"])
def test_of_a_date_known_in_part_the_year_is_enough(auszug: str) -> None:
    assert not verringert(left(auszug), "2025-12-31")
    assert verringert(left(auszug), "2026-01-01")


@pytest.mark.parametrize("auszug", ["0000-00-00", None])
@pytest.mark.parametrize("heute", ["1990-01-01", "2026-01-01"])
def test_a_departure_on_a_day_unknown_lies_long_back(auszug: str | None, heute: str) -> None:
    assert verringert(left(auszug), heute)


def test_a_death_on_a_day_unknown_lies_long_back() -> None:
    assert verringert(person(sterbeort="Celle"), "2026-01-01")


def test_of_several_days_of_moving_out_the_last_counts() -> None:
    former = [dwelling(aktuell=False, auszug=tag) for tag in ("0000-00-00", "2023-05-01", "1999-01-01")]
    assert not verringert(person(wohnungen=former, verzogen="ausland"), "2028-12-31")
    assert verringert(person(wohnungen=former, verzogen="ausland"), "2029-01-01")


def test_a_day_of_moving_out_elsewhere_does_not_count() -> None:
    elsewhere = {**ANDERSWO, "aktuell": False, "auszug": "2024-01-01"}
    record = left("2010-01-01", wohnungen=[dwelling(aktuell=False, auszug="2010-01-01"), elsewhere])
    assert verringert(record, "2026-01-01")


@pytest.mark.parametrize("verzogen", ["inland", "inland_unbekannt", "ausland", None])
def test_who_still_or_again_lives_there_has_not_departed(verzogen: str | None) -> None:
    """Also with a secondary dwelling, and whatever the record says of an earlier move."""
    wohnungen = [dwelling(aktuell=False, auszug="2001-01-01"), dwelling(status="2"), ANDERSWO]
    record = person(wohnungen=wohnungen, **({"verzogen": verzogen} if verzogen else {}))
    assert not verringert(record, "2026-01-01")


def test_a_day_of_moving_out_says_by_itself_that_somebody_left() -> None:
    former = [dwelling(aktuell=False, auszug="2010-01-01")]
    assert verringert(person(wohnungen=former), "2026-01-01")
    assert not verringert(person(wohnungen=[dwelling(aktuell=False)]), "2026-01-01")


def test_who_left_long_ago_and_died_lately_is_kept_since_the_departure() -> None:
    assert verringert(left("2001-01-01", sterbedatum="2025-01-01"), "2026-01-01")


def test_the_samples_municipalities_and_the_dates_agree() -> None:
    """The sample marks by its own reckoning what is kept. Its records give every day of departure and death."""
    records = list(generate(2000, seed=11, gemeinden=mustergemeinden("03")))
    marked = [record for record in records if "verringerter_datenumfang" in record and not lives_there(record)]
    assert len(marked) > 50
    assert [record for record in records if verringert(record, str(STICHTAG))] == marked


def lives_there(record: Mapping[str, Any]) -> bool:
    """The sample lets some move within their municipality."""
    present = (wohnung["anschrift"] for wohnung in record["wohnungen"] if wohnung["aktuell"])
    return "sterbedatum" not in record and any(
        anschrift.get("inland", {}).get("ags") == record["ags"] for anschrift in present
    )


# -- what is told ----------------------------------------------------------------------------------------------------

FULL = full_record()  # its `verringerter_datenumfang` is set
EXCEPTED = {
    *("familienname", "familienname_pass", "ehename", "lebenspartnerschaftsname", "geburtsname"),
    *("familiennamen_vor_aenderung", "vornamen", "vornamen_pass", "gebraeuchlicher_vorname", "vornamen_vor_aenderung"),
    *("geburtsdatum", "fruehere_geburtsdaten", "geburtsort", "geburtsstaat", "wohnungen", "wegzug_ausland"),
    *("sterbedatum", "sterbeort", "sterbestaat"),
}
OF_THE_RECORD = {"ags", "ordnungsmerkmal", "auskunftssperren", "verzogen", "verringerter_datenumfang"}


def test_one_of_whose_death_only_the_proof_is_known_is_still_told_of_as_dead() -> None:
    """§ 5 (1) S. 3 no. 5 BMeldDAV."""
    tot = person(sterbe_nachweis={"behoerde": "Standesamt"}, verringerter_datenumfang=True)
    kept = tellable(tot, Rolle.EINFACH, "2026-01-01")
    assert "sterbe_nachweis" not in kept
    assert auskunft_person(kept, auswahl([Wunsch(("familienname",))]), "2026-01-01")["verstorben"] is True


@pytest.mark.parametrize("rolle", [Rolle.EINFACH, Rolle.FIU])
def test_only_what_the_law_excepts_is_left(rolle: Rolle) -> None:
    before = copy.deepcopy(FULL)
    kept = tellable(FULL, rolle, "2026-01-01")
    assert before == FULL
    assert kept.keys() == EXCEPTED | OF_THE_RECORD | {"verstorben"}
    assert kept.keys() <= ANTWORT.keys()
    assert {name for wohnung in kept["wohnungen"] for name in wohnung} == {"aktuell", "anschrift", "status", "auszug"}
    assert {name for frueher in kept["familiennamen_vor_aenderung"] for name in frueher} == {"name"}
    assert {name for frueher in kept["vornamen_vor_aenderung"] for name in frueher} == {"vornamen"}


def test_a_body_of_section_34_4_has_the_whole_record_and_the_hint() -> None:
    assert tellable(FULL, Rolle.SICHERHEIT, "2026-01-01") == FULL
    record = left("2010-01-01", doktorgrad="Dr.")
    assert tellable(record, Rolle.SICHERHEIT, "2026-01-01") == {**record, "verringerter_datenumfang": True}


@pytest.mark.parametrize("rolle", Rolle)
@pytest.mark.parametrize("record", [left("2010-01-01", doktorgrad="Dr."), dead("2010-01-01")])
def test_the_hint_is_for_everybody_once_the_term_is_over(rolle: Rolle, record: dict[str, Any]) -> None:
    assert "verringerter_datenumfang" not in record
    told = tellable(record, rolle, "2026-01-01")
    assert told["verringerter_datenumfang"] is True
    assert ("doktorgrad" in told) is (rolle is Rolle.SICHERHEIT and "doktorgrad" in record)


@pytest.mark.parametrize("rolle", Rolle)
def test_before_that_the_record_is_told_as_it_is(rolle: Rolle) -> None:
    for record in (person(doktorgrad="Dr."), left("2021-01-01"), dead("2021-01-01")):
        assert tellable(record, rolle, "2026-12-31") is record


def test_the_municipalitys_flag_holds_whatever_the_dates_say() -> None:
    record = person(doktorgrad="Dr.", verringerter_datenumfang=True)
    assert "doktorgrad" not in tellable(record, Rolle.EINFACH, "2026-01-01")
