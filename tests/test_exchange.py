"""One exchange: its lettered deviations, its grounds of Rueckweisung, and what it leaves in the Protokoll.

The envelope's own deviations (step 1) have their tests in tests/envelope.
"""

import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lxml import etree

from gateway.abruf.personensuche import PERSONENSUCHE
from gateway.envelope.client import SoapFault
from gateway.envelope.opened import Opened
from gateway.errors import Fault, StoreError
from gateway.exchange import _behoerde_of
from gateway.meldewesen.anfrage import Ort
from gateway.meldewesen.behoerde import Behoerde, Rolle
from gateway.meldewesen.rechte import Zugang
from gateway.meldewesen.werte import Gemeindeschluessel, Teildatum
from gateway.ports import Protokolleintrag, UuidReused
from gateway.sending import client_of
from gateway.vorgang import Spur
from tests.betrieb import AMT, GEMEINDE, POLIZEI, ZENTRALE, Betrieb, betrieb, outcome, register_authority
from tests.spiegel.personen import datensatz, sperre, wohnung

FIU, AUFTRAG, AUSLAENDER = "dbs:490090060000", "dbs:090030990000", "dbs:090010980000"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Betrieb]:
    one = betrieb(tmp_path_factory.mktemp("exchange") / "instance")
    for behoerde in (
        Behoerde(FIU, "Zentralstelle", Rolle.FIU),
        Behoerde(AUFTRAG, "Landespolizei", Rolle.SICHERHEIT, protokoll_beauftragt=True),
        Behoerde(AUSLAENDER, "Ausländerbehörde", Rolle.EINFACH, azr_berechtigt=True),
    ):
        register_authority(one, behoerde)
    zwei = [datensatz(f"Z{number}", GEMEINDE, familienname="Zweimal") for number in (1, 2)]
    einer_gesperrt = [
        datensatz("S1", GEMEINDE, familienname="Halb"),
        datensatz("S2", GEMEINDE, familienname="Halb", **sperre("3")),
    ]
    one.lade(
        [
            datensatz("1", GEMEINDE, azr_nummer="123456789012"),
            *zwei,
            *einer_gesperrt,
            datensatz("G1", GEMEINDE, familienname="Gesperrt", **sperre("11")),
            datensatz("A1", GEMEINDE, familienname="Ausland", geburtsort="Gdańsk", geburtsstaat="152"),
            *(datensatz(f"V{number}", GEMEINDE, familienname="Viel") for number in range(1001)),
            *(datensatz(f"T{number}", GEMEINDE, familienname="Tausend") for number in range(1000)),
        ]
    )
    yield one
    one.close()


# -- 7 answer -----------------------------------------------------------------------------------------------------


def test_one_person_is_answered_with_status_01(house: Betrieb) -> None:
    answer = house.send(house.frage(geschlecht="w"))
    assert outcome(answer) == "01"
    assert answer.findtext(".//{*}nachname/name") == "Musterfrau"


def test_several_persons_are_answered_with_a_list_of_identifikationsmerkmale(house: Betrieb) -> None:
    answer = house.send(house.frage(familienname="Zweimal", geschlecht="w"))
    merkmale = [element.text for element in answer.iterfind(".//{*}identifikationsmerkmal")]
    assert outcome(answer) == "02"
    assert len(set(merkmale)) == 2
    assert all(len(merkmal) <= 500 for merkmal in merkmale)


def test_a_follow_up_by_identifikationsmerkmal_finds_that_person(house: Betrieb) -> None:
    liste = house.send(house.frage(familienname="Zweimal", geschlecht="w"))
    merkmal = liste.findtext(".//{*}identifikationsmerkmal")
    answer = house.send(house.frage(identifikationsmerkmal=merkmal))
    assert outcome(answer) == "01"
    assert answer.findtext(".//{*}nachname/name") == "Zweimal"


