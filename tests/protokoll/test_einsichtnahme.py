"""Reading the Protokoll needs a right, a purpose and a reference, and is recorded before anything is shown."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from gateway.abruf.suchbegriffe import benannt, freitext, nutzer, person
from gateway.auswertung.auskunftsdokument import auskunftsdokument
from gateway.errors import StoreError
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.zweck import Zweck
from gateway.ports import Einsichtsgrund, Protokolleintrag, Suchart, Suchbegriff
from gateway.protokoll import (
    Einsicht,
    Einsichtnahme,
    KeinEinsichtsrecht,
    SqlProtokoll,
    Suchfrage,
    erlaube,
    recherche,
    verify,
)
from gateway.protokoll.einsichtnahme import Einsichtserlaubnis, gesuchtes
from gateway.protokoll.personenauskunft import Betroffener, personenauskunft
from gateway.protokoll.recherche import person_gesucht
from gateway.protokoll.schluessel import Protokollschluessel
from tests.protokoll.eintraege import GEMEINDE, POLIZEI, eintrag

GRUND = Einsichtsgrund("anna.auditor", "", Zweck.DATENSCHUTZKONTROLLE, "DS-2026/17")
JETZT = datetime(2026, 6, 1, tzinfo=UTC)
BEHOERDEN = {
    GEMEINDE: Behoerde(GEMEINDE, "Ordnungsamt Musterstadt", Rolle.EINFACH),
    POLIZEI: Behoerde(POLIZEI, "Polizei Musterland", Rolle.SICHERHEIT, protokoll_beauftragt=True),
}


class Recht:
    """Anna reads the operator's, Berta confirms."""

    def __init__(self, bestaetigt: Einsichtsgrund | None = None) -> None:
        self._bestaetigt = bestaetigt

    def mandanten(self, wer: str) -> frozenset[str]:
        return frozenset({""} if wer == "anna.auditor" else ())

    def bestaetigt_von(self, antrag: str, grund: Einsichtsgrund, now: datetime) -> str | None:
        return "berta" if grund == self._bestaetigt else None


Lies = Callable[..., Einsichtnahme]


@pytest.fixture
def lies(leser: Engine, schluessel: Protokollschluessel, protokoll: SqlProtokoll) -> Lies:
    def of(grund: Einsichtsgrund = GRUND) -> Einsichtnahme:
        return Einsichtnahme(leser, schluessel, protokoll, Einsichtserlaubnis(grund, None))

    return of


def abruf(wer: str, kennung: str, *, mandant: str = "", om: str = "1234", **felder: object) -> Protokolleintrag:
    """A retrieval of the person `om`."""
    begriffe = (
        nutzer(wer, kennung),
        freitext(Suchart.ANLASS, "Ordnungswidrigkeit"),
        person("03999001", om),
        Suchbegriff(Suchart.NAME, "ZWIRNEMANN\nAENNE\n1964-05-01"),
    )
    treffer = [{"ags": "03999001", "ordnungsmerkmal": om, "daten": {"familienname": "Zwirnemann", "vornamen": "Änne"}}]
    inhalt = {"kennung": kennung, "abrufberechtigte_stelle": {"name": "Amt"}, "treffer": treffer}
    return eintrag(**{"behoerde": wer, "mandant": mandant, "inhalt": inhalt, "suchbegriffe": begriffe, **felder})


def test_reading_needs_a_right_a_purpose_and_a_reference() -> None:
    assert erlaube(Recht(), GRUND, JETZT).bestaetigt_von is None
    with pytest.raises(KeinEinsichtsrecht, match=r"otto may not read"):
        erlaube(Recht(), Einsichtsgrund("otto", "", Zweck.BETRIEB, "1"), JETZT)
    with pytest.raises(KeinEinsichtsrecht, match="may not read the Protokoll of dbs:"):
        erlaube(Recht(), Einsichtsgrund("anna.auditor", POLIZEI, Zweck.BETRIEB, "1"), JETZT)
    for referenz in ("", "  ", "x" * 101, "a\nb"):
        with pytest.raises(KeinEinsichtsrecht, match="reference number"):
            erlaube(Recht(), Einsichtsgrund("anna.auditor", "", Zweck.BETRIEB, referenz), JETZT)


