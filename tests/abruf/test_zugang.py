"""An authority's own account below its role: rights to the datum, users, certificates, hours, quotas."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from cryptography import x509
from lxml import etree

from gateway import instance
from gateway.behoerden import benutzer, stamm, zertifikate
from gateway.behoerden.aenderungen import Verwaltung
from gateway.behoerden.kontingente import SqlKontingente
from gateway.behoerden.register import SqlBehoerden
from gateway.behoerden.takt import Takt
from gateway.envelope.zertifikate import fingerprint
from gateway.meldewesen.anfrage import Suchbereich
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.rechte import Rechte
from gateway.sending import client_of
from tests.abruf.test_datenbestaetigung import frage as bestaetigungsfrage
from tests.betrieb import GEMEINDE, Betrieb, betrieb, outcome, register_authority
from tests.spiegel.personen import datensatz

AMT, POLIZEI = "dbs:090010980000", "dbs:090030990000"


class Uhr:
    """The gateway's time of day, moved by hand; what it signs and what is signed for it lives in it too."""

    def __init__(self) -> None:
        self.vor = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.vor


@pytest.fixture
def uhr() -> Uhr:
    return Uhr()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Betrieb]:
    one = betrieb(tmp_path_factory.mktemp("zugang") / "instance", datenbestaetigung=True)
    for behoerde in (Behoerde(AMT, "Amt", Rolle.EINFACH), Behoerde(POLIZEI, "Polizei", Rolle.SICHERHEIT, nummer=1)):
        register_authority(one, behoerde)
    zwei = [datensatz(f"Z{number}", GEMEINDE, familienname="Zweimal") for number in (1, 2)]
    one.lade([datensatz("1", GEMEINDE), *zwei])
    yield one
    one.close()


@pytest.fixture
def house(made: Betrieb, uhr: Uhr) -> Iterator[Betrieb]:
    """Every change of the register is seen at once, and goes when the test is over."""
    ticks = count()
    engine = made.here.behoerden()
    gateway = replace(
        made.gateway,
        behoerden=SqlBehoerden(engine, clock=lambda: float(next(ticks))),
        kontingente=SqlKontingente(engine, Takt(uhr=lambda: uhr.vor.total_seconds())),
        clock=uhr,
    )
    yield replace(made, gateway=gateway)
    with engine.begin() as connection:
        for statement in (
            "UPDATE behoerde SET rechte = NULL, nur_benutzer = false, gesperrt = false",
            "UPDATE behoerde_zertifikat SET gesperrt = false",
            "DELETE FROM behoerde_benutzer",
            "DELETE FROM behoerde_verbrauch",
        ):
            connection.exec_driver_sql(statement)


@pytest.fixture
def v(made: Betrieb) -> Verwaltung:
    return made.here.verwaltung("cli:anna")


def may(v: Verwaltung, wer: str = AMT, **rechte: Any) -> None:
    stamm.setze_rechte(v, wer, stamm.lies_rechte(rechte))


def frage(**felder: Any) -> dict[str, Any]:
    return {"geschlecht": "w"} | felder


def sentences(house: Betrieb, wer: str = AMT, **felder: Any) -> list[str]:
    answer = house.send(house.frage(wer, **frage(**felder)), wer)
    assert isinstance(answer, etree._Element)
    return [element.text or "" for element in answer.iterfind(".//{*}freitext")]


# -- rights to the datum ---------------------------------------------------------------------------------------------


def test_an_anforderungselement_that_was_not_granted_is_refused_and_named(house: Betrieb, v: Verwaltung) -> None:
    may(v, elemente=["1330:1", "1330:7"])
    assert house.ask(AMT, **frage(anforderungselemente=("1", "7"))) == "01"
    assert house.ask(AMT, **frage(anforderungselemente=("1", "13"))) == "R 17"
    (satz,) = sentences(house, anforderungselemente=("1", "13", "19"))
    assert satz == "Für Ihre Behörde nicht freigegeben sind die Anforderungselemente 13, 19."


def test_what_was_not_granted_is_not_confirmed_either(house: Betrieb, v: Verwaltung) -> None:
    """§ 39a (1) BMG: only as far as the datum might be told."""

    def bestaetige(**daten: Any) -> Any:
        return house.send(bestaetigungsfrage(house, AMT, daten=daten), AMT)

    wort = ".//{*}ergebnis/code"
    assert bestaetige(geburtsort="Hannover").findtext(wort) == "bestaetigt"
    may(v, elemente=["1330:1", "1330:15"])
    assert "zu bestätigenden Daten geburtsort." in bestaetige(geburtsort="Hannover").findtext(".//{*}freitext")
    may(v, elemente=["1330:1", "9910:geburtsort"])
    assert bestaetige(geburtsort="Hannover").findtext(wort) == "bestaetigt"
    (satz,) = (one.text for one in bestaetige(geburtsort="Hannover", doktorgrad="Dr.").iterfind(".//{*}freitext"))
    assert satz == "Für Ihre Behörde nicht freigegeben sind die zu bestätigenden Daten doktorgrad."