def test_an_identifikationsmerkmal_of_another_authority_is_refused_like_an_unknown_one(house: Betrieb) -> None:
    liste = house.send(house.frage(familienname="Zweimal", geschlecht="w"))
    merkmal = liste.findtext(".//{*}identifikationsmerkmal")
    assert house.ask(POLIZEI, identifikationsmerkmal=merkmal) == "R 01"
    assert house.ask(identifikationsmerkmal="unbekannt") == "R 01"


def test_an_identifikationsmerkmal_older_than_48_hours_is_refused(house: Betrieb) -> None:
    liste = house.send(house.frage(familienname="Zweimal", geschlecht="w"))
    merkmal = liste.findtext(".//{*}identifikationsmerkmal")
    late = replace(house, gateway=replace(house.gateway, clock=lambda: datetime.now(UTC) + timedelta(hours=49)))
    request = client_of(house.here, AMT).request(
        house.frage(identifikationsmerkmal=merkmal), datetime.now(UTC) + timedelta(hours=49)
    )
    assert outcome(late.open(late.exchange(request), AMT, at=datetime.now(UTC) + timedelta(hours=49))) == "R 01"


def test_a_person_blocked_between_list_and_follow_up_gets_the_neutral_answer(house: Betrieb) -> None:
    personen = [datensatz(f"B{number}", GEMEINDE, familienname="Bald") for number in (1, 2)]
    house.lade(personen)
    liste = house.send(house.frage(familienname="Bald", geschlecht="w"))
    merkmale = [element.text for element in liste.iterfind(".//{*}identifikationsmerkmal")]
    house.lade([{**person, **sperre("3")} for person in personen])
    assert [house.ask(identifikationsmerkmal=merkmal) for merkmal in merkmale] == ["03", "03"]


def test_blocked_and_absent_get_the_same_answer_but_for_uuids_and_times(house: Betrieb) -> None:
    def neutral(familienname: str) -> str:
        answer = house.send(house.frage(familienname=familienname, geschlecht="w"))
        text = etree.tostring(answer, encoding="unicode")
        return re.sub(r"[0-9a-f-]{36}|20\d\d-\d\d-\d\dT[0-9:.+]+", "…", text)

    assert neutral("Gesperrt") == neutral("Niemand")
    blocked, absent = house.entries(2)
    assert replace(blocked, **VARIABLE) == replace(absent, **VARIABLE)


VARIABLE: dict[str, Any] = {
    "stelle": None, "gespeichert": None, "empfangen": None, "beantwortet": None, "nachricht_uuid": None
}  # fmt: skip


def test_where_one_of_two_matches_is_blocked_the_other_is_the_only_one(house: Betrieb) -> None:
    assert house.ask(familienname="Halb", geschlecht="w") == "01"


def test_a_thousand_persons_are_a_list_and_one_more_is_refused_with_12(house: Betrieb) -> None:
    assert house.ask(familienname="Tausend", geschlecht="w") == "02"
    assert house.ask(familienname="Viel", geschlecht="w") == "R 12"


def test_a_birth_place_abroad_needs_its_state(house: Betrieb) -> None:
    assert house.ask(familienname="Ausland", geburtsort=Ort("Gdańsk", "152")) == "01"
    assert house.ask(familienname="Ausland", geburtsort=Ort("Gdańsk")) == "03"


# -- 5 authorise: every ground that a Personensuche can give ---------------------------------------------------------