def test_where_four_eyes_are_wanted_another_has_confirmed_just_this() -> None:
    with pytest.raises(KeinEinsichtsrecht, match="four eyes"):
        erlaube(Recht(), GRUND, JETZT, vier_augen=True)
    other = Einsichtsgrund("anna.auditor", "", Zweck.BETRIEB, "another")
    with pytest.raises(KeinEinsichtsrecht, match="four eyes"):
        erlaube(Recht(other), GRUND, JETZT, antrag="1", vier_augen=True)
    assert erlaube(Recht(GRUND), GRUND, JETZT, antrag="1", vier_augen=True).bestaetigt_von == "berta"


def test_each_reading_is_recorded_and_the_record_verifies(
    protokoll: SqlProtokoll, lies: Lies, leser: Engine, schluessel: Protokollschluessel
) -> None:
    protokoll.record(abruf(GEMEINDE, "m.amt"))
    (gelesen,) = Einsicht(leser).entries(1)
    _, inhalt = lies().zeige(gelesen.stelle)
    assert inhalt is not None
    assert inhalt["kennung"] == "m.amt"
    (vermerk,) = Einsicht(leser).entries(1)
    assert (vermerk.ergebnis, vermerk.codes) == ("einsicht", ("datenschutzkontrolle", "inhalt"))
    assert Einsicht(leser).read(vermerk.stelle, schluessel) == {
        "einsicht_von": "anna.auditor",
        "zweck": "Zwecke der Datenschutzkontrolle",
        "referenz": "DS-2026/17",
        "bestaetigt_von": None,
        "was": "inhalt",
        "stellen": [str(gelesen.stelle)],
    }
    assert verify(leser, schluessel).intact


def test_nothing_is_shown_that_could_not_be_recorded(protokoll: SqlProtokoll, lies: Lies, leser: Engine) -> None:
    protokoll.record(abruf(GEMEINDE, "m.amt"))
    (gelesen,) = Einsicht(leser).entries(1)
    protokoll.close()
    with pytest.raises(StoreError):
        lies().zeige(gelesen.stelle)
    with pytest.raises(StoreError):
        lies().suche(Suchfrage())


def test_the_protokoll_of_an_authority_is_shown_to_its_own_reader_alone(
    protokoll: SqlProtokoll, lies: Lies, leser: Engine
) -> None:
    protokoll.record(abruf(POLIZEI, "kripo", mandant=POLIZEI))
    protokoll.record(abruf(GEMEINDE, "m.amt"))
    amt, polizei = Einsicht(leser).entries(2)
    own = lies(Einsichtsgrund("kommissar", POLIZEI, Zweck.DATENSCHUTZKONTROLLE, "1"))
    assert own.zeige(polizei.stelle)[1]
    with pytest.raises(LookupError):
        own.zeige(amt.stelle)
    gesucht = Suchfrage(((person("03999001", "1234"),),), ergebnis="auskunft")
    assert [zeile.behoerde for zeile in own.suche(gesucht)] == [POLIZEI]
    assert [zeile.behoerde for zeile in lies().suche(gesucht)] == [GEMEINDE]


def test_records_are_found_by_person_authority_user_time_and_anlass(protokoll: SqlProtokoll, lies: Lies) -> None:
    protokoll.record(abruf(GEMEINDE, "m.amt", nachrichtentyp="1330"))
    protokoll.record(abruf(GEMEINDE, "andere", om="9", nachrichtentyp="1332"))
    gestern, morgen = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1)

    def found(*gruppen: Suchbegriff, **felder: object) -> list[str | None]:
        frage = Suchfrage(tuple((one,) for one in gruppen), ergebnis="auskunft", **felder)  # type: ignore[arg-type]
        return [zeile.nachrichtentyp for zeile in lies().suche(frage)]

    assert found(person("03999001", "1234")) == ["1330"]
    assert found(nutzer(GEMEINDE, "M.Amt ")) == ["1330"]
    assert found(freitext(Suchart.ANLASS, "ordnungswidrigkeit")) == ["1332", "1330"]
    assert found(freitext(Suchart.ANLASS, "ordnungswidrigkeit"), nutzer(GEMEINDE, "andere")) == ["1332"]
    assert found(behoerde=GEMEINDE, von=gestern, bis=morgen) == ["1332", "1330"]
    assert found(person("03999001", "1234"), von=morgen) == []
    assert found(behoerde=POLIZEI) == []
    assert found(behoerde=GEMEINDE, hoechstens=1) == ["1332"]