@pytest.mark.parametrize(("element", "code"), [("163", "07"), ("176", "08"), ("178", "09"), ("184", "10")])
def test_where_the_list_has_a_code_for_the_datum_it_is_that_one(
    house: Betrieb, v: Verwaltung, element: str, code: str
) -> None:
    may(v, POLIZEI, elemente=["1330:1"])
    asked = frage(anforderungselemente=("1", element, "13"))
    assert house.ask(POLIZEI, sicherheit=True, **asked) == f"R {code} 17"
    may(v, POLIZEI, elemente=["1330:1", "1330:13", f"1330:{element}"])
    assert house.ask(POLIZEI, sicherheit=True, **asked) == "01"


def test_a_role_is_never_widened(house: Betrieb, v: Verwaltung) -> None:
    may(v, elemente=["1330:1", "1330:163"])
    assert house.ask(AMT, **frage(anforderungselemente=("1", "163"))) == "R 07"


def test_auswahldaten_that_were_not_granted_are_refused_and_named(house: Betrieb, v: Verwaltung) -> None:
    may(v, auswahldaten=["familienname", "vornamen", "geschlecht"])
    assert house.ask(AMT, **frage()) == "01"
    assert sentences(house, postleitzahl="80331") == [
        "Für Ihre Behörde nicht freigegeben sind die Auswahldaten postleitzahl."
    ]
    assert house.ask_frei(AMT, familienname="Musterfrau", strasse="Weg") == "R 17"
    assert house.ask_frei(AMT, familienname="Musterfrau") == "04"


def test_auswahldaten_with_a_code_of_their_own_get_it(house: Betrieb, v: Verwaltung) -> None:
    may(v, POLIZEI, auswahldaten=["familienname"])
    felder = {"familienname": "Musterfrau", "waffenbesitzverbot": True, "geschlecht": "w"}
    assert house.ask_frei(POLIZEI, sicherheit=True, **felder) == "R 05 17"


def test_phonetic_search_and_freie_suche_can_be_withheld(house: Betrieb, v: Verwaltung) -> None:
    may(v, phonetik=False, freie_suche=False)
    assert sentences(house, phonetik=True) == ["Die phonetische Suche ist für Ihre Behörde nicht freigegeben."]
    assert house.ask(AMT, **frage()) == "01"
    assert house.ask_frei(AMT, familienname="Musterfrau") == "R 17"


def test_a_freie_suche_reaches_as_far_as_the_authoritys_largest_area(house: Betrieb, v: Verwaltung) -> None:
    may(v, suchbereich="kreis")
    asked = {"familienname": "Musterfrau", "leser": "ags:09000000"}
    for bereich, end in (("09000009", "04"), ("09000", "04"), ("090", "R 17"), ("09", "R 17")):
        assert house.ask_frei(AMT, suchbereich=Suchbereich(bereich), **asked) == end


def test_all_grounds_are_told_at_once(house: Betrieb, v: Verwaltung) -> None:
    may(v, elemente=["1330:1"], phonetik=False)
    assert house.ask(AMT, familienname="Muster*", phonetik=True, anforderungselemente=("1", "13")) == "R 15 17 17 17 18"


# -- who may ask now -------------------------------------------------------------------------------------------------


def test_a_blocked_user_is_refused_and_recorded_and_another_one_is_not(house: Betrieb, v: Verwaltung) -> None:
    benutzer.sperre(v, AMT, "m.muster")
    assert house.ask(AMT, **frage(benutzer="M.Muster ")) == "R 17"
    assert house.entries(1)[0].codes == ("17", "BENUTZER_GESPERRT")
    assert house.ask(AMT, **frage(benutzer="e.erlaubt")) == "01"


def test_where_only_registered_users_may_ask_another_one_is_refused(house: Betrieb, v: Verwaltung) -> None:
    benutzer.lege_an(v, AMT, "m.muster")
    benutzer.nur_benutzer(v, AMT, nur=True)
    assert house.ask(AMT, **frage(benutzer="m.muster")) == "01"
    assert house.ask(AMT, **frage(benutzer="e.fremd")) == "R 17"
    assert house.entries(1)[0].codes == ("17", "BENUTZER_UNBEKANNT")


def test_a_blocked_certificate_gets_a_fault_of_its_own_and_who_it_was_is_recorded(
    house: Betrieb, v: Verwaltung
) -> None:
    pem = instance.certificate_files(house.here.path, AMT)[1].read_bytes()
    zertifikate.sperre(v, fingerprint(x509.load_pem_x509_certificate(pem)), gesperrt=True)
    assert house.ask(AMT, **frage()) == "fault CERTIFICATE_BLOCKED"
    assert (house.entries(1)[0].behoerde, house.entries(1)[0].codes) == (AMT, ("CERTIFICATE_BLOCKED",))