GRUENDE: list[tuple[str, str, dict[str, Any]]] = [
    ("R 01", AMT, {"identifikationsmerkmal": "1234567890"}),
    ("R 02", AMT, {"strasse": "Gibtesnichtgasse"}),
    ("R 03", AMT, {"geschlecht": "w", "sicherheit": True}),
    ("R 07", AMT, {"geschlecht": "w", "anforderungselemente": ("1", "163")}),
    ("R 07", AMT, {"geschlecht": "w", "anforderungselemente": ("1", "171")}),
    ("R 08", AMT, {"geschlecht": "w", "anforderungselemente": ("1", "176")}),
    ("R 09", AMT, {"geschlecht": "w", "anforderungselemente": ("1", "178")}),
    ("R 10", AMT, {"geschlecht": "w", "anforderungselemente": ("1", "184")}),
    ("R 07 08 09 10", AMT, {"geschlecht": "w", "anforderungselemente": ("1", "163", "177", "183", "185")}),
    ("R 14", AMT, {"geschlecht": "w", "leser": "ags:09162000"}),
    ("R 14", AMT, {"strasse": "Gibtesnichtgasse", "leser": "ags:09162000"}),
    ("R 15 17", AMT, {"geschlecht": "w", "familienname": "Muster*", "phonetik": True}),
    ("R 17", AMT, {"geschlecht": "w", "vornamen": "Eri?a"}),
    ("R 17", AMT, {"geschlecht": "w", "aktenzeichen": "7" * 121}),
    ("R 17", AMT, {"geschlecht": "w", "anlass": "x" * 121}),
    ("R 18", AMT, {}),
    ("R 18", AMT, {"geschlecht": "w", "familienname": "123"}),
    ("R 17 18", AMT, {"geschlecht": "w", "familienname": "???"}),
    ("R 18", AMT, {"postleitzahl": "30159"}),
    ("R 24", AMT, {"geschlecht": "w", "azr_nummer": "123456789012"}),
    ("R 03 07 14 18 24", AMT, {"sicherheit": True, "leser": "ags:09162000", "azr_nummer": "123456789012",
                               "anforderungselemente": ("163",)}),
    # nobody is refused what he may have
    ("01", AUSLAENDER, {"geschlecht": "w", "azr_nummer": "123456789012"}),
    ("01", POLIZEI, {"geschlecht": "w", "sicherheit": True, "anforderungselemente": ("1", "163", "177", "183", "185")}),
    ("R 07", POLIZEI, {"geschlecht": "w", "anforderungselemente": ("1", "163")}),
    ("01", FIU, {"geschlecht": "w", "sicherheit": True, "anforderungselemente": ("1", "163", "177", "185")}),
    ("R 09", FIU, {"geschlecht": "w", "sicherheit": True, "anforderungselemente": ("1", "178")}),
    ("01", ZENTRALE, {"geschlecht": "w"}),
    ("01", AMT, {"geschlecht": "w", "aktenzeichen": "7" * 120, "anlass": "x" * 120, "benutzer": "u" * 120}),
    ("01", AMT, {"geburtsdatum": Teildatum("1964-08-12")}),
    ("01", AMT, {"strasse": "Prüfweg"}),
    ("01", AMT, {"strasse": "Prüfweg", "hausnummer": "1", "postleitzahl": "30159"}),
    ("01", AMT, {"familienname": "Musterfrau", "geschlecht": "w", "phonetik": True}),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "wer", "felder"), GRUENDE)
def test_each_ground_of_rueckweisung_is_given_exactly_when_it_applies(
    house: Betrieb, expected: str, wer: str, felder: dict[str, Any]
) -> None:
    assert outcome(house.send(house.frage(wer, **felder), wer)) == expected


def test_freitext_goes_with_16_and_17_only(house: Betrieb) -> None:
    answer = house.send(house.frage(familienname="Muster*", phonetik=True, geschlecht="w"))
    texts = {
        e.findtext("{*}grundDerRueckweisung/code"): e.findtext("{*}freitext")
        for e in answer.iterfind(".//{*}rueckweisung")
    }
    assert texts["15"] is None
    assert "Platzhalter" in (texts["17"] or "")


ERWEITERUNG = b"</xmeld:steuerungsinformationen><xmeld:landesspezifischeErweiterungen/>"