def test_an_authoritys_retrievals_are_found_however_many_of_others_had_the_same_anlass(
    protokoll: SqlProtokoll, lies: Lies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recherche, "MAX_ZEILEN", 3)
    monkeypatch.setattr(recherche, "_SCHRITT", 2)
    protokoll.record(abruf(GEMEINDE, "m.amt"))
    for _ in range(5):
        protokoll.record(abruf("dbs:039990099999", "andere"))
    anlass = ((freitext(Suchart.ANLASS, "Ordnungswidrigkeit"),),)
    assert [one.behoerde for one in lies().suche(Suchfrage(anlass, behoerde=GEMEINDE))] == [GEMEINDE]


def test_the_newest_are_found_of_all_chains_not_those_of_the_newest_chain(
    engine: Engine, protokoll: SqlProtokoll, lies: Lies, schluessel: Protokollschluessel
) -> None:
    with closing(SqlProtokoll(engine, schluessel)) as later:
        later.record(abruf(GEMEINDE, "later"))
        later.record(abruf(GEMEINDE, "later"))
        protokoll.record(abruf(GEMEINDE, "m.amt", nachrichtentyp="1332"))
        anlass = ((freitext(Suchart.ANLASS, "Ordnungswidrigkeit"),),)
        assert [one.nachrichtentyp for one in lies().suche(Suchfrage(anlass, hoechstens=2))] == ["1332", "1330"]


def test_a_person_is_found_by_names_and_birth_also_where_the_birth_was_known_in_part(
    protokoll: SqlProtokoll, lies: Lies
) -> None:
    for tag in ("1964-05-01", "1964-00-00", "", "1971-01-01"):
        protokoll.record(abruf(GEMEINDE, "x", suchbegriffe=(Suchbegriff(Suchart.NAME, f"ZWIRNEMANN\nAENNE\n{tag}"),)))
    assert len(lies().suche(Suchfrage((person_gesucht("Zwirnemann", "Änne", "1964-05-01"),)))) == 3


def test_of_a_search_only_the_digest_of_its_term_is_kept_and_it_is_found_by_it(
    protokoll: SqlProtokoll, lies: Lies, leser: Engine, schluessel: Protokollschluessel
) -> None:
    gesucht = person_gesucht("Zwirnemann", "Änne", "1964-05-01")
    lies().suche(Suchfrage((gesucht,)))
    (vermerk,) = Einsicht(leser).entries(1)
    inhalt = Einsicht(leser).read(vermerk.stelle, schluessel)
    assert inhalt is not None
    assert inhalt["gesucht_nach"] == ["name"]
    assert "ZWIRNEMANN" not in str(inhalt).upper()
    (found,) = lies().suche(Suchfrage((tuple(map(gesuchtes, gesucht)),), ergebnis="einsicht"))
    assert found.stelle == vermerk.stelle
    assert lies().suche(Suchfrage((gesucht,))) == []  # those who searched the Protokoll have not asked the register


def test_a_person_is_told_of_retrievals_but_not_of_those_by_bodies_of_section_34_4(
    protokoll: SqlProtokoll, lies: Lies
) -> None:
    protokoll.record(abruf(GEMEINDE, "m.amt"))
    protokoll.record(abruf(POLIZEI, "kripo", mandant=POLIZEI))  # recorded for the police alone
    protokoll.record(abruf(POLIZEI, "kripo"))  # it asked as a simple authority
    protokoll.record(abruf("dbs:039990099999", "wer"))  # of which the register knows nothing
    protokoll.record(abruf(GEMEINDE, "m.amt", om="9"))
    grund = Einsichtsgrund("anna.auditor", "", Zweck.AUSKUNFT, "Antrag 5")
    auskunft = personenauskunft(lies(grund), Betroffener("03999001", "1234"), BEHOERDEN, datetime.now(UTC))
    (one,) = auskunft.uebermittlungen
    assert (one.empfaenger, one.kategorien) == ("Ordnungsamt Musterstadt", ("familienname", "vornamen"))
    assert auskunft.nicht_mitgeteilt == 2
    said = str(auskunft.als_json())
    assert "Polizei" not in said
    assert "m.amt" not in said
    assert "Zwirnemann" not in said