def test_a_blocked_authority_is_named_in_the_record(house: Betrieb, v: Verwaltung) -> None:
    stamm.sperre(v, AMT, gesperrt=True)
    assert house.ask(AMT, **frage()) == "fault AUTHORITY_BLOCKED"
    assert house.entries(1)[0].behoerde == AMT


def test_outside_its_hours_an_authority_is_told_when_to_come_back(house: Betrieb, v: Verwaltung, uhr: Uhr) -> None:
    hour = house.gateway.now().hour
    von, bis = f"{(hour + 2) % 24:02}:00", f"{(hour + 4) % 24:02}:00"
    may(v, stunden=f"{von}-{bis}")
    (satz,) = sentences(house)
    assert (
        satz
        == f"Abrufe Ihrer Behörde sind von {von} bis {bis} Uhr zugelassen. Bitte fragen Sie ab {von} Uhr wieder an."
    )
    assert house.entries(1)[0].codes == ("17", "STUNDEN")


# -- quotas ----------------------------------------------------------------------------------------------------------


def test_a_days_quota_is_refused_with_when_to_come_back_and_recorded(house: Betrieb, v: Verwaltung) -> None:
    may(v, je_tag=3)
    assert [house.ask(AMT, **frage()) for _ in range(5)] == ["01", "01", "01", "R 17", "R 17"]
    assert house.entries(1)[0].codes == ("17", "KONTINGENT_TAG")
    morgen = house.gateway.now().date() + timedelta(days=1)
    assert sentences(house) == [
        "Das Kontingent Ihrer Behörde von 3 Anfragen je Tag ist erschöpft. "
        f"Bitte fragen Sie ab dem {morgen:%d.%m.%Y}, 00:00 Uhr, wieder an."
    ]


def test_the_next_day_begins_anew(house: Betrieb, v: Verwaltung, uhr: Uhr) -> None:
    may(v, je_tag=1)
    assert [house.ask(AMT, **frage()) for _ in range(2)] == ["01", "R 17"]
    uhr.vor = timedelta(days=1)
    nachricht = house.frage(AMT, **frage())
    reply = house.exchange(client_of(house.here, AMT).request(nachricht, uhr()))
    assert outcome(house.open(reply, AMT, uhr())) == "01"


def test_a_quota_of_treffer_counts_persons_told_of(house: Betrieb, v: Verwaltung) -> None:
    may(v, treffer_je_tag=3)
    zwei = frage(familienname="Zweimal")
    assert house.ask(AMT, **frage(familienname="Niemand")) == "03"
    assert [house.ask(AMT, **zwei) for _ in range(3)] == ["02", "02", "R 17"]
    assert house.entries(1)[0].codes == ("17", "KONTINGENT_TREFFER")


def test_requests_that_are_refused_for_who_asks_use_nothing_up(house: Betrieb, v: Verwaltung) -> None:
    may(v, je_tag=1)
    benutzer.sperre(v, AMT, "m.muster")
    for _ in range(3):
        assert house.ask(AMT, **frage(benutzer="m.muster")) == "R 17"
    assert house.ask(AMT, **frage()) == "01"


def test_more_requests_per_second_than_granted_get_a_fault_before_anything_is_read(
    house: Betrieb, v: Verwaltung, uhr: Uhr
) -> None:
    may(v, je_sekunde=2)
    assert [house.ask(AMT, **frage()) for _ in range(3)] == ["01", "01", "fault TOO_MANY_REQUESTS"]
    entry = house.entries(1)[0]
    assert (entry.behoerde, entry.codes, entry.nachricht_uuid) == (AMT, ("TOO_MANY_REQUESTS",), None)
    uhr.vor = timedelta(seconds=0.5)
    assert [house.ask(AMT, **frage()) for _ in range(2)] == ["01", "fault TOO_MANY_REQUESTS"]


def test_when_the_quotas_cannot_be_counted_nothing_is_told(
    house: Betrieb, v: Verwaltung, monkeypatch: pytest.MonkeyPatch
) -> None:
    may(v, treffer_je_tag=100)
    assert house.ask(AMT, **frage()) == "01"
    with house.here.behoerden().begin() as connection:
        connection.exec_driver_sql("ALTER TABLE behoerde_verbrauch RENAME TO weg")
    try:
        assert house.ask(AMT, **frage()) == "R 16"
        assert house.entries(1)[0].codes == ("16",)
    finally:
        with house.here.behoerden().begin() as connection:
            connection.exec_driver_sql("ALTER TABLE weg RENAME TO behoerde_verbrauch")


def test_an_authority_without_limits_asks_no_counter(house: Betrieb, monkeypatch: pytest.MonkeyPatch) -> None:
    assert SqlBehoerden(house.here.behoerden()).all()[0].zugang.rechte == Rechte()

    def never(*_: object) -> None:
        raise AssertionError("counted")

    monkeypatch.setattr(SqlKontingente, "_addiere", never)
    monkeypatch.setattr(Takt, "nimm", never)
    assert house.ask(AMT, **frage()) == "01"