def test_landesspezifische_erweiterungen_across_the_border_are_refused_with_23_and_at_home_with_17(
    house: Betrieb,
) -> None:
    for wer, expected in ((POLIZEI, "R 23"), (AMT, "R 17")):
        nachricht = house.frage(wer, geschlecht="w").replace(b"</xmeld:steuerungsinformationen>", ERWEITERUNG)
        assert outcome(house.send(nachricht, wer)) == expected


# -- 2 choose, 3 validate, 5 authorise, 6 route: what goes back as 0910 or fault ---------------------------------------

DAMAGES: list[tuple[str, bytes, bytes]] = [
    ("0910 X001", b"xmeld:aktenzeichen>", b"xmeld:az>"),
    ("0910 X001", b"<code>1</code>", b"<code>186</code>"),
    ("0910 V000", b"http://www.osci.de/xmeld2511a", b"http://www.osci.de/xmeld2605"),
    ("fault NOT_XMELD", b"http://www.osci.de/xmeld2511a", b"urn:example:other"),
    ("0910 V000", b"datenabruf.personensuche.suchanfrage.1330", b"datenabrufe.aussteuerung.suchanfrage.1322"),
    ("0910 V000", b"datenabruf.personensuche.suchanfrage.1330", b"datenabrufe.aussteuerung.suchanfrage.1322"),
    ("0910 S999", b"<code>1330</code>", b"<code>1332</code>"),
    ("0910 S030", b"AZ 1/2026", b" "),
    ("0910 S030", b"stelle@example.org", b" "),
    ("0910 S030", b"Amtsweg", b" "),
    ("0910 X011", b"<code>w</code>", b"<code></code>"),
    ("0910 X011", b"<code>w</code>", b"<code>*</code>"),
    ("0910 T070", b"<kennung>dbs:090010990000</kennung>", b"<kennung>dbs:090010980000</kennung>"),
    ("0910 T080", b"<kennung>ags:09000009</kennung>", b"<kennung>ags:03241001</kennung>"),
    ("0910 T080", b"<kennung>ags:09000009</kennung>", b"<kennung>dbs:090010990000</kennung>"),
    ("fault NOT_IDENTIFIABLE", b"nachrichtenUUID>", b"nachrichtenID>"),
    ("fault NOT_WELLFORMED", b"</xmeld:steuerungsinformationen>", b""),
    ("fault FORBIDDEN_XML", b"<xmeld:datenabruf", b"<!DOCTYPE x []><xmeld:datenabruf"),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "old", "new"), DAMAGES)
def test_what_cannot_be_processed_goes_back_in_the_standards_own_kind(
    house: Betrieb, expected: str, old: bytes, new: bytes
) -> None:
    nachricht = house.frage(geschlecht="w", leser=f"ags:{GEMEINDE}")
    assert old in nachricht
    assert outcome(house.send(nachricht.replace(old, new))) == expected


def test_a_message_outside_the_standard_that_nothing_answers_is_a_fault(house: Betrieb) -> None:
    nachricht = house.frage(geschlecht="w")
    nachricht = nachricht.replace(b"http://www.osci.de/xmeld2511a", b"urn:xmeld-gateway:datenbestaetigung:1")
    nachricht = nachricht.replace(b"datenabruf.personensuche.suchanfrage.1330", b"datenbestaetigung.anfrage.9910")
    assert outcome(house.send(nachricht)) == "fault MESSAGE_NOT_ACCEPTED"


def test_a_0910_names_place_and_rule_and_repeats_the_identification(house: Betrieb) -> None:
    own = str(uuid.uuid4())
    nachricht = house.frage(geschlecht="w", uuid=own).replace(b"xmeld:aktenzeichen>", b"xmeld:az>")
    answer = house.send(nachricht)
    hinweis = answer.findtext(".//{*}ergaenzende.hinweise") or ""
    assert answer.findtext("{*}ursprungsnachricht/nachrichtenUUID") == own
    assert answer.findtext("{*}nachrichtenkopf.g2g/leser/kennung") == AMT
    assert "datenAbrufendeStelle" in hinweis
    assert "AZ 1/2026" not in hinweis


