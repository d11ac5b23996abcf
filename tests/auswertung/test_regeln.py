"""Each rule of the evaluation finds what it is for, and leaves alone what is usual."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count

import pytest

from gateway.auswertung.auswertung import werte_aus
from gateway.auswertung.regeln import REGELN
from gateway.auswertung.stichprobe import Stichprobe
from gateway.auswertung.zeile import Abrufzeile, Befund
from gateway.protokoll.stelle import Stelle

AMT = "dbs:030010990000"
MONTAG = 739_621  # 2026-01-05
VORLAUF = 28

_ANDERE = count()


def zeile(tag: int = 0, **felder: object) -> Abrufzeile:
    """A usual request on a day of the month that is looked at."""
    given = {"stunde": 10, "nutzer": "a.amt", "behoerde": AMT, "anlass": "ordnungswidrigkeit"} | felder
    given = {"monat": 202602, "person": b"%d" % next(_ANDERE)} | given
    return Abrufzeile(stelle=Stelle(1, 1), tag=MONTAG + VORLAUF + tag, **given)  # type: ignore[arg-type]


def uebliches(je_tag: int = 10, nutzer: str = "a.amt") -> Iterator[Abrufzeile]:
    """Four weeks of working days."""
    for tag in range(VORLAUF):
        if tag % 7 < 5:
            for number in range(je_tag):
                row = zeile(tag - VORLAUF, nutzer=nutzer, stunde=8 + number % 8, neutral=number == 0)
                yield replace(row, monat=202601, person=b"%d/%d" % (tag, number))


def befunde(zeilen: Iterable[Abrufzeile], regel: str) -> list[Befund]:
    rows = [replace(row, stelle=Stelle(1, number)) for number, row in enumerate([*uebliches(), *zeilen], 1)]
    found = werte_aus(rows, MONTAG + VORLAUF, zufall=1).befunde
    return [one for one in found if one.regel == regel]


def test_a_users_day_far_above_his_past_is_found() -> None:
    (one,) = befunde((zeile() for _ in range(45)), "menge")
    assert (one.behoerde, one.nutzer, one.anzahl) == (AMT, "a.amt", 45)
    assert "üblich des Nutzers: 10" in one.text
    assert not befunde((zeile() for _ in range(25)), "menge")


def test_a_newcomer_is_measured_by_his_authority() -> None:
    (one,) = befunde((zeile(nutzer="neu") for _ in range(45)), "menge")
    assert "üblich der Behörde" in one.text


def test_requests_at_hours_in_which_neither_user_nor_authority_works_are_found() -> None:
    (one,) = befunde((zeile(stunde=2) for _ in range(4)), "stunden")
    assert one.anzahl == 4
    assert not befunde((zeile(stunde=2) for _ in range(3)), "stunden")
    assert not befunde((zeile(stunde=9) for _ in range(10)), "stunden")
    assert not befunde((zeile(5) for _ in range(7)), "stunden")  # overtime on a Saturday
    assert befunde((zeile(5) for _ in range(8)), "stunden")


def test_a_body_of_which_only_the_technical_part_is_seen_is_looked_at_by_hours_and_volume_alone() -> None:
    rows = [zeile(stunde=2, nutzer="", anlass=None, person=None, behoerde=AMT) for _ in range(40)]
    assert befunde(rows, "stunden")
    assert {one.regel for regel in REGELN for one in befunde(rows, regel.name)} <= {"menge", "stunden"}


def test_one_person_asked_for_by_many_is_found() -> None:
    rows = [zeile(nutzer=f"user{number}", person=b"promi") for number in range(9)]
    (one,) = befunde(rows, "viele_fragen")
    assert one.anzahl == 9
    assert one.nutzer == ""
    assert not befunde(rows[:8] * 3, "viele_fragen")


def test_one_person_asked_for_again_and_again_by_one_user_is_found() -> None:
    (one,) = befunde((zeile(tag, person=b"nachbar") for tag in (0, 1, 1, 2, 3)), "immer_wieder")
    assert one.anzahl == 5
    assert not befunde((zeile(0, person=b"nachbar") for _ in range(9)), "immer_wieder")


def test_a_missing_or_meaningless_anlass_is_found() -> None:
    (one,) = befunde([zeile(anlass=""), zeile(anlass="xxx"), zeile(anlass="test")], "anlass_sinnlos")
    assert one.anzahl == 3
    assert not befunde([zeile()], "anlass_sinnlos")


def test_one_text_for_everything_is_found_unless_it_is_what_the_authority_does() -> None:
    (one,) = befunde((zeile(n % 20, anlass="dienstlich") for n in range(30)), "anlass_einerlei")
    assert one.anzahl == 30
    assert not befunde((zeile(n % 20) for n in range(30)), "anlass_einerlei")
    others = [zeile(n % 20, anlass="dienstlich", nutzer=f"u{n % 3}") for n in range(90)]
    assert not befunde(others, "anlass_einerlei")


def test_one_text_of_a_user_who_gave_several_before_is_found() -> None:
    before = [zeile(-1, nutzer="b", anlass=f"grund {number % 3}", monat=202601) for number in range(20)]
    (one,) = befunde([*before, *(zeile(n % 20, nutzer="b", anlass="erbensuche") for n in range(30))], "anlass_einerlei")
    assert one.nutzer == "b"


def test_many_neutral_answers_in_a_row_are_found_by_the_users_own_share() -> None:
    (one,) = befunde([*(zeile(neutral=True) for _ in range(9)), zeile()], "neutral")
    assert one.anzahl == 9
    assert not befunde([*(zeile(neutral=True) for _ in range(5)), zeile()], "neutral")
    same = [zeile(neutral=True, person=b"one") for _ in range(20)]
    assert not befunde(same, "neutral")  # who asks again for the same person does not trawl


def test_wildcards_near_the_limit_are_found() -> None:
    assert befunde((zeile(grenznah=True) for _ in range(4)), "platzhalter")
    assert not befunde((zeile(grenznah=True) for _ in range(3)), "platzhalter")


def test_a_user_who_asks_for_his_own_name_is_found() -> None:
    (one,) = befunde([zeile(), zeile(eigener_name=True)], "eigener_name")
    assert one.anzahl == 1


@pytest.mark.parametrize("regel", REGELN, ids=lambda regel: regel.name)
def test_each_rule_names_its_reason_and_finds_nothing_in_what_is_usual(regel: object) -> None:
    row = next(one for one in REGELN if one is regel)
    assert row.titel
    assert "BMG" in row.grund or "MiN" in row.grund or "BMeldDAV" in row.grund
    assert not befunde((zeile(tag) for tag in range(5) for _ in range(10)), row.name)


def test_what_was_before_the_period_is_learnt_and_not_reported() -> None:
    rows = [replace(one, anlass="xxx", eigener_name=True) for one in uebliches(60)]
    assert werte_aus(rows, MONTAG + VORLAUF, zufall=1).befunde == ()


def test_samples_are_drawn_with_the_same_quota_for_each_authority_and_only_where_contents_may_be_seen() -> None:
    probe = Stichprobe(3, zufall=7)
    for number in range(500):
        for behoerde, anlass in (("gross", "a"), ("klein", "a") if number < 4 else ("gross", "a"), ("polizei", None)):
            probe.sieh(replace(zeile(behoerde=behoerde, anlass=anlass), stelle=Stelle(1, number)))
    drawn = probe.gezogen()
    assert {wer: len(stellen) for wer, stellen in drawn.items()} == {"gross": 3, "klein": 3}


def test_a_user_who_is_refused_by_limits_again_and_again_is_found() -> None:
    (one,) = befunde((zeile(tag // 4, ueber_grenze=True) for tag in range(12)), "grenzen")
    assert (one.nutzer, one.anzahl) == ("a.amt", 12)
    assert "12 Anfragen an 3 Tagen" in one.text
    assert not befunde((zeile(tag % 3, ueber_grenze=True) for tag in range(9)), "grenzen")
    assert not befunde((zeile(0, ueber_grenze=True) for _ in range(15)), "grenzen")  # one bad day


def test_an_authority_whose_users_or_faults_together_exceed_its_limits_is_found() -> None:
    kennungen = [zeile(number % 5, nutzer=f"geraten{number}", ueber_grenze=True) for number in range(15)]
    takt = [zeile(number % 5, nutzer="", anlass=None, ueber_grenze=True, fault=True) for number in range(15)]
    (one,) = befunde([*kennungen, *takt], "grenzen")
    assert (one.behoerde, one.nutzer, one.anzahl) == (AMT, "", 30)
    assert not befunde(kennungen, "grenzen")
    assert [one.nutzer for one in befunde((zeile(n % 3, ueber_grenze=True) for n in range(40)), "grenzen")] == ["a.amt"]


def test_faults_count_for_no_other_rule_and_no_sample() -> None:
    rows = [zeile(nutzer="", anlass=None, person=None, ueber_grenze=True, fault=True) for _ in range(90)]
    ergebnis = werte_aus([*uebliches(), *rows], MONTAG + VORLAUF, zufall=1)
    assert not ergebnis.befunde
    assert not ergebnis.abrufe
    assert not ergebnis.stichproben