def test_a_person_is_told_of_what_a_zentrale_stelle_asked_for_a_simple_authority(
    protokoll: SqlProtokoll, lies: Lies
) -> None:
    """§ 11 (1) no. 3 BMG looks at who retrieves: the zentrale Stelle may also pass on security bodies, and is none."""
    zentrale = Behoerde("dbs:060030010000", "Zentrale Stelle Hessen", Rolle.SICHERHEIT, zentrale_stelle=True)
    protokoll.record(abruf(zentrale.kennung, "h.amt"))
    protokoll.record(abruf(zentrale.kennung, "kripo", mandant=zentrale.kennung))
    behoerden = {**BEHOERDEN, zentrale.kennung: zentrale}
    auskunft = personenauskunft(lies(), Betroffener("03999001", "1234"), behoerden, datetime.now(UTC))
    (one,) = auskunft.uebermittlungen
    assert (one.empfaenger, one.weitergegeben_an) == ("Zentrale Stelle Hessen", "Amt")


def test_a_person_is_told_of_retrievals_at_another_land_where_its_answer_names_nobody_else(
    protokoll: SqlProtokoll, lies: Lies
) -> None:
    def anderswo(vornamen: str, geburtsdatum: str) -> Protokolleintrag:
        daten = {"familienname": "Zwirnemann", "vornamen": vornamen, "geburtsdatum": geburtsdatum}
        one = {"daten": {name: wert for name, wert in daten.items() if wert}, "kategorien": ["vornamen", "wohnungen"]}
        antworten = [{"land": "09", "antwort": "<x/>", "personen": [one]}, {"land": "09", "antwort": "<x/>"}]
        inhalt = {"kennung": "m.amt", "abrufberechtigte_stelle": {"name": "Amt"}, "vermittelt": antworten}
        return eintrag(behoerde=GEMEINDE, inhalt=inhalt, suchbegriffe=tuple(benannt(one["daten"])), treffer=1)

    protokoll.record(anderswo("Änne", "1964-05-01"))
    for vornamen, geburtsdatum in (
        ("Änne", "1964-05-02"),
        ("Änne", ""),
        ("", "1964-05-01"),
        ("Änne Eva", "1964-05-01"),
    ):
        protokoll.record(anderswo(vornamen, geburtsdatum))
    protokoll.record(abruf(GEMEINDE, "m.amt"))  # here: of the same name, and found by the record alone
    wer = Betroffener(familienname="Zwirnemann", vornamen="Änne Maria", geburtsdatum="1964-05-01")
    auskunft = personenauskunft(lies(), wer, BEHOERDEN, datetime.now(UTC))
    (one,) = auskunft.uebermittlungen
    assert (one.empfaenger, one.land, one.kategorien) == (
        "Ordnungsamt Musterstadt",
        "Bayern",
        ("vornamen", "wohnungen"),
    )
    (said,) = auskunft.als_json()["uebermittlungen"]  # type: ignore[misc, attr-defined]
    assert said["abgerufen_bei"] == "Bayern"
    assert "beim Land Bayern abgerufen" in auskunftsdokument(auskunft, "Amt")
    both = replace(wer, ags="03999001", ordnungsmerkmal="1234")
    lands = [one.land for one in personenauskunft(lies(), both, BEHOERDEN, datetime.now(UTC)).uebermittlungen]
    assert lands == ["Bayern", ""]


def test_a_person_is_told_only_within_the_time_that_section_40_lets_the_protokoll_be_kept(
    protokoll: SqlProtokoll, lies: Lies
) -> None:
    protokoll.record(abruf(GEMEINDE, "m.amt"))
    later = datetime.now(UTC) + timedelta(days=800)
    assert personenauskunft(lies(), Betroffener("03999001", "1234"), BEHOERDEN, later).uebermittlungen == ()