# -- 1 open: who is let in ---------------------------------------------------------------------------------------


def test_an_unknown_and_a_blocked_authority_get_distinct_faults(house: Betrieb) -> None:
    gesperrt = Behoerde("dbs:090010970000", "Gesperrtes Amt", Rolle.EINFACH, gesperrt=True)
    register_authority(house, gesperrt)
    assert house.ask(gesperrt.kennung, geschlecht="w") == "fault AUTHORITY_BLOCKED"
    fremd = Behoerde("dbs:090010960000", "Fremdes Amt", Rolle.EINFACH)
    register_authority(house, fremd, known=False)
    assert house.ask(fremd.kennung, geschlecht="w") == "fault AUTHORITY_UNKNOWN"


# -- 9 record ----------------------------------------------------------------------------------------------------


def test_a_change_of_an_authority_between_two_looks_at_it_makes_it_no_other_one(house: Betrieb) -> None:
    amt = Behoerde(AMT, "Amt", Rolle.EINFACH)
    changed = replace(amt, zugang=Zugang(gesperrte_benutzer=frozenset({"m.muster"})))
    known = {"signs": amt, "reads": changed, "another's": replace(amt, kennung=FIU)}

    class Register:
        def of_certificate(self, fingerprint: str) -> Behoerde | None:
            return known.get(fingerprint)

    gateway = replace(house.gateway, behoerden=Register())  # type: ignore[arg-type]
    spur = Spur(datetime.now(UTC), b"")
    assert _behoerde_of(Opened(b"", "signs", "reads"), gateway, spur) == amt
    for reads in ("another's", "nobody's"):
        with pytest.raises(Fault, match="REPLY_CIPHER_FOREIGN"):
            _behoerde_of(Opened(b"", "signs", reads), gateway, spur)


def test_a_simple_authoritys_exchange_is_recorded_with_the_content_of_section_40(house: Betrieb) -> None:
    house.ask(geschlecht="w", anforderungselemente=("1", "13"))
    zeile = house.entries(1)[0]
    inhalt = house.inhalt(zeile)
    assert (zeile.behoerde, zeile.ergebnis, zeile.codes, zeile.treffer) == (AMT, "auskunft", ("01",), 1)
    assert inhalt is not None
    assert inhalt["aktenzeichen"] == "AZ 1/2026"
    assert inhalt["anforderungselemente"] == ["1", "13"]
    assert inhalt["treffer"] == [
        {"ags": GEMEINDE, "ordnungsmerkmal": "1", "daten": {"familienname": "Musterfrau", "geburtsdatum": "1964-08-12"}}
    ]


@pytest.mark.parametrize(
    ("wer", "sicherheit", "full"),
    [
        (AMT, False, True),
        (POLIZEI, True, False),
        (POLIZEI, False, True),  # asks as a simple authority, is recorded as one
        (ZENTRALE, True, False),
        (AUFTRAG, True, True),
        (FIU, True, True),  # not a body of § 34 (4) S. 1 BMG
        (AMT, True, True),  # claims to be one, is none
    ],
)
def test_only_a_sicherheitsbehoerde_that_protocols_itself_is_recorded_technically(
    house: Betrieb, wer: str, sicherheit: bool, full: bool
) -> None:
    house.ask(wer, geschlecht="w", sicherheit=sicherheit)
    zeile = house.entries(1)[0]
    assert zeile.behoerde == wer
    assert (house.inhalt(zeile) is not None) is full


def test_refused_exchanges_are_recorded_with_their_reason(house: Betrieb) -> None:
    house.ask()
    assert (house.entries(1)[0].ergebnis, house.entries(1)[0].codes) == ("rueckweisung", ("18",))
    house.send(b"<bestellung/>")
    assert (house.entries(1)[0].ergebnis, house.entries(1)[0].codes) == ("fault", ("NOT_XMELD",))
    house.exchange(b"nonsense")
    assert house.entries(1)[0].behoerde is None


def test_the_same_uuid_with_the_same_content_is_answered_afresh_and_recorded_as_a_repetition(house: Betrieb) -> None:
    nachricht = house.frage(geschlecht="w")
    assert [outcome(house.send(nachricht)) for _ in range(2)] == ["01", "01"]
    assert [zeile.wiederholung for zeile in house.entries(2)] == [True, False]


def test_the_same_uuid_with_other_content_is_refused_and_recorded(house: Betrieb) -> None:
    own = str(uuid.uuid4())
    assert house.ask(geschlecht="w", uuid=own) == "01"
    assert house.ask(geschlecht="m", uuid=own) == "fault UUID_REUSED"
    assert house.entries(1)[0].codes == ("UUID_REUSED",)
    assert house.ask(POLIZEI, geschlecht="w", uuid=own) == "01", "another authority's UUIDs are its own"


class BrokenProtokoll:
    """A store that cannot be written: `errors` in turn, the last one for ever."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def record(self, eintrag: Protokolleintrag) -> None:
        raise self.errors.pop(0) if len(self.errors) > 1 else self.errors[0]

    def check(self) -> None:
        raise self.errors[0]

    def close(self) -> None:
        pass


@pytest.mark.parametrize("errors", [[StoreError("disk full")], [UuidReused(), StoreError("gone")]])
def test_without_a_durable_record_nothing_leaves_but_a_fault(house: Betrieb, errors: list[Exception]) -> None:
    other = replace(house, gateway=replace(house.gateway, protokoll=BrokenProtokoll(*errors)))
    answer = other.send(other.frage(geschlecht="w"))
    assert isinstance(answer, SoapFault)
    assert answer.code == "NOT_RECORDED"
    assert "Musterfrau" not in str(answer)


class BrokenSpiegel:
    """A mirror that fails as told."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        def fail(*_: object) -> None:
            raise self.error

        return fail


@pytest.mark.parametrize(
    ("error", "words"), [(StoreError("gone"), "nicht erreichbar"), (KeyError("Musterfrau"), "Interner Fehler")]
)
def test_a_failing_mirror_is_answered_with_16_and_recorded(
    house: Betrieb, error: Exception, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    other = replace(house, gateway=replace(house.gateway, spiegel=BrokenSpiegel(error)))
    answer = other.send(other.frage(geschlecht="w"))
    assert outcome(answer) == "R 16"
    assert words in (answer.findtext(".//{*}freitext") or "")
    assert house.entries(1)[0].codes == ("16",)
    assert "Musterfrau" not in caplog.text
    assert "exchange=" in caplog.text


def test_an_answer_of_ours_that_is_invalid_never_leaves(house: Betrieb, monkeypatch: pytest.MonkeyPatch) -> None:
    fassung = house.gateway.fassungen[house.gateway.packs.newest.name]
    not_of_din_91379 = {"familienname": "\u0e01"}
    monkeypatch.setattr(fassung.mapping.abrufe["1330"], "person", lambda *_: not_of_din_91379)
    assert house.ask(geschlecht="w") == "R 16"


def test_a_bug_of_ours_is_a_recorded_fault_that_names_the_message(
    house: Betrieb, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("Musterfrau")

    monkeypatch.setattr("gateway.exchange.DIENSTE", {"1330": replace(PERSONENSUCHE, read=fail)})
    assert house.ask(geschlecht="w") == "fault INTERNAL"
    assert house.entries(1)[0].nachricht_uuid is not None
    assert "KeyError" in caplog.text
    assert "Musterfrau" not in caplog.text


def test_a_broken_register_of_authorities_is_a_fault_that_is_recorded(house: Betrieb) -> None:
    other = replace(house, gateway=replace(house.gateway, behoerden=BrokenSpiegel(StoreError("gone"))))
    assert other.ask(geschlecht="w") == "fault STORE_UNAVAILABLE"
    assert house.entries(1)[0].codes == ("STORE_UNAVAILABLE",)


def test_only_the_municipalities_that_the_instance_names_are_served(house: Betrieb) -> None:
    other = replace(house, gateway=replace(house.gateway, gemeinden=frozenset({"09162000"})))
    assert other.ask(geschlecht="w") == "0910 T080"
    assert other.ask(gemeindeschluessel=Gemeindeschluessel("09162000"), leser="ags:09162000", geschlecht="w") == "03"


def test_a_person_of_another_municipality_is_not_found_here(house: Betrieb) -> None:
    house.lade([datensatz("W1", "09162000", familienname="Woanders", wohnungen=[wohnung("09162000")])])
    assert house.ask(familienname="Woanders", geschlecht="w") == "03"


# -- § 13 (2) BMG and zentrale Stellen -------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [{"verringerter_datenumfang": True}, {}])  # by the municipality's word or the dates
@pytest.mark.parametrize(
    ("wer", "sicherheit", "told"), [(AMT, False, False), (FIU, True, False), (POLIZEI, True, True)]
)
def test_of_a_record_kept_under_section_13_only_a_sicherheitsbehoerde_gets_more_than_the_law_excepts(
    house: Betrieb, wer: str, sicherheit: bool, told: bool, kept: dict[str, bool]
) -> None:
    record = {"familienname": "Kept", "doktorgrad": "Dr.", "sterbedatum": "2010-01-02", **kept}
    house.lade([datensatz("K1", GEMEINDE, **record)])
    answer = house.send(
        house.frage(
            wer,
            sicherheit=sicherheit,
            familienname="Kept",
            geschlecht="w",
            anforderungselemente=("1", "10", "19", "172"),
        ),
        wer,
    )
    assert outcome(answer) == "01"
    assert (answer.find(".//{*}doktorgrad") is not None) is told
    assert (answer.find(".//{*}geschlecht") is not None) is told
    assert answer.findtext(".//{*}sterbetag") == "2010-01-02"
    assert answer.findtext(".//{*}verringerterDatenumfang") == "true"


def test_an_identifikationsmerkmal_that_a_zentrale_stelle_passes_on_holds_for_the_authority_it_named(
    house: Betrieb,
) -> None:
    liste = house.send(house.frage(ZENTRALE, familienname="Zweimal", geschlecht="w", name="Amt A"), ZENTRALE)
    merkmal = liste.findtext(".//{*}identifikationsmerkmal")
    assert house.ask(ZENTRALE, identifikationsmerkmal=merkmal, name="Amt B") == "R 01"
    assert house.ask(ZENTRALE, identifikationsmerkmal=merkmal, name="Amt A") == "01"


def test_an_identifikationsmerkmal_holds_in_every_municipality_of_the_mirror(house: Betrieb) -> None:
    liste = house.send(house.frage(familienname="Zweimal", geschlecht="w"))
    merkmal = liste.findtext(".//{*}identifikationsmerkmal")
    assert house.ask(identifikationsmerkmal=merkmal, leser="ags:09162000") == "01"


def test_more_first_names_than_anybody_has_are_answered_neutrally(house: Betrieb) -> None:
    assert (
        house.ask(vornamen=" ".join(f"N{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(61)), geschlecht="w")
        == "03"
    )


def test_a_request_is_recorded_even_where_no_fault_can_be_made(house: Betrieb, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bytes:
        raise RuntimeError("Musterfrau")

    before = len(house.entries(10_000))
    monkeypatch.setattr(house.umschlag, "fault", broken)
    reply = house.exchange(b"<a/>")
    assert (reply.body, reply.is_fault) == (house.umschlag.notfall, True)
    assert len(house.entries(10_000)) == before + 1
    assert house.entries(1)[0].ergebnis == "fault"
